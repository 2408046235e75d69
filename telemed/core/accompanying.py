"""The accompanying doctor 陪同医师: who may be named for a session and when their presence counts.

国卫医发〔2018〕50号 二(二): the inviting side has a licensed physician there, for whom an assistant
physician or a village doctor may stand in at township and village institutions. The named person
confirms by name at the session; what is confirmed days before proves nobody's presence. Knows the
rule as data, and neither who is there nor what time it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from telemed.core.aftercare_rules import Accompanying
from telemed.core.appointment import MACHINE, State
from telemed.core.booking_terms import TERMS, Terms
from telemed.core.errors import Problem


class Fit(StrEnum):
    """What the register says of a person as accompanying doctor."""

    PHYSICIAN = "physician"
    STANDS_IN = "stands-in"
    UNCHECKED = "unchecked"
    UNFIT = "unfit"


class By(StrEnum):
    """Who said that they are there."""

    SELF = "self"
    ON_SITE = "on-site"
    ON_WORD = "on-word"
    """A coordinator, on the word of the named person."""


class Presence(StrEnum):
    """What is known of the accompanying doctor when a session begins."""

    NOBODY = "nobody"
    NAMED = "named"
    CONFIRMED = "confirmed"


FIT_WORDS: Mapping[Fit, tuple[str, str]] = MappingProxyType(
    {
        Fit.PHYSICIAN: ("执业医师", "licensed physician"),
        Fit.STANDS_IN: ("执业助理医师或乡村医生", "assistant physician or village doctor"),
        Fit.UNCHECKED: ("登记信息不全，未核对", "not checked, the register says too little"),
        Fit.UNFIT: ("不具备陪同资质", "not qualified"),
    }
)


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register holds of a person; empty where it does not know."""

    title: str
    licence_no: str
    active: bool


def fit(rule: Accompanying, person: Registered, institution_kind: str) -> Fit:
    """Whether somebody may be named, as far as the register knows."""
    if not person.active:
        return Fit.UNFIT
    below = any(institution_kind.startswith(kind) for kind in rule.stand_in_kinds)
    if person.title in rule.titles:
        return Fit.PHYSICIAN if person.licence_no else Fit.UNCHECKED
    if person.title in rule.stand_ins:
        return Fit.STANDS_IN if below else Fit.UNFIT
    # A village doctor has no title of GB/T 8561; any other title says that they are no physician.
    return Fit.UNFIT if person.title else Fit.UNCHECKED


NAMES_IN = frozenset({State.HELD, State.PROPOSED, State.CONFIRMED, State.UNDER_WAY})
"""States in which somebody may be named, or somebody else in their place."""
CONFIRMS_IN = frozenset({State.CONFIRMED, State.UNDER_WAY})


def require_presence(rule: Accompanying, service: str, urgent: bool, presence: Presence) -> None:
    """Problem unless a session of this service may begin with what is known of its doctor."""
    if rule.asks(service) and presence is Presence.NOBODY:
        raise Problem("nobody-accompanies")
    if rule.confirms(service, urgent) and presence is not Presence.CONFIRMED:
        raise Problem("accompanying-unconfirmed")


def require_naming(state: State) -> None:
    """Problem unless somebody may be named now."""
    _require(state, NAMES_IN, {"zh": "指定陪同医师", "en": "name an accompanying doctor"})


def require_confirming(state: State, since: datetime, now: datetime, terms: Terms = TERMS) -> None:
    """Problem unless presence can be confirmed now: at the session, or as early as it may begin."""
    _require(state, CONFIRMS_IN, {"zh": "确认陪同医师在场", "en": "confirm who accompanies"})
    if now < since - terms.early:
        raise Problem("too-early", at=since - terms.early)


def _require(state: State, allowed: frozenset[State], event: dict[str, str]) -> None:
    if state not in allowed:
        raise Problem("illegal-transition", state=MACHINE.word(state), event=event)
