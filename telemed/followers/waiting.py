"""Holds that ran out are given back, and what is given back is offered to whoever waits.

The clock looks every few seconds for what nobody went on with in time; the follower reads of every
time that became free and offers it. Every server process has both, and they take turns.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from telemed.actions import appointments as acts
from telemed.actions import waiting
from telemed.actions.act import Act
from telemed.actions.calendars import BOOKING
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.activity import Activity, Kind
from telemed.core.catalogue import Catalogue
from telemed.followers.follow import Follower, follow, sweep
from telemed.store import appointments
from telemed.store.engine import Store
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
EVERY_SECONDS: Final = 5.0
FREEING: Final = frozenset(
    {
        Kind.APPOINTMENT_CANCELED,
        Kind.APPOINTMENT_LAPSED,
        Kind.APPOINTMENT_RESCHEDULED,
        Kind.APPOINTMENT_ANSWERED,
        Kind.APPOINTMENT_REPLACED,
        Kind.APPOINTMENT_ENDED,
        Kind.LECTURE_CHANGED,
        Kind.LECTURE_CANCELED,
        Kind.LECTURE_FINISHED,
        Kind.DIARY_HOURS_SET,
        Kind.DIARY_EXCEPTION_SET,
        Kind.DIARY_EXCEPTION_CANCELED,
        Kind.RESOURCE_SET,
        Kind.WAITING_BEGUN,
    }
)
"""Facts after which somebody may have time who had none before."""


def fills(
    clock: Callable[[], datetime], new_id: Callable[[], str], catalogue: Catalogue
) -> Follower:
    """The follower that offers what became free. Offering twice is harmless: an entry that has a
    time no longer waits."""

    def handle(tx: Tx, facts: Sequence[Activity]) -> None:
        act = Act(tx, SYSTEM, clock(), new_id, catalogue)
        for place in sorted({party for fact in facts for party in fact.parties}):
            given = waiting.offer(act, place)
            if given:
                log.info("offered %d times that became free to who waited", given)

    return Follower("waiting", handle, frozenset(kind.value for kind in FREEING))


async def fill_and_lapse(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    """The follower and the clock, until canceled."""
    await asyncio.gather(
        follow(store, bell, fills(clock, new_id, catalogue)),
        watch(store, bell, clock, new_id, catalogue),
    )


async def watch(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    """Look every few seconds until canceled; write only when there is something to give back."""
    await sweep(
        store,
        bell,
        lambda tx: _is_due(tx, clock()),
        lambda tx: lapse_all(Act(tx, SYSTEM, clock(), new_id, catalogue)),
        EVERY_SECONDS,
        "the watch over held appointments",
    )


def _is_due(tx: Tx, now: datetime) -> bool:
    return bool(appointments.lapsed(tx, now) or appointments.waitings_over(tx, now))


def lapse_all(act: Act) -> int:
    """Give back everything that nobody went on with in time; how many appointments and entries."""
    act.tx.take_turn(BOOKING)
    late = appointments.lapsed(act.tx, act.now)
    for row in late:
        acts.lapse(act, row)
    if gone := len(late) + waiting.pass_by(act):
        log.info("%d appointments and waits lapsed", gone)
    return gone
