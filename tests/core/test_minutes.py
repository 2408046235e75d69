"""The rules of minutes: who may read, write, close and sign, and when enough have signed."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from telemed.core.errors import Problem
from telemed.core.minutes import (
    DISCUSSION,
    SUMMARY,
    Standing,
    Terms,
    is_chair,
    is_complete,
    may_write,
    opinion_of,
    require_section,
    require_sections_filled,
)

CLOSED = datetime(2026, 3, 6, 2, tzinfo=UTC)
LATER = CLOSED + timedelta(days=4)
FLAGS = ("sits", "leads", "keeps", "asks", "party")


def standings() -> list[Standing]:
    """Every way to stand to minutes."""
    return [
        Standing("me", **dict(zip(FLAGS, given, strict=True)))
        for given in product((False, True), repeat=len(FLAGS))
    ]


@pytest.mark.parametrize("who", standings(), ids=str)
def test_nobody_does_more_than_they_may_see(who: Standing) -> None:
    """Whoever writes reads, whoever closes writes; who neither sits nor is a party does nothing."""
    assert who.reads == (who.sits or who.party)
    assert not who.writes or who.reads
    assert not who.closes or who.writes
    assert who.closes == ((who.sits and who.leads) or (who.party and who.keeps))
    for led, section in product((False, True), (DISCUSSION, SUMMARY, opinion_of("other"))):
        assert not may_write(section, who, led) or who.writes


def test_an_opinion_is_its_person_s_and_the_summary_the_chair_s() -> None:
    """The keeper takes both down; where nobody chairs, whoever sits there sums up."""
    sits, chair = Standing("me", sits=True), Standing("me", sits=True, leads=True)
    keeper = Standing("me", keeps=True, party=True)
    asks = Standing("me", asks=True, party=True)
    mine, other = opinion_of("me"), opinion_of("other")
    assert [may_write(s, sits, True) for s in (DISCUSSION, mine, other, SUMMARY)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert may_write(SUMMARY, sits, led=False)
    assert all(may_write(s, who, True) for s in (mine, other, SUMMARY) for who in (chair, keeper))
    assert may_write(DISCUSSION, asks, True) and not may_write(SUMMARY, asks, True)


@pytest.mark.parametrize("role", ["chair", "expert-chair"])
def test_a_chair_s_seat_is_known_by_its_role(role: str) -> None:
    """As the search for a time names it."""
    assert is_chair(role) and not is_chair("expert") and not is_chair("chairman")


def test_a_section_is_one_of_those_there_are() -> None:
    """The two common ones, and an opinion of each who is there."""
    for section in (DISCUSSION, SUMMARY, opinion_of("a")):
        require_section(section, {"a"})
    for section in ("", "opinion:", opinion_of("b"), "anything", "a"):
        with pytest.raises(Problem):
            require_section(section, {"a"})


def test_nothing_is_closed_without_a_summary_and_somebody_to_sign_it() -> None:
    """White space is no summary."""
    require_sections_filled({SUMMARY: "炎症"}, ["a"])
    for texts, signers in (({}, ["a"]), ({SUMMARY: " \n"}, ["a"]), ({SUMMARY: "x"}, [])):
        with pytest.raises(Problem) as caught:
            require_sections_filled(texts, signers)
        assert caught.value.code == "minutes-empty"


def test_it_waits_for_everybody_unless_a_share_is_enough() -> None:
    """With a share: only after its time, and never without the chair."""
    all_of, half = Terms(), Terms(0.5, timedelta(days=3))
    three = ["a", "b", "c"]

    def done(signed: list[str], terms: Terms, now: datetime = LATER) -> bool:
        return is_complete(three, signed, "a", CLOSED, now, terms)

    assert done(three, all_of, CLOSED) and not done(["a", "b"], all_of)
    assert done(["a", "b"], half) and not done(["a", "b"], half, CLOSED + timedelta(days=1))
    assert not done(["b", "c"], half) and not done(["a"], half)
    assert not done(["x", "y", "z"], half)
    assert is_complete(three, ["b", "c"], None, CLOSED, LATER, half)
    assert not is_complete([], [], None, CLOSED, LATER, half)
