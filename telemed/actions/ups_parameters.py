"""A request's form as Scheduled Processing Parameters (0074,1210), both ways.

Each field is a content item named by the field's key under our coding scheme: TEXT, CODE, DATETIME
or NUMERIC by its type (PS3.3 10.2 Content Item Macro). So a UPS client can fill in what the form
asks for, and a performer reads it. Knows no request and no database.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from telemed.core.catalogue import FormField, ServiceType
from telemed.dicom.workitem import OURS, Json, items, moment, moment_of, ours, text, values

PARAMETERS: Final = "00741210"
_NAME, _TYPE, _TEXT, _CODE, _WHEN, _NUMBER = (
    0x0040A043, 0x0040A040, 0x0040A160, 0x0040A168, 0x0040A120, 0x0040A30A,
)  # fmt: skip
_ICD10: Final = "I10"
"""Coding Scheme Designator of ICD-10 (PS3.16 table 8-1)."""
URGENCY: Final = "urgency"
CONSENT: Final = "consent."


def told(data_set: Mapping[str, Any]) -> dict[str, list[Json]]:
    """The content items of our coding scheme by their key."""
    found: dict[str, list[Json]] = {}
    for item in items(data_set, PARAMETERS):
        for name in items(item, f"{_NAME:08X}"):
            if text(name, "00080102") == OURS:
                found.setdefault(_code_value(name), []).append(item)
    return found


def form(service: ServiceType, given: Mapping[str, Sequence[Json]]) -> dict[str, Any]:
    """The form's content from content items; what cannot be read as its field is left out."""
    read = {f.key: _read(f, given[f.key]) for f in service.fields() if f.key in given}
    return {key: value for key, value in read.items() if value is not None}


def consent(given: Mapping[str, Sequence[Json]]) -> dict[str, Any]:
    """The consent's parts from content items, `consent.signer` and so on."""
    return {
        key.removeprefix(CONSENT): _when(found) or _said(found)
        for key, found in given.items()
        if key.startswith(CONSENT)
    }


def word(given: Mapping[str, Sequence[Json]], key: str) -> str:
    """A parameter as text or code, '' without it."""
    return _said(given.get(key, ()))


def shown(service: ServiceType, urgency: str, content: Mapping[str, Any]) -> list[Any]:
    """The form as content items."""
    rows = [_item(URGENCY, "Urgency", "CODE", {_CODE: [ours(urgency, urgency)]})]
    for field in service.fields():
        for value in _several(content.get(field.key)):
            made = _content(field, value)
            if made is not None:
                rows.append(_item(field.key, field.label.en, *made))
    return rows


# --- reading ------------------------------------------------------------------------------------


def _read(field: FormField, found: Sequence[Json]) -> Any:
    match field.type:
        case "number":
            return next((v for item in found for v in values(item, f"{_NUMBER:08X}")), None)
        case "datetime":
            return _when(found) or None
        case "operation":
            return [_icd(one) for item in found for one in items(item, f"{_CODE:08X}")]
        case "person":
            named = [_icd(one) for item in found for one in items(item, f"{_CODE:08X}")]
            return next(({"id": one["code"], "name": one["name"]} for one in named), None)
        case "people":
            named = [_icd(one) for item in found for one in items(item, f"{_CODE:08X}")]
            return [{"id": one["code"], "name": one["name"]} for one in named]
        case "lines":
            return [said for item in found if (said := _said([item]))]
        case "icd10":
            return one_or_all([_icd(one) for item in found for one in items(item, f"{_CODE:08X}")])
        case "checks":
            told = [said for item in found if (said := _said([item]))]
            return told if field.options else told == ["true"]
        case _:
            return _said(found) or None


def _icd(item: Json) -> dict[str, str]:
    return {"code": _code_value(item), "name": text(item, "00080104")}


def diagnosis(data_set: Mapping[str, Any]) -> Any:
    """The admitting diagnoses (0008,1084) as the form keeps them, None without any."""
    return one_or_all([_icd(item) for item in items(data_set, "00081084")])


def one_or_all(found: list[dict[str, str]]) -> Any:
    """A single diagnosis by itself, several as a list, None for none."""
    return found[0] if len(found) == 1 else found or None


def _said(found: Iterable[Json]) -> str:
    for item in found:
        for coded in items(item, f"{_CODE:08X}"):
            return _code_value(coded)
        if text(item, f"{_TEXT:08X}"):
            return text(item, f"{_TEXT:08X}")
    return ""


def _when(found: Iterable[Json]) -> str:
    at = next((moment_of(text(item, f"{_WHEN:08X}")) for item in found), None)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def _code_value(item: Json) -> str:
    return text(item, "00080100") or text(item, "00080119") or text(item, "00080120")


# --- writing ------------------------------------------------------------------------------------


def _item(key: str, meaning: str, kind: str, value: Mapping[int, object]) -> Mapping[int, object]:
    return {_TYPE: kind, _NAME: [ours(key, meaning)], **value}


def _several(value: Any) -> Sequence[Any]:
    if value is None or value == "":
        return ()
    return value if isinstance(value, list) else (value,)


def _content(field: FormField, value: Any) -> tuple[str, Mapping[int, object]] | None:
    if isinstance(value, Mapping):
        code = value.get("id" if field.type in ("person", "people") else "code")
        if code is None or "name" not in value:
            return None
        # A code of more than 16 characters is a Long Code Value (PS3.3 8.8).
        at = 0x00080100 if len(code) <= 16 else 0x00080119
        scheme = _ICD10 if field.type == "icd10" else OURS
        coded = {at: code, 0x00080102: scheme, 0x00080104: value["name"][:64]}
        return "CODE", {_CODE: [coded]}
    if field.type == "datetime":
        return "DATETIME", {_WHEN: _dt(value)}
    labels = {code: label.en for code, label in field.options}
    if value in labels:
        return "CODE", {_CODE: [ours(value, labels[value])]}
    if isinstance(value, bool):
        return "TEXT", {_TEXT: "true" if value else "false"}
    if isinstance(value, int | float):
        return "NUMERIC", {_NUMBER: value}
    return "TEXT", {_TEXT: str(value)}


def _dt(value: Any) -> str:
    try:
        return moment(datetime.fromisoformat(str(value)))
    except ValueError:
        return ""
