"""What a path of UIDs names: the look-ups behind every retrieval, built once.

A viewer asks for thousands of instances by their UIDs, so these statements go to the driver as they
were compiled, the access rule included, and bring only what serving needs. What a search may ask
is in another module.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from telemed.core.access import Permission, Subject
from telemed.store.access import EYES, Eyes, may_see_studies, studies_for
from telemed.store.columns import UtcTime
from telemed.store.tables import instances, series, studies
from telemed.store.tx import Row, Tx, given

_NOW: Final = sa.bindparam("now", type_=UtcTime())
_LAST: Final = 1 << 30
_SLOTS: Final = 50


def study(tx: Tx, subject: Subject, now: datetime, study_uid: str) -> Row | None:
    """The study a UID names among the visible ones: the institution's own, else the first."""
    if not may_see_studies(subject):
        return None
    statement = _study(Permission.SEE_CASES in subject.permissions)
    return tx.one(statement, study_uid=study_uid, now=now, **Eyes.values(subject))


@cache
def _study(sees_cases: bool) -> sa.Select[Any]:
    named = studies.c.study_uid == given(studies.c.study_uid)
    foreign = sa.case((studies.c.institution_id == EYES.viewer, 0), else_=1)
    chosen = sa.select(studies).where(named, studies_for(EYES, _NOW, sees_cases))
    return chosen.order_by(foreign, studies.c.id).limit(sa.literal_column("1"))


def instances_of(
    tx: Tx, study: Row, series_uid: str | None = None, sop_uid: str | None = None
) -> list[Row]:
    """The instances of a study, of one of its series, or one of them, in order.

    Without metadata; the study's columns are `study__…`, of the series there is
    `series__series_uid`.
    """
    told = {"series_uid": series_uid, "sop_uid": sop_uid}
    values = {name: value for name, value in told.items() if value is not None}
    if sop_uid is not None:
        values["institution_id"] = study["institution_id"]
    found = tx.all(_instances(tuple(values)), study_id=study["id"], **values)
    above = {f"study__{name}": value for name, value in study.items()}
    return [{**row, **above} for row in found]


_COLUMNS: Final = (
    "id", "institution_id", "study_id", "series_id", "sop_uid", "sop_class", "transfer_syntax",
    "number", "rows", "columns", "bits_allocated", "frames", "blob", "size",
    "stored_at",
)  # fmt: skip


@cache
def _instances(keys: tuple[str, ...]) -> sa.Select[Any]:
    shown = [instances.c[name] for name in _COLUMNS]
    statement = sa.select(*shown, series.c.series_uid.label("series__series_uid"))
    return _held(statement, keys).order_by(
        sa.func.coalesce(series.c.number, sa.literal_column(str(_LAST))),
        series.c.series_uid,
        sa.func.coalesce(instances.c.number, sa.literal_column(str(_LAST))),
        instances.c.sop_uid,
    )


def _held(statement: sa.Select[Any], keys: tuple[str, ...]) -> sa.Select[Any]:
    """Of the instances of a study, those of these keys."""
    tables = {"series_uid": series, "sop_uid": instances, "institution_id": instances}
    columns = [tables[key].c[key] for key in keys]
    held = [series.c.study_id == given(instances.c.study_id), *(c == given(c) for c in columns)]
    joined = statement.join_from(series, instances, instances.c.series_id == series.c.id)
    return joined.where(*held)


_ABOVE: Final = ("study_uid", "patient_id", "updated_at", "identity_at")


def told(
    tx: Tx, study: Row, series_uid: str | None, sop_uid: str | None, most: int
) -> list[Row] | None:
    """What `instances_of` finds, with the metadata and little else; None when it is more than
    `most`. One statement that puts nothing in order: a sorter would copy all of the metadata."""
    asked = {"series_uid": series_uid, "sop_uid": sop_uid}
    values: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if sop_uid is not None:
        values["institution_id"] = study["institution_id"]
    keys = tuple(values)
    found = tx.all(_told(keys), study_id=study["id"], most=most + 1, **values)
    if len(found) > most:
        return None
    above = {f"study__{name}": study[name] for name in _ABOVE}
    above["institution_id"] = study["institution_id"]
    return [{**row, **above} for row in sorted(found, key=_place)]


def _place(row: Row) -> tuple[int, str, int, str]:
    series_number, number = row["series__number"], row["number"]
    return (
        _LAST if series_number is None else series_number,
        row["series__series_uid"],
        _LAST if number is None else number,
        row["sop_uid"],
    )


@cache
def _told(keys: tuple[str, ...]) -> sa.Select[Any]:
    shown = [
        instances.c[name] for name in ("id", "study_id", "sop_uid", "number", "blob", "stored_at")
    ]
    above = [series.c[name].label(f"series__{name}") for name in ("series_uid", "number")]
    statement = sa.select(*shown, *above, instances.c.metadata)
    return _held(statement, keys).limit(sa.bindparam("most", type_=sa.Integer()))


def metadata(tx: Tx, instance_ids: Sequence[str]) -> dict[str, bytes]:
    """Stored DICOM JSON by instance id."""
    found: dict[str, bytes] = {}
    if len(instance_ids) == 1:
        row = tx.one(_ONE_METADATA, id=instance_ids[0])
        return {row["id"]: row["metadata"]} if row else {}
    for start in range(0, len(instance_ids), _SLOTS):
        some = instance_ids[start : start + _SLOTS]
        padded = [*some, *[some[-1]] * (_SLOTS - len(some))]
        rows = tx.all(_SOME_METADATA, **{f"id_{n}": one for n, one in enumerate(padded)})
        found |= {row["id"]: row["metadata"] for row in rows}
    return found


_STORED: Final = sa.select(instances.c.id, instances.c.metadata)
_ONE_METADATA: Final = _STORED.where(instances.c.id == given(instances.c.id))
# A list of one length is a statement that is built once.
_SOME_METADATA: Final = _STORED.where(
    sa.or_(*(instances.c.id == sa.bindparam(f"id_{n}", type_=sa.Text()) for n in range(_SLOTS)))
)
