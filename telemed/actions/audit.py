"""Noting in the audit what somebody did, in the transaction in which it was done."""

from datetime import timedelta

from telemed.actions.act import Act
from telemed.store import audit
from telemed.store.audit import Event

AGAIN_AFTER = timedelta(minutes=10)
"""Looking at the same thing again within this time is the same look."""


def audited(
    act: Act,
    event: Event,
    object_kind: str,
    object_id: str,
    outcome: str = "success",
    **detail: object,
) -> int:
    """Append an event of the acting account; if this fails, so does the action (LG-03)."""
    entry = audit.Entry(
        at=act.now,
        event=event,
        outcome=outcome,
        account_id=act.subject.account_id or None,
        institution_id=act.subject.institution_id,
        address=act.address,
        object_kind=object_kind,
        object_id=object_id,
        detail=detail,
    )
    return audit.append(act.tx, entry)


def audited_once(
    act: Act, event: Event, object_kind: str, object_id: str, **detail: object
) -> int | None:
    """`audited`, unless the account did the same to the same object in the last ten minutes."""
    last = audit.last_time(act.tx, act.subject.account_id, event, object_id)
    if last is not None and act.now - last < AGAIN_AFTER:
        return None
    return audited(act, event, object_kind, object_id, "success", **detail)
