"""A workitem that a UPS client creates to ask another institution: it becomes a request.

What IHE RRR-WF calls Report Requested, or one of our services by its code, goes the way that
people's requests go: draft, edit, submit, with the same completeness, consent, agreement and
licence. What is missing is said at once; nothing half made is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from telemed.actions import door, requests, ups_parameters
from telemed.actions.act import Act
from telemed.actions.requests import Edit
from telemed.actions.studies import save_patient
from telemed.actions.ups_cases import OVERLAID
from telemed.core.catalogue import ServiceType
from telemed.core.errors import Problem
from telemed.core.ups import URGENCIES
from telemed.dicom import workitem as model
from telemed.dicom.workitem import OURS, Json, items, text
from telemed.store import network
from telemed.store import requests as case_store
from telemed.store import tables as t
from telemed.store import ups as store
from telemed.store.tx import Row

_RRR: Final = ("99IHE", "RRR000")
_WORKITEM_CODE, _STATION = "00404018", "00404025"


def service_of(act: Act, told: Json) -> ServiceType | None:
    """The service that a data set asks for, None when it asks for none of ours.

    Problem("invalid") for a report that is asked for of images which tell no service.
    """
    coded = [
        (text(item, "00080102"), text(item, "00080100")) for item in items(told, _WORKITEM_CODE)
    ]
    for scheme, value in coded:
        if scheme == OURS and value in act.catalogue.services:
            return act.catalogue.services[value]
    if _RRR not in coded:
        return None
    found = _studies(act, told)
    present = {m for study in found for m in str(study["modalities"]).split("\\")}
    for service in act.catalogue.services.values():
        if service.live and present & set(service.modalities):
            return service
    raise Problem(
        "invalid",
        detail={
            "zh": "InputInformationSequence 没有可诊断的本机构检查",
            "en": "InputInformationSequence names no study of yours that a service reads",
        },
    )


def ask(act: Act, service: ServiceType, uid: str | None, told: Json) -> str:
    """Make and send the request; the UID of its first attempt."""
    given = ups_parameters.told(told)
    urgency = ups_parameters.word(given, ups_parameters.URGENCY)
    if urgency not in ("stat", "urgent", "routine"):
        urgency = URGENCIES[text(told, model.PRIORITY)]
    provider = _provider(act, service, told)
    found = _studies(act, told)
    request_id = requests.create(act, service.code, urgency)
    requests.edit(
        act,
        request_id,
        Edit(
            version=1,
            provider_id=provider,
            patient_ref=_patient(act, told, found),
            content=_content(service, told, given, found),
            consent=_consent(act, provider, given),
            study_ids=[study["id"] for study in found],
        ),
    )
    _require_complete(act, request_id)
    requests.submit(act, request_id)
    return _name(act, request_id, uid, told)


def _name(act: Act, request_id: str, uid: str | None, told: Json) -> str:
    current = case_store.current_workitem(act.tx, request_id)
    if current is None:
        raise Problem("not-found")
    said = {tag: value for tag, value in told.items() if tag in OVERLAID and value.get("Value")}
    institution = act.subject.own_institution
    if uid is None:
        store.say(act.tx, current["id"], institution, said, act.now)
        return store.uid_of(current["id"])
    if not store.name(act.tx, current["id"], institution, uid, said, act.now):
        raise Problem("ups-exists")
    return uid


def _require_complete(act: Act, request_id: str) -> None:
    """Problem("invalid") that names every gap: PS3.18 11.4.3 knows 400 for it."""
    gaps = requests.missing(act, door.own_case(act, request_id))
    if gaps:
        words = {
            "zh": "还缺少 " + "、".join(f"{gap.label.zh}（{gap.field}）" for gap in gaps),
            "en": "missing are " + ", ".join(f"{gap.label.en} ({gap.field})" for gap in gaps),
        }
        raise Problem("invalid", detail=words)


def _studies(act: Act, told: Json) -> list[Row]:
    """The institution's own studies that the input names."""
    named = [text(item, "0020000D") for item in items(told, "00404021")]
    uids = [uid for uid in dict.fromkeys([*named, text(told, "0020000D")]) if uid]
    own = t.studies.c.institution_id == act.subject.own_institution
    query = sa.select(t.studies).where(own, t.studies.c.study_uid.in_(uids))
    found = {row["study_uid"]: row for row in act.tx.all(query) if row["instance_count"]}
    missing = [uid for uid in uids if uid not in found]
    if missing:
        raise Problem(
            "invalid",
            detail={
                "zh": f"本机构没有检查 {missing[0]}，请先存储影像",
                "en": f"your institution holds no study {missing[0]}; store its images first",
            },
        )
    return [found[uid] for uid in uids]


def _provider(act: Act, service: ServiceType, told: Json) -> str:
    """Who is to answer: the station named in our codes, else the first of the agreements."""
    for item in items(told, _STATION):
        if text(item, "00080102") == OURS:
            return text(item, "00080100") or text(item, "00080119")
    offers = network.destinations(act.tx, act.subject.own_institution, service.code, act.now)
    if not offers:
        words = {"zh": service.label.zh, "en": service.label.en}
        raise Problem("no-agreement", provider="-", service=words)
    return str(offers[0]["provider_id"])


def _patient(act: Act, told: Json, found: Sequence[Row]) -> str:
    """Whose it is: the studies' patient, who must be the one that is named, else found or made."""
    named = text(told, "00100020")
    if found:
        if named and named != found[0]["patient_id"]:
            raise Problem(
                "invalid",
                detail={
                    "zh": "PatientID 与检查的患者不符",
                    "en": "PatientID is not that of the study's patient",
                },
            )
        return str(found[0]["patient_ref"])
    groups = [group for group in text(told, "00100010").split("=") if group]
    if not named or not groups:
        raise Problem("invalid", detail="PatientID, PatientName")
    birth = text(told, "00100030")
    return save_patient(
        act,
        {
            "patient_id": named,
            "name": groups[-1].replace("^", " ").strip(),
            "sex": text(told, "00100040"),
            "birth_date": f"{birth[:4]}-{birth[4:6]}-{birth[6:]}" if len(birth) == 8 else "",
            "id_number": "",
            "phone": "",
        },
    )


def _content(
    service: ServiceType, told: Json, given: Mapping[str, Sequence[Json]], found: Sequence[Row]
) -> dict[str, Any]:
    """The form: standard attributes where they say the same, our parameters before them."""
    known = {field.key for field in service.fields()}
    asked = next(iter(items(told, "0040A370")), {})
    standard = {
        "reason": text(asked, "00401002"),
        "question": text(asked, "00401400"),
        "diagnosis": ups_parameters.diagnosis(told),
        "exam_at": _examined(found),
    }
    plain = {key: value for key, value in standard.items() if value and key in known}
    return plain | ups_parameters.form(service, given)


def _examined(found: Sequence[Row]) -> str:
    if not found or not found[0]["study_date"]:
        return ""
    at = model.moment_of(f"{found[0]['study_date']}{str(found[0]['study_time'])[:6]}")
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def _consent(act: Act, provider: str, given: Mapping[str, Sequence[Json]]) -> dict[str, Any]:
    """The consent as it was told; it names the receiver and the form of now unless it says so."""
    parts = ups_parameters.consent(given)
    if not parts:
        return {}
    return {"receiver": provider, "version": act.catalogue.consent.version, **parts}
