"""The JSON contract of in-house approvals."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from telemed.core.approval import State
from telemed.server import case_schemas as s
from telemed.server.opinion_schemas import StepReason
from telemed.server.schemas import Code, In, Out, Words

Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]


class SubmitIn(s.StepIn):
    """`bypass` sends at once what may not wait for approval, which is owed then."""

    bypass: bool = False


class ApproveIn(In):
    """The version that was seen, and words to go with it."""

    version: int
    note: Note = ""


class RejectIn(ApproveIn):
    reason: Code


class ApprovalOut(Out):
    """A step: whose it is, where it stands, who decided."""

    id: str
    round: int
    n: int
    label: Words
    role: str
    state: State
    state_words: Words
    owed: bool
    version: int
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: StepReason | None
    allowed: list[str]


class CaseApprovals(Out):
    """Every step of every time it was sent for approval; whether it may be sent before."""

    items: list[ApprovalOut]
    bypass: bool
    asked: bool


class ApprovalTask(Out):
    """A step that one is to decide, and the request."""

    approval: ApprovalOut
    case: s.RequestRow


class ApprovalList(Out):
    seq: int
    items: list[ApprovalTask]
