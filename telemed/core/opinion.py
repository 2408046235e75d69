"""An opinion 专家意见: what one expert is asked for, beside the report that answers the request.

Each expert asked has a state of their own. Who accepted writes and signs; what is signed stays. The
chair 主持 draws the opinions together: the report is their answer, so a chair's opinion ends with
it. Who never answered in time has lapsed; who accepted is late, and may be withdrawn by whoever
asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from telemed.core.catalogue import Words
from telemed.core.errors import Problem
from telemed.core.machine import Machine


class Role(StrEnum):
    """As what somebody is asked."""

    CHAIR = "chair"
    EXPERT = "expert"


ROLE_WORDS: Final[Mapping[Role, Words]] = MappingProxyType(
    {Role.CHAIR: Words("主持", "chair"), Role.EXPERT: Words("专家", "expert")}
)


class State(StrEnum):
    """Where an opinion is."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    SIGNED = "signed"
    CONSOLIDATED = "consolidated"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Event(StrEnum):
    """What may happen to an opinion."""

    ACCEPT = "accept"
    DECLINE = "decline"
    SIGN = "sign"
    CONSOLIDATE = "consolidate"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


_TABLE: Mapping[State, Mapping[Event, State]] = {
    State.ASKED: {
        Event.ACCEPT: State.ACCEPTED,
        Event.DECLINE: State.DECLINED,
        # A chair who writes the report at once has accepted by it.
        Event.CONSOLIDATE: State.CONSOLIDATED,
        Event.WITHDRAW: State.WITHDRAWN,
        Event.LAPSE: State.LAPSED,
    },
    State.ACCEPTED: {
        Event.DECLINE: State.DECLINED,
        Event.SIGN: State.SIGNED,
        Event.CONSOLIDATE: State.CONSOLIDATED,
        Event.WITHDRAW: State.WITHDRAWN,
    },
    State.SIGNED: {},
    State.CONSOLIDATED: {},
    State.DECLINED: {},
    State.WITHDRAWN: {},
    State.LAPSED: {},
}

MACHINE: Machine[State, Event] = Machine(
    name="opinion",
    table=MappingProxyType(_TABLE),
    words=MappingProxyType(
        {
            State.ASKED: ("待回复", "asked"),
            State.ACCEPTED: ("已接受", "accepted"),
            State.SIGNED: ("已签名", "signed"),
            State.CONSOLIDATED: ("已综合", "drawn together"),
            State.DECLINED: ("已谢绝", "declined"),
            State.WITHDRAWN: ("已撤销", "withdrawn"),
            State.LAPSED: ("逾期未复", "lapsed"),
            Event.ACCEPT: ("接受", "accept"),
            Event.DECLINE: ("谢绝", "decline"),
            Event.SIGN: ("签名", "sign"),
            Event.CONSOLIDATE: ("综合", "draw together"),
            Event.WITHDRAW: ("撤销", "withdraw"),
            Event.LAPSE: ("逾期", "lapse"),
        }
    ),
)

OPEN: Final = frozenset({State.ASKED, State.ACCEPTED})
"""States in which an opinion is still to come."""

STANDING: Final = OPEN | {State.SIGNED, State.CONSOLIDATED}
"""States in which whoever is asked sees the case."""

MOST_ASKED: Final = 20
"""Experts that one case is asked of, those who declined among them."""
LONGEST: Final = timedelta(days=30)
USUAL: Final = timedelta(days=1)
"""How long somebody has where the case's own deadline has passed."""

PARTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "analysis": Words("病情分析", "Analysis"),
        "opinion": Words("意见", "Opinion"),
        "advice": Words("诊疗建议", "Advice"),
    }
)
"""The texts of an opinion in their order; beside them stand its diagnoses."""
_NEEDED: Final = ("opinion",)


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody who is asked: by whom, and until when the agreement lets them see the case; None
    where they are of the institution that asks."""

    person_id: str
    asked_by: str
    until: datetime | None = None


def due_at(wanted: datetime | None, case_due: datetime | None, now: datetime) -> datetime:
    """By when an opinion is due: as wanted, else when the case is, else in a day."""
    if wanted is None:
        return case_due if case_due is not None and case_due > now else now + USUAL
    if not now < wanted <= now + LONGEST:
        raise Problem("invalid", detail="due_at")
    return wanted


def is_lapsed(state: State, due: datetime, now: datetime) -> bool:
    """Whether nobody answered in time."""
    return state is State.ASKED and due <= now


def unanswered(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The experts whose opinion is still to come; the chair's is the report itself."""
    return [row for row in rows if row["role"] != Role.CHAIR and State(row["state"]) in OPEN]


WRITTEN: Final[Mapping[str, Words]] = MappingProxyType(
    {
        **PARTS,
        "diagnosis": Words("诊断", "Diagnoses"),
        "question": Words("请其重点答复", "What of them in particular"),
    }
)
"""All that is written of an opinion, what is asked of its author among it."""


def require_complete(content: Mapping[str, object]) -> None:
    """Problem("opinion-empty") unless the opinion says something."""
    for key in _NEEDED:
        value = content.get(key)
        if not isinstance(value, str) or not value.strip():
            raise Problem("opinion-empty")
