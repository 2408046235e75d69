"""What was entered of guided operations, and which case a request comes from, as stored."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemed.core.request import State
from telemed.store.guidance_tables import (
    acknowledged_notes,
    advice_entries,
    advice_marks,
    case_links,
    case_outcomes,
)
from telemed.store.tables import requests
from telemed.store.tx import Row, Tx


def entries(tx: Tx, request_id: str) -> list[Row]:
    """Everything entered, the first first, each with its mark."""
    m = advice_marks.c
    chosen = (
        sa.select(advice_entries, m.taken, m.note, m.marked_by, m.marked_at)
        .outerjoin(advice_marks, m.entry_id == advice_entries.c.id)
        .where(advice_entries.c.request_id == request_id)
    )
    return tx.all(chosen.order_by(advice_entries.c.n))


def entry(tx: Tx, entry_id: str) -> Row | None:
    """An entry by id."""
    return tx.find(advice_entries, id=entry_id)


def is_marked(tx: Tx, entry_id: str) -> bool:
    """Whether it was said of an advice that it was taken or not."""
    return tx.find(advice_marks, entry_id=entry_id) is not None


def add_entry(tx: Tx, row: Mapping[str, Any]) -> None:
    """An entry; what stands is never changed."""
    tx.insert(advice_entries, dict(row))


def add_mark(tx: Tx, row: Mapping[str, Any]) -> None:
    """What was done with an advice."""
    tx.insert(advice_marks, dict(row))


def notes(tx: Tx, request_id: str) -> list[Row]:
    """Who acknowledged the note, of any version."""
    chosen = sa.select(acknowledged_notes).where(acknowledged_notes.c.request_id == request_id)
    return tx.all(chosen.order_by(acknowledged_notes.c.at, acknowledged_notes.c.id))


def add_note(tx: Tx, row: Mapping[str, Any]) -> None:
    """Somebody acknowledged it for their side."""
    tx.insert(acknowledged_notes, dict(row))


def outcomes(tx: Tx, request_id: str) -> list[Row]:
    """What was entered afterwards, the latest last."""
    chosen = sa.select(case_outcomes).where(case_outcomes.c.request_id == request_id)
    return tx.all(chosen.order_by(case_outcomes.c.n))


def add_outcome(tx: Tx, row: Mapping[str, Any]) -> None:
    """An outcome; an earlier one stays."""
    tx.insert(case_outcomes, dict(row))


def source_of(tx: Tx, request_id: str) -> str | None:
    """The earlier case that a request comes from."""
    found = tx.find(case_links, request_id=request_id)
    return None if found is None else str(found["source_id"])


def set_source(tx: Tx, row: Mapping[str, Any]) -> None:
    """A request comes from this case, and from no other."""
    clear_source(tx, row["request_id"])
    tx.insert(case_links, dict(row))


def clear_source(tx: Tx, request_id: str) -> None:
    """A request comes from none."""
    tx.execute(sa.delete(case_links).where(case_links.c.request_id == request_id))


def draft_from(tx: Tx, source_id: str, service: str, account_id: str) -> str | None:
    """The draft of a service that somebody has begun from a case and not sent, the latest."""
    chosen = (
        sa.select(requests.c.id)
        .join(case_links, case_links.c.request_id == requests.c.id)
        .where(
            case_links.c.source_id == source_id,
            requests.c.service == service,
            requests.c.created_by == account_id,
            requests.c.state == State.DRAFT.value,
        )
    )
    found = tx.one(chosen.order_by(requests.c.created_at.desc()).limit(1))
    return None if found is None else str(found["id"])


def continued_in(tx: Tx, source_id: str, most: int) -> list[Row]:
    """The requests that come from a case and were sent, the latest first."""
    chosen = (
        sa.select(requests.c.id, requests.c.number, requests.c.patient_ref)
        .join(case_links, case_links.c.request_id == requests.c.id)
        .where(case_links.c.source_id == source_id, requests.c.submitted_at.is_not(None))
    )
    return tx.all(chosen.order_by(requests.c.submitted_at.desc()).limit(most))
