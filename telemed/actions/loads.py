"""What readers have in hand, in points of work, and whether one more case fits.

Claims that are being read, cases assigned to or reserved by them, and what they completed since the
shift began. A claim that awaits its second signature is in nobody's hand.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from telemed.actions.act import Act
from telemed.core.assignment_rules import NO_BURDEN, NO_LIMITS, Burden, Limits, weighed
from telemed.core.worklist import Unit, period_begin
from telemed.store import assignments, rulings
from telemed.store.assignments import Held

_PERIODS: Final[tuple[Unit, Unit]] = ("days", "shift")


@dataclass(frozen=True, slots=True)
class Load:
    """Counts that people know, and the points behind them; `done` is of today."""

    open: int = 0
    waiting: int = 0
    done: int = 0
    burden: Burden = NO_BURDEN


def loads(
    act: Act, institution_id: str, people: Collection[str], person_id: str | None = None
) -> dict[str, Load]:
    """Of each of these people of an institution; with `person_id` only that one is asked for."""
    shifts = act.catalogue.timers.shifts
    day, shift = (period_begin(unit, 1, act.now, shifts) for unit in _PERIODS)
    held: dict[str, list[Held]] = {who: [] for who in people}
    for kind in assignments.loads(act.tx, institution_id, day, shift, person_id):
        held.setdefault(kind.person_id, []).append(kind)
    limits = rulings.limits(act.tx, institution_id, person_id)
    return {who: _load(act, mine, limits.get(who, NO_LIMITS)) for who, mine in held.items()}


def load_of(act: Act, institution_id: str, person_id: str) -> Load:
    """Of one person."""
    return loads(act, institution_id, (person_id,), person_id)[person_id]


def _load(act: Act, held: list[Held], limits: Limits) -> Load:
    def sums(*names: str) -> int:
        return sum(getattr(kind, name) for kind in held for name in names)

    def weigh(kinds: Iterable[Held], *names: str) -> float:
        counts = ((k.service, k.modality, sum(getattr(k, n) for n in names)) for k in kinds)
        return weighed(act.catalogue.assignment, counts)

    burden = Burden(
        weigh(held, "open", "waiting"), weigh(held, "open", "waiting", "done_in_shift"), limits
    )
    return Load(sums("open"), sums("waiting"), sums("done_today"), burden)
