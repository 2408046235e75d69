"""What may stand in an agreement's own terms, who sets which part, and what a change changes.

The responding side promises the deadlines; the requesting side says in which order its partners
are asked. Each sets its own part only. A change counts for what is sent afterwards: the due time
that a case was promised is stored with the case. It knows no accounts and no database.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from telemed.core import sla
from telemed.core.catalogue import Deadline, ServiceType, Words
from telemed.core.clocks import Side

MOST_MINUTES = 30 * 24 * 60
"""Thirty days: the longest deadline that an agreement may promise."""
MOST_TERMS = 60
MOST_RANK = 99


class Part(StrEnum):
    """What of an agreement is set apart from the rest."""

    TERMS = "terms"
    RANK = "rank"


SETS: Mapping[Part, Side] = {Part.TERMS: Side.PROVIDER, Part.RANK: Side.REQUESTER}
"""Which side sets which part."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a deadline may not stand: its place among the given ones, from 1, and the reason."""

    row: int
    why: Words


_UNKNOWN = Words("协议不含该项服务", "the agreement does not cover this service")
_MODALITY = Words("该项服务没有这种检查类型", "the service has no such modality")
_FROZEN = Words("该项服务没有术中冰冻", "the service has no frozen sections")
_BOTH = Words("检查类型与术中冰冻只能选一项", "a modality or frozen section, not both")
_FEW = Words("时限须至少 1 分钟", "a deadline is at least 1 minute")
_MANY = Words(
    f"时限最长 30 天（{MOST_MINUTES} 分钟）",
    f"a deadline is at most 30 days ({MOST_MINUTES} minutes)",
)
_TWICE = Words("与前面的时限重复", "it repeats an earlier one")


def flaw_of(
    terms: Sequence[Deadline], services: Collection[str], known: Mapping[str, ServiceType]
) -> Flaw | None:
    """The first deadline that may not stand in an agreement about `services`, or None."""
    seen: set[tuple[object, ...]] = set()
    for number, row in enumerate(terms, 1):
        why = _why_not(row, services, known) or (_TWICE if _key(row) in seen else None)
        if why is not None:
            return Flaw(number, why)
        seen.add(_key(row))
    return None


def _why_not(
    row: Deadline, services: Collection[str], known: Mapping[str, ServiceType]
) -> Words | None:
    service = known.get(row.service)
    if row.service not in services or service is None:
        return _UNKNOWN
    if row.modality is not None and row.modality not in service.modalities:
        return _MODALITY
    if row.frozen is not None and all(field.key != "frozen" for field in service.fields()):
        return _FROZEN
    if row.modality is not None and row.frozen is not None:
        return _BOTH
    if row.minutes < 1:
        return _FEW
    return _MANY if row.minutes > MOST_MINUTES else None


def _key(row: Deadline) -> tuple[str, str, str | None, bool | None]:
    return row.service, row.urgency, row.modality, row.frozen


@dataclass(frozen=True, slots=True)
class Difference:
    """What a kind of case is promised before and after a change; None where nothing is."""

    of: Deadline
    before: sla.Promise | None
    after: sla.Promise | None


def differences(
    before: Sequence[Deadline], after: Sequence[Deadline], network: Sequence[Deadline]
) -> list[Difference]:
    """Every kind of case that either names and that is promised something else afterwards."""
    named = {_key(row): row for row in (*before, *after)}
    found = (
        Difference(row, _promised(row, before, network), _promised(row, after, network))
        for row in named.values()
    )
    return [each for each in found if each.before != each.after]


def _promised(
    of: Deadline, terms: Iterable[Deadline], network: Sequence[Deadline]
) -> sla.Promise | None:
    try:
        return sla.promised(
            network, of.service, of.urgency, of.modality, bool(of.frozen), tuple(terms)
        )
    except KeyError:
        return None
