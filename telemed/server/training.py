"""Routes of courses and lectures: the catalogue, the steps, enrolling and checking in."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field

from telemed.actions import checkins, courses, enrolments, lectures
from telemed.actions.act import Act
from telemed.actions.checkins import Outcome
from telemed.actions.courses import Why
from telemed.core.access import Permission as P
from telemed.core.errors import Problem
from telemed.core.training import ENROLMENTS, EnrolmentState
from telemed.server import training_schemas as s
from telemed.server.calendar_schemas import Made
from telemed.server.requests import Query
from telemed.server.routing import Call, Route
from telemed.server.schemas import In
from telemed.server.training_told import course_told, lecture_told, told, whole
from telemed.store import enrolments as rows
from telemed.store import log
from telemed.store.courses import Asked

Step = Callable[[Act, str, Any], None]
PAGE = 50
PEOPLE = 200


class CoursesQuery(Query):
    view: Literal["upcoming", "on-demand", "mine", "given", "review"] = "upcoming"
    q: str = Field(default="", max_length=60)
    specialty: str = Field(default="", pattern=r"^\d\d(\.\d\d)?$|^$")
    offset: int = Field(default=0, ge=0, le=100_000)
    limit: int = Field(default=PAGE, ge=1, le=PAGE)


_STATES = f"^({'|'.join(state.value for state in EnrolmentState)})$"


class PeopleQuery(Query):
    state: str | None = Field(default=None, pattern=_STATES)
    offset: int = Field(default=0, ge=0, le=100_000)
    limit: int = Field(default=100, ge=1, le=PEOPLE)


async def listed(call: Call) -> Any:
    """A page of courses."""
    q = call.query(CoursesQuery)

    def ask(act: Act) -> dict[str, Any]:
        found, total = courses.listed(act, Asked(q.view, q.q, q.specialty, q.offset, q.limit))
        return {"items": told(act, found), "total": total}

    return await call.ask(ask)


async def show(call: Call) -> Any:
    """One course."""
    return await call.ask(lambda act: whole(act, call.path("id")))


async def draft(call: Call) -> Any:
    """Begin a course."""
    text = _text(call.body(s.CourseIn))
    return {"id": await call.act(lambda act: courses.draft(act, text))}


async def edit(call: Call) -> Any:
    """Change a course."""
    body = call.body(s.CourseEdit)
    text = _text(body)
    return await call.step(lambda act, key: courses.edit(act, key, body.version, text), whole)


def _text(body: s.CourseIn) -> courses.Text:
    return courses.Text(
        kind=body.kind,
        title=body.title,
        specialty=body.specialty,
        target_group=body.target_group,
        summary=body.summary,
        lecturers=tuple(one.model_dump() for one in body.lecturers),
        offers=tuple((one.kind, one.id) for one in body.offers),
        credit_tenths=body.credit_tenths,
        credit_class=body.credit_class,
        required_percent=body.required_percent,
        quiz=tuple(one.model_dump(mode="json") for one in body.quiz),
        pass_mark=body.pass_mark,
        most_sittings=body.most_sittings,
    )


async def key(call: Call) -> Any:
    """The quiz with its answers."""

    def ask(act: Act) -> dict[str, Any]:
        return {"questions": courses.answers(act, call.path("id"))["quiz"]}

    return await call.ask(ask)


def _why(body: s.BecauseOf) -> Why:
    return Why(body.reason, body.note)


def _course_step(take: Step) -> Any:
    async def handler(call: Call) -> Any:
        """A step, and the course after it."""
        return await call.step(lambda act, one: take(act, one, call.body(In)), whole)

    return handler


def _lecture_step(take: Step) -> Any:
    async def handler(call: Call) -> Any:
        """A step, and the lecture after it."""
        return await call.step(lambda act, one: take(act, one, call.body(In)), _lecture)

    return handler


COURSE_STEPS: Mapping[str, tuple[Step, P, Any, str]] = {
    "apply": (lambda act, one, b: courses.apply(act, one, b.version), P.GIVE_TRAINING, s.SeenIn,
              "Send a course for review"),
    "approve": (lambda act, one, b: courses.approve(act, one, b.version), P.REVIEW_TRAINING,
                s.SeenIn, "The reviewer agrees"),
    "return": (lambda act, one, b: courses.send_back(act, one, b.version, _why(b)),
               P.REVIEW_TRAINING, s.BecauseOf, "The reviewer returns it"),
    "publish": (lambda act, one, b: lectures.publish(act, one, b.version), P.GIVE_TRAINING,
                s.SeenIn, "Show it to whom it is offered, and open enrolment"),
    "archive": (lambda act, one, b: lectures.archive(act, one, b.version), P.GIVE_TRAINING,
                s.SeenIn, "Nothing more will come"),
    "cancel": (lambda act, one, b: lectures.cancel_course(act, one, b.version, _why(b)),
               P.GIVE_TRAINING, s.BecauseOf, "Call a course off with its lectures"),
}  # fmt: skip
LECTURE_STEPS: Mapping[str, tuple[Step, P, Any, str]] = {
    "open": (lambda act, one, b: lectures.open_(act, one, b.version), P.GIVE_TRAINING, s.SeenIn,
             "Open enrolment"),
    "close": (lambda act, one, b: lectures.close(act, one, b.version), P.GIVE_TRAINING, s.SeenIn,
              "Close enrolment"),
    "begin": (lambda act, one, b: lectures.begin(act, one, b.version), P.GIVE_TRAINING, s.SeenIn,
              "The lecture begins"),
    "finish": (lambda act, one, b: lectures.finish(act, one, b.version), P.GIVE_TRAINING, s.SeenIn,
               "The lecture ends: attendance is settled and credit given"),
    "cancel": (lambda act, one, b: lectures.cancel(act, one, b.version, _why(b)), P.GIVE_TRAINING,
               s.BecauseOf, "Call a lecture off"),
}  # fmt: skip


# --- lectures -------------------------------------------------------------------------------------


def _plan(body: s.LectureIn) -> lectures.Plan:
    return lectures.Plan(**body.model_dump(exclude={"version"}))


async def plan(call: Call) -> Any:
    """Add a lecture to a course."""
    wanted = _plan(call.body(s.LectureIn))
    return {"id": await call.act(lambda act: lectures.plan(act, call.path("id"), wanted))}


async def edit_lecture(call: Call) -> Any:
    """Change a lecture."""
    body = call.body(s.LectureEdit)
    wanted = _plan(body)
    return await call.step(lambda act, one: lectures.edit(act, one, body.version, wanted), _lecture)


async def show_lecture(call: Call) -> Any:
    """One lecture with its course."""
    return await call.ask(lambda act: _lecture(act, call.path("id")))


def _lecture(act: Act, key: str) -> dict[str, Any]:
    held = lectures.load(act, key)
    return {
        "seq": log.head(act.tx),
        "lecture": lecture_told(act, held),
        "course": course_told(act, held.course),
    }


async def enrol(call: Call) -> Any:
    """Take a place, or wait for one."""
    return await call.step(enrolments.enrol, _lecture)


async def withdraw(call: Call) -> Any:
    """Give the place back."""
    return await call.step(enrolments.withdraw, _lecture)


async def show_code(call: Call) -> Any:
    """The code that checks in now."""
    key, origin = call.path("id"), call.services.settings.origin

    def ask(act: Act) -> dict[str, Any]:
        shown = checkins.code(act, key)
        return {
            "code": shown.code,
            "changes_at": shown.changes_at,
            "opens": shown.window.opens,
            "closes": shown.window.closes,
            "now": act.now,
            # After the mark: a fragment is sent to no server and stands in no log.
            "address": f"{origin}/training/lectures/{key}#{shown.code}",
        }

    return await call.ask(ask)


async def check_in(call: Call) -> Any:
    """Give the code; a wrong one is answered after it was counted."""
    key, given = call.path("id"), call.body(s.CodeIn).code
    tried = await call.act(lambda act: checkins.check_in(act, key, given), quiet=True)
    if tried.outcome is Outcome.BARRED:
        raise Problem("too-many", seconds=tried.seconds)
    if tried.outcome is Outcome.WRONG:
        raise Problem("wrong-code", left=tried.left)
    return await call.ask(lambda act: _lecture(act, key))


async def check_in_by_hand(call: Call) -> Any:
    """Check somebody in, for those who run the lecture."""
    account = call.path("account")

    def take(act: Act, one: str) -> None:
        checkins.check_in_by_hand(act, one, account)

    return await call.step(take, _lecture)


async def check_out(call: Call) -> Any:
    """Leave before the end."""
    return await call.step(checkins.check_out, _lecture)


async def here(call: Call) -> Any:
    """The lecture's page is open still."""
    key = call.path("id")
    return {"seconds": await call.act(lambda act: checkins.here(act, key), quiet=True)}


def _hand_steps(act: Act, held: lectures.Held, row: Mapping[str, Any]) -> list[str]:
    return ["check-in"] if checkins.may_by_hand(act, held, row) else []


async def people(call: Call) -> Any:
    """Who takes part, for those who run it."""
    q = call.query(PeopleQuery)

    def ask(act: Act) -> dict[str, Any]:
        held = lectures.load(act, call.path("id"))
        courses.require_staff(act, held.course)
        found, total = rows.page(act.tx, held.id, q.state, q.offset, q.limit)
        words = {state.value: ENROLMENTS.word(state) for state in EnrolmentState}
        items = [
            {**row, "state_words": words[row["state"]],
             "by_hand": row["checked_in_by"] is not None,
             "allowed": _hand_steps(act, held, row)}
            for row in found
        ]  # fmt: skip
        return {"items": items, "total": total, "counts": rows.counts(act.tx, held.id)}

    return await call.ask(ask)


COURSES, COURSE = "/api/courses", "/api/courses/{id}"
LECTURE = "/api/lectures/{id}"
ROUTES = (
    Route("GET", COURSES, listed, P.SEE_TRAINING, "Courses that are offered, taken part in or"
          " given", query=CoursesQuery, returns=s.CoursePage),
    Route("POST", COURSES, draft, P.GIVE_TRAINING, "Begin a course", body=s.CourseIn,
          returns=Made, created=True),
    Route("GET", COURSE, show, P.SEE_TRAINING, "One course", returns=s.CourseWhole),
    Route("PUT", COURSE, edit, P.GIVE_TRAINING, "Change a course before its review",
          body=s.CourseEdit, returns=s.CourseWhole),
    Route("GET", f"{COURSE}/key", key, P.GIVE_TRAINING, "The quiz with its answers",
          returns=s.KeyOut),
    *(
        Route("POST", f"{COURSE}/{name}", _course_step(take), permission, what, body=body,
              returns=s.CourseWhole)
        for name, (take, permission, body, what) in COURSE_STEPS.items()
    ),
    Route("POST", f"{COURSE}/lectures", plan, P.GIVE_TRAINING, "Add a lecture to a course",
          body=s.LectureIn, returns=Made, created=True),
    Route("GET", LECTURE, show_lecture, P.SEE_TRAINING, "One lecture", returns=s.LectureWhole),
    Route("PUT", LECTURE, edit_lecture, P.GIVE_TRAINING, "Change a lecture until it begins",
          body=s.LectureEdit, returns=s.LectureWhole),
    *(
        Route("POST", f"{LECTURE}/{name}", _lecture_step(take), permission, what, body=body,
              returns=s.LectureWhole)
        for name, (take, permission, body, what) in LECTURE_STEPS.items()
    ),
    Route("POST", f"{LECTURE}/enrol", enrol, P.SEE_TRAINING, "Take a place, or wait for one",
          returns=s.LectureWhole),
    Route("POST", f"{LECTURE}/withdraw", withdraw, P.SEE_TRAINING, "Give the place back",
          returns=s.LectureWhole),
    Route("GET", f"{LECTURE}/code", show_code, P.GIVE_TRAINING, "The code that checks in now",
          returns=s.CodeOut),
    Route("POST", f"{LECTURE}/check-in", check_in, P.SEE_TRAINING, "Check in by the code",
          body=s.CodeIn, returns=s.LectureWhole),
    Route("POST", f"{LECTURE}/check-out", check_out, P.SEE_TRAINING, "Leave before the end",
          returns=s.LectureWhole),
    Route("POST", f"{LECTURE}/here", here, P.SEE_TRAINING, "The lecture's page is open still",
          returns=s.HereOut),
    Route("GET", f"{LECTURE}/people", people, P.GIVE_TRAINING, "Who takes part in a lecture",
          query=PeopleQuery, returns=s.LearnerPage),
    Route("POST", f"{LECTURE}/people/{{account}}/check-in", check_in_by_hand, P.GIVE_TRAINING,
          "Check in by hand somebody who has a place", returns=s.LectureWhole),
)  # fmt: skip
