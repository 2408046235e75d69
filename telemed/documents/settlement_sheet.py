"""The monthly settlement sheet 结算单: for each pair of institutions its cases and what they add
up to.

Knows columns and sums of plain rows. Amounts come in fen and are printed in yuan; a case without
a price shows a dash and adds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from telemed.documents.sheets import Cell, Column, ColumnKind, Form, Table, Workbook


@dataclass(frozen=True, slots=True)
class Line:
    """A case on the sheet; amounts in fen."""

    requester: str
    provider: str
    number: str
    service: str
    what: str
    state: str
    payer: str
    amount: int | None
    taken: int
    """What of it is asked for or paid; nothing of what was waived or refunded."""
    settled: int
    at: datetime


_CASES = (
    Column("申请机构", width=24),
    Column("受邀机构", width=24),
    Column("申请单号", width=18),
    Column("服务", width=12),
    Column("计费项目", width=30),
    Column("日期", ColumnKind.TIME, width=20),
    Column("状态", width=10),
    Column("支付方", width=12),
    Column("金额", ColumnKind.MONEY, "元"),
    Column("应结", ColumnKind.MONEY, "元"),
    Column("已结", ColumnKind.MONEY, "元"),
)
_PAIRS = (
    Column("申请机构", width=24),
    Column("受邀机构", width=24),
    Column("例数", ColumnKind.COUNT, "例"),
    Column("未定价", ColumnKind.COUNT, "例"),
    Column("应结合计", ColumnKind.MONEY, "元"),
    Column("已结合计", ColumnKind.MONEY, "元"),
    Column("未结合计", ColumnKind.MONEY, "元"),
)
_NOTES = (
    "应结为已计费、已结算例之和；减免、退费及未定价的例不计入金额。零元与未定价不同。",
    "每例计入其服务完成之月（北京时间）。",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """What the cases of two institutions add up to, in fen."""

    requester: str
    provider: str
    cases: int
    unpriced: int
    taken: int
    settled: int


def pairs_of(lines: Sequence[Line]) -> list[Pair]:
    """The pairs in the order of their first case, each the sum of its cases."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.requester, line.provider), []).append(line)
    return [
        Pair(
            *pair,
            cases=len(some),
            unpriced=sum(line.amount is None for line in some),
            taken=sum(line.taken for line in some),
            settled=sum(line.settled for line in some),
        )
        for pair, some in groups.items()
    ]


def workbook(
    lines: Sequence[Line], reported_by: str, month: str, author: str, made_at: datetime
) -> Workbook:
    """The sheet of the pairs and the sheet of their cases."""
    sums = [_pair(pair) for pair in pairs_of(lines)]
    form = Form(reported_by, month, _NOTES, ("经办人", "审核人", "对方确认", "日期"))
    return Workbook(
        f"远程医疗服务结算单 {month}",
        author,
        made_at,
        (
            Table("结算汇总", "远程医疗服务结算单", _PAIRS, sums, form),
            Table("结算明细", "远程医疗服务结算明细", _CASES, list(map(_case, lines)), form),
        ),
    )


def _pair(pair: Pair) -> list[Cell]:
    money = (pair.taken, pair.settled, pair.taken - pair.settled)
    return [pair.requester, pair.provider, pair.cases, pair.unpriced, *map(_yuan, money)]


def _case(line: Line) -> list[Cell]:
    amount = None if line.amount is None else _yuan(line.amount)
    names = (line.requester, line.provider, line.number, line.service, line.what)
    money = (amount, _yuan(line.taken), _yuan(line.settled))
    return [*names, line.at, line.state, line.payer, *money]


def _yuan(fen: int) -> float:
    return fen / 100
