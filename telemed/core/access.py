"""Who may do what, and who may see which case. The one access rule of the platform.

Two questions only. *May this role do that at all?* is a row in PERMISSIONS. *Is this case theirs
to see?* is `case_relation`; `store/access.py` holds the same ladder as SQL and a test compares the
two over every combination. System, security and audit administrators are three separate people
and none of them sees a patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from telemed.core import request
from telemed.core.errors import Problem
from telemed.core.opinion import Standing


class Role(StrEnum):
    """What a person's account may be. An account may hold several of one group."""

    REQUESTER = "requester"
    TECHNICIAN = "technician"
    DEPARTMENT_HEAD = "department_head"
    MEDICAL_OFFICE = "medical_office"
    COORDINATOR = "coordinator"
    READER = "reader"
    VERIFIER = "verifier"
    INSTITUTION_ADMIN = "institution_admin"
    REGULATOR = "regulator"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


class Permission(StrEnum):
    """What a route asks for."""

    SIGNED_IN = "signed-in"
    SEE_CASES = "see-cases"
    SEE_STUDIES = "see-studies"
    SEE_PATIENTS = "see-patients"
    STORE_STUDIES = "store-studies"
    CORRECT_STUDIES = "correct-studies"
    DELETE_STUDIES = "delete-studies"
    WRITE_REQUESTS = "write-requests"
    APPROVE_REQUESTS = "approve-requests"
    MOVE_REQUESTS = "move-requests"
    READ_QUEUE = "read-queue"
    ASSIGN_WORK = "assign-work"
    SEE_FAIRNESS = "see-fairness"
    WORK_ITEMS = "work-items"
    WRITE_REPORTS = "write-reports"
    VERIFY_REPORTS = "verify-reports"
    SEE_ROSTER = "see-roster"
    KEEP_ROSTER = "keep-roster"
    SEE_CALENDARS = "see-calendars"
    BOOK_APPOINTMENTS = "book-appointments"
    CONFIRM_APPOINTMENTS = "confirm-appointments"
    SEE_TRAINING = "see-training"
    GIVE_TRAINING = "give-training"
    REVIEW_TRAINING = "review-training"
    SETTLE_CHARGES = "settle-charges"
    SEE_TALLY = "see-tally"
    EXPORT_TALLY = "export-tally"
    SEE_NETWORK = "see-network"
    KEEP_AGREEMENTS = "keep-agreements"
    MANAGE_ACCOUNTS = "manage-accounts"
    GRANT_ROLES = "grant-roles"
    MANAGE_SESSIONS = "manage-sessions"
    SEE_AUDIT = "see-audit"
    SEE_SYSTEM = "see-system"


_P = Permission
_CLINICAL = frozenset(
    {
        _P.SIGNED_IN,
        _P.SEE_CASES,
        _P.SEE_STUDIES,
        _P.SEE_NETWORK,
        _P.WORK_ITEMS,
        _P.SEE_CALENDARS,
        _P.SEE_TRAINING,
    }
)

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.REQUESTER: _CLINICAL
        | {_P.SEE_PATIENTS, _P.STORE_STUDIES, _P.WRITE_REQUESTS, _P.BOOK_APPOINTMENTS},
        Role.TECHNICIAN: _CLINICAL | {_P.SEE_PATIENTS, _P.STORE_STUDIES, _P.CORRECT_STUDIES},
        # They decide whether a request may leave the house; both see what they decide about.
        Role.DEPARTMENT_HEAD: _CLINICAL | {_P.APPROVE_REQUESTS},
        Role.MEDICAL_OFFICE: frozenset(
            {_P.SIGNED_IN, _P.SEE_CASES, _P.SEE_NETWORK, _P.SEE_CALENDARS, _P.APPROVE_REQUESTS}
        ),
        Role.COORDINATOR: _CLINICAL
        | {
            _P.READ_QUEUE,
            _P.ASSIGN_WORK,
            _P.SEE_FAIRNESS,
            _P.SEE_ROSTER,
            _P.KEEP_ROSTER,
            _P.BOOK_APPOINTMENTS,
            _P.CONFIRM_APPOINTMENTS,
            _P.GIVE_TRAINING,
            _P.REVIEW_TRAINING,
            _P.MOVE_REQUESTS,
            _P.SETTLE_CHARGES,
            _P.SEE_TALLY,
            _P.CORRECT_STUDIES,
            _P.DELETE_STUDIES,
        },
        Role.READER: _CLINICAL
        | {
            _P.READ_QUEUE,
            _P.SEE_ROSTER,
            _P.MOVE_REQUESTS,
            _P.WRITE_REPORTS,
            _P.STORE_STUDIES,
            _P.GIVE_TRAINING,
        },
        Role.VERIFIER: _CLINICAL
        | {
            _P.READ_QUEUE,
            _P.SEE_ROSTER,
            _P.MOVE_REQUESTS,
            _P.WRITE_REPORTS,
            _P.VERIFY_REPORTS,
            _P.GIVE_TRAINING,
        },
        Role.INSTITUTION_ADMIN: frozenset(
            {
                _P.SIGNED_IN,
                _P.SEE_CASES,
                _P.SEE_NETWORK,
                _P.KEEP_AGREEMENTS,
                _P.SEE_ROSTER,
                _P.KEEP_ROSTER,
                _P.SEE_CALENDARS,
                _P.SEE_TRAINING,
                _P.GIVE_TRAINING,
                _P.REVIEW_TRAINING,
                _P.SEE_FAIRNESS,
                _P.SETTLE_CHARGES,
                _P.SEE_TALLY,
                _P.EXPORT_TALLY,
            }
        ),
        Role.REGULATOR: frozenset(
            {_P.SIGNED_IN, _P.SEE_CASES, _P.SEE_NETWORK, _P.SEE_TALLY, _P.EXPORT_TALLY}
        ),
        Role.SYSTEM_ADMIN: frozenset({_P.SIGNED_IN, _P.SEE_NETWORK, _P.SEE_SYSTEM}),
        Role.SECURITY_ADMIN: frozenset(
            {
                _P.SIGNED_IN,
                _P.SEE_NETWORK,
                _P.MANAGE_ACCOUNTS,
                _P.GRANT_ROLES,
                _P.MANAGE_SESSIONS,
            }
        ),
        Role.AUDIT_ADMIN: frozenset({_P.SIGNED_IN, _P.SEE_AUDIT}),
    }
)

SEPARATE = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""No account holds one of these together with any other role (三员分立)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asking: an account, the institution it stands for, and its roles.

    `region` is an area-code prefix for regulators ('45', '4503'). `scopes` narrows a machine
    token to some permissions; None means all that the roles give.
    """

    account_id: str
    roles: frozenset[Role]
    institution_id: str | None
    person_id: str | None = None
    region: str | None = None
    scopes: frozenset[Permission] | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that the roles allow, narrowed by a token's scopes."""
        held = frozenset[Permission]().union(*(PERMISSIONS[r] for r in self.roles))
        return held if self.scopes is None else held & self.scopes

    def require(self, permission: Permission) -> None:
        """Problem("forbidden") unless some role allows it."""
        if permission not in self.permissions:
            raise Problem("forbidden", action=permission.value)

    @property
    def masked(self) -> bool:
        """Whether patient data must be masked: supervision sees no names."""
        return Role.REGULATOR in self.roles

    @property
    def own_institution(self) -> str:
        """The institution the subject stands for; Problem("forbidden") when there is none."""
        if self.institution_id is None:
            raise Problem("forbidden", action="act-for-institution")
        return self.institution_id


def roles_may_combine(roles: frozenset[Role]) -> bool:
    """Whether one account may hold these roles together."""
    return not (roles & SEPARATE) or len(roles) == 1


class Relation(StrEnum):
    """How a subject stands to a case."""

    OWN = "own"
    PROVIDER = "provider"
    EXPERT = "expert"
    SUPERVISOR = "supervisor"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CaseParties:
    """What the rule needs to know of a case."""

    requester: str
    provider: str | None
    state: request.State
    requester_area: str
    provider_area: str | None
    agreement_until: datetime | None
    experts: tuple[Standing, ...] = ()
    """Who is asked for an opinion, whatever institution they are of."""


def case_relation(subject: Subject, case: CaseParties, now: datetime) -> Relation:
    """The ladder: own, then party under an agreement, then an expert who is asked, then
    supervision, else nothing.

    The responding institution keeps what it answered (both sides archive the record, 50号 三(五));
    what is still open it sees only while the agreement is in force. An expert is a person: nobody
    else of their institution sees the case, and they see no more than whoever asked them.
    """
    if Permission.SEE_CASES not in subject.permissions:
        return Relation.NONE
    if subject.institution_id == case.requester:
        return Relation.OWN
    if _is_with_provider(case, now):
        if subject.institution_id is not None and subject.institution_id == case.provider:
            return Relation.PROVIDER
        if any(_is_asked(subject, case, one, now) for one in case.experts):
            return Relation.EXPERT
    if subject.region is not None and case.state not in request.UNSENT:
        areas = (case.requester_area, case.provider_area or "")
        if any(area.startswith(subject.region) for area in areas):
            return Relation.SUPERVISOR
    return Relation.NONE


def _is_with_provider(case: CaseParties, now: datetime) -> bool:
    """Whether the responding institution sees it: for ever once answered, else in force."""
    if case.state in request.ANSWERED:
        return True
    in_force = case.agreement_until is not None and now < case.agreement_until
    return case.state in request.WITH_PROVIDER and in_force


def _is_asked(subject: Subject, case: CaseParties, one: Standing, now: datetime) -> bool:
    """Whether somebody is asked for this opinion by whoever answers now, and still may be."""
    if subject.person_id != one.person_id or one.asked_by != case.provider:
        return False
    return case.state in request.ANSWERED or one.until is None or now < one.until


def mask_name(name: str) -> str:
    """A name for supervision lists: first character, then stars (韦桂花 -> 韦**)."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def mask_digits(value: str) -> str:
    """An identifier or phone number for lists: the last four digits only."""
    return "*" * max(0, len(value) - 4) + value[-4:] if len(value) > 4 else "*" * len(value)
