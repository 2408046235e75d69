"""Who may take a case: every reason, in its order, and every licence that covers another."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from telemed.core.assignment import INDEPENDENT_YEARS, WHY_NOT, Taker, covers, why_not_take
from telemed.settings import CONFIGS, load_catalogue

TODAY = date(2026, 3, 5)
SERVICES = load_catalogue(CONFIGS).services
IMAGING = SERVICES["imaging"]
FIT = Taker("p", "hub", ("32",), date(2010, 1, 1), True)


def refusal(taker: Taker, requester: str = "county", today: date = TODAY) -> str | None:
    """Why this person may not take an imaging case asked of hub."""
    return why_not_take(taker, IMAGING, "hub", requester, today)


def test_a_fit_reader_may() -> None:
    """Active, of the asked hospital, licensed, experienced, and not their own case."""
    assert refusal(FIT) is None


def test_the_first_reason_is_given_in_the_written_order() -> None:
    """Over every combination of faults the reason is the first of the list."""
    faults = {
        "inactive": {"active": False},
        "other-institution": {"institution_id": "elsewhere"},
        "own-case": {},
        "scope": {"scopes": ("07",)},
        "years": {"practice_since": date(2025, 1, 1)},
    }
    for present in product((False, True), repeat=len(faults)):
        chosen = [name for name, has in zip(faults, present, strict=True) if has]
        taker = FIT
        for name in chosen:
            taker = replace(taker, **faults[name])  # type: ignore[arg-type]
        requester = "hub" if "own-case" in chosen else "county"
        assert refusal(taker, requester) == (chosen[0] if chosen else None), chosen
    assert set(faults) <= set(WHY_NOT)


@pytest.mark.parametrize(
    ("since", "today", "enough"),
    [
        (date(2023, 3, 5), date(2026, 3, 5), True),
        (date(2023, 3, 6), date(2026, 3, 5), False),
        (date(2023, 12, 31), date(2026, 12, 30), False),
        (date(2024, 2, 29), date(2027, 2, 28), False),
        (date(2024, 2, 29), date(2027, 3, 1), True),
        (None, date(2026, 3, 5), False),
    ],
)
def test_three_years_are_three_birthdays_of_the_licence(
    since: date | None, today: date, enough: bool
) -> None:
    """50号 二(二): three full years, to the day; an unknown start is not three years."""
    assert INDEPENDENT_YEARS == 3
    assert (refusal(replace(FIT, practice_since=since), today=today) is None) is enough


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        (("32",), ("32.02",), True),
        (("32.02",), ("32.02",), True),
        (("32.02",), ("32",), False),
        (("3",), ("32",), False),
        (("32.0",), ("32.02",), False),
        (("32.020",), ("32.02",), False),
        (("07", "31"), ("31", "32"), True),
        ((), ("32",), False),
        (("32",), (), False),
    ],
)
def test_a_licence_covers_itself_and_what_lies_below(
    held: tuple[str, ...], wanted: tuple[str, ...], covered: bool
) -> None:
    """'32' covers '32.02', not the other way round, and never by the first digits alone."""
    assert covers(held, wanted) is covered


def test_a_service_without_scopes_asks_for_no_licence() -> None:
    """An empty list means any person of the asked hospital."""
    free = replace(IMAGING, reader_scopes=())
    nobody = replace(FIT, scopes=())
    assert why_not_take(nobody, free, "hub", "county", TODAY) is None


def test_disciplines_do_not_read_for_each_other() -> None:
    """A pathologist takes no image and no tracing, an ECG reader no image and no slide; what asks
    for no licence every one of them may take."""
    free = {s.code for s in SERVICES.values() if s.live and not s.reader_scopes}
    for held, own in ((("31",), "pathology"), (("32.06",), "ecg"), (("32.02",), "imaging")):
        taker = replace(FIT, scopes=held)
        live = [s for s in SERVICES.values() if s.live]
        may = {s.code for s in live if why_not_take(taker, s, "hub", "county", TODAY) is None}
        assert may == {own} | free
