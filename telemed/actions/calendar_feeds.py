"""A person's calendar under a secret address, until they revoke it.

Calendars on telephones cannot sign in, so the address is the key: it is shown once, only its hash
is kept, and it opens nothing but this person's appointments without a patient. A link of somebody
who left, or whose account is disabled, is as good as none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from telemed.actions import booking, conferences, lecturing
from telemed.actions.act import Act
from telemed.actions.audit import audited
from telemed.core import form_values
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.appointment import MACHINE, State
from telemed.core.errors import Problem
from telemed.core.training import KINDS, LECTURES, CourseKind, LectureState
from telemed.documents.calendar_file import Entry
from telemed.store import (
    accounts,
    appointments,
    calendars,
    enrolments,
    network,
    people,
)
from telemed.store.audit import Event
from telemed.store.tx import Row

MOST_LINKS: Final = 5
KEPT_EVERY: Final = timedelta(hours=1)
"""How often the reading of a link is written down at most."""
PAST: Final = timedelta(days=31)
"""How long what is over stays in a feed."""

STATUS: Final = {
    State.HELD: "TENTATIVE",
    State.PROPOSED: "TENTATIVE",
    State.CONFIRMED: "CONFIRMED",
    State.UNDER_WAY: "CONFIRMED",
    State.ENDED: "CONFIRMED",
    State.CANCELED: "CANCELLED",
    State.MISSED: "CANCELLED",
}
"""What a calendar shows a state as; a time that is merely held is in nobody's feed."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose calendar, what is in it, and whether its reading is to be kept."""

    link_id: str
    name: str
    entries: list[Entry]
    is_news: bool


def make(act: Act, secret: str, label: str) -> str:
    """Keep the hash of a secret that opens one's own calendar; the link's id."""
    act.subject.require(Permission.SEE_CALENDARS)
    person = act.subject.person_id
    if person is None:
        raise Problem("forbidden", action="act-for-person")
    act.tx.take_turn(f"calendar links {person}")
    if len(calendars.links_of(act.tx, person)) >= MOST_LINKS:
        raise Problem("too-many-links", most=MOST_LINKS)
    made = act.new_id()
    calendars.add_link(
        act.tx,
        {"id": made, "secret_hash": accounts.token_hash(secret), "person_id": person,
         "account_id": act.subject.account_id, "label": label, "made_at": act.now},
    )  # fmt: skip
    _tell(act, Kind.DIARY_LINKED, made, "calendar-link-made")
    return made


def links(act: Act) -> list[Row]:
    """One's own links that still open something."""
    act.subject.require(Permission.SEE_CALENDARS)
    person = act.subject.person_id
    return [] if person is None else calendars.links_of(act.tx, person)


def revoke(act: Act, link_id: str) -> None:
    """From now on the address opens nothing; Problem("not-found") for any but one's own."""
    if link_id not in {row["id"] for row in links(act)}:
        raise Problem("not-found")
    if calendars.revoke_link(act.tx, link_id, act.now):
        _tell(act, Kind.DIARY_UNLINKED, link_id, "calendar-link-revoked")


def feed(act: Act, secret: str) -> Feed:
    """What a secret opens; Problem("not-found") in the same words whether it was revoked, its
    owner has left, or it never was."""
    owner = calendars.link_owner(act.tx, accounts.token_hash(secret))
    if owner is None:
        raise Problem("not-found")
    since, until = act.now - PAST, act.now + act.catalogue.booking.common.horizon
    rows = appointments.of_person(act.tx, owner["person_id"], since, until)
    titled = ((row, _title(act, row)) for row in rows)
    places = places_of(act, rows)
    told = [entry(row, title, places) for row, title in titled]
    told += _watched(act, owner["person_id"], since, until)
    told += _lectures(act, owner["person_id"], since, until)
    last = owner["read_at"]
    is_news = last is None or last <= act.now - KEPT_EVERY
    return Feed(owner["id"], owner["person_name"], told, is_news)


def was_read(act: Act, link_id: str) -> None:
    """Keep that a link was read, so that its owner notices a reader who is not theirs."""
    calendars.link_was_read(act.tx, link_id, act.now, act.now - KEPT_EVERY)


def _watched(act: Act, person_id: str, since: datetime, until: datetime) -> list[Entry]:
    """What one is listed to watch and takes no part in, from its first confirmation on."""
    person = people.person(act.tx, person_id)
    forms = {c: s.watchers for c, s in act.catalogue.services.items() if s.watchers is not None}
    place = "" if person is None else person["institution_id"]
    rows = [
        row
        for row in appointments.with_forms(act.tx, place, list(forms), since, until)
        if person_id in form_values.listed(row["content"], forms[row["service"]])
        and appointments.was_confirmed(act.tx, row["id"])
        and person_id not in conferences.invitation(act, booking.whole(act, row)).taking_part
    ]
    places = places_of(act, rows)
    return [entry(row, _title(act, row, watches=True), places) for row in rows]


def _lectures(act: Act, person_id: str, since: datetime, until: datetime) -> list[Entry]:
    """The lectures that they give, and those in which they have a place; what is watched on demand
    has no time of its own."""
    person = people.person(act.tx, person_id)
    places = [] if person is None else [person["institution_id"]]
    given = [
        {**row, "course_title": f"授课 {row['course_title']}"}
        for row in lecturing.given(act, places, since, until, person_id)
    ]
    found = given + [
        row
        for row in enrolments.of_person(act.tx, person_id, since, until)
        if KINDS[CourseKind(row["kind"])].checks_in
    ]
    houses = network.institution_refs(act.tx, {row["offerer_id"] for row in found})
    return [
        Entry(
            uid=f"{row['id']}@telemed",
            title=f"{row['course_title']}（{LECTURES.word(LectureState(row['state']))['zh']}）",
            place=" ".join(filter(None, (houses[row["offerer_id"]]["short_name"], row["place"]))),
            status="CANCELLED" if row["state"] == LectureState.CANCELED else "CONFIRMED",
            since=row["since"],
            until=row["until"],
            revision=row["version"],
            changed_at=row["updated_at"],
        )
        for row in found
    ]


def entry(row: Row, title: str, places: Mapping[str, str]) -> Entry:
    """An appointment as a calendar file has it. Its version grows with every step, so that another
    time, a cancellation and a message on its way are told apart by their sequence."""
    return Entry(
        uid=f"{row['id']}@telemed",
        title=title,
        place=places[row["id"]],
        status=STATUS[State(row["state"])],
        since=row["since"],
        until=row["until"],
        revision=row["version"],
        changed_at=row["updated_at"],
    )


def places_of(act: Act, rows: Sequence[Row]) -> dict[str, str]:
    """Where appointments are, in words: the institution that answers, and its rooms."""
    ids = [row["id"] for row in rows]
    used = appointments.rooms(act.tx, ids)
    named = calendars.some_resources(act.tx, {u["resource_id"] for key in ids for u in used[key]})
    houses = network.institution_refs(act.tx, {row["provider_id"] for row in rows})
    told = {}
    for row in rows:
        here = [named[u["resource_id"]] for u in used[row["id"]]]
        rooms = "、".join(" ".join(filter(None, (r["place"], r["name"]))) for r in here)
        told[row["id"]] = " ".join(filter(None, (houses[row["provider_id"]]["short_name"], rooms)))
    return told


def _title(act: Act, row: Row, watches: bool = False) -> str:
    service = act.catalogue.services.get(row["service"])
    label = row["service"] if service is None else service.label.zh
    state = MACHINE.word(State(row["state"]))["zh"]
    return f"{label} {row['number']}（{state}{'，观摩' if watches else ''}）"


def _tell(act: Act, kind: Kind, link_id: str, what: str) -> None:
    place = act.subject.own_institution
    act.tell(Fact(kind, act.now, act.subject.account_id, place, (place,), data={"link": link_id}))
    audited(act, Event.USER_ATTRIBUTES, "calendar-link", link_id, what=what)
