"""The network's register in the database: saving it whole, and asking who may serve whom.

Knows the tables of areas, institutions, alliances, memberships, agreements, departments and
people, and that their days are calendar days of Asia/Shanghai. Refuses to know how a register file
is read or judged (`core.network_rows`) and how a name becomes a search key: that is an argument.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from telemed.core import sla, workitem
from telemed.core.network import Agreement, Network
from telemed.store.agreements import set_by_parties
from telemed.store.tables import (
    agreements,
    alliances,
    area_codes,
    departments,
    institutions,
    memberships,
    people,
    workitems,
)
from telemed.store.tx import Row, Tx, given

SHANGHAI = ZoneInfo("Asia/Shanghai")


def begin_of(day: date) -> datetime:
    """The UTC moment at which a calendar day of Asia/Shanghai begins."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The first UTC moment after a calendar day of Asia/Shanghai."""
    return begin_of(day + timedelta(days=1))


# --- saving -----------------------------------------------------------------------------------

_NOT_OURS: Mapping[str, tuple[str, ...]] = {"people": ("active",)}
"""Columns that a register does not own: saving it again must not bring a leaver back."""


def save_network(
    tx: Tx, network: Network, search_key: Callable[[str], str] = str.lower
) -> dict[str, int]:
    """Save a whole register by code; how many rows of each table it holds.

    Saving it again changes nothing. What a newer register leaves out stays: cases refer to it.
    What the parties of an agreement set themselves stays theirs, whatever the register says.
    """
    theirs = set_by_parties(tx, set(network.agreements))
    rows: tuple[tuple[sa.Table, list[Row]], ...] = (
        (area_codes, [{**asdict(a), "kind": a.kind.value} for a in network.areas.values()]),
        (institutions, _institution_rows(network, search_key)),
        (alliances, [_alliance_row(network, code) for code in network.alliances]),
        (memberships, _membership_rows(network)),
        (
            agreements,
            [{**_agreement_row(a), **theirs.get(a.code, {})} for a in network.agreements.values()],
        ),
        (departments, _department_rows(network)),
        (people, _people_rows(network)),
    )
    for table, values in rows:
        tx.insert_each(_upsert(table, tx.sqlite), values)
    return {table.name: len(values) for table, values in rows}


def _institution_rows(network: Network, search_key: Callable[[str], str]) -> list[Row]:
    return [
        {
            **_without(asdict(i), "code"),
            "id": i.code,
            "search": search_key(f"{i.name} {i.short_name}"),
            "scopes": list(i.scopes),
        }
        for i in network.institutions.values()
    ]


def _alliance_row(network: Network, code: str) -> Row:
    alliance = network.alliances[code]
    return {
        "id": code,
        "name": alliance.name,
        "form": alliance.form.value,
        "lead_id": alliance.lead,
    }


def _membership_rows(network: Network) -> list[Row]:
    return [
        {
            "alliance_id": m.alliance,
            "institution_id": m.institution,
            "since": m.since,
            "until": m.until,
            "role": m.role.value,
        }
        for m in network.memberships
    ]


def _agreement_row(agreement: Agreement) -> Row:
    return {
        "id": agreement.code,
        "requester_id": agreement.requester,
        "provider_id": agreement.provider,
        "services": list(agreement.services),
        "since": begin_of(agreement.since),
        "until": end_of(agreement.until),
        "rank": agreement.rank,
        "liability": agreement.liability,
        "document_no": agreement.document_no,
        "terms": sla.stored_terms(agreement.deadlines) or None,
    }


def _department_rows(network: Network) -> list[Row]:
    return [
        {**_without(asdict(d), "institution"), "institution_id": d.institution}
        for d in network.departments.values()
    ]


def _people_rows(network: Network) -> list[Row]:
    return [
        {
            **_without(asdict(p), "code", "institution", "roles"),
            "id": p.code,
            "institution_id": p.institution,
            "scopes": list(p.scopes),
            "active": True,
        }
        for p in network.people.values()
    ]


def _without(row: Mapping[str, object], *keys: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in keys}


@cache
def _upsert(table: sa.Table, on_sqlite: bool) -> sa.Insert:
    insert = sqlite.insert(table) if on_sqlite else postgresql.insert(table)
    keys = [c.name for c in table.primary_key.columns]
    kept = {*keys, *_NOT_OURS.get(table.name, ())}
    fresh = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in kept}
    return insert.inline().on_conflict_do_update(index_elements=keys, set_=fresh)


# --- institutions -----------------------------------------------------------------------------

_area = area_codes.alias("area")
_city = area_codes.alias("city")
_INSTITUTION = sa.select(
    institutions,
    sa.func.coalesce(_area.c.name, "").label("area_name"),
    sa.func.coalesce(_city.c.name, _area.c.name, "").label("city_name"),
).select_from(
    institutions.join(_area, _area.c.code == institutions.c.area_code).outerjoin(
        _city, _city.c.code == _area.c.parent
    )
)
"""An institution with the names of its area and city; a city's own area is its city."""


@dataclass(frozen=True, slots=True)
class InstitutionFilter:
    """What a list of institutions is narrowed by; None and "" narrow nothing.

    `city` is an area-code prefix such as 4503. `q` is hanzi, pinyin, initials or a code.
    """

    q: str = ""
    city: str = ""
    level: str = ""
    connected: bool | None = None


def institution(tx: Tx, institution_id: str) -> Row | None:
    """An institution with area_name and city_name, or None."""
    return tx.one(_BY_ID, id=institution_id)


_BY_ID = _INSTITUTION.where(institutions.c.id == given(institutions.c.id))


def institution_page(
    tx: Tx, narrow: InstitutionFilter, offset: int, limit: int
) -> tuple[list[Row], int]:
    """A page of institutions by level and code, and how many there are in all."""
    where = sa.and_(sa.true(), *_institution_conditions(narrow))
    total = tx.scalar(sa.select(sa.func.count()).select_from(institutions).where(where))
    query = _INSTITUTION.where(where).order_by(institutions.c.level.desc(), institutions.c.id)
    return tx.all(query.offset(offset).limit(limit)), int(total)


def _institution_conditions(narrow: InstitutionFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for word in narrow.q.lower().split():
        found.append(
            sa.or_(
                institutions.c.search.contains(word, autoescape=True),
                institutions.c.name.contains(word, autoescape=True),
                sa.func.lower(institutions.c.id).startswith(word, autoescape=True),
            )
        )
    if narrow.city:
        found.append(institutions.c.area_code.startswith(narrow.city, autoescape=True))
    if narrow.level:
        found.append(institutions.c.level == narrow.level)
    if narrow.connected is not None:
        found.append(institutions.c.connected == narrow.connected)
    return found


def institution_refs(tx: Tx, ids: Collection[str | None]) -> dict[str, Row]:
    """id, name and short_name of institutions, by id."""
    c = institutions.c
    rows = tx.find_each(c.id, {i for i in ids if i is not None}, c.id, c.name, c.short_name)
    return {row["id"]: row for row in rows}


def areas(tx: Tx) -> list[Row]:
    """All area codes ever in force, by code."""
    return tx.all(sa.select(area_codes).order_by(area_codes.c.code))


def memberships_of(tx: Tx, institution_id: str) -> list[Row]:
    """An institution's memberships, past ones too, with alliance_name and form; newest first."""
    query = (
        sa.select(memberships, alliances.c.name.label("alliance_name"), alliances.c.form)
        .join(alliances, alliances.c.id == memberships.c.alliance_id)
        .where(memberships.c.institution_id == institution_id)
        .order_by(memberships.c.since.desc(), memberships.c.alliance_id)
    )
    return tx.all(query)


# --- alliances --------------------------------------------------------------------------------


def alliance_page(
    tx: Tx, q: str, form: str, on: date, offset: int, limit: int
) -> tuple[list[Row], int]:
    """A page of alliances with their number of members on a day, and how many there are in all."""
    where = sa.and_(sa.true(), *_alliance_conditions(q, form))
    total = tx.scalar(
        sa.select(sa.func.count())
        .select_from(alliances.join(institutions, institutions.c.id == alliances.c.lead_id))
        .where(where)
    )
    query = (
        sa.select(
            alliances,
            institutions.c.name.label("lead_name"),
            institutions.c.short_name.label("lead_short_name"),
            _members_on(on).label("members"),
        )
        .join(institutions, institutions.c.id == alliances.c.lead_id)
        .where(where)
        .order_by(alliances.c.form, alliances.c.id)
    )
    return tx.all(query.offset(offset).limit(limit)), int(total)


def _alliance_conditions(q: str, form: str) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [
        sa.or_(
            alliances.c.name.contains(word, autoescape=True),
            institutions.c.search.contains(word, autoescape=True),
            institutions.c.name.contains(word, autoescape=True),
        )
        for word in q.lower().split()
    ]
    if form:
        found.append(alliances.c.form == form)
    return found


def _members_on(on: date) -> sa.ScalarSelect[int]:
    counted = sa.func.count(sa.distinct(memberships.c.institution_id))
    return (
        sa.select(counted)
        .where(memberships.c.alliance_id == alliances.c.id, _member_on(on))
        .correlate(alliances)
        .scalar_subquery()
    )


def _member_on(on: date) -> sa.ColumnElement[bool]:
    open_end = sa.or_(memberships.c.until.is_(None), memberships.c.until >= on)
    return sa.and_(memberships.c.since <= on, open_end)


# --- agreements -------------------------------------------------------------------------------


def _in_force(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(agreements.c.since <= now, now < agreements.c.until)


def agreement(tx: Tx, agreement_id: str) -> Row | None:
    """An agreement by id, or None."""
    return tx.one(sa.select(agreements).where(agreements.c.id == agreement_id))


def agreements_of(tx: Tx, institution_id: str) -> list[Row]:
    """All agreements of which the institution is a party, past ones too, newest first."""
    party = sa.or_(
        agreements.c.requester_id == institution_id, agreements.c.provider_id == institution_id
    )
    query = sa.select(agreements).where(party)
    return tx.all(query.order_by(agreements.c.since.desc(), agreements.c.rank, agreements.c.id))


def agreement_in_force(
    tx: Tx, requester: str, provider: str, service: str, now: datetime
) -> Row | None:
    """The agreement under which `requester` may ask `provider` for a service now, or None.

    国卫医发〔2018〕50号 三(一): without a written agreement nothing is asked for.
    """
    return next(
        (a for a in _offers(tx, requester, service, now) if a["provider_id"] == provider), None
    )


def destinations(tx: Tx, requester: str, service: str, now: datetime) -> list[Row]:
    """The agreements in force for a service, best rank first, one row a provider.

    Each row is the agreement with provider_name, provider_short_name, provider_scopes and
    open_requests, the provider's workitems that nobody has claimed yet.
    """
    offers: dict[str, Row] = {}
    for offer in _offers(tx, requester, service, now):
        offers.setdefault(offer["provider_id"], offer)
    rows = tx.all(sa.select(institutions).where(institutions.c.id.in_(list(offers))))
    places = {row["id"]: row for row in rows}
    waiting = _scheduled_at(tx, offers)
    return [
        {
            **offer,
            "provider_name": places[provider]["name"],
            "provider_short_name": places[provider]["short_name"],
            "provider_scopes": places[provider]["scopes"],
            "open_requests": waiting.get(provider, 0),
        }
        for provider, offer in offers.items()
    ]


def _offers(tx: Tx, requester: str, service: str, now: datetime) -> list[Row]:
    rows = tx.all(_OFFERS, requester_id=requester, now=now)
    return [row for row in rows if service in row["services"]]


_OFFERS = (
    sa.select(agreements)
    .where(
        agreements.c.requester_id == given(agreements.c.requester_id),
        agreements.c.since <= sa.bindparam("now", type_=agreements.c.since.type),
        agreements.c.until > sa.bindparam("now", type_=agreements.c.until.type),
    )
    .order_by(agreements.c.rank, agreements.c.id)
)


def _scheduled_at(tx: Tx, providers: Collection[str]) -> dict[str, int]:
    query = (
        sa.select(workitems.c.provider_id, sa.func.count().label("n"))
        .where(
            workitems.c.provider_id.in_(list(providers)),
            workitems.c.state == workitem.State.SCHEDULED.value,
        )
        .group_by(workitems.c.provider_id)
    )
    return {row["provider_id"]: row["n"] for row in tx.all(query)}


# --- the whole --------------------------------------------------------------------------------


def summary(tx: Tx, now: datetime) -> Row:
    """Counts of the network, shaped as the API's NetworkSummary."""
    i = institutions.c
    counted = sa.select(
        sa.func.count().label("institutions"),
        _count_where(i.connected).label("connected"),
        _count_where(i.level == "3").label("tertiary"),
        _count_where(i.level == "2").label("secondary"),
        _count_where(sa.and_(i.former_poverty_county, i.connected)).label(
            "former_poverty_connected"
        ),
    ).select_from(institutions)
    forms = sa.select(alliances.c.form, sa.func.count().label("n")).group_by(alliances.c.form)
    in_force = sa.select(sa.func.count()).select_from(agreements).where(_in_force(now))
    return {
        **(tx.one(counted) or {}),
        "alliances": {row["form"]: row["n"] for row in tx.all(forms)},
        "agreements": int(tx.scalar(in_force)),
    }


def _count_where(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
