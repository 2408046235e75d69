"""A server is killed, paused, told to stop, or has a wrong clock, while people work at it.

TELEMED_FAULT_CYCLES of more than one waits for real leases to end; once, their end is brought
forward in the database.
"""

import asyncio
import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import sqlalchemy as sa
from aiohttp import ClientSession
from redis import Redis
from websockets.exceptions import InvalidStatus

from telemed.core.activity import Kind
from telemed.store import log as store_log
from telemed.store import tables as t
from telemed.store.engine import Store
from tests import world
from tests.faults.checks import Ledger, everything_holds
from tests.faults.ears import hello, listening, socket
from tests.faults.network import GONE, NODES, SOCKETS, Network, Page, draft, identity, until, upload
from tests.faults.readers_at_work import sent, team_of

pytestmark = [pytest.mark.services, pytest.mark.crash, pytest.mark.timeout(900)]
CYCLES = int(os.environ.get("TELEMED_FAULT_CYCLES", "1"))
REPORT = {
    "findings": "右下肺见片状影",
    "impression": "右下肺炎症",
    "positive": True,
    "fields": world.REPORT_FIELDS["imaging"],
}


@pytest.fixture
def store(network: Network) -> Iterator[Store]:
    """The servers' database, looked at from outside."""
    opened = Store(network.url)
    yield opened
    opened.close()


def holder(store: Store, case: str) -> str | None:
    """Who holds a case."""
    w = t.workitems.c
    mine = sa.select(w.performer_id).where(w.request_id == case, w.state == "IN PROGRESS")
    return store.read_now(lambda tx: tx.scalar(mine))


def bring_forward(store: Store, case: str) -> None:
    """The lease of a case ends now, as if its holder had been away for so long."""
    w = t.workitems.c
    past = datetime.now(UTC) - timedelta(minutes=1)
    ended = sa.update(t.workitems).where(w.request_id == case, w.lease_until.is_not(None))
    store.write_now(lambda tx: tx.execute(ended.values(lease_until=past)))


async def lease_ends(store: Store, case: str) -> None:
    """Wait for the lease, and until somebody noticed."""
    if CYCLES == 1:
        bring_forward(store, case)
        await until(lambda: holder(store, case) is None, "the lease watch")
        return
    async with asyncio.timeout(180):
        while holder(store, case) is not None:
            await asyncio.sleep(1)


async def write_report(page: Page, case: str) -> int:
    """A whole draft; its revision."""
    path = f"/api/requests/{case}/report"
    revision = (await page.ok("GET", path))["current"]["revision"]
    body = {"revision": revision, "content": REPORT}
    return int((await page.ok("PUT", f"{path}/draft", body))["revision"])


def signature(revision: int) -> dict[str, Any]:
    return {"revision": revision, "password": world.PASSWORD}


async def issue(network: Network, http: ClientSession, case: str, node: str) -> None:
    """From the pool to the issued report, by two people at one server."""
    reader = Page(network, http, "hub-reader2", node)
    await reader.ok("POST", f"/api/requests/{case}/claim")
    revision = await write_report(reader, case)
    path = f"/api/requests/{case}/report"
    signed = (await reader.ok("POST", f"{path}/sign", signature(revision)))["current"]
    if signed["state"] == "preliminary":
        verifier = Page(network, http, "hub-verifier", node)
        await verifier.ok("POST", f"{path}/verify", signature(signed["revision"]))


# --- killed -----------------------------------------------------------------------------------


async def test_a_killed_server_s_people_go_on_elsewhere(
    network: Network, http: ClientSession, ledger: Ledger, store: Store
) -> None:
    """Who comes back keeps the claim, who does not loses it by the lease; what was heard has no
    gap; the case is reported once."""
    back, away = await sent(network, http, 2)
    for case, who in ((back, "hub-reader"), (away, "hub-verifier")):
        await Page(network, http, who, "a").ok("POST", f"/api/requests/{case}/claim")
        ledger.promise(case, Kind.WORKITEM_CLAIMED)
    team = await team_of(network, http, ledger, ["hub-reader2"])
    async with listening(network, "hub-coordinator", "county-requester") as ears:
        async with team.at_work():
            await team.until_more()
            network.kill("a")
            await team.until_more()
        at_b = Page(network, http, "hub-reader", "b")
        before = (await at_b.ok("GET", f"/api/requests/{back}"))["claim"]["lease_until"]
        await at_b.ok("POST", f"/api/requests/{back}/heartbeat")
        kept = (await at_b.ok("GET", f"/api/requests/{back}"))["claim"]
        assert kept["mine"] and kept["lease_until"] > before
        await lease_ends(store, away)
        if CYCLES == 1:
            assert holder(store, back) == "hub-reader"
        await issue(network, http, away, "c")
        await team.put_down()
        network.start("a")
        await everything_holds(network, ledger, ears)


async def test_a_killed_server_s_sockets_stop_counting_after_its_lease(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """Its account has no place left at the others until then, though it was started again; then
    as many as it lost and not one more: those at a server that lives count on."""
    who = "second-coordinator"
    async with AsyncExitStack() as living, AsyncExitStack() as lost:
        for _ in range(2):
            await hello(await living.enter_async_context(socket(network, who, "b")))
        for _ in range(SOCKETS - 2):
            await hello(await lost.enter_async_context(socket(network, who, "a")))
        await refused(network, who, "c")
        network.kill("a")
        await asyncio.to_thread(network.start, "a")
        await refused(network, who, "c")
        if CYCLES == 1:
            end_leases_soon(network)
        for _ in range(SOCKETS - 2):
            await let_in(network, who, "c", living)
        for node in NODES:
            await refused(network, who, node)
    await everything_holds(network, ledger)


async def refused(network: Network, who: str, node: str) -> None:
    """No place for one more socket."""
    with pytest.raises(InvalidStatus) as told:
        async with socket(network, who, node):
            pass
    assert told.value.response.status_code == 429


async def let_in(network: Network, who: str, node: str, stack: AsyncExitStack) -> None:
    """One more socket, as soon as there is a place for it."""
    async with asyncio.timeout(60):
        while True:
            try:
                await hello(await stack.enter_async_context(socket(network, who, node)))
                return
            except InvalidStatus as told:
                assert told.response.status_code == 429
                await asyncio.sleep(0.2)


def end_leases_soon(network: Network) -> None:
    """Every server's word that it lives is good for nine seconds; who lives says it anew in eight,
    for thirty."""
    with Redis(port=network.redis.port) as redis:
        for key in redis.keys("telemed:count:server:*"):
            redis.expire(key, 9, lt=True)


# --- paused -----------------------------------------------------------------------------------


def sleeps_over_the_log(network: Network) -> bool:
    """Whether a session holds the log's lock and is not at work in the database."""
    with psycopg.connect(network.postgres.dsn(), autocommit=True) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = %s"
            " AND l.locktype = 'advisory' AND l.granted AND l.objid = %s"
            " AND a.state LIKE 'idle in transaction%%'",
            (network.database, store_log.LOCK),
        ).fetchone()
        return found is not None


async def pause_over_the_log(network: Network, node: str) -> None:
    """Pause a server in the midst of a write: others want the lock that it holds."""
    async with asyncio.timeout(120):
        while True:
            network.pause(node)
            await asyncio.sleep(0.05)  # what the database was asked already is answered
            if sleeps_over_the_log(network):
                return
            network.resume(node)
            await asyncio.sleep(0.02)


async def test_a_server_that_falls_asleep_in_a_write_holds_up_nobody_for_long(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """The others write on while it sleeps; awake again it answers that the write was undone."""
    asleep = await team_of(network, http, ledger, nodes=("a",))
    awake = await team_of(network, http, ledger, nodes=("b", "c"), seed=7)
    async with listening(network, "hub-coordinator", "county-requester") as ears:
        for _ in range(CYCLES):
            async with asleep.at_work():
                await pause_over_the_log(network, "a")
                try:
                    async with awake.at_work():
                        await awake.until_more()
                    if CYCLES > 1:
                        await asyncio.sleep(30)
                finally:
                    network.resume("a")
                await asleep.until_more()
        assert sum(reader.refused + reader.unanswered for reader in asleep.readers) > 0
        for team in (asleep, awake):
            await team.put_down()
        await everything_holds(network, ledger, ears)


async def test_a_server_that_wakes_up_cannot_overwrite(
    network: Network, http: ClientSession, ledger: Ledger, store: Store
) -> None:
    """What its people sent while it slept meets a case that another holds, or has reported: the
    claim is not won back, nothing of it is saved, and there is one report."""
    (case,) = await sent(network, http, 1)
    path = f"/api/requests/{case}"
    late = Page(network, http, "hub-reader", "a")
    await late.ok("POST", f"{path}/claim")
    revision = await write_report(late, case)
    async with socket(network, "hub-reader", "a") as page:
        await hello(page)
        network.pause("a")
        try:
            held = orjson.dumps({"type": "presence", "requests": [case]}).decode()
            await page.send(held)
            body = {"revision": revision, "content": {**REPORT, "findings": "迟到的描述"}}
            calls = [
                asyncio.create_task(late.call(method, f"{path}/{word}", told))
                for method, word, told in (
                    ("POST", "heartbeat", None),
                    ("PUT", "report/draft", body),
                    ("POST", "report/sign", signature(revision)),
                    ("POST", "release", {"reason": "called-away"}),
                )
            ]
            await asyncio.sleep(0.2)
            await lease_ends(store, case)
            taker = Page(network, http, "hub-reader2", "b")
            await taker.ok("POST", f"{path}/claim")
            theirs = await write_report(taker, case)
        finally:
            network.resume("a")
        answers = [status for status, _, _ in await asyncio.gather(*calls)]
        assert all(400 <= status < 500 for status in answers[1:]), answers
        assert holder(store, case) == "hub-reader2"
    shown = await taker.ok("GET", f"{path}/report")
    assert shown["current"]["content"]["findings"] == REPORT["findings"]
    signed = (await taker.ok("POST", f"{path}/report/sign", signature(theirs)))["current"]
    if signed["state"] == "preliminary":
        verifier = Page(network, http, "hub-verifier", "c")
        await verifier.ok("POST", f"{path}/report/verify", signature(signed["revision"]))
    await everything_holds(network, ledger)


# --- a wrong clock ----------------------------------------------------------------------------


async def test_a_server_whose_clock_jumps_an_hour_believes_the_database(
    network: Network, http: ClientSession, ledger: Ledger, store: Store, tmp_path: Path
) -> None:
    """With that server alone awake: leases, ladders and sessions stand, what is due is done, and
    what it writes bears the database's time."""
    clock = tmp_path / "clock"
    clock.write_text("+0")
    network.kill("c")
    network.start("c", clock=clock)
    kept, ended = await sent(network, http, 2)
    (stat,) = await sent_as(network, http, "stat")
    at_b, at_c = Page(network, http, "hub-reader", "b"), Page(network, http, "hub-reader2", "c")
    await at_b.ok("POST", f"/api/requests/{kept}/claim")
    for hours in ("+3600", "-3600"):
        await until(lambda: rungs_told(store, stat) == 1, "the ladder's first rung")
        cookie = await sign_in(network, http, "hub-verifier", "b")
        await at_c.ok("POST", f"/api/requests/{ended}/claim")
        for node in ("a", "b"):
            network.pause(node)
        try:
            clock.write_text(hours)
            bring_forward(store, ended)
            await until(lambda: holder(store, ended) is None, "the lease watch of the server")
            assert holder(store, kept) == "hub-reader"
            assert rungs_told(store, stat) == 1
            assert await is_signed_in(network, http, cookie, "c")
            now = database_time(store)
            told = await at_c.ok("POST", f"/api/requests/{ended}/claim")
            at = datetime.fromisoformat(told["claim"]["since"])
            assert now <= at + timedelta(seconds=1) and at <= database_time(store)
            await at_c.ok("POST", f"/api/requests/{ended}/release", {"reason": "called-away"})
        finally:
            for node in ("a", "b"):
                network.resume(node)
        clock.write_text("+0")
    await at_b.ok("POST", f"/api/requests/{kept}/release", {"reason": "called-away"})
    await everything_holds(network, ledger)
    times = store.read_now(
        lambda tx: [r["at"] for r in tx.all(sa.select(t.activities).order_by(t.activities.c.seq))]
    )
    assert all(b - a > timedelta(seconds=-5) for a, b in itertools.pairwise(times))
    network.kill("c")


async def sent_as(network: Network, http: ClientSession, urgency: str) -> list[str]:
    """A case of some urgency that waits in the pool."""
    study = await upload(Page(network, http, "county-technician", "a"))
    asker = Page(network, http, "county-requester", "a")
    case = await draft(asker, study, urgency)
    await asker.ok("POST", f"/api/requests/{case}/submit", {})
    return [case]


def rungs_told(store: Store, case: str) -> int:
    """How many rungs of the ladder for a case that nobody takes were told."""
    e = t.escalations.c
    told = sa.select(e.told).where(e.request_id == case, e.occasion == "unclaimed")
    return int(store.read_now(lambda tx: tx.scalar(told)) or 0)


def database_time(store: Store) -> datetime:
    found: datetime = store.read_now(lambda tx: tx.scalar(sa.select(sa.func.clock_timestamp())))
    return found


async def sign_in(network: Network, http: ClientSession, who: str, node: str) -> str:
    """A session that ends as they do, unlike the world's; its cookie."""
    base = network.at(node)
    body = {"username": who, "password": world.PASSWORD}
    async with http.post(f"{base}/api/session", json=body, headers={"Origin": base}) as answer:
        assert answer.status == 200, await answer.text()
        return f"telemed={answer.cookies['telemed'].value}"


async def is_signed_in(network: Network, http: ClientSession, cookie: str, node: str) -> bool:
    url = f"{network.at(node)}/api/session"
    async with http.get(url, headers={"Cookie": cookie}) as answer:
        return answer.status == 200


# --- told to stop -----------------------------------------------------------------------------


async def test_a_server_that_is_told_to_stop_finishes_the_signature_under_way(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """SIGTERM with half of a signature received: sockets are sent elsewhere (1012), nobody new is
    let in, the signature is answered, the report is issued once, and the exit is clean."""
    (case,) = await sent(network, http, 1)
    reader = Page(network, http, "hub-reader", "a")
    await reader.ok("POST", f"/api/requests/{case}/claim")
    revision = await write_report(reader, case)
    path = f"/api/requests/{case}/report/sign"
    body = orjson.dumps(signature(revision))
    process = network.programs["a"].process
    assert process is not None
    async with listening(network, "hub-coordinator", nodes=("a", "b", "c")) as ears:
        async with socket(network, "hub-reader", "a") as page:
            await hello(page)
            line, writer = await asyncio.open_connection("127.0.0.1", network.ports["a"])
            head = identity("hub-reader", network.at("a")) | {
                "Host": "a", "Content-Type": "application/json", "Content-Length": str(len(body)),
                "Expect": "100-continue",
            }  # fmt: skip
            lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
            writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode())
            assert b" 100 " in await asyncio.wait_for(line.readuntil(b"\r\n\r\n"), 30)
            writer.write(body[:5])
            process.send_signal(signal.SIGTERM)
            with suppress(*GONE):
                await page.wait_closed()
            assert page.close_code == 1012
        with pytest.raises(GONE):
            await reader.ok("GET", f"/api/requests/{case}")
        writer.write(body[5:])
        status = (await asyncio.wait_for(line.readline(), 30)).split()[1]
        assert status == b"200"
        writer.close()
        assert await asyncio.to_thread(process.wait, 60) == 0
        at_b = Page(network, http, "hub-verifier", "b")
        shown = (await at_b.ok("GET", f"/api/requests/{case}/report"))["current"]
        if shown["state"] == "preliminary":
            verify = f"/api/requests/{case}/report/verify"
            shown = (await at_b.ok("POST", verify, signature(shown["revision"])))["current"]
        assert shown["state"] == "final"
        await everything_holds(network, ledger, ears)
