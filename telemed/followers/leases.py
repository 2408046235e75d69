"""Claims whose holder went away go back to the queue, and so does what was reserved and not begun.

A clock, not a follower of the log.

Every server process has one; they take turns, and who comes second finds nothing left to release.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from telemed.actions.act import Act
from telemed.actions.assigning import end_lapsed
from telemed.actions.worklist import SYSTEM, release_abandoned
from telemed.bus import Bell
from telemed.core.catalogue import Catalogue
from telemed.followers.follow import sweep
from telemed.store import assignments, requests
from telemed.store.engine import Store
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
EVERY_SECONDS = 5.0


async def watch(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    """Look every few seconds until canceled; write only when there is something to release."""
    await sweep(
        store,
        bell,
        lambda tx: _is_due(tx, clock(), catalogue),
        lambda tx: _release(tx, Act(tx, SYSTEM, clock(), new_id, catalogue)),
        EVERY_SECONDS,
        "the lease watch",
    )


def _is_due(tx: Tx, now: datetime, catalogue: Catalogue) -> bool:
    late = assignments.lapsed(tx, now - catalogue.timers.reservation)
    return bool(late or requests.abandoned(tx, now))


def _release(tx: Tx, act: Act) -> int:
    tx.take_turn("leases")
    if gone := len(release_abandoned(act)) + end_lapsed(act):
        log.info("released %d abandoned claims and lapsed reservations", gone)
    return gone
