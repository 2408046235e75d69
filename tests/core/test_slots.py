"""Slots: what is found is what a minute-by-minute search finds, and an empty answer says why.

`TELEMED_ROSTERS` says how many random rosters are compared with the oracle; 300 where it is not
set.
"""

import os
import random
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from telemed.catalogue.timetables import load_timetable
from telemed.core import intervals as iv
from telemed.core import slots as nouns
from telemed.core.intervals import Span, minute_of
from telemed.core.schedule import Almanac, Diary, Leave, Resource, Weekly, free_of
from telemed.core.slot_board import matched
from telemed.core.slot_search import find
from telemed.core.slots import Found, Need, Reason, Seat, Wish, group
from telemed.core.workdays import ZONE
from tests.core.rosters import Case, Oracle, can_be_seated, roster

ROSTERS = int(os.environ.get("TELEMED_ROSTERS", "300"))
SEED = int(os.environ.get("TELEMED_ROSTER_SEED", "20260310"))
DAYS = load_timetable(Path(__file__).parents[2] / "configs").calendar.days
OFFICE = Weekly(frozenset(range(5)), 8 * 60, 12 * 60, date(2026, 1, 1))
EVERY_DAY = Weekly(frozenset(range(7)), 0, 0, date(2026, 1, 1), calendar=False)


def at(text: str) -> int:
    """The minute of a local time of 2026, such as 03-09 08:00."""
    return minute_of(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE))


MORNING = (at("03-09 08:00"), at("03-09 12:00"))


def ask(
    people: Mapping[str, Diary],
    seats: tuple[Seat, ...],
    window: Span = MORNING,
    resources: Mapping[str, Resource] | None = None,
    **more: Any,
) -> Found:
    """The slots of an hour in a window."""
    wish = Wish(window, **{"minutes": 60, "seats": seats, "step": 60, "origin": window[0], **more})
    return find(wish, people, resources or {}, Almanac(window, DAYS))


def hours(found: Found) -> list[str]:
    """When the slots begin, in local time."""
    return [f"{iv.moment(slot.since).astimezone(ZONE):%H:%M}" for slot in found.slots]


# --- the oracle -----------------------------------------------------------------------------------


@pytest.mark.timeout(36_000)
def test_random_rosters_give_what_a_search_by_the_minute_gives() -> None:
    """Every slot and no other; whoever would sit can, nobody sits twice, and none has a reason."""
    found_some = none = 0
    for number in range(ROSTERS):
        case = roster(random.Random(SEED * 1_000_003 + number))
        found = find(case.wish, case.people, case.resources, Almanac(case.wish.window, DAYS))
        oracle = Oracle(case, DAYS)
        assert [slot.since for slot in found.slots] == oracle.slots(), number
        check_slots(case, found, oracle)
        check_why(found, oracle)
        found_some += bool(found.slots)
        none += not found.slots
    # Neither answer is rare, or half of this proves nothing.
    assert min(found_some, none) > ROSTERS / 10, (found_some, none)


def check_slots(case: Case, found: Found, oracle: Oracle) -> None:
    """Who and what is named can be had then, for whom it is said."""
    for slot in found.slots:
        assert slot.until - slot.since == case.wish.minutes
        assert [s.role for s in slot.sitting] == [seat.role for seat in case.wish.seats]
        for seat, sitting in zip(case.wish.seats, slot.sitting, strict=True):
            assert oracle.can_sit(sitting.person, slot.since)
            whose = sitting.instead_of or sitting.person
            assert whose in seat.candidates
            assert oracle.sitters(whose, slot.since)[0] == sitting.person
        for need, key in zip(case.wish.needs, slot.resources, strict=True):
            assert key in need.candidates and oracle.has_room(key, need.units, slot.since)
        people = [sitting.person for sitting in slot.sitting]
        assert len(set(people)) == len(people)
        assert len(set(slot.resources)) == len(slot.resources)
        able = {oracle.sitters(key, slot.since)[0] for seat in case.wish.seats
                for key in seat.candidates if oracle.sitters(key, slot.since)}  # fmt: skip
        assert slot.spare == len(able) - len(people)


def check_why(found: Found, oracle: Oracle) -> None:
    """A reason stands beside an empty answer only, and its counts are those of the oracle."""
    assert (found.why is None) == bool(found.slots)
    if found.why is None:
        return
    starts = oracle.starts()
    bounds = {Reason.WINDOW, Reason.NOTICE, Reason.HORIZON, Reason.CLOSED}
    assert (found.why.reason in bounds) == (not starts)
    for closing in found.why.people:
        assert closing.starts == sum(oracle.can_sit(closing.key, start) for start in starts)
        assert (closing.reason is None) == bool(closing.starts)
    if starts:
        assert found.why.blocking
        near = found.why.nearest
        assert near is None or (near.missing and near.since in starts)
        some = any(
            oracle.sitters(key, start)
            for start in starts
            for seat in oracle.case.wish.seats
            for key in seat.candidates
        )
        assert near is not None or not some


def test_people_are_seated_where_a_way_exists() -> None:
    """Whatever order they are asked in, and as many as can be where not all can."""
    chance = random.Random(SEED)
    for _ in range(500):
        options = [
            chance.sample("abcde", chance.randint(0, 3)) for _ in range(chance.randint(1, 5))
        ]
        taken = matched(options)
        assert (len(taken) == len(options)) == can_be_seated(options)
        assert len(set(taken.values())) == len(taken)
        assert all(who in options[n] for n, who in taken.items())


# --- one by one -----------------------------------------------------------------------------------


def test_all_of_any_of_and_some_of_the_experts() -> None:
    """Three experts with different mornings."""
    early, late = (at("03-09 08:00"), at("03-09 10:00")), (at("03-09 09:00"), at("03-09 12:00"))
    people = {
        "a": Diary(extra=(early,)), "b": Diary(extra=(late,)), "c": Diary(extra=(early,)),
    }  # fmt: skip
    everybody = ("a", "b", "c")
    assert hours(ask(people, group("expert", everybody, 3))) == ["09:00"]
    assert hours(ask(people, group("expert", everybody, 2))) == ["08:00", "09:00"]
    assert hours(ask(people, group("expert", everybody, 1))) == [
        "08:00", "09:00", "10:00", "11:00",
    ]  # fmt: skip
    led = ask(people, group("expert", everybody, 2, chairs=("b",)))
    assert hours(led) == ["09:00"]
    assert [(s.role, s.person) for s in led.slots[0].sitting] == [
        ("expert-chair", "b"), ("expert", "a"),
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "chairs"), [(0, ()), (3, ()), (1, ("x",))])
def test_a_group_that_cannot_be_is_refused(count: int, chairs: tuple[str, ...]) -> None:
    """No seats, more seats than people, a chair from elsewhere."""
    with pytest.raises(ValueError, match="candidates"):
        group("expert", ("a", "b", "a"), count, chairs)


def test_whoever_is_on_leave_is_never_offered_but_their_cover_is() -> None:
    """By the cover person's own hours; the cover of a cover on leave too."""
    week = (at("03-09 00:00"), at("03-14 00:00"))
    people = {
        "a": Diary((OFFICE,), away=(Leave(week, "b"),)),
        "b": Diary((OFFICE,), away=(Leave((at("03-09 10:00"), week[1]), "c"),)),
        "c": Diary(extra=((at("03-09 08:00"), at("03-09 11:00")),)),
    }
    found = ask(people, (Seat("expert", ("a",)),))
    who = [(slot.sitting[0].person, slot.sitting[0].instead_of) for slot in found.slots]
    assert hours(found) == ["08:00", "09:00", "10:00"]
    assert who == [("b", "a"), ("b", "a"), ("c", "a")]


def test_nobody_stands_in_for_another_and_sits_for_themselves_at_once() -> None:
    """Two experts are asked for, and one of them covers the other."""
    people = {"a": Diary((OFFICE,), away=(Leave(MORNING, "b"),)), "b": Diary((OFFICE,))}
    found = ask(people, group("expert", ("a", "b"), 2))
    assert not found.slots and found.why is not None
    assert found.why.blocking == ("expert",)


def test_time_before_and_after_keeps_clear_of_sessions_but_not_of_the_day_s_edge() -> None:
    """The first slot begins with the hours; around what is booked both times are kept."""
    busy = ((at("03-09 10:00"), at("03-09 10:30")),)
    people = {"a": Diary((OFFICE,), busy=busy)}
    found = ask(people, (Seat("x", ("a",)),), minutes=30, step=15, before=15, after=15)
    assert hours(found) == [
        "08:00", "08:15", "08:30", "08:45", "09:00", "09:15", "10:45", "11:00", "11:15", "11:30",
    ]  # fmt: skip


def test_micro_slots_begin_with_the_clinic() -> None:
    """Eight minutes each from half past two on: the grid counts from there."""
    afternoon = (at("03-09 14:30"), at("03-09 15:10"))
    found = ask({"a": Diary(extra=(afternoon,))}, (Seat("x", ("a",)),), afternoon,
                minutes=8, step=8)  # fmt: skip
    assert hours(found) == ["14:30", "14:38", "14:46", "14:54", "15:02"]


def test_holidays_fall_out_and_swapped_days_come_in() -> None:
    """The National Day of 2026, the Saturday that is worked for it, and who does not care."""
    week = (at("10-05 00:00"), at("10-12 00:00"))
    seat = (Seat("x", ("a",)),)
    office = ask({"a": Diary((OFFICE,))}, seat, week)
    days = sorted({f"{iv.moment(s.since).astimezone(ZONE):%m-%d}" for s in office.slots})
    assert days == ["10-08", "10-09", "10-10"]
    assert DAYS.kind_of(date(2026, 10, 10)) == 8
    always = ask({"a": Diary((EVERY_DAY,))}, seat, week)
    assert len(always.slots) == 7 * 24


def test_urgent_asks_whoever_is_on_call() -> None:
    """At night too; what can wait does not wake them."""
    night = (at("03-09 22:00"), at("03-10 02:00"))
    people = {"a": Diary((OFFICE,), on_call=(night,))}
    assert not ask(people, (Seat("x", ("a",)),), night).slots
    assert len(ask(people, (Seat("x", ("a",)),), night, urgent=True).slots) == 4


def test_a_room_holds_as_many_as_it_can() -> None:
    """Three carts, two of them out from nine to ten."""
    used = ((at("03-09 09:00"), at("03-09 10:00")), 2)
    rooms = {"cart": Resource(capacity=3, uses=(used,))}
    people = {"a": Diary((OFFICE,))}

    def free(units: int) -> list[str]:
        needs = (Need("cart", ("cart",), units),)
        return hours(ask(people, (Seat("x", ("a",)),), resources=rooms, needs=needs))

    assert free(1) == ["08:00", "09:00", "10:00", "11:00"]
    assert free(2) == ["08:00", "10:00", "11:00"]
    assert free(4) == []


def test_an_endless_pattern_costs_no_more_than_its_window() -> None:
    """Every week until the last day that there is."""
    endless = Weekly(frozenset(range(7)), 0, 0, date(1, 1, 1), date.max, calendar=False)
    assert len(ask({"a": Diary((endless,) * 500)}, (Seat("x", ("a",)),)).slots) == 4


def test_what_others_see_of_a_calendar_is_what_is_left_of_it() -> None:
    """Hours less leave and bookings."""
    diary = Diary(
        (OFFICE,),
        away=(Leave((at("03-09 08:00"), at("03-09 09:00"))),),
        busy=((at("03-09 10:00"), at("03-09 10:30")),),
    )
    day = Almanac((at("03-09 00:00"), at("03-10 00:00")), DAYS)
    assert free_of(diary, day) == (
        (at("03-09 09:00"), at("03-09 10:00")), (at("03-09 10:30"), at("03-09 12:00")),
    )  # fmt: skip


# --- why there is none ----------------------------------------------------------------------------

AWAY = Diary((OFFICE,), away=(Leave(MORNING),))
BUSY = Diary((OFFICE,), busy=(MORNING,))


@pytest.mark.parametrize(
    ("diary", "more", "reason"),
    [
        (Diary(), {}, Reason.NO_HOURS),
        (Diary(extra=((MORNING[0], MORNING[0] + 59),)), {}, Reason.NO_FIT),
        (AWAY, {}, Reason.AWAY),
        (BUSY, {}, Reason.BUSY),
        (None, {}, Reason.UNKNOWN),
        (BUSY, {"minutes": 300}, Reason.WINDOW),
        (BUSY, {"not_before": MORNING[1]}, Reason.NOTICE),
        (BUSY, {"not_after": MORNING[0]}, Reason.HORIZON),
        (BUSY, {"within": ()}, Reason.CLOSED),
    ],
)
def test_an_empty_answer_says_what_closes_it(
    diary: Diary | None, more: Mapping[str, Any], reason: Reason
) -> None:
    """The first thing that leaves no beginning."""
    people = {} if diary is None else {"a": diary}
    found = ask(people, (Seat("expert", ("a",)),), **more)
    assert found.why is not None and found.why.reason is reason
    assert [c.reason for c in found.why.people] == ([] if more else [reason])


def test_it_says_who_closes_it_and_what_came_nearest() -> None:
    """A busy chair among five experts, and a room that is shut."""
    people = {key: Diary((OFFICE,)) for key in "abcd"} | {"e": BUSY}
    rooms = {"hall": Resource(closed=(MORNING,)), "booth": Resource()}
    seats = group("expert", tuple("abcde"), 3, chairs=("e",))
    why = ask(people, seats, resources=rooms, needs=(Need("room", ("booth",)),)).why
    assert why is not None and why.reason is Reason.BUSY
    assert why.blocking == ("expert-chair",)
    assert [(c.key, c.starts, c.reason) for c in why.people if c.reason] == [("e", 0, Reason.BUSY)]
    assert why.nearest is not None and why.nearest.since == MORNING[0]
    shut = ask(people, group("expert", tuple("ab"), 2), resources=rooms,
               needs=(Need("room", ("hall",)),)).why  # fmt: skip
    assert shut is not None and shut.blocking == ("room",)
    assert [(c.key, c.reason) for c in shut.resources] == [("hall", Reason.AWAY)]


def test_two_who_are_never_free_together_are_told_so() -> None:
    """Each has a morning, not the same one."""
    half = (MORNING[0], MORNING[0] + 120)
    people = {"a": Diary((OFFICE,), busy=(half,)), "b": Diary(extra=(half,))}
    why = ask(people, group("expert", ("a", "b"), 2)).why
    assert why is not None and why.reason is Reason.TOGETHER
    assert [c.starts for c in why.people] == [2, 2]


def test_a_long_answer_is_cut_and_says_so() -> None:
    """The slots that are told are the first ones."""
    people = {"a": Diary((OFFICE,))}
    wish = Wish(MORNING, 60, (Seat("x", ("a",)),), step=60, origin=MORNING[0])
    cut = find(wish, people, {}, Almanac(MORNING, DAYS), most=3)
    assert hours(cut) == ["08:00", "09:00", "10:00"] and cut.more
    assert not find(wish, people, {}, Almanac(MORNING, DAYS), most=4).more


def test_every_reason_has_words_in_both_languages() -> None:
    """What people read is never a code."""
    assert set(nouns.WORDS) == set(Reason)
    assert all(zh and en for zh, en in nouns.WORDS.values())
