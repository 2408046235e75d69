"""What may stand in a calendar: the kinds of resources and exceptions, and how much of each.

Bounds keep a slip of the pen from closing a century, and a question from costing more than its
window: nothing here repeats without a window to be worked out in.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from telemed.core.errors import Problem
from telemed.core.schedule import DAY_MINUTES, Weekly


class ResourceKind(StrEnum):
    """What can be booked beside people."""

    ROOM = "room"
    DEVICE = "device"


class Kind(StrEnum):
    """What an exception does to the hours."""

    EXTRA = "extra"
    AWAY = "away"


RESOURCE_WORDS: Final = {
    ResourceKind.ROOM: ("会诊室", "Room"),
    ResourceKind.DEVICE: ("设备", "Device"),
}
KIND_WORDS: Final = {Kind.EXTRA: ("加诊", "Extra hours"), Kind.AWAY: ("请假或停用", "Away")}
MOST_ROWS: Final = 28
"""Weekly rows of one person or resource."""
LONGEST_EXCEPTION: Final = timedelta(days=400)
FURTHEST: Final = timedelta(days=800)
MOST_EVERY: Final = 8


def require_weekly(rows: Sequence[Weekly]) -> None:
    """Problem("impossible-time") for hours that no week has."""
    if len(rows) > MOST_ROWS:
        raise Problem("impossible-time", detail=f"<= {MOST_ROWS}")
    for row in rows:
        if not row.weekdays or not row.weekdays <= set(range(7)):
            raise Problem("impossible-time", detail="0-6")
        if not (0 <= row.begins < DAY_MINUTES and 0 <= row.ends <= DAY_MINUTES):
            raise Problem("impossible-time", detail="00:00-24:00")
        if not 1 <= row.every <= MOST_EVERY:
            raise Problem("impossible-time", detail=f"1-{MOST_EVERY}")
        if row.last is not None and row.last < row.first:
            raise Problem("impossible-time", detail=f">= {row.first.isoformat()}")


def require_stretch(since: datetime, until: datetime, now: datetime) -> None:
    """Problem unless an exception ends after it begins and after now, and has an end in sight."""
    if until <= since:
        raise Problem("impossible-time", detail="since < until")
    if until - since > LONGEST_EXCEPTION:
        raise Problem("impossible-time", detail=f"<= {LONGEST_EXCEPTION.days} d")
    if until <= now:
        raise Problem("time-past")
    if until > now + FURTHEST:
        raise Problem("impossible-time", detail=f"<= {FURTHEST.days} d")


def require_apart(
    since: datetime, until: datetime, standing: Iterable[tuple[datetime, datetime]]
) -> None:
    """Problem("leave-overlap") for a leave that meets another of the same person."""
    for a, b in standing:
        if a < until and since < b:
            raise Problem("leave-overlap", since=a, until=b)
