"""Who is to sign minutes is told until they have, each by themselves; then their coordinators."""

from tests.server.booking import KEEPER
from tests.server.notice_links import every_notice_opens
from tests.server.test_appointment_notices import listed
from tests.server.test_escalations import LIST, climb, older_than_its_reminders, told
from tests.server.test_minutes import CHAIR, EXPERT, THIRD, at, close, met, sign
from tests.world import World

AGAIN = [("minutes-to-sign", 0), ("minutes-to-sign", 1)]


async def asked(world: World, who: str) -> list[tuple[str, int]]:
    """What somebody was told of minutes to sign."""
    return [one for one in await told(world, who) if one[0] == "minutes-to-sign"]


async def test_who_is_to_sign_is_told_until_they_did_and_then_their_coordinators(
    world: World,
) -> None:
    """Not of what one closed oneself, nor after signing; a reservation is a signature; of a third
    institution's expert whoever keeps the minutes hears, for their own coordinator may not read
    them."""
    key = await met(world, third=True)
    await close(world, key)
    await climb(world)
    assert await asked(world, EXPERT) == await asked(world, THIRD) == AGAIN[:1]
    assert await asked(world, CHAIR) == [], "they closed it"
    await sign(world, key, EXPERT, "reserve", "建议先行增强扫描")
    await climb(world, 24 * 60)
    assert await asked(world, EXPERT) == AGAIN[:1]
    assert await asked(world, THIRD) == AGAIN
    assert await asked(world, CHAIR) == AGAIN[1:]
    mine = (await world.client(EXPERT).ok("GET", "/api/notices"))["items"]
    assert [item["over"] for item in mine if item["occasion"] == "minutes-to-sign"] == [True]
    await sign(world, key, CHAIR)
    await climb(world, 24 * 60)
    assert await asked(world, "second-coordinator") == [], "they may not read them"
    assert await asked(world, KEEPER) == [("minutes-to-sign", 2)]
    await every_notice_opens(world)
    (item,) = [one for one in (await world.client(KEEPER).ok("GET", LIST))["items"]
               if one["occasion"] == "minutes-to-sign"]  # fmt: skip
    assert (item["waits_for"], item["may_take_on"]) == (f"医生{THIRD}", False)
    await sign(world, key, THIRD)
    await climb(world)
    assert "minutes-to-sign" not in await listed(world)


async def test_a_text_taken_back_asks_nobody_and_the_next_one_all_anew(world: World) -> None:
    """Whoever had signed the text before signs again, and is told so."""
    key = await met(world)
    await close(world, key)
    await sign(world, key, EXPERT)
    await world.client(KEEPER).ok("POST", at(key, "/reopen"), {"round": 1, "reason": "漏记"})
    await climb(world)
    before = await asked(world, EXPERT)
    await climb(world, 24 * 60)
    assert await asked(world, CHAIR) == [] and await asked(world, EXPERT) == before
    await close(world, key, KEEPER)
    await climb(world)
    assert await asked(world, CHAIR) == AGAIN[:1]
    assert await asked(world, EXPERT) == [*before, *AGAIN[:1]]


async def test_minutes_closed_before_there_were_reminders_have_them_too(world: World) -> None:
    """From the next start on, who has not signed; told from then on and not of what they slept
    through; twice started is once."""
    key = await met(world)
    await close(world, key, KEEPER)
    await sign(world, key, CHAIR)
    world.clock.advance(days=5)
    await world.stay_signed_in()
    (made,) = await older_than_its_reminders(world, "minutes-to-sign")
    assert (made["appointment_id"], made["finding"]) == (key, EXPERT)
    await climb(world)
    assert await asked(world, EXPERT) == AGAIN[:1] and await asked(world, CHAIR) == []
    await climb(world, 24 * 60)
    assert await asked(world, EXPERT) == AGAIN
    await sign(world, key, EXPERT)
    assert await older_than_its_reminders(world, "minutes-to-sign") == [], "nobody is waited for"
