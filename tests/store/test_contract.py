"""What every database must do alike: the workflow's store, on SQLite and on a real PostgreSQL."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemed.actions import holds, reports, requests, worklist
from telemed.actions.act import Act
from telemed.actions.requests import Decision
from telemed.assemble import new_id
from telemed.core.activity import Fact, Kind
from telemed.core.catalogue import Catalogue
from telemed.core.errors import Problem
from telemed.core.worklist import OVERVIEW, TABS
from telemed.followers.follow import catch_up_fully
from telemed.followers.tallies import TALLIES, rebuild
from telemed.server import cases as pages
from telemed.server.worklist import open_desk
from telemed.settings import CONFIGS, load_catalogue
from telemed.store import engine, log, tallies
from telemed.store import holds as kept
from telemed.store import requests as cases
from telemed.store import tables as t
from telemed.store import worklist as lists
from telemed.store.access import visible_requests
from telemed.store.engine import Store
from telemed.store.migrate import migrate
from telemed.store.removal_tables import legal_holds
from telemed.store.signer import SoftwareSigner
from telemed.store.tx import Tx
from tests.store.shapes import Database
from tests.world import (
    CONTENT,
    REPORT_FIELDS,
    START,
    add_account,
    add_network,
    add_people,
    add_person,
    consent,
    subject,
)

RACERS = [f"hub-r{n}" for n in range(20)]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The real one."""
    return load_catalogue(CONFIGS)


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """A migrated database with the world's hospitals and people."""
    opened = Store(database(migrate))

    def people(tx: Tx) -> None:
        add_network(tx)
        add_people(tx)
        for who in RACERS:
            add_person(tx, who, "hub", ["32"], date(2010, 7, 1))
            add_account(tx, who, ["reader"], "hub", who)

    opened.write_now(people)
    yield opened
    opened.close()


@pytest.fixture
def play(store: Store, catalogue: Catalogue) -> Any:
    """Run an action as somebody, minutes after the start."""

    def run(who: str, do: Any, minutes: float = 0) -> Any:
        at = START + timedelta(minutes=minutes)
        acting = subject(who) if who not in RACERS else _racer(who)
        return store.write_now(lambda tx: do(Act(tx, acting, at, new_id, catalogue)))

    return run


def _racer(who: str) -> Any:
    return replace(subject("hub-reader"), account_id=who, person_id=who)


def send(act: Act) -> str:
    """A complete request, sent."""
    now = act.now
    act.tx.insert_missing(
        t.patients,
        [{"id": "p", "institution_id": "county", "patient_id": "P", "name": "张某", "search": "",
          "sex": "F", "birth_date": "1980-01-01", "id_number": "", "phone": "", "created_at": now}],
    )  # fmt: skip
    act.tx.insert_missing(
        t.studies,
        [{"id": "s", "institution_id": "county", "study_uid": "2.25.1", "patient_ref": "p",
          "patient_name": "", "patient_search": "", "patient_id": "P", "accession_number": "",
          "study_date": "", "study_time": "", "description": "", "study_local_id": "",
          "referring_physician": "", "modalities": "CT", "body_part": "", "series_count": 1,
          "instance_count": 1, "bytes": 1, "name_keys": "", "referring_keys": "",
          "sop_classes": "", "attributes": {}, "search_json": b"", "received_at": now,
          "updated_at": now}],
    )  # fmt: skip
    case = requests.create(act, "imaging", "routine")
    change = requests.Edit(
        version=1, provider_id="hub", patient_ref="p", content=CONTENT["imaging"],
        consent=consent("hub"), study_ids=["s"],
    )  # fmt: skip
    requests.edit(act, case, change)
    requests.submit(act, case)
    return case


def test_a_case_goes_from_draft_to_the_tally(store: Store, play: Any, tmp_path: Path) -> None:
    """The whole workflow through the actions: states, facts and counted entries."""
    signer = SoftwareSigner.load(tmp_path / "key")
    case = play("county-requester", send)
    play("hub-coordinator", lambda a: requests.return_(a, case, "missing-history", ""), 10)
    play("county-requester", lambda a: requests.resubmit(a, case), 20)
    play("hub-reader", lambda a: worklist.claim(a, case), 30)
    play("hub-reader", lambda a: worklist.release(a, case, "called-away", ""), 31)
    play("hub-reader", lambda a: worklist.claim(a, case), 32)
    content = {"findings": "见", "impression": "意", "positive": True, "critical": [],
               "fields": REPORT_FIELDS["imaging"]}  # fmt: skip
    play("hub-reader", lambda a: reports.save_draft(a, case, 1, content), 33)
    play("hub-reader", lambda a: reports.sign(a, case, 2, signer), 34)
    play("hub-verifier", lambda a: reports.verify(a, case, 3, signer), 40)
    play("county-requester", lambda a: requests.confirm(a, case, Decision("adopted")), 50)
    row = store.read_now(lambda tx: tx.one(sa.select(t.requests)))
    assert row is not None and (row["state"], row["waited_seconds"]) == ("confirmed", 600)
    assert row["issued_at"] == START + timedelta(minutes=40)
    kinds = [a.kind for a in store.read_now(lambda tx: log.of_request(tx, case))]
    assert kinds == [
        "request.drafted", "request.submitted", "request.returned", "request.resubmitted",
        "workitem.claimed", "workitem.released", "workitem.claimed", "report.signed",
        "report.issued", "request.confirmed",
    ]  # fmt: skip
    catch_up_fully(store, TALLIES)
    assert rebuild(store).same
    counted = store.read_now(lambda tx: tallies.between(tx, 0, None))
    spent = [e.value for e in counted if e.indicator == "turnaround"]
    assert spent == [30 * 60]
    kept = store.read_now(lambda tx: tx.one(sa.select(t.signed_reports)))
    assert kept is not None
    assert signer.verify(kept["signed_bytes"], kept["signature"], kept["key_id"])


def test_of_twenty_claims_at_once_one_wins(store: Store, play: Any) -> None:
    """Real threads, real transactions: the state is compared and set (UP-06)."""
    case = play("county-requester", send)
    gate = threading.Barrier(len(RACERS))

    def race(who: str) -> str:
        gate.wait()
        try:
            play(who, lambda act: worklist.claim(act, case))
        except Problem as problem:
            return problem.code
        return "won"

    with ThreadPoolExecutor(len(RACERS)) as threads:
        ends = sorted(threads.map(race, RACERS))
    assert ends == ["already-claimed"] * (len(RACERS) - 1) + ["won"]
    facts = store.read_now(lambda tx: log.of_request(tx, case))
    assert [a.kind for a in facts].count("workitem.claimed") == 1


def test_log_order_is_commit_order(store: Store) -> None:
    """The second writer waits for the first to commit, so no smaller number appears later."""
    first_wrote, may_commit = threading.Event(), threading.Event()

    def fact(name: str) -> Fact:
        return Fact(Kind.WORKITEM_CLAIMED, START, None, None, (), request_id=name)

    def slow(tx: Tx) -> None:
        log.append(tx, [fact("first")])
        first_wrote.set()
        assert may_commit.wait(30)

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(store.write_now, slow)
        assert first_wrote.wait(30)
        two = threads.submit(store.write_now, lambda tx: log.append(tx, [fact("second")]))
        assert store.read_now(log.head) == 0
        may_commit.set()
        one.result(30)
        two.result(30)
    seen = store.read_now(lambda tx: log.since(tx, 0))
    assert [(a.seq, a.request_id) for a in seen] == [(1, "first"), (2, "second")]


@pytest.mark.parametrize(
    "verb",
    ["UPDATE activities SET kind = 'x'", "DELETE FROM activities",
     "UPDATE signed_reports SET sha256 = 'x'", "DELETE FROM audit"],
)  # fmt: skip
def test_the_database_itself_refuses_to_rewrite_history(store: Store, play: Any, verb: str) -> None:
    """Append-only tables refuse raw statements; SQLite's triggers fire per row, so one is there."""
    play("county-requester", send)
    row = {"version_id": "v", "signed_bytes": b"", "sha256": "", "signature": b"", "key_id": "",
           "verification_code": "c", "at": START}  # fmt: skip
    audit = {"seq": 1, "at": START, "event": "", "outcome": "", "address": "", "object_kind": "",
             "object_id": "", "detail": {}, "previous": "", "chain": ""}  # fmt: skip

    def fill(tx: Tx) -> None:
        report = {"id": "r", "request_id": _any_case(tx), "created_at": START}
        tx.insert(t.reports, report)
        tx.insert(
            t.report_versions,
            {"id": "v", "report_id": "r", "number": 1, "kind": "original", "state": "final",
             "revision": 1, "content": {}, "reason": "", "author_id": "hub-reader",
             "created_at": START, "updated_at": START},
        )  # fmt: skip
        tx.insert(t.signed_reports, row)
        tx.insert_missing(t.audit, [audit])

    store.write_now(fill)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        store.write_now(lambda tx: tx.execute(sa.text(verb)))


def _any_case(tx: Tx) -> str:
    return str(tx.scalar(sa.select(t.requests.c.id)))


def test_forms_and_times_come_back_as_they_went_in(store: Store, play: Any) -> None:
    """JSON keeps types and Chinese; times come back aware, in UTC, to the microsecond."""
    case = play("county-requester", send)
    odd = {"字": "汉字 “引号” \u2028 🫁", "n": 1, "f": 0.1, "none": None, "list": [1, {"a": True}]}
    local = datetime(2026, 3, 31, 23, 59, 59, 123456, timezone(timedelta(hours=8)))
    values = {"content": odd, "issued_at": local}
    store.write_now(lambda tx: tx.update(t.requests, t.requests.c.id == case, values))
    row = store.read_now(lambda tx: tx.one(sa.select(t.requests)))
    assert row is not None and row["content"] == odd
    assert row["issued_at"] == local and row["issued_at"].tzinfo is UTC
    early = store.read_now(
        lambda tx: tx.scalar(
            sa.select(t.requests.c.id).where(t.requests.c.issued_at < local + timedelta(seconds=1))
        )
    )
    assert early == case


def test_a_hold_is_on_until_it_is_lifted(store: Store, play: Any) -> None:
    """Found by its own words and by the patient's keys; a study may be held again afterwards."""
    play("county-requester", send)
    words = ("医疗纠纷", "法院", date(2026, 6, 1))

    def listed(act: Act, q: str) -> list[Any]:
        return holds.listed(act, None, q)

    boss = "county-coordinator"
    for minute in (1, 3):
        play(boss, lambda act: holds.place(act, "s", *words), minute)
        assert store.read_now(lambda tx: kept.on_hold(tx, "s"))
        play(boss, lambda act: holds.end(act, "s", "结案"), minute + 1)
        assert not store.read_now(lambda tx: kept.on_hold(tx, "s"))
    found = play(boss, lambda act: listed(act, "法院"))
    assert [(row["until"], row["end_reason"]) for row in found] == [(words[2], "结案")] * 2
    assert [len(play(boss, lambda act, q=q: listed(act, q))) for q in ("2.25.1", "别的")] == [2, 0]


def test_a_failed_act_leaves_nothing(store: Store, play: Any) -> None:
    """All of an act is kept or none of it: rows, numbers and facts."""

    def half(act: Act) -> None:
        send(act)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="middle"):
        play("county-requester", half)
    for table in (t.requests, t.workitems, t.activities, t.numbers):
        assert store.read_now(lambda tx, table=table: tx.all(sa.select(table))) == []


@pytest.mark.parametrize("flushed", [True, False])
async def test_acts_that_wait_share_a_flush_and_nothing_else(
    tmp_path: Path, flushed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite: one commit for all that waited, what fails undoes itself alone, and nobody is told
    of success before the commit, nor after one that failed."""
    store = Store(f"sqlite:///{tmp_path / 'telemed.sqlite3'}")
    t.metadata.create_all(store.writer)
    commits: list[set[str]] = []
    let_go, told = threading.Event(), set[str]()
    monkeypatch.setattr(engine, "_GROUP_SECONDS", 0)  # nobody joins the first

    @sa.event.listens_for(store.writer, "commit")
    def _commit(_connection: sa.Connection) -> None:
        commits.append(set(told))
        if len(commits) == 2 and not flushed:
            raise OSError("the disk is gone")

    def begin(name: str) -> Callable[[Tx], None]:
        def act(tx: Tx) -> None:
            tx.insert(t.bookmarks, {"follower": name, "seq": 1})
            if name == "first":
                let_go.wait()
                monkeypatch.setattr(engine, "_GROUP_SECONDS", 60)
            if name == "bad":
                raise RuntimeError("in the middle")

        return act

    async def ask(name: str) -> None:
        await store.write(begin(name))
        told.add(name)

    names = ["first", "a", "bad", "b", "c"]
    asked = [asyncio.create_task(ask(name)) for name in names]
    await asyncio.sleep(0)  # all have asked
    let_go.set()
    ends = await asyncio.gather(*asked, return_exceptions=True)
    kept = {row["follower"] for row in store.read_now(lambda tx: tx.all(sa.select(t.bookmarks)))}
    good = {"first", "a", "b", "c"} if flushed else {"first"}
    assert kept == told == good
    assert {n for n, end in zip(names, ends, strict=True) if end is None} == good
    assert len(commits) == 2 and not commits[1] - {"first"}
    store.close()


async def test_who_waits_for_a_writer_that_cannot_begin_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No act is left waiting when the database cannot be written to, and the next one may."""

    def refuse() -> None:
        raise OSError("no lock")

    with monkeypatch.context() as broken:
        broken.setattr(store, "writing", refuse)
        asked = [asyncio.create_task(store.write(log.head)) for _ in range(3)]
        ends = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20)
    assert [str(end) for end in ends] == ["no lock"] * 3
    assert await store.write(log.head) == 0


def test_a_read_cannot_write(store: Store) -> None:
    """A question changes nothing, whatever it tries."""
    with pytest.raises(sa.exc.DBAPIError, match=r"readonly|read-only"):
        store.read_now(lambda tx: tx.execute(sa.delete(t.bookmarks)))


def test_a_read_sees_one_moment(store: Store) -> None:
    """What is written between two statements of a question is seen by neither: a socket that asks
    for what is new and then for the end of the log loses nothing in between (WS-11)."""

    def ask(tx: Tx) -> tuple[int, int]:
        first = log.head(tx)
        told = Fact(Kind.WORKITEM_CLAIMED, START, None, None, ())
        with ThreadPoolExecutor(1) as other:
            other.submit(store.write_now, lambda tx: log.append(tx, [told])).result(30)
        return first, log.head(tx)

    assert store.read_now(ask) == (0, 0)
    assert store.read_now(log.head) == 1


def test_the_database_is_durable(store: Store) -> None:
    """A commit that was acknowledged survives a power cut on either database."""
    assert store.check_durable() is None


def test_no_query_is_compiled(store: Store) -> None:
    """PostgreSQL's JIT costs a page of a search a second, so connections do without."""
    if not store.sqlite:
        for ask in (store.read_now, store.write_now):
            assert ask(lambda tx: tx.scalar(sa.text("SHOW jit"))) == "off"


def test_a_case_is_shown_whole_with_the_patients_other_studies(store: Store, play: Any) -> None:
    """What is attached is the case's, what came before of the same patient is a prior, and a hold
    shows to the institution of the study alone; on either database."""
    case = play("county-requester", send)

    def earlier(tx: Tx) -> None:
        study = tx.find(t.studies, id="s") or {}
        for day in ("20240101", "20250101"):
            copy = {"id": day, "study_uid": f"2.25.{day}", "study_date": day}
            tx.insert(t.studies, {**study, **copy})
        hold = {"institution_id": "county", "reason": "court", "held_by": "county-admin"}
        tx.insert(legal_holds, {"id": "h", "study_id": "s", "at": START, **hold})

    store.write_now(earlier)
    for who, held in (("county-requester", [True]), ("hub-reader", [False])):
        shown = play(who, lambda a: pages.full(a, case), 1)
        assert [study["on_hold"] for study in shown["studies"]] == held
        assert [study["id"] for study in shown["priors"]] == ["20250101", "20240101"]
        assert shown["patient"]["id"] == shown["priors"][0]["patient"]["id"]
    assert play("region", lambda a: pages.full(a, case), 1)["studies"] == []


def test_a_desk_finds_a_case_in_the_tab_of_its_stage(
    store: Store, play: Any, tmp_path: Path
) -> None:
    """From the queue to the archive: each stage is in its tabs and no other, as its reader and a
    colleague see it; a list finds the case by its question for those who may see it."""
    signer = SoftwareSigner.load(tmp_path / "key")

    def tabs(who: str, minutes: float = 0) -> set[str]:
        def look(act: Act) -> set[str]:
            desk = open_desk(act, worklist.taker(act.tx, act.subject))
            names = tuple(tab for tab in TABS if tab not in OVERVIEW | lists.NAMED)
            counts = lists.counts(act.tx, desk.base, names, desk.values)
            found = {name for name, count in counts.items() if count}
            return found | {
                name
                for name, ids in desk.named.items()
                if lists.held_of(act.tx, desk.base, ids, desk.values)
            }

        return set(play(who, look, minutes))

    case = play("county-requester", send)
    assert tabs("hub-reader") == {"pool"}
    play("hub-reader", lambda a: worklist.claim(a, case), 1)
    assert (tabs("hub-reader", 1), tabs("hub-reader2", 1)) == ({"mine"}, {"held"})
    content = {"findings": "见", "impression": "意", "critical": [],
               "fields": REPORT_FIELDS["imaging"]}  # fmt: skip
    play("hub-reader", lambda a: reports.save_draft(a, case, 1, content), 2)
    play("hub-reader", lambda a: reports.sign(a, case, 2, signer), 3)
    assert tabs("hub-reader", 3) == tabs("hub-verifier", 3) == {"verify"}
    play("hub-verifier", lambda a: reports.verify(a, case, 3, signer), 4)
    assert tabs("hub-reader", 4) == {"done", "archive"}
    assert tabs("hub-reader", 24 * 60) == {"archive"}
    play("hub-reader", lambda a: reports.revise(a, case, "addendum", "补充"), 24 * 60)
    assert tabs("hub-reader", 24 * 60) == {"mine", "archive"}

    def found(act: Act) -> list[str]:
        rule = sa.and_(
            visible_requests(act.subject, act.now), cases.matches(CONTENT["imaging"]["question"])
        )
        return [row["id"] for row in cases.listed(act.tx, rule, [t.requests.c.created_at.desc()])]

    assert play("county-requester", found) == play("region", found) == [case]
    assert play("liuzhou", found) == play("second-reader", found) == []
