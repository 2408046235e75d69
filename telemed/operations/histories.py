"""Requests against their history: the log, folded by the table, must give each request's state.

What a restore, a migration or a hand in the database broke shows here. Knows which facts are
steps; what a step does is the table's business.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import sqlalchemy as sa

from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.request import MACHINE, Event, State
from telemed.store.tables import activities, requests
from telemed.store.tx import Tx

STEPS: Mapping[str, Event] = MappingProxyType(
    {
        Kind.APPROVAL_ASKED: Event.APPLY,
        Kind.APPROVAL_REJECTED: Event.REJECT,
        Kind.APPROVAL_RECALLED: Event.RECALL,
        Kind.REQUEST_SUBMITTED: Event.SUBMIT,
        Kind.REQUEST_RETURNED: Event.RETURN,
        Kind.REQUEST_RESUBMITTED: Event.RESUBMIT,
        Kind.REQUEST_WITHDRAWN: Event.WITHDRAW,
        Kind.REQUEST_DECLINED: Event.DECLINE,
        Kind.REQUEST_REDIRECTED: Event.REDIRECT,
        Kind.REPORT_ISSUED: Event.ANSWER,
        Kind.REQUEST_CONFIRMED: Event.CONFIRM,
        Kind.REPORT_ADDENDED: Event.REVISE,
        Kind.REPORT_AMENDED: Event.REVISE,
    }
)
"""The facts that are steps of a request. Discarding a draft tells none."""


def unlike_their_history(tx: Tx) -> list[str]:
    """Numbers of the requests whose row is not what their facts lead to, in order."""
    told = dict(_folded(tx))
    return sorted(
        number
        for request_id, number, state in tx.rows(_ROWS)
        if told.get(request_id, State.DRAFT) != _UNTOLD.get(state, state)
    )


_UNTOLD = {State.DISCARDED: State.DRAFT}
"""States that no fact leads to, and where the facts end."""

_ROWS = sa.select(requests.c.id, requests.c.number, requests.c.state)
_FACTS = (
    sa.select(activities.c.request_id, activities.c.kind)
    .where(activities.c.kind.in_(list(STEPS)), activities.c.request_id.is_not(None))
    .order_by(activities.c.request_id, activities.c.seq)
    .execution_options(yield_per=1000)
)


def _folded(tx: Tx) -> Iterator[tuple[str, State | None]]:
    """Each request with its state after each of its facts; None after a step that cannot be."""
    states: dict[str, State | None] = {}
    for request_id, kind in tx.rows(_FACTS):
        before = states.get(request_id, State.DRAFT)
        states[request_id] = None if before is None else _after(before, STEPS[kind])
    yield from states.items()


def _after(state: State, event: Event) -> State | None:
    if state is State.AWAITING and event is Event.SUBMIT:
        event = Event.APPROVE  # sent by the last step of its approval
    try:
        return MACHINE.step(state, event)
    except Problem:
        return None
