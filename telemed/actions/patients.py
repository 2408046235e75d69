"""Whose images are: a patient registered twice is merged, a study moves to the right one.

Only inside one institution. Studies and what is asked about them follow; a case whose report was
signed keeps the identity that was signed, and shows that it has changed since. What a file said
before stands in its metadata (`dicom/identity.py`), what was done stands in the history, and can
be taken back.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import sqlalchemy as sa

from telemed.actions import image_changes, image_facts, removals
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.actions.image_changes import What
from telemed.actions.studies import find_patients
from telemed.core import request
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.removal import BEING_READ
from telemed.dicom.identity import WHOSE, with_identity
from telemed.dicom.jsonmodel import row as elements
from telemed.store import network, patients, pseudonyms, studies
from telemed.store import tables as t
from telemed.store.arrivals import Arrival
from telemed.store.audit import Event
from telemed.store.removal_tables import patient_changes
from telemed.store.tx import Row

MERGE, MOVE = "merge", "move"


class Effect(StrEnum):
    """What moving a study does to a case that shows it."""

    BEING_READ = "being-read"
    """It may be read at any moment: nothing is moved under a reader."""
    MIXED = "mixed"
    """A draft that shows other studies too would be about two people."""
    SIGNED = "signed"
    """It keeps the identity that was signed; its author is told."""
    FOLLOWS = "follows"
    STAYS = "stays"
    """It has ended, and is about other studies too."""


BLOCKING = frozenset({Effect.BEING_READ, Effect.MIXED})
DOUBLES = 200
LATELY = timedelta(days=90)


class Adoption:
    """Instances that name another patient than their study, as the study's patient's.

    `decided` once a person has resolved the conflict; else only what a merge foresees is adopted.
    """

    def __init__(self, act: Act, *, decided: bool = False) -> None:
        self.decided = decided
        self._act = act

    def adopted(self, arrival: Arrival, study: Row) -> Arrival:
        """The arrival with its study's identity, and what it said in OriginalAttributes."""
        whose = _whose(study["attributes"])
        patients.told_otherwise(self._act.tx, study["id"], self._act.now)
        told = with_identity(
            arrival.instance["metadata"], whose, self._act.now, _source(self._act, study)
        )
        return replace(
            arrival,
            instance={**arrival.instance, "metadata": told},
            study={**arrival.study, "attributes": {**arrival.study["attributes"], **whose}},
        )

    def corrected(self, study: Row, patient: Row) -> Row:
        """The columns of a new study as another patient's."""
        return _columns(self._act, study, patient)


def merge(act: Act, from_ref: str, to_ref: str, reason: str) -> str:
    """One patient was registered twice: all that is `from_ref`'s becomes `to_ref`'s."""
    source, target = _pair(act, from_ref, to_ref)
    moved = [study["id"] for study in patients.studies_of(act.tx, from_ref)]
    asked = patients.unsigned_requests(act.tx, from_ref)
    for study_id in moved:
        _give(act, study_id, target)
    patients.give_requests(act.tx, asked, to_ref)
    keys = {"id": from_ref}
    act.tx.change(t.patients, keys, {"merged_into": to_ref})
    return _note(act, MERGE, source, target, moved, asked, reason)


def move(act: Act, study_id: str, to_ref: str, reason: str) -> str:
    """A study was filed under the wrong patient: it becomes the right one's, with the cases that
    show nothing else. A signed one stays as it was signed, and its author is told."""
    study = _own_study(act, study_id)
    source, target = _pair(act, study["patient_ref"], to_ref)
    asked = _move(act, study, target)
    patients.give_requests(act.tx, asked, to_ref)
    return _note(act, MOVE, source, target, [study_id], asked, reason)


def outlook(act: Act, study_id: str) -> tuple[Row, list[tuple[Row, Effect]]]:
    """Whose a study is, and what moving it would do to the cases that show it."""
    study = _own_study(act, study_id)
    whose = patients.own(act.tx, study["institution_id"], study["patient_ref"]) or {}
    return whose, _effects(act, study)


def candidates(act: Act, words: str) -> list[Row]:
    """The institution's patients to whom a study may be moved, by name, pinyin or number."""
    act.subject.require(Permission.CORRECT_STUDIES)
    return find_patients(act, words)


def undo(act: Act, change_id: str) -> None:
    """Take a merge or a move back: what it moved returns, what came since stays."""
    act.subject.require(Permission.CORRECT_STUDIES)
    institution = act.subject.own_institution
    studies.take_turn(act.tx, institution)
    done = patients.change(act.tx, institution, change_id)
    if done is None:
        raise Problem("not-found")
    if not patients.undone(act.tx, change_id, act.subject.account_id, act.now):
        raise Problem("stale", current="?")
    source = patients.own(act.tx, institution, done["from_ref"]) or {}
    if done["kind"] == MERGE:
        act.tx.change(t.patients, {"id": source["id"]}, {"merged_into": None})
    still = set(patients.unsigned_requests(act.tx, done["to_ref"]))
    asked = set(done["request_ids"])
    for study_id in done["study_ids"]:
        here = act.tx.find(t.studies, id=study_id, patient_ref=done["to_ref"])
        if here is not None and done["kind"] == MOVE:
            asked.update(_move(act, here, source))
        elif here is not None:
            _give(act, study_id, source)
    patients.give_requests(act.tx, still & asked, source["id"])
    _say(act, Kind.PATIENT_CHANGE_UNDONE, done["study_ids"], source["id"], done["kind"])


def doubles(act: Act) -> list[list[Row]]:
    """Groups of the institution's patients who may be one: equal name, birth date and sex."""
    act.subject.require(Permission.CORRECT_STUDIES)
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in patients.doubles(act.tx, act.subject.own_institution, DOUBLES):
        groups.setdefault((row["name"], row["birth_date"], row["sex"]), []).append(row)
    return [group for group in groups.values() if len(group) > 1]


def sent_twice(act: Act) -> list[list[Row]]:
    """Groups of the institution's studies that may be one, sent again under a new UID lately."""
    act.subject.require(Permission.CORRECT_STUDIES)
    since = act.now - LATELY
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in patients.sent_twice(act.tx, act.subject.own_institution, since, DOUBLES):
        groups.setdefault((row["patient_ref"], row["accession_number"]), []).append(row)
    return [group for group in groups.values() if len(group) > 1]


def history(act: Act, patient_ref: str) -> tuple[Row, list[Row], list[Row]]:
    """A patient of the institution, their studies, and what was done to their identity."""
    act.subject.require(Permission.CORRECT_STUDIES)
    found = patients.own(act.tx, act.subject.own_institution, patient_ref)
    if found is None:
        raise Problem("not-found")
    shown = [s for s in patients.studies_of(act.tx, patient_ref) if s["instance_count"]]
    return found, shown, patients.history(act.tx, patient_ref)


def named(act: Act, arrival: Arrival) -> Row:
    """The institution's patient that an arrival names, registered when there is none."""
    institution = act.subject.own_institution
    found = patients.bearer(act.tx, institution, arrival.patient["patient_id"])
    if found is not None:
        return found
    made = {
        **arrival.patient,
        "id": act.new_id(),
        "institution_id": institution,
        "id_number": "",
        "phone": "",
        "created_at": act.now,
        "merged_into": None,
    }
    act.tx.insert(t.patients, made)
    return made


# --- steps ------------------------------------------------------------------------------------


def _pair(act: Act, from_ref: str, to_ref: str) -> tuple[Row, Row]:
    """Two different patients of the institution, neither merged away."""
    act.subject.require(Permission.CORRECT_STUDIES)
    institution = act.subject.own_institution
    studies.take_turn(act.tx, institution)
    source = patients.own(act.tx, institution, from_ref)
    target = patients.own(act.tx, institution, to_ref)
    if source is None or target is None:
        raise Problem("not-found")
    # Who stands for nobody stays so: joined to a person, the copies would name them.
    if any(pseudonyms.of_patient(act.tx, ref) for ref in (from_ref, to_ref)):
        raise Problem("not-two-patients")
    if from_ref == to_ref or source["merged_into"] or target["merged_into"]:
        raise Problem("not-two-patients")
    return source, target


def _move(act: Act, study: Row, target: Row) -> list[str]:
    """Give a study to a patient; the requests that go with it. Problem("study-in-use")."""
    cases = {case["id"]: effect for case, effect in _effects(act, study)}
    if BLOCKING & set(cases.values()):
        raise Problem("study-in-use")
    _give(act, study["id"], target)
    image_changes.note(act, {study["id"]: study["instance_count"]}, What.CORRECTED)
    return [case for case, effect in cases.items() if effect is Effect.FOLLOWS]


def _own_study(act: Act, study_id: str) -> Row:
    act.subject.require(Permission.CORRECT_STUDIES)
    study = studies.own_study(act.tx, act.subject.own_institution, study_id)
    if study is None:
        raise Problem("not-found")
    return study


def _effects(act: Act, study: Row) -> list[tuple[Row, Effect]]:
    """The cases that show a study, each with what moving it would do."""
    unsigned = set(patients.unsigned_requests(act.tx, study["patient_ref"]))
    return [
        (case, _effect(act, case, study["id"], unsigned))
        for case in removals.cases_of(act, study["id"])
    ]


def _effect(act: Act, case: Row, study_id: str, unsigned: set[str]) -> Effect:
    state = request.State(case["state"])
    if state in BEING_READ:
        return Effect.BEING_READ
    if case["id"] not in unsigned:
        return Effect.SIGNED if state in request.WITH_PROVIDER else Effect.STAYS
    links = t.request_studies
    shown = act.tx.all(sa.select(links.c.study_id).where(links.c.request_id == case["id"]))
    if all(link["study_id"] == study_id for link in shown):
        return Effect.FOLLOWS
    return Effect.MIXED if state in request.EDITABLE else Effect.STAYS


def _give(act: Act, study_id: str, patient: Row) -> None:
    study = act.tx.find(t.studies, id=study_id) or {}
    columns = _columns(act, study, patient)
    rewritten = partial(
        with_identity,
        whose=_whose(columns["attributes"]),
        at=act.now,
        source=_source(act, study),
    )
    patients.give_study(act.tx, study_id, columns, rewritten, act.now)


def _columns(act: Act, study: Row, patient: Row) -> Row:
    """The columns by which a study is a patient's."""
    shown = patients.shown_identity(act.tx, patient) or elements(
        {
            0x00100010: patient["name"],
            0x00100020: patient["patient_id"],
            0x00100021: patient["institution_id"],
            0x00100030: patient["birth_date"].replace("-", ""),
            0x00100040: patient["sex"] if patient["sex"] in ("M", "F", "O") else "",
        }
    )
    return {
        "patient_ref": patient["id"],
        "patient_id": patient["patient_id"],
        "patient_name": patient["name"],
        "patient_search": patient["search"],
        # The search line is the name's keys and then the number.
        "name_keys": patient["search"].removesuffix(f"{patient['patient_id'].lower()} "),
        "attributes": {**study["attributes"], **_whose(shown)},
    }


def _whose(attributes: Row) -> dict[str, Any]:
    return {tag: attributes[tag] for tag in WHOSE if tag in attributes}


def _source(act: Act, study: Row) -> str:
    place = network.institution_refs(act.tx, {study["institution_id"]})
    found = place.get(study["institution_id"])
    return str(found["name"]) if found else ""


def _note(
    act: Act,
    kind: str,
    source: Row,
    target: Row,
    study_ids: list[str],
    request_ids: list[str],
    reason: str,
) -> str:
    row = {
        "id": act.new_id(),
        "institution_id": source["institution_id"],
        "kind": kind,
        "from_ref": source["id"],
        "to_ref": target["id"],
        "study_ids": study_ids,
        "request_ids": request_ids,
        "reason": " ".join(reason.split()),
        "changed_by": act.subject.account_id,
        "at": act.now,
    }
    act.tx.insert(patient_changes, row)
    told = Kind.PATIENTS_MERGED if kind == MERGE else Kind.STUDY_MOVED
    _say(act, told, study_ids, target["id"], kind)
    return str(row["id"])


def _say(act: Act, kind: Kind, study_ids: Iterable[str], patient_ref: str, how: str) -> None:
    for study_id in study_ids:
        image_facts.tell(act, kind, act.subject.own_institution, study_id, patient=patient_ref)
    audited(act, Event.PATIENT_RECORD, "patient", patient_ref, what=kind.value, how=how)
