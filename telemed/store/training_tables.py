"""The tables of training: courses, lectures, who takes part, and what they did there.

A learner is an account; the institution is kept with everything they did, since people move. A
quiz's answers stand in the course's own column, which no listing reads.
"""

import sqlalchemy as sa

from telemed.store.columns import Col, Json, UtcTime, partial_index
from telemed.store.columns import table as _table

# --- training -----------------------------------------------------------------------------------

courses = _table(
    "courses",
    Col("id", sa.Text, primary_key=True),
    Col("number", sa.Text, nullable=False, unique=True),
    Col("service", sa.Text, nullable=False),
    Col("offerer_id", sa.Text, sa.ForeignKey("institutions.id"), nullable=False, index=True),
    # One of core.training.CourseKind.
    Col("kind", sa.Text, nullable=False),
    Col("title", sa.Text, nullable=False),
    Col("specialty", sa.Text, nullable=False),
    Col("target_group", sa.Text, nullable=False),
    Col("summary", sa.Text, nullable=False),
    # Names and titles as printed; person_id where they are of the register.
    Col("lecturers", Json, nullable=False),
    # Of a credit: 0 is a course without.
    Col("credit_tenths", sa.Integer, nullable=False),
    Col("credit_class", sa.Text, nullable=False),
    Col("required_percent", sa.Integer, nullable=False),
    Col("quiz", Json, nullable=False),
    Col("pass_mark", sa.Integer, nullable=False),
    Col("most_sittings", sa.Integer, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    Col("reason", Json),
    Col("made_by", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("applied_by", sa.Text),
    Col("published_at", UtcTime),
    Col("updated_at", UtcTime, nullable=False),
    sa.Index("ix_courses_offerer_state", "offerer_id", "state"),
)

# To whom a course is offered: an alliance's members of today, or an institution.
course_offers = _table(
    "course_offers",
    Col("course_id", sa.Text, sa.ForeignKey("courses.id"), primary_key=True),
    Col("kind", sa.Text, primary_key=True),
    Col("target_id", sa.Text, primary_key=True),
    sa.Index("ix_course_offers_target", "target_id", "course_id"),
)

# Never rewritten: each step of a course or of one of its lectures.
course_moves = _table(
    "course_moves",
    Col("course_id", sa.Text, sa.ForeignKey("courses.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("lecture_id", sa.Text),
    Col("event", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("reason", Json),
    Col("moved_by", sa.Text, nullable=False),
    Col("moved_at", UtcTime, nullable=False),
)

lectures = _table(
    "lectures",
    Col("id", sa.Text, primary_key=True),
    Col("number", sa.Text, nullable=False, unique=True),
    Col("course_id", sa.Text, sa.ForeignKey("courses.id"), nullable=False, index=True),
    Col("offerer_id", sa.Text, nullable=False),
    Col("title", sa.Text, nullable=False),
    Col("since", UtcTime, nullable=False),
    Col("until", UtcTime, nullable=False),
    # How long it is: for a course on demand less than the time in which it may be watched.
    Col("minutes", sa.Integer, nullable=False),
    Col("place", sa.Text, nullable=False),
    Col("join_address", sa.Text, nullable=False),
    Col("appointment_id", sa.Text, sa.ForeignKey("appointments.id")),
    Col("quota", sa.Integer),
    Col("most_waiting", sa.Integer, nullable=False),
    Col("on_the_spot", sa.Boolean, nullable=False),
    Col("code_secret", sa.Text, nullable=False),
    Col("code_seconds", sa.Integer, nullable=False),
    Col("code_before", sa.Integer, nullable=False),
    Col("code_after", sa.Integer, nullable=False),
    Col("state", sa.Text, nullable=False),
    Col("version", sa.Integer, nullable=False),
    # Counted in the lecture's turn: who has a place, who waits, who came.
    Col("taken", sa.Integer, nullable=False),
    Col("waiting", sa.Integer, nullable=False),
    Col("came", sa.Integer, nullable=False),
    Col("queue", sa.Integer, nullable=False),
    Col("begun_at", UtcTime),
    Col("finished_at", UtcTime),
    Col("reason", Json),
    Col("made_at", UtcTime, nullable=False),
    Col("updated_at", UtcTime, nullable=False),
    sa.Index("ix_lectures_until", "until", "since"),
)

enrolments = _table(
    "enrolments",
    Col("lecture_id", sa.Text, sa.ForeignKey("lectures.id"), primary_key=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True, index=True),
    Col("person_id", sa.Text, index=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("state", sa.Text, nullable=False),
    # Their place in the order in which people came to it.
    Col("n", sa.Integer, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("checked_in_at", UtcTime),
    Col("checked_out_at", UtcTime),
    # The account of whoever checked them in by hand; nothing for a code.
    Col("checked_in_by", sa.Text),
    Col("on_the_spot", sa.Boolean, nullable=False),
    # How long they were there; what is beyond the whole seconds, in microseconds.
    Col("seconds", sa.Integer, nullable=False),
    Col("micros", sa.Integer, nullable=False, server_default="0"),
    Col("beat_at", UtcTime),
    Col("pauses", sa.Integer, nullable=False),
    sa.Index("ix_enrolments_order", "lecture_id", "n"),
    partial_index("ix_enrolments_waiting", "lecture_id", "n", where="state = 'waiting'"),
)

code_guesses = _table(
    "code_guesses",
    Col("lecture_id", sa.Text, sa.ForeignKey("lectures.id"), primary_key=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    Col("wrong", sa.Integer, nullable=False),
    Col("first_at", UtcTime, nullable=False),
)

course_materials = _table(
    "course_materials",
    Col("id", sa.Text, primary_key=True),
    Col("course_id", sa.Text, sa.ForeignKey("courses.id"), nullable=False, index=True),
    Col("name", sa.Text, nullable=False),
    Col("media", sa.Text, nullable=False),
    Col("size", sa.BigInteger, nullable=False),
    Col("blob", sa.Text, nullable=False),
    Col("made_by", sa.Text, nullable=False),
    Col("made_at", UtcTime, nullable=False),
    Col("removed_by", sa.Text),
    Col("removed_at", UtcTime),
)

material_plays = _table(
    "material_plays",
    Col("material_id", sa.Text, sa.ForeignKey("course_materials.id"), primary_key=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    Col("plays", sa.Integer, nullable=False),
    # Where they left off, and how long they have watched in all; seconds, and microseconds beyond.
    Col("position", sa.Integer, nullable=False),
    Col("watched", sa.Integer, nullable=False),
    Col("micros", sa.Integer, nullable=False, server_default="0"),
    Col("beat_at", UtcTime, nullable=False),
)

quiz_sittings = _table(
    "quiz_sittings",
    Col("course_id", sa.Text, sa.ForeignKey("courses.id"), primary_key=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    Col("n", sa.Integer, primary_key=True, autoincrement=False),
    Col("institution_id", sa.Text, nullable=False),
    Col("answers", Json, nullable=False),
    Col("score", sa.Integer, nullable=False),
    Col("passed", sa.Boolean, nullable=False),
    Col("sat_at", UtcTime, nullable=False),
)

lecture_feedback = _table(
    "lecture_feedback",
    Col("lecture_id", sa.Text, sa.ForeignKey("lectures.id"), primary_key=True),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    Col("institution_id", sa.Text, nullable=False),
    Col("marks", Json, nullable=False),
    Col("words", sa.Text, nullable=False),
    Col("given_at", UtcTime, nullable=False),
)

credits = _table(
    "credits",
    Col("id", sa.Text, primary_key=True),
    Col("code", sa.Text, nullable=False, unique=True),
    Col("course_id", sa.Text, sa.ForeignKey("courses.id"), nullable=False),
    Col("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    Col("person_id", sa.Text),
    Col("institution_id", sa.Text, nullable=False),
    # As they stood on the day, for the certificate.
    Col("name", sa.Text, nullable=False),
    Col("institution_name", sa.Text, nullable=False),
    Col("tenths", sa.Integer, nullable=False),
    Col("credit_class", sa.Text, nullable=False),
    Col("seconds", sa.Integer, nullable=False),
    Col("score", sa.Integer),
    Col("given_at", UtcTime, nullable=False),
    sa.UniqueConstraint("course_id", "account_id"),
)
