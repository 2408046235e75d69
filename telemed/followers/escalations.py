"""Facts begin and end escalations; a clock climbs them.

Every server process follows and has the clock; they take turns, and who comes second finds the
rung told. One that cannot be told holds up no other.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from telemed.actions import notices as acts
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.bus import Bell
from telemed.core.activity import Activity, Kind
from telemed.core.appointment import TAKES_TIME, SeatEvent, SeatState
from telemed.core.appointment import Event as BookingEvent
from telemed.core.appointment import State as Booked
from telemed.core.assignment import By
from telemed.core.catalogue import Catalogue
from telemed.core.escalation import (
    COUNTS_DOWN,
    ENDS,
    IN_HOUSE,
    OF_A_FINDING,
    OF_AN_APPOINTMENT,
    OF_WATCHERS,
    OPENS,
    Channel,
    Occasion,
    finding_of,
)
from telemed.core.request import State
from telemed.followers import climbs, course_climbs
from telemed.followers.climbs import About
from telemed.followers.follow import Follower, at_each_ring
from telemed.store import appointments, minutes, notices, requests, unreminded
from telemed.store import log as store_log
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Row, Tx

log = logging.getLogger(__name__)
NAME = "escalations"
EVERY_SECONDS = 2.0
AT_ONCE = 200


def follower(catalogue: Catalogue, new_id: Callable[[], str]) -> Follower:
    """Opens and ends escalations as facts say."""

    def handle(tx: Tx, seen: Sequence[Activity]) -> None:
        for activity in seen:
            _follow(tx, activity, catalogue, new_id)

    return Follower(NAME, handle, frozenset(OPENS) | frozenset(ENDS))


def begin(tx: Tx, catalogue: Catalogue, new_id: Callable[[], str], now: datetime) -> None:
    """The first start on a log: what is open now has its ladders, what is over never gets one.

    What was acknowledged before there were ladders said then what was done.
    """
    tx.take_turn(f"follower {NAME}")
    if NAME in store_log.all_bookmarks(tx):
        _remind_of_older(tx, catalogue, new_id, now)
        return
    head = store_log.head(tx)
    c, k = t.requests.c, t.critical_notices.c
    unanswered = sa.select(k.request_id).where(k.acknowledged_at.is_(None))
    pending = sa.or_(c.state.in_([State.OPEN.value, State.RETURNED.value]), c.id.in_(unanswered))
    for row in tx.all(sa.select(c.id).where(pending)):
        for activity in store_log.of_request(tx, row["id"]):
            if activity.kind != Kind.CRITICAL_ACKNOWLEDGED:
                _follow(tx, activity, catalogue, new_id)
            else:
                _end(tx, activity, ENDS[activity.kind])
    store_log.move_bookmark(tx, NAME, head)
    _remind_of_older(tx, catalogue, new_id, now)


def _remind_of_older(
    tx: Tx, catalogue: Catalogue, new_id: Callable[[], str], now: datetime
) -> None:
    """What is older than its reminders has them, too: appointments that are confirmed, lectures
    that were opened, minutes that wait for signatures, which are asked for from now on. What the
    follower has yet to read is left to it."""
    seen = store_log.bookmark(tx, NAME)
    for row in unreminded.coming_appointments(tx, now):
        steps = appointments.moves(tx, row["id"])
        at = [move["moved_at"] for move in steps if move["event"] == BookingEvent.CONFIRM]
        for fact in store_log.told(tx, Kind.APPOINTMENT_CONFIRMED, row["requester_id"], at[-1]):
            if fact.data.get("appointment") == row["id"] and fact.seq <= seen:
                _open(tx, fact, row, Occasion.NEAR, "", catalogue, new_id())
    for row in unreminded.coming_lectures(tx, now):
        opened = store_log.told(tx, Kind.LECTURE_OPENED, row["offerer_id"])
        of_it = [fact for fact in opened if fact.data.get("lecture") == row["id"]]
        for fact in of_it[-1:]:
            if fact.seq <= seen:
                course_climbs.remind(tx, replace(fact, at=now), catalogue, new_id)
    for waits in unreminded.signatures(tx):
        _ask_to_sign(tx, waits, seen, catalogue, new_id, now)


def _ask_to_sign(
    tx: Tx, waits: Row, seen: int, catalogue: Catalogue, new_id: Callable[[], str], now: datetime
) -> None:
    row = appointments.get(tx, waits["appointment_id"])
    assert row is not None  # nothing deletes one
    for fact in store_log.told(tx, Kind.MINUTES_CLOSED, waits["requester_id"], waits["closed_at"]):
        if fact.data.get("appointment") == row["id"] and fact.seq <= seen:
            asked = replace(fact, at=now)
            _open(tx, asked, row, Occasion.MINUTES_TO_SIGN, waits["person_id"], catalogue, new_id())


def _follow(tx: Tx, activity: Activity, catalogue: Catalogue, new_id: Callable[[], str]) -> None:
    if activity.kind in course_climbs.TOLD_OF:
        course_climbs.follow(tx, activity, catalogue, new_id)
        return
    begun, ended = _begins(activity), ENDS.get(activity.kind, ())
    appointment = activity.data.get("appointment")
    if appointment is not None:
        _end_of_appointment(tx, activity, str(appointment), ended)
        row = appointments.get(tx, str(appointment)) if begun else None
    else:
        _end(tx, activity, {*ended, *OPENS.get(activity.kind, ())})
        row = requests.get(tx, activity.request_id) if begun and activity.request_id else None
    if row is None:
        return
    for occasion in begun:
        if occasion is Occasion.UNLISTED:
            continue  # of each time that is agreed on, below
        if occasion in OF_WATCHERS and not _is_watched(tx, row, catalogue):
            continue
        for whose in _each(tx, activity, occasion):
            _open(tx, activity, row, occasion, whose, catalogue, new_id())
    if activity.kind == Kind.REQUEST_RESUBMITTED and _lists_watchers(row, catalogue):
        _tell_of_the_list(tx, activity, catalogue, new_id)


def _lists_watchers(row: Row, catalogue: Catalogue) -> bool:
    """Whether the form of a case or an appointment's case says who may watch."""
    service = catalogue.services.get(row["service"])
    return service is not None and service.watchers is not None


def _is_watched(tx: Tx, row: Row, catalogue: Catalogue) -> bool:
    """Whether those who may watch an appointment have ever been told of it."""
    return _lists_watchers(row, catalogue) and appointments.was_confirmed(tx, row["id"])


def _tell_of_the_list(
    tx: Tx, activity: Activity, catalogue: Catalogue, new_id: Callable[[], str]
) -> None:
    """A form that comes back may list others to watch the time that is agreed on already; whoever
    was told of it is not told again. Or it lists somebody no more who was told of a time: they are
    told that."""
    assert activity.request_id is not None  # of our own fact
    coming = [
        row
        for row in appointments.of_request(tx, activity.request_id)
        if row["state"] in TAKES_TIME and row["since"] > activity.at
    ]
    for row in coming:
        if appointments.was_confirmed(tx, row["id"]):
            _open(tx, activity, row, Occasion.UNLISTED, row["id"], catalogue, new_id())
    for row in [row for row in coming if row["state"] == Booked.CONFIRMED][:1]:
        _open(tx, activity, row, Occasion.WATCH_SET, "", catalogue, new_id())


def _each(tx: Tx, activity: Activity, occasion: Occasion) -> Sequence[str]:
    """Of what each person is asked for by themselves there is a climb each; else one of nobody."""
    if occasion is not Occasion.MINUTES_TO_SIGN:
        return ("",)
    key, number = str(activity.data["appointment"]), activity.data["round"]
    assert isinstance(number, int)  # of our own fact
    return minutes.signers(tx, key, number)


def _begins(activity: Activity) -> tuple[Occasion, ...]:
    """Nobody is told of what they set aside for themselves, nor that somebody will come."""
    data = activity.data
    if activity.kind == Kind.WORKITEM_ASSIGNED and data.get("by") == By.SELF:
        return ()
    if activity.kind == Kind.APPOINTMENT_ANSWERED and data.get("answer") != SeatEvent.DECLINE:
        return ()
    if activity.kind == Kind.APPOINTMENT_REPLACED and data.get("was") == SeatState.DECLINED:
        return (Occasion.INVITED,)  # whoever declined is out of it already, and so is their event
    return OPENS.get(activity.kind, ())


def _end(tx: Tx, activity: Activity, occasions: Collection[Occasion]) -> None:
    if activity.request_id is not None and occasions:
        finding = finding_of(activity.data)
        notices.end_escalations(tx, activity.request_id, occasions, finding, activity.at)


def _end_of_appointment(
    tx: Tx, activity: Activity, key: str, occasions: Collection[Occasion]
) -> None:
    if occasions:
        seat = activity.data.get("seat")
        one = seat if isinstance(seat, int) else None
        whose = finding_of(activity.data)
        notices.end_of_appointment(tx, key, occasions, one, whose, activity.at)


def _open(
    tx: Tx,
    activity: Activity,
    row: Row,
    occasion: Occasion,
    whose: str,
    catalogue: Catalogue,
    new: str,
) -> None:
    about = _about(tx, activity, row, occasion, whose)
    if about is not None:
        climbs.begin(tx, activity, occasion, about, catalogue, new)


def _provider(activity: Activity, row: Row) -> str:
    return str(activity.data.get("provider") or row["provider_id"] or "")


def _about(tx: Tx, activity: Activity, row: Row, occasion: Occasion, whose: str) -> About | None:
    """What a climb of a case or an appointment is about; None for what nobody is told of."""
    provider = "" if occasion in IN_HOUSE else _provider(activity, row)
    sides = {"requester": row["requester_id"], "provider": provider, "by": activity.actor_id}
    if occasion not in OF_AN_APPOINTMENT:
        of = {"request_id": row["id"], "finding": whose}
        if occasion in OF_A_FINDING:
            of["finding"] = finding_of(activity.data)
        anchor = row["due_at"] if occasion is Occasion.DEADLINE else activity.at
        frozen = bool((row["content"] or {}).get("frozen"))
        return About(row["service"], of, anchor, urgency=row["urgency"], frozen=frozen, **sides)
    if occasion is Occasion.OFF and not appointments.was_proposed(tx, row["id"]):
        return None  # a time that was merely held: nobody had been told of it
    new = activity.kind == Kind.APPOINTMENT_REPLACED and occasion is Occasion.INVITED
    seat = activity.data.get("by_seat" if new else "seat")
    anchor = row["since"] if occasion in COUNTS_DOWN else activity.at
    of = {"appointment_id": row["id"], "seat": seat, "finding": whose}
    urgency = "urgent" if row["urgent"] else "routine"
    return About(row["service"], of, anchor, urgency=urgency, **sides)


# --- the clock --------------------------------------------------------------------------------


async def watch(
    store: Store,
    bell: Bell,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
    ways: Callable[[], Collection[Channel]],
) -> None:
    """Look every few seconds, and when something happened, until canceled; at once again while
    there is somebody to tell, so that the parts of many people wait for no bell."""

    async def look() -> bool:
        climbed = await climb_due(store, clock, new_id, catalogue, ways())
        if climbed:
            bell.ring()
        return climbed > 0

    await at_each_ring(bell, EVERY_SECONDS, look, "the escalation clock")


async def climb_due(
    store: Store,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    catalogue: Catalogue,
    ways: Collection[Channel],
) -> int:
    """Climb all that is due, each in a transaction of its own; how many had something to tell."""
    now = clock()
    climbed = 0
    for escalation_id in await store.read(lambda tx: notices.due_escalations(tx, now, AT_ONCE)):

        def one(tx: Tx, escalation_id: str = escalation_id) -> bool:
            tx.take_turn(NAME)
            acts.climb(Act(tx, SYSTEM, now, new_id, catalogue), escalation_id, ways)
            return tx.log_head is not None

        try:
            climbed += await store.write(one)
        except Exception:
            log.exception("escalation %s could not be told; it is tried again", escalation_id)
    return climbed
