"""Two servers, PostgreSQL, Redis and nginx as they are shipped: what one hears of the other, and
what people notice when one goes."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dicom_samples.base import Person
from dicom_samples.tiny import make_tiny_ct
from telemed.followers.tallies import rebuild
from telemed.store import log as store_log
from telemed.store import tables as t
from telemed.store.engine import Store
from tests import world
from tests.deployment.topology import NODES, Page, Topology, status_of
from tests.services import wait_until

pytestmark = [
    pytest.mark.services,
    pytest.mark.timeout(180),
    # A client whose server is killed may leave its end to the collector; that is Python's to say.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <function _SelectorTransport.__del__"
        ":pytest.PytestUnraisableExceptionWarning"
    ),
]
A, B = NODES
PATIENCE = 30.0
_PATIENTS = count(1)


# --- people ---------------------------------------------------------------------------------------


@pytest.fixture
async def http(topology: Topology) -> AsyncIterator[ClientSession]:
    """A client on this machine's first address."""
    async with topology.http() as session:
        yield session


@pytest.fixture
def at(topology: Topology, http: ClientSession) -> Any:
    """Somebody's page, `at(who)` behind the proxy and `at(who, A)` at one server."""

    def page(who: str, node: str = "") -> Page:
        return Page(topology, http, who, topology.at(node) if node else topology.base)

    return page


async def upload(*pages: Page) -> tuple[str, str]:
    """A study sent in pieces, each to the next of these pages; its id and its patient."""
    number = next(_PATIENTS)
    person = Person(f"TOPO{number:04}", f"Liu^San{number}=刘^三", "F", "19640202")
    (data,) = make_tiny_ct(1, patient=person, key=f"topology-{number}", accession=f"T{number}")
    made = (await pages[0].ok("POST", "/api/uploads", {}))["id"]
    place = await announce(pages[0], made, len(data))
    step = len(data) // (2 * len(pages)) + 1
    for turn, offset in enumerate(range(0, len(data), step)):
        piece = data[offset : offset + step]
        status, headers, answer = await send(pages[turn % len(pages)], place, offset, piece)
        assert (status, headers.get("Upload-Offset")) == (204, str(offset + len(piece))), answer
    shown = await pages[-1].ok("GET", f"/api/uploads/{made}")
    assert [f["verdict"] for f in shown["files"]] == ["stored"]
    (study,) = shown["studies"]
    return study["id"], study["patient"]["id"]


async def announce(page: Page, upload_id: str, size: int) -> str:
    """A file of an upload; its address."""
    path = f"/api/uploads/{upload_id}/files"
    status, headers, answer = await page.call(
        "POST", path, b"", Tus_Resumable="1.0.0", Upload_Length=str(size)
    )
    assert status == 201, answer
    return str(headers["Location"])


async def send(page: Page, place: str, offset: int, piece: bytes) -> tuple[int, Any, bytes]:
    """A piece of a file."""
    return await page.call("PATCH", place, piece, **tus(offset))


def tus(offset: int) -> dict[str, str]:
    """The headers of a piece."""
    return {
        "Tus_Resumable": "1.0.0",
        "Upload_Offset": str(offset),
        "Content_Type": "application/offset+octet-stream",
    }


async def sent(page: Page, study: tuple[str, str]) -> str:
    """A request that was sent to hub; its id."""
    made = await page.ok("POST", "/api/requests", {"service": "imaging", "urgency": "routine"})
    path = f"/api/requests/{made['id']}"
    body = {
        "version": made["version"],
        "provider_id": "hub",
        "patient_ref": study[1],
        "content": world.CONTENT["imaging"],
        "consent": world.consent("hub"),
        "study_ids": [study[0]],
    }
    await page.ok("PATCH", path, body)
    await page.ok("POST", f"{path}/submit", {})
    return str(made["id"])


@asynccontextmanager
async def socket(topology: Topology, who: str, node: str = "") -> AsyncIterator[ClientConnection]:
    """A live socket, through the proxy or at one server."""
    base = topology.at(node) if node else topology.base
    context = None if node else topology.trust()
    headers = {"Cookie": topology.identity(who)["Cookie"]}
    uri = base.replace("http", "ws", 1) + "/live"
    async with connect(
        uri, origin=topology.base, additional_headers=headers, ssl=context, compression=None
    ) as one:  # type: ignore[arg-type]
        yield one


async def hello(one: ClientConnection, since: int | None = None) -> Any:
    """Say hello; the welcome."""
    await one.send(orjson.dumps({"type": "hello", "since": since}).decode())
    return await receive(one)


async def receive(one: ClientConnection) -> Any:
    """The next message."""
    return orjson.loads(await asyncio.wait_for(one.recv(), PATIENCE))


async def hears(one: ClientConnection, request: str) -> list[Any]:
    """What comes up to and with the fact that this request was sent."""
    found: list[Any] = []
    while not any(f["request_id"] == request and f["kind"] == SENT for f in found):
        found += (await receive(one))["items"]
    return found


SENT = "request.submitted"


def facts(store: Store, kind: str, requests: list[str]) -> list[str]:
    """The requests of which the log has this fact, once for each time."""
    c = t.activities.c
    chosen = sa.select(c.request_id).where(c.kind == kind, c.request_id.in_(requests))
    return sorted(row["request_id"] for row in store.read_now(lambda tx: tx.all(chosen)))


# --- both at once -----------------------------------------------------------------------------


def test_two_servers_start_at_once_on_an_empty_database(topology: Topology, store: Store) -> None:
    """Both came up, the schema was made once, and they sign with the same key."""
    for node in NODES:
        assert "Traceback" not in topology.programs[node].said()
    keys = [path.name for path in topology.data.glob("signing.key*")]
    assert keys == ["signing.key"]
    revisions = store.read_now(
        lambda tx: tx.all(sa.text("SELECT version_num FROM alembic_version"))
    )
    assert len(revisions) == 1


def test_the_migration_job_finds_it_done(topology: Topology) -> None:
    """The compose file's job beside running servers ends well and says the revision."""
    job = topology.telemed("migrate")
    job.start()
    assert job.process is not None and job.process.wait(60) == 0
    assert "The database is at revision" in job.said()


async def test_people_sign_in_through_the_proxy(topology: Topology, http: ClientSession) -> None:
    """Over TLS: the cookie is Secure and bound to the host, and browsers are told to stay."""
    body = {"username": "hub-reader", "password": world.PASSWORD}
    path = f"{topology.base}/api/session"
    async with http.post(path, json=body, headers={"Origin": topology.base}) as answer:
        assert answer.status == 200, await answer.text()
        cookies = [c for c in answer.headers.getall("Set-Cookie") if c.startswith("__Host-")]
        assert cookies and all("Secure" in c and "HttpOnly" in c for c in cookies)
        assert answer.headers.getall("Strict-Transport-Security") == ["max-age=31536000"]
    plain = f"http://127.0.0.1:{topology.ports['http']}/day?x=1"
    async with http.get(plain, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, "https://127.0.0.1/day?x=1")


async def test_the_proxy_says_who_calls_and_hides_what_is_ours(
    topology: Topology, store: Store
) -> None:
    """The audit has the caller's address and not one that a stranger made up; figures and health
    are not for strangers."""
    async with topology.http("127.0.0.9") as stranger:
        headers = {"Origin": topology.base, "X-Forwarded-For": "8.8.8.8"}
        body = {"username": "hub-reader", "password": "wrong"}
        path = f"{topology.base}/api/session"
        async with stranger.post(path, json=body, headers=headers) as answer:
            assert answer.status == 401
        for path, status in (("/metrics", 404), ("/health/ready", 403)):
            async with stranger.get(topology.base + path) as answer:
                assert answer.status == status
    addresses = {r["address"] for r in store.read_now(lambda tx: tx.all(sa.select(t.audit)))}
    assert "127.0.0.9" in addresses and "8.8.8.8" not in addresses


async def test_a_made_up_name_is_locked_as_a_real_one(topology: Topology) -> None:
    """One address tries at one server, whose counts are whole: who guesses passwords through the
    proxy cannot tell by the lock-out which names exist. A Redis that is slow to answer has a server
    count alone for a moment, so a made-up name has three tries at being like the real one."""
    real = await _guessed(topology, "127.0.0.11", "hub-junior")
    assert real[0] == (401, "wrong-credentials") and real[-1] == (429, "locked-out")
    for number in (12, 13, 14):
        made_up = await _guessed(topology, f"127.0.0.{number}", f"nobody-{number}")
        if made_up == real:
            return
    assert made_up == real


async def _guessed(topology: Topology, address: str, name: str) -> list[tuple[int, str]]:
    """What six wrong passwords in a row are answered."""
    told = []
    async with topology.http(address) as stranger:
        for _ in range(6):
            body, headers = {"username": name, "password": "wrong"}, {"Origin": topology.base}
            path = f"{topology.base}/api/session"
            async with stranger.post(path, json=body, headers=headers) as answer:
                told.append((answer.status, str((await answer.json())["code"])))
    return told


async def test_what_happens_at_one_server_is_heard_at_the_other(
    topology: Topology, at: Any
) -> None:
    """A study comes in pieces to both, the request goes to A, and the expert's socket is at B."""
    study = await upload(at("county-technician", A), at("county-technician", B))
    async with socket(topology, "hub-reader", B) as one:
        await hello(one)
        case = await sent(at("county-requester", A), study)
        assert await hears(one, case)


async def test_a_large_body_comes_through_the_proxy_in_pieces(at: Any) -> None:
    """The whole way people go: pieces through the proxy, to whichever server."""
    assert await upload(at("county-technician"))


async def test_a_piece_waits_for_another_server_s_turn(topology: Topology, at: Any) -> None:
    """Two servers never write the same file at once: of the same piece sent to both, one counts."""
    one, other = at("county-technician", A), at("county-technician", B)
    made = (await one.ok("POST", "/api/uploads", {}))["id"]
    place = await announce(one, made, 4000)
    for offset in range(0, 4000, 1000):
        piece = bytes([offset // 1000]) * 1000
        told = await asyncio.gather(*(send(p, place, offset, piece) for p in (one, other)))
        assert sorted(status for status, _, _ in told) == [204, 409]
    shown = await other.ok("GET", f"/api/uploads/{made}")
    assert [f["verdict"] for f in shown["files"]] == ["skipped"]  # whole, and no DICOM


async def test_of_two_who_claim_at_two_servers_one_wins(
    topology: Topology, at: Any, store: Store
) -> None:
    """Whoever is second is told so; and when both go away each case is released once, although both
    servers watch."""
    study = await upload(at("county-technician"))
    cases = [await sent(at("county-requester"), study) for _ in range(4)]
    for case in cases:
        pages = (at("hub-reader", A), at("hub-verifier", B))
        told = await asyncio.gather(*(p.call("POST", f"/api/requests/{case}/claim") for p in pages))
        assert sorted(status for status, _, _ in told) == [200, 409]
    assert facts(store, "workitem.claimed", cases) == sorted(cases)
    held = sa.update(t.workitems).where(t.workitems.c.request_id.in_(cases))
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    store.write_now(lambda tx: tx.execute(held.values(lease_until=long_ago)))

    def are_released() -> bool:
        return len(facts(store, "workitem.expired", cases)) >= len(cases)

    await asyncio.to_thread(wait_until, are_released, "the lease watch")
    # Whoever watches second has had its turn when a later write of its own is through.
    await sent(at("county-requester", A), study)
    await sent(at("county-requester", B), study)
    assert facts(store, "workitem.expired", cases) == sorted(cases)
    for node in NODES:
        assert "stumbled" not in topology.programs[node].said()


async def test_files_for_browsers_come_compressed_and_are_kept(
    topology: Topology, http: ClientSession
) -> None:
    """Hashed names for ever, the page itself never unasked, both as small as the browser takes."""
    headers = {"Accept-Encoding": "br, gzip"}
    async with http.get(f"{topology.base}/", headers=headers, auto_decompress=False) as page:
        assert page.headers["Cache-Control"] == "no-cache"
        assert page.headers["Content-Encoding"] == "br"
        tag = page.headers["ETag"]
    async with http.get(f"{topology.base}/", headers={**headers, "If-None-Match": tag}) as again:
        assert again.status == 304
    async with http.get(f"{topology.base}/") as page:
        script = (await page.text()).partition('src="')[2].partition('"')[0]
    async with http.get(topology.base + script, headers={"Accept-Encoding": "gzip"}) as asset:
        assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert asset.headers["Content-Encoding"] == "gzip"
        assert asset.headers["Vary"] == "Accept-Encoding"


# --- one goes ---------------------------------------------------------------------------------


async def test_when_a_server_is_killed_the_other_goes_on(topology: Topology, at: Any) -> None:
    """Nobody has to do anything: calls go to B, sockets come back and miss nothing."""
    study = await upload(at("county-technician"))
    before = await sent(at("county-requester"), study)
    seen: dict[int, int] = {}
    async with (
        socket(topology, "hub-reader") as one,
        socket(topology, "hub-reader") as two,
        socket(topology, "hub-reader", A) as three,
    ):
        sockets = (one, two, three)
        for number, each in enumerate(sockets):
            await hello(each)
            seen[number] = 0
        first = await sent(at("county-requester"), study)
        for number, each in enumerate(sockets):
            seen[number] = (await hears(each, first))[-1]["seq"]
        topology.programs[A].signal(signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            while True:
                await receive(three)
        missed = [await sent(at("county-requester"), study) for _ in range(3)]
    for number in seen:
        async with socket(topology, "hub-reader") as back:
            welcome = await hello(back, seen[number])
            assert welcome["answer"] == "here-they-are"
            found = await hears(back, missed[-1])
            assert [f["request_id"] for f in found if f["kind"] == SENT] == missed
    assert before not in missed
    topology.start_nodes(A)


async def test_a_server_that_is_told_to_stop_leaves_in_good_order(
    topology: Topology, at: Any, http: ClientSession
) -> None:
    """Not ready first with the door still open; then its sockets are sent elsewhere, the upload
    under way is finished and answered, and it exits with 0."""
    technician, node = at("county-technician", A), topology.programs[A]
    made = (await technician.ok("POST", "/api/uploads", {}))["id"]
    place = await announce(technician, made, 2000)
    assert node.process is not None
    async with socket(topology, "hub-reader", A) as one:
        await hello(one)
        reader, writer = await asyncio.open_connection("127.0.0.1", topology.ports[A])
        head = {**topology.identity("county-technician"), "Host": "a", "Content-Length": "2000"}
        head |= {name.replace("_", "-"): value for name, value in tus(0).items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"PATCH {place} HTTP/1.1\r\n{lines}\r\n".encode() + b"x" * 1000)
        await writer.drain()

        node.process.send_signal(signal.SIGTERM)
        ready = f"{topology.at(A)}/health/ready"
        await asyncio.to_thread(wait_until, lambda: status_of(ready) == 503, "not being ready")
        assert status_of(f"{topology.at(A)}/health/live") == 200
        async with http.get(f"{topology.base}/api/hello") as answer:
            assert answer.status == 200
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await receive(one)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        assert status_of(ready) == 0  # whoever comes back lands elsewhere
    async with socket(topology, "hub-reader") as back:
        assert (await hello(back))["type"] == "welcome"

    writer.write(b"x" * 1000)
    await writer.drain()
    answer_line = await asyncio.wait_for(reader.readline(), PATIENCE)
    assert answer_line.split()[1] == b"204", answer_line
    writer.close()
    assert await asyncio.to_thread(node.process.wait, 60) == 0
    shown = await at("county-technician", B).ok("GET", f"/api/uploads/{made}")
    assert [f["verdict"] for f in shown["files"]] == ["skipped"]


async def test_the_tally_counts_each_fact_once(topology: Topology, store: Store) -> None:
    """Both servers followed the log at the same time and one was killed over it: folding the log
    anew finds nothing missing, twice or different."""

    def caught_up() -> bool:
        head, marks = store.read_now(lambda tx: (store_log.head(tx), store_log.all_bookmarks(tx)))
        return set(marks.values()) == {head}

    await asyncio.to_thread(wait_until, caught_up, "the followers")
    found = rebuild(store)
    assert found.same and found.entries > 0, found
    assert topology.programs[B].signal(signal.SIGTERM) == 0
