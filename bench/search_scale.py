"""Does a search cost more when more is stored? The same searches at several sizes of archive.

    PYTHONPATH=. .venv/bin/python bench/search_scale.py --studies 10000,100000,1000000
    PYTHONPATH=. .venv/bin/python bench/search_scale.py --studies 10000,100000 --postgres

Synthetic rows go straight into a database of the current schema: the network's institutions, a hub
with a fifth of all studies, the counties with the rest, and every twentieth county study in an open
case of the hub's. Each search is the action that a DICOMweb request runs, in one read transaction,
asked as a county and as the hub; `--explain` prints each statement's plan. On SQLite the clock is
the thread's own processor time, which a busy machine does not lengthen; on PostgreSQL it is the
wall's.
"""

import argparse
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from bench.dicomweb.postgres import postgres
from telemed.actions.act import Act
from telemed.actions.image_search import search
from telemed.core.access import Role, Subject
from telemed.dicom.matching import parse_query
from telemed.dicom.names import search_keys
from telemed.settings import CONFIGS, load_catalogue
from telemed.store import study_keys
from telemed.store import tables as t
from telemed.store.columns import metadata
from telemed.store.engine import Store
from telemed.store.search_json import series_json, study_json
from telemed.store.tx import Tx

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)
HUB, COUNTIES = "hub", 384
FIRST_DAY, DAYS = date(2021, 1, 1), 1_800
MODALITIES = ("CT", "CT", "DX", "DX", "DX", "US", "US", "MR", "ECG")
_NAMES = """\
Wei韦 Huang黄 Liang梁 Qin覃 Li李 Chen陈 Mo莫 Nong农 Lu陆 Wang王 Zhang张 Luo罗
Wei伟 Fang芳 Na娜 Min敏 Jing静 Qiang强 Lei磊 Yang洋 Yan艳 Jian建 Guo国 Xiu秀 Ying英 Hua华 \
Gui桂 Xiang香 Bo波 Mei美 Feng凤 Lan兰 Jun军 Ping平 Hong红 Li丽 Ming明 Chun春 Dong东 Hai海"""
SURNAMES, GIVEN = (line.split() for line in _NAMES.splitlines())
_TABLES = ("patients", "studies", "series", "requests", "request_studies")


@dataclass(frozen=True, slots=True)
class Sample:
    """A study that searches ask for."""

    viewer: str
    name: str
    patient: str
    accession: str
    day: str
    modality: str
    uid: str


# --- filling ----------------------------------------------------------------------------------


class Filler:
    """Rows of an archive, table by table, in the order of their keys."""

    def __init__(self, studies: int) -> None:
        self.random = random.Random(studies)
        self.sizes = {f"c{n:03d}": max(1, studies * 4 // 5 // COUNTIES) for n in range(COUNTIES)}
        self.sizes[HUB] = studies // 5
        self.samples: list[Sample] = []
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.shown: list[dict[str, Any]] = []
        self.number = 0

    def archive(self) -> Iterator[tuple[sa.Table, list[dict[str, Any]]]]:
        """Tables and their rows, one institution after another; the hub, who sees most, last."""
        for place, size in self.sizes.items():
            self.rows = {name: [] for name in _TABLES}
            keys: list[dict[str, Any]] = []
            for _ in range(size):
                keys += self.study(place)
            keys += self.shown if place == HUB else []
            keys.sort(key=lambda row: (row["key"], row["study_date"], row["study_id"]))
            for name, rows in self.rows.items():
                yield t.metadata.tables[name], rows
            yield t.study_keys, keys

    def study(self, place: str) -> Sequence[dict[str, Any]]:
        """One study with its patient and series; its keys."""
        n, pick = self.number, self.random.choice
        self.number += 1
        surname, first, second = pick(SURNAMES), pick(GIVEN), pick(GIVEN)
        name = f"{surname[:-1]}^{first[:-1]}{second[:-1]}={surname[-1]}^{first[-1]}{second[-1]}"
        day = (FIRST_DAY + timedelta(self.random.randrange(DAYS))).strftime("%Y%m%d")
        made = Sample(
            place, name, f"P{n:08d}", f"ACC{n:08d}", day, pick(MODALITIES), f"2.25.{n + 1}"
        )
        row = _study_row(made, f"{n:032x}")
        asked = place != HUB and n % 20 == 0
        self.rows["patients"].append(_patient_row(made, row["id"]))
        self.rows["studies"].append(row)
        self.rows["series"].append(_series_row(made, row["id"]))
        keys = list(study_keys.rows_of(row))
        if asked:
            self.rows["requests"].append(_request_row(place, row["id"]))
            self.rows["request_studies"].append(
                {"request_id": row["id"], "study_id": row["id"], "role": "current"}
            )
            self.shown += [{**key, "viewer_id": HUB, "own": False} for key in keys]
        if place in (HUB, "c007") or (asked and n % 400 == 0):
            self.samples.append(made)
        return keys


def _study_row(made: Sample, key: str) -> dict[str, Any]:
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
    line = search_keys(made.name)
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
    store.write_now(lambda tx: _network(tx, sorted(filler.sizes)))
    for statement in study_keys.triggers(kind):
        found = re.match(r"CREATE .*TRIGGER (?:IF NOT EXISTS )?(\w+) .* ON (\w+) FOR", statement)
        if found:
            gone = f"DROP TRIGGER {found[1]}" + ("" if store.sqlite else f" ON {found[2]}")
            store.write_now(lambda tx, gone=gone: tx.execute(sa.text(gone)))
    indexes = [i for table in (t.studies, t.study_keys, t.series) for i in table.indexes]
    store.write_now(lambda tx: [index.drop(tx.connection) for index in indexes])
    for table, rows in filler.archive():
        store.write_now(lambda tx, table=table, rows=rows: _load(tx, table, rows))
    store.write_now(lambda tx: [index.create(tx.connection) for index in indexes])
    for statement in study_keys.triggers(kind):
        store.write_now(lambda tx, statement=statement: tx.connection.exec_driver_sql(statement))
    if not store.sqlite:  # what autovacuum does within a minute of such a load
        with store.writer.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _load(tx: Tx, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    if tx.sqlite:
        tx.connection.execute(sa.insert(table), rows)
        return
    driver: Any = tx.connection.connection.driver_connection
    columns = ", ".join(f'"{name}"' for name in rows[0])
    with driver.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_copied(value) for value in row.values()])


def _copied(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


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


# --- asking -----------------------------------------------------------------------------------

Ask = Callable[[Sample, random.Random], tuple[str, str]]


def _week(made: Sample) -> str:
    first = datetime.strptime(made.day, "%Y%m%d").date()  # noqa: DTZ007 - a calendar day
    return f"{made.day}-{first + timedelta(6):%Y%m%d}"


SEARCHES: dict[str, Ask] = {
    "patient": lambda s, _: ("studies", f"PatientID={s.patient}"),
    "accession": lambda s, _: ("studies", f"AccessionNumber={s.accession}"),
    "name": lambda s, _: ("studies", f"PatientName={s.name.split('=')[0]}*&limit=50"),
    "hanzi": lambda s, _: ("studies", f"PatientName={s.name.split('=')[1]}&limit=50"),
    "surname": lambda s, _: ("studies", f"PatientName={s.name.split('^')[0]}*&limit=50"),
    "date": lambda s, _: ("studies", f"StudyDate={_week(s)}&limit=100"),
    "modality": lambda s, _: (
        "studies",
        f"ModalitiesInStudy={s.modality}&StudyDate={s.day}&limit=100",
    ),
    "first page": lambda s, _: ("studies", "limit=101&offset=0"),
    "page": lambda s, r: ("studies", f"limit=50&offset={r.randrange(1_500)}"),
    "uid": lambda s, _: ("studies", f"StudyInstanceUID={s.uid}"),
    "series": lambda s, _: ("study-series", s.uid),
    "CT series": lambda s, _: ("series", "Modality=CT&limit=50"),
}


def measure(store: Store, samples: Sequence[Sample], times: int) -> dict[str, dict[str, float]]:
    """Milliseconds by search and viewer: the median of `times` searches after ten for warmth."""
    catalogue = load_catalogue(CONFIGS)
    clock = time.thread_time if store.sqlite else time.perf_counter
    found: dict[str, dict[str, float]] = {}
    for viewer in ("c007", HUB):
        mine = [s for s in samples if s.viewer == viewer or viewer == HUB]
        subject = Subject("bench", frozenset({Role.READER}), viewer, None)
        for name, ask in SEARCHES.items():
            rnd = random.Random(name)
            taken = []
            for _ in range(times + 10):
                resource, words = ask(rnd.choice(mine), rnd)
                began = clock()
                store.read_now(partial(_run, subject, catalogue, resource, words))
                taken.append(clock() - began)
            found.setdefault(name, {})[viewer] = statistics.median(taken[10:]) * 1000
    return found


def _run(subject: Subject, catalogue: Any, resource: str, words: str, tx: Tx) -> None:
    act = Act(tx, subject, NOW, lambda: "", catalogue)
    within = resource == "study-series"
    pairs = [] if within else [tuple(part.split("=", 1)) for part in words.split("&")]
    criteria = parse_query(pairs, resource)  # type: ignore[arg-type]
    search(act, criteria.levels[-1], criteria, {"study": words} if within else {})


def explain(store: Store, samples: Sequence[Sample]) -> None:
    """Print what each statement of each search does, as the database tells it."""
    catalogue = load_catalogue(CONFIGS)
    subject = Subject("bench", frozenset({Role.READER}), HUB, None)
    for name, ask in SEARCHES.items():
        seen: list[tuple[str, Any]] = []
        resource, words = ask(samples[0], random.Random(name))
        with store.writer.connect() as connection:
            driver: Any = connection.connection.driver_connection
            tx = Tx(_Noting(connection, driver, seen))  # type: ignore[arg-type]
            _run(subject, catalogue, resource, words, tx)
            print(f"\n== {name}")
            for sql, values in seen:
                how = "EXPLAIN QUERY PLAN " if store.sqlite else "EXPLAIN ANALYZE "
                lines = [str(row[-1]) for row in driver.execute(how + sql, values)]
                print("\n".join(lines), end="\n--\n")


class _Noting:
    """A connection that remembers what its driver was told."""

    def __init__(self, connection: sa.Connection, driver: Any, seen: list[tuple[str, Any]]) -> None:
        self._connection, self._driver, self._seen = connection, driver, seen
        self.connection = self.driver_connection = self

    def execute(self, sql: Any, values: Any) -> Any:
        if not isinstance(sql, str):
            return self._connection.execute(sql, values)
        self._seen.append((sql, values))
        return self._driver.execute(sql, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


# --- the table --------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", default="10000,100000", help="sizes, separated by commas")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--explain", action="store_true")
    args = parser.parse_args()
    sizes = [int(size) for size in args.studies.split(",")]
    tables = []
    for size in sizes:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="search-scale-")))
            url = f"sqlite:///{folder / 'telemed.sqlite3'}"
            if args.postgres:
                url = stack.enter_context(postgres()).url
            store = Store(url)
            stack.callback(store.close)
            filler, began = Filler(size), time.perf_counter()
            fill(store, filler)
            print(f"{size:,} studies in {time.perf_counter() - began:.0f} s", file=sys.stderr)
            tables.append(measure(store, filler.samples, args.times))
            print(table(sizes[: len(tables)], tables), file=sys.stderr, flush=True)
            if args.explain:
                explain(store, filler.samples)
    print(table(sizes, tables))
    return 0


def table(sizes: Sequence[int], tables: Sequence[dict[str, dict[str, float]]]) -> str:
    """Milliseconds at each size, as a county and as the hub, and the last over the first."""
    heads = [f"{who} {size:,}" for who in ("county", "hub") for size in sizes]
    lines = [f"| search | {' | '.join(heads)} | growth |", "| --- |" + " ---: |" * (len(heads) + 1)]
    for name in tables[0]:
        told = [found[name][who] for who in ("c007", HUB) for found in tables]
        growth = [tables[-1][name][who] / tables[0][name][who] for who in ("c007", HUB)]
        cells = [f"{ms:.2f}" for ms in told] + [" / ".join(f"{g:.1f}" for g in growth)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
