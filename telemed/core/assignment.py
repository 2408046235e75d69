"""Who may take a workitem, and why not.

A refusal is a coded reason with a sentence, so that a queue can say it before anybody clicks.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from telemed.core.assignment_rules import NO_BURDEN, Burden
from telemed.core.catalogue import ServiceType, Words
from telemed.core.operation import Physician, may_guide

INDEPENDENT_YEARS = 3
"""50号 二(二): an invited physician has worked independently for at least three years."""


@dataclass(frozen=True, slots=True)
class Taker:
    """What the rule knows of a person."""

    person_id: str
    institution_id: str
    scopes: tuple[str, ...]
    practice_since: date | None
    active: bool
    title: str = ""
    burden: Burden = NO_BURDEN
    """What they have already, where it was asked."""


WHY_NOT: dict[str, Words] = {
    "inactive": Words("人员档案已停用", "the staff record is not active"),
    "other-institution": Words("该申请不属于本机构", "it was not sent to your institution"),
    "own-case": Words("不能为本机构自己的申请出具远程报告", "your own institution asked for it"),
    "scope": Words("执业范围不包含该服务", "the licence scope does not cover the service"),
    "years": Words("独立执业未满三年", "less than three years of independent practice"),
    "set-aside": Words("已指派或预留给他人", "it is assigned to or reserved by somebody else"),
    "guide-level": Words(
        "职称或年资低于指导该级别手术的要求",
        "title or years are below what guiding this level asks",
    ),
    "load-cap": Words("在手工作量已达上限", "as much is in hand as the load cap allows"),
    "wrote-it": Words("您是书写医师，须由他人审核", "you wrote it; somebody else must verify"),
}


def why_not_take(
    taker: Taker,
    service: ServiceType,
    provider: str,
    requester: str,
    today: date,
    level: str = "",
) -> str | None:
    """The first reason why this person may not take the case, or None; `level` is that of the
    operation where one is guided."""
    if not taker.active:
        return "inactive"
    if taker.institution_id != provider:
        return "other-institution"
    if requester == provider:
        return "own-case"
    if service.reader_scopes and not covers(taker.scopes, service.reader_scopes):
        return "scope"
    if taker.practice_since is None or _years(taker.practice_since, today) < INDEPENDENT_YEARS:
        return "years"
    if service.guides is not None:
        who = Physician(taker.title, taker.practice_since, taker.active)
        if may_guide(service.guides.levels, level, who, today) is not None:
            return "guide-level"
    return None


class By(StrEnum):
    """Who said whose a case is to be."""

    SELF = "self"
    COORDINATOR = "coordinator"
    RULE = "rule"


class Mode(StrEnum):
    """How an institution gives out the cases of a service."""

    OFF = "off"
    SUGGEST = "suggest"
    AUTO = "auto"


MODES: dict[str, Words] = {
    Mode.OFF: Words("自由领取", "an open pool"),
    Mode.SUGGEST: Words("系统建议", "the rule suggests"),
    Mode.AUTO: Words("自动派单", "the rule assigns"),
}


class Outcome(StrEnum):
    """What became of a case when it was to be given out."""

    GIVEN = "given"
    NOBODY = "nobody"
    PASSED_ON = "passed-on"
    ASKED = "asked"


OUTCOMES: dict[str, Words] = {
    Outcome.GIVEN: Words("已派给", "given to a reader"),
    Outcome.NOBODY: Words("暂无可派医师", "nobody could take it"),
    Outcome.PASSED_ON: Words("已溢出至下一机构", "passed on to the next institution"),
    Outcome.ASKED: Words("已请申请方同意转送", "the requester was asked to agree to passing it on"),
}


def is_kept_for(by: str | None, at: datetime | None, now: datetime, reservation: timedelta) -> bool:
    """Whether an assignment still stands: what a reader reserved and did not begin is free after
    a while; what a coordinator or the rule assigned is theirs until somebody says otherwise."""
    if by is None or at is None:
        return False
    return by != By.SELF or now < at + reservation


def covers(held: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether any wanted 诊疗科目 code is held, directly or by its parent ('32' covers '32.02')."""
    return any(w == h or w.startswith(h + ".") for w in wanted for h in held)


def _years(since: date, today: date) -> int:
    return today.year - since.year - ((today.month, today.day) < (since.month, since.day))
