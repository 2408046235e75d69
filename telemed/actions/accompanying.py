"""The accompanying doctor of a session: named by the requesting side, confirmed by name.

Who may be named is the rule's (`core.accompanying`), as far as the register knows the person. Who
was named and who said that they were there stays, whoever took their place later.
"""

from dataclasses import dataclass

from telemed.actions import booking, door
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.core import accompanying as rule
from telemed.core.access import Permission
from telemed.core.accompanying import By, Fit, Presence, Registered
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.store import accompanying as store
from telemed.store import appointments, network, people
from telemed.store.tx import Row


@dataclass(frozen=True, slots=True)
class Attended:
    """A session, whether it needs somebody, and everybody who was named for it.

    `confirms`: it begins only once they confirmed that they are there. `begun_by_name`: it began
    without that.
    """

    booked: Booked
    needed: bool
    confirms: bool
    begun_by_name: bool
    named: list[Row]

    @property
    def current(self) -> Row | None:
        """Who is named now."""
        return next((row for row in self.named if row["replaced_at"] is None), None)


def show(act: Act, appointment_id: str) -> Attended:
    """Who accompanies a session of which the own institution is a party."""
    act.subject.require(Permission.SEE_CALENDARS)
    return _of(act, booking.load(act, appointment_id))


def of_case(act: Act, request_id: str) -> list[Row]:
    """Everybody who was named for the sessions of a case that the subject may see."""
    case = door.case(act, request_id)
    return store.of_request(act.tx, case.id)


def candidates(act: Act, booked: Booked) -> list[tuple[Row, Fit]]:
    """Whom the own institution may name; nobody for those who may not name."""
    if not may_name(act, booked):
        return []
    own = act.subject.own_institution
    kind = _kind_of(act, own)
    staff = people.people_of(act.tx, own, active_only=True)
    fits = [
        (row, rule.fit(act.catalogue.aftercare.accompanying, _registered(row), kind))
        for row in staff
    ]
    return [(row, fit) for row, fit in fits if fit is not Fit.UNFIT]


def may_name(act: Act, booked: Booked) -> bool:
    """Whether the subject books for the requesting side, and it is not over."""
    books = Permission.BOOK_APPOINTMENTS in act.subject.permissions
    own = act.subject.institution_id == booked.row["requester_id"]
    return books and own and booked.state in rule.NAMES_IN


def name(act: Act, appointment_id: str, person_id: str) -> None:
    """Name a person of the own register; whoever was named before is replaced."""
    act.subject.require(Permission.BOOK_APPOINTMENTS)
    booked = booking.turn(act, appointment_id, None)
    _require_requester(act, booked)
    rule.require_naming(booked.state)
    row = people.person(act.tx, person_id)
    if row is None or row["institution_id"] != booked.row["requester_id"]:
        raise Problem("not-found")
    kind = _kind_of(act, row["institution_id"])
    fit = rule.fit(act.catalogue.aftercare.accompanying, _registered(row), kind)
    if fit is Fit.UNFIT:
        raise Problem("not-a-physician", who=row["name"])
    now = _of(act, booked).current
    if now is not None and now["person_id"] == person_id:
        return
    store.name(
        act.tx,
        {"appointment_id": booked.id, "request_id": booked.row["request_id"],
         "person_id": person_id, "title": row["title"], "licence_no": row["licence_no"],
         "fit": fit.value, "named_by": act.subject.account_id, "named_at": act.now},
    )  # fmt: skip
    booking.tell(act, booked, Kind.ACCOMPANIMENT_NAMED, person=person_id, fit=fit.value)


def confirm(act: Act, appointment_id: str, person_id: str) -> None:
    """Say that the named person is there: they themselves, a colleague on site, or a coordinator on
    their word.

    The person is named in the step, so that nobody confirms whoever was named meanwhile. Saying it
    twice is saying it once.
    """
    act.subject.require(Permission.SEE_CALENDARS)
    booked = booking.turn(act, appointment_id, None)
    _require_requester(act, booked)
    current = _of(act, booked).current
    if current is None or current["person_id"] != person_id:
        raise Problem("nobody-accompanies")
    by = confirms_as(act, person_id)
    if by is None:
        raise Problem("forbidden", action="act-for-institution")
    rule.require_confirming(booked.state, booked.row["since"], act.now)
    account = act.subject.account_id
    if store.confirm(act.tx, booked.id, current["n"], account, by.value, act.now):
        kind = Kind.ACCOMPANIMENT_CONFIRMED
        booking.tell(act, booked, kind, person=person_id, fit=current["fit"], by=by.value)


def confirms_as(act: Act, person_id: str) -> By | None:
    """What the subject's word is that somebody is there; None where it is none."""
    if act.subject.person_id == person_id:
        return By.SELF
    if Permission.CONFIRM_APPOINTMENTS in act.subject.permissions:
        return By.ON_WORD
    return None if act.subject.person_id is None else By.ON_SITE


def require_presence(act: Act, booked: Booked) -> Presence | None:
    """What is known of the accompanying doctor as a session begins, if that is enough for it to;
    None where nobody is needed."""
    attended, row = _of(act, booked), booked.row
    current = attended.current
    presence = Presence.NOBODY
    if current is not None:
        there = current["confirmed_at"] is not None
        presence = Presence.CONFIRMED if there else Presence.NAMED
    kept = act.catalogue.aftercare.accompanying
    rule.require_presence(kept, row["service"], row["urgent"], presence)
    return presence if attended.needed else None


def was_there(act: Act, booked: Booked) -> bool | None:
    """Whether anybody was confirmed present; None where nobody is needed."""
    attended = _of(act, booked)
    if not attended.needed:
        return None
    return any(row["confirmed_at"] is not None for row in attended.named)


def _of(act: Act, booked: Booked) -> Attended:
    kept, row = act.catalogue.aftercare.accompanying, booked.row
    needed, confirms = kept.asks(row["service"]), kept.confirms(row["service"], row["urgent"])
    named = store.of_appointment(act.tx, booked.id)
    begun = [m["moved_at"] for m in appointments.moves(act.tx, booked.id) if m["event"] == "begin"]
    there = [each["confirmed_at"] for each in named if each["confirmed_at"] is not None]
    by_name = needed and bool(begun) and not any(at <= begun[0] for at in there)
    return Attended(booked, needed, confirms, by_name, named)


def _require_requester(act: Act, booked: Booked) -> None:
    if act.subject.own_institution != booked.row["requester_id"]:
        raise Problem("forbidden", action=Permission.BOOK_APPOINTMENTS.value)


def _registered(row: Row) -> Registered:
    return Registered(row["title"], row["licence_no"], row["active"])


def _kind_of(act: Act, institution_id: str) -> str:
    row = network.institution(act.tx, institution_id)
    return "" if row is None else str(row["kind"])
