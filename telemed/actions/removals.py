"""Hiding images with a reason, putting them back, deleting them by a second person, holding them.

All of it is the owning institution's alone. Each step is a fact, an entry of the audit, and a flag
on every report that was signed on the images.
"""

from datetime import date
from zoneinfo import ZoneInfo

from telemed.actions import door, image_changes, image_facts
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.actions.image_changes import What
from telemed.core import removal as rules
from telemed.core import request
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.removal import Event, Level, State
from telemed.dicom.scan import valid_uid
from telemed.store import removals, studies
from telemed.store import tables as t
from telemed.store.audit import Event as Audited
from telemed.store.removal_tables import legal_holds
from telemed.store.tx import Row

ZONE = ZoneInfo("Asia/Shanghai")
MOST = 200


def hide(act: Act, study_id: str, level: Level, uid: str, reason: str, note: str) -> str:
    """Take a study, a series or an instance out of what is shown; the removal's id."""
    study = _own(act, study_id)
    require_not_being_read(act, study_id)
    if act.catalogue.reason("hide", reason) is None:
        raise Problem("reason-required")
    if level is not Level.STUDY and not valid_uid(uid):
        raise Problem("not-found")
    named = study["study_uid"] if level is Level.STUDY else uid
    row = new_removal(act, study, rules.Kind.HIDDEN, level, named, reason, note)
    moved = removals.take_out(act.tx, row, removals.of_level(level, uid), act.now)
    if not moved:
        raise Problem("not-found")
    say(act, Kind.IMAGES_HIDDEN, study, moved, reason=reason, level=level.value)
    image_changes.note(act, {study_id: moved}, What.HIDDEN)
    return str(row["id"])


def put_back(act: Act, removal_id: str) -> None:
    """Show again what was hidden, or the copy that a correction replaced."""
    row = _removal(act, removal_id)
    _end(act, row, Event.RESTORE)
    if removals.put_back(act.tx, row, act.now, act.new_id):
        raise Problem("another-copy")
    study = {"id": row["study_id"], "institution_id": row["institution_id"]}
    say(act, Kind.IMAGES_RESTORED, study, row["instances"], level=row["level"])
    image_changes.note(act, {row["study_id"]: row["instances"]}, What.RESTORED)


def delete(act: Act, removal_id: str, kind: str | None) -> None:
    """Delete for good what somebody else took out, once nothing keeps it.

    `kind` is the kind of record that retention counts by, None where nobody can say. The row
    stays, without content, so that "gone" can be said and the UID is not taken again.
    """
    act.subject.require(Permission.DELETE_STUDIES)
    row = _removal(act, removal_id)
    rules.require_other_person(row["removed_by"], act.subject.account_id)
    if removals.on_hold(act.tx, row["study_id"]):
        raise Problem("on-hold")
    require_not_being_read(act, row["study_id"])
    rules.require_retention_over(
        kept_until(act, row["study_id"], kind), act.now.astimezone(ZONE).date()
    )
    _end(act, row, Event.DELETE)
    removals.destroy(act.tx, removal_id, act.now)
    study = {"id": row["study_id"], "institution_id": row["institution_id"]}
    say(act, Kind.IMAGES_DELETED, study, row["instances"], level=row["level"], record=kind)


def kept_until(act: Act, study_id: str, kind: str | None = None) -> date:
    """The first day on which a study's images may be deleted."""
    study = act.tx.find(t.studies, id=study_id) or {}
    studied = rules.study_day(study["study_date"], study["received_at"])
    known = {row.kind for row in act.catalogue.retention}
    if kind is not None and kind not in known:
        raise Problem("invalid", detail="kind")
    return rules.kept_until(studied, kind, act.catalogue.retention)


def hold(act: Act, study_id: str, reason: str) -> None:
    """Put a study under legal hold (封存): nothing of it is deleted until the hold ends."""
    study = _own(act, study_id, Permission.DELETE_STUDIES)
    if removals.on_hold(act.tx, study_id):
        return  # a retried click: the hold stands
    act.tx.insert(
        legal_holds,
        {
            "id": act.new_id(),
            "institution_id": study["institution_id"],
            "study_id": study_id,
            "reason": " ".join(reason.split()),
            "held_by": act.subject.account_id,
            "at": act.now,
        },
    )
    say(act, Kind.IMAGES_HELD, study, study["instance_count"])


def end_hold(act: Act, study_id: str) -> None:
    """End a study's legal hold."""
    study = _own(act, study_id, Permission.DELETE_STUDIES)
    open_ones = [h for h in removals.holds_of(act.tx, study_id) if h["ended_at"] is None]
    if not open_ones:
        return
    ended = {"ended_by": act.subject.account_id, "ended_at": act.now}
    for one in open_ones:
        act.tx.change(legal_holds, {"id": one["id"]}, ended)
    say(act, Kind.IMAGES_HOLD_ENDED, study, study["instance_count"])


def listed(act: Act, state: State | None) -> list[Row]:
    """The institution's removals, newest first, each with the day until which it is kept."""
    act.subject.require(Permission.CORRECT_STUDIES)
    found = removals.listed(
        act.tx, act.subject.own_institution, state.value if state else None, MOST
    )
    return [
        {
            **row,
            "kept_until": kept_until(act, row["study_id"]),
            "on_hold": removals.on_hold(act.tx, row["study_id"]),
            "mine": row["removed_by"] == act.subject.account_id,
        }
        for row in found
    ]


def signed_images(act: Act, request_id: str) -> list[Row]:
    """What a case's signed report was made on and is no longer shown: its parties still see it."""
    act.subject.require(Permission.SEE_STUDIES)
    case = door.case(act, request_id)
    if not (case.own or case.providing):
        raise Problem("forbidden", action=Permission.SEE_STUDIES.value)
    return removals.shown_when_signed(act.tx, case.id)


# --- shared with the quarantine ---------------------------------------------------------------


def new_removal(
    act: Act, study: Row, kind: rules.Kind, level: Level, uid: str, reason: str, note: str
) -> dict[str, object]:
    """A removal's row without its count."""
    return {
        "id": act.new_id(),
        "institution_id": study["institution_id"],
        "study_id": study["id"],
        "kind": kind.value,
        "state": State.OUT.value,
        "level": level.value,
        "uid": uid,
        "reason": reason,
        "note": " ".join(note.split()),
        "removed_by": act.subject.account_id,
        "at": act.now,
    }


def require_not_being_read(act: Act, study_id: str) -> None:
    """Problem("study-in-use") while an open case shows the study."""
    states = [s.value for s in request.State]
    cases = studies.requests_with(act.tx, [study_id], t.requests.c.state.in_(states))
    rules.require_not_being_read(request.State(case["state"]) for case in cases)


def say(act: Act, kind: Kind, study: Row, instances: int, **data: object) -> None:
    """The fact and the audit of one step."""
    told = {"instances": instances, **data}
    image_facts.tell(act, kind, study["institution_id"], study["id"], **told)
    event = Audited.STUDY_DELETED if kind is Kind.IMAGES_DELETED else Audited.IMAGES_CORRECTED
    audited(act, event, "study", study["id"], "success", what=kind.value, **told)


def _own(act: Act, study_id: str, permission: Permission = Permission.CORRECT_STUDIES) -> Row:
    """A study of the subject's institution, hidden or not, or Problem("not-found")."""
    act.subject.require(permission)
    institution = act.subject.own_institution
    studies.take_turn(act.tx, institution)
    study = act.tx.find(t.studies, id=study_id, institution_id=institution)
    if study is None:
        raise Problem("not-found")
    return study


def _removal(act: Act, removal_id: str) -> Row:
    act.subject.require(Permission.CORRECT_STUDIES)
    institution = act.subject.own_institution
    studies.take_turn(act.tx, institution)
    row = removals.removal(act.tx, institution, removal_id)
    if row is None:
        raise Problem("not-found")
    return row


def _end(act: Act, row: Row, event: Event) -> None:
    """Step the removal; whoever comes second is told where it is by now."""
    to = rules.MACHINE.step(State(row["state"]), event)
    if not removals.end(act.tx, row["id"], to, act.subject.account_id, act.now):
        raise Problem("stale", current="?")
