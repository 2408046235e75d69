"""Occasions of training, and whom a ladder can tell of them.

What is of a course goes to those who review it or applied with it, what is of a lecture to its many
people, and a place or a credit to the one whose it is. Facts that begin and end them stand with the
others in `escalation`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from telemed.core.escalation import Occasion, Who

OF_A_LEARNER = frozenset({Occasion.MOVED_UP, Occasion.CREDIT_GIVEN})
"""Of one person who takes part, and told to them; the fact names their account."""

OF_A_COURSE = frozenset(
    {Occasion.COURSE_TO_REVIEW, Occasion.COURSE_REVIEWED, Occasion.CREDIT_GIVEN}
)
OF_A_LECTURE = frozenset(
    {Occasion.MOVED_UP, Occasion.LECTURE_NEAR, Occasion.LECTURE_MOVED, Occasion.LECTURE_OFF}
)
OF_TRAINING = OF_A_COURSE | OF_A_LECTURE

CROWDS = frozenset({Who.ENROLLED, Who.TAKING_PART})
"""So many people that they are told in parts: a thousand at once would hold up everybody else."""

LEARN = CROWDS | {Who.REVIEWERS, Who.APPLICANT, Who.LEARNER, Who.LECTURERS}
"""People whom only training has."""

_RUN = frozenset({Who.PROVIDER_COORDINATORS, Who.PROVIDER_ADMINS})
TAUGHT: Mapping[Occasion, frozenset[Who]] = MappingProxyType(
    {
        **dict.fromkeys(OF_A_COURSE, frozenset({Who.REVIEWERS, Who.APPLICANT}) | _RUN),
        **dict.fromkeys(OF_A_LECTURE, CROWDS | {Who.LECTURERS} | _RUN),
        **dict.fromkeys(OF_A_LEARNER, frozenset({Who.LEARNER}) | _RUN),
    }
)
"""Whom an occasion of training can tell."""
