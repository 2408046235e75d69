"""The month's numbers: the same from every side, each with the cases behind it."""

import csv
import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from telemed.core.completeness import URGENCY_WORDS
from telemed.core.indicators import INDICATORS
from telemed.followers.follow import catch_up, catch_up_fully
from telemed.followers.tallies import TALLIES, rebuild
from telemed.store import tables as t
from telemed.store import tallies
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.world import START, World, consent, world_at

BYS = ("institution", "county", "city", "alliance", "service")
SIDES = ("requester", "provider")
MONTH = "2026-03"
READERS = ("region", "guilin", "hub-admin", "county-admin", "hub-coordinator")


async def a_month(world: World) -> None:
    """Nine cases that between them do everything that is counted."""
    county, hub = world.client("county-requester"), world.client("hub-coordinator")
    steps = "/api/requests/{}/{}"

    async def step(who: Any, case: str, what: str, body: dict[str, Any]) -> None:
        await who.ok("POST", steps.format(case, what), body)

    async def revise(case: str, kind: str) -> None:
        begin = {"kind": kind, "reason": "更正"}
        await step(world.client("hub-reader"), case, "report/revise", begin)
        await world.write_report(case)
        await world.sign(case)
        await world.sign(case, "hub-verifier", "verify")

    plain = await world.issued()
    await step(county, plain, "confirm", {"adoption": "adopted"})
    await revise(plain, "amendment")
    added = await world.issued(asker="second-requester", urgency="urgent")
    await revise(added, "addendum")
    late = await world.claimed("hub-ecg", service="ecg", urgency="stat")
    await world.write(_keep_claim)
    world.clock.advance(minutes=90)
    await world.write_report(late, "hub-ecg", critical=["acute-infarction-v1-v3"], positive=False)
    await world.sign(late, "hub-ecg")
    notice = (await world.rows(t.critical_notices))[0]["id"]
    await step(county, late, f"critical/{notice}/acknowledge", {"action": "已处理"})
    back = await world.sent()
    await step(hub, back, "return", {"reason": "missing-history"})
    world.clock.advance(minutes=30)
    await step(county, back, "resubmit", {})
    await step(county, await world.sent(), "withdraw", {"reason": "duplicate"})
    await step(hub, await world.sent(), "decline", {"reason": "no-capacity"})
    onward = await world.sent(consent=consent("hub", onward=True))
    world.tell("county", "second")
    await step(hub, onward, "redirect", {"reason": "expertise", "provider_id": "second"})
    await folded(world)


async def folded(world: World) -> None:
    """Wait until the follower has counted everything."""
    while await world.services.store.write(lambda tx: catch_up(tx, TALLIES)):
        pass


async def shown(world: World, who: str, by: str, side: str, month: str = MONTH) -> Any:
    """A month on the screen."""
    return await world.client(who).get(f"/api/tally?month={month}&by={by}&side={side}")


async def numbers(world: World, month: str, who: str = "hub-admin") -> dict[str, Any]:
    """The total of a month, as provider."""
    return dict((await shown(world, who, "institution", "provider", month))["total"]["values"])


# --- every number and its cases -------------------------------------------------------------------


async def test_every_number_opens_into_exactly_its_cases(world: World) -> None:
    """For every indicator, dimension, side and row: the drill-down adds up to the number."""
    await a_month(world)
    checked = 0
    for who, dimensions in (("region", BYS), ("hub-admin", ("service",))):
        client = world.client(who)
        for by in dimensions:
            for side in SIDES:
                table = await shown(world, who, by, side)
                for row in (*table["rows"], table["total"]):
                    for indicator in table["indicators"]:
                        value = row["values"][indicator["code"]]
                        if not value and row["key"]:
                            continue
                        cases = await client.get(
                            f"/api/tally/cases?month={MONTH}&by={by}&side={side}"
                            f"&key={row['key']}&indicator={indicator['code']}"
                        )
                        _matches(indicator, row["values"], cases)
                        checked += 1
    assert checked > 200


def _matches(indicator: Any, values: dict[str, Any], cases: Any) -> None:
    value, items = values[indicator["code"]], cases["items"]
    assert cases["next"] is None
    if indicator["kind"] == "count":
        assert cases["total"] == value == len(items), indicator["code"]
    elif indicator["kind"] == "total":
        assert cases["total"] == value == sum(item["value"] for item in items)
    elif indicator["kind"] == "duration":
        measured = sorted(item["value"] for item in items)
        assert (value in measured) if measured else (value is None), indicator["code"]
    else:
        row = INDICATORS[indicator["code"]]
        parts = [values[code] for code in (row.numerator, row.denominator) if code in values]
        assert cases["total"] == len(items) >= sum(parts), indicator["code"]
        if len(parts) == 2 and parts[1]:
            assert cases["total"] == sum(parts) and value == parts[0] / parts[1]


async def test_a_month_counts_what_was_done(world: World) -> None:
    """The numbers of a month whose cases are known one by one."""
    await a_month(world)
    hub = await numbers(world, MONTH)
    expected = {
        "issued": 3, "judged": 3, "positive": 2, "due": 3, "on_time": 2, "critical": 1,
        "returned": 1, "declined": 1, "addended": 1, "amended": 1, "adopted": 1,
        "turnaround_p90": 90 * 60, "turnaround_median": 0,
    }  # fmt: skip
    assert {k: hub[k] for k in expected} == expected
    assert hub["on_time_share"] == pytest.approx(2 / 3)
    asker = (await shown(world, "county-admin", "institution", "requester"))["total"]["values"]
    assert (asker["submitted"], asker["withdrawn"], asker["returned"]) == (6, 1, 1)


async def test_the_file_says_what_the_screen_says(world: World) -> None:
    """CSV and XLSX, parsed back, hold the screen's numbers for every dimension and side (TL-07)."""
    await a_month(world)
    book: Any = None
    for by in BYS:
        for side in SIDES:
            table = await shown(world, "region", by, side)
            query = f"month={MONTH}&by={by}&side={side}"
            client = world.client("region")
            reply = await client.call("GET", f"/api/tally/export?{query}&format=csv")
            assert reply.body.startswith(b"\xef\xbb\xbf"), "Excel needs the mark"
            lines = list(csv.reader(StringIO(reply.body.decode("utf-8-sig"))))
            assert len(lines) == len(table["rows"]) + 2
            if book is None:
                raw = await client.call("GET", f"/api/tally/export?{query}&format=xlsx")
                book = openpyxl.load_workbook(BytesIO(raw.body))
            sheet = {
                tuple(cells): None
                for page in book.worksheets
                if page.title.endswith({"requester": "申请方", "provider": "受邀方"}[side])
                for cells in page.iter_rows(values_only=True)
            }
            for line, row in zip(lines[1:], (*table["rows"], table["total"]), strict=True):
                wanted = [_as_file(i, row["values"]) for i in table["indicators"]]
                assert line[0] == row["name"]
                assert [_in_file(c) for c in line[1 : len(wanted) + 1]] == wanted
                full = [_as_cell(i, row["values"]) for i in table["indicators"]]
                assert any(
                    cells[0] == row["name"] and list(cells[1 : len(full) + 1]) == full
                    for cells in sheet
                ), (by, side, row["name"])


async def test_one_urgency_is_counted_apart_everywhere(world: World) -> None:
    """Table, trend, cases and files of each urgency are its part, and together the whole; where
    none of it was counted the count is zero and not missing."""
    await a_month(world)
    for _ in range(2):
        await world.sent(urgency="stat")
    await world.sent(urgency="urgent")
    await folded(world)
    client = world.client("region")
    query = f"month={MONTH}&by=institution&side=requester"
    whole = await client.get(f"/api/tally?{query}")
    assert whole["urgency"] is None
    parts = {u: await client.get(f"/api/tally?{query}&urgency={u}") for u in URGENCY_WORDS}
    counts = [i["code"] for i in whole["indicators"] if i["kind"] in ("count", "total")]
    for line in ("total", *range(len(whole["rows"]))):
        one = {u: _line(table, line, whole) for u, table in parts.items()}
        for code in counts:
            all_of_them = _line(whole, line, whole)[code]
            assert sum(values[code] for values in one.values()) == all_of_them, code
    sent = {u: table["total"]["values"]["submitted"] for u, table in parts.items()}
    assert sent == {"routine": 5, "urgent": 2, "stat": 3}
    assert parts["stat"]["total"]["values"]["withdrawn"] == 0
    assert "紧急" in parts["stat"]["highlights"][0]["zh"]
    for urgency, number in sent.items():
        of = f"{query}&urgency={urgency}"
        cases = await client.get(f"/api/tally/cases?{of}&key=&indicator=submitted")
        assert {item["urgency"] for item in cases["items"]} == {urgency}
        assert cases["total"] == number == len(cases["items"])
        trend = await client.get(
            f"/api/tally/trend?until={MONTH}&by=institution&side=requester&urgency={urgency}"
        )
        assert trend["values"]["submitted"][-1] == number
        listed = await client.call("GET", f"/api/tally/export?{of}&format=cases")
        assert f"{MONTH}-{urgency}-cases" in listed.headers["Content-Disposition"]
        lines = list(csv.reader(StringIO(listed.body.decode("utf-8-sig"))))
        assert {line[2] for line in lines[1:]} == {URGENCY_WORDS[urgency].zh}
        table = await client.call("GET", f"/api/tally/export?{of}&format=csv")
        total = list(csv.reader(StringIO(table.body.decode("utf-8-sig"))))[-1]
        assert (total[0], _in_file(total[1])) == ("合计", number)
    raw = await client.call("GET", f"/api/tally/export?{query}&urgency=stat&format=xlsx")
    book = openpyxl.load_workbook(BytesIO(raw.body))
    assert not [name for name in book.sheetnames if "红黑榜" in name]
    assert all("紧急" in str(page["A1"].value) for page in book.worksheets[:-1])
    refused = await client.call("GET", f"/api/tally?{query}&urgency=later")
    assert refused.status == 400


def _line(table: Any, line: int | str, whole: Any) -> dict[str, Any]:
    """The total's values, or those of the row that has this place in the whole table."""
    if isinstance(line, str):
        return dict(table[line]["values"])
    key = whole["rows"][line]["key"]
    return dict(next(row["values"] for row in table["rows"] if row["key"] == key))


def _in_file(cell: str) -> float | None:
    return None if cell == "—" else float(cell)


def _as_file(indicator: Any, values: dict[str, float | None]) -> Any:
    value = values[indicator["code"]]
    scale = {"duration": 1 / 60, "share": 100}.get(indicator["kind"], 1)
    return None if value is None else pytest.approx(value * scale, rel=1e-4)


def _as_cell(indicator: Any, values: dict[str, float | None]) -> Any:
    value = values[indicator["code"]]
    if value is None:
        return "—"
    return pytest.approx(value / 60 if indicator["kind"] == "duration" else value)


# --- whose numbers --------------------------------------------------------------------------------


async def test_a_hospital_counts_itself_and_supervision_its_region(world: World) -> None:
    """Rows name nobody else; a city's supervision neither sees nor counts another city."""
    await a_month(world)
    places = {}
    for who in (*READERS, "liuzhou"):
        table = await shown(world, who, "institution", "provider")
        places[who] = {row["key"] for row in table["rows"]}
    assert places["hub-admin"] == places["hub-coordinator"] == {"hub"}
    assert places["county-admin"] == {"county"}
    assert places["region"] == {"county", "hub", "second", "lapsed"}
    assert places["guilin"] == {"county", "hub"} and places["liuzhou"] == {"lapsed"}
    client = world.client("county-admin")
    query = f"month={MONTH}&indicator=issued&side=provider&key=hub"
    assert (await client.get(f"/api/tally/cases?{query}"))["items"] == []
    for who in ("region", "guilin"):
        cases = await world.client(who).get(f"/api/tally/cases?month={MONTH}&indicator=issued")
        assert len(cases["items"]) == 3 and "zq" not in str(cases)


async def test_missing_is_not_zero(world: World) -> None:
    """Before anything was counted there is no figure; a row that did nothing has zeros and no
    shares."""
    empty = await numbers(world, MONTH)
    assert set(empty.values()) <= {0.0, None} and empty["on_time_share"] is None
    await a_month(world)
    table = await shown(world, "region", "institution", "provider")
    idle = next(r for r in table["rows"] if r["key"] == "lapsed")
    assert (idle["values"]["issued"], idle["values"]["on_time_share"]) == (0, None)
    assert idle["values"]["turnaround_median"] is None
    assert set(idle["previous_month"].values()) == {None}
    trend = await world.client("region").get("/api/tally/trend?until=2026-04&months=3")
    assert trend["months"] == ["2026-02", "2026-03", "2026-04"]
    assert trend["values"]["issued"] == [None, 3, 0]


# --- when -----------------------------------------------------------------------------------------


async def test_a_month_ends_at_midnight_in_guangxi(world: World) -> None:
    """A report signed one second before midnight is March's, one second after is April's."""
    midnight = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    for offset in (-1, 1):
        case = await world.claimed("hub-ecg", service="ecg")
        await world.write_report(case, "hub-ecg")
        world.clock.now = midnight
        world.clock.advance(seconds=offset)
        await world.write(_keep_claim)
        await world.sign(case, "hub-ecg")
        if offset == -1:
            world.clock.now = START
    await folded(world)
    assert (await numbers(world, "2026-03"))["issued"] == 1
    assert (await numbers(world, "2026-04"))["issued"] == 1
    april = await shown(world, "hub-admin", "institution", "provider", "2026-04")
    assert april["total"]["previous_month"]["issued"] == 1
    after = await shown(world, "hub-admin", "service", "provider", "2026-05")
    assert after["highlights"][-1]["en"].startswith("Largest change: Remote ECG diagnosis, -1 ")


def _keep_claim(tx: Any) -> None:
    tx.update(t.workitems, t.workitems.c.state == "IN PROGRESS", {"lease_until": None})


# --- counted once ---------------------------------------------------------------------------------


async def test_folding_anew_gives_the_same_entries(world: World) -> None:
    """Batch by batch as it happened, or all at once: the same (TL-01)."""
    await a_month(world)
    done = rebuild(world.services.store)
    after = await world.services.store.read(lambda tx: tallies.between(tx, 0, None))
    assert done.same and done.entries == len(after) > 30
    replayed = await world.services.store.write(
        lambda tx: (tx.update(t.bookmarks, sa.true(), {"seq": 0}), catch_up(tx, TALLIES))[1]
    )
    assert replayed > 0
    assert await world.services.store.read(lambda tx: tallies.between(tx, 0, None)) == after
    changed = sa.update(t.tally_sums).values(weight=t.tally_sums.c.weight + 1)
    gone = sa.delete(t.tally_entries).where(t.tally_entries.c.seq == after[0].seq)
    for tampered in (changed, gone):
        world.services.store.write_now(partial(Tx.execute, statement=tampered))
        assert not rebuild(world.services.store).same
        assert rebuild(world.services.store).same
    assert await world.services.store.read(lambda tx: tallies.between(tx, 0, None)) == after


async def test_every_case_of_a_month_can_be_had_as_lines(world: World) -> None:
    """The list of cases holds each visible counted request once; a hospital's holds its own."""
    await a_month(world)
    for who, count in (("region", 7), ("second-admin", None)):
        path = f"/api/tally/export?month={MONTH}&format=cases"
        reply = await world.client(who).call("GET", path)
        lines = list(csv.reader(StringIO(reply.body.decode("utf-8-sig"))))
        numbers = [line[0] for line in lines[1:]]
        assert len(set(numbers)) == len(numbers) > 0 and lines[0][0] == "申请单号"
        assert count is None or len(numbers) == count
        assert who == "region" or all("second" in line[3] + line[4] for line in lines[1:])


async def test_boards_rank_what_supervision_may_see(world: World, monkeypatch: Any) -> None:
    """Figures are the table's; who rests on too little is named apart; hospitals have no list."""
    await a_month(world)
    path = f"/api/tally/boards?month={MONTH}&by=institution&side=provider&indicator=on_time_share"
    table = await shown(world, "region", "institution", "provider")
    hub = next(row for row in table["rows"] if row["key"] == "hub")
    few = await world.client("region").get(path)
    assert few["units"] == []
    why = {each["key"]: each["why"] for each in few["absent"]}
    assert why == {row["key"]: "nothing" for row in table["rows"]} | {"hub": "too-few"}
    monkeypatch.setattr("telemed.core.boards.LEAST", 1)
    ranked = await world.client("region").get(path)
    (unit,) = ranked["units"]
    assert (unit["key"], unit["board"], unit["rank"]) == ("hub", "red", 1)
    assert (unit["value"], unit["rests_on"]) == (hub["values"]["on_time_share"], 3)
    assert [u["key"] for u in (await world.client("liuzhou").get(path))["units"]] == []
    assert (await world.client("hub-admin").get(path))["absent"] == []
    raw = await world.client("region").call("GET", f"/api/tally/export?month={MONTH}&format=xlsx")
    book = openpyxl.load_workbook(BytesIO(raw.body))
    boards = [sheet.title for sheet in book.worksheets if sheet.title.startswith("红黑榜")]
    assert len(boards) == 4
    lines = book["红黑榜-设区市-受邀方"].iter_rows(values_only=True)
    assert any(line[:2] == ("按时率", "红榜") and line[4] == hub["values"]["on_time_share"]
               for line in lines)  # fmt: skip


async def test_the_command_line_rebuilds_and_says_so(world_folder: Path) -> None:
    """`telemed tally --rebuild` ends well when nothing differs, and badly when something did."""
    async with world_at(world_folder) as world:
        await world.issued()
        catch_up_fully(world.services.store, TALLIES)
    done = _command(world_folder, "--rebuild")
    assert done.returncode == 0 and b"no difference" in done.stdout, done
    store = Store(f"sqlite:///{world_folder / 'telemed.sqlite3'}")
    store.write_now(lambda tx: tx.execute(sa.delete(t.tally_entries)))
    store.close()
    done = _command(world_folder, "--rebuild")
    assert done.returncode == 1 and b"DIFFERENT" in done.stdout, done


def _command(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    telemed = str(Path(sys.executable).with_name("telemed"))
    command = [telemed, "tally", *words, "--data-dir", str(folder)]
    return subprocess.run(command, capture_output=True, env={**os.environ}, check=False)
