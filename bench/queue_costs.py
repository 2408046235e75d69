"""What the queue costs: the log under N writers, claims under contention, a follower far behind.

    PYTHONPATH=. .venv/bin/python -m bench.queue_costs [--postgres] [--cases 2000] [--facts 1000000]

Writers and readers are processes with a store of their own, as servers are. The log: each writer
appends one fact a transaction, for `--seconds`; what is read back must be whole and in the order of
its numbers. Claims: every process tries to take every case in an order of its own through the
action that the API calls, and each case must have exactly one winner. The follower folds so many
facts into the tally. Durability is on.
"""

import argparse
import multiprocessing
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from multiprocessing.synchronize import Barrier as Gate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from bench import tally_scale
from telemed.actions import requests as acts
from telemed.actions import worklist
from telemed.actions.studies import save_patient
from telemed.assemble import open_services
from telemed.core.access import Subject
from telemed.core.activity import Fact, Kind
from telemed.core.errors import Problem
from telemed.followers.follow import catch_up_fully
from telemed.followers.tallies import TALLIES
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.store import log
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests import world
from tests.services import free_port, running_postgres

WRITERS = (1, 4, 16)
READERS = (1, 4, 16)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own")
    asked.add_argument("--seconds", type=float, default=5)
    asked.add_argument("--cases", type=int, default=2000)
    asked.add_argument("--facts", type=int, default=1_000_000)
    given = asked.parse_args()
    print(f"\n## {'PostgreSQL' if given.postgres else 'SQLite'}\n")
    with _place(given.postgres) as fresh:
        appending(fresh, given.seconds)
        claiming(fresh, given.cases)
        following(fresh, given.facts)


Fresh = Callable[[], Settings]


@contextmanager
def _place(postgres: bool) -> Iterator[Fresh]:
    """Something that makes settings of an empty database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="telemed-costs-", dir="build")))
        cluster = stack.enter_context(running_postgres()) if postgres else None

        def fresh() -> Settings:
            place = folder / str(time.monotonic_ns())
            url = cluster.sqlalchemy_url(cluster.fresh_database()) if cluster else ""
            return Settings(
                data_dir=place, port=free_port(), database_url=url, free_space_reserve_bytes=0
            )

        yield fresh


def _together(job: Callable[..., None], each: Sequence[tuple[Any, ...]]) -> tuple[list[Any], float]:
    """The job once per process, begun at the same moment; what they said, and the seconds."""
    context = multiprocessing.get_context("spawn")
    gate, said = context.Barrier(len(each) + 1), context.Queue()
    crew = [context.Process(target=job, args=(gate, said, *args)) for args in each]
    for process in crew:
        process.start()
    gate.wait()
    began = time.monotonic()
    told = [said.get() for _ in crew]
    took = time.monotonic() - began
    for process in crew:
        process.join()
    return told, took


# --- the log --------------------------------------------------------------------------------------


def appending(fresh: Fresh, seconds: float) -> None:
    """Facts a second by the number of writing processes."""
    print("| writers | facts a second | ms p50 | ms p99 |\n|--:|--:|--:|--:|")
    for count in WRITERS:
        settings = fresh()
        services = open_services(settings)
        told, _ = _together(_append, [(settings, seconds, number) for number in range(count)])
        times = sorted(took for each in told for took in each)
        _whole(services, len(times))
        print(
            f"| {count} | {len(times) / seconds:,.0f} | {times[len(times) // 2] * 1000:.2f} |"
            f" {times[int(len(times) * 0.99)] * 1000:.2f} |",
            flush=True,
        )
        services.store.close()


def _append(gate: Gate, said: Any, settings: Settings, seconds: float, number: int) -> None:
    services = open_services(settings)
    took = []
    gate.wait()
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        fact = Fact(Kind.REQUEST_DRAFTED, services.clock(), f"w{number}", "hub", ("hub",), "case")
        services.store.write_now(partial(log.append, facts=[fact]))
        took.append(time.monotonic() - began)
    services.store.close()
    said.put(took)


def _whole(services: Services, facts: int) -> None:
    """As many as were acknowledged, numbered without a gap."""
    ask = sa.select(sa.func.count()).select_from(t.activities)
    count, last = services.store.read_now(lambda tx: (tx.scalar(ask), log.head(tx)))
    if (count, last) != (facts, facts):
        raise SystemExit(f"{facts} facts were acknowledged; the log has {count}, up to {last}")


# --- claims ---------------------------------------------------------------------------------------


def claiming(fresh: Fresh, cases: int) -> None:
    """Cases a second that find their one reader, by the number of processes that want them all."""
    print("\n| readers | cases a second | tries a second | cases with one winner |")
    print("|--:|--:|--:|--:|")
    for count in READERS:
        settings = fresh()
        services = open_services(settings)
        send = partial(_send, services=services, cases=cases, readers=count)
        sent = services.store.write_now(send)
        told, took = _together(_claim, [(settings, sent, number) for number in range(count)])
        winners = Counter(case for won in told for case in won)
        if set(winners) != set(sent) or set(winners.values()) != {1}:
            raise SystemExit(f"{len(winners)} of {cases} cases won, {winners.most_common(1)}")
        tries = cases * count / took
        print(f"| {count} | {cases / took:,.0f} | {tries:,.0f} | {cases:,} |", flush=True)
        services.store.close()


def _send(tx: Tx, services: Services, cases: int, readers: int) -> list[str]:
    """The small world with so many readers, and so many consultations sent."""
    world.add_network(tx)
    world.add_people(tx)
    for number in range(readers):
        world.add_person(tx, f"hub-r{number}", "hub", ["32"], date(2010, 7, 1))
        world.add_account(tx, f"hub-r{number}", ["reader"], "hub", f"hub-r{number}")
    services.clock = world.Clock()
    act = services.make_act(tx, world.subject("county-requester"))
    patient = save_patient(
        act,
        {"patient_id": "P1", "name": "韦甲", "sex": "M", "birth_date": "1960-01-01",
         "id_number": "", "phone": ""},
    )  # fmt: skip
    sent = []
    for _ in range(cases):
        made = acts.create(act, "consultation", "routine")
        change = acts.Edit(
            version=1,
            urgency=None,
            provider_id="hub",
            patient_ref=patient,
            content=dict(world.CONTENT["consultation"]),
            consent=world.consent("hub"),
            study_ids=None,
        )
        acts.edit(act, made, change)
        acts.submit(act, made)
        sent.append(made)
    return sent


def _claim(gate: Gate, said: Any, settings: Settings, cases: list[str], number: int) -> None:
    services = open_services(settings)
    services.clock = world.Clock()
    nobody_is_capped = replace(services.catalogue.assignment, caps=())
    services.catalogue = replace(services.catalogue, assignment=nobody_is_capped)
    asker = world.subject("hub-reader")
    who = type(asker)(f"hub-r{number}", asker.roles, "hub", f"hub-r{number}")
    wanted, won = random.Random(number).sample(cases, len(cases)), []
    gate.wait()
    for case in wanted:
        try:
            services.store.write_now(partial(_take, services=services, who=who, case=case))
        except Problem as problem:
            if problem.code != "already-claimed":
                raise
        else:
            won.append(case)
    services.store.close()
    said.put(won)


def _take(tx: Tx, services: Services, who: Subject, case: str) -> None:
    worklist.claim(services.make_act(tx, who), case)


# --- a follower -----------------------------------------------------------------------------------


def following(fresh: Fresh, facts: int) -> None:
    """What it takes to fold so many facts that nobody has looked at."""
    services = open_services(fresh())
    tally_scale.prepare(services)
    cases = max(1, round(facts / 6.9))
    told = tally_scale.fill(services, tally_scale.Invented(services), [tally_scale.LAST], cases)
    began, before = time.monotonic(), time.process_time()
    folded = catch_up_fully(services.store, TALLIES)
    took, used = time.monotonic() - began, time.process_time() - before
    if folded != told:
        raise SystemExit(f"{told} facts written, {folded} folded")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"\nThe tally follower, {folded:,} facts behind: {took:.1f} s, {folded / took:,.0f} facts a"
        f" second, {used / folded * 1e6:.0f} µs of its processor each, peak memory {peak:,.0f} MB"
    )
    services.store.close()


if __name__ == "__main__":
    main()
