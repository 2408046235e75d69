"""Lines that are bad, and people who are: nobody else notices, and nothing is left behind.

TELEMED_FAULT_CYCLES of more than one plays the full numbers: 10,000 strangers, 200 who read
nothing, some hundreds who come back at once.
"""

import asyncio
import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from aiohttp import ClientSession
from websockets.sync.client import connect

from telemed.core.activity import Fact, Kind
from telemed.store import log as store_log
from telemed.store.engine import Store
from tests import world
from tests.faults.checks import Ledger, everything_holds
from tests.faults.ears import Ear, listening
from tests.faults.network import NODES, Network, Page, identity
from tests.faults.readers_at_work import team_of
from tests.faults.strangers import hang_up_at_random, take_nothing
from tests.faults.wire import Wire

pytestmark = [pytest.mark.services, pytest.mark.crash, pytest.mark.timeout(900)]
LONG = int(os.environ.get("TELEMED_FAULT_CYCLES", "1")) > 1
STRANGERS = 10_000 if LONG else 300
IDLERS = 200 if LONG else 3
PEOPLE = tuple(who for who in world.everybody() if who.partition("-")[0] in world.PLACES)
RETURNING = 15 * len(PEOPLE) if LONG else 60
"""Pages; an account has places for twenty, counted over all servers."""
SEED = int(os.environ.get("TELEMED_FAULT_SEED", random.randrange(10**6)))


def number(shown: str, name: str) -> float:
    """A number of /metrics, over all labels."""
    return sum(float(n) for n in re.findall(rf"(?m)^{name}(?:{{[^}}]*}})? (\S+)$", shown))


async def metric(network: Network, http: ClientSession, node: str, name: str) -> float:
    async with http.get(f"{network.at(node)}/metrics") as answer:
        return number(await answer.text(), name)


def files(network: Network, node: str) -> Counter[str]:
    """The kinds of files that a server has open; its pools of connections to the database and to
    Redis breathe by themselves."""
    ours = Path(f"/proc/{network.pid(node)}")
    lines = [line.split() for line in (ours / "net/tcp").read_text().splitlines()[1:]]
    pools = tuple(f":{port:04X}" for port in (network.postgres.port, network.to_redis.port))
    pooled = {f"socket:[{line[9]}]" for line in lines if line[2].endswith(pools)}
    assert pooled
    found: Counter[str] = Counter()
    for one in (ours / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed just now
            name = str(one.readlink())
            if name not in pooled:
                found[name.partition(":[")[0]] += 1
    return found


def memory(network: Network, node: str) -> int:
    """Bytes of memory that a server takes (VmRSS)."""
    told = Path(f"/proc/{network.pid(node)}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", told)[0]) * 1024


# --- half open --------------------------------------------------------------------------------


@dataclass
class HalfOpen:
    """Somebody at C whose cable is pulled: the others go on while the server finds out."""

    wire: Wire
    who: str = "hub-technician"
    since: float = 0.0

    def pull_the_cable(self) -> None:
        if not self.since:
            self.since = time.monotonic()
            self.wire.silence()


@pytest.fixture(scope="module")
def half_open(running_network: Network) -> Iterator[HalfOpen]:
    """Begun with the module and looked at in its end: what it waits for takes half a minute."""
    found = HalfOpen(Wire(running_network.ports["c"]))
    found.wire.start()
    ours = identity(found.who, running_network.at("c"))
    with connect(
        f"ws://127.0.0.1:{found.wire.port}/live", origin=ours["Origin"],  # type: ignore[arg-type]
        additional_headers={"Cookie": ours["Cookie"]}, compression=None, ping_interval=None,
        close_timeout=1,
    ) as line:  # fmt: skip
        line.send('{"type": "hello", "since": null, "presence": true}')
        assert orjson.loads(line.recv(30))["type"] == "welcome"
        yield found
        found.wire.stop()


async def is_present(network: Network, http: ClientSession, who: str, node: str) -> bool:
    shown = await Page(network, http, "hub-coordinator", node).ok("GET", "/api/presence")
    return who in {one["account_id"] for one in shown["people"]}


async def test_who_is_connected_is_seen_at_every_server(
    network: Network, http: ClientSession, half_open: HalfOpen
) -> None:
    """Then the cable is pulled; what comes of it, the last test of this file looks at."""
    async with asyncio.timeout(30):
        for node in NODES:
            while not await is_present(network, http, half_open.who, node):
                await asyncio.sleep(0.1)
    half_open.pull_the_cable()


# --- strangers --------------------------------------------------------------------------------


async def test_who_hangs_up_at_any_byte_leaves_nothing_behind(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """Connections, file numbers and memory are as before, and somebody at the same server heard
    everything meanwhile. The seed is printed: with TELEMED_FAULT_SEED it is played again."""
    print(f"TELEMED_FAULT_SEED={SEED}")
    chance = random.Random(SEED)
    team = await team_of(network, http, ledger, ["hub-reader"], nodes=("b",))
    async with listening(network, "hub-coordinator", nodes=("b",)) as ears:
        await hang_up_at_random(network, "b", 100, chance, PEOPLE)
        await nothing_is_left(network, http, "b", ears)
        before, had = memory(network, "b"), files(network, "b")
        async with team.at_work():
            await hang_up_at_random(network, "b", STRANGERS, chance, PEOPLE)
        await team.put_down()
        await nothing_is_left(network, http, "b", ears)
        left = files(network, "b") - had
        assert left.total() <= 2, left  # whoever asks just now
        grown = memory(network, "b") - before
        print(f"{STRANGERS} strangers: {grown / 2**20:.1f} MiB more")
        assert grown < 32 << 20
        await everything_holds(network, ledger, ears)
    assert "a live socket failed" not in network.said("b")


async def nothing_is_left(
    network: Network, http: ClientSession, node: str, ears: list[Ear]
) -> None:
    """Only those who listen have a line open, and whoever asks for the metrics."""
    async with asyncio.timeout(60):
        while (
            await metric(network, http, node, "telemed_open_sockets") != len(ears)
            or await metric(network, http, node, "telemed_open_connections") > len(ears) + 1
        ):
            await asyncio.sleep(0.1)


async def test_who_reads_nothing_is_cut_and_others_hear_everything(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """More is written than any buffer holds: the idlers are shown out (1013), memory stays, and
    somebody beside them hears it all in order."""
    store = Store(network.url)
    before = memory(network, "b")
    cut = await metric(network, http, "b", "telemed_sockets_dismissed_total")
    async with listening(network, "hub-coordinator", nodes=("b",)) as ears, AsyncExitStack() as end:
        mine = [who for who in PEOPLE if who.startswith("hub-") and who != "hub-coordinator"]
        for n in range(IDLERS):
            idler = await take_nothing(network, mine[n % len(mine)], "b")
            end.callback(idler.close)
        async with asyncio.timeout(300):
            while (
                await metric(network, http, "b", "telemed_sockets_dismissed_total") < cut + IDLERS
            ):
                if await waiting_bytes(ears[0], store) < 100:
                    await asyncio.to_thread(store.write_now, _much)
                await asyncio.sleep(0.2)
        grown = memory(network, "b") - before
        print(f"{IDLERS} idlers: {grown / 2**20:.1f} MiB more")
        assert grown < 64 << 20
        await everything_holds(network, ledger, ears)
    store.close()


async def waiting_bytes(ear: Ear, store: Store) -> int:
    """How many facts the one who listens has not heard yet."""
    return int(await asyncio.to_thread(store.read_now, store_log.head)) - ear.seen


def _much(tx: object) -> None:
    now = datetime.now(UTC)
    filler = {"number": "n" * 8000}
    many = [Fact(Kind.STUDY_GREW, now, None, "hub", ("hub",), data=filler)] * 100
    store_log.append(tx, many)  # type: ignore[arg-type]


# --- a stampede -------------------------------------------------------------------------------


async def test_everybody_comes_back_after_a_restart_and_calls_are_answered_meanwhile(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """Two of three servers are killed; their pages come back by the browser's rule, spread, to
    whichever server, and hear what they missed, while people work without one refusal."""
    who = [PEOPLE[n % len(PEOPLE)] for n in range(RETURNING)]
    team = await team_of(network, http, ledger, ["hub-reader"], nodes=("c",))
    async with listening(network, *who, patient=True) as ears:
        async with team.at_work():
            await team.until_more(2)
            for node in ("a", "b"):
                network.kill(node)
            began = time.monotonic()
            await team.until_more(2)
            await asyncio.to_thread(network.start, "a", "b")
            async with asyncio.timeout(120):
                while not all(ear.at for ear in ears):
                    await asyncio.sleep(0.1)
            print(f"{RETURNING} are back after {time.monotonic() - began:.1f} s")
            await team.until_more(2)
        assert all(reader.refused == reader.unanswered == 0 for reader in team.readers)
        await team.put_down()
        await everything_holds(network, ledger, ears)


# --- the end of the first test ----------------------------------------------------------------


async def test_a_half_open_line_is_noticed_and_its_owner_is_gone(
    network: Network, http: ClientSession, half_open: HalfOpen
) -> None:
    """Within 35 seconds nobody believes any more that they are there, and the line is freed."""
    half_open.pull_the_cable()
    async with asyncio.timeout(60):
        for node in NODES:
            while await is_present(network, http, half_open.who, node):
                await asyncio.sleep(0.2)
        while await metric(network, http, "c", "telemed_open_sockets"):
            await asyncio.sleep(0.2)
    print(f"gone after {time.monotonic() - half_open.since:.1f} s at most")
