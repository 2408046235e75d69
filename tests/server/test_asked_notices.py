"""Who is asked to approve or to give an opinion is told, and nobody who should not hear of it."""

import sqlalchemy as sa

from telemed.store import tables as t
from tests.server.test_approvals import approve, office, sent
from tests.server.test_escalations import climb, told
from tests.server.test_opinions import ask, asked_case
from tests.world import World


async def test_whoever_s_turn_it_is_to_approve_is_told_and_the_other_side_hears_nothing(
    world: World,
) -> None:
    """The head of department, then the medical office; each until they decided."""
    await office(world, "department_head", "medical_office")
    case = await sent(world)
    await climb(world)
    assert await told(world, "county-department_head") == [("approval-waiting", 0)]
    assert await told(world, "county-medical_office") == []
    await climb(world, 240)
    assert await told(world, "county-department_head") == [
        ("approval-waiting", 0), ("approval-waiting", 1)
    ]  # fmt: skip
    assert await told(world, "county-requester") == [("approval-waiting", 1)]
    heard = await world.write(
        lambda tx: tx.all(
            sa.select(t.activities.c.kind).where(
                t.activities.c.request_id == case["id"],
                sa.or_(*(c == "hub" for c in t.activities.c if c.name.startswith("party"))),
            )
        )
    )
    assert [row["kind"] for row in heard] == []
    await approve(world, "county-department_head")
    await climb(world)
    assert await told(world, "county-medical_office") == [("approval-waiting", 0)]
    await approve(world, "county-medical_office")
    await climb(world, 240)
    assert await told(world, "county-medical_office") == [("approval-waiting", 0)]


async def test_an_expert_who_is_asked_is_told_until_they_say_whether(world: World) -> None:
    """Each asked expert by themselves, of whatever institution; then their coordinators too."""
    case = await asked_case(world)
    first = await ask(world, case, "hub-reader")
    await ask(world, case, "second-reader")
    await climb(world)
    assert await told(world, "hub-reader") == [("expert-asked", 0)]
    assert await told(world, "second-reader") == [("expert-asked", 0)]
    await world.client("hub-reader").ok("POST", f"/api/opinions/{first}/accept")
    await climb(world, 120)
    assert await told(world, "hub-reader") == [("expert-asked", 0)]
    assert await told(world, "second-reader") == [("expert-asked", 0), ("expert-asked", 1)]
    assert ("expert-asked", 1) in await told(world, "hub-coordinator")
