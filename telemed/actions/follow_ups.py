"""Follow-ups: planned with the answer, answered by the requesting side, told to the expert.

Only `_step` sets a follow-up's state, by the table. What became of the patient is the requesting
side's to say; whoever signed the answer gets it as a notice in the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from telemed.actions import door, moves, notices, unnamed
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import follow_up as rule
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.aftercare_rules import CountsFrom
from telemed.core.catalogue import Words
from telemed.core.errors import Problem
from telemed.core.escalation import Weight
from telemed.core.follow_up import Event, State
from telemed.store import follow_ups as store
from telemed.store import notices as notice_store
from telemed.store import reports
from telemed.store.access import visible_requests
from telemed.store.tx import Row

OUTCOME: Final = "follow-up-outcome"
"""The notice that tells an expert what became of the patient."""
MOST_SHOWN: Final = 50
MOST_OUTCOMES: Final = 100
AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the patient, whether the advice was followed, and what else there is to say.

    `diagnosis` is the final one, where it is another than the decision said: code and name.
    """

    outcome: str
    advice: str
    note: str = ""
    diagnosis: Mapping[str, str] | None = None


_TOLD: Final = {
    "note": Words("说明", "remark"),
    "diagnosis": Words("最终诊断", "final diagnosis"),
}
"""What whoever answered the case reads of it."""


# --- planning -------------------------------------------------------------------------------------


def plan(act: Act, request_id: str, counts_from: CountsFrom, since: datetime) -> int:
    """Plan what follows an answer or a session; how many. Planned twice is planned once.

    What has lapsed by now is planned no more: nobody is asked of what was over before there were
    follow-ups.
    """
    case = door.case_for_clock(act, request_id)
    if case is None or case.row["provider_id"] is None:
        return 0
    known = act.catalogue.aftercare.follow_ups
    rows = [
        _planned(act, case, days, rule.times(known, since, days))
        for days in known.days(case.row["service"], counts_from)
    ]
    return store.add(act.tx, [row for row in rows if act.now < row["lapses_at"]])


def _planned(act: Act, case: Case, days: int, when: rule.Times) -> dict[str, Any]:
    return {
        "id": act.new_id(),
        "request_id": case.id,
        "days": days,
        "requester_id": case.row["requester_id"],
        "provider_id": case.row["provider_id"],
        "opens_at": when.opens,
        "due_at": when.due,
        "overdue_at": when.overdue,
        "lapses_at": when.lapses,
        "state": State.PLANNED.value,
        "version": 1,
        "note": "",
        "changed_at": act.now,
    }


# --- the clock's part -----------------------------------------------------------------------------


def come_and_lapse(act: Act) -> int:
    """Take the steps that the time demands; how many."""
    act.tx.take_turn("follow-ups")
    done = 0
    for row in store.to_step(act.tx, act.now, AT_ONCE):
        event = rule.what_comes(State(row["state"]), row["due_at"], row["lapses_at"], act.now)
        case = door.case_for_clock(act, row["request_id"])
        if event is None or case is None:
            continue
        _step(act, row, event, {})
        kind = Kind.FOLLOWUP_DUE if event is Event.COME else Kind.FOLLOWUP_LAPSED
        _tell(act, case, row, kind)
        done += 1
    return done


# --- people's part --------------------------------------------------------------------------------


def of_case(act: Act, request_id: str) -> tuple[Case, list[Row]]:
    """The follow-ups of a case that the subject may see."""
    case = door.case(act, request_id)
    return case, store.of_request(act.tx, case.id)


def waiting(act: Act) -> tuple[list[Row], int]:
    """What the own institution is to answer now, and how many in all."""
    act.subject.require(Permission.WRITE_REQUESTS)
    own = act.subject.own_institution
    rows = store.waiting(act.tx, own, MOST_SHOWN)
    return rows, len(rows) if len(rows) < MOST_SHOWN else store.count_waiting(act.tx, own)


def my_outcomes(act: Act) -> list[Row]:
    """What became of the patients of whom the subject signed the answer, the newest first."""
    act.subject.require(Permission.WRITE_REPORTS)
    if act.subject.person_id is None:
        return []
    seen = visible_requests(act.subject, act.now)
    return store.outcomes(act.tx, act.subject.person_id, seen, MOST_OUTCOMES)


def answer(act: Act, follow_up_id: str, given: Answer) -> Case:
    """Say what became of the patient, or correct it while that is allowed."""
    row = store.get(act.tx, follow_up_id)
    if row is None:
        act.subject.require(Permission.WRITE_REQUESTS)
        raise Problem("not-found")
    case = door.own_case(act, row["request_id"])
    known = act.catalogue.aftercare.follow_ups
    rule.require_coded(known.outcomes, given.outcome, "outcome")
    rule.require_coded(known.advice, given.advice, "advice")
    state = State(row["state"])
    event = rule.event_of(known, state, row["answered_at"], act.now)
    rule.require_open(state, row["opens_at"], act.now)
    told = {"note": given.note, "diagnosis": (given.diagnosis or {}).get("name", "")}
    unnamed.require(act, case.id, told, _TOLD)
    first = {"answered_by": act.subject.account_id, "answered_at": act.now}
    values = {
        "outcome": given.outcome,
        "advice": given.advice,
        "note": given.note,
        "diagnosis": None if given.diagnosis is None else dict(given.diagnosis),
        **(first if event is Event.ANSWER else {}),
    }
    _step(act, row, event, values)
    ended = given.outcome in known.ends
    _drop_or_resume(act, case, row, ended)
    kind = Kind.FOLLOWUP_ANSWERED if event is Event.ANSWER else Kind.FOLLOWUP_CORRECTED
    was = {} if event is Event.ANSWER else {"was": row["outcome"]}
    early = {"early": True} if state is State.PLANNED else {}
    _tell(act, case, row, kind, outcome=given.outcome, advice=given.advice, **was, **early)
    _tell_expert(act, case, row)
    return case


def _drop_or_resume(act: Act, case: Case, answered: Row, ended: bool) -> None:
    """After an outcome that ends the story nobody is asked again; after another they are."""
    state, event = (State.PLANNED, Event.DROP) if ended else (State.DROPPED, Event.RESUME)
    for row in store.of_request(act.tx, case.id):
        if row["days"] > answered["days"] and row["state"] == state:
            _step(act, row, event, {})


def _step(act: Act, row: Row, event: Event, values: Mapping[str, Any]) -> None:
    to = rule.MACHINE.step(State(row["state"]), event)
    written = {"state": to.value, "changed_at": act.now, **values}
    if not store.change(act.tx, row, written):
        raise Problem("stale", current="?")


def _tell(act: Act, case: Case, row: Row, kind: Kind, **data: object) -> None:
    due = row["due_at"].isoformat()
    act.tell(moves.fact(act, case, kind, follow_up=str(row["days"]), due_at=due, **data))


def _tell_expert(act: Act, case: Case, row: Row) -> None:
    """Whoever signed the answer learns of it in the page, each time there is something new."""
    people = {
        version[who]
        for version in reports.versions(act.tx, case.id)
        if version["state"] == "final"
        for who in ("author_id", "verifier_id")
        if version[who] is not None
    }
    told = notices.Told(
        source=f"follow-up:{row['id']}:{row['version']}",
        occasion=OUTCOME,
        weight=Weight.ROUTINE,
        request_id=case.id,
    )
    accounts: Sequence[str] = notice_store.accounts_of(act.tx, people) if people else []
    notices.tell(act, told, accounts, (), ())
