"""What goes with an answer, as data: who accompanies a session, when it is followed up.

The shapes of what `aftercare_files` reads. Each names the services that it is for, so that another
service gets it by a row; what they mean is in the module of each. Labels are Chinese and English.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Accompanying:
    """Which services ask for an accompanying doctor, and which titles qualify where."""

    services: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    stand_ins: frozenset[str] = frozenset()
    stand_in_kinds: tuple[str, ...] = ()

    def asks(self, service: str) -> bool:
        """Whether a session of this service does not begin without one."""
        return service in self.services


NOBODY_ACCOMPANIES = Accompanying()


@dataclass(frozen=True, slots=True)
class Coded:
    """A code that may be chosen, and its words."""

    code: str
    zh: str
    en: str


class CountsFrom(StrEnum):
    """What a follow-up's days are counted from."""

    ANSWER = "answer"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Plan:
    """On which days the cases of some services are followed up."""

    services: frozenset[str]
    counts_from: CountsFrom
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FollowUps:
    """When the requesting side is asked, and what it may answer."""

    plans: Sequence[Plan] = ()
    early: timedelta = timedelta(days=2)
    overdue: timedelta = timedelta(days=3)
    lapse: timedelta = timedelta(days=14)
    correct: timedelta = timedelta(days=7)
    outcomes: Sequence[Coded] = ()
    ends: frozenset[str] = frozenset()
    """Outcomes after which nobody is asked again."""
    advice: Sequence[Coded] = ()

    def days(self, service: str, counts_from: CountsFrom) -> tuple[int, ...]:
        """On which days a case of a service is followed up, counted from this."""
        fit = (p for p in self.plans if service in p.services and p.counts_from is counts_from)
        return next((plan.days for plan in fit), ())


NO_FOLLOW_UPS = FollowUps()


@dataclass(frozen=True, slots=True)
class Aftercare:
    """All of it."""

    accompanying: Accompanying = NOBODY_ACCOMPANIES
    follow_ups: FollowUps = NO_FOLLOW_UPS


NO_AFTERCARE = Aftercare()
