"""Routes of conferences: what an invited person sees of one, and what is done beside the socket."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import Field

from telemed.actions import conferences as acts
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.core import appointment, conference
from telemed.core.access import Permission as P
from telemed.core.conference import MACHINE, Entry, Event, Standing, State
from telemed.core.conference_rules import MODE_WORDS, JoinCard, Line, LineTerms, Mode
from telemed.core.errors import Problem
from telemed.core.turn import turn_pass
from telemed.server import conference_schemas as s
from telemed.server.appointments import steps_of
from telemed.server.availability import named_person
from telemed.server.conference_rooms import way_of
from telemed.server.live import LIVE
from telemed.server.routing import Call, Route
from telemed.server.schemas import Done, In
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.store import accounts, conferences, network, people
from telemed.store.tx import Row

ONE: Final = "/api/appointments/{id}/conference"


class SaidQuery(In):
    """What was said after a number."""

    after: int = Field(default=0, ge=0)


async def show(call: Call) -> Any:
    """A conference for an invited person."""
    return await call.ask(lambda act: _whole(act, call.path("id"), call.services))


async def say(call: Call) -> Any:
    """Write to everybody who is in it."""
    key, text = call.path("id"), call.body(s.SayIn).text

    def do(act: Act) -> dict[str, Any]:
        row = acts.say(act, key, text)
        (said,) = _said(act, [row])
        return said

    said = await call.act(do, quiet=True)
    data = {name: said[name] for name in ("n", "person_id", "text")}
    data["said_at"] = said["said_at"].isoformat()
    rooms = call.request.app[LIVE].rooms
    rooms.tell(key, {"from": None, "to": None, "kind": "chat", "data": data})
    return said


async def said(call: Call) -> Any:
    """What was written."""
    after = call.query(SaidQuery).after

    def ask(act: Act) -> dict[str, Any]:
        return {"words": _said(act, acts.said(act, call.path("id"), after))}

    return await call.ask(ask)


async def phone(call: Call) -> Any:
    """Somebody is there by telephone."""
    body = call.body(s.PhoneIn)
    await call.act(lambda act: acts.by_phone(act, call.path("id"), body.person_id, body.joined))
    return {}


_RELAYS: Final = {True: "works", False: "fails", None: "none"}


async def check(call: Call) -> Any:
    """Keep what a device and line check found."""
    body = call.body(s.FoundIn)
    line = Line(body.down_kbps, body.up_kbps, body.round_trip_ms)
    found = body.model_dump()
    verdict = await call.act(lambda act: acts.check(act, call.path("id"), found, line))
    call.request.app[LIVE].rooms.counted[f"relay-{_RELAYS[body.relay]}"] += 1
    return {"verdict": verdict, "verdict_words": mode_words(verdict)}


# --- how it is told -------------------------------------------------------------------------------


def _whole(act: Act, key: str, services: Services) -> dict[str, Any]:
    settings = services.settings
    booked, standing = acts.stands(act, key)
    row, rules, is_open = booked.row, act.catalogue.conference, _is_open(act, booked)
    to = acts.invitation(act, booked)
    members, log = conferences.members(act.tx, key), conferences.log_of(act.tx, key)
    checks = conferences.checks(act.tx, key)
    seats = booked.sitting
    watching = _people(act, to.watching - to.taking_part)
    along = _people(act, to.accompanying - to.sitting)
    known = Names(act, [*members, *log, *checks, *seats, *watching, *along], row["requester_id"],
                  row["provider_id"])  # fmt: skip
    entries = [_entry(line) for line in log]
    attended = conference.attendance(entries, act.now)
    return {
        "appointment_id": key,
        **{name: row[name] for name in ("number", "service", "request_id", "requester_id",
                                        "provider_id", "since", "until", "state", "version")},
        "requester_name": known.place(row["requester_id"]),
        "provider_name": known.place(row["provider_id"]),
        "state_words": appointment.MACHINE.word(booked.state),
        "opens_at": conference.opens_at(row["since"]),
        "open": is_open,
        "may": [*(s for s in ("begin", "end") if s in steps_of(act, booked)["allowed"]),
                *acts.may(act, booked)],
        "me": acts.key_of(act.subject),
        "standing": standing,
        "streams": [
            {"value": code, "label": {"zh": label.zh, "en": label.en}}
            for code, label in acts.streams_of(act, booked)
        ],
        "sends_streams": acts.sends_streams(act, booked) and standing is Standing.TAKES_PART,
        "along": [known.of(one) for one in along],
        "watchers": [known.of(one) for one in watching],
        "invited": [{**known.of(seat), "role": seat["role"]} for seat in seats],
        "members": [_member(one, known, seats) for one in members],
        "log": [_line(line, known) for line in log],
        "people": [_attended(one, known) for one in attended],
        "sides": [
            {"institution_id": side.institution, "institution_name": known.place(side.institution),
             "people": side.people, "first": side.first, "last": side.last,
             "seconds": side.seconds}
            for side in conference.sides(attended, act.now)
        ],
        "checks": [_check(one, known) for one in checks],
        "ice": _ice(settings, act) if is_open else [],
        "relay_only": settings.turn_only,
        "media": way_of(services, len(members)),
        "line": _terms(rules.line),
        "card": _card(rules.card_for(row["provider_id"], row["requester_id"]), known),
        "now": act.now,
    }  # fmt: skip


def _is_open(act: Act, booked: Booked) -> bool:
    try:
        conference.require_open(booked.state, booked.row["since"], act.now)
    except Problem:
        return False
    return True


class Names:
    """The names of people and institutions in a conference."""

    def __init__(self, act: Act, rows: Sequence[Row], *places: str) -> None:
        who = {row["person_id"] for row in rows}
        self._people = people.people_by_id(act.tx, who)
        self._accounts = accounts.by_ids(act.tx, who - set(self._people))
        named = {*places, *(row["institution_id"] for row in rows)}
        self._places = network.institution_refs(act.tx, named)

    def place(self, key: str) -> str:
        """An institution's name."""
        return str(self._places[key]["name"])

    def of(self, row: Row) -> dict[str, Any]:
        """Who and from where, of a row that names a person and an institution."""
        return {
            "person_id": row["person_id"],
            "name": self.name(row["person_id"]),
            "institution_id": row["institution_id"],
            "institution_name": self.place(row["institution_id"]),
        }

    def name(self, key: str) -> str:
        """A person's name, or that of an account that is nobody's."""
        if key in self._people:
            return str(self._people[key]["name"])
        found = self._accounts.get(key)
        return "" if found is None else str(found["display_name"])

    def title(self, key: str) -> Any:
        """A person's title."""
        return named_person(self._people[key])["title"] if key in self._people else None


def _people(act: Act, ids: Iterable[str]) -> list[Row]:
    """Rows that name people and their institutions."""
    found = people.people_by_id(act.tx, set(ids)).values()
    return [
        {"person_id": one["id"], "institution_id": one["institution_id"]}
        for one in sorted(found, key=lambda one: (one["institution_id"], one["id"]))
    ]


def _member(row: Row, known: Names, seats: Sequence[Row]) -> dict[str, Any]:
    who = row["person_id"]
    return {
        **{name: row[name] for name in ("id", "state", "mode", "watches", "entered_at")},
        **known.of(row),
        "streams": {},
        **row["flags"],
        "title": known.title(who),
        "roles": [seat["role"] for seat in seats if seat["person_id"] == who],
        "state_words": MACHINE.word(State(row["state"])),
    }


def _line(row: Row, known: Names) -> dict[str, Any]:
    return {**row, **known.of(row), "event_words": MACHINE.word(Event(row["event"]))}


def _entry(row: Row) -> Entry:
    return Entry(
        row["person_id"], row["institution_id"], Event(row["event"]), Mode(row["mode"]), row["at"],
        row["watches"],
    )  # fmt: skip


def _attended(one: conference.Attended, known: Names) -> dict[str, Any]:
    return {
        **known.of({"person_id": one.who, "institution_id": one.institution}),
        "first": one.first,
        "last": one.last,
        "seconds": one.seconds,
        "drops": one.drops,
        "watched": one.watched,
        "stretches": [{"since": x.since, "until": x.until, "mode": x.mode} for x in one.stretches],
    }


def _check(row: Row, known: Names) -> dict[str, Any]:
    words = mode_words(Mode(row["verdict"]))
    return {**row, **known.of(row), "verdict_words": words}


def mode_words(mode: Mode) -> dict[str, str]:
    """A mode in both languages."""
    zh, en = MODE_WORDS[mode]
    return {"zh": zh, "en": en}


def _ice(settings: Settings, act: Act) -> list[dict[str, Any]]:
    """The TURN servers with a pass that ends by itself and names nobody."""
    if not (settings.turn_urls and settings.turn_secret):
        return []
    lasts = timedelta(minutes=settings.turn_minutes)
    given = turn_pass(settings.turn_secret, act.new_id(), act.now, lasts)
    return [
        {
            "urls": settings.turn_urls,
            "username": given.username,
            "credential": given.credential,
        }
    ]


def _card(card: JoinCard | None, known: Names) -> dict[str, Any] | None:
    if card is None:
        return None
    return {
        "institution_name": known.place(card.institution),
        "bridge": card.bridge,
        "meeting": card.meeting,
        "pin": card.pin,
        "note": {"zh": card.note_zh, "en": card.note_en},
    }


def _terms(terms: LineTerms) -> Mapping[str, int]:
    return {
        "video_kbps": terms.video_kbps,
        "still_kbps": terms.still_kbps,
        "slow_ms": terms.slow_ms,
        "still_seconds": terms.still_seconds,
    }


def _said(act: Act, rows: Sequence[Row]) -> list[dict[str, Any]]:
    known = Names(act, rows)
    return [{**row, **known.of(row)} for row in rows]


ROUTES = (
    Route("GET", ONE, show, P.SEE_CALENDARS,
          "A conference: members, log, attendance, how to connect", returns=s.ConferenceOut),
    Route("GET", f"{ONE}/words", said, P.SEE_CALENDARS, "What was written in a conference",
          query=SaidQuery, returns=s.SaidList),
    Route("POST", f"{ONE}/words", say, P.SEE_CALENDARS,
          "Write to everybody in the conference; it is kept with the case", body=s.SayIn,
          returns=s.SaidOut, created=True),
    Route("POST", f"{ONE}/checks", check, P.SEE_CALENDARS,
          "Keep what a device and line check found; how to begin", body=s.FoundIn,
          returns=s.CheckedOut, created=True),
    Route("POST", f"{ONE}/phone", phone, P.SEE_CALENDARS,
          "Somebody is there by telephone, or has hung up", body=s.PhoneIn, returns=Done),
)  # fmt: skip
