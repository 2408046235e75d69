"""Whose an instance is, changed in its DICOM JSON with the old values kept beside it.

A study that was registered under the wrong patient is shown under the right one; what its files
said goes into OriginalAttributesSequence (PS3.3 C.12.1), newest change last. The stored file stays
as it came.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

WHOSE: Final = ("00100010", "00100020", "00100021", "00100030", "00100040")
"""PatientName, PatientID, IssuerOfPatientID, PatientBirthDate, PatientSex."""

_ORIGINALS: Final = "04000561"


def with_identity(
    metadata: bytes, whose: Mapping[str, Mapping[str, Any]], at: datetime, source: str
) -> bytes:
    """DICOM JSON with the patient's attributes of `whose` and what they replaced.

    `whose` has elements by tag, `at` is aware, `source` names who sent the old values. The same
    bytes come back where nothing differs.
    """
    told: dict[str, Any] = orjson.loads(metadata)
    fresh = {tag: dict(whose[tag]) for tag in WHOSE if tag in whose}
    replaced = {
        tag: told.get(tag, {"vr": element["vr"]})
        for tag, element in fresh.items()
        if told.get(tag, {}).get("Value") != element.get("Value")
    }
    if not replaced:
        return metadata
    item = {
        "04000550": _sequence(replaced),
        "04000562": {"vr": "DT", "Value": [_moment(at)]},
        "04000563": {"vr": "LO", "Value": ["telemed"]},
        "04000564": {"vr": "LO", "Value": [source[:64]]} if source else {"vr": "LO"},
        "04000565": {"vr": "CS", "Value": ["CORRECT"]},
    }
    before = told.get(_ORIGINALS, {}).get("Value", [])
    changed = told | {tag: fresh[tag] for tag in replaced}
    changed[_ORIGINALS] = {"vr": "SQ", "Value": [*before, item]}
    return orjson.dumps(changed, option=orjson.OPT_SORT_KEYS)


def _sequence(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": [dict(sorted(item.items()))]}


def _moment(at: datetime) -> str:
    """A DT value in UTC (PS3.5 6.2)."""
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f+0000")
