"""The ladder's rules: every climb ends in an answer, an ended condition or a visible entry."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core.escalation import (
    AFTER_IT_IS_OFF,
    ENDS,
    ENDS_TOLD,
    INFORMS,
    OPENS,
    Channel,
    Ladder,
    Occasion,
    Step,
    Weight,
    Who,
    due,
    gone_by,
    ladder_for,
    next_at,
    rung_at,
)
from telemed.core.going_out import backoff, not_before, ways
from telemed.core.ladder_rows import ladders_of
from telemed.core.occasion_words import OCCASION_WORDS
from telemed.settings import CONFIGS, ROOT, load_catalogue

ANCHOR = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
LADDERS = load_catalogue(CONFIGS).ladders


def ladder(afters: list[int], every: int, repeats: int) -> Ladder:
    """A ladder by its minutes."""
    steps = tuple(Step(timedelta(minutes=m), (Who.READERS,), (Channel.PUSH,)) for m in afters)
    return Ladder(
        "any", Occasion.UNCLAIMED, Weight.URGENT, steps, timedelta(minutes=every), repeats
    )


some_ladder = st.builds(
    ladder,
    st.lists(st.integers(-60, 600), min_size=1, max_size=6, unique=True).map(sorted),
    st.integers(1, 120),
    st.integers(0, 8),
)


@given(some_ladder, st.lists(st.integers(0, 3000), max_size=30))
def test_every_rung_is_told_once_and_the_ladder_is_exhausted_at_the_end(
    climbed: Ladder, looks: list[int]
) -> None:
    """However seldom the clock looks, a step is told once, in order, never early; repetitions at
    most once each; and when time has gone by, the exhausted entry stands and nothing is awaited."""
    told, numbers, exhausted = 0, [], False
    end = rung_at(climbed, ANCHOR, climbed.rungs)
    moments = [ANCHOR + timedelta(minutes=m - 60) for m in sorted(looks)] + [end, end]
    for now in sorted(moments):
        if exhausted:
            break
        rungs, told, exhausted = due(climbed, ANCHOR, told, now)
        assert all(rung.due_at <= now for rung in rungs)
        numbers += [rung.number for rung in rungs]
        again = due(climbed, ANCHOR, told, now)
        assert again[0] == () and again[1] == told
        wait = next_at(climbed, ANCHOR, told, exhausted)
        assert (wait is None) == exhausted and (wait is None or wait > now)
    assert exhausted
    assert all(a < b for a, b in pairwise(numbers))
    assert numbers[: len(climbed.steps)] == list(range(len(climbed.steps)))
    assert set(numbers) <= set(range(climbed.rungs))


def test_a_clock_that_was_away_repeats_itself_once() -> None:
    """After a night's standstill: each step once, of the repetitions the last."""
    climbed = ladder([0, 5], 10, 5)
    rungs, told, exhausted = due(climbed, ANCHOR, 0, ANCHOR + timedelta(hours=12))
    assert [r.number for r in rungs] == [0, 1, 6] and told == 7 and exhausted


def test_the_ladder_that_names_most_is_climbed() -> None:
    """An urgent ECG and a frozen section have ladders of their own; every case has one."""

    def code(*case: object) -> str:
        found = ladder_for(LADDERS, Occasion.UNCLAIMED, *case)  # type: ignore[arg-type]
        return "" if found is None else found.code

    assert code("imaging", "stat", False) == "unclaimed-stat"
    assert code("ecg", "stat", False) == "unclaimed-ecg"
    assert code("pathology", "stat", True) == "unclaimed-frozen"
    assert code("pathology", "routine", False) == ""
    for occasion in set(Occasion) - {Occasion.UNCLAIMED}:
        for urgency in ("stat", "urgent", "routine"):
            assert ladder_for(LADDERS, occasion, "imaging", urgency, False) is not None


def test_a_step_tells_others_only_where_it_names_them_for_an_assigned_case() -> None:
    """And never nobody: without such a list whoever it tells anyway."""
    pool, coordinators = (Who.READERS,), (Who.HOLDER, Who.PROVIDER_COORDINATORS)
    plain = Step(timedelta(0), pool, ())
    both = Step(timedelta(0), pool, (), coordinators)
    assert plain.tells(False) == plain.tells(True) == both.tells(False) == pool
    assert both.tells(True) == coordinators


def test_an_unclaimed_case_that_is_somebodys_is_told_to_them_first_and_then_climbs() -> None:
    """By the shipped ladders: no colleague hears of it, and the last step is never the reader's
    alone."""
    for each in LADDERS:
        if each.occasion is Occasion.UNCLAIMED:
            told = [step.tells(True) for step in each.steps]
            assert told[0] == (Who.HOLDER,) != each.steps[0].tells(False), each.code
            assert set(told[-1]) - {Who.HOLDER}, each.code
            assert not {Who.ON_DUTY, Who.READERS} & {who for step in told for who in step}


def test_only_what_waits_for_a_reader_knows_of_an_assignment() -> None:
    """A finding or a returned case is nobody's to begin: the file is refused."""
    row = {
        "code": "x", "occasion": "returned", "weight": "routine", "repeat_minutes": 1, "repeats": 0,
        "steps": [{"after": 0, "who": ["requesters"], "assigned": ["holder"]}],
    }  # fmt: skip
    with pytest.raises(ValueError, match="ladder x: assigned is for a case"):
        ladders_of([row])


def test_every_occasion_begins_and_ends_by_facts() -> None:
    """None that cannot begin, none that only exhaustion would end; what is told after the end of
    all ends with being told."""
    opened = {occasion for each in OPENS.values() for occasion in each}
    ended = {occasion for each in ENDS.values() for occasion in each}
    assert opened == ended | ENDS_TOLD == set(Occasion)
    assert not ended & ENDS_TOLD and AFTER_IT_IS_OFF <= ENDS_TOLD <= INFORMS


def test_what_counts_down_tells_the_latest_step_and_none_that_was_past_when_it_began() -> None:
    """Of a day, an hour and ten minutes before: set 20 minutes ahead it is told ten minutes before,
    set five minutes ahead never; a clock that was away tells one, and then nothing is left."""
    near = ladder_for(LADDERS, Occasion.NEAR, "imaging", "routine", False)
    assert near is not None
    assert [step.after.total_seconds() / 60 for step in near.steps] == [
        -1440, -60, -10,
    ]  # fmt: skip
    ahead = {minutes: gone_by(near, ANCHOR, ANCHOR - timedelta(minutes=minutes))
             for minutes in (2000, 1440, 90, 20, 10, 5)}  # fmt: skip
    assert ahead == {2000: 0, 1440: 1, 90: 1, 20: 2, 10: 3, 5: 3}
    rungs, told, over = due(near, ANCHOR, 0, ANCHOR - timedelta(minutes=9))
    assert [rung.number for rung in rungs] == [2] and told == 3 and over
    assert next_at(near, ANCHOR, told, over) is None
    assert gone_by(ladder([-30, 0], 5, 1), ANCHOR, ANCHOR) == 0, "a deadline tells all it missed"


@pytest.mark.parametrize(
    ("occasion", "who", "more", "why"),
    [
        ("invited", "readers", {"acknowledgeable": False}, "readers: there is nobody like that"),
        ("unclaimed", "sitting", {}, "sitting: there is nobody like that"),
        ("invited", "sitting", {}, "it only informs"),
        ("lecture-off", "learner", {}, "learner: there is nobody like that"),
        ("credit-given", "taking-part", {}, "taking-part: there is nobody like that"),
        ("course-reviewed", "requesters", {}, "requesters: there is nobody like that"),
        ("unclaimed", "enrolled", {}, "enrolled: there is nobody like that"),
        ("lecture-near", "enrolled", {}, "it only informs"),
        ("appointment-off", "sitting", {"acknowledgeable": False, "repeats": 1}, "only informs"),
    ],
)
def test_ladders_name_people_that_there_are_and_ask_no_answer_where_none_is_due(
    occasion: str, who: str, more: dict[str, object], why: str
) -> None:
    """A case has no seats and an appointment no readers; what informs is never exhausted."""
    row = {
        "code": "x", "occasion": occasion, "weight": "routine", "repeat_minutes": 1, "repeats": 0,
        "steps": [{"after": 0, "who": [who]}], **more,
    }  # fmt: skip
    with pytest.raises(ValueError, match=why):
        ladders_of([row])


@pytest.mark.parametrize("weight", list(Weight))
def test_preferences_leave_the_critical_alone(weight: Weight) -> None:
    """Who wants nothing still finds it in the page, and critical comes by every channel."""
    step = (Channel.PUSH, Channel.SMS)
    got = ways(step, [], weight)
    assert got == ((Channel.IN_APP, *step) if weight is Weight.CRITICAL else (Channel.IN_APP,))
    assert ways(step, None, weight) == (Channel.IN_APP, *step)
    assert ways(step, [Channel.SMS, Channel.EMAIL], Weight.URGENT) == (Channel.IN_APP, Channel.SMS)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_quiet_hours_hold_back_the_routine_alone(at: int, start: int, end: int) -> None:
    """A routine notice waits to the end of the quiet hours, less than a day; nothing else waits."""
    now = ANCHOR.replace(hour=at // 60, minute=at % 60)
    for weight in (Weight.CRITICAL, Weight.URGENT):
        assert not_before(weight, now, start, end, False) == now
    assert not_before(Weight.ROUTINE, now, start, end, True) == now
    when = not_before(Weight.ROUTINE, now, start, end, False)
    quiet = (at - start) % 1440 < (end - start) % 1440
    assert (when > now) == quiet
    assert when - now < timedelta(days=1)
    if quiet:
        assert when.hour * 60 + when.minute == end


def test_waiting_doubles_to_a_limit() -> None:
    """And is spread over half of itself."""
    assert backoff(1, 0.0) == timedelta(seconds=2.5)
    assert backoff(3, 0.0) == timedelta(seconds=10)
    assert backoff(50, 0.0) == timedelta(minutes=5)
    assert backoff(50, 0.999) < timedelta(minutes=10)


def test_every_occasion_has_its_words_in_the_browser_too() -> None:
    """One table; the worker of pushes has a copy of it, which says the same."""
    worker = (ROOT / "web" / "public" / "notices-sw.js").read_text("utf-8")
    assert set(OCCASION_WORDS) == set(Occasion)
    for occasion, said in OCCASION_WORDS.items():
        key = occasion if occasion.isalpha() else f"'{occasion}'"
        for words in said:
            quoted = words.replace("'", "\\'")
            assert f"    {key}: '{quoted}',\n" in worker, occasion
