"""Conferences over the live socket: who gets in, who hears what, and what stays in the log."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection

from telemed.server import conference_rooms
from telemed.server.live import LIVE
from telemed.store import conference_tables as c
from telemed.store import tables as t
from tests.server.booking import APPOINTMENTS, BECAUSE, KEEPER, confirmed, has_hours, step
from tests.server.test_live import PATIENCE, hello, receive, socket
from tests.services import Redis
from tests.world import World, world_at

EXPERT, ASKER = "hub-reader", "county-requester"


async def booked(world: World) -> Any:
    """An appointment of hub's reader whose conference is open."""
    await has_hours(world, EXPERT)
    one = await confirmed(world, "09:00", EXPERT)
    world.clock.advance(hours=16, minutes=45)
    return one


class Page:
    """Somebody's page in a conference."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.me = ""
        self.members: list[Any] = []

    async def say(self, **body: Any) -> None:
        """Send a message about conferences."""
        await self.line.send(orjson.dumps({"type": "conference", **body}).decode())

    async def next(self, *events: str) -> Any:
        """The next message of one of these events; an error is one too."""
        while True:
            told = await receive(self.line)
            if told["type"] == "error" and "error" in events:
                return told
            assert told["type"] != "error", told
            if told["type"] != "conference":
                continue
            if told["event"] == "beat":
                await self.say(do="here")
            if told["event"] == "members":
                self.members = told["members"]
            if told["event"] in events:
                return told

    async def enter(self, key: str, page: str = "page", **more: Any) -> Any:
        """Enter; the answer."""
        await self.say(do="enter", id=key, page=page, **more)
        told = await self.next("entered", "error")
        self.me = told.get("me", "")
        return told

    async def until(self, wanted: Callable[[list[Any]], bool]) -> None:
        """Wait until the members are as wanted."""
        while not wanted(self.members):
            await self.next("members")

    async def send(self, kind: str, to: str | None = None, **data: Any) -> None:
        await self.say(do="send", kind=kind, to=to, data=data)

    async def silent(self) -> None:
        """What is asked last is answered with nothing before it but members and beats."""
        await self.line.send('{"type":"ping"}')
        while (told := await receive(self.line))["type"] != "pong":
            assert told.get("event") in ("members", "beat", None), told


@asynccontextmanager
async def page(world: World, who: str) -> AsyncIterator[Page]:
    """Somebody's socket, after hello."""
    async with socket(world, who) as line:
        await hello(line)
        yield Page(line)


async def log_of(world: World, key: str) -> list[tuple[str, str, str]]:
    """Who did what and why, in order."""
    rows = await world.rows(c.conference_log, c.conference_log.c.appointment_id == key)
    rows.sort(key=lambda row: row["n"])
    return [(row["person_id"], row["event"], row["cause"]) for row in rows]


async def logged(world: World, key: str, *last: tuple[str, str, str]) -> None:
    """Wait until the log ends so."""
    async with asyncio.timeout(PATIENCE):
        while (await log_of(world, key))[-len(last) :] != list(last):
            await asyncio.sleep(0.05)


def states(members: list[Any]) -> dict[str, str]:
    return {one["person_id"]: one["state"] for one in members}


async def test_two_enter_talk_and_leave(world: World) -> None:
    """Each sees the other; what one says the other hears, signed by the server; all is logged."""
    one = await booked(world)
    key = one["id"]
    async with page(world, EXPERT) as expert, page(world, ASKER) as asker:
        assert (await expert.enter(key))["event"] == "entered"
        await asker.enter(key, mode="audio")
        await expert.until(lambda m: len(m) == 2)
        assert states(expert.members) == {EXPERT: "present", ASKER: "present"}
        await expert.send("offer", asker.me, sdp="v=0", **{"from": "forged"})
        heard = await asker.next("message")
        assert (heard["from"], heard["kind"], heard["data"]["sdp"]) == (expert.me, "offer", "v=0")
        await asker.send("view", slice=12)
        heard = await expert.next("message")
        assert (heard["from"], heard["to"], heard["data"]) == (asker.me, None, {"slice": 12})
        await asker.silent()  # nobody hears themselves
        await asker.say(do="state", state={"muted": True, "hand": True, "mode": "still"})
        await expert.until(lambda m: any(x["hand"] and x["muted"] for x in m))
        await asker.say(do="leave")
        assert (await asker.next("closed"))["why"] == "left"
        await expert.until(lambda m: states(m) == {EXPERT: "present"})
    await logged(world, key, (ASKER, "leave", "left"), (EXPERT, "drop", "line"))
    assert [event for _, event, _ in await log_of(world, key)] == [
        "enter", "enter", "mode", "leave", "drop",
    ]  # fmt: skip
    facts = await world.rows(t.activities, t.activities.c.kind.like("conference.%"))
    assert len(facts) == 5 and not any("医生" in str(fact["data"]) for fact in facts)
    assert {(f["party_a"], f["party_b"]) for f in facts} == {("county", "hub")}


async def test_who_is_not_invited_learns_nothing(world: World) -> None:
    """Neither by the socket nor by any route, in the words of what does not exist."""
    one = await booked(world)
    key, path = one["id"], f"{APPOINTMENTS}/{one['id']}/conference"
    strangers = ("hub-reader2", "hub-verifier", "county-reader", "county-technician",
                 "second-coordinator", "hub-admin")  # fmt: skip
    async with page(world, EXPERT) as expert:
        await expert.enter(key)
        for who in strangers:
            client = world.client(who)
            hidden = await client.call("GET", path)
            absent = await client.call("GET", f"{APPOINTMENTS}/absent/conference")
            assert hidden.status == 404 and hidden.body == absent.body, who
            await client.refused("not-found", "GET", f"{path}/words")
            await client.refused("not-found", "POST", f"{path}/words", {"text": "x"})
            body = {"person_id": EXPERT, "joined": True}
            await client.refused("not-found", "POST", f"{path}/phone", body)
            async with page(world, who) as other:
                said = await other.enter(key)
                assert said == await other.enter("absent") and said["code"] == "not-found", who
                await other.send("view", expert.me, slice=1)
                assert (await other.next("error"))["code"] == "not-found"
        await expert.silent()
        named = {"person_id": "county-verifier"}
        along = f"{APPOINTMENTS}/{key}/accompanying"
        await world.client(ASKER).ok("POST", along, named)
        for who in ("county-verifier", KEEPER, "county-coordinator", ASKER):
            assert (await world.client(who).get(path))["open"] is True
    assert {who for who, _, _ in await log_of(world, key)} == {EXPERT}


async def test_messages_stay_within_the_conference(world: World) -> None:
    """Not to a member of another, not after leaving, not of a kind or size that nobody sends."""
    await has_hours(world, EXPERT, "hub-verifier")
    first = await confirmed(world, "09:00", EXPERT)
    second = await confirmed(world, "09:00", "hub-verifier")
    world.clock.advance(hours=16, minutes=45)
    async with page(world, EXPERT) as one, page(world, "hub-verifier") as other:
        await one.enter(first["id"])
        await other.enter(second["id"])
        for bad, code in (
            ({"kind": "offer", "to": other.me, "data": {}}, "not-found"),
            ({"kind": "offer", "to": one.me, "data": {}}, "not-found"),
            ({"kind": "chat", "to": None, "data": {"text": "x"}}, "invalid"),
            ({"kind": ["view"], "to": None, "data": {}}, "invalid"),
            ({"kind": "view", "to": None, "data": "x"}, "invalid"),
            ({"kind": "view", "to": None, "data": {"x": "y" * 4_001}}, "invalid"),
            ({"kind": "view", "to": ["x"], "data": {}}, "not-found"),
        ):
            await one.say(do="send", **bad)
            assert (await one.next("error"))["code"] == code, bad
        await one.say(do="become-chair")
        assert (await one.next("error"))["code"] == "invalid"
        await one.say(do="leave")
        await one.next("closed")
        await one.send("view", slice=1)
        assert (await one.next("error"))["code"] == "not-found"
        await other.silent()


async def test_a_flood_is_held_back(world: World) -> None:
    """So many at once are relayed and no more, and the others go on."""
    one = await booked(world)
    async with page(world, EXPERT) as loud, page(world, ASKER) as asker:
        await loud.enter(one["id"])
        await asker.enter(one["id"])
        await loud.until(lambda m: len(m) == 2)
        pace = next(s for s in world.app[LIVE].rooms._seats.values()
                    if s.place.member_id == loud.me).pace  # fmt: skip
        pace.left = 5
        pace.rate = 0
        for n in range(8):
            await loud.send("view", n=n)
        assert (await loud.next("error"))["code"] == "too-many"
        assert world.app[LIVE].refused["messages-of-conference"] >= 1
        assert [(await asker.next("message"))["data"]["n"] for _ in range(5)] == list(range(5))
        await asker.silent()
        await asker.send("view", n=0)
        assert (await loud.next("message", "error"))["type"] == "error"


async def test_what_ends_an_invitation_ends_it_in_the_room(world: World) -> None:
    """A seat given to somebody else, a session that ended, an appointment that is over."""
    await has_hours(world, "hub-verifier")
    one = await booked(world)
    key = one["id"]
    async with page(world, EXPERT) as expert, page(world, ASKER) as asker:
        await expert.enter(key)
        await asker.enter(key)
        one = await step(world, one, "swap", KEEPER, seat=1, person_id="hub-verifier")
        assert (await expert.next("closed"))["why"] == "not-invited"
        await asker.until(lambda m: states(m) == {ASKER: "present"})
        await expert.send("view", slice=1)
        assert (await expert.next("error"))["code"] == "not-found"
        async with page(world, "hub-verifier") as new:
            await new.enter(key)
            await world.client("security").ok(
                "PATCH", "/api/accounts/hub-verifier", {"disabled": True}
            )
            await asker.until(lambda m: states(m).get("hub-verifier") == "dropped")
        await step(world, one, "cancel", KEEPER, **BECAUSE)
        assert (await asker.next("closed"))["why"] == "closed"
        assert (await asker.enter(key))["code"] == "conference-closed"
    await logged(world, key, (ASKER, "leave", "closed"), ("hub-verifier", "leave", "closed"))


async def test_who_comes_back_keeps_their_place(world: World) -> None:
    """The same member after a lost socket; from another page the one before is shown out."""
    one = await booked(world)
    key = one["id"]
    async with page(world, ASKER) as asker:
        await asker.enter(key)
        async with page(world, EXPERT) as expert:
            first = await expert.enter(key, "p1")
            await asker.until(lambda m: len(m) == 2)
        await asker.until(lambda m: states(m)[EXPERT] == "dropped")
        async with page(world, EXPERT) as expert, page(world, EXPERT) as third:
            assert (await expert.enter(key, "p1"))["me"] == first["me"]
            await asker.until(lambda m: states(m)[EXPERT] == "present")
            await third.enter(key, "p2")
            assert (await expert.next("closed"))["why"] == "other-page"
            # The line that died without a word: the page is back before anybody noticed.
            async with page(world, EXPERT) as fourth:
                assert (await fourth.enter(key, "p2"))["me"] == first["me"]
                await fourth.say(do="leave")
                await fourth.next("closed")
    assert (await log_of(world, key))[1:8] == [
        (EXPERT, "enter", "page"), (EXPERT, "drop", "line"), (EXPERT, "return", "page"),
        (EXPERT, "enter", "other-page"), (EXPERT, "drop", "line"), (EXPERT, "return", "page"),
        (EXPERT, "leave", "left"),
    ]  # fmt: skip


async def test_a_line_that_says_nothing_is_lost_and_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut cable hangs up nowhere: the log has when the line was last heard, and when again."""
    monkeypatch.setattr(conference_rooms, "SILENT_SECONDS", 600.0)
    monkeypatch.setattr(conference_rooms, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(conference_rooms, "LOOK_SECONDS", 0.1)
    one = await booked(world)
    async with page(world, EXPERT) as expert, page(world, ASKER) as asker:
        await expert.enter(one["id"])
        await asker.enter(one["id"])
        await asker.until(lambda m: len(m) == 2)
        world.clock.advance(seconds=10)
        await expert.say(do="here")
        await expert.silent()
        world.clock.advance(seconds=5)
        # For a moment nothing is recent enough: the line is lost now, however busy the machine is.
        monkeypatch.setattr(conference_rooms, "SILENT_SECONDS", 0.0)
        await asker.until(lambda m: states(m)[EXPERT] == "dropped")
        monkeypatch.setattr(conference_rooms, "SILENT_SECONDS", 600.0)
        world.clock.advance(seconds=20)
        await expert.say(do="here")
        await asker.until(lambda m: states(m)[EXPERT] == "present")
        world.clock.advance(seconds=10)
        await expert.say(do="leave")
        await expert.next("closed")
        found = await world.client(ASKER).get(f"{APPOINTMENTS}/{one['id']}/conference")
    (there,) = [p for p in found["people"] if p["person_id"] == EXPERT]
    assert (there["seconds"], there["drops"], len(there["stretches"])) == (20, 1, 2)


async def test_a_line_is_lost_with_its_server(world: World) -> None:
    """Nobody vouches for it any more: dropped when its server last did."""
    one = await booked(world)
    key = one["id"]
    async with page(world, EXPERT) as expert:
        await expert.enter(key)
        rooms = world.app[LIVE].rooms
        for seat in list(rooms._seats.values()):
            rooms._forget(seat)  # as if the process had died
        entered = world.clock()
        world.clock.advance(seconds=21)
        await logged(world, key, (EXPERT, "drop", "lease"))
        (row,) = await world.rows(c.conference_log, c.conference_log.c.event == "drop")
        assert row["at"] == entered and row["noted_at"] > entered
        await expert.enter(key)
        await logged(world, key, (EXPERT, "return", "page"))


async def test_what_is_written_is_kept_and_told_to_members(world: World) -> None:
    """Over HTTP and kept; members hear it at once; whoever comes later reads it."""
    one = await booked(world)
    path = f"{APPOINTMENTS}/{one['id']}/conference/words"
    async with page(world, EXPERT) as expert:
        await expert.enter(one["id"])
        made = await world.client(ASKER).ok("POST", path, {"text": "请看第三层"})
        heard = await expert.next("message")
        assert (heard["kind"], heard["from"], heard["data"]["text"]) == ("chat", None, "请看第三层")
        assert heard["data"]["n"] == made["n"] == 1
    (said,) = (await world.client(KEEPER).get(path))["words"]
    assert said["text"] == "请看第三层" and said["institution_id"] == "county"
    assert (await world.client(KEEPER).get(f"{path}?after=1"))["words"] == []
    await world.client(ASKER).refused("invalid", "POST", path, {"text": "  "})


async def test_who_is_on_the_telephone_is_recorded_so(world: World) -> None:
    """By whoever is in charge, or by themselves; attendance counts it as telephone."""
    one = await booked(world)
    path = f"{APPOINTMENTS}/{one['id']}/conference"
    keeper = world.client(KEEPER)
    await world.client(EXPERT).refused(
        "forbidden", "POST", f"{path}/phone", {"person_id": ASKER, "joined": True}
    )
    await keeper.refused(
        "not-found", "POST", f"{path}/phone", {"person_id": "second-reader", "joined": True}
    )
    await keeper.ok("POST", f"{path}/phone", {"person_id": EXPERT, "joined": True})
    world.clock.advance(minutes=5)
    await keeper.ok("POST", f"{path}/phone", {"person_id": EXPERT, "joined": False})
    found = await keeper.get(path)
    (there,) = found["people"]
    assert (there["person_id"], there["seconds"]) == (EXPERT, 300)
    assert [stretch["mode"] for stretch in there["stretches"]] == ["phone"]
    assert [(line["event"], line["cause"]) for line in found["log"]] == [
        ("enter", "phone"), ("leave", "phone"),
    ]  # fmt: skip
    assert found["sides"][0]["institution_id"] == "hub"


async def test_the_room_opens_half_an_hour_before_and_not_before(world: World) -> None:
    """Nobody enters what is not confirmed or long ahead."""
    await has_hours(world, EXPERT)
    one = await confirmed(world, "09:00", EXPERT)
    async with page(world, EXPERT) as expert:
        assert (await expert.enter(one["id"]))["code"] == "too-early"
        world.clock.advance(hours=16, minutes=30)
        assert (await expert.enter(one["id"]))["event"] == "entered"


async def test_a_check_is_kept_and_says_how_to_begin(world: World) -> None:
    """Its latest result is shown; thresholds come from configs/conference.toml."""
    one = await booked(world)
    path = f"{APPOINTMENTS}/{one['id']}/conference"
    expert = world.client(EXPERT)
    found = {"camera": True, "microphone": True, "down_kbps": 5000, "up_kbps": 200}
    assert (await expert.ok("POST", f"{path}/checks", found))["verdict"] == "still"
    world.clock.advance(minutes=1)
    found |= {"up_kbps": 5000, "round_trip_ms": 40}
    assert (await expert.ok("POST", f"{path}/checks", found))["verdict"] == "video"
    (check,) = (await world.client(KEEPER).get(path))["checks"]
    assert (check["person_id"], check["verdict"], check["found"]["up_kbps"]) == (
        EXPERT, "video", 5000,
    )  # fmt: skip
    await expert.refused("invalid", "POST", f"{path}/checks", {"down_kbps": -1})


async def test_the_line_test_is_bounded(world: World) -> None:
    """So many bytes at most, and not all day."""
    expert = world.client(EXPERT)
    for size in (1, 70_000, 2 << 20):
        assert len((await expert.call("GET", f"/api/line-test?bytes={size}")).body) == size
    assert (await expert.call("GET", f"/api/line-test?bytes={(2 << 20) + 1}")).code == "invalid"
    binary = {"Content-Type": "application/octet-stream"}
    for size, answer in (((2 << 20), 200), ((2 << 20) + 1, 413)):
        url = f"{world.base}/api/line-test"
        sent = {**expert.identity(), **binary}
        async with world.http.post(url, data=BytesIO(bytes(size)), headers=sent) as reply:
            assert reply.status == answer
    while (reply_ := await expert.call("GET", "/api/line-test?bytes=1")).status == 200:
        pass
    assert reply_.code == "too-many"


async def test_turn_passes_end_and_name_nobody(world_folder: Path) -> None:
    """A new one at each look, only while the conference is open; without a secret none."""
    urls = ["turn:turn.example.org:3478"]
    async with world_at(world_folder, turn_urls=urls, turn_secret="north") as world:
        await has_hours(world, EXPERT)
        one = await confirmed(world, "09:00", EXPERT)
        path = f"{APPOINTMENTS}/{one['id']}/conference"
        assert (await world.client(EXPERT).get(path))["ice"] == []
        world.clock.advance(hours=16, minutes=45)
        found = [await world.client(EXPERT).get(path) for _ in range(2)]
        (first,), (second,) = (one["ice"] for one in found)
        assert first["urls"] == urls and first["username"] != second["username"]
        until, _, label = first["username"].partition(":")
        assert int(until) == int(world.clock().timestamp()) + 240 * 60
        assert EXPERT not in label and found[0]["relay_only"] is False


async def test_members_at_two_servers_hear_each_other(
    world_folder: Path, redis_server: Redis
) -> None:
    """Through Redis at once; without it members are still known, by the log, within a second."""
    async with (
        world_at(world_folder, redis_url=redis_server.url) as here,
        world_at(world_folder, redis_url=redis_server.url) as there,
    ):
        one = await booked(here)
        there.clock.now = here.clock.now
        async with page(here, EXPERT) as expert, page(there, ASKER) as asker:
            await expert.enter(one["id"])
            await asker.enter(one["id"])
            await expert.until(lambda m: len(m) == 2)
            await expert.send("offer", asker.me, sdp="v=0")
            heard = await asker.next("message")
            assert (heard["from"], heard["data"]) == (expert.me, {"sdp": "v=0"})
            await asker.say(do="state", state={"hand": True})
            await expert.until(lambda m: any(one["hand"] for one in m))
            redis_server.kill()
            async with page(there, EXPERT) as again:
                await again.enter(one["id"], "elsewhere")
                assert (await expert.next("closed"))["why"] == "other-page"
                await asker.until(lambda m: states(m).get(EXPERT) == "present")
