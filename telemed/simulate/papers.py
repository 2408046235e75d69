"""What people write: request forms and reports, filled in by the service's own form.

A field that a picture has words for gets them; any other required field gets a plausible value by
its type. So a service that is added to the catalogue can be played without a change here.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from telemed.core.catalogue import FormField, ServiceType
from telemed.simulate.rates import Picture

PHONE = "0773-0000000"


def request_content(
    service: ServiceType, picture: Picture, exam_at: datetime, *, frozen: bool, number: str
) -> dict[str, Any]:
    """A complete request form; `number` is the hospital's own number of the examination."""
    at = _iso(exam_at)
    told: dict[str, Any] = {
        "reason": "本院无相应专科医师，请上级医院协助诊断。",
        "question": f"{picture.complaint}，请协助明确诊断。",
        "chief_complaint": picture.complaint,
        "history": picture.history,
        "diagnosis": _diagnosis(picture),
        "body_part": picture.body_part,
        "method": "plain",
        "exam_at": at,
        "contact_phone": PHONE,
        "drugs": "无",
        "pacemaker": "no",
        "leads": "12",
        "pathology_no": number,
        "stain": ["he"],
        "slides": 1,
        "specimens": [_specimen(picture, exam_at)],
    }
    if frozen:
        told |= {"frozen": True, "operating_phone": PHONE}
    return _filled(service.fields(), told, at)


def report_content(
    service: ServiceType, picture: Picture, *, critical: bool, dull: bool = False
) -> dict[str, Any]:
    """A complete report; `dull` is a first version that the verifier will not like."""
    told: dict[str, Any] = {
        "findings": picture.findings,
        "impression": picture.impression if not dull else picture.findings[:40],
        "positive": picture.positive,
        "diagnosis": _diagnosis(picture),
        "heart_rate": 76,
        "danger_grade": "5" if critical else "3" if picture.positive else "1",
        "quality": "a",
        "slide_quality": "a",
    }
    filled = _filled(service.report_fields(), told, "")
    asked = ("findings", "impression", *(("positive",) if service.asks_outcome else ()))
    common = {key: told[key] for key in asked}
    own = {k: v for k, v in filled.items() if k not in common}
    return {**common, "critical": list(picture.critical) if critical else [], "fields": own}


def _filled(fields: Iterable[FormField], told: Mapping[str, Any], at: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        if field.key in told:
            found[field.key] = told[field.key]
        elif field.required:
            found[field.key] = _plausible(field, told, at)
    return found


def _plausible(field: FormField, told: Mapping[str, Any], at: str) -> Any:
    first = field.options[0][0] if field.options else None
    return {
        "text": "详见病历",
        "textarea": "详见病历摘要。",
        "select": first,
        "number": 1,
        "datetime": at,
        "icd10": told.get("diagnosis"),
        "operation": [{"code": "54.1100", "name": "剖腹探查术"}],
        "lines": ["病情汇报", "讨论"],
        "people": [],
        "wording": "2026-1",
        "specimens": told.get("specimens"),
        "checks": [first] if first else True,
    }[field.type]


def _diagnosis(picture: Picture) -> list[dict[str, str]]:
    code, name = picture.diagnosis
    return [{"code": code, "name": name}]


def _specimen(picture: Picture, removed: datetime) -> dict[str, Any]:
    return {
        "part": picture.part or "送检组织",
        "pieces": 2,
        "fixative": "10%中性福尔马林",
        "removed_at": _iso(removed - timedelta(minutes=30)),
        "fixed_at": _iso(removed - timedelta(minutes=25)),
    }


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
