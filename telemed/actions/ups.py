"""What a UPS client does to a workitem (PS3.18 chapter 11), by the rules everybody works by.

A workitem is an attempt to perform a request, or one of an institution's own. Of the former this
is another way to the same actions: claiming is `worklist.claim` with its licence and lease, giving
back is `worklist.release`, a request for cancellation before the claim is a withdrawal. Of the
latter the table of PS3.4 CC.1.1 is all there is. Checks come in this order: is it there, is the
call well formed, may the state change at all, is it the holder, is it complete; then one
compare-and-set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import sqlalchemy as sa

from telemed.actions import (
    door,
    moves,
    requests,
    ups_cases,
    ups_performers,
    ups_requests,
    ups_search,
    worklist,
)
from telemed.actions.act import Act
from telemed.core import ups, workitem
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.errors import Problem
from telemed.core.ups import Cancellation
from telemed.core.workitem import Event, State
from telemed.dicom import workitem as model
from telemed.dicom.criteria import Criteria
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import valid_uid
from telemed.dicom.workitem import Json
from telemed.store import ups as store
from telemed.store.access import visible_workitems
from telemed.store.tables import workitems
from telemed.store.tx import Row

CREATED_OTHERWISE: Final = "The Workitem was created with modifications."
ALREADY: Final = "The UPS is already in the requested state of {}."
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Item:
    """A workitem that the caller may see: an attempt of a request, or an institution's own."""

    kind: Literal["case", "own"]
    row: Row

    @property
    def id(self) -> str:
        """The row's id."""
        return str(self.row["id"])

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return str(self.row["uid"]) if self.kind == "own" else ups_cases.uid(self.row)

    @property
    def state(self) -> State:
        """Its Procedure Step State."""
        return State(self.row["state"])

    @property
    def held(self) -> str | None:
        """The Transaction UID of its claim; goes into no answer."""
        return cast("str | None", self.row["transaction_uid"])


# --- finding and showing ------------------------------------------------------------------------


def find(act: Act, uid: str) -> Item:
    """The workitem of that name, or Problem("not-found") in the same words for absent and hidden.

    Two institutions may use one UID: one's own comes first, then what one asked for.
    """
    if not valid_uid(uid):
        raise Problem("invalid", detail="SOPInstanceUID (0008,0018)")
    if ups_search.may_have_own(act):
        row = store.own(act.tx, act.subject.own_institution, uid)
        if row is not None:
            return Item("own", row)
    found = _cases(act, store.named(uid))
    if not found:
        raise Problem("not-found")
    found.sort(key=lambda row: (row["requester_id"] != act.subject.institution_id, row["id"]))
    return Item("case", found[0])


def by_id(act: Act, item_id: str) -> Item | None:
    """A workitem by the id of its row, None when it is absent or hidden."""
    return attempt_by_id(act, item_id) or own_by_id(act, item_id)


def attempt_by_id(act: Act, workitem_id: str) -> Item | None:
    """An attempt of a request by its id, None when it is absent or hidden."""
    found = _cases(act, workitems.c.id == workitem_id)
    return Item("case", found[0]) if found else None


def own_by_id(act: Act, item_id: str) -> Item | None:
    """An institution's own workitem by its id, None when it is absent or another's."""
    row = store.own_by_id(act.tx, item_id) if ups_search.may_have_own(act) else None
    mine = row is not None and row["institution_id"] == act.subject.institution_id
    return Item("own", row) if row is not None and mine else None


def _cases(act: Act, which: sa.ColumnElement[bool]) -> list[Row]:
    return store.cases_where(act.tx, sa.and_(which, visible_workitems(act.subject, act.now)))


def retrieve(act: Act, uid: str) -> Json:
    """The whole data set, without its Transaction UID."""
    return data_set(act, find(act, uid))


def data_set(act: Act, item: Item) -> Json:
    """A workitem's whole data set."""
    if item.kind == "case":
        return ups_cases.data_sets(act, [item.row], whole=True)[0]
    return own_data_set(item.row)


def own_data_set(row: Row) -> Json:
    """An own workitem's data set with its name and state of now."""
    known = {
        0x00080005: "ISO_IR 192",
        0x00080016: model.PUSH,
        0x00080018: row["uid"],
        0x00404010: model.moment(row["updated_at"]),
        0x00741000: row["state"],
    }
    empty = {model.PROGRESS: {"vr": "SQ"}, model.PERFORMED: {"vr": "SQ"}}
    return dict(sorted({**empty, **row["dataset"], **model.data_set(known)}.items()))


def readiness(act: Act, item: Item) -> str:
    """Input Readiness State (0040,4041) of now."""
    if item.kind == "case":
        return ups_cases.readiness(act, item.row)
    return model.text(item.row["dataset"], model.READINESS)


def search(act: Act, criteria: Criteria) -> tuple[list[Json], int]:
    """A page of data sets, and how many more there are."""
    found = ups_search.found(act, criteria)
    cases = [row["id"] for row in found.rows if row["kind"] == "case"]
    mine = [row["id"] for row in found.rows if row["kind"] == "own"]
    shown = {row["id"]: own_data_set(row) for row in store.own_by_ids(act.tx, mine)} if mine else {}
    if cases:
        rows = _cases(act, workitems.c.id.in_(cases))
        made = ups_cases.data_sets(act, rows, whole=criteria.include_all)
        shown |= {row["id"]: one for row, one in zip(rows, made, strict=True)}
    whole = [shown[row["id"]] for row in found.rows if row["id"] in shown]
    include = criteria.include
    return [model.searched(one, include, criteria.include_all) for one in whole], found.remaining


# --- creating -----------------------------------------------------------------------------------


def create(act: Act, uid: str | None, told: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Make a workitem; its UID and what the client should know (11.4).

    What asks for a service of ours becomes a request to another institution; everything else is
    the caller's own institution's.
    """
    inside = model.text(told, model.SOP_INSTANCE)
    if uid and inside and uid != inside:
        raise Problem("invalid", detail="SOPInstanceUID (0008,0018)")
    uid = uid or inside or None
    if uid is not None and not valid_uid(uid):
        raise Problem("invalid", detail="SOPInstanceUID (0008,0018)")
    made = model.creatable(told)
    filled = not model.text(made, model.WORKLIST_LABEL)
    warnings = [CREATED_OTHERWISE] if filled or uid is None else []
    service = ups_requests.service_of(act, made)
    if service is not None:
        return ups_requests.ask(act, service, uid, made), warnings
    if filled:
        made[model.WORKLIST_LABEL] = made[model.LABEL] | {"vr": "LO"}
    return _create_own(act, uid, dict(sorted(made.items()))), warnings


def _create_own(act: Act, uid: str | None, made: Json) -> str:
    act.subject.require(Permission.WORK_ITEMS)
    key = act.new_id()
    row = {
        "id": key,
        "institution_id": act.subject.own_institution,
        "uid": uid or store.uid_of(key),
        "state": State.SCHEDULED.value,
        "version": 1,
        "dataset": model.without(made, (model.STATE,)),
        "starts_at": model.moment_of(model.text(made, model.START)),
        "created_by": act.subject.account_id,
        "created_at": act.now,
        "updated_at": act.now,
    }
    if not store.add(act.tx, row, keys_of(made)):
        raise Problem("ups-exists")
    act.tell(
        _own_fact(
            act,
            Kind.UPS_CREATED,
            row,
            states=[State.SCHEDULED.value],
            assigned=bool(model.items(made, model.PERFORMERS)),
        )
    )
    return str(row["uid"])


def keys_of(made: Json) -> list[tuple[str, str]]:
    """The values by which an own workitem is found."""
    return [
        (ups_search.written(path), value[:512])
        for path in ups_search.MATCHED
        if path not in (ups_search.STATE, ups_search.UID, ups_search.START)
        for value in model.found_at(made, path)
    ]


def _own_fact(act: Act, kind: Kind, row: Row, **more: object) -> Fact:
    return Fact(
        kind=kind,
        at=act.now,
        actor_id=act.subject.account_id,
        institution_id=row["institution_id"],
        parties=(row["institution_id"],),
        data={"item": row["id"], **more},
    )


# --- updating -----------------------------------------------------------------------------------


def update(act: Act, uid: str, told: Mapping[str, Any], given: str) -> None:
    """Set attributes (11.6): anybody's who may see it until it is claimed, then its holder's."""
    item = find(act, uid)
    act.subject.require(Permission.WORK_ITEMS)
    inside = model.transaction_uid(told)
    if given and inside and given != inside:
        raise Problem("invalid", detail="TransactionUID (0008,1195)")
    values = model.settable(told)
    ups.may_update(item.state, given or inside, item.held)
    if item.kind == "case":
        _update_case(act, item, values)
    else:
        _update_own(act, item, values)


def _update_case(act: Act, item: Item, values: Json) -> None:
    """Only what is not the platform's own; the rest must be said as it is or not at all. Whose
    it is to be may be said of what nobody has claimed."""
    now = data_set(act, item)
    case = door.case(act, item.row["request_id"])
    for tag in values:
        if tag == model.PERFORMERS and item.state is State.SCHEDULED:
            continue
        if tag not in ups_cases.OVERLAID and not _same(now.get(tag, {}), values[tag]):
            raise Refused("bad-metadata", why=f"{tag} belongs to the request {case.row['number']}")
    performers = values.get(model.PERFORMERS)
    if performers is not None and not _same(now.get(model.PERFORMERS, {}), performers):
        ups_performers.schedule(act, case.id, performers)
        if len(values) == 1:
            return
    said = {tag: value for tag, value in values.items() if tag in ups_cases.OVERLAID}
    kept = {**(item.row["said"] or {}), **said}
    store.say(act.tx, item.id, item.row["requester_id"], kept, act.now)
    worklist.keep(act, [case.id])
    kind = Kind.UPS_PROGRESSED if model.PROGRESS in values else Kind.UPS_CHANGED
    act.tell(moves.fact(act, case, kind))


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.get("Value") == other.get("Value")


def _update_own(act: Act, item: Item, values: Json) -> None:
    before = model.text(item.row["dataset"], model.READINESS)
    made = dict(sorted({**item.row["dataset"], **values}.items()))
    changes = {
        "dataset": made,
        "starts_at": model.moment_of(model.text(made, model.START)),
        "updated_at": act.now,
    }
    if not store.change(act.tx, item.row, changes, keys_of(made)):
        raise Problem("stale", current=item.row["version"] + 1)
    ready = model.text(made, model.READINESS)
    states = [item.state.value] if ready != before else []
    if model.PROGRESS in values:
        act.tell(_own_fact(act, Kind.UPS_PROGRESSED, item.row))
    assigned = any(
        tag in values and not _same(values[tag], item.row["dataset"].get(tag, {}))
        for tag in (model.STATIONS, model.PERFORMERS)
    )
    act.tell(_own_fact(act, Kind.UPS_CHANGED, item.row, states=states, assigned=assigned))


# --- changing its state -------------------------------------------------------------------------


def change_state(act: Act, uid: str, told: Mapping[str, Any]) -> list[str]:
    """Claim, complete or cancel (11.7); what the client should know."""
    for _ in range(_TRIES):
        item = find(act, uid)
        act.subject.require(Permission.WORK_ITEMS)
        given = model.transaction_uid(told)
        target = model.text(told, model.STATE)
        event = ups.state_change(item.state, target, given, item.held)
        if event is None:
            return [ALREADY.format(target)]
        if item.kind == "case":
            _move_case(act, item, event, given, told)
            return []
        if _move_own(act, item, event, given):
            return []
    raise Problem("stale", current="?")


def _move_case(act: Act, item: Item, event: Event, given: str, told: Mapping[str, Any]) -> None:
    request_id = item.row["request_id"]
    if event is Event.CLAIM:
        worklist.claim(act, request_id, given)
    elif event is Event.CANCEL:
        worklist.release(act, request_id, ups_cases.reason_code(act, "release", told), "")
    else:
        door.provided_case(act, request_id, Permission.WRITE_REPORTS)
        words = {"zh": "已签发的报告", "en": "an issued report"}
        raise Problem("ups-unmet", missing=words, status="C304")


def _move_own(act: Act, item: Item, event: Event, given: str) -> bool:
    """One compare-and-set; False when somebody changed it first, and it must be judged anew."""
    to = workitem.MACHINE.step(item.state, event)
    changes: dict[str, Any] = {"state": to.value, "updated_at": act.now}
    if event is Event.CLAIM:
        changes |= {"transaction_uid": given, "claimed_by": act.subject.account_id}
    else:
        changes |= _end(act, item, event)
    if not store.change(act.tx, item.row, changes):
        return False
    act.tell(_own_fact(act, Kind.UPS_MOVED, item.row, states=[to.value]))
    return True


def _end(act: Act, item: Item, event: Event) -> dict[str, Any]:
    made = item.row["dataset"]
    if event is Event.CANCEL:
        return {"ended_at": act.now, "dataset": model.with_cancellation(made, act.now)}
    missing = model.lacks(made)
    if missing:
        raise Problem("ups-unmet", missing=", ".join(missing), status="C304")
    return {"ended_at": act.now}


# --- asking for its cancellation ----------------------------------------------------------------


def request_cancellation(act: Act, uid: str, told: Mapping[str, Any], requester: str) -> list[str]:
    """Ask that it be canceled (11.8): at once before anybody claimed it, else the performer is
    told and decides. What the client should know."""
    item = find(act, uid)
    act.subject.require(Permission.WORK_ITEMS)
    said = model.cancel_request(told)
    match ups.cancellation(item.state):
        case Cancellation.ALREADY:
            return [ALREADY.format(State.CANCELED.value)]
        case Cancellation.CANCEL_NOW:
            _cancel_now(act, item, said)
        case Cancellation.TELL_PERFORMER:
            _tell_performer(act, item, said, requester)
    return []


def _cancel_now(act: Act, item: Item, said: Json) -> None:
    """The requesting side takes it back, the responding side declines; what is one's own ends."""
    if item.kind == "case":
        request_id, note = item.row["request_id"], model.text(said, model.CANCEL_REASON)[:500]
        case = door.case(act, request_id)
        if case.own:
            code = ups_cases.reason_code(act, "withdraw", said)
            requests.withdraw(act, request_id, code, note)
        else:
            code = ups_cases.reason_code(act, "decline", said)
            requests.decline(act, request_id, code, note)
        return
    made = {**item.row["dataset"], **_in_progress_of(item, said)}
    changes = {
        "state": State.CANCELED.value,
        "ended_at": act.now,
        "updated_at": act.now,
        "dataset": model.with_cancellation(made, act.now),
    }
    if not store.change(act.tx, item.row, changes):
        raise Problem("stale", current="?")
    states = [State.IN_PROGRESS.value, State.CANCELED.value]
    act.tell(_own_fact(act, Kind.UPS_MOVED, item.row, states=states))


def _in_progress_of(item: Item, said: Json) -> Json:
    """Why it was canceled, where the final state has it: in the progress information."""
    why = {tag: said[tag] for tag in (model.CANCEL_REASON, model.CANCEL_CODES) if tag in said}
    if not why:
        return {}
    before = (model.items(item.row["dataset"], model.PROGRESS) or [{}])[0]
    merged = dict(sorted({**before, **why}.items()))
    return {model.PROGRESS: {"vr": "SQ", "Value": [merged]}}


def _tell_performer(act: Act, item: Item, said: Json, requester: str) -> None:
    key = act.new_id()
    store.ask_cancel(
        act.tx,
        {
            "id": key,
            "item_id": item.id,
            "account_id": act.subject.account_id,
            "dataset": {"requester": requester, "said": said},
            "at": act.now,
        },
    )
    if item.kind == "own":
        act.tell(_own_fact(act, Kind.UPS_CANCEL_REQUESTED, item.row, asked=key))
        return
    case = door.own_case(act, item.row["request_id"])
    act.tell(moves.fact(act, case, Kind.UPS_CANCEL_REQUESTED, asked=key))
