"""What waits for somebody and of which no climb ever began: it is older than its reminders.

Rows out; whoever follows the log decides what of it they have yet to read.
"""

from datetime import datetime

import sqlalchemy as sa

from telemed.core import minutes as record
from telemed.core.appointment import State as Booked
from telemed.core.escalation import Occasion
from telemed.core.training import LectureState
from telemed.store.appointment_tables import appointments
from telemed.store.minutes_tables import (
    minutes,
    minutes_closings,
    minutes_signatures,
    minutes_signers,
)
from telemed.store.notice_tables import escalations
from telemed.store.training_tables import lectures
from telemed.store.tx import Row, Tx

E, B, L = escalations.c, appointments.c, lectures.c
M, X, W, G = minutes.c, minutes_closings.c, minutes_signers.c, minutes_signatures.c


def coming_appointments(tx: Tx, now: datetime) -> list[Row]:
    """Confirmed appointments to come that no climb has ever reminded of."""
    near = sa.exists().where(E.appointment_id == B.id, E.occasion == Occasion.NEAR.value)
    coming = sa.and_(B.state == Booked.CONFIRMED.value, B.since > now)
    return tx.all(sa.select(appointments).where(coming, ~near.correlate(appointments)))


def coming_lectures(tx: Tx, now: datetime) -> list[Row]:
    """Lectures to come that people enrol in or have, and that no climb has ever reminded of."""
    near = sa.exists().where(E.lecture_id == L.id, E.occasion == Occasion.LECTURE_NEAR.value)
    opened = (LectureState.ENROLLING.value, LectureState.CLOSED.value)
    coming = sa.and_(L.state.in_(opened), L.since > now)
    return tx.all(sa.select(lectures).where(coming, ~near.correlate(lectures)))


def signatures(tx: Tx) -> list[Row]:
    """Who is to sign closed minutes, has not, and was never asked to: `person_id` with the
    `appointment_id`, its `requester_id`, and the `round` that was `closed_at`."""
    signed = sa.exists().where(
        G.appointment_id == W.appointment_id, G.round == W.round, G.person_id == W.person_id
    )
    asked = sa.exists().where(
        E.appointment_id == W.appointment_id,
        E.occasion == Occasion.MINUTES_TO_SIGN.value,
        E.finding == W.person_id,
        E.opened_at >= X.closed_at,
    )
    query = (
        sa.select(W.person_id, W.appointment_id, W.round, X.closed_at, B.requester_id)
        .join(minutes, sa.and_(M.appointment_id == W.appointment_id, M.round == W.round))
        .join(minutes_closings, sa.and_(X.appointment_id == M.appointment_id, X.round == M.round))
        .join(appointments, B.id == W.appointment_id)
        .where(M.state == record.State.CLOSED.value)
        .where(~signed.correlate(minutes_signers))
        .where(~asked.correlate(minutes_signers, minutes_closings))
    )
    return tx.all(query.order_by(X.closed_at, W.person_id))
