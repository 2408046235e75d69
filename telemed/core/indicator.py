"""What an indicator of the tally is: its name, its side, how it is computed, its definition.

The shapes only; which indicators there are is said in `indicators` and `care_indicators`.
"""

from dataclasses import dataclass
from enum import StrEnum

from telemed.core.activity import Kind


class Measure(StrEnum):
    """How an indicator is computed from entries."""

    COUNT = "count"
    DURATION = "duration"
    SHARE = "share"
    TOTAL = "total"
    """As a count, where each fact weighs its minutes; every turn is rounded by itself, so the
    cases behind a total add up to it."""
    MONEY = "money"
    """As a total, of whole fen."""
    CREDIT = "credit"
    """As a total, of hundredths of a credit 学分."""


ADDED_UP = frozenset({Measure.TOTAL, Measure.MONEY, Measure.CREDIT})
"""Where a fact weighs what it says, and not one."""


class Side(StrEnum):
    """Whose work an indicator speaks about; `BOTH` is shown to each side and never summed."""

    REQUESTER = "requester"
    PROVIDER = "provider"
    BOTH = "both"


class Better(StrEnum):
    """Which way a figure is better."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One number of the tally and its written definition.

    `counts` is the kind of fact behind a count, a duration or a total, `also` further ones; a
    share has a numerator and a denominator instead, both codes of counts. `better` is set where one
    unit's figure may be called better than another's; more or fewer cases is neither. `judges` says
    on which side it may be: many returns speak of what was sent, not of who sent it back.
    """

    code: str
    zh: str
    en: str
    kind: Measure
    side: Side
    unit: str
    definition_zh: str
    definition_en: str
    counts: Kind | None = None
    numerator: str | None = None
    denominator: str | None = None
    better: Better | None = None
    judges: Side = Side.BOTH
    also: tuple[Kind, ...] = ()


def count(
    code: str, zh: str, en: str, side: Side, counts: Kind, definition_zh: str, definition_en: str
) -> Indicator:
    """A number of facts."""
    return Indicator(
        code, zh, en, Measure.COUNT, side, "例", definition_zh, definition_en, counts=counts
    )


def duration(
    code: str,
    zh: str,
    en: str,
    side: Side,
    counts: Kind,
    definition_zh: str,
    definition_en: str,
    also: tuple[Kind, ...] = (),
) -> Indicator:
    """How long something took."""
    return Indicator(
        code,
        zh,
        en,
        Measure.DURATION,
        side,
        "秒",
        definition_zh,
        definition_en,
        counts=counts,
        better=Better.LOWER,
        also=also,
    )


def share(
    code: str,
    zh: str,
    en: str,
    side: Side,
    numerator: str,
    denominator: str,
    definition_zh: str,
    definition_en: str,
    better: Better | None,
    judges: Side = Side.BOTH,
) -> Indicator:
    """One count over another."""
    return Indicator(
        code,
        zh,
        en,
        Measure.SHARE,
        side,
        "%",
        definition_zh,
        definition_en,
        numerator=numerator,
        denominator=denominator,
        better=better,
        judges=judges,
    )
