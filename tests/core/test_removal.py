"""The rules of removals and of the quarantine, cell by cell."""

from datetime import UTC, date, datetime

import pytest

from telemed.core import removal, request
from telemed.core.catalogue import Retention, Words
from telemed.core.errors import Problem
from telemed.core.quarantine import RESOLUTIONS, WORDS, Reason, Resolution, require_fitting
from telemed.core.removal import MACHINE, Event, State

YEARS = (
    Retention("outpatient", Words("门", "o"), 15),
    Retention("inpatient", Words("住", "i"), 30),
)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_only_what_is_out_can_be_put_back_or_deleted(state: State, event: Event) -> None:
    """Both ends are final: what was deleted does not come back."""
    ends = {Event.RESTORE: State.RESTORED, Event.DELETE: State.DELETED}
    if state is State.OUT:
        assert MACHINE.step(state, event) is ends[event]
        return
    with pytest.raises(Problem, match="illegal-transition"):
        MACHINE.step(state, event)


@pytest.mark.parametrize(
    ("studied", "kind", "until"),
    [
        (date(2011, 3, 5), "outpatient", date(2026, 3, 5)),
        (date(2011, 3, 5), "inpatient", date(2041, 3, 5)),
        (date(2011, 3, 5), None, date(2041, 3, 5)),
        (date(2012, 2, 29), "outpatient", date(2027, 2, 28)),
    ],
)
def test_images_are_kept_for_the_years_of_their_kind(
    studied: date, kind: str | None, until: date
) -> None:
    """Where nobody says the kind the longest counts; the last day itself is over."""
    kept = removal.keeping(f"{studied:%Y%m%d}", datetime(2026, 3, 5, tzinfo=UTC), YEARS)
    assert (kept.until[kind] if kind else kept.longest) == until
    assert (kept.since, kept.from_arrival) == (studied, False)
    removal.require_retention_over(until, until)
    with pytest.raises(Problem, match="retention"):
        removal.require_retention_over(until, date.fromordinal(until.toordinal() - 1))


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("20110305", date(2011, 3, 5)),
        ("", date(2026, 3, 5)),
        ("nonsense", date(2026, 3, 5)),
        ("20990101", date(2026, 3, 5)),
        ("18000101", date(2026, 3, 5)),
    ],
)
def test_keeping_counts_from_a_day_that_can_be(told: str, day: date) -> None:
    """A date that is absent, wrong, to come or out of reach is no way to delete early."""
    kept = removal.keeping(told, datetime(2026, 3, 5, 8, tzinfo=UTC), YEARS)
    assert (kept.since, kept.from_arrival) == (day, told != "20110305")


@pytest.mark.parametrize("state", list(request.State))
def test_nothing_goes_from_a_case_that_may_be_read(state: request.State) -> None:
    """Open and returned cases hold their images; the others do not."""
    if state in (request.State.OPEN, request.State.RETURNED):
        with pytest.raises(Problem, match="study-in-use"):
            removal.require_not_being_read([request.State.CONFIRMED, state])
    else:
        removal.require_not_being_read([state])


def test_the_second_person_is_another() -> None:
    """Whoever hid it does not delete it."""
    removal.require_other_person("one", "two")
    with pytest.raises(Problem, match="second-person"):
        removal.require_other_person("one", "one")


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("how", list(Resolution))
def test_each_reason_knows_its_resolutions(reason: Reason, how: Resolution) -> None:
    """What does not fit is refused in words; keeping what is there always fits."""
    assert Resolution.KEPT in RESOLUTIONS[reason] and how in WORDS
    if how in RESOLUTIONS[reason]:
        require_fitting(reason.value, how)
        return
    with pytest.raises(Problem, match="illegal-transition"):
        require_fitting(reason.value, how)
