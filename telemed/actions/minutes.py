"""The minutes of an appointment: who may read them, notes by several at once, closing, signing.

`load` is the one door: an appointment whose minutes are not theirs to read is not found, in the
same words as one that does not exist. Notes are changed in turn, each change made of the newest
text (`core/notes.py`); a closed text is bytes that nothing changes any more.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from telemed.actions import booking, door, minutes_people, unnamed
from telemed.actions.act import Act
from telemed.actions.booking import Booked
from telemed.actions.minutes_people import Taker
from telemed.core import appointment
from telemed.core.access import Permission, Relation
from telemed.core.activity import Kind
from telemed.core.catalogue import Words
from telemed.core.errors import Problem
from telemed.core.minutes import (
    MACHINE,
    MOST_BEHIND,
    MOST_CHANGES,
    OPINION,
    Event,
    Stance,
    Standing,
    State,
    is_complete,
    may_write,
    most_of,
    opinion_of,
    require_section,
    require_sections_filled,
    section_words,
)
from telemed.core.notes import Change, applied, rebased, units
from telemed.store import appointments, minutes, people
from telemed.store.signer import Signer
from telemed.store.tx import Row

FORMAT: Final = "telemed-minutes-1"
SIGNATURE_FORMAT: Final = "telemed-minutes-signature-1"
WRITABLE: Final = frozenset(
    {appointment.State.CONFIRMED, appointment.State.UNDER_WAY, appointment.State.ENDED}
)
"""States of the appointment in which its minutes are written."""
CLOSABLE: Final = frozenset({appointment.State.UNDER_WAY, appointment.State.ENDED})
"""States of the appointment in which there is something to sign."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of an appointment as the subject may see them; `row` before anybody wrote."""

    booked: Booked
    row: Row
    takers: tuple[Taker, ...]
    standing: Standing

    @property
    def id(self) -> str:
        """The appointment's id, and theirs."""
        return self.booked.id

    @property
    def state(self) -> State:
        """Where they are."""
        return State(self.row["state"])

    @property
    def chair(self) -> Taker | None:
        """Who leads, if somebody does who was there."""
        return next((t for t in self.takers if t.chair and t.present), None)

    @property
    def signers(self) -> tuple[Taker, ...]:
        """Those who were there."""
        return tuple(t for t in self.takers if t.present)


# --- the door -------------------------------------------------------------------------------------


def load(act: Act, appointment_id: str) -> Minutes:
    """Minutes that the subject may read; Problem("not-found") for anybody else."""
    act.subject.require(Permission.SEE_CALENDARS)
    booked = booking.load(act, appointment_id)
    row = minutes.get(act.tx, booked.id) or _unwritten(act, booked)
    takers = minutes_people.takers(act, booked, row)
    found = Minutes(booked, row, takers, _standing(act, booked, takers))
    if not found.standing.reads:
        raise Problem("not-found")
    return found


def for_clock(act: Act, appointment_id: str) -> Minutes:
    """Minutes as a clock sees them, that acts for nobody; they must have been begun."""
    booked, row = appointments.get(act.tx, appointment_id), minutes.get(act.tx, appointment_id)
    assert booked is not None and row is not None  # nothing deletes them
    whole = booking.whole(act, booked)
    return Minutes(whole, row, minutes_people.takers(act, whole, row), Standing(None))


def _unwritten(act: Act, booked: Booked) -> Row:
    """What minutes are before anybody wrote in them."""
    return {
        "appointment_id": booked.id, "state": State.OPEN.value, "version": 0, "head": 0,
        "place": minutes_people.place_of(act, booked), "absent": [], "also": [], "round": 0,
    }  # fmt: skip


def _standing(act: Act, booked: Booked, takers: Sequence[Taker]) -> Standing:
    subject, held = act.subject, act.subject.permissions
    mine = next((t for t in takers if t.person_id == subject.person_id), None)
    row, own = booked.row, subject.institution_id
    return Standing(
        person_id=subject.person_id,
        sits=mine is not None,
        leads=mine is not None and mine.chair,
        keeps=own == row["provider_id"] and Permission.CONFIRM_APPOINTMENTS in held,
        asks=own == row["requester_id"] and Permission.WRITE_REQUESTS in held,
        party=is_party(act, booked),
    )


def is_party(act: Act, booked: Booked) -> bool:
    """Whether the subject is of one of the two institutions, and the case is theirs to see."""
    row = booked.row
    if act.subject.institution_id not in (row["requester_id"], row["provider_id"]):
        return False
    return row["request_id"] is None or sees_case(act, row["request_id"])


def sees_case(act: Act, request_id: str | None) -> bool:
    """Whether the case's own rule lets the subject in."""
    if request_id is None:
        return False
    try:
        return door.case(act, request_id).relation is not Relation.SUPERVISOR
    except Problem:
        return False


def turn_of(appointment_id: str) -> str:
    """Only one at a time changes the minutes of an appointment."""
    return f"minutes {appointment_id}"


def _begun(act: Act, appointment_id: str, event: Event) -> Minutes:
    """Minutes in turn, ready for a step of the table; made with the first."""
    act.tx.take_turn(turn_of(appointment_id))
    found = load(act, appointment_id)
    if found.booked.state not in (CLOSABLE if event is Event.CLOSE else WRITABLE):
        state = appointment.MACHINE.word(found.booked.state)
        raise Problem("illegal-transition", state=state, event=MACHINE.word(event))
    MACHINE.step(found.state, event)
    if found.row["version"] == 0:
        minutes.begin(act.tx, found.id, found.row["place"], act.now)
        found = load(act, appointment_id)
    return found


def _step(act: Act, found: Minutes, event: Event, values: Mapping[str, Any]) -> None:
    """Take a step of the state table; `_begun` has asked it already."""
    to = MACHINE.step(found.state, event)
    written = {"state": to.value, "updated_at": act.now, **values}
    if not minutes.change(act.tx, found.id, found.row["version"], written):
        raise Problem("stale", current="?")


# --- notes ----------------------------------------------------------------------------------------


def write(act: Act, appointment_id: str, section: str, base: int, change: Change, key: str) -> int:
    """Change a section of the notes, of which everything up to `base` was seen; the change's
    number. Sent twice under one key it is made once."""
    found = _begun(act, appointment_id, Event.WRITE)
    require_section(section, {t.person_id for t in found.takers})
    if not may_write(section, found.standing, found.chair is not None):
        raise Problem("forbidden", action="minutes-write")
    known = minutes.change_of_key(act.tx, found.id, key)
    if known is not None:
        return int(known["n"])
    head = found.row["head"]
    if not head - MOST_BEHIND <= base <= head:
        raise Problem("stale", current=head)
    if head >= MOST_CHANGES:
        raise Problem("minutes-full")
    for missed in minutes.changes(act.tx, found.id, base, MOST_BEHIND, section):
        change = rebased(change, tuple(missed["change"]), first=False)
    stood = minutes.text(act.tx, found.id, section)
    left = applied(stood, change)
    _require_unnamed(act, found, {section: left}, {section: stood})
    if units(left) > most_of(section):
        raise Problem("too-large", limit=f"{most_of(section)}")
    row = {
        "appointment_id": found.id, "n": head + 1, "section": section, "change": list(change),
        "key": key, "account_id": act.subject.account_id, "person_id": act.subject.person_id,
        "at": act.now,
    }  # fmt: skip
    minutes.add_change(act.tx, row, left)
    return int(head) + 1


def settle(
    act: Act,
    appointment_id: str,
    version: int,
    place: str,
    absent: Sequence[str],
    also: Sequence[str],
) -> None:
    """Where it was held, who did not come, and who came without having been invited."""
    found = _begun(act, appointment_id, Event.WRITE)
    _require_version(found, version)
    if not found.standing.writes:
        raise Problem("forbidden", action="minutes-write")
    there = [taker.person_id for taker in found.takers]
    minutes_people.require_known(act, found.booked, there, absent, also)
    _require_unnamed(act, found, {"place": place})
    values = {"place": place, "absent": sorted(set(absent)), "also": sorted(set(also))}
    _step(act, found, Event.WRITE, values)


def _require_unnamed(
    act: Act, found: Minutes, texts: Mapping[str, str], before: Mapping[str, str] | None = None
) -> None:
    """What is written about a case under a pseudonym names nobody; see `unnamed`."""
    names = {opinion_of(t.person_id): t.name for t in found.takers}
    labels = {key: Words(*section_words(key, names.get(key, ""))) for key in texts}
    unnamed.require(act, found.booked.row["request_id"], texts, labels, before)


def _require_version(found: Minutes, version: int) -> None:
    """The version that was seen; nobody had begun them when it was 0."""
    if version != found.row["version"] and not (version == 0 and found.row["version"] == 1):
        raise Problem("stale", current=found.row["version"])


# --- closed and signed ----------------------------------------------------------------------------


def close(act: Act, appointment_id: str, version: int, head: int) -> None:
    """The chair or the coordinator closes the text as they saw it, after the change `head`."""
    found = _begun(act, appointment_id, Event.CLOSE)
    _require_version(found, version)
    if head != found.row["head"]:
        raise Problem("stale", current=found.row["head"])
    if not found.standing.closes:
        raise Problem("forbidden", action="minutes-close")
    texts = minutes.texts(act.tx, found.id)
    signers = [t.person_id for t in found.signers]
    require_sections_filled(texts, signers)
    _require_unnamed(act, found, {"place": found.row["place"], **texts})
    number = found.row["round"] + 1
    text = closed_text(act, found, texts, number)
    row = {
        "appointment_id": found.id, "round": number, "text": text,
        "sha256": hashlib.sha256(text).hexdigest(), "closed_by": act.subject.account_id,
        "closed_at": act.now,
    }  # fmt: skip
    minutes.add_closing(act.tx, row, signers)
    _step(act, found, Event.CLOSE, {"round": number})
    booking.tell(act, found.booked, Kind.MINUTES_CLOSED, round=number, signers=len(signers))


def reopen(act: Act, appointment_id: str, number: int, reason: str) -> None:
    """Take the closed text back before all have signed; what was signed of it is void."""
    found = _begun(act, appointment_id, Event.REOPEN)
    _require_round(found, number)
    if not found.standing.closes:
        raise Problem("forbidden", action="minutes-reopen")
    _require_unnamed(act, found, {"reason": reason})
    void = {"void_by": act.subject.account_id, "void_at": act.now, "void_reason": reason}
    minutes.make_void(act.tx, found.id, number, void)
    signed = len(minutes.signatures(act.tx, found.id, number))
    _step(act, found, Event.REOPEN, {})
    booking.tell(act, found.booked, Kind.MINUTES_REOPENED, round=number, void=signed)


def sign(
    act: Act, appointment_id: str, sha256: str, stance: Stance, words: str, signer: Signer
) -> None:
    """Sign the closed text of this hash, agreeing or with a reservation; twice is once."""
    act.tx.take_turn(turn_of(appointment_id))
    found = load(act, appointment_id)
    number, person = found.row["round"], act.subject.person_id
    mine = next(
        (s for s in minutes.signatures(act.tx, found.id, number) if s["person_id"] == person), None
    )
    if mine is not None and found.state is not State.OPEN:
        if (mine["stance"], mine["words"]) != (stance.value, words):
            raise Problem("signed-already", at=mine["at"])
        return
    found = _begun(act, appointment_id, Event.SIGN)
    closing = minutes.closing(act.tx, found.id, number)
    if closing is None or closing["sha256"] != sha256:
        raise Problem("stale", current=number)
    signers = minutes.signers(act.tx, found.id, number)
    if person not in signers:
        raise Problem("forbidden", action="minutes-sign")
    _require_unnamed(act, found, {"words": words})
    signed = _signed_bytes(act, found, closing, stance, words)
    row = {
        "appointment_id": found.id, "round": number, "person_id": person,
        "account_id": act.subject.account_id, "stance": stance.value, "words": words,
        "signed_bytes": signed, "signature": signer.sign(signed), "key_id": signer.key_id,
        "at": act.now,
    }  # fmt: skip
    minutes.add_signature(act.tx, row)
    _step(act, found, Event.SIGN, {})
    said = {"round": number, "stance": stance.value, "signer": person}
    booking.tell(act, found.booked, Kind.MINUTES_SIGNED, **said)
    settle_signatures(act, load(act, appointment_id))


def settle_signatures(act: Act, found: Minutes) -> bool:
    """Whether enough have signed by now; then it is signed, and archived by whoever follows."""
    number = found.row["round"]
    closing = minutes.closing(act.tx, found.id, number)
    if found.state is not State.CLOSED or closing is None:
        return False
    signers = minutes.signers(act.tx, found.id, number)
    signed = [s["person_id"] for s in minutes.signatures(act.tx, found.id, number)]
    said = orjson.loads(closing["text"])
    terms = act.catalogue.signing_terms(found.booked.row["service"])
    chair = (said["chair"] or {}).get("id")
    if not is_complete(signers, signed, chair, closing["closed_at"], act.now, terms):
        return False
    _step(act, found, Event.COMPLETE, {})
    booking.tell(act, found.booked, Kind.MINUTES_COMPLETED, round=number, signed=len(signed))
    return True


def _require_round(found: Minutes, number: int) -> None:
    if number != found.row["round"]:
        raise Problem("stale", current=found.row["round"])


# --- the exact text -------------------------------------------------------------------------------


def closed_text(act: Act, found: Minutes, texts: Mapping[str, str], number: int) -> bytes:
    """What is signed: where and when, who was there, what each said; keys sorted, UTF-8 JSON.

    Of the patient it holds the case's number only: those who sat in it from a third institution
    sign it, and may not see the case. It names the text that was closed before it.
    """
    row = found.booked.row
    before = minutes.closing(act.tx, found.id, number - 1)
    named = {t.person_id: t for t in found.takers}
    return orjson.dumps(
        {
            "format": FORMAT,
            "appointment": {k: row[k] for k in ("id", "number", "service", "since", "until")},
            "case": minutes_people.case_number(act, row["request_id"]),
            "round": number,
            **minutes_people.parties(act, row),
            **minutes_people.held(act, found.booked),
            "place": found.row["place"],
            "chair": None if found.chair is None else found.chair.told(),
            "people": [t.told() for t in found.signers],
            "absent": [t.told() for t in found.takers if not t.present],
            "sections": [_section(key, text, named) for key, text in texts.items() if text.strip()],
            "closed_by": {"id": act.subject.account_id, "person": act.subject.person_id},
            "closed_at": act.now,
            "previous_sha256": None if before is None else before["sha256"],
        },
        option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
    )


def _section(key: str, text: str, named: Mapping[str, Taker]) -> dict[str, Any]:
    whose = named.get(key.removeprefix(OPINION)) if key.startswith(OPINION) else None
    return {"section": key, "of": None if whose is None else whose.told(), "text": text}


def _signed_bytes(act: Act, found: Minutes, closing: Row, stance: Stance, words: str) -> bytes:
    person = people.person(act.tx, act.subject.person_id or "") or {}
    return orjson.dumps(
        {
            "format": SIGNATURE_FORMAT,
            "appointment": found.id,
            "round": closing["round"],
            "text_sha256": closing["sha256"],
            "person": {"id": act.subject.person_id, "name": person.get("name")},
            "stance": stance.value,
            "words": words,
            "at": act.now,
        },
        option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
    )
