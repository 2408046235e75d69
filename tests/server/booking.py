"""What the tests of appointments do over and over: hours, a hold, and each step after it."""

from typing import Any

from tests.world import World

KEEPER, ASKER = "hub-coordinator", "county-requester"
FRIDAY = "2026-03-06"
OFFICE = {"weekdays": [0, 1, 2, 3, 4], "begins": "08:00", "ends": "12:00", "first": "2026-01-01"}
APPOINTMENTS = "/api/appointments"
BECAUSE = {"reason": "other"}


def at(clock: str, day: str = FRIDAY) -> str:
    """A local time, Friday the 6th of March 2026 unless said otherwise."""
    return f"{day}T{clock}:00+08:00"


async def has_hours(world: World, *people: str, **more: Any) -> None:
    """Morning hours of some people of hub."""
    for person in people:
        path = f"/api/calendars/people/{person}/hours"
        await world.client(KEEPER).ok("PUT", path, {"rows": [{**OFFICE, **more}]})


async def always_there(world: World, *people: str) -> None:
    """People of any institution can be had at every hour of every day."""
    hours = {"weekdays": list(range(7)), "begins": "00:00", "ends": "24:00", "calendar": False,
             "first": "2026-01-01"}  # fmt: skip
    for person in people:
        keeper = f"{person.partition('-')[0]}-coordinator"
        path = f"/api/calendars/people/{person}/hours"
        await world.client(keeper).ok("PUT", path, {"rows": [hours]})


async def has_room(world: World, capacity: int = 1) -> str:
    """A room of hub; its id."""
    body = {"kind": "room", "name": "第一会诊室", "capacity": capacity}
    return str((await world.client(KEEPER).ok("POST", "/api/resources", body))["id"])


def plan(clock: str = "09:00", *people: str, **more: Any) -> dict[str, Any]:
    """Half an hour with some people of hub."""
    seats = [{"role": "expert", "person_id": p} for p in people or ("hub-reader",)]
    return {"service": "imaging", "provider_id": "hub", "since": at(clock), "minutes": 30,
            "seats": seats, **more}  # fmt: skip


async def held(world: World, clock: str = "09:00", *people: str, who: str = ASKER,
               **more: Any) -> Any:  # fmt: skip
    """A time that somebody holds."""
    return await world.client(who).ok("POST", APPOINTMENTS, plan(clock, *people, **more))


async def step(world: World, one: Any, name: str, who: str = ASKER, **more: Any) -> Any:
    """A step of an appointment as it was last seen; the appointment after it."""
    body = {"version": one["version"], **more}
    return await world.client(who).ok("POST", f"{APPOINTMENTS}/{one['id']}/{name}", body)


async def proposed(world: World, clock: str = "09:00", *people: str, **more: Any) -> Any:
    """A time that the county asks for."""
    return await step(world, await held(world, clock, *people, **more), "propose")


async def confirmed(world: World, clock: str = "09:00", *people: str, **more: Any) -> Any:
    """A time that the hub's coordinator agreed to."""
    one = await proposed(world, clock, *people, **more)
    return await step(world, one, "confirm", KEEPER)
