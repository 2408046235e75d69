"""Synthetic rows of an archive of any size, put straight into a database of the current schema.

385 institutions: a hub and one large county with a fifth of all studies each, 383 counties with the
rest, and every twentieth study of a county in an open case of the hub's. Studies come from all of
them in the order of their days, as they do in life. There are as many names as give each about
three bearers in a fifth, whatever the size. What the database's triggers would write is written
with the rest; `prove` compares the two.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import ceil, sqrt
from sys import intern
from typing import Any

import sqlalchemy as sa
from pypinyin import lazy_pinyin

from telemed.dicom.names import search_keys
from telemed.store import study_keys
from telemed.store import tables as t
from telemed.store.columns import metadata
from telemed.store.engine import Store
from telemed.store.search_json import series_json, study_json
from telemed.store.tx import Row, Tx

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)
HUB, COUNTY, COUNTIES = "hub", "c007", 384
FIRST_DAY, DAYS = date(2021, 1, 1), 1_800
MODALITIES = ("CT", "CT", "DX", "DX", "DX", "US", "US", "MR", "ECG")
SURNAMES = "韦黄梁覃李陈莫农陆王张罗"
GIVEN = (
    "伟芳娜敏静强磊洋艳建国秀英华桂香波美凤兰军平红丽明春东海健云飞宁玉珍文金德志永成林生福贵"
    "辉斌涛超刚勇杰鹏霞燕琴莲花翠萍梅雪晶莹倩婷欣怡佳慧颖琳璐瑶思雨浩宇轩然"
)
BEARERS = 3
_BATCH = 20_000
_TABLES = ("patients", "studies", "series", "requests", "request_studies")


@dataclass(frozen=True, slots=True)
class Sample:
    """A study that searches ask for, and who finds it."""

    viewer: str
    name: str
    patient: str
    accession: str
    day: str
    modality: str
    uid: str


class Filler:
    """Rows of an archive, table by table, studies in the order in which they came."""

    def __init__(self, studies: int) -> None:
        self.random = random.Random(studies)
        self.size, fifth = studies, studies // 5
        self.places = [f"c{n:03d}" for n in range(COUNTIES)] + [HUB]
        shares = {place: 3 / 5 / (COUNTIES - 1) for place in self.places} | {COUNTY: 0.2, HUB: 0.2}
        self.came = self.random.choices(self.places, [shares[p] for p in self.places], k=studies)
        given = ceil(sqrt(fifth / BEARERS / len(SURNAMES)))
        if given > len(GIVEN):
            raise ValueError("not enough names for so many studies")
        self.names = _Names(GIVEN[:given])
        self.samples: list[Sample] = []
        self.rows: dict[str, list[Row]] = {name: [] for name in _TABLES}
        self.keys: dict[str, list[tuple[str, str, str, bool]]] = {p: [] for p in self.places}

    def archive(self) -> Iterator[tuple[sa.Table, list[Row]]]:
        """Tables and some of their rows; in the end the keys, in the order of the index."""
        for n, place in enumerate(self.came):
            self._study(n, place)
            if n % _BATCH == _BATCH - 1 or n == self.size - 1:
                for name, rows in self.rows.items():
                    yield t.metadata.tables[name], rows
                    rows.clear()
        for place, found in self.keys.items():
            found.sort()
            for start in range(0, len(found), _BATCH):
                yield (
                    t.study_keys,
                    [
                        {"viewer_id": place, "key": k, "study_date": day, "study_id": n, "own": own}
                        for k, day, n, own in found[start : start + _BATCH]
                    ],
                )
            found.clear()

    def _study(self, n: int, place: str) -> None:
        """One study with its patient, series and keys; every twentieth of a county in a case."""
        day = (FIRST_DAY + timedelta(n * DAYS // self.size)).strftime("%Y%m%d")
        name, line = self.names.one(self.random.choice)
        kind = self.random.choice(MODALITIES)
        made = Sample(place, name, f"P{n:08d}", f"ACC{n:08d}", day, kind, f"2.25.{n + 1}")
        row = _study_row(made, line, f"{n:032x}")
        self.rows["patients"].append(_patient_row(made, row["id"]))
        self.rows["studies"].append(row)
        self.rows["series"].append(_series_row(made, row["id"]))
        keys = study_keys.keys_of(row)
        keys += _beginnings(keys)
        self.keys[place] += [(intern(key), day, row["id"], True) for key in keys]
        if place in (HUB, COUNTY):
            self.samples.append(made)
        if place != HUB and n % 20 == 0:
            self.rows["requests"].append(_request_row(place, row["id"]))
            self.rows["request_studies"].append(
                {"request_id": row["id"], "study_id": row["id"], "role": "current"}
            )
            self.keys[HUB] += [(intern(key), day, row["id"], False) for key in keys]
            self.samples.append(replace(made, viewer=HUB))


class _Names:
    """Names in Latin letters and hanzi, each with its line of search keys."""

    def __init__(self, given: str) -> None:
        self.latin = {c: lazy_pinyin(c)[0].capitalize() for c in SURNAMES + given}
        self.given = given
        self.lines: dict[str, str] = {}

    def one(self, pick: Callable[[str], str]) -> tuple[str, str]:
        surname, first, second = pick(SURNAMES), pick(self.given), pick(self.given)
        latin = self.latin
        name = f"{latin[surname]}^{latin[first]}{latin[second]}={surname}^{first}{second}"
        line = self.lines.get(name)
        if line is None:
            line = self.lines[name] = search_keys(name)
        return name, line


def _beginnings(keys: Sequence[str]) -> list[str]:
    """What the triggers add to a study's keys."""
    words = [key.removeprefix(study_keys.NAME) for key in keys if key.startswith(study_keys.NAME)]
    found = {begins for word in words if (begins := study_keys.beginning(word))}
    return [study_keys.BEGINNING + begins for begins in found]


def _study_row(made: Sample, line: str, key: str) -> dict[str, Any]:
    alphabetic, ideographic = made.name.split("=")
    attributes = {
        "00080020": {"vr": "DA", "Value": [made.day]},
        "00080030": {"vr": "TM", "Value": ["101500"]},
        "00080050": {"vr": "SH", "Value": [made.accession]}, "00080080": {"vr": "LO"},
        "00080090": {"vr": "PN"}, "00080201": {"vr": "SH"},
        "00081030": {"vr": "LO", "Value": ["Chest 胸部"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": alphabetic, "Ideographic": ideographic}]},
        "00100020": {"vr": "LO", "Value": [made.patient]},
        "00100021": {"vr": "LO", "Value": [made.viewer]},
        "00100030": {"vr": "DA", "Value": ["19640302"]}, "00100040": {"vr": "CS", "Value": ["F"]},
        "0020000D": {"vr": "UI", "Value": [made.uid]}, "00200010": {"vr": "SH", "Value": ["1"]},
    }  # fmt: skip
    row = {
        "id": key, "institution_id": made.viewer, "study_uid": made.uid, "patient_ref": key,
        "patient_name": ideographic.replace("^", ""), "patient_search": line, "study_local_id": "1",
        "patient_id": made.patient, "accession_number": made.accession, "study_date": made.day,
        "study_time": "101500", "description": "Chest 胸部", "referring_physician": "",
        "modalities": made.modality, "body_part": "", "series_count": 1, "instance_count": 1,
        "bytes": 1, "removed_count": 0, "name_keys": line, "referring_keys": "",
        "attributes": attributes,
        "sop_classes": "1.2.840.10008.5.1.4.1.1.2", "received_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return row | {"search_json": study_json(row)}


def _patient_row(made: Sample, key: str) -> dict[str, Any]:
    return {
        "id": key, "institution_id": made.viewer, "patient_id": made.patient, "name": made.name,
        "search": "", "sex": "F", "birth_date": "1964-03-02", "id_number": "", "phone": "",
        "created_at": NOW,
    }  # fmt: skip


def _series_row(made: Sample, study_id: str) -> dict[str, Any]:
    uid = f"{made.uid}.1"
    attributes = {
        "00080060": {"vr": "CS", "Value": [made.modality]}, "0008103E": {"vr": "LO"},
        "0020000E": {"vr": "UI", "Value": [uid]}, "00200011": {"vr": "IS", "Value": [1]},
    }  # fmt: skip
    row = {
        "id": study_id, "study_id": study_id, "series_uid": uid, "modality": made.modality,
        "number": 1, "description": "", "series_date": made.day, "series_time": "",
        "body_part": "", "instance_count": 1, "attributes": attributes,
    }  # fmt: skip
    return row | {"search_json": series_json(row, made.uid)}


def _request_row(place: str, key: str) -> dict[str, Any]:
    return {
        "id": key, "number": key, "service": "imaging", "urgency": "routine", "state": "open",
        "version": 1, "requester_id": place, "provider_id": HUB, "agreement_id": f"{place}-hub",
        "content": {}, "body_part": "", "question": "", "created_by": "bench", "created_at": NOW,
        "updated_at": NOW, "waited_seconds": 0, "final_diagnosis": "", "critical": False,
    }  # fmt: skip


def fill(store: Store, filler: Filler) -> None:
    """A database of the current schema with the archive; indexes and triggers come last."""
    store.write_now(lambda tx: metadata.create_all(tx.connection))
    kind = "sqlite" if store.sqlite else "postgresql"
    store.write_now(lambda tx: _network(tx, sorted(filler.places)))
    for statement in study_keys.triggers(kind):
        found = re.match(r"CREATE .*TRIGGER (?:IF NOT EXISTS )?(\w+) .* ON (\w+) FOR", statement)
        if found:
            gone = f"DROP TRIGGER {found[1]}" + ("" if store.sqlite else f" ON {found[2]}")
            store.write_now(lambda tx, gone=gone: tx.execute(sa.text(gone)))
    indexes = [i for table in (t.studies, t.study_keys, t.series) for i in table.indexes]
    store.write_now(lambda tx: [index.drop(tx.connection) for index in indexes])
    store.write_now(lambda tx: [_load(tx, table, rows) for table, rows in filler.archive()])
    store.write_now(lambda tx: [index.create(tx.connection) for index in indexes])
    for statement in study_keys.triggers(kind):
        store.write_now(lambda tx, statement=statement: tx.connection.exec_driver_sql(statement))
    if not store.sqlite:  # what autovacuum does within a minute of such a load
        with store.writer.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def prove(store: Store) -> None:
    """Whether the keys that were loaded are those the platform writes. Raises AssertionError."""

    def keys(tx: Tx) -> set[tuple[Any, ...]]:
        return {tuple(row.values()) for row in tx.all(sa.select(t.study_keys))}

    def anew(tx: Tx) -> None:
        tx.execute(sa.delete(t.study_keys))
        for row in tx.all(sa.select(t.studies)):
            study_keys.enter(tx, row, fresh=True)

    loaded = store.read_now(keys)
    store.write_now(anew)
    entered = store.read_now(keys)
    assert loaded == entered, (len(loaded - entered), len(entered - loaded))


def _load(tx: Tx, table: sa.Table, rows: list[Row]) -> None:
    """Put rows in past SQLAlchemy, their values as its types would send them."""
    if not rows:
        return
    dialect, driver = tx.connection.dialect, tx.connection.connection.driver_connection
    kinds = [table.c[name].type.dialect_impl(dialect) for name in rows[0]]
    sent = [kind.bind_processor(dialect) or _as_it_is for kind in kinds]
    values = ([do(v) for do, v in zip(sent, row.values(), strict=True)] for row in rows)
    columns = ", ".join(f'"{name}"' for name in rows[0])
    assert driver is not None
    if tx.sqlite:
        marks = ", ".join("?" * len(kinds))
        driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", values)
        return
    with driver.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)


def _as_it_is(value: Any) -> Any:
    return value


def _network(tx: Tx, places: Sequence[str]) -> None:
    area = {
        "code": "450100",
        "name": "",
        "kind": "county",
        "parent": "4501",
        "former_poverty": False,
    }
    tx.insert(t.area_codes, area)
    tx.insert(t.institutions, [
        {"id": place, "name": place, "short_name": place, "search": place, "kind": "general",
         "level": "2", "grade": "甲", "uscc": place, "licence_no": place, "area_code": "450100",
         "scopes": [], "former_poverty_county": False, "connected": True}
        for place in places
    ])  # fmt: skip
    tx.insert(t.accounts, {"id": "bench", "username": "bench", "password_hash": "-",
                           "display_name": "bench", "roles": [], "demo": False, "disabled": False,
                           "failures": 0, "created_at": NOW})  # fmt: skip
    tx.insert(t.agreements, [
        {"id": f"{place}-hub", "requester_id": place, "provider_id": HUB, "services": ["imaging"],
         "since": NOW - timedelta(60), "until": NOW + timedelta(300), "rank": 1,
         "liability": "requester", "document_no": place}
        for place in places if place != HUB
    ])  # fmt: skip
