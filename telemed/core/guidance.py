"""A guided operation 手术指导 as it goes on: the note both sides acknowledge, what is entered.

What is entered stays; a correction is an entry of its own that names what it corrects. Knows the
rule as data, and neither a case nor what time it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from telemed.core.appointment import State
from telemed.core.errors import Problem
from telemed.core.guidance_rules import Guidance


class Side(StrEnum):
    """Whose word it is."""

    OPERATING = "operating"
    GUIDING = "guiding"


MOST_ENTRIES: Final = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A session of the case: its state, and when it began and ended."""

    state: State
    since: datetime
    ended_at: datetime | None


def require_running(rules: Guidance, sessions: Iterable[Held], now: datetime) -> None:
    """Problem unless a session is under way or ended a short while ago."""
    for one in sessions:
        late = one.state is State.ENDED and one.ended_at is not None
        if one.state is State.UNDER_WAY or (
            late and one.ended_at is not None and now < one.ended_at + rules.late
        ):
            return
    raise Problem("not-operating")


def require_ended(sessions: Iterable[Held]) -> None:
    """Problem unless a session has ended: how it ended is not known before."""
    if not any(one.ended_at is not None for one in sessions):
        raise Problem("not-operating")


def require_moment(rules: Guidance, at: datetime, sessions: Iterable[Held], now: datetime) -> None:
    """Problem for a moment that is still to come, or before any session began."""
    first = min((one.since for one in sessions), default=now)
    if not first - timedelta(hours=1) <= at <= now:
        raise Problem("invalid", detail="at")


def unacknowledged(sides: Iterable[str]) -> list[Side]:
    """The sides that have not acknowledged the note."""
    known = set(sides)
    return [side for side in Side if side not in known]
