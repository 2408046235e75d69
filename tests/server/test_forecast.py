"""What next week needs, from what was sat in; only for whoever keeps the hours."""

from datetime import UTC, datetime, timedelta
from typing import Any

from telemed.store import appointment_tables as a
from tests.server.booking import ASKER, KEEPER, confirmed, has_hours, has_room, held
from tests.world import World

NEXT = "/api/forecast?day=2026-03-11"
MONDAY = datetime(2026, 3, 9, 1, tzinfo=UTC)


async def past(world: World, weeks: int, room: str) -> None:
    """Three sessions each Monday morning, one each Wednesday afternoon, with a room."""
    one = await held(world, "09:00", resources=[{"resource_id": room}])
    (row,) = await world.rows(a.appointments, a.appointments.c.id == one["id"])
    (seat,) = await world.rows(
        a.appointment_seats, a.appointment_seats.c.appointment_id == one["id"]
    )
    (use,) = await world.rows(
        a.appointment_resources, a.appointment_resources.c.appointment_id == one["id"]
    )
    rows: list[Any] = []
    for week in range(1, weeks + 1):
        monday = MONDAY - timedelta(weeks=week)
        rows += [monday + timedelta(minutes=30 * n) for n in range(3)]
        rows.append(monday + timedelta(days=2, hours=6))

    def write(tx: Any) -> None:
        for n, since in enumerate(rows):
            until, key = since + timedelta(minutes=30), f"past{n}"
            times = {"since": since, "until": until, "kept_since": since, "kept_until": until}
            tx.insert(a.appointments, {**row, "id": key, "number": key, "state": "ended", **times})
            tx.insert(a.appointment_seats, {**seat, "appointment_id": key})
            tx.insert(a.appointment_resources, {**use, "appointment_id": key})

    await world.write(write)


def cell(group: Any, day: str, block: str) -> Any:
    """One half-day of a group."""
    (found,) = [c for c in group["cells"] if (c["day"], c["block"]) == (day, block)]
    return found


async def test_next_week_says_what_comes_and_whether_the_hours_hold_it(world: World) -> None:
    """Mondays are full, and one expert's morning is not enough for what may come."""
    await has_hours(world, "hub-reader")
    room = await has_room(world)
    keeper = world.client(KEEPER)
    nothing = await keeper.get(NEXT)
    assert {c["forecast"] for g in nothing["experts"] for c in g["cells"]} == {None}
    await past(world, 16, room)
    await confirmed(world, "09:00", since="2026-03-09T09:00:00+08:00")
    found = await keeper.get(NEXT)
    assert found["monday"] == "2026-03-09"
    (experts,) = found["experts"]
    assert (experts["people"], experts["minutes"]) == (1, 30)
    monday = cell(experts, "2026-03-09", "morning")
    assert 1.8 < monday["forecast"]["mean"] < 3.2 and monday["booked"] == 1
    assert monday["forecast"]["low"] <= 3 <= monday["forecast"]["high"]
    assert (monday["need"], monday["have"], monday["lacks"]) == (1, 240, False)
    other = cell(experts, "2026-03-12", "evening")
    assert (other["forecast"]["served"], other["need"], other["lacks"]) == (0, 0, False)
    wednesday = cell(experts, "2026-03-11", "afternoon")
    # They came on Wednesday afternoons, and nobody has hours then.
    assert wednesday["forecast"]["served"] >= 1 and wednesday["lacks"]
    assert cell(found["rooms"], "2026-03-09", "morning")["have"] == 720
    away = {"kind": "away", "since": "2026-03-09T00:00:00+08:00",
            "until": "2026-03-10T00:00:00+08:00"}  # fmt: skip
    await keeper.ok("POST", "/api/calendars/people/hub-reader/exceptions", away)
    (experts,) = (await keeper.get(NEXT))["experts"]
    monday = cell(experts, "2026-03-09", "morning")
    assert (monday["have"], monday["lacks"]) == (0, True)


async def test_a_look_ahead_has_its_bounds_and_its_readers(world: World) -> None:
    """Neither the past nor next year; and nobody who keeps no hours."""
    keeper = world.client(KEEPER)
    for day in ("2026-03-01", "2026-06-01"):
        await keeper.refused("impossible-time", "GET", f"/api/forecast?day={day}")
    await keeper.refused("invalid", "GET", "/api/forecast?day=tomorrow")
    await world.client(ASKER).refused("forbidden", "GET", NEXT)
    own = await world.client("county-coordinator").get(NEXT)
    assert own["experts"] == [] and own["unmet"] == {"waits": 0, "calls": 0}
