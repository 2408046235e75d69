"""Attributes that no column holds, for searches that ask for them (PS3.18 8.3.4.3).

They come from the stored metadata: of an instance from its own, of a series from its first
instance, of a study from the first instance of its first series. What a level does not have is
left out and is no error; a private attribute is known at the level of whoever asks, by its
creator. Reading whole data sets is dear, so a page of them ends early.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.actions.intake import BULK_BASE
from telemed.dicom.criteria import Criteria
from telemed.dicom.jsonmodel import rebase
from telemed.dicom.levels import level_of, stands_at
from telemed.store import tables as t
from telemed.store.tx import Row, given

# What results have anyway and nobody need read a data set for.
_KNOWN: Final[Mapping[str, frozenset[int]]] = {
    "study": frozenset({
        0x00080005, 0x00080020, 0x00080030, 0x00080050, 0x00080056, 0x00080061, 0x00080062,
        0x00080080, 0x00080090, 0x00080201, 0x00081030, 0x00081190, 0x00100010, 0x00100020,
        0x00100021, 0x00100030, 0x00100040, 0x00101010, 0x0020000D, 0x00200010, 0x00201206,
        0x00201208,
    }),
    "series": frozenset({
        0x00080005, 0x00080021, 0x00080031, 0x00080060, 0x00080070, 0x0008103E, 0x00081010,
        0x00081090, 0x00081190, 0x00180015, 0x00181030, 0x0020000D, 0x0020000E, 0x00200011,
        0x00200060, 0x00201209, 0x00400244, 0x00400245,
    }),
    "instance": frozenset({
        0x00080005, 0x00080016, 0x00080018, 0x00080056, 0x00081190, 0x00083002, 0x0020000D,
        0x0020000E, 0x00200013, 0x00280008, 0x00280010, 0x00280011, 0x00280100,
    }),
}  # fmt: skip

MOST_ROWS: Final = 200
MOST_BYTES: Final = 32 << 20
"""Of stored metadata read for one page, unless its first row alone is more."""

Members = Mapping[str, Any]

_FIRST = (sa.func.coalesce(t.instances.c.number, 1 << 30), t.instances.c.sop_uid)
_SOURCE = sa.select(
    t.instances.c.sop_uid,
    t.instances.c.metadata,
    t.series.c.series_uid,
).join(t.series, t.series.c.id == t.instances.c.series_id)
_FIRST_SERIES = (
    sa.select(t.series.c.id)
    .where(t.series.c.study_id == given(t.instances.c.id))
    .order_by(sa.func.coalesce(t.series.c.number, 1 << 30), t.series.c.series_uid)
    .limit(1)
    .scalar_subquery()
)
_METADATA: Final = {
    "study": _SOURCE.where(t.instances.c.series_id == _FIRST_SERIES).order_by(*_FIRST).limit(1),
    "series": _SOURCE.where(t.instances.c.series_id == given(t.instances.c.id))
    .order_by(*_FIRST)
    .limit(1),
    "instance": _SOURCE.where(t.instances.c.id == given(t.instances.c.id)),
}


def wants_fields(criteria: Criteria) -> bool:
    """Whether a search asks for more than its results have anyway."""
    lowest = criteria.levels[-1]
    known = frozenset().union(*(_KNOWN[level] for level in criteria.levels))
    unknown = any(stands_at(tag, lowest) for tag in criteria.include - known)
    return unknown or bool(criteria.private) or criteria.include_all


def add_fields(act: Act, rows: Sequence[Row], criteria: Criteria, service: str) -> list[Row]:
    """As many of the rows as may be read for, each with the attributes asked as `fields`.

    Bulk data is named under the path `service`.
    """
    lowest = criteria.levels[-1]
    read = 0
    told: list[Row] = []
    for row in rows[:MOST_ROWS]:
        source = act.tx.one(_METADATA[lowest], id=row["id"])
        size = len(source["metadata"]) if source else 0
        if told and read + size > MOST_BYTES:
            break
        read += size
        fields = _fields(_rebased(source, row["study_uid"], service), criteria) if source else ()
        told.append({**row, "fields": dict(fields)})
    return told


def _rebased(source: Row, study_uid: str, service: str) -> Members:
    series_uid, sop_uid = source["series_uid"], source["sop_uid"]
    url = f"{service}/studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/bulkdata"
    stored: Members = orjson.loads(rebase(source["metadata"], BULK_BASE, url))
    return stored


def _fields(stored: Members, criteria: Criteria) -> Iterator[tuple[str, Any]]:
    for key, element in stored.items():
        tag = int(key, 16)
        named = tag in criteria.include and stands_at(tag, criteria.levels[-1])
        if named or (criteria.include_all and level_of(tag) in criteria.levels):
            yield key, element
    for tag, creator in criteria.private:
        yield from _private(stored, tag, creator)


def _private(stored: Members, tag: int, creator: str) -> Iterator[tuple[str, Any]]:
    """A private attribute and its creator, in whichever block the creator has reserved."""
    group = tag >> 16
    for block in range(0x10, 0x100):
        reserved = f"{group:04X}{block:04X}"
        if creator in stored.get(reserved, {}).get("Value", ()):
            yield reserved, stored[reserved]
            key = f"{group:04X}{block:02X}{tag & 0xFF:02X}"
            if key in stored:
                yield key, stored[key]
