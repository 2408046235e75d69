"""Routes by which a case becomes somebody's before it is begun: assign, reserve, take back."""

from collections.abc import Iterable
from typing import Any

from telemed.actions import assigning as acts
from telemed.actions import decided
from telemed.actions.act import Act
from telemed.actions.ranking import Online, Place, online_at
from telemed.core.access import Permission
from telemed.core.assignment import Mode
from telemed.core.assignment_rules import cap_of, points
from telemed.core.catalogue import Words
from telemed.core.ranking import REASONS, Light
from telemed.server import assignment_schemas as sch
from telemed.server import case_schemas as rs
from telemed.server import cases
from telemed.server import schemas as s
from telemed.server.routing import Call, Route
from telemed.store.people import title_words
from telemed.store.tx import Row


async def assign(call: Call) -> Any:
    """Give a case to somebody."""
    body, online = call.body(sch.AssignIn), _online(call)
    return await call.step(
        lambda act, case: acts.assign(act, case, body.person_id, online), cases.full
    )


async def unassign(call: Call) -> Any:
    """Open it to everybody again."""
    return await call.step(acts.unassign, cases.full)


async def reserve(call: Call) -> Any:
    """Set cases aside for oneself."""
    body = call.body(sch.ReserveIn)

    def do(act: Act) -> dict[str, bool]:
        acts.reserve(act, list(dict.fromkeys(body.requests)))
        return {"ok": True}

    return await call.act(do)


async def candidates(call: Call) -> Any:
    """Everybody who might read a case."""
    online = _online(call)

    def ask(act: Act) -> dict[str, Any]:
        case, found = acts.candidates(act, call.path("id"), online)
        row, rules = case.row, act.catalogue.assignment
        mode = decided.mode_of(act, row["provider_id"], row["service"])
        first = found[0].ranked if found else None
        suggests = mode is not Mode.OFF and first is not None and first.light is Light.GREEN
        return {
            "rule": rules.version,
            "points": points(rules, row["service"], row["modality"]),
            "mode": mode.value,
            "suggested": first.person_id if first is not None and suggests else None,
            "items": [_candidate(act, row, place) for place in found],
        }

    return await call.ask(ask)


def _online(call: Call) -> Online:
    return online_at(call.services.presence, call.subject.institution_id)


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
        "reasons": reasons(ranked.reasons),
        "measure": ranked.measure,
        "on_duty": who.on_duty,
        "online": who.online,
        **_load(act, row, place),
    }


def reasons(codes: Iterable[str]) -> list[dict[str, Any]]:
    """Reasons of a ranking in words; a code that is no longer known stands for itself."""
    return [
        {"code": code, "label": cases.words(REASONS.get(code, Words(code, code)))} for code in codes
    ]


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
          body=sch.AssignIn, returns=rs.RequestOut),
    Route("POST", f"{_ONE}/unassign", unassign, Permission.READ_QUEUE,
          "No longer assigned or reserved", returns=rs.RequestOut),
    Route("GET", f"{_ONE}/candidates", candidates, Permission.ASSIGN_WORK,
          "Who could read it, and why not", returns=sch.CandidateList),
    Route("POST", "/api/worklist/reserve", reserve, Permission.WRITE_REPORTS,
          "Set cases aside for oneself", body=sch.ReserveIn, returns=s.Done),
)  # fmt: skip
