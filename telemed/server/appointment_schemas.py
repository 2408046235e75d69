"""The JSON contract of appointments and of the wait list."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from telemed.core.appointment import SeatState, State
from telemed.core.training import LectureState
from telemed.core.waiting import State as WaitingState
from telemed.server.calendar_schemas import (
    Buffer,
    Minutes,
    Moment,
    NamedPerson,
    NamedResource,
    Role,
    SlotSearchIn,
)
from telemed.server.schemas import Code, In, Out, Words
from telemed.server.training_schemas import LecturerOut

Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]


class InvitedIn(In):
    """Who is to sit where; `instead_of` is whose leave they cover."""

    role: Role
    person_id: Code
    instead_of: Code | None = None


class UsedIn(In):
    resource_id: Code
    units: int = Field(default=1, ge=1, le=1000)


class TimeHoldIn(In):
    """A time to be kept; `requester_id` is whoever asks, oneself without it."""

    service: Code
    provider_id: Code
    requester_id: Code | None = None
    request_id: Code | None = None
    since: Moment
    minutes: Minutes
    before: Buffer = 0
    after: Buffer = 0
    seats: list[InvitedIn] = Field(min_length=1, max_length=20)
    resources: list[UsedIn] = Field(default=[], max_length=10)
    urgent: bool = False


class AppointmentIn(In):
    """The version that was seen."""

    version: int


class BecauseIn(AppointmentIn):
    """Why, by a code of the catalogue's reasons and in words beside it."""

    reason: Code
    note: Note = ""


class RescheduleIn(BecauseIn):
    since: Moment
    minutes: Minutes | None = None


class AnswerIn(In):
    """What somebody who was invited says; a refusal has a reason."""

    accepts: bool
    reason: Code | None = None
    note: Note = ""


class SwapIn(AppointmentIn):
    """Who takes a seat instead."""

    seat: int
    person_id: Code


class SeatOut(Out):
    n: int
    role: str
    person: NamedPerson
    instead_of: str | None
    state: SeatState
    state_words: Words
    state_at: datetime


class UsedOut(NamedResource):
    units: int


class LaterOut(Out):
    """A step that may be taken from then on."""

    step: str
    at: datetime


class AppointmentOut(Out):
    """An appointment; of the patient nothing but the request's id, which has its own rules.

    `allowed` are the steps that whoever asks may take now, `later` those that are theirs and wait
    for their time."""

    id: str
    number: str
    service: str
    request_id: str | None
    requester_id: str
    requester_name: str
    provider_id: str
    provider_name: str
    state: State
    state_words: Words
    version: int
    urgent: bool
    since: datetime
    until: datetime
    kept_since: datetime
    kept_until: datetime
    hold_until: datetime | None
    reason: dict[str, Any] | None
    seats: list[SeatOut]
    resources: list[UsedOut]
    allowed: list[str]
    later: list[LaterOut]


class MoveOut(Out):
    """A step, and the time that it left."""

    n: int
    event: str
    event_words: Words
    state: State
    since: datetime
    until: datetime
    reason: dict[str, Any] | None
    moved_by: str
    moved_at: datetime


class AppointmentWhole(AppointmentOut):
    """With all that happened to it, the first step first."""

    moves: list[MoveOut]


class AppointmentList(Out):
    seq: int
    appointments: list[AppointmentOut]


class CalendarLecture(Out):
    """A lecture of the own institution as its calendar has it: whether its lecturers are taken
    meanwhile (`keeps`), the appointment that is its conference, and whether whoever asks may open
    it; whoever may not sees no title."""

    id: str
    appointment_id: str | None
    number: str
    title: str
    course_title: str
    place: str
    state: LectureState
    state_words: Words
    since: datetime
    until: datetime
    lecturers: list[LecturerOut]
    keeps: bool
    opens: bool


class CalendarStretch(AppointmentList):
    """All that a calendar shows of a stretch."""

    lectures: list[CalendarLecture]


# --- the wait list --------------------------------------------------------------------------------


class WaitingIn(In):
    """What is waited for: a search, of whom, and for which case."""

    provider_id: Code
    requester_id: Code | None = None
    request_id: Code | None = None
    search: SlotSearchIn


class WaitingOut(Out):
    id: str
    requester_id: str
    requester_name: str
    provider_id: str
    provider_name: str
    service: str
    request_id: str | None
    urgent: bool
    since: datetime
    until: datetime
    minutes: int
    state: WaitingState
    state_words: Words
    appointment_id: str | None
    made_at: datetime


class WaitingList(Out):
    waiting: list[WaitingOut]
