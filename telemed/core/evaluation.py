"""Evaluation both ways 双向评价: what a side may say of the other, until when, and who sees it.

Each side says once what it thinks, from 1 to 5 for each item. Neither sees the other's before both
have given theirs, or a week has passed; until then it may be changed, and from then on it stands
and is counted. So nobody answers a bad mark with another, and no number of a month changes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from telemed.core.aftercare_rules import Evaluations
from telemed.core.errors import Problem

LOWEST: Final = 1
HIGHEST: Final = 5
GOOD: Final = 4
"""From this mean on somebody was content."""


class Side(StrEnum):
    """Who evaluates."""

    REQUESTER = "requester"
    PROVIDER = "provider"

    @property
    def other(self) -> "Side":
        """Who is evaluated."""
        return Side.PROVIDER if self is Side.REQUESTER else Side.REQUESTER


def require_scores(items: Sequence[str], scores: Mapping[str, int]) -> None:
    """Problem("invalid") unless each item, and nothing else, has a score from 1 to 5."""
    if set(scores) != set(items):
        raise Problem("invalid", detail="scores")
    if any(not LOWEST <= score <= HIGHEST for score in scores.values()):
        raise Problem("invalid", detail=f"{LOWEST}-{HIGHEST}")


def opens_at(rule: Evaluations, given_at: datetime, other_given_at: datetime | None) -> datetime:
    """When an evaluation is shown to the other side, and stands."""
    alone = given_at + rule.wait
    return alone if other_given_at is None else min(alone, max(given_at, other_given_at))


def may_give(
    rule: Evaluations, own_at: datetime | None, other_at: datetime | None, now: datetime
) -> bool:
    """Whether a side may still say or change what it thinks: not having seen the other's."""
    if own_at is not None:
        return now < opens_at(rule, own_at, other_at)
    return other_at is None or now < opens_at(rule, other_at, None)


def is_good(scores: Mapping[str, int]) -> bool:
    """Whether the mean of the items is 4 or more."""
    return sum(scores.values()) >= GOOD * len(scores)
