"""Routes of looking for a time, and how what was found is told."""

from typing import Any

from telemed.actions import availability as acts
from telemed.actions.act import Act
from telemed.actions.availability import Answer, Group, Place, Search
from telemed.core.access import Permission as P
from telemed.core.intervals import moment
from telemed.core.slots import WORDS, Closing, Reason, Slot, WhyNone
from telemed.server import calendar_schemas as cs
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.store.people import title_words
from telemed.store.tx import Row


class StretchQuery(Query):
    """A stretch of time."""

    since: cs.Moment
    until: cs.Moment


async def slots(call: Call) -> Any:
    """The slots of a search."""
    search = search_of(call.body(cs.SlotSearchIn))
    answer = await call.ask(lambda act: acts.slots(act, search))
    return slots_out(answer)


async def free(call: Call) -> Any:
    """What is left of somebody's hours."""
    query, person = call.query(StretchQuery), call.path("id")
    spans = await call.ask(lambda act: acts.free_time(act, person, query.since, query.until))
    return {
        "person_id": person,
        "free": [{"since": moment(a), "until": moment(b)} for a, b in spans],
    }


async def bookable(call: Call) -> Any:
    """Who and what of an institution can be asked for."""

    def ask(act: Act) -> dict[str, Any]:
        staff, rooms = acts.bookable(act, call.path("id"))
        return {
            "people": [named_person(row) for row in staff],
            "resources": [named_resource(row) for row in rooms],
        }

    return await call.ask(ask)


def search_of(body: cs.SlotSearchIn) -> Search:
    """A body as the actions read it."""
    plain = body.model_dump(exclude={"groups", "places"})
    return Search(
        **plain,
        groups=tuple(
            Group(**{**g.model_dump(), "people": tuple(g.people), "chairs": tuple(g.chairs)})
            for g in body.groups
        ),
        places=tuple(
            Place(p.kind.value, tuple(p.resources), p.institution, p.units) for p in body.places
        ),
    )


def slots_out(answer: Answer) -> dict[str, Any]:
    """Slots, and the names of those who are in them or could have been."""
    found = answer.found
    shown: set[str] = set()
    for slot in found.slots:
        for sitting in slot.sitting:
            shown |= {sitting.person, sitting.instead_of or sitting.person}
    if found.why is not None:
        shown |= {closing.key for closing in found.why.people}
    return {
        "slots": [_slot(slot) for slot in found.slots],
        "more": found.more,
        "why": None if found.why is None else why_out(found.why),
        "people": [named_person(r) for key, r in sorted(answer.people.items()) if key in shown],
        "resources": [named_resource(row) for row in answer.resources.values()],
    }


def _slot(slot: Slot) -> dict[str, Any]:
    return {
        "since": moment(slot.since),
        "until": moment(slot.until),
        "sitting": [
            {"role": s.role, "person": s.person, "instead_of": s.instead_of} for s in slot.sitting
        ],
        "resources": list(slot.resources),
        "spare": slot.spare,
    }


def why_out(why: WhyNone) -> dict[str, Any]:
    """Why there is none, in words."""
    near = why.nearest
    return {
        "reason": why.reason,
        "words": words_of(why.reason),
        "people": [_closing(one) for one in why.people],
        "resources": [_closing(one) for one in why.resources],
        "blocking": list(why.blocking),
        "nearest": near and {"since": moment(near.since), "missing": list(near.missing)},
    }


def _closing(one: Closing) -> dict[str, Any]:
    return {
        "key": one.key,
        "starts": one.starts,
        "reason": one.reason,
        "words": None if one.reason is None else words_of(one.reason),
    }


def words_of(reason: Reason) -> dict[str, str]:
    """A reason in both languages."""
    zh, en = WORDS[reason]
    return {"zh": zh, "en": en}


def named_person(row: Row) -> dict[str, Any]:
    """What a calendar tells of a person."""
    zh, en = title_words(row["title"])
    return {
        "id": row["id"],
        "name": row["name"],
        "title": {"zh": zh, "en": en},
        "institution_id": row["institution_id"],
    }


def named_resource(row: Row) -> dict[str, Any]:
    """What a calendar tells of a room or a device."""
    keys = ("id", "kind", "name", "place", "capacity", "institution_id")
    return {key: row[key] for key in keys}


ROUTES = (
    Route("POST", "/api/availability/slots", slots, P.SEE_CALENDARS,
          "Times at which everybody and everything can be had", body=cs.SlotSearchIn,
          returns=cs.SlotsOut),
    Route("GET", "/api/availability/people/{id}", free, P.SEE_CALENDARS,
          "What is left of somebody's hours", query=StretchQuery, returns=cs.FreeOut),
    Route("GET", "/api/availability/institutions/{id}", bookable, P.SEE_CALENDARS,
          "Who and what of an institution can be asked for", returns=cs.BookableOut),
)  # fmt: skip
