"""Deadlines: the row that names more wins, waiting is not counted, exactly on time is on time."""

from datetime import UTC, datetime, timedelta

import pytest

from telemed.core import sla
from telemed.core.catalogue import Deadline

ROWS = (
    Deadline("imaging", "routine", 360),
    Deadline("imaging", "routine", 120, modality="DX"),
    Deadline("pathology", "urgent", 1440),
    Deadline("pathology", "urgent", 30, frozen=True),
)
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_the_more_specific_row_wins_whatever_the_order() -> None:
    """A modality or a frozen section narrows."""
    for rows in (ROWS, ROWS[::-1]):
        assert sla.allowed(rows, "imaging", "routine", "DX") == timedelta(minutes=120)
        assert sla.allowed(rows, "imaging", "routine", "CT") == timedelta(minutes=360)
        assert sla.allowed(rows, "pathology", "urgent", frozen=True) == timedelta(minutes=30)
        assert sla.allowed(rows, "pathology", "urgent") == timedelta(minutes=1440)


def test_a_missing_row_is_an_error_and_not_a_guess() -> None:
    """No deadline is promised that nobody configured."""
    with pytest.raises(KeyError):
        sla.allowed(ROWS, "ecg", "stat")


def test_waiting_for_the_requester_pushes_the_deadline() -> None:
    """The responding side's clock stops while the requesting side owes an answer."""
    due = sla.due_at(NOW, timedelta(hours=1), waited=timedelta(minutes=25))
    assert due == NOW + timedelta(minutes=85)


def test_exactly_at_the_deadline_is_on_time() -> None:
    """Overdue begins after the promised moment; without a promise nothing is overdue."""
    assert not sla.is_overdue(NOW, NOW)
    assert sla.is_overdue(NOW, NOW + timedelta(microseconds=1))
    assert not sla.is_overdue(None, NOW)
