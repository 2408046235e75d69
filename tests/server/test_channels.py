"""Notices leave the house: a real mail server, a real gateway, a real push service.

Each receiver keeps what it got. What fails is tried again, what never works is given up where
people see it, and a poisoned one holds up nothing.
"""

import base64
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import http_ece
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec

from telemed.core.signed_call import HEADER, is_signed, sign
from telemed.followers import escalations
from telemed.followers.channels.outbound import Gate, Outbound, Refused, is_public
from telemed.followers.channels.set_up import set_up
from telemed.followers.sender import MOST_ATTEMPTS, Sender
from telemed.server import measures
from telemed.store import notice_tables as n
from tests.server.test_escalations import climb
from tests.server.test_metrics import scraped, value
from tests.services import free_port
from tests.world import World, world_at

SECRET = "a-secret-of-both-sides"


class Post:
    """A mail server that keeps letters, refuses the first so often, and knows nobody `gone`."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.refusals = 0

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("gone@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusals:
            self.refusals -= 1
            return "451 later"
        self.letters.append(envelope)
        return "250 OK"


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    """A mail server and its port."""
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


@dataclass
class Gateway:
    """A receiver of signed calls that answers as told, 200 when nothing is said."""

    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.calls.append((dict(request.headers), body))
        status = self.answers.pop(0) if self.answers else 200
        elsewhere = {"Location": "http://169.254.169.254/"} if status == 302 else {}
        return web.Response(status=status, headers=elsewhere)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """A real receiver."""
    made = Gateway()
    app = web.Application()
    app.router.add_post("/{tail:.*}", made.take)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/notices"))
        yield made


@asynccontextmanager
async def reaching(
    folder: Path, post_port: int, gateway: Gateway
) -> AsyncIterator[tuple[World, Sender]]:
    """A world with every channel set up; its sender is worked by hand."""
    settings = {
        "smtp_host": "127.0.0.1",
        "smtp_port": post_port,
        "smtp_security": "none",
        "mail_from": "notice@telemed.example",
        "webhook_url": gateway.url,
        "webhook_secret": SECRET,
        "push_contact": "mailto:admin@telemed.example",
        "push_hosts": ["127.0.0.1"],
        "outbound_networks": ["127.0.0.0/8"],
    }
    async with world_at(folder, **settings) as world:
        s = world.services
        ways, outbound = set_up(s.settings, lambda: world.clock().timestamp())
        yield (
            world,
            Sender(
                s.store,
                s.bell,
                world.clock,
                s.new_id,
                s.catalogue,
                ways,
                lambda: 0.0,
                "https://t",
                measures.attempt,
            ),
        )
        await outbound.close()


@pytest.fixture
async def reach(
    world_folder: Path,
    post: tuple[Post, int],
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[World, Sender, Post, Gateway]]:
    """World, sender, mail server, gateway. The server's own clocks rest: time is jumped here."""

    async def rest(*parts: object) -> None:
        return None

    monkeypatch.setattr(Sender, "watch", rest)
    monkeypatch.setattr(escalations, "watch", rest)
    async with reaching(world_folder, post[1], gateway) as (world, sender):
        yield world, sender, post[0], gateway


async def prefer(world: World, who: str, **values: Any) -> None:
    """Somebody's addresses."""
    await world.client(who).ok("PUT", "/api/notices/preferences", values)


async def states(world: World, channel: str) -> list[tuple[str, int]]:
    """State and attempts of a channel's deliveries."""
    rows = await world.rows(n.deliveries, n.deliveries.c.channel == channel)
    return sorted((row["state"], row["attempts"]) for row in rows)


async def work(world: World, sender: Sender, times: int = 1, minutes: float = 20) -> None:
    """Send what is due, again and again as time goes by; the server's own sender does the same."""
    for _ in range(times):
        while await sender.send_due():
            pass
        world.clock.advance(minutes=minutes)
        await world.stay_signed_in()


async def critical(world: World) -> str:
    """A case with a critical finding that the county was told of."""
    case = await world.claimed()
    await world.write_report(case, critical=["tension-pneumothorax"])
    await world.sign(case)
    await climb(world)
    return case


async def test_a_notice_goes_out_by_every_channel_with_no_patient_in_it(
    reach: tuple[World, Sender, Post, Gateway],
) -> None:
    """Mail, signed call and encrypted push; the receipts come back signed; reading is a receipt."""
    world, sender, post, gateway = reach
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(ser.Encoding.X962, ser.PublicFormat.UncompressedPoint)
    auth = os.urandom(16)
    county = world.client("county-requester")
    await prefer(world, "county-requester", phone="13900000000", wecom="wei")
    endpoint = gateway.url.replace("notices", "push/1")
    keys = {"p256dh": _b64(point), "auth": _b64(auth)}
    await county.ok("POST", "/api/notices/push", {"endpoint": endpoint, "keys": keys})
    await prefer(world, "hub-coordinator", email="coordinator@hub.example", language="en")
    case = await critical(world)
    await climb(world, 10)
    await work(world, sender)
    pushed = [body for headers, body in gateway.calls if "TTL" in headers]
    told = [orjson.loads(http_ece.decrypt(b, private_key=key, auth_secret=auth)) for b in pushed]
    assert {t["occasion"] for t in told} == {"critical-unacknowledged"}
    assert set(told[0]) == {
        "id",
        "occasion",
        "weight",
        "request_id",
        "appointment_id",
        "call_id",
        "course_id",
        "lecture_id",
        "unread",
    }
    assert all(h["Authorization"].startswith("vapid t=") for h, _ in gateway.calls if "TTL" in h)
    signed = [(h, b) for h, b in gateway.calls if HEADER in h]
    now = world.clock().timestamp()
    assert all(is_signed(SECRET, "1", h[HEADER], b, now - 1200) for h, b in signed)
    messages = [orjson.loads(body) for _, body in signed]
    assert {(m["channel"], m["to"]) for m in messages} == {("sms", "13900000000"), ("wecom", "wei")}
    assert len({m["id"] for m in messages}) == len(messages), "each once"
    assert all(h["Idempotency-Key"] == orjson.loads(b)["id"] for h, b in signed)
    (letter,) = post.letters
    assert letter.rcpt_tos == ["coordinator@hub.example"]
    patient = (await county.ok("GET", f"/api/requests/{case}"))["patient_name"]
    for body in [*(b for _, b in signed), letter.content]:
        assert patient.encode() not in body and b"zq" not in body.lower()
    await receipts(world, [m for m in messages if m["channel"] == "sms"])
    assert {state for state, _ in await states(world, "sms")} == {"delivered"}
    counted = await scraped(world)
    assert value(counted, "telemed_notice_receipts_total", channel="sms", state="delivered") >= 1
    await county.ok("POST", "/api/notices/read", {})
    assert {state for state, _ in await states(world, "push")} == {"read"}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def receipts(world: World, messages: list[Any]) -> None:
    """The gateway's word: believed when it is signed, fresh and known; never downgraded."""
    stamp = int(world.clock().timestamp())

    async def say(body: bytes, header: str) -> str:
        path, headers = "/api/notices/receipts", {HEADER: header}
        url = world.base + path
        async with world.http.post(url, data=body, headers=headers) as reply:
            return "" if reply.status == 200 else (await reply.json())["code"]

    for message in messages:
        body = orjson.dumps({"id": message["id"], "channel": "sms", "state": "delivered"})
        good = sign(SECRET, "1", stamp, body)
        assert await say(body, sign("another", "1", stamp, body)) == "unsigned"
        assert await say(body, sign(SECRET, "2", stamp, body)) == "unsigned"
        assert await say(body, sign(SECRET, "1", stamp - 301, body)) == "unsigned"
        assert await say(body + b" ", good) == "unsigned"
        assert await say(body, "") == await say(body, "t=x,k=1,v1=\xff") == "unsigned"
        assert await say(body, good) == "" == await say(body, good)
    body = orjson.dumps({"id": "absent", "channel": "sms", "state": "read"})
    assert await say(body, sign(SECRET, "1", stamp, body)) == "not-found"


async def test_a_receiver_that_fails_for_a_while_gets_it_once(
    reach: tuple[World, Sender, Post, Gateway],
) -> None:
    """Three failures of different kinds, then it is taken; nothing comes twice."""
    world, sender, _, gateway = reach
    gateway.answers = [503, 302, 429]
    await prefer(world, "county-requester", phone="13900000000")
    await critical(world)
    await work(world, sender, 6)
    assert await states(world, "sms") == [("accepted", 4)]
    assert len({orjson.loads(body)["id"] for _, body in gateway.calls}) == 1
    assert len(gateway.calls) == 4


async def test_mail_waits_for_its_server_and_not_for_an_address_that_is_gone(
    reach: tuple[World, Sender, Post, Gateway],
) -> None:
    """Put off twice it arrives once, later each time; refused for good it is given up at once."""
    world, sender, post, _ = reach
    post.refusals = 2
    await prefer(world, "hub-coordinator", email="fine@hub.example")
    await prefer(world, "county-coordinator", email="gone@county.example")
    case = await critical(world)
    await climb(world, 10)
    for tried in (1, 2):
        began = world.clock()
        await work(world, sender, minutes=0)
        rows = {row["state"]: row for row in await world.rows(n.deliveries)}
        assert rows["failed"]["attempts"] == 1 and rows["failed"]["why"] == "recipient"
        assert (rows["waiting"]["attempts"], rows["waiting"]["why"]) == (tried, "smtp-451")
        wait = rows["waiting"]["next_at"] - began
        assert wait == timedelta(seconds=2.5 * 2 ** (tried - 1)), "half of 5 s, doubling"
        world.clock.advance(minutes=1)
    await work(world, sender, 3)
    assert await states(world, "email") == [("accepted", 3), ("failed", 1)]
    assert [letter.rcpt_tos for letter in post.letters] == [["fine@hub.example"]]
    assert (await world.log(case)).count("notice.given_up") == 1


async def test_a_gateway_that_could_not_deliver_says_so_in_the_case(
    reach: tuple[World, Sender, Post, Gateway],
) -> None:
    """Taken, then lost on the way: the receipt is a failure that people see, once."""
    world, sender, _, gateway = reach
    await prefer(world, "county-requester", phone="13900000000")
    case = await critical(world)
    await work(world, sender, minutes=0)
    (call,) = gateway.calls
    body = orjson.dumps({"id": orjson.loads(call[1])["id"], "channel": "sms", "state": "failed"})
    header = sign(SECRET, "1", int(world.clock().timestamp()), body)
    for _ in range(2):
        url, headers = world.base + "/api/notices/receipts", {HEADER: header}
        async with world.http.post(url, data=body, headers=headers) as reply:
            assert reply.status == 200
    assert await states(world, "sms") == [("failed", 1)]
    assert (await world.log(case)).count("notice.given_up") == 1


async def test_what_never_arrives_is_given_up_in_sight_and_holds_up_nobody(
    reach: tuple[World, Sender, Post, Gateway],
) -> None:
    """A gateway that always fails: the ladder goes on, the case says so; a poisoned address is
    given up at once beside a sound one."""
    world, sender, post, gateway = reach
    gateway.answers = [500] * 100
    await prefer(world, "county-requester", phone="13900000000")
    await prefer(world, "hub-coordinator", email="fine@hub.example")
    await prefer(world, "county-coordinator", email="fine@county.example")

    def poison(tx: Any) -> None:
        where = n.notice_preferences.c.email == "fine@county.example"
        tx.update(n.notice_preferences, where, {"email": "x\r\nBcc: all@county.example"})

    await world.write(poison)
    case = await critical(world)
    await climb(world, 10)
    began = await scraped(world)
    assert value(began, "telemed_notices_waiting", channel="sms") == 3
    assert value(began, "telemed_notices_oldest_seconds", channel="sms") == 600
    assert value(began, "telemed_escalations_open", occasion="critical-unacknowledged") == 1
    await work(world, sender, MOST_ATTEMPTS + 2)
    counted = {how: await tries(world, "sms", how) for how in ("accepted", "later", "given-up")}
    before = {how: began.get(tried("sms", how), 0.0) for how in counted}
    assert counted["accepted"] == before["accepted"]
    assert counted["given-up"] - before["given-up"] == 3
    assert counted["later"] - before["later"] == 3 * (MOST_ATTEMPTS - 1)
    assert await states(world, "sms") == [("failed", MOST_ATTEMPTS)] * 3
    assert {to for e in post.letters for to in e.rcpt_tos} == {"fine@hub.example"}
    assert set(await states(world, "email")) == {("accepted", 1), ("failed", 1)}
    assert "notice.given_up" in await world.log(case)
    listed = (await world.client("county-coordinator").ok("GET", "/api/escalations"))["items"]
    sent = {(s["channel"], s["state"]) for item in listed for s in item["sent"]}
    assert ("sms", "failed") in sent


def tried(channel: str, outcome: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """The name of a count of attempts."""
    labels = {"channel": channel, "outcome": outcome}
    return "telemed_notice_attempts_total", frozenset(labels.items())


async def tries(world: World, channel: str, outcome: str) -> float:
    """How many attempts of a channel went so, since this process began."""
    return (await scraped(world)).get(tried(channel, outcome), 0.0)


async def test_a_sender_that_dies_with_one_in_its_hand_lets_it_be_tried_again(
    reach: tuple[World, Sender, Post, Gateway],
) -> None:
    """Taken and not settled: after a minute another sends it, under the same id."""
    world, sender, _, gateway = reach
    await prefer(world, "county-requester", phone="13900000000")
    await critical(world)
    taken = await world.write(sender._take)
    assert [row["channel"] for row in taken] in (["sms"], [])
    assert await sender.send_due() == 0
    world.clock.advance(minutes=2)
    await work(world, sender)
    assert {orjson.loads(body)["id"] for _, body in gateway.calls} <= {row["id"] for row in taken} \
        or not taken  # fmt: skip
    assert [state for state, _ in await states(world, "sms")] == ["accepted"]


async def test_quiet_hours_hold_back_the_routine(
    reach: tuple[World, Sender, Post, Gateway],
) -> None:
    """A returned request waits for their end, a critical finding does not; nor does whoever is on
    call wait."""
    world, sender, _, gateway = reach
    quiet = {"quiet_from": 15 * 60, "quiet_until": 17 * 60, "wecom": "wei"}
    await prefer(world, "county-requester", **quiet)
    case = await world.claimed()
    await world.client("hub-reader").ok(
        "POST", f"/api/requests/{case}/return", {"reason": "image-quality"}
    )
    await climb(world)
    (row,) = await world.rows(n.deliveries)
    assert row["next_at"] == world.clock.now + timedelta(hours=1)
    await sender.send_due()
    assert gateway.calls == []
    quietly = await scraped(world)
    assert value(quietly, "telemed_notices_held", channel="wecom") == 1
    assert value(quietly, "telemed_notices_waiting", channel="wecom") == 0
    assert value(quietly, "telemed_notices_oldest_seconds", channel="wecom") == 0
    await critical(world)
    await work(world, sender, minutes=0)
    assert {orjson.loads(body)["weight"] for _, body in gateway.calls} == {"critical"}
    until = (world.clock() + timedelta(hours=3)).isoformat()
    await prefer(world, "county-requester", **quiet, on_call_until=until)
    other = await world.claimed()
    path = f"/api/requests/{other}/return"
    await world.client("hub-reader").ok("POST", path, {"reason": "image-quality"})
    await climb(world)
    await work(world, sender, minutes=0)
    told = [orjson.loads(body) for _, body in gateway.calls]
    assert [m["request_id"] for m in told if m["weight"] == "routine"] == [other]


# --- where calls may go -------------------------------------------------------------------------

NOT_PUBLIC = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "100::1",
]
PUBLIC = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_addresses_that_are_not_public_are_not_called(address: str) -> None:
    """As a literal, and as what a name resolves to."""
    assert not is_public(address)
    literal = f"[{address}]" if ":" in address else address
    for url, resolve in (
        (f"https://{literal}:9/", None),
        ("https://inside.example:9/", _names(address)),
        ("https://both.example:9/", _names("8.8.8.8", address)),
    ):
        outbound = Outbound(Gate(), resolve)
        with pytest.raises(Refused):
            await outbound.post(url, b"", {})
        await outbound.close()


def _names(*addresses: str) -> Any:
    async def resolve(host: str, port: int, family: Any) -> list[Any]:
        return [{"hostname": host, "host": a, "port": port, "family": 10 if ":" in a else 2,
                 "proto": 0, "flags": 0} for a in addresses]  # fmt: skip

    return resolve


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    """The gate is not simply shut."""
    assert is_public(address) and Gate().allows(address)


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "ftp://example.org/", "file:///etc/passwd", "https://u:p@example.org/",
     "https:///x", "https://example.org:99999/", "https://exam\nple.org/", "gopher://x/",
     "https://example.org\\@10.0.0.1/", "//example.org", "https://u@127.0.0.1/"],
)  # fmt: skip
async def test_addresses_that_are_no_plain_https_are_refused(url: str) -> None:
    """Schemes, users, control characters."""
    with pytest.raises(Refused):
        await Outbound(Gate()).post(url, b"", {})


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"])
async def test_other_spellings_of_this_machine_are_refused(host: str) -> None:
    """Decimal, hexadecimal, octal, short, by name."""
    outbound = Outbound(Gate())
    with pytest.raises((Refused, OSError, ValueError)):
        await outbound.post(f"https://{host}:9/", b"", {})
    await outbound.close()


async def test_a_name_is_asked_once_and_redirects_lead_nowhere(gateway: Gateway) -> None:
    """The second answer of a name that changes its mind is never asked for (DNS rebinding)."""
    asked: list[str] = []
    port = int(gateway.url.rpartition(":")[2].partition("/")[0])

    async def rebinding(host: str, port: int, family: Any) -> list[Any]:
        asked.append(host)
        return await _names("127.0.0.1" if len(asked) == 1 else "10.0.0.1")(host, port, family)

    outbound = Outbound(Gate(("127.0.0.1/32",)), rebinding)
    gateway.answers = [302]
    status, _, _ = await outbound.post(f"http://rebind.example:{port}/", b"x", {})
    assert (status, asked, len(gateway.calls)) == (302, ["rebind.example"], 1)
    await outbound.close()


def test_the_receiver_s_example_in_the_documentation_works() -> None:
    """What docs/notices.md gives a gateway accepts our calls and nothing else."""
    text = (Path(__file__).parents[2] / "docs" / "notices.md").read_text("utf-8")
    code = text.partition("```python\n")[2].partition("```")[0]
    found: dict[str, Any] = {}
    exec(code, found)
    header = sign(SECRET, "1", 1000, b"{}")
    assert found["is_ours"](SECRET, header, b"{}", 1299)
    for secret, body, now in (
        (SECRET, b"{ }", 1000),
        ("other", b"{}", 1000),
        (SECRET, b"{}", 1301),
    ):
        assert not found["is_ours"](secret, header, body, now)
