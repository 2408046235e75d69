"""A network register as a file: TOML, an Excel workbook, or CSV tables in a folder or a zip.

Knows encodings, Chinese and English headers, and where each row stood in its source, so that a
problem can be found again by the person who typed it.  Refuses to know whether a row makes sense:
that is ``core.network_rows``.  Files come from strangers, so sizes are bounded before parsing and
no input raises.
"""

import csv
import io
import lzma
import re
import tomllib
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from telemed.core.network_rows import Row, RowProblem
from telemed.core.network_sheets import SHEETS

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_UNPACKED: Final = 64 * 1024 * 1024
"""All parts of a zip or workbook together, as its directory declares and as it is read."""
MAX_PARTS: Final = 64
MAX_ROWS: Final = 50_000
"""Rows of one sheet: forty times the people of the present register."""
MAX_COLUMNS: Final = 64
MAX_CELL: Final = 2000

SHEET_NAMES: Final[Mapping[str, str]] = {
    "areas": "行政区划",
    "institutions": "医疗机构",
    "alliances": "医联体",
    "memberships": "成员关系",
    "agreements": "合作协议",
    "departments": "科室",
    "people": "人员",
}
LABELS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "areas": {
        "code": ("区划代码", "450328"),
        "name": ("名称", "龙胜各族自治县"),
        "kind": ("类别", "county"),
        "parent": ("上级代码", "450300"),
        "former_poverty": ("原国定贫困县", "是"),
        "valid_from": ("启用日期", ""),
        "valid_until": ("停用日期", ""),
        "successor": ("后继代码", ""),
    },
    "institutions": {
        "code": ("机构代码", "450328A01"),
        "name": ("机构名称", "龙胜各族自治县人民医院"),
        "short_name": ("简称", "龙胜县医院"),
        "kind": ("机构类别", "A100"),
        "level": ("级别", "2"),
        "grade": ("等次", "甲"),
        "uscc": ("统一社会信用代码", "1245000049850028X4"),
        "licence_no": ("执业许可证登记号", "49850028X45032811A1001"),
        "licence_until": ("许可证有效期至", "2030-12-31"),
        "area_code": ("区划代码", "450328"),
        "scopes": ("诊疗科目", "03 04 31 32.01 32.02 32.06"),
        "connected": ("已接入", "是"),
        "connected_since": ("接入日期", "2017-06-01"),
    },
    "alliances": {
        "code": ("医联体代码", "TT-001"),
        "name": ("医联体名称", "南溪山医院三二医联体"),
        "form": ("形式", "three-two"),
        "lead": ("牵头机构", "450300A01"),
    },
    "memberships": {
        "alliance": ("医联体代码", "TT-001"),
        "institution": ("机构代码", "450328A01"),
        "role": ("角色", "member"),
        "since": ("开始日期", "2017-07-01"),
        "until": ("结束日期", ""),
    },
    "agreements": {
        "code": ("协议代码", "AG-0001"),
        "requester": ("申请机构", "450328A01"),
        "provider": ("受邀机构", "450300A01"),
        "services": ("服务类型", "imaging ecg pathology"),
        "since": ("生效日期", "2017-07-01"),
        "until": ("终止日期", "2027-12-31"),
        "rank": ("顺位", "1"),
        "liability": ("责任分担", "远程诊断由双方共同承担责任"),
        "document_no": ("协议文号", "远程协〔2017〕1号"),
        "deadlines": ("约定时限", "imaging stat 20 §3.2; imaging:CT routine 240 working"),
    },
    "departments": {
        "institution": ("机构代码", "450328A01"),
        "code": ("科室代码", "RAD"),
        "name": ("科室名称", "医学影像科"),
        "scope": ("诊疗科目", "32"),
    },
    "people": {
        "code": ("人员代码", "450328A01-01"),
        "institution": ("机构代码", "450328A01"),
        "department": ("科室代码", "RAD"),
        "name": ("姓名", "示例"),
        "sex": ("性别", "2"),
        "title": ("专业技术职务", "233"),
        "licence_no": ("执业证书编码", "110450328000001"),
        "practice_since": ("执业起始日期", "2008-07-01"),
        "specialty": ("专业", "影像诊断"),
        "scopes": ("执业科目", "32"),
        "roles": ("平台角色", "requester"),
    },
}
"""The Chinese header of every column, and what a cell of it looks like."""


@dataclass(slots=True)
class Reading:
    """Rows by English sheet name, and what the files alone got wrong."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)

    def refuse(self, sheet: str, code: str, row: int = 0, column: str = "", **facts: str) -> None:
        self.problems.append(RowProblem(sheet, row, column, code, facts))


def read_file(name: str, data: bytes) -> Reading:
    """Read a register uploaded as one ``.toml``, ``.xlsx``, ``.csv`` or ``.zip`` of ``.csv``."""
    reading = Reading()
    reader = _READERS.get(PurePosixPath(name).suffix.lower())
    if reader is None:
        reading.refuse(name, "unknown-format", known=" ".join(_READERS))
    elif len(data) > MAX_BYTES:
        reading.refuse(name, "too-large", size=str(len(data)), limit=str(MAX_BYTES))
    else:
        reader(reading, name, data)
    return reading


def read_folder(folder: Path) -> Reading:
    """Read every ``.csv`` of a folder, which is how the committed register is kept."""
    reading = Reading()
    for path in sorted(folder.glob("*.csv")):
        if path.stat().st_size > MAX_BYTES:
            reading.refuse(path.name, "too-large", limit=str(MAX_BYTES))
        else:
            _read_csv(reading, path.name, path.read_bytes())
    return reading


def write_xlsx_template() -> bytes:
    """Return a workbook to fill in: a sheet per table, headers in both languages, one example.

    The example begins with ``#`` and is passed over when read, like any row that does.
    """
    # Imported here: a server writes no template, and openpyxl is a third of a second at start.
    import openpyxl
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, columns in SHEETS.items():
        page = book.create_sheet(SHEET_NAMES[name])
        page.freeze_panes = "A2"
        for x, column in enumerate(columns, 1):
            label, example = LABELS[name][column]
            head = page.cell(1, x, f"{label} {column}")
            head.font = Font(bold=True)
            head.fill = PatternFill("solid", fgColor="E6F0F5")
            page.cell(2, x, f"#{example}" if x == 1 else example).number_format = "@"
            # As text, or Excel turns codes of fifteen digits into rounded numbers.
            dimension = page.column_dimensions[get_column_letter(x)]
            dimension.number_format = "@"
            dimension.width = 22
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# -- formats ---------------------------------------------------------------------------------


def _read_toml(reading: Reading, name: str, data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
        document = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reading.refuse(name, "unreadable", detail=str(error)[:200])
        return
    for title, entries in document.items():
        lines = _toml_lines(text, title)
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            reading.refuse(title, "not-a-table", wanted=f"[[{title}]]")
            continue
        if _sheet_name(title) is None:
            reading.refuse(title, "unknown-sheet", known=" ".join(SHEETS))
            continue
        if len(lines) != len(entries):
            lines = list(range(1, len(entries) + 1))
        _add_tables(reading, title, list(zip(lines, entries, strict=True)))


def _toml_lines(text: str, title: str) -> list[int]:
    """Return the line of each ``[[title]]``; tomllib itself forgets where things stood."""
    header = re.compile(rf"""\s*\[\[\s*["']?{re.escape(title)}["']?\s*\]\]""")
    return [n for n, line in enumerate(text.splitlines(), 1) if header.match(line)]


def _add_tables(
    reading: Reading, title: str, entries: Sequence[tuple[int, Mapping[str, object]]]
) -> None:
    # Keys differ from entry to entry, so each is a header line of its own.
    for number, entry in entries[: MAX_ROWS + 1]:
        header = [(number, list(entry))]
        cells = [(number, [_cell_text(value) for value in entry.values()])]
        _add_sheet(reading, title, header + cells)


def _read_xlsx(reading: Reading, name: str, data: bytes) -> None:
    if _open_zip(reading, name, data, xml=True) is None:
        return
    try:
        import openpyxl

        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for page in book.worksheets:
            page.reset_dimensions()
            grid = page.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS, values_only=True)
            lines = ((n, [_cell_text(v) for v in cells]) for n, cells in enumerate(grid, 1))
            _add_sheet(reading, page.title, lines)
    # openpyxl answers a malformed part with whatever its parser happened to meet there.
    except Exception as error:
        reading.refuse(name, "unreadable", detail=f"{type(error).__name__}: {error}"[:200])


def _read_zip(reading: Reading, name: str, data: bytes) -> None:
    parts = _open_zip(reading, name, data)
    for part, content in parts or ():
        path = PurePosixPath(part)
        if path.suffix.lower() == ".csv" and not path.name.startswith("."):
            _read_csv(reading, path.name, content)


def _read_csv(reading: Reading, name: str, data: bytes) -> None:
    text = _decode(data)
    if text is None:
        reading.refuse(name, "unreadable", detail="neither UTF-8 nor GB18030")
        return
    try:
        _add_sheet(reading, PurePosixPath(name).stem, _csv_lines(text))
    except csv.Error as error:
        reading.refuse(name, "unreadable", detail=str(error))


_READERS: Final = {
    ".toml": _read_toml,
    ".xlsx": _read_xlsx,
    ".csv": _read_csv,
    ".zip": _read_zip,
}


# BadZipFile covers the directory and the sums; a foreign method, a password, a broken stream of
# either compressor and a bad offset each come as something else.
_ZIP_FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)


def _decode(data: bytes) -> str | None:
    # Excel on a Chinese desktop saves GB18030 and says so nowhere; UTF-8 is tried first because
    # hardly any GB18030 text happens to be valid UTF-8, while the reverse is common.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    for cells in reader:
        yield start, cells
        start = reader.line_num + 1


def _open_zip(
    reading: Reading, name: str, data: bytes, xml: bool = False
) -> list[tuple[str, bytes]] | None:
    """Unpack within the limits; with ``xml`` refuse document types, which only bombs declare."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # Not is_dir(), which fails on the empty name of a damaged directory.
            entries = [e for e in archive.infolist() if not e.filename.endswith("/")]
            if len(entries) > MAX_PARTS or sum(e.file_size for e in entries) > MAX_UNPACKED:
                reading.refuse(name, "too-large", limit=str(MAX_UNPACKED))
                return None
            # zipfile stops at the declared size, so a lying directory cannot unpack more.
            parts = [(_part_name(e), archive.read(e)) for e in entries]
    except _ZIP_FAULTS as error:
        reading.refuse(name, "unreadable", detail=str(error)[:200])
        return None
    if xml and any(b"<!DOCTYPE" in content for _, content in parts):
        reading.refuse(name, "unreadable", detail="document type declaration")
        return None
    return parts


def _part_name(entry: zipfile.ZipInfo) -> str:
    # Without the UTF-8 flag (APPNOTE 4.4.4, bit 11) Chinese Windows writes its own code page,
    # which zipfile has read as cp437.
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return entry.filename


# -- sheets ----------------------------------------------------------------------------------


def _add_sheet(reading: Reading, title: str, lines: Iterable[tuple[int, list[str]]]) -> None:
    """Add one sheet's rows: comments passed over, headers understood, empty rows dropped."""
    sheet = _sheet_name(title)
    if sheet is None:
        reading.refuse(title, "unknown-sheet", known=" ".join(SHEETS))
        return
    rows = reading.rows.setdefault(sheet, [])
    columns: list[str | None] | None = None
    for number, raw in lines:
        cells = [cell.strip() for cell in raw]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if columns is None:
            columns = _columns(reading, sheet, number, cells)
            continue
        if len(rows) >= MAX_ROWS:
            reading.refuse(sheet, "too-many-rows", number, limit=str(MAX_ROWS))
            return
        rows.append(Row(number, _named(reading, sheet, number, columns, cells)))


def _named(
    reading: Reading, sheet: str, number: int, columns: Sequence[str | None], cells: Sequence[str]
) -> dict[str, str]:
    named: dict[str, str] = {}
    for x, cell in enumerate(cells):
        column = columns[x] if x < len(columns) else None
        if len(cell) > MAX_CELL:
            reading.refuse(sheet, "too-long", number, column or "", limit=str(MAX_CELL))
        elif column:
            named[column] = cell
        elif x >= len(columns) and cell:
            reading.refuse(sheet, "too-many-cells", number, value=cell[:40])
    return named


def _columns(reading: Reading, sheet: str, number: int, headers: Sequence[str]) -> list[str | None]:
    columns: list[str | None] = []
    for header in headers[:MAX_COLUMNS]:
        column = _column_name(sheet, header)
        if header and column is None:
            reading.refuse(sheet, "unknown-column", number, header[:40])
        if column and column in columns:
            reading.refuse(sheet, "duplicate-column", number, column)
        columns.append(column)
    return columns


def _sheet_name(title: str) -> str | None:
    words = _words(title)
    return next((n for n, zh in SHEET_NAMES.items() if n in words or zh in words), None)


def _column_name(sheet: str, header: str) -> str | None:
    words = _words(header)
    labels = LABELS[sheet].items()
    return next((name for name, (zh, _) in labels if name in words or zh in words), None)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.split("[\\s()*\uff08\uff09]+", text.strip().lower()))


def _cell_text(value: object) -> str:
    """Return a cell as a person reads it: days as ISO days, whole numbers without a point."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return " ".join(_cell_text(v) for v in value)
        case _:
            return str(value)
