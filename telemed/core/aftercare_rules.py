"""What goes with an answer, as data: who accompanies a session, follow-up, evaluation, fees.

The shapes of what `catalogue.aftercare` reads. Each names the services that it is for, so that
another service gets it by a row; what they mean is in the module of each. Labels are Chinese and
English.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Accompanying:
    """Which services ask for an accompanying doctor, and which titles qualify where."""

    services: frozenset[str] = frozenset()
    confirmed: frozenset[str] = frozenset()
    urgent_by_name: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    stand_ins: frozenset[str] = frozenset()
    stand_in_kinds: tuple[str, ...] = ()

    def asks(self, service: str) -> bool:
        """Whether a session of this service does not begin without one."""
        return service in self.services

    def confirms(self, service: str, urgent: bool) -> bool:
        """Whether it does not begin before they have confirmed that they are there."""
        return service in self.confirmed and not (urgent and service in self.urgent_by_name)


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
class Asked:
    """What each side rates for the cases of some services: items by code."""

    services: frozenset[str]
    requester: tuple[str, ...]
    provider: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluations:
    """What is rated, and how long is waited for the other side."""

    items: Sequence[Coded] = ()
    asked: Sequence[Asked] = ()
    wait: timedelta = timedelta(days=7)

    def of(self, service: str) -> Asked | None:
        """What is asked for the cases of a service; None for nothing."""
        return next((asked for asked in self.asked if service in asked.services), None)


NO_EVALUATIONS = Evaluations()


class Unit(StrEnum):
    """What a fee is for."""

    CASE = "case"
    HALF_HOUR = "half-hour"
    TEN_MINUTES = "ten-minutes"


class SurchargeKind(StrEnum):
    """What a surcharge is for."""

    NAMED = "named"
    JOINT = "joint"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee; `price` in fen, None where it has none: zero is not unpriced."""

    code: str
    zh: str
    en: str
    service: str
    live: bool
    unit: Unit
    price: int | None


@dataclass(frozen=True, slots=True)
class Surcharge:
    """On top of the fees: a percentage of them or a fixed price in fen; neither is unpriced."""

    kind: SurchargeKind
    zh: str
    en: str
    services: frozenset[str]
    percent: int | None
    price: int | None


@dataclass(frozen=True, slots=True)
class Fees:
    """What cases cost. `agreed` are other prices, by agreement and fee."""

    fees: Sequence[Fee] = ()
    surcharges: Sequence[Surcharge] = ()
    agreed: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def of(self, service: str) -> tuple[Fee, ...]:
        """The fees of a service."""
        return tuple(fee for fee in self.fees if fee.service == service)

    def price(self, fee: Fee, agreement: str | None) -> int | None:
        """A fee's price under an agreement."""
        return self.agreed.get((agreement or "", fee.code), fee.price)


NO_FEES = Fees()


@dataclass(frozen=True, slots=True)
class Aftercare:
    """All of it."""

    accompanying: Accompanying = NOBODY_ACCOMPANIES
    follow_ups: FollowUps = NO_FOLLOW_UPS
    evaluations: Evaluations = NO_EVALUATIONS
    fees: Fees = NO_FEES


NO_AFTERCARE = Aftercare()
