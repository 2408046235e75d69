"""What a case costs by its facts, and that nothing is not the same as no price."""

from itertools import product
from typing import Any

import pytest

from telemed.core.aftercare_rules import Fee, Fees, Surcharge, SurchargeKind, Unit
from telemed.core.charge import MACHINE, Event, Facts, State, count, event_of

ONE = frozenset({"consultation"})


def fees(file: int | None = 15000, first: int | None = 20000, further: int | None = 5000,
         urgent: int | None = 5000, **more: Any) -> Fees:  # fmt: skip
    """A price list like the shipped one."""
    return Fees(
        fees=(
            Fee("file", "", "", "consultation", False, Unit.CASE, file),
            Fee("first", "", "", "consultation", True, Unit.HALF_HOUR, first),
            Fee("further", "", "", "consultation", True, Unit.TEN_MINUTES, further),
        ),
        surcharges=(
            Surcharge(SurchargeKind.NAMED, "", "", ONE, 25, None),
            Surcharge(SurchargeKind.JOINT, "", "", ONE, 50, None),
            Surcharge(SurchargeKind.URGENT, "", "", ONE, None, urgent),
        ),
        **more,
    )


@pytest.mark.parametrize(
    ("sessions", "amount"),
    [((), 15000), ((1,), 20000), ((30,), 20000), ((31,), 25000), ((40,), 25000), ((41,), 30000),
     ((90,), 50000), ((30, 30), 40000), ((35, 5), 45000), ((0,), 20000)],
)  # fmt: skip
def test_minutes_become_units(sessions: tuple[int, ...], amount: int) -> None:
    """The first half hour of each session, and each ten minutes begun beyond it."""
    counted = count(fees(), "consultation", None, Facts(sessions))
    assert counted.amount == amount == sum(line.amount or 0 for line in counted.fees)


@pytest.mark.parametrize(
    ("named", "experts", "urgent", "live"), list(product((False, True), (1, 2, 5), (False, True),
                                                         (False, True)))
)  # fmt: skip
def test_every_surcharge_by_itself_and_together(
    named: bool, experts: int, urgent: bool, live: bool
) -> None:
    """Percentages are of the fees alone, never of one another."""
    base = 25000 if live else 15000
    facts = Facts((35,) if live else (), experts, urgent, named)
    counted = count(fees(), "consultation", None, facts)
    expected = base + named * base // 4 + (experts > 1) * base // 2 + urgent * 5000
    assert counted.amount == expected
    assert len(counted.surcharges) == named + (experts > 1) + urgent


def test_nothing_is_not_unpriced() -> None:
    """A price of nothing is an amount of nothing; without a price there is no amount."""
    free = count(fees(file=0), "consultation", None, Facts(named=True))
    assert free.amount == 0 and event_of(free) is Event.PRICE
    none = count(fees(file=None), "consultation", None, Facts())
    assert none.amount is None and event_of(none) is Event.LEAVE
    assert none.fees[0].quantity == 1  # what it would be so many times of is known
    unknown = count(fees(), "imaging", None, Facts())
    assert unknown.amount is None and unknown.fees == ()


def test_an_unpriced_part_makes_the_whole_unpriced() -> None:
    """A sum that leaves something out would be taken for the whole."""
    assert count(fees(further=None), "consultation", None, Facts((30,))).amount == 20000
    assert count(fees(further=None), "consultation", None, Facts((31,))).amount is None
    assert count(fees(urgent=None), "consultation", None, Facts((30,))).amount == 20000
    assert count(fees(urgent=None), "consultation", None, Facts((30,), urgent=True)).amount is None
    assert count(fees(first=None), "consultation", None, Facts((30,), named=True)).amount is None


def test_an_agreement_has_prices_of_its_own() -> None:
    """For the fees that it names, nothing included; others keep theirs."""
    known = fees(agreed={("A", "first"): 0, ("A", "file"): 9900})
    assert count(known, "consultation", "A", Facts((45,))).amount == 10000
    assert count(known, "consultation", "A", Facts()).amount == 9900
    assert count(known, "consultation", "B", Facts((45,))).amount == 30000
    assert count(known, "consultation", None, Facts((45,))).amount == 30000


@pytest.mark.parametrize(("price", "extra"), [(1, 0), (2, 1), (3, 1), (5, 1), (6, 2), (7, 2)])
def test_half_a_fen_is_rounded_up_once(price: int, extra: int) -> None:
    """A quarter of a few fen."""
    assert count(fees(file=price), "consultation", None, Facts(named=True)).amount == price + extra


def test_what_was_charged_is_not_counted_anew() -> None:
    """Only before it is charged does counting lead anywhere."""
    for state in State:
        for event in (Event.PRICE, Event.LEAVE):
            assert MACHINE.allows(state, event) == (state in (State.UNPRICED, State.PRICED))
