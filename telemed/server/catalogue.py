"""The catalogue for the browser: services with their forms, reasons, templates, words of states."""

from typing import Any

from pydantic import Field

from telemed.core import activity, report, request, workitem
from telemed.core.catalogue import FormField, FormSection, ServiceType
from telemed.core.completeness import URGENCY_WORDS
from telemed.server.cases import words
from telemed.server.requests import Query
from telemed.server.routing import Call


class CodeQuery(Query):
    q: str = Field(min_length=1, max_length=40)


async def catalogue(call: Call) -> Any:
    """Everything a form needs, as data."""
    known = call.services.catalogue
    return {
        "services": [_service(s) for s in known.services.values()],
        "urgencies": [{"value": k, "label": words(w)} for k, w in URGENCY_WORDS.items()],
        "reasons": [
            {"code": r.code, "step": r.step, "label": words(r.label), "services": r.services}
            for r in known.reasons
        ],
        "templates": [
            {
                "code": t.code,
                "label": words(t.label),
                "service": t.service,
                "modalities": t.modalities,
                "body_part": t.body_part,
                "findings": t.findings,
                "impression": t.impression,
                "positive": t.positive,
            }
            for t in known.templates
        ],
        "critical_findings": [
            {"code": f.code, "service": f.service, "label": words(f.label)}
            for f in known.critical_findings
        ],
        "critical_actions": [
            {"code": a.code, "label": words(a.label)} for a in known.critical_actions
        ],
        "consent": {
            "version": known.consent.version,
            "zh": known.consent.zh,
            "en": known.consent.en,
        },
        "states": {
            m.name: m.vocabulary() for m in (request.MACHINE, workitem.MACHINE, report.MACHINE)
        },
        "activity_words": {
            kind.value: {"zh": zh, "en": en} for kind, (zh, en) in activity.WORDS.items()
        },
        "lease_seconds": int(known.timers.lease.total_seconds()),
        "heartbeat_seconds": int(known.timers.heartbeat.total_seconds()),
        "aside_seconds": int(known.timers.aside.total_seconds()),
    }


async def icd10(call: Call) -> Any:
    """Diagnoses by code, Chinese name, English name or pinyin initials; the best 20."""
    text = call.query(CodeQuery).q.strip().lower()
    hits = [
        row
        for row in call.services.catalogue.icd10
        if text in row[1]
        or any(row[i].lower().startswith(text) for i in (0, 3))
        or text in row[2].lower()
    ]
    return {"items": [{"code": r[0], "name_zh": r[1], "name_en": r[2]} for r in hits[:20]]}


def _service(service: ServiceType) -> dict[str, Any]:
    return {
        "code": service.code,
        "label": words(service.label),
        "live": service.live,
        "runs": service.runs,
        "begins": service.begins,
        "modalities": service.modalities,
        "four_eyes": service.four_eyes,
        "auto_next": service.auto_next,
        "meets": service.meets,
        "requires_study": service.requires_study,
        "report_label": words(service.report_label),
        "author_label": words(service.author_label),
        "form": [_section(s) for s in service.form],
        "report_form": [_section(s) for s in service.report_form],
    }


def _section(section: FormSection) -> dict[str, Any]:
    return {
        "key": section.key,
        "label": words(section.label),
        "fields": [_field(f) for f in section.fields],
    }


def _field(field: FormField) -> dict[str, Any]:
    return {
        "key": field.key,
        "label": words(field.label),
        "type": field.type,
        "required": field.required,
        "required_when": field.required_when,
        "options": [{"value": code, "label": words(w)} for code, w in field.options],
        "max_length": field.max_length,
        "help": None if field.help is None else words(field.help),
        "unit": field.unit,
    }
