"""A line between two programs that can fall silent: what is sent vanishes, nobody hangs up.

That is how a pulled cable, a dead machine or a firewall that forgot looks. Runs in a thread of its
own. Knows bytes only.
"""

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from tests.services import free_port


@dataclass
class Wire:
    """Listens, and carries each connection to `target` on this machine."""

    target: int
    port: int = field(default_factory=free_port)
    silent: bool = False
    """What comes on new connections vanishes too."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _lines: list["Line"] = field(default_factory=list)

    def start(self) -> None:
        """Begin to listen."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)

    def stop(self) -> None:
        """Cut everything and end."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def silence(self) -> None:
        """From now on what is sent vanishes, on the connections that are open for ever."""
        self.silent = True
        for line in self._lines:
            line.dead = True

    def mend(self) -> None:
        """New connections work again; those that fell silent stay so."""
        self.silent = False

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        line = Line(self.silent)
        self._lines.append(line)
        writers = [answer]
        try:
            if line.dead:
                await asyncio.Event().wait()
            far, onward = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(onward)
            both = [
                asyncio.create_task(self.pump(line, near, onward)),
                asyncio.create_task(self.pump(line, far, answer)),
            ]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in both:
                    one.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        except OSError:
            pass  # nobody listens there: the caller sees the line end
        finally:
            self._lines.remove(line)
            for writer in writers:
                with suppress(OSError):
                    writer.transport.abort()

    async def pump(
        self, line: "Line", source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        """Carry one way until somebody hangs up."""
        while data := await source.read(1 << 16):
            if not line.dead:
                sink.write(data)
                await sink.drain()
        if line.dead:
            await asyncio.Event().wait()  # not even that somebody hung up comes through


@dataclass(eq=False)
class Line:
    """One connection; nothing comes through a dead one."""

    dead: bool
