"""The contract of the two clocks."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

SideName = Literal["provider", "requester"]
TurnName = Literal["answer", "material", "choice", "reading", "passing"]


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class HandOut(_Out):
    """One side's clock: it has taken `spent` seconds, and the time since `since` while it runs."""

    running: Literal["idle", "running", "stopped", "done"]
    spent: int
    since: datetime | None
    due: datetime | None
    late: bool | None
    resumes: datetime | None
    """When a clock of working hours goes on; null while it runs or never stops."""


class PromiseOut(_Out):
    """The row that decided when the answer is due: an agreement's, or the network's."""

    by: Literal["agreement", "network"] = "agreement"
    service: str
    urgency: str
    minutes: int
    clock: Literal["clock hours", "working hours"]
    modality: str | None = None
    frozen: bool | None = None
    clause: str | None = None
    agreement: str | None = None


class ClockOut(_Out):
    """Whose clock runs and what is owed; null where nobody owes anything."""

    turn: TurnName | None
    whose: SideName | None
    provider: HandOut
    requester: HandOut
    promise: PromiseOut | None


class TurnOut(_Out):
    """One turn of a case: whose, what was owed, from when until when, and when it was due.

    `passing` lies within a turn in which the answer is owed; others follow each other.
    """

    turn: TurnName
    side: SideName
    institution_id: str
    since: datetime
    until: datetime | None
    due: datetime | None


class ExpectedOut(_Out):
    """When the answer is likely: four of five come from `low` to `high`, half by `mid`.

    All null when too few earlier cases are like this one, or none took so long.
    """

    low: datetime | None
    mid: datetime | None
    high: datetime | None
    cases: int
    """How many earlier cases it is read from."""
    ahead: int
    """Cases that lay before it when it was sent."""


class LikelyOut(_Out):
    """Seconds after sending."""

    low: int
    mid: int
    high: int
    cases: int
