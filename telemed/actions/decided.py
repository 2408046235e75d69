"""Keeps why a case was given as it was, and tells it again.

A decision holds the ranking with the figures behind it, the name of the rule and who decided: ids,
codes and numbers, so that it can be explained when the people and the rule have long changed.
"""

from collections.abc import Sequence
from datetime import timedelta

from telemed.actions import door
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.ranking import Place
from telemed.core.access import Permission
from telemed.core.assignment import By, Mode, Outcome
from telemed.core.assignment_rules import points
from telemed.core.ranking import recorded
from telemed.store import log, rulings
from telemed.store.tx import Row


def keep(
    act: Act,
    case: Case,
    current: Row,
    places: Sequence[Place],
    outcome: Outcome,
    *,
    person_id: str | None = None,
    provider_id: str | None = None,
) -> None:
    """Write a decision about an attempt, by the subject or, when a clock acts, by the rule."""
    row, rules, by_rule = case.row, act.catalogue.assignment, act.subject.institution_id is None
    ranking, others = recorded([place.ranked for place in places])
    rulings.decide(
        act.tx,
        {
            "id": act.new_id(),
            "request_id": case.id,
            "workitem_id": current["id"],
            "institution_id": row["provider_id"],
            "at": act.now,
            "seq": log.head(act.tx),
            "rule": rules.version,
            "mode": mode_of(act, row["provider_id"], row["service"]).value,
            "outcome": outcome.value,
            "decided_by": (By.RULE if by_rule else By.COORDINATOR).value,
            "account_id": None if by_rule else act.subject.account_id,
            "person_id": person_id,
            "provider_id": provider_id,
            "points": points(rules, row["service"], row["modality"]),
            "ranking": ranking,
            "others": others,
        },
    )


LOOK_BACK = timedelta(days=90)
MOST_GONE = 100


def of_case(act: Act, request_id: str) -> list[Row]:
    """What the own institution decided about a case, oldest first.

    Its own decisions stay its to read when the case has gone to another institution: they hold
    what was known here and nothing that came after. Whoever decided nothing needs the case.
    """
    act.subject.require(Permission.ASSIGN_WORK)
    own = rulings.decisions(act.tx, request_id, act.subject.own_institution)
    if not own:
        door.provided_case(act, request_id, Permission.ASSIGN_WORK)
    return own


def gone(act: Act) -> list[Row]:
    """The last decision here about each case that nobody here could take and that is no longer
    ours, newest first."""
    act.subject.require(Permission.ASSIGN_WORK)
    since = act.now - LOOK_BACK
    return rulings.gone(act.tx, act.subject.own_institution, since, MOST_GONE)


def mode_of(act: Act, institution_id: str, service: str) -> Mode:
    """How an institution gives out the cases of a service."""
    row = rulings.modes(act.tx, institution_id).get((institution_id, service))
    return Mode.OFF if row is None else Mode(row["mode"])
