"""The route of the look ahead: what next week needs."""

from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from telemed.actions import forecasts as acts
from telemed.actions.act import Act
from telemed.actions.forecasts import Group
from telemed.core.access import Permission as P
from telemed.core.forecast import BLOCKS
from telemed.server.routing import Call, Route
from telemed.server.schemas import Out


class WeekQuery(BaseModel):
    """A day of the week that is asked for."""

    model_config = ConfigDict(extra="forbid")

    day: date


class ForecastOut(Out):
    """Sessions of a half-day: the mean, the range that holds four of five, and as many as four of
    five half-days stay within."""

    mean: float
    low: int
    served: int
    high: int


class NeedOut(Out):
    """A half-day. `need` experts or rooms for what is likely, `have` minutes of hours there."""

    day: date
    block: str
    forecast: ForecastOut | None
    booked: int
    need: int
    have: int
    lacks: bool


class GroupOut(Out):
    """A department's experts, or the rooms; `minutes` is what a session takes."""

    key: str
    name: str
    people: int
    minutes: float
    cells: list[NeedOut]


class OutlookOut(Out):
    monday: date
    experts: list[GroupOut]
    rooms: GroupOut
    unmet: dict[str, int]


async def ahead(call: Call) -> Any:
    """The need of a week."""
    day = call.query(WeekQuery).day

    def ask(act: Act) -> dict[str, Any]:
        found = acts.ahead(act, day)
        return {
            "monday": found.monday,
            "experts": [_group(one) for one in found.experts],
            "rooms": _group(found.rooms),
            "unmet": found.unmet,
        }

    return await call.ask(ask)


def _group(one: Group) -> dict[str, Any]:
    told = asdict(one)
    for cell in told["cells"]:
        cell["block"] = BLOCKS[cell["block"]]
    return told


ROUTES = (
    Route("GET", "/api/forecast", ahead, P.KEEP_ROSTER,
          "What a week is likely to bring, and the experts and rooms that it needs",
          query=WeekQuery, returns=OutlookOut),
)  # fmt: skip
