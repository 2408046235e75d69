"""Values of a form: what may stand in a field, by its type.

A draft may be unfinished, so that nothing is refused here for being missing; `completeness` says
that. What has another shape than its field is refused at once, before it is kept.
"""

from collections.abc import Mapping
from typing import Any, Final

from telemed.core.catalogue import FormField
from telemed.core.errors import Problem

MOST_LINES: Final = 20
MOST_CODES: Final = 10
MOST_PEOPLE: Final = 20
_CODE: Final = 20
_NAME: Final = 200


def kept(fields: tuple[FormField, ...], content: Mapping[str, Any]) -> dict[str, Any]:
    """Only the form's own fields; Problem("invalid") for a value that does not fit its field."""
    found: dict[str, Any] = {}
    for field in fields:
        value = content.get(field.key)
        if isinstance(value, str) and len(value) > field.max_length:
            raise Problem("invalid", detail=f"{field.key} > {field.max_length}")
        if value is None:
            continue
        if not _fits(field, value):
            raise Problem("invalid", detail=field.key)
        found[field.key] = value
    return found


def people_in(fields: tuple[FormField, ...], content: Mapping[str, Any]) -> dict[str, str]:
    """The ids of people that a form names, by its fields."""
    told = {f.key: content.get(f.key) for f in fields if f.type == "person"}
    return {key: str(value["id"]) for key, value in told.items() if isinstance(value, Mapping)}


def lists_in(
    fields: tuple[FormField, ...], content: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """The ids of people that a form lists, by its fields; each once."""
    return {
        f.key: listed(content, f.key) for f in fields if f.type == "people" and content.get(f.key)
    }


def named(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The id of the person that one field names, if it names one."""
    told = content.get(key)
    return (str(told["id"]),) if isinstance(told, Mapping) and "id" in told else ()


def listed(content: Mapping[str, Any], key: str | None) -> tuple[str, ...]:
    """The ids of people that one field lists; none without such a field."""
    told = content.get(key or "") or ()
    # Forms sent before people were listed by the register have lines of text.
    return tuple(dict.fromkeys(str(one["id"]) for one in told if isinstance(one, Mapping)))


def _fits(field: FormField, value: object) -> bool:
    if value in ("", []):
        return True
    match field.type:
        case "operation":
            rows = value if isinstance(value, list) else [value]
            return len(rows) <= MOST_CODES and all(_is_named(row, "code", _CODE) for row in rows)
        case "person":
            return _is_named(value, "id", 64)
        case "people":
            rows = value if isinstance(value, list) else [None]
            return len(rows) <= MOST_PEOPLE and all(_is_listed(row) for row in rows)
        case "lines":
            return (
                isinstance(value, list)
                and len(value) <= MOST_LINES
                and all(isinstance(v, str) and len(v) <= field.max_length for v in value)
            )
        case _:
            return True


def _is_listed(value: object) -> bool:
    """Whether it is a person with their name, and where they belong if that is told."""
    if not isinstance(value, Mapping):
        return False
    place = value.get("place", "")
    known = {key: value[key] for key in value if key != "place"}
    return isinstance(place, str) and len(place) <= _NAME and _is_named(known, "id", 64)


def _is_named(value: object, key: str, longest: int) -> bool:
    """Whether it is a code or id with its name, and nothing else."""
    if not isinstance(value, Mapping) or set(value) != {key, "name"}:
        return False
    code, name = value[key], value["name"]
    fits = isinstance(code, str) and isinstance(name, str)
    return fits and 0 < len(code) <= longest and 0 < len(name) <= _NAME
