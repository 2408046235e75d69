"""A request's attempt as a UPS data set: what the platform knows, in DICOM's words.

The platform's own columns come first; what a client said beyond them (label, progress, comments)
is laid over. Supervision sees neither names nor texts. The Transaction UID is not among it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from telemed.actions import ups_parameters
from telemed.actions.act import Act
from telemed.core import access, ups
from telemed.core.catalogue import ServiceType
from telemed.core.workitem import State
from telemed.dicom import workitem as model
from telemed.dicom.workitem import Json, code, moment, ours
from telemed.store import people
from telemed.store import ups as store
from telemed.store.tx import Row

RRR_REPORT: Final = ("RRR000", "99IHE", "Report Requested")
"""The workitem code of a reading in IHE RRR-WF (40.4.1.2)."""
MOST_REFERENCED: Final = 500
"""Instances of a study up to which each is named; beyond that the series is."""
OVERLAID: Final = frozenset(
    {
        "00741204", "00741202", "00741002", "00741216", "00400400", "00404026", "00404027",
        "00404070", "00741220", "00741224",
    }
)  # fmt: skip
"""What a client may say of a request's attempt: labels, progress, what was performed, comments,
station class and place, where output goes. The rest is the request's and changed there."""


def uid(row: Row) -> str:
    """The workitem's UID."""
    return str(row["given_uid"] or store.uid_of(row["id"]))


def readiness(act: Act, row: Row) -> str:
    """Input Readiness State (0040,4041) of now."""
    service = act.catalogue.services[row["service"]]
    return ups.readiness(
        needs_input=service.requires_study,
        has_input=bool(row["has_images"]),
        on_its_way=bool(row["on_their_way"]),
    )


def data_sets(act: Act, rows: Sequence[Row], *, whole: bool) -> list[Json]:
    """The data sets of attempts, in order; `whole` ones name the instances that are to be read."""
    shown = _images(act, [row["request_id"] for row in rows], whole)
    return [_data_set(act, row, shown.get(row["request_id"], [])) for row in rows]


def _data_set(act: Act, row: Row, images: Sequence[Row]) -> Json:
    service = act.catalogue.services[row["service"]]
    made = model.data_set(
        {
            **_identity(row),
            **_patient(act, row),
            **_work(act, row, service),
            **_request(act, row, service, images),
            **_input(images),
            **_outcome(act, row, service),
        }
    )
    said = {tag: value for tag, value in (row["said"] or {}).items() if tag in OVERLAID}
    return dict(sorted({**made, **(_public(said) if act.subject.masked else said)}.items()))


def _public(said: Json) -> Json:
    return {tag: value for tag, value in said.items() if tag in (model.WORKLIST_LABEL,)}


def _identity(row: Row) -> dict[int, object]:
    replaced = []
    if row["before_id"]:
        before = row["before_uid"] or store.uid_of(row["before_id"])
        replaced = [{0x00081150: model.PUSH, 0x00081155: before}]
    return {
        0x00080005: "ISO_IR 192",
        0x00080016: model.PUSH,
        0x00080018: uid(row),
        0x00741000: row["state"],
        0x00741224: replaced,
    }


def _patient(act: Act, row: Row) -> dict[int, object]:
    name, masked = row["patient_name"] or "", act.subject.masked
    return {
        0x00100010: access.mask_name(name) if masked else name,
        0x00100020: access.mask_digits(row["patient_id"] or "") if masked else row["patient_id"],
        0x00100021: row["requester_id"],
        0x00100030: "" if masked else str(row["patient_birth_date"] or "").replace("-", ""),
        0x00100040: row["patient_sex"] or "",
        0x00380010: "",
    }


def _work(act: Act, row: Row, service: ServiceType) -> dict[int, object]:
    kind = ours(service.code, service.label.en)
    content = {} if act.subject.masked else row["content"]
    return {
        0x00404005: moment(row["scheduled_at"]),
        0x00404010: moment(row["ended_at"] or row["claimed_at"] or row["scheduled_at"]),
        0x00404011: moment(row["due_at"]),
        0x00404018: [kind, code(*RRR_REPORT)],
        **_meant_for(act, row, row["scheduled_performer_id"]),
        0x00404026: [kind],
        0x00404027: [],
        0x00404041: readiness(act, row),
        0x00741200: ups.PRIORITIES[row["urgency"]],
        0x00741202: row["provider_name"],
        0x00741204: service.label.zh,
        0x00741210: ups_parameters.shown(service, row["urgency"], content),
    }


def _request(act: Act, row: Row, service: ServiceType, images: Sequence[Row]) -> dict[int, object]:
    masked = act.subject.masked
    first = images[0] if images else None
    return {
        0x0020000D: first["study_uid"] if first else "",
        0x0040A370: [
            {
                0x0020000D: first["study_uid"] if first else "",
                0x00080050: first["accession_number"] if first and not masked else "",
                0x00321032: "" if masked else row["asked_by"],
                0x00321033: row["requester_name"],
                0x00321060: service.label.zh,
                0x00321064: [],
                0x00401001: row["number"],
                0x00401002: "" if masked else str(row["content"].get("reason") or "")[:64],
                0x00401400: "" if masked else row["question"][:10240],
            }
        ],
        0x00081084: [] if masked else _diagnoses(row["content"].get("diagnosis")),
    }


def _diagnoses(value: Any) -> list[Mapping[int, object]]:
    found = value if isinstance(value, list) else [value]
    return [
        {0x00080100: one["code"], 0x00080102: "I10", 0x00080104: one["name"][:64]}
        for one in found
        if isinstance(one, Mapping) and one.get("code") and one.get("name")
    ]


def meant_for(act: Act, row: Row, person_id: str | None) -> Json:
    """The part of a data set that says whom it is meant for."""
    return model.data_set(_meant_for(act, row, person_id))


def _meant_for(act: Act, row: Row, person_id: str | None) -> dict[int, object]:
    """The institution, and whom it was assigned to or who reserved it (PS3.3 C.30.2)."""
    person = people.person(act.tx, person_id) if person_id else None
    named = [_performer(person["id"], person["name"], row["provider_name"])] if person else []
    return {0x00404025: [ours(row["provider_id"], row["provider_name"])], 0x00404034: named}


def _performer(person_id: str, name: str, place: str) -> Mapping[int, object]:
    return {
        0x00404009: [ours(person_id, name)],
        0x00404036: place[:64],
        0x00404037: name,
    }


# --- input --------------------------------------------------------------------------------------


def _images(act: Act, request_ids: Iterable[str], whole: bool) -> dict[str, list[Row]]:
    """The series to be read by request; of whole data sets with the instances of small studies."""
    found: dict[str, list[Row]] = {}
    for one in store.series_of(act.tx, request_ids):
        few = whole and one["of_study"] <= MOST_REFERENCED
        named = store.instances_of(act.tx, one["series_id"], MOST_REFERENCED) if few else []
        found.setdefault(one["request_id"], []).append({**one, "instances": named})
    return found


def _input(images: Sequence[Row]) -> dict[int, object]:
    """Input Information (PS3.3 10.27): each series with where WADO-RS gives it."""
    return {0x00404021: [_referenced(one) for one in images]}


def _referenced(one: Row) -> Mapping[int, object]:
    path = f"/dicom-web/studies/{one['study_uid']}/series/{one['series_uid']}"
    return {
        0x0040E020: "DICOM",
        0x0020000D: one["study_uid"],
        0x0020000E: one["series_uid"],
        0x00081199: [
            {0x00081150: instance["sop_class"], 0x00081155: instance["sop_uid"]}
            for instance in one["instances"]
        ],
        0x0040E025: [{0x00081190: path}],
    }


# --- how it went --------------------------------------------------------------------------------


def _outcome(act: Act, row: Row, service: ServiceType) -> dict[int, object]:
    if row["state"] == State.COMPLETED:
        return {0x00741002: [], 0x00741216: [_performed(act, row, service)]}
    if row["state"] == State.CANCELED:
        why = reason_item(act, row["end_reason"])
        return {
            0x00741002: [{0x00404052: moment(row["ended_at"]), 0x0074100E: [why] if why else []}],
            0x00741216: [],
        }
    return {0x00741002: [], 0x00741216: []}


def _performed(act: Act, row: Row, service: ServiceType) -> Mapping[int, object]:
    """What was done: by whom, when, and the report that came of it, which is no DICOM object."""
    author = people.person(act.tx, row["author_id"]) if row["author_id"] else None
    report = {
        0x0040A040: "TEXT",
        0x0040A043: [ours("report", "Report")],
        0x0040A160: f"/api/requests/{row['request_id']}/report.pdf",
    }
    return {
        0x00404028: [ours(row["provider_id"], row["provider_name"])],
        0x00404019: [ours(service.code, service.label.en)],
        0x00404050: moment(row["claimed_at"]),
        0x00404051: moment(row["ended_at"]),
        0x00404035: [_performer(author["id"], author["name"], row["provider_name"])]
        if author
        else [],
        0x00404033: [],
        0x00404032: [code("18748-4", "LN", "Diagnostic imaging report")],
        0x00741212: [report],
    }


def reason_item(act: Act, reason: object) -> Mapping[int, object] | None:
    """A coded reason of the catalogue as a code item, None for what is no reason of a person."""
    known = next((r for r in act.catalogue.reasons if r.code == reason), None)
    return ours(known.code, known.label.en) if known else None


def reason_code(act: Act, step: str, told: Mapping[str, Any]) -> str:
    """The coded reason of a step that a client names (0074,100E), `other` when it names none."""
    asked = [item for item in model.items(told, model.CANCEL_CODES)]
    values = [model.text(i, "00080100") or model.text(i, "00080119") for i in asked]
    known = [value for value in values if act.catalogue.reason(step, value)]
    return known[0] if known else "other"
