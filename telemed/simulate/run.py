"""A simulation from wish to verdict: read the network, make the accounts, play, count, compare."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

import sqlalchemy as sa

from telemed.actions import accounts as account_acts
from telemed.actions.accounts import NewSession
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.assemble import open_blobs
from telemed.core.access import Subject
from telemed.core.network_rows import Severity, validate
from telemed.dicom.names import search_keys
from telemed.documents.network_file import read_folder
from telemed.followers.expected import EXPECTED
from telemed.followers.follow import catch_up_fully
from telemed.followers.tallies import TALLIES
from telemed.server.auth import cookie_name
from telemed.server.hearing import hearing
from telemed.server.services import Services
from telemed.simulate import check as checking
from telemed.simulate import ledger as ledgers
from telemed.simulate.direct import Ids, Player
from telemed.simulate.ledger import FOLDER, SUFFIX, Ledger
from telemed.simulate.person import Listener, Screen, Timings
from telemed.simulate.plan import Plan, Wish
from telemed.simulate.rates import load_rates
from telemed.simulate.wire import Wire
from telemed.simulate.world import NO_PASSWORD, ZONE, World, make_accounts, read_world
from telemed.store import accounts, network
from telemed.store import tables as t
from telemed.store.tx import Tx


class NothingToPlay(Exception):
    """Why a simulation cannot begin or be compared, in one sentence."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked for on the command line; None leaves it to the rates or the scenario."""

    seed: int
    days: float | None = None
    until: datetime | None = None
    rate: float | None = None
    scenario: Path | None = None
    focus: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it."""

    cases: int
    steps: int
    facts: int
    ledger: Path


def ensure_network(services: Services) -> dict[str, int]:
    """Import the register of `configs/network` into an empty database; counts by table, or {}."""
    if services.store.read_now(lambda tx: tx.one(sa.select(t.institutions.c.id).limit(1))):
        return {}
    reading = read_folder(services.settings.configs / "network")
    scopes = {c: s.provider_scopes for c, s in services.catalogue.services.items()}
    found, problems = validate(
        reading.rows, on=services.clock().astimezone(ZONE).date(), service_scopes=scopes
    )
    faults = [p for p in [*reading.problems, *problems] if p.severity is Severity.ERROR]
    if found is None or faults:
        raise NothingToPlay(f"The register in configs/network does not validate: {faults[:3]}")
    return services.store.write_now(lambda tx: network.save_network(tx, found, search_keys))


def planned(
    services: Services, order: Order, shares: Mapping[str, float] = MappingProxyType({})
) -> tuple[Plan, Wish, World]:
    """The plan of an order over this database's network, with some shares of people changed."""
    rates = load_rates(services.settings.configs, order.scenario)
    rates = rates.model_copy(update={"people": rates.people.model_copy(update=dict(shares))})
    until = order.until or _midnight(rates.until) or services.clock()
    start = _midnight(rates.start) if order.days is None else None
    start = start or until - timedelta(days=order.days if order.days is not None else 30)
    wish = Wish(order.seed, start, until, order.rate or rates.rate, order.focus)
    world = services.store.read_now(lambda tx: read_world(tx, services.catalogue, start.date()))
    if not world.sites:
        raise NothingToPlay("Nobody in this network may be asked. See: telemed network import")
    return Plan(world, rates, services.catalogue, wish), wish, world


def play(
    services: Services,
    order: Order,
    progress: Callable[[int, float], None] = lambda cases, expected: None,
) -> Played:
    """Play a past through the actions, and fold it into the tally."""
    plan, wish, world = planned(services, order)
    path = ledger_path(services, wish)
    if path.exists():
        raise NothingToPlay(f"{path.name} is here already: choose another --seed or time.")
    ids = Ids(wish.seed)
    people = people_of(services, world, ids, wish.start)
    ledger = Ledger(path, services.catalogue)
    player = Player(
        services.store,
        partial(open_blobs, services.settings),
        services.signer,
        services.catalogue,
        people,
        ledger,
        ids,
    )
    expected = plan.expected()
    steps = player.play(plan, lambda cases: progress(cases, expected))
    ledger.close()
    catch_up_fully(services.store, TALLIES)
    catch_up_fully(services.store, EXPECTED)
    return Played(ledger.cases, steps, ledger.facts, path)


LIVE_ONLY = {"lapsed": 0.0, "late_images": 0.0}
"""What cannot be hurried: a lease lasts a quarter of an hour, and a burst of images a minute."""


@dataclass(frozen=True, slots=True)
class Live:
    """How a plan is played against servers: their addresses, the pace, how many sockets listen."""

    servers: Sequence[str]
    speed: float
    sockets: int = 20
    screens: bool = False
    """Whether each socket has a page that fetches its list again when it hears something."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a live play beside the ledger."""

    played: Played
    sockets: int
    messages: int
    reconnects: int
    unheard: Sequence[str]
    timings: Timings


def play_live(
    services: Services,
    order: Order,
    live: Live,
    progress: Callable[[int, float], None] = lambda cases, expected: None,
) -> Heard:
    """Play the time before `until` against running servers of this database, now."""
    plan, wish, world = planned(services, order, LIVE_ONLY)
    path = ledger_path(services, wish)
    if path.exists():
        raise NothingToPlay(f"{path.name} is here already: choose another --seed or time.")
    password = secrets.token_urlsafe(24)
    people = people_of(services, world, Ids(wish.seed), wish.start)
    _let_in(services, people, account_acts.hash_password(password))
    ledger = Ledger(path, services.catalogue)
    origin = services.settings.public_url.rstrip("/")
    wire = Wire(
        live.servers,
        origin,
        password,
        people,
        services.catalogue,
        ledger,
        services.clock,
        _sessions(services, people, origin or live.servers[0]),
    )
    listeners = _at_screens(world)[: live.sockets]
    expected = plan.expected()
    try:
        ears = asyncio.run(
            wire.play(
                plan,
                wish.start,
                live.speed,
                listeners,
                progress=lambda n: progress(n, expected),
                complete=lambda ear: _unheard(services, ear) is None,
                ear_of=Screen if live.screens else Listener,
            )
        )
    finally:
        ledger.close()
        _let_in(services, people, NO_PASSWORD)
    played = Played(ledger.cases, ledger.steps, ledger.facts, path)
    return Heard(
        played,
        len(ears),
        sum(len(ear.heard) for ear in ears),
        sum(ear.reconnects for ear in ears),
        [problem for ear in ears if (problem := _unheard(services, ear))],
        wire.timings,
    )


def _at_screens(world: World) -> list[str]:
    """Who sits before a page: each place's coordinator, then its first who asks."""
    return [*world.coordinators.values(), *(site.askers[0] for site in world.sites.values())]


def _sessions(
    services: Services, people: Mapping[str, Subject], origin: str
) -> dict[str, dict[str, str]]:
    """Everybody is at work already: the headers of an open session each, by person."""

    def begin(tx: Tx) -> dict[str, dict[str, str]]:
        found = {}
        for who, subject in people.items():
            new = NewSession(secrets.token_urlsafe(32), secrets.token_urlsafe(32), "simulation", 12)
            account_acts.open_session(services.make_act(tx, subject), new)
            cookie = f"{cookie_name(services.settings)}={new.token}"
            found[who] = {"Origin": origin, "Cookie": cookie, "X-CSRF-Token": new.csrf}
        return found

    return services.store.write_now(begin)


def _let_in(services: Services, people: Mapping[str, Subject], password_hash: str) -> None:
    """Give all of the simulation's accounts this password."""

    def change(tx: Tx) -> None:
        for subject in people.values():
            accounts.change(tx, subject.account_id, password_hash=password_hash)

    services.store.write_now(change)


def _unheard(services: Services, ear: Listener) -> str | None:
    """What a socket should have heard and did not, or heard twice or out of order."""
    a, subject = t.activities.c, ear.person.subject
    query = sa.select(a.seq).where(a.seq > ear.first, hearing(subject)).order_by(a.seq)
    wanted = services.store.read_now(lambda tx: [row[0] for row in tx.execute(query)])
    if ear.heard == wanted:
        return None
    lost, more = set(wanted) - set(ear.heard), len(ear.heard) - len(set(ear.heard))
    return f"{subject.institution_id}: {len(wanted)} facts, {len(lost)} unheard, {more} twice"


def people_of(services: Services, world: World, ids: Ids, at: datetime) -> dict[str, Subject]:
    """The accounts of everybody in the world, made if need be."""
    ids.at_ms = ledgers.ms(at)
    return services.store.write_now(
        lambda tx: make_accounts(Act(tx, SYSTEM, at, ids, services.catalogue), world)
    )


def ledger_path(services: Services, wish: Wish) -> Path:
    """Where the ledger of a wish is kept."""
    span = f"{wish.start:%Y%m%dT%H%M}-{wish.until:%Y%m%dT%H%M}"
    return services.settings.data_dir / FOLDER / f"{span}-seed{wish.seed}{SUFFIX}"


def check(services: Services) -> checking.Verdict:
    """All ledgers of this database against its log and its tally."""
    paths = sorted((services.settings.data_dir / FOLDER).glob(f"*{SUFFIX}"))
    if not paths:
        raise NothingToPlay("There is no ledger to compare: nothing was simulated here.")
    written = ledgers.read(paths)
    catch_up_fully(services.store, TALLIES)
    return services.store.read_now(lambda tx: checking.compare(tx, written, services.catalogue))


def _midnight(day: object) -> datetime | None:
    """The first moment of a scenario's day in Asia/Shanghai, UTC."""
    if day is None:
        return None
    return datetime.fromisoformat(f"{day}T00:00:00+08:00").astimezone(UTC)
