"""A reader's desk: sorted pages, saved filters, settings, and a case that is put aside."""

import asyncio
from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core.worklist import ZONE, SortKey, parse_sort, period_begin
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.world import START, World

SHIFTS = (time(0), time(8), time(16))
KEYS = list(SortKey.__args__)  # type: ignore[attr-defined]


# --- rules ----------------------------------------------------------------------------------------


@given(st.integers(0, 10**9), st.integers(1, 400))
def test_a_period_ends_now_and_begins_where_it_says(second: int, count: int) -> None:
    """Days begin at midnight of the zone, a shift is shorter than a day, hours roll."""
    now = datetime.fromtimestamp(1_600_000_000 + second, UTC)
    assert (now - period_begin("hours", count, now, SHIFTS)).total_seconds() == count * 3600
    day = period_begin("days", count, now, SHIFTS)
    assert day.astimezone(ZONE).time() == time(0)
    assert (now.astimezone(ZONE).date() - day.astimezone(ZONE).date()).days == count - 1
    shift = period_begin("shift", 1, now, SHIFTS)
    assert shift <= now and (now - shift).total_seconds() < 8 * 3600
    assert shift.astimezone(ZONE).time() in SHIFTS


def test_before_the_first_shift_of_a_day_yesterdays_last_still_runs() -> None:
    """Shifts need not begin at midnight."""
    three = datetime(2026, 3, 5, 3, 0, tzinfo=ZONE)
    begun = period_begin("shift", 1, three, (time(8), time(20)))
    assert begun == datetime(2026, 3, 4, 20, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    "text", ["x", "due,due", "-", "due;drop", "due,urgency,issued,service,submitted"]
)
def test_what_is_no_key_is_no_sort(text: str) -> None:
    """Only the keys of the table, each once, few of them."""
    with pytest.raises(ValueError, match=r"^"):
        parse_sort(text)


# --- lists ----------------------------------------------------------------------------------------


async def spread(world: World, many: int = 12) -> list[str]:
    """Cases of several urgencies and times, with equal values among them."""
    made = []
    for n in range(many):
        made.append(await world.sent(urgency=("routine", "urgent", "stat")[n % 3]))
        world.clock.advance(minutes=n % 2)
    return made


async def whole(world: World, query: str, limit: int = 5) -> list[str]:
    """The ids of a list, read page by page."""
    reader, ids, cursor = world.client("hub-reader"), [], ""
    while True:
        page = await reader.get(f"/api/worklist?limit={limit}{query}{cursor}")
        ids += [row["id"] for row in page["items"]]
        if page["next"] is None:
            return ids
        cursor = f"&cursor={page['next']}"


async def test_pages_by_any_keys_are_the_whole_list_once(world: World) -> None:
    """Each key, both ways and two together: pages of five are the list in one piece."""
    made = await spread(world)
    keys = [key for key in KEYS if key != "issued"]
    for sort in [*keys, *(f"-{k}" for k in keys), "urgency,-submitted", "-service,urgency,due"]:
        pages = await whole(world, f"&sort={sort}")
        assert sorted(pages) == sorted(made) and len(set(pages)) == len(made), sort
        assert pages == await whole(world, f"&sort={sort}", limit=100), sort
    by = {row["id"]: row["urgency"] for row in await world.rows(t.requests)}
    order = [by[each] for each in await whole(world, "&sort=-urgency,submitted")]
    assert order == ["routine"] * 4 + ["urgent"] * 4 + ["stat"] * 4


async def test_rows_that_come_or_go_meanwhile_are_neither_skipped_nor_doubled(world: World) -> None:
    """The next page follows the last row seen, which may have been claimed since."""
    made = await spread(world, 6)
    reader = world.client("hub-reader")
    first = await reader.get("/api/worklist?sort=submitted&limit=3")
    last = first["items"][-1]["id"]
    await world.client("hub-reader2").ok("POST", f"/api/requests/{last}/claim")
    new = await world.sent(urgency="stat")
    rest = await reader.get(f"/api/worklist?sort=submitted&limit=9&cursor={first['next']}")
    assert [row["id"] for row in rest["items"]] == [*made[3:], new]
    await reader.refused("list-moved", "GET", "/api/worklist?cursor=absent")
    stranger = await world.sent(provider="second")
    await reader.refused("list-moved", "GET", f"/api/worklist?sort=patient&cursor={stranger}")
    await reader.refused("invalid", "GET", "/api/worklist?sort=id")
    await reader.refused("invalid", "GET", "/api/worklist?sort=issued")
    await reader.refused("invalid", "GET", "/api/worklist?tab=pool;drop")


async def test_services_say_how_many_wait_and_why_one_may_take_none(world: World) -> None:
    """All services of the desk, with urgent ones counted; one that is named is listed all the
    same, and its rows say why not."""
    image = await world.sent(urgency="stat")
    tracing = await world.sent(service="ecg", urgency="urgent")
    cardiologist = world.client("hub-ecg")
    desk = await cardiologist.get("/api/worklist")
    chips = {each["code"]: each for each in desk["services"]}
    assert [row["id"] for row in desk["items"]] == [tracing]
    assert (chips["imaging"]["total"], chips["imaging"]["pressing"]) == (1, 1)
    assert chips["ecg"]["why_not"] is None and "执业范围" in chips["imaging"]["why_not"]["zh"]
    assert (desk["counts"]["pool"], desk["counts"]["pressing"], desk["counts"]["stat"]) == (1, 1, 0)
    (row,) = (await cardiologist.get("/api/worklist?service=imaging"))["items"]
    assert row["id"] == image and "执业范围" in row["why_not"]["zh"]


# --- saved filters --------------------------------------------------------------------------------


NIGHT = {
    "name": "今晚加急",
    "conditions": {"urgencies": ["urgent", "stat"], "submitted": {"unit": "shift"}},
    "sort": "urgency,due",
}


async def saved(world: World, who: str = "hub-reader", **more: Any) -> Any:
    """A filter that somebody has saved."""
    return await world.client(who).ok("POST", "/api/worklist/filters", {**NIGHT, **more})


async def test_a_filter_is_kept_counted_live_and_listed(world: World) -> None:
    """Relative times are counted from now; the list is the filter's, in its order."""
    made = await spread(world, 6)
    kept = await saved(world)
    assert (kept["total"], kept["pressing"], kept["stat"]) == (4, 4, 2)
    rows = await whole(world, f"&filter={kept['id']}", limit=2)
    assert rows == [made[2], made[5], made[1], made[4]]
    world.clock.advance(hours=9)
    await world.sent(urgency="stat")
    shown = await world.client("hub-reader").get("/api/worklist/filters")
    assert [(each["name"], each["total"]) for each in shown["items"]] == [("今晚加急", 1)]


FOUND: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [0, 1, 2]),
    ({"services": ["imaging"], "urgencies": ["routine"]}, [0]),
    ({"modalities": ["CT"]}, [0, 1, 2]),
    ({"modalities": ["MR"]}, []),
    ({"body_parts": ["chest"], "requesters": ["county"]}, [0, 1, 2]),
    ({"requesters": ["second"]}, []),
    ({"due_within_minutes": 60}, [1, 2]),
    ({"overdue": True}, []),
    ({"critical": True}, []),
    ({"submitted": {"unit": "hours", "count": 1}}, [0, 1, 2]),
    ({"text": "zqcounty1"}, [0, 1, 2]),
    ({"text": "%"}, []),
]


async def test_conditions_find_what_they_say(world: World) -> None:
    """Each kind of condition, tried without saving."""
    made = await spread(world, 3)
    for conditions, found in FOUND:
        desk = await world.client("hub-reader").ok(
            "POST", "/api/worklist/search", {"conditions": conditions, "sort": "submitted"}
        )
        assert [row["id"] for row in desk["items"]] == [made[n] for n in found], conditions


async def test_a_shared_filter_is_asked_with_ones_own_rights(world: World) -> None:
    """With a role of one's own hospital and nobody else's; only its owner changes it."""
    await spread(world, 3)
    kept = await saved(world, audience="verifier", conditions={"text": "肺"})
    path = f"/api/worklist/filters/{kept['id']}"
    shown = {}
    for who in ("hub-reader2", "hub-verifier", "second-verifier", "hub-coordinator"):
        client = world.client(who)
        shown[who] = [each["id"] for each in (await client.get("/api/worklist/filters"))["items"]]
        await client.refused("not-found", "PUT", path, NIGHT)
        await client.refused("not-found", "DELETE", path)
        await client.refused("not-found", "POST", f"{path}/restore")
        if not shown[who]:
            await client.refused("not-found", "GET", f"/api/worklist?filter={kept['id']}")
    assert shown == {
        "hub-reader2": [], "hub-verifier": [kept["id"]], "second-verifier": [],
        "hub-coordinator": [],
    }  # fmt: skip
    changed = await world.client("hub-reader").ok("PUT", path, {**NIGHT, "audience": "everyone"})
    assert changed["audience"] == "everyone" and changed["mine"] is True
    (seen,) = (await world.client("hub-coordinator").get("/api/worklist/filters"))["items"]
    assert (seen["mine"], seen["owner"]) == (False, "医生hub-reader")
    assert (await world.client("second-reader").get("/api/worklist/filters"))["items"] == []


async def test_a_deleted_filter_can_be_put_back(world: World) -> None:
    """Undo instead of asking."""
    kept = await saved(world)
    reader, path = world.client("hub-reader"), f"/api/worklist/filters/{kept['id']}"
    await reader.ok("DELETE", path)
    assert (await reader.get("/api/worklist/filters"))["items"] == []
    await reader.refused("not-found", "PUT", path, NIGHT)
    assert (await reader.ok("POST", f"{path}/restore"))["id"] == kept["id"]
    assert len((await reader.get("/api/worklist/filters"))["items"]) == 1


WRONG: list[dict[str, Any]] = [
    {"owner_id": "hub-verifier"},
    {"institution_id": "second"},
    {"deleted_at": None},
    {"conditions": {"provider_id": "second"}},
    {"conditions": {"submitted": {"unit": "years"}}},
    {"conditions": {"services": ["x"] * 21}},
    {"conditions": {"text": "长" * 61}},
    {"sort": "patient_ref"},
    {"tab": "others"},
    {"audience": "regulator"},
    {"name": "   "},
    {"name": "名" * 31},
]


async def test_unknown_fields_and_values_are_refused(world: World) -> None:
    """Nobody sets a column by naming it (UP-08)."""
    reader = world.client("hub-reader")
    for wrong in WRONG:
        await reader.refused("invalid", "POST", "/api/worklist/filters", {**NIGHT, **wrong})
    assert await world.rows(t.worklist_filters) == []


async def test_nobody_keeps_filters_without_end(world: World) -> None:
    """Forty, then one is to be deleted first."""

    def fill(tx: Tx) -> None:
        for n in range(40):
            tx.insert(t.worklist_filters, {
                "id": f"f{n}", "institution_id": "hub", "owner_id": "hub-reader", "name": "x",
                "tab": "pool", "conditions": {}, "sort": "", "audience": "",
                "created_at": START, "updated_at": START,
            })  # fmt: skip

    await world.write(fill)
    await world.client("hub-reader").refused(
        "too-many-filters", "POST", "/api/worklist/filters", NIGHT
    )


async def test_settings_are_ones_own(world: World) -> None:
    """They follow the person, not the machine."""
    mine = {"columns": ["due", "patient"], "sort": "-submitted", "auto_next": {"pathology": True}}
    await world.client("hub-reader").ok("PUT", "/api/worklist/settings", mine)
    await world.client("hub-reader").ok("PUT", "/api/worklist/settings", mine)
    kept = await world.client("hub-reader").get("/api/worklist/settings")
    assert {k: kept[k] for k in mine} == mine
    other = await world.client("hub-reader2").get("/api/worklist/settings")
    assert (other["columns"], other["sort"], other["auto_next"]) == (None, "", {})


# --- put aside ------------------------------------------------------------------------------------


PLACE = {"series": "2.25.7", "frame": 31, "field": "findings", "caret": 12, "scroll": 240}


async def test_what_is_put_aside_waits_for_a_bounded_time_with_its_place(world: World) -> None:
    """Longer than a lease and not for ever; the draft and the place are there on return."""
    case = await world.claimed()
    await world.write_report(case, findings="写了一半")
    path, reader = f"/api/requests/{case}", world.client("hub-reader")
    aside = await reader.ok("POST", f"{path}/aside", PLACE)
    assert aside["claim"]["place"] == {**PLACE, "study": "", "image": "", "priors": []}
    assert "resume" in aside["allowed"] and "aside" not in aside["allowed"]
    desk = await reader.get("/api/worklist?tab=aside")
    assert [row["id"] for row in desk["items"]] == [case]
    assert (desk["counts"]["aside"], desk["counts"]["mine"]) == (1, 0)
    other = await world.client("hub-reader2").get("/api/worklist?tab=held")
    (seen,) = other["items"]
    assert seen["claim"]["aside_at"] is not None and seen["claim"]["place"] is None
    world.clock.advance(minutes=60)
    assert (await reader.ok("POST", f"{path}/heartbeat"))["lease_until"] is None
    await reader.ok("POST", f"{path}/aside", {**PLACE, "frame": 40})
    back = await reader.ok("POST", f"{path}/resume")
    assert back["claim"]["aside_at"] is None and back["claim"]["place"]["frame"] == 40
    written = await reader.get(f"{path}/report")
    assert written["current"]["content"]["findings"] == "写了一半"
    assert (await world.log(case))[-2:] == ["workitem.put_aside", "workitem.resumed"]
    await reader.ok("POST", f"{path}/aside", {})
    world.clock.advance(minutes=121)
    async with asyncio.timeout(30):
        while (await world.log(case))[-1] != "workitem.expired":
            await asyncio.sleep(0.1)
    await world.client("hub-reader2").ok("POST", f"{path}/claim")


async def test_only_the_holder_puts_aside_and_others_may_take_over(world: World) -> None:
    """Signed or somebody else's is not put aside; what waits can be taken over with a reason."""
    case = await world.claimed()
    path, other = f"/api/requests/{case}", world.client("hub-reader2")
    await other.refused("not-claim-holder", "POST", f"{path}/aside", {})
    await other.refused("not-claim-holder", "POST", f"{path}/resume")
    for wrong in ({"frame": -1}, {"study": "../x"}, {"note": "x"}, {"priors": ["1"] * 21}):
        await world.client("hub-reader").refused("invalid", "POST", f"{path}/aside", wrong)
    await world.client("hub-reader").ok("POST", f"{path}/aside", {})
    taken = await other.ok("POST", f"{path}/takeover", {"reason": "urgent"})
    assert taken["claim"]["aside_at"] is None and taken["claim"]["place"] is None
    await world.write_report(case, "hub-reader2")
    await world.sign(case, "hub-reader2")
    await other.refused("not-claim-holder", "POST", f"{path}/aside", {})


async def test_holders_are_seen_with_the_age_of_their_last_sign(world: World) -> None:
    """Within one's hospital: who, since when, and when last seen."""
    case = await world.claimed()
    world.clock.advance(minutes=5)
    await world.client("hub-reader").ok("POST", f"/api/requests/{case}/heartbeat")
    world.clock.advance(minutes=2)
    (held,) = (await world.client("hub-reader2").get("/api/worklist/holders"))["items"]
    assert (held["request_id"], held["name"]) == (case, "医生hub-reader")
    assert held["since"].startswith("2026-03-05T08:00") and held["seen_at"][11:16] == "08:05"
    assert (await world.client("second-reader").get("/api/worklist/holders"))["items"] == []
