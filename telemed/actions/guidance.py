"""A guided operation as it goes on: the note, what is entered, what was taken, how it ended.

Whoever guides advises, they and the operating side enter key moments and interruptions, the
operating side says of an advice whether it was taken. Nothing that was entered changes. A session
does not begin before both sides have acknowledged the note by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from telemed.actions import door, forms, guides, moves, worklist
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.actions.door import Case
from telemed.core import completeness, request
from telemed.core import guidance as rule
from telemed.core.access import Permission, Relation
from telemed.core.activity import Kind
from telemed.core.appointment import State
from telemed.core.errors import Problem
from telemed.core.guidance import MOST_ENTRIES, Held, Side
from telemed.store import appointments, requests
from telemed.store import guidance as store
from telemed.store.tx import Row

_OUTCOME_IN: Final = frozenset(
    {request.State.OPEN, request.State.ANSWERED, request.State.CONFIRMED}
)


@dataclass(frozen=True, slots=True)
class Course:
    """All that is kept of a guided operation."""

    case: Case
    side: Side | None
    notes: list[Row]
    entries: list[Row]
    outcomes: list[Row]
    allowed: list[str]


@dataclass(frozen=True, slots=True)
class Said:
    """What is entered: when it was said, and which entry it corrects."""

    kind: str
    text: str
    at: datetime | None = None
    corrects: str | None = None


def show(act: Act, request_id: str) -> Course:
    """How an operation went, for whoever sees its case."""
    case = _guided(act, request_id)
    if act.subject.masked:
        return Course(case, None, [], [], [], [])
    notes, entries = store.notes(act.tx, case.id), store.entries(act.tx, case.id)
    outcomes = store.outcomes(act.tx, case.id)
    side = _side(act, case)
    return Course(case, side, notes, entries, outcomes, _allowed(act, case, side, notes))


def acknowledge(act: Act, request_id: str, version: str) -> None:
    """Take note, by name, for one's side; once for each wording. Saying it twice is once."""
    case = _guided(act, request_id)
    act.tx.take_turn(f"guidance {case.id}")
    side, rules = _require_side(act, case), act.catalogue.guidance
    if version != rules.version:
        raise Problem("stale", current=rules.version)
    if case.state is not request.State.OPEN:
        raise Problem(
            "illegal-transition",
            state=request.MACHINE.word(case.state),
            event={"zh": "确认责任提示", "en": "acknowledge the note"},
        )
    if side is Side.GUIDING:
        _require_qualified(act, case)
    elif not guides.operates(act, case):
        raise Problem("not-the-operator")
    known = {row["side"] for row in store.notes(act.tx, case.id) if row["version"] == version}
    if side in known:
        return
    row = {
        "id": act.new_id(), "request_id": case.id, "side": side.value, "version": version,
        "person_id": act.subject.person_id, "account_id": act.subject.account_id, "at": act.now,
    }  # fmt: skip
    store.add_note(act.tx, row)
    act.tell(moves.fact(act, case, Kind.GUIDANCE_ACKNOWLEDGED, side=side.value, version=version))


def require_acknowledged(act: Act, booked: Booked) -> None:
    """Problem unless the session is of no guided operation, or both sides have taken note."""
    request_id = booked.row["request_id"]
    row = requests.get(act.tx, request_id) if request_id else None
    if row is None or act.catalogue.services[row["service"]].guides is None:
        return
    version = act.catalogue.guidance.version
    known = [n["side"] for n in store.notes(act.tx, row["id"]) if n["version"] == version]
    if rule.unacknowledged(known):
        raise Problem("note-unacknowledged")


def enter(act: Act, request_id: str, said: Said) -> str:
    """Enter something while a session runs, or shortly after; the entry's id."""
    case = _guided(act, request_id)
    act.tx.take_turn(f"guidance {case.id}")
    side, rules = _require_side(act, case), act.catalogue.guidance
    kind = rules.kinds.get(said.kind)
    if kind is None or not said.text.strip():
        raise Problem("invalid", detail="kind" if kind is None else "text")
    if kind.marked and side is not Side.GUIDING:
        raise Problem("not-the-guide")
    if kind.marked:
        _require_qualified(act, case)
    sessions = _sessions(act, case)
    rule.require_running(rules, sessions, act.now)
    at = said.at or act.now
    rule.require_moment(rules, at, sessions, act.now)
    before = store.entries(act.tx, case.id)
    _require_correctable(act, before, said, side)
    if len(before) >= MOST_ENTRIES:
        raise Problem("invalid", detail=f"> {MOST_ENTRIES}")
    row = {
        "id": act.new_id(), "request_id": case.id, "n": len(before) + 1, "kind": said.kind,
        "side": side.value, "text": said.text.strip(), "at": at, "entered_at": act.now,
        "entered_by": act.subject.account_id, "corrects": said.corrects,
    }  # fmt: skip
    store.add_entry(act.tx, row)
    corrects = said.corrects is not None
    act.tell(
        moves.fact(act, case, Kind.GUIDANCE_ENTERED, entry=said.kind, side=side.value,
                   corrects=corrects)
    )  # fmt: skip
    return str(row["id"])


def mark(act: Act, request_id: str, entry_id: str, taken: bool, note: str) -> None:
    """The operating side says what became of an advice; said once, it stands."""
    case = _guided(act, request_id)
    act.tx.take_turn(f"guidance {case.id}")
    if _require_side(act, case) is not Side.OPERATING or not guides.operates(act, case):
        raise Problem("not-the-operator")
    row = store.entry(act.tx, entry_id)
    if row is None or row["request_id"] != case.id:
        raise Problem("not-found")
    if not act.catalogue.guidance.kinds[row["kind"]].marked:
        raise Problem("invalid", detail="kind")
    if store.is_marked(act.tx, entry_id):
        raise Problem("already-marked")
    if not taken and not note.strip():
        raise Problem("reason-required")
    store.add_mark(
        act.tx,
        {"entry_id": entry_id, "taken": taken, "note": note.strip(),
         "marked_by": act.subject.account_id, "marked_at": act.now},
    )  # fmt: skip
    act.tell(moves.fact(act, case, Kind.GUIDANCE_MARKED, taken=taken))


def set_outcome(act: Act, request_id: str, content: Mapping[str, Any]) -> None:
    """How it ended, by the operating side, once a session was; entered again, both stand."""
    act.subject.require(Permission.WRITE_REQUESTS)
    case = door.own_case(act, request_id)
    act.tx.take_turn(f"guidance {case.id}")
    fields = case.service.outcome_fields()
    if not fields or case.state not in _OUTCOME_IN:
        raise Problem("not-found")
    rule.require_ended(_sessions(act, case))
    kept = forms.keep(act, fields, content)
    gaps = completeness.missing_of(case.service.outcome_form, kept)
    if gaps:
        facts = [{"section": m.section, "field": m.field} for m in gaps]
        raise Problem("incomplete", count=len(gaps), missing=facts)
    before = store.outcomes(act.tx, case.id)
    store.add_outcome(
        act.tx,
        {"id": act.new_id(), "request_id": case.id, "n": len(before) + 1, "content": kept,
         "entered_by": act.subject.account_id, "entered_at": act.now},
    )  # fmt: skip
    codes = {f.key: kept[f.key] for f in fields if f.type == "select" and f.key in kept}
    again, level = len(before) > 0, _level(case)
    act.tell(moves.fact(act, case, Kind.GUIDANCE_OUTCOME_SET, again=again, level=level, **codes))


# --- the rest -----------------------------------------------------------------------------------


def _guided(act: Act, request_id: str) -> Case:
    case = door.case(act, request_id)
    if case.service.guides is None:
        raise Problem("not-found")
    return case


def _side(act: Act, case: Case) -> Side | None:
    """Whose word the subject's is; None for those who only look: who is listed to watch, and
    whoever of the guiding side does not guide this operation."""
    who, held = act.subject.person_id, act.subject.permissions
    if who is None:
        return None
    if case.relation is Relation.OWN:
        speaks = Permission.SEE_CALENDARS in held and not guides.is_listed(act, case)
        return Side.OPERATING if speaks else None
    if case.relation not in (Relation.PROVIDER, Relation.EXPERT):
        return None
    speaks = Permission.WRITE_REPORTS in held and who in guides.of_case(act, case.id)
    return Side.GUIDING if speaks else None


def _require_side(act: Act, case: Case) -> Side:
    side = _side(act, case)
    if side is None:
        raise Problem("only-watches" if guides.is_listed(act, case) else "not-the-guide")
    return side


def _require_qualified(act: Act, case: Case) -> None:
    """Problem("not-qualified") for who may not guide at this level, though they sit in it."""
    row = {**case.row, "provider_id": act.subject.own_institution}
    refusal = worklist.why_not(worklist.taker(act.tx, act.subject), case.service, row, act.now)
    if refusal is not None:
        raise worklist.not_qualified(refusal)


def _sessions(act: Act, case: Case) -> list[Held]:
    rows = appointments.of_request(act.tx, case.id)
    return [_held(State(row["state"]), row) for row in rows]


def _held(state: State, row: Row) -> Held:
    # Nothing happens to a session after its end, so that its last change is when that was.
    return Held(state, row["since"], row["updated_at"] if state is State.ENDED else None)


def _require_correctable(act: Act, before: list[Row], said: Said, side: Side) -> None:
    """A correction names an entry of the own side and of the same kind."""
    if said.corrects is None:
        return
    row = next((r for r in before if r["id"] == said.corrects), None)
    if row is None:
        raise Problem("not-found")
    if row["side"] != side or row["kind"] != said.kind:
        raise Problem("invalid", detail="corrects")


def _allowed(act: Act, case: Case, side: Side | None, notes: list[Row]) -> list[str]:
    if side is None:
        return []
    rules, found = act.catalogue.guidance, []
    known = {row["side"] for row in notes if row["version"] == rules.version}
    decides = side is Side.GUIDING or guides.operates(act, case)
    if case.state is request.State.OPEN and side not in known and decides:
        found.append("acknowledge")
    sessions = _sessions(act, case)
    try:
        rule.require_running(rules, sessions, act.now)
        found.append("enter")
    except Problem:
        pass
    if side is Side.OPERATING and decides:
        found.append("mark")
        ended = any(one.ended_at is not None for one in sessions)
        if ended and case.state in _OUTCOME_IN and _may_write(act):
            found.append("outcome")
    return found


def _level(case: Case) -> str | None:
    guides = case.service.guides
    return None if guides is None else str(case.row["content"].get(guides.level, ""))


def _may_write(act: Act) -> bool:
    return Permission.WRITE_REQUESTS in act.subject.permissions
