"""Readers who take cases and give them back, whatever happens to the servers meanwhile.

Each has a case of their own. What has an answer goes into the ledger; after an answer that never
came, or one that says to try again, they look how it stands before they go on, as a person would.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import orjson
from aiohttp import ClientSession

from telemed.core.activity import Kind
from tests.faults.checks import Ledger
from tests.faults.network import GONE, NODES, Network, Page, draft, upload

AGAIN: Final = frozenset({"unavailable"})
"""Codes that ask to be tried again."""
GIVE_BACK: Final = {"reason": "called-away"}
PAUSE: Final = 0.05
"""Seconds between two steps: as many as they could take would keep the machine from the others."""
READERS: Final = ("hub-reader", "hub-reader2", "hub-verifier")


@dataclass
class Reader:
    """Somebody who reads at whichever server."""

    network: Network
    http: ClientSession
    who: str
    case: str
    ledger: Ledger
    chance: random.Random
    nodes: Sequence[str] = NODES
    holds: bool = False
    done: int = 0
    """Steps that were acknowledged."""
    refused: int = 0
    """Steps that were answered with a code that asks to be tried again."""
    unanswered: int = 0

    def page(self) -> Page:
        return Page(self.network, self.http, self.who, self.chance.choice(self.nodes))

    async def step(self) -> None:
        """Claim the case, or give it back."""
        word, kind = (
            ("release", Kind.WORKITEM_RELEASED) if self.holds else ("claim", Kind.WORKITEM_CLAIMED)
        )
        self.ledger.ask(self.case, kind)
        body = GIVE_BACK if self.holds else None
        try:
            status, headers, answer = await self.page().call(
                "POST", f"/api/requests/{self.case}/{word}", body
            )
        except GONE:
            self.unanswered += 1
            await self._look()
            return
        if status < 400:
            self.ledger.promise(self.case, kind)
            self.holds = not self.holds
            self.done += 1
            return
        code = orjson.loads(answer)["code"]
        assert status == 503 and code in AGAIN, f"{self.who} {word}: {status} {answer!r}"
        assert int(headers["Retry-After"]) > 0
        self.refused += 1
        await self._look()

    async def _look(self) -> None:
        """How it stands, as soon as somebody says."""
        async with asyncio.timeout(60):
            while True:
                try:
                    path = f"/api/requests/{self.case}"
                    status, _, answer = await self.page().call("GET", path)
                except GONE:
                    status = 0
                if status == 200:
                    claim = orjson.loads(answer)["claim"]
                    self.holds = claim is not None and claim["mine"]
                    return
                assert status in (0, 503), answer
                await asyncio.sleep(0.05)


@dataclass
class Team:
    """Readers, each with a case."""

    readers: list[Reader]
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def done(self) -> int:
        return sum(reader.done for reader in self.readers)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """They step and step while inside."""
        self._stop.clear()
        tasks = [asyncio.create_task(self._work(reader)) for reader in self.readers]
        try:
            yield
        finally:
            self._stop.set()
            await asyncio.gather(*tasks)

    async def _work(self, reader: Reader) -> None:
        while not self._stop.is_set():
            await reader.step()
            await asyncio.sleep(PAUSE)

    async def until_more(self, steps: int = 10) -> None:
        """Until they got that much further."""
        goal = self.done + steps
        async with asyncio.timeout(60):
            while self.done < goal:
                await asyncio.sleep(0.02)

    async def put_down(self) -> None:
        """Nobody holds a case."""
        for reader in self.readers:
            while reader.holds:
                await reader.step()


async def sent(network: Network, http: ClientSession, how_many: int, node: str = "a") -> list[str]:
    """Cases that wait in the pool."""
    study = await upload(Page(network, http, "county-technician", node))
    asker = Page(network, http, "county-requester", node)
    cases = [await draft(asker, study) for _ in range(how_many)]
    for case in cases:
        await asker.ok("POST", f"/api/requests/{case}/submit", {})
    return cases


async def team_of(
    network: Network, http: ClientSession, ledger: Ledger, who: Sequence[str] = READERS,
    nodes: Sequence[str] = NODES, seed: int = 0,
) -> Team:  # fmt: skip
    """Readers with a new case each."""
    cases = await sent(network, http, len(who), nodes[0])
    return Team([
        Reader(network, http, name, case, ledger, random.Random(seed + n), nodes)
        for n, (name, case) in enumerate(zip(who, cases, strict=True))
    ])  # fmt: skip
