"""Routes of the coordinator's page: who reads and how much, many cases at once, cover for leave."""

from typing import Annotated, Any

from pydantic import Field

from telemed.actions import dispatch as acts
from telemed.actions.act import Act
from telemed.actions.ranking import online_at
from telemed.core.access import Permission
from telemed.core.assignment import WHY_NOT
from telemed.server import case_schemas as rs
from telemed.server import cases, problems
from telemed.server import schemas as s
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.store.people import title_words

Id = Annotated[str, Field(min_length=1, max_length=64)]


class ReaderOut(s.Out):
    """Somebody who reads. `open` claims, `waiting` cases kept for them, `done` issued today.

    `in_hand` are the points of the first two. `takes` are the live services of which they may take
    cases of other institutions; `on_duty` is null where no roster is kept.
    """

    person_id: str
    name: str
    title: s.Words
    department: str
    takes: list[str]
    open: int
    waiting: int
    done: int
    in_hand: float
    on_duty: bool | None


class ReaderList(s.Out):
    """The least loaded first."""

    items: list[ReaderOut]


class WishIn(s.In):
    """Whose a case is to be; null opens it to everybody again."""

    request_id: Id
    person_id: Id | None


class WishesIn(s.In):
    """Each case is moved for itself."""

    items: list[WishIn] = Field(min_length=1, max_length=acts.MOST)


class OutcomeOut(s.Out):
    """What became of it: whose it was before, or why it stays as it was."""

    request_id: str
    previous: str | None
    problem: s.ProblemBody | None


class OutcomeList(s.Out):
    items: list[OutcomeOut]


class CoverQuery(Query):
    person: Id


class CandidateWhy(s.Out):
    """Whether somebody may take the case, and why not."""

    person_id: str
    why_not: s.Words | None


class CoveredOut(s.Out):
    """A case of somebody who is away. What they have begun names nobody: it is to be released."""

    request: rs.RequestRow
    to: str | None
    candidates: list[CandidateWhy]


class LeaveCover(s.Out):
    items: list[CoveredOut]


async def readers(call: Call) -> Any:
    """Who reads in the own institution."""

    def ask(act: Act) -> dict[str, Any]:
        return {"items": [_reader(one) for one in acts.readers(act)]}

    return await call.ask(ask)


async def assign(call: Call) -> Any:
    """Assign and take back many at once."""
    wishes = [acts.Wish(**each.model_dump()) for each in call.body(WishesIn).items]
    online = online_at(call.services.presence, call.subject.institution_id)

    def do(act: Act) -> dict[str, Any]:
        return {"items": [_outcome(one) for one in acts.assign_many(act, wishes, online)]}

    return await call.act(do)


async def cover(call: Call) -> Any:
    """What somebody has, and who should take it while they are away."""
    query = call.query(CoverQuery)

    def ask(act: Act) -> dict[str, Any]:
        return {"items": [_covered(act, one) for one in acts.cover(act, query.person)]}

    return await call.ask(ask)


def _reader(one: acts.Reading) -> dict[str, Any]:
    zh, en = title_words(one.person["title"])
    return {
        "person_id": one.person["id"],
        "name": one.person["name"],
        "title": {"zh": zh, "en": en},
        "department": one.person["department"],
        "takes": list(one.takes),
        "open": one.load.open,
        "waiting": one.load.waiting,
        "done": one.load.done,
        "in_hand": one.load.burden.in_hand,
        "on_duty": one.on_duty,
    }


def _outcome(one: acts.Outcome) -> dict[str, Any]:
    return {
        "request_id": one.request_id,
        "previous": one.previous,
        "problem": None if one.problem is None else problems.shape(one.problem),
    }


def _covered(act: Act, one: acts.Covered) -> dict[str, Any]:
    return {
        "request": cases.list_row(act, one.row),
        "to": one.to,
        "candidates": [
            {"person_id": who, "why_not": None if why is None else cases.words(WHY_NOT[why])}
            for who, why in one.why_not.items()
        ],
    }


P = Permission.ASSIGN_WORK
ROUTES = (
    Route("GET", "/api/dispatch/readers", readers, P, "Who reads here, with their load",
          returns=ReaderList),
    Route("POST", "/api/dispatch/assign", assign, P, "Assign or take back many cases",
          body=WishesIn, returns=OutcomeList),
    Route("GET", "/api/dispatch/cover", cover, P, "What somebody has, and who could cover for them",
          query=CoverQuery, returns=LeaveCover),
)  # fmt: skip
