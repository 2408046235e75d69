"""The monthly tally: one query for the screen and the file, every number with its cases.

Whose facts may be counted is decided once, in `tally_places`. What is counted is `core.tally`'s;
missing is null and never zero.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from aiohttp import web
from pydantic import Field

from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core import request
from telemed.core import tally as core
from telemed.core.access import Permission
from telemed.core.completeness import URGENCY_WORDS
from telemed.core.errors import Problem
from telemed.core.indicators import INDICATORS, Indicator, Measure, Side
from telemed.core.tally import Entry, Summary
from telemed.documents.sheets import write_csv, write_xlsx
from telemed.documents.tally_sheets import (
    LEADING,
    CaseRow,
    Dimension,
    MonthlyTally,
    TallyPart,
    TallyRow,
    part_table,
    side_indicators,
    tally_workbook,
)
from telemed.server import schemas as s
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.server.tally_places import ByMonth, Places
from telemed.store import log, network, tallies
from telemed.store import tables as t
from telemed.store.access import visible_requests
from telemed.store.audit import Event
from telemed.store.tables import tally_entries
from telemed.store.tx import Row

By = Literal["institution", "county", "city", "alliance", "service"]
Where = Literal["requester", "provider"]
NOTHING = core.summarize([])
MONTH = r"^20\d\d-(0[1-9]|1[0-2])$"
PAGE = 100
_NAMED = 500

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


class TrendQuery(Query):
    by: By = "institution"
    side: Where = "provider"
    key: str | None = Field(default=None, max_length=40)
    indicator: str | None = Field(default=None, max_length=60)
    until: str = Field(pattern=MONTH)
    months: int = Field(default=13, ge=2, le=36)


class CasesQuery(TallyQuery):
    key: str | None = Field(default=None, max_length=40)
    indicator: str = Field(max_length=60)
    cursor: str = Field(default="0.0", pattern=r"^\d{1,18}\.\d{1,9}$")


class ExportQuery(TallyQuery):
    format: Literal["xlsx", "csv"] = "xlsx"


# --- the questions ----------------------------------------------------------------------------


def part(act: Act, month: str, by: str, side: str, counted: ByMonth | None = None) -> TallyPart:
    """One month by one dimension and side: the one answer that screen and file both show.

    `counted` spares counting the same again for another dimension made of the same places.
    """
    act.subject.require(Permission.SEE_TALLY)
    before, year = core.compared_months(month)
    places = Places(act, month, by, side)
    by_month = _compared(places, month) if counted is None else counted
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


def _compared(places: Places, month: str) -> ByMonth:
    """What was counted in a month and in those it is compared with."""
    return places.counted([month, *core.compared_months(month)])


def monthly(act: Act, month: str | None, by: str, side: str) -> dict[str, Any]:
    """One month on the screen, beside the month before and the same month last year."""
    month = month or core.month_of(act.now)
    found = part(act, month, by, side)
    rows = [_line(row, by, side) for row in found.rows]
    total = _line(found.total or TallyRow("", "", NOTHING), by, side)
    return {
        "month": month,
        "by": by,
        "side": side,
        "rows": rows,
        "total": total,
        "indicators": [i for row in side_indicators(Side(side)) for i in _columns(row)],
        "highlights": _highlights(total, rows),
        "rule": RULE,
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


def book(act: Act, month: str) -> MonthlyTally:
    """The month as the form that is handed in: every dimension and both sides, with the cases."""
    parts: list[TallyPart] = []
    for side in ("requester", "provider"):
        of_places = _compared(Places(act, month, "institution", side), month)
        of_services = _compared(Places(act, month, "service", side), month)
        counted = {by: of_services if by == "service" else of_places for by in _BYS}
        parts += [part(act, month, by, side, counted[by]) for by in _BYS]
    return _form(act, month, parts, tuple(case_rows(act, counted_cases(act, month))))


def sheet(act: Act, month: str, by: str, side: str) -> MonthlyTally:
    """The form with one table only: the one on the screen."""
    return _form(act, month, [part(act, month, by, side)], ())


def _form(
    act: Act, month: str, parts: Iterable[TallyPart], cases: Iterable[CaseRow]
) -> MonthlyTally:
    subject = act.subject
    place = network.institution(act.tx, subject.institution_id) if subject.institution_id else None
    return MonthlyTally(
        title="远程医疗服务工作量统计表",
        month=month,
        reported_by=place["name"] if place else "卫生健康行政部门",
        made_at=act.now,
        parts=tuple(parts),
        cases=cases,
    )


def counted_cases(act: Act, month: str) -> list[str]:
    """The requests counted in a month on either side that the subject may see, by number."""
    requester = Places(act, month, "service", "requester")
    e = tally_entries.c
    counted = sa.select(e.request_id).where(
        e.month == month,
        e.indicator.in_(sorted(INDICATORS)),
        sa.or_(requester.allowed(e.requester_id), requester.allowed(e.provider_id)),
    )
    c = t.requests.c
    query = sa.select(c.id).where(c.id.in_(counted), visible_requests(act.subject, act.now))
    return [str(row[0]) for row in act.tx.rows(query.order_by(c.number))]


def case_rows(act: Act, ids: Sequence[str]) -> Iterable[CaseRow]:
    """What the form says of these requests, in the given order."""
    known = _requests(act, set(ids))
    return (_case_row(act, known[each]) for each in ids if each in known)


def _case_row(act: Act, row: Row) -> CaseRow:
    issued, due = row["issued_at"], row["due_at"]
    spent = None
    if issued is not None and row["submitted_at"] is not None:
        spent = (issued - row["submitted_at"]).total_seconds() - row["waited_seconds"]
    return CaseRow(
        number=row["number"],
        service=act.catalogue.services[row["service"]].label.zh,
        urgency=URGENCY_WORDS[row["urgency"]].zh,
        requester=row["requester"],
        provider=row["provider"] or "",
        submitted_at=row["submitted_at"],
        issued_at=issued,
        turnaround_seconds=spent,
        on_time=None if issued is None or due is None else issued <= due,
        positive=row["positive"],
        critical=row["critical"] if issued is not None else None,
        adoption=_ADOPTION.get(row["adoption"] or "", ""),
        state=request.MACHINE.word(request.State(row["state"]))["zh"],
    )


_BYS = ("institution", "county", "city", "alliance", "service")
_ADOPTION = {"adopted": "采纳", "partly": "部分采纳", "not_adopted": "未采纳"}


def values(summary: Summary | None, side: str) -> dict[str, float | None]:
    """A summary by column code; null throughout where nothing was counted yet."""
    return {
        column["code"]: None if summary is None else _value(summary, row, column["code"])
        for row in side_indicators(Side(side))
        for column in _columns(row)
    }


def cases_behind(act: Act, query: CasesQuery) -> dict[str, Any]:
    """The counted facts behind one number, each with its case, a page of them."""
    row, column = _indicator(query.indicator, query.side)
    places = Places(act, query.month, query.by, query.side)
    asked = (query.month, query.key or "", _counted_by(row))
    seq, part = query.cursor.split(".")
    found = places.facts(*asked, tallies.Page((int(seq), int(part)), PAGE + 1))
    page = found[:PAGE]
    known = _requests(act, {e.request_id for e in page})
    return {
        "indicator": column,
        "items": [_case(act, e, known.get(e.request_id)) for e in page],
        "total": float(places.weight(*asked)),
        "next": f"{page[-1].seq}.{page[-1].part}" if len(found) > PAGE else None,
    }


def trend(act: Act, query: TrendQuery) -> dict[str, Any]:
    """Month by month for one row or all, one indicator or all; null before anything was counted."""
    months = [core.month_after(query.until, -n) for n in range(query.months - 1, -1, -1)]
    places = Places(act, query.until, query.by, query.side)
    if query.indicator is None:
        asked = side_indicators(Side(query.side))
    else:
        asked = (_indicator(query.indicator, query.side)[0],)
    only = frozenset[str]().union(*(_counted_by(row) for row in asked))
    summaries = places.trend(months, query.key or "", only)
    tables = [values(summaries[m], query.side) for m in months]
    codes = [c["code"] for row in asked for c in _columns(row)]
    return {"months": months, "values": {c: [table[c] for table in tables] for c in codes}}


def _counted_by(row: Indicator) -> frozenset[str]:
    """The indicators whose entries an indicator is computed from."""
    return frozenset({row.numerator or row.code, row.denominator or row.code})


# --- columns ----------------------------------------------------------------------------------


@cache
def _columns(row: Indicator) -> list[dict[str, Any]]:
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
    if row.kind is Measure.COUNT:
        return summary.counts[row.code]
    if row.kind is Measure.SHARE:
        return summary.shares[row.code]
    spread = summary.durations[row.code]
    return spread.median if code.endswith("_median") else spread.p90


def _indicator(code: str, side: str) -> tuple[Indicator, dict[str, Any]]:
    for row in side_indicators(Side(side)):
        for column in _columns(row):
            if column["code"] == code:
                return row, column
    raise Problem("not-found")


# --- sentences and cases ----------------------------------------------------------------------


def _highlights(total: Mapping[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What changed and where, in one or two sentences."""
    now, before = total["values"], total["previous_month"]
    zh = f"本月报告 {now['issued']:.0f} 份"
    en = f"{now['issued']:.0f} reports this month"
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
        (c.difference, r["name"])
        for r in rows
        if (c := core.change(r["values"]["issued"], r["previous_month"]["issued"])).difference
    ]
    if moved:
        difference, name = max(moved, key=lambda m: abs(m[0] or 0))
        sentences.append(
            {
                "zh": f"变化最大：{name}，较上月 {difference:+.0f} 份。",
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


def _requests(act: Act, ids: set[str]) -> dict[str, Row]:
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


def _case(act: Act, entry: Entry, row: Row | None) -> dict[str, Any]:
    counted = INDICATORS[entry.indicator]
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
    }


# --- routes -----------------------------------------------------------------------------------


async def show(call: Call) -> Any:
    """One month."""
    q = call.query(TallyQuery)
    return await call.ask(lambda act: monthly(act, q.month, q.by, q.side))


async def show_trend(call: Call) -> Any:
    """Month by month."""
    return await call.ask(lambda act: trend(act, call.query(TrendQuery)))


async def show_cases(call: Call) -> Any:
    """The cases behind a number."""
    return await call.ask(lambda act: cases_behind(act, call.query(CasesQuery)))


async def export(call: Call) -> web.StreamResponse:
    """The month as a file: the whole form, or the screen's table, from the same rows (TL-07)."""
    q = call.query(ExportQuery)

    def note(act: Act) -> None:
        audited(act, Event.EXPORT, "tally", q.month, by=q.by, side=q.side, format=q.format)

    def ask(act: Act) -> MonthlyTally:
        return book(act, q.month) if q.format == "xlsx" else sheet(act, q.month, q.by, q.side)

    # Audited first and apart: nobody's writing waits while a month is counted.
    await call.act(note)
    tally = await call.ask(ask)
    body = await call.services.in_thread(_FORMATS[q.format], tally)
    name = (
        f"telemed-{q.month}.xlsx"
        if q.format == "xlsx"
        else f"telemed-{q.month}-{q.side}-{q.by}.csv"
    )
    return web.Response(
        body=body,
        content_type=_MEDIA[q.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _as_csv(tally: MonthlyTally) -> bytes:
    return write_csv(part_table(tally, tally.parts[0]))


def _as_xlsx(tally: MonthlyTally) -> bytes:
    return write_xlsx(tally_workbook(tally))


_FORMATS: Mapping[str, Callable[[MonthlyTally], bytes]] = {"csv": _as_csv, "xlsx": _as_xlsx}
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}

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
    Route(
        "GET",
        "/api/tally/export",
        export,
        Permission.EXPORT_TALLY,
        "A month as a file",
        query=ExportQuery,
        media="application/octet-stream",
    ),
)
