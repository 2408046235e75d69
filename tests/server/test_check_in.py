"""Checking in to a lecture, by those who may show the code of it."""

import io
from datetime import datetime, timedelta

from openpyxl import load_workbook

from tests.server.training import GIVER, SINCE, check_in, enrol, lecture, published
from tests.world import World


async def test_who_may_show_the_code_checks_in_by_it_if_they_enrolled_before(world: World) -> None:
    """Of a code that stays, too, and of another time: whoever could have looked it up first is
    checked in by those who give the lecture, and the sheet says so."""
    early, late = "hub-reader", "hub-reader2"
    _, one = await published(world, lecture(code_seconds=0))
    path, seen = f"/api/lectures/{one}", SINCE - timedelta(minutes=90)
    await enrol(world, one, early)
    world.clock.now = seen - timedelta(seconds=1)
    told = await world.client(late).refused("code-to-come", "GET", f"{path}/code")
    assert datetime.fromisoformat(told["since"]) == seen
    world.clock.now = seen
    old = (await world.client(late).get(f"{path}/code"))["code"]
    await world.client(early).refused("own-code", "GET", f"{path}/code")
    # Put off for an hour: nobody has seen that code, and it is shown anew.
    version = (await world.client(GIVER).get(path))["lecture"]["version"]
    later = {"version": version, **lecture(SINCE + timedelta(hours=1), code_seconds=0)}
    await world.client(GIVER).ok("PUT", path, later)
    await world.client(late).refused("code-to-come", "GET", f"{path}/code")
    world.clock.advance(hours=1)
    code = (await world.client(late).get(f"{path}/code"))["code"]
    assert code != old
    mine = (await world.client(late).ok("POST", f"{path}/enrol"))["lecture"]["mine"]
    assert (mine["state"], mine["by_code"]) == ("enrolled", False)
    world.clock.now = SINCE + timedelta(hours=1)
    await world.client(late).refused("own-code", "POST", f"{path}/check-in", {"code": code})
    shown = (await world.client(late).get(path))["lecture"]
    assert "check-in" not in shown["allowed"]
    assert "check-in" in (await world.client(early).get(path))["lecture"]["allowed"]
    await check_in(world, early, one)
    await world.client(GIVER).ok("POST", f"{path}/people/{late}/check-in")
    file = await world.client(GIVER).call("GET", f"{path}/people.xlsx")
    lines = list(load_workbook(io.BytesIO(file.body)).active.iter_rows(values_only=True))
    how = {who: line[5] for who in (early, late) for line in lines if f"医生{who}" in line}
    assert how == {early: "签到码", late: "代签"}
