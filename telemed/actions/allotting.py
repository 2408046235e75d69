"""The rule gives out a case: looks at an attempt that waits, decides, and says when to look again.

It acts for nobody and only where a coordinator has switched it on. Deciding twice does no harm:
what is given, begun or over is left alone, and of any number of processes one is in the turn of an
institution at a time.
"""

from datetime import datetime, timedelta

from telemed.actions import assigning, decided, door, overflow, promises, ranking
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.ranking import Online, Place
from telemed.core import workitem
from telemed.core.assignment import By, Mode, Outcome
from telemed.core.clocks import Turn
from telemed.core.ranking import Light
from telemed.store import requests, roster, rulings
from telemed.store.tx import Row

KEPT = "kept"
"""What the queue says of a case that is somebody's."""
SOMEBODY = "somebody"
"""And of one that waits in an open pool, where somebody could take it."""


def look(act: Act, workitem_id: str, online: Online) -> None:
    """Decide about one attempt of the queue, in this transaction."""
    entry = rulings.queued(act.tx, workitem_id)
    if entry is None:
        return
    act.tx.take_turn(f"assign {entry['institution_id']}")
    case = door.case_for_clock(act, entry["request_id"])
    current = requests.current_workitem(act.tx, entry["request_id"])
    if case is None or current is None or not _waits(current, workitem_id):
        rulings.dequeue(act.tx, workitem_id)
        return
    if current["scheduled_performer_id"] is not None:
        why = _why_ended(act, case, current)
        if why is None:
            rulings.look_again(act.tx, workitem_id, _kept_until(act, case, current), KEPT)
            return
        assigning.open_again(act, case, current, why)
        current = requests.current_workitem(act.tx, case.id) or current
    if watched(act, case):
        _decide(act, case, current, online)
    else:
        rulings.dequeue(act.tx, workitem_id)


def watched(act: Act, case: Case) -> bool:
    """Whether the rule has anything to do with such cases."""
    row = rulings.modes(act.tx, case.row["provider_id"]).get(_service(case))
    return row is not None and watches(row)


def watches(mode: Row) -> bool:
    """Whether the rule has anything to do under a mode."""
    return bool(mode["mode"] == Mode.AUTO or mode["overflow"])


def _waits(current: Row, workitem_id: str) -> bool:
    state = workitem.State(current["state"])
    return bool(current["id"] == workitem_id) and state is workitem.State.SCHEDULED


def _service(case: Case) -> tuple[str, str]:
    return case.row["provider_id"], case.row["service"]


# --- what was given -------------------------------------------------------------------------------


def _why_ended(act: Act, case: Case, current: Row) -> str | None:
    """Why what the rule gave is its reader's no longer; None while it is, or a person said so."""
    if current["scheduled_by"] != By.RULE:
        return None
    if act.now >= current["scheduled_performer_at"] + _keep(act, case):
        return "lapsed"
    duty = ranking.on_duty(act, case)
    gone = duty is not None and current["scheduled_performer_id"] not in duty
    return "off-duty" if gone else None


def _keep(act: Act, case: Case) -> timedelta:
    return act.catalogue.assignment.keeps[case.row["urgency"]]


def _kept_until(act: Act, case: Case, current: Row) -> datetime:
    """When to look at a case that is somebody's: when it lapses, or the roster changes."""
    keep = _keep(act, case)
    until: datetime = current["scheduled_performer_at"] + keep
    if current["scheduled_by"] != By.RULE:
        return act.now + keep
    change = roster.next_change(act.tx, case.row["provider_id"], act.now)
    return until if change is None else min(until, change)


# --- the decision ---------------------------------------------------------------------------------


def _decide(act: Act, case: Case, current: Row, online: Online) -> None:
    """Give it to the first of the ranking, if the rule may and somebody can."""
    places = ranking.ranking(act, case, online)
    first = places[0] if places and places[0].ranked.light is Light.GREEN else None
    auto = decided.mode_of(act, *_service(case)) is Mode.AUTO
    if first is None:
        _nobody(act, case, current, places)
    elif auto:
        person = first.ranked.person_id
        assigning.give(act, case, current, person, By.RULE)
        decided.keep(act, case, current, places, Outcome.GIVEN, person_id=person)
        given = {"scheduled_performer_at": act.now, "scheduled_by": By.RULE}
        rulings.look_again(act.tx, current["id"], _kept_until(act, case, given), KEPT)
    else:
        rulings.look_again(act.tx, current["id"], _again(act, case), SOMEBODY)


def _nobody(act: Act, case: Case, current: Row, places: list[Place]) -> None:
    """Send it on while there is time, or wait; a decision is kept once, not at each look."""
    entry = rulings.queued(act.tx, current["id"])
    found, again = "" if entry is None else entry["found"], _again(act, case)
    mode = rulings.modes(act.tx, case.row["provider_id"])[_service(case)]
    danger = overflow.due_for(act, case) if mode["overflow"] else None
    asked = promises.owes(case) is Turn.PASSING
    if danger is not None and act.now >= danger and not asked:
        outcome = overflow.go_on(act, case, current, places)
        if outcome is Outcome.PASSED_ON:
            rulings.dequeue(act.tx, current["id"])
            return
        found = found if outcome is None else outcome.value
    if found not in (rulings.WAITS, rulings.ASKED):
        decided.keep(act, case, current, places, Outcome.NOBODY)
        found = rulings.WAITS
    if danger is not None and danger > act.now:
        again = min(again, danger)
    rulings.look_again(act.tx, current["id"], again, found)


def _again(act: Act, case: Case) -> datetime:
    again: datetime = act.now + act.catalogue.assignment.again[case.row["urgency"]]
    return again
