"""What is still missing before a request may be sent.

The form is data (`catalogue.FormField`), so is the list of what is missing: field, label, and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from telemed.core.catalogue import FormField, FormSection, ServiceType, Words

URGENCY_WORDS: Mapping[str, Words] = {
    "routine": Words("常规", "Routine"),
    "urgent": Words("加急", "Urgent"),
    "stat": Words("紧急", "Stat"),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing to add. `section` names the part of the page that holds it."""

    section: str
    field: str
    label: Words


_PATIENT = Missing("patient", "patient", Words("患者", "Patient"))
_PROVIDER = Missing("destination", "provider", Words("受邀机构", "Responding institution"))
_STUDY = Missing("studies", "studies", Words("检查资料", "Study"))
_GUARDIAN = Missing(
    "consent", "guardian", Words("监护人签字（未满14周岁）", "Guardian's signature (under 14)")
)
_CONSENT = Missing("consent", "consent", Words("知情同意或紧急豁免", "Consent or emergency waiver"))
_WAIVER = Missing(
    "consent", "waiver", Words("紧急豁免的批准人和理由", "Waiver's approver and reason")
)


def missing(
    service: ServiceType,
    content: Mapping[str, object],
    *,
    has_patient: bool,
    has_provider: bool,
    has_study: bool,
    upload_running: bool,
    consent: Mapping[str, object] | None,
    under_14: bool = False,
) -> list[Missing]:
    """Everything that is missing, in page order. Images still uploading count as present."""
    found: list[Missing] = []
    if not has_patient:
        found.append(_PATIENT)
    if service.requires_study and not (has_study or upload_running):
        found.append(_STUDY)
    found += missing_of(service.form, content)
    if not has_provider:
        found.append(_PROVIDER)
    found += _missing_consent(consent, under_14)
    return found


def missing_of(form: tuple[FormSection, ...], content: Mapping[str, object]) -> list[Missing]:
    """The fields of a form that must still be filled in."""
    return [
        Missing(section.key, f.key, f.label)
        for section in form
        for f in section.fields
        if _is_required(f, content) and _is_blank(content.get(f.key))
    ]


def _missing_consent(consent: Mapping[str, object] | None, under_14: bool) -> list[Missing]:
    """PIPL art. 23 and 29: separate consent naming the receiver; 医师法 art. 27: or a waiver."""
    kind = (consent or {}).get("kind")
    if consent is None or kind not in ("signed", "waiver"):
        return [_CONSENT]
    if kind == "waiver":
        done = consent.get("approver") and consent.get("reason")
        return [] if done else [_WAIVER]
    if not (consent.get("signer") and consent.get("version") and consent.get("receiver")):
        return [_CONSENT]
    if under_14 and consent.get("relation") in (None, "", "self"):
        return [_GUARDIAN]
    return []


def _is_required(field: FormField, content: Mapping[str, object]) -> bool:
    if field.required:
        return True
    if field.required_when is None:
        return False
    return not _is_blank(content.get(field.required_when)) and bool(
        content.get(field.required_when)
    )


def _is_blank(value: object) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, list | tuple):
        return all(_is_blank(each) for each in value)
    if isinstance(value, dict):
        return not value
    return False
