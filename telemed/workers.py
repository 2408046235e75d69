"""Several server processes on one machine behind one door: `telemed serve --workers N`.

The parent opens the listening socket, hands it to every worker and serves nothing itself. It starts
a worker that ended again, each time later, and passes a stop on. All accept from one queue, so a
connection that waits is not lost with the worker that would have taken it, as it would be with a
queue for each (SO_REUSEPORT). A worker also holds the end of a pipe, the leash: should the parent
be killed, the pipe breaks and the worker drains. What a worker serves is not known here.
"""

import asyncio
import logging
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

from prometheus_client.multiprocess import mark_process_dead

log = logging.getLogger(__name__)

BACKLOG: Final = 512
FIRST_WAIT: Final = 0.5
MOST_WAIT: Final = 30.0
STEADY: Final = 60.0
"""Seconds after which a worker that ends has not failed to start."""
Command = Callable[[int, int], Sequence[str]]
"""The words that start a worker on these two file numbers: the door and the leash."""


def open_door(host: str, port: int) -> socket.socket:
    """The listening socket that all workers share. Raises OSError."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


@dataclass
class Workers:
    """So many processes of one command, kept alive until told to stop."""

    command: Command
    count: int
    door: socket.socket
    patience: float
    """Seconds a worker may take to drain before it is killed."""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _running: set[Process] = field(default_factory=set)
    _unclean: int = 0
    _numbers: str = ""
    """A folder where the workers keep what they measure, so that any of them answers for all."""

    async def run(self) -> int:
        """Until SIGTERM or SIGINT; the exit status: 0 when every worker drained well."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        leash, held = os.pipe()
        self._numbers = mkdtemp(prefix="telemed-metrics-")
        try:
            await asyncio.gather(*(self._keep(n, leash) for n in range(1, self.count + 1)))
        finally:
            os.close(held)
            os.close(leash)
            rmtree(self._numbers)
        return 1 if self._unclean else 0

    def stop(self) -> None:
        """Tell every worker to drain; told again, they end at once."""
        self._stop.set()
        for process in self._running:
            _tell(process, signal.SIGTERM)

    async def _keep(self, number: int, leash: int) -> None:
        wait = FIRST_WAIT
        while not self._stop.is_set():
            began = asyncio.get_running_loop().time()
            status = await self._live(leash)
            if self._stop.is_set():
                # By the signal itself ends only who did not serve yet.
                self._unclean += status not in (0, -signal.SIGTERM)
                return
            if asyncio.get_running_loop().time() - began > STEADY:
                wait = FIRST_WAIT
            log.error("worker %d ended with status %d, again in %.1f s", number, status, wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), wait)
            wait = min(wait * 2, MOST_WAIT)

    async def _live(self, leash: int) -> int:
        """One worker's life; its exit status."""
        door = self.door.fileno()
        numbers = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": self._numbers}
        # A session of its own: Ctrl+C in a terminal is for the parent, which passes it on once.
        process = await asyncio.create_subprocess_exec(
            *self.command(door, leash),
            pass_fds=(door, leash),
            start_new_session=True,
            env=numbers,
        )
        self._running.add(process)
        if self._stop.is_set():  # told while it was being started
            _tell(process, signal.SIGTERM)
        try:
            return await self._ended(process)
        finally:
            self._running.discard(process)
            mark_process_dead(process.pid, self._numbers)  # type: ignore[no-untyped-call]

    async def _ended(self, process: Process) -> int:
        ended = asyncio.ensure_future(process.wait())
        told = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((ended, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        try:
            return await asyncio.wait_for(ended, self.patience)
        except TimeoutError:
            log.error("a worker did not drain within %.0f s and is killed", self.patience)
            _tell(process, signal.SIGKILL)
            return await process.wait()


def _tell(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)
