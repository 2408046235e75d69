"""Hiding images with a reason, putting them back, deleting them by a second person.

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
from telemed.core.removal import Event, Keeping, Level, State
from telemed.dicom.scan import valid_uid
from telemed.store import holds, removals, studies
from telemed.store import tables as t
from telemed.store.audit import Event as Audited
from telemed.store.tx import Row

ZONE = ZoneInfo("Asia/Shanghai")
MOST = 200


def hide(act: Act, study_id: str, level: Level, uid: str, reason: str, note: str) -> str:
    """Take a study, a series or an instance out of what is shown; the removal's id."""
    study = own_study(act, study_id)
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
    if holds.on_hold(act.tx, row["study_id"]):
        raise Problem("on-hold")
    require_not_being_read(act, row["study_id"])
    kept = keeping(act, act.tx.find(t.studies, id=row["study_id"]) or {})
    if kind is not None and kind not in kept.until:
        raise Problem("invalid", detail="kind")
    rules.require_retention_over(kept.until[kind] if kind else kept.longest, today(act))
    _end(act, row, Event.DELETE)
    removals.destroy(act.tx, removal_id, act.now)
    study = {"id": row["study_id"], "institution_id": row["institution_id"]}
    say(act, Kind.IMAGES_DELETED, study, row["instances"], level=row["level"], record=kind)


def keeping(act: Act, study: Row) -> Keeping:
    """From which day a study's images are kept, and until when by kind of record."""
    return rules.keeping(study["study_date"], study["received_at"], act.catalogue.retention)


def cares_for(act: Act, study: Row) -> bool:
    """Whether a study is of the subject's institution, and they care for its images."""
    mine = study["institution_id"] == act.subject.institution_id
    return mine and Permission.CORRECT_STUDIES in act.subject.permissions


def today(act: Act) -> date:
    """The day in Guangxi."""
    return act.now.astimezone(ZONE).date()


def listed(act: Act, state: State | None) -> list[Row]:
    """The institution's removals, newest first, each with all that keeps it from deletion."""
    act.subject.require(Permission.CORRECT_STUDIES)
    found = removals.listed(
        act.tx, act.subject.own_institution, state.value if state else None, MOST
    )
    return [
        {
            **row,
            "keeping": keeping(act, row),
            "on_hold": holds.on_hold(act.tx, row["study_id"]),
            "in_use": _is_being_read(act, row["study_id"]),
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
    rules.require_not_being_read(request.State(case["state"]) for case in cases_of(act, study_id))


def cases_of(act: Act, study_id: str) -> list[Row]:
    """The cases that show a study, whoever may see them."""
    states = [s.value for s in request.State]
    return studies.requests_with(act.tx, [study_id], t.requests.c.state.in_(states))


def _is_being_read(act: Act, study_id: str) -> bool:
    states = {request.State(case["state"]) for case in cases_of(act, study_id)}
    return bool(states & rules.BEING_READ)


def say(act: Act, kind: Kind, study: Row, instances: int, **data: object) -> None:
    """The fact and the audit of one step."""
    told = {"instances": instances, **data}
    image_facts.tell(act, kind, study["institution_id"], study["id"], **told)
    event = Audited.STUDY_DELETED if kind is Kind.IMAGES_DELETED else Audited.IMAGES_CORRECTED
    audited(act, event, "study", study["id"], "success", what=kind.value, **told)


def own_study(act: Act, study_id: str, permission: Permission = Permission.CORRECT_STUDIES) -> Row:
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
