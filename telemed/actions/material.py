"""Material of a request told without its patient: copies under a pseudonym of the own institution.

A draft's studies are copied, portion by portion, then the draft shows the copies and the pseudonym;
whoever is asked sees nothing else, so that nothing downstream has anything to hide. Whose copies
they are is known to the own institution alone. Images at risk need somebody who looked at their
pixels. What is told with the patient's identity needs a reason and a consent that says so.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from telemed.actions import door, moves, unnamed
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.intake import Incoming, store_instances
from telemed.core import material as rule
from telemed.core import request
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.catalogue import Material, Words
from telemed.core.completeness import Missing
from telemed.core.errors import Problem
from telemed.core.material import Told
from telemed.dicom.copies import DeidentifySpec
from telemed.dicom.names import search_keys
from telemed.store import pseudonyms as store
from telemed.store import requests, studies
from telemed.store import tables as t
from telemed.store.pseudonym_tables import pseudonyms
from telemed.store.tx import Row

MOST_IMAGES: Final = 3000
"""Images that one draft's copies are made of; a discussion needs the telling ones."""
_BURNED, _CONVERSION = "00280301", "00080064"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the copies of a draft are. `row` is None where nothing was begun."""

    case: Case
    row: Row | None
    shown: bool
    """Whether the draft shows the copies."""
    total: int
    done: int
    left_out: int
    at_risk: list[str]
    """Studies whose pixels somebody must look at first."""
    looked_at: list[str]


@dataclass(frozen=True, slots=True)
class Copy:
    """What became of an image: its copy, or None for what has none."""

    instance_id: str
    incoming: Incoming | None


def progress(act: Act, request_id: str) -> Progress:
    """How far a draft's copies are; told to the own institution alone."""
    act.subject.require(Permission.WRITE_REQUESTS)
    case = door.own_case(act, request_id)
    pseudonym = store.of_patient(act.tx, case.row["patient_ref"])
    row = pseudonym or _begun(act, case)
    attached = [s["id"] for s in requests.studies_of(act.tx, case.id)]
    originals = row["study_ids"] if pseudonym and row else attached
    total, done, left = store.counts(act.tx, row) if row else (0, 0, 0)
    looked = [check["study_id"] for check in store.looked_at(act.tx, row["id"])] if row else []
    risky = [] if pseudonym else sorted(_at_risk(act, originals))
    return Progress(case, row, pseudonym is not None, total, done, left, risky, looked)


def begin(act: Act, request_id: str, version: int, looked_at: Collection[str]) -> str | None:
    """Begin or go on with the copies of a draft; the pseudonym's id, None when they are shown.

    Problem("pixels-unchecked") while an image at risk was not looked at by whoever acts.
    """
    case = _draft(act, request_id)
    if case.row["version"] != version:
        raise Problem("stale", current=case.row["version"])
    if store.of_patient(act.tx, case.row["patient_ref"]) is not None:
        return None
    if case.row["patient_ref"] is None:
        raise Problem("invalid", detail="patient")
    if requests.uploads_running(act.tx, case.id):
        raise Problem("uploads-running")
    attached = [s["id"] for s in requests.studies_of(act.tx, case.id)]
    row = _begun(act, case) or _pseudonym(act, case, attached)
    if row["study_ids"] != attached:
        keys = {"id": row["id"]}
        act.tx.change(pseudonyms, keys, {"study_ids": attached, "done_at": None})
        row = {**row, "study_ids": attached}
    known = {check["study_id"] for check in store.looked_at(act.tx, row["id"])}
    risky = _at_risk(act, attached)
    seen = risky & set(looked_at)
    if risky - known - seen:
        raise Problem("pixels-unchecked", studies=sorted(risky - known - seen))
    store.note_looked_at(act.tx, row, seen - known, act.subject.account_id, act.now)
    return str(row["id"])


def portion(act: Act, pseudonym_id: str, most: int) -> tuple[DeidentifySpec, list[Row]]:
    """The next images to copy, and what to say in their place."""
    row = _own(act, pseudonym_id)
    patient = studies.patient(act.tx, row["patient_ref"]) or {}
    spec = DeidentifySpec(
        seed=row["seed"],
        patient_name=str(patient["name"]).replace(" ", "^"),
        patient_id=str(patient["patient_id"]),
        birth_year=str(patient["birth_date"])[:4],
        shift_days=row["shift_days"],
    )
    return spec, store.waiting(act.tx, row, most)


def enter(act: Act, pseudonym_id: str, made: Sequence[Copy]) -> None:
    """Enter copies whose blobs are durable, by the way that all images come in."""
    row = _own(act, pseudonym_id)
    batch = [one.incoming for one in made if one.incoming is not None]
    outcomes = iter(store_instances(act, act.subject.own_institution, batch) if batch else [])
    entered: list[tuple[str, str | None]] = []
    for one in made:
        study = next(outcomes).study_id if one.incoming is not None else None
        entered.append((one.instance_id, study))
    store.note_copied(act.tx, row["id"], entered)


def show(act: Act, request_id: str, pseudonym_id: str) -> None:
    """The draft shows the copies, once there is one of everything that can have one."""
    case = _draft(act, request_id)
    row = _own(act, pseudonym_id)
    if case.row["patient_ref"] != row["original_ref"]:
        return  # somebody was quicker, or chose another patient meanwhile
    if store.waiting(act.tx, row, 1):
        raise Problem("stale", current=case.row["version"])
    _, done, left = store.counts(act.tx, row)
    _change(act, case, row["patient_ref"], store.copies(act.tx, row["id"]))
    act.tx.change(pseudonyms, {"id": row["id"]}, {"done_at": act.now, "left_out": left})
    act.tell(
        moves.fact(act, case, Kind.REQUEST_DEIDENTIFIED, images=done - left, left_out=left,
                   studies=len(row["study_ids"]))
    )  # fmt: skip


def undo(act: Act, request_id: str, version: int) -> None:
    """The draft shows the originals again; the copies stay, and are used when it is done again."""
    case = _draft(act, request_id)
    if case.row["version"] != version:
        raise Problem("stale", current=case.row["version"])
    row = store.of_patient(act.tx, case.row["patient_ref"])
    if row is None or row["request_id"] != case.id:
        raise Problem("not-found")
    own = [s for s in row["study_ids"] if studies.own_study(act.tx, row["institution_id"], s)]
    _change(act, case, row["original_ref"], own)


# --- what sending asks --------------------------------------------------------------------------


def missing(act: Act, case: Case) -> list[Missing]:
    """What keeps a case from being sent: an identity without reason and consent, or a text that
    names whom the copies do not."""
    if case.service.material is not Material.DEIDENTIFIED:
        return []
    row = store.of_patient(act.tx, case.row["patient_ref"])
    if row is None:
        consent = case.row["consent"] or {}
        reason = act.catalogue.reason("identified-material", consent.get("identified_reason"))
        told = reason is not None and consent.get("kind") == "signed" and consent.get("identified")
        return [] if told or case.row["patient_ref"] is None else [_IDENTITY]
    attached = requests.studies_of(act.tx, case.id)
    found = [] if all(s["patient_ref"] == row["patient_ref"] for s in attached) else [_IDENTITY]
    original = studies.patient(act.tx, row["original_ref"]) or {}
    fields = {f.key: (s.key, f.label) for s in case.service.form for f in s.fields}
    for key in rule.places(unnamed.identity_of(original), case.row["content"], fields):
        section, label = fields[key]
        words = Words(f"{label.zh}（含患者姓名、证件号或电话）", f"{label.en} (names the patient)")
        found.append(Missing(section, key, words))
    return found


def told(act: Act, case: Case) -> dict[str, str]:
    """How the patient is told, for the fact of sending; nothing where it is not asked."""
    if case.service.material is not Material.DEIDENTIFIED:
        return {}
    real = store.of_patient(act.tx, case.row["patient_ref"]) is None
    return {"material": (Material.IDENTIFIED if real else Material.DEIDENTIFIED).value}


def consent_out(act: Act, case: Case) -> dict[str, Any] | None:
    """The consent as the subject may see it: who signed for a pseudonym stays with the own side."""
    consent: dict[str, Any] | None = case.row["consent"] or None
    if consent is None or case.own or case.service.material is not Material.DEIDENTIFIED:
        return consent
    if store.of_patient(act.tx, case.row["patient_ref"]) is None:
        return consent
    return {**consent, "signer": "", "relation": "", "approver": "", "reason": ""}


def real_patient(act: Act, patient_ref: str | None) -> str | None:
    """Whom a platform patient stands for: themselves, unless it is a pseudonym."""
    row = store.of_patient(act.tx, patient_ref)
    return patient_ref if row is None else str(row["original_ref"])


_IDENTITY = Missing(
    "material", "material",
    Words("去标识化资料，或不去标识的理由与患者同意",
          "De-identified material, or a reason and consent for telling who it is"),
)  # fmt: skip


# --- the rest -----------------------------------------------------------------------------------


def _draft(act: Act, request_id: str) -> Case:
    act.subject.require(Permission.WRITE_REQUESTS)
    case = door.own_case(act, request_id)
    if case.state not in request.EDITABLE:
        raise Problem(
            "illegal-transition",
            state=request.MACHINE.word(case.state),
            event={"zh": "去标识化", "en": "de-identify"},
        )
    return case


def _begun(act: Act, case: Case) -> Row | None:
    ref = case.row["patient_ref"]
    return None if ref is None else store.of_request(act.tx, case.id, ref)


def _own(act: Act, pseudonym_id: str) -> Row:
    row = act.tx.find(pseudonyms, id=pseudonym_id)
    if row is None or row["institution_id"] != act.subject.own_institution:
        raise Problem("not-found")
    return row


def _pseudonym(act: Act, case: Case, study_ids: list[str]) -> Row:
    """Somebody of the own institution who does not exist, of the same sex and year of birth."""
    institution = act.subject.own_institution
    original = studies.patient(act.tx, case.row["patient_ref"]) or {}
    n = store.next_n(act.tx, institution)
    name, number = f"讨论病例 {n:04}", f"TL{n:06}"
    born = str(original["birth_date"])
    patient = {
        "id": act.new_id(), "institution_id": institution, "patient_id": number, "name": name,
        "search": f"{search_keys(name)}{number.lower()} ", "sex": original["sex"],
        "birth_date": f"{born[:4]}-01-01" if len(born) == 10 else "",
        "id_number": "", "phone": "", "created_at": act.now, "merged_into": None,
    }  # fmt: skip
    act.tx.insert(t.patients, patient)
    row = {
        "id": act.new_id(), "institution_id": institution, "n": n, "request_id": case.id,
        "original_ref": original["id"], "patient_ref": patient["id"],
        "seed": secrets.token_hex(32),
        "shift_days": rule.shift(act.catalogue.material, secrets.randbelow(1 << 30)),
        "study_ids": study_ids, "left_out": 0, "made_by": act.subject.account_id,
        "made_at": act.now, "done_at": None,
    }  # fmt: skip
    act.tx.insert(pseudonyms, row)
    return row


def _change(act: Act, case: Case, patient_ref: str, study_ids: list[str]) -> None:
    values = {"patient_ref": patient_ref, "updated_at": act.now}
    if not requests.change(act.tx, case.id, case.row["version"], values):
        raise Problem("stale", current=case.row["version"])
    requests.set_studies(act.tx, case.id, study_ids)


def _at_risk(act: Act, study_ids: Sequence[str]) -> set[str]:
    """The studies of which an image may carry a name in its pixels."""
    rows = store.images(act.tx, study_ids, MOST_IMAGES) if study_ids else []
    if len(rows) > MOST_IMAGES:
        raise Problem("invalid", detail=f"> {MOST_IMAGES} images")
    return {row["study_id"] for row in rows if rule.is_at_risk(act.catalogue.material, _told(row))}


def _told(row: Row) -> Told:
    told = orjson.loads(row["metadata"])
    values = (str((told.get(tag, {}).get("Value") or [""])[0]) for tag in (_BURNED, _CONVERSION))
    return Told(row["modality"], row["sop_class"], *values)
