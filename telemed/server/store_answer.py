"""The Store Instances Response (PS3.18 annex I): statuses, reasons and warnings, as tables.

An instance that was stored is referenced, with a warning where something about it is odd; one that
was not is named with a reason, without its UID where that could not be read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from telemed.actions.intake import Outcome
from telemed.dicom.jsonmodel import row
from telemed.dicom.media import DICOM_XML, Offer
from telemed.dicom.refusal import Refused
from telemed.dicom.xmlmodel import native_xml
from telemed.store.arrivals import Fate

# Failure reasons (PS3.18 table I.2-2, PS3.4 table B.2-1 and PS3.7 annex C).
NOT_UNDERSTOOD: Final = 0xC000
WRONG_STUDY: Final = 0xA901
OUT_OF_RESOURCES: Final = 0xA700
_NO_MATCH: Final = 0xA900
_TRANSFER_SYNTAX: Final = 0xC122
_DUPLICATE: Final = 0x0111
_NOT_AUTHORIZED: Final = 0x0124

# Warning reasons (table I.2-1).
_COERCED: Final = 0xB000
_ODD: Final = 0xB007

_REFUSALS: Final[Mapping[str, int]] = {
    "unknown-transfer-syntax": _TRANSFER_SYNTAX,
    "meta-mismatch": _NO_MATCH,
    "bad-uid": _NO_MATCH,
    "no-pixel-data": _NO_MATCH,
    "no-content": _NO_MATCH,
    "too-deep": OUT_OF_RESOURCES,
    "too-many-elements": OUT_OF_RESOURCES,
    "too-many-fragments": OUT_OF_RESOURCES,
    "too-many-values": OUT_OF_RESOURCES,
    "value-too-long": OUT_OF_RESOURCES,
    "header-too-large": OUT_OF_RESOURCES,
    "inflates-too-much": OUT_OF_RESOURCES,
}
_REASONS: Final[Mapping[str | None, int]] = {
    "other-content": _DUPLICATE,
    "other-patient": _NO_MATCH,
    "removed": _DUPLICATE,
    "foreign-study": _NOT_AUTHORIZED,
}
COERCED: Final = "coerced"
_WARNINGS: Final[Mapping[str, int]] = {
    COERCED: _COERCED,
    "elements-out-of-order": _ODD,
    "hidden-characters": _ODD,
    "uid-leading-zero": _ODD,
}
"""What the sender should hear of: our own coercion, and notes of the scanner and the summary."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that was not stored; without a UID when it could not be read that far."""

    reason: int
    sop_class: str = ""
    sop_uid: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an instance that was understood, and what its file was noted for."""

    outcome: Outcome
    notes: tuple[str, ...] = ()

    @property
    def stored(self) -> bool:
        """Whether it is there now, or was before."""
        return self.outcome.fate in (Fate.STORED, Fate.DUPLICATE)

    @property
    def warning(self) -> int | None:
        """The warning reason of a stored instance."""
        return next((_WARNINGS[note] for note in self.notes if note in _WARNINGS), None)


def failure_of(refusal: Refused, claimed: tuple[str, str] = ("", "")) -> Failure:
    """The failure of a file that was refused; `claimed` is its SOP class and instance."""
    return Failure(_REFUSALS.get(refusal.code, NOT_UNDERSTOOD), *claimed)


def answer(
    settled: Sequence[Settled], failures: Sequence[Failure], base: str, offer: Offer
) -> web.Response:
    """The response with the status of table 10.5.3-1; `base` is the address of the service."""
    stored = [one for one in settled if one.stored]
    failures = [*failures, *(_conflict(one.outcome) for one in settled if not one.stored)]
    studies = {one.outcome.study_uid for one in stored}
    url = f"{base}/studies/{studies.pop()}" if len(studies) == 1 else None
    told: dict[int, object] = {0x00081190: url}
    if stored:
        told[0x00081199] = [_stored_item(one, base) for one in stored]
    if named := [f for f in failures if f.sop_uid]:
        told[0x00081198] = [_failed_item(f) for f in named]
    if unnamed := [f for f in failures if not f.sop_uid]:
        told[0x0008119A] = [row({0x00081197: f.reason}) for f in unnamed]
    response = web.Response(status=_status(stored, failures), body=_encoded(row(told), offer))
    response.headers["Content-Type"] = offer.media_type
    if url is not None:
        response.headers["Location"] = response.headers["Content-Location"] = url
    return response


def _encoded(told: Mapping[str, Any], offer: Offer) -> bytes:
    return native_xml(told) if offer.media_type == DICOM_XML else orjson.dumps(told)


def _status(stored: Iterable[Settled], failures: Sequence[Failure]) -> int:
    stored = list(stored)
    if stored:
        return 202 if failures or any(one.warning for one in stored) else 200
    if all(f.reason == OUT_OF_RESOURCES for f in failures):
        return 413
    return 400 if all(f.reason == NOT_UNDERSTOOD for f in failures) else 409


def _conflict(outcome: Outcome) -> Failure:
    return Failure(_REASONS.get(outcome.reason, NOT_UNDERSTOOD), outcome.sop_class, outcome.sop_uid)


def _stored_item(one: Settled, base: str) -> dict[str, object]:
    outcome = one.outcome
    place = f"{base}/studies/{outcome.study_uid}/series/{outcome.series_uid}"
    # UIDs, of which none is empty here: as plain as it can be, for there may be hundreds.
    told: dict[str, object] = {
        "00081150": {"vr": "UI", "Value": [outcome.sop_class]},
        "00081155": {"vr": "UI", "Value": [outcome.sop_uid]},
        "00081190": {"vr": "UR", "Value": [f"{place}/instances/{outcome.sop_uid}"]},
    }
    if one.warning is not None:
        told["00081196"] = {"vr": "US", "Value": [one.warning]}
    return told


def _failed_item(failure: Failure) -> dict[str, object]:
    return row(
        {
            0x00081150: failure.sop_class or None,
            0x00081155: failure.sop_uid,
            0x00081197: failure.reason,
        }
    )
