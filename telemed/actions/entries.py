"""An entry of the wait list moves: by its own steps, and by those of the time it was offered."""

from collections.abc import Mapping
from typing import Any, Final

from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.core import appointment, waiting
from telemed.core.activity import Fact, Kind
from telemed.core.errors import Problem
from telemed.core.waiting import Event, State
from telemed.store import appointments
from telemed.store.tx import Row

SETTLES: Final[Mapping[appointment.Event, Event]] = {
    appointment.Event.PROPOSE: Event.TAKE,
    appointment.Event.CANCEL: Event.WITHDRAW,
    appointment.Event.LAPSE: Event.PASS,
}
"""What a step of the appointment that was offered does to the entry that waited for it."""
_KINDS: Final = {Event.OFFER: Kind.WAITING_OFFERED}


def settle(act: Act, waiting_id: str | None, event: appointment.Event) -> None:
    """The entry that an appointment was offered to goes on, if the step concerns it."""
    step = SETTLES.get(event)
    row = None if waiting_id is None else appointments.waiting(act.tx, waiting_id)
    if row is None or step is None:
        return
    if waiting.MACHINE.allows(State(row["state"]), step):
        move(act, row, step)


def move(act: Act, row: Row, event: Event, appointment_id: str | None = None) -> None:
    """Take one step of an entry, and tell it."""
    to = waiting.MACHINE.step(State(row["state"]), event)
    values: dict[str, Any] = {"state": to.value, "changed_at": act.now}
    if appointment_id is not None:
        values["appointment_id"] = appointment_id
    if not appointments.change_waiting(act.tx, row["id"], row["state"], values):
        raise Problem("stale", current="?")
    tell(act, {**row, **values}, _KINDS.get(event, Kind.WAITING_ENDED))


def tell(act: Act, row: Row, kind: Kind) -> None:
    """A fact about an entry, for the two institutions."""
    parties = tuple(dict.fromkeys((row["requester_id"], row["provider_id"])))
    data = {
        "waiting": row["id"],
        "service": row["service"],
        "urgency": "urgent" if row["urgent"] else "routine",
        "requester": row["requester_id"],
        "provider": row["provider_id"],
        "state": row["state"],
    }
    if row["appointment_id"] is not None:
        data["appointment"] = row["appointment_id"]
    who, place = actor_of(act), act.subject.institution_id or row["provider_id"]
    act.tell(Fact(kind, act.now, who, place, parties, row["request_id"], data=data))


def actor_of(act: Act) -> str | None:
    """Who acts; what a clock does is done by nobody."""
    account = act.subject.account_id
    return None if account == SYSTEM.account_id else account
