"""The monthly form's promises: the screen's rows, a sheet for each side, cases and definitions."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest

from telemed.core.indicators import INDICATORS, Side
from telemed.core.tally import Entry, Summary, summarize
from telemed.documents.sheets import MISSING, Cell, Column, write_xlsx
from telemed.documents.tally_sheets import (
    DIMENSION_WORDS,
    CaseRow,
    Dimension,
    MonthlyTally,
    TallyPart,
    TallyRow,
    side_indicators,
    tally_cells,
    tally_columns,
    tally_workbook,
)

AT = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
SIDES = (Side.REQUESTER, Side.PROVIDER)


def summary(**counts: int | Sequence[float]) -> Summary:
    """A summary of so many entries of each count, and of these durations."""
    entries: list[Entry] = []
    for code, wanted in counts.items():
        values = [None] * wanted if isinstance(wanted, int) else list(wanted)
        for value in values:
            seq = len(entries)
            entries.append(
                Entry(
                    seq, "2026-03", code, f"r{seq}", "imaging", "routine", "a", "b", value, AT, None
                )
            )
    return summarize(entries)


CASE = CaseRow(
    number="RQ1", service="远程影像诊断", urgency="常规", requester="甲医院", provider="",
    submitted_at=AT, issued_at=None, turnaround_seconds=None, on_time=None, positive=False,
    critical=True, adoption="", state="待诊断",
)  # fmt: skip


def tally(*parts: TallyPart, cases: Sequence[CaseRow] = ()) -> MonthlyTally:
    return MonthlyTally("远程医疗工作量统计表", "2026-03", "漓江区人民医院", AT, parts, cases)


def opened(made: MonthlyTally) -> dict[str, list[list[Cell]]]:
    """The values of each sheet of the written book."""
    file = openpyxl.load_workbook(io.BytesIO(write_xlsx(tally_workbook(made))))
    return {
        sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)]  # type: ignore[arg-type]
        for sheet in file.worksheets
    }


def comparable(row: Sequence[Cell]) -> list[Cell]:
    """The row to 15 digits, as many as a workbook stores of a number."""
    return [float(f"{cell:.15g}") if isinstance(cell, float) else cell for cell in row]


def named(columns: Sequence[Column], cells: Sequence[Cell]) -> dict[str, Cell]:
    return dict(zip((column.title for column in columns), cells, strict=True))


@pytest.mark.parametrize("dimension", Dimension)
@pytest.mark.parametrize("side", SIDES)
def test_the_file_holds_the_rows_the_screen_shows(dimension: Dimension, side: Side) -> None:
    """TL-07: for every dimension and side, the sheet's rows are `tally_cells`, cell for cell."""
    rows = (
        TallyRow("1", "甲", summary(submitted=4, issued=3, due=3, on_time=2, turnaround=[61, 599])),
        TallyRow("2", "乙", summary(), before=summary(issued=2, submitted=5)),
    )
    total = TallyRow("", "合计", summary(submitted=4, issued=3), last_year=summary(issued=1))
    made = opened(tally(TallyPart(dimension, side, rows, total)))
    words = "申请方" if side is Side.REQUESTER else "受邀方"
    sheet = made[f"{DIMENSION_WORDS[dimension]}-{words}"]
    assert sheet[2] == [column.title for column in tally_columns(dimension, side)]
    expected = [tally_cells(row, side) for row in (*rows, total)]
    shown = [[MISSING if cell is None else cell for cell in row] for row in expected]
    assert [comparable(row) for row in sheet[4:7]] == [comparable(row) for row in shown]
    assert sheet[1][0] == "填报单位：漓江区人民医院"
    assert "统计月份：2026年3月" in sheet[1]


@pytest.mark.parametrize("side", SIDES)
def test_a_side_shows_its_own_indicators_and_the_common_ones(side: Side) -> None:
    """Every indicator is on some side; none stands on the side it does not speak about."""
    shown = {row.code for row in side_indicators(side)}
    assert {INDICATORS[code].side for code in shown} == {side, Side.BOTH}
    everything = {row.code for each in SIDES for row in side_indicators(each)}
    assert everything == set(INDICATORS)


def test_cells_are_counts_fractions_and_minutes() -> None:
    """What a figure is printed as follows from its indicator, and missing stays missing."""
    columns = tally_columns(Dimension.INSTITUTION, Side.PROVIDER)
    row = TallyRow("1", "甲", summary(issued=4, due=4, on_time=3, turnaround=[60, 90, 600]))
    cells = named(columns, tally_cells(row, Side.PROVIDER))
    assert cells["机构"] == "甲"
    assert cells["报告数"] == 4
    assert cells["按时率"] == 0.75
    assert cells["报告用时中位数"] == 1.5
    assert cells["报告用时90百分位"] == 10
    assert cells["阳性率"] is None
    assert cells["婉拒数"] == 0


@pytest.mark.parametrize(("side", "code"), [(Side.REQUESTER, "申请数"), (Side.PROVIDER, "报告数")])
def test_growth_is_that_of_the_sides_leading_count(side: Side, code: str) -> None:
    """A requester grows by what it sent, a provider by what it answered; no month, no growth."""
    now = summary(submitted=12, issued=12)
    row = TallyRow("1", "甲", now, before=summary(submitted=10, issued=10))
    cells = named(tally_columns(Dimension.CITY, side), tally_cells(row, side))
    assert cells[f"{code}环比"] == pytest.approx(0.2)
    assert cells[f"{code}同比"] is None


def test_the_book_has_its_parts_then_cases_then_definitions() -> None:
    """Ten parts, the cases behind them and the page of definitions, in that order."""
    parts = [TallyPart(dimension, side, ()) for dimension in Dimension for side in SIDES]
    made = opened(tally(*parts, cases=[CASE]))
    assert list(made)[-2:] == ["机构对照", "指标口径"]
    assert len(made) == 14
    definitions = {row[0]: row[3] for row in made["指标口径"][3:]}
    for row in INDICATORS.values():
        assert definitions[row.zh] == row.definition_zh


def test_a_case_shows_what_is_not_known_as_a_dash() -> None:
    """An unanswered request has no issue time, no turnaround and no verdict: dashes, not zeros."""
    late = replace(
        CASE, issued_at=AT + timedelta(hours=1), turnaround_seconds=3600.0, on_time=False
    )
    sheet = opened(tally(cases=[CASE, late]))["申请明细"]
    first, second = (dict(zip(sheet[2], row, strict=True)) for row in sheet[4:6])
    assert first["受邀机构"] == first["报告用时"] == first["是否按时"] == MISSING
    assert first["报告签发时间"] == first["采纳情况"] == MISSING
    assert (first["结果判定"], first["危急值"]) == ("阴性", "有")
    assert (second["报告用时"], second["是否按时"]) == (60, "超时")
    assert second["报告签发时间"] == datetime(2026, 3, 10, 13, 0)  # noqa: DTZ001


def test_cases_are_read_once_as_they_are_written() -> None:
    """A month of cases may come from a cursor: nothing is asked for twice."""
    stream = iter([CASE, CASE])
    write_xlsx(tally_workbook(MonthlyTally("统计表", "2026-03", "甲医院", AT, (), stream)))
    assert next(stream, None) is None
