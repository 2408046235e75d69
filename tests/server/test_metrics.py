"""What an operator sees: every number that is promised, right, and of nobody in particular."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed, InvalidStatus

from telemed.server import measures
from telemed.server.janus import Janus
from telemed.server.measures import UPLOAD_ROUTES
from telemed.server.routes import ROUTES
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.server.test_conferences import ASKER, EXPERT, booked, page, states
from tests.server.test_live import closed_with, hello, socket
from tests.world import OFFICES, PLACES, World, database_away, everybody, lose_connections

Numbers = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(world: World) -> Numbers:
    """Every sample by its name and labels."""
    # What was asked a moment ago would be shown again.
    world.app[metrics_asked()]._kept.clear()
    reply = await world.client("nobody").call("GET", "/metrics")
    assert reply.status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }


def metrics_asked() -> web.AppKey:  # type: ignore[type-arg]
    """Where the database's last answers are kept."""
    from telemed.server.metrics import ASKED

    return ASKED


def value(numbers: Numbers, name: str, **labels: str) -> float:
    """One sample."""
    return numbers[name, frozenset(labels.items())]


async def test_queues_breaches_and_critical_findings_are_counted(world: World) -> None:
    """Waiting, claimed, overdue and oldest by service and urgency; notices past their time."""
    await world.sent(urgency="urgent")
    await world.sent()
    await world.claimed()
    now = await scraped(world)
    imaging = {"service": "imaging", "urgency": "routine"}
    assert value(now, "telemed_requests_waiting", **imaging) == 1
    assert value(now, "telemed_requests_claimed", **imaging) == 1
    assert value(now, "telemed_requests_overdue", **imaging) == 0
    assert value(now, "telemed_requests_waiting", service="imaging", urgency="urgent") == 1
    world.clock.advance(days=30)
    later = await scraped(world)
    assert value(later, "telemed_requests_overdue", **imaging) == 2
    assert value(later, "telemed_requests_oldest_seconds", **imaging) == 30 * 86400


async def test_a_critical_finding_is_counted_until_somebody_acknowledges(world: World) -> None:
    """Open first, overdue when its time is over."""
    case = await world.claimed()
    notice = {"id": "n", "request_id": case, "finding": "f", "raised_by": "hub-reader",
              "raised_at": world.clock(), "due_at": world.clock() + timedelta(minutes=30),
              "action": ""}  # fmt: skip

    def raise_it(tx: Tx) -> None:
        tx.insert(t.critical_notices, notice)

    await world.write(raise_it)
    now = await scraped(world)
    assert value(now, "telemed_critical_open") == 1
    assert value(now, "telemed_critical_overdue") == 0
    world.clock.advance(hours=1)
    assert value(await scraped(world), "telemed_critical_overdue") == 1


async def test_a_follower_that_stands_still_shows_in_facts_and_seconds(world: World) -> None:
    """Also one that never ran: then the whole log is before it."""
    head = value(await scraped(world), "telemed_log_seq")

    def forget(tx: Tx) -> None:
        tx.execute(t.bookmarks.delete())
        tx.insert(t.bookmarks, {"follower": "asleep", "seq": 0})

    await world.write(forget)
    world.clock.advance(minutes=10)
    now = await scraped(world)
    assert value(now, "telemed_follower_lag", follower="asleep") == head > 0
    assert value(now, "telemed_follower_lag_seconds", follower="asleep") == 600


async def test_calls_transactions_and_the_loop_are_timed(world: World) -> None:
    """By route pattern; a transaction's wait apart from its work."""
    before = await scraped(world)
    await world.client("hub-reader").get("/api/session")
    await asyncio.sleep(1.2)
    after = await scraped(world)

    def more(name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return after[key] - before.get(key, 0.0)

    assert more("telemed_calls_total", route="/api/session", method="GET", status="200") == 1
    assert more("telemed_call_seconds_count", route="/api/session") == 1
    assert more("telemed_database_seconds_count", kind="read") > 0
    assert more("telemed_database_wait_seconds_count", kind="read") > 0
    assert more("telemed_loop_lag_seconds_count") >= 1
    assert value(after, "telemed_database_up") == 1


async def test_what_a_limit_refuses_is_counted_by_its_kind(world: World) -> None:
    """Wrong passwords of an address, a name and everybody; sockets and messages; each once for
    each refusal, and a desk without Redis counts for nobody else."""
    before = await scraped(world)
    guess = world.client("nobody")
    for who in ["nobody"] * 6 + [f"guess{n}" for n in range(26)]:
        await guess.call("POST", "/api/session", {"username": who, "password": "wrong"})
    async with AsyncExitStack() as stack:
        for _ in range(world.services.settings.sockets_per_account):
            await hello(await stack.enter_async_context(socket(world, "hub-reader")))
        for _ in range(2):
            with pytest.raises(InvalidStatus):
                await stack.enter_async_context(socket(world, "hub-reader"))
    async with socket(world, "hub-reader2") as one:
        await hello(one)
        with suppress(ConnectionClosed):
            for _ in range(200):
                await one.send('{"type":"presence","requests":[]}')
        await closed_with(one)
    after = await scraped(world)
    name = "telemed_limit_refusals_total"
    refused = {
        limit: value(after, name, limit=limit)
        - before.get((name, frozenset({("limit", limit)})), 0)
        for limit in measures.LIMITS
    }
    assert refused == {
        "messages-of-conference": 0,
        "wrong-passwords-of-account": 2,
        "wrong-passwords-of-address": 1,
        "wrong-passwords-of-everybody": 0,
        "password-checks-at-once": 0,
        "sockets-of-account": 2,
        "messages-of-socket": 1,
        "connections-of-address": 0,
        "connections-of-everybody": 0,
    }
    assert value(after, "telemed_limits_counted_alone") == 0


async def test_the_database_s_absence_costs_only_its_own_numbers(world: World) -> None:
    """When it is away the other numbers are wanted."""
    with database_away(world.services.store):
        async with asyncio.timeout(10):
            while True:
                lose_connections(world.services.store)  # somebody may have come in just before
                now = await scraped(world)
                if not value(now, "telemed_database_up"):
                    break
        assert ("telemed_log_seq", frozenset()) not in now
        assert value(now, "telemed_open_sockets") == 0


async def test_no_label_names_a_person_a_place_or_an_id(world: World) -> None:
    """Whoever may see the numbers sees nobody in them, and their count stays small."""
    case = await world.issued()
    await world.client("county-requester").get(f"/api/requests/{case}")
    labels = {v for _, found in await scraped(world) for _, v in found}
    assert not {label for label in labels if case in label}
    # A route stands for all its addresses: its words are the table's, whatever was called before.
    labels -= {route.path for route in ROUTES}
    hidden = {*PLACES, *everybody()} - {"second", *OFFICES}
    assert not {label for label in labels if any(word in label for word in hidden)}
    assert not [label for label in labels if len(label) > 80]


def test_the_routes_that_bring_images_are_routes() -> None:
    """A renamed route is still counted as an upload."""
    assert {(r.method, r.path) for r in ROUTES} >= UPLOAD_ROUTES


def test_workers_that_share_a_folder_answer_for_each_other(tmp_path: Path) -> None:
    """Two processes count and end; a third tells the sum."""
    script = """\
import os
from prometheus_client import CollectorRegistry, generate_latest
from telemed.server import measures
for _ in range(2):
    child = os.fork()
    if not child:
        measures.observe('/x', 'GET', 200, 0.01)
        os._exit(0)
    os.waitpid(child, 0)
shown = CollectorRegistry()
for collector in measures.collectors():
    shown.register(collector)
print(generate_latest(shown).decode())
"""
    shared = {**os.environ, measures.SHARED: str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", script], env=shared, capture_output=True, text=True, check=True
    ).stdout
    assert 'telemed_calls_total{method="GET",route="/x",status="200"} 2.0' in told
    assert 'telemed_call_seconds_count{route="/x"} 2.0' in told


async def test_conferences_are_counted_and_what_fails_in_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conferences and members while somebody is in; lost lines, checks without a relay, and what a
    media server that is away was asked."""
    one = await booked(world)
    before = await scraped(world)
    assert value(before, "telemed_conferences") == 0
    assert value(before, "telemed_conference_members", mode="video") == 0
    assert value(before, "telemed_media_server_away") == 0, "none is set up"

    def more(numbers: Numbers, name: str, **labels: str) -> float:
        return value(numbers, name, **labels) - value(before, name, **labels)

    monkeypatch.setattr(world.services, "media", Janus("ws://127.0.0.1:9", "a secret"))
    path = f"/api/appointments/{one['id']}/conference/checks"
    for relay in (True, False, False):
        await world.client(EXPERT).ok("POST", path, {"relay": relay})
    async with page(world, ASKER) as asker:
        async with page(world, EXPERT) as expert:
            await expert.enter(one["id"])
            await asker.enter(one["id"])
            await asker.until(lambda members: len(members) == 2)
            await asker.say(do="media", op="publish", offer="v=0")
            assert (await asker.next("media"))["failed"] is True
            now = await scraped(world)
            assert value(now, "telemed_conferences") == 1
            assert value(now, "telemed_conference_members", mode="video") == 2
            assert value(now, "telemed_media_server_away") == 1
        await asker.until(lambda members: states(members)[EXPERT] == "dropped")
        async with asyncio.timeout(20):
            while more(now := await scraped(world), "telemed_conference_lines_lost_total") != 1:
                await asyncio.sleep(0.05)
    assert value(now, "telemed_conference_members", mode="video") == 1
    assert more(now, "telemed_media_server_failures_total") == 1
    assert more(now, "telemed_conference_checks_total", relay="works") == 1
    assert more(now, "telemed_conference_checks_total", relay="fails") == 2
    assert more(now, "telemed_conference_checks_total", relay="none") == 0
