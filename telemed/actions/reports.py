"""Writing, signing, verifying, revising. Nothing that was issued is ever overwritten."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

import orjson

from telemed.actions import door, experts, image_changes, moves, promises, unnamed, worklist
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import report, request, workitem
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.catalogue import Words
from telemed.core.errors import Problem
from telemed.core.report import Event, State, VersionKind
from telemed.store import opinions, people, reports, requests, studies
from telemed.store import tables as t
from telemed.store.signer import Signer
from telemed.store.tx import Row

CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 12
_BESIDE: Final[Mapping[str, Words]] = {
    "reason": Words("修订原因", "reason of the revision"),
    "without": Words("不再等待的原因", "why it is not waited for them"),
}
"""What is written beside a report's own fields."""


def save_draft(act: Act, request_id: str, revision: int, content: Mapping[str, Any]) -> None:
    """Autosave. Only the author, only while the draft is theirs; `revision` guards two windows."""
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    draft = _my_draft(act, case)
    values = {"content": _asked_for(act, case, content), "updated_at": act.now}
    if not reports.change_version(act.tx, draft["id"], draft["state"], revision, values):
        raise Problem("stale", current=draft["revision"])
    if act.subject.person_id is not None:
        until = workitem.lease_until(act.now, act.catalogue.timers.lease)
        requests.extend_leases(act.tx, act.subject.person_id, [case.id], until)


def _asked_for(act: Act, case: Case, content: Mapping[str, Any]) -> dict[str, Any]:
    """What the service's report may say: an outcome only where one is asked for, critical
    findings only of the service's own list."""
    known = {f.code for f in act.catalogue.critical_findings if f.service == case.service.code}
    if not known.issuperset(content.get("critical", [])):
        raise Problem("invalid", detail="critical")
    outcome = content.get("positive") if case.service.asks_outcome else None
    return {**content, "positive": outcome}


def sign(act: Act, request_id: str, revision: int, signer: Signer, without: str = "") -> None:
    """The author's signature: final where one is enough, else preliminary until verified.

    A critical finding is notified now, not after the second signature: minutes matter. While
    experts are still to answer, `without` says why it is not waited for them.
    """
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    draft = _my_draft(act, case)
    # An addendum only adds: what the service's form asks for stands in the report it adds to.
    added = draft["kind"] == VersionKind.ADDENDUM
    report.require_complete(draft["content"], () if added else case.service.report_fields())
    _require_unnamed(act, case, draft, without)
    experts.require_answered(act, case, without)
    event = report.sign_event(case.service.four_eyes)
    to = report.MACHINE.step(State(draft["state"]), event)
    values = {
        "state": to.value,
        "reason": own_reason(draft),
        "authored_at": act.now,
        "updated_at": act.now,
    }
    if not reports.change_version(act.tx, draft["id"], draft["state"], revision, values):
        raise Problem("stale", current=draft["revision"])
    image_changes.settle(act, case)
    raise_criticals(act, case, draft)
    if to is State.FINAL:
        _issue(act, case, {**draft, **values}, signer)
    else:
        _stop_lease(act, case)
        act.tell(moves.fact(act, case, Kind.REPORT_SIGNED, person=draft["author_id"]))


def _require_unnamed(act: Act, case: Case, draft: Row, without: str) -> None:
    """A report on a case under a pseudonym names nobody; see `unnamed`."""
    fields = {field.key: field.label for field in case.service.report_fields()}
    content = {**draft["content"], **draft["content"].get("fields", {})}
    texts = {key: content[key] for key in fields if key in content}
    beside = {"reason": own_reason(draft), "without": without}
    unnamed.require(act, case.id, {**texts, **beside}, {**fields, **_BESIDE})


def verify(act: Act, request_id: str, revision: int, signer: Signer) -> None:
    """The second signature, by somebody else who might have written it."""
    case = door.provided_case(act, request_id, Permission.VERIFY_REPORTS)
    verifier = worklist.qualified(act, case)
    version = _preliminary(act, case)
    report.require_other_eyes(version["author_id"], verifier)
    to = report.MACHINE.step(State(version["state"]), Event.VERIFY)
    values = {
        "state": to.value,
        "verifier_id": verifier,
        "verified_at": act.now,
        "updated_at": act.now,
    }
    if not reports.change_version(act.tx, version["id"], version["state"], revision, values):
        raise Problem("stale", current=version["revision"])
    _issue(act, case, {**version, **values}, signer)


def send_back(act: Act, request_id: str, note: str) -> None:
    """The verifier asks the author to change something."""
    case = door.provided_case(act, request_id, Permission.VERIFY_REPORTS)
    worklist.qualified(act, case)
    version = _preliminary(act, case)
    to = report.MACHINE.step(State(version["state"]), Event.SEND_BACK)
    values = {
        "state": to.value,
        "authored_at": None,
        "reason": f"{own_reason(version)}\n{note}".lstrip(),
        "updated_at": act.now,
    }
    if not reports.change_version(
        act.tx, version["id"], version["state"], version["revision"], values
    ):
        raise Problem("stale", current=version["revision"])
    act.tell(moves.fact(act, case, Kind.REPORT_SENT_BACK, person=version["author_id"]))


def revise(act: Act, request_id: str, kind: str, reason: str) -> None:
    """Begin an addendum (empty) or an amendment (a copy to change) of an issued report."""
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    author = worklist.qualified(act, case)
    latest = reports.latest(act.tx, case.id)
    if latest is None or latest["state"] != State.FINAL:
        word = report.MACHINE.word(State(latest["state"]) if latest else State.DRAFT)
        raise Problem("illegal-transition", state=word, event={"zh": "修订", "en": "revise"})
    content = _in_force(act, case) if kind == VersionKind.AMENDMENT else {}
    reports.add_version(
        act.tx,
        {
            "id": act.new_id(),
            "report_id": latest["report_id"],
            "kind": VersionKind(kind).value,
            "state": State.DRAFT.value,
            "revision": 1,
            "content": content,
            "reason": " ".join(reason.split()),
            "workitem_id": None,
            "author_id": author,
            "created_at": act.now,
            "updated_at": act.now,
        },
    )


def own_reason(version: Row) -> str:
    """Why a revision was begun: the first line of its reason; an original has none.

    What follows is what a verifier asked to change. That is between the two doctors: the author's
    next signature drops it, so it is never issued.
    """
    if version["kind"] == VersionKind.ORIGINAL:
        return ""
    return str(version["reason"]).partition("\n")[0]


def discard_revision(act: Act, request_id: str) -> None:
    """Set one's own unfinished addendum or amendment aside."""
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    draft = _my_draft(act, case)
    if draft["kind"] == VersionKind.ORIGINAL:
        raise Problem("not-claim-holder")
    to = report.MACHINE.step(State(draft["state"]), Event.DISCARD)
    values = {"state": to.value, "updated_at": act.now}
    reports.change_version(act.tx, draft["id"], draft["state"], draft["revision"], values)


def raise_criticals(act: Act, case: Case, version: Row) -> None:
    """A notice to the requesting side for each critical finding not yet notified."""
    known = {n["finding"] for n in requests.critical_notices_of(act.tx, case.id)}
    for code in version["content"].get("critical", []):
        if code in known:
            continue
        due = act.now + act.catalogue.timers.critical_acknowledge
        act.tx.insert(
            t.critical_notices,
            {
                "id": act.new_id(),
                "request_id": case.id,
                "finding": code,
                "raised_by": version["author_id"],
                "raised_at": act.now,
                "due_at": due,
                "action": "",
            },
        )
        act.tell(moves.fact(act, case, Kind.CRITICAL_RAISED, finding=code, due_at=due.isoformat()))


def _issue(act: Act, case: Case, version: Row, signer: Signer) -> None:
    """A version became final: sign its bytes, then move the request by the joint rule."""
    _keep_signed(act, case, version, signer)
    content = version["content"]
    if version["kind"] == VersionKind.ORIGINAL:
        _answer(act, case, version)
        return
    kind = {
        VersionKind.ADDENDUM.value: Kind.REPORT_ADDENDED,
        VersionKind.AMENDMENT.value: Kind.REPORT_AMENDED,
    }[version["kind"]]
    values: dict[str, Any] = {"confirmed_at": None, "adoption": None}
    if version["kind"] == VersionKind.AMENDMENT:
        values |= {
            "positive": content.get("positive"),
            "critical": case.row["critical"] or bool(content.get("critical")),
        }
    after = moves.move(act, case, request.Event.REVISE, values)
    told = {**promises.ended(case), **promises.begun(after)}
    act.tell(moves.fact(act, case, kind, reader=version["author_id"], **told))


def _answer(act: Act, case: Case, version: Row) -> None:
    content = version["content"]
    after = moves.move(
        act,
        case,
        request.Event.ANSWER,
        {
            "issued_at": act.now,
            "positive": content.get("positive"),
            "critical": bool(content.get("critical")),
        },
    )
    act.tell(
        moves.fact(
            act,
            case,
            Kind.REPORT_ISSUED,
            submitted_at=case.row["submitted_at"].isoformat(),
            due_at=case.row["due_at"].isoformat(),
            waited_seconds=int(promises.waited(act, case)),
            positive=content.get("positive"),
            critical=bool(content.get("critical")),
            reader=version["author_id"],
            verifier=version["verifier_id"],
            **promises.begun(after),
        )
    )


def _keep_signed(act: Act, case: Case, version: Row, signer: Signer) -> None:
    """The exact bytes that were signed are what is kept, shown and checked ever after."""
    signed = canonical(act, case, version)
    act.tx.insert(
        t.signed_reports,
        {
            "version_id": version["id"],
            "signed_bytes": signed,
            "sha256": hashlib.sha256(signed).hexdigest(),
            "signature": signer.sign(signed),
            "key_id": signer.key_id,
            "verification_code": new_code(),
            "at": act.now,
        },
    )


def canonical(act: Act, case: Case, version: Row) -> bytes:
    """The signed content: who, for whom, about whom, what, when; keys sorted, UTF-8 JSON.

    It names request, institutions and patient, so a signature cannot be moved to another case,
    and the hash of the version before it, so that a chain of versions cannot lose a link; and the
    hashes of the experts' opinions that it was drawn from.
    """
    patient = studies.patient(act.tx, case.row["patient_ref"]) or {}
    author = people.person(act.tx, version["author_id"]) or {}
    verifier = people.person(act.tx, version["verifier_id"]) if version["verifier_id"] else None
    finals = [
        v
        for v in reports.versions(act.tx, case.id)
        if v["sha256"] and v["number"] < version["number"]
    ]
    return orjson.dumps(
        {
            "format": "telemed-report-1",
            "request": case.id,
            "number": case.row["number"],
            "service": case.row["service"],
            "requester": {"id": case.row["requester_id"], "name": case.row["requester_name"]},
            "provider": {"id": case.row["provider_id"], "name": case.row["provider_name"]},
            "patient": {k: patient.get(k) for k in ("patient_id", "name", "sex", "birth_date")},
            "studies": [s["study_uid"] for s in requests.studies_of(act.tx, case.id)],
            "version": version["number"],
            "kind": version["kind"],
            "reason": version["reason"],
            "content": version["content"],
            "author": {"id": author.get("id"), "name": author.get("name")},
            "authored_at": version["authored_at"],
            "verifier": None
            if verifier is None
            else {"id": verifier["id"], "name": verifier["name"]},
            "verified_at": version["verified_at"],
            "previous_sha256": finals[-1]["sha256"] if finals else None,
            **_drawn_from(act, case),
        },
        option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
    )


def _drawn_from(act: Act, case: Case) -> dict[str, Any]:
    """The signed opinions behind a report; nothing where no expert was asked."""
    signed = [
        {k: row[k] for k in ("id", "n", "role", "person_id", "institution_id", "sha256")}
        for row in opinions.of_request(act.tx, case.id)
        if row["sha256"] and row["provider_id"] == case.row["provider_id"]
    ]
    return {"opinions": signed} if signed else {}


def new_code() -> str:
    """A verification code of 60 random bits without look-alike characters."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def _my_draft(act: Act, case: Case) -> Row:
    """The draft the subject is writing; Problem when it is not (or no longer) theirs."""
    latest = reports.latest(act.tx, case.id)
    person = act.subject.person_id
    if latest is None or latest["state"] != State.DRAFT or latest["author_id"] != person:
        raise Problem("not-claim-holder")
    return latest


def _preliminary(act: Act, case: Case) -> Row:
    latest = reports.latest(act.tx, case.id)
    if latest is None or latest["state"] != State.PRELIMINARY:
        word = report.MACHINE.word(State(latest["state"]) if latest else State.DRAFT)
        raise Problem("illegal-transition", state=word, event={"zh": "审核", "en": "verify"})
    return latest


def _in_force(act: Act, case: Case) -> dict[str, Any]:
    """The signed content of the last final original or amendment."""
    version = [
        v
        for v in reports.versions(act.tx, case.id)
        if v["state"] == State.FINAL and v["kind"] != VersionKind.ADDENDUM
    ][-1]
    kept = reports.signed(act.tx, version["id"])
    return dict(orjson.loads(kept["signed_bytes"])["content"]) if kept else {}


def _stop_lease(act: Act, case: Case) -> None:
    """Signed and waiting for the verifier: presence no longer matters."""
    current = requests.current_workitem(act.tx, case.id)
    if current is not None and current["state"] == workitem.State.IN_PROGRESS:
        requests.change_workitem(act.tx, current["id"], current["state"], {"lease_until": None})
