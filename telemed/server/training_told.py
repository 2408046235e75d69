"""How courses and lectures are told: with names, words, and the steps that the asker may take."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from telemed.actions import checkins, courses, quizzes
from telemed.actions.act import Act
from telemed.actions.lectures import CHANGEABLE, Held
from telemed.actions.places import CAME
from telemed.core.access import Permission
from telemed.core.coursework import MEDIA
from telemed.core.training import (
    COURSES,
    EDITABLE,
    ENROLMENTS,
    GOES_ON,
    HAS_PLACE,
    KINDS,
    LECTURES,
    CourseEvent,
    CourseKind,
    CourseState,
    EnrolmentState,
    LectureEvent,
    LectureState,
    begins_from,
    has_room,
)
from telemed.store import accounts, enrolments, learning, network
from telemed.store import courses as store
from telemed.store.tables import alliances
from telemed.store.tx import Row


def told(act: Act, found: Sequence[Row]) -> list[dict[str, Any]]:
    """Courses with their lectures, as the subject may see them."""
    ids = [row["id"] for row in found]
    offers, of_course = store.offers(act.tx, ids), store.lectures_of(act.tx, ids)
    named = _names(act, found, offers)
    lecture_ids = [row["id"] for rows in of_course.values() for row in rows]
    own = enrolments.of_account(act.tx, act.subject.account_id, lecture_ids)
    return [
        {
            **row,
            "offerer_name": named.get(row["offerer_id"], ""),
            "kind_words": _kind(row),
            "state_words": COURSES.word(CourseState(row["state"])),
            "offers": [
                {"kind": o["kind"], "id": o["target_id"], "name": named.get(o["target_id"], "")}
                for o in offers[row["id"]]
            ],
            "lectures": [
                _lecture(act, Held(lecture, row), own.get(lecture["id"]))
                for lecture in of_course[row["id"]]
                if _is_shown(act, row, lecture)
            ],
            "allowed": allowed(act, row),
        }
        for row in found
    ]


def course_told(act: Act, row: Row) -> dict[str, Any]:
    """One course."""
    return told(act, [row])[0]


def lecture_told(act: Act, held: Held) -> dict[str, Any]:
    """One lecture."""
    own = enrolments.get(act.tx, held.id, act.subject.account_id)
    return _lecture(act, held, own)


def whole(act: Act, course_id: str) -> dict[str, Any]:
    """A course with its material, what the subject has got of it, and its history."""
    row = courses.load(act, course_id)
    account, staff = act.subject.account_id, courses.is_staff(act, row)
    sat = learning.sittings(act.tx, course_id, account)
    credit = learning.credit(act.tx, course_id, account)
    shown = None if credit is None else learning.credit_by(act.tx, id=credit["id"])
    result = learning.quiz_result(act.tx, course_id) if staff and row["quiz"] else (None, None)
    shown_course = course_told(act, row)
    if row["quiz"] and not courses.gives_it(act, row) and _may_sit(row, shown_course):
        shown_course["allowed"].append("quiz")
    return {
        **shown_course,
        "questions": len(row["quiz"]),
        "materials": _materials(act, course_id),
        "credit": None if shown is None else credits_told(act, [shown])[0],
        "best_score": max((one["score"] for one in sat), default=None),
        "passed": any(one["passed"] for one in sat),
        "quiz_sat": result[0],
        "quiz_passed": result[1],
        "moves": _moves(act, course_id) if staff else [],
    }


def _may_sit(row: Row, shown: Mapping[str, Any]) -> bool:
    mine = (one["mine"] for one in shown["lectures"])
    return any(one is not None and quizzes.lets_sit(row, one["state"]) for one in mine)


def credits_told(act: Act, found: Sequence[Row]) -> list[dict[str, Any]]:
    """Credits with the names of the institutions that gave them."""
    names = network.institution_refs(act.tx, {row["offerer_id"] for row in found})
    return [{**row, "offerer_name": names[row["offerer_id"]]["name"]} for row in found]


# --- parts ----------------------------------------------------------------------------------------


def _kind(row: Row) -> dict[str, str]:
    kind = KINDS[CourseKind(row["kind"])]
    return {"zh": kind.zh, "en": kind.en}


def _names(act: Act, found: Sequence[Row], offers: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """Institutions and alliances by id; these have no id in common with those."""
    targets = [one for rows in offers.values() for one in rows]
    places = {row["offerer_id"] for row in found}
    places |= {one["target_id"] for one in targets if one["kind"] == "institution"}
    named = {k: r["name"] for k, r in network.institution_refs(act.tx, places).items()}
    unions = sorted({one["target_id"] for one in targets if one["kind"] == "alliance"})
    query = sa.select(alliances.c.id, alliances.c.name).where(alliances.c.id.in_(unions))
    return {**named, **{key: name for key, name in (act.tx.rows(query) if unions else ())}}


def _is_shown(act: Act, course: Row, lecture: Row) -> bool:
    """What is only planned is its own people's."""
    return lecture["state"] != LectureState.PLANNED or courses.is_staff(act, course)


def _lecture(act: Act, held: Held, own: Row | None) -> dict[str, Any]:
    row = held.row
    taken = checkins.window_of(row)
    let_in = courses.is_staff(act, held.course) or (
        own is not None and EnrolmentState(own["state"]) in HAS_PLACE
    )
    return {
        **row,
        "join_address": row["join_address"] if let_in else "",
        "appointment_id": row["appointment_id"] if let_in else None,
        "state_words": LECTURES.word(held.state),
        "checks_in": KINDS[held.kind].checks_in,
        "check_in_opens": taken.opens,
        "check_in_closes": taken.closes,
        "code_from": taken.shown_from,
        "mine": None if own is None else _mine(act, held, own),
        "allowed": lecture_allowed(act, held, own),
        "begins_from": begins_from(held.row["since"]),
    }


def _mine(act: Act, held: Held, own: Row) -> dict[str, Any]:
    state = EnrolmentState(own["state"])
    waits = state is EnrolmentState.WAITING
    given = learning.feedback(act.tx, own["lecture_id"], own["account_id"])
    return {
        **own,
        "state_words": ENROLMENTS.word(state),
        "before": enrolments.before(act.tx, own["lecture_id"], own["n"]) if waits else None,
        "feedback_given": given is not None,
        "by_code": checkins.may_by_code(act, held, own),
    }


def _materials(act: Act, course_id: str) -> list[dict[str, Any]]:
    found = learning.materials(act.tx, course_id)
    own = learning.plays_of(act.tx, act.subject.account_id, [row["id"] for row in found])
    return [
        {
            **row,
            "played": MEDIA[row["media"]].played,
            "position": own[row["id"]]["position"] if row["id"] in own else 0,
            "watched": own[row["id"]]["watched"] if row["id"] in own else 0,
            "opened": row["id"] in own,
        }
        for row in found
    ]


_EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "draft": ("建立草稿", "drafted"),
    "plan": ("安排场次", "lecture planned"),
    "edit": ("更改场次", "lecture changed"),
    "material-added": ("上传资料", "material added"),
    "material-removed": ("移除资料", "material removed"),
}


def _moves(act: Act, course_id: str) -> list[dict[str, Any]]:
    found = store.moves(act.tx, course_id)
    names = accounts.by_ids(act.tx, {row["moved_by"] for row in found})
    return [
        {
            **row,
            "moved_by": names[row["moved_by"]]["display_name"] if row["moved_by"] in names else "",
            "event_words": _event(row["event"], row["lecture_id"] is not None),
        }
        for row in found
    ]


def _event(event: str, of_lecture: bool) -> dict[str, str]:
    if event in _EVENTS:
        zh, en = _EVENTS[event]
        return {"zh": zh, "en": en}
    if not of_lecture:
        return COURSES.word(CourseEvent(event))
    word = LECTURES.word(LectureEvent(event))
    return {"zh": f"场次{word['zh']}", "en": f"lecture: {word['en']}"}


# --- what may be done -----------------------------------------------------------------------------


def allowed(act: Act, course: Row) -> list[str]:
    """The steps of a course that the subject may take now, and edit, key, quiz among them."""
    state, staff = CourseState(course["state"]), courses.is_staff(act, course)
    own = act.subject.institution_id == course["offerer_id"]
    reviews = own and Permission.REVIEW_TRAINING in act.subject.permissions
    applied_myself = course["applied_by"] == act.subject.account_id
    may = {
        CourseEvent.APPLY: staff,
        CourseEvent.APPROVE: reviews and not applied_myself,
        CourseEvent.RETURN: reviews,
        CourseEvent.PUBLISH: staff,
        CourseEvent.ARCHIVE: staff,
        CourseEvent.CANCEL: staff,
    }
    found = [e.value for e, is_so in may.items() if is_so and COURSES.allows(state, e)]
    if staff and state in EDITABLE:
        found.append("edit")
    if staff and (state in EDITABLE or state is CourseState.PUBLISHED):
        found.append("plan")
    if staff and state not in (CourseState.ARCHIVED, CourseState.CANCELED, CourseState.APPLIED):
        found.append("add-material")
    under_review = reviews and state in (CourseState.APPLIED, CourseState.APPROVED)
    if staff and (under_review or courses.gives_it(act, course)):
        found.append("key")
    return found


def lecture_allowed(act: Act, held: Held, own: Row | None) -> list[str]:
    """The steps of a lecture that the subject may take now."""
    found = _staff_steps(act, held) if courses.is_staff(act, held.course) else []
    if courses.gives_it(act, held.course):
        return found
    state = None if own is None else EnrolmentState(own["state"])
    if state not in (None, EnrolmentState.WITHDRAWN) and "code" in found:
        found.remove("code")
    steps = _learner_steps(act, held, state)
    if not checkins.may_by_code(act, held, own):
        steps.discard("check-in")
    return found + sorted(steps)


def _staff_steps(act: Act, held: Held) -> list[str]:
    reviews = Permission.REVIEW_TRAINING in act.subject.permissions
    planned = held.state is LectureState.PLANNED
    published = CourseState(held.course["state"]) is CourseState.PUBLISHED
    found = [e.value for e in LectureEvent if LECTURES.allows(held.state, e)]
    if planned and not (reviews and published):
        found.remove(LectureEvent.OPEN.value)
    if held.state in CHANGEABLE:
        found.append("edit")
    if not planned:
        found += ["people", "feedback-read"]
    if KINDS[held.kind].checks_in and held.state in GOES_ON:
        found.append("code")
    return found


def _learner_steps(act: Act, held: Held, state: EnrolmentState | None) -> set[str]:
    row, found = held.row, set[str]()
    fresh = state in (None, EnrolmentState.WITHDRAWN)
    if held.state is LectureState.ENROLLING and fresh and act.now < row["until"]:
        if has_room(row["quota"], row["taken"]):
            found.add("enrol")
        elif row["waiting"] < row["most_waiting"]:
            found.add("wait")
    if state in (EnrolmentState.ENROLLED, EnrolmentState.WAITING):
        found.add("withdraw")
    window = checkins.window_of(row)
    comes = state is EnrolmentState.ENROLLED or (
        row["on_the_spot"] and (fresh or state is EnrolmentState.WAITING)
    )
    if KINDS[held.kind].checks_in and held.state in GOES_ON and comes and window.has(act.now):
        found.add("check-in")
    if state is EnrolmentState.CHECKED_IN and held.state in GOES_ON:
        found |= {"check-out", "here"}
    if state in CAME:
        found.add("feedback")
    return found
