"""How images come in: a file is judged, kept on the disk, then entered in one transaction.

Judging and flushing happen before the transaction and outside the event loop; entering is short.
A file whose bytes are already known is a success that changes nothing; other bytes under a known
UID, or a study of another patient, are quarantined and never replace what is there. A study tells
one fact when a burst of images begins, not one per instance, and tells it again on every open
case it belongs to, so that a reader learns of late images.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from telemed.actions import image_changes
from telemed.actions.act import Act
from telemed.actions.image_facts import TOLD, fact, parties_of
from telemed.actions.patients import Adoption
from telemed.core import request
from telemed.core.activity import Fact, Kind
from telemed.dicom.elements import Limits, ScannedFile
from telemed.dicom.jsonmodel import instance_json, row
from telemed.dicom.names import search_keys
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import DEFAULT_LIMITS, opened, scan
from telemed.dicom.summary import InstanceSummary, summarize
from telemed.store import studies as shelf
from telemed.store import tables as t
from telemed.store.access import visible_studies
from telemed.store.arrivals import Arrival, Fate, Growth, Kept
from telemed.store.blobs import Blob, Blobs
from telemed.store.tx import Row

BURST = timedelta(seconds=60)
"""Images that arrive within this time of the last ones belong to the same burst."""

BULK_BASE = "bulkdata"
"""The base under which stored metadata names its bulk data; moved to a URL when it is served."""

_TEXT = 256


@dataclass(frozen=True, slots=True)
class Incoming:
    """An instance that was judged and may be entered."""

    blob: Blob
    summary: InstanceSummary
    metadata: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an incoming instance.

    `reason` is 'other-content' or 'other-patient' for a conflict, 'removed' for an instance that a
    person has taken out, and 'foreign-study' for one that was refused because its study is another
    institution's.
    """

    sop_class: str
    sop_uid: str
    study_uid: str
    series_uid: str
    fate: Fate | None
    study_id: str | None
    reason: str | None


def prepare(path: Path, key: str, limits: Limits = DEFAULT_LIMITS) -> Incoming | Refused:
    """Judge a file of content hash `key`; blocks, so call it in a thread."""
    try:
        with opened(path, limits) as file:
            return _judged(file, Blob(key, path.stat().st_size))
    except Refused as refusal:
        return refusal


def prepare_content(content: bytes) -> Incoming | Refused:
    """`prepare` for a file that is in memory."""
    try:
        file = scan(content)
        return _judged(file, Blob(hashlib.sha256(content).hexdigest(), len(content)))
    except Refused as refusal:
        return refusal


def _judged(file: ScannedFile, blob: Blob) -> Incoming:
    return Incoming(blob, summarize(file), instance_json(file, BULK_BASE))


def take_in(blobs: Blobs, path: Path, key: str) -> Incoming | Refused:
    """Judge a file and, when it is sound, keep it durably; blocks."""
    found = prepare(path, key)
    if isinstance(found, Incoming):
        blobs.put_file(path, key)
    return found


def store_instances(act: Act, institution_id: str, batch: Sequence[Incoming]) -> list[Outcome]:
    """Enter instances whose blobs are durable under an institution; outcomes in order."""
    foreign = _foreign_studies(act, institution_id, {i.summary.study_uid for i in batch})
    welcome = [i for i in batch if i.summary.study_uid not in foreign]
    keeper = shelf.Shelf(act.tx, institution_id, act.now, act.new_id, Adoption(act))
    fates = iter(keeper.put([arrival(i, institution_id) for i in welcome]))
    kept = [None if i.summary.study_uid in foreign else next(fates) for i in batch]
    act.tell(
        *_growth_facts(act, institution_id, keeper.growth()),
        *_conflict_facts(act, institution_id, kept),
    )
    image_changes.note_growth(act, keeper.growth())
    return [_outcome(i, k) for i, k in zip(batch, kept, strict=True)]


def link(act: Act, request_id: str, study_id: str) -> str | None:
    """Attach a study to a case of its own institution; why not, as a code, or None.

    An open case tells its responding institution. A study of somebody else than the case's
    patient is not attached: one wrong picture is worse than one missing.
    """
    case = act.tx.one(sa.select(t.requests).where(t.requests.c.id == request_id))
    study = act.tx.one(sa.select(t.studies).where(t.studies.c.id == study_id))
    if case is None or study is None or case["requester_id"] != study["institution_id"]:
        return "request-not-found"
    state = request.State(case["state"])
    if state not in request.EDITABLE and state is not request.State.OPEN:
        return "request-closed"
    if not _same_person(act, case["patient_ref"], study):
        return "other-person"
    if shelf.attach(act.tx, request_id, study_id):
        _describe_case(act, case["id"], study)
        # While it is being filled in, only the requesting side is a party.
        act.tell(fact(act, Kind.STUDY_RECEIVED, study_id, parties_of(case), request_id, {}))
    return None


def _same_person(act: Act, patient_ref: str | None, study: Row) -> bool:
    """Whether a case's patient is the study's: no patient yet, the same one, or the same name."""
    if patient_ref is None or patient_ref == study["patient_ref"]:
        return True
    name = act.tx.scalar(sa.select(t.patients.c.name).where(t.patients.c.id == patient_ref))
    return _squeezed(name) == _squeezed(study["patient_name"])


def _squeezed(name: object) -> str:
    return "".join(str(name).split()).casefold()


def _describe_case(act: Act, request_id: str, study: Row) -> None:
    """Fill in what a draft does not say yet from its first study."""
    case = t.requests.c
    this = case.id == request_id
    modality = next(iter(shelf.split_modalities(study["modalities"])), None)
    for column, value in (
        (case.patient_ref, study["patient_ref"]),
        (case.modality, modality),
        (case.body_part, study["body_part"]),
    ):
        blank = column.is_(None) if column.nullable else column == ""
        act.tx.update(t.requests, sa.and_(this, blank), {column.name: value})


def _foreign_studies(act: Act, institution_id: str, study_uids: set[str]) -> set[str]:
    """UIDs of studies the subject sees as another institution's and has not itself.

    A viewer of the responding side would file its measurements under its own institution and so
    make a second study of the same UID that hides the images. It is told "not authorized"; an
    institution that has its own copy of the study may go on filling it.
    """
    holders = shelf.holders(act.tx, study_uids)
    own = {uid for uid, institution in holders if institution == institution_id}
    others = {uid for uid, _ in holders} - own
    if not others:
        return set()
    seen = visible_studies(act.subject, act.now)
    query = sa.select(t.studies.c.study_uid).where(t.studies.c.study_uid.in_(sorted(others)), seen)
    return {row["study_uid"] for row in act.tx.all(query)}


def _outcome(incoming: Incoming, kept: Kept | None) -> Outcome:
    summary = incoming.summary
    return Outcome(
        sop_class=summary.sop_class_uid,
        sop_uid=summary.sop_instance_uid,
        study_uid=summary.study_uid,
        series_uid=summary.series_uid,
        fate=kept.fate if kept else None,
        study_id=kept.study_id if kept else None,
        reason=kept.reason if kept else "foreign-study",
    )


def _growth_facts(act: Act, institution_id: str, growth: Iterable[Growth]) -> list[Fact]:
    bursts = [g for g in growth if g.fresh or act.now - g.before > BURST]
    facts = [
        fact(
            act,
            Kind.STUDY_RECEIVED if g.fresh else Kind.STUDY_GREW,
            g.study_id,
            (institution_id,),
            None,
            {"instances": g.added},
        )
        for g in bursts
    ]
    # A study that was not there before belongs to no case yet.
    added = {g.study_id: g.added for g in bursts if not g.fresh}
    if not added:
        return facts
    for case in shelf.requests_with(act.tx, added, t.requests.c.state.in_(TOLD)):
        study_id, parties = case["study_id"], parties_of(case)
        facts.append(
            fact(
                act, Kind.STUDY_GREW, study_id, parties, case["id"], {"instances": added[study_id]}
            )
        )
    return facts


def _conflict_facts(act: Act, institution_id: str, kept: Iterable[Kept | None]) -> list[Fact]:
    """One fact per study and reason for conflicts that were not known before."""
    counts: dict[tuple[str | None, str | None], int] = {}
    for one in kept:
        if one is not None and one.fate is Fate.CONFLICT and not one.repeated:
            counts[one.study_id, one.reason] = counts.get((one.study_id, one.reason), 0) + 1
    return [
        fact(
            act,
            Kind.STUDY_CONFLICTED,
            study_id,
            (institution_id,),
            None,
            {"instances": n, "reason": reason},
        )
        for (study_id, reason), n in counts.items()
    ]


# --- from a summary to rows -------------------------------------------------------------------


def arrival(incoming: Incoming, institution_id: str) -> Arrival:
    """An instance as rows. What all of a study or series say alike is one and the same row."""
    summary = incoming.summary
    return Arrival(
        patient={
            "patient_id": bounded_id(summary.patient_id),
            "name": summary.patient_name_shown[:_TEXT],
            "search": f"{summary.patient_name_keys}{summary.patient_id[:64].lower()} ",
            "sex": summary.patient_sex if summary.patient_sex in ("M", "F", "O") else "U",
            "birth_date": iso_date(summary.patient_birth_date),
        },
        study=_study_row(_StudyTold._make(_STUDY(summary)), institution_id),
        series=_series_row(_SeriesTold._make(_SERIES(summary))),
        instance={
            "sop_uid": summary.sop_instance_uid,
            "sop_class": summary.sop_class_uid,
            "transfer_syntax": summary.transfer_syntax_uid,
            "number": summary.instance_number,
            "rows": summary.rows,
            "columns": summary.columns,
            "bits_allocated": summary.bits_allocated,
            "frames": summary.number_of_frames,
            "blob": incoming.blob.key,
            "size": incoming.blob.size,
            "metadata": incoming.metadata,
        },
    )


class _StudyTold(NamedTuple):
    """What an instance says of its study."""

    study_uid: str
    patient_id: str
    patient_name: str
    patient_name_shown: str
    patient_name_keys: str
    patient_sex: str
    patient_birth_date: str
    patient_age: str
    study_date: str
    study_time: str
    study_id: str
    study_description: str
    accession_number: str
    referring_physician: str
    referring_physician_shown: str
    institution_name: str
    timezone_offset: str


class _SeriesTold(NamedTuple):
    """What an instance says of its series."""

    series_uid: str
    modality: str
    series_number: int | None
    series_description: str
    series_date: str
    series_time: str
    body_part: str
    laterality: str
    protocol_name: str
    station_name: str
    manufacturer: str
    manufacturer_model: str
    performed_start_date: str
    performed_start_time: str
    asked_for: tuple[tuple[str, str], ...]


_STUDY = attrgetter(*_StudyTold._fields)
_SERIES = attrgetter(*_SeriesTold._fields)


@lru_cache(maxsize=512)
def _study_row(told: _StudyTold, institution_id: str) -> Row:
    return {
        "study_uid": told.study_uid,
        "patient_name": told.patient_name_shown[:_TEXT],
        "patient_search": f"{told.patient_name_keys}{told.patient_id[:64].lower()} ",
        "accession_number": told.accession_number[:_TEXT],
        "study_date": told.study_date,
        "study_time": told.study_time,
        "description": told.study_description[:_TEXT],
        "study_local_id": told.study_id[:_TEXT],
        "referring_physician": told.referring_physician_shown[:_TEXT],
        "name_keys": told.patient_name_keys,
        "referring_keys": search_keys(told.referring_physician),
        "attributes": row(
            {
                0x00080020: told.study_date,
                0x00080030: told.study_time,
                0x00080050: _plain(told.accession_number),
                0x00080080: _plain(told.institution_name),
                0x00080090: _plain(told.referring_physician),
                0x00080201: told.timezone_offset,
                0x00081030: _plain(told.study_description),
                0x00100010: _plain(told.patient_name),
                0x00100020: bounded_id(told.patient_id),
                # The institution is the issuer whatever the file says: short ids repeat.
                0x00100021: institution_id,
                0x00100030: told.patient_birth_date,
                0x00100040: told.patient_sex,
                0x00101010: told.patient_age,
                0x0020000D: told.study_uid,
                0x00200010: _plain(told.study_id),
            }
        ),
    }


@lru_cache(maxsize=512)
def _series_row(told: _SeriesTold) -> Row:
    asked = [
        row({0x00400009: _plain(step), 0x00401001: _plain(procedure)})
        for step, procedure in told.asked_for
    ]
    return {
        "series_uid": told.series_uid,
        "modality": told.modality[:16],
        "number": told.series_number,
        "description": told.series_description[:_TEXT],
        "series_date": told.series_date,
        "series_time": told.series_time,
        "body_part": told.body_part[:64],
        "attributes": row(
            {
                0x00080021: told.series_date,
                0x00080031: told.series_time,
                0x00080060: told.modality,
                0x00080070: _plain(told.manufacturer),
                0x0008103E: _plain(told.series_description),
                0x00081010: _plain(told.station_name),
                0x00081090: _plain(told.manufacturer_model),
                0x00180015: told.body_part,
                0x00181030: _plain(told.protocol_name),
                0x0020000E: told.series_uid,
                0x00200011: told.series_number,
                0x00200060: told.laterality,
                0x00400244: told.performed_start_date,
                0x00400245: told.performed_start_time,
                0x00400275: asked or None,
            }
        ),
    }


def bounded_id(patient_id: str) -> str:
    """A PatientID of at most 64 characters (VR LO); a longer one keeps its own identity."""
    if len(patient_id) <= 64:
        return patient_id
    return f"{patient_id[:40]}~{hashlib.sha256(patient_id.encode()).hexdigest()[:20]}"


@lru_cache(maxsize=512)
def iso_date(text: str) -> str:
    """YYYYMMDD as YYYY-MM-DD; '' when it is not a day of the calendar."""
    try:
        return datetime.strptime(text, "%Y%m%d").date().isoformat()  # noqa: DTZ007 - a date
    except ValueError:
        return ""


def _plain(text: str) -> str:
    """Text for a list: bounded, and without what PostgreSQL cannot hold."""
    return text[:1024].replace("\0", "")
