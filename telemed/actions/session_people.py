"""As what each was in a session: by their seat; who came without one, by what they are to its case.

Knows neither who was there nor what was said.
"""

from collections.abc import Collection, Mapping

from telemed.actions import guides
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.core import form_values
from telemed.core.access import Role
from telemed.core.session_roles import SessionRole
from telemed.store import accompanying, accounts, requests
from telemed.store.tx import Row


def roles(act: Act, booked: Booked, came: Mapping[str, SessionRole]) -> dict[str, str]:
    """Who came, as what they are known to be or else as `came` says, and those who sit in it."""
    service = act.catalogue.services.get(booked.row["service"])
    is_guided = service is not None and service.guides is not None
    known = _known(act, booked, came, is_guided)
    found = {key: known.get(key, role).value for key, role in came.items()}
    return found | {seat["person_id"]: _seated(booked, seat, is_guided) for seat in booked.sitting}


def _seated(booked: Booked, seat: Row, is_guided: bool) -> str:
    """An expert of whoever answers is the guide of a guided operation."""
    answers = seat["institution_id"] != booked.row["requester_id"]
    guides_it = is_guided and answers and seat["role"] == SessionRole.EXPERT
    return SessionRole.GUIDE.value if guides_it else str(seat["role"])


def _known(
    act: Act, booked: Booked, came: Collection[str], is_guided: bool
) -> dict[str, SessionRole]:
    """What people are to the case and its session, what says most of them last."""
    row = booked.row
    held = accounts.of_people(act.tx, came)
    found = {
        one["person_id"]: SessionRole.COORDINATOR
        for one in held
        if one["institution_id"] == row["provider_id"] and Role.COORDINATOR in one["roles"]
    }
    case = None if row["request_id"] is None else requests.get(act.tx, row["request_id"])
    if case is not None:
        asked = {one["person_id"] for one in held if one["id"] == case["created_by"]}
        found |= dict.fromkeys(asked, SessionRole.REQUESTING)
    for named in accompanying.of_appointment(act.tx, booked.id):
        if named["replaced_at"] is None:
            found[named["person_id"]] = SessionRole.ACCOMPANYING
    if case is not None and is_guided:
        found |= dict.fromkeys(guides.holder(act, case["id"]), SessionRole.GUIDE)
        guides_rule = act.catalogue.services[row["service"]].guides
        operates = "" if guides_rule is None else guides_rule.operator
        found |= dict.fromkeys(form_values.named(case["content"], operates), SessionRole.SURGEON)
    return found
