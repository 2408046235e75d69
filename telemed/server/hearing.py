"""Who hears which fact over a live socket, and what it then carries: ids and codes.

The one rule in its two notations: as SQL for whoever reads the log, in memory for whoever has the
fact in hand. A test compares them over every kind and role.
"""

from typing import Any, Final

import sqlalchemy as sa

from telemed.core.access import Permission, Subject
from telemed.core.activity import Activity, Kind
from telemed.store import log as store_log
from telemed.store.tables import activities

CARRIED: Final = (
    "service",
    "urgency",
    "requester",
    "provider",
    "number",
    "person",
    "previous",
    "reason",
    "finding",
    "adoption",
    "course",
    "lecture",
    "came",
    "taken",
)


def place_of(subject: Subject) -> str | None:
    """The institution whose facts a subject hears, or None: supervision counts, it hears none."""
    return subject.institution_id if Permission.SEE_CASES in subject.permissions else None


def only_for(activity: Activity) -> str | None:
    """The one account that hears a fact, None for all of its parties.

    A draft concerns nobody but its writer.
    """
    return activity.actor_id or "" if activity.kind == Kind.REQUEST_DRAFTED else None


def hears(subject: Subject, activity: Activity) -> bool:
    """Whether a subject hears a fact."""
    alone = only_for(activity)
    return place_of(subject) in activity.parties and alone in (None, subject.account_id)


def hearing(subject: Subject) -> sa.ColumnElement[bool]:
    """`hears` as a condition on the log."""
    place = place_of(subject)
    if place is None:
        return sa.false()
    own_draft = sa.or_(
        activities.c.kind != Kind.REQUEST_DRAFTED.value,
        activities.c.actor_id == subject.account_id,
    )
    return sa.and_(store_log.concerns(place), own_draft)


def message(activity: Activity) -> dict[str, Any]:
    """A fact as it goes over the socket (WS-13)."""
    return {
        "seq": activity.seq,
        "kind": activity.kind,
        "at": activity.at,
        "actor_id": activity.actor_id,
        "request_id": activity.request_id,
        "study_id": activity.study_id,
        **{k: activity.data[k] for k in CARRIED if k in activity.data},
    }
