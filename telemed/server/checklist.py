"""Routes of the look through a case's material."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from telemed.actions import checklist as acts
from telemed.actions.act import Act
from telemed.core.access import Permission as P
from telemed.core.access import Relation
from telemed.server import cases
from telemed.server.routing import Call, Route
from telemed.server.schemas import Code, In, Out, Words


class TickIn(In):
    """Of one thing of the list, whether it is there."""

    key: Code
    there: bool
    note: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)] = ""


class TickedOut(Out):
    """`there` is None while nobody looked."""

    key: str
    label: Words
    there: bool | None
    note: str
    checked_by: str | None
    checked_at: datetime | None


class ChecklistOut(Out):
    items: list[TickedOut]
    may_check: bool


async def listed(call: Call) -> Any:
    """The list of a case."""
    return await call.ask(lambda act: _listed(act, call.path("id")))


def _listed(act: Act, key: str) -> dict[str, Any]:
    case, rows = acts.listed(act, key)
    hidden = case.relation is Relation.SUPERVISOR
    return {
        "items": [
            {**row, "label": cases.words(row["label"]), "note": "" if hidden else row["note"]}
            for row in rows
        ],
        "may_check": acts.may_check(act, case),
    }


async def check(call: Call) -> Any:
    """Say of one thing whether it is there."""
    body = call.body(TickIn)

    def do(act: Act, key: str) -> None:
        acts.check(act, key, body.key, body.there, body.note)

    return await call.step(do, _listed)


ROUTES = (
    Route("GET", "/api/requests/{id}/checklist", listed, P.SEE_CASES,
          "What was looked through before experts are asked", returns=ChecklistOut),
    Route("PUT", "/api/requests/{id}/checklist", check, P.MOVE_REQUESTS,
          "Say whether something is there", body=TickIn, returns=ChecklistOut),
)  # fmt: skip
