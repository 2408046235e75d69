"""Patients, studies, series and instances: what arrives is kept once, and never replaced.

Identity is (institution, UID): two institutions may hold the same UID or the same PatientID and
remain strangers. An instance that comes again with the same bytes changes nothing; with other
bytes, or under a study of another patient, it becomes a row of `conflicts` and the first one
stands. Descriptions come from the first instance that had a value. Who may see a row is decided
in `store/access.py`, and every question here takes that predicate.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from telemed.store import study_keys
from telemed.store.arrivals import Arrival, Fate, Growth, Kept, Whose, first_wins, new_in
from telemed.store.removal_tables import removed_instances
from telemed.store.search_json import series_json, study_json
from telemed.store.tables import (
    conflicts,
    instances,
    patients,
    request_studies,
    requests,
    series,
    studies,
)
from telemed.store.tx import Row, Tx, given

INTAKE_LOCK = 0x51DE
_UNTOLD = ("", "U")
SYNTHETIC = "NOID-"
"""Prefix of a PatientID made here for studies that arrive without one."""


@dataclass(slots=True)
class _Study:
    row: dict[str, Any]
    patient_id: str
    fresh: bool
    before: datetime
    was: Row
    """The row as it is in the database; likewise of series, by id."""
    added: int = 0
    series: dict[str, dict[str, Any]] | None = None
    series_was: dict[str, Row] = field(default_factory=dict)


_HELD = sa.select(instances.c.sop_uid, instances.c.blob, instances.c.study_id).where(
    instances.c.institution_id == given(instances.c.institution_id),
    instances.c.sop_uid.in_(sa.bindparam("sop_uids", expanding=True)),
)


class Shelf:
    """Puts arrivals of one institution away, in one transaction."""

    def __init__(
        self, tx: Tx, institution_id: str, now: datetime, new_id: Callable[[], str], whose: Whose
    ) -> None:
        self._tx = tx
        self._whose = whose
        self._institution = institution_id
        self._now = now
        self._new_id = new_id
        self._studies: dict[str, _Study] = {}
        self._held: dict[str, Row] = {}
        self._patients: dict[str, Row | None] = {}
        self._told: dict[str, tuple[Row, Row]] = {}

    def put(self, arrivals: Sequence[Arrival]) -> list[Kept]:
        """Keep what is new; the fate of each arrival in order."""
        take_turn(self._tx, self._institution)
        self._look_up({str(a.instance["sop_uid"]) for a in arrivals})
        kept = [self._put(arrival) for arrival in arrivals]
        for study in self._studies.values():
            if study.added:
                self._save(study)
        return kept

    def growth(self) -> list[Growth]:
        """The studies that gained instances."""
        found = self._studies.values()
        return [Growth(s.row["id"], s.fresh, s.added, s.before) for s in found if s.added]

    def _look_up(self, sop_uids: set[str]) -> None:
        if len(sop_uids) == 1:  # a statement without a list is compiled once
            (uid,) = sop_uids
            held = self._tx.find(instances, institution_id=self._institution, sop_uid=uid)
            self._held |= {uid: held} if held else {}
            return
        for some in _slices(sorted(sop_uids), 500):
            for row in self._tx.all(_HELD, institution_id=self._institution, sop_uids=some):
                self._held[row["sop_uid"]] = row

    def _put(self, arrival: Arrival) -> Kept:
        held = self._held.get(arrival.instance["sop_uid"])
        if held is not None and held["blob"] == arrival.instance["blob"]:
            return Kept(Fate.DUPLICATE, held["study_id"])
        if held is not None:
            return self._conflict(arrival, "other-content", held["study_id"], held["blob"])
        study = self._study(arrival)
        asked = arrival.patient["patient_id"]
        # A file without PatientID names no other patient; it follows its study.
        if asked and asked != study.patient_id:
            if not (self._whose.decided or self._bears(asked, study)):
                return self._conflict(arrival, "other-patient", study.row["id"], None)
            arrival = self._whose.adopted(arrival, study.row)
        if study.row["removed_count"] and not self._whose.decided and self._was_removed(arrival):
            return Kept(Fate.CONFLICT, study.row["id"], "removed", repeated=True)
        self._add(study, arrival)
        return Kept(Fate.STORED, study.row["id"])

    def _study(self, arrival: Arrival) -> _Study:
        uid = arrival.study["study_uid"]
        if uid not in self._studies:
            self._studies[uid] = self._found(uid) or self._made(arrival)
        return self._studies[uid]

    def _found(self, study_uid: str) -> _Study | None:
        row = self._tx.find(studies, institution_id=self._institution, study_uid=study_uid)
        if row is None:
            return None
        return _Study(
            dict(row),
            row["patient_id"],
            fresh=False,
            before=row["updated_at"],
            was=row,
        )

    def _made(self, arrival: Arrival) -> _Study:
        uid = arrival.study["study_uid"]
        patient_id = arrival.patient["patient_id"] or synthetic_patient_id(uid)
        row: dict[str, Any] = {
            "id": self._new_id(),
            "institution_id": self._institution,
            **arrival.study,
            "patient_ref": self._patient(arrival, patient_id),
            "patient_id": patient_id,
            "modalities": "",
            "sop_classes": "",
            "search_json": b"",
            "body_part": "",
            "series_count": 0,
            "instance_count": 0,
            "removed_count": 0,
            "bytes": 0,
            "received_at": self._now,
            "updated_at": self._now,
        }
        stands = self._standing(patient_id)
        if stands is not None:
            row |= self._whose.corrected(row, stands)
        self._tx.insert(studies, row)
        return _Study(row, row["patient_id"], fresh=True, before=self._now, was=dict(row))

    def _standing(self, patient_id: str) -> Row | None:
        """Who stands for a PatientID that was merged into another, None when it was not."""
        row = self._patients.get(patient_id)
        if row is None or row["merged_into"] is None:
            return None
        while row is not None and row["merged_into"] is not None:
            row = self._tx.find(patients, id=row["merged_into"])
        return row

    def _bears(self, patient_id: str, study: _Study) -> bool:
        """Whether a PatientID is the study's patient's too, since the two were merged."""
        self._patients[patient_id] = self._tx.find(
            patients, institution_id=self._institution, patient_id=patient_id
        )
        stands = self._standing(patient_id)
        return stands is not None and stands["id"] == study.row["patient_ref"]

    def _patient(self, arrival: Arrival, patient_id: str) -> str:
        """The platform patient: this institution's bearer of the PatientID."""
        row = self._tx.find(patients, institution_id=self._institution, patient_id=patient_id)
        self._patients[patient_id] = row
        if row is None:
            made = {
                "id": self._new_id(),
                "institution_id": self._institution,
                **arrival.patient,
                "patient_id": patient_id,
                "id_number": "",
                "phone": "",
                "created_at": self._now,
            }
            self._tx.insert(patients, made)
            return str(made["id"])
        told = {
            key: value
            for key in ("name", "search", "sex", "birth_date")
            if row[key] in _UNTOLD and (value := arrival.patient[key]) not in _UNTOLD
        }
        if told:
            self._tx.update(patients, patients.c.id == row["id"], told)
        return str(row["id"])

    def _add(self, study: _Study, arrival: Arrival) -> None:
        one = self._series(study, arrival)
        row = {
            "id": self._new_id(),
            "institution_id": self._institution,
            "series_id": one["id"],
            "study_id": study.row["id"],
            **arrival.instance,
            "stored_at": self._now,
        }
        self._tx.insert(instances, row)
        self._held[row["sop_uid"]] = row
        one["instance_count"] += 1
        study.added += 1
        study.row["instance_count"] += 1
        study.row["bytes"] += arrival.instance["size"]
        study.row["sop_classes"] = joined(study.row["sop_classes"], arrival.instance["sop_class"])
        self._describe(study, one, arrival)

    def _describe(self, study: _Study, one: dict[str, Any], arrival: Arrival) -> None:
        """Learn what is still empty; the very rows that a series told last tell nothing new."""
        last = self._told.get(one["id"])
        if last is not None and last[0] is arrival.study and last[1] is arrival.series:
            return
        self._told[one["id"]] = (arrival.study, arrival.series)
        first_wins(one, arrival.series)
        first_wins(study.row, {**arrival.study, "body_part": arrival.series["body_part"]})

    def _series(self, study: _Study, arrival: Arrival) -> dict[str, Any]:
        if study.series is None:
            found = [] if study.fresh else series_of(self._tx, study.row["id"])
            study.series = {row["series_uid"]: dict(row) for row in found}
            study.series_was = {row["id"]: row for row in found}
        uid = arrival.series["series_uid"]
        if uid not in study.series:
            made = {
                "id": self._new_id(),
                "study_id": study.row["id"],
                **arrival.series,
                "instance_count": 0,
                "search_json": b"",
            }
            self._tx.insert(series, made)
            study.series[uid] = made
            study.series_was[made["id"]] = dict(made)
            study.row["series_count"] += 1
        return study.series[uid]

    def _save(self, study: _Study) -> None:
        """Write the new counts and descriptions of a study and its series.

        Only what changed: to a database each column that is named costs its indexes.
        """
        for one in (study.series or {}).values():
            one["search_json"] = series_json(one, study.row["study_uid"])
            if new := new_in(one, study.series_was[one["id"]]):
                self._tx.change(series, {"id": one["id"]}, new)
        found = {one["modality"] for one in (study.series or {}).values() if one["modality"]}
        study.row["modalities"] = join_modalities(found)
        study.row["updated_at"] = self._now
        study.row["search_json"] = study_json(study.row)
        new = new_in(study.row, study.was)
        self._tx.change(studies, {"id": study.row["id"]}, new)
        if study.fresh or study_keys.MADE_FROM & new.keys():
            study_keys.enter(self._tx, study.row, study.fresh)

    def _conflict(
        self, arrival: Arrival, reason: str, study_id: str, kept_blob: str | None
    ) -> Kept:
        row = {
            "institution_id": self._institution,
            "study_uid": arrival.study["study_uid"],
            "sop_uid": arrival.instance["sop_uid"],
            "blob": arrival.instance["blob"],
            "size": arrival.instance["size"],
            "kept_blob": kept_blob,
            "reason": reason,
            "patient_id": arrival.patient["patient_id"],
            "patient_name": arrival.patient["name"],
            "at": self._now,
        }
        same = (conflicts.c[key] == row[key] for key in ("institution_id", "sop_uid", "blob"))
        known = self._tx.scalar(sa.select(conflicts.c.id).where(*same)) is not None
        if not known and self._was_removed(arrival, row["blob"]):
            return Kept(Fate.CONFLICT, study_id, "removed", repeated=True)
        if not known:
            self._tx.insert(conflicts, {**row, "id": self._new_id()})
        return Kept(Fate.CONFLICT, study_id, reason, repeated=known)

    def _was_removed(self, arrival: Arrival, blob: str | None = None) -> bool:
        """Whether an instance (or this copy of it) was taken out on purpose: sending it again
        does not bring it back, a person does."""
        keys = {"institution_id": self._institution, "sop_uid": arrival.instance["sop_uid"]}
        if blob is not None:
            keys["blob"] = blob
        return self._tx.find(removed_instances, **keys) is not None


def take_turn(tx: Tx, institution_id: str) -> None:
    """One change of an institution's images at a time; SQLite has one writer anyhow."""
    if not tx.sqlite:
        key = sa.func.hashtext(institution_id)
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(INTAKE_LOCK, key)))


def synthetic_patient_id(study_uid: str) -> str:
    """The PatientID of a study that came without one: its own, and always the same."""
    return SYNTHETIC + hashlib.sha256(study_uid.encode()).hexdigest()[:24]


def is_synthetic(patient_id: str, study_uid: str) -> bool:
    """Whether a study's PatientID was made here. Asked of every row that leaves, so it is quick."""
    return patient_id.startswith(SYNTHETIC) and patient_id == synthetic_patient_id(study_uid)


def join_modalities(found: Iterable[str]) -> str:
    """The column value of a set of modalities: sorted, backslash between as in DICOM."""
    return "\\".join(sorted({*found} - {""}))


def joined(column: str, value: str) -> str:
    """A column of several values with one more, sorted and each once."""
    return column if value in (held := column.split("\\")) else join_modalities([*held, value])


def split_modalities(column: str) -> list[str]:
    """What `join_modalities` wrote."""
    return column.split("\\") if column else []


def _slices(values: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))


# --- questions --------------------------------------------------------------------------------

Where = sa.ColumnElement[bool]

_LEVELS: dict[str, tuple[sa.Table, ...]] = {
    "study": (studies,),
    "series": (studies, series),
    "instance": (studies, series, instances),
}


def rows(
    tx: Tx,
    level: str,
    where: Where,
    order: Sequence[sa.ColumnElement[Any]] = (),
    limit: int | None = None,
    offset: int = 0,
) -> list[Row]:
    """Rows of a level with the columns of the levels above as `study__…` and `series__…`.

    `where` holds the access predicate. The instances' metadata is left out: it is large.
    """
    query = _listing(level).where(where).order_by(*(order or _order(level)))
    return tx.all(query.limit(limit).offset(offset))


def count(tx: Tx, level: str, where: Where, most: int = 10_000) -> int:
    """How many rows a question has, under the same predicate; counting ends at `most`."""
    some = sa.select(studies.c.id).select_from(_from(level)).where(where).limit(most)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(some.subquery())))


def _from(level: str) -> sa.FromClause:
    joined: sa.FromClause = studies.join(patients, patients.c.id == studies.c.patient_ref)
    if level != "study":
        joined = joined.join(series, series.c.study_id == studies.c.id)
    if level == "instance":
        joined = joined.join(instances, instances.c.series_id == series.c.id)
    return joined


@cache
def _listing(level: str) -> sa.Select[Any]:
    *above, own = _LEVELS[level]
    names = {studies: "study", series: "series"}
    columns: list[sa.ColumnElement[Any]] = [
        column.label(f"{names[table]}__{column.name}") for table in above for column in table.c
    ]
    columns += [c for c in own.c if c.name != "metadata"]
    return sa.select(*columns).select_from(_from(level))


def _order(level: str) -> list[sa.ColumnElement[Any]]:
    """A stable order: newest studies first, then series and instances by number."""
    order: list[sa.ColumnElement[Any]] = [studies.c.study_date.desc(), studies.c.id]
    if level != "study":
        order += [sa.func.coalesce(series.c.number, 1 << 30), series.c.series_uid]
    if level == "instance":
        order += [sa.func.coalesce(instances.c.number, 1 << 30), instances.c.sop_uid]
    return order


def by_uid(tx: Tx, study_uid: str, visible: Where, own: str | None) -> Row | None:
    """The study a UID names among the visible ones: the institution's own, else the first."""
    foreign = sa.case((studies.c.institution_id == own, 0), else_=1)
    query = sa.select(studies).where(studies.c.study_uid == study_uid, visible)
    return tx.one(query.order_by(foreign, studies.c.id).limit(1))


def patients_of(tx: Tx, where: Where, limit: int) -> list[Row]:
    """Distinct platform patients of studies: `patient_ref` and `institution_id`."""
    query = (
        sa.select(studies.c.patient_ref, studies.c.institution_id)
        .where(where)
        .distinct()
        .limit(limit)
    )
    return tx.all(query)


def listed(tx: Tx, where: Where, after: tuple[datetime, str] | None, limit: int) -> list[Row]:
    """Studies for our own list, newest arrivals first; `after` is the last row seen."""
    if after is not None:
        at, last = after
        same = sa.and_(studies.c.received_at == at, studies.c.id < last)
        where = sa.and_(where, sa.or_(studies.c.received_at < at, same))
    order = (studies.c.received_at.desc(), studies.c.id.desc())
    return tx.all(sa.select(studies).where(where).order_by(*order).limit(limit))


def patient(tx: Tx, patient_ref: str) -> Row | None:
    """A platform patient."""
    return tx.find(patients, id=patient_ref)


def holders(tx: Tx, study_uids: Iterable[str]) -> list[tuple[str, str]]:
    """Who has studies of these UIDs: (study_uid, institution)."""
    uids = sorted(study_uids)
    rows = tx.all(_HOLDER, study_uid=uids[0]) if len(uids) == 1 else tx.all(_HOLDERS, uids=uids)
    return [(row["study_uid"], row["institution_id"]) for row in rows]


_HOLDER = sa.select(studies.c.study_uid, studies.c.institution_id).where(
    studies.c.study_uid == given(studies.c.study_uid)
)
_HOLDERS = sa.select(studies.c.study_uid, studies.c.institution_id).where(
    studies.c.study_uid.in_(sa.bindparam("uids", expanding=True))
)


def own_study(tx: Tx, institution_id: str, study_id: str) -> Row | None:
    """A study of the institution, None when it is absent, another's, or nothing of it is shown."""
    row = tx.find(studies, id=study_id, institution_id=institution_id)
    return row if row and row["instance_count"] else None


def series_of(tx: Tx, study_id: str) -> list[Row]:
    """The series of a study by number."""
    return tx.all(_SERIES_OF, study_id=study_id)


_SERIES_OF = (
    sa.select(series)
    .where(series.c.study_id == given(series.c.study_id))
    .order_by(sa.func.coalesce(series.c.number, 1 << 30), series.c.series_uid)
)


def attach(tx: Tx, request_id: str, study_id: str) -> bool:
    """Attach a study to a case; False when it was attached already."""
    link = request_studies.c
    same = sa.and_(link.request_id == request_id, link.study_id == study_id)
    if tx.one(sa.select(link.role).where(same)) is not None:
        return False
    row = {"request_id": request_id, "study_id": study_id, "role": "current"}
    tx.insert_missing(request_studies, [row])
    return True


def requests_with(tx: Tx, study_ids: Iterable[str], where: Where) -> list[Row]:
    """Requests to which a study is attached: `study_id` and the request's parties and state."""
    query = (
        sa.select(
            request_studies.c.study_id,
            requests.c.id,
            requests.c.number,
            requests.c.requester_id,
            requests.c.provider_id,
            requests.c.state,
        )
        .join(requests, requests.c.id == request_studies.c.request_id)
        .where(request_studies.c.study_id.in_(list(study_ids)), where)
        .order_by(requests.c.id, request_studies.c.study_id)
    )
    return tx.all(query)
