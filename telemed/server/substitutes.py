"""The route that says who could take a seat, for whoever is about to give it away."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from telemed.actions import substitutes as acts
from telemed.actions.act import Act
from telemed.core.access import Permission as P
from telemed.core.slots import Reason
from telemed.server.availability import named_person, words_of
from telemed.server.calendar_schemas import NamedPerson
from telemed.server.routing import Call, Route
from telemed.server.schemas import Out, Words


class SeatQuery(BaseModel):
    """Which seat."""

    model_config = ConfigDict(extra="forbid")

    seat: int


class SubstituteOut(Out):
    """Somebody who could be asked; `words` say why they cannot come then."""

    person: NamedPerson
    reason: Reason | None
    words: Words | None


class SubstituteList(Out):
    """Who is free comes first."""

    people: list[SubstituteOut]


async def listed(call: Call) -> Any:
    """Who could take a seat."""
    seat = call.query(SeatQuery).seat

    def ask(act: Act) -> dict[str, Any]:
        found = acts.for_seat(act, call.path("id"), seat)
        return {"people": [_one(one) for one in found]}

    return await call.ask(ask)


def _one(one: acts.Candidate) -> dict[str, Any]:
    words = None if one.reason is None else words_of(one.reason)
    return {"person": named_person(one.row), "reason": one.reason, "words": words}


ROUTES = (
    Route("GET", "/api/appointments/{id}/substitutes", listed, P.CONFIRM_APPOINTMENTS,
          "Who could take a seat, and why others cannot", query=SeatQuery,
          returns=SubstituteList),
)  # fmt: skip
