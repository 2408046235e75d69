"""The JSON contract of the catalogue and the network: services, institutions, agreements."""

from datetime import date, datetime

from telemed.core.catalogue import Material
from telemed.server.clock_schemas import LikelyOut, PromiseOut
from telemed.server.schemas import InstitutionRef, Out, ReasonOut, Words


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


class WishedTimeOut(Out):
    """The fields of the form that say for when a session is wished, and how many minutes of it."""

    at: str
    minutes: str | None


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
    wished: WishedTimeOut | None
    material: Material
    continues: bool
    continues_label: Words | None
    """What beginning one from the page of an earlier case is called."""
    streams: list[Option]
    outcome_form: list[Section]
    report_label: Words
    author_label: Words
    meeting_label: Words
    form: list[Section]
    report_form: list[Section]


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
    filming: ConsentOut
    """What the patient reads before an operation is filmed."""
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


class Icd10List(Out):
    items: list[Icd10Out]


class DestinationList(Out):
    items: list[Destination]
