"""What can be asked for: service types, their forms, deadlines and coded reasons.

All of it is data loaded from `configs/` by `settings.py`; these are the shapes. There is no
branch on a service's name anywhere: what differs between services is a field here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum

from telemed.core.aftercare_rules import NO_AFTERCARE, Aftercare
from telemed.core.approval import Chain
from telemed.core.assignment_rules import NO_RULES, Rules
from telemed.core.booking_terms import DEFAULT_BOOKING, Booking
from telemed.core.conference_rules import NO_RULES as NO_RULES_OF_CONFERENCES
from telemed.core.conference_rules import ConferenceRules
from telemed.core.escalation import Ladder
from telemed.core.guidance_rules import NO_GUIDANCE, Guidance
from telemed.core.material import NO_MATERIAL, MaterialRules
from telemed.core.minutes import Purpose, Terms
from telemed.core.operation import NO_LEVELS, Levels
from telemed.core.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Words:
    """A label in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a request or report form.

    `required_when` names another field whose truth makes this one required. What is `printed`
    stands on the report sheet beside the patient.
    """

    key: str
    label: Words
    type: str
    required: bool = False
    required_when: str | None = None
    options: tuple[tuple[str, Words], ...] = ()
    max_length: int = 2000
    help: Words | None = None
    unit: str | None = None
    printed: bool = False


@dataclass(frozen=True, slots=True)
class FormSection:
    """Fields that belong together on the page."""

    key: str
    label: Words
    fields: tuple[FormField, ...]


class Material(StrEnum):
    """How the patient of a request is told to those who are asked."""

    IDENTIFIED = "identified"
    DEIDENTIFIED = "deidentified"


@dataclass(frozen=True, slots=True)
class Guides:
    """The form fields of an operation that is guided: its level, who operates, and why and by
    whose leave a surgeon below the level does. The level is the field by which lists name it."""

    level: str
    operator: str
    reason: str
    approver: str
    levels: Levels = NO_LEVELS
    """Who may do operations of which level, and guide them."""


@dataclass(frozen=True, slots=True)
class Filming:
    """The form fields of what was said to filming: the answer, who signed, and which wording; and
    by which answers recording and use in teaching are agreed to."""

    answer: str
    signer: str
    wording: str
    recording: frozenset[str]
    teaching: frozenset[str]


@dataclass(frozen=True, slots=True)
class WishedTime:
    """The form fields that say for when a session is wished, and how many minutes of it."""

    at: str
    minutes: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceType:
    """A row of the catalogue.

    Empty scopes ask for none: any institution may be asked, any of its physicians may answer.
    `headline` is the form field by which a list names the case.
    """

    code: str
    label: Words
    status: str
    number_prefix: str
    modalities: tuple[str, ...]
    provider_scopes: tuple[str, ...]
    reader_scopes: tuple[str, ...]
    four_eyes: bool
    requires_study: bool
    form: tuple[FormSection, ...]
    report_form: tuple[FormSection, ...]
    headline: str = "body_part"
    auto_next: bool = False
    """Whether the next case opens by itself after signing, unless a reader wants it otherwise."""
    meets: bool = False
    """Whether people meet for it; a case of it may have appointments and urgent calls."""
    wished: WishedTime | None = None
    """The form fields that say for when it is wished; booking a time begins there."""
    material: Material = Material.IDENTIFIED
    continues: bool = False
    """Whether a request may name the earlier case that it comes from."""
    continues_label: Words | None = None
    """What beginning one from the page of an earlier case is called; None where that is not."""
    takes_over: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The fields that are filled then, each from fields of the earlier form or report."""
    checklist: tuple[tuple[str, Words], ...] = ()
    """What is looked through before experts are asked, by key."""
    guides: Guides | None = None
    """Set where an operation is guided; who may operate and guide is a rule of its own."""
    streams: tuple[tuple[str, Words], ...] = ()
    """The pictures that a session for it shows side by side, by code."""
    watchers: str | None = None
    """The form field that lists who may watch; its sessions are then closed to who is not named."""
    filming: Filming | None = None
    """Set where the form asks the patient about filming; minutes read its answer from there."""
    outcome_form: tuple[FormSection, ...] = ()
    """What the requesting side enters afterwards; empty where nothing is asked."""
    report_label: Words = Words("诊断报告", "Report")
    author_label: Words = Words("报告医师", "Reported by")
    meeting_label: Words = Words("会诊", "Consultation")
    """What people who meet for it call that: their room, minutes and opinions are named by it."""
    begins: str = "request"
    """What it begins with: a request to another institution, or a course that is offered."""

    @property
    def runs(self) -> bool:
        """Whether it is offered today, however it begins."""
        return self.status == "live"

    @property
    def live(self) -> bool:
        """Whether it can be asked for today by a request."""
        return self.runs and self.begins == "request"

    def fields(self) -> tuple[FormField, ...]:
        """All request fields, flat."""
        return tuple(f for section in self.form for f in section.fields)

    def report_fields(self) -> tuple[FormField, ...]:
        """All report fields, flat."""
        return tuple(f for section in self.report_form for f in section.fields)

    def outcome_fields(self) -> tuple[FormField, ...]:
        """All fields of what is entered afterwards, flat."""
        return tuple(f for section in self.outcome_form for f in section.fields)

    @property
    def asks_outcome(self) -> bool:
        """Whether its report says positive or negative."""
        return any(f.key == "positive" for f in self.report_fields())


class Count(StrEnum):
    """What a promise's minutes are counted by."""

    CLOCK = "clock hours"
    WORKING = "working hours"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Minutes for a service and urgency, optionally narrower; the row that names more wins.

    `clause` is where an agreement says so; the network's own rows have none.
    """

    service: str
    urgency: str
    minutes: int
    modality: str | None = None
    frozen: bool | None = None
    clock: Count = Count.CLOCK
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """Minutes within which the requester does its own part; `turn` is one of `clocks.Turn`."""

    turn: str
    urgency: str
    minutes: int
    clock: Count = Count.CLOCK


@dataclass(frozen=True, slots=True)
class Timers:
    """The other clocks of the platform."""

    critical_notify: timedelta
    critical_acknowledge: timedelta
    lease: timedelta
    heartbeat: timedelta
    reservation: timedelta
    aside: timedelta
    """How long a claim lives that its holder has put aside."""
    shifts: tuple[time, ...]
    """The hours of the day at which shifts begin."""


@dataclass(frozen=True, slots=True)
class DutyKind:
    """A kind of duty. `services` empty means any; `reads` whether who is on it reads cases."""

    code: str
    label: Words
    services: tuple[str, ...] = ()
    frozen: bool = False
    """Whether of these services only frozen sections are meant."""
    reads: bool = True


@dataclass(frozen=True, slots=True)
class DutyHours:
    """Usual hours of a shift; an end that is not after the beginning is the next day's."""

    code: str
    label: Words
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded reason for one kind of step; `services` empty means any."""

    code: str
    step: str
    label: Words
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A report text to begin with."""

    code: str
    label: Words
    service: str
    modalities: tuple[str, ...]
    body_part: str
    findings: str
    impression: str
    positive: bool | None


@dataclass(frozen=True, slots=True)
class CriticalFinding:
    """A row of the critical-value list."""

    code: str
    service: str
    label: Words


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A version of the consent form; `{receiver}` is filled with the named institution."""

    version: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How many years a kind of record is kept."""

    kind: str
    label: Words
    years: int


@dataclass(frozen=True, slots=True)
class CriticalAction:
    """A way to act on a critical finding, for the requesting side to choose."""

    code: str
    label: Words


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it."""

    services: Mapping[str, ServiceType]
    deadlines: Sequence[Deadline]
    timers: Timers
    reasons: Sequence[Reason]
    templates: Sequence[Template]
    critical_findings: Sequence[CriticalFinding]
    consent: ConsentText
    retention: Sequence[Retention]
    calendar: Calendar
    owed: Sequence[Owed] = ()
    ladders: Sequence[Ladder] = ()
    critical_actions: Sequence[CriticalAction] = ()
    duties: Mapping[str, DutyKind] = field(default_factory=dict)
    duty_hours: Sequence[DutyHours] = ()
    icd10: Sequence[tuple[str, str, str, str]] = ()
    asked: Mapping[Purpose, ConsentText] = field(default_factory=dict)
    filming: ConsentText = ConsentText("", "", "")
    """What the patient reads before an operation is filmed."""
    signing: Mapping[str, Terms] = field(default_factory=dict)
    operations: Sequence[tuple[str, str, str, str]] = ()
    material: MaterialRules = NO_MATERIAL
    guidance: Guidance = NO_GUIDANCE
    assignment: Rules = NO_RULES
    approvals: Mapping[str, Chain] = field(default_factory=dict)
    """By service, who agrees before it is sent."""
    aftercare: Aftercare = NO_AFTERCARE
    conference: ConferenceRules = NO_RULES_OF_CONFERENCES
    booking: Booking = DEFAULT_BOOKING

    def reason(self, step: str, code: str | None) -> Reason | None:
        """The coded reason of a step, if it is one."""
        return next((r for r in self.reasons if r.step == step and r.code == code), None)

    def signing_terms(self, service: str) -> Terms:
        """When the minutes of a service's appointments count as signed."""
        return self.signing.get(service) or self.signing.get("") or Terms()
