"""What experts are asked for: rows in, rows out, compare-and-set on every change. It knows no
rules."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from telemed.core.opinion import OPEN, STANDING, Standing
from telemed.store.opinion_tables import opinions, signed_opinions
from telemed.store.tables import accounts, agreements, departments, institutions, people
from telemed.store.tx import Row, Tx, given

O = opinions.c  # noqa: E741
_OPEN: Final = O.state.in_([sa.literal(state.value) for state in sorted(OPEN)])
_STANDING: Final = O.state.in_([sa.literal(state.value) for state in sorted(STANDING)])


def get(tx: Tx, opinion_id: str) -> Row | None:
    """An opinion with the names of who and where."""
    return tx.one(_ONE, id=opinion_id)


def of_request(tx: Tx, request_id: str) -> list[Row]:
    """Everybody who was ever asked about a case, in the order they were asked."""
    return tx.all(_OF_REQUEST, request_id=request_id)


_asking = accounts.alias("asking")
_DRESSED = (
    sa.select(
        opinions,
        people.c.name.label("person_name"),
        people.c.title.label("person_title"),
        sa.func.coalesce(departments.c.name, people.c.department).label("person_department"),
        institutions.c.name.label("institution_name"),
        institutions.c.short_name.label("institution_short"),
        _asking.c.display_name.label("asked_by_name"),
        signed_opinions.c.sha256,
        signed_opinions.c.at.label("signed_at"),
    )
    .join(people, people.c.id == O.person_id)
    .join(institutions, institutions.c.id == O.institution_id)
    .outerjoin(
        departments,
        sa.and_(
            departments.c.institution_id == people.c.institution_id,
            departments.c.code == people.c.department,
        ),
    )
    .outerjoin(_asking, _asking.c.id == O.asked_by)
    .outerjoin(signed_opinions, signed_opinions.c.opinion_id == O.id)
)
_ONE = _DRESSED.where(O.id == given(O.id))
_OF_REQUEST = _DRESSED.where(O.request_id == given(O.request_id)).order_by(O.n)


def standing(tx: Tx, request_id: str) -> tuple[Standing, ...]:
    """Who is asked about a case and may see it, as the access rule asks."""
    rows = tx.all(_WHO_STANDS, request_id=request_id)
    return tuple(Standing(r["person_id"], r["provider_id"], r["until"]) for r in rows)


_WHO_STANDS = (
    sa.select(O.person_id, O.provider_id, agreements.c.until)
    .outerjoin(agreements, agreements.c.id == O.agreement_id)
    .where(O.request_id == given(O.request_id), _STANDING)
)


def still_open(tx: Tx, request_id: str) -> list[Row]:
    """The opinions on a case that are still to come."""
    return tx.all(_STILL_OPEN, request_id=request_id)


_STILL_OPEN = _OF_REQUEST.where(_OPEN)


def of_person(tx: Tx, person_id: str, since: datetime, most: int) -> list[Row]:
    """What somebody is asked for, what is due first before what ended after `since`."""
    return tx.all(_OF_PERSON, person_id=person_id, since=since, most=most)


_OF_PERSON = (
    _DRESSED.where(
        O.person_id == given(O.person_id),
        sa.or_(_OPEN, O.ended_at >= sa.bindparam("since", type_=O.ended_at.type)),
    )
    .order_by(sa.case((_OPEN, 0), else_=1), sa.case((_OPEN, O.due_at)), O.ended_at.desc(), O.id)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)


def lapsed(tx: Tx, now: datetime) -> list[Row]:
    """Whoever did not answer in time."""
    return tx.all(_LAPSED, now=now)


_LAPSED = (
    _DRESSED.where(O.state == "asked", O.due_at <= sa.bindparam("now", type_=O.due_at.type))
    .order_by(O.due_at, O.id)
    .limit(200)
)


def add(tx: Tx, row: dict[str, Any]) -> None:
    """One more expert, after those that there are."""
    last = tx.scalar(_LAST, request_id=row["request_id"])
    tx.insert(opinions, {**row, "n": last + 1})


_LAST = sa.select(sa.func.coalesce(sa.func.max(O.n), 0)).where(O.request_id == given(O.request_id))


def change(tx: Tx, opinion_id: str, version: int, values: dict[str, Any]) -> bool:
    """Change an opinion that still has this version."""
    keys = {"id": opinion_id, "version": version}
    return tx.change(opinions, keys, {**values, "version": version + 1}) == 1


def keep_signed(tx: Tx, row: dict[str, Any]) -> None:
    """The exact bytes that were signed."""
    tx.insert(signed_opinions, row)


def signed(tx: Tx, request_id: str) -> dict[str, Row]:
    """By opinion, the signed bytes of a case's."""
    return {row["opinion_id"]: row for row in tx.all(_SIGNED, request_id=request_id)}


_SIGNED = (
    sa.select(signed_opinions)
    .join(opinions, O.id == signed_opinions.c.opinion_id)
    .where(O.request_id == given(O.request_id))
)
