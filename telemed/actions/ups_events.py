"""What facts of the log mean to one subscriber: the event reports of PS3.4 CC.2.4.

Nothing is kept for a subscriber but a number of the log; its reports are made from the facts after
it, with the rights of this moment. What may not be read is not reported, with one exception: that
an attempt ended which was asked of one's own institution is told to it even when the request is
out of its sight by then, or a worklist would show it for ever. A report made late tells the state
of its fact, and whom it was assigned to then, with the readiness of now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from telemed.actions import ups as items
from telemed.actions import ups_cases, ups_search
from telemed.actions.act import Act
from telemed.actions.ups import Item
from telemed.actions.ups_subscriptions import filter_of
from telemed.core import ups
from telemed.core.activity import Activity, Kind
from telemed.core.ups import Change, Which
from telemed.core.workitem import State
from telemed.dicom import workitem as model
from telemed.dicom.criteria import Criteria, accepts
from telemed.dicom.workitem import Json
from telemed.store import ups as item_store
from telemed.store import ups_subscribers as store
from telemed.store.tables import workitems
from telemed.store.tx import Row

PAGE = 500
"""Workitems of one look when a subscriber is told of all there are."""


@dataclass(slots=True)
class Watch:
    """One subscriber's view of a batch of facts; `found` are workitems its filter met."""

    act: Act
    subscriber: Row
    said: dict[str, bool]
    criteria: Criteria
    found: set[str] = field(default_factory=set)


def watching(act: Act, subscriber: Row) -> Watch:
    """A subscriber with what it watches."""
    said = store.subscriptions(act.tx, subscriber["id"])
    pairs = [(name, value) for name, value in subscriber["filter"]]
    return Watch(act, subscriber, said, filter_of(pairs))


def reports(watch: Watch, seen: Sequence[Activity]) -> Iterator[tuple[int, list[Json]]]:
    """The reports of each fact, by its number, in order."""
    for activity in seen:
        yield activity.seq, list(_of(watch, activity))


def _of(watch: Watch, activity: Activity) -> Iterator[Json]:
    kind = Kind(activity.kind)
    if kind in ups.CHANGES:
        for change in ups.CHANGES[kind]:
            yield from _changed(watch, activity, change)
    elif kind in ups.INPUT:
        yield from _input(watch, activity)
    elif kind is Kind.UPS_SUBSCRIBED:
        if activity.data.get("subscriber") == watch.subscriber["id"]:
            yield from _subscribed(watch, activity)
    else:
        yield from _told(watch, kind, activity)


# --- attempts of requests -----------------------------------------------------------------------


def _changed(watch: Watch, activity: Activity, change: Change) -> Iterator[Json]:
    """A request's attempt came into a state."""
    found = _attempt(watch, activity, change)
    if found is None or not _watches(watch, found, change.state):
        return
    row = found.row
    if change.state is not State.CANCELED:
        yield model.state_report(found.uid, change.state, ups_cases.readiness(watch.act, row))
        return
    ready = ups_cases.readiness(watch.act, row)
    if row["claimed_at"] is None:  # the server cancels what nobody claimed by way of a claim
        yield model.state_report(found.uid, State.IN_PROGRESS, ready)
    why = ups_cases.reason_item(watch.act, row["end_reason"])
    yield model.state_report(found.uid, State.CANCELED, ready, why)


def _attempt(watch: Watch, activity: Activity, change: Change) -> Item | None:
    """The attempt a change is about, if this subscriber is to hear of it."""
    key, number = activity.data.get("workitem"), activity.data.get("attempt")
    if not isinstance(key, str) or not isinstance(number, int) or activity.request_id is None:
        return None
    if change.which is Which.PREVIOUS:
        before = item_store.attempt_of(watch.act.tx, activity.request_id, number - 1)
        if before is None:
            return None
        key = before
    found = items.attempt_by_id(watch.act, key)
    if change.state is not State.CANCELED:
        return found
    if found is None:
        rows = item_store.cases_where(watch.act.tx, workitems.c.id == key)
        asked = rows and rows[0]["provider_id"] == watch.act.subject.institution_id
        found = Item("case", rows[0]) if asked else None
    # A request that is withdrawn after it was returned ends no attempt a second time.
    return found if found is not None and found.row["ended_at"] == activity.at else None


def _input(watch: Watch, activity: Activity) -> Iterator[Json]:
    """Images came: whoever waits for them learns whether the input is ready."""
    if activity.request_id is None:
        return
    current = item_store.latest_attempt(watch.act.tx, activity.request_id)
    found = items.attempt_by_id(watch.act, current) if current else None
    if found is None or found.state not in (State.SCHEDULED, State.IN_PROGRESS):
        return
    if _watches(watch, found, found.state):
        ready = items.readiness(watch.act, found)
        yield model.state_report(found.uid, found.state, ready)


# --- what UPS clients do ------------------------------------------------------------------------


def _told(watch: Watch, kind: Kind, activity: Activity) -> Iterator[Json]:
    """A fact about one workitem that a UPS client brought about."""
    data = activity.data
    if "item" in data:
        item = items.own_by_id(watch.act, str(data["item"]))
    else:
        item = items.attempt_by_id(watch.act, str(data.get("workitem")))
    if item is None:
        return
    states = data.get("states")
    states = [State(state) for state in states] if isinstance(states, list) else []
    newly = item.id not in watch.said and item.id not in watch.found
    watched = _watches(watch, item, states[-1] if states else item.state)
    if kind is Kind.UPS_CANCEL_REQUESTED:
        if watched or _performs(watch, item):
            yield from _asked_to_cancel(watch, item, data)
        return
    if not watched:
        return
    if not states and newly and item.id in watch.found:
        states = [item.state]  # an update made it pass the filter: it is subscribed to now
    ready = items.readiness(watch.act, item)
    yield from (model.state_report(item.uid, state, ready) for state in states)
    if kind is Kind.UPS_PROGRESSED:
        yield model.progress_report(item.uid, _held(item).get(model.PROGRESS))
    if kind in (Kind.WORKITEM_ASSIGNED, Kind.WORKITEM_UNASSIGNED):
        who = str(data.get("person") or "") if kind is Kind.WORKITEM_ASSIGNED else None
        yield from model.assigned(item.uid, ups_cases.meant_for(watch.act, item.row, who))
    elif data.get("assigned"):
        yield from model.assigned(item.uid, _held(item))


def _asked_to_cancel(watch: Watch, item: Item, data: Any) -> Iterator[Json]:
    asked = item_store.cancel_asked(watch.act.tx, str(data.get("asked")))
    if asked is not None:
        told = asked["dataset"]
        yield model.cancel_requested(item.uid, told["requester"], told["said"])


def _held(item: Item) -> Json:
    """What clients said of it."""
    return dict(item.row["dataset" if item.kind == "own" else "said"] or {})


def _performs(watch: Watch, item: Item) -> bool:
    """Whether the subscriber's account holds the claim: it is told whatever it watches."""
    subject = watch.act.subject
    if item.kind == "own":
        return bool(item.row["claimed_by"] == subject.account_id)
    return subject.person_id is not None and item.row["performer_id"] == subject.person_id


# --- subscribing --------------------------------------------------------------------------------


def _subscribed(watch: Watch, activity: Activity) -> Iterator[Json]:
    """A new subscription: its workitem as it was then; with a lock on all, all there are."""
    data = activity.data
    if data.get("existing"):
        yield from _existing(watch)
    elif isinstance(data.get("item"), str):
        item = items.by_id(watch.act, str(data["item"]))
        states = data.get("states")
        if item is not None and isinstance(states, list):
            ready = items.readiness(watch.act, item)
            yield from (model.state_report(item.uid, State(one), ready) for one in states)


def _existing(watch: Watch) -> Iterator[Json]:
    """Those that have not ended: of years of ended ones nobody wants a report."""
    open_now = ups_search.still_open(watch.criteria)
    parts, offset = ups_search.parts(watch.act, open_now), 0
    while found := item_store.page(watch.act.tx, parts, PAGE, offset):
        offset += PAGE
        for row in found:
            item = items.by_id(watch.act, row["id"])
            if item is not None:
                ready = items.readiness(watch.act, item)
                yield model.state_report(item.uid, item.state, ready)


def _watches(watch: Watch, item: Item, state: State) -> bool:
    """Whether the subscriber watches it: by name, as one of all, or as one its filter meets."""
    said = watch.said.get(item.id)
    if said is not None:
        return said
    if item.id in watch.found:
        return True
    scope, suspended = watch.subscriber["scope"], watch.subscriber["suspended_at"]
    made = item.row["created_at" if item.kind == "own" else "scheduled_at"]
    if scope is None or (suspended is not None and made > suspended):
        return False
    if scope == ups.GLOBAL:
        return True
    if _passes(watch, item, state):
        watch.found.add(item.id)
        return True
    return False


def _passes(watch: Watch, item: Item, state: State) -> bool:
    """Whether the workitem in that state passes the filter."""
    whole = {**items.data_set(watch.act, item), **model.data_set({0x00741000: state.value})}
    return all(accepts(key.test, model.found_at(whole, key.path)) for key in watch.criteria.keys)
