"""What a new request takes over from the earlier case that it comes from.

Which of its fields are filled from what was written before is a row of its service. What names the
patient is left out, part by part, and so is what has no room: nothing is cut off in the middle.
Whoever drafts it reads it over; a rule finds a name, and not everything by which one is known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from telemed.core import material
from telemed.core.catalogue import FormField, ServiceType, Words
from telemed.core.material import Identity
from telemed.core.request import State

_ANSWERED: Final = frozenset({State.ANSWERED, State.CONFIRMED})


def goes_on_as(state: State, service: ServiceType, after: ServiceType) -> bool:
    """Whether a request for `after` may be begun from a case: one that was sent and is not called
    off; for the same service once it is answered."""
    if after.continues_label is None or not after.live:
        return False
    return state in _ANSWERED or (state is State.OPEN and after.code != service.code)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written in a field before, and what the field was called."""

    label: Words
    value: Any


def taken_over(
    service: ServiceType, written: Mapping[str, Written], identity: Identity
) -> dict[str, Any]:
    """The form's values to begin with, by its fields; `written` is by the earlier ones."""
    found: dict[str, Any] = {}
    for field in service.fields():
        keys = service.takes_over.get(field.key, ())
        parts = [written[key] for key in keys if key in written and written[key].value]
        free = [p for p in parts if not material.places(identity, {"": p.value}, [""])]
        if free:
            found[field.key] = _value(field, free, len(keys) > 1)
    return {key: value for key, value in found.items() if value}


def _value(field: FormField, parts: Iterable[Written], labelled: bool) -> Any:
    if field.type == "icd10":
        first = next(iter(parts)).value
        return first if isinstance(first, list) else [first]
    text = ""
    for part in parts:
        named = labelled and part.label.zh != field.label.zh
        line = f"{part.label.zh}：{part.value}" if named else str(part.value)
        longer = f"{text}\n{line}" if text else line
        if len(longer) <= field.max_length:
            text = longer
    return text
