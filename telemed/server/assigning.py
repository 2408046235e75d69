"""Routes by which a case becomes somebody's before it is begun: assign, reserve, take back."""

from typing import Annotated, Any, Literal

from pydantic import Field

from telemed.actions import assigning as acts
from telemed.actions.act import Act
from telemed.actions.ranking import Online, Place
from telemed.bus.presence import Presence
from telemed.core.access import Permission
from telemed.core.assignment_rules import cap_of, points
from telemed.core.ranking import REASONS, Light
from telemed.server import cases
from telemed.server import schemas as s
from telemed.server.routing import Call, Route
from telemed.store import requests
from telemed.store.people import title_words
from telemed.store.tx import Row

CaseId = Annotated[str, Field(min_length=1, max_length=64)]


class AssignIn(s.In):
    """Who is to read it."""

    person_id: str = Field(min_length=1, max_length=64)


class ReserveIn(s.In):
    """Cases to set aside for oneself: all of them or none."""

    requests: list[CaseId] = Field(min_length=1, max_length=acts.MOST_RESERVED)


class ReasonOut(s.Out):
    """One reason of a place in the ranking."""

    code: str
    label: s.Words


class CandidateOut(s.Out):
    """Somebody who might read a case, in their place of the ranking.

    `light` is green when the rule would give it to them, amber when a person may, red when nobody
    may; `why_not` is the reason of a red one. `measure` is the load that was compared. `on_duty` is
    null where no roster is kept, `online` where nobody knows.

    `open` claims, `waiting` cases assigned or reserved, `done` reports issued today; `in_hand` the
    points of the first two, `in_shift` with what was completed since the shift began, each with
    the most there may be, null where there is no cap. `share` is the part of a full one's work.
    """

    person_id: str
    name: str
    title: s.Words
    department: str
    light: Literal["green", "amber", "red"]
    why_not: s.Words | None
    reasons: list[ReasonOut]
    measure: float
    on_duty: bool | None
    online: bool | None
    open: int
    waiting: int
    done: int
    in_hand: float
    in_hand_cap: float | None
    in_shift: float
    in_shift_cap: float | None
    share: float


class CandidateList(s.Out):
    """The ranking, what the case weighs, and the name of the rule."""

    rule: str
    points: float
    items: list[CandidateOut]


async def assign(call: Call) -> Any:
    """Give a case to somebody."""
    body = call.body(AssignIn)
    return await call.step(lambda act, case: acts.assign(act, case, body.person_id), cases.full)


async def unassign(call: Call) -> Any:
    """Open it to everybody again."""
    return await call.step(acts.unassign, cases.full)


async def reserve(call: Call) -> Any:
    """Set cases aside for oneself."""
    body = call.body(ReserveIn)

    def do(act: Act) -> dict[str, bool]:
        acts.reserve(act, list(dict.fromkeys(body.requests)))
        return {"ok": True}

    return await call.act(do)


async def candidates(call: Call) -> Any:
    """Everybody who might read a case."""
    online = online_of(call.services.presence, call.subject.institution_id)

    def ask(act: Act) -> dict[str, Any]:
        found = acts.candidates(act, call.path("id"), online)
        row = requests.get(act.tx, call.path("id"))
        assert row is not None, "the door has found it"
        rules = act.catalogue.assignment
        return {
            "rule": rules.version,
            "points": points(rules, row["service"], row["modality"]),
            "items": [_candidate(act, row, place) for place in found],
        }

    return await call.ask(ask)


def online_of(presence: Presence, institution_id: str | None) -> Online:
    """Who of an institution is connected; read on the loop, where presence lives."""
    here = {one.person_id for _, one in presence.everybody() if one.place == institution_id}
    return Online(frozenset(person for person in here if person is not None), presence.whole)


def _candidate(act: Act, row: Row, place: Place) -> dict[str, Any]:
    zh, en = title_words(place.person["title"])
    ranked, who = place.ranked, place.ranked.candidate
    why_not = ranked.reasons[0] if ranked.light is Light.RED else None
    return {
        "person_id": place.person["id"],
        "name": place.person["name"],
        "title": {"zh": zh, "en": en},
        "department": place.person["department"],
        "light": ranked.light.value,
        "why_not": None if why_not is None else cases.words(REASONS[why_not]),
        "reasons": [{"code": c, "label": cases.words(REASONS[c])} for c in ranked.reasons],
        "measure": ranked.measure,
        "on_duty": who.on_duty,
        "online": who.online,
        **_load(act, row, place),
    }


def _load(act: Act, row: Row, place: Place) -> dict[str, Any]:
    has = place.load.burden
    most = cap_of(act.catalogue.assignment, row["provider_id"], row["service"], has.limits)
    return {
        "open": place.load.open,
        "waiting": place.load.waiting,
        "done": place.load.done,
        "in_hand": has.in_hand,
        "in_hand_cap": most.in_hand,
        "in_shift": has.in_shift,
        "in_shift_cap": most.in_shift,
        "share": most.share,
    }


_ONE = "/api/requests/{id}"
ROUTES = (
    Route("POST", f"{_ONE}/assign", assign, Permission.ASSIGN_WORK, "Assign to a reader",
          body=AssignIn, returns=s.RequestOut),
    Route("POST", f"{_ONE}/unassign", unassign, Permission.READ_QUEUE,
          "No longer assigned or reserved", returns=s.RequestOut),
    Route("GET", f"{_ONE}/candidates", candidates, Permission.ASSIGN_WORK,
          "Who could read it, and why not", returns=CandidateList),
    Route("POST", "/api/worklist/reserve", reserve, Permission.WRITE_REPORTS,
          "Set cases aside for oneself", body=ReserveIn, returns=s.Done),
)  # fmt: skip
