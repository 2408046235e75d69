"""Evaluation both ways: each side says once what it thinks of the other.

Until an evaluation is open the other side learns that there is one and nothing of it: its facts
carry no score before `evaluation.opened`, by which it is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from telemed.actions import door, moves, unnamed
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import evaluation as rule
from telemed.core import request
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.aftercare_rules import Asked
from telemed.core.catalogue import Words
from telemed.core.errors import Problem
from telemed.core.evaluation import Side
from telemed.store.aftercare_tables import evaluations
from telemed.store.tx import Row

E = evaluations.c
AT_ONCE: Final = 200
ANSWERED: Final = frozenset({request.State.ANSWERED, request.State.CONFIRMED})
PERMISSIONS: Final[Mapping[Side, Permission]] = {
    Side.REQUESTER: Permission.WRITE_REQUESTS,
    Side.PROVIDER: Permission.WRITE_REPORTS,
}
"""Whoever asks evaluates the answer, whoever answers the request."""


@dataclass(frozen=True, slots=True)
class Both:
    """What is asked of both sides of a case, and what each has said."""

    case: Case
    asked: Asked
    side: Side | None
    """The subject's own; None for whoever is on neither."""
    given: Mapping[Side, Row]

    def items(self, side: Side) -> tuple[str, ...]:
        """What a side rates."""
        return self.asked.requester if side is Side.REQUESTER else self.asked.provider

    def at(self, side: Side) -> Any:
        """When a side gave its evaluation, None while it has not."""
        row = self.given.get(side)
        return None if row is None else row["given_at"]


def show(act: Act, request_id: str) -> Both | None:
    """What both sides think of a case that the subject may see; None where nothing is asked."""
    case = door.case(act, request_id)
    asked = act.catalogue.aftercare.evaluations.of(case.row["service"])
    if asked is None or case.state not in ANSWERED:
        return None
    rows = act.tx.all(sa.select(evaluations).where(E.request_id == case.id))
    side = Side.REQUESTER if case.own else Side.PROVIDER if case.providing else None
    return Both(case, asked, side, {Side(row["side"]): row for row in rows})


def sees(act: Act, both: Both, side: Side) -> bool:
    """Whether the subject sees what a side said: their own, or what is open."""
    row = both.given.get(side)
    return row is not None and (both.side is side or act.now >= row["opens_at"])


def may_give(act: Act, both: Both) -> bool:
    """Whether the subject may say or change what their side thinks now."""
    if both.side is None or PERMISSIONS[both.side] not in act.subject.permissions:
        return False
    known = act.catalogue.aftercare.evaluations
    return rule.may_give(known, both.at(both.side), both.at(both.side.other), act.now)


def give(act: Act, request_id: str, scores: Mapping[str, int], words: str) -> None:
    """Say what one's side thinks of the other, or change it while that is allowed."""
    act.tx.take_turn("evaluations")
    both = show(act, request_id)
    if both is None or both.side is None:
        raise Problem("not-to-evaluate")
    act.subject.require(PERMISSIONS[both.side])
    rule.require_scores(both.items(both.side), scores)
    if not may_give(act, both):
        raise Problem("answer-stands")
    unnamed.require(act, request_id, {"words": words}, _SAID)
    said = {"scores": dict(scores), "words": words, "changed_at": act.now}
    if both.side in both.given:
        _here(act, both.case.id, both.side, said)
        act.tell(moves.fact(act, both.case, Kind.EVALUATION_CHANGED, side=both.side.value))
        return
    known = act.catalogue.aftercare.evaluations
    opens = rule.opens_at(known, act.now, both.at(both.side.other))
    act.tx.insert(
        evaluations,
        {"request_id": both.case.id, "side": both.side.value, **said, "opens_at": opens,
         "given_by": act.subject.account_id, "given_at": act.now},
    )  # fmt: skip
    act.tell(moves.fact(act, both.case, Kind.EVALUATION_GIVEN, side=both.side.value))
    if both.side.other in both.given:
        _here(act, both.case.id, both.side.other, {"opens_at": act.now})
        _open(act, both.case)


_SAID: Final = {"words": Words("评价", "evaluation")}


def due(act: Act, limit: int = AT_ONCE) -> list[str]:
    """The cases of which an evaluation waited long enough for the other side's."""
    late = sa.and_(E.opened_at.is_(None), E.opens_at <= act.now)
    query = sa.select(E.request_id).where(late).distinct().order_by(E.request_id).limit(limit)
    return [row["request_id"] for row in act.tx.all(query)]


def open_due(act: Act) -> int:
    """Show what waited long enough; how many cases had any."""
    act.tx.take_turn("evaluations")
    found = due(act)
    for request_id in found:
        case = door.case_for_clock(act, request_id)
        if case is not None:
            _open(act, case)
    return len(found)


def _open(act: Act, case: Case) -> None:
    """Both sides see what is due; from now on it stands, and is counted."""
    here = sa.and_(E.request_id == case.id, E.opened_at.is_(None), E.opens_at <= act.now)
    for row in act.tx.all(sa.select(evaluations).where(here).order_by(E.side)):
        _here(act, case.id, Side(row["side"]), {"opened_at": act.now})
        told = {"side": row["side"], "scores": row["scores"]}
        act.tell(moves.fact(act, case, Kind.EVALUATION_OPENED, **told))


def _here(act: Act, request_id: str, side: Side, values: Mapping[str, Any]) -> None:
    act.tx.change(evaluations, {"request_id": request_id, "side": side.value}, values)
