"""A charge 收费: what a case costs by its facts, who pays, and how far it is settled.

Amounts are whole fen. A price of nothing is a price; what has no price has no amount either, and
the whole of a charge with an unpriced part is unpriced, because a sum that leaves something out
would be taken for the whole. What a case costs follows from facts alone (minutes of its sessions,
how many experts, how urgent) and is counted anew until it is charged; from then on it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from telemed.core.aftercare_rules import Fee, Fees, Surcharge, SurchargeKind, Unit
from telemed.core.machine import Machine

FIRST_MINUTES: Final = 30
STEP_MINUTES: Final = 10
JOINT: Final = 2


class State(StrEnum):
    """How far a charge is settled."""

    UNPRICED = "unpriced"
    PRICED = "priced"
    CHARGED = "charged"
    SETTLED = "settled"
    WAIVED = "waived"
    REFUNDED = "refunded"


class Event(StrEnum):
    """What may happen to a charge."""

    PRICE = "price"
    LEAVE = "leave"
    CHARGE = "charge"
    SETTLE = "settle"
    WAIVE = "waive"
    REFUND = "refund"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.UNPRICED: {
        Event.PRICE: State.PRICED,
        Event.LEAVE: State.UNPRICED,
        Event.WAIVE: State.WAIVED,
    },
    State.PRICED: {
        Event.PRICE: State.PRICED,
        # A fact came that has no price.
        Event.LEAVE: State.UNPRICED,
        Event.CHARGE: State.CHARGED,
        Event.WAIVE: State.WAIVED,
    },
    State.CHARGED: {Event.SETTLE: State.SETTLED, Event.WAIVE: State.WAIVED},
    State.SETTLED: {Event.REFUND: State.REFUNDED},
    State.WAIVED: {},
    State.REFUNDED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="charge",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.UNPRICED: ("未定价", "unpriced"),
            State.PRICED: ("待收费", "priced"),
            State.CHARGED: ("已计费", "charged"),
            State.SETTLED: ("已结算", "settled"),
            State.WAIVED: ("已减免", "waived"),
            State.REFUNDED: ("已退费", "refunded"),
            Event.PRICE: ("定价", "price"),
            Event.LEAVE: ("暂不定价", "leave unpriced"),
            Event.CHARGE: ("计费", "charge"),
            Event.SETTLE: ("结算", "settle"),
            Event.WAIVE: ("减免", "waive"),
            Event.REFUND: ("退费", "refund"),
        }
    ),
)

COUNTED_IN: Final = frozenset({State.UNPRICED, State.PRICED})
"""States in which it is counted anew when its facts change."""
TAKEN: Final = frozenset({State.CHARGED, State.SETTLED})
"""States whose amount is asked for or paid: what a month's sheet adds up."""
WANT_REASON: Final = frozenset({Event.WAIVE, Event.REFUND})


class Payer(StrEnum):
    """Who pays."""

    PATIENT = "patient"
    REQUESTER = "requester"
    PROVIDER = "provider"
    ALLIANCE = "alliance"


PAYER_WORDS: Mapping[Payer, tuple[str, str]] = MappingProxyType(
    {
        Payer.PATIENT: ("患者", "the patient"),
        Payer.REQUESTER: ("申请机构", "the requesting institution"),
        Payer.PROVIDER: ("受邀机构", "the responding institution"),
        Payer.ALLIANCE: ("医联体", "the alliance"),
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a charge is counted from: the whole minutes of each session, and of whom and how."""

    sessions: tuple[int, ...] = ()
    experts: int = 1
    urgent: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A fee so many times, or a surcharge once; `amount` None where it has no price."""

    code: str
    quantity: int
    price: int | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a case costs; `amount` None where any part of it, or all, is unpriced."""

    fees: tuple[Line, ...]
    surcharges: tuple[Line, ...]
    amount: int | None


def count(fees: Fees, service: str, agreement: str | None, facts: Facts) -> Counted:
    """What a case of a service costs under an agreement, by its facts."""
    live = bool(facts.sessions)
    lines = tuple(
        _fee(fees, fee, agreement, quantity)
        for fee in fees.of(service)
        if fee.live is live and (quantity := _quantity(fee.unit, facts.sessions))
    )
    base = _sum(lines) if lines else None
    extra = tuple(
        _surcharge(each, base)
        for each in fees.surcharges
        if service in each.services and _applies(each.kind, facts)
    )
    total = _sum((*lines, *extra)) if lines else None
    return Counted(lines, extra, total)


def event_of(counted: Counted) -> Event:
    """What counting anew does to a charge."""
    return Event.LEAVE if counted.amount is None else Event.PRICE


def _quantity(unit: Unit, sessions: Sequence[int]) -> int:
    if unit is Unit.CASE:
        return 1
    if unit is Unit.HALF_HOUR:
        return len(sessions)
    return sum(-(-max(0, minutes - FIRST_MINUTES) // STEP_MINUTES) for minutes in sessions)


def _fee(fees: Fees, fee: Fee, agreement: str | None, quantity: int) -> Line:
    price = fees.price(fee, agreement)
    return Line(fee.code, quantity, price, None if price is None else price * quantity)


def _applies(kind: SurchargeKind, facts: Facts) -> bool:
    return {
        SurchargeKind.NAMED: facts.named,
        SurchargeKind.JOINT: facts.experts >= JOINT,
        SurchargeKind.URGENT: facts.urgent,
    }[kind]


def _surcharge(each: Surcharge, base: int | None) -> Line:
    if each.price is not None:
        return Line(each.kind.value, 1, each.price, each.price)
    if each.percent is None or base is None:
        return Line(each.kind.value, 1, None, None)
    # Half a fen is rounded up, once for each surcharge.
    amount = (base * each.percent + 50) // 100
    return Line(each.kind.value, 1, amount, amount)


def _sum(lines: Sequence[Line]) -> int | None:
    amounts = [line.amount for line in lines]
    return None if None in amounts else sum(amount or 0 for amount in amounts)
