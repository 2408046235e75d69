"""What the handlers are given: the assembled parts, named once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, TypeVar

from telemed.actions.act import Act
from telemed.bus import Bell
from telemed.bus.counts import Counts
from telemed.bus.presence import Presence
from telemed.bus.relay import Relay
from telemed.core.access import Subject
from telemed.core.catalogue import Catalogue
from telemed.dicom.worker import RenderPool
from telemed.server.media import MediaServer
from telemed.settings import Settings
from telemed.store.blobs import Blobs, Held
from telemed.store.engine import Store
from telemed.store.signer import Signer
from telemed.store.tx import Tx

T = TypeVar("T")
P = TypeVar("P")
Begun: TypeAlias = Future[tuple[T, bool]]
"""An action under way: its result, and whether it told a fact."""


async def _nobody_looks() -> None:
    """There are no live sockets here."""


@dataclass(slots=True)
class Services:
    """The concrete parts; `assemble.py` is the only place that makes them."""

    settings: Settings
    store: Store
    bell: Bell
    blobs: Blobs
    catalogue: Catalogue
    signer: Signer
    renderer: RenderPool
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    presence: Presence = field(default_factory=Presence)
    counts: Counts = field(default_factory=Counts)
    relay: Relay = field(default_factory=Relay)
    media: MediaServer | None = None
    """Passes on pictures and voices where members are many; None where there is none."""
    push_key: str = ""
    """What a browser subscribes to pushes with."""
    screens: Callable[[], Awaitable[None]] = field(default=_nobody_looks, repr=False)
    """Waits, not for long, until those who look at a screen were told what is durable by now."""
    draining: bool = False
    """Told to stop: not ready for anything new, but what is under way is finished."""
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, "documents"), repr=False
    )

    far: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(8, "blobs"), repr=False
    )
    """Threads that wait for a disk or a bucket; when all of them do, nobody else has to."""

    large_stores: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(4), repr=False
    )
    """Requests with many images that are looked into at once: the others wait on the disk."""

    async def act(
        self, subject: Subject, do: Callable[[Act], T], address: str = "", *, quiet: bool = False
    ) -> T:
        """Run an action in one durable transaction, then ring; a `quiet` one only if it told."""
        return await self.acted(self.begin(subject, do, address), quiet=quiet)

    def begin(self, subject: Subject, do: Callable[[Act], T], address: str = "") -> Begun[T]:
        """Begin an action, from any thread; `acted` waits for it."""

        def run(tx: Tx) -> tuple[T, bool]:
            return do(self.make_act(tx, subject, address)), tx.log_head is not None

        return self.store.begin_write(run)

    async def acted(self, begun: Begun[T], *, quiet: bool = False) -> T:
        """The result of an action that was begun, once it is durable and the bell has rung."""
        result, told = await asyncio.wrap_future(begun)
        if told or not quiet:
            self.bell.ring()
            await self.screens()
        return result

    async def ask(self, subject: Subject, do: Callable[[Act], T], address: str = "") -> T:
        """Run a question in a read transaction."""
        return await self.store.read(lambda tx: do(self.make_act(tx, subject, address)))

    async def in_thread(self, do: Callable[[P], T], argument: P) -> T:
        """Run work that would hold up the loop (a PDF, a workbook) in a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, do, argument)

    async def put(self, path: Path, key: str) -> None:
        """Keep a file of content hash `key` durably."""
        await asyncio.get_running_loop().run_in_executor(self.far, self.blobs.put_file, path, key)

    async def in_far_thread(self, do: Callable[[P], T], argument: P) -> T:
        """Run work that waits for the disk or a bucket."""
        return await asyncio.get_running_loop().run_in_executor(self.far, do, argument)

    async def put_all(self, files: Sequence[tuple[Path, str]]) -> None:
        """Keep files and their content hashes durably, in one go."""
        await self.in_far_thread(self.blobs.put_files, files)

    async def at_hand(self, key: str) -> Held:
        """A blob's file on this machine, fetched first when it is far; use it as a context."""
        near = self.blobs.near(key)
        if near is not None:
            return near
        return await self.in_far_thread(self.blobs.fetch, key)

    def make_act(self, tx: Tx, subject: Subject, address: str = "") -> Act:
        """An act in a transaction that is already open."""
        return Act(tx, subject, self.clock(), self.new_id, self.catalogue, address)
