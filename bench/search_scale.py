"""Does a search or a stored study cost more when more is stored? The same at several sizes.

    PYTHONPATH=. .venv/bin/python bench/search_scale.py --studies 10000,100000,1000000
    PYTHONPATH=. .venv/bin/python bench/search_scale.py --studies 10000,100000 --postgres

Each search is the action that a DICOMweb request runs, in one read transaction, asked as the large
county and as the hub of `bench/archive.py`; `store` enters new studies of so many instances by the
action that STOW-RS runs, each in a transaction of its own. Every search has its page full and as
much behind it as is counted at the smallest size already; the rows of a page are told, so that it
shows. The clock is processor time, which a busy machine does not lengthen: of the asking thread,
and on PostgreSQL of the server's process for the connection too. `--explain` prints each
statement's plan.
"""

import argparse
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.archive import COUNTY, HUB, NOW, Filler, Sample, fill, prove
from bench.dicomweb import data
from bench.dicomweb.postgres import postgres
from telemed.actions.act import Act
from telemed.actions.image_search import search
from telemed.actions.intake import Incoming, prepare, store_instances
from telemed.assemble import new_id
from telemed.core.access import Role, Subject
from telemed.dicom.matching import parse_query
from telemed.dicom.names import search_keys
from telemed.settings import CONFIGS, load_catalogue
from telemed.store.blobs import Blob
from telemed.store.engine import Store
from telemed.store.tx import Tx

PROVEN_AT = 2_000
CATALOGUE = load_catalogue(CONFIGS)
Ask = Callable[[Sample, random.Random], tuple[str, str]]


def _days(made: Sample, days: int) -> str:
    """A stretch of days from a study's on, inside the archive's."""
    first = datetime.strptime(min(made.day, "20230801"), "%Y%m%d").date()  # noqa: DTZ007 - a day
    return f"{first:%Y%m%d}-{first + timedelta(days):%Y%m%d}"


SEARCHES: dict[str, Ask] = {
    "patient": lambda s, _: ("studies", f"PatientID={s.patient}"),
    "accession": lambda s, _: ("studies", f"AccessionNumber={s.accession}"),
    "name": lambda s, _: ("studies", f"PatientName={s.name.split('=')[1]}*&limit=1"),
    "hanzi": lambda s, _: ("studies", f"PatientName={s.name.split('=')[1]}&limit=1"),
    "surname": lambda s, _: ("studies", f"PatientName={s.name.split('^')[0]}*&limit=50"),
    "姓": lambda s, _: ("studies", f"PatientName={s.name.split('=')[1][0]}*&limit=50"),
    "date": lambda s, _: ("studies", f"StudyDate={_days(s, 180)}&limit=50"),
    "modality": lambda s, _: (
        "studies",
        f"ModalitiesInStudy=CT&StudyDate={_days(s, 800)}&limit=50",
    ),
    "first page": lambda _s, _: ("studies", "limit=101&offset=0"),
    "page": lambda _s, r: ("studies", f"limit=50&offset={r.randrange(1_500)}"),
    "uid": lambda s, _: ("studies", f"StudyInstanceUID={s.uid}"),
    "series": lambda s, _: ("study-series", s.uid),
    "CT series": lambda _s, _: ("series", "Modality=CT&limit=50"),
}


# --- the clock --------------------------------------------------------------------------------


class Clock:
    """Processor seconds of this thread and, on PostgreSQL, of the server's process for it."""

    def __init__(self, store: Store) -> None:
        self._run = ""
        if not store.sqlite:
            pids = {self._pid(store.read_now), self._pid(store.write_now)}
            (pid,) = pids  # one connection serves all that is asked in turn
            self._run = f"/proc/{pid}/schedstat"

    @staticmethod
    def _pid(run: Callable[[Callable[[Tx], int]], int]) -> int:
        return run(lambda tx: int(tx.scalar(sa.select(sa.func.pg_backend_pid()))))

    def __call__(self) -> float:
        there = int(Path(self._run).read_text().split()[0]) / 1e9 if self._run else 0.0
        return time.thread_time() + there


# --- measuring --------------------------------------------------------------------------------

Figures = dict[str, dict[str, tuple[float, float]]]
"""By name and viewer: milliseconds of the processor, and rows of a page or milliseconds waited."""


@dataclass
class Archive:
    """An archive of one size, open, and what was measured on it."""

    store: Store
    samples: Sequence[Sample]
    clock: Clock
    figures: Figures = field(default_factory=dict)

    def note(self, name: str, viewer: str, spent: Sequence[float], also: Sequence[float]) -> None:
        """Keep the medians, without the first ten, which warm up."""
        middle = statistics.median(spent[10:]) * 1000, statistics.median(also[10:])
        self.figures.setdefault(name, {})[viewer] = middle


def measure(archives: Sequence[Archive], times: int) -> None:
    """The medians of `times` searches and stored studies.

    All sizes are asked in turn, so that what else the machine does falls on each alike.
    """
    for viewer in (COUNTY, HUB):
        mine = [[s for s in one.samples if s.viewer == viewer] for one in archives]
        for name, ask in SEARCHES.items():
            rnds = [random.Random(name) for _ in archives]
            spent, rows = _lists(archives), _lists(archives)
            for _ in range(times + 10):
                for n, one in enumerate(archives):
                    resource, words = ask(rnds[n].choice(mine[n]), rnds[n])
                    run = partial(_run, _reader(viewer), resource, words)
                    began = one.clock()
                    rows[n].append(one.store.read_now(run))
                    spent[n].append(one.clock() - began)
            for n, one in enumerate(archives):
                one.note(name, viewer, spent[n], rows[n])
        for count in (1, 20):
            _store_studies(archives, viewer, count, times)


def _lists(archives: Sequence[Archive]) -> list[list[float]]:
    return [[] for _ in archives]


def _reader(viewer: str) -> Subject:
    return Subject("bench", frozenset({Role.READER}), viewer, None)


def _run(subject: Subject, resource: str, words: str, tx: Tx) -> int:
    """Ask; how many rows were found."""
    act = Act(tx, subject, NOW, new_id, CATALOGUE)
    within = resource == "study-series"
    pairs = [] if within else [tuple(part.split("=", 1)) for part in words.split("&")]
    criteria = parse_query(pairs, resource)  # type: ignore[arg-type]
    found = search(act, criteria, {"study": words} if within else {})
    return len(found.rows)


def _store_studies(archives: Sequence[Archive], viewer: str, count: int, times: int) -> None:
    """Enter new studies of `count` slices each; also noted is the time on the wall."""
    who = Subject("bench", frozenset({Role.TECHNICIAN}), viewer, None)
    model, rnd = _slice(), random.Random(f"{viewer} {count}")
    spent, waited = _lists(archives), _lists(archives)
    for _ in range(times + 10):
        for n, one in enumerate(archives):
            run = partial(_enter, who, _batch(model, rnd, count))
            began, looked = one.clock(), time.perf_counter()
            one.store.write_now(run)
            waited[n].append((time.perf_counter() - looked) * 1000)
            spent[n].append(one.clock() - began)
    for n, one in enumerate(archives):
        one.note(f"store {count}", viewer, spent[n], waited[n])


def _enter(who: Subject, batch: list[Incoming], tx: Tx) -> None:
    act = Act(tx, who, datetime.now(NOW.tzinfo), new_id, CATALOGUE)
    kept = store_instances(act, who.own_institution, batch)
    assert len({one.study_id for one in kept}) == 1 and kept[-1].fate == "stored"


def _slice() -> Incoming:
    """A CT slice as it is once it was judged."""
    with tempfile.NamedTemporaryFile(suffix=".dcm") as file:
        file.write(next(iter(data.series(data.ct(), 1, 1, 1))))
        file.flush()
        found = prepare(Path(file.name), "0" * 64)
    assert isinstance(found, Incoming)
    return found


def _batch(model: Incoming, rnd: random.Random, count: int) -> list[Incoming]:
    """So many slices of a new study of a new patient."""
    uid, number = f"2.25.{rnd.getrandbits(100)}", rnd.randrange(10**8)
    surname, given = rnd.choice(data.SURNAMES), rnd.choice(data.GIVEN)
    name = f"{surname[0]}^{given[0]}={surname[1]}^{given[1]}"
    whole = replace(
        model.summary, study_uid=uid, series_uid=f"{uid}.1", patient_id=f"N{number:08d}",
        accession_number=f"NEW{number:08d}", patient_name=name,
        patient_name_keys=search_keys(name), study_date=f"2025{rnd.randrange(1, 13):02d}07",
    )  # fmt: skip
    return [
        replace(
            model,
            blob=Blob(secrets.token_hex(32), model.blob.size),
            summary=replace(whole, sop_instance_uid=f"{uid}.1.{n}", instance_number=n + 1),
        )
        for n in range(count)
    ]


def explain(store: Store, samples: Sequence[Sample]) -> None:
    """Print what each statement of each search does, as the database tells it."""
    for name, ask in SEARCHES.items():
        seen: list[tuple[str, Any]] = []
        resource, words = ask(samples[0], random.Random(name))
        with store.writer.connect() as connection:
            driver: Any = connection.connection.driver_connection
            tx = Tx(_Noting(connection, driver, seen))  # type: ignore[arg-type]
            _run(_reader(HUB), resource, words, tx)
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
    with ExitStack() as stack:
        small, _ = _filled(stack, args.postgres, PROVEN_AT)
        prove(small)
    with ExitStack() as stack:
        filled = [_filled(stack, args.postgres, size) for size in sizes]
        archives = [Archive(store, samples, Clock(store)) for store, samples in filled]
        measure(archives, args.times)
        print(table(sizes, [one.figures for one in archives]), flush=True)
        if args.explain:
            for one in archives:
                explain(one.store, one.samples)
    return 0


def _filled(stack: ExitStack, on_postgres: bool, size: int) -> tuple[Store, Sequence[Sample]]:
    """An archive of a size in a database of its own until the stack is left."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="search-scale-")))
    url = f"sqlite:///{folder / 'telemed.sqlite3'}"
    if on_postgres:
        url = stack.enter_context(postgres()).url
    store = Store(url)
    stack.callback(store.close)
    filler, began = Filler(size), time.perf_counter()
    fill(store, filler)
    print(f"{size:,} studies in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return store, filler.samples


def table(sizes: Sequence[int], tables: Sequence[Figures]) -> str:
    """Milliseconds at each size, as a county and as the hub, and the last over the first.

    `also` are the rows of a page, or for what is stored the milliseconds on the wall.
    """
    heads = [f"{who} {size:,}" for who in ("county", "hub") for size in sizes]
    lines = [f"| what | {' | '.join(heads)} | growth | also |"]
    lines.append("| --- |" + " ---: |" * (len(heads) + 2))
    for name in tables[0]:
        cells = [f"{found[name][who][0]:.2f}" for who in (COUNTY, HUB) for found in tables]
        growth = [tables[-1][name][who][0] / tables[0][name][who][0] for who in (COUNTY, HUB)]
        cells.append(" / ".join(f"{g:.2f}" for g in growth))
        also = [
            " to ".join(f"{found[name][who][1]:.3g}" for found in tables) for who in (COUNTY, HUB)
        ]
        cells.append(" / ".join(also))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
