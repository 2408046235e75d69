"""The activity log: order is commit order, readers miss nothing, nothing is rewritten."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemed.core.activity import Activity, Fact, Kind
from telemed.followers.follow import Follower, catch_up, catch_up_fully
from telemed.store import engine, log
from telemed.store.audit import append_only_triggers
from telemed.store.tables import activities, bookmarks
from telemed.store.tx import Tx
from tests.store.rows import NOW, store_at, store_on
from tests.store.shapes import Database, make_tables


def fact(name: str = "x", *parties: str) -> Fact:
    """A fact that can be told apart."""
    return Fact(Kind.WORKITEM_CLAIMED, NOW, None, None, parties, request_id=name, data={"n": name})


def test_facts_come_back_as_they_were_told(tmp_path: Path) -> None:
    """Kind, time, parties and data survive; numbers begin at one and have no gap."""
    with store_at(tmp_path) as store:
        told = store.write_now(lambda tx: log.append(tx, [fact("a", "p", "q"), fact("b")]))
        assert [(a.seq, a.request_id, a.parties) for a in told] == [
            (1, "a", ("p", "q")),
            (2, "b", ()),
        ]
        assert store.read_now(lambda tx: log.since(tx, 0)) == told
        assert store.read_now(lambda tx: log.of_request(tx, "b")) == told[1:]
        assert store.write_now(lambda tx: log.append(tx, [])) == []
        assert store.read_now(log.head) == 2


def test_what_was_rolled_back_leaves_no_gap(tmp_path: Path) -> None:
    """A transaction that fails takes its facts and its numbers with it."""
    with store_at(tmp_path) as store:

        def fail(tx: Tx) -> None:
            log.append(tx, [fact("lost")])
            raise RuntimeError("changed my mind")

        with pytest.raises(RuntimeError, match="changed"):
            store.write_now(fail)
        assert [a.seq for a in store.write_now(lambda tx: log.append(tx, [fact("kept")]))] == [1]


def slow_inserts(tx: Tx) -> None:
    """PostgreSQL answers as it does under load, for this transaction: a driver may send more than
    it would to one that answers at once."""
    slow = "BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END"
    name = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql"
    tx.connection.exec_driver_sql(f"{name} AS '{slow}'")
    for table in (activities, bookmarks):
        on = f"BEFORE INSERT ON {table.name} FOR EACH ROW"
        tx.connection.exec_driver_sql(f"CREATE TRIGGER slow {on} EXECUTE FUNCTION slow()")


@pytest.mark.services
@pytest.mark.parametrize("how", ["insert", "insert_missing", "add_up"])
async def test_whoever_falls_asleep_in_a_write_loses_it(
    on_postgres: Database, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """PostgreSQL's clock of idle transactions runs after each way to write rows, one or several:
    the log's lock is not kept by a server that was paused."""
    url = on_postgres(make_tables)
    monkeypatch.setitem(engine._LIMITS, "idle_in_transaction_session_timeout", "200ms")
    with store_on(url) as store:

        def sleep(tx: Tx, many: int) -> None:
            slow_inserts(tx)
            log.append(tx, [fact(str(n)) for n in range(many)])
            if how == "insert_missing":
                rows = [{"follower": str(n), "seq": n} for n in range(many)]
                assert tx.insert_missing(bookmarks, rows) == many
            if how == "add_up":
                tx.add_up(bookmarks, [{"follower": "f", "seq": n} for n in range(many)], "seq")
            time.sleep(1)

        for many in (1, 3):
            with pytest.raises(sa.exc.DBAPIError) as undone:
                await store.write(lambda tx, many=many: sleep(tx, many))
            assert engine.problem_of(undone.value) == "unavailable"
            assert store.read_now(log.head) == 0


def test_many_rows_are_written_once_each_whatever_was_there(database: Database) -> None:
    """However many: of those that are there already none is written, and only the new are counted;
    one that is there twice is refused whole where it must be new."""
    with store_on(database(make_tables)) as store:
        rows = [{"follower": str(n), "seq": n} for n in range(87)]
        assert store.write_now(lambda tx: tx.insert_missing(bookmarks, rows[40:60])) == 20
        assert store.write_now(lambda tx: tx.insert_missing(bookmarks, [*rows, rows[0]])) == 67
        with pytest.raises(sa.exc.IntegrityError):
            store.write_now(lambda tx: tx.insert(bookmarks, [{"follower": "x", "seq": 1}, rows[3]]))
        kept = store.read_now(lambda tx: tx.all(sa.select(bookmarks)))
        assert sorted(row["seq"] for row in kept) == list(range(87))


def test_the_log_refuses_update_delete_and_replace(tmp_path: Path) -> None:
    """What happened, happened: the database says so itself."""
    with store_at(tmp_path) as store:
        for statement in append_only_triggers("sqlite"):
            store.write_now(lambda tx, statement=statement: tx.execute(sa.text(statement)))
        store.write_now(lambda tx: log.append(tx, [fact()]))
        for change in (
            sa.update(activities).values(kind="report.issued"),
            sa.delete(activities),
            sa.text("INSERT OR REPLACE INTO activities SELECT * FROM activities"),
        ):
            with pytest.raises(sa.exc.DBAPIError, match="append-only"):
                store.write_now(lambda tx, change=change: tx.execute(change))
        assert store.read_now(log.head) == 1


def test_a_reader_never_finds_a_smaller_number_later(tmp_path: Path) -> None:
    """Four writers and a reader: what the reader saw is the whole log, in order."""
    with store_at(tmp_path) as store, ThreadPoolExecutor(4) as threads:
        writing = [
            threads.submit(store.write_now, lambda tx, n=n: log.append(tx, [fact(str(n))] * 2))
            for n in range(40)
        ]
        seen: list[Activity] = []
        while len(seen) < 80:
            after = seen[-1].seq if seen else 0
            seen += store.read_now(lambda tx, after=after: log.since(tx, after, 7))
        assert all(w.result() for w in writing)
        assert [a.seq for a in seen] == list(range(1, 81))
        assert {a.request_id for a in seen} == {str(n) for n in range(40)}


def test_parties_hear_and_others_do_not(tmp_path: Path) -> None:
    """Any of three parties; no fact belongs to nobody's hearing by accident."""
    with store_at(tmp_path) as store:
        three = [fact("a", "p"), fact("b", "q", "p"), fact("c", "q", "r", "p"), fact("d")]
        store.write_now(lambda tx: log.append(tx, three))
        for place, heard in (("p", "abc"), ("q", "bc"), ("r", "c"), ("s", "")):
            rows = store.read_now(lambda tx, p=place: log.since(tx, 0, 9, log.concerns(p)))
            assert "".join(str(a.request_id) for a in rows) == heard


def test_a_follower_handles_each_fact_once_and_starts_where_it_was(tmp_path: Path) -> None:
    """The bookmark moves with the work: a failure loses neither, a restart repeats nothing."""
    handled: list[int] = []
    broken = True

    def handle(tx: Tx, seen: list[Activity]) -> None:
        if broken and seen[-1].seq > 2:
            raise RuntimeError("not yet")
        handled.extend(a.seq for a in seen)

    follower = Follower("test", handle)  # type: ignore[arg-type]
    with store_at(tmp_path) as store:
        store.write_now(lambda tx: log.append(tx, [fact(), fact()]))
        assert catch_up_fully(store, follower) == 2
        store.write_now(lambda tx: log.append(tx, [fact()]))
        with pytest.raises(RuntimeError, match="not yet"):
            store.write_now(lambda tx: catch_up(tx, follower))
        assert store.read_now(lambda tx: log.bookmark(tx, "test")) == 2
        broken = False
        assert catch_up_fully(store, follower) == 1
        assert handled == [1, 2, 3] and catch_up_fully(store, follower) == 0
        assert store.read_now(log.all_bookmarks) == {"test": 3}


def test_a_time_without_a_zone_never_enters(tmp_path: Path) -> None:
    """Naive times are a mistake, and are refused where they would be stored."""
    with store_at(tmp_path) as store:
        naive = Fact(Kind.WORKITEM_CLAIMED, NOW.replace(tzinfo=None), None, None, ())
        with pytest.raises(ValueError, match="naive"):
            store.write_now(lambda tx: log.append(tx, [naive]))
        far = Fact(Kind.WORKITEM_CLAIMED, NOW + timedelta(microseconds=1), None, None, ())
        told = store.write_now(lambda tx: log.append(tx, [far]))
        assert store.read_now(lambda tx: log.since(tx, 0)) == told
