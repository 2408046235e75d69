"""The JSON contract of calendars and of looking for a time.

A moment carries its offset from UTC, whichever zone it is told in; one without an offset is
refused, since nobody knows when it is. Hours of the clock and days are those of Asia/Shanghai.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from telemed.core.calendars import MOST_EVERY, MOST_ROWS, Kind, ResourceKind
from telemed.core.schedule import LONGEST, SHORTEST
from telemed.core.slots import Reason
from telemed.server.roster_schemas import Weekday
from telemed.server.schemas import Code, In, Out, Words

Role = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=30)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Minutes = Annotated[int, Field(ge=SHORTEST, le=LONGEST)]
Buffer = Annotated[int, Field(ge=0, le=120)]
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _of_our_time(at: datetime) -> datetime:
    """Beyond these no clock of ours counts, and a day more or less is no date any more."""
    if not _FIRST <= at <= _LAST:
        raise ValueError("a moment between 1900 and 2200")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]


# --- looking for a time ---------------------------------------------------------------------------


class SlotGroupIn(In):
    """Seats for so many of these people, or of an institution's bookable staff without any named.

    `chairs` are those of them who can lead: one is among them then.
    """

    role: Role
    people: list[Code] = Field(default=[], max_length=400)
    institution: Code | None = None
    department: Code | None = None
    count: int = Field(default=1, ge=1, le=20)
    chairs: list[Code] = Field(default=[], max_length=400)


class SlotPlaceIn(In):
    """One of these rooms or devices, or of all of a kind that an institution has."""

    kind: ResourceKind
    resources: list[Code] = Field(default=[], max_length=100)
    institution: Code | None = None
    units: int = Field(default=1, ge=1, le=1000)


class SlotSearchIn(In):
    """What is looked for. `grid_from`: where the grid of beginnings counts from, else midnight."""

    service: Code
    since: Moment
    until: Moment
    minutes: Minutes
    groups: list[SlotGroupIn] = Field(min_length=1, max_length=20)
    places: list[SlotPlaceIn] = Field(default=[], max_length=10)
    before: Buffer = 0
    after: Buffer = 0
    step: int = Field(default=15, ge=1, le=1440)
    grid_from: Moment | None = None
    urgent: bool = False
    working_hours: bool = False


class SittingOut(Out):
    """Who would take a seat; `instead_of` is whose leave they cover."""

    role: str
    person: str
    instead_of: str | None


class SlotOut(Out):
    """A time at which everything can be had; so many people more are free then."""

    since: datetime
    until: datetime
    sitting: list[SittingOut]
    resources: list[str]
    spare: int


class ClosingOut(Out):
    """At how many beginnings somebody or something could be had, and what closes it if none."""

    key: str
    starts: int
    reason: Reason | None
    words: Words | None


class NearestOut(Out):
    """Where most could be had, and the roles and kinds that lack there."""

    since: datetime
    missing: list[str]


class WhyNoneOut(Out):
    """Why there is no slot. Without one of the `blocking` roles or kinds there would be some."""

    reason: Reason
    words: Words
    people: list[ClosingOut]
    resources: list[ClosingOut]
    blocking: list[str]
    nearest: NearestOut | None


class NamedPerson(Out):
    id: str
    name: str
    title: Words
    institution_id: str


class NamedResource(Out):
    id: str
    kind: ResourceKind
    name: str
    place: str
    capacity: int
    institution_id: str


class SlotsOut(Out):
    """The slots, and who and what they name; with none, why."""

    slots: list[SlotOut]
    more: bool
    why: WhyNoneOut | None
    people: list[NamedPerson]
    resources: list[NamedResource]


class Stretch(Out):
    since: datetime
    until: datetime


class FreeOut(Out):
    """What is left of somebody's hours."""

    person_id: str
    free: list[Stretch]


class BookableOut(Out):
    """Who and what of an institution can be asked for."""

    people: list[NamedPerson]
    resources: list[NamedResource]


# --- keeping calendars ----------------------------------------------------------------------------


class WeeklyIn(In):
    """Hours of the clock on weekdays (0 is Monday); an end that is not later is the next day's."""

    weekdays: list[Weekday] = Field(min_length=1, max_length=7)
    begins: ClockTime
    ends: ClockTime
    first: date = Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))
    last: date | None = Field(default=None, ge=date(2000, 1, 1), le=date(2100, 1, 1))
    every: int = Field(default=1, ge=1, le=MOST_EVERY)
    calendar: bool = True


class HoursIn(In):
    """All weekly hours from now on, in the place of those that stand."""

    rows: list[WeeklyIn] = Field(max_length=MOST_ROWS)


class ExceptionIn(In):
    """`extra` opens, `away` closes; `cover_id` sits in the place of whoever is on leave."""

    kind: Kind
    since: Moment
    until: Moment
    cover_id: Code | None = None


class WeeklyOut(Out):
    weekdays: list[int]
    begins: str
    ends: str
    first: date
    last: date | None
    every: int
    calendar: bool


class ExceptionOut(Out):
    id: str
    kind: Kind
    since: datetime
    until: datetime
    cover_id: str | None


class CalendarOut(Out):
    """A calendar of one's own institution."""

    owner: Literal["people", "resources"]
    id: str
    hours: list[WeeklyOut]
    exceptions: list[ExceptionOut]


class ExceptionMade(Out):
    """The exception, and the appointments and lectures that stand within it."""

    id: str
    meets: list[str]
    lectures: list[str]


class ResourceIn(In):
    kind: ResourceKind
    name: Name
    place: Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)] = ""
    capacity: int = Field(default=1, ge=1, le=1000)
    active: bool = True


class ResourceChange(ResourceIn):
    """What it is from now on, and the version that was seen."""

    version: int


class ResourceOut(NamedResource):
    active: bool
    version: int


class ResourceList(Out):
    resources: list[ResourceOut]


class Made(Out):
    id: str


class LinkOut(Out):
    """A link; `read_at` is when its address was last read, to the hour."""

    id: str
    label: str
    made_at: datetime
    read_at: datetime | None


class LinkList(Out):
    """Links that still open one's calendar; the addresses themselves are not kept."""

    links: list[LinkOut]
