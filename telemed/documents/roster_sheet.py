"""The roster as a table for a spreadsheet, and back: one line for each shift.

Knows columns, Chinese and English headers, and how a day, an hour and a list of codes are written.
Refuses to know whether there is such a person or a duty. Text comes from strangers: it is bounded
before it gets here, and what cannot be read is said with its line.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from telemed.documents.sheets import Column, Table

COLUMNS: Final[Mapping[str, str]] = {
    "person": "人员代码",
    "name": "姓名",
    "kind": "值班类别",
    "services": "服务",
    "day": "日期",
    "begins": "开始",
    "ends": "结束",
}
"""Each column by its English name, with its Chinese one. `name` is for people to read."""
_MUST: Final = ("person", "kind", "day", "begins", "ends")
_DAY: Final = re.compile(r"(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_CLOCK: Final = re.compile(r"(\d{1,2})[:：](\d{2})(?::00)?")


class Unreadable(Exception):
    """A line that cannot be read: its number from 1, and the column."""

    def __init__(self, line: int, column: str) -> None:
        self.line, self.column = line, column
        super().__init__(f"line {line}: {column}")


@dataclass(frozen=True, slots=True)
class Line:
    """A shift as it is written; codes are as they were typed."""

    number: int
    person: str
    kind: str
    services: tuple[str, ...]
    day: date
    begins: time
    ends: time


def sheet(rows: Iterable[Sequence[str]]) -> Table:
    """Rows of texts in the order of the columns."""
    return Table("值班表", "值班表", tuple(Column(zh) for zh in COLUMNS.values()), rows)


def read(text: str) -> list[Line]:
    """The lines of CSV with a header; empty ones are passed over. Unreadable says where it ends."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    found: list[Line] = []
    names: list[str | None] | None = None
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if names is None:
                    names = _header(start, cells)
                else:
                    found.append(_line(start, names, cells))
            start = reader.line_num + 1
    except csv.Error as fault:
        raise Unreadable(start, "CSV") from fault
    return found


def _header(number: int, cells: Sequence[str]) -> list[str | None]:
    known = {zh: name for name, zh in COLUMNS.items()} | {name: name for name in COLUMNS}
    names = [known.get(cell.strip().lower()) for cell in cells]
    for name in _MUST:
        if names.count(name) != 1:
            raise Unreadable(number, COLUMNS[name])
    return names


def _line(number: int, names: Sequence[str | None], cells: Sequence[str]) -> Line:
    # A spreadsheet's apostrophe keeps what it would calculate a text.
    named = {
        name: cell.strip().removeprefix("'")
        for name, cell in zip(names, cells, strict=False)
        if name is not None
    }
    return Line(
        number=number,
        person=named.get("person", ""),
        kind=named.get("kind", ""),
        services=tuple(re.findall(r"[^\s,，、;；]+", named.get("services", ""))),
        day=_day(number, named.get("day", "")),
        begins=_clock(number, "begins", named.get("begins", "")),
        ends=_clock(number, "ends", named.get("ends", "")),
    )


def _day(number: int, text: str) -> date:
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise Unreadable(number, COLUMNS["day"])


def _clock(number: int, column: str, text: str) -> time:
    found = _CLOCK.fullmatch(text)
    hour, minute = map(int, found.groups()) if found else (99, 0)
    # 24:00 is how people write the end of a day.
    if hour == 24 and minute == 0:
        hour = 0
    if hour > 23 or minute > 59:
        raise Unreadable(number, COLUMNS[column])
    return time(hour, minute)
