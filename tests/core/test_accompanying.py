"""Who may accompany a session, and from when on saying so counts."""

from datetime import UTC, datetime, timedelta

import pytest

from telemed.core.accompanying import (
    CONFIRMS_IN,
    FIT_WORDS,
    NAMES_IN,
    Fit,
    Presence,
    Registered,
    fit,
    require_confirming,
    require_naming,
    require_presence,
)
from telemed.core.aftercare_rules import Accompanying
from telemed.core.appointment import State
from telemed.core.errors import Problem

RULE = Accompanying(
    services=frozenset({"consultation", "surgery", "lesson"}),
    confirmed=frozenset({"consultation", "surgery"}),
    urgent_by_name=frozenset({"consultation"}),
    titles=frozenset({"231", "234"}),
    stand_ins=frozenset({"235"}),
    stand_in_kinds=("C2", "D6"),
)
SINCE = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("title", "licence", "active", "kind", "expected"),
    [
        ("231", "1", True, "A100", Fit.PHYSICIAN),
        ("234", "1", True, "C220", Fit.PHYSICIAN),
        ("234", "", True, "A100", Fit.UNCHECKED),
        ("231", "1", False, "A100", Fit.UNFIT),
        ("235", "1", True, "A100", Fit.UNFIT),
        ("235", "1", True, "C220", Fit.STANDS_IN),
        ("235", "", True, "D600", Fit.STANDS_IN),
        ("235", "1", True, "C100", Fit.UNFIT),
        ("254", "1", True, "C220", Fit.UNFIT),
        ("263", "1", True, "A100", Fit.UNFIT),
        ("", "", True, "D600", Fit.UNCHECKED),
        ("", "1", True, "A100", Fit.UNCHECKED),
        ("", "1", False, "A100", Fit.UNFIT),
    ],
)  # fmt: skip
def test_the_register_decides_as_far_as_it_knows(
    title: str, licence: str, active: bool, kind: str, expected: Fit
) -> None:
    """A physician anywhere, an assistant where one may stand in, and nobody of another title."""
    assert fit(RULE, Registered(title, licence, active), kind) is expected


def test_only_the_named_services_ask_for_one() -> None:
    """And with no rule none does."""
    assert RULE.asks("consultation") and not RULE.asks("imaging")
    assert not Accompanying().asks("consultation")


@pytest.mark.parametrize("presence", Presence)
@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("service", ["consultation", "surgery", "lesson", "imaging"])
def test_what_must_be_known_before_a_session_begins(
    service: str, urgent: bool, presence: Presence
) -> None:
    """Nothing of a reading, a name of a lesson, presence of the rest; of an urgent consultation the
    name does."""
    enough = {
        "consultation": Presence.NAMED if urgent else Presence.CONFIRMED,
        "surgery": Presence.CONFIRMED, "lesson": Presence.NAMED, "imaging": Presence.NOBODY,
    }[service]  # fmt: skip
    order = list(Presence)
    if order.index(presence) >= order.index(enough):
        require_presence(RULE, service, urgent, presence)
        return
    code = "nobody-accompanies" if presence is Presence.NOBODY else "accompanying-unconfirmed"
    with pytest.raises(Problem, match=code):
        require_presence(RULE, service, urgent, presence)


@pytest.mark.parametrize("state", State)
def test_naming_and_confirming_by_state(state: State) -> None:
    """Named before or during it; confirmed once its time is agreed, and not after it."""
    for allowed, check in (
        (NAMES_IN, lambda: require_naming(state)),
        (CONFIRMS_IN, lambda: require_confirming(state, SINCE, SINCE)),
    ):
        if state in allowed:
            check()
        else:
            with pytest.raises(Problem, match="illegal-transition"):
                check()


def test_presence_is_confirmed_when_one_can_be_present() -> None:
    """As early as the session may begin, and no earlier."""
    early = SINCE - timedelta(minutes=30)
    require_confirming(State.CONFIRMED, SINCE, early)
    with pytest.raises(Problem, match="too-early"):
        require_confirming(State.CONFIRMED, SINCE, early - timedelta(seconds=1))


def test_every_fit_has_words() -> None:
    """In both languages."""
    assert set(FIT_WORDS) == set(Fit)
