"""Signed minutes become a record of each institution's own, which nothing changes any more.

Both sides keep the originals (50号 三(五)): each gets a paper of its own, whose hash stands in a
statement that the server signs. It is printed outside of any transaction and kept in another; who
comes second finds it kept. Only signatures and a text that verify are printed.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import orjson

from telemed.actions import booking, minutes, minutes_consents
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.actions.booking import Booked
from telemed.actions.minutes import Minutes
from telemed.actions.reports import new_code
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.minutes import MACHINE, Event, Purpose, State
from telemed.documents.minutes_pdf import MinutesSheet
from telemed.store import minutes as store
from telemed.store import requests, studies
from telemed.store.audit import Event as Audited
from telemed.store.signer import Signer
from telemed.store.tx import Row

FORMAT: Final = "telemed-minutes-archive-1"
ALLIANCE: Final = "广西医疗联合体远程医疗协作平台"
SIDES: Final = {"requester": "邀请方", "provider": "受邀方"}
RELATIONS: Final = {"self": "患者本人", "guardian": "监护人", "agent": "委托代理人"}
PURPOSES: Final = {Purpose.RECORDING: "录音录像", Purpose.TEACHING: "教学使用"}
ANSWERS: Final = {"given": "同意", "refused": "不同意"}
SEX: Final = {"M": "男", "F": "女", "O": "其他"}


@dataclass(frozen=True, slots=True)
class Copy:
    """One institution's record before it is printed."""

    institution_id: str
    code: str
    sheet: MinutesSheet
    statement: dict[str, Any]


def is_due(act: Act, appointment_id: str) -> bool:
    """Whether minutes are signed and not archived."""
    row = store.get(act.tx, appointment_id)
    return row is not None and row["state"] == State.SIGNED


def copies(act: Act, appointment_id: str, origin: str, signer: Signer) -> list[Copy]:
    """What is to be printed, one for each institution; nothing when it is archived already."""
    if not is_due(act, appointment_id):
        return []
    found = minutes.for_clock(act, appointment_id)
    closing, signed = signed_text(act, found, signer)
    said = orjson.loads(closing["text"])
    sides = {said[side]["id"]: side for side in ("provider", "requester")}
    return [
        _copy(act, found, closing, signed, key, side, f"{origin}/verify/")
        for key, side in sides.items()
    ]


def keep(act: Act, appointment_id: str, made: list[tuple[Copy, bytes]], signer: Signer) -> bool:
    """Keep what was printed; False when somebody else had."""
    act.tx.take_turn(minutes.turn_of(appointment_id))
    if not is_due(act, appointment_id):
        return False
    found = minutes.for_clock(act, appointment_id)
    for copy, pdf in made:
        digest = hashlib.sha256(pdf).hexdigest()
        signed = orjson.dumps(
            {**copy.statement, "pdf_sha256": digest, "archived_at": act.now},
            option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
        )
        store.add_archive(
            act.tx,
            {"appointment_id": found.id, "institution_id": copy.institution_id, "pdf": pdf,
             "sha256": digest, "signed_bytes": signed, "signature": signer.sign(signed),
             "key_id": signer.key_id, "verification_code": copy.code, "at": act.now},
        )  # fmt: skip
    to = MACHINE.step(found.state, Event.ARCHIVE)
    values = {"state": to.value, "updated_at": act.now}
    if not store.change(act.tx, found.id, found.row["version"], values):
        raise Problem("stale", current="?")
    booking.tell(act, found.booked, Kind.MINUTES_ARCHIVED, round=found.row["round"])
    return True


def own_copy(act: Act, appointment_id: str) -> tuple[str, bytes]:
    """The own institution's record: its number and its bytes, noted in the audit."""
    found = minutes.load(act, appointment_id)
    row = None
    if minutes.is_party(act, found.booked) and not act.subject.masked:
        row = store.archive(act.tx, found.id, act.subject.own_institution)
    if row is None:
        raise Problem("not-found")
    if hashlib.sha256(row["pdf"]).hexdigest() != row["sha256"]:
        raise Problem("signature-invalid")
    audited(act, Audited.EXPORT, "minutes", found.id)
    return str(found.booked.row["number"]), bytes(row["pdf"])


def signed_text(act: Act, found: Minutes, signer: Signer) -> tuple[Row, list[Row]]:
    """The closed text in force and its signatures, once each of them verifies."""
    number = found.row["round"]
    closing = store.closing(act.tx, found.id, number)
    signed = store.signatures(act.tx, found.id, number)
    if closing is None or hashlib.sha256(closing["text"]).hexdigest() != closing["sha256"]:
        raise Problem("signature-invalid")
    for row in signed:
        genuine = signer.verify(row["signed_bytes"], row["signature"], row["key_id"])
        if not genuine or orjson.loads(row["signed_bytes"])["text_sha256"] != closing["sha256"]:
            raise Problem("signature-invalid")
    return closing, signed


def _copy(
    act: Act,
    found: Minutes,
    closing: Row,
    signed: list[Row],
    institution_id: str,
    side: str,
    verify: str,
) -> Copy:
    code, patient = new_code(), _patient(act, found.booked.row["request_id"])
    said = orjson.loads(closing["text"])
    done = {row["person_id"] for row in signed}
    unsigned = [p for p in said["people"] if p["id"] not in done]
    statement = {
        "format": FORMAT,
        "appointment": said["appointment"],
        "institution": said[side],
        "side": side,
        "requester": said["requester"],
        "provider": said["provider"],
        "patient": patient,
        "round": said["round"],
        "text_sha256": closing["sha256"],
        "signatures": [
            {**{k: orjson.loads(row["signed_bytes"])[k] for k in ("person", "stance", "at")},
             "sha256": hashlib.sha256(row["signed_bytes"]).hexdigest()}
            for row in signed
        ],
        "unsigned": [{"id": p["id"], "name": p["name"]} for p in unsigned],
    }  # fmt: skip
    return Copy(institution_id, code, _sheet(act, found, statement, said, signed, code, verify),
                statement)  # fmt: skip


def _patient(act: Act, request_id: str | None) -> dict[str, Any] | None:
    case = None if request_id is None else requests.get(act.tx, request_id)
    row = None if case is None else studies.patient(act.tx, case["patient_ref"])
    keys = ("patient_id", "name", "sex", "birth_date")
    return None if row is None else {key: row[key] or "" for key in keys}


def _sheet(
    act: Act,
    found: Minutes,
    statement: dict[str, Any],
    said: dict[str, Any],
    signed: list[Row],
    code: str,
    verify: str,
) -> MinutesSheet:
    """The paper, from the bytes that were signed and not from rows that change."""
    label = act.catalogue.services[found.booked.row["service"]].label.zh
    stances = [{**orjson.loads(row["signed_bytes"]), "digest": _digest(row)} for row in signed]
    known = {person["id"]: person for person in said["people"]}
    return MinutesSheet(
        institution=statement["institution"]["name"],
        alliance=ALLIANCE,
        title=f"{label}记录",
        copy_of=SIDES[statement["side"]],
        number=said["appointment"]["number"],
        case=(said["case"] or {}).get("number", ""),
        patient=_patient_words(statement["patient"]),
        said=said,
        signatures=tuple({**one, "who": known[one["person"]["id"]]} for one in stances),
        unsigned=tuple(p["name"] for p in statement["unsigned"]),
        consents=consent_lines(act, found.booked, statement["side"] == "requester"),
        text_sha256=statement["text_sha256"],
        verify_code="-".join(code[i : i + 4] for i in range(0, len(code), 4)),
        verify_url=verify + code,
        printed_at=act.now,
    )


def _digest(row: Row) -> str:
    return hashlib.sha256(row["signature"]).hexdigest()


def _patient_words(patient: dict[str, Any] | None) -> tuple[tuple[str, str], ...]:
    if patient is None:
        return ()
    return (
        ("姓名", patient["name"]),
        ("性别", SEX.get(patient["sex"], "未知")),
        ("出生日期", patient["birth_date"]),
        ("病案号", patient["patient_id"]),
    )


def consent_lines(act: Act, booked: Booked, own: bool) -> tuple[tuple[str, str], ...]:
    """What the patient said to recording and to teaching; not asked where they were not."""
    lines = []
    for purpose, row in minutes_consents.standing(act, booked, own).items():
        words = "未征询，视为不同意"
        if row is not None:
            relation = RELATIONS.get(row["relation"], row["relation"])
            who = "，".join(word for word in (row["signer"], relation) if word)
            words = ANSWERS[row["answer"]] + (f"（{who}）" if who else "")
        lines.append((PURPOSES[purpose], words))
    return tuple(lines)


def check(act: Act, code: str, signer: Signer) -> dict[str, Any] | None:
    """What the check page may repeat of an archived record; None where there is none."""
    row = store.archive_by_code(act.tx, code)
    if row is None:
        return None
    said = orjson.loads(row["signed_bytes"])
    genuine = signer.verify(row["signed_bytes"], row["signature"], row["key_id"])
    whole = hashlib.sha256(row["pdf"]).hexdigest() == said["pdf_sha256"]
    return {**row, "said": said, "valid": genuine and whole}
