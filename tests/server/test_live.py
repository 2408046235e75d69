"""The live socket, with the `websockets` library as the stranger at the other end."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from telemed.actions import accounts
from telemed.core.access import Subject
from telemed.core.activity import Fact, Kind
from telemed.server import fanout, live
from telemed.store import log as store_log
from telemed.store import tables as t
from tests.world import Client, World, canary_of, session_of, token_of

PATIENCE = 10.0
IDS_AND_CODES = re.compile(r"[A-Za-z0-9._:+-]{1,64}")


@asynccontextmanager
async def socket(world: World, who: str, **headers: str) -> AsyncIterator[ClientConnection]:
    """A connection with somebody's session, before it says hello."""
    sent = {"Cookie": f"telemed={session_of(who)}"} | headers
    uri = world.base.replace("http", "ws") + "/live"
    origin = sent.pop("Origin", world.base)
    async with connect(uri, origin=origin, additional_headers=sent, compression=None) as one:  # type: ignore[arg-type]
        yield one


async def hello(one: ClientConnection, since: object = None, **more: object) -> Any:
    """Say hello; the welcome."""
    await one.send(orjson.dumps({"type": "hello", "since": since, **more}).decode())
    return await receive(one)


async def receive(one: ClientConnection) -> Any:
    """The next message."""
    return orjson.loads(await asyncio.wait_for(one.recv(), PATIENCE))


async def activities(one: ClientConnection, until: int) -> list[Any]:
    """Everything that comes up to a sequence number."""
    found: list[Any] = []
    while not found or found[-1]["seq"] < until:
        found += (await receive(one))["items"]
    return found


async def silence(one: ClientConnection) -> None:
    """Nothing comes although something was written and the bell rang."""
    with pytest.raises(TimeoutError):
        raise AssertionError(await asyncio.wait_for(one.recv(), 1.5))


async def head(world: World) -> int:
    """The end of the log."""
    return await world.services.store.read(store_log.head)


async def closed_with(one: ClientConnection) -> int:
    """The code the server closes with."""
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(PATIENCE):
            while True:
                await one.recv()
    assert caught.value.rcvd is not None
    return int(caught.value.rcvd.code)


# --- hello ----------------------------------------------------------------------------------------


async def test_hello_has_four_answers(world: World) -> None:
    """Up to date, here they are, too old, ahead: each tells the page what to do."""
    await world.sent()
    at = await head(world)
    for since, answer in ((None, "up-to-date"), (at, "up-to-date"), (at - 1, "here-they-are"),
                          (at + 1, "ahead"), (1 << 61, "ahead")):  # fmt: skip
        async with socket(world, "hub-reader") as one:
            welcome = await hello(one, since)
            assert welcome == {"type": "welcome", "answer": answer, "seq": at}
    drafted = [Fact(Kind.REQUEST_DRAFTED, world.clock(), None, None, ())] * fanout.MAX_BEHIND
    await world.write(lambda tx: store_log.append(tx, drafted))
    async with socket(world, "hub-reader") as one:
        assert (await hello(one, at - 1))["answer"] == "too-old"


@pytest.mark.parametrize(
    "first",
    ["{", '"hello"', '{"type":"hi"}', '{"type":"hello","since":-1}',
     '{"type":"hello","since":"1"}', '{"type":"hello","since":1e30}'],
)  # fmt: skip
async def test_who_does_not_say_hello_is_shown_out(world: World, first: str) -> None:
    """A cursor that is no cursor, or anything else, closes with a policy violation (WS-09)."""
    async with socket(world, "hub-reader") as one:
        await one.send(first)
        assert await closed_with(one) == 1008


# --- who may listen -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    ["null", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost",
     "http://localhost.evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:{port}.evil"],
)  # fmt: skip
async def test_a_foreign_page_gets_no_socket(world: World, origin: str) -> None:
    """The exact origin, or a refused handshake (WS-01)."""
    port = str(world.services.settings.port)
    with pytest.raises(InvalidStatus) as refused:
        async with socket(world, "hub-reader", Origin=origin.replace("{port}", port)):
            raise AssertionError("a foreign page was let in")
    assert refused.value.response.status_code == 403


async def test_without_a_session_the_close_code_says_sign_in(world: World) -> None:
    """Browsers cannot read a 401 of a handshake: 4401."""
    async with socket(world, "nobody") as one:
        assert await closed_with(one) == 4401


async def test_more_sockets_than_one_person_needs_are_refused(world: World) -> None:
    """Five a person (WS-06); a sixth is refused, and another person is not."""
    async with (
        socket(world, "hub-reader"), socket(world, "hub-reader"), socket(world, "hub-reader"),
        socket(world, "hub-reader"), socket(world, "hub-reader"),
    ):  # fmt: skip
        with pytest.raises(InvalidStatus) as refused:
            async with socket(world, "hub-reader"):
                raise AssertionError("a sixth was let in")
        assert refused.value.response.status_code == 429
        async with socket(world, "hub-reader2") as other:
            assert (await hello(other))["type"] == "welcome"


REVOKED = {
    "signs out": ("hub-reader", "DELETE", "/api/session", None),
    "session ended": ("security", "DELETE", "/api/sessions/{session}", None),
    "disabled": ("security", "PATCH", "/api/accounts/hub-reader", {"disabled": True}),
    "other roles": ("security", "PATCH", "/api/accounts/hub-reader", {"roles": ["requester"]}),
}
"""Who takes a right away, and how."""


@pytest.mark.parametrize("how", REVOKED)
async def test_a_revoked_session_hears_nothing_more(world: World, how: str) -> None:
    """No fact that was committed after it reaches the socket, and it is closed (AU-08, WS-08)."""
    who, method, path, body = REVOKED[how]
    (own,) = await world.rows(t.sessions, t.sessions.c.account_id == "hub-reader")
    async with socket(world, "hub-reader") as one:
        await hello(one)
        await world.client(who).ok(method, path.format(session=own["id"]), body)
        await world.sent()
        with pytest.raises(ConnectionClosed) as caught:
            heard = await asyncio.wait_for(one.recv(), PATIENCE)
            raise AssertionError(f"heard {heard!r}")
        assert caught.value.rcvd is not None and caught.value.rcvd.code == 4401


async def test_a_revoked_token_hears_nothing_more(world: World) -> None:
    """The same for a machine."""
    uri = world.base.replace("http", "ws") + "/live"
    headers = {"Authorization": f"Bearer {token_of('hub-reader')}"}
    async with connect(uri, additional_headers=headers, compression=None) as one:
        await hello(one)
        (token,) = await world.rows(t.tokens, t.tokens.c.account_id == "hub-reader")
        act = world.services.make_act
        subject = Subject("hub-reader", frozenset(), "hub")
        await world.write(lambda tx: accounts.revoke_token(act(tx, subject), token["id"]))
        await world.sent()
        assert await closed_with(one) == 4401


async def test_what_no_audit_tells_of_is_noticed_when_its_time_comes(world: World) -> None:
    """A session that was removed behind the audit's back, and one whose time is over."""
    async with socket(world, "hub-reader") as one, socket(world, "hub-verifier") as two:
        await hello(one)
        await hello(two)
        gone = t.sessions.c.account_id == "hub-reader"
        await world.write(lambda tx: tx.execute(sa.delete(t.sessions).where(gone)))
        for reader in world.app[live.LIVE].readers.of("hub-reader"):
            reader.due = 0
        assert await closed_with(one) == 4401
        world.clock.advance(days=366 * 100)
        assert await closed_with(two) == 4401


async def test_a_silent_socket_of_a_revoked_session_is_closed_too(world: World) -> None:
    """Even when nothing happens, the check comes round."""
    async with socket(world, "hub-reader") as one:
        await hello(one)
        await world.client("security").ok("PATCH", "/api/accounts/hub-reader", {"disabled": True})
        assert await closed_with(one) == 4401


# --- what is heard --------------------------------------------------------------------------------


async def test_a_request_reaches_who_is_asked_and_nobody_else(world: World) -> None:
    """Both parties hear of it; other hospitals, supervision and administrators do not."""
    deaf = ("second-reader", "lapsed-requester", "region", "system")
    async with (
        socket(world, "hub-reader") as expert, socket(world, "county-requester") as asker,
        socket(world, deaf[0]) as a, socket(world, deaf[1]) as b, socket(world, deaf[2]) as c,
        socket(world, deaf[3]) as d,
    ):  # fmt: skip
        for one in (expert, asker, a, b, c, d):
            await hello(one)
        case = await world.sent()
        at = await head(world)
        heard = await activities(expert, at)
        assert [(i["kind"], i["request_id"]) for i in heard] == [("request.submitted", case)]
        kinds = [i["kind"] for i in await activities(asker, at)]
        assert kinds == ["request.drafted", "request.submitted"]
        for one in (a, b, c, d):
            await silence(one)


async def test_the_screens_are_told_before_whoever_acted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer waits for the look that brings the fact to the sockets."""
    case = await world.sent()
    async with socket(world, "hub-reader") as one:
        await hello(one)
        monkeypatch.setattr(fanout, "ANSWER_SECONDS", PATIENCE)
        claim = world.client("hub-reader").ok("POST", f"/api/requests/{case}/claim")
        before = await head(world)
        async with world.app[live.LIVE].fanout._turn:
            acting = asyncio.create_task(claim)
            async with asyncio.timeout(PATIENCE):
                while await head(world) == before:
                    await asyncio.sleep(0.01)
            await asyncio.wait((acting,), timeout=0.5)
            assert not acting.done()
        await acting
        assert (await receive(one))["items"][0]["kind"] == "workitem.claimed"


async def test_an_answer_does_not_wait_long_for_the_screens(world: World) -> None:
    """Screens are told first, but a look that hangs holds up nobody who acts."""
    async with socket(world, "hub-reader") as one:
        await hello(one)
        async with asyncio.timeout(PATIENCE), world.app[live.LIVE].fanout._turn:
            await world.sent()
        at = await head(world)
        assert (await activities(one, at))[-1]["kind"] == "request.submitted"


async def test_a_draft_is_heard_by_its_writer_alone(world: World) -> None:
    """Colleagues hear of a case when it is sent."""
    async with socket(world, "county-technician") as colleague:
        await hello(colleague)
        await world.draft()
        await silence(colleague)


async def test_messages_carry_ids_and_codes_only(world: World) -> None:
    """No name, no text, no canary in any message of a whole case's life (WS-13)."""
    async with socket(world, "hub-reader") as one:
        await hello(one)
        report = {"critical": ["tension-pneumothorax"]}
        case = await world.issued(report=report)
        await world.client("county-requester").ok(
            "POST", f"/api/requests/{case}/confirm", {"adoption": "adopted", "note": "谢谢"}
        )
        heard = await activities(one, await head(world))
    assert {i["kind"] for i in heard} >= {"request.submitted", "critical.raised", "report.issued"}
    for item in heard:
        assert isinstance(item.pop("seq"), int)
        for key, value in item.items():
            assert value is None or IDS_AND_CODES.fullmatch(value), (key, value)
            assert canary_of("county") not in str(value).lower()


async def queue(client: Client) -> set[tuple[str, str]]:
    """The reader's queue as a page holds it: case and where it is."""
    found = set()
    for tab in ("pool", "mine", "verify", "returned"):
        listed = await client.get(f"/api/worklist?tab={tab}")
        found |= {(tab, item["id"]) for item in listed["items"]}
    return found


async def test_applying_what_was_pushed_gives_the_fresh_worklist(world: World) -> None:
    """Whatever changes a queue pushes a fact of that case: refetching only those cases is enough,
    also over a reconnect in the middle (WS-11)."""
    reader = world.client("hub-reader")
    known, begin = await queue(reader), await head(world)
    async with socket(world, "hub-reader") as one:
        await hello(one)
        a = await world.sent()
        b = await world.claimed()
        first = await activities(one, await head(world))
    c = await world.sent(urgency="stat")
    hub, county = world.client("hub-coordinator"), world.client("county-requester")
    await hub.ok("POST", f"/api/requests/{a}/return", {"reason": "missing-history"})
    await world.write_report(b)
    await world.sign(b)
    await world.client("hub-reader2").ok("POST", f"/api/requests/{c}/claim")
    d = await world.sent()
    await county.ok("POST", f"/api/requests/{d}/withdraw", {"reason": "duplicate"})
    async with socket(world, "hub-reader") as one:
        welcome = await hello(one, first[-1]["seq"])
        assert welcome["answer"] == "here-they-are"
        second = await activities(one, await head(world))
    seqs = [i["seq"] for i in (*first, *second)]
    assert seqs == sorted(set(seqs))
    between = t.activities.c.seq.between(begin + 1, seqs[-1])
    written = await world.rows(t.activities, sa.and_(store_log.concerns("hub"), between))
    assert seqs == sorted(row["seq"] for row in written)
    fresh = await queue(reader)
    touched = {i["request_id"] for i in (*first, *second)}
    page = {place for place in known if place[1] not in touched}
    page |= {place for place in fresh if place[1] in touched}
    assert page == fresh == {("returned", a), ("verify", b)}


# --- bad company ----------------------------------------------------------------------------------


async def test_a_flood_of_messages_is_closed(world: World) -> None:
    """More than fifty a second is no page of ours (WS-05)."""
    async with socket(world, "hub-reader") as one:
        await hello(one)
        for _ in range(200):
            try:
                await one.send('{"type":"presence","requests":[]}')
            except ConnectionClosed:
                break
        assert await closed_with(one) == 1008


@pytest.mark.parametrize("message", [b"\x00\x01", "not json", "[]", "x" * (17 << 10)])
async def test_what_is_no_message_of_ours_closes_the_socket(
    world: World, message: str | bytes
) -> None:
    """Binary, no JSON, no object, or larger than 16 kB."""
    async with socket(world, "hub-reader") as one:
        await hello(one)
        await one.send(message)
        assert await closed_with(one) in (1008, 1009)


async def test_compression_is_declined(world: World) -> None:
    """No deflate bombs and no compression contexts (WS-04)."""
    uri = world.base.replace("http", "ws") + "/live"
    cookie = {"Cookie": f"telemed={session_of('hub-reader')}"}
    async with connect(uri, origin=world.base, additional_headers=cookie) as one:  # type: ignore[arg-type]
        assert one.response is not None
        assert "Sec-WebSocket-Extensions" not in one.response.headers


async def test_a_reader_that_does_not_read_is_cut_and_resumes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is the queue: a slow socket is closed and its next hello gets what it missed."""
    monkeypatch.setattr(fanout, "SEND_SECONDS", 0.5)
    monkeypatch.setattr(fanout, "MAX_BEHIND", 100_000)
    filler = {"number": "n" * 4000}
    many = [
        Fact(Kind.WORKITEM_RELEASED, world.clock(), None, "hub", ("county", "hub"), data=filler)
    ] * 8000
    async with socket(world, "hub-reader") as one:
        await hello(one)
        one.transport.pause_reading()
        await world.write(lambda tx: store_log.append(tx, many))
        world.services.bell.ring()
        async with asyncio.timeout(30):
            while not _is_cut(world):
                await asyncio.sleep(0.1)
        one.transport.resume_reading()
        seen = 0
        try:
            while True:
                seen = (await receive(one))["items"][-1]["seq"]
        except ConnectionClosed:
            pass
    at = await head(world)
    assert 0 < seen < at
    async with socket(world, "hub-reader") as again:
        assert (await hello(again, seen))["answer"] == "here-they-are"
        assert [i["seq"] for i in await activities(again, at)] == list(range(seen + 1, at + 1))


def _is_cut(world: World) -> bool:
    return world.app[live.LIVE].open == 0


async def test_presence_keeps_ones_own_claims(world: World) -> None:
    """A page that is open on a case extends its lease; nobody else's page does."""
    case = await world.claimed()
    world.clock.advance(minutes=10)
    presence = orjson.dumps({"type": "presence", "requests": [case]}).decode()
    before = (await world.rows(t.workitems))[0]["lease_until"]
    async with socket(world, "hub-reader2") as other:
        await hello(other)
        await other.send(presence)
        await silence(other)
    assert (await world.rows(t.workitems))[0]["lease_until"] == before
    async with socket(world, "hub-reader") as one:
        await hello(one)
        await one.send(presence)
        async with asyncio.timeout(PATIENCE):
            while (await world.rows(t.workitems))[0]["lease_until"] == before:
                await asyncio.sleep(0.02)
    lease = (await world.rows(t.workitems))[0]["lease_until"]
    assert (lease - world.clock()).total_seconds() == 15 * 60


async def test_a_socket_is_closed_when_the_database_fails_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that could look no more would stay open and deaf; its page comes back instead."""
    read = world.services.store.read

    async def away(*_asked: object) -> None:
        raise sa.exc.OperationalError("", None, Exception("disk I/O error"), False)

    async with socket(world, "hub-reader") as one:
        seq = (await hello(one))["seq"]
        for name in ("read", "glance"):
            monkeypatch.setattr(type(world.services.store), name, away)
        world.services.bell.ring()
        assert await closed_with(one) in (1011, 1013)
    monkeypatch.undo()
    assert world.services.store.read == read
    await world.sent()
    async with socket(world, "hub-reader") as one:
        assert (await hello(one, seq))["answer"] == "here-they-are"
