"""Who covers for somebody who is away: their cases are spread over those who may take them.

Pure arithmetic. Who may take a case is the assignment rule's; a person decides in the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """A case that needs somebody, and who may take it, the most fitting first."""

    request_id: str
    able: Sequence[str]


def spread(needs: Sequence[Need], loads: Mapping[str, int]) -> dict[str, str | None]:
    """By case who should take it; None where nobody may.

    In the order given, each goes to whoever has least by then, what was spread before counted; of
    equals the first named. So nobody gets two more than another who may take the same cases.
    """
    given = dict(loads)
    to: dict[str, str | None] = {}
    for need in needs:
        chosen = min(need.able, key=lambda who: given.get(who, 0), default=None)
        to[need.request_id] = chosen
        if chosen is not None:
            given[chosen] = given.get(chosen, 0) + 1
    return to
