"""Which earlier case a request comes from, and into which requests a case went on.

Told to whoever sees both cases. Where the later one is told under a pseudonym only the own
institution is told: the link would say whose it is. The asking institution begins one from the case
itself: with its patient, its images, and what was written, but for what names the patient.
"""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from telemed.actions import door, requests, unnamed
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import continued, request
from telemed.core.access import Permission
from telemed.core.catalogue import ServiceType
from telemed.core.continued import Written
from telemed.core.errors import Problem
from telemed.core.report import State as ReportState
from telemed.store import guidance as store
from telemed.store import patients, pseudonyms, reports, studies
from telemed.store import requests as requests_store
from telemed.store import tables as t
from telemed.store.tx import Row

_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Links:
    """The earlier case, and those that come from this one."""

    source: Row | None
    continued: list[Row]


def show(act: Act, request_id: str) -> Links:
    """The links of a case that the subject sees, as far as they see their other end."""
    case = door.case(act, request_id)
    if act.subject.masked:
        return Links(None, [])
    source = store.source_of(act.tx, case.id)
    hidden = not case.own and _is_pseudonym(act, case.row["patient_ref"])
    found = None if source is None or hidden else _seen(act, source)
    later = [
        row
        for row in store.continued_in(act.tx, case.id, _MOST)
        if (case.own or not _is_pseudonym(act, row["patient_ref"])) and _seen(act, row["id"])
    ]
    return Links(None if found is None else found.row, later)


def set_source(act: Act, request_id: str, number: str) -> None:
    """A draft comes from this earlier case, which the subject must see; '' for none."""
    act.subject.require(Permission.WRITE_REQUESTS)
    case = door.own_case(act, request_id)
    if not case.service.continues:
        raise Problem("not-found")
    if case.state not in request.EDITABLE:
        raise Problem(
            "illegal-transition",
            state=request.MACHINE.word(case.state),
            event={"zh": "关联病例", "en": "link a case"},
        )
    if not number:
        store.clear_source(act.tx, case.id)
        return
    found = act.tx.one(sa.select(t.requests.c.id).where(t.requests.c.number == number))
    source = None if found is None else _seen(act, found["id"])
    if source is None or source.id == case.id or source.state is request.State.DRAFT:
        raise Problem("not-found")
    _link(act, case.id, source.id)


def goes_on_as(act: Act, case: Case) -> list[str]:
    """The services of which the subject may begin a request from a case of their institution."""
    if not case.own or Permission.WRITE_REQUESTS not in act.subject.permissions:
        return []
    return [code for code, kind in act.catalogue.services.items()
            if continued.goes_on_as(case.state, case.service, kind)]  # fmt: skip


def begin(act: Act, request_id: str, service: str) -> str:
    """A draft of a service that comes from this case of the own institution; its id. Asked again
    while it is not sent, it is the same: nobody has two by pressing twice."""
    case = door.own_case(act, request_id)
    kind = act.catalogue.services.get(service)
    if kind is None or kind.continues_label is None:
        raise Problem("invalid", detail="service")
    if service not in goes_on_as(act, case):
        raise Problem(
            "illegal-transition",
            state=request.MACHINE.word(case.state),
            event={"zh": "发起后续申请", "en": "begin another request from it"},
        )
    act.tx.take_turn(f"continue {case.id}")
    begun = store.draft_from(act.tx, case.id, service, act.subject.account_id)
    if begun is not None:
        return begun
    made = requests.create(act, service, "routine")
    requests.edit(act, made, _first_words(act, case, kind))
    _link(act, made, case.id)
    return made


def _first_words(act: Act, case: Case, kind: ServiceType) -> requests.Edit:
    """What a draft begins with: whom it is about, their images, what was written of them."""
    row = pseudonyms.of_patient(act.tx, case.row["patient_ref"])
    ref = case.row["patient_ref"] if row is None else row["original_ref"]
    told = studies.patient(act.tx, ref) if ref else None
    patient = None if told is None else patients.final(act.tx, told)
    if patient is None:
        return requests.Edit(version=1, content=_content(act, case, kind, {}))
    attached = requests_store.studies_of(act.tx, case.id)
    ids = [s["id"] for s in attached] if row is None else row["study_ids"]
    own = [studies.own_study(act.tx, act.subject.own_institution, key) for key in ids]
    return requests.Edit(
        version=1,
        patient_ref=patient["id"],
        content=_content(act, case, kind, patient),
        study_ids=[
            s["id"]
            for s in own
            if s is not None
            and s["patient_ref"] == patient["id"]
            and not set(studies.split_modalities(s["modalities"])).isdisjoint(kind.modalities)
        ],
    )


def _content(act: Act, case: Case, kind: ServiceType, patient: Row) -> dict[str, Any]:
    written = {f.key: Written(f.label, case.row["content"].get(f.key))
               for f in case.service.fields()}  # fmt: skip
    final = [v for v in reports.versions(act.tx, case.id) if v["state"] == ReportState.FINAL]
    for version in final[-1:]:
        written |= {f"report.{f.key}": Written(f.label, version["content"].get(f.key))
                    for f in case.service.report_fields()}  # fmt: skip
    return continued.taken_over(kind, written, unnamed.identity_of(patient))


def _link(act: Act, request_id: str, source_id: str) -> None:
    store.set_source(
        act.tx,
        {"request_id": request_id, "source_id": source_id, "linked_by": act.subject.account_id,
         "linked_at": act.now},
    )  # fmt: skip


def _seen(act: Act, request_id: str) -> Case | None:
    """A case if the subject sees it."""
    try:
        return door.case(act, request_id)
    except Problem:
        return None


def _is_pseudonym(act: Act, patient_ref: str | None) -> bool:
    return pseudonyms.of_patient(act.tx, patient_ref) is not None
