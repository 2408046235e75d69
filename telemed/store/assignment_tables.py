"""The tables of assignment: how cases are given out, readers' terms, every decision and what waits.

Whose a case is stands on its workitem (`workitems.scheduled_performer_id`); here lies what decides
it and why it was decided so. What somebody set is never rewritten: the row with the highest `n`
counts, the others are its history.
"""

import sqlalchemy as sa

from telemed.store.columns import Big, Col, Json, UtcTime
from telemed.store.columns import table as _table

# --- assignment -------------------------------------------------------------------------------

# Where there is no row the pool is open and nothing is passed on.
assignment_modes = _table(
    "assignment_modes",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("service", sa.Text, nullable=False),
    Col("n", sa.Integer, nullable=False),
    Col("mode", sa.Text, nullable=False),
    # Whether a case that nobody here can take in time goes on to the requester's next provider.
    Col("overflow", sa.Boolean, nullable=False),
    Col("changed_by", sa.Text, nullable=False),
    Col("changed_at", UtcTime, nullable=False),
    sa.UniqueConstraint("institution_id", "service", "n"),
)

# What an institution agreed with one of its readers; a cap that is NULL is the file's.
reader_terms = _table(
    "reader_terms",
    Col("id", sa.Text, primary_key=True),
    Col("institution_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False),
    Col("person_id", sa.Text, sa.ForeignKey("people.id"), nullable=False),
    Col("n", sa.Integer, nullable=False),
    # Points in hand at once, and in one shift.
    Col("in_hand", sa.Float),
    Col("in_shift", sa.Float),
    # The part of a full one's work that is theirs.
    Col("share", sa.Float, nullable=False),
    Col("changed_by", sa.Text, nullable=False),
    Col("changed_at", UtcTime, nullable=False),
    sa.UniqueConstraint("institution_id", "person_id", "n"),
)

# Who was given a case or where it went, by whom or which rule, and what was known then: ids, codes
# and numbers. It only grows.
assignment_decisions = _table(
    "assignment_decisions",
    Col("id", sa.Text, primary_key=True),
    Col("request_id", sa.Text, sa.ForeignKey("requests.id"), nullable=False, index=True),
    Col("workitem_id", sa.Text, sa.ForeignKey("workitems.id"), nullable=False, index=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("at", UtcTime, nullable=False),
    # The log's last number when it was decided: what had happened until then.
    Col("seq", Big, nullable=False),
    Col("rule", sa.Text, nullable=False),
    Col("mode", sa.Text, nullable=False),
    Col("outcome", sa.Text, nullable=False),
    Col("decided_by", sa.Text, nullable=False),
    Col("account_id", sa.Text),
    Col("person_id", sa.Text),
    Col("provider_id", sa.Text),
    Col("points", sa.Float, nullable=False),
    Col("ranking", Json, nullable=False),
    # Of those below the ranking's end, how many for which reason.
    Col("others", Json, nullable=False),
    sa.Index("ix_assignment_decisions_person", "institution_id", "person_id", "at"),
)

# Attempts that the rule has to look at, and when next.
assignment_queue = _table(
    "assignment_queue",
    Col("workitem_id", sa.Text, sa.ForeignKey("workitems.id"), primary_key=True),
    Col("request_id", sa.Text, nullable=False),
    Col("institution_id", sa.Text, nullable=False),
    Col("service", sa.Text, nullable=False),
    Col("due_at", UtcTime),
    Col("next_at", UtcTime, nullable=False, index=True),
    # What it found last, and why not better.
    Col("found", sa.Text, nullable=False),
    sa.Index("ix_assignment_queue_institution", "institution_id", "found", "due_at"),
)
