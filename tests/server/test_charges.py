"""What a case costs over the wire: counted from facts, settled by whoever asked, seen by both."""

from io import BytesIO
from typing import Any

import openpyxl

from telemed.followers.charges import counts
from telemed.followers.follow import catch_up
from telemed.store import tables as t
from tests.server.aftercare import ASKER, EXPERT
from tests.server.booking import KEEPER, confirmed, has_hours, step
from tests.world import World

SETTLER = "county-coordinator"


async def charge_of(world: World, case: str, who: str = SETTLER) -> Any:
    """A case's charge as somebody sees it, after the follower has looked."""
    services = world.services
    follower = counts(world.clock, services.new_id, services.catalogue)
    while await world.write(lambda tx: catch_up(tx, follower)):
        pass
    return (await world.client(who).get(f"/api/requests/{case}/charge"))["charge"]


async def taken(world: World, case: str, name: str, version: int, **more: Any) -> Any:
    """A step of the settlement; the charge after it."""
    path = f"/api/requests/{case}/charge/{name}"
    return (await world.client(SETTLER).ok("POST", path, {"version": version, **more}))["charge"]


async def live(world: World) -> str:
    """An urgent consultation with a session of 42 minutes and 10 seconds of two experts."""
    await has_hours(world, "hub-reader", "hub-verifier")
    case = await world.sent(service="consultation", urgency="urgent")
    one = await confirmed(
        world, "09:00", "hub-reader", "hub-verifier", service="consultation", request_id=case
    )
    body = {"person_id": "county-reader"}
    path = f"/api/appointments/{one['id']}/accompanying"
    await world.client(ASKER).ok("POST", path, body)
    world.clock.advance(hours=17)
    await world.client(ASKER).ok("POST", f"{path}/confirm", body)
    one = await step(world, one, "begin", KEEPER)
    world.clock.advance(minutes=42, seconds=10)
    await step(world, one, "end", KEEPER)
    return case


async def test_minutes_experts_and_urgency_become_an_amount_that_is_settled(world: World) -> None:
    """200 yuan, two further ten minutes, half for two experts, 50 for urgency; then by steps."""
    case = await live(world)
    one = await charge_of(world, case)
    assert (one["state"], one["minutes"], one["experts"]) == ("priced", 43, 2)
    assert [(line["code"], line["quantity"], line["amount"]) for line in one["fees"]] == [
        ("consultation-first", 1, 20000), ("consultation-further", 2, 10000),
    ]  # fmt: skip
    assert one["amount"] == 30000 + 15000 + 5000
    named = await taken(world, case, "named", one["version"], named=True)
    assert named["amount"] == 50000 + 7500 and named["named"]
    for who, code in ((ASKER, "forbidden"), ("hub-coordinator", "forbidden"),
                      ("second-coordinator", "not-found")):  # fmt: skip
        path, body = f"/api/requests/{case}/charge/charge", {"version": named["version"]}
        await world.client(who).refused(code, "POST", path, {**body, "payer": "patient"})
    settler = world.client(SETTLER)
    await settler.refused("payer-required", "POST", path, body)
    await settler.refused("stale", "POST", path, {"version": 1, "payer": "patient"})
    charged = await taken(world, case, "charge", named["version"], payer="patient")
    assert charged["state"] == "charged" and charged["payer_words"]["zh"] == "患者"
    await world.client(EXPERT).ok("POST", f"/api/requests/{case}/claim")
    await world.write_report(case)
    await world.sign(case)
    assert (await charge_of(world, case))["amount"] == 57500  # what is charged stands
    done = await taken(world, case, "settle", charged["version"])
    back = f"/api/requests/{case}/charge/refund"
    await settler.refused("reason-required", "POST", back, {"version": done["version"]})
    seen = await charge_of(world, case, "hub-coordinator")
    assert seen["state"] == "settled" and seen["allowed"] == []
    last = await taken(world, case, "refund", done["version"], reason="mistake", note="重复收费")
    assert [m["event"] for m in last["moves"]] == ["charge", "settle", "refund"]
    facts = await world.rows(t.activities, t.activities.c.kind.like("charge.%"))
    assert {f["data"]["amount"] for f in facts} == {57500} and "重复" not in str(facts)


async def test_nothing_is_not_unpriced(world: World) -> None:
    """A case without a price has no amount and can be waived only; a reading has no charge."""
    case = await world.issued(service="consultation")
    one = await charge_of(world, case)
    assert one["amount"] == 15000 and one["minutes"] == 0

    def unpriced(tx: Any) -> None:
        from telemed.store.aftercare_tables import charges

        tx.update(charges, charges.c.request_id == case, {"amount": None, "state": "unpriced"})

    await world.write(unpriced)
    path = f"/api/requests/{case}/charge/charge"
    body = {"version": one["version"], "payer": "patient"}
    await world.client(SETTLER).refused("illegal-transition", "POST", path, body)
    after = await taken(world, case, "waive", one["version"], reason="aid")
    assert after["state"] == "waived" and after["amount"] is None and after["allowed"] == []
    assert await charge_of(world, await world.issued()) is None


async def test_a_month_adds_up_to_its_cases_on_the_page_and_in_the_file(world: World) -> None:
    """By pair of institutions, on both sides; what is waived or not yet charged adds nothing."""
    charged, settled, waived = [await world.issued(service="consultation") for _ in range(3)]
    for case in (charged, settled):
        one = await charge_of(world, case)
        one = await taken(world, case, "charge", one["version"], payer="requester")
        if case == settled:
            await taken(world, case, "settle", one["version"])
    one = await charge_of(world, waived)
    await taken(world, waived, "waive", one["version"], reason="poor")
    for who in (SETTLER, "county-admin", "hub-admin"):
        month = await world.client(who).get("/api/settlement?month=2026-03")
        (pair,) = month["pairs"]
        assert (pair["cases"], pair["taken"], pair["settled"]) == (3, 30000, 15000)
        assert pair["taken"] == sum(line["taken"] for line in month["items"])
        assert {line["state"]["zh"] for line in month["items"]} == {
            "已计费", "已结算", "已减免",
        }  # fmt: skip
    assert (await world.client("second-admin").get("/api/settlement?month=2026-03"))["pairs"] == []
    assert (await world.client(SETTLER).get("/api/settlement?month=2026-04"))["items"] == []
    other = await world.client("hub-admin").get("/api/settlement?month=2026-03&other=second")
    assert other["items"] == []
    reply = await world.client("hub-admin").call("GET", "/api/settlement.xlsx?month=2026-03")
    book = openpyxl.load_workbook(BytesIO(reply.body))
    assert book.sheetnames == ["结算汇总", "结算明细"]
    cells = [[cell.value for cell in row] for row in book["结算汇总"].iter_rows()]
    assert any(row[2:7] == [3, 0, 300, 150, 150] for row in cells), cells
