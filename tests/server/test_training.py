"""Training at the public face: its story, whose course it is, codes, quiz, feedback, files."""

import io
from datetime import datetime, timedelta
from typing import Any

from openpyxl import load_workbook

from telemed.followers.follow import catch_up
from telemed.followers.tallies import TALLIES
from telemed.store import tables as t
from telemed.store import training_tables as tt
from tests.server.training import (
    COURSES,
    GIVER,
    HALF,
    LEARNERS,
    MARKS,
    QUIZ,
    REVIEWER,
    RIGHT,
    SINCE,
    begin,
    check_in,
    code_of,
    course,
    drafted,
    enrol,
    facts,
    lecture,
    publish,
    published,
    step,
)
from tests.world import START, World

A, B, C, D = LEARNERS[:4]


async def test_a_course_from_its_application_to_its_credit(world: World) -> None:
    """Apply, return, review, publish, enrol, wait, move up, check in, leave, finish, credit."""
    giver, reviewer = world.client(GIVER), world.client(REVIEWER)
    made = await drafted(world, lecture(quota=2), quiz=QUIZ, credit_tenths=20, credit_class="II",
                         pass_mark=80, required_percent=60)  # fmt: skip
    path = f"{COURSES}/{made}"
    await reviewer.refused("illegal-transition", "POST", f"{path}/approve", {"version": 1})
    await step(world, GIVER, made, "apply")
    # What is under review stays as it is; what is returned may be changed.
    edited = {**course(quiz=QUIZ, credit_tenths=20, credit_class="II", required_percent=60,
                       pass_mark=80, title="卒中救治"), "version": 2}  # fmt: skip
    await giver.refused("course-reviewed", "PUT", path, edited)
    await giver.refused("course-reviewed", "POST", f"{path}/lectures", lecture())
    back = {"version": 2, "reason": "no-such-reason"}
    await reviewer.refused("reason-required", "POST", f"{path}/return", back)
    await step(world, REVIEWER, made, "return", reason="content", note="请补充培训对象")
    assert (await giver.get(path))["reason"] == {"code": "content", "note": "请补充培训对象"}
    await giver.ok("PUT", path, {**edited, "version": 3})
    await giver.refused("stale", "PUT", path, {**edited, "version": 3})
    one = await publish(world, made)
    assert [c["title"] for c in (await world.client(A).get(COURSES))["items"]] == ["卒中救治"]

    # Two places: the third waits, and gets the place that the first gives back.
    await enrol(world, one, A, B, C, C)
    shown = await world.client(C).get(f"/api/lectures/{one}")
    mine = shown["lecture"]["mine"]
    assert (mine["state"], mine["before"]) == ("waiting", 0)
    assert shown["lecture"]["join_address"] == ""
    assert (shown["lecture"]["taken"], shown["lecture"]["waiting"]) == (2, 1)
    await world.client(A).ok("POST", f"/api/lectures/{one}/withdraw")
    await world.client(A).ok("POST", f"/api/lectures/{one}/withdraw")
    shown = await world.client(C).get(f"/api/lectures/{one}")
    assert shown["lecture"]["mine"]["state"] == "enrolled"
    assert shown["lecture"]["join_address"] == "https://live.example/room"
    moved = await facts(world, "enrolment.moved_up")
    assert [(f["account"], f["requester"], f["provider"]) for f in moved] == [(C, "county", "hub")]

    # In the calendar on their telephone, with its title and no way in.
    link = await world.client(C).ok("POST", "/api/calendar-links", {})
    file = await world.client("nobody").call("GET", "/api/" + link["url"].partition("/api/")[2])
    assert "SUMMARY:卒中救治（报名中）" in file.body.decode()
    assert b"live.example" not in file.body

    # The code; who is there for half an hour, and who for all of it.
    await begin(world, one)
    for who in (B, C):
        await check_in(world, who, one)
        await check_in(world, who, one)
    assert [f["came"] for f in await facts(world, "enrolment.checked_in")] == [1, 2]
    for minute in range(1, 91):
        world.clock.now = SINCE + timedelta(minutes=minute)
        await world.client(C).ok("POST", f"/api/lectures/{one}/here")
        if minute == 30:
            await world.client(B).ok("POST", f"/api/lectures/{one}/here")
            await world.client(B).ok("POST", f"/api/lectures/{one}/check-out")
    done = await step(world, GIVER, one, "finish")
    assert (done["lecture"]["state"], done["lecture"]["came"]) == ("finished", 2)
    people = (await giver.get(f"/api/lectures/{one}/people"))["items"]
    # B's page was not heard of for half an hour: that is no time spent.
    spent = {p["account_id"]: (p["state"], p["seconds"]) for p in people}
    assert spent == {A: ("withdrawn", 0), B: ("attended", 0), C: ("attended", 5400)}
    told = await facts(world, "enrolment.attended")
    assert [(f["account"], f["minutes"], f["requester"]) for f in told] == [
        (B, 0, "county"), (C, 90, "county"),
    ]  # fmt: skip
    assert await facts(world, "enrolment.missed") == []

    # The quiz, and what follows from it. B was not there long enough, whatever they know.
    for who in (B, C):
        await world.client(who).ok("POST", f"{path}/quiz", {"answers": HALF})
        sat = await world.client(who).ok("POST", f"{path}/quiz", {"answers": RIGHT})
        assert [s["score"] for s in sat["sittings"]] == [60, 100]
    assert (await world.client(B).get("/api/credits"))["credits"] == []
    got = await world.client(C).get("/api/credits")
    assert got["total_tenths"] == 20 and got["credits"][0]["title"] == "卒中救治"
    assert [f["tenths"] for f in await facts(world, "credit.given")] == [20]
    await _certificate(world, got["credits"][0])
    await _counted(world)
    result = await giver.get(path)
    assert (result["quiz_sat"], result["quiz_passed"]) == (2, 2)
    await step(world, GIVER, made, "archive")
    assert (await world.client(C).get(f"{COURSES}?view=mine"))["total"] == 1


async def _counted(world: World) -> None:
    """By the learner's institution and by the one that gave it; each number leads to its people."""
    while await world.services.store.write(lambda tx: catch_up(tx, TALLIES)):
        pass
    for who, side, want in (
        ("county-coordinator", "requester", {"enrolments": 3, "check_ins": 2, "attended": 2}),
        (REVIEWER, "provider", {"lectures_held": 1, "lecture_minutes": 90, "enrolments": 3,
                                "attended": 2, "attendance_share": 1.0, "learning_minutes": 90,
                                "quiz_pass_share": 1.0, "credits_given": 1,
                                "credit_total": 200}),
    ):  # fmt: skip
        month = await world.client(who).get(f"/api/tally?month=2026-03&side={side}&by=service")
        (row,) = [row for row in month["rows"] if row["key"] == "training"]
        assert {code: row["values"][code] for code in want} == want, who
    asked = "/api/tally/cases?month=2026-03&side=provider&indicator=check_ins"
    found = (await world.client(REVIEWER).get(asked))["items"]
    assert [(f["page"], f["person"], f["visible"]) for f in found] == [
        ("lecture", f"医生{B}", True), ("lecture", f"医生{C}", True),
    ]  # fmt: skip
    seen = (await world.client("guilin").get(asked))["items"]
    assert {(f["person"][:1], f["person"][1:].strip("*"), f["visible"]) for f in seen} == {
        ("医", "", False)
    }


async def _certificate(world: World, credit: Any) -> None:
    """Printed for its holder, checked by anybody who has the paper, and nobody else's."""
    path = f"/api/credits/{credit['id']}/certificate.pdf"
    printed = await world.client(C).call("GET", path)
    assert printed.status == 200 and printed.body.startswith(b"%PDF-")
    for other in (A, GIVER):
        await world.client(other).refused("not-found", "GET", path)
    nobody = world.client("nobody")
    found = await nobody.get(f"/api/certificates/{credit['code']}")
    assert (found["name"], found["offerer"], found["tenths"]) == (f"医生{C}", "hub人民医院", 20)
    await nobody.refused("not-found", "GET", "/api/certificates/ABCDEFGHJKMN")


async def test_nobody_else_learns_of_a_course(world: World) -> None:
    """Drafts are their institution's; what is offered to others does not exist for strangers, in
    the same words as what does not exist at all."""
    made = await drafted(world)
    one = (await world.client(GIVER).get(f"{COURSES}/{made}"))["lectures"][0]["id"]
    hidden = [f"{COURSES}/{made}", f"/api/lectures/{one}", f"{COURSES}/{made}/quiz"]
    absent = (await world.client(A).call("GET", f"{COURSES}/absent")).body
    for who in (A, "hub-requester", "lapsed-reader", "county-coordinator"):
        for path in hidden:
            reply = await world.client(who).call("GET", path)
            assert (reply.status, reply.body) == (404, absent), (who, path)
        assert (await world.client(who).get(COURSES))["total"] == 0
    await publish(world, made)
    stranger = world.client("lapsed-reader")
    for method, path in (
        *(("GET", path) for path in hidden),
        ("POST", f"/api/lectures/{one}/enrol"),
        ("POST", f"/api/lectures/{one}/withdraw"),
        ("POST", f"/api/lectures/{one}/here"),
    ):
        assert (await stranger.call(method, path)).body == absent, path
    reply = await stranger.call("POST", f"/api/lectures/{one}/check-in", {"code": "123456"})
    assert reply.body == absent
    assert (await stranger.get(COURSES))["total"] == 0
    # One may offer only to alliances one is a member of, and apply only for oneself.
    other = world.client("lapsed-coordinator")
    await other.refused("not-found", "POST", COURSES, course())
    body = {"account_id": B, "code": "1"}
    reply = await world.client(A).call("POST", f"/api/lectures/{one}/enrol", body)
    assert reply.status == 200  # a body that no route reads enrols nobody else
    assert [r["account_id"] for r in await world.rows(tt.enrolments)] == [A]
    # Another institution's giver sees the course, and runs nothing of it.
    for method, path, sent in (
        ("GET", f"/api/lectures/{one}/people", None),
        ("GET", f"/api/lectures/{one}/code", None),
        ("GET", f"/api/lectures/{one}/feedback", None),
        ("GET", f"{COURSES}/{made}/key", None),
        ("POST", f"/api/lectures/{one}/begin", {"version": 2}),
        ("POST", f"{COURSES}/{made}/cancel", {"version": 4, "reason": "other"}),
    ):
        await world.client("county-coordinator").refused("forbidden", method, path, sent)
    # Who applied does not review.
    draft = await world.client(REVIEWER).ok("POST", COURSES, course())
    await world.client(REVIEWER).ok("POST", f"{COURSES}/{draft['id']}/lectures", lecture())
    await step(world, REVIEWER, draft["id"], "apply")
    seen = {"version": 2}
    path = f"{COURSES}/{draft['id']}/approve"
    await world.client(REVIEWER).refused("own-review", "POST", path, seen)
    await world.client("hub-admin").ok("POST", path, seen)


async def test_codes_are_not_guessed(world: World) -> None:
    """Five guesses, then none for a while; too early, too late, called off: no code is looked at;
    whoever has no place gets one on the spot if there is one."""
    _, one = await published(world, lecture(quota=2, code_after=30))
    _, other = await published(world)
    await enrol(world, one, A)
    path = f"/api/lectures/{one}/check-in"
    await world.client(A).refused("check-in-closed", "POST", path, {"code": "123456"})
    await begin(world, one)
    code, wrong = await code_of(world, one), "000000"
    for left in (4, 3, 2, 1, 0):
        told = await world.client(A).refused("wrong-code", "POST", path, {"code": wrong})
        assert told["left"] == left
    reply = await world.client(A).call("POST", path, {"code": code})
    assert (reply.code, reply.headers["Retry-After"]) == ("too-many", "600")
    foreign = await code_of(world, other)
    assert foreign != code
    await world.client(B).refused("wrong-code", "POST", path, {"code": foreign})
    for bad in (
        {"code": "12345"},
        {"code": "１２３４５６"},
        {"code": 123456},
        {},
        {"code": "1" * 9},
    ):
        await world.client(B).refused("invalid", "POST", path, bad)
    # A colleague of who gives it could look the code up.
    await world.client("hub-reader2").refused("own-code", "POST", path, {"code": code})
    # B takes the last place on the spot; nobody is left to come.
    assert (await check_in(world, B, one))["lecture"]["mine"]["on_the_spot"] is True
    await world.client(C).refused("no-place", "POST", path, {"code": code})
    world.clock.advance(minutes=10)
    await check_in(world, A, one)
    world.clock.advance(minutes=30)
    late = {"code": await code_of(world, one)}
    await world.client(C).refused("check-in-closed", "POST", path, late)
    # Whoever gives it is no learner; what is called off is over.
    elsewhere = f"/api/lectures/{other}/check-in"
    await step(world, GIVER, other, "begin")
    own = {"code": await code_of(world, other)}
    await world.client(GIVER).refused("own-course", "POST", elsewhere, own)
    await check_in(world, C, other)
    await step(world, GIVER, other, "cancel", reason="technical")
    await world.client(D).refused("lecture-over", "POST", elsewhere, own)
    await world.client(C).refused("lecture-over", "POST", f"/api/lectures/{other}/here")
    counts = {r["id"]: (r["taken"], r["came"]) for r in await world.rows(tt.lectures)}
    assert counts == {one: (2, 2), other: (1, 1)}


async def test_a_button_that_was_forgotten_costs_nobody_their_time(world: World) -> None:
    """Nobody says that it begins: it begins with whoever is there. Where no page is open, it began
    as planned, and an end that is said an hour late makes nobody's stay longer."""
    _, live = await published(world, title="直播", credit_tenths=5, required_percent=90)
    _, hands = await published(
        world, lecture(join_address=""), title="实操", kind="practical", credit_tenths=5
    )
    await enrol(world, live, A, B)
    await enrol(world, hands, A)
    world.clock.now = SINCE - timedelta(minutes=5)
    for one in (live, hands):
        shown = await check_in(world, A, one)
        assert shown["lecture"]["state"] == "enrolling"
    path = f"/api/lectures/{live}"
    for minute in range(91):
        world.clock.now = SINCE + timedelta(minutes=minute)
        await world.client(A).ok("POST", f"{path}/here")
    assert (await world.client(A).get(path))["lecture"]["state"] == "under way"
    assert len(await facts(world, "lecture.begun")) == 1
    world.clock.advance(hours=1)
    await step(world, GIVER, hands, "begin")
    for one in (live, hands):
        await step(world, GIVER, one, "finish")
        people = (await world.client(GIVER).get(f"/api/lectures/{one}/people"))["items"]
        assert [p["seconds"] for p in people if p["account_id"] == A] == [5400], one
    assert sorted((await credits(world, A)).values()) == [5400, 5400]
    # The list to hand in says the same: who came, how, how long, and the credit.
    file = await world.client(GIVER).call("GET", f"{path}/people.xlsx")
    lines = list(load_workbook(io.BytesIO(file.body)).active.iter_rows(values_only=True))
    (came,) = [line for line in lines if f"医生{A}" in line]
    assert came[2:4] + came[5:] == ("county医院", "已参加", "签到码", 90, 0.5)
    (away,) = [line for line in lines if f"医生{B}" in line]
    assert away[3:] == ("缺席", "—", "", "—", "—")
    await world.client(A).refused("forbidden", "GET", f"{path}/people.xlsx")


async def test_who_has_no_telephone_is_checked_in_by_hand(world: World) -> None:
    """By those who give the lecture, for whoever has a place; kept and told as such."""
    _, one = await published(world, lecture(quota=3))
    await enrol(world, one, A, B, "hub-reader", C)

    def path(who: str) -> str:
        return f"/api/lectures/{one}/people/{who}/check-in"

    giver = world.client(GIVER)
    await giver.refused("check-in-early", "POST", path(A))
    await begin(world, one)
    # After the time of the code, too.
    world.clock.advance(minutes=70)
    await world.client(A).refused("forbidden", "POST", path(A))
    await world.client("county-reader").refused("forbidden", "POST", path(A))
    await world.client("lapsed-reader").refused("not-found", "POST", path(A))
    await giver.refused("not-found", "POST", path("nobody-here"))
    await giver.refused("not-found", "POST", path(D))
    await giver.refused("no-place-held", "POST", path(C))
    # One who runs lectures and takes part in this one does it for others, not for themselves.
    await world.client("hub-reader").refused("own-check-in", "POST", path("hub-reader"))
    await world.client("hub-reader").refused("own-code", "GET", f"/api/lectures/{one}/code")
    assert (
        "code"
        not in (await world.client("hub-reader").get(f"/api/lectures/{one}"))["lecture"]["allowed"]
    )
    seen = await world.client("hub-reader").get(f"/api/lectures/{one}/people")
    may = {row["account_id"]: row["allowed"] for row in seen["items"]}
    assert may == {A: ["check-in"], B: ["check-in"], "hub-reader": [], C: []}
    for _ in range(2):
        after = await giver.ok("POST", path(A))
        assert after["lecture"]["came"] == 1
    rows = (await giver.get(f"/api/lectures/{one}/people"))["items"]
    assert [(r["state"], r["by_hand"], r["allowed"]) for r in rows if r["account_id"] == A] == [
        ("checked in", True, [])
    ]
    told = [(f["account"], f["by_hand"]) for f in await facts(world, "enrolment.checked_in")]
    assert told == [(A, True)]
    (row,) = await world.rows(tt.enrolments, tt.enrolments.c.account_id == A)
    assert row["checked_in_by"] == GIVER
    await step(world, GIVER, one, "finish")
    await giver.refused("lecture-over", "POST", path(B))


async def test_a_quiz_keeps_its_answers(world: World) -> None:
    """Nothing that a learner is sent before holds an answer; three sittings; feedback once, and
    shown to those who gave the lecture only together."""
    made, one = await published(world, quiz=QUIZ, most_sittings=2, pass_mark=90)
    path = f"{COURSES}/{made}/quiz"
    await world.client(A).refused("not-attended", "GET", path)
    await world.client(A).refused("not-attended", "POST", path, {"answers": RIGHT})
    await begin(world, one)
    for who in LEARNERS[:6]:
        await check_in(world, who, one)
    for where in (path, f"{COURSES}/{made}", COURSES, f"/api/lectures/{one}"):
        body = (await world.client(A).call("GET", where)).body
        assert b'"right":[0' not in body and b"code_secret" not in body, where
    assert (await world.client(A).get(path))["answers"] is None
    await world.client("hub-reader2").refused("answers-kept", "GET", f"{COURSES}/{made}/key")
    await world.client(REVIEWER).refused("answers-kept", "GET", f"{COURSES}/{made}/key")
    key = await world.client(GIVER).get(f"{COURSES}/{made}/key")
    assert [q["right"] for q in key["questions"]] == RIGHT
    await world.client(GIVER).refused("own-course", "GET", path)
    for bad in ([], [[0]], [[9], [0], [0]], [[0], [0], [0], [0]]):
        await world.client(A).refused("invalid", "POST", path, {"answers": bad})
    # A page says which sitting it hands in: sent again it costs none, changed it is told.
    first = await world.client(A).ok("POST", path, {"answers": HALF, "sitting": 1})
    again = await world.client(A).ok("POST", path, {"answers": HALF, "sitting": 1})
    assert again["sittings"] == first["sittings"] and again["may_sit"] is True
    await world.client(A).refused("stale", "POST", path, {"answers": RIGHT, "sitting": 1})
    assert first["sittings"][0]["answers"] == HALF
    assert (first["sittings"][0]["score"], first["answers"]) == (60, None)
    assert first["sittings"][0]["right"] == [True, False, True]
    last = await world.client(A).ok("POST", path, {"answers": HALF})
    assert last["answers"] == RIGHT and last["may_sit"] is False
    await world.client(A).refused("no-sittings", "POST", path, {"answers": RIGHT})
    sat = await facts(world, "quiz.sat")
    assert [(f["first"], f["passed"]) for f in sat] == [(True, False), (False, False)]

    feedback = f"/api/lectures/{one}/feedback"
    await world.client("second-admin").refused("not-attended", "POST", feedback, {"marks": MARKS})
    for who in LEARNERS[:4]:
        await world.client(who).ok("POST", feedback, {"marks": MARKS, "words": f"好{who[-1]}"})
    await world.client(A).refused("feedback-given", "POST", feedback, {"marks": MARKS})
    for bad in ({"content": 5}, {**MARKS, "line": 6}, {**MARKS, "more": 1}):
        await world.client(LEARNERS[4]).refused("invalid", "POST", feedback, {"marks": bad})
    few = await world.client(GIVER).get(feedback)
    assert (few["count"], few["words"]) == (4, [])
    assert all(row["mean"] is None for row in few["items"])
    await world.client(LEARNERS[4]).ok("POST", feedback, {"marks": MARKS})
    told = await world.client(GIVER).get(feedback)
    assert {row["item"]: row["mean"] for row in told["items"]} == MARKS
    assert len(told["words"]) == 4
    given = await facts(world, "feedback.given")
    assert all("account" not in f and f["requester"] == "hub" for f in given)
    rows = await world.rows(t.activities, t.activities.c.kind == "feedback.given")
    assert {row["actor_id"] for row in rows} == {None}


async def test_what_is_called_off_keeps_nobody_from_their_credit(world: World) -> None:
    """Half of a course is not enough; when its other half is called off, or turns out short, what
    somebody was there for is."""
    second = lecture(SINCE + timedelta(days=1))
    for end in ("cancel", "finish", "cancel-course"):
        world.clock.now = START
        made = await drafted(world, title=f"两讲{end}", credit_tenths=10, required_percent=80)
        other = (await world.client(GIVER).ok("POST", f"{COURSES}/{made}/lectures", second))["id"]
        one = await publish(world, made)
        shown = (await world.client(GIVER).get(f"/api/lectures/{one}"))["lecture"]
        facts = await world.client(GIVER).refused(
            "too-early", "POST", f"/api/lectures/{one}/begin", {"version": shown["version"]}
        )
        at, said = map(datetime.fromisoformat, (facts["at"], shown["begins_from"]))
        assert at == said, "said before it is refused"
        await enrol(world, one, A, B)
        await begin(world, one)
        await check_in(world, A, one)
        for minute in range(1, 91):
            world.clock.now = SINCE + timedelta(minutes=minute)
            await world.client(A).ok("POST", f"/api/lectures/{one}/here")
        await step(world, GIVER, one, "finish")
        assert made not in await credits(world, A), end
        if end == "cancel":
            await step(world, GIVER, other, "cancel", reason="lecturer-away")
        elif end == "cancel-course":
            await step(world, GIVER, made, "cancel", reason="lecturer-away")
        else:
            world.clock.now = SINCE + timedelta(days=1)
            await step(world, GIVER, other, "begin")
            world.clock.advance(minutes=10)
            await step(world, GIVER, other, "finish")
        assert (await credits(world, A))[made] == 5400, end
        assert await credits(world, B) == {}


async def credits(world: World, who: str) -> dict[str, int]:
    """What somebody was given so far: the seconds that stand in it, by course."""
    found = (await world.client(who).get("/api/credits"))["credits"]
    return {one["course_id"]: one["seconds"] for one in found}


async def test_material_is_bounded_and_watching_it_counts(world: World) -> None:
    """PDF, pictures and films by their first bytes; parts of them by Range; on demand whoever has
    watched enough has taken part."""
    plan = lecture(START, minutes=10, until=(START + timedelta(days=30)).isoformat())
    made = await drafted(world, plan, kind="on-demand", credit_tenths=5)
    giver, path = world.client(GIVER), f"{COURSES}/{made}/materials"
    film = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 40
    for raw in (b"<html><script>", b"<svg xmlns='x'>", b"MZ\x90", b""):
        reply = await send(world, GIVER, path, raw, "evil.pdf")
        assert reply.code == "not-supported-media", raw
    await step_refused(world, made, "course-incomplete")
    # A paper alone says of nobody how long they read it: it gives no credit.
    assert (await send(world, GIVER, path, b"%PDF-1.7 paper", "讲义")).status == 201
    await step_refused(world, made, "course-incomplete")
    reply = await send(world, GIVER, path, film, "../../卒中\u202e.svg")
    assert reply.status == 201
    material = reply.json["id"]
    await publish(world, made)
    assert (await giver.get(f"{COURSES}/{made}"))["materials"][1]["name"] == "卒中.mp4"
    one = (await giver.get(f"{COURSES}/{made}"))["lectures"][0]["id"]
    file = f"/api/materials/{material}/file"
    whole = await world.client(A).call("GET", file)
    assert (whole.body, whole.headers["Content-Type"]) == (film, "video/mp4")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    part = await world.client(A).call("GET", file, headers={"Range": "bytes=12-15"})
    assert (part.status, part.body) == (206, film[12:16])
    await world.client("lapsed-reader").refused("not-found", "GET", file)
    assert (await send(world, "county-coordinator", path, film, "x.mp4")).code == "forbidden"

    await enrol(world, one, A)
    play = f"/api/materials/{material}/play"
    learner = world.client(A)
    await learner.ok("POST", play, {"position": 0, "begins": True})
    for _ in range(8):  # a page that says so more often loses nothing by it
        world.clock.advance(seconds=7.5)
        told = await learner.ok("POST", play, {"position": 60})
    assert told["seconds"] == 60
    for minute in range(2, 9):
        world.clock.advance(minutes=1)
        if minute == 4:
            world.clock.advance(minutes=20)  # away: it was not watched
        told = await learner.ok("POST", play, {"position": 60 * minute})
    assert told["seconds"] == 420
    assert (await learner.get("/api/credits"))["credits"] == []
    world.clock.advance(minutes=1)
    await learner.ok("POST", play, {"position": 540})
    mine = (await learner.get(f"/api/lectures/{one}"))["lecture"]["mine"]
    assert (mine["state"], mine["seconds"]) == ("studied", 480)
    assert (await learner.get("/api/credits"))["total_tenths"] == 5
    shown = (await learner.get(f"{COURSES}/{made}"))["materials"][1]
    assert (shown["plays"], shown["position"], shown["watched"]) == (1, 540, 480)
    await world.client("lapsed-reader").refused("not-found", "POST", play, {"position": 0})
    await giver.ok("POST", f"/api/materials/{material}/remove")
    await learner.refused("not-found", "GET", file)


async def test_on_demand_nobody_is_present_or_absent(world: World) -> None:
    """Papers alone: whoever opened all of them and passed the quiz took part on demand, in the
    list, the sheet and the tally; whoever did not has not finished, and was expected nowhere."""
    since = START + timedelta(hours=1)
    plan = lecture(since, minutes=30, until=(START + timedelta(days=30)).isoformat())
    made = await drafted(world, plan, kind="on-demand", quiz=QUIZ, pass_mark=80)
    path = f"{COURSES}/{made}"
    papers = [
        (await send(world, GIVER, f"{path}/materials", b"%PDF-1.7 " + name, "讲义")).json["id"]
        for name in (b"one", b"two")
    ]
    one = await publish(world, made)

    async def opens(who: str, *those: str) -> None:
        for paper in those:
            play = f"/api/materials/{paper}/play"
            await world.client(who).refused("invalid", "POST", play, {"position": 60})
            await world.client(who).ok("POST", play, {"position": 0, "begins": True})

    async def sits(who: str) -> None:
        await world.client(who).ok("POST", f"{path}/quiz", {"answers": RIGHT})

    async def state(who: str) -> str:
        return str(
            (await world.client(who).get(f"/api/lectures/{one}"))["lecture"]["mine"]["state"]
        )

    await enrol(world, one, A, B, C, "second-reader")
    await opens("second-reader", *papers)
    await sits("second-reader")
    assert await state("second-reader") == "enrolled"  # before its first moment: seen at the end
    world.clock.now = since
    await opens(A, *papers)
    assert await state(A) == "enrolled"
    await sits(A)
    await opens(B, papers[0])
    await sits(B)
    assert (await state(A), await state(B)) == ("studied", "enrolled")
    files = (await world.client(B).get(path))["materials"]
    assert {f["id"]: f["opened"] for f in files} == {papers[0]: True, papers[1]: False}
    await world.client("lapsed-reader").refused(
        "not-found", "POST", f"/api/materials/{papers[0]}/play", {"position": 0, "begins": True}
    )
    await step(world, GIVER, one, "begin")
    await step(world, GIVER, one, "finish")

    people = (await world.client(GIVER).get(f"/api/lectures/{one}/people"))["items"]
    assert {p["account_id"]: p["state"] for p in people} == {
        A: "studied", "second-reader": "studied", B: "unfinished", C: "unfinished",
    }  # fmt: skip
    reply = await world.client(GIVER).call("GET", f"/api/lectures/{one}/people.xlsx")
    lines = list(load_workbook(io.BytesIO(reply.body))["签到表"].iter_rows(values_only=True))
    sheet = {line[1]: (line[3], line[5]) for line in lines if line[1] in (f"医生{A}", f"医生{B}")}
    assert sheet == {f"医生{A}": ("已点播学习", "点播"), f"医生{B}": ("点播未完成", "")}
    told = [f["account"] for f in await facts(world, "enrolment.ran_out")]
    assert sorted(told) == sorted((B, C)) and await facts(world, "enrolment.missed") == []
    while await world.services.store.write(lambda tx: catch_up(tx, TALLIES)):
        pass
    for who, side, studied in ((REVIEWER, "provider", 2), ("county-coordinator", "requester", 1)):
        month = await world.client(who).get(f"/api/tally?month=2026-03&side={side}")
        values = month["total"]["values"]
        assert (values["studied"], values["attended"], values["expected_there"]) == (studied, 0, 0)
        assert values["attendance_share"] is None and values["learning_minutes"] == 0
    asked = "/api/tally/cases?month=2026-03&side=provider&indicator=studied"
    found = (await world.client(REVIEWER).get(asked))["items"]
    assert [f["person"] for f in found] == [f"医生{A}", "医生second-reader"]


async def step_refused(world: World, made: str, code: str) -> None:
    """A course that lacks something cannot be sent for review."""
    shown = await world.client(GIVER).get(f"{COURSES}/{made}")
    body = {"version": shown["version"]}
    await world.client(GIVER).refused(code, "POST", f"{COURSES}/{made}/apply", body)


async def send(world: World, who: str, path: str, raw: bytes, name: str) -> Any:
    """Upload a file as a page does."""
    headers = {"Content-Type": "application/octet-stream"}
    return await world.client(who).call(
        "POST", path, headers=headers, params={"name": name}, data=raw
    )
