"""Accounts and the audit chain on both databases: nothing recorded is changed unseen."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from telemed.store import accounts, audit
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.store.shapes import Database, make_tables

NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


def _tables_that_refuse(store: Store) -> None:
    make_tables(store)
    _install_triggers(store)


def _install_triggers(store: Store) -> None:
    with store.writer.begin() as connection:
        for statement in audit.append_only_triggers("sqlite" if store.sqlite else "postgresql"):
            connection.exec_driver_sql(statement)


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """An empty database with its schema and its triggers."""
    made = Store(database(_tables_that_refuse))
    _install_triggers(made)  # a test may have dropped them
    yield made
    made.close()


def entry(number: int = 0, **more: Any) -> audit.Entry:
    """Some event."""
    fields = {
        "at": NOW + timedelta(seconds=number),
        "event": audit.Event.QUERY,
        "outcome": "success",
        "account_id": "a",
        "institution_id": None,
        "address": "127.0.0.1",
        "object_kind": "study",
        "object_id": str(number),
        "detail": {"n": number, "text": "影像"},
    }
    return audit.Entry(**{**fields, **more})


def fill(store: Store, count: int = 8) -> None:
    """Append some events, one transaction each."""
    for number in range(count):
        store.write_now(partial(audit.append, entry=entry(number)))


def tamper(store: Store, *statements: str) -> None:
    """Change the audit as somebody who owns the database could."""
    with store.writer.begin() as connection:
        if store.sqlite:
            for name in ("update", "delete", "replace"):
                connection.exec_driver_sql(f"DROP TRIGGER audit_no_{name}")
        else:
            connection.exec_driver_sql("DROP TRIGGER audit_append_only ON audit")
        for statement in statements:
            connection.exec_driver_sql(statement)


# --- the chain --------------------------------------------------------------------------------


def test_an_untouched_chain_holds(store: Store) -> None:
    """Empty, short and longer than one chunk, the chain verifies; times may even run back."""
    assert store.read_now(audit.verify_chain) is None
    fill(store)

    def many(tx: Tx) -> None:
        for number in range(1010):
            audit.append(tx, entry(-number))

    store.write_now(many)
    assert store.read_now(audit.verify_chain) is None
    assert store.read_now(audit.head).seq == 1018


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        (["UPDATE audit SET outcome = 'failure' WHERE seq = 3"], 3),
        (["UPDATE audit SET detail = '{\"n\": 5}' WHERE seq = 6"], 6),
        (["UPDATE audit SET account_id = NULL WHERE seq = 1"], 1),
        (["DELETE FROM audit WHERE seq = 4"], 4),
        (["DELETE FROM audit WHERE seq = 1"], 1),
        (["DELETE FROM audit WHERE seq >= 7"], 7),
        (["DELETE FROM audit"], 1),
        (
            [
                "UPDATE audit SET seq = 99 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 99",
            ],
            2,
        ),
        (
            [
                "INSERT INTO audit SELECT 9, at, event, outcome, account_id, institution_id,"
                " address, object_kind, object_id, detail, previous, chain FROM audit WHERE seq = 8"
            ],
            9,
        ),
        (["DELETE FROM settings WHERE key = 'audit-head'"], 1),
    ],
    ids=[
        "edit",
        "edit-detail",
        "edit-first",
        "delete",
        "delete-first",
        "truncate",
        "empty",
        "reorder",
        "forge",
        "lose-head",
    ],
)
def test_tampering_is_found_and_the_first_bad_row_named(
    store: Store, statements: list[str], first_bad: int
) -> None:
    """Edits, deletions, new orders, cut ends and additions are all found (LG-02)."""
    fill(store)
    tamper(store, *statements)
    assert store.read_now(audit.verify_chain) == first_bad


def test_a_cut_chain_stays_broken_when_events_go_on(store: Store) -> None:
    """New rows follow the kept head, so they cannot close the gap."""
    fill(store)
    tamper(store, "DELETE FROM audit WHERE seq > 5")
    fill(store, 2)
    assert store.read_now(audit.verify_chain) == 6


@pytest.mark.parametrize(("seq", "found"), [(2, None), (5, None), (6, 6), (8, 8)])
def test_the_newest_rows_can_be_checked_alone(store: Store, seq: int, found: int | None) -> None:
    """Three of eight rows are checked against the one before them, older ones are not."""
    fill(store)
    check = partial(audit.verify_chain, newest=3)
    assert store.read_now(check) is None
    assert store.read_now(partial(audit.verify_chain, newest=99)) is None
    tamper(store, f"UPDATE audit SET outcome = 'x' WHERE seq = {seq}")
    assert store.read_now(check) == found
    assert store.read_now(audit.verify_chain) == seq


def test_a_chain_rewritten_whole_is_found_by_an_anchor_kept_elsewhere(store: Store) -> None:
    """Who recomputes every hash is still caught by a head that was shipped away before."""
    fill(store)
    anchor = store.read_now(audit.head)
    tamper(store, "DELETE FROM audit", "DELETE FROM settings")
    for number in range(8):
        store.write_now(partial(audit.append, entry=entry(number + 1)))
    assert store.read_now(audit.verify_chain) is None
    assert store.read_now(lambda tx: audit.verify_chain(tx, [anchor])) == 8


def test_the_database_itself_refuses_to_change_what_was_recorded(store: Store) -> None:
    """UPDATE, DELETE, and on SQLite REPLACE, of the three growing tables abort (RP-07)."""
    fill(store, 1)
    store.write_now(
        lambda tx: tx.insert(t.activities, {"seq": 1, "kind": "k", "at": NOW, "data": {}})
    )
    forbidden = [
        "UPDATE audit SET outcome = 'x'",
        "DELETE FROM audit",
        "UPDATE activities SET kind = 'x'",
        "DELETE FROM activities",
    ]
    forbidden += (
        ["INSERT OR REPLACE INTO activities (seq, kind, at, data) VALUES (1, 'x', '', '{}')"]
        if store.sqlite
        else ["TRUNCATE audit", "UPDATE signed_reports SET key_id = 'x'"]
    )
    for statement in forbidden:
        with pytest.raises(DBAPIError, match="append-only"):
            store.write_now(partial(Tx.execute, statement=sa.text(statement)))
    assert store.read_now(audit.verify_chain) is None


def test_the_triggers_can_be_made_again(store: Store) -> None:
    """A migration that runs twice does no harm."""
    with store.writer.begin() as connection:
        for statement in audit.append_only_triggers("sqlite" if store.sqlite else "postgresql"):
            connection.exec_driver_sql(statement)


def test_an_event_is_kept_only_with_the_act_it_belongs_to(store: Store) -> None:
    """What is rolled back leaves neither row nor gap."""
    fill(store, 2)

    def fail(tx: Tx) -> None:
        audit.append(tx, entry())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write_now(fail)
    fill(store, 1)
    assert store.read_now(audit.verify_chain) is None
    assert store.read_now(audit.head).seq == 3


def test_hostile_text_neither_breaks_the_chain_nor_the_insert(store: Store) -> None:
    """NUL, quotes, line ends and escapes in what strangers send are kept or dropped, not obeyed."""
    hostile = "a\x00b\r\n\x1b[31m'\"\\u0000{}"
    store.write_now(
        lambda tx: audit.append(
            tx, entry(address=hostile, object_id=hostile, detail={"agent": hostile})
        )
    )
    assert store.read_now(audit.verify_chain) is None
    row = store.read_now(lambda tx: audit.page(tx, None, 1))[0]
    assert "\x00" not in json.dumps(row["detail"]) + row["address"]


def test_pages_go_back_without_gap_or_repetition(store: Store) -> None:
    """`before` walks the whole audit, newest first."""
    fill(store, 7)
    seen: list[int] = []
    before = None
    while rows := store.read_now(partial(audit.page, before=before, limit=3)):
        seen += [row["seq"] for row in rows]
        before = rows[-1]["seq"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]


# --- accounts, sessions, tokens ---------------------------------------------------------------


def add_account(tx: Tx, account_id: str, demo: bool = False, username: str = "") -> bool:
    """An account without an institution."""
    return accounts.create(
        tx,
        {
            "id": account_id,
            "username": username or account_id,
            "password_hash": "-",
            "display_name": "韦",
            "person_id": None,
            "institution_id": None,
            "region": None,
            "roles": [],
            "demo": demo,
            "disabled": False,
            "failures": 0,
            "locked_until": None,
            "created_at": NOW,
        },
    )


def add_session(tx: Tx, account_id: str, number: int) -> None:
    """A session that began `number` minutes after NOW."""
    began = NOW + timedelta(minutes=number)
    accounts.add_session(
        tx,
        {
            "token_hash": accounts.token_hash(f"token-{number}"),
            "id": f"s{number}",
            "account_id": account_id,
            "created_at": began,
            "seen_at": began,
            "expires_at": began + timedelta(hours=1),
            "csrf": "c",
            "address": "",
            "agent": "",
        },
    )


def test_a_user_name_is_taken_once(store: Store) -> None:
    """The second account of a name is refused and nothing is changed."""
    assert store.write_now(lambda tx: add_account(tx, "wei"))
    assert not store.write_now(lambda tx: add_account(tx, "other", username="wei"))
    assert store.read_now(lambda tx: accounts.page(tx, "", 0, 9))[1] == 1


def test_no_token_that_works_is_in_the_database(store: Store) -> None:
    """A stolen copy of the tables holds hashes only (AU-15)."""
    store.write_now(lambda tx: add_account(tx, "wei"))
    store.write_now(lambda tx: add_session(tx, "wei", 0))
    rows = store.read_now(lambda tx: tx.all(sa.select(t.sessions)))
    assert "token-0" not in str(rows)
    assert store.read_now(lambda tx: accounts.session(tx, rows[0]["token_hash"])) is None
    assert store.read_now(lambda tx: accounts.session(tx, "token-0")) is not None


def test_the_oldest_sessions_end_first(store: Store) -> None:
    """Only the newest sessions are kept, others' are left alone."""

    def begin(tx: Tx) -> None:
        add_account(tx, "wei")
        add_account(tx, "lu")
        for number in range(5):
            add_session(tx, "wei", number)
        add_session(tx, "lu", 9)

    store.write_now(begin)
    assert store.write_now(lambda tx: accounts.end_oldest_sessions(tx, "wei", 2)) == 3
    left = store.read_now(
        lambda tx: accounts.open_sessions(tx, NOW - timedelta(hours=1), NOW, None)
    )
    assert [row["id"] for row in left] == ["s9", "s4", "s3"]


@pytest.mark.parametrize(
    ("change", "dead"),
    [
        (lambda tx: accounts.end_session(tx, "s1"), {"s1"}),
        (lambda tx: accounts.end_sessions_of(tx, "wei"), {"s0", "s1", "s2"}),
        (lambda tx: accounts.end_sessions_of(tx, "wei", but="s2"), {"s0", "s1"}),
        (lambda tx: accounts.end_dead_sessions(tx, NOW + timedelta(minutes=1), NOW), {"s0", "s1"}),
    ],
    ids=["one", "all", "all-but-one", "idle"],
)
def test_sessions_end_at_once(store: Store, change: Callable[[Tx], object], dead: set[str]) -> None:
    """What ended is gone from the next read on."""

    def begin(tx: Tx) -> None:
        add_account(tx, "wei")
        for number in range(3):
            add_session(tx, "wei", number)

    store.write_now(begin)
    store.write_now(change)
    for number in range(3):
        found = store.read_now(partial(accounts.session, token=f"token-{number}"))
        assert (found is None) == (f"s{number}" in dead)


def test_demo_accounts_are_known_until_disabled(store: Store) -> None:
    """The check before listening sees every published password that still works."""
    store.write_now(lambda tx: (add_account(tx, "wei"), add_account(tx, "demo", demo=True)))
    assert store.read_now(accounts.any_demo)
    store.write_now(lambda tx: accounts.change(tx, "demo", disabled=True))
    assert not store.read_now(accounts.any_demo)
