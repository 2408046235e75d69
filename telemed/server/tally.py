"""The monthly tally: one query for the screen and the file, every number with its cases.

Whose facts may be counted is decided here once: an institution its own, supervision its region.
What is counted is `core.tally`'s; missing is null and never zero.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import sqlalchemy as sa
from aiohttp import web
from pydantic import Field

from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core import tally as core
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.core.indicators import INDICATORS, Indicator, Measure, Side
from telemed.core.tally import Entry, Summary
from telemed.documents.tally_sheets import tally_csv, tally_xlsx
from telemed.followers.tallies import TALLIES
from telemed.server import schemas as s
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.store import log, tallies
from telemed.store import tables as t
from telemed.store.access import visible_requests
from telemed.store.audit import Event
from telemed.store.tables import tally_entries
from telemed.store.tx import Row

By = Literal["institution", "county", "city", "alliance", "service"]
Where = Literal["requester", "provider"]
MONTH = r"^20\d\d-(0[1-9]|1[0-2])$"
PAGE = 100
T = tally_entries.c

RULE = {
    "zh": "每项按事实发生的时刻计入北京时间（Asia/Shanghai）当月；报告按最终签名时刻计。"
    "剔除的申请以负数记入剔除当月，已上报月份不改。“—”表示无法计算，不等于零。",
    "en": "Each fact counts in the month (Asia/Shanghai) in which it happened; a report at its final"
    " signature. Requests taken out are negative entries of the month of that decision. A dash"
    " means not measurable; it is not zero.",
}


class TallyQuery(Query):
    month: str = Field(pattern=MONTH)
    by: By = "institution"
    side: Where = "provider"


class TrendQuery(Query):
    by: By = "institution"
    side: Where = "provider"
    key: str | None = Field(default=None, max_length=40)
    until: str = Field(pattern=MONTH)
    months: int = Field(default=13, ge=2, le=36)


class CasesQuery(TallyQuery):
    key: str | None = Field(default=None, max_length=40)
    indicator: str = Field(max_length=60)
    cursor: int = Field(default=0, ge=0)


class ExportQuery(TallyQuery):
    format: Literal["xlsx", "csv"] = "xlsx"


# --- the questions ----------------------------------------------------------------------------


def monthly(act: Act, month: str | None, by: str, side: str) -> dict[str, Any]:
    """One month by one dimension, beside the month before and the same month last year."""
    act.subject.require(Permission.SEE_TALLY)
    month = month or core.month_of(act.now)
    before, year = core.compared_months(month)
    places = _Places(act, month, by, side)
    by_month = core.group(places.entries([month, before, year]), lambda e: e.month)
    tables = {m: places.summaries(by_month.get(m, [])) for m in (month, before, year)}
    totals = {m: core.summarize(by_month.get(m, [])) for m in (month, before, year)}
    started = {m: bool(by_month.get(m)) for m in (month, before, year)}

    def line(key: str, name: str, area: str | None, found: Callable[[str], Summary | None]) -> Any:
        return {
            "key": key,
            "name": name,
            "area": area,
            "values": values(found(month), side, True),
            "previous_month": values(found(before), side, started[before]),
            "previous_year": values(found(year), side, started[year]),
        }

    rows = [
        line(key, name, area, lambda m, key=key: tables[m].get(key))  # type: ignore[misc]
        for key, name, area in places.names()
    ]
    rows.sort(key=lambda r: (-(r["values"]["issued"] or r["values"]["submitted"] or 0), r["key"]))
    total = line("", "合计", None, lambda m: totals[m] if started[m] or m == month else None)
    return {
        "month": month,
        "by": by,
        "side": side,
        "rows": rows,
        "total": total,
        "indicators": [i for row in _shown(side) for i in _columns(row)],
        "highlights": _highlights(total, rows),
        "rule": RULE,
        "as_of_seq": log.bookmark(act.tx, TALLIES.name),
        "log_seq": log.head(act.tx),
    }


def values(summary: Summary | None, side: str, started: bool) -> dict[str, float | None]:
    """A summary by column code. A group without facts has zeros where the month has facts at all,
    and nothing where nothing was counted yet."""
    if summary is None:
        summary = core.summarize([]) if started else None
    found: dict[str, float | None] = {}
    for row in _shown(side):
        for column in _columns(row):
            found[column["code"]] = None if summary is None else _value(summary, row, column["code"])
    return found


def cases_behind(act: Act, query: CasesQuery) -> dict[str, Any]:
    """The counted facts behind one number, each with its case."""
    row, column = _indicator(query.indicator, query.side)
    places = _Places(act, query.month, query.by, query.side)
    wanted = {row.code} if row.kind is not Measure.SHARE else {row.numerator, row.denominator}
    entries = [
        e
        for e in places.entries([query.month])
        if e.indicator in wanted and (query.key in (None, "") or query.key in places.keys_of(e))
    ]
    entries.sort(key=lambda e: (e.seq, e.part))
    page = entries[query.cursor : query.cursor + PAGE]
    known = _requests(act, {e.request_id for e in page})
    return {
        "indicator": column,
        "items": [_case(act, e, known.get(e.request_id)) for e in page],
        "total": float(sum(e.weight for e in entries)),
        "next": str(query.cursor + PAGE) if len(entries) > query.cursor + PAGE else None,
    }


def trend(act: Act, query: TrendQuery) -> dict[str, Any]:
    """Month by month for one row or all; null before anything was counted."""
    months = [core.month_after(query.until, -n) for n in range(query.months - 1, -1, -1)]
    places = _Places(act, query.until, query.by, query.side)
    chosen = [
        e
        for e in places.entries(months)
        if query.key in (None, "") or query.key in places.keys_of(e)
    ]
    by_month = core.group(chosen, lambda e: e.month)
    first = min(by_month, default="9999-99")
    tables = [
        values(core.summarize(by_month.get(m, [])) if m >= first else None, query.side, False)
        for m in months
    ]
    codes = [c["code"] for row in _shown(query.side) for c in _columns(row)]
    return {"months": months, "values": {c: [table[c] for table in tables] for c in codes}}


# --- dimensions -------------------------------------------------------------------------------


class _Places:
    """Who may be counted, and which rows an entry belongs to."""

    def __init__(self, act: Act, month: str, by: str, side: str) -> None:
        self._act, self._by, self._side = act, by, side
        self._mine = self._institutions()
        self._begin, self._end = core.month_span(month)
        self._areas = {r["code"]: r["name"] for r in act.tx.all(sa.select(t.area_codes))}
        self._alliances = self._memberships() if by == "alliance" else {}

    def entries(self, months: Iterable[str]) -> list[Entry]:
        """The entries of these months on this side that the subject may count."""
        column = T.requester_id if self._side == "requester" else T.provider_id
        found = tallies.of_months(self._act.tx, months, self._allowed(column))
        shown = {row.code for row in _shown(self._side)} | _PARTS
        return [e for e in found if e.indicator in shown]

    def keys_of(self, entry: Entry) -> list[str]:
        """The rows an entry counts in: several only for alliances."""
        place = entry.requester if self._side == "requester" else entry.provider
        if self._by == "service":
            return [entry.service]
        if self._by == "alliance":
            return [a["alliance_id"] for a in self._alliances.get(place, [])]
        if self._by == "institution":
            return [place]
        area = str(self._mine[place]["area_code"]) if place in self._mine else ""
        return [area if self._by == "county" else area[:4] + "00"]

    def summaries(self, entries: Iterable[Entry]) -> dict[str, Summary]:
        """A summary for each row."""
        groups: dict[str, list[Entry]] = {}
        for entry in entries:
            for key in self.keys_of(entry):
                groups.setdefault(key, []).append(entry)
        return {key: core.summarize(members) for key, members in groups.items()}

    def names(self) -> list[tuple[str, str, str | None]]:
        """Every row there should be, with its name: one that did nothing is shown, not hidden."""
        connected = [r for r in self._mine.values() if self._took_part(r)]
        if self._by == "institution":
            return [(r["id"], r["short_name"], self._areas.get(r["area_code"])) for r in connected]
        if self._by == "service":
            services = self._act.catalogue.services.values()
            return [(c.code, c.label.zh, None) for c in services if c.live]
        if self._by == "alliance":
            known = {
                a["alliance_id"]: a["name"]
                for r in connected
                for a in self._alliances.get(r["id"], [])
            }
            return [(key, name, None) for key, name in known.items()]
        cut = (lambda c: c) if self._by == "county" else (lambda c: c[:4] + "00")
        codes = dict.fromkeys(cut(str(r["area_code"])) for r in connected)
        return [(code, self._areas.get(code, code), code) for code in codes]

    def _took_part(self, row: Row) -> bool:
        since = row["connected_since"]
        return bool(row["connected"]) and (since is None or since < self._end.date())

    def _institutions(self) -> dict[str, Row]:
        query = sa.select(t.institutions)
        subject = self._act.subject
        if subject.region is not None:
            place = sa.func.substr(t.institutions.c.area_code, 1, len(subject.region))
            query = query.where(place == subject.region)
        else:
            query = query.where(t.institutions.c.id == subject.own_institution)
        return {row["id"]: row for row in self._act.tx.all(query)}

    def _allowed(self, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
        subject = self._act.subject
        if subject.region is None:
            return column == subject.own_institution
        place = sa.func.substr(t.institutions.c.area_code, 1, len(subject.region))
        return column.in_(sa.select(t.institutions.c.id).where(place == subject.region))

    def _memberships(self) -> dict[str, list[Row]]:
        last = self._end.date()
        rows = self._act.tx.all(
            sa.select(t.memberships, t.alliances.c.name)
            .join(t.alliances, t.alliances.c.id == t.memberships.c.alliance_id)
            .where(
                t.memberships.c.since < last,
                sa.or_(t.memberships.c.until.is_(None), t.memberships.c.until >= self._begin.date()),
            )
        )
        found: dict[str, list[Row]] = {}
        for row in rows:
            if all(row["alliance_id"] != r["alliance_id"] for r in found.get(row["institution_id"], [])):
                found.setdefault(row["institution_id"], []).append(row)
        return found


# --- columns ----------------------------------------------------------------------------------

_PARTS = {
    code
    for row in INDICATORS.values()
    if row.kind is Measure.SHARE
    for code in (row.numerator, row.denominator)
}


def _shown(side: str) -> list[Indicator]:
    """The indicators that mean something on this side."""
    other = Side.PROVIDER if side == "requester" else Side.REQUESTER
    return [row for row in INDICATORS.values() if row.side is not other]


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
    for row in _shown(side):
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


def _requests(act: Act, ids: set[str]) -> dict[str, Row]:
    seen = visible_requests(act.subject, act.now)
    requester, provider = t.institutions.alias(), t.institutions.alias()
    rows = act.tx.all(
        sa.select(
            t.requests.c.id,
            t.requests.c.number,
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
    return {
        "request_id": entry.request_id,
        "number": row["number"] if row else "",
        "service": entry.service,
        "urgency": entry.urgency,
        "requester": row["requester"] if row else entry.requester,
        "provider": (row["provider"] or "") if row else entry.provider,
        "at": entry.at,
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
    """The month as a file, from the rows the screen shows (TL-07)."""
    q = call.query(ExportQuery)

    def ask(act: Act) -> dict[str, Any]:
        audited(act, Event.EXPORT, "tally", q.month, by=q.by, side=q.side, format=q.format)
        return monthly(act, q.month, q.by, q.side)

    shown = await call.act(ask)
    make = tally_xlsx if q.format == "xlsx" else tally_csv
    media = {
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "csv": "text/csv",
    }[q.format]
    name = f"telemed-{q.month}-{q.side}-{q.by}.{q.format}"
    return web.Response(
        body=await call.services.in_thread(make, shown),
        content_type=media,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


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
