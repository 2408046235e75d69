"""The JSON contract of what goes with an answer: who accompanied a session."""

from datetime import datetime

from telemed.core.accompanying import By, Fit
from telemed.server.calendar_schemas import NamedPerson
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
    """Who accompanies a session. `candidates` are told to whoever may name one."""

    appointment_id: str
    needed: bool
    current: AccompanyingOut | None
    named: list[AccompanyingOut]
    candidates: list[MayAccompanyOut]
    allowed: list[str]


class CaseAccompanied(Out):
    """Everybody who was named for the sessions of a case, the first one first."""

    items: list[AccompanyingOut]
