"""The roster is kept: shifts are added, copied, changed, taken off and put back.

Everything is of one's own institution. A shift that is over stays as it was; one that runs can
still be changed, since people fall ill. Of several acts at once each sees what the one before
left, so nobody is on the same duty twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from telemed.actions import worklist
from telemed.actions.act import Act
from telemed.core import roster as rules
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.assignment import why_not_take
from telemed.core.errors import Problem
from telemed.core.roster import Shift, Stretch
from telemed.core.workdays import HOLIDAY, SWAPPED, ZONE
from telemed.store import assignments, network, people, roster
from telemed.store.tx import Row

MOST: Final = 300
"""Shifts of one act."""
FURTHEST: Final = timedelta(days=400)
"""Nobody plans a roster further ahead."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What somebody is on duty for, and at which hours of the clock."""

    kind: str
    services: tuple[str, ...]
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Pattern:
    """The days of a repetition: weekdays (0 is Monday) for so many weeks from a day on.

    `calendar`: by the working calendar, with its holidays and swapped days.
    """

    first: date
    weekdays: frozenset[int]
    weeks: int
    calendar: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What an act left: new shifts, those taken off, and the days that were left out or added."""

    made: list[str]
    canceled: list[str]
    left_out: list[date]
    swapped: list[date]


def add(act: Act, people_ids: Sequence[str], duty: Duty, pattern: Pattern) -> Done:
    """Put people on duty on the days of a pattern; all of it or nothing."""
    _begin(act)
    _check(act, duty)
    calendar = act.catalogue.calendar.days
    days = rules.days_of(
        pattern.first, pattern.weekdays, pattern.weeks, calendar if pattern.calendar else None
    )
    plain = rules.days_of(pattern.first, pattern.weekdays, pattern.weeks, None)
    spans = [rules.span_of(day, duty.begins, duty.ends) for day in days]
    spans = [span for span in spans if span[1] > act.now]
    new = [Shift(who, duty.kind, duty.services, *span) for span in spans for who in people_ids]
    made = _put(act, new)
    today = act.now.astimezone(ZONE).date()
    left_out = [day for day in plain if day not in days and day >= today]
    return Done(made, [], left_out, [day for day in days if day not in plain])


def add_all(act: Act, wanted: Sequence[Shift]) -> Done:
    """Put single shifts on the roster, all or none; those that stand and those over are passed
    over."""
    _begin(act)
    new = [shift for shift in wanted if shift.until > act.now]
    standing = {_shift(row) for row in _standing(act, new)} if new else set()
    free = [shift for shift in dict.fromkeys(new) if shift not in standing]
    return Done(_put(act, free) if free else [], [], [], [])


def copy(act: Act, source: date, target: date, calendar: bool) -> Done:
    """Repeat a week's shifts in another week; what stands there already stays, and who cannot be
    put on duty any more is left out.

    By the calendar, the other week's holidays from Monday to Friday are left out.
    """
    _begin(act)
    days = act.catalogue.calendar.days
    distance = (rules.monday_of(target) - rules.monday_of(source)).days
    if distance == 0:
        raise Problem("invalid", detail="target")
    begin, end = rules.week_of(source)
    place = act.subject.own_institution
    here = {row["id"] for row in roster.staff(act.tx, place)}
    rows = [row for row in roster.between(act.tx, place, begin, end) if row["person_id"] in here]
    left_out, new = set[date](), list[Shift]()
    for row in rows:
        if row["since"] < begin:
            continue  # It began in the week before.
        shift = _moved(row, distance)
        day = shift.since.astimezone(ZONE).date()
        if calendar and rules.is_lost(day, days):
            left_out.add(day)
        elif shift.until > act.now:
            new.append(shift)
    if not new:
        return Done([], [], sorted(left_out), [])
    standing = _standing(act, new)
    free = [shift for shift in new if rules.overlap([shift], standing) is None]
    return Done(_put(act, free) if free else [], [], sorted(left_out), [])


def change(act: Act, shift_id: str, person_id: str, duty: Duty, day: date) -> Done:
    """Another shift in the place of one; Problem("not-found") for one that does not stand."""
    _begin(act)
    _check(act, duty)
    (row,) = _found(act, [shift_id])
    if row["canceled_at"] is not None:
        raise Problem("not-found")
    span = rules.span_of(day, duty.begins, duty.ends)
    _cancel(act, [row])
    made = _put(act, [Shift(person_id, duty.kind, duty.services, *span)], replaces=shift_id)
    return Done(made, [shift_id], [], [])


def cancel(act: Act, ids: Sequence[str]) -> Done:
    """Take shifts off the roster; those that are off already stay so."""
    _begin(act)
    standing = [row for row in _found(act, ids) if row["canceled_at"] is None]
    _cancel(act, standing)
    return Done([], [row["id"] for row in standing], [], [])


def restore(act: Act, ids: Sequence[str], instead_of: Sequence[str]) -> Done:
    """Undo: put shifts back, and take off those that had come in their place."""
    _begin(act)
    gone = [row for row in _found(act, ids) if row["canceled_at"] is not None]
    replaced = [row for row in _found(act, instead_of) if row["canceled_at"] is None]
    _cancel(act, replaced)
    _refuse_overlap(act, [_shift(row) for row in gone])
    for row in gone:
        roster.restore(act.tx, row["id"])
    back = [row["id"] for row in gone]
    _tell(act, Kind.DUTY_SET, back)
    return Done(back, [row["id"] for row in replaced], [], [])


# --- the roster as it is seen ---------------------------------------------------------------------


def shifts(act: Act, span: Stretch) -> list[Row]:
    """The own institution's shifts that touch a stretch of time."""
    act.subject.require(Permission.SEE_ROSTER)
    return roster.between(act.tx, act.subject.own_institution, *span)


def staff(act: Act) -> list[dict[str, Any]]:
    """Who can be on duty, each with the services they may read by their licence."""
    act.subject.require(Permission.SEE_ROSTER)
    place = act.subject.own_institution
    writers = assignments.reading(act.tx, place)
    return [
        {**row, "reads": _reads(act, row) if row["id"] in writers else []}
        for row in roster.staff(act.tx, place)
    ]


def _reads(act: Act, row: Row) -> list[str]:
    """The live services whose cases somebody may read for other institutions."""
    taker, today = worklist.taker_of(row), act.now.astimezone(ZONE).date()
    live = [service for service in act.catalogue.services.values() if service.live]
    place = row["institution_id"]
    return [s.code for s in live if why_not_take(taker, s, place, "", today) is None]


def gaps(
    act: Act, standing: Sequence[Row], reads: Mapping[str, Sequence[str]], span: Stretch
) -> list[dict[str, Any]]:
    """Where nobody is on duty for what the institution promised to answer at once.

    `reads` says what each person may read: who may not does not cover.
    """
    place = act.subject.own_institution
    asked = {
        code
        for row in network.agreements_of(act.tx, place)
        if row["provider_id"] == place and row["since"] <= act.now < row["until"]
        for code in row["services"]
    }
    found = []
    for need in rules.needs(act.catalogue.deadlines, asked):
        covering = [
            (row["since"], row["until"])
            for row in standing
            if rules.readers([row], act.catalogue.duties, need.service, need.frozen)
            and need.service in reads.get(row["person_id"], ())
        ]
        working = act.catalogue.calendar.working(need.service, place)
        empty = rules.uncovered(need, covering, span, working)
        found.append(
            {
                "service": need.service,
                "frozen": need.frozen,
                "minutes": need.minutes,
                "gaps": [{"since": since, "until": until} for since, until in empty],
            }
        )
    return found


def day_kind(act: Act, day: date) -> str:
    """`off` for a public holiday, `swapped` for a week-end day that is worked, `weekend` or
    `work`."""
    days = act.catalogue.calendar.days
    kind = days.kind_of(day)
    if kind in (HOLIDAY, SWAPPED):
        return "off" if kind == HOLIDAY else "swapped"
    return "work" if days.is_workday(day) else "weekend"


# --- steps ----------------------------------------------------------------------------------------


def _begin(act: Act) -> None:
    """Only who keeps the roster, and one after the other."""
    act.subject.require(Permission.KEEP_ROSTER)
    act.tx.take_turn(f"roster {act.subject.own_institution}")


def _check(act: Act, duty: Duty) -> None:
    if duty.kind not in act.catalogue.duties:
        raise Problem("invalid", detail="kind")
    if unknown := set(duty.services) - set(act.catalogue.services):
        raise Problem("invalid", detail=f"services: {min(unknown)}")


def _put(act: Act, new: Sequence[Shift], replaces: str | None = None) -> list[str]:
    """The ids of new shifts that were found to be in order."""
    if len(new) > MOST:
        raise Problem("too-many-shifts", most=MOST)
    if not new or any(shift.until <= act.now for shift in new):
        raise Problem("shift-over")
    if max(shift.until for shift in new) > act.now + FURTHEST:
        raise Problem("invalid", detail=f"> {FURTHEST.days} d")
    known = {row["id"] for row in roster.staff(act.tx, act.subject.own_institution)}
    if {shift.person_id for shift in new} - known:
        raise Problem("not-found")
    _refuse_overlap(act, new)
    rows = [_row(act, shift, replaces) for shift in new]
    roster.add(act.tx, rows)
    made = [row["id"] for row in rows]
    _tell(act, Kind.DUTY_SET, made)
    return made


def _row(act: Act, shift: Shift, replaces: str | None) -> dict[str, Any]:
    return {
        "id": act.new_id(),
        "institution_id": act.subject.own_institution,
        "person_id": shift.person_id,
        "kind": shift.kind,
        "services": list(shift.services),
        "since": shift.since,
        "until": shift.until,
        "made_by": act.subject.account_id,
        "made_at": act.now,
        "replaces": replaces,
    }


def _refuse_overlap(act: Act, new: Sequence[Shift]) -> None:
    if not new:
        return
    met = rules.overlap(new, _standing(act, new))
    if met is not None:
        shift, (since, until) = met
        row, kind = people.person(act.tx, shift.person_id), act.catalogue.duties.get(shift.kind)
        word = shift.kind if kind is None else {"zh": kind.label.zh, "en": kind.label.en}
        name = "" if row is None else row["name"]
        raise Problem("shift-overlap", person=name, kind=word, since=since, until=until)


def _standing(act: Act, new: Sequence[Shift]) -> list[Row]:
    """The shifts that new ones could meet."""
    since, until = min(shift.since for shift in new), max(shift.until for shift in new)
    whose = {shift.person_id for shift in new}
    return roster.of_people(act.tx, act.subject.own_institution, whose, since, until)


def _found(act: Act, ids: Collection[str]) -> list[Row]:
    """Shifts of the own institution that are not over: all that were asked for, or a refusal."""
    rows = roster.some(act.tx, act.subject.own_institution, set(ids))
    if len(rows) != len(set(ids)):
        raise Problem("not-found")
    if any(row["until"] <= act.now for row in rows):
        raise Problem("shift-over")
    return rows


def _cancel(act: Act, rows: Sequence[Row]) -> None:
    for row in rows:
        roster.cancel(act.tx, row["id"], act.subject.account_id, act.now)
    _tell(act, Kind.DUTY_CANCELED, [row["id"] for row in rows])


def _tell(act: Act, kind: Kind, ids: Sequence[str]) -> None:
    """One fact of what one act did."""
    if ids:
        place = act.subject.own_institution
        who = act.subject.account_id
        act.tell(Fact(kind, act.now, who, place, (place,), data={"shifts": list(ids)}))


def _shift(row: Row) -> Shift:
    services = tuple(row["services"])
    return Shift(row["person_id"], row["kind"], services, row["since"], row["until"])


def _moved(row: Row, days: int) -> Shift:
    span: tuple[datetime, datetime] = rules.moved((row["since"], row["until"]), days)
    return Shift(row["person_id"], row["kind"], tuple(row["services"]), *span)
