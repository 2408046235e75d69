"""Routes of the accompanying doctor: who is named for a session, and that they are there."""

from collections.abc import Mapping, Sequence
from typing import Any

from telemed.actions import accompanying as acts
from telemed.actions.accompanying import Attended
from telemed.actions.act import Act
from telemed.core import accompanying as rule
from telemed.core.access import Permission as P
from telemed.core.accompanying import FIT_WORDS, Fit
from telemed.server import aftercare_schemas as s
from telemed.server.availability import named_person
from telemed.server.cases import actor_names
from telemed.server.routing import Call, Route
from telemed.store import people
from telemed.store.tx import Row


async def show(call: Call) -> Any:
    """Who accompanies a session."""
    return await call.ask(lambda act: _whole(act, call.path("id")))


async def of_case(call: Call) -> Any:
    """Who accompanied the sessions of a case."""

    def ask(act: Act) -> dict[str, Any]:
        return {"items": told(act, acts.of_case(act, call.path("id")))}

    return await call.ask(ask)


async def name(call: Call) -> Any:
    """Somebody is named."""
    person = call.body(s.PersonIn).person_id
    return await call.step(lambda act, key: acts.name(act, key, person), _whole)


async def confirm(call: Call) -> Any:
    """Whoever is named is there."""
    person = call.body(s.PersonIn).person_id
    return await call.step(lambda act, key: acts.confirm(act, key, person), _whole)


def _whole(act: Act, appointment_id: str) -> dict[str, Any]:
    attended = acts.show(act, appointment_id)
    shown, allowed = told(act, attended.named), _allowed(act, attended)
    current = attended.current if "confirm" in allowed else None
    return {
        "appointment_id": attended.booked.id,
        "needed": attended.needed,
        "confirms": attended.confirms,
        "begun_by_name": attended.begun_by_name,
        "current": next((one for one in shown if one["replaced_at"] is None), None),
        "named": shown,
        "candidates": [
            {"person": named_person(row), "fit": fit, "fit_words": _words(fit)}
            for row, fit in acts.candidates(act, attended.booked)
        ],
        "allowed": allowed,
        "confirms_as": None if current is None else acts.confirms_as(act, current["person_id"]),
    }


def _allowed(act: Act, attended: Attended) -> list[str]:
    booked, current = attended.booked, attended.current
    found = ["name"] if acts.may_name(act, booked) else []
    ours = act.subject.institution_id == booked.row["requester_id"]
    if current is None or current["confirmed_at"] is not None or not ours:
        return found
    if booked.state in rule.CONFIRMS_IN and acts.confirms_as(act, current["person_id"]):
        found.append("confirm")
    return found


def told(act: Act, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows with the names of everybody in them."""
    staff = people.people_by_id(act.tx, {row["person_id"] for row in rows})
    accounts: Mapping[str, str] = actor_names(
        act, [row[key] for row in rows for key in ("named_by", "confirmed_by")]
    )
    return [
        {
            **row,
            "person": named_person({**staff[row["person_id"]], "title": row["title"]}),
            "fit_words": _words(Fit(row["fit"])),
            "named_by": accounts.get(row["named_by"], ""),
            "confirmed_by": accounts.get(row["confirmed_by"] or ""),
        }
        for row in rows
    ]


def _words(fit: Fit) -> dict[str, str]:
    zh, en = FIT_WORDS[fit]
    return {"zh": zh, "en": en}


ONE = "/api/appointments/{id}/accompanying"
ROUTES = (
    Route("GET", ONE, show, P.SEE_CALENDARS, "Who accompanies a session", returns=s.AttendedOut),
    Route("POST", ONE, name, P.BOOK_APPOINTMENTS, "Name the accompanying doctor",
          body=s.PersonIn, returns=s.AttendedOut),
    Route("POST", f"{ONE}/confirm", confirm, P.SEE_CALENDARS,
          "The accompanying doctor is there", body=s.PersonIn, returns=s.AttendedOut),
    Route("GET", "/api/requests/{id}/accompanying", of_case, P.SEE_CASES,
          "Who accompanied the sessions of a case", returns=s.CaseAccompanied),
)  # fmt: skip
