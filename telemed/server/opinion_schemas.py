"""The JSON contract of experts' opinions."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from telemed.core.opinion import Role, State
from telemed.server import case_schemas as rs
from telemed.server import report_schemas as ps
from telemed.server import schemas as s
from telemed.server.calendar_schemas import Moment
from telemed.server.schemas import Code, In, Out, Words

Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=4000)]


class SignReportIn(ps.SignIn2):
    """`without` says why experts who were asked are not waited for."""

    without: Note = ""


class AskIn(In):
    """Who is asked for an opinion, and what of them in particular."""

    person_id: Code
    role: Role = Role.EXPERT
    due_at: Moment | None = None
    question: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)] = ""


class NoLongerIn(In):
    """Why, by a code of the catalogue's reasons and in words beside it."""

    reason: Code
    note: Note = ""


class ReplaceIn(In):
    """Who is asked instead; why, where somebody still is."""

    person_id: Code
    reason: Code | None = None
    note: Note = ""


class DiagnosisIn(In):
    code: Annotated[str, StringConstraints(max_length=20)] = ""
    name: Annotated[str, StringConstraints(max_length=200)]


class OpinionContentIn(In):
    """What an expert writes: texts, and diagnoses by ICD-10."""

    analysis: Text = ""
    opinion: Text = ""
    advice: Text = ""
    diagnosis: list[DiagnosisIn] = Field(default=[], max_length=20)


class OpinionDraftIn(In):
    version: int
    content: OpinionContentIn


class OpinionSignIn(In):
    """Signing asks who you are again (step-up) and which version you saw."""

    version: int
    password: Annotated[str, StringConstraints(max_length=200)]


class DiagnosisOut(Out):
    code: str = ""
    name: str


class OpinionContent(Out):
    analysis: str = ""
    opinion: str = ""
    advice: str = ""
    diagnosis: list[DiagnosisOut] = Field(default=[])


class ExpertOut(Out):
    """A person of the register, where they are, and why they may not be asked if so."""

    id: str
    name: str
    title: Words
    department: str
    specialty: str
    why_not: Words | None


class PersonRef(Out):
    id: str
    name: str
    title: Words
    department: str


class StepReason(Out):
    code: str
    words: Words | None
    note: str


class OpinionOut(Out):
    """One expert asked. `content` is None where it is not the reader's to see (yet)."""

    id: str
    request_id: str
    n: int
    role: Role
    role_words: Words
    state: State
    state_words: Words
    person: PersonRef
    institution: s.InstitutionRef
    question: str
    asked_by: str
    asked_at: datetime
    due_at: datetime
    late: bool
    accepted_at: datetime | None
    signed_at: datetime | None
    ended_at: datetime | None
    reason: StepReason | None
    instead_of: str | None
    version: int
    mine: bool
    content: OpinionContent | None
    sha256: str | None
    allowed: list[str]


class CaseOpinions(Out):
    """Everybody asked about a case; `allowed` holds "ask" for whoever leads it."""

    items: list[OpinionOut]
    allowed: list[str]


class InvitationOut(Out):
    """What somebody is asked for; the case while they may see it."""

    opinion: OpinionOut
    case: rs.RequestRow | None


class InvitationList(Out):
    seq: int
    items: list[InvitationOut]


class AskableInstitution(Out):
    id: str
    name: str
    short_name: str
    own: bool


class AskableOut(Out):
    """Of which institutions people may be asked, and the people of the one that was named.

    `onward` is whether the patient's consent allows asking others than the own.
    """

    institutions: list[AskableInstitution]
    onward: bool
    people: list[ExpertOut]
