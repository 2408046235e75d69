"""The monthly tally: one query for the screen and the file, every number with its cases.

Whose facts may be counted is decided once, in `tally_places`. What is counted is `core.tally`'s;
missing is null and never zero.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field

from telemed.actions.act import Act
from telemed.core import tally as core
from telemed.core.access import Permission
from telemed.core.catalogue import Words
from telemed.core.completeness import URGENCY_WORDS
from telemed.core.errors import Problem
from telemed.core.indicators import INDICATORS, Indicator, Measure, Side
from telemed.core.tally import Entry, Summary
from telemed.documents.tally_sheets import (
    LEADING,
    Dimension,
    TallyPart,
    TallyRow,
    side_indicators,
)
from telemed.server import tally_schemas as s
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.server.tally_facts import calls_of, waits_of
from telemed.server.tally_lectures import lectures_of
from telemed.server.tally_places import ByMonth, Places, counted_by
from telemed.store import log, tallies
from telemed.store import tables as t
from telemed.store.access import visible_requests
from telemed.store.appointment_tables import appointments as booked_times
from telemed.store.tx import Row

By = Literal["institution", "county", "city", "alliance", "service"]
Where = Literal["requester", "provider"]
Urgency = Literal["routine", "urgent", "stat"]
NOTHING = core.summarize([])
MONTH = r"^20\d\d-(0[1-9]|1[0-2])$"
PAGE = 100
_NAMED = 5_000

RULE = {
    "zh": "每项按事实发生的时刻计入北京时间（Asia/Shanghai）当月；报告按最终签名时刻计。"
    "剔除的申请以负数记入剔除当月，已上报月份不改。“—”表示无法计算，不等于零。",
    "en": "Each fact counts in the month (Asia/Shanghai) in which it happened; a report at its"
    " final signature. Requests taken out are negative entries of the month of that decision."
    " A dash means not measurable; it is not zero.",
}


class TallyQuery(Query):
    month: str = Field(pattern=MONTH)
    by: By = "institution"
    side: Where = "provider"
    urgency: Urgency | None = None


class TrendQuery(Query):
    by: By = "institution"
    side: Where = "provider"
    urgency: Urgency | None = None
    key: str | None = Field(default=None, max_length=40)
    indicator: str | None = Field(default=None, max_length=60)
    until: str = Field(pattern=MONTH)
    months: int = Field(default=13, ge=2, le=36)


class CasesQuery(TallyQuery):
    key: str | None = Field(default=None, max_length=40)
    indicator: str = Field(max_length=60)
    cursor: str = Field(default="0.0", pattern=r"^\d{1,18}\.\d{1,9}$")


# --- the questions ----------------------------------------------------------------------------


def part(
    act: Act,
    month: str,
    by: str,
    side: str,
    urgency: str | None = None,
    counted: ByMonth | None = None,
) -> TallyPart:
    """One month by one dimension and side: the one answer that screen and file both show.

    Of one urgency, or of all. `counted` spares counting the same again for another dimension made
    of the same places.
    """
    act.subject.require(Permission.SEE_TALLY)
    before, year = core.compared_months(month)
    places = Places(act, month, by, side, urgency)
    by_month = compared(places, month) if counted is None else counted
    grouped = {m: places.rows_of(found) for m, found in by_month.items()}

    def row(key: str, name: str, tables: Callable[[str], Summary | None]) -> TallyRow:
        return TallyRow(key, name, tables(month) or NOTHING, tables(before), tables(year))

    def table_of(key: str) -> Callable[[str], Summary | None]:
        # A row without facts has zeros in a month that counted any, and nothing before.
        return lambda m: grouped[m].get(key, NOTHING) if m in grouped else None

    rows = [row(key, name, table_of(key)) for key, name in places.names()]
    rows.sort(key=lambda r: (-r.summary.counts[LEADING[Side(side)]], r.code))
    total = row("", "合计", lambda m: by_month[m].summary() if m in by_month else None)
    return TallyPart(Dimension(by), Side(side), tuple(rows), total)


def compared(places: Places, month: str) -> ByMonth:
    """What was counted in a month and in those it is compared with."""
    return places.counted([month, *core.compared_months(month)])


def monthly(
    act: Act, month: str | None, by: str, side: str, urgency: str | None = None
) -> dict[str, Any]:
    """One month on the screen, beside the month before and the same month last year."""
    month = month or core.month_of(act.now)
    found = part(act, month, by, side, urgency)
    rows = [_line(row, by, side) for row in found.rows]
    total = _line(found.total or TallyRow("", "", NOTHING), by, side)
    return {
        "month": month,
        "by": by,
        "side": side,
        "urgency": urgency,
        "rows": rows,
        "total": total,
        "indicators": [i for row in side_indicators(Side(side)) for i in columns(row)],
        "highlights": _highlights(act, total, rows, urgency),
        "rule": RULE,
        "first_month": Places(act, month, by, side).first_month(),
        "as_of_seq": log.bookmark(act.tx, tallies.FOLLOWER),
        "log_seq": log.head(act.tx),
    }


def _line(row: TallyRow, by: str, side: str) -> dict[str, Any]:
    return {
        "key": row.code,
        "name": row.name,
        "area": row.code if by in ("county", "city") else None,
        "values": values(row.summary, side),
        "previous_month": values(row.before, side),
        "previous_year": values(row.last_year, side),
    }


def values(summary: Summary | None, side: str) -> dict[str, float | None]:
    """A summary by column code; null throughout where nothing was counted yet."""
    return {
        column["code"]: None if summary is None else _value(summary, row, column["code"])
        for row in side_indicators(Side(side))
        for column in columns(row)
    }


def cases_behind(act: Act, query: CasesQuery) -> dict[str, Any]:
    """The counted facts behind one number, each with its case, a page of them."""
    row, column = indicator_of(query.indicator, query.side)
    places = Places(act, query.month, query.by, query.side, query.urgency)
    asked = (query.month, query.key or "", counted_by(row))
    seq, part = query.cursor.split(".")
    found = places.facts(*asked, tallies.Page((int(seq), int(part)), PAGE + 1))
    page = found[:PAGE]
    known = things_of(act, page)
    return {
        "indicator": column,
        "items": [_case(act, e, known.get(e.request_id)) for e in page],
        "total": float(places.weight(*asked)),
        "next": f"{page[-1].seq}.{page[-1].part}" if len(found) > PAGE else None,
    }


def trend(act: Act, query: TrendQuery) -> dict[str, Any]:
    """Month by month for one row or all, one indicator or all; null before anything was counted."""
    months = [core.month_after(query.until, -n) for n in range(query.months - 1, -1, -1)]
    places = Places(act, query.until, query.by, query.side, query.urgency)
    if query.indicator is None:
        asked = side_indicators(Side(query.side))
    else:
        asked = (indicator_of(query.indicator, query.side)[0],)
    only = frozenset[str]().union(*(counted_by(row) for row in asked))
    summaries = places.trend(months, query.key or "", only)
    tables = [values(summaries[m], query.side) for m in months]
    codes = [c["code"] for row in asked for c in columns(row)]
    return {"months": months, "values": {c: [table[c] for table in tables] for c in codes}}


# --- columns ----------------------------------------------------------------------------------


@cache
def columns(row: Indicator) -> list[dict[str, Any]]:
    """A count or share is one column; a duration is its median and its 90th percentile."""
    definition = {"zh": row.definition_zh, "en": row.definition_en}
    common = {"definition": definition, "kind": row.kind.value, "unit": row.unit}
    if row.kind is not Measure.DURATION:
        return [{"code": row.code, "label": {"zh": row.zh, "en": row.en}, **common}]
    return [
        {
            "code": f"{row.code}_{part}",
            "label": {"zh": f"{row.zh}{zh}", "en": f"{row.en}, {en}"},
            **common,
        }
        for part, zh, en in (("median", "中位数", "median"), ("p90", "90分位", "90th percentile"))
    ]


def _value(summary: Summary, row: Indicator, code: str) -> float | None:
    if row.kind is Measure.SHARE:
        return summary.shares[row.code]
    if row.kind is not Measure.DURATION:
        return summary.counts[row.code]
    spread = summary.durations[row.code]
    return spread.median if code.endswith("_median") else spread.p90


def indicator_of(code: str, side: str) -> tuple[Indicator, dict[str, Any]]:
    """The indicator and the column a code names on a side; Problem not-found when none."""
    for row in side_indicators(Side(side)):
        for column in columns(row):
            if column["code"] == code:
                return row, column
    raise Problem("not-found")


# --- sentences and cases ----------------------------------------------------------------------


def _highlights(
    act: Act, total: Mapping[str, Any], rows: list[dict[str, Any]], urgency: str | None
) -> list[dict[str, str]]:
    """What changed and where, in one or two sentences."""
    now, before = total["values"], total["previous_month"]
    of = Words("", "") if urgency is None else URGENCY_WORDS[urgency]
    zh = f"本月{of.zh}报告 {now['issued']:.0f} 份"
    en = f"{now['issued']:.0f} {f'{of.en.lower()} reports'.strip()} this month"
    grown = core.change(now["issued"], before["issued"])
    if grown.growth is not None:
        zh += f"，环比 {grown.growth:+.0%}"
        en += f", {grown.growth:+.0%} on the month before"
    share = now.get("on_time_share")
    if share is not None:
        zh += f"；按时率 {share:.1%}"
        en += f"; {share:.1%} on time"
    sentences = [{"zh": zh + "。", "en": en + "."}]
    moved = [
        (c.difference, r)
        for r in rows
        if (c := core.change(r["values"]["issued"], r["previous_month"]["issued"])).difference
    ]
    if moved:
        difference, row = max(moved, key=lambda m: abs(m[0] or 0))
        # Places have a Chinese name alone.
        service = act.catalogue.services.get(row["key"])
        name = row["name"] if service is None else service.label.en
        sentences.append(
            {
                "zh": f"变化最大：{row['name']}，较上月 {difference:+.0f} 份。",
                "en": f"Largest change: {name}, {difference:+.0f} reports on the month before.",
            }
        )
    return sentences


_SHOWN = (
    "id",
    "number",
    "service",
    "urgency",
    "state",
    "submitted_at",
    "issued_at",
    "due_at",
    "waited_seconds",
    "positive",
    "critical",
    "adoption",
)


def things_of(act: Act, page: Sequence[Entry]) -> dict[str, Row]:
    """What a page of entries is of, by id: cases, and what was counted for no case."""
    ids = {e.request_id for e in page}
    known = requests_of(act, ids)
    known |= lectures_of(act, ids - set(known), page)
    known |= appointments_of(act, ids - set(known))
    known |= calls_of(act, ids - set(known))
    return known | waits_of(act, ids - set(known))


def requests_of(act: Act, ids: set[str]) -> dict[str, Row]:
    """Requests by id, some hundreds at a time: a month holds more than a statement may name."""
    wanted = sorted(ids)
    found: dict[str, Row] = {}
    for begin in range(0, len(wanted), _NAMED):
        found |= _some_requests(act, wanted[begin : begin + _NAMED])
    return found


def _some_requests(act: Act, ids: list[str]) -> dict[str, Row]:
    seen = visible_requests(act.subject, act.now)
    requester, provider = t.institutions.alias(), t.institutions.alias()
    rows = act.tx.all(
        sa.select(
            *(t.requests.c[name] for name in _SHOWN),
            requester.c.short_name.label("requester"),
            provider.c.short_name.label("provider"),
            sa.case((seen, True), else_=False).label("visible"),
        )
        .join(requester, requester.c.id == t.requests.c.requester_id)
        .outerjoin(provider, provider.c.id == t.requests.c.provider_id)
        .where(t.requests.c.id.in_(ids))
    )
    return {row["id"]: row for row in rows}


def appointments_of(act: Act, ids: set[str]) -> dict[str, Row]:
    """Times that were booked for no case, by id: what was counted of them leads back to them."""
    a, requester, provider = booked_times.c, t.institutions.alias(), t.institutions.alias()
    own = act.subject.institution_id
    opens = Permission.SEE_CALENDARS in act.subject.permissions
    rows = act.tx.all(
        sa.select(
            a.id,
            a.number,
            a.requester_id,
            a.provider_id,
            requester.c.short_name.label("requester"),
            provider.c.short_name.label("provider"),
        )
        .join(requester, requester.c.id == a.requester_id)
        .join(provider, provider.c.id == a.provider_id)
        .where(a.id.in_(sorted(ids)))
    )
    page = {"page": "appointment"}
    return {
        row["id"]: {
            **row,
            **page,
            "visible": opens and own in (row["requester_id"], row["provider_id"]),
        }
        for row in rows
    }


def _case(act: Act, entry: Entry, row: Row | None) -> dict[str, Any]:
    counted = INDICATORS[entry.indicator]
    lecture = row is not None and row.get("page") == "lecture"
    if row is not None and lecture:
        row = {**row, "requester": row["places"].get(entry.requester, entry.requester)}
    return {
        "request_id": entry.request_id,
        "number": row["number"] if row else "",
        "service": entry.service,
        "urgency": entry.urgency,
        "requester": row["requester"] if row else entry.requester,
        "provider": (row["provider"] or "") if row else entry.provider,
        "at": entry.at,
        "counted_as": {"zh": counted.zh, "en": counted.en},
        "weight": entry.weight,
        "value": entry.value if entry.value is not None else float(entry.weight),
        "seq": entry.seq,
        "visible": bool(row and row["visible"]),
        "page": row.get("page", "request") if row else "request",
        "person": row["people"].get(entry.person, "") if row and lecture else "",
    }


# --- routes -----------------------------------------------------------------------------------


async def show(call: Call) -> Any:
    """One month."""
    q = call.query(TallyQuery)
    return await call.ask(lambda act: monthly(act, q.month, q.by, q.side, q.urgency))


async def show_trend(call: Call) -> Any:
    """Month by month."""
    return await call.ask(lambda act: trend(act, call.query(TrendQuery)))


async def show_cases(call: Call) -> Any:
    """The cases behind a number."""
    return await call.ask(lambda act: cases_behind(act, call.query(CasesQuery)))


_SEE = Permission.SEE_TALLY
ROUTES = (
    Route("GET", "/api/tally", show, _SEE, "A month", query=TallyQuery, returns=s.TallyOut),
    Route(
        "GET", "/api/tally/trend", show_trend, _SEE, "Months", query=TrendQuery, returns=s.TrendOut
    ),
    Route(
        "GET",
        "/api/tally/cases",
        show_cases,
        _SEE,
        "The cases behind a number",
        query=CasesQuery,
        returns=s.TallyCases,
    ),
)
