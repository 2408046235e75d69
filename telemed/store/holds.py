"""Legal holds (封存): which studies nothing may be deleted of, who wanted that, and what was."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from telemed.store.removal_tables import legal_holds
from telemed.store.tables import studies
from telemed.store.tx import Row, Tx, given

_STUDY = (
    "study_uid", "patient_name", "patient_id", "study_date", "description", "modalities",
    "instance_count",
)  # fmt: skip


def of_study(tx: Tx, study_id: str) -> list[Row]:
    """A study's holds, those in force first."""
    query = sa.select(legal_holds).where(legal_holds.c.study_id == study_id)
    return tx.all(query.order_by(legal_holds.c.ended_at.is_not(None), legal_holds.c.at.desc()))


def on_hold(tx: Tx, study_id: str) -> bool:
    """Whether a hold is in force."""
    return tx.one(_IN_FORCE, study_id=study_id) is not None


_IN_FORCE = (
    sa.select(legal_holds.c.id)
    .where(
        legal_holds.c.study_id == given(legal_holds.c.study_id), legal_holds.c.ended_at.is_(None)
    )
    .limit(1)
)


def in_force(tx: Tx, study_ids: Iterable[str]) -> set[str]:
    """Which of these studies a hold is in force of."""
    of = legal_holds.c.study_id
    rows = tx.find_each(of, study_ids, of, legal_holds.c.ended_at)
    return {row["study_id"] for row in rows if row["ended_at"] is None}


def listed(
    tx: Tx, institution_id: str, in_force: bool | None, words: str, folded: str, limit: int
) -> list[Row]:
    """An institution's holds with their study, newest first. `words` are of the reason or of who
    asked, `folded` are the same as search keys of the patient."""
    query = (
        sa.select(legal_holds, *(studies.c[name] for name in _STUDY))
        .join(studies, studies.c.id == legal_holds.c.study_id)
        .where(legal_holds.c.institution_id == institution_id)
    )
    if in_force is not None:
        ended = legal_holds.c.ended_at
        query = query.where(ended.is_(None) if in_force else ended.is_not(None))
    if words:
        told = (legal_holds.c.reason, legal_holds.c.asked_by, studies.c.study_uid)
        hits = [column.contains(words, autoescape=True) for column in told]
        if folded:
            hits.append(studies.c.patient_search.contains(folded, autoescape=True))
        query = query.where(sa.or_(*hits))
    return tx.all(query.order_by(legal_holds.c.at.desc(), legal_holds.c.id.desc()).limit(limit))


def end(tx: Tx, study_id: str, who: str, reason: str, now: datetime) -> int:
    """End what is in force of a study; how many."""
    this = sa.and_(legal_holds.c.study_id == study_id, legal_holds.c.ended_at.is_(None))
    return tx.update(legal_holds, this, {"ended_by": who, "ended_at": now, "end_reason": reason})
