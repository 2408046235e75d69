"""Looking through a consultation's material: ticked or missing, by whom, seen by both sides."""

from typing import Any

from tests.world import World


async def test_the_coordinator_ticks_and_says_what_is_missing(world: World) -> None:
    """Each thing with who and when; said twice it is one fact; the other side sees it and may not
    tick, nor may a reader who does not hold the case, nor anybody once it was returned."""
    case = await world.sent(service="consultation")
    path, lead = f"/api/requests/{case}/checklist", world.client("hub-coordinator")
    shown = await lead.get(path)
    assert {i["key"]: i["there"] for i in shown["items"]} == dict.fromkeys(
        ("record", "lab", "images", "consent", "identity")
    )
    assert shown["may_check"]
    missing: dict[str, Any] = {"key": "lab", "there": False, "note": "缺肌钙蛋白"}
    await lead.ok("PUT", path, {"key": "record", "there": True})
    for _ in range(2):
        await lead.ok("PUT", path, missing)
    await lead.refused("invalid", "PUT", path, {"key": "weather", "there": True})
    county = await world.client("county-requester").get(path)
    assert not county["may_check"]
    lab = {i["key"]: i for i in county["items"]}["lab"]
    assert (lab["there"], lab["note"], lab["checked_by"]) == (
        False,
        "缺肌钙蛋白",
        "医生hub-coordinator",
    )
    supervised = (await world.client("region").get(path))["items"]
    assert {i["note"] for i in supervised} == {""}
    for who in ("county-requester", "hub-reader"):
        await world.client(who).refused("forbidden", "PUT", path, missing)
    await world.client("second-coordinator").refused("not-found", "PUT", path, missing)
    assert (await world.log(case)).count("checklist.ticked") == 2
    back = {"reason": "missing-history", "note": "缺肌钙蛋白"}
    await lead.ok("POST", f"/api/requests/{case}/return", back)
    await lead.refused("illegal-transition", "PUT", path, {**missing, "there": True})


async def test_a_service_without_a_list_asks_for_nothing(world: World) -> None:
    """Imaging has no list."""
    case = await world.sent()
    assert (await world.client("hub-coordinator").get(f"/api/requests/{case}/checklist"))[
        "items"
    ] == []
