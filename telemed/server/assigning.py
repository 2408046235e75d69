"""Routes by which a case becomes somebody's before it is begun: assign, reserve, take back."""

from typing import Annotated, Any

from pydantic import Field

from telemed.actions import assigning as acts
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.assignment import WHY_NOT
from telemed.server import cases
from telemed.server import schemas as s
from telemed.server.routing import Call, Route
from telemed.store.people import title_words

CaseId = Annotated[str, Field(min_length=1, max_length=64)]


class AssignIn(s.In):
    """Who is to read it."""

    person_id: str = Field(min_length=1, max_length=64)


class ReserveIn(s.In):
    """Cases to set aside for oneself: all of them or none."""

    requests: list[CaseId] = Field(min_length=1, max_length=acts.MOST_RESERVED)


class CandidateOut(s.Out):
    """Somebody who might read a case; `why_not` says why they may not.

    `open` claims, `waiting` cases assigned or reserved, `done` reports issued today.
    """

    person_id: str
    name: str
    title: s.Words
    department: str
    why_not: s.Words | None
    open: int
    waiting: int
    done: int


class CandidateList(s.Out):
    """Who may first, then the least loaded."""

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

    def ask(act: Act) -> dict[str, Any]:
        return {"items": [_candidate(c) for c in acts.candidates(act, call.path("id"))]}

    return await call.ask(ask)


def _candidate(found: acts.Candidate) -> dict[str, Any]:
    zh, en = title_words(found.person["title"])
    return {
        "person_id": found.person["id"],
        "name": found.person["name"],
        "title": {"zh": zh, "en": en},
        "department": found.person["department"],
        "why_not": None if found.why_not is None else cases.words(WHY_NOT[found.why_not]),
        "open": found.open,
        "waiting": found.waiting,
        "done": found.done,
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
