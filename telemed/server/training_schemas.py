"""The JSON contract of training: courses, lectures, who takes part, and what they did there."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from telemed.core.checkin import DIGITS
from telemed.core.quiz import MOST_OPTIONS, MOST_QUESTIONS, QuestionKind
from telemed.core.training import (
    TERMS,
    CourseKind,
    CourseState,
    EnrolmentState,
    LectureState,
)
from telemed.server.calendar_schemas import Moment
from telemed.server.schemas import Code, In, Out, Words

Title = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Line = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True)]
Note = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
Specialty = Annotated[str, StringConstraints(pattern=r"^\d\d(\.\d\d)?$|^$")]
JoinAddress = Annotated[
    str,
    StringConstraints(
        max_length=300, strip_whitespace=True, pattern=r"^((https?://|sips?:|h323:)[!-~]+)?$"
    ),
]
"""A page that opens, or a bridge's address; nothing that a browser would run."""
SixDigits = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=rf"^[0-9]{{{DIGITS}}}$")
]


class LecturerIn(In):
    """A lecturer: of the own register by id, or from elsewhere by name."""

    person_id: Code | None = None
    name: Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)] = ""
    title: Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)] = ""

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.person_id is None and not self.name:
            raise ValueError("a lecturer has a name")
        return self


class OfferIn(In):
    """To whom a course is offered."""

    kind: Literal["alliance", "institution"]
    id: Code


class QuestionIn(In):
    """A question; `right` are the places of the right options, counted from nought."""

    kind: QuestionKind
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
    options: list[
        Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
    ] = Field(min_length=2, max_length=MOST_OPTIONS)
    right: list[Annotated[int, Field(ge=0, lt=MOST_OPTIONS)]] = Field(
        min_length=1, max_length=MOST_OPTIONS
    )
    points: int = Field(default=1, ge=1, le=100)


class CourseIn(In):
    """All that is reviewed of a course."""

    kind: CourseKind
    title: Title
    specialty: Specialty = ""
    target_group: Line = ""
    summary: Text = ""
    lecturers: list[LecturerIn] = Field(default=[], max_length=TERMS.most_lecturers)
    offers: list[OfferIn] = Field(default=[], max_length=400)
    credit_tenths: int = Field(default=0, ge=0, le=500)
    credit_class: Literal["", "I", "II"] = ""
    required_percent: int = Field(default=80, ge=1, le=100)
    quiz: list[QuestionIn] = Field(default=[], max_length=MOST_QUESTIONS)
    pass_mark: int = Field(default=60, ge=1, le=100)
    most_sittings: int = Field(default=3, ge=1, le=10)


class CourseEdit(CourseIn):
    version: int


class SeenIn(In):
    """The version that was seen."""

    version: int


class BecauseOf(SeenIn):
    """Why, by a code of the catalogue's reasons and in words beside it."""

    reason: Code
    note: Note = ""


class LectureIn(In):
    """When and where a lecture is, for how many, and how its code works."""

    title: Line = ""
    since: Moment
    until: Moment
    minutes: int = Field(ge=5, le=24 * 60)
    place: Line = ""
    join_address: JoinAddress = ""
    appointment_id: Code | None = None
    quota: int | None = Field(default=None, ge=1, le=TERMS.most_places)
    most_waiting: int = Field(default=50, ge=0, le=TERMS.most_waiting)
    on_the_spot: bool = True
    code_seconds: int = Field(default=30, ge=0, le=3600)
    code_before: int = Field(default=30, ge=0, le=240)
    code_after: int = Field(default=60, ge=1, le=720)


class LectureEdit(LectureIn):
    version: int


class CodeIn(In):
    code: SixDigits


class AnswersIn(In):
    """The places of the chosen options, question by question. `sitting` is which one it is, from
    1: one that was handed in already is not counted again."""

    sitting: int | None = Field(default=None, ge=1, le=100)
    answers: list[Annotated[list[int], Field(max_length=MOST_OPTIONS)]] = Field(
        max_length=MOST_QUESTIONS
    )


class FeedbackIn(In):
    """Marks from 1 to 5 by item, and words."""

    marks: dict[str, Annotated[int, Field(ge=1, le=5)]] = Field(max_length=10)
    words: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)] = ""


class PlayIn(In):
    """Where a page is in a film, in seconds; `begins` when it, or a paper, was just opened."""

    position: int = Field(ge=0, le=24 * 3600)
    begins: bool = False


# --- what goes out --------------------------------------------------------------------------------


class LecturerOut(Out):
    person_id: str | None
    name: str
    title: str


class OfferOut(Out):
    kind: str
    id: str
    name: str


class MyEnrolment(Out):
    """How oneself stands to a lecture; `before` how many wait before one, `by_code` whether one
    checks in by the code: who could have looked it up first is checked in by hand."""

    state: EnrolmentState
    state_words: Words
    before: int | None
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    on_the_spot: bool
    seconds: int
    feedback_given: bool
    by_code: bool


class LectureOut(Out):
    """A lecture; the way in is told to those who have a place."""

    id: str
    number: str
    course_id: str
    title: str
    since: datetime
    until: datetime
    minutes: int
    place: str
    join_address: str
    appointment_id: str | None
    quota: int | None
    most_waiting: int
    on_the_spot: bool
    code_seconds: int
    code_before: int
    code_after: int
    state: LectureState
    state_words: Words
    version: int
    taken: int
    waiting: int
    came: int
    begun_at: datetime | None
    finished_at: datetime | None
    reason: dict[str, Any] | None
    checks_in: bool
    check_in_opens: datetime
    check_in_closes: datetime
    code_from: datetime
    """From when on the code is shown to those who run it."""
    mine: MyEnrolment | None
    allowed: list[str]
    begins_from: datetime
    """From when *begin* is taken."""


class CourseOut(Out):
    id: str
    number: str
    offerer_id: str
    offerer_name: str
    kind: CourseKind
    kind_words: Words
    title: str
    specialty: str
    target_group: str
    summary: str
    lecturers: list[LecturerOut]
    offers: list[OfferOut]
    credit_tenths: int
    credit_class: str
    required_percent: int
    pass_mark: int
    most_sittings: int
    state: CourseState
    state_words: Words
    version: int
    reason: dict[str, Any] | None
    published_at: datetime | None
    updated_at: datetime
    lectures: list[LectureOut]
    allowed: list[str]


class CoursePage(Out):
    items: list[CourseOut]
    total: int


class MaterialOut(Out):
    id: str
    name: str
    media: str
    size: int
    played: bool
    plays: int
    position: int
    watched: int
    opened: bool
    """By whoever asks."""


class CourseMoveOut(Out):
    n: int
    lecture_id: str | None
    event: str
    event_words: Words
    state: str
    reason: dict[str, Any] | None
    moved_by: str
    moved_at: datetime


class CreditOut(Out):
    id: str
    code: str
    course_id: str
    title: str
    number: str
    offerer_name: str
    tenths: int
    credit_class: str
    seconds: int
    score: int | None
    given_at: datetime


class CourseWhole(CourseOut):
    """With its material, what oneself has got of it, and its history for those who run it."""

    questions: int
    materials: list[MaterialOut]
    credit: CreditOut | None
    best_score: int | None
    passed: bool
    quiz_sat: int | None
    quiz_passed: int | None
    moves: list[CourseMoveOut]


class LectureWhole(Out):
    seq: int
    lecture: LectureOut
    course: CourseOut


class CodeOut(Out):
    """The code of now; `address` opens the check-in page with the code in its fragment."""

    code: str
    changes_at: datetime | None
    opens: datetime
    closes: datetime
    now: datetime
    address: str


class LearnerOut(Out):
    account_id: str
    name: str
    institution_name: str
    state: EnrolmentState
    state_words: Words
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    on_the_spot: bool
    by_hand: bool
    """Checked in by those who give the lecture, not by the code."""
    seconds: int
    allowed: list[str]


class LearnerPage(Out):
    items: list[LearnerOut]
    total: int
    counts: dict[str, int]


class HereOut(Out):
    seconds: int


class QuestionOut(Out):
    """A question without its answer."""

    kind: QuestionKind
    text: str
    options: list[str]
    points: int


class SittingOut(Out):
    """What was answered; `right` says which questions were answered rightly."""

    n: int
    answers: list[list[int]]
    score: int
    passed: bool
    sat_at: datetime
    right: list[bool]


class QuizOut(Out):
    """A quiz as a learner may see it; `answers` are there once nothing can be gained by them."""

    course_id: str
    title: str
    questions: list[QuestionOut]
    pass_mark: int
    most_sittings: int
    sittings: list[SittingOut]
    may_sit: bool
    answers: list[list[int]] | None


class KeyOut(Out):
    """The quiz with its answers."""

    questions: list[QuestionIn]


class FeedbackItem(Out):
    item: str
    words: Words
    mean: float | None


class FeedbackOut(Out):
    count: int
    least: int
    items: list[FeedbackItem]
    words: list[str]


class CreditList(Out):
    credits: list[CreditOut]
    total_tenths: int


class CertificateOut(Out):
    """What a certificate says, to compare with the paper."""

    code: str
    name: str
    institution: str
    offerer: str
    title: str
    number: str
    tenths: int
    credit_class: str
    given_at: datetime
