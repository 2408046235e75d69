"""Reads escalation ladders from plain rows and refuses what cannot be climbed.

ValueError says which row and why; a mistake in the file stops the start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from itertools import pairwise
from typing import Any

from telemed.core.escalation import (
    BY_CASE,
    INFORMS,
    KNOW_ASSIGNED,
    OF_AN_APPOINTMENT,
    SEATED,
    SEEN_COMING,
    Channel,
    Ladder,
    Occasion,
    Step,
    Weight,
    Who,
)
from telemed.core.training_occasions import LEARN, TAUGHT

_KEYS = {f.name for f in fields(Ladder)} - {"repeat_every"} | {"repeat_minutes"}
MOST_STEPS = 10
MOST_REPEATS = 50


def ladders_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Ladder, ...]:
    """The ladders; no code twice, and one for every occasion: nothing may end silently."""
    ladders = tuple(_ladder(row) for row in rows)
    codes = [ladder.code for ladder in ladders]
    if len(set(codes)) < len(codes):
        raise ValueError("two ladders have one code")
    missing = set(Occasion) - {ladder.occasion for ladder in ladders}
    if missing:
        raise ValueError(f"no ladder for {', '.join(sorted(missing))}")
    return ladders


def _ladder(row: Mapping[str, Any]) -> Ladder:
    code = str(row.get("code", "?"))
    try:
        if unknown := set(row) - _KEYS:
            raise ValueError(f"unknown {', '.join(sorted(unknown))}")
        return _checked(
            Ladder(
                code=code,
                occasion=Occasion(row["occasion"]),
                weight=Weight(row["weight"]),
                steps=tuple(_step(step) for step in row["steps"]),
                repeat_every=timedelta(minutes=row["repeat_minutes"]),
                repeats=row["repeats"],
                services=tuple(row.get("services", ())),
                urgencies=tuple(row.get("urgencies", ())),
                frozen=row.get("frozen"),
                acknowledgeable=row.get("acknowledgeable", True),
            )
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise ValueError(f"ladder {code}: {fault}") from fault


def _step(row: Mapping[str, Any]) -> Step:
    who, by = tuple(Who(w) for w in row["who"]), tuple(Channel(c) for c in row.get("by", ()))
    if not who or set(row) - {"after", "who", "assigned", "by"}:
        raise ValueError("a step has after, who (somebody), perhaps assigned, and by")
    assigned = tuple(Who(w) for w in row.get("assigned", ()))
    return Step(timedelta(minutes=row["after"]), who, by, assigned)


def _checked(ladder: Ladder) -> Ladder:
    """Each step after the one before; few occasions can be seen coming."""
    afters = [step.after for step in ladder.steps]
    if not 1 <= len(afters) <= MOST_STEPS or not 0 <= ladder.repeats <= MOST_REPEATS:
        raise ValueError(f"1 to {MOST_STEPS} steps, up to {MOST_REPEATS} repeats")
    if any(later <= earlier for earlier, later in pairwise(afters)):
        raise ValueError("the steps do not follow one another in time")
    if ladder.repeat_every <= timedelta(0):
        raise ValueError("repeat_minutes is above zero")
    if afters[0] < timedelta(0) and ladder.occasion not in SEEN_COMING:
        raise ValueError("it begins before its occasion")
    if ladder.occasion not in KNOW_ASSIGNED and any(step.assigned for step in ladder.steps):
        raise ValueError("assigned is for a case that somebody is to begin")
    strangers = _strangers(ladder.occasion)
    if found := {who for step in ladder.steps for who in step.who if who in strangers}:
        raise ValueError(f"{', '.join(sorted(found))}: there is nobody like that")
    if ladder.occasion in INFORMS and (ladder.acknowledgeable or ladder.repeats):
        raise ValueError("it only informs: acknowledgeable = false, repeats = 0")
    return ladder


def _strangers(occasion: Occasion) -> frozenset[Who]:
    """People whom what the occasion is of does not have."""
    if occasion in TAUGHT:
        return frozenset(Who) - TAUGHT[occasion]
    return LEARN | (BY_CASE if occasion in OF_AN_APPOINTMENT else SEATED)
