"""Routes of the evaluation both ways: what each side said, as far as it is open."""

from typing import Any

from telemed.actions import evaluations as acts
from telemed.actions.act import Act
from telemed.actions.evaluations import Both
from telemed.core import evaluation as rule
from telemed.core.access import Permission as P
from telemed.core.evaluation import Side
from telemed.server import aftercare_schemas as s
from telemed.server.cases import actor_names
from telemed.server.follow_ups import coded
from telemed.server.routing import Call, Route


async def show(call: Call) -> Any:
    """What both sides think of a case."""
    return await call.ask(lambda act: _both(act, call.path("id")))


async def give(call: Call) -> Any:
    """What one's side thinks of the other."""
    body = call.body(s.EvaluationIn)
    return await call.step(lambda act, key: acts.give(act, key, body.scores, body.words), _both)


def _both(act: Act, request_id: str) -> dict[str, Any]:
    both = acts.show(act, request_id)
    if both is None:
        return {"side": None, "may_give": False, "items": []}
    return {
        "side": both.side,
        "may_give": acts.may_give(act, both),
        "items": [_one(act, both, side) for side in Side],
    }


def _one(act: Act, both: Both, side: Side) -> dict[str, Any]:
    """One side's evaluation: that there is one, and what it says to whom it is open."""
    row = both.given.get(side)
    known = {item.code: item for item in act.catalogue.aftercare.evaluations.items}
    sees = acts.sees(act, both, side)
    scores = row["scores"] if row is not None and sees else {}
    words = row["words"] if row is not None and sees and not act.subject.masked else ""
    names = actor_names(act, [row["given_by"]]) if row is not None and sees else {}
    return {
        "side": side,
        "asked": [coded(known[code]) for code in both.items(side)],
        "given": row is not None,
        "shown": sees,
        "scores": scores,
        "good": rule.is_good(scores) if scores else None,
        "words": words,
        "given_by": next(iter(names.values()), None),
        "given_at": None if row is None else row["given_at"],
        "opens_at": None if row is None else row["opens_at"],
    }


ONE = "/api/requests/{id}/evaluation"
ROUTES = (
    Route("GET", ONE, show, P.SEE_CASES, "What both sides think of a case",
          returns=s.EvaluationsOut),
    Route("PUT", ONE, give, P.SEE_CASES, "What one's side thinks of the other",
          body=s.EvaluationIn, returns=s.EvaluationsOut),
)  # fmt: skip
