"""Who may be in a conference, who was there and how long, and how to begin on which line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from telemed.core import appointment
from telemed.core.access import PERMISSIONS, Permission, Role, Subject
from telemed.core.conference import (
    LEASE,
    OPEN_STATES,
    RELAYED,
    Entry,
    Event,
    Invitation,
    Pace,
    Standing,
    Stretch,
    attendance,
    require_open,
    sides,
    standing_of,
)
from telemed.core.conference_rules import (
    NO_RULES,
    ConferenceRules,
    JoinCard,
    Line,
    LineTerms,
    Mode,
    mode_for,
)
from telemed.core.errors import Problem
from telemed.core.turn import turn_pass

NINE = datetime(2026, 3, 6, 1, tzinfo=UTC)
TO = Invitation("county", "hub", frozenset({"sits"}), frozenset({"along"}), frozenset({"looks"}))


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def entry(
    who: str, event: Event, minutes: float, mode: Mode = Mode.VIDEO, place: str = ""
) -> Entry:
    return Entry(who, place or f"{who}-place", event, mode, at(minutes))


@pytest.mark.parametrize(
    ("role", "place", "person"),
    list(
        product(Role, ("county", "hub", "third", None), ("sits", "along", "looks", "other", None))
    ),
)
def test_who_is_invited(role: Role, place: str | None, person: str | None) -> None:
    """Whoever sits in it or goes along; who is listed watches; who books for the asking side and
    the answering side's coordinators, who stay outside where it is closed to who is not named.
    Nobody whose role sees no calendars."""
    subject = Subject("account", frozenset({role}), place, person)
    held = PERMISSIONS[role]
    named = person in ("sits", "along")
    books = place == "county" and Permission.BOOK_APPOINTMENTS in held
    coordinates = place == "hub" and role is Role.COORDINATOR
    open_, closed = standing_of(subject, TO), standing_of(subject, replace(TO, closed=True))
    if Permission.SEE_CALENDARS not in held:
        assert (open_, closed) == (None, None)
    elif named:
        assert open_ is closed is Standing.TAKES_PART
    elif person == "looks":
        assert open_ is closed is Standing.WATCHES
    elif books or coordinates:
        assert (open_, closed) == (Standing.TAKES_PART, Standing.KEEPS)
    else:
        assert (open_, closed) == (None, None)


def test_who_watched_is_no_part_of_their_sides_attendance() -> None:
    """Their own time is told apart; with a seat later on, only what came with it counts."""
    log = [
        replace(entry("a", Event.ENTER, 0, place="hub"), watches=True),
        replace(entry("b", Event.ENTER, 0, place="county"), watches=True),
        replace(entry("a", Event.LEAVE, 4, place="hub"), watches=True),
        entry("a", Event.ENTER, 5, place="hub"),
        entry("a", Event.LEAVE, 7, place="hub"),
    ]
    found = attendance(log, at(10))
    assert [(one.who, one.watched, one.seconds) for one in found] == [
        ("a", True, 240), ("b", True, 600), ("a", False, 120),
    ]  # fmt: skip
    assert [(one.institution, one.people, one.seconds) for one in sides(found, at(10))] == [
        ("hub", 1, 120)
    ]


@pytest.mark.parametrize("state", appointment.State)
def test_when_it_is_open(state: appointment.State) -> None:
    """Confirmed from half an hour before; under way always; otherwise never."""
    early, due = NINE - timedelta(minutes=30, seconds=1), NINE - timedelta(minutes=30)
    if state not in OPEN_STATES:
        for now in (early, due, NINE):
            with pytest.raises(Problem) as caught:
                require_open(state, NINE, now)
            assert caught.value.code == "conference-closed"
        return
    require_open(state, NINE, due)
    if state is appointment.State.UNDER_WAY:
        require_open(state, NINE, early)
    else:
        with pytest.raises(Problem) as caught:
            require_open(state, NINE, early)
        assert caught.value.code == "too-early" and caught.value.facts["at"] == due


def test_attendance_counts_what_was_there_between_drops_and_returns() -> None:
    """Two stretches around a lost line, a change of mode, and one who is still there."""
    log = [
        entry("a", Event.ENTER, 0),
        entry("b", Event.ENTER, 2, Mode.AUDIO),
        entry("a", Event.DROP, 5),
        entry("a", Event.RETURN, 6),
        entry("a", Event.MODE, 8, Mode.AUDIO),
        entry("a", Event.LEAVE, 10),
    ]
    a, b = attendance(log, at(12))
    assert (a.who, a.first, a.last, a.seconds, a.drops) == ("a", at(0), at(10), 540, 1)
    assert a.stretches == (
        Stretch(at(0), at(5), Mode.VIDEO),
        Stretch(at(6), at(8), Mode.VIDEO),
        Stretch(at(8), at(10), Mode.AUDIO),
    )
    assert (b.first, b.last, b.seconds, b.drops) == (at(2), at(12), 600, 0)
    assert b.stretches == (Stretch(at(2), None, Mode.AUDIO),)


def test_attendance_of_a_drop_that_was_dated_back_and_of_another_page() -> None:
    """A line that was lost before it was heard lasts nothing; a second page ends no stretch."""
    log = [
        entry("a", Event.ENTER, 5),
        entry("a", Event.DROP, 4),
        entry("a", Event.RETURN, 6),
        entry("a", Event.ENTER, 7),
        entry("a", Event.MODE, 7, Mode.STILL),
        entry("a", Event.LEAVE, 9),
    ]
    (a,) = attendance(log, at(20))
    assert (a.seconds, a.drops) == (180, 1)
    assert [s.mode for s in a.stretches] == [Mode.VIDEO, Mode.VIDEO, Mode.STILL]
    (gone,) = attendance([entry("x", Event.ENTER, 1), entry("x", Event.LEAVE, 1)], at(2))
    assert (gone.seconds, gone.first) == (0, at(1))
    assert attendance([], at(0)) == []
    assert attendance([entry("x", Event.LEAVE, 1)], at(2)) == []


def test_a_side_is_there_while_anybody_of_it_is() -> None:
    """Overlapping stretches count once, gaps not at all."""
    log = [
        entry("a", Event.ENTER, 0, place="hub"),
        entry("b", Event.ENTER, 3, place="hub"),
        entry("a", Event.LEAVE, 5, place="hub"),
        entry("c", Event.ENTER, 4, place="county"),
        entry("b", Event.LEAVE, 6, place="hub"),
        entry("a", Event.ENTER, 9, place="hub"),
    ]
    hub, county = sides(attendance(log, at(10)), at(10))
    assert (hub.institution, hub.people, hub.first, hub.last) == ("hub", 2, at(0), at(10))
    assert hub.seconds == 7 * 60
    assert (county.institution, county.people, county.seconds) == ("county", 1, 360)
    assert sides([], at(0)) == []


TERMS = LineTerms(video_kbps=600, still_kbps=128, slow_ms=600)


@pytest.mark.parametrize(
    ("line", "camera", "mode"),
    [
        (Line(5000, 5000, 40), True, Mode.VIDEO),
        (Line(600, 600, 600), True, Mode.VIDEO),
        (Line(5000, 599, 40), True, Mode.STILL),
        (Line(599, 5000, 40), True, Mode.STILL),
        (Line(5000, 5000, 601), True, Mode.STILL),
        (Line(127, 5000, 40), True, Mode.AUDIO),
        (Line(5000, 5000, 40), False, Mode.AUDIO),
        (Line(None, None, None), True, Mode.VIDEO),
        (Line(None, 128, None), True, Mode.STILL),
    ],
)
def test_the_mode_to_begin_in(line: Line, camera: bool, mode: Mode) -> None:
    """Audio first on a thin line, then still pictures; what was not measured hinders nobody."""
    assert mode_for(line, TERMS, camera) is mode


def test_a_member_sends_at_a_pace() -> None:
    """A burst, then so many a second."""
    pace = Pace(burst=3, rate=1, left=3)
    assert [pace.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert pace.take(10.5) is False and pace.take(11.5) is True
    assert [pace.take(1000.0) for _ in range(4)] == [True, True, True, False]


def test_the_card_is_the_answering_side_s_before_the_asking_side_s() -> None:
    """Whoever has a bridge; none where neither has."""
    hub, county = (JoinCard(place, "bridge", "1") for place in ("hub", "county"))
    both = ConferenceRules(cards={"hub": hub, "county": county})
    assert both.card_for("hub", "county") is hub
    assert ConferenceRules(cards={"county": county}).card_for("hub", "county") is county
    assert NO_RULES.card_for("hub", "county") is None


def test_what_is_relayed_fits_into_a_message_of_a_socket() -> None:
    """The socket's own limit is 16 kB, with the words around it; a lease outlives two beats."""
    assert max(RELAYED.values()) <= (16 << 10) - 1024 and timedelta(seconds=16) < LEASE


def test_a_turn_pass_is_what_coturn_computes() -> None:
    """`use-auth-secret`: until when, and the HMAC-SHA1 of that in base 64."""
    given = turn_pass("north", "label", NINE, timedelta(minutes=10))
    assert given.username == f"{int(NINE.timestamp()) + 600}:label"
    # printf 1772759400:label | openssl dgst -sha1 -hmac north -binary | base64
    assert given.credential == "7qTk31IjkFi3AJwKtbY+gAeb9TI="
