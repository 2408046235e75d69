"""Steps of a played case in which several take part: approval in house, copies without identity,
experts who are asked, accept and sign.

Each is the action that people take; a step names people by their accounts or by the register.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from telemed.actions import approvals, door, material, opinions, requests
from telemed.actions.act import Act
from telemed.actions.opinions import Wish
from telemed.core import approval
from telemed.core.opinion import Role
from telemed.core.workdays import ZONE
from telemed.store import approvals as approval_store
from telemed.store import opinions as opinion_store
from telemed.store.signer import Signer

Told = Mapping[str, Any]


def approve(act: Act, case: str, step: Told, signer: Signer) -> None:
    """Agree to the step whose turn it is; after the last one the request is sent."""
    now = approval.current(approval_store.of_request(act.tx, case))
    if now is None:
        raise ValueError(f"nobody is asked to approve {case}")
    note = step.get("note", "")
    approvals.approve(act, now["id"], now["version"], note, requests.send_approved)


def deidentify(act: Act, case: str, step: Told, signer: Signer) -> None:
    """Tell a draft without studies under a pseudonym."""
    key = material.begin(act, case, door.own_case(act, case).row["version"], ())
    if key is not None:
        material.show(act, case, key)


def ask(act: Act, case: str, step: Told, signer: Signer) -> None:
    """Ask somebody of the register for an opinion."""
    role = Role.CHAIR if step.get("chair") else Role.EXPERT
    opinions.ask(act, case, Wish(step["person"], role, None, step.get("question", "")))


def give(act: Act, case: str, step: Told, signer: Signer) -> None:
    """Accept, write and sign one's own opinion."""
    key = _own(act, case)
    opinions.accept(act, key)
    opinions.save(act, key, _version(act, key), step["content"])
    opinions.sign(act, key, _version(act, key), signer)


def _own(act: Act, case: str) -> str:
    mine = act.subject.person_id
    rows = opinion_store.still_open(act.tx, case)
    return next(str(row["id"]) for row in rows if row["person_id"] == mine)


def _version(act: Act, key: str) -> int:
    return int(opinions.own(act, key)["version"])


def dated(value: Any, now: datetime) -> Any:
    """A time told as so many days from today and an hour of the clock, as a form has it."""
    if not isinstance(value, Mapping) or "days" not in value:
        return value
    day = now.astimezone(ZONE).date() + timedelta(days=value["days"])
    return datetime.combine(day, value["at"], ZONE).isoformat()


STEPS: Final[Mapping[str, Callable[[Act, str, Told, Signer], None]]] = {
    "approve": approve,
    "deidentify": deidentify,
    "ask": ask,
    "give": give,
}
"""What a played case may do, by the word of its data."""
