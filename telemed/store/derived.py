"""What is derived of a study: counts, modalities, descriptions, and what searches find of it.

On arrival the shelf keeps these up to date as it goes (`store/studies.py`). Here they are made
anew from what is left, after images were taken out or put back, or a study changed its patient.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from telemed.store import studies as shelf
from telemed.store import study_keys
from telemed.store.removal_tables import removed_instances
from telemed.store.search_json import series_json, study_json
from telemed.store.tables import instances, series, studies
from telemed.store.tx import Row, Tx

SLICE = 500


def recount(tx: Tx, study_id: str, now: datetime) -> None:
    """Make a study's counts, modalities and descriptions anew from the instances it has."""
    counts = {row["series_id"]: row for row in tx.all(_COUNTS, study_id=study_id)}
    rows = shelf.series_of(tx, study_id)
    delete(tx, series, [row["id"] for row in rows if row["id"] not in counts])
    left = [row for row in rows if row["id"] in counts]
    for row in left:
        tx.change(series, {"id": row["id"]}, {"instance_count": counts[row["id"]]["instances"]})
    study = tx.find(studies, id=study_id) or {}
    told = _descriptions(study, _examples(tx, left)) if left else {}
    values = {
        "series_count": len(left),
        "instance_count": sum(c["instances"] for c in counts.values()),
        "bytes": sum(int(c["bytes"]) for c in counts.values()),
        "modalities": shelf.join_modalities(r["modality"] for r in left if r["modality"]),
        "body_part": next((r["body_part"] for r in left if r["body_part"]), ""),
        "removed_count": tx.scalar(_REMOVED, study_id=study_id),
        "updated_at": now,
    }
    values["sop_classes"] = shelf.join_modalities(
        row["sop_class"] for row in _classes(tx, study_id)
    )
    tx.change(studies, {"id": study_id}, {**values, **told})
    index(tx, study_id)


def index(tx: Tx, study_id: str) -> None:
    """Write anew what searches find of a study: its keys and its results. Of an empty one none."""
    study = tx.find(studies, id=study_id) or {}
    for row in shelf.series_of(tx, study_id):
        found = {"search_json": series_json(row, study["study_uid"])}
        tx.change(series, {"id": row["id"]}, found)
    tx.change(studies, {"id": study_id}, {"search_json": study_json(study)})
    if study["instance_count"]:
        study_keys.enter(tx, study)
    else:
        study_keys.forget(tx, study_id)


def _classes(tx: Tx, study_id: str) -> list[Row]:
    query = sa.select(instances.c.sop_class).where(instances.c.study_id == study_id)
    return tx.all(query.distinct())


def delete(tx: Tx, table: sa.Table, ids: Sequence[str]) -> None:
    """Delete rows by id, some hundred at a time."""
    for start in range(0, len(ids), SLICE):
        tx.execute(sa.delete(table).where(table.c.id.in_(ids[start : start + SLICE])))


_COUNTS = (
    sa.select(
        instances.c.series_id,
        sa.func.count().label("instances"),
        sa.func.sum(instances.c.size).label("bytes"),
    )
    .where(instances.c.study_id == sa.bindparam("study_id"))
    .group_by(instances.c.series_id)
)
_REMOVED = sa.select(sa.func.count()).where(
    removed_instances.c.study_id == sa.bindparam("study_id")
)
_TEXTS = {
    "accession_number": "00080050",
    "study_date": "00080020",
    "study_time": "00080030",
    "description": "00081030",
    "study_local_id": "00200010",
}
_WHOSE = frozenset({"00100010", "00100020", "00100021", "00100030", "00100040"})


def _examples(tx: Tx, left: Iterable[Row]) -> list[dict[str, Any]]:
    """The first instance of each series: study attributes are the same in all of a series."""
    found = []
    for row in left:
        query = sa.select(instances.c.metadata).where(instances.c.series_id == row["id"])
        first = tx.one(query.order_by(instances.c.stored_at, instances.c.id).limit(1))
        found.append(orjson.loads(first["metadata"]) if first else {})
    return found


def _descriptions(study: Row, examples: list[dict[str, Any]]) -> dict[str, Any]:
    """What a study says of itself: the first value that an instance has. Whose it is stays."""
    old = study["attributes"]
    fresh = {
        tag: old[tag]
        if tag in _WHOSE
        else next((e[tag] for e in examples if "Value" in e.get(tag, {})), _empty(old[tag]))
        for tag in old
    }
    texts = {name: str(_first(fresh.get(tag, {}))) for name, tag in _TEXTS.items()}
    return {**texts, "attributes": fresh}


def _empty(element: dict[str, Any]) -> dict[str, Any]:
    return {"vr": element["vr"]}


def _first(element: dict[str, Any]) -> object:
    values = element.get("Value") or [""]
    return "" if values[0] is None else values[0]
