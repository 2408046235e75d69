"""What sessions an institution's people and rooms sat in, for looking ahead. Rows in, rows out."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.appointment import SITS, State
from telemed.core.urgent_call import State as CallState
from telemed.core.waiting import State as WaitingState
from telemed.store.appointment_tables import (
    appointment_resources,
    appointment_seats,
    appointments,
    resources,
    waitings,
)
from telemed.store.tables import departments, people
from telemed.store.tx import Row, Tx
from telemed.store.urgent_call_tables import urgent_calls

A, S, U = appointments.c, appointment_seats.c, appointment_resources.c
_HELD = [
    sa.literal(state.value) for state in (State.PROPOSED, State.CONFIRMED, State.UNDER_WAY,
                                          State.ENDED, State.MISSED)
]  # fmt: skip
_SITS = [sa.literal(state.value) for state in sorted(SITS)]
_KEPT = (A.kept_since, A.kept_until, A.since)


def seats(tx: Tx, institution_id: str, since: datetime, until: datetime) -> list[Row]:
    """What an institution's people sat in or will: department, and the time that was kept."""
    query = (
        sa.select(people.c.department, *_KEPT)
        .join(appointment_seats, S.appointment_id == A.id)
        .join(people, people.c.id == S.person_id)
        .where(S.institution_id == institution_id, S.state.in_(_SITS), A.state.in_(_HELD))
        .where(A.since >= since, A.since < until)
    )
    return tx.all(query)


def uses(tx: Tx, institution_id: str, kind: str, since: datetime, until: datetime) -> list[Row]:
    """What an institution's rooms or devices of a kind were used for: the time that was kept."""
    query = (
        sa.select(U.units, *_KEPT)
        .join(appointment_resources, U.appointment_id == A.id)
        .join(resources, resources.c.id == U.resource_id)
        .where(resources.c.institution_id == institution_id, resources.c.kind == kind)
        .where(A.state.in_(_HELD), A.since >= since, A.since < until)
    )
    return tx.all(query)


def unmet(tx: Tx, institution_id: str, since: datetime) -> dict[str, int]:
    """What came to nothing since a moment: waits that passed, and urgent calls nobody answered."""
    waited = _count(
        tx, waitings, waitings.c.provider_id == institution_id,
        waitings.c.state == WaitingState.PASSED.value, waitings.c.changed_at >= since,
    )  # fmt: skip
    called = _count(
        tx, urgent_calls, urgent_calls.c.provider_id == institution_id,
        urgent_calls.c.state == CallState.EXHAUSTED.value, urgent_calls.c.made_at >= since,
    )  # fmt: skip
    return {"waits": waited, "calls": called}


def _count(tx: Tx, table: sa.Table, *where: Any) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0)


def department_names(tx: Tx, institution_id: str, codes: Collection[str]) -> dict[str, str]:
    """What an institution calls its departments."""
    query = sa.select(departments.c.code, departments.c.name).where(
        departments.c.institution_id == institution_id, departments.c.code.in_(sorted(codes))
    )
    return {row["code"]: row["name"] for row in tx.all(query)}
