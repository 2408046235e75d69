"""The files prove every number: their lines, added up by themselves, are the figures they print."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest

from telemed.core.activity import Fact, Kind
from telemed.core.indicators import INDICATORS, Measure
from telemed.core.tally import COUNTED, reverses_of
from telemed.documents.tally_listing import THINGS
from telemed.server import tally_files
from telemed.store import log
from telemed.store import tables as t
from tests.server.booking import KEEPER, confirmed, step
from tests.server.test_charges import charge_of, live, taken
from tests.server.test_tally import MONTH, a_month, folded
from tests.server.test_urgent_calls import called
from tests.server.test_waiting import lapse, waits
from tests.server.training import QUIZ, RIGHT, begin, check_in, enrol, published
from tests.server.training import step as course_step
from tests.world import START, World, canary_of

GROUPS = {"机构": None, "县（市、区）": "县（市、区）", "设区市": "设区市", "医联体": "医联体"}
SIDES = {"申请方": "申请机构", "受邀方": "受邀机构"}
BY_NAME = {row.zh: row for row in INDICATORS.values()}

Line = Mapping[str, Any]


async def everything(world: World) -> None:
    """A month with cases, one of which is taken out again, a lecture, sessions with and without
    a case, a settled charge, a call that nobody answers and a wait in vain."""
    await a_month(world)
    first = min(row["number"] for row in await world.rows(t.requests))
    world.clock.now = START
    await called(world)
    case = await live(world)
    charge = await charge_of(world, case)
    charge = await taken(world, case, "named", charge["version"], named=True)
    body = {"version": charge["version"], "payer": "patient"}
    path = f"/api/requests/{case}/charge/charge"
    charge = (await world.client("county-coordinator").ok("POST", path, body))["charge"]
    await taken(world, case, "settle", charge["version"])
    one = await confirmed(world, "11:00")
    await waits(world)
    await lectured(world)
    await step(world, one, "miss", KEEPER, reason="requester-absent")
    world.clock.advance(days=10)
    await lapse(world)
    await world.write(lambda tx: _count_out(tx, world, first))
    await folded(world)


async def lectured(world: World) -> None:
    """Two come, of whom one earns credit; a third does not."""
    came, also, away = "county-requester", "second-requester", "county-reader"
    made, one = await published(world, quiz=QUIZ, credit_tenths=15, credit_class="II", pass_mark=80)
    await enrol(world, one, came, also, away)
    await begin(world, one)
    for who in (came, also):
        await check_in(world, who, one)
    for _ in range(90):
        world.clock.advance(minutes=1)
        await world.client(came).ok("POST", f"/api/lectures/{one}/here")
    await course_step(world, "hub-verifier", one, "finish")
    await world.client(came).ok("POST", f"/api/courses/{made}/quiz", {"answers": RIGHT})


def _count_out(tx: Any, world: World, number: str) -> None:
    """Supervision takes a case out of the tally, as `core.tally` says."""
    (row,) = tx.all(t.requests.select().where(t.requests.c.number == number))
    mine = [a for a in log.since(tx, 0, 10_000) if a.request_id == row["id"] and a.kind in COUNTED]
    told = {"reverses": reverses_of(mine)}
    parties = (row["requester_id"], row["provider_id"])
    fact = Fact(
        Kind.REQUEST_COUNTED_OUT, world.clock(), None, parties[0], parties, row["id"], data=told
    )
    log.append(tx, [fact])


# --- adding up, from the file alone ---------------------------------------------------------------


def _figures(book: Any) -> dict[tuple[str, str, str, str], Any]:
    """Every printed figure by dimension, side, row and column."""
    found = {}
    for sheet in book.worksheets:
        by, _, side = sheet.title.partition("-")
        if side not in SIDES:
            continue
        lines = list(sheet.iter_rows(values_only=True))
        for cells in lines[4:]:
            if cells[0] is None or str(cells[0]).startswith("口径说明"):
                break
            found |= {
                (by, side, cells[0], column): value
                for column, value in zip(lines[2][1:], cells[1:], strict=True)
                if not column.endswith(("环比", "同比"))
            }
    return found


def _lines(book: Any, name: str) -> list[Line]:
    """The lines of a listing sheet by the titles of their columns."""
    rows = list(book[name].iter_rows(values_only=True))
    body = rows[4:]
    ends = next(i for i, row in enumerate(body) if row[1] is None)
    return [dict(zip(rows[2], row, strict=True)) for row in body[:ends]]


def _added_up(
    figures: Iterable[tuple[str, str, str, str]], lines: Sequence[Line], places: Mapping[str, Line]
) -> dict[tuple[str, str, str, str], Any]:
    """What the lines say of each figure."""
    grouped: dict[tuple[str, str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        for side, place in SIDES.items():
            if line["计于"] not in (side, "双方"):
                continue
            of = places[line[place]]
            rows = [("服务类型", line["服务类型"])]
            rows += [(by, str(of[column or "机构"])) for by, column in GROUPS.items()]
            for by, row in rows:
                for each in row.split("、") if by == "医联体" else [row]:
                    grouped[by, side, each, line["指标"]].append(line)
                grouped[by, side, "合计", line["指标"]].append(line)
    return {figure: _figure(figure, grouped) for figure in figures}


def _figure(figure: tuple[str, str, str, str], grouped: Mapping[Any, list[Line]]) -> Any:
    *row, column = figure

    def total(name: str) -> float:
        return float(round(sum(line["计入"] for line in grouped.get((*row, name), [])), 2))

    for end, percent in (("中位数", 50), ("90百分位", 90)):
        if column.endswith(end):
            return _ranked(grouped.get((*row, column.removesuffix(end)), []), percent)
    indicator = BY_NAME[column]
    if indicator.kind is not Measure.SHARE:
        return total(column)
    assert indicator.numerator and indicator.denominator
    below = total(INDICATORS[indicator.denominator].zh)
    return total(INDICATORS[indicator.numerator].zh) / below if below > 0 else "—"


def _ranked(lines: Sequence[Line], percent: int) -> Any:
    left: Counter[Any] = Counter()
    for line in lines:
        if line["用时"] != "—":
            key = ("用时", "编号", "服务类型", "申请机构", "受邀机构")
            left[tuple(line[name] for name in key)] += line["计入"]
    values = sorted(key[0] for key, times in left.items() for _ in range(times))
    return values[-(-percent * len(values) // 100) - 1] if values else "—"


def _differ(
    figures: Mapping[Any, Any], lines: Sequence[Line], places: Mapping[str, Line]
) -> list[Any]:
    """The figures that the lines do not add up to."""
    made = _added_up(figures, lines, places)
    return [k for k, value in figures.items() if made[k] != _close(value)]


def _close(value: Any) -> Any:
    return value if isinstance(value, str) else pytest.approx(value, abs=1e-9)


async def _book(world: World, who: str, more: str = "") -> Any:
    path = f"/api/tally/export?month={MONTH}&format=xlsx{more}"
    reply = await world.client(who).call("GET", path)
    assert reply.status == 200, reply.body
    return openpyxl.load_workbook(BytesIO(reply.body))


async def test_the_lines_of_a_file_add_up_to_its_figures(world: World, monkeypatch: Any) -> None:
    """Of supervision, of one city's, and of two hospitals, and of one urgency: every figure of all
    ten sheets from the file alone, and from no file that lacks what is no case."""
    await everything(world)
    seen = {}
    for who, more in (("region", ""), ("region", "&urgency=routine"), ("guilin", ""),
                      ("hub-admin", ""), ("county-admin", "")):  # fmt: skip
        book = await _book(world, who, more)
        figures, lines = _figures(book), _lines(book, "计数依据")
        places = defaultdict(
            lambda: defaultdict(str), {p["机构"]: p for p in _lines(book, "机构对照")}
        )
        assert len(figures) > 500 and _differ(figures, lines, places) == [], (who, more)
        assert len({(line["日志序号"], line["分项"]) for line in lines}) == len(lines)
        things = {line["事项"] for line in lines}
        assert things == set(THINGS.values()) or more or who == "guilin", who
        for gone in things:
            rest = [line for line in lines if line["事项"] != gone]
            assert _differ(figures, rest, places), f"nobody misses {gone} for {who}"
        seen[who + more] = (book, lines)
    _says_what_it_is_of(seen["region"][1])
    _names_nobody(seen["region"][0])
    county = {line["指标"] for line in seen["county-admin"][1]}
    hub = {line["指标"] for line in seen["hub-admin"][1]}
    # What only the other side's form counts is not in the file at all.
    assert "按时报告数" in hub - county and "申请方用时合计" in county - hub
    for who, place in (("county-admin", "county医院"), ("hub-admin", "hub医院")):
        for line in seen[who][1]:
            assert place in (line["申请机构"], line["受邀机构"])

    known = {line["日志序号"] for line in seen["hub-admin"][1]}
    theirs = [
        line["日志序号"]
        for line in seen["region"][1]
        if line["受邀机构"] == "hub医院" and line["日志序号"] not in known
    ]
    assert theirs
    for seq in (theirs[0], theirs[-1]):
        await world.client("hub-admin").refused("not-found", "GET", f"/api/tally/facts/{seq}")
        await world.client("region").get(f"/api/tally/facts/{seq}")

    # The list without an end: the same lines, however they are cut into pages.
    monkeypatch.setattr(tally_files, "AT_ONCE", 7)
    for who in ("region", "county-admin"):
        path = f"/api/tally/export?month={MONTH}&format=entries"
        reply = await world.client(who).call("GET", path)
        assert f"telemed-{MONTH}-entries.csv" in reply.headers["Content-Disposition"]
        listed = list(csv.reader(StringIO(reply.body.decode("utf-8-sig"))))
        assert [_plain(line) for line in listed[1:]] == [
            _plain(list(line.values())) for line in seen[who][1]
        ]
    monkeypatch.setattr(tally_files, "MOST_ENTRIES", 10)
    short = await _book(world, "region")
    said = str([row[0] for row in short["计数依据"].iter_rows(values_only=True)])
    assert f"本月共 {len(seen['region'][1]):,} 条，本表列前 10 条" in said


def _says_what_it_is_of(lines: Sequence[Line]) -> None:
    """A lecture by number and title, an appointment and a case by number; a reversal is minus."""
    by = {thing: {line["编号"] for line in lines if line["事项"] == thing}
          for thing in THINGS.values()}  # fmt: skip
    assert all("卒中救治新进展" in number for number in by["培训场次"]) and by["培训场次"]
    assert all(number and len(number) < 32 for number in by["申请"] | by["预约"])
    credit = [line for line in lines if line["指标"] == "授予学分合计"]
    assert [(line["计入"], line["单位"]) for line in credit] == [(1.5, "分")]
    assert {line["计入"] for line in lines if line["指标"] == "结算金额"} == {575}
    assert [line["计入"] for line in lines if line["计入"] < 0]


def _names_nobody(book: Any) -> None:
    """No patient, and no learner."""
    cells = str([[*row] for sheet in book for row in sheet.iter_rows(values_only=True)])
    for place in ("county", "second", "hub"):
        assert canary_of(place) not in cells and canary_of(place).upper() not in cells
    assert "医生" not in cells


def _plain(line: Sequence[Any]) -> list[str]:
    """Cells of either file as text."""
    texts = [f"{cell:%Y-%m-%d %H:%M:%S}" if hasattr(cell, "year") else str(cell) for cell in line]
    return [text.removesuffix(".0") for text in texts]
