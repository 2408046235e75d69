"""The numbers of assignment: what a case weighs, how much a reader may have, how long things wait.

The shapes of `configs/assignment.toml` and what is read off them. Who comes first is told by
`core/ranking.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

RULE: Final = 1
"""The version of the order in `core/ranking.py`; with the file's hash it names what decided."""


@dataclass(frozen=True, slots=True)
class Complexity:
    """Points of work in a case of a service; the row that names the modality wins."""

    service: str
    points: float
    modality: str | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """Most points of one reader: in hand at once, and in one shift; None: as many as come.

    The row that names more wins, the institution before the service.
    """

    in_hand: float | None
    in_shift: float | None
    service: str | None = None
    institution: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """All of `configs/assignment.toml`."""

    complexity: tuple[Complexity, ...] = ()
    caps: tuple[Cap, ...] = ()
    uncapped: frozenset[str] = frozenset()
    """Urgencies that no cap holds up."""
    momentary: frozenset[str] = frozenset()
    """Urgencies that go by what readers have in hand now; the others by what they had all shift."""
    same_reader: timedelta = timedelta(0)
    """How long a patient's earlier reader is the first choice."""
    same_reader_slack: float = 0.0
    """So many points more than the least loaded that reader may have."""
    keeps: Mapping[str, timedelta] = field(default_factory=dict)
    """By urgency, how long a case that the rule gave waits to be begun."""
    again: Mapping[str, timedelta] = field(default_factory=dict)
    """By urgency, after how long the rule looks again at a case that nobody can take."""
    margin: float = 0.0
    """The share of a promise's time that must be left; with less the case is in danger."""
    version: str = ""
    """Names these rules in every decision."""


@dataclass(frozen=True, slots=True)
class Limits:
    """One reader's own terms; None leaves it to the caps of the rules. `share` 1 is a full one."""

    in_hand: float | None = None
    in_shift: float | None = None
    share: float = 1.0


NO_LIMITS: Final = Limits()
NO_RULES: Final = Rules()


@dataclass(frozen=True, slots=True)
class Burden:
    """What a reader has in points: claims and cases set aside for them, and those with what they
    completed since the shift began."""

    in_hand: float = 0.0
    in_shift: float = 0.0
    limits: Limits = NO_LIMITS


NO_BURDEN: Final = Burden()


def points(rules: Rules, service: str, modality: str | None) -> float:
    """The work in a case; 1 where no row names its service."""
    fitting = [
        row
        for row in rules.complexity
        if row.service == service and row.modality in (None, modality)
    ]
    return max(fitting, key=lambda row: row.modality is not None).points if fitting else 1.0


def weighed(rules: Rules, counts: Iterable[tuple[str, str | None, int]]) -> float:
    """The points of so many cases by service and modality."""
    return sum(points(rules, service, modality) * n for service, modality, n in counts)


def cap_of(rules: Rules, provider: str, service: str, own: Limits = NO_LIMITS) -> Limits:
    """A reader's caps for a case: their own terms, else the row that names most."""
    fitting = [
        row
        for row in rules.caps
        if row.service in (None, service) and row.institution in (None, provider)
    ]
    row = max(
        fitting,
        key=lambda r: (r.institution is not None, r.service is not None),
        default=Cap(None, None),
    )
    return Limits(
        row.in_hand if own.in_hand is None else own.in_hand,
        row.in_shift if own.in_shift is None else own.in_shift,
        own.share,
    )


def is_capped(rules: Rules, provider: str, service: str, urgency: str, has: Burden) -> bool:
    """Whether a reader has as much as they may have.

    Below the cap another case fits whatever its weight: a heavy one is not kept waiting by light
    ones that fill each gap.
    """
    if urgency in rules.uncapped:
        return False
    most = cap_of(rules, provider, service, has.limits)
    return (most.in_hand is not None and has.in_hand >= most.in_hand) or (
        most.in_shift is not None and has.in_shift >= most.in_shift
    )


def danger_at(rules: Rules, sent: datetime, due: datetime, waited: timedelta) -> datetime:
    """From when a case that nobody has begun is in danger of being late.

    `waited` is the time the promise stood still; it lies between `sent` and `due` and is no part
    of what was promised.
    """
    promised = max(due - sent - waited, timedelta(0))
    return due - promised * rules.margin
