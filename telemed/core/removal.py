"""Images that are hidden, replaced or deleted: what may be done, and how long they are kept.

Hiding takes images out of every list and can be undone. Deleting is for what has been hidden, by
somebody else than the person who hid it, with nobody's hold on it and after the years that a
record must be kept (`configs/retention.toml`). Nothing is taken from a case that is being read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from telemed.core import request
from telemed.core.catalogue import Retention
from telemed.core.errors import Problem
from telemed.core.machine import Machine


class Kind(StrEnum):
    """Why instances are no longer shown."""

    HIDDEN = "hidden"
    REPLACED = "replaced"


class Level(StrEnum):
    """How much was taken out."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


class State(StrEnum):
    """Where a removal is."""

    OUT = "out"
    RESTORED = "restored"
    DELETED = "deleted"


class Event(StrEnum):
    """What may happen to a removal."""

    RESTORE = "restore"
    DELETE = "delete"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.OUT: {Event.RESTORE: State.RESTORED, Event.DELETE: State.DELETED},
    State.RESTORED: {},
    State.DELETED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="removal",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.OUT: ("已撤下", "taken out"),
            State.RESTORED: ("已恢复", "put back"),
            State.DELETED: ("已删除", "deleted"),
            Event.RESTORE: ("恢复", "put back"),
            Event.DELETE: ("删除", "delete"),
        }
    ),
)

BEING_READ = frozenset({request.State.OPEN, request.State.RETURNED})
"""A case in these states may be read at any moment: nothing is taken from under the reader."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long images are kept: from which day, and the first day on which they may be deleted
    by kind of record. `from_arrival` where the study tells no day of its own."""

    since: date
    from_arrival: bool
    until: Mapping[str, date]

    @property
    def longest(self) -> date:
        """What counts where nobody says which kind the record is."""
        return max(self.until.values())


def keeping(study_date: str, received: datetime, table: Iterable[Retention]) -> Keeping:
    """How long the images of a study (its StudyDate, and when it came) are kept."""
    since = study_day(study_date, received)
    until = {row.kind: _years_later(since, row.years) for row in table}
    return Keeping(since, f"{since:%Y%m%d}" != study_date, until)


def _years_later(day: date, years: int) -> date:
    # A leap day's years end on the 28th: the last year may have no 29th.
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if leap else day.day)


def require_not_being_read(states: Iterable[request.State]) -> None:
    """Problem("study-in-use") while a case that shows the images is open."""
    if BEING_READ & set(states):
        raise Problem("study-in-use")


def require_other_person(hid: str, deletes: str) -> None:
    """Problem("second-person") when the one who hid images would delete them too."""
    if hid == deletes:
        raise Problem("second-person")


def require_retention_over(until: date, today: date) -> None:
    """Problem("retention") before the last day of keeping has passed."""
    if today < until:
        raise Problem("retention", until=until.isoformat())


def study_day(study_date: str, received: datetime) -> date:
    """The day that keeping counts from: the study's, or the day it came where it tells none."""
    try:
        told = datetime.strptime(study_date, "%Y%m%d").date()  # noqa: DTZ007 - a date
    except ValueError:
        return received.date()
    # A study cannot be older than it says and younger than its arrival.
    return min(told, received.date()) if told.year > 1900 else received.date()
