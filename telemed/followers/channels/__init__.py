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

from telemed.core.occasion_words import OCCASION_WORDS
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


_CALLS: Mapping[str, tuple[str, str]] = {
    "calling": ("急会诊正在呼叫您，请立即接听", "You are called urgently: answer now"),
    "calling-unanswered": ("急会诊呼叫无人接听", "Nobody answered an urgent call"),
}
"""What is told of an urgent call while it rings, and when nobody answered."""


def sentence(message: Message) -> str:
    """The one line of a notice."""
    words = _CALLS.get(message.occasion) or OCCASION_WORDS.get(message.occasion)
    zh, en = words or ("有新的提醒", "There is a new notice")
    return en if message.language == "en" else zh
