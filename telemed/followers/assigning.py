"""The rule of assignment at work: facts say which cases it has to look at, a clock looks.

The follower only writes down what is to be looked at, in the transaction of its bookmark. Each case
is then decided in a transaction of its own, so that one that cannot be decided holds up no other.
Every server process has both; they take turns, and who comes second finds the case given.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from telemed.actions import allotting
from telemed.actions.act import Act
from telemed.actions.ranking import Online
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.activity import Activity, Kind
from telemed.core.catalogue import Catalogue
from telemed.followers.follow import Follower, at_each_ring, catch_up
from telemed.store import log as store_log
from telemed.store import rulings
from telemed.store.engine import Store
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
NAME = "assigning"
EVERY_SECONDS = 1.0
AT_ONCE = 20
"""Looks of one round: people's writing waits for none of many that nobody can take."""
WOKEN = 20
"""Cases that are looked at again when one reader has done one thing."""

ARRIVES = frozenset(
    {
        Kind.REQUEST_SUBMITTED,
        Kind.REQUEST_RESUBMITTED,
        Kind.REQUEST_REDIRECTED,
        Kind.WORKITEM_RELEASED,
        Kind.WORKITEM_EXPIRED,
        Kind.WORKITEM_UNASSIGNED,
        Kind.WORKITEM_ASSIGNED,
    }
)
"""An attempt waits, or is kept for somebody."""
FREES = frozenset(
    {
        Kind.REPORT_SIGNED,
        Kind.REPORT_ISSUED,
        Kind.WORKITEM_RELEASED,
        Kind.WORKITEM_EXPIRED,
        Kind.WORKITEM_UNASSIGNED,
        Kind.WORKITEM_TAKEN_OVER,
        Kind.REQUEST_RETURNED,
        Kind.REQUEST_WITHDRAWN,
        Kind.REQUEST_DECLINED,
    }
)
"""Somebody has less in hand."""
CHANGES = frozenset({Kind.DUTY_SET, Kind.DUTY_CANCELED, Kind.ASSIGNMENT_TERMS_SET})
"""Others may be there, or may have more."""

Seen = Callable[[str], Online]
"""Who of an institution is connected."""


def _handle(tx: Tx, seen: Sequence[Activity]) -> None:
    """Write down what is to be looked at because of these facts."""
    watched = {key for key, mode in rulings.modes(tx).items() if allotting.watches(mode)}
    if not watched:
        return
    places = {place for place, _ in watched}
    for activity in seen:
        if activity.kind in ARRIVES and activity.request_id is not None:
            rulings.enqueue(tx, [activity.request_id], activity.at, watched)
        for place in places.intersection(activity.parties):
            if activity.kind in FREES:
                rulings.wake(tx, place, activity.at, WOKEN)
            elif activity.kind in CHANGES:
                rulings.wake(tx, place, activity.at)
            elif activity.kind == Kind.ASSIGNMENT_MODE_SET:
                rulings.enqueue_service(tx, place, str(activity.data["service"]), activity.at)


ASSIGNING = Follower(NAME, _handle, ARRIVES | FREES | CHANGES | {Kind.ASSIGNMENT_MODE_SET})


def begin(tx: Tx) -> None:
    """The first start on a log: no mode was ever set, so nothing in it is to be looked at."""
    tx.take_turn(f"follower {NAME}")
    if NAME not in store_log.all_bookmarks(tx):
        store_log.move_bookmark(tx, NAME, store_log.head(tx))


# --- the clock ------------------------------------------------------------------------------------


async def watch(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
    seen: Seen,
) -> None:
    """Follow, and look at what is due: when something happened and every second, until canceled."""

    async def look() -> bool:
        told = await work(store, clock, new_id, catalogue, seen)
        if told:
            bell.ring()
        return told > 0

    await at_each_ring(bell, EVERY_SECONDS, look, "the rule of assignment")


async def work(
    store: Store,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
    seen: Seen,
) -> int:
    """Catch up with the log, then look at what is due, each in a transaction; how many told."""
    while await store.read(_is_behind):
        await store.write(lambda tx: catch_up(tx, ASSIGNING))
    now, told = clock(), 0
    for entry in await store.read(lambda tx: rulings.due(tx, now, AT_ONCE)):
        attempt, online = entry["workitem_id"], seen(entry["institution_id"])

        def one(tx: Tx, attempt: str = attempt, online: Online = online) -> bool:
            allotting.look(Act(tx, SYSTEM, now, new_id, catalogue), attempt, online)
            return tx.log_head is not None

        try:
            told += await store.write(one)
        except Exception:
            log.exception("attempt %s could not be decided; it is tried again", attempt)
            # As late as what nobody can take: the others go on.
            later = now + max(catalogue.assignment.again.values())
            await store.write(partial(rulings.postpone, workitem_id=attempt, at=later))
    return told


def _is_behind(tx: Tx) -> bool:
    return store_log.head(tx) > store_log.bookmark(tx, NAME)
