"""Courses of a demonstration, played through the actions that people use, each at its own time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from telemed.actions import accounts as account_acts
from telemed.actions import checkins, courses, enrolments, lectures, materials
from telemed.actions.act import Act
from telemed.core.checkin import code_at
from telemed.core.training import CourseKind
from telemed.core.workdays import ZONE
from telemed.documents.handout_pdf import Handout, render_handout
from telemed.server.services import Services
from telemed.store import accounts, network
from telemed.store import courses as course_store
from telemed.store.blobs import Blob

_LARGEST = 1 << 24
"""Bytes; a handout of a few pages has far fewer."""


class _Teacher:
    """Plays one course: the verifier gives it, the coordinator reviews it."""

    def __init__(self, services: Services, told: Mapping[str, Any], places: frozenset[str]) -> None:
        self._services, self._told, self._places = services, told, places
        day = services.clock().astimezone(ZONE) + timedelta(days=told["days"])
        self._since = day.replace(hour=told["hour"], minute=0, second=0, microsecond=0)
        self._until = self._since + timedelta(minutes=90, days=told.get("open_days", 0))
        self._course = self._lecture = ""

    def play(self) -> None:
        """From the draft as far as its day lets it come."""
        before = min(self._services.clock(), self._since) - timedelta(days=1)
        self._do("verifier", before, self._draft)
        if "handout" in self._told:
            self._hand_out(before)
        self._do("verifier", before, lambda act: courses.apply(act, self._course, 1))
        if self._told.get("applied"):
            return
        self._do("coordinator", before, lambda act: courses.approve(act, self._course, 2))
        self._do("verifier", before, lambda act: lectures.publish(act, self._course, 3))
        for who in self._told.get("enrolled", []):
            self._do(who, before, lambda act: enrolments.enrol(act, self._lecture))
        if "came" in self._told:
            self._hold()

    def _draft(self, act: Act) -> None:
        told, own = self._told, act.subject.own_institution
        unions = course_store.alliances_on(act.tx, own, act.now.astimezone(ZONE).date())
        named = self._places - {own}
        self._course = courses.draft(act, courses.Text(
            kind=CourseKind(told["kind"]), title=told["title"], specialty="",
            target_group=told["target"], summary=told["summary"],
            lecturers=tuple(
                {"name": one.split()[0], "title": one.split()[1]} for one in told["lecturers"]
            ),
            offers=(*(("alliance", key) for key in sorted(unions)),
                    *(("institution", key) for key in sorted(named))),
            credit_tenths=told["credit_tenths"], credit_class="II" if told["credit_tenths"] else "",
            required_percent=80, quiz=tuple(told.get("quiz", [])), pass_mark=60, most_sittings=3,
        ))  # fmt: skip
        self._lecture = lectures.plan(act, self._course, lectures.Plan(
            title="", since=self._since, until=self._until, minutes=told.get("minutes", 90),
            place=told.get("place", ""), join_address="", appointment_id=None,
            quota=told.get("quota"), most_waiting=20, on_the_spot=True, code_seconds=30,
            code_before=30, code_after=60,
        ))  # fmt: skip

    def _hand_out(self, at: datetime) -> None:
        """Give the course its handout, stored as an upload is."""
        told, services = self._told, self._services
        row = services.store.read_now(lambda tx: accounts.by_username(tx, "verifier"))
        assert row is not None  # one of the demo's accounts
        own = services.store.read_now(lambda tx: network.institution(tx, row["institution_id"]))
        assert own is not None  # the account's own institution
        lecturers = "、".join(told["lecturers"])
        paper = render_handout(Handout(told["title"], own["name"], lecturers, told["handout"]), at)
        with services.blobs.writer(_LARGEST) as writer:
            writer.write(paper)
            writer.seal()
            blob = Blob(writer.key, writer.size)
            services.blobs.put_file(writer.path, writer.key)
        name = f"{told['title']}.pdf"
        self._do("verifier", at, lambda act: materials.add(
            act, self._course, name, "application/pdf", blob
        ))  # fmt: skip

    def _hold(self) -> None:
        """Its day is over: those who came were there for all of it."""
        self._do("verifier", self._since, lambda act: lectures.begin(act, self._lecture, 2))
        for who in self._told["came"]:
            self._do(who, self._since, self._check_in)
        for minute in range(1, 91):
            at = self._since + timedelta(minutes=minute)
            for who in self._told["came"]:
                self._do(who, at, lambda act: checkins.here(act, self._lecture))
        over = self._since + timedelta(minutes=90)
        self._do("verifier", over, lambda act: lectures.finish(act, self._lecture, 3))

    def _check_in(self, act: Act) -> None:
        row = course_store.lecture(act.tx, self._lecture)
        assert row is not None  # planned before
        code = code_at(row["code_secret"], row["code_seconds"], act.now)
        checkins.check_in(act, self._lecture, code)

    def _do(self, username: str, at: datetime, do: Callable[[Act], object]) -> None:
        services = self._services
        row = services.store.read_now(lambda tx: accounts.by_username(tx, username))
        assert row is not None  # one of the demo's accounts
        who = account_acts.subject_of(row)
        services.store.write_now(
            lambda tx: do(Act(tx, who, at, services.new_id, services.catalogue, "demo"))
        )


def play_courses(
    services: Services,
    told: Sequence[Mapping[str, Any]],
    people: Sequence[Mapping[str, Any]],
) -> str:
    """Play these courses, offered to the hospital's alliances and to those of the accounts."""
    places = frozenset(row["person"].partition("-")[0] for row in people if "person" in row)
    for course in sorted(told, key=lambda one: float(one["days"])):
        _Teacher(services, course, places).play()
    return f"课程 courses: {len(told)}"
