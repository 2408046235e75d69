"""What readers have in hand, in points of work, and whether one more case fits.

Claims that are being read, cases assigned to or reserved by them, and what they completed since the
shift began. A claim that awaits its second signature is in nobody's hand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from telemed.actions.act import Act
from telemed.core.assignment_rules import NO_BURDEN, NO_LIMITS, Burden, Limits, weighed
from telemed.core.worklist import period_begin
from telemed.store import assignments
from telemed.store.assignments import Held


@dataclass(frozen=True, slots=True)
class Load:
    """Counts that people know, and the points behind them; `done` is of today."""

    open: int = 0
    waiting: int = 0
    done: int = 0
    burden: Burden = NO_BURDEN


NO_LOAD = Load()


def loads(act: Act, institution_id: str, person_id: str | None = None) -> dict[str, Load]:
    """By person of an institution, or of one; who has nothing is left out."""
    shifts = act.catalogue.timers.shifts
    day, shift = (period_begin(unit, 1, act.now, shifts) for unit in ("days", "shift"))
    held = assignments.loads(act.tx, institution_id, day, shift, person_id)
    limits: Mapping[str, Limits] = {}
    by_person = attrgetter("person_id")
    return {
        who: _load(act, list(mine), limits.get(who, NO_LIMITS))
        for who, mine in groupby(sorted(held, key=by_person), by_person)
    }


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
