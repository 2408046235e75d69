"""The index of searches: filled from an older database, and the same however it came about."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from telemed.store import study_keys
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.migrate import migrate
from telemed.store.opinion_tables import opinions
from tests.older import leave_at
from tests.store.rows import NOW, add_network, add_request


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database of the version before, with two studies of which one is shown to a hub."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'telemed.sqlite3'}"
    store = Store(url)
    leave_at(store, "0003")
    store.write_now(add_network)
    store.write_now(_images)
    yield store
    store.close()


def _images(tx: Any) -> None:
    then = sa.MetaData()
    then.reflect(tx.connection, only=("patients", "studies", "series", "instances"))

    def put(table: str, **values: Any) -> None:
        given = {name: values.get(name, "") for name in (c.name for c in then.tables[table].c)}
        numbers = ("number", "rows", "columns", "bits_allocated")
        plain = {k: v for k, v in given.items() if v != "" or k not in numbers}
        # Typed as the code types them, for times and JSON.
        kinds = {c.name: c.type for c in t.metadata.tables[table].c}
        bound = {k: sa.bindparam(None, v, type_=kinds[k]) for k, v in plain.items()}
        tx.connection.execute(sa.insert(then.tables[table]).values(bound))

    for key, place in (("s1", "tiandong"), ("s2", "hub")):
        put("patients", id=f"p-{key}", institution_id=place, patient_id="P1", created_at=NOW)
        attributes = {
            "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Li^Si", "Ideographic": "李^四"}]},
            "00100010": {"vr": "PN", "Value": [{"Ideographic": "覃^朗"}]},
        }
        put("studies", id=key, institution_id=place, study_uid=f"2.25.{key[1]}", patient_id="P1",
            patient_ref=f"p-{key}", accession_number="A1", study_date="20260304", series_count=1,
            instance_count=2, bytes=2, modalities="CT\\MR", attributes=attributes, received_at=NOW,
            updated_at=NOW)  # fmt: skip
        series = {"00080060": {"vr": "CS", "Value": ["CT"]}}
        put("series", id=f"x-{key}", study_id=key, series_uid=f"2.25.{key[1]}.1", modality="CT",
            instance_count=2, attributes=series)  # fmt: skip
        for n, sop_class in enumerate(("1.2.3", "1.2.4")):
            put("instances", id=f"i-{key}-{n}", institution_id=place, series_id=f"x-{key}",
                study_id=key, sop_uid=f"2.25.{key[1]}.1.{n}", sop_class=sop_class, frames=1,
                size=1, metadata=b"{}", stored_at=NOW)  # fmt: skip
    add_request(tx, "case", "tiandong", "hub", "open", "tiandong-hub")
    tx.insert(t.request_studies, {"request_id": "case", "study_id": "s1", "role": "current"})


def keys(store: Store) -> set[tuple[Any, ...]]:
    """All rows of the index."""
    rows = store.read_now(lambda tx: tx.all(sa.select(t.study_keys)))
    return {tuple(row.values()) for row in rows}


def test_an_older_database_is_filled(old: Store) -> None:
    """Names in all readings, modalities, classes and results, for the owner and who was asked."""
    migrate(old)
    found = keys(old)
    for viewer, study, own in (("tiandong", "s1", True), ("hub", "s1", False), ("hub", "s2", True)):
        for key in (
            "",
            "p:p1",
            "a:a1",
            "m:CT",
            "m:MR",
            "n:qinlang",
            "n:tanlang",
            "r:李四",
            "r:ls",
            "b:qi",
            "b:ta",
            "b:覃",
            "b:朗",
        ):
            assert (viewer, key, "20260304", study, own) in found
    assert {row[0] for row in found} == {"tiandong", "hub"}
    study = old.read_now(lambda tx: tx.find(t.studies, id="s1"))
    series = old.read_now(lambda tx: tx.find(t.series, id="x-s1"))
    assert study is not None and series is not None
    assert study["sop_classes"] == "1.2.3\\1.2.4"
    shown = orjson.loads(b"{" + study["search_json"] + b"}")
    assert shown["00201208"]["Value"] == [2] and shown["00080061"]["Value"] == ["CT", "MR"]
    part = orjson.loads(b"{" + series["search_json"] + b"}")
    assert part["0020000D"]["Value"] == ["2.25.1"] and list(part) == sorted(part)


def test_what_a_word_begins_with(old: Store) -> None:
    """The database and the code cut a word alike; one that is too short stands under nothing."""
    migrate(old)
    row = old.read_now(lambda tx: tx.find(t.studies, id="s1"))
    assert row is not None
    for word in ("wei", "we", "w", "韦娜", "韦", "гусева", "7", "7b", "ö", "zz"):
        named = {**row, "name_keys": f" {word} "}
        old.write_now(lambda tx, named=named: study_keys.enter(tx, named))  # type: ignore[misc]
        begins = study_keys.beginning(word)
        assert begins == {"wei": "we", "we": "we", "w": "", "7": "", "7b": "7b", "zz": "zz"}.get(
            word, word[0]
        )
        stands = {row[:2] for row in keys(old) if row[1].startswith("b:") and row[3] == "s1"}
        expected = {(viewer, f"b:{begins}") for viewer in ("tiandong", "hub")}
        assert stands == (expected if begins else set()), word


def test_the_index_is_the_same_made_anew(old: Store) -> None:
    """Whatever came first, the case, the link, the study or its patient: the copies are there."""
    migrate(old)
    row = old.read_now(lambda tx: tx.find(t.studies, id="s1"))
    assert row is not None
    prior = {**row, "id": "s3", "study_uid": "2.25.3"}
    stranger = {**row, "id": "s4", "study_uid": "2.25.4", "patient_ref": "p-s2"}

    def later(tx: Any) -> None:
        for study in (prior, stranger):
            tx.insert(t.studies, study)
            study_keys.enter(tx, study, fresh=True)
        assert _seen(tx, "hub") == {"s1", "s2", "s3"}
        tx.update(t.studies, t.studies.c.id == "s4", {"patient_ref": "p-s1"})  # patients merged
        assert _seen(tx, "hub") == {"s1", "s2", "s3", "s4"}
        add_request(tx, "late", "tiandong", None, "draft", None)
        tx.insert(t.request_studies, {"request_id": "late", "study_id": "s3", "role": "current"})
        assert _seen(tx, "rival") == set()
        tx.update(t.requests, t.requests.c.id == "late", {"provider_id": "rival"})
        assert _seen(tx, "rival") == {"s1", "s3", "s4"}
        add_expert(tx, "tiane", "late")
        assert _seen(tx, "tiane") == {"s1", "s3", "s4"}
        tx.insert(t.studies, {**row, "id": "s5", "study_uid": "2.25.5"})
        study_keys.enter(tx, {**row, "id": "s5", "study_uid": "2.25.5"}, fresh=True)
        assert _seen(tx, "tiane") == {"s1", "s3", "s4", "s5"}
        study_keys.enter(tx, {**prior, "study_date": "20260305"})

    old.write_now(later)
    before = keys(old)
    assert {row[2] for row in before if row[3] == "s3"} == {"20260305"}

    def anew(tx: Any) -> None:
        own, key = t.study_keys.c.own, t.study_keys.c.key
        tx.execute(sa.delete(t.study_keys).where(sa.not_(own) | key.startswith("b:")))
        tx.execute(sa.text(study_keys.BEGINNINGS.format(which="TRUE")))
        tx.execute(sa.text(study_keys.COPY.format(which="TRUE")))
        tx.execute(sa.text(study_keys.COPY_FOR_EXPERTS.format(which="TRUE")))

    old.write_now(anew)
    assert keys(old) == before


def test_no_copy_walks_an_institution(tmp_path: Path) -> None:
    """Entering a study costs the same however many the institution holds: on SQLite, which plans
    without statistics, no step of a trigger goes by an institution."""
    store = Store(f"sqlite:///{tmp_path / 'telemed.sqlite3'}")
    migrate(store)
    with store.writer.connect() as connection:
        written = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE :like"
        found = dict(connection.execute(sa.text(written), {"like": "study_keys_%"}).all())
        assert len(found) == 5
        for name, statement in found.items():
            body = statement.partition("BEGIN ")[2].partition("; END")[0]
            for part in re.sub(r"NEW\.\w+", "'x'", body).split("; "):
                steps = _steps(connection, f"EXPLAIN QUERY PLAN {part}")
                assert steps
                assert not [s for s in steps if re.search("SCAN|institution|requester", s)], name
    store.close()


@pytest.mark.services
def test_no_trigger_of_postgresql_walks_a_table(postgres_url: str) -> None:
    """Every step of a trigger has an index to go by, and none by an institution's column."""
    store = Store(postgres_url)
    migrate(store)
    with store.writer.connect() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # tables are empty here
        written = "SELECT proname, prosrc FROM pg_proc WHERE proname LIKE :like"
        found = dict(connection.execute(sa.text(written), {"like": "study_keys_%"}).all())
        assert len(found) == 5
        for name, body in found.items():
            whole = body.partition("BEGIN ")[2].partition("; RETURN")[0]
            for part in re.sub(r"NEW\.\w+", "'x'", whole).split("; "):
                steps = _steps(connection, f"EXPLAIN {part}")
                assert any("Index" in step for step in steps)
                assert not [
                    s for s in steps
                    if re.search(r"Seq Scan|Index Cond: .*(institution|requester)", s)
                ], (name, steps)  # fmt: skip
    store.close()


def _steps(connection: sa.Connection, sql: str) -> list[str]:
    return [row[-1] for row in connection.exec_driver_sql(sql).all()]


def add_expert(tx: Any, institution: str, case: str) -> None:
    """Somebody of an institution is asked for an opinion on a case of `rival`'s."""
    person = {"id": f"{institution}-li", "institution_id": institution, "department": "",
              "name": "", "sex": "F", "title": "231", "licence_no": "",
              "practice_since": None, "specialty": "", "scopes": [], "active": True}  # fmt: skip
    tx.insert(t.people, person)
    tx.insert(
        opinions,
        {"id": f"{institution}/{case}", "request_id": case, "n": 1, "provider_id": "rival",
         "person_id": person["id"], "institution_id": institution, "role": "expert",
         "state": "asked", "version": 1, "question": "", "content": {}, "asked_by": "x",
         "asked_at": NOW, "due_at": NOW, "updated_at": NOW},
    )  # fmt: skip


def _seen(tx: Any, viewer: str) -> set[str]:
    query = sa.select(t.study_keys.c.study_id).where(t.study_keys.c.viewer_id == viewer)
    return {row["study_id"] for row in tx.all(query)}
