"""The JSON contract of an agreement's own terms."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from telemed.core.agreements import MOST_TERMS
from telemed.server import network_schemas as ns
from telemed.server import schemas as s
from telemed.server.clock_schemas import PromiseOut

Part = Literal["terms", "rank"]
Whole = Annotated[int, Field(ge=-(10**9), le=10**9, strict=True)]
"""What may stand is said by the rules, in words."""


class TermIn(s.In):
    """A deadline: minutes of a clock for a service and urgency, perhaps of a modality only."""

    service: s.Code
    urgency: Literal["routine", "urgent", "stat"]
    minutes: Whole
    clock: Literal["clock hours", "working hours"] = "clock hours"
    modality: Annotated[str, Field(pattern=r"^[A-Z]{2,16}$")] | None = None
    frozen: Literal[True] | None = None
    clause: Annotated[str, Field(max_length=40)] = ""


class AgreementIn(s.In):
    """What is to be from now on; a part that is left out stays. `revision` is the one read.

    `terms` without any are the network's own.
    """

    revision: Annotated[int, Field(ge=0, strict=True)]
    terms: Annotated[list[TermIn], Field(max_length=MOST_TERMS)] | None = None
    rank: Whole | None = None


class UndoIn(s.In):
    """Which change is taken back, and the revision that was read."""

    revision: Annotated[int, Field(ge=0, strict=True)]
    n: Annotated[int, Field(ge=1, strict=True)]


class AgreementChangeOut(s.Out):
    """One change; a part that it was not about is null. `undoes` is the change it took back."""

    n: int
    at: datetime
    by: str
    institution: str
    part: Part
    terms_before: list[PromiseOut] | None
    terms_after: list[PromiseOut] | None
    rank_before: int | None
    rank_after: int | None
    undoes: int | None
    may_undo: bool


class AgreementPage(s.Out):
    """An agreement, what the caller may set of it, and every change, the newest first."""

    agreement: ns.AgreementOut
    revision: int
    may: list[Part]
    running: int
    """Cases that wait for their answer under it; they keep their due times."""
    changes: list[AgreementChangeOut]


class TermsDifferenceOut(s.Out):
    """What a kind of case is promised before and after; null where nothing is."""

    service: str
    urgency: str
    modality: str | None
    frozen: bool | None
    before: PromiseOut | None
    after: PromiseOut | None


class PreviewOut(s.Out):
    """What a change would mean for new cases, and how many running ones keep what they have."""

    differences: list[TermsDifferenceOut]
    running: int
