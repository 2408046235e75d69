"""The catalogue for the browser: services with their forms, reasons, templates, words of states."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import Field

from telemed.actions import availability
from telemed.actions.act import Act
from telemed.core import activity, report, request, workitem
from telemed.core.catalogue import ConsentText, FormField, FormSection, ServiceType
from telemed.core.completeness import URGENCY_WORDS
from telemed.server.availability import named_person
from telemed.server.cases import words
from telemed.server.requests import Query
from telemed.server.routing import Call
from telemed.store import network, people


class StaffQuery(Query):
    """`partners`: of the institutions that may be asked for something, too."""

    q: str = Field(default="", max_length=40)
    partners: bool = False


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
        "consent": _text(known.consent),
        "filming": _text(known.filming),
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
    return _found(call, call.services.catalogue.icd10)


async def operations(call: Call) -> Any:
    """Operations by the same; the best 20."""
    return _found(call, call.services.catalogue.operations)


async def staff(call: Call) -> Any:
    """The own institution's active people by a part of their name, or of their institution's with
    those of partners; 20 at most."""
    query = call.query(StaffQuery)
    text = query.q.strip()

    def ask(act: Act) -> dict[str, Any]:
        own = act.subject.own_institution
        reached = [own, *(availability.askable(act) if query.partners else ())]
        places = network.institution_refs(act.tx, set(reached))
        found = [
            {**named_person(row), "institution_name": places[key]["name"]}
            for key in reached
            for row in people.people_of(act.tx, key, active_only=True)
            if text in row["name"] or (query.partners and text in places[key]["name"])
        ]
        return {"items": found[:20]}

    return await call.ask(ask)


def _found(call: Call, codes: Sequence[tuple[str, str, str, str]]) -> dict[str, Any]:
    text = call.query(CodeQuery).q.strip().lower()
    hits = [
        row
        for row in codes
        if text in row[1]
        or any(row[i].lower().startswith(text) for i in (0, 3))
        or text in row[2].lower()
    ]
    return {"items": [{"code": r[0], "name_zh": r[1], "name_en": r[2]} for r in hits[:20]]}


def _text(told: ConsentText) -> dict[str, str]:
    return {"version": told.version, "zh": told.zh, "en": told.en}


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
        "wished": None if service.wished is None else asdict(service.wished),
        "requires_study": service.requires_study,
        "material": service.material,
        "continues": service.continues,
        "continues_label": None
        if service.continues_label is None
        else words(service.continues_label),
        "streams": [{"value": code, "label": words(label)} for code, label in service.streams],
        "outcome_form": [_section(s) for s in service.outcome_form],
        "report_label": words(service.report_label),
        "author_label": words(service.author_label),
        "meeting_label": words(service.meeting_label),
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
