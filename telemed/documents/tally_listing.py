"""What stands behind every number of a month, fact by fact, as a table to add up.

A line is one entry of the tally: the indicator, how much of it, the case or whatever else it is
of, the two institutions, the time, and the number of its fact in the log. Adding lines up gives
the figures of the form's sheets; for those of counties, cities and alliances the second table says
where an institution belongs. No patient and no learner is named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from telemed.core.indicator import ADDED_UP, Indicator, Measure, Side
from telemed.documents.sheets import Cell, Column, ColumnKind, Table

THINGS: Mapping[str, str] = {
    "request": "申请",
    "lecture": "培训场次",
    "appointment": "预约",
    "call": "急会诊呼叫",
    "waiting": "候补登记",
}
"""What an entry may be of, as the form calls it."""

_ON: Mapping[frozenset[Side], str] = {
    frozenset({Side.REQUESTER}): "申请方",
    frozenset({Side.PROVIDER}): "受邀方",
    frozenset({Side.REQUESTER, Side.PROVIDER}): "双方",
}
_IN_HUNDREDTHS = frozenset({Measure.MONEY, Measure.CREDIT})

ADDING = (
    "每行是计入本月的一条事实，按指标、日志序号排列；一个事实可计入多个指标。"
    "某机构某指标的数等于该侧（“计于”为该侧或双方）该机构各行“计入”之和；"
    "县、市、医联体按“机构对照”表归并。",
    "比率取其分子、分母两个指标之和；中位数与 90 百分位数取“用时”的最近秩值，"
    "负数行冲减同一事项用时相同的一行。",
)
"""How the figures are had from the lines."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One counted fact: ids and times, no name of a person.

    `on` are the sides on which the reader's form counts it; `thing` is a word of `THINGS`.
    """

    indicator: Indicator
    on: frozenset[Side]
    weight: int
    seconds: float | None
    thing: str
    number: str
    service: str
    urgency: str
    requester: str
    provider: str
    at: datetime
    seq: int
    part: int


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """An institution and the rows of the other sheets that it counts in."""

    name: str
    county: str
    city: str
    alliances: tuple[str, ...]


_ENTRY_COLUMNS = (
    Column("指标", width=22),
    Column("计于", width=8),
    Column("计入", ColumnKind.NUMBER, width=8),
    Column("单位", width=8),
    Column("用时", ColumnKind.DECIMAL, "分钟", 10),
    Column("事项", width=12),
    Column("编号", width=30),
    Column("服务类型", width=16),
    Column("紧急程度", width=10),
    Column("申请机构", width=24),
    Column("受邀机构", width=24),
    Column("发生时间", ColumnKind.TIME, width=20),
    Column("日志序号", ColumnKind.NUMBER, width=11),
    Column("分项", ColumnKind.NUMBER, width=6),
)


def entries_table(entries: Iterable[EntryRow]) -> Table:
    """The counted facts, one row each."""
    return Table("计数依据", "计数依据", _ENTRY_COLUMNS, (_entry_cells(row) for row in entries))


def _entry_cells(row: EntryRow) -> Sequence[Cell]:
    kind = row.indicator.kind
    return (
        row.indicator.zh,
        _ON[row.on],
        row.weight / 100 if kind in _IN_HUNDREDTHS else row.weight,
        row.indicator.unit if kind in ADDED_UP else "例",
        None if row.seconds is None else row.seconds / 60,
        THINGS[row.thing],
        row.number,
        row.service,
        row.urgency,
        row.requester or None,
        row.provider or None,
        row.at,
        row.seq,
        row.part,
    )


_PLACE_COLUMNS = (
    Column("机构", width=26),
    Column("县（市、区）", width=20),
    Column("设区市", width=20),
    Column("医联体", width=60),
)


def places_table(places: Iterable[PlaceRow]) -> Table:
    """Where each institution belongs in the month."""
    rows = [(p.name, p.county, p.city, "、".join(p.alliances) or None) for p in places]
    return Table("机构对照", "机构对照", _PLACE_COLUMNS, rows)
