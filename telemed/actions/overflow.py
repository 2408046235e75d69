"""Overflow: what nobody at the asked institution can take in time goes on to the next.

By the ranks of the requester's agreements, to the first institution where somebody may take it and
is on duty; never back to one where it was. The consent decides who says so: where it lets others
than the named receiver see the case, the rule passes it on; where it does not, the requester is
asked, once, and agrees with a consent that names the next one (PIPL art. 23).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from telemed.actions import decided, door, moves, promises, ranking, requests
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.ranking import NOBODY_KNOWS, Place
from telemed.core import workitem
from telemed.core.assignment import Outcome, covers
from telemed.core.assignment_rules import danger_at
from telemed.core.clocks import Turn
from telemed.core.errors import Problem
from telemed.core.ranking import Light
from telemed.store import network, rulings
from telemed.store import requests as store
from telemed.store.tx import Row

REASON = "overflow"
"""The coded reason of the step, of `configs/reasons.toml`."""


def due_for(act: Act, case: Case) -> datetime | None:
    """From when a case that nobody can take may go on; None where nothing was promised."""
    row = case.row
    if row["due_at"] is None or row["submitted_at"] is None:
        return None
    waited = timedelta(seconds=row["waited_seconds"])
    return danger_at(act.catalogue.assignment, row["submitted_at"], row["due_at"], waited)


def go_on(act: Act, case: Case, current: Row, places: list[Place]) -> Outcome | None:
    """Pass a case on, or ask the requester; None where there is nowhere to go."""
    provider = next_provider(act, case)
    if provider is None:
        return None
    free = requests.may_go_on(case)
    outcome = Outcome.PASSED_ON if free else Outcome.ASKED
    decided.keep(act, case, current, places, outcome, provider_id=provider)
    if free:
        why = {"step": "redirect", "code": REASON, "note": "", "at": act.now.isoformat()}
        requests.pass_on(act, case, provider, why)
    else:
        moves.ask(act, case, provider)
    return outcome


def next_provider(act: Act, case: Case) -> str | None:
    """The best ranked institution where it was not yet and where somebody can take it."""
    row, service = case.row, case.service
    been = store.providers(act.tx, case.id)
    for offer in network.destinations(act.tx, row["requester_id"], row["service"], act.now):
        provider, scopes = offer["provider_id"], tuple(offer["provider_scopes"])
        licensed = not service.provider_scopes or covers(scopes, service.provider_scopes)
        if provider not in been and licensed and _somebody_can(act, case, provider):
            return str(provider)
    return None


def _somebody_can(act: Act, case: Case, provider: str) -> bool:
    """Whether the rule would find somebody there. Their presence is not asked: a coordinator or a
    roster is enough to be sent work."""
    there = replace(case, row={**case.row, "provider_id": provider})
    places = ranking.ranking(act, there, NOBODY_KNOWS)
    return bool(places) and places[0].ranked.light is Light.GREEN


def agree(act: Act, request_id: str, provider: str, consent: dict[str, Any]) -> None:
    """The requester, who was asked, passes a case on under a consent that names the receiver."""
    case = door.own_case(act, request_id)
    current = store.current_workitem(act.tx, case.id)
    if current is None or not _is_asked(act, case, current):
        raise Problem("not-asked")
    row = {**case.row, "provider_id": provider, "consent": consent}
    gaps = requests.missing(act, replace(case, row=row))
    if provider in store.providers(act.tx, case.id):
        raise Problem("invalid", detail="provider_id")
    if gaps:
        facts = [{"section": gap.section, "field": gap.field} for gap in gaps]
        raise Problem("incomplete", count=len(gaps), missing=facts)
    why = {"step": "redirect", "code": REASON, "note": "", "at": act.now.isoformat()}
    requests.pass_on(act, case, provider, why, {"consent": consent})


def asked(act: Act, request_id: str) -> str | None:
    """The institution to which the requester is asked to let a case go on; None: not asked."""
    case = door.own_case(act, request_id)
    current = store.current_workitem(act.tx, case.id)
    return None if current is None else _is_asked(act, case, current)


def _is_asked(act: Act, case: Case, current: Row) -> str | None:
    """Whom to, while nobody has begun the attempt for which it was asked."""
    waits = current["state"] == workitem.State.SCHEDULED
    if not waits or promises.owes(case) is not Turn.PASSING:
        return None
    return rulings.asked(act.tx, current["id"])
