"""Who took part in an appointment, from when until when, and where: the head of its minutes.

Everybody who sits in it took part unless they are said to have been absent; somebody of one of the
two institutions may have come besides. What is told of a person is what the register says then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.core.errors import Problem
from telemed.core.minutes import is_chair
from telemed.store import appointments, calendars, network, people, requests
from telemed.store.tx import Row

MOST_ALSO = 20


@dataclass(frozen=True, slots=True)
class Taker:
    """Somebody who took part, or was to. `side` is requester, provider or third."""

    person_id: str
    name: str
    title: tuple[str, str]
    institution_id: str
    institution: str
    role: str
    chair: bool
    present: bool
    side: str
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
    seats = {seat["person_id"]: seat["role"] for seat in booked.sitting}
    roles = {**seats, **{key: "also" for key in row["also"] if key not in seats}}
    known = people.people_by_id(act.tx, list(roles))
    places = network.institution_refs(act.tx, {p["institution_id"] for p in known.values()})
    began, ended = _run(act, booked)
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
            joined=None if key in row["absent"] else began,
            left=None if key in row["absent"] else ended,
        )
        for key, role in roles.items()
        if key in known
    ]
    return tuple(sorted(found, key=lambda taker: not taker.chair))


def _run(act: Act, booked: Booked) -> tuple[datetime | None, datetime | None]:
    at = {m["event"]: m["moved_at"] for m in appointments.moves(act.tx, booked.id)}
    return at.get("begin"), at.get("end")


def _side(booked: Booked, institution_id: str) -> str:
    if institution_id == booked.row["requester_id"]:
        return "requester"
    return "provider" if institution_id == booked.row["provider_id"] else "third"


def require_known(act: Act, booked: Booked, absent: Sequence[str], also: Sequence[str]) -> None:
    """Absent is who sits in it; besides came people of the two institutions, and not many."""
    sitting = {seat["person_id"] for seat in booked.sitting}
    known = people.people_by_id(act.tx, sorted(also))
    pair = {booked.row["requester_id"], booked.row["provider_id"]}
    if len(also) > MOST_ALSO or not set(absent) <= sitting | set(also):
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
