"""Instances that are taken out of what is shown, and put back.

A removal moves rows from `instances` to `removed_instances`, so every list, count and search
forgets them by itself, and a study of which nothing is left is seen by nobody (`store/access.py`).
Counts, modalities and descriptions are made anew from what remains. A blob stays as long as any
row names it. Whether something may be removed is decided in `core/removal.py`; this module moves.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.removal import Kind, Level, State
from telemed.store import derived
from telemed.store import studies as shelf
from telemed.store.removal_tables import (
    conflicts,
    left_blobs,
    removals,
    removed_instances,
)
from telemed.store.tables import (
    instances,
    report_versions,
    reports,
    request_studies,
    series,
    studies,
)
from telemed.store.tx import Row, Tx

Where = sa.ColumnElement[bool]

_KEPT = (
    "id",
    "institution_id",
    "study_id",
    "sop_uid",
    "sop_class",
    "transfer_syntax",
    "number",
    "rows",
    "columns",
    "bits_allocated",
    "frames",
    "blob",
    "size",
    "metadata",
    "stored_at",
)
_SERIES = (
    "series_uid",
    "modality",
    "number",
    "description",
    "series_date",
    "series_time",
    "body_part",
    "attributes",
)


# --- out and back -----------------------------------------------------------------------------


def of_level(level: Level, uid: str) -> Where:
    """The instances of a study that a level and its UID name."""
    match level:
        case Level.STUDY:
            return sa.true()
        case Level.SERIES:
            return series.c.series_uid == uid
        case Level.INSTANCE:
            return instances.c.sop_uid == uid


def take_out(tx: Tx, removal: Row, where: Where, now: datetime) -> int:
    """Move a study's instances into a new removal; how many. `removal` lacks its count."""
    shelf.take_turn(tx, removal["institution_id"])
    joined = instances.join(series, series.c.id == instances.c.series_id)
    labels = [series.c[name].label(f"series__{name}") for name in _SERIES]
    query = sa.select(instances, *labels).select_from(joined)
    found = tx.all(query.where(instances.c.study_id == removal["study_id"], where))
    if not found:
        return 0
    tx.insert(removals, {**removal, "instances": len(found)})
    tx.insert(removed_instances, [_removed(row, removal["id"]) for row in found])
    derived.delete(tx, instances, [row["id"] for row in found])
    derived.recount(tx, removal["study_id"], now)
    return len(found)


def _removed(row: Row, removal_id: str) -> Row:
    told = {name: row[f"series__{name}"] for name in _SERIES}
    return {
        **{name: row[name] for name in _KEPT},
        "removal_id": removal_id,
        "series": told,
        "series_uid": told["series_uid"],
    }


def put_back(tx: Tx, removal: Row, now: datetime, new_id: Any) -> list[str]:
    """Move a removal's instances back to what is shown; the SOP Instance UIDs that cannot be,
    because another copy of them is shown by now."""
    shelf.take_turn(tx, removal["institution_id"])
    found = instances_of(tx, removal["id"])
    uids = [row["sop_uid"] for row in found]
    taken = _shown(tx, removal["institution_id"], uids)
    if taken:
        return taken
    here = {row["series_uid"]: row["id"] for row in shelf.series_of(tx, removal["study_id"])}
    for row in found:
        told = row["series"]
        if told["series_uid"] not in here:
            made = {
                "id": new_id(),
                "study_id": removal["study_id"],
                "instance_count": 0,
                "search_json": b"",
                **told,
            }
            tx.insert(series, made)
            here[told["series_uid"]] = made["id"]
    back = [{**{k: row[k] for k in _KEPT}, "series_id": here[row["series_uid"]]} for row in found]
    tx.insert(instances, back)
    derived.delete(tx, removed_instances, [row["id"] for row in found])
    derived.recount(tx, removal["study_id"], now)
    return []


def _shown(tx: Tx, institution_id: str, uids: Sequence[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(uids), derived.SLICE):
        query = sa.select(instances.c.sop_uid).where(
            instances.c.institution_id == institution_id,
            instances.c.sop_uid.in_(uids[start : start + derived.SLICE]),
        )
        found += [row["sop_uid"] for row in tx.all(query)]
    return found


def end(tx: Tx, removal_id: str, to: State, who: str, now: datetime) -> bool:
    """Write how a removal ended; False when somebody was first."""
    values = {"state": to.value, "ended_by": who, "ended_at": now}
    return tx.change(removals, {"id": removal_id, "state": State.OUT.value}, values) == 1


def drop_instance(tx: Tx, institution_id: str, sop_uid: str, blob: str, now: datetime) -> bool:
    """Take an instance away without keeping its row, for a copy that another row still names."""
    shelf.take_turn(tx, institution_id)
    keys = {"institution_id": institution_id, "sop_uid": sop_uid, "blob": blob}
    row = tx.find(instances, **keys)
    if row is None:
        return False
    derived.delete(tx, instances, [row["id"]])
    derived.recount(tx, row["study_id"], now)
    return True


def destroy(tx: Tx, removal_id: str, now: datetime) -> None:
    """Forget what a removal's instances hold. Their UIDs stay, so that "gone" can be said; their
    files go when the sweep finds that no row names them."""
    blobs = {row["blob"] for row in instances_of(tx, removal_id) if row["blob"]}
    tx.update(
        removed_instances,
        removed_instances.c.removal_id == removal_id,
        {"blob": None, "metadata": b"{}", "size": 0},
    )
    tx.insert_missing(left_blobs, [{"key": key, "at": now} for key in sorted(blobs)])


# --- questions --------------------------------------------------------------------------------


def removal(tx: Tx, institution_id: str, removal_id: str) -> Row | None:
    """A removal of the institution."""
    return tx.find(removals, id=removal_id, institution_id=institution_id)


def instances_of(tx: Tx, removal_id: str) -> list[Row]:
    """The instances that a removal holds, in order."""
    query = sa.select(removed_instances).where(removed_instances.c.removal_id == removal_id)
    order = (removed_instances.c.series_uid, removed_instances.c.number, removed_instances.c.id)
    return tx.all(query.order_by(*order))


def listed(tx: Tx, institution_id: str, state: str | None, limit: int) -> list[Row]:
    """An institution's removals with their study, newest first."""
    names = (
        "study_uid", "patient_name", "patient_id", "study_date", "description", "modalities",
        "received_at",
    )  # fmt: skip
    query = (
        sa.select(removals, *(studies.c[name] for name in names))
        .join(studies, studies.c.id == removals.c.study_id)
        .where(removals.c.institution_id == institution_id)
    )
    if state is not None:
        query = query.where(removals.c.state == state)
    return tx.all(query.order_by(removals.c.at.desc(), removals.c.id.desc()).limit(limit))


def replaced_by(tx: Tx, conflict: Row) -> Row | None:
    """The removal that accepting a conflict made, while it holds."""
    query = (
        sa.select(removals)
        .join(removed_instances, removed_instances.c.removal_id == removals.c.id)
        .where(
            removed_instances.c.institution_id == conflict["institution_id"],
            removed_instances.c.sop_uid == conflict["sop_uid"],
            removed_instances.c.blob == conflict["kept_blob"],
            removals.c.kind == Kind.REPLACED.value,
            removals.c.state == State.OUT.value,
        )
    )
    return tx.one(query.order_by(removals.c.at.desc()).limit(1))


def was_deleted(tx: Tx, study_id: str, series_uid: str | None, sop_uid: str | None) -> bool:
    """Whether all that was taken out of what a path names in a study was deleted, not hidden."""
    where = [removed_instances.c.study_id == study_id]
    if series_uid is not None:
        where.append(removed_instances.c.series_uid == series_uid)
    if sop_uid is not None:
        where.append(removed_instances.c.sop_uid == sop_uid)
    hidden = sa.func.count(removed_instances.c.blob)
    row = tx.one(sa.select(sa.func.count().label("all"), hidden.label("hidden")).where(*where))
    return row is not None and row["all"] > 0 and row["hidden"] == 0


def shown_when_signed(tx: Tx, request_id: str) -> list[Row]:
    """Instances that a signed version of a case's report was made on and that were hidden or
    replaced since, with the removal's kind and time."""
    signed = (
        sa.select(sa.literal(1))
        .select_from(reports.join(report_versions, report_versions.c.report_id == reports.c.id))
        .where(
            reports.c.request_id == request_id,
            report_versions.c.authored_at >= removed_instances.c.stored_at,
            report_versions.c.authored_at < removals.c.at,
        )
        .correlate(removed_instances, removals)
        .exists()
    )
    query = (
        sa.select(removed_instances, removals.c.kind, removals.c.at)
        .join(removals, removals.c.id == removed_instances.c.removal_id)
        .join(request_studies, request_studies.c.study_id == removed_instances.c.study_id)
        .where(
            request_studies.c.request_id == request_id,
            removed_instances.c.blob.is_not(None),
            signed,
        )
    )
    order = (removed_instances.c.series_uid, removed_instances.c.number, removed_instances.c.id)
    return tx.all(query.order_by(*order).limit(500))


# --- blobs that nobody names ------------------------------------------------------------------


def unnamed(tx: Tx, before: datetime, limit: int) -> list[str]:
    """Blobs that were left before a moment and that no row names."""
    named = [
        sa.select(sa.literal(1)).where(column == left_blobs.c.key).correlate(left_blobs).exists()
        for column in (
            instances.c.blob,
            removed_instances.c.blob,
            conflicts.c.blob,
            conflicts.c.kept_blob,
        )
    ]
    query = sa.select(left_blobs.c.key).where(left_blobs.c.at < before, ~sa.or_(*named))
    return [row["key"] for row in tx.all(query.limit(limit))]


def forget_left(tx: Tx, keys: Iterable[str]) -> None:
    """Strike blobs off the list of those that were left."""
    tx.execute(sa.delete(left_blobs).where(left_blobs.c.key.in_(list(keys))))
