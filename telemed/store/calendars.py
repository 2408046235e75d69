"""Calendars: rooms and devices, weekly hours, exceptions. Rows in, rows out; it knows no rules."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from telemed.store.appointment_tables import (
    calendar_exceptions,
    calendar_links,
    resources,
    weekly_hours,
)
from telemed.store.columns import UtcTime
from telemed.store.tables import accounts, people
from telemed.store.tx import Row, Tx, among

R, H, E, L = resources.c, weekly_hours.c, calendar_exceptions.c, calendar_links.c
_STANDS_H: Final = H.canceled_at.is_(None)
_STANDS_E: Final = E.canceled_at.is_(None)


def _owned(table: sa.Table, on_sqlite: bool) -> Any:
    return sa.or_(
        among(table.c.person_id, "people", on_sqlite),
        among(table.c.resource_id, "resources", on_sqlite),
    )


@cache
def _hours(on_sqlite: bool) -> sa.Select[Any]:
    owned = _owned(weekly_hours, on_sqlite)
    return sa.select(weekly_hours).where(owned, _STANDS_H).order_by(H.first, H.id)


@cache
def _exceptions(on_sqlite: bool) -> sa.Select[Any]:
    since, until = (sa.bindparam(name, type_=UtcTime) for name in ("since", "until"))
    owned = _owned(calendar_exceptions, on_sqlite)
    touches = sa.and_(E.until > since, E.since < until)
    return sa.select(calendar_exceptions).where(owned, _STANDS_E, touches).order_by(E.since, E.id)


def hours(tx: Tx, people_ids: Collection[str], resource_ids: Collection[str] = ()) -> list[Row]:
    """The weekly rows that stand, of people and of resources."""
    owners = {"people": sorted(people_ids), "resources": sorted(resource_ids)}
    return tx.all(_hours(tx.sqlite), **owners)


def exceptions(
    tx: Tx,
    people_ids: Collection[str],
    resource_ids: Collection[str],
    since: datetime,
    until: datetime,
) -> list[Row]:
    """The exceptions that stand and touch a stretch of time."""
    owners = {"people": sorted(people_ids), "resources": sorted(resource_ids)}
    return tx.all(_exceptions(tx.sqlite), **owners, since=since, until=until)


def exception(tx: Tx, exception_id: str) -> Row | None:
    """An exception, a canceled one too."""
    return tx.find(calendar_exceptions, id=exception_id)


def set_hours(
    tx: Tx, column: str, owner: str, rows: list[dict[str, Any]], by: str, at: datetime
) -> None:
    """Other weekly rows in the place of those that stand; `column` says whose they are."""
    mine = sa.and_(weekly_hours.c[column] == owner, _STANDS_H)
    tx.update(weekly_hours, mine, {"canceled_by": by, "canceled_at": at})
    if rows:
        tx.insert(weekly_hours, rows)


def add_exception(tx: Tx, row: Mapping[str, Any]) -> None:
    """A new exception."""
    tx.insert(calendar_exceptions, row)


def cancel_exception(tx: Tx, exception_id: str, by: str, at: datetime) -> bool:
    """Take an exception back; False when it is back already."""
    standing = sa.and_(E.id == exception_id, _STANDS_E)
    return tx.update(calendar_exceptions, standing, {"canceled_by": by, "canceled_at": at}) == 1


def kept_for(tx: Tx, institution_id: str) -> list[Row]:
    """Active people of an institution that hours or extra hours are kept for, by title and id."""
    has_hours = sa.exists().where(H.person_id == people.c.id, _STANDS_H)
    has_extra = sa.exists().where(E.person_id == people.c.id, _STANDS_E, E.kind == "extra")
    return tx.all(
        sa.select(people)
        .where(people.c.institution_id == institution_id, people.c.active.is_(True))
        .where(sa.or_(has_hours.correlate(people), has_extra.correlate(people)))
        .order_by(people.c.title, people.c.id)
    )


# --- rooms and devices ----------------------------------------------------------------------------


def resources_of(tx: Tx, institution_id: str) -> list[Row]:
    """An institution's rooms and devices, those out of use too, by kind and name."""
    return tx.all(
        sa.select(resources)
        .where(R.institution_id == institution_id)
        .order_by(R.kind, R.name, R.id)
    )


def some_resources(tx: Tx, ids: Collection[str]) -> dict[str, Row]:
    """Rooms and devices by id; unknown ones are left out."""
    return {row["id"]: row for row in tx.find_each(R.id, sorted(set(ids)))}


def add_resource(tx: Tx, row: Mapping[str, Any]) -> None:
    """A new room or device."""
    tx.insert(resources, row)


def change_resource(tx: Tx, resource_id: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change a room or device that still has this version."""
    changed = {**values, "version": version + 1}
    return tx.change(resources, {"id": resource_id, "version": version}, changed) == 1


# --- secret addresses -----------------------------------------------------------------------------


def links_of(tx: Tx, person_id: str) -> list[Row]:
    """Somebody's links that were not revoked, the oldest first."""
    mine = sa.and_(L.person_id == person_id, L.revoked_at.is_(None))
    return tx.all(sa.select(calendar_links).where(mine).order_by(L.made_at, L.id))


def add_link(tx: Tx, row: Mapping[str, Any]) -> None:
    """A new link."""
    tx.insert(calendar_links, row)


def revoke_link(tx: Tx, link_id: str, at: datetime) -> bool:
    """End a link; False when it has ended already."""
    open_ones = sa.and_(L.id == link_id, L.revoked_at.is_(None))
    return tx.update(calendar_links, open_ones, {"revoked_at": at}) == 1


def link_was_read(tx: Tx, link_id: str, at: datetime, unless_since: datetime) -> None:
    """Keep when a link was read, unless it was since a moment: of many who read it, one writes."""
    earlier = sa.or_(L.read_at.is_(None), L.read_at <= unless_since)
    tx.update(calendar_links, sa.and_(L.id == link_id, earlier), {"read_at": at})


def link_owner(tx: Tx, secret_hash: str) -> Row | None:
    """Whose calendar a secret opens: an active person of an account that may sign in there."""
    whose = (
        sa.select(L.id, L.person_id, L.read_at, people.c.name.label("person_name"))
        .join(people, people.c.id == L.person_id)
        .join(accounts, accounts.c.id == L.account_id)
        .where(L.secret_hash == secret_hash, L.revoked_at.is_(None))
        .where(people.c.active.is_(True), accounts.c.disabled.is_(False))
        .where(accounts.c.person_id == L.person_id)
        .where(accounts.c.institution_id == people.c.institution_id)
    )
    return tx.one(whose)
