"""Every route, as every role, of every hospital: who gets in is written here and nowhere derived.

One row a route: the permission it must ask for, what it is about, and which side of that may go
on. The walk compares each answer with what the rows say, and every answer is looked through for
other hospitals' canaries. A route without a row fails.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from telemed.core.access import Permission, Role
from telemed.server.routes import ROUTES
from telemed.store import tables as t
from telemed.store.ups import uid_of
from tests.server import booking, training
from tests.world import CLINICAL, OFFICES, PASSWORD, PLACES, Client, Leak, Reply, World, everybody

P = Permission
OWN, PROVIDER, SUPERVISOR = "own", "provider", "supervisor"
PARTIES = frozenset({OWN, PROVIDER})
ALL = frozenset({OWN, PROVIDER, SUPERVISOR})
TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = {**TUS, "Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True)
class Row:
    """`about` names the thing in the path ("" for none); `sides` may go on, others do not learn
    that it exists; `refused` see it but may not do this. `body` passes the parser and changes
    nothing. `placed` routes need an institution to stand for."""

    permission: Permission | None
    about: str = ""
    sides: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    body: object = None
    query: str = ""
    placed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def _case(permission: Permission, sides: frozenset[str], **more: Any) -> Row:
    """A route of one request; a party on the wrong side sees it and is told so."""
    return Row(permission, "case", sides, ALL - sides, **more)


def _item(permission: Permission, **more: Any) -> Row:
    """A route of one workitem, an attempt of the open case."""
    return Row(permission, "workitem", ALL, **more)


_DAY = "?since=2026-03-06T00:00:00Z&until=2026-03-07T00:00:00Z"
_SEARCH_BODY = {"service": "imaging", "since": "2026-03-06T00:00:00Z",
                "until": "2026-03-07T00:00:00Z", "minutes": 30,
                "groups": [{"role": "expert", "people": ["absent"]}]}  # fmt: skip
_LEAVE = {"kind": "away", "since": "2026-03-06T00:00:00Z", "until": "2026-03-05T00:00:00Z"}
_HOLD = {"service": "imaging", "provider_id": "absent", "since": "2026-03-06T01:00:00Z",
         "minutes": 30, "seats": [{"role": "expert", "person_id": "absent"}]}  # fmt: skip
_SEEN = {"version": 999}
_NOBODY = {"person_id": "absent"}
_ROOM = {"kind": "room", "name": "", "capacity": 1}
_ONE = "/api/appointments/{id}"


def _booked(permission: Permission, **more: object) -> Row:
    """A step of an appointment, of a version that it never had: who gets so far may see it."""
    return Row(permission, "appointment", PARTIES, body={**_SEEN, **more})


_COURSE, _LECTURE = "/api/courses/{id}", "/api/lectures/{id}"


def _taught(permission: Permission, about: str, **more: Any) -> Row:
    """A step of a course that hub offers to its alliance: learners see it, and run nothing."""
    return Row(permission, about, frozenset({PROVIDER}), frozenset({OWN}), **more)


def _learnt(about: str, **more: Any) -> Row:
    """What whoever it is offered to may do."""
    return Row(P.SEE_TRAINING, about, PARTIES, **more)


_OWN, _HUB = frozenset({OWN}), frozenset({PROVIDER})
_WRONG = {"reason": "because"}
_SIGN = {"revision": 0, "password": PASSWORD}
_DUTY = {"kind": "reading", "day": "2026-01-05", "begins": "08:00", "ends": "18:00"}
_STUDY = "/dicom-web/studies/{study}"
_SERIES = f"{_STUDY}/series/{{series}}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"
_IMAGE = Row(P.SEE_STUDIES, "study", PARTIES)
_SEARCH = Row(P.SEE_STUDIES)
_CASES = "/api/requests/{id}"
_OPINION = "/api/opinions/{id}"
_ITEMS = "/dicom-web/workitems"
_ITEM = f"{_ITEMS}/{{workitem}}"
_UPS: Mapping[str, Any] = {
    "headers": {"Content-Type": "application/dicom+json"},
    "body": [{"00741238": {"vr": "no VR"}}],
}

TABLE: Mapping[tuple[str, str], Row] = {
    ("GET", "/api/hello"): Row(None),
    ("POST", "/api/session"): Row(None, body={"username": 1}),
    ("GET", "/api/session"): Row(P.SIGNED_IN),
    ("POST", "/api/session/password"): Row(
        P.SIGNED_IN, body={"current": PASSWORD, "new": "aaaaaaaaaaaa"}
    ),
    ("GET", "/api/catalogue"): Row(P.SIGNED_IN),
    ("GET", "/api/icd10"): Row(P.SIGNED_IN, query="?q=R05"),
    ("GET", "/api/operations"): Row(P.SIGNED_IN, query="?q=51"),
    ("GET", "/api/staff"): Row(P.WRITE_REQUESTS),
    ("GET", "/api/destinations"): Row(P.SEE_CASES, query="?service=imaging", placed=True),
    ("GET", "/api/network/summary"): Row(P.SEE_NETWORK),
    ("GET", "/api/institutions"): Row(P.SEE_NETWORK),
    ("GET", "/api/institutions/{id}"): Row(P.SEE_NETWORK, "institution"),
    ("GET", "/api/alliances"): Row(P.SEE_NETWORK),
    ("GET", "/api/agreements/{id}"): Row(P.SEE_NETWORK, "agreement", ALL),
    ("POST", "/api/agreements/{id}/preview"): Row(
        P.KEEP_AGREEMENTS, "agreement", PARTIES, body={"revision": 999}
    ),
    ("PUT", "/api/agreements/{id}"): Row(
        P.KEEP_AGREEMENTS, "agreement", PARTIES, body={"revision": 999}
    ),
    ("POST", "/api/agreements/{id}/undo"): Row(
        P.KEEP_AGREEMENTS, "agreement", PARTIES, body={"revision": 999, "n": 1}
    ),
    ("GET", "/api/patients"): Row(P.SEE_PATIENTS, query="?q=zhang"),
    ("GET", "/api/studies"): Row(P.SEE_STUDIES),
    ("GET", "/api/studies/{id}"): Row(P.SEE_STUDIES, "archive", PARTIES),
    ("GET", "/api/conflicts"): Row(P.CORRECT_STUDIES),
    ("GET", "/api/conflicts/{id}"): Row(P.CORRECT_STUDIES, "absent"),
    ("GET", "/api/conflicts/{id}/picture"): Row(P.CORRECT_STUDIES, "absent"),
    ("POST", "/api/conflicts/{id}/resolve"): Row(
        P.CORRECT_STUDIES, "absent", body={"resolution": "kept", "reason": "sent-again"}
    ),
    ("POST", "/api/conflicts/{id}/reopen"): Row(P.CORRECT_STUDIES, "absent"),
    ("POST", "/api/studies/{id}/hide"): Row(
        P.CORRECT_STUDIES, "absent", body={"level": "study", "reason": "quality"}
    ),
    ("GET", "/api/holds"): Row(P.CORRECT_STUDIES),
    ("POST", "/api/studies/{id}/hold"): Row(
        P.DELETE_STUDIES, "absent", body={"reason": "诉讼", "asked_by": "法院"}
    ),
    ("POST", "/api/studies/{id}/hold/end"): Row(
        P.DELETE_STUDIES, "absent", body={"reason": "结案"}
    ),
    ("GET", "/api/studies/{id}/move"): Row(P.CORRECT_STUDIES, "absent"),
    ("POST", "/api/studies/{id}/move"): Row(
        P.CORRECT_STUDIES, "absent", body={"to": "p", "reason": "登记错误"}
    ),
    ("GET", f"{_CASES}/signed-images"): Row(P.SEE_STUDIES, "case", PARTIES),
    ("GET", f"{_CASES}/signed-images/{{instance}}"): Row(P.SEE_STUDIES, "absent"),
    ("GET", "/api/removals"): Row(P.CORRECT_STUDIES),
    ("POST", "/api/removals/{id}/restore"): Row(P.CORRECT_STUDIES, "absent"),
    ("POST", "/api/removals/{id}/delete"): Row(P.DELETE_STUDIES, "absent", body={}),
    ("GET", "/api/conflicts/studies"): Row(P.CORRECT_STUDIES),
    ("GET", "/api/patients/doubles"): Row(P.CORRECT_STUDIES),
    ("GET", "/api/patients/candidates"): Row(P.CORRECT_STUDIES, query="?q=zhang"),
    ("GET", "/api/patients/{id}"): Row(P.CORRECT_STUDIES, "absent"),
    ("POST", "/api/patients/{id}/merge"): Row(
        P.CORRECT_STUDIES, "absent", body={"into": "p", "reason": "重复登记"}
    ),
    ("POST", "/api/patient-changes/{id}/undo"): Row(P.CORRECT_STUDIES, "absent"),
    ("POST", "/api/uploads"): Row(P.STORE_STUDIES, body={}),
    ("GET", "/api/uploads/{id}"): Row(P.STORE_STUDIES, "upload", _OWN),
    ("OPTIONS", "/api/uploads/{id}/files"): Row(P.STORE_STUDIES),
    ("POST", "/api/uploads/{id}/files"): Row(
        P.STORE_STUDIES, "upload", _OWN, headers={**TUS, "Upload-Length": "9"}
    ),
    ("HEAD", "/api/uploads/{id}/files/{file_id}"): Row(P.STORE_STUDIES, "file", _OWN),
    ("PATCH", "/api/uploads/{id}/files/{file_id}"): Row(
        P.STORE_STUDIES, "file", _OWN, headers={**CHUNK, "Upload-Offset": "5"}
    ),
    ("DELETE", "/api/uploads/{id}/files/{file_id}"): Row(
        P.STORE_STUDIES, "done-file", _OWN, headers=TUS
    ),
    ("GET", "/api/todo"): Row(P.WRITE_REQUESTS),
    ("GET", "/api/requests"): Row(P.SEE_CASES),
    ("POST", "/api/requests"): Row(P.WRITE_REQUESTS, body={"service": "training"}),
    ("GET", _CASES): _case(P.SEE_CASES, ALL),
    ("PATCH", _CASES): _case(P.WRITE_REQUESTS, _OWN, body={"version": 0}),
    ("GET", f"{_CASES}/facts"): _case(P.SEE_CASES, ALL),
    ("POST", f"{_CASES}/submit"): _case(P.WRITE_REQUESTS, _OWN, body={}),
    ("POST", f"{_CASES}/resubmit"): _case(P.WRITE_REQUESTS, _OWN, body={}),
    ("POST", f"{_CASES}/discard"): _case(P.WRITE_REQUESTS, _OWN, body={}),
    ("POST", f"{_CASES}/withdraw"): _case(P.WRITE_REQUESTS, _OWN, body=_WRONG),
    ("POST", f"{_CASES}/return"): _case(P.MOVE_REQUESTS, _HUB, body=_WRONG),
    ("POST", f"{_CASES}/decline"): _case(P.MOVE_REQUESTS, _HUB, body=_WRONG),
    ("POST", f"{_CASES}/redirect"): _case(P.MOVE_REQUESTS, _HUB, body=_WRONG),
    ("POST", f"{_CASES}/release"): _case(P.READ_QUEUE, _HUB, body=_WRONG),
    ("POST", f"{_CASES}/takeover"): _case(P.WRITE_REPORTS, _HUB, body=_WRONG),
    ("POST", f"{_CASES}/claim"): _case(P.WRITE_REPORTS, _HUB),
    ("POST", f"{_CASES}/heartbeat"): _case(P.WRITE_REPORTS, _HUB),
    ("POST", f"{_CASES}/confirm"): _case(P.WRITE_REQUESTS, _OWN, body={"adoption": "adopted"}),
    ("POST", f"{_CASES}/critical/{{notice_id}}/acknowledge"): _case(
        P.WRITE_REQUESTS, _OWN, body={"action": "已处理"}
    ),
    ("POST", f"{_CASES}/critical/{{notice_id}}/acted-on"): _case(
        P.WRITE_REQUESTS, _OWN, body={"code": "nothing-known", "at": "2026-03-05T08:00:00Z"}
    ),
    ("GET", "/api/notices"): Row(P.SIGNED_IN),
    ("POST", "/api/notices/read"): Row(P.SIGNED_IN, body={"ids": []}),
    ("GET", "/api/notices/preferences"): Row(P.SIGNED_IN),
    ("PUT", "/api/notices/preferences"): Row(P.SIGNED_IN, body={"quiet_from": 5}),
    ("POST", "/api/notices/push"): Row(
        P.SIGNED_IN,
        body={"endpoint": "https://10.0.0.1/", "keys": {"p256dh": "A" * 87, "auth": "A" * 22}},
    ),
    ("POST", "/api/notices/push/forget"): Row(P.SIGNED_IN, body={"endpoint": "https://none/"}),
    ("POST", "/api/notices/receipts"): Row(None),
    ("GET", "/api/escalations"): Row(P.MOVE_REQUESTS),
    ("POST", "/api/escalations/{id}/take-on"): Row(P.SEE_CASES, "absent"),
    ("GET", "/api/worklist"): Row(P.READ_QUEUE),
    ("POST", f"{_CASES}/assign"): _case(P.ASSIGN_WORK, _HUB, body={"person_id": "hub-junior"}),
    ("POST", f"{_CASES}/unassign"): _case(P.READ_QUEUE, _HUB),
    ("GET", f"{_CASES}/candidates"): _case(P.ASSIGN_WORK, _HUB),
    ("GET", "/api/dispatch/readers"): Row(P.ASSIGN_WORK),
    ("POST", "/api/dispatch/assign"): Row(
        P.ASSIGN_WORK, body={"items": [{"request_id": "nothing", "person_id": None}]}
    ),
    ("GET", "/api/dispatch/cover"): Row(P.ASSIGN_WORK, query="?person=absent"),
    ("GET", f"{_CASES}/pass-on"): _case(P.WRITE_REQUESTS, _OWN),
    ("POST", f"{_CASES}/pass-on"): _case(
        P.WRITE_REQUESTS, _OWN, body={"provider_id": "second", "consent": {}}
    ),
    ("GET", f"{_CASES}/assignment"): _case(P.ASSIGN_WORK, _HUB),
    ("GET", "/api/fairness"): Row(P.SEE_FAIRNESS, query="?month=2026-03"),
    ("GET", "/api/fairness/facts"): Row(
        P.SEE_FAIRNESS, query="?month=2026-03&person=hub-reader&figure=done"
    ),
    ("GET", "/api/assignment"): Row(P.ASSIGN_WORK),
    ("GET", "/api/assignment/history"): Row(P.ASSIGN_WORK),
    ("GET", "/api/assignment/gone"): Row(P.ASSIGN_WORK),
    ("PUT", "/api/assignment/modes/{id}"): Row(P.ASSIGN_WORK, "absent", body={"mode": "auto"}),
    ("PUT", "/api/assignment/terms/{id}"): Row(P.ASSIGN_WORK, "absent", body={"share": 0.5}),
    ("POST", "/api/worklist/reserve"): Row(P.WRITE_REPORTS, body={"requests": ["nothing"]}),
    ("GET", "/api/presence"): Row(P.SEE_CASES),
    ("POST", "/api/worklist/search"): Row(P.READ_QUEUE, body={}),
    ("GET", "/api/worklist/filters"): Row(P.READ_QUEUE),
    ("POST", "/api/worklist/filters"): Row(P.READ_QUEUE, body={"name": "今天"}),
    ("PUT", "/api/worklist/filters/{id}"): Row(P.READ_QUEUE, "absent", body={"name": "今天"}),
    ("DELETE", "/api/worklist/filters/{id}"): Row(P.READ_QUEUE, "absent"),
    ("POST", "/api/worklist/filters/{id}/restore"): Row(P.READ_QUEUE, "absent"),
    ("GET", "/api/worklist/settings"): Row(P.READ_QUEUE),
    ("PUT", "/api/worklist/settings"): Row(P.READ_QUEUE, body={}),
    ("GET", "/api/worklist/holders"): Row(P.READ_QUEUE),
    ("GET", "/api/handovers"): Row(P.READ_QUEUE),
    ("GET", "/api/handovers/draft"): Row(P.WRITE_REPORTS),
    ("POST", "/api/handovers"): Row(
        P.WRITE_REPORTS, body={"to_id": "absent", "password": PASSWORD}
    ),
    ("GET", "/api/handovers/{id}"): Row(P.READ_QUEUE, "absent"),
    ("GET", "/api/handovers/{id}/sheet.pdf"): Row(P.READ_QUEUE, "absent"),
    ("POST", "/api/handovers/{id}/accept"): Row(
        P.WRITE_REPORTS, "absent", body={"password": PASSWORD}
    ),
    ("GET", "/api/roster"): Row(P.SEE_ROSTER, placed=True),
    ("POST", "/api/roster"): Row(
        P.KEEP_ROSTER, placed=True, body={**_DUTY, "people": ["hub-reader"]}
    ),
    ("POST", "/api/roster/copy"): Row(
        P.KEEP_ROSTER, placed=True, body={"source": "2026-02-02", "target": "2026-02-09"}
    ),
    ("GET", "/api/roster/export"): Row(P.SEE_ROSTER, placed=True),
    ("POST", "/api/roster/import"): Row(P.KEEP_ROSTER, placed=True, body={"text": "nothing"}),
    ("POST", "/api/roster/cancel"): Row(P.KEEP_ROSTER, placed=True, body={"ids": ["absent"]}),
    ("POST", "/api/roster/restore"): Row(P.KEEP_ROSTER, placed=True, body={"ids": ["absent"]}),
    ("PUT", "/api/roster/{id}"): Row(
        P.KEEP_ROSTER, "shift", _OWN, placed=True, body={**_DUTY, "person_id": "hub-reader"}
    ),
    ("POST", f"{_CASES}/aside"): _case(P.WRITE_REPORTS, _HUB, body={}),
    ("POST", f"{_CASES}/resume"): _case(P.WRITE_REPORTS, _HUB),
    ("GET", f"{_CASES}/report"): _case(P.SEE_CASES, ALL),
    ("PUT", f"{_CASES}/report/draft"): _case(
        P.WRITE_REPORTS, _HUB, body={"revision": 0, "content": {}}
    ),
    ("POST", f"{_CASES}/report/sign"): _case(P.WRITE_REPORTS, _HUB, body=_SIGN),
    ("POST", f"{_CASES}/report/verify"): _case(P.VERIFY_REPORTS, _HUB, body=_SIGN),
    ("POST", f"{_CASES}/report/send-back"): _case(P.VERIFY_REPORTS, _HUB, body={"note": "请修改"}),
    ("POST", f"{_CASES}/report/revise"): _case(
        P.WRITE_REPORTS, _HUB, body={"kind": "addendum", "reason": "补充"}
    ),
    ("POST", f"{_CASES}/report/discard-revision"): _case(P.WRITE_REPORTS, _HUB),
    ("POST", f"{_CASES}/report/checked"): _case(P.WRITE_REPORTS, _HUB, body={}),
    ("GET", f"{_CASES}/report.pdf"): Row(P.SEE_CASES, "issued", PARTIES, frozenset({SUPERVISOR})),
    ("GET", "/api/verify/{code}"): Row(None, "code"),
    ("GET", "/api/tally"): Row(P.SEE_TALLY, query="?month=2026-03"),
    ("GET", "/api/tally/boards"): Row(P.SEE_TALLY, query="?month=2026-03"),
    ("GET", "/api/tally/trend"): Row(P.SEE_TALLY, query="?until=2026-03"),
    ("GET", "/api/tally/cases"): Row(P.SEE_TALLY, query="?month=2026-03&indicator=issued"),
    ("GET", "/api/tally/facts/{id}"): Row(P.SEE_TALLY, "absent"),
    ("GET", "/api/tally/export"): Row(P.EXPORT_TALLY, query="?month=2026-03&format=csv"),
    ("GET", "/api/accounts"): Row(P.MANAGE_ACCOUNTS),
    ("POST", "/api/accounts"): Row(
        P.MANAGE_ACCOUNTS,
        body={"username": "new-one", "name": "甲", "password": "aaaaaaaaaaaa", "roles": ["reader"]},
    ),
    ("PATCH", "/api/accounts/{id}"): Row(P.MANAGE_ACCOUNTS, "absent", body={}),
    ("GET", "/api/sessions"): Row(P.SIGNED_IN),
    ("DELETE", "/api/sessions/{id}"): Row(P.SIGNED_IN, "absent"),
    ("GET", "/api/audit"): Row(P.SEE_AUDIT),
    ("GET", "/api/system"): Row(P.SEE_SYSTEM),
    ("POST", "/dicom-web/studies"): Row(P.STORE_STUDIES),
    ("POST", _STUDY): Row(P.STORE_STUDIES),
    ("GET", "/dicom-web/studies"): _SEARCH,
    ("GET", "/dicom-web/series"): _SEARCH,
    ("GET", "/dicom-web/instances"): _SEARCH,
    ("GET", f"{_STUDY}/series"): _SEARCH,
    ("GET", f"{_STUDY}/instances"): _SEARCH,
    ("GET", f"{_SERIES}/instances"): _SEARCH,
    ("GET", _STUDY): _IMAGE,
    ("GET", _SERIES): _IMAGE,
    ("GET", _INSTANCE): _IMAGE,
    ("GET", f"{_STUDY}/metadata"): _IMAGE,
    ("GET", f"{_SERIES}/metadata"): _IMAGE,
    ("GET", f"{_INSTANCE}/metadata"): _IMAGE,
    ("GET", f"{_INSTANCE}/frames/{{frames}}"): _IMAGE,
    ("GET", f"{_INSTANCE}/bulkdata/{{path:.+}}"): Row(P.SEE_STUDIES, "absent"),
    **{
        ("GET", f"{level}/{what}"): _IMAGE
        for level in (_STUDY, _SERIES, _INSTANCE, f"{_INSTANCE}/frames/{{frames}}")
        for what in ("rendered", "thumbnail")
    },
    **{
        ("GET", f"{level}/{what}"): _IMAGE
        for level in (_STUDY, _SERIES, _INSTANCE)
        for what in ("pixeldata", "bulkdata")
    },
    ("POST", _ITEMS): Row(P.WORK_ITEMS, **_UPS),
    ("GET", _ITEMS): Row(P.SEE_CASES),
    ("GET", _ITEM): _item(P.SEE_CASES),
    ("POST", _ITEM): _item(P.WORK_ITEMS, **_UPS),
    ("PUT", f"{_ITEM}/state"): _item(P.WORK_ITEMS, **_UPS),
    ("PUT", f"{_ITEM}/state/{{requester}}"): _item(P.WORK_ITEMS, **_UPS),
    ("POST", f"{_ITEM}/cancelrequest"): _item(P.WORK_ITEMS, **_UPS),
    ("POST", f"{_ITEM}/cancelrequest/{{requester}}"): _item(P.WORK_ITEMS, **_UPS),
    ("POST", f"{_ITEM}/subscribers/{{aet}}"): _item(P.SEE_CASES, placed=True),
    ("DELETE", f"{_ITEM}/subscribers/{{aet}}"): Row(P.SEE_CASES, "workitem", placed=True),
    ("POST", f"{_ITEM}/subscribers/{{aet}}/suspend"): Row(P.SEE_CASES, "workitem", placed=True),
    ("OPTIONS", "/dicom-web"): Row(None),
    ("OPTIONS", "/dicom-web/"): Row(None),
    ("OPTIONS", "/dicom-web/{rest:.*}"): Row(None),
    ("GET", "/dicom-web/{rest:.*}"): Row(P.SEE_STUDIES),
    ("GET", "/api/resources"): Row(P.SEE_CALENDARS),
    ("POST", "/api/resources"): Row(P.KEEP_ROSTER, body=_ROOM),
    ("PUT", "/api/resources/{id}"): Row(
        P.KEEP_ROSTER, "room", _OWN, body={**_ROOM, "name": "r", "version": 999}
    ),
    ("GET", "/api/calendars/people/{id}"): Row(P.SEE_CALENDARS, "colleague", _OWN, query=_DAY),
    ("PUT", "/api/calendars/people/{id}/hours"): Row(
        P.KEEP_ROSTER, "colleague", _OWN, body={"rows": []}
    ),
    ("POST", "/api/calendars/people/{id}/exceptions"): Row(P.SEE_CALENDARS, "absent", body=_LEAVE),
    ("GET", "/api/calendars/resources/{id}"): Row(P.SEE_CALENDARS, "room", _OWN, query=_DAY),
    ("PUT", "/api/calendars/resources/{id}/hours"): Row(
        P.KEEP_ROSTER, "room", _OWN, body={"rows": []}
    ),
    ("POST", "/api/calendars/resources/{id}/exceptions"): Row(
        P.SEE_CALENDARS, "absent", body=_LEAVE
    ),
    ("POST", "/api/calendar-exceptions/{id}/cancel"): Row(P.SEE_CALENDARS, "absent"),
    ("POST", "/api/availability/slots"): Row(P.SEE_CALENDARS, "absent", body=_SEARCH_BODY),
    ("GET", "/api/availability/people/{id}"): Row(
        P.SEE_CALENDARS, "neighbour", PARTIES, query=_DAY
    ),
    ("GET", "/api/availability/institutions/{id}"): Row(P.SEE_CALENDARS, "neighbourhood", PARTIES),
    ("GET", "/api/appointments"): Row(P.SEE_CALENDARS, query=_DAY),
    ("POST", "/api/appointments"): Row(P.BOOK_APPOINTMENTS, "absent", body=_HOLD),
    ("GET", _ONE): Row(P.SEE_CALENDARS, "appointment", PARTIES),
    ("POST", f"{_ONE}/propose"): _booked(P.BOOK_APPOINTMENTS),
    ("POST", f"{_ONE}/confirm"): _booked(P.CONFIRM_APPOINTMENTS),
    ("POST", f"{_ONE}/reschedule"): _booked(
        P.BOOK_APPOINTMENTS, reason="other", since="2026-03-06T01:00:00Z"
    ),
    ("POST", f"{_ONE}/cancel"): _booked(P.BOOK_APPOINTMENTS, reason="other"),
    ("POST", f"{_ONE}/begin"): _booked(P.SEE_CALENDARS),
    ("POST", f"{_ONE}/end"): _booked(P.SEE_CALENDARS),
    ("POST", f"{_ONE}/miss"): _booked(P.CONFIRM_APPOINTMENTS, reason="line"),
    ("POST", f"{_ONE}/answer"): Row(P.SEE_CALENDARS, "absent", body={"accepts": True}),
    ("POST", f"{_ONE}/swap"): _booked(P.CONFIRM_APPOINTMENTS, seat=1, person_id="absent"),
    ("GET", f"{_ONE}/substitutes"): Row(
        P.CONFIRM_APPOINTMENTS, "appointment", _HUB, _OWN, query="?seat=1"
    ),
    ("GET", f"{_ONE}/accompanying"): Row(P.SEE_CALENDARS, "appointment", PARTIES),
    ("POST", f"{_ONE}/accompanying"): Row(P.BOOK_APPOINTMENTS, "absent", body=_NOBODY),
    ("POST", f"{_ONE}/accompanying/confirm"): Row(
        P.SEE_CALENDARS, "appointment", _OWN, _HUB, body=_NOBODY
    ),
    ("GET", f"{_CASES}/accompanying"): Row(P.SEE_CASES, "case", ALL),
    ("GET", "/api/forecast"): Row(P.KEEP_ROSTER, query="?day=2026-03-09"),
    ("GET", "/api/urgent-calls"): Row(P.SEE_CALENDARS),
    ("POST", "/api/urgent-calls"): Row(
        P.BOOK_APPOINTMENTS, "absent", body={"service": "imaging", "provider_id": "absent"}
    ),
    ("GET", "/api/urgent-calls/ringing"): Row(P.SEE_CALENDARS),
    ("GET", "/api/urgent-calls/{id}"): Row(P.SEE_CALENDARS, "absent"),
    ("POST", "/api/urgent-calls/{id}/answer"): Row(P.SEE_CALENDARS, "absent"),
    ("POST", "/api/urgent-calls/{id}/decline"): Row(P.SEE_CALENDARS, "absent"),
    ("POST", "/api/urgent-calls/{id}/cancel"): Row(P.BOOK_APPOINTMENTS, "absent"),
    # Who is invited is no matter of sides: tests/server/test_conferences.py.
    ("GET", f"{_ONE}/conference"): Row(P.SEE_CALENDARS, "absent"),
    ("GET", f"{_ONE}/conference/words"): Row(P.SEE_CALENDARS, "absent"),
    ("POST", f"{_ONE}/conference/words"): Row(P.SEE_CALENDARS, "absent", body={"text": "x"}),
    ("POST", f"{_ONE}/conference/checks"): Row(P.SEE_CALENDARS, "absent", body={}),
    ("GET", "/api/line-test"): Row(P.SEE_CALENDARS, query="?bytes=10"),
    ("POST", "/api/line-test"): Row(
        P.SEE_CALENDARS, headers={"Content-Type": "application/octet-stream"}
    ),
    ("POST", f"{_ONE}/conference/phone"): Row(
        P.SEE_CALENDARS, "absent", body={"person_id": "p", "joined": True}
    ),
    ("GET", "/api/minutes/to-sign"): Row(P.SEE_CALENDARS),
    ("GET", f"{_ONE}/minutes"): Row(P.SEE_CALENDARS, "appointment", PARTIES),
    ("GET", f"{_ONE}/minutes/changes"): Row(P.SEE_CALENDARS, "appointment", PARTIES),
    ("POST", f"{_ONE}/minutes/changes"): Row(
        P.SEE_CALENDARS,
        "appointment",
        PARTIES,
        body={"section": "discussion", "base": 0, "change": ["x"], "key": "k"},
    ),
    ("PUT", f"{_ONE}/minutes/head"): Row(P.SEE_CALENDARS, "appointment", PARTIES, body=_SEEN),
    ("POST", f"{_ONE}/minutes/close"): Row(
        P.SEE_CALENDARS, "appointment", PARTIES, body={**_SEEN, "head": 0}
    ),
    ("POST", f"{_ONE}/minutes/reopen"): Row(
        P.SEE_CALENDARS, "appointment", PARTIES, body={"round": 0, "reason": "x"}
    ),
    ("POST", f"{_ONE}/minutes/sign"): Row(
        P.SEE_CALENDARS,
        "appointment",
        PARTIES,
        body={"sha256": "0" * 64, "stance": "agree", "password": PASSWORD},
    ),
    ("POST", f"{_ONE}/minutes/consents"): Row(
        P.WRITE_REQUESTS,
        "appointment",
        PARTIES,
        body={
            "purpose": "teaching",
            "answer": "given",
            "signer": "x",
            "relation": "self",
            "version": "none",
        },
    ),
    ("GET", f"{_ONE}/minutes/record.pdf"): Row(P.SEE_CALENDARS, "absent"),
    ("GET", "/api/aftercare"): Row(P.SIGNED_IN),
    ("GET", f"{_CASES}/follow-ups"): Row(P.SEE_CASES, "case", ALL),
    ("GET", "/api/follow-ups"): Row(P.WRITE_REQUESTS),
    ("POST", "/api/follow-ups/{id}"): Row(
        P.WRITE_REQUESTS, "absent", body={"outcome": "improved", "advice": "followed"}
    ),
    ("GET", "/api/outcomes"): Row(P.WRITE_REPORTS),
    ("GET", f"{_CASES}/charge"): Row(P.SEE_CASES, "case", ALL),
    **{
        ("POST", f"{_CASES}/charge/{step}"): Row(P.SETTLE_CHARGES, "absent", body=_SEEN)
        for step in ("charge", "settle", "waive", "refund")
    },
    ("POST", f"{_CASES}/charge/named"): Row(
        P.SETTLE_CHARGES, "absent", body={**_SEEN, "named": True}
    ),
    ("GET", "/api/settlement"): Row(P.SETTLE_CHARGES, query="?month=2026-03"),
    ("GET", "/api/settlement.xlsx"): Row(P.SETTLE_CHARGES, query="?month=2026-03"),
    ("GET", f"{_CASES}/evaluation"): Row(P.SEE_CASES, "case", ALL),
    ("PUT", f"{_CASES}/evaluation"): Row(P.SEE_CASES, "case", ALL, body={"scores": {}}),
    ("GET", "/api/calendar-links"): Row(P.SEE_CALENDARS),
    ("POST", "/api/calendar-links"): Row(P.SEE_CALENDARS, body={"label": "x" * 61}),
    ("POST", "/api/calendar-links/{id}/revoke"): Row(P.SEE_CALENDARS, "absent"),
    ("GET", "/api/calendar-feed/{secret}/calendar.ics"): Row(None),
    ("GET", "/api/waiting"): Row(P.SEE_CALENDARS),
    ("POST", "/api/waiting"): Row(
        P.BOOK_APPOINTMENTS, "absent", body={"provider_id": "absent", "search": _SEARCH_BODY}
    ),
    ("POST", "/api/waiting/{id}/withdraw"): Row(P.BOOK_APPOINTMENTS, "absent"),
    ("GET", "/api/approvals"): Row(P.APPROVE_REQUESTS),
    ("GET", f"{_CASES}/approvals"): _case(P.SEE_CASES, ALL),
    # Whose step it is: tests/server/test_approvals.py.
    ("POST", "/api/approvals/{id}/approve"): Row(P.APPROVE_REQUESTS, "absent", body=_SEEN),
    ("POST", "/api/approvals/{id}/reject"): Row(
        P.APPROVE_REQUESTS, "absent", body={**_SEEN, "reason": "other"}
    ),
    ("POST", f"{_CASES}/recall"): _case(P.WRITE_REQUESTS, _OWN),
    # Whose copies they are is the own side's to know: tests/server/test_material.py.
    ("GET", f"{_CASES}/deidentification"): Row(P.WRITE_REQUESTS, "absent"),
    ("POST", f"{_CASES}/deidentification"): Row(P.WRITE_REQUESTS, "absent", body={"version": 1}),
    ("POST", f"{_CASES}/deidentification/undo"): Row(
        P.WRITE_REQUESTS, "absent", body={"version": 1}
    ),
    # Of guided operations only: tests/server/test_guidance.py.
    ("GET", f"{_CASES}/guidance"): Row(P.SEE_CASES, "absent"),
    ("POST", f"{_CASES}/guidance/acknowledge"): Row(
        P.SEE_CASES, "absent", body={"version": "2026-1"}
    ),
    ("POST", f"{_CASES}/guidance/entries"): Row(
        P.SEE_CASES, "absent", body={"kind": "advice", "text": "x"}
    ),
    ("POST", f"{_CASES}/guidance/entries/{{entry}}/mark"): Row(
        P.SEE_CASES, "absent", body={"taken": True}
    ),
    ("POST", f"{_CASES}/guidance/outcome"): Row(P.WRITE_REQUESTS, "absent", body={"content": {}}),
    ("GET", f"{_CASES}/links"): _case(P.SEE_CASES, ALL),
    ("PUT", f"{_CASES}/source"): Row(P.WRITE_REQUESTS, "absent", body={"number": ""}),
    ("POST", f"{_CASES}/continue"): _case(
        P.WRITE_REQUESTS, _OWN, body={"service": "case_discussion"}
    ),
    ("GET", f"{_CASES}/opinions"): _case(P.SEE_CASES, ALL),
    ("GET", f"{_CASES}/checklist"): _case(P.SEE_CASES, ALL),
    ("PUT", f"{_CASES}/checklist"): Row(
        P.MOVE_REQUESTS, "absent", body={"key": "record", "there": True}
    ),
    ("GET", f"{_CASES}/appointments"): _case(P.SEE_CASES, ALL),
    # Who leads a case and whose an opinion is: tests/server/test_opinions.py.
    ("POST", f"{_CASES}/opinions"): Row(P.MOVE_REQUESTS, "absent", body={"person_id": "absent"}),
    ("GET", f"{_CASES}/experts"): Row(P.MOVE_REQUESTS, "absent"),
    ("GET", "/api/opinions"): Row(P.WRITE_REPORTS),
    ("GET", _OPINION): Row(P.WRITE_REPORTS, "absent"),
    ("POST", f"{_OPINION}/accept"): Row(P.WRITE_REPORTS, "absent"),
    ("POST", f"{_OPINION}/decline"): Row(P.WRITE_REPORTS, "absent", body={"reason": "time"}),
    ("PUT", f"{_OPINION}/draft"): Row(
        P.WRITE_REPORTS, "absent", body={"version": 1, "content": {}}
    ),
    ("POST", f"{_OPINION}/sign"): Row(
        P.WRITE_REPORTS, "absent", body={"version": 1, "password": PASSWORD}
    ),
    ("POST", f"{_OPINION}/withdraw"): Row(P.MOVE_REQUESTS, "absent", body={"reason": "other"}),
    ("POST", f"{_OPINION}/replace"): Row(P.MOVE_REQUESTS, "absent", body={"person_id": "absent"}),
    ("GET", "/api/courses"): Row(P.SEE_TRAINING, placed=True),
    ("POST", "/api/courses"): Row(P.GIVE_TRAINING, placed=True, body={"kind": "x"}),
    ("GET", _COURSE): _learnt("course"),
    ("PUT", _COURSE): Row(
        P.GIVE_TRAINING, "course", PARTIES, body={"kind": "live", "title": "t", "version": 999}
    ),
    ("GET", f"{_COURSE}/key"): _taught(P.GIVE_TRAINING, "course"),
    **{
        ("POST", f"{_COURSE}/{step}"): Row(P.GIVE_TRAINING, "course", PARTIES, body=_SEEN)
        for step in ("apply", "publish", "archive")
    },
    ("POST", f"{_COURSE}/cancel"): Row(
        P.GIVE_TRAINING, "course", PARTIES, body={**_SEEN, **_WRONG}
    ),
    ("POST", f"{_COURSE}/approve"): Row(P.REVIEW_TRAINING, "course", PARTIES, body=_SEEN),
    ("POST", f"{_COURSE}/return"): Row(
        P.REVIEW_TRAINING, "course", PARTIES, body={**_SEEN, **_WRONG}
    ),
    ("POST", f"{_COURSE}/lectures"): _taught(
        P.GIVE_TRAINING,
        "course",
        body={"since": "2026-03-01T01:00:00Z", "until": "2026-03-01T02:00:00Z", "minutes": 60},
    ),
    ("POST", f"{_COURSE}/materials"): _taught(P.GIVE_TRAINING, "course"),
    ("GET", f"{_COURSE}/quiz"): Row(P.SEE_TRAINING, "absent"),
    ("POST", f"{_COURSE}/quiz"): _learnt("course", body={"answers": []}),
    ("GET", _LECTURE): _learnt("lecture"),
    ("PUT", _LECTURE): Row(
        P.GIVE_TRAINING,
        "lecture",
        PARTIES,
        body={
            "since": "2026-03-01T01:00:00Z",
            "until": "2026-03-01T02:00:00Z",
            "minutes": 60,
            "version": 999,
        },
    ),
    **{
        ("POST", f"{_LECTURE}/{step}"): Row(P.GIVE_TRAINING, "lecture", PARTIES, body=_SEEN)
        for step in ("open", "close", "begin", "finish")
    },
    ("POST", f"{_LECTURE}/cancel"): Row(
        P.GIVE_TRAINING, "lecture", PARTIES, body={**_SEEN, **_WRONG}
    ),
    ("POST", f"{_LECTURE}/enrol"): _learnt("lecture"),
    ("POST", f"{_LECTURE}/withdraw"): _learnt("lecture"),
    ("GET", f"{_LECTURE}/code"): _taught(P.GIVE_TRAINING, "lecture"),
    ("POST", f"{_LECTURE}/check-in"): _learnt("lecture", body={"code": "000000"}),
    ("POST", f"{_LECTURE}/check-out"): _learnt("lecture"),
    ("POST", f"{_LECTURE}/here"): _learnt("lecture"),
    ("GET", f"{_LECTURE}/people"): _taught(P.GIVE_TRAINING, "lecture"),
    ("GET", f"{_LECTURE}/people.xlsx"): _taught(P.GIVE_TRAINING, "lecture"),
    ("POST", f"{_LECTURE}/people/{{account}}/check-in"): _taught(P.GIVE_TRAINING, "lecture"),
    ("POST", f"{_LECTURE}/feedback"): _learnt("lecture", body={"marks": {}}),
    ("GET", f"{_LECTURE}/feedback"): _taught(P.GIVE_TRAINING, "lecture"),
    ("GET", "/api/materials/{id}/file"): Row(P.SEE_TRAINING, "absent"),
    ("POST", "/api/materials/{id}/remove"): Row(P.GIVE_TRAINING, "absent"),
    ("POST", "/api/materials/{id}/play"): Row(P.SEE_TRAINING, "absent", body={"position": 0}),
    ("GET", "/api/credits"): Row(P.SEE_TRAINING),
    ("GET", "/api/credits/{id}/certificate.pdf"): Row(P.SEE_TRAINING, "absent"),
    ("GET", "/api/certificates/{code}"): Row(None, "code"),
    # Last: it ends the session that the walk is using.
    ("DELETE", "/api/session"): Row(P.SIGNED_IN),
}

CASE_SIDES: Mapping[str, str] = {
    "county": OWN, "hub": PROVIDER, "region": SUPERVISOR, "guilin": SUPERVISOR,
}  # fmt: skip
"""county asked hub under an agreement in force; second is of the same alliance, lapsed a
stranger, liuzhou another city's supervision."""
ENDED_SIDES: Mapping[str, str] = {
    "second": OWN, "region": SUPERVISOR, "guilin": SUPERVISOR,
}  # fmt: skip
"""second asked hub under an agreement that has ended since: hub sees it no more."""
NEAR: tuple[Mapping[str, str], ...] = (
    {"county": OWN, "hub": PROVIDER, "second": PROVIDER},
    {"second": OWN, "county": PROVIDER},
)
"""Whose calendars may be asked for a free time: there is an agreement in force, on either side."""
AGREED: Mapping[str, str] = {"hub": PROVIDER, "system": SUPERVISOR}
"""An agreement that ended is its parties' still; whoever runs the platform sees each."""
OFFERED: Mapping[str, str] = {"hub": PROVIDER, "county": OWN, "second": OWN}
"""Hub offers a course to its alliance, whatever the agreements."""
HELD: Mapping[str, frozenset[Permission]] = {
    "requester": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_STUDIES, P.SEE_NETWORK, P.WORK_ITEMS,
                            P.SEE_PATIENTS, P.STORE_STUDIES, P.WRITE_REQUESTS,
                            P.SEE_CALENDARS, P.BOOK_APPOINTMENTS, P.SEE_TRAINING}),
    "technician": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_STUDIES, P.SEE_NETWORK, P.WORK_ITEMS,
                             P.SEE_PATIENTS, P.STORE_STUDIES, P.CORRECT_STUDIES,
                             P.SEE_CALENDARS, P.SEE_TRAINING}),
    "department_head": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_STUDIES, P.SEE_NETWORK,
                                  P.WORK_ITEMS, P.SEE_CALENDARS, P.APPROVE_REQUESTS,
                                  P.SEE_TRAINING}),
    "medical_office": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_NETWORK, P.SEE_CALENDARS,
                                 P.APPROVE_REQUESTS}),
    "coordinator": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_STUDIES, P.SEE_NETWORK, P.WORK_ITEMS,
                              P.READ_QUEUE, P.ASSIGN_WORK, P.SEE_ROSTER, P.KEEP_ROSTER,
                              P.MOVE_REQUESTS, P.SETTLE_CHARGES, P.SEE_TALLY,
                              P.CORRECT_STUDIES, P.DELETE_STUDIES,
                              P.SEE_FAIRNESS, P.SEE_CALENDARS, P.BOOK_APPOINTMENTS,
                              P.CONFIRM_APPOINTMENTS, P.SEE_TRAINING, P.GIVE_TRAINING,
                              P.REVIEW_TRAINING}),
    "reader": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_STUDIES, P.SEE_NETWORK, P.WORK_ITEMS,
                         P.READ_QUEUE, P.SEE_ROSTER, P.MOVE_REQUESTS, P.WRITE_REPORTS,
                         P.STORE_STUDIES, P.SEE_CALENDARS, P.SEE_TRAINING, P.GIVE_TRAINING}),
    "verifier": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_STUDIES, P.SEE_NETWORK, P.WORK_ITEMS,
                           P.READ_QUEUE, P.SEE_ROSTER, P.MOVE_REQUESTS, P.WRITE_REPORTS,
                           P.VERIFY_REPORTS, P.SEE_CALENDARS, P.SEE_TRAINING,
                           P.GIVE_TRAINING}),
    "institution_admin": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_NETWORK, P.SEE_ROSTER,
                                    P.KEEP_AGREEMENTS, P.KEEP_ROSTER, P.SEE_TALLY, P.EXPORT_TALLY,
                                    P.SETTLE_CHARGES, P.SEE_FAIRNESS, P.SEE_CALENDARS,
                                    P.SEE_TRAINING, P.GIVE_TRAINING, P.REVIEW_TRAINING}),
    "regulator": frozenset({P.SIGNED_IN, P.SEE_CASES, P.SEE_NETWORK, P.SEE_TALLY,
                            P.EXPORT_TALLY}),
    "system_admin": frozenset({P.SIGNED_IN, P.SEE_NETWORK, P.SEE_SYSTEM}),
    "security_admin": frozenset({P.SIGNED_IN, P.SEE_NETWORK, P.MANAGE_ACCOUNTS, P.GRANT_ROLES,
                                 P.MANAGE_SESSIONS}),
    "audit_admin": frozenset({P.SIGNED_IN, P.SEE_AUDIT}),
}  # fmt: skip
"""What each role may do at all, written a second time on purpose."""

WALKERS = [f"{place}-{post}" for place in PLACES for post in CLINICAL if post != "reader2"]
WALKERS += ["lapsed-head", "lapsed-office", *OFFICES, "nobody"]


def test_every_route_has_a_row_and_asks_for_what_the_row_says() -> None:
    """A route that nobody thought about here does not pass."""
    assert {(r.method, r.path) for r in ROUTES} == set(TABLE)
    asked = {(r.method, r.path): r.permission for r in ROUTES}
    assert asked == {key: row.permission for key, row in TABLE.items()}


def test_every_role_walks() -> None:
    """All twelve roles, and nothing the rule book does not know, are in the walk."""
    assert set(HELD) == {role.value for role in Role}
    assert {role for who in WALKERS if who != "nobody" for role in everybody()[who]} == set(HELD)


@dataclass
class Things:
    """The things of one hospital's case, by the names that routes give them."""

    sides: Mapping[str, str]
    ids: dict[str, dict[str, str]]


async def things(world: World, asker: str, sides: Mapping[str, str]) -> Things:
    """An open case with a critical notice, an issued one, images and an upload."""
    who = f"{asker}-requester"
    open_case = await world.claimed(who="hub-reader", asker=who)
    await world.write_report(open_case, critical=["tension-pneumothorax"])
    await world.sign(open_case)
    back = f"/api/requests/{open_case}/report/send-back"
    await world.client("hub-verifier").ok("POST", back, {"note": "请补充"})
    notice = (await world.rows(t.critical_notices, t.critical_notices.c.request_id == open_case))[0]
    issued = await world.issued(asker=who, of_patient=2)
    attempt = (await world.rows(t.workitems, t.workitems.c.request_id == open_case))[0]
    study = await world.study(asker)
    series = (await world.rows(t.series, t.series.c.study_id == study["id"]))[0]
    instance = (await world.rows(t.instances, t.instances.c.study_id == study["id"]))[0]
    upload = (await world.client(who).ok("POST", "/api/uploads", {}))["id"]
    path = f"/api/uploads/{upload}/files"
    begun = await world.client(who).call("POST", path, headers={**TUS, "Upload-Length": "9"})
    file = begun.headers["Location"].rpartition("/")[2]
    done = {**CHUNK, "Upload-Length": "0"}
    empty = (await world.client(who).call("POST", path, headers=done)).headers["Location"]
    duty = {**_DUTY, "day": "2026-03-06", "people": [f"{asker}-reader"]}
    shift = (await world.client(f"{asker}-coordinator").ok("POST", "/api/roster", duty))["made"][0]
    room = {"kind": "room", "name": "会诊室"}
    keeper = world.client(f"{asker}-coordinator")
    made = (await keeper.ok("POST", "/api/resources", room))["id"]
    await booking.has_hours(world, "hub-reader", "hub-verifier")
    expert = {"county": "hub-reader", "second": "hub-verifier"}[asker]
    booked = (await booking.held(world, "09:00", expert, who=who))["id"]
    taught, met = await training.published(world)
    await training.enrol(world, met, "county-admin")
    images = {"study": study["study_uid"], "series": series["series_uid"],
              "instance": instance["sop_uid"], "frames": "1", "path:.+": "7FE00010",
              "rest:.*": "elsewhere"}  # fmt: skip
    return Things(
        sides,
        {
            "": images,
            "absent": {"id": "absent", "entry": "absent", **images},
            "institution": {"id": asker},
            "agreement": {"id": f"{asker}-hub"},
            "shift": {"id": shift},
            "room": {"id": made},
            "appointment": {"id": booked},
            "course": {"id": taught},
            "lecture": {"id": met, "account": "county-admin"},
            "colleague": {"id": f"{asker}-reader"},
            "neighbour": {"id": f"{asker}-reader"},
            "neighbourhood": {"id": asker},
            "case": {"id": open_case, "notice_id": notice["id"]},
            "issued": {"id": issued},
            "workitem": {"workitem": uid_of(attempt["id"]), "aet": "VIEWER1", "requester": "ASKER"},
            "code": {"code": "ABCDEFGHJKLM"},
            "archive": {"id": study["id"]},
            "study": images,
            "upload": {"id": upload},
            "file": {"id": upload, "file_id": file},
            "done-file": {"id": upload, "file_id": empty.rpartition("/")[2]},
        },
    )


def fill(path: str, names: Mapping[str, str]) -> str:
    """A route's path with the names of things in it."""
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{id}", "absent")


def absent(names: Mapping[str, str]) -> dict[str, str]:
    """The same names for things that do not exist."""
    return {k: "2.25.404" if v[:2] in ("2.", "1.") else v if k == "frames" else f"absent-{k}"
            for k, v in names.items()}  # fmt: skip


def expected(row: Row, who: str, side: str, held: frozenset[Permission]) -> str:
    """The code the rows ask for; "" stands for any answer that is not about rights."""
    if row.permission is None:
        return ""
    if who == "nobody":
        return "not-signed-in"
    if row.permission not in held or (row.placed and who in OFFICES):
        return "forbidden"
    if not row.sides or side in row.sides:
        return ""
    return "forbidden" if side in row.refused else "not-found"


def answered(reply: Reply, row: Row) -> str:
    """The code of an answer about rights or existence, "" for every other."""
    if reply.status < 400 or not reply.body:
        return {401: "not-signed-in", 403: "forbidden", 404: "not-found"}.get(reply.status, "")
    code = reply.code
    rights = {"not-signed-in", "forbidden", "bad-origin", "sign-again"}
    if row.sides:
        rights.add("not-found")
    return code if code in rights or reply.status >= 500 else ""


def cells(world: World) -> Iterator[tuple[str, Client, frozenset[Permission]]]:
    """Every walker by session, and each clinical one again by a token narrowed to see-cases."""
    nothing = frozenset[Permission]()
    for who in WALKERS:
        roles = everybody().get(who, [])
        held = nothing.union(*(HELD[role] for role in roles))
        yield who, world.client(who), held
        if who in ("county-requester", "hub-reader", "hub-admin"):
            yield who, world.bearer(who), held & {P.SEE_CASES}


@pytest.mark.timeout(300)
async def test_every_cell_of_the_matrix(world: World) -> None:
    """Each route answers each caller as its row says; hidden and absent are the same words."""
    cases = [
        await things(world, "county", CASE_SIDES),
        await things(world, "second", ENDED_SIDES),
    ]
    await world.end_agreement("second-hub")
    world.told["zqsecond1"].discard("hub")
    issued = [case.ids["issued"]["id"] for case in cases]
    wrong: list[str] = []
    nothing: dict[tuple[str, str], bytes] = {}
    for who, client, held in cells(world):
        for (method, path), row in TABLE.items():
            for number, case in enumerate(cases if row.sides else cases[:1]):
                side = case.sides.get(who.partition("-")[0], "none")
                if row.about == "issued" and who.startswith("hub"):
                    side = PROVIDER  # what was answered is kept by who answered it
                if row.about.startswith("neighbour"):
                    side = NEAR[number].get(who.partition("-")[0], "none")
                if row.about == "appointment":  # its parties' still, agreement or not
                    near = {"hub": PROVIDER, ("county", "second")[number]: OWN}
                    side = near.get(who.partition("-")[0], "none")
                if row.about in ("course", "lecture"):
                    side = OFFERED.get(who.partition("-")[0], "none")
                if row.about == "agreement":
                    side = AGREED.get(who.partition("-")[0], side)
                want = expected(row, who, side, held)
                cell = f"{who}/{type(client).__name__} {method} {path} #{number}"
                try:
                    reply = await ask(client, method, fill(path, case.ids[row.about]), row)
                    got = answered(reply, row)
                    if got != want:
                        wrong.append(f"{cell}: {got or reply.status}, expected {want or 'to pass'}")
                    if want == "not-found":
                        if (method, path) not in nothing:
                            names = absent(case.ids[row.about])
                            gone = await ask(client, method, fill(path, names), row)
                            nothing[method, path] = gone.body
                        if reply.body != nothing[method, path]:
                            wrong.append(f"{cell}: hidden and absent differ")
                except Leak as leak:
                    wrong.append(f"{cell}: {leak}")
    assert not wrong, "\n".join(wrong)
    assert {(await world.row(case.ids["case"]["id"]))["state"] for case in cases} == {"open"}
    assert {(await world.row(case))["state"] for case in issued} == {"answered"}


async def ask(client: Client, method: str, path: str, row: Row) -> Reply:
    """The route's call with the row's query, body and headers."""
    return await client.call(method, path + row.query, row.body, headers=row.headers)
