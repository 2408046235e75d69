"""The JSON contract of cases: patients, studies, uploads, requests and who holds them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from telemed.server.clock_schemas import ClockOut, ExpectedOut, TurnOut
from telemed.server.schemas import Code, In, InstitutionRef, Out, Short, Words

# --- patients, studies, uploads -------------------------------------------------------------------


class PatientIn(In):
    patient_id: Short = ""
    name: Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
    sex: Literal["M", "F", "O", "U"] = "U"
    birth_date: Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = ""
    id_number: Short = ""
    phone: Short = ""


class PatientOut(Out):
    id: str
    patient_id: str
    name: str
    sex: str
    birth_date: str
    age: str
    id_number: str
    phone: str


class SeriesOut(Out):
    series_uid: str
    modality: str
    number: int | None
    description: str
    instance_count: int


class StudyOut(Out):
    id: str
    study_uid: str
    patient: PatientOut
    accession_number: str
    study_date: str
    study_time: str
    """In the network's zone, where the study says in which its own are."""
    description: str
    modalities: list[str]
    body_part: str
    series_count: int
    instance_count: int
    bytes: int
    received_at: datetime
    updated_at: datetime
    institution: InstitutionRef
    thumbnail: str | None
    on_hold: bool
    """A legal hold is on it; told to its own institution only."""


class StudyPage(Out):
    items: list[StudyOut]
    next: str | None


class UploadIn(In):
    request_id: Code | None = None


class UploadFileOut(Out):
    id: str
    name: str
    size: int
    offset: int
    verdict: Literal[
        "uploading", "checking", "stored", "duplicate", "conflict", "refused", "skipped", "expanded"
    ]
    code: str | None
    zh: str | None
    en: str | None
    study_id: str | None
    parent_id: str | None


class UploadOut(Out):
    id: str
    request_id: str | None
    files: list[UploadFileOut]
    studies: list[StudyOut]


# --- requests -------------------------------------------------------------------------------------


class Consent(In):
    """Signed consent naming the receiver and version, or an emergency waiver."""

    kind: Literal["signed", "waiver", ""] = ""
    version: Short = ""
    receiver: Short = ""
    signer: Short = ""
    relation: Short = "self"
    signed_at: datetime | None = None
    teaching_use: bool = False
    onward: bool = False
    approver: Short = ""
    reason: Short = ""
    identified: bool = False
    identified_reason: Short = ""


class RequestIn(In):
    """A new draft."""

    service: Code
    urgency: Literal["routine", "urgent", "stat"] = "routine"


class RequestPatch(In):
    """Autosave of a draft: what is absent is left as it is. `version` guards against two tabs."""

    version: int
    urgency: Literal["routine", "urgent", "stat"] | None = None
    provider_id: Code | None = None
    patient_ref: Code | None = None
    patient: PatientIn | None = None
    content: dict[Code, Any] | None = None
    consent: Consent | None = None
    study_ids: Annotated[list[Code], Field(max_length=20)] | None = None


class MissingOut(Out):
    section: str
    field: str
    label: Words


class StepIn(In):
    """A step that needs a coded reason, some words with it, and sometimes a target."""

    reason: Code | None = None
    note: Annotated[str, StringConstraints(max_length=2000)] = ""
    provider_id: Code | None = None


class ConfirmIn(In):
    """The requesting side's decision (50号 三(三)3)."""

    adoption: Literal["adopted", "partly", "not_adopted"]
    final_diagnosis: Short = ""
    final_diagnosis_code: Annotated[str, StringConstraints(max_length=20)] = ""
    reason: Code | None = None
    """Why it was not adopted, of the catalogue's reasons for it."""
    note: Annotated[str, StringConstraints(max_length=2000)] = ""


class AcknowledgeIn(In):
    action: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class ClaimOut(Out):
    """Who holds the current workitem."""

    workitem_id: str
    person_id: str
    name: str
    since: datetime
    lease_until: datetime
    seen_at: datetime | None
    """The holder's last sign of life; null where none is needed."""
    aside_at: datetime | None
    """Since when the holder has put it aside for another case."""
    place: dict[str, Any] | None
    """Where the holder was in it when they put it aside; told to nobody else."""
    mine: bool


class CriticalNoticeOut(Out):
    id: str
    finding: str
    label: Words
    raised_by: str
    raised_at: datetime
    due_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    action: str
    acted: Words | None
    acted_note: str
    acted_at: datetime | None
    acted_by: str | None


class ScheduledPerformerOut(Out):
    """Whose a case is to be: `by` themselves, a coordinator or the rule."""

    person_id: str
    name: str
    by: Literal["self", "coordinator", "rule"]
    since: datetime
    mine: bool


class RequestRow(Out):
    """A case in a list; names are masked where the viewer's role asks for it."""

    id: str
    number: str
    service: str
    urgency: str
    state: str
    modality: str | None
    body_part: Words | None
    question: str
    patient_name: str
    patient_sex: str
    patient_age: str
    requester: InstitutionRef
    provider: InstitutionRef | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    due_at: datetime | None
    waiting_since: datetime | None
    issued_at: datetime | None
    claim: ClaimOut | None
    clock: ClockOut
    scheduled_performer: ScheduledPerformerOut | None
    expected: ExpectedOut | None
    report_state: str | None
    positive: bool | None
    critical: bool
    critical_open: bool
    adoption: str | None
    instance_count: int
    thumbnail: str | None
    why_not: Words | None = None


class RequestPage(Out):
    items: list[RequestRow]
    next: str | None
    total: int


class TodoOut(Out):
    """What waits for the requesting side: the most pressing of each group, and how many in all."""

    returned: list[RequestRow]
    critical: list[RequestRow]
    to_read: list[RequestRow]
    drafts: list[RequestRow]
    declined: list[RequestRow]
    counts: dict[str, int]


class ImageChangeOut(Out):
    """Images of a study that changed after the report was signed."""

    id: str
    study_id: str
    what: Literal["arrived", "corrected", "hidden", "restored"]
    modalities: str
    description: str
    instances: int
    at: datetime
    checked_at: datetime | None
    checked_by: str | None
    outcome: str | None
    note: str


class CheckIn(In):
    """The changed images were looked at; the report stands."""

    note: Short = ""


class RequestOut(RequestRow):
    """A case in full."""

    version: int
    content: dict[str, Any]
    consent: Consent | None
    agreement_id: str | None
    turns: list[TurnOut]
    liability: str | None
    patient: PatientOut | None
    studies: list[StudyOut]
    priors: list[StudyOut]
    step_reason: dict[str, Any] | None
    created_by: str
    final_diagnosis: str
    final_diagnosis_code: str | None
    confirmed_at: datetime | None
    critical_notices: list[CriticalNoticeOut]
    allowed: list[str]
    goes_on_as: list[str]
    """The services of which the asker may begin a request from this case."""
    missing: list[MissingOut]
    uploads_running: bool
    image_changes: list[ImageChangeOut]
    patient_now: PatientOut | None
    """Who stands for the patient now, where that is not who the signed report names."""
    four_eyes: bool
    relation: str
    listed_to_watch: bool
    """Whether the form lists the one who asks among those who watch; they claim it ``as_guide``."""
    viewer_url: str | None


class ActivityOut(Out):
    seq: int
    kind: str
    label: Words
    at: datetime
    actor: str | None
    institution: str | None
    data: dict[str, Any]


class FactsOut(Out):
    items: list[ActivityOut]


# --- worklist -------------------------------------------------------------------------------------


class LeaseOut(Out):
    lease_until: datetime | None


class PatientList(Out):
    items: list[PatientOut]
