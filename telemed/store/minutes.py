"""Minutes of appointments: notes and their changes, what was closed, signed and archived.

Rows in, rows out; it knows no rules. A change of the notes takes its number in a turn, so numbers
have no gaps and their order is that of the commits.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemed.core.minutes import State
from telemed.store.appointment_tables import appointments
from telemed.store.minutes_tables import (
    appointment_consents,
    minutes,
    minutes_archives,
    minutes_changes,
    minutes_closings,
    minutes_sections,
    minutes_signatures,
    minutes_signers,
)
from telemed.store.tx import Row, Tx

M, C, G, X = minutes.c, minutes_changes.c, minutes_signatures.c, minutes_closings.c


def get(tx: Tx, appointment_id: str) -> Row | None:
    """The minutes of an appointment, once somebody began them."""
    return tx.find(minutes, appointment_id=appointment_id)


def begin(tx: Tx, appointment_id: str, place: str, now: datetime) -> None:
    """Make the row; beginning twice is once."""
    row = {
        "appointment_id": appointment_id, "state": State.OPEN.value, "version": 1, "head": 0,
        "place": place, "absent": [], "also": [], "round": 0, "made_at": now, "updated_at": now,
    }  # fmt: skip
    tx.insert_missing(minutes, [row])


def change(tx: Tx, appointment_id: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change minutes that still have this version."""
    changed = {**values, "version": version + 1}
    return tx.change(minutes, {"appointment_id": appointment_id, "version": version}, changed) == 1


# --- notes ----------------------------------------------------------------------------------------


def texts(tx: Tx, appointment_id: str) -> dict[str, str]:
    """The sections that have been written in."""
    s = minutes_sections.c
    query = sa.select(s.section, s.text).where(s.appointment_id == appointment_id)
    return {row["section"]: row["text"] for row in tx.all(query.order_by(s.section))}


def text(tx: Tx, appointment_id: str, section: str) -> str:
    """One section; "" before anybody wrote in it."""
    row = tx.find(minutes_sections, appointment_id=appointment_id, section=section)
    return "" if row is None else str(row["text"])


def changes(
    tx: Tx, appointment_id: str, after: int, most: int, section: str | None = None
) -> list[Row]:
    """What was changed after a number, in order; in one section or in all."""
    query = sa.select(minutes_changes).where(C.appointment_id == appointment_id, C.n > after)
    if section is not None:
        query = query.where(C.section == section)
    return tx.all(query.order_by(C.n).limit(most))


def change_of_key(tx: Tx, appointment_id: str, key: str) -> Row | None:
    """The change that a page made under a key."""
    return tx.find(minutes_changes, appointment_id=appointment_id, key=key)


def add_change(tx: Tx, row: Mapping[str, Any], left: str) -> None:
    """A change, and the text that it left; in the turn only."""
    key = {"appointment_id": row["appointment_id"]}
    section = {**key, "section": row["section"]}
    tx.insert(minutes_changes, row)
    tx.insert_missing(minutes_sections, [{**section, "text": ""}])
    tx.change(minutes_sections, section, {"text": left})
    tx.change(minutes, key, {"head": row["n"], "updated_at": row["at"]})


# --- closed, signed, archived ---------------------------------------------------------------------


def add_closing(tx: Tx, row: Mapping[str, Any], signers: Sequence[str]) -> None:
    """A text that was closed, and whose signatures it waits for."""
    tx.insert(minutes_closings, row)
    key = {"appointment_id": row["appointment_id"], "round": row["round"]}
    tx.insert(minutes_signers, [{**key, "person_id": person} for person in signers])


def signers(tx: Tx, appointment_id: str, number: int) -> list[str]:
    """Whose signatures a round waits for."""
    w = minutes_signers.c
    here = sa.and_(w.appointment_id == appointment_id, w.round == number)
    rows = tx.all(sa.select(w.person_id).where(here).order_by(w.person_id))
    return [str(row["person_id"]) for row in rows]


def closing(tx: Tx, appointment_id: str, number: int) -> Row | None:
    """The text of a round."""
    return tx.find(minutes_closings, appointment_id=appointment_id, round=number)


def closings(tx: Tx, appointment_id: str) -> list[Row]:
    """All texts that were ever closed, without their bytes, the first first."""
    columns = [column for column in X if column is not X.text]
    return tx.all(
        sa.select(*columns).where(X.appointment_id == appointment_id).order_by(X.round).limit(1000)
    )


def make_void(tx: Tx, appointment_id: str, number: int, values: Mapping[str, Any]) -> None:
    """A closing, and all that was signed of it, is void."""
    tx.change(minutes_closings, {"appointment_id": appointment_id, "round": number}, values)


def signatures(tx: Tx, appointment_id: str, number: int) -> list[Row]:
    """Who has signed a round, in order."""
    here = sa.and_(G.appointment_id == appointment_id, G.round == number)
    return tx.all(sa.select(minutes_signatures).where(here).order_by(G.at, G.person_id))


def add_signature(tx: Tx, row: Mapping[str, Any]) -> None:
    """A signature; in the turn only."""
    tx.insert(minutes_signatures, row)


def in_state(tx: Tx, state: State, most: int = 100) -> list[str]:
    """Appointments whose minutes are in a state."""
    query = sa.select(M.appointment_id).where(M.state == state.value).order_by(M.updated_at)
    return [str(row["appointment_id"]) for row in tx.all(query.limit(most))]


def closed_before(tx: Tx, at: datetime, most: int = 100) -> list[str]:
    """Appointments whose minutes were closed before a moment and still wait for signatures."""
    query = (
        sa.select(M.appointment_id)
        .join(minutes_closings, sa.and_(M.appointment_id == X.appointment_id, M.round == X.round))
        .where(M.state == State.CLOSED.value, X.closed_at <= at)
    )
    return [str(row["appointment_id"]) for row in tx.all(query.order_by(X.closed_at).limit(most))]


def add_archive(tx: Tx, row: Mapping[str, Any]) -> None:
    """An institution's own record."""
    tx.insert(minutes_archives, row)


def archive(tx: Tx, appointment_id: str, institution_id: str) -> Row | None:
    """An institution's own record."""
    return tx.find(minutes_archives, appointment_id=appointment_id, institution_id=institution_id)


def archives(tx: Tx, appointment_id: str) -> list[Row]:
    """The records of all institutions, without their bytes."""
    a = minutes_archives.c
    columns = [column for column in a if column is not a.pdf]
    return tx.all(
        sa.select(*columns).where(a.appointment_id == appointment_id).order_by(a.institution_id)
    )


def archive_by_code(tx: Tx, code: str) -> Row | None:
    """An archived record with its appointment's number, by the code printed on it."""
    a = minutes_archives.c
    return tx.one(
        sa.select(minutes_archives, appointments.c.number)
        .join(appointments, appointments.c.id == a.appointment_id)
        .where(a.verification_code == code)
    )


# --- consents -------------------------------------------------------------------------------------


def consents(tx: Tx, appointment_id: str) -> list[Row]:
    """All that was ever answered about recording and teaching, the first first."""
    c = appointment_consents.c
    query = sa.select(appointment_consents).where(c.appointment_id == appointment_id)
    return tx.all(query.order_by(c.n).limit(1000))


def add_consent(tx: Tx, row: Mapping[str, Any]) -> None:
    """An answer, after those that there are."""
    c = appointment_consents.c
    here = c.appointment_id == row["appointment_id"]
    last = tx.scalar(sa.select(sa.func.max(c.n)).where(here))
    tx.insert(appointment_consents, {**row, "n": (last or 0) + 1})


_NAMED = ("id", "number", "service", "since", "requester_id")


def to_sign(tx: Tx, person_id: str, most: int = 100) -> list[Row]:
    """The appointments whose closed minutes wait for somebody's signature, the oldest first."""
    query = _waiting(person_id).order_by(X.closed_at, appointments.c.id)
    return tx.all(query.limit(most))


def is_to_sign(tx: Tx, appointment_id: str, person_id: str) -> bool:
    """Whether the closed minutes of an appointment wait for somebody's signature."""
    return tx.one(_waiting(person_id).where(appointments.c.id == appointment_id)) is not None


def _waiting(person_id: str) -> sa.Select[Any]:
    w = minutes_signers.c
    signed = sa.exists().where(
        G.appointment_id == w.appointment_id, G.round == w.round, G.person_id == w.person_id
    )
    return (
        sa.select(*(appointments.c[name] for name in _NAMED), X.closed_at)
        .join(minutes_signers, w.appointment_id == appointments.c.id)
        .join(minutes, sa.and_(M.appointment_id == w.appointment_id, M.round == w.round))
        .join(minutes_closings, sa.and_(X.appointment_id == w.appointment_id, X.round == w.round))
        .where(w.person_id == person_id, M.state == State.CLOSED.value)
        .where(~signed.correlate(minutes_signers))
    )
