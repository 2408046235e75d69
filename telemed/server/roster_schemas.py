"""The JSON contract of the roster. Days and hours are of Asia/Shanghai, moments are UTC."""

from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from telemed.server.schemas import Code, In, Out, Words

Weekday = Annotated[int, Field(ge=0, le=6)]


def _plain(at: time) -> time:
    if at.tzinfo is not None or at.second or at.microsecond:
        raise ValueError("hours and minutes of the clock, such as 08:30")
    return at


Clock = Annotated[time, AfterValidator(_plain)]


class DutyIn(In):
    """What for, and at which hours: an end that is not after the beginning is the next day's."""

    kind: Code
    services: list[Code] = Field(default=[], max_length=20)
    day: date
    begins: Clock
    ends: Clock


class ShiftIn(DutyIn):
    """One shift in the place of another."""

    person_id: Code


class AddIn(DutyIn):
    """People put on duty, once or on the weekdays (0 is Monday) of so many weeks.

    Without weekdays the day's own is meant. `calendar` leaves public holidays out and takes
    swapped working days in.
    """

    people: list[Code] = Field(min_length=1, max_length=50)
    weekdays: list[Weekday] = Field(default=[], max_length=7)
    weeks: int = Field(default=1, ge=1, le=26)
    calendar: bool = False


class CopyIn(In):
    """A week's shifts once more in the week of another day."""

    source: date
    target: date
    calendar: bool = True


class ShiftIds(In):
    ids: list[Code] = Field(min_length=1, max_length=300)


class RestoreIn(ShiftIds):
    """Shifts to be put back, and those to take off that stand in their place."""

    ids: list[Code] = Field(default=[], max_length=300)
    instead_of: list[Code] = Field(default=[], max_length=300)


class TableIn(In):
    """CSV with a header, one line for each shift; columns as an export has them."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=200_000)]


class RosterDone(Out):
    """What was done: ids of shifts, days left out as public holidays, swapped days taken in."""

    made: list[str]
    canceled: list[str]
    left_out: list[date]
    swapped: list[date]


class DayOut(Out):
    day: date
    kind: Literal["work", "weekend", "off", "swapped"]


class DutyPerson(Out):
    """Somebody who can be on duty; `reads` are the services of their licence."""

    id: str
    name: str
    title: Words
    department: str
    reads: list[str]


class ShiftOut(Out):
    id: str
    person_id: str
    person_name: str
    kind: str
    services: list[str]
    since: datetime
    until: datetime


class DutyKindOut(Out):
    code: str
    label: Words
    services: list[str]
    frozen: bool
    reads: bool


class DutyHoursOut(Out):
    code: str
    label: Words
    begins: Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d$")]
    ends: Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d$")]


class Gap(Out):
    since: datetime
    until: datetime


class CoverOut(Out):
    """A service promised within minutes, and when nobody is on duty for it."""

    service: str
    frozen: bool
    minutes: int
    gaps: list[Gap]


class RosterOut(Out):
    """The roster of the own institution for some weeks; gaps are told from now on."""

    seq: int
    now: datetime
    since: datetime
    until: datetime
    days: list[DayOut]
    people: list[DutyPerson]
    shifts: list[ShiftOut]
    kinds: list[DutyKindOut]
    hours: list[DutyHoursOut]
    cover: list[CoverOut]
    may_write: bool
    me: str | None
