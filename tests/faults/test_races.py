"""Three servers want the same thing at once: one gets it, and everybody hears it in one order.

TELEMED_RACE_ROUNDS says how many claims are raced for; 20 where it is not set.
"""

import asyncio
import os
import random
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telemed.core.activity import Fact, Kind
from telemed.followers import escalations
from telemed.store import log as store_log
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.faults.checks import Ledger, everything_holds
from tests.faults.ears import Ear, listening
from tests.faults.network import NODES, Network, Page, client, draft, until, upload
from tests.faults.readers_at_work import GIVE_BACK, READERS, sent, team_of

pytestmark = [pytest.mark.services, pytest.mark.crash, pytest.mark.timeout(3600)]
ROUNDS = int(os.environ.get("TELEMED_RACE_ROUNDS", "20"))
SEED = int(os.environ.get("TELEMED_FAULT_SEED", random.randrange(10**6)))


async def test_of_three_who_claim_at_three_servers_one_wins_every_round(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """Whoever wins gives it back, and the next round begins; the losers are told who was first."""
    (case,) = await sent(network, http, 1)
    path = f"/api/requests/{case}"
    chance, won = random.Random(SEED), Counter[str]()
    async with listening(network, "hub-coordinator") as ears:
        for _ in range(ROUNDS):
            nodes = chance.sample(NODES, len(NODES))
            pages = [Page(network, http, *one) for one in zip(READERS, nodes, strict=True)]
            told = await asyncio.gather(*(p.call("POST", f"{path}/claim") for p in pages))
            winners = [p for p, (status, _, _) in zip(pages, told, strict=True) if status == 200]
            assert sorted(status for status, _, _ in told) == [200, 409, 409], told
            assert all(b"already-claimed" in body for status, _, body in told if status == 409)
            ledger.promise(case, Kind.WORKITEM_CLAIMED)
            won[winners[0].node] += 1
            await winners[0].ok("POST", f"{path}/release", GIVE_BACK)
        ledger.asked = Counter(ledger.promised)
        await everything_holds(network, ledger, ears)
    print(f"{ROUNDS} rounds, won at {dict(won)}")


async def test_three_servers_that_climb_one_ladder_tell_each_rung_once(
    network: Network, http: ClientSession, ledger: Ledger
) -> None:
    """Ladders of which every rung is overdue: each server sees them at the same ring."""
    study = await upload(Page(network, http, "county-technician", "a"))
    asker = Page(network, http, "county-requester", "a")
    cases = [await draft(asker, study, "stat") for _ in range(6)]
    for case in cases:
        await asker.ok("POST", f"/api/requests/{case}/submit", {})
    store = Store(network.url)
    e, a = t.escalations.c, t.activities.c
    mine = sa.and_(e.request_id.in_(cases), e.occasion == "unclaimed")
    try:
        await until(lambda: _count(store, t.escalations, mine) == len(cases), "the ladders")
        long_ago = datetime.now(UTC) - timedelta(hours=2)
        due = sa.update(t.escalations).where(mine, e.exhausted_at.is_(None))

        def make_due(tx: Tx) -> None:
            tx.take_turn(escalations.NAME)  # or a climb under way sets when the next rung is due
            tx.execute(due.values(anchor_at=long_ago, next_at=long_ago))

        store.write_now(make_due)
        over = sa.and_(mine, e.exhausted_at.is_not(None))
        await until(lambda: _count(store, t.escalations, over) == len(cases), "the ladders' ends")
        told = sa.select(a.request_id, a.data).where(
            a.request_id.in_(cases), a.kind == Kind.NOTICE_TOLD.value
        )
        rungs = Counter(
            (row["request_id"], row["data"].get("occasion"), row["data"].get("rung"))
            for row in store.read_now(lambda tx: tx.all(told))
        )
        assert rungs and set(rungs.values()) == {1}, rungs
        ends = sa.and_(a.request_id.in_(cases), a.kind == Kind.ESCALATION_EXHAUSTED.value)
        assert _count(store, t.activities, ends) == len(cases)
        await everything_holds(network, ledger)
    finally:
        store.close()


def _count(store: Store, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    asked = sa.select(sa.func.count()).select_from(table).where(where)
    return int(store.read_now(lambda tx: tx.scalar(asked)))


# --- a slow first writer ----------------------------------------------------------------------


@pytest.mark.parametrize("commits", [True, False])
async def test_whoever_comes_first_is_heard_first_however_slow(
    network: Network, http: ClientSession, ledger: Ledger, commits: bool
) -> None:
    """A writer has its number and does not commit: three servers write behind it, nobody hears
    them before it, and one that fails leaves no gap."""
    team = await team_of(network, http, ledger)
    store, held, may_end = Store(network.url), threading.Event(), threading.Event()

    def slow(tx: Tx) -> int:
        fact = Fact(Kind.STUDY_GREW, datetime.now(UTC), None, "hub", ("hub",))
        (first,) = store_log.append(tx, [fact])
        held.set()
        assert may_end.wait(60)
        if not commits:
            raise InterruptedError
        return first.seq

    try:
        async with listening(network, "hub-coordinator", "hub-technician") as ears:
            before = [list(ear.heard) for ear in ears]
            writing = asyncio.create_task(asyncio.to_thread(store.write_now, slow))
            await asyncio.to_thread(held.wait, 30)
            head = await asyncio.to_thread(store.read_now, store_log.head)
            async with team.at_work():
                await until(lambda: _waiting(store) >= 3, "three servers that wait for the log")
                assert [ear.heard for ear in ears] == before
                assert team.done == 0
                may_end.set()
                await team.until_more(6)
            if commits:
                assert await writing == head + 1
            else:
                with pytest.raises(InterruptedError):
                    await writing
            await team.put_down()
            await everything_holds(network, ledger, ears)
            heard_first = [ear.heard[len(b)] for ear, b in zip(ears, before, strict=True)]
            assert heard_first == [head + 1] * len(ears)
    finally:
        may_end.set()
        store.close()


def _waiting(store: Store) -> int:
    """How many wait for the log's lock."""
    asked = sa.text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND objid = :lock AND database = (SELECT oid FROM pg_database"
        " WHERE datname = current_database())"
    ).bindparams(lock=store_log.LOCK)
    return int(store.read_now(lambda tx: tx.scalar(asked)))


# --- coming and going -------------------------------------------------------------------------

WHO = ("hub-coordinator", "county-requester", "second-coordinator")
STEP = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NODES)),
    st.tuples(st.just("hop"), st.integers(0, len(WHO) - 1)),
    st.tuples(st.just("burst"), st.integers(2, 5)),
)


def test_whoever_comes_and_goes_hears_all_of_it_in_order(network: Network) -> None:
    """Whatever the order of facts and lost lines, and wherever each comes back: what was heard over
    all sockets is the log as far as it may be seen, once and in order."""

    @settings(
        max_examples=max(3, ROUNDS // 12), deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(STEP, min_size=6, max_size=24), st.integers(0, 2**16))
    def play(steps: list[tuple[str, int | str]], seed: int) -> None:
        asyncio.run(_play(network, steps, seed))

    play()


async def _play(network: Network, steps: Sequence[tuple[str, int | str]], seed: int) -> None:
    ledger = Ledger()
    async with AsyncExitStack() as end:
        http = await end.enter_async_context(client())
        team = await team_of(network, http, ledger, READERS, seed=seed)
        ears: list[Ear] = await end.enter_async_context(listening(network, *WHO, seed=seed))
        for word, what in steps:
            if word == "hop":
                await ears[int(what)].hop()
                continue
            readers = team.readers[: int(what)] if word == "burst" else team.readers[:1]
            if word == "write":
                readers[0].nodes = (str(what),)
            await asyncio.gather(*(reader.step() for reader in readers))
        await team.put_down()
        await everything_holds(network, ledger, ears)
