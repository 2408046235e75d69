"""Deadlines, the working calendar, the roster's hours: `configs/deadlines.toml`, `calendar.toml`
and `roster.toml`, validated.

China's public holidays and swapped working days (调休) come from chinesecalendar, which knows the
years the State Council has announced; what the file names itself (a region's own holidays, a year
that the library does not know yet) goes before it. Refuses to guess: after the last day that
anybody has announced Monday to Friday are worked, and that day is said on the system page.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Final

from chinese_calendar import constants as announced
from pydantic import BaseModel, ConfigDict, Field, model_validator

from telemed.core.catalogue import Count, Deadline, DutyHours, DutyKind, Owed, Timers, Words
from telemed.core.clocks import SIDES, Side, Turn
from telemed.core.workdays import KINDS, Calendar, Days, Hours, HoursRow, Span

_SPAN: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_URGENCY: Final = "^(routine|urgent|stat)$"
_MOST_DAYS: Final = 60
_FRIDAY: Final = 4


@dataclass(frozen=True, slots=True)
class Timetable:
    """Everything that says when something is due."""

    deadlines: tuple[Deadline, ...]
    owed: tuple[Owed, ...]
    timers: Timers
    calendar: Calendar
    duties: tuple[DutyKind, ...]
    duty_hours: tuple[DutyHours, ...]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Deadline(_Row):
    service: str
    urgency: str = Field(pattern=_URGENCY)
    minutes: int = Field(ge=1, le=525_600)
    modality: str | None = None
    frozen: bool | None = None
    clock: Count = Count.CLOCK


class _Owed(_Row):
    turn: Turn
    urgency: str = Field(pattern=_URGENCY)
    minutes: int = Field(ge=1, le=525_600)
    clock: Count = Count.CLOCK

    @model_validator(mode="after")
    def _is_the_requesters(self) -> "_Owed":
        if SIDES[self.turn] is not Side.REQUESTER:
            raise ValueError(f"{self.turn.value} is not the requester's turn")
        return self


class _CriticalTimers(_Row):
    notify_minutes: int = Field(ge=1)
    acknowledge_minutes: int = Field(ge=1)


class _LeaseTimers(_Row):
    lease_minutes: int = Field(ge=1)
    heartbeat_seconds: int = Field(ge=5)
    reservation_minutes: int = Field(ge=1)
    aside_minutes: int = Field(ge=1)


class _Shift(_Row):
    begins: list[time] = Field(min_length=1)


class _Deadlines(_Row):
    timezone: str = Field(pattern="^Asia/Shanghai$")
    deadline: list[_Deadline]
    owed: list[_Owed] = []
    critical: _CriticalTimers
    claim: _LeaseTimers
    shift: _Shift


class _Label(_Row):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _DutyKind(_Row):
    code: str = Field(pattern="^[a-z-]+$")
    label: _Label
    services: list[str] = []
    frozen: bool = False
    reads: bool = True


class _DutyHours(_Row):
    code: str = Field(pattern="^[a-z-]+$")
    label: _Label
    begins: time
    ends: time


class _Roster(_Row):
    kind: list[_DutyKind] = Field(min_length=1)
    hours: list[_DutyHours] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_are_of_one(self) -> "_Roster":
        for rows in (self.kind, self.hours):
            codes = [row.code for row in rows]
            if len(set(codes)) < len(codes):
                raise ValueError("two rows have one code")
        return self

    def kinds(self) -> tuple[DutyKind, ...]:
        return tuple(
            DutyKind(k.code, _words(k.label), tuple(k.services), k.frozen, k.reads)
            for k in self.kind
        )

    def usual(self) -> tuple[DutyHours, ...]:
        return tuple(DutyHours(h.code, _words(h.label), h.begins, h.ends) for h in self.hours)


class _Hours(_Row):
    """Hours by kind of day; a kind that is not named is off, a swapped day is as a Friday."""

    days: Mapping[str, list[str]]
    service: str | None = None
    institution: str | None = None

    def core(self) -> HoursRow:
        if unknown := set(self.days) - {*KINDS, "weekdays"}:
            raise ValueError(f"no kind of day: {', '.join(sorted(unknown))}")
        every = self.days.get("weekdays", [])
        kinds = {kind: every for kind in KINDS[:5]} | dict(self.days)
        kinds.setdefault("swapped", kinds["friday"])
        spans = tuple(tuple(map(_span, kinds.get(kind, ()))) for kind in KINDS)
        return HoursRow(Hours(spans), self.service, self.institution)


class _Named(_Row):
    """Days in a row, both included."""

    first: date
    last: date
    label: Mapping[str, str] = {}

    def days(self) -> list[date]:
        count = (self.last - self.first).days
        if not 0 <= count < _MOST_DAYS:
            raise ValueError(f"not {self.first} to {self.last}")
        return [self.first + timedelta(days=n) for n in range(count + 1)]


class _Calendar(_Row):
    timezone: str = Field(pattern="^Asia/Shanghai$")
    known_until: date | None = None
    hours: list[_Hours] = Field(min_length=1)
    holiday: list[_Named] = []
    workday: list[_Named] = []

    @model_validator(mode="after")
    def _everybody_has_hours(self) -> "_Calendar":
        named = [(row.service, row.institution) for row in self.hours]
        if (None, None) not in named:
            raise ValueError("one [[hours]] names neither a service nor an institution")
        if len(set(named)) < len(named):
            raise ValueError("hours are given twice")
        return self

    def core(self) -> Calendar:
        return Calendar(self._days(), tuple(row.core() for row in self.hours))

    def _days(self) -> Days:
        """The announced days, with the file's own laid over them."""
        off, swapped = set(announced.holidays), set(announced.workdays)
        mine_off = {day for row in self.holiday for day in row.days()}
        mine_on = {day for row in self.workday for day in row.days()}
        if both := mine_off & mine_on:
            raise ValueError(f"both off and worked: {min(both)}")
        known = date(max(announced.holidays).year, 12, 31)
        return Days(
            off=frozenset((off - mine_on) | mine_off),
            swapped=frozenset({d for d in (swapped - mine_off) | mine_on if d.weekday() > _FRIDAY}),
            known_until=max(known, self.known_until or known),
        )


def load_timetable(configs: Path) -> Timetable:
    """All of it. A mistake in a file stops the start."""
    told = _Deadlines.model_validate(_toml(configs / "deadlines.toml"))
    calendar = _Calendar.model_validate(_toml(configs / "calendar.toml"))
    roster = _Roster.model_validate(_toml(configs / "roster.toml"))
    return Timetable(
        deadlines=tuple(
            Deadline(d.service, d.urgency, d.minutes, d.modality, d.frozen, d.clock)
            for d in told.deadline
        ),
        owed=tuple(Owed(o.turn.value, o.urgency, o.minutes, o.clock) for o in told.owed),
        timers=Timers(
            critical_notify=timedelta(minutes=told.critical.notify_minutes),
            critical_acknowledge=timedelta(minutes=told.critical.acknowledge_minutes),
            lease=timedelta(minutes=told.claim.lease_minutes),
            heartbeat=timedelta(seconds=told.claim.heartbeat_seconds),
            reservation=timedelta(minutes=told.claim.reservation_minutes),
            aside=timedelta(minutes=told.claim.aside_minutes),
            shifts=tuple(told.shift.begins),
        ),
        calendar=calendar.core(),
        duties=roster.kinds(),
        duty_hours=roster.usual(),
    )


def _words(label: _Label) -> Words:
    return Words(label.zh, label.en)


def _span(text: str) -> Span:
    """(480, 720) of 08:00-12:00."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"not hours: {text!r}; write 08:00-12:00")
    begin_hour, begin, end_hour, end = map(int, found.groups())
    return begin_hour * 60 + begin, end_hour * 60 + end


def _toml(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text("utf-8"))
