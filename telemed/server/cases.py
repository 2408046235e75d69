"""Cases as people see them: list rows, the full case, its facts.

It turns rows into the contract's shapes and masks what the viewer's role must not see. It decides
nothing: what may be done now is asked of the tables in `core`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import orjson

from telemed.actions import case_links, door, expected, guides, material, worklist
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.requests import missing
from telemed.core import access, activity, report, request
from telemed.core.access import Permission, Relation, Role
from telemed.core.assignment import WHY_NOT, Taker
from telemed.core.catalogue import ServiceType
from telemed.core.errors import Problem
from telemed.core.escalation import IN_HOUSE
from telemed.dicom.times import at_home
from telemed.server import clocks
from telemed.store import (
    image_changes,
    log,
    network,
    patients,
    people,
    reports,
    requests,
    shown,
)
from telemed.store import tables as t
from telemed.store.signer import Signer
from telemed.store.tx import Row

ZONE = ZoneInfo("Asia/Shanghai")


def list_row(
    act: Act, row: Row, who: Taker | None = None, likely: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A case in a list. `who` adds why this person may not take it, `likely` when answers come."""
    masked = act.subject.masked
    name = row["patient_name"] or ""
    refusal = None
    if who is not None:
        service = act.catalogue.services[row["service"]]
        refusal = worklist.why_not_begin(act, who, service, row)
    return {
        **{k: row[k] for k in _SAME},
        "patient_name": access.mask_name(name) if masked else name,
        "patient_sex": row["patient_sex"] or "",
        "patient_age": age(row["patient_birth_date"], act.now),
        "question": "" if masked else row["question"],
        "body_part": headline(act.catalogue.services[row["service"]], row["body_part"]),
        "requester": _institution(row, "requester"),
        "provider": _institution(row, "provider"),
        "claim": _claim(act, row),
        "clock": clocks.clock_out(act, row),
        "scheduled_performer": _scheduled_performer(act, row),
        "expected": (likely or {}).get(row["id"]),
        "critical_open": bool(row["critical_open"]),
        "thumbnail": None if masked else thumbnail(row["study_uid"]),
        "why_not": None if refusal is None else words(WHY_NOT[refusal]),
    }


_SAME = (
    "id",
    "number",
    "service",
    "urgency",
    "state",
    "modality",
    "created_at",
    "updated_at",
    "submitted_at",
    "due_at",
    "waiting_since",
    "issued_at",
    "report_state",
    "positive",
    "critical",
    "adoption",
    "instance_count",
)


def full(act: Act, request_id: str) -> dict[str, Any]:
    """The whole case through the one door."""
    case = door.shown_case(act, request_id)
    row, masked = case.row, act.subject.masked
    who = worklist.loaded_taker(act) if case.providing else None
    attached, priors = ([], []) if masked else _studies(act, case)
    patient = None if masked else shown.patient(row)
    gaps = missing(act, case) if case.own and case.state in request.EDITABLE else []
    changes = _image_changes(act, row)
    return {
        **list_row(act, row, who, expected.of_rows(act, [row])),
        "version": row["version"],
        "content": {} if masked else row["content"],
        "consent": None if masked else material.consent_out(act, case),
        "agreement_id": row["agreement_id"],
        "turns": clocks.turns_out(act, case.id),
        "liability": row["liability"],
        "patient": None if patient is None else patient_out(patient, act.now),
        "studies": [_study(act, s) for s in attached],
        "priors": [_study(act, s) for s in priors],
        "step_reason": row["step_reason"],
        "created_by": row["created_by_name"] or "",
        "final_diagnosis": "" if masked else row["final_diagnosis"],
        "final_diagnosis_code": None if masked else row["final_diagnosis_code"],
        "confirmed_at": row["confirmed_at"],
        "critical_notices": _notices(act, row),
        "allowed": allowed(act, case, who, changes),
        "goes_on_as": case_links.goes_on_as(act, case),
        "missing": [
            {"section": m.section, "field": m.field, "label": words(m.label)} for m in gaps
        ],
        "image_changes": [
            {**change, "checked_by": change["checked_by_name"]}
            for change in ([] if masked else changes)
        ],
        "patient_now": _standing(act, patient),
        "uploads_running": row["uploads_running"],
        "four_eyes": case.service.four_eyes,
        "relation": case.relation.value,
        "listed_to_watch": guides.is_listed(act, case),
        "viewer_url": viewer_url([s["study_uid"] for s in attached]),
    }


def _image_changes(act: Act, row: Row) -> list[Row]:
    return image_changes.of_request(act.tx, row["id"]) if row["has_image_changes"] else []


def _notices(act: Act, row: Row) -> list[dict[str, Any]]:
    found = requests.critical_notices_of(act.tx, row["id"]) if row["has_notices"] else []
    return [_notice(act, notice) for notice in found]


def _standing(act: Act, patient: Row | None) -> dict[str, Any] | None:
    """Who stands for a case's patient since a merge; None while it is still the same."""
    if patient is None or patient["merged_into"] is None:
        return None
    return patient_out(patients.final(act.tx, patient), act.now)


def allowed(act: Act, case: Case, who: Taker | None, changes: list[Row]) -> list[str]:
    """The steps this viewer may take now, by the tables, their role and what they have in hand.

    `case` is a shown one, `changes` are those of its images.
    """
    held = act.subject.permissions
    if case.relation is Relation.SUPERVISOR:
        return []
    if case.own:
        return _own_steps(case) if Permission.WRITE_REQUESTS in held else []
    if not case.providing:  # an expert's steps are those of their opinion
        return []
    return _provider_steps(act, case, who, changes) if Permission.READ_QUEUE in held else []


def _own_steps(case: Case) -> list[str]:
    events = (
        request.Event.SUBMIT,
        request.Event.RECALL,
        request.Event.DISCARD,
        request.Event.RESUBMIT,
        request.Event.WITHDRAW,
        request.Event.CONFIRM,
    )
    steps = [e.value for e in events if request.MACHINE.allows(case.state, e)]
    if case.state in request.EDITABLE:
        steps.append("edit")
    if case.row["critical_open"]:
        steps.append("acknowledge")
    return steps


def _provider_steps(act: Act, case: Case, who: Taker | None, changes: list[Row]) -> list[str]:
    held, row = act.subject.permissions, case.row
    person = act.subject.person_id
    writes = Permission.WRITE_REPORTS in held
    taken = row["workitem_state"] == "IN PROGRESS"
    mine = taken and row["performer_id"] == person
    fit = writes and worklist.why_not(who, case.service, row, act.now) is None
    state = row["report_state"]
    steps: list[str] = []
    if case.state is request.State.OPEN:
        if Permission.MOVE_REQUESTS in held and (mine or not taken or not writes):
            steps += ["return", "decline", "redirect"]
        kept = None if taken else worklist.kept_for(act, row)
        room = fit and not taken and who is not None and not worklist.is_full(act, who, row)
        if fit and not taken and (kept == person or (kept is None and room)):
            steps.append("claim")
        if kept is None and room:
            steps.append("reserve")
        held_by_other = taken and not mine and state != report.State.PRELIMINARY
        if fit and (held_by_other or kept not in (None, person)):
            steps.append("takeover")
        if not taken and Permission.ASSIGN_WORK in held:
            steps.append("assign")
        if kept is not None and (kept == person or Permission.ASSIGN_WORK in held):
            steps.append("unassign")
        if mine and row["lease_until"] is not None:
            steps.append("aside" if row["aside_at"] is None else "resume")
        if mine or (taken and Role.COORDINATOR in act.subject.roles):
            steps.append("release")
    if writes and state == report.State.DRAFT and row["report_author_id"] == person:
        steps += ["write", "sign"]
    verifies = fit and Permission.VERIFY_REPORTS in held and row["report_author_id"] != person
    if verifies and state == report.State.PRELIMINARY:
        steps += ["verify", "send-back"]
    if fit and state == report.State.FINAL:
        steps.append("revise")
    if fit and any(change["checked_at"] is None for change in changes):
        steps.append("check-images")
    return steps


def _in_house(fact: Any) -> bool:
    """Whether a fact, or a notice of one, is of what a hospital agrees on with itself alone."""
    return fact.kind.startswith("approval.") or fact.data.get("occasion") in IN_HOUSE


def facts(act: Act, request_id: str) -> dict[str, Any]:
    """A case's facts, oldest first, with the actors' names."""
    case = door.case(act, request_id)
    rows = log.of_request(act.tx, case.id)
    if not case.own:
        rows = [fact for fact in rows if not _in_house(fact)]
    names = actor_names(act, [a.actor_id for a in rows])
    refs = network.institution_refs(act.tx, {a.institution_id for a in rows})
    items = []
    for fact in rows:
        zh, en = activity.WORDS[activity.Kind(fact.kind)]
        place = refs.get(fact.institution_id or "")
        items.append(
            {
                "seq": fact.seq,
                "kind": fact.kind,
                "label": {"zh": zh, "en": en},
                "at": fact.at,
                "actor": names.get(fact.actor_id or ""),
                "institution": place["short_name"] if place else None,
                "data": dict(fact.data),
            }
        )
    return {"items": items}


# --- shapes -----------------------------------------------------------------------------------


def words(label: Any) -> dict[str, str]:
    """A core label as the contract's."""
    return {"zh": label.zh, "en": label.en}


def headline(service: ServiceType, code: str) -> dict[str, str] | None:
    """The words by which a list names a case, a body part's for instance; a free text stands
    for itself."""
    if not code:
        return None
    options = (o for f in service.fields() if f.key == service.headline for o in f.options)
    label = next((w for value, w in options if value == code), None)
    return words(label) if label else {"zh": code, "en": code}


def patient_out(row: Row, now: datetime) -> dict[str, Any]:
    """A patient; identity numbers show their last four digits only."""
    return {
        **{k: row[k] for k in ("id", "patient_id", "name", "sex", "birth_date", "phone")},
        "age": age(row["birth_date"], now),
        "id_number": access.mask_digits(row["id_number"]),
    }


def studies_out(act: Act, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of `studies` in a list."""
    return [_study(act, row) for row in shown.dress(act.tx, rows)]


def _study(act: Act, row: Row) -> dict[str, Any]:
    told = row["attributes"].get("00080201", {}).get("Value") or [""]
    day, time = at_home(row["study_date"], row["study_time"], str(told[0]))
    patient = {name: row[f"patient__{name}"] for name in shown.OF_PATIENT}
    return {
        **{name: row[name] for name in _SAME_OF_STUDY},
        "study_date": day,
        "study_time": time,
        "patient": patient_out(patient, act.now),
        "modalities": [m for m in str(row["modalities"]).split("\\") if m],
        "institution": {name: row[f"institution__{name}"] for name in shown.OF_PLACE},
        "thumbnail": thumbnail(row["study_uid"]),
        "on_hold": row["on_hold"] and row["institution_id"] == act.subject.institution_id,
    }


_SAME_OF_STUDY = (
    "id",
    "study_uid",
    "accession_number",
    "description",
    "body_part",
    "series_count",
    "instance_count",
    "bytes",
    "received_at",
    "updated_at",
)


def thumbnail(study_uid: str | None) -> str | None:
    """Where a small picture of a study is."""
    return f"/dicom-web/studies/{study_uid}/thumbnail?viewport=160,160" if study_uid else None


def viewer_url(study_uids: list[str]) -> str | None:
    """The viewer, opened on exactly these studies."""
    if not study_uids:
        return None
    return f"/viewer/viewer?StudyInstanceUIDs={quote(','.join(study_uids), safe=',')}"


def age(birth_date: str | None, now: datetime) -> str:
    """An age as Chinese charts write it: years, months under one year, days under one month."""
    if not birth_date or len(birth_date) != 10:
        return ""
    born, today = date.fromisoformat(birth_date), now.astimezone(ZONE).date()
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if years >= 1:
        return f"{years}岁"
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    return f"{months}月" if months >= 1 else f"{(today - born).days}天"


def _institution(row: Row, side: str) -> dict[str, str] | None:
    if row[f"{side}_id"] is None:
        return None
    return {
        "id": row[f"{side}_id"],
        "name": row[f"{side}_name"],
        "short_name": row[f"{side}_short"],
    }


def _claim(act: Act, row: Row) -> dict[str, Any] | None:
    if row["workitem_state"] != "IN PROGRESS":
        return None
    mine = row["performer_id"] == act.subject.person_id
    return {
        "workitem_id": row["workitem_id"],
        "person_id": row["performer_id"],
        "name": row["performer_name"],
        "since": row["claimed_at"],
        "lease_until": row["lease_until"] or row["claimed_at"],
        "seen_at": worklist.seen_at(act, row["lease_until"], row["aside_at"]),
        "aside_at": row["aside_at"],
        "place": row["aside_place"] if mine else None,
        "mine": mine,
    }


def _scheduled_performer(act: Act, row: Row) -> dict[str, Any] | None:
    """Whose it is to be, while nobody has begun."""
    if row["workitem_state"] != "SCHEDULED" or worklist.kept_for(act, row) is None:
        return None
    return {
        "person_id": row["scheduled_performer_id"],
        "name": row["scheduled_performer_name"] or "",
        "by": row["scheduled_by"],
        "since": row["scheduled_performer_at"],
        "mine": row["scheduled_performer_id"] == act.subject.person_id,
    }


def _studies(act: Act, case: Case) -> tuple[list[Row], list[Row]]:
    """Its studies, and earlier ones of the same platform patient."""
    return shown.attached_and_prior(act.tx, act.subject, act.now, case.id)


def _notice(act: Act, row: Row) -> dict[str, Any]:
    label = next(
        (f.label for f in act.catalogue.critical_findings if f.code == row["finding"]), None
    )
    return {
        **{k: row[k] for k in ("id", "finding", "raised_at", "due_at", "action")},
        "label": words(label) if label else {"zh": row["finding"], "en": row["finding"]},
        "raised_by": row["raised_by_name"],
        "acknowledged_by": row["acknowledged_by_name"] or None,
        "acknowledged_at": row["acknowledged_at"],
        "acted": None if row["acted_code"] is None else _acted(act, row["acted_code"]),
        "acted_note": row["acted_note"],
        "acted_at": row["acted_at"],
        "acted_by": row["acted_by_name"] or None,
    }


def _acted(act: Act, code: str) -> dict[str, str]:
    label = next((a.label for a in act.catalogue.critical_actions if a.code == code), None)
    return words(label) if label else {"zh": code, "en": code}


def account_name(act: Act, account_id: str | None) -> str:
    """What an account's person is called, '' where there is none."""
    return actor_names(act, [account_id]).get(account_id or "", "")


def actor_names(act: Act, ids: list[str | None]) -> dict[str, str]:
    """What the people of accounts are called, by account."""
    c = t.accounts.c
    rows = act.tx.find_each(c.id, {i for i in ids if i is not None}, c.id, c.display_name)
    return {row["id"]: row["display_name"] for row in rows}


def signed_content(act: Act, version: Row, signer: Signer) -> dict[str, Any]:
    """The signed content of a version; what does not verify is never shown as valid (RP-01)."""
    kept = reports.signed(act.tx, version["id"])
    if kept is None or not signer.verify(kept["signed_bytes"], kept["signature"], kept["key_id"]):
        raise Problem("signature-invalid", number=version["number"])
    return dict(orjson.loads(kept["signed_bytes"]))


def version_out(act: Act, row: Row, signer: Signer) -> dict[str, Any]:
    """One version of a report; of an issued one, the text that was signed."""
    final = row["state"] == report.State.FINAL
    content = signed_content(act, row, signer)["content"] if final else row["content"]
    return {
        **{k: row[k] for k in ("id", "number", "kind", "state", "revision", "reason")},
        **{k: row[k] for k in ("updated_at", "sha256", "verification_code")},
        "content": content,
        "author": _signature(row, "author", "authored_at"),
        "verifier": _signature(row, "verifier", "verified_at"),
        "mine": row["author_id"] == act.subject.person_id,
    }


def _signature(row: Row, who: str, when: str) -> dict[str, Any] | None:
    if row[when] is None:
        return None
    zh, en = people.title_words(row[f"{who}_title"])
    return {
        "person_id": row[f"{who}_id"],
        "name": row[f"{who}_name"],
        "title": {"zh": zh, "en": en},
        "at": row[when],
    }


def report_out(act: Act, request_id: str, signer: Signer) -> dict[str, Any]:
    """A case's report as this viewer may see it: drafts are the writing side's alone (RP-11)."""
    case = door.shown_case(act, request_id)
    who = worklist.taker(act.tx, act.subject) if case.providing else None
    steps = allowed(act, case, who, _image_changes(act, case.row))
    rows = reports.versions(act.tx, case.id)
    inside = case.providing and Permission.READ_QUEUE in act.subject.permissions
    shown = [v for v in rows if v["state"] == "final" or (inside and v["state"] != "discarded")]
    if act.subject.masked:
        shown = []
    finals = [v for v in shown if v["state"] == "final" and v["kind"] != "addendum"]
    unfinished = [v for v in shown if v["state"] != "final"]
    current = next(reversed(unfinished or finals), None)
    return {
        "request_id": case.id,
        "report_id": rows[0]["report_id"] if rows else None,
        "versions": [version_out(act, v, signer) for v in shown],
        "current": None if current is None else version_out(act, current, signer),
        "editable": "write" in steps,
        "may_verify": "verify" in steps,
        "may_revise": "revise" in steps,
    }
