"""Experts who did not answer in time are asked no longer. A clock, not a follower of the log.

Every server process has one; they take turns, and who comes second finds nothing left to end.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from telemed.actions.act import Act
from telemed.actions.opinions import lapse_all
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.catalogue import Catalogue
from telemed.followers.follow import sweep
from telemed.store import opinions
from telemed.store.engine import Store
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
EVERY_SECONDS: Final = 5.0


async def watch(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    """Look every few seconds until canceled; write only when there is something to end."""
    await sweep(
        store,
        bell,
        lambda tx: bool(opinions.lapsed(tx, clock())),
        lambda tx: _lapse(tx, Act(tx, SYSTEM, clock(), new_id, catalogue)),
        EVERY_SECONDS,
        "the watch over experts' answers",
    )


def _lapse(tx: Tx, act: Act) -> int:
    tx.take_turn("opinions")
    if gone := lapse_all(act):
        log.info("%d experts did not answer in time", gone)
    return gone
