"""Signed minutes are printed and archived; those that a share of signatures is enough for, in time.

Printing takes longer than a transaction should, so it is done between two: what is to be printed is
read in one, what was printed is kept in another. Every server process has this; who comes second
finds it done, and one that died in between leaves it to whoever looks next.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from telemed.actions import minutes as acts
from telemed.actions import minutes_archive
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.catalogue import Catalogue
from telemed.core.errors import Problem
from telemed.core.minutes import State
from telemed.documents.minutes_pdf import render_minutes
from telemed.followers.follow import at_each_ring, sweep
from telemed.store import minutes as store
from telemed.store.engine import Store
from telemed.store.signer import Signer
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
EVERY_SECONDS: Final = 15.0
TERMS_SECONDS: Final = 60.0


class Archivist:
    """Whoever archives: with the parts that it takes."""

    def __init__(
        self,
        store: Store,
        bell: Bell,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        catalogue: Catalogue,
        signer: Signer,
        origin: str,
    ) -> None:
        self._store, self._bell, self._signer = store, bell, signer
        self._origin, self._catalogue = origin, catalogue
        self._act: Callable[[Tx], Act] = lambda tx: Act(tx, SYSTEM, clock(), new_id, catalogue)

    async def watch(self) -> None:
        """Archive what is signed and count what is due, until canceled."""
        await asyncio.gather(
            at_each_ring(self._bell, EVERY_SECONDS, self._archive, "the archive of minutes"),
            sweep(
                self._store,
                self._bell,
                lambda tx: bool(self._due(tx)),
                self.settle,
                TERMS_SECONDS,
                "the watch over unsigned minutes",
            ),
        )

    async def _archive(self) -> bool:
        """Archive what is signed, each for itself; whether any was, so that there may be more."""
        done = 0
        for key in await self._store.read(lambda tx: store.in_state(tx, State.SIGNED)):
            try:
                done += await self._archive_one(key)
            except Problem as problem:
                # What does not verify is nobody's record; it stays signed, and is looked at.
                log.error("minutes %s cannot be archived: %s", key, problem.code)
        if done:
            self._bell.ring()
        return done > 0

    async def _archive_one(self, key: str) -> bool:
        copies = await self._store.read(
            lambda tx: minutes_archive.copies(self._act(tx), key, self._origin, self._signer)
        )
        made = [(one, await asyncio.to_thread(render_minutes, one.sheet)) for one in copies]

        def keep(tx: Tx) -> bool:
            return minutes_archive.keep(self._act(tx), key, made, self._signer)

        return bool(made) and await self._store.write(keep)

    # --- a share of the signatures is enough after a time -----------------------------------------

    def _due(self, tx: Tx) -> list[str]:
        spans = [terms.after for terms in self._catalogue.signing.values() if terms.share < 1]
        return store.closed_before(tx, self._act(tx).now - min(spans)) if spans else []

    def settle(self, tx: Tx) -> int:
        """Count those whose time is over as signed where enough have; how many."""
        act = self._act(tx)
        return sum(acts.settle_signatures(act, acts.for_clock(act, key)) for key in self._due(tx))
