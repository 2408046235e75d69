"""Routes of the fairness ledger: each reader's month, and the facts behind each number."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from telemed.actions import fairness as acts
from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.server import schemas as s
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.store import log, people
from telemed.store.people import title_words

Figure = Literal["given", "claimed", "done", "returned"]
_MONTH = r"^2\d{3}-(0[1-9]|1[0-2])$"
PAGE = 200


class FairnessQuery(Query):
    """A month of Asia/Shanghai."""

    month: str = Field(pattern=_MONTH)


class LinesQuery(FairnessQuery):
    """One number of one reader; `after` is the last fact seen."""

    person: str = Field(min_length=1, max_length=64)
    figure: Figure
    after: int = Field(default=0, ge=0)


class SumOut(s.Out):
    """Points and how many facts they are of."""

    points: float
    count: int


class PickingOut(s.Out):
    """How somebody chose from the pool; see docs/assignment.md for the formulas."""

    choices: int
    index: float
    z: float | None
    passed: float


class StandingOut(s.Out):
    """One reader's month. `share` of the points done and `expected` share, all together 1 each."""

    person_id: str
    name: str
    title: s.Words
    given: SumOut
    claimed: SumOut
    done: SumOut
    returned: SumOut
    share: float
    expected: float
    duty_hours: float
    picking: PickingOut | None


class FairnessOut(s.Out):
    """The own institution's ledger of a month, by the weights of the rule that is named."""

    seq: int
    month: str
    rule: str
    readers: list[StandingOut]


class LineOut(s.Out):
    """One fact behind a number."""

    seq: int
    at: datetime
    request_id: str
    number: str
    service: str
    points: float


class LinesOut(s.Out):
    """A page of facts in the order of the log; `next` goes on behind it."""

    items: list[LineOut]
    next: int | None


async def ledger(call: Call) -> Any:
    """Everybody's month."""
    month = call.query(FairnessQuery).month

    def ask(act: Act) -> dict[str, Any]:
        seq, found = log.head(act.tx), acts.ledger(act, month)
        rows = people.people_by_id(act.tx, {one.person_id for one in found})
        return {
            "seq": seq,
            "month": month,
            "rule": act.catalogue.assignment.version,
            "readers": [_standing(one, rows[one.person_id]) for one in found],
        }

    return await call.ask(ask)


def _standing(one: acts.Standing, person: Any) -> dict[str, Any]:
    zh, en = title_words(person["title"])
    sums = {name: {"points": p, "count": n} for name, (p, n) in one.sums.items()}
    picked = one.picking
    return {
        "person_id": one.person_id,
        "name": person["name"],
        "title": {"zh": zh, "en": en},
        **sums,
        "share": one.share,
        "expected": one.expected,
        "duty_hours": one.hours,
        "picking": None
        if picked is None
        else {name: getattr(picked, name) for name in PickingOut.model_fields},
    }


async def facts(call: Call) -> Any:
    """What one number is made of."""
    query = call.query(LinesQuery)

    def ask(act: Act) -> dict[str, Any]:
        found = acts.lines(act, query.month, query.person, query.figure)
        rest = [each for each in found if each[0].seq > query.after]
        page = rest[:PAGE]
        return {
            "items": [
                {"seq": line.seq, "at": line.at, "request_id": line.request_id,
                 "number": row["number"], "service": row["service"], "points": line.points}
                for line, row in page
            ],
            "next": page[-1][0].seq if len(rest) > PAGE else None,
        }  # fmt: skip

    return await call.ask(ask)


ROUTES = (
    Route("GET", "/api/fairness", ledger, Permission.SEE_FAIRNESS, "Who did how much of the work",
          query=FairnessQuery, returns=FairnessOut),
    Route("GET", "/api/fairness/facts", facts, Permission.SEE_FAIRNESS,
          "The facts behind one number", query=LinesQuery, returns=LinesOut),
)  # fmt: skip
