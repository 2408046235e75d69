"""Who may ask whom, and who does it: the network as the simulation sees it.

Read once from the register; it holds ids only. An agreement is used when its provider has somebody
who may read the service, and a second person where the service wants four eyes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from telemed.actions.accounts import NewAccount, add_account, subject_of
from telemed.actions.act import Act
from telemed.core.access import Role, Subject
from telemed.core.assignment import Taker, covers, why_not_take
from telemed.core.catalogue import Catalogue, ServiceType
from telemed.store import tables as t
from telemed.store.tx import Row, Tx

ZONE = ZoneInfo("Asia/Shanghai")
CHIEFS = ("231", "232")
"""GB/T 8561: chief and associate chief physicians verify."""
PHYSICIANS = "23"
TELEMEDICINE = "TEL"
NO_PASSWORD = "!"
"""A hash that no password has."""
PREFIX = "sim-"
"""What the user names of the simulation's accounts begin with."""


@dataclass(frozen=True, slots=True)
class Route:
    """An agreement that can be used: a provider, from when until when, its rank."""

    provider: str
    since: datetime
    until: datetime
    rank: int

    def open_at(self, at: datetime) -> bool:
        """Whether it is in force."""
        return self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Site:
    """An institution that asks: its people, and its routes by service in order of rank."""

    institution: str
    level: str
    askers: tuple[str, ...]
    routes: Mapping[str, tuple[Route, ...]]


@dataclass(frozen=True, slots=True)
class Desk:
    """Those of a provider who may read one service, and those who may sign after another."""

    readers: tuple[str, ...]
    verifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Sites by institution, desks by (provider, service), coordinators by provider."""

    sites: Mapping[str, Site]
    desks: Mapping[tuple[str, str], Desk]
    coordinators: Mapping[str, str]
    roles: Mapping[str, tuple[Role, ...]]
    names: Mapping[str, str]


@dataclass(slots=True)
class _Books:
    people: dict[str, list[Row]] = field(default_factory=dict)
    institutions: dict[str, Row] = field(default_factory=dict)


class Readers:
    """When each reader of each desk is free again."""

    def __init__(self, world: World) -> None:
        self._desks = world.desks
        self._free: dict[str, datetime] = {}

    def desk(self, provider: str, service: str) -> Desk:
        return self._desks[provider, service]

    def take(
        self,
        people: Sequence[str],
        ready: datetime,
        minutes: float,
        pressing: bool,
        but: str | None = None,
    ) -> tuple[str, datetime]:
        """Who reads, and from when: the first to be free; what presses interrupts them."""
        able = [p for p in people if p != but] or list(people)
        who = min(able, key=lambda p: self._free.get(p, ready))
        free = self._free.get(who, ready)
        start = ready if pressing else max(ready, free)
        self._free[who] = max(free, start) + timedelta(minutes=minutes)
        return who, start


def read_world(tx: Tx, catalogue: Catalogue, on: date) -> World:
    """The connected institutions with their people and agreements, as of a day."""
    books = _Books()
    query = sa.select(t.institutions).where(t.institutions.c.connected).order_by("id")
    books.institutions = {row["id"]: row for row in tx.all(query)}
    for person in tx.all(sa.select(t.people).where(t.people.c.active).order_by("id")):
        if person["institution_id"] in books.institutions:
            books.people.setdefault(person["institution_id"], []).append(person)
    live = [s for s in catalogue.services.values() if s.live]
    desks = {
        (institution, service.code): desk
        for institution in books.people
        for service in live
        if (desk := _desk(books, institution, service, on)) is not None
    }
    agreements = tx.all(sa.select(t.agreements).order_by("rank", "id"))
    sites = _sites(books, agreements, desks)
    names = {p["id"]: p["name"] for staff in books.people.values() for p in staff}
    return World(sites, desks, _coordinators(books), _roles(books, desks), names)


def _desk(books: _Books, institution: str, service: ServiceType, on: date) -> Desk | None:
    place = books.institutions[institution]
    if service.provider_scopes and not covers(tuple(place["scopes"]), service.provider_scopes):
        return None
    able = [p for p in books.people[institution] if _may_read(p, service, institution, on)]
    if not service.four_eyes:
        return Desk(tuple(p["id"] for p in able), ()) if able else None
    chiefs = [p["id"] for p in able if p["title"] in CHIEFS]
    # Whoever writes needs another to verify.
    readers = [p["id"] for p in able if set(chiefs) - {p["id"]}]
    return Desk(tuple(readers), tuple(chiefs)) if readers else None


def _may_read(person: Row, service: ServiceType, institution: str, on: date) -> bool:
    if not person["title"].startswith(PHYSICIANS):
        return False
    taker = Taker(
        person["id"], institution, tuple(person["scopes"]), person["practice_since"], True
    )
    return why_not_take(taker, service, institution, "", on) is None


def _sites(
    books: _Books, agreements: Sequence[Row], desks: Mapping[tuple[str, str], Desk]
) -> dict[str, Site]:
    routes: dict[str, dict[str, list[Route]]] = {}
    for row in agreements:
        route = Route(row["provider_id"], row["since"], row["until"], row["rank"])
        for service in row["services"]:
            if (row["provider_id"], service) in desks:
                routes.setdefault(row["requester_id"], {}).setdefault(service, []).append(route)
    sites: dict[str, Site] = {}
    for institution, by_service in sorted(routes.items()):
        staff = books.people.get(institution, [])
        askers = tuple(p["id"] for p in staff if p["title"].startswith(PHYSICIANS))
        if askers:
            level = books.institutions[institution]["level"]
            frozen = {service: tuple(found) for service, found in by_service.items()}
            sites[institution] = Site(institution, level, askers, frozen)
    return sites


def _coordinators(books: _Books) -> dict[str, str]:
    return {
        institution: person["id"]
        for institution, staff in books.people.items()
        for person in staff
        if person["department"] == TELEMEDICINE
    }


def _roles(books: _Books, desks: Mapping[tuple[str, str], Desk]) -> dict[str, tuple[Role, ...]]:
    """What each person's account must be able to do."""
    roles: dict[str, set[Role]] = {}
    for staff in books.people.values():
        for person in staff:
            if person["department"] == TELEMEDICINE:
                roles.setdefault(person["id"], set()).add(Role.COORDINATOR)
            elif person["title"].startswith(PHYSICIANS):
                roles.setdefault(person["id"], set()).add(Role.REQUESTER)
    for desk in desks.values():
        for person_id in desk.readers:
            roles.setdefault(person_id, set()).add(Role.READER)
        for person_id in desk.verifiers:
            roles.setdefault(person_id, set()).add(Role.VERIFIER)
    return {person: tuple(sorted(held)) for person, held in sorted(roles.items())}


def make_accounts(act: Act, world: World) -> dict[str, Subject]:
    """An account for everybody of the world; who they are, by person. Twice is once.

    Nobody can sign in with one: it has no password that could be typed. It acts here, or with a
    machine token.
    """
    known = accounts_of(act.tx)
    for person_id, roles in world.roles.items():
        if person_id not in known:
            add_account(act, _account(person_id, world.names[person_id], roles))
    return accounts_of(act.tx)


def accounts_of(tx: Tx) -> dict[str, Subject]:
    """The simulation's accounts, by person."""
    mine = t.accounts.c.username.startswith(PREFIX)
    rows = tx.all(sa.select(t.accounts).where(mine))
    return {row["person_id"]: subject_of(row) for row in rows}


def _account(person_id: str, name: str, roles: Sequence[Role]) -> NewAccount:
    return NewAccount(
        username=f"{PREFIX}{person_id.lower()}",
        password_hash=NO_PASSWORD,
        name=name,
        roles=[role.value for role in roles],
        institution_id=person_id.split("-")[0],
        person_id=person_id,
    )
