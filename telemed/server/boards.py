"""The boards 红黑榜 over the wire: cities, counties or institutions ranked by one indicator.

Only supervision has lists: a hospital's tally holds no figure but its own, and a list of one is no
list. The figures are those of the tally's table for the same month, dimension and side, so the
cases behind a place on a board are the cases behind that cell.
"""

from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field

from telemed.actions.act import Act
from telemed.core import boards as core
from telemed.core import tally
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.core.indicators import Indicator, Side
from telemed.core.tally import Summary
from telemed.documents.tally_sheets import BoardPart, BoardSheet, Dimension
from telemed.server import tally_schemas as s
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.server.tally import MONTH, NOTHING, Where, columns, indicator_of
from telemed.server.tally_places import Places
from telemed.store import log, tallies
from telemed.store import tables as t

ListOf = Literal["city", "county", "institution"]
LISTS: tuple[ListOf, ...] = ("city", "county", "institution")
_FIRST_COUNTY = "21"
"""GB/T 2260: the last two digits of a county-level code are below this for urban districts."""


class BoardQuery(Query):
    month: str = Field(pattern=MONTH)
    by: ListOf = "city"
    side: Where = "provider"
    indicator: str | None = Field(default=None, max_length=60)
    area: str | None = Field(default=None, pattern=r"^\d{2,6}$")


def board(act: Act, query: BoardQuery) -> dict[str, Any]:
    """One list ranked by one indicator, with who is left out and why."""
    choices = core.rankable(Side(query.side))
    row, column = _choice(query, choices)
    units = _units(act, query.month, query.by, query.area or "")
    before = tally.month_after(query.month, -1)
    now, then = _summaries(act, query, (query.month, before))
    figures = [core.figure_of(key, now.get(key, NOTHING), row) for key in units]
    return {
        "month": query.month,
        "by": query.by,
        "side": query.side,
        "area": query.area,
        "areas": [{"code": code, "name": name} for code, name in _areas(act, query.month)],
        "indicator": column,
        "better": row.better,
        "choices": [columns(choice)[0] for choice in choices],
        "units": [_standing(each, units, then, row) for each in core.standings(figures, row)],
        "absent": [
            {"key": f.key, "name": units[f.key], "why": why, "rests_on": f.rests_on}
            for f in figures
            if (why := core.absence(f)) is not None
        ],
        "rule": {"zh": core.RULE_ZH, "en": core.RULE_EN},
        "as_of_seq": log.bookmark(act.tx, tallies.FOLLOWER),
        "log_seq": log.head(act.tx),
    }


def sheets(act: Act, month: str) -> tuple[BoardSheet, ...]:
    """The boards of a month for the form: every list the subject may see, by every indicator."""
    region = act.subject.region
    if region is None:
        return ()
    lists = [by for by in LISTS[:2] if len(region) <= _LONGEST[by]]
    return tuple(
        BoardSheet(Dimension(by), Side(side), tuple(_parts(act, month, by, side)))
        for by in lists
        for side in ("requester", "provider")
    )


def _parts(act: Act, month: str, by: ListOf, side: Where) -> list[BoardPart]:
    units = _units(act, month, by, "")
    (now,) = _summaries(act, BoardQuery(month=month, by=by, side=side), (month,))
    parts = []
    for row in core.rankable(Side(side)):
        figures = [core.figure_of(key, now.get(key, NOTHING), row) for key in units]
        found = core.standings(figures, row)
        chosen = [s for one in core.Board for s in core.on_board(found, one)]
        absent = [(units[f.key], why) for f in figures if (why := core.absence(f)) is not None]
        parts.append(BoardPart(row, tuple((units[s.figure.key], s) for s in chosen), tuple(absent)))
    return parts


def _standing(
    each: core.Standing, units: dict[str, str], then: dict[str, Summary], row: Indicator
) -> dict[str, Any]:
    figure = each.figure
    earlier = then.get(figure.key)
    return {
        "key": figure.key,
        "name": units[figure.key],
        "rank": each.rank,
        "from_last": each.from_last,
        "board": each.board,
        "value": figure.value,
        "rests_on": figure.rests_on,
        "previous_month": earlier and core.figure_of(figure.key, earlier, row).value,
    }


def _choice(query: BoardQuery, choices: tuple[Indicator, ...]) -> tuple[Indicator, dict[str, Any]]:
    if query.indicator is None:
        return choices[0], columns(choices[0])[0]
    row, column = indicator_of(query.indicator, query.side)
    if row not in choices or column != columns(row)[0]:
        raise Problem("not-found")
    return row, column


def _summaries(act: Act, query: BoardQuery, months: tuple[str, ...]) -> list[dict[str, Summary]]:
    """The summary of each unit with anything counted, month by month."""
    places = Places(act, query.month, query.by, query.side)
    counted = places.counted(months)
    return [places.rows_of(counted[m]) if m in counted else {} for m in months]


# --- who is on a list ---------------------------------------------------------------------------

_LONGEST = {"city": 2, "county": 4, "institution": 6}
"""Digits of a region up to which a list of these has more than one place in it."""


def _units(act: Act, month: str, by: ListOf, area: str) -> dict[str, str]:
    """The names of all units of a list by key; what did nothing is on it too.

    Nobody is on the list of a hospital, or of a region that is a single unit of the list.
    """
    act.subject.require(Permission.SEE_TALLY)
    region = act.subject.region
    if region is None or len(region) > _LONGEST[by]:
        return {}
    inside = area.rstrip("0") if len(area) == 6 and area.endswith("00") else area
    if by != "institution":
        listed = _areas_of(act, month, by)
        return {code: name for code, name in listed if code.startswith(inside)}
    places = Places(act, month, "institution", "provider")
    return {key: name for key, name in places.names() if places.area_of(key).startswith(inside)}


def _areas(act: Act, month: str) -> list[tuple[str, str]]:
    """What a list of institutions may be narrowed to: the cities and counties in sight."""
    if act.subject.region is None:
        return []
    return sorted(_areas_of(act, month, "city") + _areas_of(act, month, "county", districts=True))


def _areas_of(act: Act, month: str, kind: str, *, districts: bool = False) -> list[tuple[str, str]]:
    """The cities or counties of the region that existed in the month, by code."""
    begin, end = tally.month_span(month)
    c, region = t.area_codes.c, act.subject.region or ""
    query = sa.select(c.code, c.name).where(
        c.kind == kind,
        sa.func.substr(c.code, 1, len(region)) == region,
        sa.or_(c.valid_from.is_(None), c.valid_from < end.date()),
        sa.or_(c.valid_until.is_(None), c.valid_until > begin.date()),
    )
    if kind == "county" and not districts:
        query = query.where(sa.func.substr(c.code, 5, 2) >= _FIRST_COUNTY)
    return [(str(code), str(name)) for code, name in act.tx.rows(query.order_by(c.code))]


async def show(call: Call) -> Any:
    """One board."""
    return await call.ask(lambda act: board(act, call.query(BoardQuery)))


ROUTES = (
    Route(
        "GET",
        "/api/tally/boards",
        show,
        Permission.SEE_TALLY,
        "Who stands first and last",
        query=BoardQuery,
        returns=s.BoardOut,
    ),
)
