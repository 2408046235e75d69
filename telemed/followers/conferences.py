"""Whoever's server died with their socket has lost their line; whose appointment is over leaves.

The clock looks every few seconds for members for whom no server vouches any more; the follower
reads of every appointment that ended, was canceled or missed. Every server process has both, and
they take turns.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from telemed.actions import conferences as acts
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.activity import Activity, Kind
from telemed.core.catalogue import Catalogue
from telemed.core.conference import LEASE
from telemed.followers.follow import Follower, follow, sweep
from telemed.store import conferences
from telemed.store.engine import Store
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
EVERY_SECONDS: Final = 5.0
CLOSING: Final = frozenset(
    {
        Kind.APPOINTMENT_ENDED,
        Kind.APPOINTMENT_CANCELED,
        Kind.APPOINTMENT_MISSED,
        Kind.APPOINTMENT_RESCHEDULED,
    }
)
"""Facts after which nobody may be in the conference."""


def closes(
    clock: Callable[[], datetime], new_id: Callable[[], str], catalogue: Catalogue
) -> Follower:
    """The follower that empties what is over. Emptying twice is harmless: who left is away."""

    def handle(tx: Tx, facts: Sequence[Activity]) -> None:
        over = {str(fact.data["appointment"]) for fact in facts}
        if over:
            acts.close(Act(tx, SYSTEM, clock(), new_id, catalogue), sorted(over))

    return Follower("conferences", handle, frozenset(kind.value for kind in CLOSING))


async def close_and_drop(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    """The follower and the clock, until canceled."""
    await asyncio.gather(
        follow(store, bell, closes(clock, new_id, catalogue)),
        sweep(
            store,
            bell,
            lambda tx: bool(conferences.unvouched(tx, clock() - LEASE)),
            lambda tx: drop(Act(tx, SYSTEM, clock(), new_id, catalogue)),
            EVERY_SECONDS,
            "the watch over lost lines",
        ),
    )


def drop(act: Act) -> int:
    """Note the lines that were lost with their server; how many."""
    if gone := acts.drop_unvouched(act):
        log.info("%d lines of conferences were lost with their server", gone)
    return gone
