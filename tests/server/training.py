"""Courses and lectures as tests need them: hub gives, the alliance takes part."""

from datetime import datetime, timedelta
from typing import Any

from telemed.core.checkin import code_at
from telemed.store import tables as t
from telemed.store import training_tables as tt
from tests.world import START, World

COURSES = "/api/courses"
GIVER, REVIEWER = "hub-verifier", "hub-coordinator"
SINCE = START + timedelta(days=1)
LEARNERS = (
    "county-requester", "county-technician", "county-reader", "county-admin", "second-requester",
    "second-reader", "second-coordinator", "hub-reader", "hub-junior",
)  # fmt: skip

QUIZ: list[dict[str, Any]] = [
    {"kind": "single", "text": "急性脑梗死静脉溶栓的时间窗", "options": ["4.5 小时", "12 小时"],
     "right": [0], "points": 2},
    {"kind": "multiple", "text": "溶栓前应检查", "options": ["血糖", "头颅CT", "视力表"],
     "right": [0, 1], "points": 2},
    {"kind": "true-false", "text": "血糖过低应先纠正", "options": ["正确", "错误"],
     "right": [0], "points": 1},
]  # fmt: skip
RIGHT = [[0], [0, 1], [0]]
HALF = [[0], [0], [0]]
MARKS = {"content": 5, "lecturer": 4, "time": 3, "line": 5}


def course(**more: object) -> dict[str, Any]:
    """A course of hub, for its alliance."""
    return {
        "kind": "live",
        "title": "卒中救治新进展",
        "target_group": "县级医院急诊、神经内科医师",
        "lecturers": [{"name": "覃主任", "title": "主任医师"}],
        "offers": [{"kind": "alliance", "id": "union"}],
        **more,
    }


def lecture(since: datetime = SINCE, minutes: int = 90, **more: object) -> dict[str, Any]:
    """A lecture of tomorrow."""
    until = since + timedelta(minutes=minutes)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "minutes": minutes,
        "join_address": "https://live.example/room",
        **more,
    }


async def drafted(world: World, plan: dict[str, Any] | None = None, **more: object) -> str:
    """A draft with a lecture."""
    giver = world.client(GIVER)
    made = (await giver.ok("POST", COURSES, course(**more)))["id"]
    await giver.ok("POST", f"{COURSES}/{made}/lectures", lecture() if plan is None else plan)
    return str(made)


async def step(world: World, who: str, key: str, name: str, **more: object) -> Any:
    """A step of a course or of a lecture, of the version that it has."""
    for noun, part in (("courses", None), ("lectures", "lecture")):
        path = f"/api/{noun}/{key}"
        reply = await world.client(GIVER).call("GET", path)
        if reply.status == 200:
            row = reply.json if part is None else reply.json[part]
            body = {"version": row["version"], **more}
            return await world.client(who).ok("POST", f"{path}/{name}", body)
    raise AssertionError(f"nothing has the id {key}")


async def publish(world: World, made: str) -> str:
    """From a draft to a published course; its first lecture."""
    await step(world, GIVER, made, "apply")
    await step(world, REVIEWER, made, "approve")
    shown = await step(world, GIVER, made, "publish")
    return str(shown["lectures"][0]["id"])


async def published(
    world: World, plan: dict[str, Any] | None = None, **more: object
) -> tuple[str, str]:
    """A published course and its lecture."""
    made = await drafted(world, plan, **more)
    return made, await publish(world, made)


async def code_of(world: World, lecture_id: str) -> str:
    """The code that the lecturer's page shows now."""
    (row,) = await world.rows(tt.lectures, tt.lectures.c.id == lecture_id)
    shown = (await world.client(GIVER).get(f"/api/lectures/{lecture_id}/code"))["code"]
    assert shown == code_at(row["code_secret"], row["code_seconds"], world.clock())
    return str(shown)


async def check_in(world: World, who: str, lecture_id: str) -> Any:
    """Check in by the code of now."""
    path = f"/api/lectures/{lecture_id}/check-in"
    return await world.client(who).ok("POST", path, {"code": await code_of(world, lecture_id)})


async def enrol(world: World, lecture_id: str, *people: str) -> None:
    """Enrol these people, one after the other."""
    for who in people:
        await world.client(who).ok("POST", f"/api/lectures/{lecture_id}/enrol")


async def facts(world: World, kind: str) -> list[dict[str, Any]]:
    """What was told of a kind, in order."""
    rows = await world.rows(t.activities, t.activities.c.kind == kind)
    return [dict(row["data"]) for row in sorted(rows, key=lambda row: row["seq"])]


async def begin(world: World, lecture_id: str) -> None:
    """Its time has come, and it begins."""
    world.clock.now = SINCE
    await step(world, GIVER, lecture_id, "begin")
