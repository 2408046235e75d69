"""The clock of urgent calls: who did not answer in time is followed by the next.

It looks every second, for a call that rings is somebody waiting. Every server process has it, and
they take turns; who comes second finds the next rung.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from telemed.actions import urgent_calls as acts
from telemed.actions.act import Act
from telemed.actions.calendars import BOOKING
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.catalogue import Catalogue
from telemed.followers.follow import sweep
from telemed.store import urgent_calls
from telemed.store.engine import Store

EVERY_SECONDS: Final = 1.0


async def watch(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    """Look every second until canceled."""
    await sweep(
        store,
        bell,
        lambda tx: bool(urgent_calls.due(tx, clock())),
        lambda tx: ring_on(Act(tx, SYSTEM, clock(), new_id, catalogue)),
        EVERY_SECONDS,
        "the clock of urgent calls",
    )


def ring_on(act: Act) -> int:
    """Ring the next of every call that is due; how many."""
    act.tx.take_turn(BOOKING)
    late = urgent_calls.due(act.tx, act.now)
    for row in late:
        acts.go_on(act, row)
    return len(late)
