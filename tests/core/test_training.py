"""Places, credit, codes, presence, quizzes and material: the rules of training without I/O."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.core import checkin, coursework, quiz, training
from telemed.core.checkin import Guesses, Presence
from telemed.core.errors import Problem
from telemed.core.quiz import Question, QuestionKind
from telemed.core.training import CourseKind, LectureState, Studied

NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


# --- places ---------------------------------------------------------------------------------------


@given(st.one_of(st.none(), st.integers(1, 50)), st.integers(0, 50), st.integers(0, 20))
def test_never_more_people_than_places_move_up(quota: int | None, taken: int, wait: int) -> None:
    """Who moves up waited first, and fits."""
    waiting = [str(n) for n in range(wait)]
    moved = training.moving_up(quota, taken, waiting)
    assert moved == waiting[: len(moved)]
    assert quota is None or not moved or taken + len(moved) <= quota
    left = training.places_left(quota, taken)
    assert len(moved) == (wait if left is None else min(wait, left))
    assert training.has_room(quota, taken) == (left is None or left > 0)


@pytest.mark.parametrize(
    ("kind", "begins", "lasts", "minutes", "code"),
    [
        (CourseKind.LIVE, 60, 90, 90, ""),
        (CourseKind.LIVE, -60, 90, 90, ""),
        (CourseKind.LIVE, -90, 90, 90, "time-past"),
        (CourseKind.LIVE, 60, 4, 4, "impossible-time"),
        (CourseKind.LIVE, 60, 12 * 60 + 1, 90, "impossible-time"),
        (CourseKind.LIVE, 60, 90, 91, "impossible-time"),
        (CourseKind.LIVE, 401 * 24 * 60, 90, 90, "impossible-time"),
        (CourseKind.ON_DEMAND, 60, 90 * 24 * 60, 45, ""),
        (CourseKind.ON_DEMAND, 60, 401 * 24 * 60, 45, "impossible-time"),
    ],
)
def test_when_a_lecture_may_be(
    kind: CourseKind, begins: int, lasts: int, minutes: int, code: str
) -> None:
    """Not over yet, not too far, not longer than its kind may be, and as long as it says."""
    since = NOW + begins * MINUTE
    try:
        training.require_time(kind, since, since + lasts * MINUTE, minutes, NOW)
        got = ""
    except Problem as problem:
        got = problem.code
    assert got == code


def test_a_lecture_begins_an_hour_before_its_time_at_the_earliest() -> None:
    """Not the day before by a slip."""
    training.require_due(NOW + 60 * MINUTE, NOW)
    with pytest.raises(Problem) as caught:
        training.require_due(NOW + 61 * MINUTE, NOW)
    assert caught.value.code == "too-early"


# --- credit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", LectureState)
def test_a_lecture_keeps_its_lecturers_while_people_may_come_and_there_is_a_way(
    state: LectureState,
) -> None:
    """Any of a place, an address and an appointment is a way."""
    open_ = state in {LectureState.ENROLLING, LectureState.CLOSED, LectureState.UNDER_WAY}
    for ways in (("示教室", "", None), ("", "https://live", None), ("", "", "appointment")):
        assert training.keeps_time(state, *ways) == open_
    assert not training.keeps_time(state, "", "", None)


def test_a_share_is_of_the_whole_course_and_nobody_is_there_longer_than_it_lasts() -> None:
    """Twice the time in one lecture makes up for no other."""
    assert training.share_of([]) == 0.0
    assert training.share_of([Studied(600, 600), Studied(600, 0)]) == 0.5
    assert training.share_of([Studied(600, 1800), Studied(600, 0)]) == 0.5


@pytest.mark.parametrize(
    ("tenths", "share", "quiz_there", "passed", "earns"),
    [
        (10, 0.8, False, False, True),
        (10, 0.799, False, False, False),
        (10, 1.0, True, False, False),
        (10, 1.0, True, True, True),
        (0, 1.0, True, True, False),
    ],
)
def test_credit_needs_the_time_and_the_quiz(
    tenths: int, share: float, quiz_there: bool, passed: bool, earns: bool
) -> None:
    """Both, and a course that gives any."""
    assert training.earns_credit(tenths, share, 80, quiz_there, passed) is earns


# --- codes ----------------------------------------------------------------------------------------


def test_a_code_lives_for_its_turn_and_the_next() -> None:
    """Whoever types the last one is in time; whoever hears of it later is not."""
    code = checkin.code_at("secret", 30, NOW)
    assert len(code) == checkin.DIGITS and code.isdigit()
    assert checkin.is_code(code, "secret", 30, NOW + timedelta(seconds=59))
    assert not checkin.is_code(code, "secret", 30, NOW + timedelta(seconds=60))
    assert not checkin.is_code(code, "another", 30, NOW)
    assert not checkin.is_code("１２３４５６", "secret", 30, NOW)
    assert checkin.changes_at(30, NOW) == NOW + timedelta(seconds=30)


def test_a_code_that_stays_stays() -> None:
    """For a hall with a printed sheet."""
    code = checkin.code_at("secret", 0, NOW)
    assert checkin.is_code(code, "secret", 0, NOW + timedelta(days=3))
    assert checkin.changes_at(0, NOW) is None


def test_the_window_is_half_open() -> None:
    """From its first moment up to its last."""
    window = checkin.window(NOW, 30, 60)
    assert [window.has(NOW + at * MINUTE) for at in (-31, -30, 0, 59, 60)] == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_guesses_are_counted_and_forgotten() -> None:
    """Five in ten minutes, then none is looked at."""
    so_far = Guesses()
    for n in range(checkin.MOST_WRONG):
        assert not checkin.is_barred(so_far, NOW)
        so_far = checkin.one_more(so_far, NOW + n * MINUTE)
    last = NOW + 9 * MINUTE
    assert checkin.is_barred(so_far, last) and checkin.barred_seconds(so_far, last) == 60
    assert not checkin.is_barred(so_far, NOW + checkin.WRONG_FORGOTTEN)
    assert checkin.one_more(so_far, NOW + checkin.WRONG_FORGOTTEN).wrong == 1


# --- presence -------------------------------------------------------------------------------------


def test_time_counts_from_beat_to_beat_within_the_lecture() -> None:
    """Not what is before its beginning, after its end, or too long for an open page."""
    begins = NOW + 5 * MINUTE
    ends = NOW + 8 * MINUTE
    so_far = checkin.heard(Presence(), NOW, begins, None)
    assert so_far == Presence(0, NOW, 0)
    for at, seconds, pauses in ((2, 0, 0), (4, 0, 0), (6, 60, 0), (7, 120, 0), (9, 180, 0)):
        so_far = checkin.heard(so_far, NOW + at * MINUTE, begins, ends)
        assert (so_far.seconds, so_far.pauses) == (seconds, pauses), at
    away = checkin.heard(so_far, NOW + 20 * MINUTE, begins, None)
    assert (away.seconds, away.pauses) == (180, 1)


GAPS = st.lists(st.integers(-2_000_000, 200_000_000), max_size=40)


@given(GAPS, st.integers(0, 300_000_000), st.integers(0, 2_000_000_000))
def test_no_moment_is_lost_or_counted_twice(gaps: list[int], begins: int, lasts: int) -> None:
    """However often a page speaks: to the microsecond what lies between words that were close
    enough, within the lecture, each moment once although a word comes late."""
    since = NOW + timedelta(microseconds=begins)
    until = since + timedelta(microseconds=lasts)
    so_far, now, last = checkin.heard(Presence(), NOW, since, until), NOW, NOW
    counted, away = timedelta(), 0
    for gap in gaps:
        now += timedelta(microseconds=gap)
        so_far = checkin.heard(so_far, now, since, until)
        if now <= last:
            continue
        if now - last > timedelta(seconds=150):
            away += 1
        else:
            counted += max(timedelta(), min(now, until) - max(last, since))
        last = now
    assert timedelta(seconds=so_far.seconds, microseconds=so_far.micros) == counted
    assert 0 <= so_far.micros < 1_000_000
    assert (so_far.pauses, so_far.beat_at) == (away, last)


# --- quiz -----------------------------------------------------------------------------------------

ONE = Question(QuestionKind.SINGLE, "首选？", ("甲", "乙", "丙"), frozenset({1}), 2)
MANY = Question(QuestionKind.MULTIPLE, "哪些？", ("甲", "乙", "丙"), frozenset({0, 2}), 3)
YES = Question(QuestionKind.TRUE_FALSE, "对吗？", quiz.TRUE_FALSE, frozenset({0}), 1)


def test_a_question_is_right_as_a_whole_or_not() -> None:
    """Half of the right options is not half of the points; scores are rounded down."""
    full = quiz.grade([ONE, MANY, YES], [[1], [2, 0], [0]], 60)
    assert (full.score, full.passed, full.right) == (100, True, (True, True, True))
    half = quiz.grade([ONE, MANY, YES], [[1], [0], [0]], 60)
    assert (half.score, half.passed, half.right) == (50, False, (True, False, True))
    assert quiz.grade([ONE, MANY, YES], [[1], [0], [1]], 33).score == 33
    assert quiz.grade([ONE, MANY, YES], [[], [], []], 1).score == 0


@pytest.mark.parametrize(
    "answers", [[], [[1]], [[1], [0], [0], [0]], [[3], [0], [0]], [[-1], [], []]]
)
def test_answers_to_other_questions_are_refused(answers: list[list[int]]) -> None:
    """Neither too few, nor too many, nor places that no option has."""
    with pytest.raises(Problem) as caught:
        quiz.grade([ONE, MANY, YES], answers, 60)
    assert caught.value.code == "invalid"


def test_what_is_asked_holds_no_answer() -> None:
    """A page cannot show what it was not sent."""
    for question in (ONE, MANY, YES):
        assert set(quiz.asked(question)) == {"kind", "text", "options", "points"}


@pytest.mark.parametrize(
    "wrong",
    [
        Question(QuestionKind.SINGLE, " ", ("甲", "乙"), frozenset({0}), 1),
        Question(QuestionKind.SINGLE, "？", ("甲",), frozenset({0}), 1),
        Question(QuestionKind.SINGLE, "？", ("甲", "甲"), frozenset({0}), 1),
        Question(QuestionKind.SINGLE, "？", ("甲", "乙"), frozenset({0, 1}), 1),
        Question(QuestionKind.SINGLE, "？", ("甲", "乙"), frozenset({2}), 1),
        Question(QuestionKind.MULTIPLE, "？", ("甲", "乙"), frozenset(), 1),
        Question(QuestionKind.TRUE_FALSE, "？", ("是", "否"), frozenset({0}), 1),
    ],
)
def test_a_question_that_nobody_can_answer_is_named(wrong: Question) -> None:
    """Before anybody sits it."""
    quiz.require_sound([ONE, MANY, YES])
    with pytest.raises(Problem) as caught:
        quiz.require_sound([ONE, wrong])
    assert (caught.value.code, caught.value.facts["number"]) == ("quiz-unsound", 2)


# --- material -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"<!DOCTYPE html>", None),
        (b"<svg xmlns=", None),
        (b"GIF89a", None),
        (b"PK\x03\x04", None),
        (b"\x00\x00\x00\x20ftypheic", None),
        (b" %PDF-1.7", None),
        (b"", None),
    ],
)
def test_a_file_is_what_its_first_bytes_say(head: bytes, media: str | None) -> None:
    """Whatever its name claims."""
    assert coursework.media_of(head) == media


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("课件.pdf", "课件.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\windows\\evil.exe", "evil.pdf"),
        ("a\u202egpj.exe", "agpj.pdf"),
        ("x.html", "x.pdf"),
        ("\r\nSet-Cookie: a", "Set-Cookie: a.pdf"),
        ("...", "material.pdf"),
        ("", "material.pdf"),
        ("长" * 300, "长" * coursework.MOST_NAME + ".pdf"),
    ],
)
def test_a_name_is_only_shown(given_name: str, shown: str) -> None:
    """Its last part, without what cannot be seen, with the ending of its content."""
    assert coursework.name_of(given_name, "application/pdf") == shown
