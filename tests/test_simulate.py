"""The network in play: the same seed gives the same facts, people err as they do, and the check
that compares ledger, log and tally finds every kind of difference."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from telemed.assemble import open_services
from telemed.core.clocks import Side, clocks_of, taken, turns_of
from telemed.server.services import Services
from telemed.settings import CONFIGS, Settings
from telemed.simulate import run
from telemed.simulate.life import Do, Step
from telemed.simulate.plan import Plan, Wish
from telemed.simulate.rates import is_holiday, is_workday, load_rates
from telemed.simulate.run import NothingToPlay, Order
from telemed.simulate.world import ZONE, read_world
from telemed.store import log
from telemed.store import tables as t
from telemed.store.tx import Tx

UNTIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
"""Midnight after 31 March in Guangxi."""
SMALL = Order(seed=11, days=4, until=UNTIL, rate=34)


@contextmanager
def house(folder: Path, database_url: str = "") -> Iterator[Services]:
    """An empty data directory with the shipped network in its database."""
    services = open_services(Settings(data_dir=folder, database_url=database_url))
    run.ensure_network(services)
    try:
        yield services
    finally:
        services.store.close()


def log_hash(services: Services) -> str:
    """Every fact of the log in one number."""
    columns = [c for c in t.activities.c if c.name != "seq"]
    query = sa.select(*columns).order_by(t.activities.c.seq)
    rows = services.store.read_now(lambda tx: tx.all(query))
    facts = ({str(k): v for k, v in row.items()} for row in rows)
    lines = [orjson.dumps(fact, option=orjson.OPT_SORT_KEYS) for fact in facts]
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Four days of the network, played once."""
    with house(tmp_path_factory.mktemp("simulated")) as services:
        run.play(services, SMALL)
        yield services


# --- the clocks ---------------------------------------------------------------------------------


def test_both_clocks_of_a_row_are_those_of_its_facts(played: Services) -> None:
    """Replaying the log gives the turn, the beginning and the time of either side that each row
    holds; of every turn that ended the row keeps whole seconds."""
    now = UNTIL + timedelta(days=1)

    def compare(tx: Tx) -> Counter[str]:
        seen: Counter[str] = Counter()
        for row in tx.all(sa.select(t.requests).where(t.requests.c.submitted_at.is_not(None))):
            turns, kept = turns_of(log.of_request(tx, row["id"])), clocks_of(row)
            last = turns[-1] if turns[-1].until is None else None
            assert (last.turn if last else None) == kept.turn
            slack = timedelta(seconds=len(turns))
            for side, hand in ((Side.PROVIDER, kept.provider), (Side.REQUESTER, kept.requester)):
                assert timedelta(0) <= taken(turns, side, now) - hand.at(now) + slack <= 2 * slack
            if last and last.side is Side.REQUESTER:
                assert (kept.requester.since, kept.requester.due) == (last.since, last.due)
            elif last:
                assert kept.provider.due == last.due
            seen[row["state"]] += 1
        return seen

    seen = played.store.read_now(compare)
    assert seen["confirmed"] > 20 and len(seen) > 3


# --- the plan -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def steps(played: Services) -> list[Step]:
    """A fortnight's plan, not played."""
    start = datetime(2026, 2, 23, 16, 0, tzinfo=UTC)
    world = played.store.read_now(lambda tx: read_world(tx, played.catalogue, start.date()))
    wish = Wish(3, start, start + timedelta(days=14), 700)
    return list(Plan(world, load_rates(CONFIGS), played.catalogue, wish))


def test_people_do_everything_that_people_do(steps: list[Step]) -> None:
    """A fortnight has every kind of step, and nobody acts twice at once in a case."""
    assert {step.do for step in steps} == set(Do)
    assert steps == sorted(steps)


def test_a_quarter_of_the_day_is_the_morning_peak(steps: list[Step]) -> None:
    """The rules page: about a quarter of the day's requests in one peak hour, Monday the most."""
    sent = [s.at.astimezone(ZONE) for s in steps if s.do is Do.SUBMIT]
    by_hour = Counter(at.hour for at in sent)
    assert 0.24 < (by_hour[8] + by_hour[9]) / len(sent) < 0.40
    by_day = Counter(at.date() for at in sent)
    assert max(by_day, key=lambda day: by_day[day]).weekday() == 0
    sunday = by_day[date(2026, 3, 8)]
    assert sunday < 0.5 * by_day[date(2026, 3, 4)]


def test_a_holiday_is_a_sunday_and_a_swapped_day_a_friday() -> None:
    """China's calendar of 2026: National Day is free, 10 October is worked (调休)."""
    rates = load_rates(CONFIGS)
    assert is_holiday(date(2026, 10, 1))
    assert rates.weight_of(date(2026, 10, 1)) == rates.weekdays[6]
    assert is_workday(date(2026, 10, 10))
    assert rates.weight_of(date(2026, 10, 10)) == rates.weekdays[4]
    assert rates.weight_of(date(2026, 3, 31)) == rates.weekdays[1] * rates.month_end
    # Announced in the autumn before: nobody knows 2035 yet.
    assert is_workday(date(2035, 1, 2))


def test_shares_are_what_the_rates_say(steps: list[Step]) -> None:
    """Returns, positives and criticals come as often as configured."""
    cases = {s.life.key: s.life for s in steps if s.do is Do.SUBMIT}
    rates = load_rates(CONFIGS)
    returned = {s.life.key for s in steps if s.do is Do.RETURN}
    assert len(returned) / len(cases) == pytest.approx(rates.people.returned, rel=0.25)
    issued = [s for s in steps if s.do is Do.WRITE]
    positive = sum(bool(s.more["content"].get("positive")) for s in issued) / len(issued)
    assert 0.3 < positive < 0.7
    critical = sum(bool(s.more["content"]["critical"]) for s in issued) / len(issued)
    assert 0.005 < critical < 0.02


def test_routine_images_are_not_read_at_night(steps: list[Step]) -> None:
    """Only what presses, and the ECG desk, works around the clock."""
    at_night = [
        s
        for s in steps
        if s.do is Do.CLAIM
        and (s.life.service, s.life.urgency) == ("imaging", "routine")
        and not 7 <= s.at.astimezone(ZONE).hour <= 23
    ]
    claims = sum(s.do is Do.CLAIM and s.life.service == "imaging" for s in steps)
    assert len(at_night) < 0.01 * claims


# --- what was played ----------------------------------------------------------------------------


@pytest.mark.services
def test_the_same_seed_gives_the_same_facts_on_every_database(
    played: Services, tmp_path: Path, postgres_url: str
) -> None:
    """Ids, times, actors and order: equal to the last fact, on SQLite and PostgreSQL."""
    with house(tmp_path / "other", postgres_url) as other:
        run.play(other, SMALL)
        assert log_hash(other) == log_hash(played)
        assert run.check(other).same


def test_another_seed_gives_other_facts(played: Services, tmp_path: Path) -> None:
    """The seed matters."""
    with house(tmp_path / "other") as other:
        run.play(other, Order(seed=12, days=1, until=UNTIL, rate=20))
        assert log_hash(other) != log_hash(played)


def test_ledger_log_and_tally_agree(played: Services) -> None:
    """Nothing was left out of the comparison."""
    verdict = run.check(played)
    assert verdict.same, verdict.named
    assert verdict.cases > 100
    assert verdict.facts > 5 * verdict.cases
    assert verdict.entries > verdict.facts / 2


def test_the_same_past_is_not_played_twice(played: Services) -> None:
    """Its UIDs and ids are there already."""
    with pytest.raises(NothingToPlay, match="seed"):
        run.play(played, SMALL)


def _drop_a_fact(lines: list[bytes]) -> list[bytes]:
    last = max(i for i, line in enumerate(lines) if b"report.issued" in line)
    return lines[:last] + lines[last + 1 :]


def _forget_a_case(lines: list[bytes]) -> list[bytes]:
    number = orjson.loads(lines[0])["case"]
    return [
        line
        for line in lines
        if not (line.startswith(b"{") and orjson.loads(line)["case"] == number)
        and not line.startswith(f"[{number},".encode())
    ]


def _change_a_time(lines: list[bytes]) -> list[bytes]:
    where = next(i for i, line in enumerate(lines) if b"request.submitted" in line)
    row = orjson.loads(lines[where])
    row[2] += 1
    return [*lines[:where], orjson.dumps(row) + b"\n", *lines[where + 1 :]]


def _invent_a_case(lines: list[bytes]) -> list[bytes]:
    made = {**orjson.loads(lines[0]), "case": 10**9, "id": "made-up"}
    return [*lines, orjson.dumps(made) + b"\n", b'[1000000000,"request.drafted",5]\n']


@pytest.mark.parametrize("change", [_drop_a_fact, _forget_a_case, _change_a_time, _invent_a_case])
def test_a_ledger_that_differs_is_found(played: Services, change: object) -> None:
    """A fact too few, a case too few, another time, a case too many."""
    (path,) = (played.settings.data_dir / "simulation").glob("*.ledger")
    honest = path.read_bytes()
    try:
        path.write_bytes(b"".join(change(honest.splitlines(keepends=True))))  # type: ignore[operator]
        assert not run.check(played).same
    finally:
        path.write_bytes(honest)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM tally_entries WHERE rowid = (SELECT max(rowid) FROM tally_entries)",
        "UPDATE tally_entries SET month = '2025-01' WHERE indicator = 'issued'",
        "UPDATE tally_entries SET value = value + 1 WHERE indicator = 'turnaround'",
        "UPDATE requests SET state = 'open' WHERE state = 'confirmed'",
    ],
)
def test_a_tally_or_state_that_differs_is_found(
    played: Services, tmp_path: Path, damage: str
) -> None:
    """The comparison reads the published tables themselves."""
    shutil.copytree(played.settings.data_dir, tmp_path / "copy")
    with house(tmp_path / "copy") as copy:
        copy.store.write_now(lambda tx: tx.execute(sa.text(damage)))
        assert not run.check(copy).same
