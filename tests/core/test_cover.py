"""Cover for somebody who is away: never to who may not, and nobody is buried."""

from hypothesis import given
from hypothesis import strategies as st

from telemed.core.cover import Able, Need, spread

PEOPLE = ["a", "b", "c", "d"]
some_loads = st.fixed_dictionaries({who: st.integers(0, 9) for who in PEOPLE})
able = st.dictionaries(
    st.sampled_from(PEOPLE), st.builds(Able, turn=st.integers(0, 1), most=st.integers(0, 12))
)
weight = st.sampled_from([0.5, 1.0, 3.0])


@given(st.lists(st.tuples(able, weight), max_size=40), some_loads)
def test_each_case_goes_to_somebody_who_may_and_has_room(
    given_cases: list[tuple[dict[str, Able], float]], loads: dict[str, int]
) -> None:
    """To nobody exactly where all are full; nobody of a later turn before one of an earlier."""
    needs = [Need(str(n), who, points) for n, (who, points) in enumerate(given_cases)]
    to, has = spread(needs, loads), {who: float(n) for who, n in loads.items()}
    assert list(to) == [need.request_id for need in needs]
    for need in needs:
        free = {who for who, one in need.able.items() if has[who] < one.most}
        chosen = to[need.request_id]
        assert chosen in free if free else chosen is None
        if chosen is not None:
            assert need.able[chosen].turn == min(need.able[who].turn for who in free)
            has[chosen] += need.points


@given(st.integers(0, 60), some_loads)
def test_what_all_may_take_levels_the_loads(many: int, loads: dict[str, int]) -> None:
    """Whoever was given anything ends at most one above the least loaded."""
    everybody = {who: Able() for who in PEOPLE}
    to = spread([Need(str(n), everybody) for n in range(many)], loads)
    after = {who: loads[who] + list(to.values()).count(who) for who in PEOPLE}
    assert sum(after.values()) == sum(loads.values()) + many
    given_to = {after[who] for who in PEOPLE if after[who] > loads[who]}
    assert all(load <= min(after.values()) + 1 for load in given_to)
