"""Who should read a case first: complexity, load, caps, and the order of those who could.

Everything is data: the rules of `configs/assignment.toml`, what is known of the case and of each
reader. `rank` puts the readers in order and says of each in codes why they stand there. It knows
no clock and no chance: the same inputs in any order give the same ranking, and of two readers who
are equal the one who was given something longer ago comes first, so that nobody is passed over for
ever.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from telemed.core.assignment import WHY_NOT
from telemed.core.assignment_rules import NO_BURDEN, Burden, Rules, is_capped
from telemed.core.catalogue import Words

KEPT: Final = 30
"""Places of a ranking that a decision keeps in full."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a reader when a case is to be given.

    `on_duty` None: no roster is kept; `online` None: nobody
    knows. `same_patient` is when they last read the patient's case, `lapsed` how often they let
    this case lie, `gave_back` whether they or a coordinator took it from them.
    """

    person_id: str
    why_not: str | None = None
    burden: Burden = NO_BURDEN
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


def refusal(rules: Rules, case: Asked, who: Candidate) -> str | None:
    """Why a reader may not take a case, the load cap last; None when they may."""
    full = is_capped(rules, case.provider, case.service, case.urgency, who.burden)
    return who.why_not or ("load-cap" if full else None)


def rank(rules: Rules, case: Asked, candidates: Iterable[Candidate]) -> list[Ranked]:
    """Everybody in order: whom the rule would give it to, whom a person might, who may not."""
    seen = [_seen(rules, case, who) for who in candidates]
    measures = [one.measure for one in seen if one.light is Light.GREEN]
    least = min(measures, default=0.0)
    told = [_told(rules, case, one, least) for one in seen]
    return sorted(told, key=lambda one: _key(rules, case, one))


def recorded(ranking: Sequence[Ranked]) -> tuple[list[dict[str, object]], dict[str, int]]:
    """A ranking as a decision keeps it: the first ones with all that was known of them, and of the
    others how many for which first reason."""
    others = Counter(one.reasons[0] if one.reasons else "ranked" for one in ranking[KEPT:])
    return [_recorded(one) for one in ranking[:KEPT]], dict(others)


def _recorded(one: Ranked) -> dict[str, object]:
    who, has = one.candidate, one.candidate.burden
    seen = who.same_patient
    return {
        "person": one.person_id,
        "light": one.light.value,
        "reasons": list(one.reasons),
        "measure": one.measure,
        "in_hand": has.in_hand,
        "in_shift": has.in_shift,
        "share": has.limits.share,
        "on_duty": who.on_duty,
        "online": who.online,
        "same_patient": None if seen is None else seen.isoformat(),
        "last_given": None if who.last_given is None else who.last_given.isoformat(),
        "lapsed": who.lapsed,
    }


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
        return round(who.burden.in_hand, _DIGITS)
    return round(who.burden.in_shift / who.burden.limits.share, _DIGITS)


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


def _key(rules: Rules, case: Asked, one: Ranked) -> tuple[Any, ...]:
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
