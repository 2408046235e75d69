"""Who comes first: never somebody who may not, never by chance, and nobody passed over for ever."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemed.core.assignment import WHY_NOT
from telemed.core.assignment_rules import (
    Burden,
    Cap,
    Complexity,
    Limits,
    Rules,
    cap_of,
    danger_at,
    points,
    weighed,
)
from telemed.core.ranking import REASONS, Asked, Candidate, Light, Ranked, rank
from telemed.settings import CONFIGS, load_catalogue

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)
RULES = load_catalogue(CONFIGS).assignment
ROUTINE = Asked("imaging", "routine", "hub", "CT")
STAT = replace(ROUTINE, urgency="stat")
LIGHTS = [Light.GREEN, Light.AMBER, Light.RED]

_moments = st.none() | st.integers(0, 9).map(lambda days: NOW - timedelta(days=days))
_loads = st.integers(0, 140).map(lambda halves: halves / 2)
_limits = st.builds(
    Limits,
    in_hand=st.none() | st.sampled_from([1.0, 10.0, 60.0]),
    in_shift=st.none() | st.sampled_from([10.0, 70.0]),
    share=st.sampled_from([0.25, 0.5, 1.0]),
)
_candidates = st.lists(
    st.builds(
        Candidate,
        person_id=st.sampled_from("abcdefgh"),
        why_not=st.none() | st.sampled_from(["scope", "years", "own-case"]),
        burden=st.builds(Burden, _loads, _loads, _limits),
        on_duty=st.sampled_from([None, True, False]),
        online=st.sampled_from([None, True, False]),
        same_patient=_moments,
        last_given=_moments,
        lapsed=st.integers(0, 2),
        gave_back=st.booleans(),
    ),
    unique_by=lambda c: c.person_id,
    max_size=6,
)
_cases = st.builds(
    Asked,
    service=st.sampled_from(["imaging", "ecg", "unheard-of"]),
    urgency=st.sampled_from(["routine", "urgent", "stat"]),
    provider=st.just("hub"),
    modality=st.sampled_from([None, "CT", "DX"]),
)


def order(ranking: list[Ranked]) -> str:
    """Who, as one word."""
    return "".join(one.person_id for one in ranking)


def ready(
    person: str, in_hand: float = 0, in_shift: float = 0, share: float = 1, **more: object
) -> Candidate:
    """Somebody on duty with nothing to do."""
    burden = Burden(in_hand, in_shift, Limits(share=share))
    return replace(
        Candidate(person, burden=burden, on_duty=True, online=True),
        **more,  # type: ignore[arg-type]
    )


# --- what holds whoever is there ------------------------------------------------------------------


@settings(max_examples=50)
@given(_cases, _candidates, st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_does_not_matter(case: Asked, people: list, chance) -> None:  # type: ignore[no-untyped-def, type-arg]
    """The same people in any order give the same ranking, each once."""
    ranking = rank(RULES, case, people)
    shuffled = list(people)
    chance.shuffle(shuffled)
    assert rank(RULES, case, shuffled) == ranking
    assert sorted(order(ranking)) == sorted(c.person_id for c in people)


@settings(max_examples=50)
@given(_cases, _candidates)
def test_nobody_is_green_who_may_not_or_is_not_there(case: Asked, people: list[Candidate]) -> None:
    """Green stands before amber before red; every place has its reason in words."""
    ranking = rank(RULES, case, people)
    assert all(LIGHTS.index(a.light) <= LIGHTS.index(b.light) for a, b in pairwise(ranking))
    for one in ranking:
        who = one.candidate
        assert set(one.reasons) <= set(REASONS)
        if who.why_not is not None:
            assert one.light is Light.RED and one.reasons == (who.why_not,)
        most, has = cap_of(RULES, "hub", case.service, who.burden.limits), who.burden
        full = has.in_hand >= (most.in_hand or 1e9) or has.in_shift >= (most.in_shift or 1e9)
        if one.light is not Light.RED:
            assert not full or case.urgency in RULES.uncapped
        if one.light is Light.GREEN:
            assert who.on_duty is not False and not who.gave_back
            assert who.on_duty or who.online is not False
        else:
            assert one.reasons


# --- what holds in the long run -------------------------------------------------------------------


@st.composite
def _mornings(draw: st.DrawFn):  # type: ignore[no-untyped-def]
    """Cases as they come, readers with their speed, and a cap that bites."""
    readers = draw(st.integers(1, 4))
    cases = draw(st.lists(st.sampled_from(["DX", "CT", "MR"]), min_size=1, max_size=40))
    speeds = [draw(st.integers(1, 3)) for _ in range(readers)]
    urgency = draw(st.sampled_from(["routine", "urgent"]))
    return cases, speeds, urgency, draw(st.sampled_from([2.0, 5.0, 100.0]))


@settings(max_examples=30)
@given(_mornings())
def test_every_case_is_given_once_and_every_reader_gets_a_share(morning) -> None:  # type: ignore[no-untyped-def]
    """Played to the end: oldest case first, to the first of the ranking, under a cap.

    No case waits for ever (also a heavy one under a low cap), none is given twice, nobody is given
    one over the cap, and of equal readers each has had as much as any other but for one case.
    """
    modalities, speeds, urgency, cap = morning
    rules = replace(RULES, caps=(Cap(cap, None),))
    waiting = list(enumerate(modalities))
    hands: dict[str, list[tuple[int, float]]] = {str(n): [] for n in range(len(speeds))}
    had, given_at, turns = Counter[str](), dict[str, datetime](), Counter[int]()
    for tick in range(len(modalities) * 4 + 4):
        for number, modality in list(waiting):
            case = Asked("imaging", urgency, "hub", modality)
            people = [
                ready(p, in_hand=sum(w for _, w in hand), in_shift=had[p],
                      last_given=given_at.get(p))
                for p, hand in hands.items()
            ]  # fmt: skip
            first = rank(rules, case, people)[0]
            if first.light is not Light.GREEN:
                continue
            assert first.candidate.burden.in_hand < cap
            weight = points(rules, "imaging", modality)
            hands[first.person_id].append((number, weight))
            had[first.person_id] += weight  # type: ignore[assignment]
            given_at[first.person_id] = NOW + timedelta(seconds=len(turns))
            turns[number] += 1
            waiting.remove((number, modality))
        for person, speed in enumerate(speeds):
            if tick % speed == 0 and hands[str(person)]:
                hands[str(person)].pop(0)
    assert not waiting and set(turns) == set(range(len(modalities)))
    assert set(turns.values()) == {1}
    if urgency == "routine" and cap == 100.0:
        assert max(had.values()) - min(had[p] for p in hands) <= 3


def test_of_equal_readers_each_has_a_turn() -> None:
    """Quick readers are idle whenever an urgent case comes; it is not always the first by name."""
    given_at: dict[str, datetime] = {}
    for turn in range(9):
        people = [ready(p, last_given=given_at.get(p)) for p in "abc"]
        given_at[rank(RULES, STAT, people)[0].person_id] = NOW + timedelta(minutes=turn)
    assert sorted(given_at.values()) == [NOW + timedelta(minutes=m) for m in (6, 7, 8)]


# --- examples worked by hand ----------------------------------------------------------------------


def test_urgent_goes_by_what_is_in_hand_and_routine_by_the_shift() -> None:
    """One had little so far and much in hand, the other the reverse."""
    people = [ready("a", in_hand=6, in_shift=6), ready("b", in_hand=2, in_shift=30)]
    assert order(rank(RULES, STAT, people)) == "ba"
    assert order(rank(RULES, ROUTINE, people)) == "ab"


def test_half_a_share_is_full_with_half_the_work() -> None:
    """20 points of half a share are 40; momentary load knows no share."""
    people = [ready("a", in_shift=20, share=0.5), ready("b", in_shift=30)]
    first, second = rank(RULES, ROUTINE, people)
    assert (first.person_id, first.measure, second.measure) == ("b", 30, 40)


def test_the_earlier_reader_of_a_patient_comes_first_within_a_slack() -> None:
    """Six points more are borne, more are not."""
    known = ready("z", in_shift=6, same_patient=NOW)
    ranking = rank(RULES, ROUTINE, [ready("a"), known])
    assert order(ranking) == "za" and "same-patient" in ranking[0].reasons
    ranking = rank(RULES, ROUTINE, [ready("a"), ready("z", in_shift=6.5, same_patient=NOW)])
    assert order(ranking) == "az" and "same-patient" not in ranking[1].reasons
    earlier = ready("a", same_patient=NOW - timedelta(days=2))
    assert order(rank(RULES, ROUTINE, [earlier, known])) == "za"


def test_whoever_is_connected_comes_first_where_minutes_count() -> None:
    """On duty but away from the desk is second for a stat case; for routine the load decides."""
    people = [ready("a", online=False), ready("b", in_hand=9, in_shift=9), ready("c", online=None)]
    assert order(rank(RULES, STAT, people)) == "bca"
    assert order(rank(RULES, ROUTINE, people)) == "acb"


def test_whoever_let_it_lie_comes_last_and_is_not_out() -> None:
    """Otherwise a case that everybody let lie once would never be given again."""
    ranking = rank(RULES, STAT, [ready("a", lapsed=1), ready("b", in_hand=50)])
    assert order(ranking) == "ba" and ranking[1].light is Light.GREEN
    assert ranking[1].reasons[0] == "let-lie"


def test_without_a_roster_whoever_is_connected_is_asked() -> None:
    """Nobody knows who is there: not connected is amber; unknown is not held against anybody."""
    people = [
        Candidate("a", online=False),
        Candidate("b", online=None),
        Candidate("c", online=True),
    ]
    lights = {one.person_id: (one.light, one.reasons) for one in rank(RULES, ROUTINE, people)}
    assert lights["a"] == (Light.AMBER, ("absent",))
    assert lights["b"][0] is Light.GREEN and lights["c"][0] is Light.GREEN
    off = rank(RULES, ROUTINE, [Candidate("a", online=True, on_duty=False)])[0]
    assert (off.light, off.reasons) == (Light.AMBER, ("off-duty", "online"))


def test_a_cap_holds_up_what_can_wait() -> None:
    """At 60 points nothing more, below it whatever comes; a stat case is never held up."""
    full, nearly = ready("a", in_hand=60), ready("b", in_hand=59.5)
    lights = {o.person_id: (o.light, o.reasons) for o in rank(RULES, ROUTINE, [full, nearly])}
    assert lights["a"] == (Light.RED, ("load-cap",)) and "load-cap" in WHY_NOT
    assert lights["b"][0] is Light.GREEN
    assert rank(RULES, STAT, [full])[0].light is Light.GREEN


def test_the_cap_that_names_more_wins_and_a_readers_own_wins_over_all() -> None:
    """Institution and service, institution, service, everybody."""
    rows = (
        Cap(60, None),
        Cap(10, None, service="imaging"),
        Cap(20, 90, institution="hub"),
        Cap(30, None, service="imaging", institution="hub"),
    )
    rules = replace(RULES, caps=rows)
    asked = {
        ("hub", "imaging"): 30,
        ("hub", "ecg"): 20,
        ("second", "imaging"): 10,
        ("second", "ecg"): 60,
    }
    assert {key: cap_of(rules, *key).in_hand for key in asked} == asked
    assert cap_of(rules, "hub", "ecg", Limits(in_hand=5)) == Limits(5, 90)
    assert cap_of(replace(rules, caps=()), "hub", "ecg") == Limits(None, None)


@pytest.mark.parametrize(
    ("service", "modality", "weight"),
    [("imaging", "MR", 3), ("imaging", "XA", 1.5), ("imaging", None, 1.5), ("none", "CT", 1)],
)
def test_a_case_weighs_what_its_modality_does(
    service: str, modality: str | None, weight: float
) -> None:
    """Else what its service does; a service without a row weighs 1."""
    assert points(RULES, service, modality) == weight


def test_points_add_up() -> None:
    """Two films and an MR are 2 x 1 + 3."""
    rules = Rules(complexity=(Complexity("imaging", 1), Complexity("imaging", 3, "MR")))
    assert weighed(rules, [("imaging", "DX", 2), ("imaging", "MR", 1)]) == 5


def test_a_case_is_in_danger_when_its_share_of_time_is_used() -> None:
    """100 minutes promised and 40 % to be left: after 60; what stood still is not promised time."""
    rules = Rules(margin=0.4)
    due = NOW + timedelta(minutes=100)
    assert danger_at(rules, NOW, due, timedelta(0)) == NOW + timedelta(minutes=60)
    pushed = due + timedelta(minutes=50)
    at = danger_at(rules, NOW, pushed, timedelta(minutes=50))
    assert at == NOW + timedelta(minutes=110)
