"""The one place where a request, its workitem and the log change together.

`move` asks the request table, applies the joint rule to the workitem and to the opinions that are
still to come, writes all of them by compare-and-set and tells the fact. No other module sets a
request's or a workitem's state. `ask` and `settle` begin and end the one thing that a requester
owes while a request stays open.
"""

from typing import Any

from telemed.actions import experts, promises
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import request, workitem
from telemed.core.activity import Fact, Kind
from telemed.core.clocks import Turn
from telemed.core.errors import Problem
from telemed.store import reports, requests
from telemed.store.tx import Row


def fact(act: Act, case: Case, kind: Kind, **data: object) -> Fact:
    """A fact about a case by the one who acts; it names the attempt that the step left behind.

    What a clock does is done by nobody, at the institution that was asked.
    """
    place = act.subject.institution_id
    return Fact(
        kind=kind,
        at=act.now,
        actor_id=None if place is None else act.subject.account_id,
        institution_id=case.row["provider_id"] if place is None else place,
        parties=case.parties,
        request_id=case.id,
        data=case.data(**attempt(act, case), **data),
    )


def attempt(act: Act, case: Case) -> dict[str, object]:
    """The case's latest attempt, as its facts name it: what UPS subscribers are told comes from
    here."""
    current = requests.current_workitem(act.tx, case.id)
    return {} if current is None else {"workitem": current["id"], "attempt": current["attempt"]}


def move(
    act: Act, case: Case, event: request.Event, values: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Take one step of the request table with all that it does to the workitem and the clocks;
    what was written."""
    to = request.MACHINE.step(case.state, event)
    joint = request.JOINT[event]
    current = requests.current_workitem(act.tx, case.id)
    reason = ((values or {}).get("step_reason") or {}).get("code") or event.value
    if joint.complete:
        end_workitem(act, current, workitem.Event.COMPLETE, event.value)
    if joint.cancel and current is not None and current["state"] in requests.OPEN_WORKITEM:
        end_workitem(act, current, workitem.Event.CANCEL, reason)
        reports.discard_drafts(act.tx, case.id, act.now)
    if joint.close:
        experts.close(act, case, event)
    _tell_settled(act, case)
    turn = promises.turn(act, case, to)
    changes = {"state": to.value, "updated_at": act.now, **turn, **(values or {})}
    if not requests.change(act.tx, case.id, case.row["version"], changes):
        raise Problem("stale", current="?")
    if joint.schedule:
        provider = str(changes.get("provider_id") or case.row["provider_id"])
        requests.schedule(act.tx, act.new_id(), case.id, provider, act.now)
    return changes


def ask(act: Act, case: Case, provider: str) -> None:
    """The requester's clock runs: may this open request be passed on to `provider`?"""
    due = promises.owed_at(act, case, Turn.PASSING.value)
    _change(act, case, {"asked_since": act.now, "asked_due_at": due})
    begun = {"asked_at": act.now.isoformat(), **promises.begun({"asked_due_at": due})}
    act.tell(fact(act, case, Kind.REQUEST_OVERFLOW_ASKED, to=provider, **begun))


def settle(act: Act, case: Case) -> None:
    """Somebody is to read it here after all: what `ask` asked is asked no longer."""
    if promises.owes(case) is Turn.PASSING:
        _tell_settled(act, case)
        _change(act, case, promises.rested(act, case))


def _tell_settled(act: Act, case: Case) -> None:
    if promises.owes(case) is Turn.PASSING:
        act.tell(fact(act, case, Kind.REQUEST_OVERFLOW_SETTLED, **promises.ended(case)))


def _change(act: Act, case: Case, values: dict[str, Any]) -> None:
    if not requests.change(act.tx, case.id, case.row["version"], values):
        raise Problem("stale", current="?")


def end_workitem(act: Act, current: Row | None, event: workitem.Event, reason: str) -> None:
    """COMPLETE or CANCEL the current attempt."""
    if current is None:
        raise Problem("illegal-transition", state="-", event=event.value)
    to = workitem.MACHINE.step(workitem.State(current["state"]), event)
    done = {"state": to.value, "ended_at": act.now, "end_reason": reason, "lease_until": None}
    if not requests.change_workitem(act.tx, current["id"], current["state"], done):
        raise Problem("stale", current="?")
