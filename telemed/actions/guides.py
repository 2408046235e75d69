"""Who guides an operation: whoever claimed its case, is asked for an opinion on it, or sits in it.

Only they advise, take note of the responsibility for the guiding side, and are more than watchers
where the form lists them to watch. Knows of a person neither title nor licence; those are asked for
where somebody takes a case or advises.
"""

from typing import Final

from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import appointment, form_values, workitem
from telemed.core.access import Permission
from telemed.core.appointment import SITS, SeatState
from telemed.core.errors import Problem
from telemed.store import accompanying, appointments, opinions, requests

_TAKEN: Final = frozenset({workitem.State.IN_PROGRESS, workitem.State.COMPLETED})
_ON: Final = frozenset(
    {appointment.State.CONFIRMED, appointment.State.UNDER_WAY, appointment.State.ENDED}
)


def of_case(act: Act, request_id: str) -> frozenset[str]:
    """The people who guide: of either side, since a seat does not say whose word it is."""
    asked = {one.person_id for one in opinions.standing(act.tx, request_id)}
    on = [row["id"] for row in appointments.of_request(act.tx, request_id) if row["state"] in _ON]
    seats = appointments.seats(act.tx, on)
    sat = {s["person_id"] for key in on for s in seats[key] if SeatState(s["state"]) in SITS}
    return holder(act, request_id) | asked | sat


def holder(act: Act, request_id: str) -> frozenset[str]:
    """Whoever claimed the case, or answered it."""
    work = requests.current_workitem(act.tx, request_id)
    taken = work is not None and work["state"] in _TAKEN
    return frozenset({work["performer_id"]} if work is not None and taken else ())


def operates(act: Act, case: Case) -> bool:
    """Whether the subject speaks for the operating side where it decides: whoever operates, is
    named to accompany the patient, sits in the session, or writes the institution's requests."""
    if Permission.WRITE_REQUESTS in act.subject.permissions:
        return True
    rule = case.service.guides
    named = form_values.named(case.row["content"], "" if rule is None else rule.operator)
    along = accompanying.of_request(act.tx, case.id)
    people = {*named, *(row["person_id"] for row in along if row["replaced_at"] is None)}
    return act.subject.person_id in people | of_case(act, case.id)


def is_listed(act: Act, case: Case) -> bool:
    """Whether the form lists the subject to watch."""
    listed = form_values.listed(case.row["content"], case.service.watchers)
    return act.subject.person_id in listed


def require_meant(act: Act, case: Case, as_guide: bool) -> None:
    """Problem("listed-to-watch") for whoever is listed to watch and does not say that they mean to
    guide: those who asked were told that they would advise nothing."""
    if not as_guide and is_listed(act, case):
        raise Problem("listed-to-watch")
