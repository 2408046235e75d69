"""How long the tally takes over months of a whole network, on SQLite or on PostgreSQL.

Writes invented facts of so many cases a month straight into the log of a database of its own,
lets the follower fold them, and asks what the pages ask, as a regulator of the region and as one
hospital. Prints the rate of the fold and for each question the median and the worst of its runs.
The network is the demo's; nothing else of the demo takes part.
"""

import argparse
import random
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telemed import assemble
from telemed.actions.act import Act
from telemed.core.access import Role, Subject
from telemed.core.activity import Fact, Kind
from telemed.core.network_rows import validate
from telemed.core.tally import month_after, month_span
from telemed.dicom.names import search_keys
from telemed.documents.network_file import read_folder
from telemed.followers.follow import catch_up_fully
from telemed.followers.tallies import TALLIES, rebuild
from telemed.server import tally, tally_files, tally_listing
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.store import log, network
from telemed.store import tables as t
from telemed.store.tx import Row

LAST = "2026-10"
WRITTEN = 2_000
AGREED = 4  # providers of one requester
SERVICES = ("imaging", "ecg", "pathology")


# --- the months -----------------------------------------------------------------------------------


class Invented:
    """Cases of the demo's institutions, the same for the same seed."""

    def __init__(self, services: Services) -> None:
        self._dice = random.Random(1)
        rows = services.store.read_now(
            lambda tx: tx.all(sa.select(t.institutions).order_by(t.institutions.c.id))
        )
        connected = [row for row in rows if row["connected"]]
        hubs = [row["id"] for row in connected if row["level"] == "3"] or [connected[0]["id"]]
        askers = [row["id"] for row in connected if row["id"] not in hubs]
        self.hub = hubs[0]
        self._partners = {each: self._dice.choices(hubs, k=AGREED) for each in askers}
        self._askers = askers
        self._number = 0

    def month(self, month: str, cases: int) -> Iterator[tuple[Row, list[Fact]]]:
        """Requests of a month with their facts, by the time of sending."""
        begin, end = month_span(month)
        span = (end - begin).total_seconds()
        for moment in sorted(self._dice.random() for _ in range(cases)):
            yield self._case(begin + timedelta(seconds=int(moment * span)))

    def _case(self, sent: datetime) -> tuple[Row, list[Fact]]:
        dice = self._dice
        self._number += 1
        asker = dice.choice(self._askers)
        hub = dice.choice(self._partners[asker])
        case = f"{self._number:012x}-7000-8000-000000000000"
        spent = timedelta(seconds=round(dice.lognormvariate(8.0, 1.0), 3))
        due, issued = sent + timedelta(hours=2), sent + spent
        base = {
            "service": dice.choice(SERVICES),
            "urgency": dice.choices(("routine", "urgent", "stat"), (90, 8, 2))[0],
            "requester": asker,
            "provider": hub,
        }
        positive, critical = dice.random() < 0.45, dice.random() < 0.04
        adoption = dice.choices((None, "adopted", "partly", "not_adopted"), (30, 60, 7, 3))[0]

        def fact(kind: Kind, at: datetime, **data: object) -> Fact:
            return Fact(kind, at, "p1", asker, (asker, hub), case, data={**base, **data})

        facts = [
            fact(Kind.STUDY_RECEIVED, sent - timedelta(minutes=9)),
            fact(Kind.REQUEST_DRAFTED, sent - timedelta(minutes=5)),
            fact(Kind.REQUEST_SUBMITTED, sent),
            fact(Kind.WORKITEM_CLAIMED, sent + spent / 3),
            fact(Kind.REPORT_SIGNED, sent + spent / 2),
            fact(
                Kind.REPORT_ISSUED,
                issued,
                submitted_at=sent.isoformat(),
                due_at=due.isoformat(),
                waited_seconds=0,
                positive=positive,
                reader="p2",
            ),
        ]
        if dice.random() < 0.05:
            facts.insert(3, fact(Kind.REQUEST_RETURNED, sent + spent / 5))
            facts.insert(4, fact(Kind.REQUEST_RESUBMITTED, sent + spent / 4))
        if critical:
            facts.append(fact(Kind.CRITICAL_RAISED, issued))
            told = issued + timedelta(seconds=dice.randrange(60, 1800))
            times = {
                "raised_at": issued.isoformat(),
                "due_at": (issued + timedelta(minutes=15)).isoformat(),
            }
            facts.append(fact(Kind.CRITICAL_ACKNOWLEDGED, told, **times))
        if adoption:
            read = issued + timedelta(hours=3)
            facts.append(fact(Kind.REQUEST_CONFIRMED, read, adoption=adoption))
        row = {
            "id": case,
            "number": f"RQ{self._number:010d}",
            "service": base["service"],
            "urgency": base["urgency"],
            "state": "confirmed" if adoption else "answered",
            "version": 3,
            "requester_id": asker,
            "provider_id": hub,
            "content": {},
            "body_part": "chest",
            "question": "",
            "created_by": "bench",
            "created_at": sent,
            "updated_at": issued,
            "submitted_at": sent,
            "waited_seconds": 0,
            "due_at": due,
            "issued_at": issued,
            "adoption": adoption,
            "final_diagnosis": "",
            "positive": positive,
            "critical": critical,
        }
        return row, facts


def fill(services: Services, invented: Invented, months: Sequence[str], cases: int) -> int:
    """Write the months; how many facts. A fact of the next month may come before its turn."""
    told = 0
    rows: list[Row] = []
    facts: list[Fact] = []

    def write() -> None:
        def keep(tx: Any) -> None:
            tx.insert(t.requests, rows)
            log.append(tx, facts)

        services.store.write_now(keep)
        rows.clear()
        facts.clear()

    for month in months:
        for row, of_case in invented.month(month, cases):
            rows.append(row)
            facts.extend(of_case)
            told += len(of_case)
            if len(rows) >= WRITTEN:
                write()
        write()
        print(f"  {month}: {told:,} facts so far", flush=True)
    return told


def prepare(services: Services) -> None:
    rows = read_folder(services.settings.configs / "network").rows
    scopes = {c: s.provider_scopes for c, s in services.catalogue.services.items()}
    found, problems = validate(rows, on=datetime.now(UTC).date(), service_scopes=scopes)
    if found is None:
        raise SystemExit(f"the demo's network does not validate: {problems[:3]}")
    services.store.write_now(lambda tx: network.save_network(tx, found, search_keys))
    account = {
        "id": "bench",
        "username": "bench",
        "password_hash": "",
        "display_name": "bench",
        "roles": [],
        "demo": False,
        "disabled": True,
        "failures": 0,
        "created_at": datetime.now(UTC),
    }
    services.store.write_now(lambda tx: tx.insert(t.accounts, account))


# --- the questions --------------------------------------------------------------------------------


def timed(
    services: Services, who: Subject, runs: int, label: str, ask: Callable[[Act], Any]
) -> None:
    """Print the median and the worst of so many runs in milliseconds."""
    spent = []
    for _ in range(runs):
        begin = time.perf_counter()
        services.store.read_now(lambda tx: ask(services.make_act(tx, who)))
        spent.append((time.perf_counter() - begin) * 1000)
    print(f"{label:44} {statistics.median(spent):9.0f} ms {max(spent):9.0f} ms", flush=True)


def ask_all(services: Services, who: Subject, name: str, runs: int) -> None:
    """What the pages ask, for one subject."""

    def run(label: str, ask: Callable[[Act], Any]) -> None:
        timed(services, who, runs, f"{name}: {label}", ask)

    for side in ("requester", "provider"):
        for by in ("institution", "county", "city", "alliance", "service"):
            run(f"month by {by}, {side}", partial(tally.monthly, month=LAST, by=by, side=side))
    for urgency in ("routine", "urgent", "stat"):
        one = partial(tally.monthly, month=LAST, by="county", side="provider", urgency=urgency)
        run(f"{urgency} month by county, provider", one)
        for indicator in ("issued", "turnaround_median", None):
            asked = tally.TrendQuery(until=LAST, months=13, indicator=indicator, urgency=urgency)
            what = indicator or "every indicator"
            run(f"13 {urgency} months of {what}", partial(tally.trend, query=asked))
    for months in (13, 24):
        for indicator in ("issued", "turnaround_median", None):
            asked = tally.TrendQuery(until=LAST, months=months, indicator=indicator)
            what = indicator or "every indicator"
            run(f"{months} months of {what}", partial(tally.trend, query=asked))
    for indicator in ("issued", "turnaround_median", "on_time_share"):
        query = tally.CasesQuery(month=LAST, indicator=indicator)
        run(f"cases of {indicator}", partial(tally.cases_behind, query=query))
    last_page = tally.CasesQuery(month=LAST, indicator="issued", cursor=f"{10**9}.0")
    run("cases, the last page", lambda act: tally.cases_behind(act, last_page))
    run("the whole form", lambda act: tally_files.book(act, LAST))
    run("every fact, the first lines", lambda act: _lines(act, 0))
    run("every fact, the last lines", lambda act: _lines(act, 10**6))


def _lines(act: Act, indicator: int) -> object:
    """Lines of the list of every fact, from its first indicator or from its last one on."""
    first = tally_listing.begin(act, LAST, None)
    at = replace(first, indicator=min(indicator, len(tally_listing.SIDES) - 1))
    return tally_listing.page(act, at, tally_files.AT_ONCE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--cases", type=int, default=30_000, help="a month")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--database", default="", help="a PostgreSQL address; else SQLite")
    parser.add_argument("--data-dir", type=Path, default=Path("build/bench-tally"))
    parser.add_argument("--keep", action="store_true", help="ask what an earlier run filled")
    told = parser.parse_args()
    if not told.keep and not told.database and (told.data_dir / "telemed.sqlite3").exists():
        raise SystemExit(f"{told.data_dir} holds a database already: give --keep or another folder")
    told.data_dir.mkdir(parents=True, exist_ok=True)
    options = {"database_url": told.database} if told.database else {}
    services = assemble.open_services(Settings(data_dir=told.data_dir, **options))
    if not told.keep:
        prepare(services)
    invented = Invented(services)
    if not told.keep:
        months = [month_after(LAST, back) for back in range(1 - told.months, 1)]
        begin = time.perf_counter()
        facts = fill(services, invented, months, told.cases)
        print(f"{facts:,} facts written in {time.perf_counter() - begin:.0f} s")
        begin = time.perf_counter()
        catch_up_fully(services.store, TALLIES)
        print(f"folded at {facts / (time.perf_counter() - begin):,.0f} facts/s")
    region = Subject("bench", frozenset([Role.REGULATOR]), None, region="45")
    hospital = Subject("bench", frozenset([Role.INSTITUTION_ADMIN]), invented.hub)
    ask_all(services, region, "region", told.runs)
    ask_all(services, hospital, "hospital", told.runs)
    begin = time.perf_counter()
    done = rebuild(services.store)
    print(f"rebuilt in {time.perf_counter() - begin:.0f} s: {done}")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    services.store.close()


if __name__ == "__main__":
    main()
