"""Somebody's page that listens: it comes back wherever it can and says what it saw last.

The browser's rule (`web/src/live/socket.ts`) in Python, with two differences: it comes back at
once, and it keeps everything that it was told, so that a repetition shows.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.faults.network import GONE, NODES, Network, identity

PATIENCE: Final = 30.0
OFF: Final = (*GONE, WebSocketException, InvalidHandshake, EOFError)
"""How a socket ends, or does not begin."""


@asynccontextmanager
async def socket(
    network: Network, who: str, node: str, base: str = "", patience: float = PATIENCE
) -> AsyncIterator[ClientConnection]:
    """A live socket at one server; `base` is the way there when it is not the straight one."""
    ours = identity(who, network.at(node))
    uri = (base or network.at(node)).replace("http", "ws", 1) + "/live"
    async with connect(
        uri, origin=ours["Origin"], additional_headers={"Cookie": ours["Cookie"]},  # type: ignore[arg-type]
        compression=None, open_timeout=patience, close_timeout=1, ping_interval=None,
    ) as one:  # fmt: skip
        try:
            yield one
        except asyncio.CancelledError:
            # Whoever is told to stop while it says goodbye to a server that hangs leaves it open.
            one.transport.abort()
            raise


async def hello(one: ClientConnection, since: int | None = None) -> Any:
    """Say hello; the welcome."""
    await one.send(orjson.dumps({"type": "hello", "since": since, "presence": True}).decode())
    return await receive(one)


async def receive(one: ClientConnection) -> Any:
    """The next message."""
    return orjson.loads(await asyncio.wait_for(one.recv(), PATIENCE))


def back_off(failures: int, chance: random.Random) -> float:
    """The browser's wait, in seconds (`backOff` in web/src/live/socket.ts)."""
    return min(0.5 * 2**failures, 20.0) * (0.5 + chance.random() / 2)


@dataclass
class Ear:
    """One person, heard over many sockets in a row."""

    network: Network
    who: str
    chance: random.Random
    nodes: Sequence[str] = NODES
    patient: bool = False
    """Whether it waits before it comes back, as a browser does; else it is back at once."""
    began: int = 0
    """What it had seen before it listened."""
    heard: list[int] = field(default_factory=list)
    """The numbers of the facts it was told, as they came."""
    at: str = ""
    sockets: int = 0
    """How many it has had."""
    fault: BaseException | None = None
    _task: asyncio.Task[None] | None = None
    _line: ClientConnection | None = None

    @property
    def seen(self) -> int:
        """The last fact it was told."""
        return self.heard[-1] if self.heard else self.began

    @property
    def listens(self) -> bool:
        return self._task is not None and not self._task.done()

    async def start(self) -> None:
        """Begin where the log is now; returns when it listens."""
        node = self.chance.choice(self.nodes)
        async with socket(self.network, self.who, node) as one:
            self.began = (await hello(one))["seq"]
        self._task = asyncio.create_task(self._for_ever())
        async with asyncio.timeout(PATIENCE):
            while not self.at:
                await asyncio.sleep(0.01)

    async def hop(self) -> None:
        """Lose the line; it comes back at whichever server."""
        if self._line is not None:
            self._line.transport.abort()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _for_ever(self) -> None:
        failures = 0
        try:
            while True:
                had = self.sockets
                with suppress(*OFF):
                    await self._listen(self.chance.choice(self.nodes))
                self.at = ""
                failures = 0 if self.sockets > had else failures + 1
                await asyncio.sleep(back_off(failures, self.chance) if self.patient else 0.05)
        except Exception as fault:
            self.fault = fault
            raise

    async def _listen(self, node: str) -> None:
        async with socket(self.network, self.who, node, patience=2.0) as one:
            welcome = await hello(one, self.seen)
            assert welcome["answer"] in ("up-to-date", "here-they-are"), welcome
            self._line, self.at = one, node
            self.sockets += 1
            async for raw in one:
                said = orjson.loads(raw)
                if said["type"] == "activities":
                    self.heard += [item["seq"] for item in said["items"]]


@asynccontextmanager
async def listening(
    network: Network,
    *who: str,
    seed: int = 0,
    nodes: Sequence[str] = NODES,
    patient: bool = False,
) -> AsyncIterator[list[Ear]]:
    """Ears of these people, until the block is left."""
    ears = [
        Ear(network, name, random.Random(seed + n), nodes, patient) for n, name in enumerate(who)
    ]
    try:
        for first in range(0, len(ears), 20):
            await asyncio.gather(*(ear.start() for ear in ears[first : first + 20]))
        yield ears
    finally:
        await asyncio.gather(*(ear.stop() for ear in ears))
