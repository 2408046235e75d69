"""Registers as files: every format and encoding gives the same rows, and no file raises."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemed.core.network_rows import Row, validate
from telemed.core.network_sheets import SHEETS
from telemed.documents import network_file
from telemed.documents.network_file import (
    LABELS,
    SHEET_NAMES,
    read_file,
    read_folder,
    write_xlsx_template,
)

ENGLISH = "code,name,form,lead\nTT-1,南溪山医院三二医联体,three-two,450300A01\n"
CHINESE = "医联体代码,医联体名称,形式,牵头机构\nTT-1,南溪山医院三二医联体,three-two,450300A01\n"
CELLS = {
    "code": "TT-1",
    "name": "南溪山医院三二医联体",
    "form": "three-two",
    "lead": "450300A01",
}
ROWS = {"alliances": [Row(2, CELLS)]}


def zipped(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(title: str, lines: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = title
    for line in lines:
        page.append(line)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


WHOLE = workbook("医联体", [["code"], ["A"]])


def codes(name: str, data: bytes) -> list[str]:
    return [p.code for p in read_file(name, data).problems]


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["english", "chinese"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("name", ["alliances.csv", "医联体.csv"])
def test_csv_reads_alike_in_every_encoding_and_language(
    name: str, encoding: str, text: str
) -> None:
    """Headers in either language and the encodings of both desktops give the same rows."""
    reading = read_file(name, text.encode(encoding))
    assert (reading.rows, reading.problems) == (ROWS, [])


def test_a_zip_reads_like_its_files() -> None:
    """A zip holds tables in any folder; what is not a table is passed over."""
    data = zipped({"x/alliances.csv": ENGLISH.encode("gb18030"), "x/readme.txt": b"hello"})
    reading = read_file("register.zip", data)
    assert (reading.rows, reading.problems) == (ROWS, [])


def test_chinese_names_in_a_modern_zip_are_understood() -> None:
    """With the UTF-8 flag the name is what it says."""
    assert read_file("register.zip", zipped({"医联体.csv": ENGLISH.encode()})).rows == ROWS


def test_chinese_names_in_a_windows_zip_are_understood() -> None:
    """Without the UTF-8 flag the name bytes are GB18030, which zipfile reads as cp437."""
    marker = b"xxxxxx.csv"
    name = "医联体.csv".encode("gb18030")
    data = zipped({marker.decode(): ENGLISH.encode()}).replace(marker, name)
    assert read_file("register.zip", data).rows == ROWS


def test_toml_reads_with_line_numbers() -> None:
    """An entry is found again by the line of its header; lists and booleans become words."""
    text = (
        '[[alliances]]\ncode = "TT-1"\nname = "南溪山医院三二医联体"\nform = "three-two"\n'
        'lead = "450300A01"\n\n[[agreements]]\nservices = ["imaging", "ecg"]\nrank = 2.0\n'
        "since = 2017-07-01\n"
    )
    reading = read_file("register.toml", text.encode())
    assert reading.problems == []
    assert reading.rows["alliances"] == [Row(1, CELLS)]
    agreement = {"services": "imaging ecg", "rank": "2", "since": "2017-07-01"}
    assert reading.rows["agreements"] == [Row(7, agreement)]


def test_excel_cells_become_what_a_person_reads() -> None:
    """Days lose their midnight, whole numbers their point, ticks become words, blanks vanish."""
    data = workbook(
        "医疗机构",
        [
            ["机构代码 code", "区划代码", "已接入", "接入日期", "scopes"],
            ["450328A01", 450328, True, datetime(2017, 6, 1), 32.01],  # noqa: DTZ001
            [None, None, None, None, None],
            ["450327A01", 450327.0, False, date(2017, 6, 2), "03 04"],
        ],
    )
    reading = read_file("register.xlsx", data)
    assert reading.problems == []
    names = ("code", "area_code", "connected", "connected_since", "scopes")
    assert reading.rows["institutions"] == [
        Row(
            2, dict(zip(names, ("450328A01", "450328", "yes", "2017-06-01", "32.01"), strict=True))
        ),
        Row(4, dict(zip(names, ("450327A01", "450327", "no", "2017-06-02", "03 04"), strict=True))),
    ]


def test_the_template_speaks_both_languages_and_reads_as_empty() -> None:
    """Its headers are understood; its example is a comment until somebody removes the #."""
    data = write_xlsx_template()
    reading = read_file("template.xlsx", data)
    assert reading.problems == []
    assert reading.rows == {sheet: [] for sheet in SHEETS}
    book = openpyxl.load_workbook(io.BytesIO(data))
    for name, columns in SHEETS.items():
        heads = [cell.value for cell in book[SHEET_NAMES[name]][1]]
        assert heads == [f"{LABELS[name][c][0]} {c}" for c in columns]


def test_the_templates_example_is_sound_once_uncommented() -> None:
    """Each example cell is one its column accepts; only what it refers to is missing."""
    rows = {
        sheet: [Row(2, {c: LABELS[sheet][c][1] for c in columns})]
        for sheet, columns in SHEETS.items()
    }
    scopes = {"imaging": ("32",), "ecg": ("32.06",), "pathology": ("31",)}
    _, problems = validate(rows, on=date(2026, 11, 22), service_scopes=scopes)
    references = {"dangling", "lead-not-a-member"}
    assert [p for p in problems if p.severity == "error" and p.code not in references] == []


def test_every_column_has_one_label_and_no_two_share_it() -> None:
    """The header table covers the sheets exactly, or a header would be ambiguous."""
    assert {s: tuple(labels) for s, labels in LABELS.items()} == dict(SHEETS)
    for labels in LABELS.values():
        assert len({zh for zh, _ in labels.values()}) == len(labels)


def test_rows_keep_the_numbers_the_source_shows(tmp_path: Path) -> None:
    """Comments, empty lines and a cell of two lines do not shift what a clerk is told."""
    text = '# a comment\ncode,name,form,lead\n\nA,"two\nlines",x,y\n#B,,,\nC,c,x,y\n'
    (tmp_path / "alliances.csv").write_text(text, "utf-8")
    reading = read_folder(tmp_path)
    assert [(r.number, r.cells["code"]) for r in reading.rows["alliances"]] == [(4, "A"), (7, "C")]


def test_headers_are_judged_once() -> None:
    """Unknown and repeated headers, and cells beyond the last header, are named."""
    reading = read_file("alliances.csv", b"code,colour,code\nA,red,B,extra\n")
    found = [(p.row, p.column, p.code) for p in reading.problems]
    assert found == [
        (1, "colour", "unknown-column"),
        (1, "code", "duplicate-column"),
        (2, "", "too-many-cells"),
    ]


def test_foreign_files_are_refused_by_name() -> None:
    """Each kind of nonsense has its own code."""
    assert codes("register.doc", b"") == ["unknown-format"]
    assert codes("register.csv", ENGLISH.encode()) == ["unknown-sheet"]
    assert codes("register.zip", b"PK\x03\x04 broken") == ["unreadable"]
    assert codes("register.xlsx", b"not a workbook") == ["unreadable"]
    assert codes("register.xlsx", zipped({"a.csv": b"x"})) == ["unreadable"]
    assert codes("register.toml", b"[[broken") == ["unreadable"]
    assert codes("register.toml", b"alliances = 3") == ["not-a-table"]
    assert codes("register.toml", b"[[beds]]\nn = 1\n[[beds]]\nn = 2\n") == ["unknown-sheet"]
    assert codes("register.toml", b"alliances = [1]") == ["not-a-table"]
    assert codes("alliances.csv", b"code\n\xff\xff\n") == ["unreadable"]
    assert codes("alliances.csv", b'code,name\n"A" x,"b\n') == ["unreadable"]


def test_a_part_without_a_name_is_passed_over() -> None:
    """zipfile cuts a name at NUL, so a damaged directory may give none; it is nobody's table."""
    data = zipped({"Qlliances.csv": ENGLISH.encode()}).replace(b"Qlliances", b"\0lliances")
    reading = read_file("register.zip", data)
    assert (reading.rows, [p.code for p in reading.problems]) == ({}, [])


def test_a_workbook_that_declares_a_document_type_is_refused() -> None:
    """No writer of workbooks declares one; entity bombs do."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    assert codes("register.xlsx", zipped({"xl/workbook.xml": bomb})) == ["unreadable"]


def test_inline_tables_are_counted() -> None:
    """Tables written in one list have no header lines; their ordinals stand for them."""
    reading = read_file("register.toml", b'alliances = [{code = "A"}, {code = "B"}]')
    assert [r.number for r in reading.rows["alliances"]] == [1, 2]


def test_a_name_in_neither_code_page_is_kept() -> None:
    """A zip's name that is no GB18030 either is left as it was read."""
    name = b"\xff\xfe\xff.csv"
    data = zipped({"xxx.csv": ENGLISH.encode()}).replace(b"xxx.csv", name)
    assert codes("register.zip", data) == ["unknown-sheet"]


def test_a_folder_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table on the disk is no more welcome for being local when it is too large."""
    (tmp_path / "alliances.csv").write_text(ENGLISH, "utf-8")
    monkeypatch.setattr(network_file, "MAX_BYTES", 10)
    assert [p.code for p in read_folder(tmp_path).problems] == ["too-large"]


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes, unpacked bytes, parts, rows and cells each have a limit that is said."""
    assert codes("a.csv", b"x" * (network_file.MAX_BYTES + 1)) == ["too-large"]
    assert codes("a.zip", zipped({f"{n}.txt": b"" for n in range(65)})) == ["too-large"]
    long = f"code,name\nA,{'n' * (network_file.MAX_CELL + 1)}\n"
    assert codes("alliances.csv", long.encode()) == ["too-long"]
    monkeypatch.setattr(network_file, "MAX_ROWS", 3)
    reading = read_file("alliances.csv", b"code\n" + b"A\n" * 10)
    assert len(reading.rows["alliances"]) == 3
    assert [(p.row, p.code) for p in reading.problems] == [(5, "too-many-rows")]
    monkeypatch.setattr(network_file, "MAX_UNPACKED", 1000)
    assert codes("a.zip", zipped({"alliances.csv": b"x" * 2000})) == ["too-large"]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([".toml", ".xlsx", ".csv", ".zip", ".pdf", ""]))
def test_no_bytes_make_a_reader_raise(data: bytes, suffix: str) -> None:
    """Whatever is uploaded, the answer is rows and problems."""
    read_file("alliances" + suffix, data)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_no_damaged_workbook_makes_a_reader_raise(place: int, patch: bytes) -> None:
    """A real workbook with bytes overwritten anywhere is read or refused."""
    whole = bytearray(WHOLE)
    whole[place : place + len(patch)] = patch
    read_file("register.xlsx", bytes(whole))
