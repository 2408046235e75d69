"""Workitems under any sequence of calls, held against a model: own ones and attempts of requests.

The walk goes through the actions with a real database. `TELEMED_UPS_WALKS=2000` walks longer.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from telemed.actions import ups as acts
from telemed.actions import ups_events, ups_subscriptions, worklist
from telemed.assemble import open_services
from telemed.core.errors import Problem
from telemed.core.ups import GLOBAL
from telemed.core.workitem import MACHINE, State
from telemed.dicom.refusal import Refused
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.store import log as store_log
from telemed.store import tables as t
from telemed.store import ups as store
from telemed.store import ups_subscribers
from telemed.store.tx import Tx
from telemed.store.ups_tables import ups_items
from telemed.store.ups_tables import ups_subscribers as ups_subscribers_table
from telemed.store.ups_tables import ups_subscriptions as ups_subscriptions_table
from tests.server.ups_client import (
    one,
    performed,
    report_requested,
    to_state,
    value,
    workitem,
)
from tests.world import Clock, canary_of, subject

WALKS = int(os.environ.get("TELEMED_UPS_WALKS", "30"))
UIDS = ("2.25.1", "2.25.2")
WHO = ("hub-reader", "hub-reader2")
CALLS = st.lists(
    st.tuples(
        st.sampled_from(("create", "state", "update", "performed", "cancel", "browser", "lease")),
        st.sampled_from((*UIDS, "case")),
        st.sampled_from([state.value for state in State]),
        st.sampled_from(("2.25.11", "2.25.12", None)),
        st.sampled_from(WHO),
    ),
    min_size=10,
    max_size=25,
)


class House:
    """The services under a name that a failure can print."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def __repr__(self) -> str:
        return "house"


@pytest.fixture(scope="module")
def house(world_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The world's database without a server."""
    folder = shutil.copytree(world_template, tmp_path_factory.mktemp("walk") / "data")
    opened = open_services(Settings(data_dir=folder, free_space_reserve_bytes=0))
    opened.clock = Clock()
    yield House(opened)
    opened.threads.shutdown()
    opened.store.close()


class Walk:
    """One walk: what was asked, what the rows went through, what a subscriber would hear."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.case = self.act("county-requester", _request)
        # Each walk begins with names of its own.
        mark = self.services.new_id().replace("-", "")
        self.names = {uid: f"{uid}.{int(mark, 16)}" for uid in UIDS}
        self.aet = f"W{mark[-8:]}"
        self.act("hub-reader2", self._subscribe)

    def _subscribe(self, act: Any) -> None:
        for table in (ups_subscriptions_table, ups_subscribers_table):
            act.tx.execute(table.delete())
        ups_subscriptions.subscribe(act, GLOBAL, self.aet, False, ())

    def act(self, who: str, do: Callable[[Any], Any]) -> Any:
        """Run an action as somebody, in one transaction."""
        make = self.services.make_act
        return self.services.store.write_now(lambda tx: do(make(tx, subject(who))))

    def uid_of(self, name: str) -> str:
        """The UID of an own workitem, or of the case's latest attempt."""
        if name != "case":
            return self.names[name]
        rows = self.services.store.read_now(self._attempts)
        return store.uid_of(rows[-1]["id"])

    def _attempts(self, tx: Tx) -> list[Any]:
        rows = tx.all(t.workitems.select().where(t.workitems.c.request_id == self.case))
        return sorted(rows, key=lambda row: row["attempt"])

    def states(self) -> dict[str, str]:
        """Every workitem's state by UID."""
        own = self.services.store.read_now(lambda tx: tx.all(ups_items.select()))
        mine = {row["uid"]: row["state"] for row in own if row["uid"] in self.names.values()}
        rows = self.services.store.read_now(self._attempts)
        return mine | {store.uid_of(row["id"]): row["state"] for row in rows}

    def heard(self) -> list[tuple[str, str]]:
        """The state reports of the subscriber, from the beginning, as a late comer gets them."""

        def ask(tx: Tx) -> list[tuple[str, str]]:
            act = self.services.make_act(tx, subject("hub-reader2"))
            row = ups_subscribers.find(tx, "hub", self.aet)
            assert row is not None
            watch = ups_events.watching(act, row)
            seen = store_log.since(tx, row["seq"], 10_000)
            wanted = [one for one in seen if one.kind in {k.value for k in acts.ups.WATCHED}]
            told = [event for _, events in ups_events.reports(watch, wanted) for event in events]
            assert b"00081195" not in orjson.dumps(told)
            return [
                (value(event, "00001000"), value(event, "00741000"))
                for event in told
                if value(event, "00001002") == 1
            ]

        return self.services.store.read_now(ask)


def _request(act: Any) -> str:
    """A request of county to hub; its id."""
    mine = t.studies.c.patient_id == canary_of("county").upper()
    (study,) = act.tx.all(t.studies.select().where(mine))
    uid, _ = acts.create(act, None, report_requested(study))
    (row,) = act.tx.all(t.workitems.select().where(t.workitems.c.id == store.id_of(uid)))
    return str(row["request_id"])


def step(walk: Walk, call: tuple[str, str, str, str | None, str]) -> None:
    """One call; a refusal is an answer, anything else a fault."""
    what, name, state, tuid, who = call
    uid = walk.uid_of(name)

    def do(act: Any) -> object:
        match what:
            case "create":
                return acts.create(act, uid, workitem()) if name != "case" else None
            case "state":
                return acts.change_state(act, uid, to_state(state, tuid))
            case "update":
                label = {"00741204": one("LO", "x"), "00404041": one("CS", "READY")}
                return acts.update(act, uid, label if name != "case" else {}, tuid or "")
            case "performed":
                return acts.update(act, uid, performed(), tuid or "")
            case "cancel":
                return acts.request_cancellation(act, uid, {}, "ASKER") if name != "case" else None
            case "browser":
                return worklist.claim(act, walk.case)
            case _:
                walk.services.clock.advance(minutes=16)  # type: ignore[attr-defined]
                return worklist.release_abandoned(act)

    with suppress(Problem, Refused):
        walk.act(who, do)


# Without shrinking: a walk is short enough to be read, and each step of one is a commit.
@settings(max_examples=WALKS, phases=[Phase.explicit, Phase.generate])
@given(calls=CALLS)
def test_any_walk_stays_in_the_table_and_is_told_whole(
    house: House, calls: list[tuple[str, str, str, str | None, str]]
) -> None:
    """Each workitem moves only as the table says, an end is the end (UP-05); and whoever replays
    the log hears exactly the states that there were, in order."""
    walk = Walk(house.services)
    before = walk.states()
    lived: list[tuple[str, str]] = []
    for call in calls:
        step(walk, call)
        after = walk.states()
        assert before.keys() <= after.keys()
        for uid, state in after.items():
            was = before.get(uid)
            if was is not None and was != state:
                assert State(state) in MACHINE.table[State(was)].values(), (call, uid, was, state)
        assert sum(s in ("SCHEDULED", "IN PROGRESS") for u, s in after.items()
                   if u not in walk.names.values()) <= 1  # fmt: skip
        lived += [(uid, state) for uid, state in after.items() if before.get(uid) != state]
        before = after
    heard = walk.heard()
    for uid in before:
        told = [state for one_uid, state in heard if one_uid == uid]
        was = [state for one_uid, state in lived if one_uid == uid]
        # The server's own cancellation goes by way of a claim, and readiness is told as well.
        assert _without_repeats(told, was) == was, (uid, told, was)


def _without_repeats(told: list[str], was: list[str]) -> list[str]:
    """The reports less what is told twice and the claim that the server makes to cancel."""
    kept = [state for n, state in enumerate(told) if n == 0 or state != told[n - 1]]
    if "IN PROGRESS" not in was and "CANCELED" in kept:
        kept = [state for state in kept if state != "IN PROGRESS"]
    return kept
