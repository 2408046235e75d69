"""Operations 手术 by level: who may do them, who may guide, and by whose leave it is otherwise.

A title is a code of GB/T 8561; of two physicians the lower code is the higher title. What the
register does not know of somebody does not qualify them. Knows the rule as data, and no person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

_PHYSICIANS = "23"


@dataclass(frozen=True, slots=True)
class LevelRule:
    """What a level asks at least: a title and years since first practice, of each."""

    operator: str
    operator_years: int
    guide: str
    guide_years: int


@dataclass(frozen=True, slots=True)
class Levels:
    """The rules by level, and the least title of who may approve an exception."""

    approver: str = "231"
    rules: Mapping[str, LevelRule] = field(default_factory=dict)


NO_LEVELS = Levels()


@dataclass(frozen=True, slots=True)
class Physician:
    """What the register holds of somebody."""

    title: str
    practice_since: date | None
    active: bool


class Short(StrEnum):
    """What somebody falls short of."""

    INACTIVE = "inactive"
    TITLE = "title"
    YEARS = "years"


def may_operate(levels: Levels, level: str, who: Physician, today: date) -> Short | None:
    """What a surgeon falls short of for a level; None where they may. An unknown level asks
    nothing: the form has its own list of levels."""
    rule = levels.rules.get(level)
    return None if rule is None else _short(who, rule.operator, rule.operator_years, today)


def may_guide(levels: Levels, level: str, who: Physician, today: date) -> Short | None:
    """What a guide falls short of for a level; None where they may."""
    rule = levels.rules.get(level)
    return None if rule is None else _short(who, rule.guide, rule.guide_years, today)


def may_approve(levels: Levels, who: Physician) -> bool:
    """Whether somebody may approve that a surgeon below the level operates."""
    return who.active and holds(who.title, levels.approver)


def holds(title: str, least: str) -> bool:
    """Whether a title is at least another; only physicians' titles are."""
    return title.startswith(_PHYSICIANS) and title <= least


def _short(who: Physician, title: str, years: int, today: date) -> Short | None:
    if not who.active:
        return Short.INACTIVE
    if not holds(who.title, title):
        return Short.TITLE
    since = who.practice_since
    if since is None or _years(since, today) < years:
        return Short.YEARS
    return None


def _years(since: date, today: date) -> int:
    return today.year - since.year - ((today.month, today.day) < (since.month, since.day))
