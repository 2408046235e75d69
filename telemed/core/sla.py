"""Deadlines: when an answer is due and how the queue is ordered.

The clock starts when the request is first sent; time during which the responding side waits for
the requester (returned) does not count against it. Due times are promised, turnaround is measured.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from telemed.core.catalogue import Deadline

URGENCIES = ("stat", "urgent", "routine")
"""Most pressing first."""


def allowed(
    deadlines: Sequence[Deadline],
    service: str,
    urgency: str,
    modality: str | None = None,
    frozen: bool = False,
) -> timedelta:
    """The time allowed: the first row that matches; rows that name more come first."""
    for row in sorted(deadlines, key=_specificity):
        if row.service != service or row.urgency != urgency:
            continue
        if row.modality is not None and row.modality != modality:
            continue
        if row.frozen is not None and row.frozen != frozen:
            continue
        return timedelta(minutes=row.minutes)
    raise KeyError(f"no deadline for {service}/{urgency}")


def _specificity(row: Deadline) -> int:
    return -((row.modality is not None) + (row.frozen is not None))


def due_at(sent: datetime, allowance: timedelta, waited: timedelta = timedelta(0)) -> datetime:
    """When the answer is due, pushed back by the time spent waiting for the requester."""
    return sent + allowance + waited


def is_overdue(due: datetime | None, now: datetime) -> bool:
    """Whether the promise is broken at `now`."""
    return due is not None and now > due
