"""Who took part in a lecture 签到表, as a workbook to hand in; from plain values.

It decides nothing: who came, how and for how long is said by whoever makes it.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final

from telemed.documents.sheets import Column, ColumnKind, Form, Table, Workbook

_COLUMNS: Final = (
    Column("序号", ColumnKind.COUNT, width=6),
    Column("姓名", width=14),
    Column("机构", width=28),
    Column("状态", width=10),
    Column("签到时间", ColumnKind.TIME, width=20),
    Column("签到方式", width=12),
    Column("学时", ColumnKind.COUNT, "分钟", 10),
    Column("授予学分", ColumnKind.CREDIT, "分", 10),
)


@dataclass(frozen=True, slots=True)
class Learner:
    """One line; what is missing is a dash."""

    name: str
    institution: str
    state: str
    checked_in_at: datetime | None
    how: str
    minutes: int | None
    credit: float | None


@dataclass(frozen=True, slots=True)
class About:
    """The lecture at the head of the sheet."""

    title: str
    number: str
    when: str
    offerer: str
    lecturers: str


def learners_book(about: About, learners: Iterable[Learner], made_at: datetime) -> Workbook:
    """The workbook, one sheet."""
    rows = tuple((n, *astuple(one)) for n, one in enumerate(learners, 1))
    notes = (
        f"场次编号 {about.number}；授课 {about.lecturers or '—'}。",
        "学时为计入的学习时长；学分按课程授予，同一课程一次。",
    )
    form = Form(about.offerer, about.when, notes, ("授课人", "填表人", "审核人", "填表日期"))
    table = Table("签到表", f"{about.title} 签到表", _COLUMNS, rows, form)
    return Workbook(f"{about.title} 签到表", about.offerer, made_at, (table,))
