"""What people do with a course: draft it, apply, review, publish, archive, cancel.

The one door to a course is `load`: whoever it is not offered to learns nothing, not even that the
id exists. Its institution's own people who may give courses see all of theirs and run them. Every
change of a course or of what hangs on it happens in the course's turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.activity import Fact, Kind
from telemed.core.coursework import MEDIA
from telemed.core.errors import Problem
from telemed.core.quiz import questions_of, require_sound
from telemed.core.training import (
    COURSES,
    EDITABLE,
    KINDS,
    TERMS,
    CourseEvent,
    CourseKind,
    CourseState,
)
from telemed.core.workdays import ZONE
from telemed.store import courses, learning, people, requests
from telemed.store.courses import Asked, Viewer
from telemed.store.tx import Row

FACTS: Final[Mapping[CourseEvent, Kind]] = {
    CourseEvent.APPLY: Kind.COURSE_APPLIED,
    CourseEvent.APPROVE: Kind.COURSE_APPROVED,
    CourseEvent.RETURN: Kind.COURSE_RETURNED,
    CourseEvent.PUBLISH: Kind.COURSE_PUBLISHED,
    CourseEvent.ARCHIVE: Kind.COURSE_ARCHIVED,
    CourseEvent.CANCEL: Kind.COURSE_CANCELED,
}
"""What each step is told as."""


@dataclass(frozen=True, slots=True)
class Why:
    """A coded reason, and words beside it."""

    code: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """All that is reviewed of a course."""

    kind: CourseKind
    title: str
    specialty: str
    target_group: str
    summary: str
    lecturers: tuple[Mapping[str, Any], ...]
    offers: tuple[tuple[str, str], ...]
    credit_tenths: int
    credit_class: str
    required_percent: int
    quiz: tuple[Mapping[str, Any], ...]
    pass_mark: int
    most_sittings: int


# --- seeing ---------------------------------------------------------------------------------------


def viewer(act: Act) -> Viewer:
    """Who looks."""
    held = act.subject.permissions
    gives = Permission.GIVE_TRAINING in held or Permission.REVIEW_TRAINING in held
    today = act.now.astimezone(ZONE).date()
    return Viewer(act.subject.own_institution, act.subject.account_id, gives, today)


def load(act: Act, course_id: str) -> Row:
    """A course that exists for the subject; Problem("not-found") for any other."""
    act.subject.require(Permission.SEE_TRAINING)
    row = courses.get(act.tx, course_id)
    if row is None or not courses.seen(act.tx, course_id, viewer(act)):
        raise Problem("not-found")
    return row


def is_staff(act: Act, course: Row) -> bool:
    """Whether the subject runs the course: its institution's, and may give courses."""
    own = act.subject.institution_id == course["offerer_id"]
    return own and Permission.GIVE_TRAINING in act.subject.permissions


def require_staff(act: Act, course: Row) -> None:
    """Problem("forbidden") for whoever may only take part."""
    if not is_staff(act, course):
        raise Problem("forbidden", action=Permission.GIVE_TRAINING.value)


def require_reviewer(act: Act, course: Row) -> None:
    """Problem("forbidden") unless a reviewer of the institution that offers it."""
    act.subject.require(Permission.REVIEW_TRAINING)
    if act.subject.institution_id != course["offerer_id"]:
        raise Problem("forbidden", action=Permission.REVIEW_TRAINING.value)


def gives_it(act: Act, course: Row) -> bool:
    """Whether the subject made the course or lectures in it: they know the quiz's answers."""
    person = act.subject.person_id
    lecturing = {row.get("person_id") for row in course["lecturers"]} - {None}
    return act.subject.account_id == course["made_by"] or person in lecturing


def listed(act: Act, asked: Asked) -> tuple[list[Row], int]:
    """A page of courses; what one gives and reviews is for those who may."""
    act.subject.require(Permission.SEE_TRAINING)
    if asked.view in _STAFF_VIEWS:
        act.subject.require(_STAFF_VIEWS[asked.view])
    return courses.page(act.tx, viewer(act), asked, act.now)


_STAFF_VIEWS: Final[Mapping[str, Permission]] = {
    "given": Permission.GIVE_TRAINING,
    "review": Permission.REVIEW_TRAINING,
}


def answers(act: Act, course_id: str) -> Row:
    """A course with the quiz's answers: for who made it or lectures, and for the reviewer while
    the review lasts."""
    course = load(act, course_id)
    require_staff(act, course)
    reviews = Permission.REVIEW_TRAINING in act.subject.permissions
    under_review = CourseState(course["state"]) in (CourseState.APPLIED, CourseState.APPROVED)
    if not gives_it(act, course) and not (reviews and under_review):
        raise Problem("answers-kept")
    return course


# --- writing --------------------------------------------------------------------------------------


def turn(act: Act, course_id: str, version: int | None = None) -> Row:
    """A course that nobody else changes meanwhile and nobody has since `version`."""
    act.tx.take_turn(f"course {course_id}")
    course = load(act, course_id)
    if version is not None and course["version"] != version:
        raise Problem("stale", current=course["version"])
    return course


def draft(act: Act, text: Text) -> str:
    """Begin a course; its id."""
    act.subject.require(Permission.GIVE_TRAINING)
    service = next((s for s in act.catalogue.services.values() if s.begins == "course"), None)
    if service is None or not service.runs:
        raise Problem("service-not-live", service={"zh": "教育培训", "en": "training"})
    key, day = act.new_id(), act.now.astimezone(ZONE).strftime("%Y%m%d")
    row = {
        "id": key,
        "number": requests.next_number(act.tx, service.number_prefix, day),
        "service": service.code,
        "offerer_id": act.subject.own_institution,
        **_columns(act, text),
        "state": CourseState.DRAFT.value,
        "version": 1,
        "reason": None,
        "made_by": act.subject.account_id,
        "made_at": act.now,
        "updated_at": act.now,
    }
    courses.add(act.tx, row)
    courses.set_offers(act.tx, key, _offers(act, text))
    record(act, row, "draft", CourseState.DRAFT.value)
    tell(act, row, Kind.COURSE_DRAFTED)
    return key


def edit(act: Act, course_id: str, version: int, text: Text) -> None:
    """Change what will be reviewed; not while it is, and not after."""
    course = turn(act, course_id, version)
    require_editable(act, course)
    if text.kind.value != course["kind"] and courses.lectures_of(act.tx, [course_id])[course_id]:
        raise Problem("invalid", detail="kind")
    _change(act, course, _columns(act, text))
    courses.set_offers(act.tx, course_id, _offers(act, text))


def require_editable(act: Act, course: Row) -> None:
    """Problem unless its own people may change it now."""
    require_staff(act, course)
    if CourseState(course["state"]) not in EDITABLE:
        raise Problem("course-reviewed")


def _columns(act: Act, text: Text) -> dict[str, Any]:
    require_sound(questions_of(text.quiz))
    return {
        "kind": text.kind.value,
        "title": text.title,
        "specialty": text.specialty,
        "target_group": text.target_group,
        "summary": text.summary,
        "lecturers": [_lecturer(act, row) for row in text.lecturers],
        "credit_tenths": text.credit_tenths,
        "credit_class": text.credit_class,
        "required_percent": text.required_percent,
        "quiz": [dict(row) for row in text.quiz],
        "pass_mark": text.pass_mark,
        "most_sittings": text.most_sittings,
    }


def _lecturer(act: Act, given: Mapping[str, Any]) -> dict[str, Any]:
    """A lecturer as printed: of the own register by id, from anywhere else by name."""
    key = given.get("person_id")
    if key is None:
        return {"person_id": None, "name": given["name"], "title": given["title"]}
    person = people.person(act.tx, key)
    if person is None or person["institution_id"] != act.subject.institution_id:
        raise Problem("not-found")
    title = people.title_words(person["title"])[0]
    return {"person_id": key, "name": person["name"], "title": title}


def _offers(act: Act, text: Text) -> Sequence[tuple[str, str]]:
    """To whom it is offered: alliances one is a member of, and institutions of the register."""
    own, today = act.subject.own_institution, act.now.astimezone(ZONE).date()
    alliances = {target for kind, target in text.offers if kind == "alliance"}
    places = {target for kind, target in text.offers if kind == "institution"}
    if not alliances <= courses.alliances_on(act.tx, own, today):
        raise Problem("not-found")
    if not courses.are_institutions(act.tx, places):
        raise Problem("not-found")
    return text.offers


# --- steps ----------------------------------------------------------------------------------------


def apply(act: Act, course_id: str, version: int) -> None:
    """Send it for review, once it is whole."""
    course = turn(act, course_id, version)
    require_staff(act, course)
    missing = _missing(act, course)
    if missing:
        zh, en = zip(*missing, strict=True)
        raise Problem("course-incomplete", missing={"zh": "、".join(zh), "en": ", ".join(en)})
    step(act, course, CourseEvent.APPLY, applied_by=act.subject.account_id)


def _missing(act: Act, course: Row) -> list[tuple[str, str]]:
    """What a course lacks, in words."""
    key = course["id"]
    watched = KINDS[CourseKind(course["kind"])].by_watching
    files = [MEDIA[row["media"]] for row in learning.materials(act.tx, key)]
    # Only a film says how long it was watched: with papers alone nobody would ever get the credit.
    no_film = watched and course["credit_tenths"] > 0 and not any(one.played for one in files)
    lacks = (
        (not course["title"], "课程名称", "title"),
        (not course["target_group"], "培训对象", "target group"),
        (not course["lecturers"], "授课人", "lecturer"),
        (not courses.offers(act.tx, [key])[key], "面向的联盟或机构", "to whom it is offered"),
        (not courses.lectures_of(act.tx, [key])[key], "场次", "lecture"),
        (watched and not files, "课程资料", "material"),
        (no_film, "视频（点播按观看时长授学分）", "a film (credit on demand is by time watched)"),
    )
    return [(zh, en) for is_missing, zh, en in lacks if is_missing]


def approve(act: Act, course_id: str, version: int) -> None:
    """The reviewer agrees; never whoever applied."""
    course = turn(act, course_id, version)
    require_reviewer(act, course)
    if course["applied_by"] == act.subject.account_id:
        raise Problem("own-review")
    step(act, course, CourseEvent.APPROVE)


def send_back(act: Act, course_id: str, version: int, why: Why) -> None:
    """The reviewer returns it with a reason."""
    course = turn(act, course_id, version)
    require_reviewer(act, course)
    step(act, course, CourseEvent.RETURN, reason_of(act, "return-course", why))


def step(
    act: Act,
    course: Row,
    event: CourseEvent,
    reason: Mapping[str, Any] | None = None,
    **values: Any,
) -> Row:
    """Take one step of the state table: the row, its move and the fact; what is left."""
    to = COURSES.step(CourseState(course["state"]), event)
    kept = None if reason is None else dict(reason)
    left = _change(act, course, {"state": to.value, "reason": kept, **values})
    record(act, left, event.value, to.value, reason)
    tell(act, left, FACTS[event], **({} if reason is None else {"reason": reason["code"]}))
    return left


def _change(act: Act, course: Row, values: Mapping[str, Any]) -> Row:
    written = {**values, "updated_at": act.now}
    if not courses.change(act.tx, course["id"], course["version"], written):
        raise Problem("stale", current="?")
    return {**course, **written, "version": course["version"] + 1}


def reason_of(act: Act, step: str, why: Why) -> dict[str, str]:
    """A coded reason of the catalogue; Problem("reason-required") for any other."""
    if act.catalogue.reason(step, why.code) is None:
        raise Problem("reason-required")
    return {"code": why.code, "note": why.note}


def record(
    act: Act,
    course: Row,
    event: str,
    state: str,
    reason: Mapping[str, Any] | None = None,
    lecture_id: str | None = None,
) -> None:
    """Keep a step with the state that it left."""
    courses.add_move(
        act.tx,
        {"course_id": course["id"], "lecture_id": lecture_id, "event": event, "state": state,
         "reason": None if reason is None else dict(reason),
         "moved_by": act.subject.account_id, "moved_at": act.now},
    )  # fmt: skip


def tell(
    act: Act,
    course: Row,
    kind: Kind,
    lecture: Row | None = None,
    learner: str | None = None,
    anonymous: bool = False,
    **data: object,
) -> None:
    """A fact for the institution that offers it and for the learner's; ids and numbers only.

    An anonymous one says neither who did it nor where they are from.
    """
    offerer = course["offerer_id"]
    place = offerer if anonymous else learner or act.subject.institution_id or offerer
    common = {
        "course": course["id"],
        "service": course["service"],
        "urgency": "routine",
        "requester": learner or offerer,
        "provider": offerer,
    }
    if lecture is not None:
        common |= {"lecture": lecture["id"], "number": lecture["number"]}
    parties = tuple(dict.fromkeys((offerer, place)))
    actor = None if anonymous else act.subject.account_id or None
    act.tell(Fact(kind, act.now, actor, place, parties, data={**common, **data}))


def require_lectures(act: Act, course_id: str) -> None:
    """Problem("invalid") for one lecture too many."""
    if len(courses.lectures_of(act.tx, [course_id])[course_id]) >= TERMS.most_lectures:
        raise Problem("invalid", detail=f"≤ {TERMS.most_lectures} lectures")
