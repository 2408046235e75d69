"""Claims whose holder went away go back to the queue. A clock, not a follower of the log."""

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
                    lambda tx: release_abandoned(Act(tx, SYSTEM, clock(), new_id, catalogue))
                )
                log.info("released %d abandoned claims", len(gone))
                bell.ring()
        except Exception:
            log.exception("the lease watch stumbled")
        await asyncio.sleep(EVERY_SECONDS)
