"""Stretches of time as sets of whole minutes, and the algebra of such sets.

A `Span` is half-open, `(since, until)`, in minutes of UTC since 1970; `Spans` are in order, apart
from each other, and none is empty, so two that hold the same minutes are equal. Minutes instead of
moments: they add and compare several times as fast, and no zone and no daylight change is left in
them. Refuses to know calendars, people, and what time it is.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

Span: TypeAlias = tuple[int, int]
Spans: TypeAlias = tuple[Span, ...]

NEVER: Final[Spans] = ()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)


# --- from moments and back ------------------------------------------------------------------------


def moment(minute: int) -> datetime:
    """The aware UTC moment at which a minute begins."""
    return _EPOCH + minute * _MINUTE


def minute_of(at: datetime) -> int:
    """The minute that a moment lies in; ValueError for one that does not say its zone."""
    if at.tzinfo is None:
        raise ValueError("a moment without a zone")
    return (at - _EPOCH) // _MINUTE


def minute_from(at: datetime) -> int:
    """The first minute that begins at a moment or after it."""
    if at.tzinfo is None:
        raise ValueError("a moment without a zone")
    return -((_EPOCH - at) // _MINUTE)


def inside(since: datetime, until: datetime) -> Span:
    """The minutes that lie wholly between two moments: what is open for sure."""
    return minute_from(since), minute_of(until)


def touched(since: datetime, until: datetime) -> Span:
    """The minutes that a stretch between two moments touches: what is taken for sure."""
    return minute_of(since), minute_from(until)


# --- sets of minutes ------------------------------------------------------------------------------


def normal(spans: Iterable[Span]) -> Spans:
    """Any stretches as a set: sorted, joined where they meet; one that ends before it begins is
    empty."""
    made: list[Span] = []
    for since, until in sorted(spans):
        if since >= until:
            continue
        if made and since <= made[-1][1]:
            if until > made[-1][1]:
                made[-1] = (made[-1][0], until)
        else:
            made.append((since, until))
    return tuple(made)


def union(*many: Spans) -> Spans:
    """The minutes of any."""
    return normal(span for spans in many for span in spans)


def intersection(one: Spans, other: Spans) -> Spans:
    """The minutes of both."""
    if not one or not other:
        return NEVER
    made: list[Span] = []
    mine, theirs = iter(one), iter(other)
    a, b = next(mine)
    c, d = next(theirs)
    try:
        # By hand and not by max and min: this is where a search for a time spends its own.
        while True:
            if a < d and c < b:
                made.append((a if a > c else c, b if b < d else d))
            if b < d:
                a, b = next(mine)
            else:
                c, d = next(theirs)
    except StopIteration:
        return tuple(made)


def difference(one: Spans, other: Spans) -> Spans:
    """The minutes of the first that are not the other's."""
    made: list[Span] = []
    j = 0
    for since, until in one:
        while j < len(other) and other[j][1] <= since:
            j += 1
        k = j
        while k < len(other) and other[k][0] < until:
            if other[k][0] > since:
                made.append((since, other[k][0]))
            since = max(since, other[k][1])
            k += 1
        if since < until:
            made.append((since, until))
    return tuple(made)


def complement(spans: Spans, window: Span) -> Spans:
    """The minutes of a window that are not in the set."""
    return difference(normal((window,)), spans)


def crowded(uses: Iterable[tuple[Span, int]], most: int) -> Spans:
    """The minutes at which the weights of what runs add up to more than `most`."""
    edges: dict[int, int] = {}
    for (since, until), weight in uses:
        if since < until:
            edges[since] = edges.get(since, 0) + weight
            edges[until] = edges.get(until, 0) - weight
    made: list[Span] = []
    running, began = 0, None
    for minute in sorted(edges):
        running += edges[minute]
        if running > most and began is None:
            began = minute
        elif running <= most and began is not None:
            made.append((began, minute))
            began = None
    return tuple(made)


def holds(spans: Spans, minute: int) -> bool:
    """Whether a minute is in the set."""
    at = bisect_right(spans, (minute, 1 << 62)) - 1
    return at >= 0 and minute < spans[at][1]


def length(spans: Spans) -> int:
    """How many minutes there are."""
    return sum(until - since for since, until in spans)


# --- sets of beginnings ---------------------------------------------------------------------------


def fitting(spans: Spans, minutes: int) -> Spans:
    """The minutes at which something so long can begin and lie wholly in one stretch."""
    return tuple((since, until - minutes + 1) for since, until in spans if until - since >= minutes)


def meeting(spans: Spans, before: int, after: int) -> Spans:
    """The minutes `m` for which `m - before` to `m + after` would meet one of the stretches."""
    return normal((since - after + 1, until + before) for since, until in spans)


def aligned(spans: Spans, step: int, origin: int) -> Iterator[int]:
    """The minutes of the set that lie a multiple of `step` from an origin, in order."""
    for since, until in spans:
        yield from range(since + (origin - since) % step, until, step)
