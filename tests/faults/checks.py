"""What must hold of the network after any fault, all of it, every time.

No fact lost that was acknowledged, none there twice; every recipient heard what they may see,
in order and once; every request in one legal state with attempts to match; the followers came to
the log's end and counted right; the audit's chain holds.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from telemed.core.activity import Kind
from telemed.core.request import State
from telemed.followers.tallies import rebuild
from telemed.operations.histories import unlike_their_history
from telemed.server.hearing import hearing
from telemed.store import audit
from telemed.store import log as store_log
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Row, Tx
from tests import world
from tests.faults.ears import Ear
from tests.faults.network import Network, until

_OPEN: Final = ("SCHEDULED", "IN PROGRESS")
_WORK: Final = {
    State.OPEN: {"SCHEDULED", "IN PROGRESS"},
    State.ANSWERED: {"COMPLETED"},
    State.CONFIRMED: {"COMPLETED"},
    State.DRAFT: {None},
    State.DISCARDED: {None},
}
"""What a request's last attempt may be; in the other states it is CANCELED."""
_TAKES: Final = {Kind.WORKITEM_CLAIMED.value}
_GIVES_BACK: Final = {
    Kind.WORKITEM_RELEASED.value, Kind.WORKITEM_EXPIRED.value, Kind.REPORT_ISSUED.value,
    Kind.REQUEST_RETURNED.value, Kind.REQUEST_WITHDRAWN.value,
}  # fmt: skip


@dataclass
class Ledger:
    """What people were promised: an answer below 400 to a step that tells a fact."""

    promised: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Also what had no answer, which may have happened or not."""

    def ask(self, request: str, kind: Kind) -> None:
        self.asked[request, kind.value] += 1

    def promise(self, request: str, kind: Kind) -> None:
        self.promised[request, kind.value] += 1


async def everything_holds(network: Network, ledger: Ledger, ears: Iterable[Ear] = ()) -> None:
    """Wait until the followers and the ears have come to the log's end, then look at all of it."""
    store = Store(network.url)
    try:
        told = {}
        for ear in ears:
            key = (ear.who, ear.began)
            told[key] = await _heard_all(store, ear, told.get(key))
        await until(lambda: store.read_now(_followed), "the followers")
        await asyncio.to_thread(_all_holds, store, ledger)
    finally:
        store.close()


def _all_holds(store: Store, ledger: Ledger) -> None:
    store.read_now(lambda tx: _log_holds(tx, ledger))
    store.read_now(_attempts_are_legal)
    store.read_now(_nothing_is_twice)
    assert store.read_now(unlike_their_history) == []
    assert store.read_now(audit.verify_chain) is None
    assert rebuild(store).same


def _followed(tx: Tx) -> bool:
    return set(store_log.all_bookmarks(tx).values()) == {store_log.head(tx)}


# --- the log ----------------------------------------------------------------------------------


def _log_holds(tx: Tx, ledger: Ledger) -> None:
    rows = tx.all(sa.select(t.activities).order_by(t.activities.c.seq))
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), "the log has a gap"
    found = Counter((row["request_id"], row["kind"]) for row in rows)
    lost = {key: n for key, n in ledger.promised.items() if found[key] < n}
    assert not lost, f"acknowledged and not there: {lost}"
    twice = {key: found[key] for key, n in ledger.asked.items() if found[key] > n}
    assert not twice, f"there more often than anybody asked: {twice}"
    for request, facts in groupby(sorted(rows, key=_by_request), key=lambda r: r["request_id"]):
        _claims_alternate(str(request), [row["kind"] for row in facts])


def _by_request(row: Row) -> tuple[str, int]:
    return row["request_id"] or "", row["seq"]


def _claims_alternate(request: str, kinds: list[str]) -> None:
    """Nobody claims what is claimed, nothing is released that is not."""
    held = False
    for kind in kinds:
        if kind in _TAKES:
            assert not held, f"{request} was claimed twice: {kinds}"
            held = True
        elif kind in _GIVES_BACK:
            assert held or not kind.startswith("workitem"), f"{request} was not claimed: {kinds}"
            held = False


# --- the rows ---------------------------------------------------------------------------------


def _attempts_are_legal(tx: Tx) -> None:
    w = t.workitems.c
    attempts: dict[str, list[Row]] = {}
    for row in tx.all(sa.select(t.workitems).order_by(w.request_id, w.attempt)):
        attempts.setdefault(row["request_id"], []).append(row)
    for row in tx.all(sa.select(t.requests.c.id, t.requests.c.state)):
        mine = attempts.get(row["id"], [])
        assert [a["attempt"] for a in mine] == list(range(1, len(mine) + 1))
        assert all(a["state"] not in _OPEN for a in mine[:-1]), "an earlier attempt is still open"
        last = mine[-1]["state"] if mine else None
        assert last in _WORK.get(State(row["state"]), {"CANCELED"}), (row, last)


def _nothing_is_twice(tx: Tx) -> None:
    """One signed original for a request, one notice for a person and a rung, one tally entry."""
    originals = sa.select(t.reports.c.request_id, sa.func.count()).select_from(
        t.signed_reports.join(
            t.report_versions, t.report_versions.c.id == t.signed_reports.c.version_id
        ).join(t.reports, t.reports.c.id == t.report_versions.c.report_id)
    ).where(t.report_versions.c.kind == "original")  # fmt: skip
    _at_most_once(tx, originals.group_by(t.reports.c.request_id))
    n = t.notices.c
    for keys in ((n.source, n.account_id), (n.escalation_id, n.rung, n.account_id)):
        counted = sa.select(*keys, sa.func.count()).where(keys[0].is_not(None))
        _at_most_once(tx, counted.group_by(*keys))
    e = t.tally_entries.c
    issued = sa.select(e.request_id, sa.func.count()).where(e.indicator == "issued")
    _at_most_once(tx, issued.group_by(e.request_id))


def _at_most_once(tx: Tx, counted: sa.Select[Any]) -> None:
    for row in tx.rows(counted):
        assert row[-1] == 1, row


# --- the ears ---------------------------------------------------------------------------------


async def _heard_all(store: Store, ear: Ear, told: list[int] | None) -> list[int]:
    """What somebody heard over any number of sockets is what the log has for them, once each."""
    a = t.activities.c
    if told is None:
        mine = sa.select(a.seq).where(a.seq > ear.began, hearing(world.subject(ear.who)))
        rows = await asyncio.to_thread(store.read_now, lambda tx: tx.all(mine.order_by(a.seq)))
        told = [row["seq"] for row in rows]
    async with asyncio.timeout(60):
        while len(ear.heard) < len(told) and ear.listens:
            await asyncio.sleep(0.02)
    assert ear.fault is None, ear.fault
    assert ear.heard[: len(told)] == told, f"{ear.who} heard otherwise than the log says"
    return told
