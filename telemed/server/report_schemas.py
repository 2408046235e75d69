"""The JSON contract of reports: drafts, versions, signatures."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from telemed.server.schemas import Code, In, Long, Out, Words


class ReportContent(In):
    """What the author writes. `fields` holds the service type's own report fields."""

    findings: Long = ""
    impression: Long = ""
    positive: bool | None = None
    critical: list[Code] = Field(default=[])
    fields: dict[Code, Any] = Field(default={})


class DraftIn(In):
    """Autosave; `revision` is the one the text was based on."""

    revision: int
    content: ReportContent


class SignIn2(In):
    """Signing asks who you are again (step-up) and which revision you saw."""

    revision: int
    password: Annotated[str, StringConstraints(max_length=200)]


class RevisionIn(In):
    """Begin an addendum or an amendment."""

    kind: Literal["addendum", "amendment"]
    reason: Annotated[str, StringConstraints(min_length=2, max_length=500)]


class SendBackIn(In):
    note: Annotated[str, StringConstraints(min_length=2, max_length=1000)]


class SignatureOut(Out):
    person_id: str
    name: str
    title: Words
    at: datetime


class VersionOut(Out):
    id: str
    number: int
    kind: str
    state: str
    revision: int
    content: ReportContent
    reason: str
    author: SignatureOut | None
    verifier: SignatureOut | None
    updated_at: datetime
    sha256: str | None
    verification_code: str | None
    mine: bool


class ReportOut(Out):
    request_id: str
    report_id: str | None
    versions: list[VersionOut]
    current: VersionOut | None
    editable: bool
    may_verify: bool
    may_revise: bool


class VerifyOut(Out):
    """The public check page: enough to compare with the paper, no more."""

    valid: bool
    number: str
    institution: str
    requester: str
    patient: str
    kind: str
    version: int
    superseded: bool
    issued_at: datetime
    signers: list[str]
    sha256: str
    key_id: str
    legal: Words
