"""Who covers for somebody who is away: their cases are spread over those who may take them.

Pure arithmetic. Who may take a case is the assignment rule's; a person decides in the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Able:
    """Somebody who may take a case: in which turn they are asked, and the most work in hand."""

    turn: int = 0
    most: float = inf


@dataclass(frozen=True, slots=True)
class Need:
    """A case that needs somebody, its points of work, and who may take it."""

    request_id: str
    able: Mapping[str, Able]
    points: float = 1.0


def spread(needs: Sequence[Need], in_hand: Mapping[str, float]) -> dict[str, str | None]:
    """By case who should take it; None where nobody may, or everybody has as much as they may.

    In the order given, each goes to whoever of the earliest turn has least by then, what was
    spread before counted; of equals the first named. Below their most another case fits whatever
    its weight, as by the load cap.
    """
    has = dict(in_hand)
    to: dict[str, str | None] = {}
    for need in needs:
        free = [who for who, able in need.able.items() if has.get(who, 0) < able.most]
        chosen = min(free, key=lambda who: (need.able[who].turn, has.get(who, 0)), default=None)
        to[need.request_id] = chosen
        if chosen is not None:
            has[chosen] = has.get(chosen, 0) + need.points
    return to
