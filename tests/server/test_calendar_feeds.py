"""The calendar file behind a secret address, read by a parser that is not its writer's."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import vobject

from telemed.documents.calendar_file import Entry, write_calendar
from telemed.store import appointment_tables as a
from telemed.store import tables as t
from tests.server import training
from tests.server.booking import (
    APPOINTMENTS,
    ASKER,
    BECAUSE,
    KEEPER,
    at,
    confirmed,
    has_hours,
    has_room,
    held,
    plan,
    proposed,
    step,
)
from tests.services import absent
from tests.world import World, add_account

LINKS = "/api/calendar-links"


async def link(world: World, who: str = "hub-reader") -> tuple[str, str]:
    """A new link's id and path."""
    made = await world.client(who).ok("POST", LINKS, {"label": "手机"})
    assert made["url"].startswith("http") and made["url"].endswith("/calendar.ics")
    return made["id"], "/api/calendar-feed/" + made["url"].split("/api/calendar-feed/")[1]


async def events(world: World, path: str) -> list[Any]:
    """What an independent parser reads from the address; whoever asks is not signed in."""
    reply = await world.client("nobody").call("GET", path)
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/calendar")
    assert max(map(len, reply.body.split(b"\r\n"))) <= 75, "RFC 5545 3.1"
    calendar = vobject.readOne(reply.body.decode())
    assert calendar.version.value == "2.0" and calendar.method.value == "PUBLISH"
    return list(calendar.contents.get("vevent", []))


async def event_of(world: World, path: str, key: str) -> Any:
    """The one event of something in a feed."""
    (found,) = (e for e in await events(world, path) if e.uid.value == f"{key}@telemed")
    return found


async def test_a_feed_holds_one_s_own_appointments_and_no_patient(world: World) -> None:
    """Times in UTC, the number and the room; a hold is not in it, nor what others sit in."""
    await has_hours(world, "hub-reader", "hub-reader2")
    room = {"kind": "room", "name": "会诊室, 东; 一", "place": "3楼\\A"}
    key = (await world.client(KEEPER).ok("POST", "/api/resources", room))["id"]
    case = await world.sent()
    one = await confirmed(world, "09:00", resources=[{"resource_id": key}], request_id=case)
    await proposed(world, "10:00")
    await held(world, "11:00")
    await confirmed(world, "09:00", "hub-reader2")
    _, path = await link(world)
    first, second = await events(world, path)
    assert first.dtstart.value == datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    assert first.dtend.value == datetime(2026, 3, 6, 1, 30, tzinfo=UTC)
    assert first.summary.value == f"远程影像诊断 {one['number']}（已确认）"
    assert first.location.value == "hub医院 3楼\\A 会诊室, 东; 一"
    assert (first.status.value, second.status.value) == ("CONFIRMED", "TENTATIVE")
    assert first.uid.value == f"{one['id']}@telemed" and first.sequence.value == "3"
    assert getattr(first, "class").value == "PRIVATE"
    reply = await world.client("nobody").call("GET", path)
    assert b"zq" not in reply.body.lower() and case.encode() not in reply.body


async def test_a_change_comes_as_the_same_event_anew(world: World) -> None:
    """Another time, then canceled: one event, its sequence growing."""
    await has_hours(world, "hub-reader")
    one = await confirmed(world, "09:00")
    _, path = await link(world)
    (before,) = await events(world, path)
    new = {"since": at("10:30"), "reason": "expert-time"}
    one = await step(world, one, "reschedule", **new)
    (moved,) = await events(world, path)
    assert moved.uid.value == before.uid.value and moved.status.value == "TENTATIVE"
    assert moved.dtstart.value == datetime(2026, 3, 6, 2, 30, tzinfo=UTC)
    await step(world, one, "cancel", **BECAUSE)
    (gone,) = await events(world, path)
    assert (gone.status.value, gone.transp.value) == ("CANCELLED", "TRANSPARENT")
    numbers = [int(event.sequence.value) for event in (before, moved, gone)]
    assert numbers == sorted(set(numbers))


async def test_whoever_declined_has_it_in_their_calendar_no_more(world: World) -> None:
    """Nor who was replaced."""
    await has_hours(world, "hub-reader")
    one = await confirmed(world)
    _, path = await link(world)
    body = {"accepts": False, "reason": "time"}
    await world.client("hub-reader").ok("POST", f"{APPOINTMENTS}/{one['id']}/answer", body)
    assert await events(world, path) == []


async def test_whoever_gives_a_lecture_is_booked_for_nothing_else(world: World) -> None:
    """It stands in their calendar, and keeps their time like a session, until it is called off.
    A lecture whose conference is still to be booked keeps nobody from it."""
    await has_hours(world, "hub-reader", "hub-reader2")
    since = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    who = [{"person_id": "hub-reader", "name": "", "title": ""}]
    open_one = training.lecture(since, 60, join_address="")
    await training.published(world, open_one, lecturers=who, title="待定")
    await confirmed(world, "11:00")
    asked = training.lecture(since, 60, place="示教室")
    _, key = await training.published(world, asked, lecturers=who)
    body = plan("09:30")
    taken = await world.client(ASKER).refused("slot-taken", "POST", APPOINTMENTS, body)
    assert "hub-reader" in str(taken)
    await confirmed(world, "09:30", "hub-reader2")
    _, path = await link(world)
    told = {event.summary.value: event for event in await events(world, path)}
    given = told["授课 卒中救治新进展（报名中）"]
    assert given.dtstart.value == since and given.location.value == "hub医院 示教室"
    assert len(told) == 3
    later = training.lecture(since + timedelta(minutes=15), 60, place="示教室", version=2)
    await world.client(training.GIVER).ok("PUT", f"/api/lectures/{key}", later)
    moved = await event_of(world, path, key)
    assert moved.dtstart.value == since + timedelta(minutes=15)
    await training.step(world, training.GIVER, key, "cancel", reason="lecturer-away")
    gone = await event_of(world, path, key)
    assert (gone.status.value, gone.transp.value) == ("CANCELLED", "TRANSPARENT")
    numbers = [int(event.sequence.value) for event in (given, moved, gone)]
    assert numbers == sorted(set(numbers)) and gone.uid.value == given.uid.value
    await confirmed(world, "09:30")
    assert len(await events(world, path)) == 4


async def test_a_lecture_is_drawn_for_whoever_gives_it_and_nobody_else(world: World) -> None:
    """Whether its lecturer is taken stands beside it, as the search has it; the medical office, who
    may see no course, learns that and no title. One that is not published yet is in no calendar."""
    await has_hours(world, "hub-reader")
    since = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    who = {"lecturers": [{"person_id": "hub-reader", "name": "", "title": ""}]}
    plan_ = training.lecture(since, 60, join_address="", title="第一讲")
    _, key = await training.published(world, plan_, **who)
    await training.drafted(world, training.lecture(since, 60), **who)
    await world.write(lambda tx: add_account(tx, "hub-office", ["medical_office"], "hub", None))

    async def drawn(who: str, more: str = "") -> list[Any]:
        stretch = "?since=2026-03-06T00:00:00Z&until=2026-03-07T00:00:00Z"
        shown = await world.client(who).get(f"{APPOINTMENTS}{stretch}{more}")
        return [
            (o["id"], o["title"], o["state"], o["keeps"], o["opens"]) for o in shown["lectures"]
        ]

    assert await drawn(KEEPER) == [(key, "第一讲", "enrolling", False, True)]
    assert await drawn("hub-technician", "&person=hub-reader") == await drawn(KEEPER)
    assert await drawn(KEEPER, "&person=hub-reader2") == []
    assert await drawn(KEEPER, f"&resource={await has_room(world)}") == []
    # It is offered to county, and nobody there has less time for it.
    assert await drawn(ASKER) == await drawn("lapsed-coordinator") == []
    placed = {**plan_, "place": "示教室", "version": 2}
    await world.client(training.GIVER).ok("PUT", f"/api/lectures/{key}", placed)
    assert await drawn("hub-office") == [(key, "", "enrolling", True, False)]
    await world.client(ASKER).refused("slot-taken", "POST", APPOINTMENTS, plan("09:30"))
    leave = {"kind": "away", "since": at("09:30"), "until": at("23:00")}
    ill = "/api/calendars/people/hub-reader/exceptions"
    made = await world.client("hub-reader").ok("POST", ill, leave)
    assert (made["lectures"], made["meets"]) == ([key], [])
    await training.step(world, training.GIVER, key, "cancel", reason="lecturer-away")
    assert await drawn(KEEPER) == [(key, "第一讲", "canceled", False, True)]


async def test_a_revoked_address_opens_nothing(world: World) -> None:
    """In the same words as one that never was; others stay, and only one's own can be ended."""
    key, path = await link(world)
    _, other = await link(world)
    await world.client("hub-reader2").refused("not-found", "POST", f"{LINKS}/{key}/revoke")
    await world.client("hub-reader").ok("POST", f"{LINKS}/{key}/revoke")
    nobody = world.client("nobody")
    gone = await nobody.call("GET", path)
    never = await nobody.call("GET", "/api/calendar-feed/guess/calendar.ics")
    assert gone.status == 404 and gone.body == never.body
    assert await events(world, other) == []
    shown = (await world.client("hub-reader").get(LINKS))["links"]
    assert [one["label"] for one in shown] == ["手机"] and key not in {o["id"] for o in shown}
    await world.client("hub-reader").refused("not-found", "POST", f"{LINKS}/{key}/revoke")
    log = await world.log()
    assert [kind for kind in log if kind.startswith("diary.")] == [
        "diary.linked", "diary.linked", "diary.unlinked",
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["disabled", "left", "moved"])
async def test_whoever_left_has_no_feed(world: World, end: str) -> None:
    """A disabled account, a person who is active no more, an account that became another's."""
    _, path = await link(world)
    account, person = t.accounts.c.id == "hub-reader", t.people.c.id == "hub-reader"
    changes: dict[str, Any] = {
        "disabled": lambda tx: tx.update(t.accounts, account, {"disabled": True}),
        "left": lambda tx: tx.update(t.people, person, {"active": False}),
        "moved": lambda tx: tx.update(t.accounts, account, {"institution_id": "second"}),
    }
    await world.write(changes[end])
    assert (await world.client("nobody").call("GET", path)).status == 404


async def test_whoever_made_a_link_sees_when_it_was_last_read(world: World) -> None:
    """To the hour: a calendar that looks every few minutes writes once in it; a refused address is
    no reading."""
    _, path = await link(world)

    async def read_at() -> Any:
        (one,) = (await world.client("hub-reader").get(LINKS))["links"]
        return one["read_at"]

    assert await read_at() is None
    await events(world, path)
    first = await read_at()
    assert datetime.fromisoformat(first) == world.clock()
    world.clock.advance(minutes=59)
    await asyncio.gather(*(events(world, path) for _ in range(3)))
    assert await read_at() == first
    world.clock.advance(minutes=1)
    await events(world, path)
    assert datetime.fromisoformat(await read_at()) == world.clock()


async def test_the_secret_is_kept_as_a_hash_and_links_are_few(world: World) -> None:
    """What is stored opens nothing; the sixth link is refused, and who is nobody has none."""
    _, path = await link(world)
    (row,) = await world.rows(a.calendar_links)
    assert path.split("/")[3] not in str(row)
    for _ in range(4):
        await link(world)
    client = world.client("hub-reader")
    assert (await client.refused("too-many-links", "POST", LINKS, {}))["most"] == 5
    await world.client("hub-admin").refused("forbidden", "POST", LINKS, {})


def test_no_name_breaks_out_of_its_line() -> None:
    """Line ends, quotes and controls of a name stay text: no property can be made up."""
    evil = 'x\r\nBEGIN:VEVENT\r\nUID:evil\nSTATUS:CONFIRMED\\n;",:'
    now = datetime(2026, 3, 6, tzinfo=UTC)
    raw = write_calendar(evil, [Entry("u", evil, evil, "CONFIRMED", now, now, 1, now)])
    calendar = vobject.readOne(raw.decode())
    (event,) = calendar.contents["vevent"]
    assert event.uid.value == "u" and raw.count(b"BEGIN:VEVENT\r\n") == 1
    assert "UID:evil" in event.summary.value and "UID:evil" in event.location.value
    assert "\n" not in event.summary.value
    assert [name for name in calendar.contents if name.startswith("x-")] == ["x-wr-calname"]


@pytest.mark.services
async def test_a_real_client_takes_the_feed(world: World, tmp_path: Path) -> None:
    """calcurse, a calendar for terminals, shows both appointments by the clocks of Guangxi."""
    if shutil.which("calcurse") is None:
        absent("calcurse")
    await has_hours(world, "hub-reader")
    one, two = await confirmed(world, "09:00"), await proposed(world, "10:00")
    _, path = await link(world)
    file = tmp_path / "feed.ics"
    file.write_bytes((await world.client("nobody").call("GET", path)).body)
    told = await calcurse(tmp_path, "-i", str(file))
    assert "2 apps / 0 events / 0 todos / 0 skipped" in told
    shown = await calcurse(tmp_path, "-d", "03/06/2026")
    assert "09:00 -> 09:30" in shown and f"{one['number']}（已确认）" in shown
    assert "10:00 -> 10:30" in shown and f"{two['number']}（待确认）" in shown


async def calcurse(folder: Path, *words: str) -> str:
    """What the program says, on data of its own."""
    process = await asyncio.create_subprocess_exec(
        "calcurse", "-D", str(folder / "calcurse"), *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"TZ": "Asia/Shanghai", "LC_ALL": "C.UTF-8", "HOME": str(folder),
             "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    told, _ = await process.communicate()
    assert process.returncode == 0, told
    return told.decode()
