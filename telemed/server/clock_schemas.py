"""The contract of the two clocks."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

SideName = Literal["provider", "requester"]
TurnName = Literal["answer", "material", "choice", "reading"]


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
    """One turn of a case: whose, what was owed, from when until when, and when it was due."""

    turn: TurnName
    side: SideName
    institution_id: str
    since: datetime
    until: datetime | None
    due: datetime | None
