"""What the patient was asked separately: whether it may be recorded, and used in teaching.

Nothing is taken for given: without an answer there is none. The asking institution enters what the
patient or their guardian said, by the text in force; a later answer stands beside the one before.
"""

from dataclasses import dataclass
from typing import Final

from telemed.actions import booking, minutes, unnamed
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.core import appointment
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.minutes import Answer, Purpose
from telemed.store import minutes as store
from telemed.store import requests
from telemed.store.tx import Row

OPEN: Final = frozenset({*minutes.WRITABLE, appointment.State.PROPOSED})
"""States of the appointment in which the patient may be asked."""
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: of what, which, who gave it and as what, and the version of the text."""

    purpose: Purpose
    answer: Answer
    signer: str
    relation: str
    version: str


def enter(act: Act, appointment_id: str, said: Said) -> None:
    """Enter an answer; for the asking institution only."""
    act.subject.require(Permission.WRITE_REQUESTS)
    act.tx.take_turn(minutes.turn_of(appointment_id))
    found = minutes.load(act, appointment_id)
    if found.booked.state not in OPEN:
        state = appointment.MACHINE.word(found.booked.state)
        event = {"zh": "登记同意意见", "en": "enter a consent"}
        raise Problem("illegal-transition", state=state, event=event)
    if not (found.standing.asks and found.standing.party):
        raise Problem("forbidden", action="enter-consent")
    text = act.catalogue.asked[said.purpose]
    if said.version != text.version:
        raise Problem("stale", current=text.version)
    if len(store.consents(act.tx, found.id)) >= MOST:
        raise Problem("too-large", limit=f"{MOST}")
    row = {
        "appointment_id": found.id, "purpose": said.purpose.value, "answer": said.answer.value,
        "signer": said.signer, "relation": said.relation, "version": said.version,
        "entered_by": act.subject.account_id, "at": act.now,
    }  # fmt: skip
    store.add_consent(act.tx, row)
    booking.tell(
        act,
        found.booked,
        Kind.MINUTES_CONSENT_SET,
        purpose=said.purpose.value,
        answer=said.answer.value,
    )


def standing(act: Act, booked: Booked, own: bool) -> dict[Purpose, Row | None]:
    """The last answer to each; None where nobody was asked. Where the case's form asked about
    filming, what was said there stands until something else was entered. `own` says whether it is
    told to the asking institution: who signed for a pseudonym stays with it."""
    hidden = not own and unnamed.is_pseudonymous(act, booked.row["request_id"])
    told = {"signer": "", "relation": ""} if hidden else {}
    entered = [*_of_form(act, booked), *store.consents(act.tx, booked.id)]
    last = {row["purpose"]: {**row, **told} for row in entered}
    return {purpose: last.get(purpose.value) for purpose in Purpose}


def _of_form(act: Act, booked: Booked) -> list[Row]:
    """What the form of the case says of recording and teaching, as if it had been entered here."""
    case = requests.get(act.tx, booked.row["request_id"]) if booked.row["request_id"] else None
    filming = None if case is None else act.catalogue.services[case["service"]].filming
    if case is None or filming is None or not case["content"].get(filming.answer):
        return []
    content, agreed = case["content"], (filming.recording, filming.teaching)
    said = {
        "signer": content.get(filming.signer, ""), "relation": "",
        "version": content.get(filming.wording, ""), "at": case["submitted_at"],
    }  # fmt: skip
    return [
        {**said, "purpose": purpose.value,
         "answer": (Answer.GIVEN if content[filming.answer] in by else Answer.REFUSED).value}
        for purpose, by in zip((Purpose.RECORDING, Purpose.TEACHING), agreed, strict=True)
    ]  # fmt: skip
