"""The minutes 会诊记录 of an appointment: open to be written, closed, signed by all, archived.

What was said is written in sections while they are open. The chair or the coordinator closes them:
from then on the text is what it is, and everybody who took part signs just that. Reopened before
all have signed, every signature is void, with a reason. The signed text is archived by both
institutions, each for itself. How text is changed by several at once is `core/notes.py`'s.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import Final

from telemed.core.errors import Problem
from telemed.core.machine import Machine


class State(StrEnum):
    """Where minutes are."""

    OPEN = "open"
    CLOSED = "closed"
    SIGNED = "signed"
    ARCHIVED = "archived"


class Event(StrEnum):
    """What may happen to minutes."""

    WRITE = "write"
    CLOSE = "close"
    REOPEN = "reopen"
    SIGN = "sign"
    COMPLETE = "complete"
    ARCHIVE = "archive"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.OPEN: {Event.WRITE: State.OPEN, Event.CLOSE: State.CLOSED},
    State.CLOSED: {
        Event.SIGN: State.CLOSED,
        # Everybody has signed, or as many as the service asks for after its time.
        Event.COMPLETE: State.SIGNED,
        # Signatures are of the text that was closed: they are void, and are asked for anew.
        Event.REOPEN: State.OPEN,
    },
    State.SIGNED: {Event.ARCHIVE: State.ARCHIVED},
    State.ARCHIVED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="minutes",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.OPEN: ("记录中", "open"),
            State.CLOSED: ("待签名", "closed for signing"),
            State.SIGNED: ("已签名", "signed"),
            State.ARCHIVED: ("已归档", "archived"),
            Event.WRITE: ("记录", "write"),
            Event.CLOSE: ("定稿", "close"),
            Event.REOPEN: ("退回修改", "reopen"),
            Event.SIGN: ("签名", "sign"),
            Event.COMPLETE: ("签名完成", "complete"),
            Event.ARCHIVE: ("归档", "archive"),
        }
    ),
)


class Stance(StrEnum):
    """How somebody signs: they agree, or sign with a reservation in words (保留意见)."""

    AGREE = "agree"
    RESERVE = "reserve"


class Purpose(StrEnum):
    """What the patient is asked for separately, beside the consent to the service."""

    RECORDING = "recording"
    TEACHING = "teaching"


class Answer(StrEnum):
    """What the patient, or who speaks for them, said."""

    GIVEN = "given"
    REFUSED = "refused"


DISCUSSION: Final = "discussion"
SUMMARY: Final = "summary"
OPINION: Final = "opinion:"
"""Before the id of the person whose opinion it is."""

SECTION_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        DISCUSSION: ("讨论经过", "discussion"),
        SUMMARY: ("总结意见", "summary"),
        "place": ("地点", "place"),
        "words": ("保留意见", "reservation"),
        "reason": ("退回原因", "reason"),
    }
)
"""What is written in minutes, and beside them when they are signed or reopened."""

MOST: Final[Mapping[str, int]] = MappingProxyType({DISCUSSION: 20_000, SUMMARY: 6_000})
MOST_OPINION: Final = 6_000
MOST_CHANGES: Final = 50_000
"""Changes of one appointment's minutes; a day of two hands at the keys."""
MOST_BEHIND: Final = 1_000
"""Changes that one may have missed and still write: then what was missed is fetched first."""


@dataclass(frozen=True, slots=True)
class Terms:
    """When a closed text counts as signed: by all; or by a share of them after a time."""

    share: float = 1.0
    after: timedelta = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands to the minutes of an appointment.

    `sits`: invited and neither declined nor replaced, or came; `leads`: in the chair's seat;
    `keeps`: the responding institution's coordinator; `asks`: writes requests of the asking one;
    `party`: of one of the two institutions and entitled to the case.
    """

    person_id: str | None
    sits: bool = False
    leads: bool = False
    keeps: bool = False
    asks: bool = False
    party: bool = False

    @property
    def reads(self) -> bool:
        """Whether the minutes exist for them."""
        return self.sits or self.party

    @property
    def writes(self) -> bool:
        """Whether they may take notes."""
        return self.sits or (self.party and (self.keeps or self.asks))

    @property
    def closes(self) -> bool:
        """Whether they may close the text, and reopen it."""
        return (self.sits and self.leads) or (self.party and self.keeps)


def is_chair(role: str) -> bool:
    """Whether a seat of this role is the chair's."""
    return role == "chair" or role.endswith("-chair")


def opinion_of(person_id: str) -> str:
    """The section of somebody's opinion."""
    return OPINION + person_id


def section_words(section: str, name: str = "") -> tuple[str, str]:
    """What a part of the minutes is called; an opinion by the name of its person."""
    if section.startswith(OPINION):
        return f"{name} 的意见", f"opinion of {name}"
    return SECTION_WORDS[section]


def may_write(section: str, who: Standing, led: bool) -> bool:
    """Whether somebody may write in a section; `led` says whether somebody chairs.

    The summary is the chair's. An opinion is its person's; whoever keeps the minutes may take it
    down for them, and they sign it or not.
    """
    if not who.writes:
        return False
    if section == DISCUSSION:
        return True
    if section == SUMMARY:
        return who.closes or not led
    return section == opinion_of(who.person_id or "") or who.closes


def most_of(section: str) -> int:
    """How many units a section holds."""
    return MOST.get(section, MOST_OPINION)


def require_section(section: str, people: Collection[str]) -> None:
    """Problem("invalid") unless it is one of the sections that these people's minutes have."""
    of = section.removeprefix(OPINION) if section.startswith(OPINION) else None
    if section not in (DISCUSSION, SUMMARY) and of not in people:
        raise Problem("invalid", detail="section")


def require_sections_filled(texts: Mapping[str, str], signers: Collection[str]) -> None:
    """Problem("minutes-empty") while there is no summary, or nobody there who could sign."""
    if not texts.get(SUMMARY, "").strip() or not signers:
        raise Problem("minutes-empty")


def is_complete(
    signers: Collection[str],
    signed: Collection[str],
    chair: str | None,
    closed_at: datetime,
    now: datetime,
    terms: Terms,
) -> bool:
    """Whether enough have signed: all; or the chair and the share, once its time is over."""
    done = set(signed) & set(signers)
    if len(done) == len(set(signers)):
        return bool(done)
    if now < closed_at + terms.after or (chair is not None and chair not in done):
        return False
    return len(done) >= max(1, ceil(terms.share * len(set(signers))))
