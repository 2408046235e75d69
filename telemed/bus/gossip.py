"""Presence across processes: each tells the others over a Redis channel whom it has.

Changes at once, everything every few seconds and whenever somebody new asks. Nothing is stored in
Redis, so a flush loses nothing, and moments are the hearer's own, so clocks need not agree. A
server that was not heard for FORGET seconds is forgotten with its people; one that does not hear
even itself knows that Redis is away, and says that it does not know. Loaded only where a Redis is
configured.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson

from telemed.bus.presence import Here, Presence
from telemed.bus.redis import AWAY, connect, end, listen

log = logging.getLogger(__name__)
CHANNEL: Final = "telemed:presence"
COALESCE_SECONDS: Final = 0.3
EVERYTHING_SECONDS: Final = 8.0
FORGET: Final = 25.0
_BREATH: Final = 1.0


@dataclass(slots=True)
class _Node:
    """What another process told."""

    heard: float
    number: int
    who: dict[str, Here]


class Gossip(Presence):
    """Presence of all servers on one Redis."""

    def __init__(self, url: str, node: str) -> None:
        super().__init__()
        self._node = node
        self._redis = connect(url)
        self._others: dict[str, _Node] = {}
        self._number = 0
        self._asking = False
        self._heard_self = self._said_all = float("-inf")
        self._pending: dict[str, Here | None] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def whole(self) -> bool:
        """Whether the line is up: what this process said was heard, by itself as by the others."""
        return asyncio.get_running_loop().time() - self._heard_self < FORGET / 2

    def _everywhere(self) -> list[dict[str, Here]]:
        return [self._mine, *(node.who for node in self._others.values())]

    def _told(self, account_id: str, here: Here | None) -> None:
        self._pending[account_id] = here
        self._wake.set()

    async def start(self) -> None:
        """Begin to tell and to listen."""
        listening = listen(self._redis, CHANNEL, self._hear, self._connected)
        work = (self._tell(), listening, self._forget())
        self._tasks = [asyncio.create_task(one) for one in work]

    async def stop(self) -> None:
        """Say goodbye and stop."""
        await end(self._tasks)
        with suppress(*AWAY):
            async with asyncio.timeout(2):
                await self._say(bye=True)
        await self._redis.aclose()

    # --- telling ----------------------------------------------------------------------------

    async def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BREATH):
                    await self._wake.wait()
            self._wake.clear()
            try:
                if self._asking:
                    await self._say(ask=True)
                    self._asking = False
                if loop.time() - self._said_all > EVERYTHING_SECONDS:
                    self._said_all = loop.time()
                    await self._say_all()
                elif self._pending:
                    told, self._pending = self._pending, {}
                    await self._say(who=_plain(told.items()))
            except AWAY as problem:
                self._said_all = float("-inf")  # everything, as soon as it is heard again
                log.warning("presence: redis is away: %s", type(problem).__name__)
            await asyncio.sleep(COALESCE_SECONDS)

    async def _say_all(self) -> None:
        self._pending.clear()
        await self._say(all=True, who=_plain(self._mine.items()))

    async def _say(self, **words: Any) -> None:
        self._number += 1
        said = {"node": self._node, "number": self._number, **words}
        await self._redis.publish(CHANNEL, orjson.dumps(said))

    # --- listening --------------------------------------------------------------------------

    def _connected(self) -> None:
        """The line is new: ask the others, and tell them everything."""
        self._asking, self._said_all = True, float("-inf")
        self._wake.set()

    def _hear(self, raw: bytes) -> None:
        said = orjson.loads(raw)
        now, node = asyncio.get_running_loop().time(), str(said["node"])
        if node == self._node:
            self._heard_self = now
            return
        if said.get("ask"):
            self._said_all = float("-inf")
            self._wake.set()
        elif said.get("bye"):
            self._lose(node)
        elif said.get("all"):
            self._replace(node, _Node(now, said["number"], _read(said["who"])))
        elif (known := self._others.get(node)) is not None:
            self._change(known, said, now)

    def _replace(self, node: str, new: _Node) -> None:
        old = self._others.get(node)
        before = old.who if old is not None else {}
        self._others[node] = new
        changed = {a for a in before.keys() | new.who.keys() if before.get(a) != new.who.get(a)}
        self._noticed(changed)

    def _change(self, known: _Node, said: Mapping[str, Any], now: float) -> None:
        if said["number"] != known.number + 1:
            return  # something was missed; everything comes within seconds
        known.number, known.heard = said["number"], now
        gone = [account for account, here in said["who"].items() if here is None]
        known.who |= _read(said["who"])
        for account in gone:
            known.who.pop(account, None)
        self._noticed(said["who"])

    def _lose(self, node: str) -> None:
        lost = self._others.pop(node, None)
        if lost is not None:
            self._noticed(lost.who)

    async def _forget(self) -> None:
        """Drop who is not heard any more, and notice when nothing is."""
        loop, before = asyncio.get_running_loop(), self.whole
        while True:
            await asyncio.sleep(_BREATH)
            for node in [
                n for n, told in self._others.items() if loop.time() - told.heard > FORGET
            ]:
                log.info("presence: another server is not heard any more")
                self._lose(node)
            if self.whole != before:
                before = self.whole
                self._noticed({account for account, _ in self.everybody()})

    def _noticed(self, accounts: Iterable[str]) -> None:
        told = list(accounts)
        if told:
            self.changed(told)


def _plain(who: Iterable[tuple[str, Here | None]]) -> dict[str, Any]:
    return {
        account: None if here is None else (here.person_id, here.place, dict(here.cases))
        for account, here in who
    }


def _read(who: Mapping[str, Any]) -> dict[str, Here]:
    return {
        account: Here(told[0], told[1], {case: tuple(parties) for case, parties in told[2].items()})
        for account, told in who.items()
        if told is not None
    }
