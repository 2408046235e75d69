"""The requesting side: draft, send, follow, decide. And the steps of the responding side that
give a request back: return, decline, redirect."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from telemed.actions import approvals, door, expected, forms, material, moves, promises, unnamed
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import completeness, request
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.assignment import covers
from telemed.core.catalogue import ServiceType, Words
from telemed.core.errors import Problem
from telemed.core.request import Event
from telemed.store import network, requests, studies
from telemed.store import tables as t
from telemed.store.tx import Row

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Edit:
    """An autosave: None leaves a thing as it is."""

    version: int
    urgency: str | None = None
    provider_id: str | None = None
    patient_ref: str | None = None
    content: Mapping[str, Any] | None = None
    consent: Mapping[str, Any] | None = None
    study_ids: list[str] | None = None


def create(act: Act, service: str, urgency: str) -> str:
    """A new draft of the subject's institution; its id."""
    act.subject.require(Permission.WRITE_REQUESTS)
    institution = act.subject.own_institution
    kind = act.catalogue.services.get(service)
    if kind is None:
        raise Problem("invalid", detail="service")
    _require_live(kind)
    request_id = act.new_id()
    day = act.now.astimezone(ZONE).strftime("%Y%m%d")
    row = {
        "id": request_id,
        "number": requests.next_number(act.tx, kind.number_prefix, day),
        "service": service,
        "urgency": urgency,
        "state": request.State.DRAFT.value,
        "version": 1,
        "requester_id": institution,
        "content": {},
        "body_part": "",
        "question": "",
        "created_by": act.subject.account_id,
        "created_at": act.now,
        "updated_at": act.now,
        "waited_seconds": 0,
        "final_diagnosis": "",
        "critical": False,
    }
    act.tx.insert(t.requests, row)
    act.tell(
        Fact(
            Kind.REQUEST_DRAFTED,
            act.now,
            act.subject.account_id,
            institution,
            (institution,),
            request_id=request_id,
            data={"service": service, "urgency": urgency, "requester": institution},
        )
    )
    return request_id


def edit(act: Act, request_id: str, change: Edit) -> None:
    """Save what was typed. Two tabs cannot overwrite each other: `version` is compared."""
    case = door.own_case(act, request_id)
    if case.state not in request.EDITABLE:
        raise Problem(
            "illegal-transition",
            state=request.MACHINE.word(case.state),
            event={"zh": "修改", "en": "edit"},
        )
    values: dict[str, Any] = {"updated_at": act.now}
    if change.urgency is not None:
        values["urgency"] = change.urgency
    if change.provider_id is not None:
        _check_destination(act, case, change.provider_id)
        values["provider_id"] = change.provider_id or None
        if values["provider_id"] != case.row["provider_id"]:
            # A returned request is still with a party: the next one sees it only once sent.
            values["agreement_id"] = None
    if change.patient_ref is not None:
        _check_patient(act, change.patient_ref)
        values["patient_ref"] = change.patient_ref
    if change.content is not None:
        values["content"] = forms.keep(act, case.service.fields(), change.content)
        values["body_part"] = str(values["content"].get(case.service.headline, ""))[:200]
        values["question"] = str(values["content"].get("question", ""))[:2000]
    if change.consent is not None:
        values["consent"] = dict(change.consent)
    if not requests.change(act.tx, case.id, change.version, values):
        raise Problem("stale", current=case.row["version"])
    if change.study_ids is not None:
        _set_studies(act, case, change.study_ids)


def missing(act: Act, case: Case) -> list[completeness.Missing]:
    """What must still be added before the request may be sent."""
    row = case.row
    attached = requests.studies_of(act.tx, case.id)
    consent = row["consent"]
    if consent and consent.get("kind") == "signed":
        named = consent.get("receiver") == row["provider_id"]
        current = consent.get("version") == act.catalogue.consent.version
        consent = consent if named and current else {}
    found = completeness.missing(
        case.service,
        row["content"],
        has_patient=row["patient_ref"] is not None,
        has_provider=row["provider_id"] is not None,
        has_study=bool(attached),
        upload_running=requests.uploads_running(act.tx, case.id),
        consent=consent,
        under_14=_is_under_14(act, material.real_patient(act, row["patient_ref"])),
    )
    return [*found, *forms.missing(act, case), *material.missing(act, case)]


def submit(act: Act, request_id: str, bypass: bool = False) -> None:
    """Send a draft: complete, consented, under an agreement in force, within the scope.

    Where the institution approves first it goes there; with `bypass` it is sent at once and the
    approval is owed.
    """
    case = door.own_case(act, request_id)
    request.MACHINE.step(case.state, Event.SUBMIT)
    _ready(act, case)
    if approvals.ask(act, case, owed=bypass) and not bypass:
        moves.move(act, case, Event.APPLY, {"step_reason": None})
        return
    _send(act, case, Event.SUBMIT, Kind.REQUEST_SUBMITTED, act.now)


def send_approved(act: Act, case: Case) -> None:
    """The last step was given: it is sent, and its clocks start now."""
    _send(act, case, Event.APPROVE, Kind.REQUEST_SUBMITTED, act.now)


def resubmit(act: Act, request_id: str) -> None:
    """Send again after a return, or elsewhere after a refusal; waiting for us is not counted."""
    case = door.own_case(act, request_id)
    request.MACHINE.step(case.state, Event.RESUBMIT)
    _send(act, case, Event.RESUBMIT, Kind.REQUEST_RESUBMITTED, case.row["submitted_at"])


def _send(act: Act, case: Case, event: Event, kind: Kind, sent: datetime) -> None:
    agreement = _ready(act, case)
    modality = _modality(act, case)
    promised = promises.answer(act, case, agreement, modality, sent)
    expected.expect(act, case.row, agreement["provider_id"])
    after = moves.move(
        act,
        case,
        event,
        {
            "agreement_id": agreement["id"],
            "submitted_at": sent,
            "modality": modality,
            "step_reason": None,
            **promised,
        },
    )
    waited = after.get("waited_seconds", case.row["waited_seconds"])
    act.tell(
        moves.fact(
            act,
            case,
            kind,
            submitted_at=sent.isoformat(),
            due_at=promised["due_at"].isoformat(),
            promise=promised["promise"],
            waited_seconds=waited,
            **material.told(act, case),
            **promises.ended(case),
        )
    )


def discard(act: Act, request_id: str) -> None:
    """Throw a draft away. It was never sent, so nobody else hears of it."""
    moves.move(act, door.own_case(act, request_id), Event.DISCARD)


def withdraw(act: Act, request_id: str, reason: str | None, note: str) -> None:
    """Take a request back before it is answered."""
    case = door.own_case(act, request_id)
    why = _reason(act, case, "withdraw", reason, note)
    moves.move(act, case, Event.WITHDRAW, {"step_reason": why})
    act.tell(moves.fact(act, case, Kind.REQUEST_WITHDRAWN, reason=reason, **promises.ended(case)))


def return_(act: Act, request_id: str, reason: str | None, note: str) -> None:
    """Ask the requesting side for more; our clock stops until they send again."""
    case = door.provided_case(act, request_id, Permission.MOVE_REQUESTS)
    _require_not_held_by_other(act, case)
    why = _reason(act, case, "return", reason, note)
    after = moves.move(act, case, Event.RETURN, {"step_reason": why})
    act.tell(moves.fact(act, case, Kind.REQUEST_RETURNED, reason=reason, **promises.begun(after)))


def decline(act: Act, request_id: str, reason: str | None, note: str) -> None:
    """Refuse with a reason (50号 三(三)2); the requesting side may ask somebody else."""
    case = door.provided_case(act, request_id, Permission.MOVE_REQUESTS)
    _require_not_held_by_other(act, case)
    why = _reason(act, case, "decline", reason, note)
    after = moves.move(act, case, Event.DECLINE, {"step_reason": why})
    act.tell(moves.fact(act, case, Kind.REQUEST_DECLINED, reason=reason, **promises.begun(after)))


def redirect(
    act: Act, request_id: str, provider: str | None, reason: str | None, note: str
) -> None:
    """Pass a request on to another institution of the requester's agreements.

    PIPL art. 23: the consent names the receiver, so it must allow passing on.
    """
    case = door.provided_case(act, request_id, Permission.MOVE_REQUESTS)
    _require_not_held_by_other(act, case)
    if not provider or provider == case.row["provider_id"]:
        raise Problem("invalid", detail="provider_id")
    if not may_go_on(case):
        raise Problem("consent-receiver")
    pass_on(act, case, provider, _reason(act, case, "redirect", reason, note))


def may_go_on(case: Case) -> bool:
    """Whether the consent lets another institution than the named one see it (PIPL art. 23)."""
    consent = case.row["consent"] or {}
    return consent.get("kind") != "signed" or bool(consent.get("onward"))


def pass_on(
    act: Act, case: Case, provider: str, why: Mapping[str, Any], values: Row | None = None
) -> None:
    """The step itself: to a provider that an agreement covers, under the promise that was made."""
    agreement = _agreement(act, case, provider)["id"]
    expected.expect(act, case.row, provider)
    to = {"provider_id": provider, "agreement_id": agreement, "step_reason": dict(why)}
    moves.move(act, case, Event.REDIRECT, {**to, **(values or {})})
    told = moves.fact(act, case, Kind.REQUEST_REDIRECTED, reason=why["code"], to=provider)
    act.tell(replace(told, parties=(*case.parties, provider)))


@dataclass(frozen=True, slots=True)
class Decision:
    """What the requesting side decided about an answer; `reason` is why it was not adopted.

    `diagnosis_code` is the final diagnosis's in ICD-10, where it has one.
    """

    adoption: str
    diagnosis: str = ""
    diagnosis_code: str = ""
    reason: str | None = None
    note: str = ""


NOT_ADOPTED = "not_adopted"


_DECIDED: Final = {
    "note": Words("说明", "remark"),
    "diagnosis": Words("最终诊断", "final diagnosis"),
}


def confirm(act: Act, request_id: str, decision: Decision) -> None:
    """The requesting side read the report and decides (50号 三(三)3)."""
    case = door.own_case(act, request_id)
    adoption, note = decision.adoption, decision.note
    unnamed.require(act, case.id, {"note": note, "diagnosis": decision.diagnosis}, _DECIDED)
    why = {"code": adoption, "note": note} if note else None
    if adoption == NOT_ADOPTED:
        why = _reason(act, case, "not-adopted", decision.reason, note)
    moves.move(
        act,
        case,
        Event.CONFIRM,
        {
            "adoption": adoption,
            "final_diagnosis": decision.diagnosis,
            "final_diagnosis_code": decision.diagnosis_code or None,
            "confirmed_at": act.now,
            "step_reason": why,
        },
    )
    act.tell(
        moves.fact(
            act,
            case,
            Kind.REQUEST_CONFIRMED,
            adoption=adoption,
            reason=decision.reason if adoption == NOT_ADOPTED else None,
            **promises.ended(case),
        )
    )


def acknowledge(act: Act, request_id: str, notice_id: str, action: str) -> None:
    """Say that a critical finding was received and what is being done. Saying it twice is once."""
    case = door.own_case(act, request_id)
    notice = next(
        (n for n in requests.critical_notices_of(act.tx, case.id) if n["id"] == notice_id), None
    )
    if notice is None:
        raise Problem("not-found")
    table = t.critical_notices
    done = act.tx.update(
        table,
        sa.and_(table.c.id == notice_id, table.c.acknowledged_at.is_(None)),
        {
            "acknowledged_by": act.subject.account_id,
            "acknowledged_at": act.now,
            "action": action,
        },
    )
    if done:
        act.tell(
            moves.fact(
                act,
                case,
                Kind.CRITICAL_ACKNOWLEDGED,
                finding=notice["finding"],
                raised_at=notice["raised_at"].isoformat(),
                due_at=notice["due_at"].isoformat(),
            )
        )


def act_on(act: Act, request_id: str, notice_id: str, code: str, note: str, at: datetime) -> None:
    """Enter what was done about a critical finding and when; entered once, it stands.

    Who acts has received it: an acknowledgement that is missing is made with it. `at` is when the
    patient was treated, between the notice and now.
    """
    case = door.own_case(act, request_id)
    notice = next(
        (n for n in requests.critical_notices_of(act.tx, case.id) if n["id"] == notice_id), None
    )
    if notice is None:
        raise Problem("not-found")
    if code not in {a.code for a in act.catalogue.critical_actions}:
        raise Problem("invalid", detail="code")
    if code == "other" and not note:
        raise Problem("reason-required")
    if not notice["raised_at"] <= at <= act.now:
        raise Problem("invalid", detail="at")
    if notice["acted_at"] is not None:
        raise Problem("already-acted")
    acknowledge(act, request_id, notice_id, note)
    table = t.critical_notices
    done = act.tx.update(
        table,
        sa.and_(table.c.id == notice_id, table.c.acted_at.is_(None)),
        {
            "acted_code": code,
            "acted_note": note,
            "acted_at": at,
            "acted_by": act.subject.account_id,
            "acted_entered_at": act.now,
        },
    )
    if not done:
        raise Problem("already-acted")
    act.tell(
        moves.fact(
            act,
            case,
            Kind.CRITICAL_ACTED_ON,
            finding=notice["finding"],
            raised_at=notice["raised_at"].isoformat(),
            acted_at=at.isoformat(),
            action=code,
        )
    )


# --- what the steps above ask -----------------------------------------------------------------


def _ready(act: Act, case: Case) -> Row:
    """Problem unless it may be sent now; else the agreement."""
    _require_live(case.service)
    gaps = missing(act, case)
    if gaps:
        facts = [{"section": m.section, "field": m.field} for m in gaps]
        raise Problem("incomplete", count=len(gaps), missing=facts)
    return _agreement(act, case, case.row["provider_id"])


def _require_live(service: ServiceType) -> None:
    if not service.live:
        raise Problem("service-not-live", service=_words(service))


def _agreement(act: Act, case: Case, provider: str) -> Row:
    """The agreement in force that covers it, with a provider licensed for it."""
    target = network.institution(act.tx, provider)
    name = target["name"] if target else provider
    found = network.agreement_in_force(
        act.tx, case.row["requester_id"], provider, case.row["service"], act.now
    )
    if found is None or target is None:
        raise Problem("no-agreement", provider=name, service=_words(case.service))
    scopes = tuple(target["scopes"])
    if case.service.provider_scopes and not covers(scopes, case.service.provider_scopes):
        raise Problem("out-of-scope", provider=name, service=_words(case.service))
    return found


def _check_destination(act: Act, case: Case, provider: str) -> None:
    if provider:
        _agreement(act, case, provider)


def _check_patient(act: Act, patient_ref: str) -> None:
    patient = studies.patient(act.tx, patient_ref)
    if patient is None or patient["institution_id"] != act.subject.own_institution:
        raise Problem("not-found")


def _set_studies(act: Act, case: Case, study_ids: list[str]) -> None:
    """Only the institution's own studies, and all of one patient (a mix-up stops here)."""
    own = [studies.own_study(act.tx, act.subject.own_institution, s) for s in study_ids]
    if any(study is None for study in own):
        raise Problem("not-found")
    owners = {study["patient_ref"] for study in own if study is not None}
    if len(owners) > 1:
        raise Problem("invalid", detail="studies of more than one patient")
    requests.set_studies(act.tx, case.id, study_ids)


def _modality(act: Act, case: Case) -> str | None:
    """The modality it is read as: the first accepted one among its studies."""
    present = {
        m
        for study in requests.studies_of(act.tx, case.id)
        for m in str(study["modalities"]).split("\\")
    }
    return next((m for m in case.service.modalities if m in present), None)


def _reason(act: Act, case: Case, step: str, code: str | None, note: str) -> dict[str, Any]:
    """The coded reason of a step, as stored; Problem when it is not one of the list."""
    known = act.catalogue.reason(step, code)
    if known is None or (known.services and case.row["service"] not in known.services):
        raise Problem("reason-required")
    unnamed.require_note(act, case.id, note)
    return {"step": step, "code": code, "note": note, "at": act.now.isoformat()}


def _require_not_held_by_other(act: Act, case: Case) -> None:
    """A reader may not push away a case that a colleague is reading; a coordinator may."""
    current = requests.current_workitem(act.tx, case.id)
    holder = current["performer_id"] if current and current["state"] == "IN PROGRESS" else None
    writes = Permission.WRITE_REPORTS in act.subject.permissions
    if current is not None and holder is not None and holder != act.subject.person_id and writes:
        raise Problem(
            "already-claimed", holder=current["performer_name"], since=current["claimed_at"]
        )


def _is_under_14(act: Act, patient_ref: str | None) -> bool:
    """PIPL art. 31: under 14 needs the guardian's consent. Unknown birth dates count as adult."""
    patient = studies.patient(act.tx, patient_ref) if patient_ref else None
    text = str(patient["birth_date"]) if patient else ""
    if len(text) != 10:
        return False
    born = date.fromisoformat(text)
    today = act.now.astimezone(ZONE).date()
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return age < 14


def _words(service: ServiceType) -> dict[str, str]:
    return {"zh": service.label.zh, "en": service.label.en}
