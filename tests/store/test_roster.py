"""Who is on duty, asked of the database, on both databases."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from telemed.store import roster
from telemed.store import tables as t
from telemed.store.engine import Store
from tests.store.rows import NOW, store_on
from tests.store.shapes import Database, make_tables

H = timedelta(hours=1)


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """Two hospitals with people, one of whom has left."""
    with store_on(database(make_tables)) as opened:
        staff = [
            _person("li", "hub"), _person("wei", "hub"), _person("gone", "hub", active=False),
            _person("su", "rival"),
        ]  # fmt: skip
        opened.write_now(lambda tx: tx.insert(t.people, staff))
        yield opened


def _person(name: str, place: str, active: bool = True) -> dict[str, Any]:
    given = {"id": name, "institution_id": place, "name": f"{name} 医师", "active": active}
    blank = {c.name: "" for c in t.people.c if c.name not in given and not c.nullable}
    return {**blank, "scopes": [], **given}


def shift(key: str, who: str, since: datetime, until: datetime, place: str = "hub") -> Any:
    """A shift of somebody."""
    return {"id": key, "institution_id": place, "person_id": who, "kind": "reading",
            "services": [], "since": since, "until": until, "made_by": "x",
            "made_at": NOW - 9 * H}  # fmt: skip


def on_duty(store: Store, at: datetime) -> list[str]:
    """The ids of the hub's shifts that run."""
    return [r["id"] for r in store.write_now(lambda tx: roster.on_duty(tx, "hub", at))]


def test_on_duty_is_who_stood_on_the_roster_then(store: Store) -> None:
    """Both ends, other hospitals, people who left, and what was taken off since."""
    rows = [
        shift("early", "li", NOW - 8 * H, NOW),
        shift("late", "wei", NOW, NOW + 8 * H),
        shift("left", "gone", NOW, NOW + 8 * H),
        shift("theirs", "su", NOW, NOW + 8 * H, "rival"),
    ]
    store.write_now(lambda tx: roster.add(tx, rows))
    assert on_duty(store, NOW - H) == ["early"]
    assert on_duty(store, NOW - 8 * H) == ["early"]
    assert on_duty(store, NOW) == ["late"]
    assert store.write_now(lambda tx: roster.cancel(tx, "late", "x", NOW + 2 * H))
    assert on_duty(store, NOW + H) == ["late"]
    assert on_duty(store, NOW + 2 * H) == []
    assert not store.write_now(lambda tx: roster.cancel(tx, "late", "x", NOW + 3 * H))
    assert store.write_now(lambda tx: roster.restore(tx, "late"))
    assert on_duty(store, NOW + 2 * H) == ["late"]
    after = {**shift("after", "li", NOW, NOW + 8 * H), "made_at": NOW + H}
    store.write_now(lambda tx: roster.add(tx, [after]))
    assert on_duty(store, NOW) == ["late"]
    assert on_duty(store, NOW + H) == ["after", "late"]


def test_the_next_change_is_the_next_edge(store: Store) -> None:
    """Of what stands, here; none after the last."""
    rows = [shift("a", "li", NOW, NOW + 4 * H), shift("b", "wei", NOW + 2 * H, NOW + 6 * H),
            shift("c", "su", NOW, NOW + H, "rival")]  # fmt: skip
    store.write_now(lambda tx: roster.add(tx, rows))
    edges, at = [], NOW - H
    while (
        found := store.write_now(lambda tx, at=at: roster.next_change(tx, "hub", at))
    ) is not None:
        edges.append((found - NOW) / H)
        at = found
    assert edges == [0, 2, 4, 6]
    store.write_now(lambda tx: roster.cancel(tx, "a", "x", NOW))
    assert store.write_now(lambda tx: roster.next_change(tx, "hub", NOW)) == NOW + 2 * H


def test_a_stretch_shows_what_touches_it(store: Store) -> None:
    """With names; nothing of others by id, and nothing that is off."""
    rows = [shift("a", "li", NOW, NOW + 4 * H), shift("c", "su", NOW, NOW + H, "rival")]
    store.write_now(lambda tx: roster.add(tx, rows))

    def shown(since: datetime, until: datetime) -> list[tuple[str, str]]:
        found = store.write_now(lambda tx: roster.between(tx, "hub", since, until))
        return [(r["id"], r["person_name"]) for r in found]

    assert shown(NOW + 3 * H, NOW + 9 * H) == [("a", "li 医师")]
    assert shown(NOW + 4 * H, NOW + 9 * H) == []
    some = store.write_now(lambda tx: roster.some(tx, "hub", ["a", "c", "?"]))
    assert [r["id"] for r in some] == ["a"]
    store.write_now(lambda tx: roster.cancel(tx, "a", "x", NOW))
    assert shown(NOW, NOW + H) == []
    assert store.write_now(lambda tx: roster.of_people(tx, "hub", ["li"], NOW, NOW + H)) == []
