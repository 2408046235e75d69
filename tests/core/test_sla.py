"""Deadlines: the row that names more wins, waiting is not counted, exactly on time is on time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from telemed.core import sla
from telemed.core.catalogue import Count, Deadline

ROWS = (
    Deadline("imaging", "routine", 360),
    Deadline("imaging", "routine", 120, modality="DX"),
    Deadline("pathology", "urgent", 1440),
    Deadline("pathology", "urgent", 30, frozen=True),
)
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def minutes(rows: Sequence[Deadline], *case: object, terms: Sequence[Deadline] = ()) -> int:
    """What is promised for a case."""
    return sla.promised(rows, *case, terms=terms).row.minutes  # type: ignore[arg-type]


def test_the_more_specific_row_wins_whatever_the_order() -> None:
    """A modality or a frozen section narrows."""
    for rows in (ROWS, ROWS[::-1]):
        assert minutes(rows, "imaging", "routine", "DX") == 120
        assert minutes(rows, "imaging", "routine", "CT") == 360
        assert minutes(rows, "pathology", "urgent", None, True) == 30
        assert minutes(rows, "pathology", "urgent") == 1440


def test_an_agreements_own_row_goes_before_the_networks() -> None:
    """Also before one that names more; the clause is told, and what it is silent on is not."""
    terms = (Deadline("imaging", "routine", 180, clock=Count.WORKING, clause="§3.2"),)
    assert minutes(ROWS, "imaging", "routine", "DX", terms=terms) == 180
    assert minutes(ROWS, "pathology", "urgent", terms=terms) == 1440
    told = sla.promised(ROWS, "imaging", "routine", terms=terms).told()
    assert told == {"by": "agreement", "service": "imaging", "urgency": "routine",
                    "minutes": 180, "clock": "working hours", "clause": "§3.2"}  # fmt: skip
    assert sla.terms_of(sla.stored_terms(terms)) == terms


def test_a_missing_row_is_an_error_and_not_a_guess() -> None:
    """No deadline is promised that nobody configured."""
    with pytest.raises(KeyError):
        sla.promised(ROWS, "ecg", "stat")


def test_waiting_for_the_requester_pushes_the_deadline() -> None:
    """The responding side's clock stops while the requesting side owes an answer."""
    pauses = [(NOW, NOW + timedelta(minutes=20)), (NOW, NOW + timedelta(minutes=5))]
    assert sla.due_at(NOW, timedelta(hours=1), pauses) == NOW + timedelta(minutes=85)


def test_exactly_at_the_deadline_is_on_time() -> None:
    """Overdue begins after the promised moment; without a promise nothing is overdue."""
    assert not sla.is_overdue(NOW, NOW)
    assert sla.is_overdue(NOW, NOW + timedelta(microseconds=1))
    assert not sla.is_overdue(None, NOW)
