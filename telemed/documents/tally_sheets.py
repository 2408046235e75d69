"""The monthly tally as the form a hospital hands in: a sheet for each dimension and side.

Columns come from the indicator table and cells from summaries, by `tally_columns` and
`tally_cells`; a screen that shows the same two functions' answer cannot differ from the file. After
them come the requests of the month, every counted fact behind the numbers (`tally_listing`), where
each institution belongs, and last the definitions of the numbers. The requesting and the providing
side stand on sheets of their own and are never added up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from telemed.core.boards import LEAST, RULE_ZH, Absence, Board, Standing
from telemed.core.indicators import INDICATORS, Indicator, Measure, Side
from telemed.core.tally import Spread, Summary, change
from telemed.documents.sheets import Cell, Column, ColumnKind, Form, Table, Workbook
from telemed.documents.tally_listing import (
    ADDING,
    EntryRow,
    PlaceRow,
    entries_table,
    places_table,
)

SECONDS_PER_MINUTE = 60


class Dimension(StrEnum):
    """What the requests are grouped by."""

    INSTITUTION = "institution"
    COUNTY = "county"
    CITY = "city"
    ALLIANCE = "alliance"
    SERVICE = "service"


DIMENSION_WORDS: Mapping[Dimension, str] = {
    Dimension.INSTITUTION: "机构",
    Dimension.COUNTY: "县（市、区）",
    Dimension.CITY: "设区市",
    Dimension.ALLIANCE: "医联体",
    Dimension.SERVICE: "服务类型",
}
BOARD_DIMENSION_WORDS: Mapping[Dimension, str] = {
    **DIMENSION_WORDS,
    Dimension.COUNTY: "县（市）",
}
SIDE_WORDS: Mapping[Side, str] = {Side.REQUESTER: "申请方", Side.PROVIDER: "受邀方"}

# What a side's growth is measured by.
LEADING: Mapping[Side, str] = {Side.REQUESTER: "submitted", Side.PROVIDER: "issued"}

_RULES = (
    "月份以北京时间每月 1 日 0 时为界，按事项发生（发送、签名、确认）的服务器时间归月；"
    "剔除统计的申请在剔除当月以负数冲减，已上报月份不改写。",
    "申请方与受邀方各计一次，不相加；中位数与 90 百分位数取最近秩值；"
    "“—”表示无可计算的数据，不是零。",
)


@dataclass(frozen=True, slots=True)
class TallyRow:
    """One group's numbers; `before` and `last_year` are those of the compared months, if any."""

    code: str
    name: str
    summary: Summary
    before: Summary | None = None
    last_year: Summary | None = None


@dataclass(frozen=True, slots=True)
class TallyPart:
    """The groups of one dimension and side, and `total` over the distinct facts of all of them.

    The total is given, not added: an institution may belong to several alliances, and medians
    have no sum.
    """

    dimension: Dimension
    side: Side
    rows: tuple[TallyRow, ...]
    total: TallyRow | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One request of the month: identifiers and times, no name of a patient."""

    number: str
    service: str
    urgency: str
    requester: str
    provider: str
    submitted_at: datetime | None
    issued_at: datetime | None
    turnaround_seconds: float | None
    on_time: bool | None
    positive: bool | None
    critical: bool | None
    adoption: str
    state: str


@dataclass(frozen=True, slots=True)
class BoardPart:
    """One indicator's boards: who stands on them, by name, and who is not ranked."""

    indicator: Indicator
    standings: tuple[tuple[str, Standing], ...]
    absent: tuple[tuple[str, Absence], ...]


@dataclass(frozen=True, slots=True)
class BoardSheet:
    """The boards of one list and side."""

    dimension: Dimension
    side: Side
    parts: tuple[BoardPart, ...]


@dataclass(frozen=True, slots=True)
class MonthlyTally:
    """Everything of the book. `month` is YYYY-MM; `title` names the network."""

    title: str
    month: str
    reported_by: str
    made_at: datetime
    parts: tuple[TallyPart, ...]
    cases: Iterable[CaseRow]
    boards: tuple[BoardSheet, ...] = ()
    cases_in_all: int | None = None
    entries: Iterable[EntryRow] = ()
    entries_in_all: int | None = None
    as_of: int | None = None
    """The number of the last fact of the log that is counted."""
    places: tuple[PlaceRow, ...] = ()
    urgency: str = ""
    """The word for the one urgency that it is of; empty for all."""


def tally_workbook(tally: MonthlyTally) -> Workbook:
    """The book of a month, ready for `write_xlsx`."""
    tables = (
        *(part_table(tally, part) for part in tally.parts),
        *(_boards_table(tally, sheet) for sheet in tally.boards),
        _cases_sheet(tally),
        _entries_sheet(tally),
        _listing(tally, places_table(tally.places)),
        _meanings(),
    )
    title = f"{tally.title}（{month_words(tally.month)}{_urgency(tally)}）"
    return Workbook(title, tally.reported_by, tally.made_at, tables)


def _urgency(tally: MonthlyTally) -> str:
    return f" · {tally.urgency}" if tally.urgency else ""


def month_words(month: str) -> str:
    """The month as a form writes it: 2026-03 is 2026年3月."""
    year, number = month.split("-")
    return f"{year}年{int(number)}月"


# --- the same rows for the screen and the file ---------------------------------------------------


def side_indicators(side: Side) -> tuple[Indicator, ...]:
    """The indicators that speak about a side, in the table's order."""
    return tuple(row for row in INDICATORS.values() if row.side in (side, Side.BOTH))


def tally_columns(dimension: Dimension, side: Side) -> tuple[Column, ...]:
    """The columns of one part: the group, its indicators, and its growth."""
    leading = INDICATORS[LEADING[side]].zh
    return (
        Column(DIMENSION_WORDS[dimension], width=26),
        *(column for row in side_indicators(side) for column in _indicator_columns(row)),
        Column(f"{leading}环比", ColumnKind.PERCENT, "%", 11),
        Column(f"{leading}同比", ColumnKind.PERCENT, "%", 11),
    )


def tally_cells(row: TallyRow, side: Side) -> tuple[Cell, ...]:
    """A group's cells under `tally_columns`: shares as fractions, durations in minutes."""
    return (
        row.name,
        *(cell for it in side_indicators(side) for cell in _indicator_cells(it, row.summary)),
        _growth(row.summary, row.before, LEADING[side]),
        _growth(row.summary, row.last_year, LEADING[side]),
    )


_KINDS = {
    Measure.SHARE: ColumnKind.PERCENT,
    Measure.MONEY: ColumnKind.MONEY,
    Measure.CREDIT: ColumnKind.CREDIT,
}
_IN_HUNDREDTHS = frozenset({Measure.MONEY, Measure.CREDIT})


def _indicator_columns(row: Indicator) -> tuple[Column, ...]:
    if row.kind is Measure.DURATION:
        return (
            Column(f"{row.zh}中位数", ColumnKind.DECIMAL, "分钟", 11),
            Column(f"{row.zh}90百分位", ColumnKind.DECIMAL, "分钟", 11),
        )
    kind = _KINDS.get(row.kind, ColumnKind.COUNT)
    return (Column(row.zh, kind, row.unit, 10),)


def _indicator_cells(row: Indicator, summary: Summary) -> tuple[Cell, ...]:
    if row.kind is Measure.DURATION:
        return _minutes_of(summary.durations[row.code])
    if row.kind is Measure.SHARE:
        return (summary.shares[row.code],)
    if row.kind in _IN_HUNDREDTHS:  # counted whole, in fen for one; printed in yuan and credits
        return (summary.counts[row.code] / 100,)
    return (summary.counts[row.code],)


def _minutes_of(spread: Spread) -> tuple[Cell, ...]:
    return minutes(spread.median), minutes(spread.p90)


def minutes(seconds: float | None) -> float | None:
    """Seconds as minutes; missing stays missing."""
    return None if seconds is None else seconds / SECONDS_PER_MINUTE


def _growth(now: Summary, then: Summary | None, code: str) -> float | None:
    return change(now.counts[code], None if then is None else then.counts[code]).growth


# --- the sheets ----------------------------------------------------------------------------------


def part_table(tally: MonthlyTally, part: TallyPart) -> Table:
    side, dimension = SIDE_WORDS[part.side], DIMENSION_WORDS[part.dimension]
    total = () if part.total is None else (part.total,)
    return Table(
        name=f"{dimension}-{side}",
        title=f"{tally.title}（按{dimension} · {side}{_urgency(tally)}）",
        columns=tally_columns(part.dimension, part.side),
        rows=[tally_cells(row, part.side) for row in (*part.rows, *total)],
        form=Form(tally.reported_by, month_words(tally.month), _RULES),
    )


_BOARD_WORDS: Mapping[Board, str] = {Board.RED: "红榜", Board.BLACK: "黑榜"}
_ABSENCE_WORDS: Mapping[Absence, str] = {
    Absence.NOTHING: "未排名：无数据",
    Absence.TOO_FEW: f"未排名：不足 {LEAST} 例",
}


def _boards_table(tally: MonthlyTally, sheet: BoardSheet) -> Table:
    side, dimension = SIDE_WORDS[sheet.side], BOARD_DIMENSION_WORDS[sheet.dimension]
    return Table(
        name=f"红黑榜-{dimension}-{side}",
        title=f"{tally.title}（{dimension}红黑榜 · {side}）",
        columns=(
            Column("指标", width=26),
            Column("榜", width=20),
            Column("名次", ColumnKind.COUNT, width=10),
            Column("单位", width=26),
            Column("比率", ColumnKind.PERCENT, "%", 12),
            Column("用时中位数", ColumnKind.DECIMAL, "分钟", 12),
            Column("依据", ColumnKind.COUNT, "例", 10),
        ),
        rows=[line for part in sheet.parts for line in _board_lines(part)],
        form=Form(tally.reported_by, month_words(tally.month), (RULE_ZH,)),
    )


def _board_lines(part: BoardPart) -> Iterable[Sequence[Cell]]:
    timed = part.indicator.kind is Measure.DURATION
    for name, each in part.standings:
        if each.board is not None:
            value, rests_on = each.figure.value, each.figure.rests_on
            figure = (None, minutes(value)) if timed else (value, None)
            board = _BOARD_WORDS[each.board]
            yield (part.indicator.zh, board, each.rank, name, *figure, rests_on)
    for name, why in part.absent:
        yield (part.indicator.zh, _ABSENCE_WORDS[why], None, name, None, None, None)


_CASE_COLUMNS = (
    Column("申请单号", width=22),
    Column("服务类型", width=16),
    Column("紧急程度", width=10),
    Column("申请机构", width=26),
    Column("受邀机构", width=26),
    Column("首次发送时间", ColumnKind.TIME, width=20),
    Column("报告签发时间", ColumnKind.TIME, width=20),
    Column("报告用时", ColumnKind.DECIMAL, "分钟", 11),
    Column("是否按时", width=10),
    Column("结果判定", width=10),
    Column("危急值", width=10),
    Column("采纳情况", width=12),
    Column("状态", width=12),
)

_ON_TIME: Mapping[bool | None, str | None] = {True: "按时", False: "超时", None: None}
_POSITIVE: Mapping[bool | None, str | None] = {True: "阳性", False: "阴性", None: None}
_CRITICAL: Mapping[bool | None, str | None] = {True: "有", False: "无", None: None}


def _cases_sheet(tally: MonthlyTally) -> Table:
    made = cases_table(tally.cases)
    rows = tuple(made.rows)
    of, shown = tally.cases_in_all, len(rows)
    notes = () if of is None or of <= shown else (
        f"本月共 {of:,} 件申请，本表按申请单号列前 {shown:,} 件；"
        "全部申请请在统计页导出“全部申请 CSV”。",
    )  # fmt: skip
    return _listing(tally, replace(made, rows=rows), notes)


def _entries_sheet(tally: MonthlyTally) -> Table:
    made = entries_table(tally.entries)
    rows = tuple(made.rows)
    of, shown = tally.entries_in_all, len(rows)
    notes: tuple[str, ...] = ADDING
    if tally.as_of is not None:
        notes = (*notes, f"计至活动日志第 {tally.as_of} 号。")
    if of is not None and of > shown:
        notes = (
            f"本月共 {of:,} 条，本表列前 {shown:,} 条，不能据以相加；"
            "全部依据请在统计页导出“计数依据 CSV”。",
            *notes,
        )
    return _listing(tally, replace(made, rows=rows), notes)


def _listing(tally: MonthlyTally, plain: Table, notes: tuple[str, ...] = ()) -> Table:
    """A plain table as a sheet of the form."""
    return replace(
        plain,
        title=f"{tally.title}（{plain.title}{_urgency(tally)}）",
        form=Form(tally.reported_by, month_words(tally.month), notes),
    )


def cases_table(cases: Iterable[CaseRow]) -> Table:
    """The requests of the month, one row each."""
    rows = (_case_cells(case) for case in cases)
    return Table("申请明细", "申请明细", _CASE_COLUMNS, rows)


def _case_cells(case: CaseRow) -> Sequence[Cell]:
    return (
        case.number,
        case.service,
        case.urgency,
        case.requester,
        case.provider or None,
        case.submitted_at,
        case.issued_at,
        minutes(case.turnaround_seconds),
        _ON_TIME[case.on_time],
        _POSITIVE[case.positive],
        _CRITICAL[case.critical],
        case.adoption or None,
        case.state,
    )


def _meanings() -> Table:
    sides = {**SIDE_WORDS, Side.BOTH: "双方各计"}
    return Table(
        name="指标口径",
        title="指标口径",
        columns=(
            Column("指标", width=22),
            Column("计于", width=12),
            Column("单位", width=8),
            Column("口径", width=80),
        ),
        rows=[
            (row.zh, sides[row.side], row.unit, row.definition_zh) for row in INDICATORS.values()
        ],
    )
