"""The algebra of stretches: each operation is what sets of minutes say, and keeps the form."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core import intervals as iv
from telemed.core.intervals import Span, Spans

WINDOW = (0, 120)
loose = st.lists(st.tuples(st.integers(-20, 140), st.integers(-20, 140)), max_size=8)
sets = loose.map(iv.normal)
small = st.integers(0, 30)


def minutes(spans: list[Span] | Spans) -> set[int]:
    """The model: every minute by itself."""
    return {minute for since, until in spans for minute in range(since, until)}


def is_normal(spans: Spans) -> bool:
    """In order, apart, none empty."""
    edges = [edge for span in spans for edge in span]
    return edges == sorted(set(edges))


@given(loose)
def test_a_set_holds_the_minutes_of_its_stretches_in_one_form(spans: list[Span]) -> None:
    """However they were written down; so equal sets are equal."""
    made = iv.normal(spans)
    assert is_normal(made) and minutes(made) == minutes(spans)
    assert iv.normal(reversed(made)) == made
    assert iv.length(made) == len(minutes(spans))


@given(sets, sets)
def test_union_intersection_difference_are_those_of_sets(one: Spans, other: Spans) -> None:
    """Minute by minute."""
    for made, model in (
        (iv.union(one, other), minutes(one) | minutes(other)),
        (iv.intersection(one, other), minutes(one) & minutes(other)),
        (iv.difference(one, other), minutes(one) - minutes(other)),
        (iv.complement(one, WINDOW), minutes((WINDOW,)) - minutes(one)),
    ):
        assert is_normal(made) and minutes(made) == model


@given(sets, st.integers(-30, 150))
def test_a_minute_is_held_or_not(spans: Spans, minute: int) -> None:
    """By search, as by looking at each."""
    assert iv.holds(spans, minute) == (minute in minutes(spans))


@given(sets, st.integers(1, 40))
def test_what_fits_lies_wholly_in_one_stretch(spans: Spans, span: int) -> None:
    """Every beginning that fits and no other."""
    held = minutes(spans)
    model = {m for m in range(-60, 200) if all(n in held for n in range(m, m + span))}
    made = iv.fitting(spans, span)
    assert is_normal(made) and minutes(made) == model


@given(sets, small, st.integers(1, 40))
def test_what_meets_shares_a_minute(spans: Spans, before: int, after: int) -> None:
    """Also with its time before and after."""
    held = minutes(spans)
    model = {m for m in range(-90, 220) if held & set(range(m - before, m + after))}
    made = iv.meeting(spans, before, after)
    assert is_normal(made) and minutes(made) == model


@given(st.lists(st.tuples(st.tuples(small, small), st.integers(1, 3)), max_size=8), small)
def test_a_minute_is_crowded_where_the_weights_are_too_many(
    uses: list[tuple[Span, int]], most: int
) -> None:
    """Added up minute by minute."""
    most %= 6
    model = {m for m in range(-5, 40) if sum(w for (a, b), w in uses if a <= m < b) > most}
    made = iv.crowded(uses, most)
    assert is_normal(made) and minutes(made) == model


@given(sets, st.integers(1, 40), st.integers(-50, 50))
def test_aligned_are_the_minutes_of_the_grid(spans: Spans, step: int, origin: int) -> None:
    """In order, counted from the origin in both directions."""
    model = sorted(m for m in minutes(spans) if (m - origin) % step == 0)
    assert list(iv.aligned(spans, step, origin)) == model


@given(st.integers(0, 10**16), st.integers(-14 * 60, 14 * 60))
def test_a_minute_is_the_same_in_every_zone(microseconds: int, zone: int) -> None:
    """And what is open is never rounded up, nor what is taken rounded down."""
    at = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    there = at.astimezone(timezone(timedelta(minutes=zone)))
    since, until = there, there + timedelta(seconds=150)
    (a, b), (c, d) = iv.inside(since, until), iv.touched(since, until)
    assert since <= iv.moment(a) and iv.moment(b) <= until
    assert iv.moment(c) <= since and until <= iv.moment(d)
    assert 0 <= a - c <= 1 and 0 <= d - b <= 1
    assert iv.minute_of(there) == iv.minute_of(there.astimezone(UTC))


def test_a_moment_without_a_zone_is_refused() -> None:
    """Nobody knows when it is."""
    with pytest.raises(ValueError, match="zone"):
        iv.minute_of(datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001 - that is the point
