"""What the database adds up is what `core.tally` defines, whatever was counted, on both databases.

Entries are made at random: replays, reversals with and without their original, months, places and
services, equal times. The sums, the times and the spreads of every group are then held against
`summarize` over the same entries.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemed.core.indicator import ADDED_UP
from telemed.core.indicators import INDICATORS
from telemed.core.tally import Entry, distinct, spread_of, summarize, summary_of
from telemed.store import tables as t
from telemed.store import tallies
from telemed.store.engine import Store
from telemed.store.migrate import migrate
from telemed.store.tallies import SIDES, Listed, Page, Wanted
from tests.older import leave_at
from tests.store.shapes import Database

AT = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
MONTHS = ("2026-02", "2026-03")
PLACES = ("a", "b", "c")
SERVICES = ("imaging", "ecg")
URGENCIES = ("routine", "stat")
CODES = tuple(row.code for row in INDICATORS.values() if row.kind != "share")
ADDED = tuple(row.code for row in INDICATORS.values() if row.kind in ADDED_UP)
TIMED = tuple(row.code for row in INDICATORS.values() if row.kind == "duration")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without a schema."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'telemed.sqlite3'}"
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """A database with the schema of today."""
    made = Store(database(migrate))
    yield made
    made.close()


def invented(seed: int, count: int = 300, most: int = 3_000_000_000) -> list[Entry]:
    """Entries in log order; one in five takes another back, often in another month. A sum of money
    in fen outgrows 32 bits."""
    dice = random.Random(seed)
    found: list[Entry] = []
    for seq in range(1, count + 1):
        kinds = dice.random()
        code = dice.choice(CODES if kinds < 0.3 else ADDED if kinds < 0.4 else TIMED)
        timed = code in TIMED and dice.random() < 0.9
        fresh = Entry(
            seq, dice.choice(MONTHS), code, f"r{dice.randrange(40)}", dice.choice(SERVICES),
            dice.choice(URGENCIES), dice.choice(PLACES), dice.choice((*PLACES, "")),
            dice.choice((60.0, 61.5, 90.25, 3600.0)) if timed else None, AT, None,
            weight=dice.choice((150, most)) if code in ADDED else 1,
        )  # fmt: skip
        if found and dice.random() < 0.2:
            back = dice.choice(found)
            month = back.month if dice.random() < 0.5 else dice.choice(MONTHS)
            fresh = replace(back, seq=seq, part=dice.randrange(3), month=month, weight=-back.weight)
        found.append(fresh)
    return found


def keep(store: Store, entries: list[Entry], dice: random.Random) -> None:
    """Add the entries in batches, many of them again."""
    begin = 0
    while begin < len(entries):
        end = begin + dice.randrange(1, 120)
        again = dice.sample(entries[:end], min(20, end))
        batch = [*again, *entries[begin:end]]
        store.write_now(lambda tx, batch=batch: tallies.add(tx, batch))  # type: ignore[misc]
        begin = end


def matching(entries: list[Entry], wanted: Wanted, place: str) -> list[Entry]:
    return [
        e
        for e in entries
        if e.month in wanted.months
        and wanted.service in (None, e.service)
        and wanted.urgency in (None, e.urgency)
        and (e.requester if wanted.side == "requester" else e.provider) == place
    ]


@pytest.mark.parametrize("seed", range(2))
def test_the_database_adds_up_what_the_definition_says(store: Store, seed: int) -> None:
    """Every place, side, month, service and urgency: counts, shares and spreads equal
    `summarize`."""
    entries = invented(seed)
    keep(store, entries, random.Random(seed))
    groups = product(tallies.SIDES, PLACES, MONTHS, (*SERVICES, None), (*URGENCIES, None))
    for side, place, month, service, urgency in groups:
        wanted = Wanted(side, (month,), CODES, service, urgency)
        defined = summarize(matching(entries, wanted, place))

        def only(column: sa.Column[str], place: str = place) -> sa.ColumnElement[bool]:
            return column == place

        sums = store.read_now(lambda tx: tallies.sums(tx, wanted, only, "side"))  # noqa: B023
        timed = store.read_now(lambda tx: list(tallies.times(tx, wanted, only, "service")))  # noqa: B023
        spreads = store.read_now(lambda tx: tallies.spreads(tx, wanted, only))  # noqa: B023
        listed = {
            code: spread_of([v for _, c, _, v, n in timed if c == code for _ in range(n)])
            for code in TIMED
        }
        totals = {code: weight for _, code, _, weight in sums}
        assert summary_of(totals, listed) == defined
        assert summary_of(totals, {code: s for (_, code), s in spreads.items()}) == defined


def test_a_page_of_facts_follows_the_log(store: Store) -> None:
    """Pages hold every fact of a number once, in order, whatever the size of a page; of one
    urgency too."""
    entries = invented(9)
    keep(store, entries, random.Random(9))
    for urgency in (None, "stat"):
        wanted = Wanted("provider", MONTHS[1:], TIMED, None, urgency)
        expected = [
            e for e in entries
            if e.month == MONTHS[1] and e.indicator in TIMED and urgency in (None, e.urgency)
        ]  # fmt: skip
        assert paged(store, wanted) == expected


def paged(store: Store, wanted: Wanted) -> list[Entry]:
    """All facts of a number, page by page."""
    found: list[Entry] = []
    while True:
        after = (found[-1].seq, found[-1].part) if found else (0, 0)
        page = store.read_now(
            lambda tx, a=after: tallies.facts(tx, wanted, lambda c: c.is_not(None), Page(a, 17))  # type: ignore[misc]
        )
        if not page:
            break
        found += page
    return found


def test_a_list_holds_each_entry_once_with_the_sides_that_may_count_it(store: Store) -> None:
    """Of one indicator up to a fact, whatever the size of a page; nobody else's."""
    entries = invented(6)
    keep(store, entries, random.Random(6))

    def mine(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return column == "a"

    for code, sides, urgency in product(TIMED[:4], (SIDES, SIDES[1:]), (None, "stat")):
        wanted = Listed(MONTHS[1], code, sides, 250, urgency)
        expected = [
            (e, on) for e in entries
            if (e.month, e.indicator) == (MONTHS[1], code) and e.seq <= 250
            and urgency in (None, e.urgency)
            and (on := frozenset(side for side in sides if getattr(e, side) == "a"))
        ]  # fmt: skip
        found: list[tuple[Entry, frozenset[str]]] = []
        while True:
            after = (found[-1][0].seq, found[-1][0].part) if found else (0, 0)
            page = store.read_now(
                lambda tx, w=wanted, a=after: tallies.listed(tx, w, mine, Page(a, 3))  # type: ignore[misc]
            )
            if not page:
                break
            found += page
        assert found == expected
        assert store.read_now(lambda tx: tallies.how_many(tx, wanted, mine)) == len(expected)  # noqa: B023


def test_a_month_without_one_urgency_is_still_a_month_that_counted(store: Store) -> None:
    """Of each month in which anything was counted, whatever its urgency; of no other."""
    entries = [replace(e, urgency="routine") for e in invented(4)]
    keep(store, entries, random.Random(4))
    wanted = Wanted("provider", (*MONTHS, "2026-05"), CODES, None, "stat")

    def everywhere(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return column.is_not(None)

    assert store.read_now(lambda tx: tallies.sums(tx, wanted, everywhere, "side")) == []
    counted = store.read_now(lambda tx: tallies.counted_months(tx, wanted, everywhere))
    assert counted == set(MONTHS)


def test_the_proof_finds_what_was_changed_and_puts_it_right(store: Store) -> None:
    """A changed sum, time or entry no longer adds up; adding up anew mends it."""
    entries = invented(3)
    keep(store, entries, random.Random(3))
    month = MONTHS[1]
    assert store.read_now(lambda tx: tallies.adds_up(tx, month))
    for change in (
        sa.update(t.tally_sums).where(t.tally_sums.c.month == month).values(weight=7),
        sa.delete(t.tally_times).where(t.tally_times.c.month == month),
        sa.delete(t.tally_entries).where(t.tally_entries.c.seq < 50),
    ):
        store.write_now(lambda tx, change=change: tx.execute(change))  # type: ignore[misc]
        assert not store.read_now(lambda tx: tallies.adds_up(tx, month))
        store.write_now(lambda tx: tallies.add_up_anew(tx, month))
        assert store.read_now(lambda tx: tallies.adds_up(tx, month))


def test_a_database_of_before_is_added_up_when_it_is_migrated(empty: Store) -> None:
    """Entries kept by a version without sums give the sums that this version would have kept."""
    leave_at(empty, "0001")
    entries = list(distinct(invented(5, most=9000)))
    rows = [
        {**values, "requester_id": values.pop("requester"), "provider_id": values.pop("provider")}
        for values in map(asdict, entries)
    ]
    empty.write_now(lambda tx: tx.insert(t.tally_entries, rows))
    migrate(empty)
    assert all(empty.read_now(lambda tx, m=m: tallies.adds_up(tx, m)) for m in MONTHS)  # type: ignore[misc]
    totals = empty.read_now(lambda tx: tx.scalar(sa.select(sa.func.count(t.tally_sums.c.month))))
    assert totals > 20
