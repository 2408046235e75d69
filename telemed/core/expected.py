"""When an answer is likely: a range that holds four times of five, from cases that were like it.

An estimate is read off the answers to earlier cases of the same cell: service and urgency, the
hour they were sent at, how many lay before them, how many readers were on duty, and whose desk.
Where a cell has seen too few, the next coarser one speaks. Of n exchangeable cases the next falls
between the order statistics k and n+1-k with probability (n+1-2k)/(n+1) (split conformal
prediction), so the range needs no assumption about how times are distributed; a case that has
waited already is held against those that had waited as long. It says nothing where nothing is
known, and knows no clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Final

from telemed.core.workdays import ZONE

ENOUGH: Final = 40
"""Cases of a cell before it speaks."""
KEPT: Final = 240
"""The newest cases of a cell that are kept: what was long ago is not what is likely."""
TAIL: Final = 0.1
"""Each side's share outside the range."""
FEWEST: Final = 9
"""With fewer the range would end beyond all that was ever seen (k < 1)."""
_LOADS: Final = (0, 2, 5, 10, 20)
_STAFFS: Final = (0, 1, 2, 4)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a case when it is sent."""

    service: str
    urgency: str
    frozen: bool
    provider: str
    sent: datetime
    ahead: int
    """Open cases of the service at the same desk that are as pressing or more."""
    on_duty: int | None = None
    """Readers on duty there for such a case; None where no roster is kept."""


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds after the sending: 10th, 50th and 90th percentile of `cases` earlier cases."""

    low: int
    mid: int
    high: int
    cases: int


def cells(case: Situation) -> tuple[str, ...]:
    """The cells of a case, the one that says most first."""
    kind = f"{case.service}|{case.urgency}{'|frozen' if case.frozen else ''}"
    hour = f"h{case.sent.astimezone(ZONE).hour:02d}"
    load = f"q{sum(case.ahead > bound for bound in _LOADS)}"
    rostered: tuple[str, ...] = ()
    if case.on_duty is not None:
        full = f"{hour}|{load}|d{sum(case.on_duty > bound for bound in _STAFFS)}"
        rostered = (f"{kind}|{case.provider}|{full}", f"{kind}|*|{full}")
    return (
        *rostered,
        f"{kind}|{case.provider}|{hour}|{load}",
        f"{kind}|*|{hour}|{load}",
        f"{kind}|*|{hour}",
        f"{kind}",
    )


def likely(
    case: Situation, history: Mapping[str, Sequence[int]], spent: float = 0
) -> tuple[str, Range] | None:
    """The range of the first cell that has seen enough, and the cell; None where none has.

    `history` holds each cell's seconds in any order; `spent` is what the case has waited already.
    """
    for cell in cells(case):
        seen = history.get(cell, ())
        if len(seen) >= ENOUGH and (found := range_of(seen, spent)) is not None:
            return cell, found
    return None


def range_of(seen: Sequence[int], spent: float = 0) -> Range | None:
    """The range among the cases that took longer than `spent`; None of too few."""
    left = sorted(seconds for seconds in seen if seconds > spent)
    if len(left) < FEWEST:
        return None
    k = max(1, floor((len(left) + 1) * TAIL))
    return Range(left[k - 1], left[(len(left) - 1) // 2], left[-k], len(left))


def remembered(seen: Sequence[int], took: int) -> list[int]:
    """A cell's cases with one more; the oldest is forgotten."""
    return [*seen, took][-KEPT:]
