"""The quarantine of an institution: what waits, both sides of it, and a person's decision.

The files are judged again before the transaction (`intake.prepare`), as on arrival. Of two people
who decide at once one wins; a decision is a fact, an entry of the audit, and a flag on the reports
that were signed on what it changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from telemed.actions import image_changes, intake, patients, removals
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.actions.image_changes import What
from telemed.actions.intake import Incoming
from telemed.actions.patients import Adoption
from telemed.core import removal as rules
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.errors import Problem
from telemed.core.quarantine import Resolution, require_fitting
from telemed.core.removal import Level
from telemed.store import quarantine, studies
from telemed.store import removals as store
from telemed.store import tables as t
from telemed.store.audit import Event
from telemed.store.removal_tables import conflicts
from telemed.store.studies import Shelf
from telemed.store.tx import Row

PAGE = 200


@dataclass(frozen=True, slots=True)
class Sides:
    """A conflict, its group, the study that is here, and the instance that is shown (if any)."""

    conflict: Row
    group: list[Row]
    study: Row | None
    held: Row | None


def listed(act: Act, open_only: bool | None, reason: str, words: str) -> list[Row]:
    """The institution's quarantine in groups, newest first."""
    act.subject.require(Permission.CORRECT_STUDIES)
    where: list[sa.ColumnElement[bool]] = [sa.true()]
    if open_only is not None:
        resolved = conflicts.c.resolved_at
        where.append(resolved.is_(None) if open_only else resolved.is_not(None))
    if reason:
        where.append(conflicts.c.reason == reason)
    if words.strip():
        plain = words.strip().replace("\0", "")
        columns = (conflicts.c.patient_name, conflicts.c.patient_id, conflicts.c.study_uid)
        where.append(sa.or_(*(c.contains(plain, autoescape=True) for c in columns)))
    return quarantine.groups(act.tx, act.subject.own_institution, sa.and_(*where), PAGE)


def sides(act: Act, conflict_id: str) -> Sides:
    """Both sides of a conflict of the subject's institution, or Problem("not-found")."""
    act.subject.require(Permission.CORRECT_STUDIES)
    found = quarantine.one(act.tx, act.subject.own_institution, conflict_id)
    if found is None:
        raise Problem("not-found")
    return Sides(
        found,
        quarantine.like(act.tx, found),
        quarantine.study_of(act.tx, found),
        quarantine.held(act.tx, found),
    )


def resolve(
    act: Act,
    conflict_id: str,
    how: Resolution,
    reason: str,
    note: str,
    judged: Mapping[str, Incoming],
) -> int:
    """Decide a conflict and all of its group; how many copies. `judged` has them by blob."""
    act.subject.require(Permission.CORRECT_STUDIES)
    studies.take_turn(act.tx, act.subject.own_institution)
    found = sides(act, conflict_id)
    require_fitting(found.conflict["reason"], how)
    if act.catalogue.reason("quarantine", reason) is None:
        raise Problem("reason-required")
    words = f"{reason} {' '.join(note.split())}".strip()
    for row in found.group:
        if not quarantine.resolve(act.tx, row["id"], how, words, act.subject.account_id, act.now):
            raise Problem("stale", current="?")
    copies = [judged[row["blob"]] for row in found.group] if how is not Resolution.KEPT else []
    _carry_out(act, found, how, copies, reason, note)
    _say(act, Kind.CONFLICT_RESOLVED, found, resolution=how.value, reason=reason)
    return len(found.group)


def reopen(act: Act, conflict_id: str) -> None:
    """Take a decision back where nothing was built on it since."""
    act.subject.require(Permission.CORRECT_STUDIES)
    studies.take_turn(act.tx, act.subject.own_institution)
    found = sides(act, conflict_id)
    resolution = found.conflict["resolution"]
    if resolution is None:
        raise Problem("stale", current="?")
    if resolution == Resolution.FILED_NAMED:
        raise Problem("undo-elsewhere")
    for row in found.group:
        if not quarantine.reopen(act.tx, row):
            raise Problem("stale", current="?")
    if resolution in (Resolution.ACCEPTED, Resolution.FILED_HERE):
        _take_back(act, found, resolution == Resolution.ACCEPTED)
    _say(act, Kind.CONFLICT_REOPENED, found, resolution=resolution)


# --- what a decision does ---------------------------------------------------------------------


def _carry_out(
    act: Act, found: Sides, how: Resolution, copies: Sequence[Incoming], reason: str, note: str
) -> None:
    match how:
        case Resolution.KEPT:
            return
        case Resolution.ACCEPTED:
            _replace(act, found, reason, note)
        case Resolution.FILED_NAMED:
            _rename(act, found, copies[0], reason)
        case Resolution.FILED_HERE:
            pass
    institution = act.subject.own_institution
    keeper = Shelf(act.tx, institution, act.now, act.new_id, Adoption(act, decided=True))
    keeper.put([intake.arrival(copy, institution) for copy in copies])
    changed = {g.study_id: g.added for g in keeper.growth() if not g.fresh}
    what = What.CORRECTED if how is Resolution.ACCEPTED else What.ARRIVED
    image_changes.note(act, changed, what)


def _replace(act: Act, found: Sides, reason: str, note: str) -> None:
    """Take out the copies that are shown, study by study: a UID may have been used twice."""
    shown = [held for row in found.group if (held := quarantine.held(act.tx, row))]
    for study_id in sorted({held["study_id"] for held in shown}):
        mine = [held for held in shown if held["study_id"] == study_id]
        study = {"id": study_id, "institution_id": mine[0]["institution_id"]}
        level, uid = Level.STUDY, mine[0]["study_uid"]
        if len(mine) == 1:
            level, uid = Level.INSTANCE, mine[0]["sop_uid"]
        row = removals.new_removal(act, study, rules.Kind.REPLACED, level, uid, reason, note)
        ids = [held["id"] for held in mine]
        moved = store.take_out(act.tx, row, t.instances.c.id.in_(ids), act.now)
        removals.say(act, Kind.IMAGES_REPLACED, study, moved, reason=reason)


def _rename(act: Act, found: Sides, copy: Incoming, reason: str) -> None:
    """The study becomes the patient's whom the new copy names."""
    if found.study is None:
        return
    arrival = intake.arrival(copy, act.subject.own_institution)
    patient = patients.named(act, arrival)
    if patient["id"] != found.study["patient_ref"]:
        patients.move(act, found.study["id"], patient["id"], reason)


def _take_back(act: Act, found: Sides, replaced: bool) -> None:
    """Take the copies out again; what they replaced is shown once more."""
    changed: dict[str, int] = {}
    removed: dict[str, Row] = {}
    for row in found.group:
        held = quarantine.held(act.tx, row)
        keys = (row["institution_id"], row["sop_uid"], row["blob"])
        if held is None or not store.drop_instance(act.tx, *keys, act.now):
            raise Problem("another-copy")
        changed[held["study_id"]] = changed.get(held["study_id"], 0) + 1
        if replaced and (was := store.replaced_by(act.tx, row)):
            removed[was["id"]] = was
    for was in removed.values():
        store.end(act.tx, was["id"], rules.State.RESTORED, act.subject.account_id, act.now)
        if store.put_back(act.tx, was, act.now, act.new_id):
            raise Problem("another-copy")
    image_changes.note(act, changed, What.RESTORED if replaced else What.HIDDEN)


def _say(act: Act, kind: Kind, found: Sides, **data: object) -> None:
    """The fact and the audit of a decision."""
    institution = act.subject.own_institution
    study_id = found.study["id"] if found.study else None
    told = {"instances": len(found.group), "conflict": found.conflict["reason"], **data}
    act.tell(
        Fact(
            kind=kind,
            at=act.now,
            actor_id=act.subject.account_id,
            institution_id=institution,
            parties=(institution,),
            study_id=study_id,
            data=told,
        )
    )
    audited(
        act,
        Event.IMAGES_CORRECTED,
        "conflict",
        found.conflict["id"],
        "success",
        what=kind.value,
        **told,
    )
