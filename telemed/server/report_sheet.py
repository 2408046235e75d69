"""From signed bytes to the sheet that is printed.

Text and names come from the bytes that were signed, never from the live rows, so that the paper
says what was signed and a changed row cannot change it. A signature that does not verify stops
the printing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import orjson

from telemed.actions import door
from telemed.actions.act import Act
from telemed.core.catalogue import FormField, ServiceType
from telemed.core.completeness import URGENCY_WORDS
from telemed.core.errors import Problem
from telemed.core.opinion import PARTS, ROLE_WORDS, Role
from telemed.documents.report_pdf import (
    QUESTION_LABEL,
    CriticalChain,
    Field,
    Link,
    Opinion,
    Patient,
    ReportSheet,
    Section,
    Signature,
    Version,
    VersionKind,
)
from telemed.server.cases import ZONE, account_name, age, headline, signed_content
from telemed.store import accompanying, opinions, people, reports, requests
from telemed.store.forecasts import department_names
from telemed.store.signer import Signer
from telemed.store.tx import Row

SEX = {"M": "男", "F": "女", "O": "其他", "U": "未知", "": "未知"}


def report_sheet(
    act: Act, request_id: str, origin: str, signer: Signer, number: int | None
) -> ReportSheet:
    """The sheet of a case's issued report, of one version or all; Problem("not-found") if none."""
    case = door.case(act, request_id)
    if act.subject.masked:
        raise Problem("forbidden", action="print-report")
    finals = [v for v in reports.versions(act.tx, case.id) if v["state"] == "final"]
    shown = [v for v in finals if number is None or v["number"] == number]
    if not shown:
        raise Problem("not-found")
    signed = [signed_content(act, v, signer) for v in shown]
    newest, head = shown[-1], signed[-1]
    return ReportSheet(
        provider=head["provider"]["name"],
        alliance="广西医疗联合体远程医疗协作平台",
        title=f"{case.service.label.zh}报告单",
        number=case.row["number"],
        patient=_patient(head, act.now),
        patient_fields=_patient_fields(act, case.row),
        exam_fields=(*_exam_fields(act, case), *_met(act, case, head["author"])),
        clinical_question=case.row["question"],
        question_label=_question_label(case.service),
        versions=tuple(
            _version(act, case.service, v, content)
            for v, content in zip(shown, signed, strict=True)
        ),
        verify_code=_grouped(newest["verification_code"]),
        verify_url=f"{origin}/verify/{newest['verification_code']}",
        printed_at=act.now,
        chains=tuple(
            _chain(act, case.row, row) for row in requests.critical_notices_of(act.tx, case.id)
        ),
        opinions=_opinions(act, case, head, signer),
    )


def _opinions(
    act: Act, case: door.Case, head: Mapping[str, Any], signer: Signer
) -> tuple[Opinion, ...]:
    """What the experts signed, as far as the report's own signature names it."""
    drawn = head.get("opinions") or []
    kept = opinions.signed(act.tx, case.id) if drawn else {}
    labels = {key: label.zh for key, label in PARTS.items()}
    labels["opinion"] = case.service.meeting_label.zh + labels["opinion"]
    return tuple(_opinion(one, kept[one["id"]], labels, signer) for one in drawn)


def _opinion(
    drawn: Mapping[str, Any], kept: Row, labels: Mapping[str, str], signer: Signer
) -> Opinion:
    raw = kept["signed_bytes"]
    same = hashlib.sha256(raw).hexdigest() == drawn["sha256"]
    if not same or not signer.verify(raw, kept["signature"], kept["key_id"]):
        raise Problem("signature-invalid", number=drawn["n"])
    told = orjson.loads(raw)
    author, body = told["author"], told["content"]
    role = ROLE_WORDS[Role(told["role"])].zh
    title = people.title_words(author["title"])[0]
    at = datetime.fromisoformat(told["signed_at"])
    texts = [Section(label, body[key]) for key, label in labels.items() if body.get(key)]
    codes = "、".join(
        " ".join(one[k] for k in ("name", "code") if one.get(k))
        for one in body.get("diagnosis", [])
    )
    return Opinion(
        told["institution"]["name"],
        Signature(role, author["name"], title, at, drawn["sha256"]),
        (*texts, *((Section("诊断", codes),) if codes else ())),
    )


def _patient(content: Mapping[str, Any], now: datetime) -> Patient:
    patient = content["patient"]
    return Patient(
        name=patient["name"] or "",
        sex=SEX.get(patient["sex"] or "", ""),
        age=age(patient["birth_date"], now),
        number_label="病案号",
        number=patient["patient_id"] or "",
    )


def _patient_fields(act: Act, row: Row) -> tuple[Field, ...]:
    return (
        Field("申请机构", row["requester_name"]),
        Field("紧急程度", URGENCY_WORDS[row["urgency"]].zh),
    )


def _exam_fields(act: Act, case: door.Case) -> tuple[Field, ...]:
    """What the report is about: the study that was read, and the form's printed fields."""
    attached = requests.studies_of(act.tx, case.id)
    named = [f for f in case.service.fields() if f.key == case.service.headline and not f.printed]
    part = (headline(case.service, case.row["body_part"]) or {"zh": ""})["zh"]
    content = case.row["content"]
    return (
        *([_studied(attached[0])] if attached else []),
        *(Field(f.label.zh, part) for f in named),
        *(_examined(attached[0]) if attached else ()),
        *(
            Field(f.label.zh, _shown(f, content.get(f.key)))
            for f in case.service.fields()
            # A blank that nobody had to fill in is no line of the paper.
            if f.printed and (f.required or _is_given(content.get(f.key)))
        ),
        *_accompanied(act, case),
    )


def _met(act: Act, case: door.Case, author: Mapping[str, str]) -> tuple[Field, ...]:
    """Of what people meet for: who asked, and of which department whoever answered is (WS 445.13
    会诊申请医师, 会诊科室); a department by its name where the register has it."""
    if not case.service.meets:
        return ()
    who = people.person(act.tx, author["id"])
    place, code = (who["institution_id"], who["department"]) if who else ("", "")
    names = department_names(act.tx, place, {code})
    told = (
        Field("申请医师", account_name(act, case.row["created_by"]) or ""),
        Field(f"{case.service.meeting_label.zh}科室", names.get(code, code)),
    )
    return tuple(one for one in told if one.value)


def _accompanied(act: Act, case: door.Case) -> tuple[Field, ...]:
    """Who of the requesting side was there and when it was said (50号 二(二))."""
    there = [
        row for row in accompanying.of_request(act.tx, case.id) if row["confirmed_at"] is not None
    ]
    staff = people.people_by_id(act.tx, {row["person_id"] for row in there})
    said = [
        f"{staff[row['person_id']]['name']}（{row['confirmed_at'].astimezone(ZONE):%m-%d %H:%M}）"
        for row in there
    ]
    return (Field("陪同医师在场", "、".join(said)),) if said else ()


def _studied(study: Row) -> Field:
    return Field("检查项目", study["description"])


def _examined(study: Row) -> tuple[Field, ...]:
    taken = str(study["study_date"])
    return (
        Field("检查日期", f"{taken[:4]}-{taken[4:6]}-{taken[6:]}" if len(taken) == 8 else taken),
        Field("检查号", study["accession_number"]),
    )


def _version(act: Act, service: ServiceType, row: Row, content: Mapping[str, Any]) -> Version:
    body = content["content"]
    digest = row["sha256"]
    role = service.author_label.zh
    signatures = [_signature(act, role, content["author"], content["authored_at"], digest)]
    if content["verifier"]:
        signatures.append(
            _signature(act, "审核医师", content["verifier"], content["verified_at"], digest)
        )
    critical = "、".join(
        f.label.zh for f in act.catalogue.critical_findings if f.code in body.get("critical", [])
    )
    return Version(
        number=content["version"],
        kind=cast(VersionKind, content["kind"]),
        sections=tuple(_sections(service, body)),
        signatures=tuple(signatures),
        reason=content["reason"],
        positive=body.get("positive"),
        critical=critical,
    )


def _chain(act: Act, case: Row, row: Row) -> CriticalChain:
    """A critical finding: notified, acknowledged, acted on; what is open says so."""
    known = act.catalogue
    finding = {f.code: f.label.zh for f in known.critical_findings}.get(row["finding"])
    acted = {a.code: a.label.zh for a in known.critical_actions}.get(row["acted_code"])
    told = "；".join(part for part in (acted or row["acted_code"], row["acted_note"]) if part)
    there = case["requester_name"]
    unseen, undone = (
        Link("确认", "尚未确认", there, None),
        Link("处置", "尚未登记处置", there, None),
    )
    return CriticalChain(
        finding or row["finding"],
        (
            Link("通知", f"已通知{there}", row["raised_by_name"], row["raised_at"]),
            _link(act, row, "acknowledged", row["action"] or "已确认", unseen),
            _link(act, row, "acted", told, undone),
        ),
    )


def _link(act: Act, row: Row, step: str, done: str, owed: Link) -> Link:
    """What is owed, or once the requesting side has done it: what, by whom and when."""
    at = row[f"{step}_at"]
    if at is None:
        return owed
    return Link(owed.label, done, account_name(act, row[f"{step}_by"]) or owed.who, at)


def _question_label(service: ServiceType) -> str:
    """What the form calls the question."""
    return next((f.label.zh for f in service.fields() if f.key == "question"), QUESTION_LABEL)


def _sections(service: ServiceType, body: Mapping[str, Any]) -> Sequence[Section]:
    """The report in its form's order: the short values of a section in one line, then its texts,
    each under its own label."""
    values = {**(body.get("fields") or {}), **{k: body.get(k, "") for k in _COMMON}}
    found: list[Section] = []
    for part in service.report_form:
        given = [f for f in part.fields if f.key != "positive" and _is_given(values.get(f.key))]
        texts = [f for f in given if f.type in _LONG]
        short = [f"{f.label.zh} {_shown(f, values[f.key])}" for f in given if f not in texts]
        if short:
            mixed = any(f.type in _LONG for f in part.fields)
            found.append(Section("质量与分级" if mixed else part.label.zh, "；".join(short)))
        found += [Section(f.label.zh, _shown(f, values[f.key])) for f in texts]
    return found


_COMMON = ("findings", "impression")
_LONG = ("textarea", "icd10")


def _is_given(value: object) -> bool:
    return value not in (None, "", [])


def _shown(field: FormField, value: object) -> str:
    """A value of a form as printed; "" for one that is not there."""
    if not _is_given(value):
        return ""
    if isinstance(value, list | tuple):
        return "、".join(_shown(field, each) for each in value)
    if isinstance(value, Mapping):
        # A diagnosis: its name, and its ICD-10 code where there is one.
        return " ".join(str(value[k]) for k in ("name", "code") if value.get(k))
    if field.type == "datetime":
        return f"{datetime.fromisoformat(str(value)).astimezone(ZONE):%Y-%m-%d %H:%M}"
    label = next((w.zh for code, w in field.options if code == str(value)), None)
    return f"{label or value}{' ' + field.unit if field.unit else ''}"


def _signature(act: Act, role: str, who: Mapping[str, str], at: str, digest: str) -> Signature:
    person = people.person(act.tx, who["id"])
    title = people.title_words(person["title"])[0] if person else ""
    return Signature(role, who["name"], title, datetime.fromisoformat(at), digest)


def _grouped(code: str) -> str:
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))
