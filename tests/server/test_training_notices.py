"""Who is told of training: reviewers, applicants, whoever moves up, is enrolled, or gets credit."""

from datetime import timedelta
from typing import Any

import pytest

from telemed.actions import taught
from telemed.store import notice_tables as n
from telemed.store import tables as t
from tests.server.notice_links import every_notice_opens
from tests.server.test_escalations import LIST, climb, older_than_its_reminders, told
from tests.server.training import (
    COURSES,
    GIVER,
    LEARNERS,
    QUIZ,
    REVIEWER,
    RIGHT,
    check_in,
    drafted,
    enrol,
    lecture,
    published,
    step,
)
from tests.world import START, World

A, B, C = LEARNERS[:3]
LECTURER = "hub-reader2"
SINCE = START + timedelta(days=2)
WHY = {"reason": "lecturer-away"}


async def until(world: World, minutes: float, when: Any = SINCE) -> None:
    """Let time go by to so many minutes before a lecture."""
    await climb(world, (when - timedelta(minutes=minutes) - world.clock()).total_seconds() / 60)


async def test_an_application_is_told_to_its_reviewers_and_the_review_to_the_applicant(
    world: World,
) -> None:
    """Not to whoever applied, not to whoever reviewed, to nobody outside; and what nobody reviews
    stands on the coordinators' list until it is reviewed."""
    made = await drafted(world)
    await step(world, GIVER, made, "apply")
    await climb(world)
    assert await told(world, REVIEWER) == [("course-to-review", 0)]
    for other in (GIVER, A, "county-coordinator", "hub-requester"):
        assert await told(world, other) == [], other
    (waits,) = (await world.client(REVIEWER).ok("GET", LIST))["items"]
    assert (waits["course_id"], waits["title"], waits["may_take_on"]) == (
        made, "卒中救治新进展", False,
    )  # fmt: skip
    assert (await world.client("county-coordinator").ok("GET", LIST))["items"] == []
    await world.client(REVIEWER).refused(
        "not-to-take-on", "POST", f"/api/escalations/{waits['id']}/take-on"
    )
    await climb(world, 4 * 24 * 60)
    (waits,) = (await world.client(REVIEWER).ok("GET", LIST))["items"]
    assert waits["exhausted_at"] is not None
    await step(world, REVIEWER, made, "return", reason="content")
    await climb(world)
    assert await told(world, GIVER) == [("course-reviewed", 0)]
    await step(world, GIVER, made, "apply")
    await step(world, REVIEWER, made, "approve")
    await climb(world)
    assert await told(world, GIVER) == [("course-reviewed", 0), ("course-reviewed", 0)]
    assert (await world.client(REVIEWER).ok("GET", LIST))["items"] == []


async def test_who_takes_part_is_told_of_places_times_and_credit(world: World) -> None:
    """Moved up at once; reminded a day and ten minutes before, by the time that holds; of another
    time and of a lecture that is off whoever takes part, the waiting too; of credit its learner."""
    made, one = await published(
        world, lecture(SINCE, quota=2), quiz=QUIZ, credit_tenths=20, required_percent=1,
        lecturers=[{"person_id": LECTURER, "name": "", "title": ""}],
    )  # fmt: skip
    await enrol(world, one, A, B, C)
    await climb(world)
    assert [await told(world, who) for who in (A, B, C)] == [[], [], []]
    await world.client(A).ok("POST", f"/api/lectures/{one}/withdraw")
    await climb(world)
    assert await told(world, C) == [("moved-up", 0)]
    await enrol(world, one, A)
    await until(world, 1440)
    near = ("lecture-near", 0)
    assert [await told(world, who) for who in (A, B, C)] == [[], [near], [("moved-up", 0), near]]
    (item,) = (await world.client(B).ok("GET", "/api/notices"))["items"]
    assert (item["lecture_id"], item["title"]) == (one, "卒中救治新进展")
    assert item["request_id"] is None and item["begins"] is not None and not item["may_take_on"]

    # More places are no other time; an hour later is. The reminder of the old time is none.
    later = SINCE + timedelta(hours=1)
    for plan in (lecture(SINCE, quota=2, title="上午"), lecture(later, quota=2, title="上午")):
        row = (await world.client(GIVER).get(f"/api/lectures/{one}"))["lecture"]
        body = {"version": row["version"], **plan}
        await world.client(GIVER).ok("PUT", f"/api/lectures/{one}", body)
        await climb(world)
    moved = ("lecture-moved", 0)
    assert await told(world, A) == [moved], "who waits comes too, if there is a place"
    assert await told(world, B) == [near, moved]
    await until(world, 10)
    assert await told(world, B) == [near, moved, near], "a day before the new time"
    await until(world, 10, later)
    assert await told(world, B) == [near, moved, near, ("lecture-near", 1)]
    assert await told(world, A) == [moved]
    assert await told(world, LECTURER) == [near, moved, near, ("lecture-near", 1)], "as who comes"
    assert await told(world, GIVER) == [("course-reviewed", 0)]

    await until(world, 0, later)
    await step(world, GIVER, one, "begin")
    await check_in(world, B, one)
    await climb(world, 2)
    await world.client(B).ok("POST", f"/api/lectures/{one}/here")
    await climb(world, 58)
    await step(world, GIVER, one, "finish")
    await world.client(B).ok("POST", f"{COURSES}/{made}/quiz", {"answers": RIGHT})
    await climb(world)
    assert (await told(world, B))[-1] == ("credit-given", 0)
    assert (await world.client(B).ok("GET", "/api/notices"))["items"][0]["course_id"] == made
    assert ("credit-given", 0) not in await told(world, C)
    await every_notice_opens(world)
    assert "escalation.exhausted" not in await world.log()


async def test_a_lecture_opened_before_there_were_reminders_has_them_too(world: World) -> None:
    """From the next start on, by the time that holds; what was canceled has none."""
    _, one = await published(world, lecture(SINCE))
    _, off = await published(world, lecture(SINCE + timedelta(hours=3)))
    await enrol(world, one, A)
    await step(world, GIVER, off, "cancel", **WHY)
    (made,) = await older_than_its_reminders(world, "lecture-near")
    assert (made["lecture_id"], made["anchor_at"]) == (one, SINCE)
    await until(world, 10)
    assert ("lecture-near", 1) in await told(world, A)
    assert [kind for kind, _ in await told(world, A)].count("lecture-near") == 1


async def test_a_lecture_that_is_off_is_told_in_parts_to_everybody_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of nine people four at a time, a transaction for each part, whichever clock tells it; a
    part that stumbles is told again, and nobody hears of it twice."""
    monkeypatch.setattr(taught, "PART", 4)
    _, one = await published(world, lecture(SINCE, quota=8))
    await enrol(world, one, *LEARNERS)
    await climb(world)
    await step(world, GIVER, one, "cancel", **WHY)
    await climb(world)
    while (await _off(world))["ended_at"] is None:
        await climb(world)
    for who in LEARNERS:
        assert await told(world, who) == [("lecture-off", 0)], who
    rows = await world.rows(n.notices, n.notices.c.occasion == "lecture-off")
    assert len(rows) == len(LEARNERS)
    facts = await world.rows(t.activities, t.activities.c.kind == "notice.told")
    off = [row for row in facts if row["data"]["occasion"] == "lecture-off"]
    assert max(row["data"]["people"] for row in off) <= 4
    assert {row["data"]["lecture"] for row in off} == {one}
    await every_notice_opens(world)
    item = (await world.client(A).ok("GET", "/api/notices"))["items"][0]
    assert not item["over"], "it is told, and no more to be done"


async def _off(world: World) -> dict[str, Any]:
    (row,) = await world.rows(n.escalations, n.escalations.c.occasion == "lecture-off")
    return dict(row)
