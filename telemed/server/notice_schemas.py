"""The JSON contract of notices, escalations and what people prefer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from telemed.server.schemas import Code, In, Out, Words

Minute = Annotated[int, Field(ge=0, le=1439)]
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^([!#-'*+/-9=?A-Z^-~.-]+@[A-Za-z0-9.-]+)?$")
]
Phone = Annotated[str, StringConstraints(max_length=20, pattern=r"^(\+?[0-9]{5,19})?$")]
WeCom = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9._@-]*$")]
Out_ = Literal["push", "email", "sms", "wecom"]
Weight_ = Literal["critical", "urgent", "routine"]


class NoticeOut(Out):
    """One notice of one's own; the words are of its occasion. It is of a request, of an urgent
    call, of an appointment or a lecture, which `begins` then, or of a course; training has a
    `title`."""

    id: str
    occasion: str
    label: Words
    weight: str
    rung: int
    request_id: str | None
    appointment_id: str | None
    call_id: str | None
    course_id: str | None
    lecture_id: str | None
    begins: datetime | None
    number: str
    title: str
    service: str
    urgency: str
    at: datetime
    read_at: datetime | None
    escalation_id: str | None
    may_take_on: bool
    over: bool


class NoticePage(Out):
    items: list[NoticeOut]
    next: str | None
    unread: dict[str, int]


class ReadIn(In):
    """Which are read; null for all."""

    ids: Annotated[list[Code], Field(max_length=200)] | None = None


class UnreadOut(Out):
    unread: dict[str, int]


class SentOut(Out):
    channel: str
    state: str
    count: int


class EscalationOut(Out):
    """A climb that goes on or is exhausted, of a request or of an appointment; `waits_for` is the
    name of the one person whose turn it is, empty where it is several people's."""

    id: str
    ladder: str
    occasion: str
    label: Words
    weight: str
    request_id: str | None
    appointment_id: str | None
    course_id: str | None
    lecture_id: str | None
    begins: datetime | None
    number: str
    title: str
    service: str
    urgency: str
    finding: Words | None
    waits_for: str
    anchor_at: datetime
    told: int
    rungs: int
    next_at: datetime | None
    exhausted_at: datetime | None
    may_take_on: bool
    sent: list[SentOut]


class EscalationList(Out):
    items: list[EscalationOut]


class PreferencesIn(In):
    """Where one can be reached, by what, and when not. Minutes of the day, Asia/Shanghai."""

    email: Email = ""
    phone: Phone = ""
    wecom: WeCom = ""
    channels: dict[Weight_, Annotated[list[Out_], Field(max_length=4)]] = Field(
        default_factory=dict
    )
    quiet_from: Minute | None = None
    quiet_until: Minute | None = None
    on_call_until: datetime | None = None
    language: Literal["zh", "en"] = "zh"

    @model_validator(mode="after")
    def _both(self) -> "PreferencesIn":
        """Quiet hours have two ends that differ; a time says its zone."""
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet hours have a beginning and an end")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet hours of a whole day")
        if self.on_call_until is not None and self.on_call_until.tzinfo is None:
            raise ValueError("a time without a zone")
        return self


class PreferencesOut(Out):
    """`ways` are the channels of this deployment, `push_key` what browsers subscribe with."""

    email: str
    phone: str
    wecom: str
    channels: dict[str, list[str]]
    quiet_from: int | None
    quiet_until: int | None
    on_call_until: datetime | None
    language: str
    ways: list[str]
    push_key: str
    browsers: int


class PushKeys(In):
    p256dh: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86,88}=*$", max_length=90)]
    auth: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{21,24}=*$", max_length=26)]


class PushIn(In):
    """What a browser's PushSubscription says of itself."""

    endpoint: Annotated[str, StringConstraints(max_length=1000, pattern=r"^https?://[^\s]+$")]
    keys: PushKeys


class PushOutIn(In):
    endpoint: Annotated[str, StringConstraints(max_length=1000)]


class ReceiptIn(In):
    """A receiver's word on a delivery: our id, and what became of it."""

    id: Code
    channel: Literal["sms", "wecom"]
    state: Literal["delivered", "read", "failed"]


class ActedIn(In):
    """What was done about a critical finding, and when the patient was treated."""

    code: Code
    note: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)] = ""
    at: datetime

    @model_validator(mode="after")
    def _aware(self) -> "ActedIn":
        if self.at.tzinfo is None:
            raise ValueError("a time without a zone")
        return self
