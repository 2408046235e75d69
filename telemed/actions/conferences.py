"""What people do in a conference: enter, leave, lose their line and come back, write to each other.

Who is not invited does not learn that it exists. Whatever happens to a member is a row of the log
and a fact, in one transaction; the same is never noted twice, whichever server noticed it first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from telemed.actions import booking, guides, unnamed
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.actions.entries import actor_of
from telemed.core import appointment, conference, form_values
from telemed.core.access import Permission, Subject
from telemed.core.activity import Kind
from telemed.core.catalogue import Words
from telemed.core.conference import MACHINE, Event, Invitation, Standing, State
from telemed.core.conference_rules import Line, Mode, mode_for
from telemed.core.errors import Problem
from telemed.store import accompanying, appointments, conferences, people, requests
from telemed.store.tx import Row

KINDS: Final[Mapping[Event, Kind]] = {
    Event.ENTER: Kind.CONFERENCE_ENTERED,
    Event.LEAVE: Kind.CONFERENCE_LEFT,
    Event.DROP: Kind.CONFERENCE_DROPPED,
    Event.RETURN: Kind.CONFERENCE_RETURNED,
    Event.MODE: Kind.CONFERENCE_MODE,
}
"""What each happening is told as."""
FLAGS: Final = ("muted", "camera", "hand", "sharing")
SAID: Final = {"text": Words("发言", "message")}
NO_FLAGS: Final[Mapping[str, Any]] = {
    "muted": False, "camera": False, "hand": False, "sharing": False, "streams": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A member as their server knows them: which conference, which row, which line."""

    appointment_id: str
    member_id: str
    line: str
    watches: bool = False


def key_of(subject: Subject) -> str:
    """Who somebody is in a conference: their person, or their account where it is nobody's."""
    return subject.person_id or subject.account_id


# --- who may ------------------------------------------------------------------------------------


def invited(act: Act, appointment_id: str) -> Booked:
    """The appointment of a conference to which the subject is invited, whenever it is or was;
    Problem("not-found") for everybody else."""
    return stands(act, appointment_id)[0]


def stands(act: Act, appointment_id: str) -> tuple[Booked, Standing]:
    """The same, and how the subject stands to it."""
    row = appointments.get(act.tx, appointment_id)
    if row is None:
        raise Problem("not-found")
    booked = booking.whole(act, row)
    standing = conference.standing_of(act.subject, invitation(act, booked))
    if standing is None:
        raise Problem("not-found")
    return booked, standing


def invitation(act: Act, booked: Booked) -> Invitation:
    """Whom an appointment invites: by its seats, by name, by what the form of its case says, and
    whoever claimed a guided operation."""
    named = accompanying.of_appointment(act.tx, booked.id)
    along = {row["person_id"] for row in named if row["replaced_at"] is None}
    service, content = act.catalogue.services.get(booked.row["service"]), _form(act, booked)
    operates = None if service is None or service.guides is None else service.guides.operator
    operator = frozenset(form_values.named(content, operates or ""))
    watchers = None if service is None else service.watchers
    guided = operates is not None and booked.row["request_id"] is not None
    guide = guides.holder(act, booked.row["request_id"]) if guided else frozenset[str]()
    return Invitation(
        booked.row["requester_id"],
        booked.row["provider_id"],
        frozenset(seat["person_id"] for seat in booked.sitting),
        frozenset(along | guide | operator),
        frozenset(form_values.listed(content, watchers)),
        closed=watchers is not None,
    )


def _form(act: Act, booked: Booked) -> Mapping[str, Any]:
    key = booked.row["request_id"]
    row = requests.get(act.tx, key) if key else None
    return {} if row is None else row["content"]


def admitted(act: Act, appointment_id: str) -> tuple[Booked, bool]:
    """The appointment of a conference that the subject may be in now, and whether they watch."""
    booked, standing = stands(act, appointment_id)
    if standing is Standing.KEEPS:
        raise Problem("named-only")
    conference.require_open(booked.state, booked.row["since"], act.now)
    return booked, standing is Standing.WATCHES


# --- members --------------------------------------------------------------------------------------


def enter(act: Act, appointment_id: str, page: str, line: str, mode: Mode) -> Place:
    """Enter, or come back: the same page that lost its line returns, another page takes over."""
    act.tx.take_turn(_turn(appointment_id))
    booked, watches = admitted(act, appointment_id)
    row = conferences.member_of(act.tx, appointment_id, key_of(act.subject))
    if row is None:
        row = _new(act, booked, key_of(act.subject), act.subject.own_institution)
    if row["state"] == State.PRESENT and row["line"] is not None and row["page"] == page:
        # A new socket of the same page: the old one is dead, and nobody has noticed yet.
        row = _happen(act, booked, row, Event.DROP, "line", at=row["seen_at"])
    event = Event.RETURN if row["state"] == State.DROPPED else Event.ENTER
    cause = "page" if row["page"] in (None, page) else "other-page"
    values: dict[str, Any] = {
        "page": page, "line": line, "mode": mode.value, "seen_at": act.now, "watches": watches,
    }  # fmt: skip
    if row["page"] != page:
        values["flags"] = {**NO_FLAGS, "muted": watches}
    row = _happen(act, booked, row, event, cause, values)
    return Place(appointment_id, row["id"], line, watches)


def leave(act: Act, place: Place, cause: str = "left") -> bool:
    """Leave, or be shown out; whether they were still there on this line."""
    return _away(act, place, Event.LEAVE, cause, act.now)


def drop(act: Act, place: Place, at: datetime) -> bool:
    """The line was lost, and last heard at a moment; whether they were still there on it."""
    return _away(act, place, Event.DROP, "line", at)


def come_back(act: Act, place: Place) -> bool:
    """The line that was thought lost is heard again."""
    act.tx.take_turn(_turn(place.appointment_id))
    booked, _ = admitted(act, place.appointment_id)
    row = conferences.member(act.tx, place.member_id)
    if row is None or row["line"] != place.line or row["state"] != State.DROPPED:
        return False
    _happen(act, booked, row, Event.RETURN, "line", {"seen_at": act.now})
    return True


def _away(act: Act, place: Place, event: Event, cause: str, at: datetime) -> bool:
    act.tx.take_turn(_turn(place.appointment_id))
    row = conferences.member(act.tx, place.member_id)
    if row is None or row["line"] != place.line:
        return False
    if not MACHINE.allows(State(row["state"]), event):
        return False
    if event is Event.DROP and row["mode"] == Mode.PHONE:
        # They are on the telephone: the page is gone, they are not.
        return conferences.change_member(act.tx, row, {"line": None})
    _happen(act, _booked(act, row), row, event, cause, at=at)
    return True


def set_state(
    act: Act,
    place: Place,
    flags: Mapping[str, bool],
    mode: Mode | None,
    streams: Mapping[str, str] | None = None,
) -> None:
    """Muted, camera, hand, sharing; which pictures of the service they send, and how they take part
    from now on. Who watches stays muted, and shows nothing."""
    act.tx.take_turn(_turn(place.appointment_id))
    booked, watches = admitted(act, place.appointment_id)
    if watches and (streams or any(flags[key] for key in flags if key != "muted")):
        raise Problem("only-watches")
    if streams:
        _require_streams(act, booked, streams)
    row = conferences.member(act.tx, place.member_id)
    if row is None or row["line"] != place.line or row["state"] == State.AWAY:
        raise Problem("not-found")
    told = {} if watches else {key: bool(flags[key]) for key in FLAGS if key in flags}
    kept = {**row["flags"], **told, **({} if streams is None else {"streams": dict(streams)})}
    values = {"flags": kept}
    if mode is not None and mode.value != row["mode"] and row["state"] == State.PRESENT:
        _happen(act, booked, row, Event.MODE, "page", {**values, "mode": mode.value})
    elif not conferences.change_member(act.tx, row, values):
        raise Problem("stale", current="?")


def sends_streams(act: Act, booked: Booked) -> bool:
    """Whether the subject's side sends the service's pictures: the one that asks, and operates."""
    return bool(act.subject.institution_id == booked.row["requester_id"])


def streams_of(act: Act, booked: Booked) -> tuple[tuple[str, Words], ...]:
    """The pictures that a session of its service shows side by side."""
    service = act.catalogue.services.get(booked.row["service"])
    return () if service is None else service.streams


def _require_streams(act: Act, booked: Booked, streams: Mapping[str, str]) -> None:
    if not sends_streams(act, booked):
        raise Problem("forbidden", action="send-streams")
    known = {code for code, _ in streams_of(act, booked)}
    if not (streams.keys() <= known and set(streams.values()) <= conference.STREAM_STATES):
        raise Problem("invalid", detail="streams")


def by_phone(act: Act, appointment_id: str, person_id: str, joined: bool) -> None:
    """Somebody of the appointment is there by telephone, or has hung up: entered by whoever is in
    charge of it, or by themselves."""
    act.tx.take_turn(_turn(appointment_id))
    booked = invited(act, appointment_id)
    conference.require_open(booked.state, booked.row["since"], act.now)
    if person_id != key_of(act.subject):
        booking.require_side(act, booked)
    to = invitation(act, booked)
    if to.closed and person_id not in to.taking_part | to.watching:
        raise Problem("not-found")
    watches = {"watches": person_id in to.watching - to.taking_part}
    row = conferences.member_of(act.tx, appointment_id, person_id)
    if row is None:
        row = _new(act, booked, person_id, _institution_of(act, booked, person_id))
    if not joined:
        if row["mode"] != Mode.PHONE or row["state"] == State.AWAY:
            raise Problem("not-found")
        _happen(act, booked, row, Event.LEAVE, "phone")
        return
    if row["state"] == State.PRESENT:
        _happen(act, booked, row, Event.MODE, "phone", {"mode": Mode.PHONE.value})
        return
    event = Event.RETURN if row["state"] == State.DROPPED else Event.ENTER
    values = {
        "mode": Mode.PHONE.value, "line": None, "page": None, "seen_at": act.now, **watches,
    }  # fmt: skip
    _happen(act, booked, row, event, "phone", values)


def _institution_of(act: Act, booked: Booked, person_id: str) -> str:
    """Where somebody belongs who is named to be on the telephone: who sits in it, and the people
    of both sides."""
    row = people.person(act.tx, person_id)
    if row is None or row["institution_id"] not in booked.institutions:
        raise Problem("not-found")
    return str(row["institution_id"])


# --- the clocks -----------------------------------------------------------------------------------


def drop_unvouched(act: Act) -> int:
    """Those whose server died with their socket have lost their line: when it last vouched."""
    late = conferences.unvouched(act.tx, act.now - conference.LEASE)
    for row in late:
        act.tx.take_turn(_turn(row["appointment_id"]))
    done = 0
    for row in late:
        now = conferences.member(act.tx, row["id"])
        if now is not None and (now["line"], now["seen_at"]) == (row["line"], row["seen_at"]):
            place = Place(row["appointment_id"], row["id"], row["line"])
            done += _away(act, place, Event.DROP, "lease", row["seen_at"])
    return done


def close(act: Act, appointment_ids: Sequence[str]) -> int:
    """The appointments are over: whoever is still there leaves now."""
    for key in sorted(appointment_ids):
        act.tx.take_turn(_turn(key))
    done = 0
    for row in conferences.open_of(act.tx, appointment_ids):
        booked = _booked(act, row)
        if booked.state not in conference.OPEN_STATES:
            _happen(act, booked, row, Event.LEAVE, "closed")
            done += 1
    return done


# --- what is written ------------------------------------------------------------------------------


def say(act: Act, appointment_id: str, text: str) -> Row:
    """Write to everybody in the conference; it is kept with the case."""
    act.tx.take_turn(_turn(appointment_id))
    booked, watches = admitted(act, appointment_id)
    if watches:
        raise Problem("only-watches")
    unnamed.require(act, booked.row["request_id"], {"text": text}, SAID)
    row = {
        "appointment_id": appointment_id,
        "request_id": booked.row["request_id"],
        "person_id": key_of(act.subject),
        "institution_id": act.subject.own_institution,
        "text": text,
        "said_at": act.now,
    }
    return {**row, "n": conferences.say(act.tx, row)}


def check(act: Act, appointment_id: str, found: Mapping[str, Any], line: Line) -> Mode:
    """Keep what a device and line check found, before or during a conference; how to begin."""
    booked = invited(act, appointment_id)
    if booked.state not in conference.OPEN_STATES | {appointment.State.PROPOSED}:
        raise Problem("conference-closed", state=appointment.MACHINE.word(booked.state))
    verdict = mode_for(line, act.catalogue.conference.line, bool(found.get("camera")))
    who, place = key_of(act.subject), act.subject.own_institution
    conferences.add_check(
        act.tx,
        {"id": act.new_id(), "appointment_id": booked.id, "person_id": who,
         "institution_id": place, "found": dict(found), "verdict": verdict.value,
         "checked_at": act.now},
    )  # fmt: skip
    booking.tell(act, booked, Kind.CONFERENCE_CHECKED, person=who, place=place, mode=verdict.value)
    return verdict


def said(act: Act, appointment_id: str, after: int) -> list[Row]:
    """What was written, for those who are invited."""
    invited(act, appointment_id)
    return conferences.words(act.tx, appointment_id, after)


# --- one happening --------------------------------------------------------------------------------


def _turn(appointment_id: str) -> str:
    return f"conference {appointment_id}"


def _booked(act: Act, row: Row) -> Booked:
    found = appointments.get(act.tx, row["appointment_id"])
    assert found is not None  # nothing deletes one
    return booking.whole(act, found)


def _new(act: Act, booked: Booked, person_id: str, institution_id: str) -> Row:
    row = {
        "id": act.new_id(),
        "appointment_id": booked.id,
        "person_id": person_id,
        "institution_id": institution_id,
        "state": State.AWAY.value,
        "mode": Mode.VIDEO.value,
        "flags": dict(NO_FLAGS),
        "watches": False,
        "page": None,
        "line": None,
        "seen_at": act.now,
        "entered_at": act.now,
    }
    conferences.add_member(act.tx, row)
    return row


def _happen(
    act: Act,
    booked: Booked,
    row: Row,
    event: Event,
    cause: str,
    values: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Row:
    """One step of the table: the member, the line of the log and the fact."""
    to = MACHINE.step(State(row["state"]), event)
    written = {"state": to.value, **(values or {})}
    if to is State.AWAY:
        written |= {"line": None, "page": None, "flags": dict(NO_FLAGS)}
    if not conferences.change_member(act.tx, row, written):
        raise Problem("stale", current="?")
    left = {**row, **written}
    when = act.now if at is None else min(at, act.now)
    who, place = row["person_id"], row["institution_id"]
    conferences.note(
        act.tx,
        {"appointment_id": booked.id, "person_id": who, "institution_id": place,
         "event": event.value, "mode": left["mode"], "cause": cause, "at": when,
         "watches": left["watches"], "noted_at": act.now, "noted_by": actor_of(act)},
    )  # fmt: skip
    booking.tell(
        act, booked, KINDS[event], member=row["id"], person=who, place=place, mode=left["mode"],
        cause=cause, happened=when.isoformat(), watches=left["watches"],
    )  # fmt: skip
    return left


def may(act: Act, booked: Booked) -> list[str]:
    """What the subject may do with the conference besides being in it."""
    own, held = act.subject.institution_id, act.subject.permissions
    coordinates = own == booked.row["provider_id"] and Permission.CONFIRM_APPOINTMENTS in held
    books = own == booked.row["requester_id"] and Permission.BOOK_APPOINTMENTS in held
    return ["phone"] * (coordinates or books)
