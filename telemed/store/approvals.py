"""In-house approvals: rows in, rows out, compare-and-set on every change. It knows no rules."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from telemed.core.approval import State
from telemed.store.approval_tables import approvals
from telemed.store.tables import accounts
from telemed.store.tx import Row, Tx, given

A = approvals.c
_deciding = accounts.alias("deciding")
_asking = accounts.alias("asking")
_DRESSED = (
    sa.select(
        approvals,
        _deciding.c.display_name.label("decided_by_name"),
        _asking.c.display_name.label("asked_by_name"),
    )
    .outerjoin(_deciding, _deciding.c.id == A.decided_by)
    .outerjoin(_asking, _asking.c.id == A.asked_by)
)
_ONE = _DRESSED.where(A.id == given(A.id))
_OF_REQUEST = _DRESSED.where(A.request_id == given(A.request_id)).order_by(A.round, A.n)


def get(tx: Tx, approval_id: str) -> Row | None:
    """A step."""
    return tx.one(_ONE, id=approval_id)


def of_request(tx: Tx, request_id: str) -> list[Row]:
    """Every step of a request, each time it was sent for approval, in order."""
    return tx.all(_OF_REQUEST, request_id=request_id)


def add(tx: Tx, rows: Sequence[Row]) -> None:
    """The steps of one time."""
    tx.insert(approvals, rows)


def change(tx: Tx, approval_id: str, version: int, values: dict[str, Any]) -> bool:
    """Change a step that still has this version."""
    keys = {"id": approval_id, "version": version}
    return tx.change(approvals, keys, {**values, "version": version + 1}) == 1


def waiting(tx: Tx, institution_id: str, roles: Collection[str], most: int) -> list[Row]:
    """The steps whose turn it is and that some roles of an institution decide: those that hold a
    request up first, each oldest first."""
    before = approvals.alias("before")
    earlier = (
        sa.select(sa.literal(1))
        .where(
            before.c.request_id == A.request_id,
            before.c.round == A.round,
            before.c.n < A.n,
            before.c.state == State.WAITING.value,
        )
        .correlate(approvals)
        .exists()
    )
    mine = sa.and_(
        A.institution_id == institution_id,
        A.role.in_(sorted(roles)),
        A.state == State.WAITING.value,
    )
    return tx.all(_DRESSED.where(mine, ~earlier).order_by(A.owed, A.asked_at, A.id).limit(most))


def holders(tx: Tx, institution_id: str) -> dict[str, set[str]]:
    """By role, the accounts of an institution that hold it and may sign in."""
    found: dict[str, set[str]] = {}
    for row in tx.all(_HOLDERS, institution_id=institution_id):
        for role in row["roles"]:
            found.setdefault(role, set()).add(row["id"])
    return found


_HOLDERS = sa.select(accounts.c.id, accounts.c.roles).where(
    accounts.c.institution_id == given(accounts.c.institution_id),
    accounts.c.disabled == sa.false(),
)
