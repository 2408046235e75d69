"""The JSON contract of what goes with an answer: who accompanied a session, follow-up."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from telemed.core.accompanying import By, Fit
from telemed.core.charge import Payer
from telemed.core.charge import State as ChargeState
from telemed.core.evaluation import Side
from telemed.core.follow_up import State
from telemed.server.calendar_schemas import NamedPerson
from telemed.server.case_schemas import RequestRow
from telemed.server.schemas import Code, In, Out, Words

# --- the accompanying doctor ----------------------------------------------------------------------


class PersonIn(In):
    """A person of the register."""

    person_id: Code


class AccompanyingOut(Out):
    """Somebody who was named, and by whom it was said that they were there."""

    n: int
    appointment_id: str
    person: NamedPerson
    fit: Fit
    fit_words: Words
    licence_no: str
    named_by: str
    named_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    confirmed_as: By | None
    replaced_at: datetime | None


class MayAccompanyOut(Out):
    person: NamedPerson
    fit: Fit
    fit_words: Words


class AttendedOut(Out):
    """Who accompanies a session. `candidates` are told to whoever may name one.

    `confirms`: it begins only once they confirmed that they are there; `begun_by_name`: it began
    without that. `confirms_as` is what the asker's word for it would be.
    """

    appointment_id: str
    needed: bool
    confirms: bool
    begun_by_name: bool
    confirms_as: By | None
    current: AccompanyingOut | None
    named: list[AccompanyingOut]
    candidates: list[MayAccompanyOut]
    allowed: list[str]


class CaseAccompanied(Out):
    """Everybody who was named for the sessions of a case, the first one first."""

    items: list[AccompanyingOut]


# --- what may be chosen ---------------------------------------------------------------------------


class CodedOut(Out):
    """A code that may be chosen."""

    code: str
    label: Words


class AftercareOut(Out):
    """What may be chosen around an answer."""

    outcomes: list[CodedOut]
    advice: list[CodedOut]


# --- follow-up ------------------------------------------------------------------------------------


class DiagnosisIn(In):
    """A diagnosis: its ICD-10 code, where it has one, and its name."""

    code: Annotated[str, StringConstraints(max_length=20, strip_whitespace=True)] = ""
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class DiagnosisOut(Out):
    code: str
    name: str


class FollowUpIn(In):
    """What became of the patient: two taps, and what else there is to say."""

    outcome: Code
    advice: Code
    note: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)] = ""
    diagnosis: DiagnosisIn | None = None


class FollowUpOut(Out):
    """A follow-up; supervision sees no words about the patient."""

    id: str
    request_id: str
    days: int
    state: State
    state_words: Words
    overdue: bool
    opens_at: datetime
    due_at: datetime
    lapses_at: datetime
    outcome: CodedOut | None
    advice: CodedOut | None
    note: str
    diagnosis: DiagnosisOut | None
    answered_by: str | None
    answered_at: datetime | None
    changed_at: datetime
    allowed: list[str]


class CaseFollowUps(Out):
    items: list[FollowUpOut]


class FollowUpOfCase(FollowUpOut):
    """With the case that it is about."""

    request: RequestRow


class WaitingFollowUps(Out):
    """What the own institution is to answer, the longest due first, and how many in all."""

    items: list[FollowUpOfCase]
    total: int


class MyOutcomes(Out):
    """What became of the patients of whom one signed the answer, the newest first."""

    items: list[FollowUpOfCase]


# --- evaluation both ways -------------------------------------------------------------------------


class EvaluationIn(In):
    """What one's side thinks: 1 to 5 for each item that is asked, and words if one likes."""

    scores: dict[Code, int] = Field(max_length=20)
    words: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)] = ""


class EvaluationOut(Out):
    """One side's evaluation; `scores` and words are empty for whom it is not open."""

    side: Side
    asked: list[CodedOut]
    given: bool
    shown: bool
    scores: dict[str, int]
    good: bool | None
    words: str
    given_by: str | None
    given_at: datetime | None
    opens_at: datetime | None


class EvaluationsOut(Out):
    """Both sides' evaluations, the requesting side's first; none where nothing is asked."""

    side: Side | None
    may_give: bool
    items: list[EvaluationOut]


# --- charges --------------------------------------------------------------------------------------


class ChargeStepIn(In):
    """A step of the settlement; charging says who pays, waiving and refunding say why."""

    version: int
    payer: Payer | None = None
    reason: Code | None = None
    note: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)] = ""


class NamedIn(In):
    version: int
    named: bool


class ChargeLine(Out):
    """A fee so many times, or a surcharge; amounts in fen, null where there is no price."""

    code: str
    label: Words
    quantity: int
    price: int | None
    amount: int | None


class ChargeMove(Out):
    n: int
    event: str
    event_words: Words
    amount: int | None
    payer_words: Words | None
    reason: dict[str, str] | None
    moved_by: str
    moved_at: datetime


class ChargeOut(Out):
    """What a case costs, in fen; a null amount is unpriced and not nothing."""

    request_id: str
    state: ChargeState
    state_words: Words
    version: int
    amount: int | None
    fees: list[ChargeLine]
    surcharges: list[ChargeLine]
    minutes: int
    experts: int
    named: bool
    payer: Payer | None
    payer_words: Words | None
    counted_at: datetime
    moves: list[ChargeMove]
    allowed: list[str]
    payers: list[CodedOut]


class CaseCharge(Out):
    charge: ChargeOut | None


class SettlementPair(Out):
    """What the cases of two institutions add up to, in fen."""

    requester: str
    provider: str
    cases: int
    unpriced: int
    taken: int
    settled: int


class SettlementLine(Out):
    """A case of the sheet; `taken` is what of it is asked for or paid."""

    request_id: str
    requester: str
    provider: str
    number: str
    service: str
    what: list[ChargeLine]
    state: Words
    payer: Words | None
    amount: int | None
    taken: int
    settled: int
    at: datetime


class SettlementOut(Out):
    """A month; not `complete` where there are more cases than one list holds."""

    month: str
    pairs: list[SettlementPair]
    items: list[SettlementLine]
    complete: bool
