"""The boards 红黑榜: the best three and the last three of a list, by one indicator of one month.

A board ranks figures that the tally already shows; it computes none. The rules are here and are
printed with every board: what may be ranked, who is left out, and how ties stand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from telemed.core.indicators import INDICATORS, Indicator, Measure, Side
from telemed.core.tally import Summary

PLACES = 3
"""How many ranks stand on each board."""

LEAST = 10
"""Facts a figure must rest on to be ranked; below it one case would decide the place."""

RULE_ZH = (
    f"红榜列前 {PLACES} 名，黑榜列后 {PLACES} 名；数值相同者名次并列，占用后续名次，"
    f"并列者全部列出；已在红榜者不再列入黑榜。"
    f"分母（用时为计时例数）不足 {LEAST} 例或无数据的不参加排名，另行列出，不按零计。"
    "县（市）榜不含市辖区。"
)
RULE_EN = (
    f"The red board holds the first {PLACES} ranks and the black board the last {PLACES}. Equal"
    " figures share a rank, take up the ranks after it and are all shown; who stands on the red"
    f" board is not on the black one. Figures resting on fewer than {LEAST} cases, or on none, are"
    " not ranked but listed apart; missing is not zero. Urban districts are on no county list."
)


class Board(StrEnum):
    """Which board a unit stands on."""

    RED = "red"
    BLACK = "black"


class Absence(StrEnum):
    """Why a unit is not ranked."""

    NOTHING = "nothing"
    TOO_FEW = "too-few"


@dataclass(frozen=True, slots=True)
class Figure:
    """One unit's figure and the number of facts it rests on; None when there is none."""

    key: str
    value: float | None
    rests_on: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A ranked unit: its rank from the best, its rank from the last, and its board, if any."""

    figure: Figure
    rank: int
    from_last: int
    board: Board | None


def rankable(side: Side) -> tuple[Indicator, ...]:
    """The indicators of a side that say one unit did better than another."""
    return tuple(
        row
        for row in INDICATORS.values()
        if row.better is not None
        and row.side in (side, Side.BOTH)
        and row.judges in (side, Side.BOTH)
    )


def figure_of(key: str, summary: Summary, row: Indicator) -> Figure:
    """What a unit is ranked by: a share and its denominator, a median and its timed cases."""
    if row.kind is Measure.DURATION:
        spread = summary.durations[row.code]
        return Figure(key, spread.median, spread.measured)
    below = summary.counts[row.denominator or ""]
    return Figure(key, summary.shares[row.code], max(below, 0))


def absence(figure: Figure) -> Absence | None:
    """Why a figure is not ranked, or None when it is."""
    if figure.value is None:
        return Absence.NOTHING
    return Absence.TOO_FEW if figure.rests_on < LEAST else None


def standings(figures: Iterable[Figure], row: Indicator) -> list[Standing]:
    """The ranked units, best first and by key where equal; those with an `absence` are left out."""
    ranked = [(f.value, f) for f in figures if f.value is not None and absence(f) is None]
    values = sorted((value for value, _ in ranked), reverse=row.better == "higher")
    found = []
    for value, figure in ranked:
        rank = values.index(value) + 1
        from_last = values[::-1].index(value) + 1
        found.append(Standing(figure, rank, from_last, _board(rank, from_last)))
    return sorted(found, key=lambda s: (s.rank, s.figure.key))


def _board(rank: int, from_last: int) -> Board | None:
    if rank <= PLACES:
        return Board.RED
    return Board.BLACK if from_last <= PLACES else None


def on_board(found: Sequence[Standing], board: Board) -> list[Standing]:
    """Who stands on a board: the best first on the red one, the last first on the black one."""
    chosen = [s for s in found if s.board is board]
    return (
        chosen if board is Board.RED else sorted(chosen, key=lambda s: (s.from_last, s.figure.key))
    )
