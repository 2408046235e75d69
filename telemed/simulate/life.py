"""A case as the simulation plans it: who is ill with what, and the steps people will take.

Plain values. What a step does is the players' business (`direct`, `wire`); what it must leave in
the log is the ledger's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from telemed.simulate.rates import Picture


class Do(StrEnum):
    """Everything that people do."""

    STUDY = "study"
    LATE_IMAGES = "late-images"
    DRAFT = "draft"
    REFUSED = "refused"
    COMPLETE = "complete"
    SUBMIT = "submit"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    DECLINE = "decline"
    REDIRECT = "redirect"
    CLAIM = "claim"
    KEEP = "keep"
    RELEASE = "release"
    LAPSE = "lapse"
    TAKE_OVER = "take-over"
    WRITE = "write"
    SIGN = "sign"
    SEND_BACK = "send-back"
    VERIFY = "verify"
    ACKNOWLEDGE = "acknowledge"
    ACT = "act"
    CONFIRM = "confirm"
    REVISE = "revise"


@dataclass(frozen=True, slots=True)
class Patient:
    """An invented patient of one institution. `birth_date` is YYYY-MM-DD."""

    patient_id: str
    name: str
    sex: str
    birth_date: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Study:
    """One examination; a late image has a SOP Instance UID of its own."""

    study_uid: str
    series_uid: str
    sop_uids: tuple[str, ...]
    modality: str
    accession_number: str
    at: datetime


@dataclass(slots=True)
class Life:
    """One case. `request_id` and `study_id` are filled in by the player that makes them."""

    key: str
    service: str
    urgency: str
    frozen: bool
    requester: str
    asker: str
    provider: str
    picture: Picture
    patient: Patient
    study: Study | None
    content: dict[str, Any]
    consent: str
    request_id: str = ""
    study_id: str = ""
    patient_ref: str = ""
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """Somebody (`by`, a person) does something at a time, UTC; `n` orders what is simultaneous."""

    at: datetime
    n: int
    life: Life = field(compare=False)
    do: Do = field(compare=False)
    by: str = field(compare=False)
    more: Mapping[str, Any] = field(compare=False, default_factory=dict)
