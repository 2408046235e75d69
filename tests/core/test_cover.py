"""Cover for somebody who is away: never to who may not, and nobody is buried."""

from hypothesis import given
from hypothesis import strategies as st

from telemed.core.cover import Need, spread

PEOPLE = ["a", "b", "c", "d"]
able = st.lists(st.sampled_from(PEOPLE), unique=True)


@given(
    st.lists(able, max_size=40), st.fixed_dictionaries({who: st.integers(0, 9) for who in "abc"})
)
def test_each_case_goes_to_somebody_who_may(who: list[list[str]], loads: dict[str, int]) -> None:
    """And to nobody exactly where nobody may."""
    needs = [Need(str(n), each) for n, each in enumerate(who)]
    to = spread(needs, loads)
    assert set(to) == {need.request_id for need in needs}
    for need in needs:
        chosen = to[need.request_id]
        assert chosen in need.able if need.able else chosen is None


@given(st.integers(0, 60), st.fixed_dictionaries({who: st.integers(0, 9) for who in PEOPLE}))
def test_what_all_may_take_levels_the_loads(many: int, loads: dict[str, int]) -> None:
    """Whoever was given anything ends at most one above the least loaded."""
    to = spread([Need(str(n), PEOPLE) for n in range(many)], loads)
    after = {who: loads[who] + list(to.values()).count(who) for who in PEOPLE}
    assert sum(after.values()) == sum(loads.values()) + many
    given_to = {after[who] for who in PEOPLE if after[who] > loads[who]}
    assert all(load <= min(after.values()) + 1 for load in given_to)
