"""Conflicts: what was set aside on arrival, in groups as a person judges them.

A study that is sent again wrongly comes with hundreds of instances. They are judged as one: same
study, same reason, same patient named, same resolution.
"""

from datetime import datetime

import sqlalchemy as sa

from telemed.core.quarantine import Resolution
from telemed.store.removal_tables import conflicts
from telemed.store.tables import instances, series, studies
from telemed.store.tx import Row, Tx

MOST = 2000
"""Instances of one group that are resolved at once."""

_C = conflicts.c
_GROUP = (_C.study_uid, _C.reason, _C.patient_id, _C.patient_name, _C.resolution)


def groups(tx: Tx, institution_id: str, where: sa.ColumnElement[bool], limit: int) -> list[Row]:
    """An institution's conflicts in groups, newest first: `id` of one, `count`, `first`, `last`."""
    query = (
        sa.select(
            *_GROUP,
            sa.func.max(_C.id).label("id"),
            sa.func.count().label("count"),
            sa.func.min(_C.at).label("first"),
            sa.func.max(_C.at).label("last"),
            sa.func.max(_C.resolved_at).label("resolved_at"),
        )
        .where(_C.institution_id == institution_id, where)
        .group_by(*_GROUP)
        .order_by(sa.func.max(_C.at).desc(), sa.func.max(_C.id).desc())
        .limit(limit)
    )
    return tx.all(query)


def waiting(tx: Tx, institution_id: str, study_uid: str | None = None) -> int:
    """How many conflicts nobody has resolved."""
    where = [_C.institution_id == institution_id, _C.resolved_at.is_(None)]
    if study_uid is not None:
        where.append(_C.study_uid == study_uid)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(conflicts).where(*where)))


def one(tx: Tx, institution_id: str, conflict_id: str) -> Row | None:
    """A conflict of the institution."""
    return tx.find(conflicts, id=conflict_id, institution_id=institution_id)


def like(tx: Tx, conflict: Row) -> list[Row]:
    """The conflict's group, in the order of arrival."""
    same = [
        column.is_(None) if conflict[column.name] is None else column == conflict[column.name]
        for column in (_C.institution_id, *_GROUP)
    ]
    return tx.all(sa.select(conflicts).where(*same).order_by(_C.at, _C.id).limit(MOST))


def resolve(tx: Tx, conflict_id: str, how: Resolution, note: str, who: str, now: datetime) -> bool:
    """Write how a conflict was resolved; False when somebody was first."""
    open_one = sa.and_(_C.id == conflict_id, _C.resolved_at.is_(None))
    values = {"resolution": how.value, "note": note, "resolved_by": who, "resolved_at": now}
    return tx.update(conflicts, open_one, values) == 1


def reopen(tx: Tx, conflict: Row) -> bool:
    """Take a resolution back; False when somebody was first."""
    this = sa.and_(_C.id == conflict["id"], _C.resolved_at.is_not(None))
    nothing = {"resolution": None, "note": "", "resolved_by": None, "resolved_at": None}
    return tx.update(conflicts, this, nothing) == 1


def held(tx: Tx, conflict: Row) -> Row | None:
    """The instance that is shown under a conflict's SOP Instance UID, with its study's UID."""
    query = (
        sa.select(instances, series.c.series_uid, studies.c.study_uid)
        .join(series, series.c.id == instances.c.series_id)
        .join(studies, studies.c.id == instances.c.study_id)
        .where(
            instances.c.institution_id == conflict["institution_id"],
            instances.c.sop_uid == conflict["sop_uid"],
        )
    )
    return tx.one(query)


def study_of(tx: Tx, conflict: Row) -> Row | None:
    """The institution's study under a conflict's Study Instance UID."""
    keys = {"institution_id": conflict["institution_id"], "study_uid": conflict["study_uid"]}
    return tx.find(studies, **keys)


def example(tx: Tx, study_id: str) -> bytes | None:
    """The metadata of a study's first instance, None when nothing of it is shown."""
    query = sa.select(instances.c.metadata).where(instances.c.study_id == study_id)
    found = tx.scalar(query.order_by(instances.c.stored_at, instances.c.id).limit(1))
    return None if found is None else bytes(found)
