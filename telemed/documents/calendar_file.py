"""A person's appointments as an iCalendar file (RFC 5545), for the calendar on their telephone; and
one of them as a message that a calendar takes in (RFC 5546).

Every time is UTC, so no zone and no rule of daylight changes travels with it, and nothing recurs.
Knows numbers, services and rooms; refuses to know patients.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from icalendar import Calendar, Event, vCalAddress, vText

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


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom a message is for, by their address. `answer` is a PARTSTAT (RFC 5545 3.2.12); whoever
    does not take part booked it."""

    address: str
    takes_part: bool
    answer: str


def write_message(
    method: str, entry: Entry, organizer: str, guest: Guest, link: str, stamp: datetime
) -> bytes:
    """One event for one person: REQUEST it, or CANCEL it (RFC 5546 3.2.2, 3.2.5). Nobody else is
    named in it, and it asks for no answer, which is given on the platform."""
    calendar = Calendar()
    calendar.add("prodid", "-//telemed//appointments//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    event = _event(entry)
    if method == "CANCEL" and entry.status != "CANCELLED":
        event.pop("status")  # it goes on without this guest: RFC 5546 3.2.5, table note 1
    event.pop("dtstamp")
    event.add("dtstamp", stamp)  # with a METHOD it is when the message was made (3.8.7.2)
    event.add("organizer", vCalAddress(f"mailto:{organizer}"))
    event.add(
        "attendee",
        vCalAddress(f"mailto:{guest.address}"),
        parameters={
            "cutype": "INDIVIDUAL",
            "role": "REQ-PARTICIPANT" if guest.takes_part else "NON-PARTICIPANT",
            "partstat": guest.answer,
            "rsvp": "FALSE",
        },
    )
    event.add("url", link)
    calendar.add_component(event)
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
