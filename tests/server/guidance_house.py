"""What a guided operation and a discussion need of the world: agreements, scopes, titles."""

from typing import Any

from telemed.store import tables as t
from tests.world import World

SERVICES = ["imaging", "ecg", "pathology", "consultation", "case_discussion", "surgery_guidance"]


async def opened(world: World) -> None:
    """The agreements cover both services; hub and second are licensed for surgery, and so are
    their readers; county's second reader is an attending physician."""

    def do(tx: Any) -> None:
        tx.update(t.agreements, t.agreements.c.id.is_not(None), {"services": SERVICES})
        wide = {"scopes": ["31", "32", "04"]}
        tx.update(t.institutions, t.institutions.c.id.in_(["hub", "second"]), wide)
        tx.update(t.people, t.people.c.id.in_(["hub-reader", "hub-reader2", "second-reader"]), wide)

    await world.write(do)


async def retitle(world: World, person: str, title: str) -> None:
    """Somebody's title is another."""
    await world.write(lambda tx: tx.update(t.people, t.people.c.id == person, {"title": title}))
