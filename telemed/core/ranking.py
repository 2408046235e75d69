"""Who should read a case first: complexity, load, caps, and the order of those who could.

Everything is data: the rules of `configs/assignment.toml`, what is known of the case and of each
reader. `rank` puts the readers in order and says of each in codes why they stand there. It knows no
clock and no chance: the same inputs in any order give the same ranking, and of two readers who are
equal the one who was given something longer ago comes first, so that nobody is passed over for ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from telemed.core.assignment import WHY_NOT
from telemed.core.assignment_rules import NO_LIMITS, Cap, Limits, Rules
from telemed.core.catalogue import Words

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a reader when a case is to be given.

    `in_hand` are the points of claims and of cases set aside for them, `in_shift` those and what
    they completed since the shift began. `on_duty` None: no roster is kept; `online` None: nobody
    knows. `same_patient` is when they last read the patient's case, `lapsed` how often they let
    this case lie, `gave_back` whether they or a coordinator took it from them.
    """

    person_id: str
    why_not: str | None = None
    in_hand: float = 0.0
    in_shift: float = 0.0
    limits: Limits = NO_LIMITS
    on_duty: bool | None = None
    online: bool | None = None
    same_patient: datetime | None = None
    last_given: datetime | None = None
    lapsed: int = 0
    gave_back: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the ranking needs to know of a case."""

    service: str
    urgency: str
    provider: str
    modality: str | None = None


class Light(StrEnum):
    """Green: the rule would give it. Amber: a person may, the rule would not. Red: nobody may."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A reader's place, why, and the figures that decided; `measure` is what was compared."""

    candidate: Candidate
    light: Light
    reasons: tuple[str, ...]
    measure: float

    @property
    def person_id(self) -> str:
        """Whose place it is."""
        return self.candidate.person_id


_ABOUT: Final[Mapping[str, Words]] = {
    "off-duty": Words("当前不在班", "not on duty"),
    "absent": Words("当前不在线，且无排班", "not connected, and no roster is kept"),
    "gave-back": Words("曾退出或被取消该病例", "gave this case back, or it was taken from them"),
    "let-lie": Words("曾分配但未按时开始", "was given it before and did not begin in time"),
    "same-patient": Words("近期读过该患者", "read this patient recently"),
    "on-duty": Words("在班", "on duty"),
    "online": Words("在线", "connected"),
    "least-loaded": Words("工作量最少", "has the least work"),
}
REASONS: Final[Mapping[str, Words]] = {**WHY_NOT, **_ABOUT}
"""Every reason a ranking gives, in words."""


def cap_of(rules: Rules, case: Asked, own: Limits = NO_LIMITS) -> Limits:
    """A reader's caps for a case: their own terms, else the row that names most."""
    fitting = [
        row
        for row in rules.caps
        if row.service in (None, case.service) and row.institution in (None, case.provider)
    ]
    row = max(
        fitting,
        key=lambda r: (r.institution is not None, r.service is not None),
        default=Cap(None, None),
    )
    return Limits(
        row.in_hand if own.in_hand is None else own.in_hand,
        row.in_shift if own.in_shift is None else own.in_shift,
        own.share,
    )


def capped(rules: Rules, case: Asked, who: Candidate) -> bool:
    """Whether a reader has as much as they may have.

    Below the cap another case fits whatever its weight: a heavy one is not kept waiting by light
    ones that fill each gap.
    """
    if case.urgency in rules.uncapped:
        return False
    most = cap_of(rules, case, who.limits)
    return (most.in_hand is not None and who.in_hand >= most.in_hand) or (
        most.in_shift is not None and who.in_shift >= most.in_shift
    )


def refusal(rules: Rules, case: Asked, who: Candidate) -> str | None:
    """Why a reader may not take a case, the load cap last; None when they may."""
    return who.why_not or ("load-cap" if capped(rules, case, who) else None)


def rank(rules: Rules, case: Asked, candidates: Iterable[Candidate]) -> list[Ranked]:
    """Everybody in order: whom the rule would give it to, whom a person might, who may not."""
    seen = [_seen(rules, case, who) for who in candidates]
    measures = [one.measure for one in seen if one.light is Light.GREEN]
    least = min(measures, default=0.0)
    told = [_told(rules, case, one, least) for one in seen]
    return sorted(told, key=lambda one: _key(rules, case, one))


# --- one reader -----------------------------------------------------------------------------------


def _seen(rules: Rules, case: Asked, who: Candidate) -> Ranked:
    """A reader by themselves: may they, would the rule, and how much they have."""
    refused = refusal(rules, case, who)
    if refused is not None:
        return Ranked(who, Light.RED, (refused,), _measure(rules, case, who))
    against = [code for code, holds in _against(who) if holds]
    light = Light.AMBER if against else Light.GREEN
    return Ranked(who, light, tuple(against), _measure(rules, case, who))


def _against(who: Candidate) -> Iterable[tuple[str, bool]]:
    yield "off-duty", who.on_duty is False
    yield "absent", who.on_duty is None and who.online is False
    yield "gave-back", who.gave_back


def _measure(rules: Rules, case: Asked, who: Candidate) -> float:
    """What is in hand counts where every minute does, else the whole shift for one's share."""
    if case.urgency in rules.momentary:
        return round(who.in_hand, _DIGITS)
    return round(who.in_shift / who.limits.share, _DIGITS)


def _told(rules: Rules, case: Asked, one: Ranked, least: float) -> Ranked:
    """The same with the reasons that speak for a reader, beside the others."""
    if one.light is Light.RED:
        return one
    who = one.candidate
    speaks = {
        "let-lie": who.lapsed > 0,
        "same-patient": _is_first_choice(rules, one, least),
        "on-duty": who.on_duty is True,
        "online": who.online is True,
        "least-loaded": one.light is Light.GREEN and one.measure == least,
    }
    more = tuple(code for code, holds in speaks.items() if holds)
    return Ranked(who, one.light, (*one.reasons, *more), one.measure)


def _is_first_choice(rules: Rules, one: Ranked, least: float) -> bool:
    """Whether they read the patient before and have not much more to do than the others."""
    known = one.candidate.same_patient is not None
    return known and one.measure <= least + rules.same_reader_slack


_ORDER: Final = {Light.GREEN: 0, Light.AMBER: 1, Light.RED: 2}
_PRESENT: Final = {True: 0, None: 1, False: 2}


def _key(rules: Rules, case: Asked, one: Ranked) -> Sequence[object]:
    who = one.candidate
    hurried = case.urgency in rules.momentary
    seen = who.same_patient if "same-patient" in one.reasons else None
    return (
        _ORDER[one.light],
        who.lapsed,
        _PRESENT[who.online] if hurried else 0,
        seen is None,
        0.0 if seen is None else -seen.timestamp(),
        one.measure,
        who.last_given or _NEVER,
        who.person_id,
    )
