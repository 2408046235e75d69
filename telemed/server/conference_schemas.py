"""The JSON contract of conferences."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from telemed.core.appointment import State as AppointmentState
from telemed.core.conference import Event, Standing, State
from telemed.core.conference_rules import Mode
from telemed.server.network_schemas import Option
from telemed.server.schemas import Code, In, Out, Words


class ConferenceMember(Out):
    """Somebody in a conference, or who has been."""

    id: str
    person_id: str
    name: str
    title: Words | None
    institution_id: str
    institution_name: str
    roles: list[str]
    """The seats they sit in, if any."""
    state: State
    state_words: Words
    mode: Mode
    muted: bool
    camera: bool
    hand: bool
    sharing: bool
    watches: bool
    """Whether they were listed to watch: they see and hear, and take no part."""
    streams: dict[str, Literal["on", "thin"]]
    """The service's pictures that they send, by code; `thin`: not for now, the line is too thin."""
    entered_at: datetime


class ConferenceNamed(Out):
    """Somebody who was named for the appointment."""

    person_id: str
    name: str
    institution_id: str
    institution_name: str


class ConferenceInvited(ConferenceNamed):
    """Somebody who sits in the appointment."""

    role: str


class ConferenceLogRow(Out):
    n: int
    person_id: str
    name: str
    institution_name: str
    event: Event
    event_words: Words
    mode: Mode
    cause: str
    at: datetime
    noted_at: datetime


class AttendedStretch(Out):
    since: datetime
    until: datetime | None
    mode: Mode


class AttendedPerson(Out):
    """When somebody was there; `seconds` counts what was lost between out. Who only `watched` is
    no part of their side's attendance."""

    person_id: str
    name: str
    institution_id: str
    institution_name: str
    first: datetime
    last: datetime
    seconds: int
    drops: int
    watched: bool
    stretches: list[AttendedStretch]


class AttendedSide(Out):
    """When anybody of an institution was there."""

    institution_id: str
    institution_name: str
    people: int
    first: datetime
    last: datetime
    seconds: int


class IceServer(Out):
    urls: list[str]
    username: str | None = None
    credential: str | None = None


class JoinCardOut(Out):
    """How a hardware room dials the bridge of an institution."""

    institution_name: str
    bridge: str
    meeting: str
    pin: str
    note: Words


class LineTermsOut(Out):
    video_kbps: int
    still_kbps: int
    slow_ms: int
    still_seconds: int


class LineCheckOut(Out):
    """Somebody's latest device and line check."""

    person_id: str
    name: str
    institution_name: str
    found: dict[str, Any]
    verdict: Mode
    verdict_words: Words
    checked_at: datetime


class ConferenceOut(Out):
    """A conference as an invited person sees it; `may` are the steps they may take."""

    appointment_id: str
    number: str
    service: str
    request_id: str | None
    requester_id: str
    requester_name: str
    provider_id: str
    provider_name: str
    since: datetime
    until: datetime
    state: AppointmentState
    state_words: Words
    version: int
    opens_at: datetime
    open: bool
    may: list[str]
    me: str
    """Who one is among the members, by `person_id`."""
    standing: Standing
    streams: list[Option]
    """The pictures that the operating side sends, by code."""
    sends_streams: bool
    """Whether one's own side sends them."""
    invited: list[ConferenceInvited]
    along: list[ConferenceNamed]
    """Who accompanies the patient, and who operates."""
    watchers: list[ConferenceNamed]
    """Who was listed to watch."""
    members: list[ConferenceMember]
    log: list[ConferenceLogRow]
    people: list[AttendedPerson]
    sides: list[AttendedSide]
    checks: list[LineCheckOut]
    ice: list[IceServer]
    relay_only: bool
    """Whether everything goes over the TURN servers."""
    media: str
    """How pictures and voices travel: `peers` or `server`."""
    line: LineTermsOut
    card: JoinCardOut | None
    now: datetime


class SayIn(In):
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class SaidOut(Out):
    n: int
    person_id: str
    name: str
    institution_id: str
    institution_name: str
    text: str
    said_at: datetime


class SaidList(Out):
    words: list[SaidOut]


class PhoneIn(In):
    """Who is there by telephone, or has hung up."""

    person_id: Code
    joined: bool


Kbps = Annotated[int, Field(ge=0, le=10_000_000)]
Millis = Annotated[int, Field(ge=0, le=600_000)]


class FoundIn(In):
    """What a device and line check found; null for what could not be tried."""

    camera: bool | None = None
    microphone: bool | None = None
    speaker: bool | None = None
    round_trip_ms: Millis | None = None
    down_kbps: Kbps | None = None
    up_kbps: Kbps | None = None
    direct: bool | None = None
    relay: bool | None = None


class CheckedOut(Out):
    verdict: Mode
    verdict_words: Words
