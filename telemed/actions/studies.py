"""Questions about patients and images, each with the caller's sight built into the query.

A StudyInstanceUID names at most one study a caller can reach; whatever is absent or not theirs is
"not found" in the same words. Patients made by hand live beside those that images brought.
"""

import base64
import binascii
import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.dicom.names import normalise, search_keys
from telemed.dicom.scan import valid_uid
from telemed.store import named, patients, quarantine, removals, studies
from telemed.store import tables as t
from telemed.store.access import granted_studies, visible_requests, visible_studies
from telemed.store.tx import Row

PAGE = 50


# --- images by UID ----------------------------------------------------------------------------


def find_study(act: Act, study_uid: str) -> Row:
    """The study a UID names for this caller, or Problem("not-found")."""
    found = None
    if valid_uid(study_uid):
        found = named.study(act.tx, act.subject, act.now, study_uid)
    if found is None:
        _require_never_deleted(act, study_uid)
        raise Problem("not-found")
    return found


def _require_never_deleted(
    act: Act, study_uid: str, series_uid: str | None = None, sop_uid: str | None = None
) -> None:
    """Problem("gone") to those who could see what a path names until it was deleted."""
    if not all(valid_uid(uid) for uid in (study_uid, series_uid, sop_uid) if uid is not None):
        return
    granted = granted_studies(act.subject, act.now)
    study = studies.by_uid(act.tx, study_uid, granted, act.subject.institution_id)
    if study and removals.was_deleted(act.tx, study["id"], series_uid, sop_uid):
        raise Problem("gone")


def find_instances(
    act: Act, study_uid: str, series_uid: str | None = None, sop_uid: str | None = None
) -> list[Row]:
    """The instances under a path of UIDs in order, without metadata; never an empty list."""
    study = _under(act, study_uid, series_uid, sop_uid)
    found = named.instances_of(act.tx, study, series_uid, sop_uid)
    if not found:
        _require_never_deleted(act, study_uid, series_uid, sop_uid)
        raise Problem("not-found")
    return found


def find_metadata(
    act: Act,
    study_uid: str,
    series_uid: str | None = None,
    sop_uid: str | None = None,
    *,
    most: int,
) -> list[Row]:
    """`find_instances` with `metadata` and few other columns; empty when more than `most`."""
    study = _under(act, study_uid, series_uid, sop_uid)
    found = named.told(act.tx, study, series_uid, sop_uid, most)
    return find_instances(act, study_uid, series_uid, sop_uid) if found == [] else found or []


def _under(act: Act, study_uid: str, *uids: str | None) -> Row:
    study = find_study(act, study_uid)
    if not all(valid_uid(uid) for uid in uids if uid is not None):
        raise Problem("not-found")
    return study


def with_synthetic_patient(act: Act, study_ids: Collection[str]) -> set[str]:
    """Which of the caller's studies came without a PatientID and got one here."""
    query = sa.select(t.studies.c.id, t.studies.c.study_uid, t.studies.c.patient_id)
    seen = visible_studies(act.subject, act.now)
    rows = act.tx.all(query.where(t.studies.c.id.in_(sorted(study_ids)), seen))
    made = studies.is_synthetic
    return {row["id"] for row in rows if made(row["patient_id"], row["study_uid"])}


def metadata_of(act: Act, instance_ids: Sequence[str]) -> dict[str, bytes]:
    """Stored DICOM JSON by instance id; the caller has found the instances through the door."""
    return named.metadata(act.tx, instance_ids)


# --- our own lists ----------------------------------------------------------------------------


def listed(
    act: Act,
    words: str = "",
    modality: str = "",
    first_day: str = "",
    last_day: str = "",
    cursor: str = "",
) -> tuple[list[Row], str | None]:
    """A page of the institution's own studies and the cursor of the next; days YYYYMMDD."""
    own = act.subject.institution_id
    where = sa.and_(visible_studies(act.subject, act.now), t.studies.c.institution_id == own)
    if words.strip():
        where = sa.and_(where, _about(words))
    if modality:
        where = sa.and_(where, has_modality(modality))
    if first_day:
        where = sa.and_(where, t.studies.c.study_date >= first_day)
    if last_day:
        where = sa.and_(where, t.studies.c.study_date <= last_day, t.studies.c.study_date != "")
    found = studies.listed(act.tx, where, _read_cursor(cursor), PAGE + 1)
    if len(found) <= PAGE:
        return found, None
    last = found[PAGE - 1]
    return found[:PAGE], _write_cursor(last["received_at"], last["id"])


def has_modality(modality: str) -> sa.ColumnElement[bool]:
    """Studies in which the modality occurs."""
    between = sa.literal("\\").concat(t.studies.c.modalities).concat("\\")
    return between.contains(f"\\{modality}\\", autoescape=True)


def _about(words: str) -> sa.ColumnElement[bool]:
    """Studies by name (hanzi, pinyin, initials), PatientID, accession number, description."""
    plain = words.strip().replace("\0", "")
    folded = normalise(plain).replace("*", "").replace("?", "")
    exact = t.studies.c
    hits = [
        exact.accession_number.contains(plain, autoescape=True),
        exact.patient_id.contains(plain, autoescape=True),
        exact.description.contains(plain, autoescape=True),
        exact.study_uid == plain,
    ]
    if folded:
        hits.append(exact.patient_search.contains(folded, autoescape=True))
    return sa.or_(*hits)


def _write_cursor(at: datetime, key: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{key}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str] | None:
    if not cursor:
        return None
    try:
        at, _, key = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        moment = datetime.fromisoformat(at)
    except (ValueError, binascii.Error):
        raise Problem("invalid", detail="cursor") from None
    if moment.tzinfo is None:
        raise Problem("invalid", detail="cursor")
    return moment, key


def detail(act: Act, study_id: str) -> tuple[Row, list[Row], list[str], int]:
    """A visible study, its series, the visible cases it belongs to, its open conflicts."""
    where = sa.and_(t.studies.c.id == study_id, visible_studies(act.subject, act.now))
    study = act.tx.one(sa.select(t.studies).where(where))
    if study is None:
        raise Problem("not-found")
    cases = studies.requests_with(act.tx, [study_id], visible_requests(act.subject, act.now))
    conflicts = 0
    if study["institution_id"] == act.subject.institution_id:
        conflicts = quarantine.waiting(act.tx, study["institution_id"], study["study_uid"])
    return study, studies.series_of(act.tx, study_id), [c["id"] for c in cases], conflicts


# --- patients by hand -------------------------------------------------------------------------


def save_patient(act: Act, given: Mapping[str, str]) -> str:
    """Find or make the institution's patient from a form; its platform id.

    `given` has patient_id, name, sex, birth_date (YYYY-MM-DD), id_number and phone. A PatientID
    that already belongs to somebody of another name is refused: that is how people get mixed up.
    """
    institution = act.subject.own_institution
    if given["birth_date"] and not _is_day(given["birth_date"]):
        raise Problem("invalid", detail="birth_date")
    patient_id = given["patient_id"] or _made_up_id(given)
    mine = sa.and_(
        t.patients.c.institution_id == institution, t.patients.c.patient_id == patient_id
    )
    row = act.tx.one(sa.select(t.patients).where(mine))
    if row is not None:
        row = patients.final(act.tx, row)
    if row is None:
        made = {
            **given,
            "id": act.new_id(),
            "institution_id": institution,
            "patient_id": patient_id,
            "search": f"{search_keys(given['name'])}{patient_id.lower()} ",
            "created_at": act.now,
        }
        act.tx.insert(t.patients, made)
        return str(made["id"])
    if row["name"] and _squeezed(row["name"]) != _squeezed(given["name"]):
        raise Problem(
            "invalid",
            detail={
                "zh": f"患者编号 {patient_id} 已属于另一位患者，请核对",
                "en": f"patient id {patient_id} belongs to somebody else, please check",
            },
        )
    told = {k: given[k] for k in _FORM if given[k] and given[k] != "U" and given[k] != row[k]}
    if told:
        keys = f"{search_keys(given['name'])}{patient_id.lower()} "
        act.tx.update(t.patients, t.patients.c.id == row["id"], {**told, "search": keys})
    return str(row["id"])


def _squeezed(name: str) -> str:
    return "".join(name.split()).casefold()


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_FORM = ("name", "sex", "birth_date", "id_number", "phone")


def _made_up_id(given: Mapping[str, str]) -> str:
    """The same person typed twice without a PatientID is one patient, not two."""
    known = given["id_number"] or "|".join(given[k] for k in ("name", "birth_date", "sex", "phone"))
    return studies.SYNTHETIC + hashlib.sha256(known.encode()).hexdigest()[:24]


def search_patients(act: Act, words: str) -> list[Row]:
    """`find_patients` for those who see patients."""
    act.subject.require(Permission.SEE_PATIENTS)
    return find_patients(act, words)


def find_patients(act: Act, words: str) -> list[Row]:
    """Up to 20 of the institution's own patients by name, pinyin, initials or PatientID."""
    folded = normalise(words).replace("*", "").replace("?", "")
    where = sa.and_(
        t.patients.c.institution_id == act.subject.own_institution,
        t.patients.c.merged_into.is_(None),
    )
    if folded:
        where = sa.and_(where, t.patients.c.search.contains(folded, autoescape=True))
    query = sa.select(t.patients).where(where).order_by(t.patients.c.created_at.desc())
    return act.tx.all(query.limit(20))
