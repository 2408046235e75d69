"""The boards' promises: who is ranked, how ties stand, and that missing is never zero."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from telemed.core.boards import (
    LEAST,
    PLACES,
    Absence,
    Board,
    Figure,
    absence,
    figure_of,
    on_board,
    rankable,
    standings,
)
from telemed.core.indicators import INDICATORS, Side
from telemed.core.tally import Spread, summary_of

HIGHER, LOWER = INDICATORS["on_time_share"], INDICATORS["turnaround"]


def figures(values: Mapping[str, float | None]) -> list[Figure]:
    return [Figure(key, value, LEAST) for key, value in values.items()]


def boards(values: Mapping[str, float | None]) -> dict[Board, list[str]]:
    found = standings(figures(values), HIGHER)
    return {board: [s.figure.key for s in on_board(found, board)] for board in Board}


def test_only_what_can_be_better_is_ranked() -> None:
    """Counts and the positive share rank nobody; each side has something to be ranked by."""
    for side in (Side.REQUESTER, Side.PROVIDER):
        codes = {row.code for row in rankable(side)}
        assert codes and all(INDICATORS[code].kind != "count" for code in codes)
        assert "positive_share" not in codes
    assert "return_rate" not in {row.code for row in rankable(Side.PROVIDER)}
    assert "adoption_share" not in {row.code for row in rankable(Side.REQUESTER)}


def test_the_best_and_the_last_three_stand_on_the_boards() -> None:
    """Higher is better for a share; the last one comes first on the black board."""
    shown = boards({name: n / 10 for n, name in enumerate("abcdefgh")})
    assert shown == {Board.RED: ["h", "g", "f"], Board.BLACK: ["a", "b", "c"]}


def test_lower_is_better_for_a_duration() -> None:
    """The quickest leads."""
    found = standings(figures({"slow": 90.0, "quick": 10.0}), LOWER)
    assert [(s.figure.key, s.rank, s.from_last) for s in found] == [("quick", 1, 2), ("slow", 2, 1)]


def test_ties_share_a_rank_and_are_all_shown() -> None:
    """Four at the top leave ranks two to four empty; nobody is cut off by name."""
    values = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 0.9, "f": 0.5, "g": 0.4, "h": 0.3}
    ranks = {s.figure.key: s.rank for s in standings(figures(values), HIGHER)}
    assert ranks == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 5, "f": 6, "g": 7, "h": 8}
    assert boards(values) == {Board.RED: list("abcd"), Board.BLACK: ["h", "g", "f"]}


def test_few_units_are_never_on_both_boards() -> None:
    """Four units: three on the red board, one on the black one; all alike: nobody on it."""
    assert boards({"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1})[Board.BLACK] == ["d"]
    assert boards(dict.fromkeys("abcdefgh", 0.5))[Board.BLACK] == []


def test_missing_and_too_few_are_named_and_not_ranked() -> None:
    """Nothing measured is not a zero, and one case decides nobody's place."""
    nothing, few = Figure("n", None, 0), Figure("f", 0.0, LEAST - 1)
    assert (absence(nothing), absence(few)) == (Absence.NOTHING, Absence.TOO_FEW)
    assert absence(Figure("z", 0.0, LEAST)) is None
    assert standings([nothing, few], HIGHER) == []


def test_a_figure_rests_on_its_denominator_or_its_timed_cases() -> None:
    """A share over what it divides by, a median over what was measured."""
    summary = summary_of({"on_time": 6, "due": 12}, {"turnaround": Spread(9, 60.0, 90.0)})
    assert figure_of("x", summary, HIGHER) == Figure("x", 0.5, 12)
    assert figure_of("x", summary, LOWER) == Figure("x", 60.0, 9)
    assert figure_of("x", summary_of({"due": -1}, {}), HIGHER) == Figure("x", None, 0)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), max_size=20))
def test_every_board_keeps_its_rule(values: list[float]) -> None:
    """Whatever the figures: ranks count those who did better, and the boards hold three ranks."""
    found = standings([Figure(str(i), v, LEAST) for i, v in enumerate(values)], HIGHER)
    for each in found:
        own = each.figure.value or 0.0
        assert each.rank == 1 + sum(v > own for v in values)
        assert each.from_last == 1 + sum(v < own for v in values)
        assert (each.board is Board.RED) == (each.rank <= PLACES)
        assert (each.board is Board.BLACK) == (each.from_last <= PLACES < each.rank)
