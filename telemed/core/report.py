"""A report is a row of versions; each version is a small machine of its own.

The first version is the original; an addendum adds, an amendment replaces what is shown, and
nothing is overwritten. Whether one signature is enough is the service type's four-eyes rule.
Projection (PS3.3 C.17.2): draft = PARTIAL/UNVERIFIED, preliminary = COMPLETE/UNVERIFIED,
final = COMPLETE/VERIFIED.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from telemed.core.catalogue import FormField
from telemed.core.errors import Problem
from telemed.core.machine import Machine


class State(StrEnum):
    """Where one version of a report is."""

    DRAFT = "draft"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    DISCARDED = "discarded"


class Event(StrEnum):
    """What may happen to one version."""

    SIGN_ALONE = "sign_alone"
    SIGN_FIRST = "sign_first"
    VERIFY = "verify"
    SEND_BACK = "send_back"
    DISCARD = "discard"


class VersionKind(StrEnum):
    """Why a version exists."""

    ORIGINAL = "original"
    ADDENDUM = "addendum"
    AMENDMENT = "amendment"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.DRAFT: {
        Event.SIGN_ALONE: State.FINAL,
        Event.SIGN_FIRST: State.PRELIMINARY,
        Event.DISCARD: State.DISCARDED,
    },
    State.PRELIMINARY: {
        Event.VERIFY: State.FINAL,
        Event.SEND_BACK: State.DRAFT,
        Event.DISCARD: State.DISCARDED,
    },
    State.FINAL: {},
    State.DISCARDED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="report version",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.DRAFT: ("草稿", "draft"),
            State.PRELIMINARY: ("待审核", "preliminary"),
            State.FINAL: ("已签发", "final"),
            State.DISCARDED: ("已作废草稿", "discarded"),
            Event.SIGN_ALONE: ("签发", "sign"),
            Event.SIGN_FIRST: ("书写签名", "sign as author"),
            Event.VERIFY: ("审核签发", "verify"),
            Event.SEND_BACK: ("退回修改", "send back"),
            Event.DISCARD: ("作废", "discard"),
        }
    ),
)


def sign_event(four_eyes: bool) -> Event:
    """Which signing event the service type's four-eyes rule asks for."""
    return Event.SIGN_FIRST if four_eyes else Event.SIGN_ALONE


def require_other_eyes(author: str, verifier: str) -> None:
    """Problem("four-eyes") when the author would verify their own report."""
    if author == verifier:
        raise Problem("four-eyes")


def require_complete(content: Mapping[str, object], fields: Iterable[FormField]) -> None:
    """Problem("report-empty") unless findings and impression say something, and
    Problem("report-incomplete") while a required field of the service's report form is blank."""
    for key in ("findings", "impression"):
        value = content.get(key)
        if not isinstance(value, str) or not value.strip():
            raise Problem("report-empty")
    values = content.get("fields")
    given = values if isinstance(values, Mapping) else {}
    blank = [
        f
        for f in fields
        if f.required and f.key not in content and given.get(f.key) in (None, "", [])
    ]
    if blank:
        label = {
            "zh": "、".join(f.label.zh for f in blank),
            "en": ", ".join(f.label.en for f in blank),
        }
        raise Problem("report-incomplete", fields=label, keys=[f.key for f in blank])
