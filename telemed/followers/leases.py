"""Claims whose holder went away go back to the queue. A clock, not a follower of the log.

Every server process has one; they take turns, and who comes second finds nothing left to release.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM, release_abandoned
from telemed.bus import Bell
from telemed.core.catalogue import Catalogue
from telemed.store import requests
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
    while True:
        try:
            if await store.read(lambda tx: requests.abandoned(tx, clock())):
                gone = await store.write(
                    lambda tx: _release(tx, Act(tx, SYSTEM, clock(), new_id, catalogue))
                )
                if gone:
                    log.info("released %d abandoned claims", len(gone))
                    bell.ring()
        except Exception:
            log.exception("the lease watch stumbled")
        await asyncio.sleep(EVERY_SECONDS)


def _release(tx: Tx, act: Act) -> list[str]:
    tx.take_turn("leases")
    return release_abandoned(act)
