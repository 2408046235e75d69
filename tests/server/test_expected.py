"""When an answer is likely, over HTTP: before sending, on the case, in lists, and honestly."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telemed.core.expected import ENOUGH, Situation, cells
from telemed.followers.expected import EXPECTED
from telemed.followers.follow import catch_up
from telemed.store import expected
from telemed.store import tables as t
from tests.world import START, World

KIND = "imaging|routine"


async def seen(world: World, minutes: list[int]) -> None:
    """The network has seen answers that took so long."""
    await world.write(
        lambda tx: expected.remember(tx, {KIND: [m * 60 for m in minutes]}, {KIND: 0})
    )


async def case_of(world: World, case: str, who: str = "county-requester") -> Any:
    return (await world.client(who).get(f"/api/requests/{case}"))["expected"]


async def test_too_little_history_is_said(world: World) -> None:
    """No range is invented; the offer names none."""
    offers = await world.client("county-requester").get("/api/destinations?service=imaging")
    assert all(offer["expected"] == {} for offer in offers["items"])
    told = await case_of(world, await world.sent())
    assert (told["low"], told["high"], told["cases"]) == (None, None, 0)


async def test_a_range_is_given_before_and_after_sending_and_moves_with_the_wait(
    world: World,
) -> None:
    """Of forty answers after 1 to 40 minutes: the 4th to the 37th; after half an hour of waiting
    what is left begins after it; who has nothing to do with the case is told nothing."""
    await seen(world, list(range(1, ENOUGH + 1)))
    offers = await world.client("county-requester").get("/api/destinations?service=imaging")
    assert offers["items"][0]["expected"]["routine"] == {
        "low": 240, "mid": 1200, "high": 2220, "cases": 40,
    }  # fmt: skip
    case = await world.sent()
    told = await case_of(world, case)
    assert datetime.fromisoformat(told["low"]) == START + timedelta(minutes=4)
    assert datetime.fromisoformat(told["high"]) == START + timedelta(minutes=37)
    world.clock.advance(minutes=30)
    (row,) = (await world.client("county-requester").get("/api/requests"))["items"]
    assert datetime.fromisoformat(row["expected"]["low"]) > world.clock()
    assert row["expected"]["cases"] == 10
    assert (await world.client("second-coordinator").get("/api/requests"))["items"] == []


async def test_an_answer_is_learnt_once(world: World) -> None:
    """Every cell of the case holds it, and a fact that comes again changes nothing."""
    case = await world.issued()
    forget = sa.delete(t.bookmarks).where(t.bookmarks.c.follower == "expected")
    for _ in range(2):
        await world.write(lambda tx: catch_up(tx, EXPECTED))
        await world.write(lambda tx: tx.connection.execute(forget).rowcount)
    told = (await world.services.store.read(lambda tx: expected.of_requests(tx, [case])))[case]
    rows = await world.rows(t.expected_cells)
    assert len(rows) == len(cells_of(told)) and all(len(r["seen"]) == 1 for r in rows)
    assert told["took"] == rows[0]["seen"][0]
    assert (await case_of(world, case)) is None


def cells_of(told: Any) -> tuple[str, ...]:
    return cells(Situation("imaging", "routine", False, "hub", told["sent_at"], told["ahead"]))


async def test_who_is_on_duty_is_kept_with_what_was_told(world: World) -> None:
    """Nothing without a roster; with one, how many read such cases just then."""

    async def kept(case: str) -> Any:
        told = await world.services.store.read(lambda tx: expected.of_requests(tx, [case]))
        return told[case]["on_duty"]

    assert await kept(await world.sent()) is None
    duty = {"kind": "reading", "day": "2026-03-05", "begins": "15:00", "ends": "20:00"}
    for services, people in (([], ["hub-reader", "hub-reader2"]), (["ecg"], ["hub-verifier"])):
        body = {**duty, "services": services, "people": people}
        await world.client("hub-coordinator").ok("POST", "/api/roster", body)
    assert await kept(await world.sent()) == 2
    body = {**duty, "day": "2026-03-09", "people": ["hub-reader"]}
    await world.client("hub-coordinator").ok("POST", "/api/roster", body)
    world.clock.advance(hours=5)
    await world.stay_signed_in()
    assert await kept(await world.sent()) == 0
