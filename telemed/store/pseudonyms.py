"""Copies without identity as they are stored: whose, for which case, how far."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from telemed.store.pseudonym_tables import copied_instances, pixel_checks, pseudonyms
from telemed.store.tables import instances, series, studies
from telemed.store.tx import Row, Tx


def of_patient(tx: Tx, patient_ref: str | None) -> Row | None:
    """The pseudonym that a platform patient is, None for a real one."""
    return None if patient_ref is None else tx.find(pseudonyms, patient_ref=patient_ref)


def of_request(tx: Tx, request_id: str, original_ref: str) -> Row | None:
    """The pseudonym that was made of a patient for a case."""
    return tx.find(pseudonyms, request_id=request_id, original_ref=original_ref)


def latest(tx: Tx, request_id: str) -> Row | None:
    """The pseudonym made last for a case."""
    chosen = sa.select(pseudonyms).where(pseudonyms.c.request_id == request_id)
    return tx.one(chosen.order_by(pseudonyms.c.n.desc()).limit(1))


def next_n(tx: Tx, institution_id: str) -> int:
    """An institution's next number; in its turn."""
    tx.take_turn(f"pseudonyms {institution_id}")
    last = sa.select(sa.func.max(pseudonyms.c.n))
    return int(tx.scalar(last.where(pseudonyms.c.institution_id == institution_id)) or 0) + 1


def images(tx: Tx, study_ids: Iterable[str], most: int) -> list[Row]:
    """What images of studies say of themselves; one more than `most` at most."""
    chosen = (
        sa.select(instances.c.id, instances.c.study_id, instances.c.sop_class,
                  instances.c.metadata, series.c.modality)
        .join(series, series.c.id == instances.c.series_id)
        .where(instances.c.study_id.in_(sorted(study_ids)))
        .limit(most + 1)
    )  # fmt: skip
    return tx.all(chosen)


def waiting(tx: Tx, row: Row, most: int) -> list[Row]:
    """Images that have no copy yet."""
    done = sa.exists().where(
        copied_instances.c.pseudonym_id == row["id"],
        copied_instances.c.instance_id == instances.c.id,
    )
    chosen = sa.select(instances.c.id, instances.c.blob).where(
        instances.c.study_id.in_(row["study_ids"]), ~done
    )
    return tx.all(chosen.order_by(instances.c.study_id, instances.c.id).limit(most))


def counts(tx: Tx, row: Row) -> tuple[int, int, int]:
    """Images of the originals, looked at so far, and left out."""
    of_studies = instances.c.study_id.in_(row["study_ids"])
    total = tx.scalar(sa.select(sa.func.count()).select_from(instances).where(of_studies))
    c = copied_instances.c
    mine = c.pseudonym_id == row["id"]
    done = tx.scalar(sa.select(sa.func.count()).select_from(copied_instances).where(mine))
    out = sa.and_(mine, c.study_id.is_(None))
    left = tx.scalar(sa.select(sa.func.count()).select_from(copied_instances).where(out))
    return int(total or 0), int(done or 0), int(left or 0)


def copies(tx: Tx, pseudonym_id: str) -> list[str]:
    """The studies that were made."""
    c = copied_instances.c
    made = sa.select(studies.c.id).where(
        studies.c.id.in_(sa.select(c.study_id).where(c.pseudonym_id == pseudonym_id))
    )
    return [row["id"] for row in tx.all(made.order_by(studies.c.study_date, studies.c.id))]


def note_copied(tx: Tx, pseudonym_id: str, made: Iterable[tuple[str, str | None]]) -> None:
    """Images that have a copy in a study, or none."""
    rows = [
        {"pseudonym_id": pseudonym_id, "instance_id": one, "study_id": study} for one, study in made
    ]
    if rows:
        tx.insert_missing(copied_instances, rows)


def note_looked_at(tx: Tx, row: Row, study_ids: Iterable[str], by: str, at: datetime) -> None:
    """Somebody looked at these studies' pixels."""
    rows = [
        {"pseudonym_id": row["id"], "study_id": study, "looked_by": by, "looked_at": at}
        for study in study_ids
    ]
    if rows:
        tx.insert_missing(pixel_checks, rows)


def looked_at(tx: Tx, pseudonym_id: str) -> list[Row]:
    """Who looked at what."""
    chosen = sa.select(pixel_checks).where(pixel_checks.c.pseudonym_id == pseudonym_id)
    return tx.all(chosen.order_by(pixel_checks.c.study_id))
