"""The ways a notice leaves the house, behind one interface.

A channel takes one message and says how it went. It knows no table and no patient: a message
carries an id, an occasion and counts, and the sentence is built from the occasion alone. Of an
appointment it carries service, time and place besides, which go by mail alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from telemed.documents.calendar_file import Entry


class Outcome(StrEnum):
    """How an attempt went: over to the receiver, worth another try, or never."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome and why, as a code without anybody's data. `gone`: addresses to forget."""

    outcome: Outcome
    why: str = ""
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a browser takes pushes."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """The appointment that a message is of, for the channels that may tell more than a sentence.

    `method` is what a calendar is to do with it, REQUEST or CANCEL; empty when it is told nothing.
    """

    service: str
    entry: Entry
    method: str
    takes_part: bool
    answer: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One notice for one person by one channel, of a request, of an appointment, of
    an urgent call, of a course or of a lecture. `id` is the receiver's idempotency key."""

    id: str
    channel: str
    to: str
    occasion: str
    weight: str
    request_id: str | None
    appointment_id: str | None
    call_id: str | None
    course_id: str | None
    lecture_id: str | None
    language: str
    unread: int
    link: str
    browsers: Sequence[Browser] = field(default=())
    meeting: Meeting | None = None


class Way(Protocol):
    """A channel."""

    async def send(self, message: Message) -> Sent:
        """Try once. Whatever goes wrong is an outcome, never an exception, but cancelation."""

    async def close(self) -> None:
        """Let go of connections."""


SENTENCES: Mapping[str, tuple[str, str]] = {
    "assigned": ("有申请指派给您", "A request was assigned to you"),
    "unclaimed": ("有紧急申请等待领取", "A request waits to be claimed"),
    "deadline": ("有申请临近或超过时限", "A request nears or is past its due time"),
    "returned": ("有退回的申请等待补充", "A returned request waits for more material"),
    "critical-unacknowledged": ("有危急值等待确认", "A critical finding waits to be acknowledged"),
    "critical-not-acted": (
        "有危急值等待登记处置",
        "What was done about a critical finding is to be entered",
    ),
    "overflow-asked": ("有申请等您决定是否转送", "A request waits for your word to pass it on"),
    "invited": ("有预约邀请您参加", "You are invited to a session"),
    "appointment-to-confirm": ("有预约等待确认", "An appointment waits to be confirmed"),
    "appointment-set": ("有预约已确认", "An appointment is confirmed"),
    "appointment-off": ("有预约已取消", "An appointment is off"),
    "appointment-near": ("有预约即将开始", "An appointment begins soon"),
    "seat-declined": ("有受邀人谢绝了预约", "Somebody invited will not come"),
    "seat-given-away": ("您在预约中的席位已由他人接替", "Somebody else has your seat"),
    "seat-left": ("您已谢绝预约，日历中的安排随之取消", "You declined: it leaves your calendar"),
    "watch-set": ("您可观摩的预约已确认", "A session that you may watch is confirmed"),
    "watch-moved": ("您可观摩的预约改期，待确认", "A session that you may watch is moved"),
    "watch-off": ("您可观摩的预约已取消", "A session that you may watch is off"),
    "time-offered": ("候补的预约时间有了，请尽快提交", "A time you waited for is free"),
    "calling": (
        "急会诊正在呼叫您，请立即接听",
        "You are called urgently: answer now",
    ),
    "calling-unanswered": ("急会诊呼叫无人接听", "Nobody answered an urgent call"),
    "approval-waiting": ("有申请等您审批", "A request waits for your approval"),
    "expert-asked": ("有会诊邀请您提供意见", "You are asked for an opinion"),
    "minutes-to-sign": ("有会诊记录等待签名", "Minutes wait for a signature"),
    "course-to-review": ("有培训课程等您审核", "A course waits for your review"),
    "course-reviewed": ("您申请的培训课程已审核", "The course you applied with was reviewed"),
    "moved-up": ("您候补的培训有名额了", "You have a place in a lecture you waited for"),
    "lecture-near": ("您报名的培训即将开始", "A lecture you enrolled in begins soon"),
    "lecture-moved": (
        "您报名的培训时间或地点有变",
        "A lecture you enrolled in has another time or place",
    ),
    "lecture-off": ("您报名的培训已取消", "A lecture you enrolled in is off"),
    "credit-given": ("您获得了培训学分", "You were given a course's credit"),
    "follow-up-due": ("有患者随访到期", "A patient is to be followed up"),
}
"""What an occasion is called where the page is not: no name, no number, no finding (WS-13)."""


def sentence(message: Message) -> str:
    """The one line of a notice."""
    zh, en = SENTENCES.get(message.occasion, ("有新的提醒", "There is a new notice"))
    return en if message.language == "en" else zh
