"""Who took part in an appointment, from when until when, and where: the head of its minutes.

Everybody who sits in it, or was in its conference and did not only watch, took part unless they are
said to have been absent; somebody of one of the two institutions may have come besides. Times are
those of the conference's log; where nobody was in it, those of the session. What is told of a
person is what the register says then.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from telemed.actions import session_people
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.core.conference import Entry, Event, attendance
from telemed.core.conference_rules import Mode
from telemed.core.errors import Problem
from telemed.core.minutes import is_chair
from telemed.core.session_roles import SessionRole
from telemed.store import appointments, calendars, conferences, network, people, requests
from telemed.store.tx import Row

MOST_ALSO = 20
Times: TypeAlias = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Taker:
    """Somebody who took part, or was to. `side` is requester, provider or third; `also` were
    entered by hand to have come besides."""

    person_id: str
    name: str
    title: tuple[str, str]
    institution_id: str
    institution: str
    role: str
    chair: bool
    present: bool
    side: str
    also: bool = False
    joined: datetime | None = None
    left: datetime | None = None

    def told(self) -> dict[str, Any]:
        """As a signed text names them."""
        return {
            "id": self.person_id,
            "name": self.name,
            "title": self.title[0],
            "institution": {"id": self.institution_id, "name": self.institution},
            "role": self.role,
            "joined": self.joined,
            "left": self.left,
        }


def takers(act: Act, booked: Booked, row: Row) -> tuple[Taker, ...]:
    """Those who sit in it, then those who came besides; the chair first."""
    attended = _attended(act, booked)
    came = {
        **dict.fromkeys(attended, SessionRole.ATTENDED),
        **dict.fromkeys(row["also"], SessionRole.ALSO),
    }
    roles = session_people.roles(act, booked, came)
    seated = {seat["person_id"] for seat in booked.sitting}
    known = people.people_by_id(act.tx, list(roles))
    places = network.institution_refs(act.tx, {p["institution_id"] for p in known.values()})
    run = _run(act, booked)
    found = [
        Taker(
            person_id=key,
            name=known[key]["name"],
            title=people.title_words(known[key]["title"]),
            institution_id=known[key]["institution_id"],
            institution=places[known[key]["institution_id"]]["name"],
            role=role,
            chair=is_chair(role),
            present=key not in row["absent"],
            side=_side(booked, known[key]["institution_id"]),
            also=key in row["also"] and key not in seated,
            joined=_times(key, row, attended, run)[0],
            left=_times(key, row, attended, run)[1],
        )
        for key, role in roles.items()
        if key in known
    ]
    # Who sits in it, then who was named by hand, then whoever the log has.
    last = set(attended) - seated - set(row["also"])
    return tuple(sorted(found, key=lambda taker: (not taker.chair, taker.person_id in last)))


def _attended(act: Act, booked: Booked) -> dict[str, Times]:
    """When each was in the conference, in the order in which they came."""
    entries = [
        Entry(line["person_id"], line["institution_id"], Event(line["event"]), Mode(line["mode"]),
              line["at"], line["watches"])
        for line in conferences.log_of(act.tx, booked.id)
    ]  # fmt: skip
    found = attendance(entries, act.now)
    return {
        one.who: (one.first, None if one.stretches[-1].until is None else one.last)
        for one in found
        if not one.watched
    }


def _times(key: str, row: Row, attended: Mapping[str, Times], run: Times) -> Times:
    """Of somebody who was there without having been in the conference nothing is known, unless
    nobody was in it."""
    if key in row["absent"]:
        return None, None
    return attended.get(key, (None, None)) if attended else run


def _run(act: Act, booked: Booked) -> Times:
    at = {m["event"]: m["moved_at"] for m in appointments.moves(act.tx, booked.id)}
    return at.get("begin"), at.get("end")


def _side(booked: Booked, institution_id: str) -> str:
    if institution_id == booked.row["requester_id"]:
        return "requester"
    return "provider" if institution_id == booked.row["provider_id"] else "third"


def require_known(
    act: Act, booked: Booked, there: Collection[str], absent: Sequence[str], also: Sequence[str]
) -> None:
    """Absent is one of those named; besides came people of the two institutions, and not many."""
    known = people.people_by_id(act.tx, sorted(also))
    pair = {booked.row["requester_id"], booked.row["provider_id"]}
    if len(also) > MOST_ALSO or not set(absent) <= set(there) | set(also):
        raise Problem("invalid", detail="absent")
    for key in also:
        row = known.get(key)
        if row is None or row["institution_id"] not in pair or not row["active"]:
            raise Problem("not-found")


def place_of(act: Act, booked: Booked) -> str:
    """The rooms it was booked in; nothing where it was booked in none."""
    rooms = calendars.some_resources(act.tx, [room["resource_id"] for room in booked.rooms])
    named = [f"{room['place']} {room['name']}".strip() for room in rooms.values()]
    return "、".join(sorted(named))


def parties(act: Act, row: Row) -> dict[str, Any]:
    """The two institutions as a signed text names them."""
    names = network.institution_refs(act.tx, {row["requester_id"], row["provider_id"]})
    return {
        side: {"id": row[f"{side}_id"], "name": names[row[f"{side}_id"]]["name"]}
        for side in ("requester", "provider")
    }


def held(act: Act, booked: Booked) -> dict[str, Any]:
    """When it began and ended."""
    began, ended = _run(act, booked)
    return {"begun": began, "ended": ended}


def case_number(act: Act, request_id: str | None) -> dict[str, Any] | None:
    """The case by its id and number, which name nobody."""
    case = None if request_id is None else requests.get(act.tx, request_id)
    return None if case is None else {"id": case["id"], "number": case["number"]}
