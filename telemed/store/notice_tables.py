"""The tables of notices: escalations, what people were told, how it went out, what they prefer."""

import sqlalchemy as sa

from telemed.store.columns import Big, Col, Json, UtcTime, partial_index
from telemed.store.columns import table as _table

# --- notices ----------------------------------------------------------------------------------


def _about_one(*columns: str) -> str:
    """One of them, and no more than one."""
    return " + ".join(f"(CASE WHEN {each} IS NULL THEN 0 ELSE 1 END)" for each in columns) + " = 1"


_CLIMBED = ("request_id", "appointment_id", "course_id", "lecture_id")

# One climb of one ladder, for a case, an appointment, a course or a lecture, perhaps for one seat
# of it. `opened_seq` is the fact that began it: seen twice, it begins once. `finding` names the
# finding, follow-up or opinion, the person who is to sign, or the account of a learner; empty for
# none. `opened_by` is who brought it about.
escalations = _table(
    "escalations",
    Col("id", sa.Text, primary_key=True),
    Col("opened_seq", Big, nullable=False),
    Col("ladder", sa.Text, nullable=False),
    Col("occasion", sa.Text, nullable=False),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), index=True),
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), index=True),
    Col("course_id", sa.Text, sa.ForeignKey("courses.id"), index=True),
    Col("lecture_id", sa.Text, sa.ForeignKey("lectures.id"), index=True),
    Col("seat", sa.Integer),
    Col("finding", sa.Text, nullable=False),
    Col("requester_id", sa.Text, nullable=False),
    Col("provider_id", sa.Text, nullable=False),
    Col("opened_by", sa.Text),
    Col("opened_at", UtcTime, nullable=False),
    Col("anchor_at", UtcTime, nullable=False),
    Col("told", sa.Integer, nullable=False),
    Col("next_at", UtcTime),
    Col("acknowledged_by", sa.Text, sa.ForeignKey("accounts.id")),
    Col("acknowledged_at", UtcTime),
    Col("exhausted_at", UtcTime),
    Col("ended_at", UtcTime),
    Col("end_reason", sa.Text),
    sa.UniqueConstraint("opened_seq", "occasion", "finding"),
    sa.CheckConstraint(_about_one(*_CLIMBED), name="ck_escalations_about"),
    partial_index("ix_escalations_next", "next_at", where="next_at IS NOT NULL"),
    partial_index("ix_escalations_going", "occasion", where="ended_at IS NULL"),
)

# What one person was told. `source` names the rung or the fact: each tells each person once.
notices = _table(
    "notices",
    Col("id", sa.Text, primary_key=True),
    Col("source", sa.Text, nullable=False),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("escalation_id", sa.Text, sa.ForeignKey("escalations.id"), index=True),
    Col("occasion", sa.Text, nullable=False),
    Col("weight", sa.Text, nullable=False),
    Col("rung", sa.Integer, nullable=False),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), index=True),
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id"), index=True),
    Col("call_id", sa.Text, sa.ForeignKey("urgent_calls.id"), index=True),
    Col("course_id", sa.Text, sa.ForeignKey("courses.id"), index=True),
    Col("lecture_id", sa.Text, sa.ForeignKey("lectures.id"), index=True),
    Col("at", UtcTime, nullable=False),
    Col("read_at", UtcTime),
    sa.UniqueConstraint("source", "account_id"),
    sa.CheckConstraint(_about_one(*_CLIMBED, "call_id"), name="ck_notices_about"),
    sa.Index("ix_notices_account_at", "account_id", "at"),
)

# One notice by one channel outside the page. Its id is the idempotency key for the receiver.
deliveries = _table(
    "deliveries",
    Col("id", sa.Text, primary_key=True),
    Col("notice_id", sa.Text, sa.ForeignKey("notices.id"), nullable=False),
    Col("channel", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("attempts", sa.Integer, nullable=False),
    Col("next_at", UtcTime),
    Col("created_at", UtcTime, nullable=False),
    Col("changed_at", UtcTime, nullable=False),
    Col("why", sa.Text, nullable=False),
    sa.UniqueConstraint("notice_id", "channel"),
    partial_index("ix_deliveries_next", "next_at", where="next_at IS NOT NULL"),
    sa.Index("ix_deliveries_state", "state"),
)

# Minutes of the day for quiet hours. `channels` by weight; NULL leaves it to the ladder.
notice_preferences = _table(
    "notice_preferences",
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    Col("email", sa.Text, nullable=False),
    Col("phone", sa.Text, nullable=False),
    Col("wecom", sa.Text, nullable=False),
    Col("channels", Json, nullable=False),
    Col("quiet_from", sa.Integer),
    Col("quiet_until", sa.Integer),
    Col("on_call_until", UtcTime),
    Col("language", sa.Text, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
)

push_subscriptions = _table(
    "push_subscriptions",
    Col("id", sa.Text, primary_key=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    Col("endpoint", sa.Text, nullable=False, unique=True),
    Col("p256dh", sa.Text, nullable=False),
    Col("auth", sa.Text, nullable=False),
    Col("created_at", UtcTime, nullable=False),
)
