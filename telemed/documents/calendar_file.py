"""A person's appointments as an iCalendar file (RFC 5545), for the calendar on their telephone.

Every time is UTC, so no zone and no rule of daylight changes travels with it, and nothing recurs.
Knows numbers, services and rooms; refuses to know patients.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from icalendar import Calendar, Event, vText

REFRESH: Final = timedelta(minutes=15)
"""How often a calendar is asked to look again (RFC 7986 5.7)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment as a calendar shows it. `revision` grows with every change."""

    uid: str
    title: str
    place: str
    status: str
    since: datetime
    until: datetime
    revision: int
    changed_at: datetime


def write_calendar(name: str, entries: Iterable[Entry]) -> bytes:
    """The file; `status` is TENTATIVE, CONFIRMED or CANCELLED (RFC 5545 3.8.1.11)."""
    calendar = Calendar()
    calendar.add("prodid", "-//telemed//appointments//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _line(name))
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry))
    written: bytes = calendar.to_ical()
    return written


def _line(text: str) -> vText:
    """Text of one line, escaped: a name never ends its property and begins another."""
    return vText("".join(" " if ord(sign) < 32 or ord(sign) == 127 else sign for sign in text))


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("summary", _line(entry.title))
    event.add("dtstart", entry.since)
    event.add("dtend", entry.until)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("sequence", entry.revision)
    event.add("status", entry.status)
    event.add("transp", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    # Whoever looks over a shoulder at a telephone sees that there is one, not more.
    event.add("class", "PRIVATE")
    if entry.place:
        event.add("location", _line(entry.place))
    return event
