"""Tables as files: an XLSX in the dress of a Chinese monthly form, and a CSV any program reads.

It knows columns and rows, nothing of what they mean. A cell is typed by what it holds: text stays
text whatever it begins with, so nothing a person once typed becomes a formula on another person's
desk, and a missing figure is a dash, never a zero.
"""

import csv
import io
import math
import pickle
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

ZONE = ZoneInfo("Asia/Shanghai")
MISSING = "—"
MOST_ROWS = 1_048_576  # of one sheet, ECMA-376 as Excel limits it
ROOM_FOR_FOOT = 100
LONGEST_TEXT = 32_767  # of one cell
CUT_OFF = "…（已截断）"
_A3, _A4 = 8, 9  # paper codes of ECMA-376 part 1, 18.3.1.63
_MOST_ON_A4 = 16

Cell = str | int | float | datetime | None


class ColumnKind(StrEnum):
    """What a column holds, which decides its number format and alignment."""

    TEXT = "text"
    COUNT = "count"
    DECIMAL = "decimal"
    PERCENT = "percent"
    TIME = "time"
    MONEY = "money"
    CREDIT = "credit"
    NUMBER = "number"
    """A number as it is, without separators: in the log, or of changing unit."""


_NUMBER_FORMATS: Mapping[ColumnKind, str] = {
    ColumnKind.TEXT: "@",
    ColumnKind.COUNT: "#,##0",
    ColumnKind.DECIMAL: "#,##0.0",
    ColumnKind.PERCENT: "0.0%",
    ColumnKind.TIME: "yyyy-mm-dd hh:mm:ss",
    ColumnKind.MONEY: "#,##0.00",
    ColumnKind.CREDIT: "#,##0.0#",
    ColumnKind.NUMBER: "General",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title, kind, unit (printed in its own row) and width in characters."""

    title: str
    kind: ColumnKind = ColumnKind.TEXT
    unit: str = ""
    width: float = 12


@dataclass(frozen=True, slots=True)
class Form:
    """What makes a table an official form: who reports, for which month, by which definitions."""

    reported_by: str
    month: str
    notes: tuple[str, ...] = ()
    signers: tuple[str, ...] = ("填表人", "审核人", "单位负责人", "填表日期")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; shares are fractions, times are aware. `rows` is read once."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[Cell]]
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Workbook:
    """The tables of one file, a sheet each, and what its properties say."""

    title: str
    author: str
    made_at: datetime
    tables: tuple[Table, ...]


# --- XLSX --------------------------------------------------------------------------------------


def write_xlsx(book: Workbook) -> bytes:
    """The workbook as XLSX bytes, written row by row in bounded memory.

    ValueError when a row does not fit its columns, a sheet would be too long, or there is none.
    """
    if not book.tables:
        raise ValueError("a workbook needs a table")
    drawn = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(drawn, options) as file:
        made_at = book.made_at.astimezone(ZONE).replace(tzinfo=None)
        file.set_properties({"title": book.title, "author": book.author, "created": made_at})
        styles = _Styles(file)
        for name, table in zip(
            sheet_names([t.name for t in book.tables]), book.tables, strict=True
        ):
            _write_sheet(file.add_worksheet(name), table, styles)
    return drawn.getvalue()


def write_from_stdin() -> None:
    """The life of a process of its own: a pickled workbook comes in, its file goes out."""
    book: Workbook = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(write_xlsx(book))
    sys.stdout.buffer.flush()


class _Styles:
    """The formats of a book; a format belongs to one file."""

    def __init__(self, file: xlsxwriter.Workbook) -> None:
        face = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
        cell = {**face, "border": 1}

        def style(**more: object) -> Format:
            return cast(Format, file.add_format(more))

        self.title = style(**{**face, "font_size": 16, "bold": True, "align": "center"})
        self.line = style(**face)
        self.line_right = style(**{**face, "align": "right"})
        self.note = style(**{**face, "font_size": 10, "text_wrap": True})
        self.head = style(**cell, bold=True, align="center", text_wrap=True, bg_color="#E8EDF3")
        self.unit = style(**{**cell, "font_size": 9}, align="center", font_color="#595959")
        self.missing = style(**cell, align="center", font_color="#7F7F7F")
        self.text = style(**cell, align="left", num_format="@", text_wrap=True)
        self.numbers = {
            kind: style(**cell, align="right", num_format=number_format)
            for kind, number_format in _NUMBER_FORMATS.items()
        }


def _write_sheet(sheet: Worksheet, table: Table, styles: _Styles) -> None:
    top = _write_head(sheet, table, styles)
    row = top - 1
    for row, values in enumerate(table.rows, top):
        if len(values) != len(table.columns):
            raise ValueError(
                f"{table.name}: a row of {len(values)} in {len(table.columns)} columns"
            )
        if row >= MOST_ROWS - ROOM_FOR_FOOT:
            raise ValueError(f"{table.name}: more rows than a sheet can hold")
        for column, value in enumerate(values):
            _write_cell(sheet, row, column, value, table.columns[column].kind, styles)
    _write_foot(sheet, table, row + 1, styles)
    _set_print(sheet, table, top)


def _write_head(sheet: Worksheet, table: Table, styles: _Styles) -> int:
    """Title, form line, column titles and units; returns the first row of data."""
    last = len(table.columns) - 1
    for number, column in enumerate(table.columns):
        sheet.set_column(number, number, column.width)
    sheet.set_row(0, 30)
    _write_across(sheet, 0, 0, last, table.title, styles.title)
    row = 1
    if table.form is not None:
        middle = last // 2
        _write_across(sheet, 1, 0, middle, f"填报单位：{table.form.reported_by}", styles.line)
        month = f"统计月份：{table.form.month}"
        _write_across(sheet, 1, middle + 1, last, month, styles.line_right)
        row = 2
    sheet.set_row(row, 32)
    for number, column in enumerate(table.columns):
        sheet.write_string(row, number, _fitting(column.title), styles.head)
    for number, column in enumerate(table.columns):
        if column.unit:
            sheet.write_string(row + 1, number, _fitting(column.unit), styles.unit)
        else:
            sheet.write_blank(row + 1, number, None, styles.unit)
    return row + 2


def _write_across(
    sheet: Worksheet, row: int, first: int, last: int, text: str, style: Format
) -> None:
    """Text over several columns; merging writes no formula because the cell is typed after it."""
    if first < last:
        sheet.merge_range(row, first, row, last, "", style)
    if first <= last:
        sheet.write_string(row, first, _fitting(text), style)


def _write_cell(
    sheet: Worksheet, row: int, column: int, value: Cell, kind: ColumnKind, styles: _Styles
) -> None:
    if isinstance(value, datetime):
        local = _local(value)
        sheet.write_datetime(row, column, local, styles.numbers[ColumnKind.TIME])
    elif value is None or (isinstance(value, float) and not math.isfinite(value)):
        sheet.write_string(row, column, MISSING, styles.missing)
    elif isinstance(value, str):
        sheet.write_string(row, column, _fitting(value), styles.text)
    else:
        sheet.write_number(row, column, value, styles.numbers[kind])


def _write_foot(sheet: Worksheet, table: Table, row: int, styles: _Styles) -> None:
    if table.form is None:
        return
    last = len(table.columns) - 1
    for number, note in enumerate(table.form.notes, 1):
        label = "口径说明：" if number == 1 else "　　　　　"
        _write_across(sheet, row, 0, last, f"{label}{number}. {note}", styles.note)
        row += 1
    line = "".join(f"{who}：＿＿＿＿＿＿＿＿　　" for who in table.form.signers)
    sheet.set_row(row + 1, 28)
    _write_across(sheet, row + 1, 0, last, line, styles.line)


def _set_print(sheet: Worksheet, table: Table, top: int) -> None:
    """Across, one page wide, the head on every page; the first column stays in sight."""
    sheet.freeze_panes(top, 1)
    sheet.repeat_rows(max(top - 2, 0), top - 1)
    sheet.set_landscape()
    sheet.set_paper(_A3 if len(table.columns) > _MOST_ON_A4 else _A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C第 &P 页 / 共 &N 页")


def _local(at: datetime) -> datetime:
    """The time in China without its zone, as a cell holds it; ValueError when naive."""
    if at.tzinfo is None:
        raise ValueError("a time in a table must be aware")
    return at.astimezone(ZONE).replace(tzinfo=None)


def _fitting(text: str) -> str:
    """Text as long as a cell may hold, its cutting marked."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(CUT_OFF)] + CUT_OFF


def sheet_names(wanted: Sequence[str]) -> list[str]:
    """Names Excel accepts for sheets: unique whatever the case, 31 characters, no `[]:*?/\\`.

    Excel counts UTF-16 units: a character beyond the first plane is two. What XML 1.0 cannot hold
    becomes a blank.
    """
    taken: set[str] = set()
    names = []
    for name in wanted:
        clean = _cut(_NOT_IN_A_NAME.sub(" ", name).strip(" '"), 31) or "表"
        free, number = clean, 1
        while free.lower() in taken or free.lower() == "history":
            number += 1
            tail = f" {number}"
            free = _cut(clean, 31 - len(tail)) + tail
        taken.add(free.lower())
        names.append(free)
    return names


_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f\ufffe\uffff]")


def _cut(text: str, units: int) -> str:
    """At most so many UTF-16 units of a text, without half a character."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


# --- CSV ---------------------------------------------------------------------------------------

_STARTS = "=+\\-@＝＋－＠\u2212\ufe62\ufe63\ufe66\ufe6b"
_STARTS_FORMULA = re.compile(f"[{_STARTS}\t\r\n]")
_AFTER_BREAK = re.compile(f"(?<=[;\t\r\n])( *)(?=[{_STARTS}])")


def write_csv(table: Table) -> bytes:
    """The columns and rows as CSV: UTF-8 with a byte order mark, CRLF, text always quoted.

    Title, definitions and signatures are left out: one header line, then rows. Text a spreadsheet
    would calculate is given an apostrophe; numbers stay numbers, shares in percent.
    """
    return csv_head(table) + csv_lines(table)


def csv_head(table: Table) -> bytes:
    """The first bytes of `write_csv`'s file, for one that is sent piece by piece."""
    heads = [inert(_head(column)) for column in table.columns]
    return b"\xef\xbb\xbf" + _csv([heads])


def csv_lines(table: Table) -> bytes:
    """The rows of a table as lines of `write_csv`'s file."""
    return _csv(_csv_row(table, row) for row in table.rows)


def _csv(rows: Iterable[Sequence[str | int | float]]) -> bytes:
    drawn = io.StringIO(newline="")
    csv.writer(drawn, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(rows)
    return drawn.getvalue().encode()


def _csv_row(table: Table, row: Sequence[Cell]) -> list[str | int | float]:
    if len(row) != len(table.columns):
        raise ValueError(f"{table.name}: a row of {len(row)} in {len(table.columns)} columns")
    return [
        _csv_value(value, column.kind) for value, column in zip(row, table.columns, strict=True)
    ]


def _head(column: Column) -> str:
    return f"{column.title}（{column.unit}）" if column.unit else column.title


def _csv_value(value: Cell, kind: ColumnKind) -> str | int | float:
    """The value as a CSV can say it: without cell formats a share must be written in percent."""
    if isinstance(value, datetime):
        return f"{_local(value):%Y-%m-%d %H:%M:%S}"
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return MISSING
    if isinstance(value, str):
        return inert(value)
    return round(value * 100, 4) if kind is ColumnKind.PERCENT else value


def inert(text: str) -> str:
    """`text` so that no spreadsheet calculates it when it opens a CSV.

    A formula may also hide behind blanks or marks that cannot be seen, or behind a semicolon, tab
    or line break which a program set to another separator takes for the start of a cell.
    """
    text = _AFTER_BREAK.sub(r"\1'", text.replace("\x00", ""))
    seen = text.lstrip("".join({c for c in text if _unseen(c)}))
    risky = _STARTS_FORMULA.match(text) or _STARTS_FORMULA.match(seen)
    return f"'{text}" if risky else text


def _unseen(character: str) -> bool:
    return unicodedata.category(character)[0] in "ZC"
