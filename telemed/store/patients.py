"""Whose a study is: patients merged, studies moved between them, and what was done before.

All inside one institution. A change names the studies and requests it moved, so that it can be
taken back exactly; what came later under the right patient stays there.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.report import State
from telemed.store import derived
from telemed.store.removal_tables import patient_changes, removed_instances
from telemed.store.tables import (
    instances,
    patients,
    report_versions,
    reports,
    requests,
    studies,
)
from telemed.store.tx import Row, Tx

_PAGE = 200
_LIKE = ("name", "birth_date", "sex")


def own(tx: Tx, institution_id: str, patient_ref: str) -> Row | None:
    """A patient of the institution."""
    return tx.find(patients, id=patient_ref, institution_id=institution_id)


def bearer(tx: Tx, institution_id: str, patient_id: str) -> Row | None:
    """Who bears a PatientID now: the patient it was merged into, if it was."""
    found = tx.find(patients, institution_id=institution_id, patient_id=patient_id)
    return final(tx, found) if found else None


def final(tx: Tx, patient: Row) -> Row:
    """The patient that stands for this one after all merges."""
    while patient["merged_into"] is not None:
        patient = tx.find(patients, id=patient["merged_into"]) or {}
    return patient


def studies_of(tx: Tx, patient_ref: str) -> list[Row]:
    """All studies of a patient, newest first."""
    mine = sa.select(studies).where(studies.c.patient_ref == patient_ref)
    return tx.all(mine.order_by(studies.c.study_date.desc(), studies.c.id))


def unsigned_requests(tx: Tx, patient_ref: str) -> list[str]:
    """Requests about a patient whose report nobody has signed: they follow the patient."""
    signed = (
        sa.select(sa.literal(1))
        .select_from(reports.join(report_versions, report_versions.c.report_id == reports.c.id))
        .where(
            reports.c.request_id == requests.c.id,
            report_versions.c.state.in_((State.PRELIMINARY.value, State.FINAL.value)),
        )
        .correlate(requests)
        .exists()
    )
    query = sa.select(requests.c.id).where(requests.c.patient_ref == patient_ref, ~signed)
    return [found["id"] for found in tx.all(query)]


def shown_identity(tx: Tx, patient: Row) -> dict[str, Any] | None:
    """A patient's study attributes as DICOM JSON: as their newest images say them, or None."""
    query = sa.select(studies.c.attributes).where(
        studies.c.patient_ref == patient["id"], studies.c.patient_id == patient["patient_id"]
    )
    shown = tx.one(query.order_by(studies.c.received_at.desc(), studies.c.id.desc()).limit(1))
    return None if shown is None else dict(shown["attributes"])


def give_study(
    tx: Tx, study_id: str, values: Row, rewritten: Callable[[bytes], bytes], now: datetime
) -> None:
    """A study becomes a patient's by these columns, and so does its instances' metadata."""
    tx.change(studies, {"id": study_id}, {**values, "updated_at": now, "identity_at": now})
    for table in (instances, removed_instances):  # what is hidden may be put back
        after = ""
        while page := _page(tx, table, study_id, after):
            for one in page:
                told = rewritten(one["metadata"])
                if told is not one["metadata"]:
                    tx.change(table, {"id": one["id"]}, {"metadata": told})
            after = page[-1]["id"]
    derived.index(tx, study_id)


def told_otherwise(tx: Tx, study_id: str, now: datetime) -> None:
    """Note that a study has images which are told under another identity than their files say."""
    tx.change(studies, {"id": study_id}, {"identity_at": now})


def _page(tx: Tx, table: sa.Table, study_id: str, after: str) -> list[Row]:
    query = sa.select(table.c.id, table.c.metadata).where(
        table.c.study_id == study_id, table.c.id > after, table.c.blob.is_not(None)
    )
    return tx.all(query.order_by(table.c.id).limit(_PAGE))


def give_requests(tx: Tx, request_ids: Iterable[str], patient_ref: str) -> None:
    """Requests become a patient's."""
    for request_id in request_ids:
        tx.change(requests, {"id": request_id}, {"patient_ref": patient_ref})


# --- history ----------------------------------------------------------------------------------


def history(tx: Tx, patient_ref: str) -> list[Row]:
    """What was done to a patient's identity and studies, newest first."""
    either = sa.or_(
        patient_changes.c.from_ref == patient_ref, patient_changes.c.to_ref == patient_ref
    )
    return tx.all(sa.select(patient_changes).where(either).order_by(patient_changes.c.at.desc()))


def change(tx: Tx, institution_id: str, change_id: str) -> Row | None:
    """A change of the institution's patients."""
    return tx.find(patient_changes, id=change_id, institution_id=institution_id)


def undone(tx: Tx, change_id: str, who: str, now: datetime) -> bool:
    """Write that a change was taken back; False when somebody was first."""
    this = sa.and_(patient_changes.c.id == change_id, patient_changes.c.undone_at.is_(None))
    return tx.update(patient_changes, this, {"undone_at": now, "undone_by": who}) == 1


def sent_twice(tx: Tx, institution_id: str, since: datetime, limit: int) -> list[Row]:
    """Studies that came since and share patient and accession number with another study: sent
    again under a new StudyInstanceUID, maybe, with the ones they resemble."""
    other = studies.alias("other")
    alike = (
        sa.select(sa.literal(1))
        .where(
            other.c.patient_ref == studies.c.patient_ref,
            other.c.accession_number == studies.c.accession_number,
            other.c.id != studies.c.id,
            other.c.instance_count > 0,
            sa.or_(other.c.received_at >= since, studies.c.received_at >= since),
        )
        .correlate(studies)
        .exists()
    )
    query = (
        sa.select(studies)
        .where(
            studies.c.institution_id == institution_id,
            studies.c.accession_number != "",
            studies.c.instance_count > 0,
            alike,
        )
        .order_by(studies.c.patient_ref, studies.c.accession_number, studies.c.received_at)
    )
    return tx.all(query.limit(limit))


def doubles(tx: Tx, institution_id: str, limit: int) -> list[Row]:
    """Patients of equal name, birth date and sex who were not merged: registered twice, maybe."""
    other = patients.alias("other")
    same = [patients.c[key] == other.c[key] for key in _LIKE]
    query = (
        sa.select(patients)
        .where(
            patients.c.institution_id == institution_id,
            patients.c.merged_into.is_(None),
            patients.c.name != "",
            patients.c.birth_date != "",
            patients.c.sex.in_(("M", "F")),
            sa.select(sa.literal(1))
            .where(
                other.c.institution_id == institution_id,
                other.c.merged_into.is_(None),
                other.c.id != patients.c.id,
                *same,
            )
            .correlate(patients)
            .exists(),
        )
        .order_by(*(patients.c[key] for key in _LIKE), patients.c.created_at)
    )
    return tx.all(query.limit(limit))
