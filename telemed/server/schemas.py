"""The JSON contract: every body that comes in or goes out under /api.

Bodies that come in forbid unknown keys, so nobody can set a column by naming it. Times are ISO
8601 UTC. Ids are opaque. Labels come in both languages.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telemed.core.catalogue import Material
from telemed.server.clock_schemas import ClockOut, ExpectedOut, LikelyOut, PromiseOut, TurnOut

Short = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Long = Annotated[str, StringConstraints(max_length=20_000)]
Month = Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]


class In(BaseModel):
    """A body that comes in."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """A body that goes out."""

    model_config = ConfigDict(from_attributes=True)


class Words(Out):
    """A label in both languages."""

    zh: str
    en: str


class ProblemBody(Out):
    """The one error shape."""

    code: str
    zh: str
    en: str
    facts: dict[str, Any]


class Done(Out):
    """Nothing more to say."""

    ok: Literal[True] = True


# --- session ----------------------------------------------------------------------------------


class SignIn(In):
    username: Short
    password: Annotated[str, StringConstraints(max_length=200)]


class PasswordChange(In):
    current: Annotated[str, StringConstraints(max_length=200)]
    new: Annotated[str, StringConstraints(min_length=10, max_length=200)]


class InstitutionRef(Out):
    id: str
    name: str
    short_name: str


class Me(Out):
    account_id: str
    username: str
    name: str
    person_id: str | None
    title: Words | None
    institution: InstitutionRef | None
    region: str | None
    roles: list[str]
    permissions: list[str]
    csrf: str
    idle_minutes: int
    demo: bool


class DemoAccount(Out):
    username: str
    password: str
    name: str
    role: str
    institution: str
    story: Words


class Hello(Out):
    """What the sign-in page may know before anybody signs in."""

    product: str
    version: str
    demo: bool
    demo_accounts: list[DemoAccount]


# --- catalogue and network --------------------------------------------------------------------


class Option(Out):
    value: str
    label: Words


class Field_(Out):
    key: str
    label: Words
    type: str
    required: bool
    required_when: str | None
    options: list[Option]
    max_length: int
    help: Words | None
    unit: str | None


class Section(Out):
    key: str
    label: Words
    fields: list[Field_]


class ServiceTypeOut(Out):
    code: str
    label: Words
    live: bool
    runs: bool
    begins: str
    modalities: list[str]
    four_eyes: bool
    requires_study: bool
    auto_next: bool
    meets: bool
    material: Material
    continues: bool
    streams: list[Option]
    outcome_form: list[Section]
    report_label: Words
    author_label: Words
    form: list[Section]
    report_form: list[Section]


class ReasonOut(Out):
    code: str
    step: str
    label: Words
    services: list[str]


class TemplateOut(Out):
    code: str
    label: Words
    service: str
    modalities: list[str]
    body_part: str
    findings: str
    impression: str
    positive: bool | None


class CriticalOut(Out):
    code: str
    service: str
    label: Words


class ConsentOut(Out):
    version: str
    zh: str
    en: str


class CriticalActionOut(Out):
    code: str
    label: Words


class CatalogueOut(Out):
    services: list[ServiceTypeOut]
    urgencies: list[Option]
    reasons: list[ReasonOut]
    templates: list[TemplateOut]
    critical_findings: list[CriticalOut]
    critical_actions: list[CriticalActionOut]
    consent: ConsentOut
    states: dict[str, dict[str, Words]]
    activity_words: dict[str, Words]
    lease_seconds: int
    heartbeat_seconds: int
    aside_seconds: int


class Icd10Out(Out):
    code: str
    name_zh: str
    name_en: str


class Destination(Out):
    """An institution that may be asked for a service, under which agreement."""

    institution: InstitutionRef
    agreement_id: str
    rank: int
    liability: str
    until: datetime
    open_requests: int
    typical_minutes: dict[str, int]
    expected: dict[str, LikelyOut]
    """By urgency, when an answer to what is sent now is likely; none of what is not known."""


class InstitutionOut(Out):
    id: str
    name: str
    short_name: str
    kind: str
    level: str
    grade: str
    uscc: str
    licence_no: str
    licence_until: date | None
    area_code: str
    area_name: str
    city_name: str
    scopes: list[str]
    former_poverty_county: bool
    connected: bool
    connected_since: date | None


class MembershipOut(Out):
    alliance_id: str
    alliance_name: str
    form: str
    role: str
    since: date
    until: date | None


class AgreementOut(Out):
    id: str
    requester: InstitutionRef
    provider: InstitutionRef
    services: list[str]
    since: datetime
    until: datetime
    rank: int
    liability: str
    document_no: str
    terms: list[PromiseOut] | None
    in_force: bool


class PersonOut(Out):
    id: str
    name: str
    title: Words
    specialty: str
    department: str
    active: bool


class InstitutionDetail(Out):
    institution: InstitutionOut
    memberships: list[MembershipOut]
    agreements: list[AgreementOut]
    people: list[PersonOut]


class InstitutionPage(Out):
    items: list[InstitutionOut]
    total: int


class AllianceOut(Out):
    id: str
    name: str
    form: str
    lead: InstitutionRef
    members: int


class AlliancePage(Out):
    items: list[AllianceOut]
    total: int


class NetworkSummary(Out):
    institutions: int
    connected: int
    tertiary: int
    secondary: int
    former_poverty_connected: int
    alliances: dict[str, int]
    agreements: int


# --- patients, studies, uploads ---------------------------------------------------------------


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


# --- requests ---------------------------------------------------------------------------------


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
    missing: list[MissingOut]
    uploads_running: bool
    image_changes: list[ImageChangeOut]
    patient_now: PatientOut | None
    """Who stands for the patient now, where that is not who the signed report names."""
    four_eyes: bool
    relation: str
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


# --- worklist ---------------------------------------------------------------------------------


class LeaseOut(Out):
    lease_until: datetime | None


# --- reports ----------------------------------------------------------------------------------


class ReportContent(In):
    """What the author writes. `fields` holds the service type's own report fields."""

    findings: Long = ""
    impression: Long = ""
    positive: bool | None = None
    critical: list[Code] = []
    fields: dict[Code, Any] = {}


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


# --- tally ------------------------------------------------------------------------------------


class IndicatorOut(Out):
    code: str
    label: Words
    definition: Words
    kind: str
    unit: str


class TallyRow(Out):
    """One line: `values` by indicator; null is missing, not zero."""

    key: str
    name: str
    area: str | None
    values: dict[str, float | None]
    previous_month: dict[str, float | None]
    previous_year: dict[str, float | None]


class TallyOut(Out):
    """A month by one dimension and side; of one urgency where that was asked for."""

    month: str
    by: str
    side: str
    urgency: str | None
    rows: list[TallyRow]
    total: TallyRow
    indicators: list[IndicatorOut]
    highlights: list[Words]
    rule: Words
    first_month: str | None
    as_of_seq: int
    log_seq: int


class AreaOfBoard(Out):
    """A city or county whose institutions may be put on a board."""

    code: str
    name: str


class BoardUnit(Out):
    """A ranked unit. `rests_on` is what its figure is computed from; `board` red, black or null."""

    key: str
    name: str
    rank: int
    from_last: int
    board: str | None
    value: float
    rests_on: int
    previous_month: float | None


class BoardAbsent(Out):
    """A unit that is not ranked, and why: nothing or too-few."""

    key: str
    name: str
    why: str
    rests_on: int


class BoardOut(Out):
    """Who stands where by one indicator; `choices` are the indicators that may rank."""

    month: str
    by: str
    side: str
    area: str | None
    areas: list[AreaOfBoard]
    indicator: IndicatorOut
    better: str
    choices: list[IndicatorOut]
    units: list[BoardUnit]
    absent: list[BoardAbsent]
    rule: Words
    as_of_seq: int
    log_seq: int


class TrendOut(Out):
    months: list[str]
    values: dict[str, list[float | None]]


class TallyCase(Out):
    """One counted fact. `weight` is below zero where it takes others back.

    Of a time that was booked for no case, `request_id` is its own id.
    """

    request_id: str
    number: str
    service: str
    urgency: str
    requester: str
    provider: str
    at: datetime
    counted_as: Words
    weight: int
    value: float | None
    seq: int
    visible: bool
    page: str = "request"
    """Where it opens: a request's page, a lecture's or an appointment's."""
    person: str = ""
    """Whom the fact counted, of training only; masked for supervision."""


class TallyCases(Out):
    indicator: IndicatorOut
    items: list[TallyCase]
    total: float
    next: str | None


# --- administration ---------------------------------------------------------------------------


class AccountOut(Out):
    id: str
    username: str
    name: str
    institution: InstitutionRef | None
    region: str | None
    roles: list[str]
    disabled: bool
    locked_until: datetime | None
    created_at: datetime


class AccountPage(Out):
    items: list[AccountOut]
    total: int


class AccountIn(In):
    username: Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{3,40}$")]
    name: Short
    password: Annotated[str, StringConstraints(min_length=10, max_length=200)]
    institution_id: Code | None = None
    person_id: Code | None = None
    region: Annotated[str, StringConstraints(pattern=r"^45\d{0,4}$")] | None = None
    roles: Annotated[list[Code], Field(min_length=1, max_length=6)]


class AccountPatch(In):
    disabled: bool | None = None
    roles: Annotated[list[Code], Field(min_length=1, max_length=6)] | None = None
    unlock: bool | None = None


class SessionOut(Out):
    id: str
    account: str
    name: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    current: bool


class SessionList(Out):
    items: list[SessionOut]


class AuditOut(Out):
    seq: int
    at: datetime
    event: str
    outcome: str
    account: str | None
    institution: str | None
    address: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]


class AuditPage(Out):
    items: list[AuditOut]
    next: int | None
    chain_ok: bool


class SystemOut(Out):
    version: str
    database: str
    revision: str
    log_seq: int
    bookmarks: dict[str, int]
    open_sockets: int
    studies: int
    instances: int
    blob_bytes: int
    free_bytes: int
    calendar_known_until: date


# --- lists that need no paging ----------------------------------------------------------------


class Icd10List(Out):
    items: list[Icd10Out]


class DestinationList(Out):
    items: list[Destination]


class PatientList(Out):
    items: list[PatientOut]
