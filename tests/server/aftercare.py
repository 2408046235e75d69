"""What the tests of what follows an answer do over and over."""

from typing import Any

from telemed.actions import follow_ups
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.followers.follow import catch_up
from telemed.followers.follow_ups import plans
from tests.world import World

ASKER, EXPERT = "county-requester", "hub-reader"


async def answered(world: World, **more: Any) -> str:
    """A consultation with its opinion, followed by the log's followers."""
    case = await world.issued(service="consultation", **more)
    await followed(world)
    return case


async def followed(world: World) -> None:
    """As if the follower of follow-ups had just looked."""
    services = world.services
    follower = plans(world.clock, services.new_id, services.catalogue)
    while await world.write(lambda tx: catch_up(tx, follower)):
        pass


async def days_pass(world: World, days: float) -> int:
    """Time goes by, and the clock of follow-ups looks; how many steps it took."""
    world.clock.advance(days=days)
    return await clock_looks(world)


async def clock_looks(world: World) -> int:
    """As if the clock of follow-ups had just looked."""
    services = world.services

    def look(tx: Any) -> int:
        act = Act(tx, SYSTEM, world.clock(), services.new_id, services.catalogue)
        return follow_ups.come_and_lapse(act)

    return int(await world.write(look))


async def of_case(world: World, case: str, who: str = ASKER) -> list[Any]:
    """The follow-ups of a case as somebody sees them."""
    return list((await world.client(who).get(f"/api/requests/{case}/follow-ups"))["items"])
