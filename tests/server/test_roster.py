"""The roster over the wire: shifts of one's own institution, whatever is asked for."""

import asyncio
from typing import Any

from telemed.store import roster
from telemed.store import tables as t
from tests.world import World

ROSTER = "/api/roster"
# The world stands at 16:00 of Thursday, 5 March 2026.
DAY = {"kind": "reading", "day": "2026-03-06", "begins": "08:00", "ends": "18:00"}
NIGHT = {**DAY, "begins": "18:00", "ends": "08:00"}
KEEPER = "hub-coordinator"


async def add(world: World, *people: str, who: str = KEEPER, **more: Any) -> Any:
    """People put on duty."""
    body = {**DAY, "people": list(people or ["hub-reader"]), **more}
    return await world.client(who).ok("POST", ROSTER, body)


async def week(world: World, day: str = "2026-03-06", who: str = KEEPER) -> Any:
    """The roster of a day's week."""
    return await world.client(who).get(f"{ROSTER}?week={day}")


async def spans(world: World, day: str = "2026-03-06") -> list[tuple[str, str, str]]:
    """Who is on duty from when to when."""
    shown = await week(world, day)
    return [(s["person_id"], s["since"], s["until"]) for s in shown["shifts"]]


async def test_a_shift_is_of_beijing_s_clock_and_stands_in_utc(world: World) -> None:
    """Over midnight too; it is in both weeks that it touches, and in the log by its id."""
    made = (await add(world, **NIGHT))["made"]
    assert await spans(world) == [("hub-reader", "2026-03-06T10:00:00Z", "2026-03-07T00:00:00Z")]
    await add(world, day="2026-03-08", begins="20:00", ends="08:00")
    assert len(await spans(world, "2026-03-09")) == 1
    shown = await week(world, "2026-03-09")
    assert shown["since"] == "2026-03-08T16:00:00Z" and len(shown["days"]) == 7
    (fact, _) = await world.rows(t.activities, t.activities.c.kind == "duty.set")
    assert fact["data"] == {"shifts": made} and fact["institution_id"] == "hub"


async def test_who_is_on_duty_is_asked_at_a_moment(world: World) -> None:
    """From when the roster said so until somebody said otherwise."""
    today = {**DAY, "day": "2026-03-05"}
    made = (await add(world, **today))["made"]
    begun = world.clock()

    async def on_duty() -> list[str]:
        at = world.clock()
        rows = await world.services.store.read(lambda tx: roster.on_duty(tx, "hub", at))
        return [row["person_id"] for row in rows]

    assert await on_duty() == ["hub-reader"]
    world.clock.advance(minutes=10)
    body = {**today, "person_id": "hub-reader2"}
    await world.client(KEEPER).ok("PUT", f"{ROSTER}/{made[0]}", body)
    assert await on_duty() == ["hub-reader2"]
    world.clock.now = begun
    assert await on_duty() == ["hub-reader"], "what it said then is not rewritten"


async def test_a_pattern_follows_the_working_calendar(world: World) -> None:
    """Qingming is left out, the swapped Saturday of May Day is worked; all is told."""
    done = await add(world, day="2026-03-30", weekdays=[0, 1, 2, 3, 4], weeks=6, calendar=True)
    shown = await week(world, "2026-04-06")
    assert "2026-04-06" in done["left_out"] and done["swapped"] == ["2026-05-09"]
    assert next(d for d in shown["days"] if d["day"] == "2026-04-06")["kind"] == "off"
    assert len(shown["shifts"]) == 4
    assert len(done["made"]) == 30 - len(done["left_out"]) + 1


async def test_the_same_duty_twice_is_refused_whole(world: World) -> None:
    """With a sentence in both languages; another duty or another person may stand beside it."""
    await add(world)
    client = world.client(KEEPER)
    body = {**DAY, "people": ["hub-verifier", "hub-reader"], "begins": "17:00", "ends": "23:00"}
    reply = await client.call("POST", ROSTER, body)
    assert reply.code == "shift-overlap" and reply.status == 409
    assert "医生hub-reader" in reply.json["zh"] and "03-06 08:00" in reply.json["en"]
    assert len(await spans(world)) == 1
    await add(world, kind="coordinator")
    await add(world, "hub-verifier")
    twice = {**DAY, "people": ["hub-reader"], **NIGHT, "weekdays": [5], "ends": "18:00"}
    await client.ok("POST", ROSTER, twice)
    assert len(await spans(world)) == 4


async def test_a_week_is_copied_once(world: World) -> None:
    """A second copy adds nothing; a shift that began the week before is not of this week."""
    await add(world, weekdays=[4, 5], day="2026-03-06")
    await add(world, "hub-reader2", day="2026-03-08", begins="20:00", ends="08:00")
    client = world.client(KEEPER)
    copy = {"source": "2026-03-06", "target": "2026-03-11"}
    done = await client.ok("POST", f"{ROSTER}/copy", copy)
    assert len(done["made"]) == 3
    assert (await client.ok("POST", f"{ROSTER}/copy", copy))["made"] == []
    copy = {"source": "2026-03-09", "target": "2026-03-30"}
    assert len((await client.ok("POST", f"{ROSTER}/copy", copy))["made"]) == 3
    await add(world, day="2026-03-30")
    done = await client.ok("POST", f"{ROSTER}/copy", {**copy, "target": "2026-04-06"})
    assert done["left_out"] == [] and len(done["made"]) == 3
    copy = {"source": "2026-03-30", "target": "2026-04-06"}
    done = await client.ok("POST", f"{ROSTER}/copy", copy)
    assert done == {"made": [], "canceled": [], "left_out": ["2026-04-06"], "swapped": []}
    copy = {"source": "2026-03-30", "target": "2026-04-04"}
    await client.refused("invalid", "POST", f"{ROSTER}/copy", copy)


async def test_who_signs_in_no_more_is_not_copied(world: World) -> None:
    """The others of the week are; nobody who has left is put on duty again."""
    await add(world, "hub-reader", "hub-reader2")
    gone = t.accounts.c.id == "hub-reader2"
    await world.write(lambda tx: tx.update(t.accounts, gone, {"disabled": True}))
    copy = {"source": "2026-03-06", "target": "2026-03-11"}
    await world.client(KEEPER).ok("POST", f"{ROSTER}/copy", copy)
    assert [who for who, *_ in await spans(world, "2026-03-11")] == ["hub-reader"]
    body = {**DAY, "day": "2026-03-20", "people": ["hub-reader2"]}
    await world.client(KEEPER).refused("not-found", "POST", ROSTER, body)


async def test_what_is_changed_or_taken_off_can_be_undone(world: World) -> None:
    """Undo puts back exactly what stood; twice changes nothing."""
    made = (await add(world))["made"]
    before = await spans(world)
    client = world.client(KEEPER)
    other = {**NIGHT, "person_id": "hub-reader2"}
    changed = await client.ok("PUT", f"{ROSTER}/{made[0]}", other)
    assert changed["canceled"] == made and (await spans(world))[0][0] == "hub-reader2"
    undo = {"ids": made, "instead_of": changed["made"]}
    await client.ok("POST", f"{ROSTER}/restore", undo)
    assert await spans(world) == before
    assert (await client.ok("POST", f"{ROSTER}/cancel", {"ids": made}))["canceled"] == made
    assert (await client.ok("POST", f"{ROSTER}/cancel", {"ids": made}))["canceled"] == []
    assert await spans(world) == []
    await add(world, begins="09:00")
    await client.refused("shift-overlap", "POST", f"{ROSTER}/restore", {"ids": made})
    await client.refused("not-found", "PUT", f"{ROSTER}/{made[0]}", other)
    kinds = [kind for kind in await world.log() if kind.startswith("duty")]
    assert kinds == ["duty.set", "duty.canceled", "duty.set", "duty.canceled", "duty.set",
                     "duty.canceled", "duty.set"]  # fmt: skip


async def test_what_is_over_is_a_record(world: World) -> None:
    """It is neither made, changed, taken off nor put back; a pattern passes over it."""
    client = world.client(KEEPER)
    await client.refused("shift-over", "POST", ROSTER,
                         {**DAY, "people": ["hub-reader"], "day": "2026-03-04"})  # fmt: skip
    done = await add(world, day="2026-03-02", weekdays=[0, 1, 2, 3, 4])
    assert len(done["made"]) == 2
    world.clock.advance(days=3)
    for path, body in (("cancel", {"ids": done["made"]}), ("restore", {"ids": done["made"]})):
        await client.refused("shift-over", "POST", f"{ROSTER}/{path}", body)
    body = {**DAY, "person_id": "hub-reader"}
    await client.refused("shift-over", "PUT", f"{ROSTER}/{done['made'][0]}", body)


async def test_a_roster_is_its_own_institution_s(world: World) -> None:
    """Neither another's shifts nor another's people, by list, id, copy or undo."""
    made = (await add(world))["made"]
    theirs = (await add(world, "county-reader", who="county-coordinator"))["made"]
    county = await week(world, who="county-coordinator")
    assert [s["id"] for s in county["shifts"]] == theirs
    assert all(person["id"].startswith("county-") for person in county["people"])
    client = world.client("county-coordinator")
    for method, path, body in (
        ("POST", ROSTER, {**DAY, "people": ["hub-reader"]}),
        ("PUT", f"{ROSTER}/{made[0]}", {**DAY, "person_id": "county-reader"}),
        ("PUT", f"{ROSTER}/{theirs[0]}", {**DAY, "person_id": "hub-reader"}),
        ("POST", f"{ROSTER}/cancel", {"ids": [*theirs, *made]}),
        ("POST", f"{ROSTER}/restore", {"ids": made}),
        ("POST", f"{ROSTER}/restore", {"ids": theirs, "instead_of": made}),
    ):
        facts = await client.refused("not-found", method, path, body)
        assert facts == {}
    assert len(await spans(world)) == 1
    copied = {"source": "2026-03-06", "target": "2026-03-11"}
    assert len((await client.ok("POST", f"{ROSTER}/copy", copied))["made"]) == 1
    assert await spans(world, "2026-03-11") == []


async def test_bad_and_oversized_input_is_refused(world: World) -> None:
    """With a clear error, and nothing is kept."""
    client = world.client(KEEPER)
    body = {**DAY, "people": ["hub-reader"]}
    for wrong in (
        {"institution_id": "county"}, {"made_by": "x"}, {"kind": "sleeping"}, {"weeks": 999},
        {"services": ["nothing"]}, {"services": ["imaging"] * 21}, {"weekdays": [7]},
        {"begins": "08:00:01"}, {"begins": "08:00+08:00"}, {"people": []}, {"day": "2027-06-01"},
        {"people": [f"p{n}" for n in range(51)]},
    ):  # fmt: skip
        await client.refused("invalid", "POST", ROSTER, {**body, **wrong})
    many = {"people": ["hub-reader", "hub-reader2"], "weekdays": list(range(7)), "weeks": 26}
    await client.refused("too-many-shifts", "POST", ROSTER, {**body, **many})
    for query in ("week=2026-13-01", "weeks=6", "weeks=0", "week=0001-01-01", "institution=county"):
        await client.refused("invalid", "GET", f"{ROSTER}?{query}")
    await client.refused("invalid", "POST", f"{ROSTER}/cancel", {"ids": ["x"] * 301})
    assert await world.rows(t.duty_shifts) == []


async def test_gaps_are_where_nobody_licensed_is_on_duty(world: World) -> None:
    """Who may not read ECGs does not cover them; a service without short promises has no gap."""
    await add(world, "hub-reader", day="2026-03-06", begins="00:00", ends="00:00")
    shown = await week(world)
    reads = {person["id"]: person["reads"] for person in shown["people"]}
    assert "imaging" in reads["hub-reader"] and reads["hub-coordinator"] == []
    cover = {(row["service"], row["frozen"]): row for row in shown["cover"]}
    assert ("pathology", False) not in cover and ("pathology", True) in cover
    assert cover["imaging", False]["gaps"] == [
        {"since": "2026-03-05T08:00:00Z", "until": "2026-03-05T16:00:00Z"},
        {"since": "2026-03-06T16:00:00Z", "until": "2026-03-08T16:00:00Z"},
    ]
    assert len(cover["pathology", True]["gaps"]) == 1
    assert (await week(world, "2026-02-20"))["cover"] == []
    assert (await week(world, who="county-coordinator"))["cover"] == [], "it answers nobody"


async def test_readers_look_and_keepers_write(world: World) -> None:
    """A reader of the institution sees the roster and is not offered what they may not do."""
    await add(world)
    shown = await week(world, who="hub-reader")
    assert len(shown["shifts"]) == 1 and shown["may_write"] is False
    assert shown["me"] == "hub-reader"
    assert (await week(world, who="hub-admin"))["may_write"] is True
    body = {**DAY, "people": ["hub-reader2"]}
    await world.client("hub-reader").refused("forbidden", "POST", ROSTER, body)
    await world.client("hub-admin").ok("POST", ROSTER, body)


TABLE = """人员代码,姓名,值班类别,服务,日期,开始,结束
hub-reader,,阅片值班,远程影像诊断 ecg,2026/3/6,8:00,18:00
,,,,,,
医生hub-verifier,,reading,,2026-03-06,18:00,24:00
"""


async def test_a_table_comes_in_and_what_went_out_comes_in_again(world: World) -> None:
    """By codes, names and labels; what stands and what is over is passed over."""
    client = world.client(KEEPER)
    await add(world, "hub-reader2", day="2026-03-05", begins="15:00", ends="20:00")
    done = await client.ok("POST", f"{ROSTER}/import", {"text": TABLE})
    shown = (await week(world))["shifts"]
    assert len(done["made"]) == 2 and len(shown) == 3
    assert shown[1]["services"] == ["imaging", "ecg"]
    assert shown[2]["person_id"] == "hub-verifier" and shown[2]["until"] == "2026-03-06T16:00:00Z"
    reply = await client.call("GET", f"{ROSTER}/export?week=2026-03-06")
    text = reply.body.decode("utf-8-sig")
    assert "roster-2026-03-02.csv" in reply.headers["Content-Disposition"]
    assert len(text.splitlines()) == 4 and "医生hub-reader" in text
    assert (await client.ok("POST", f"{ROSTER}/import", {"text": text}))["made"] == []
    await client.ok("POST", f"{ROSTER}/cancel", {"ids": done["made"][:1]})
    assert len((await client.ok("POST", f"{ROSTER}/import", {"text": text}))["made"]) == 1
    world.clock.advance(days=2)
    assert (await client.ok("POST", f"{ROSTER}/import", {"text": text}))["made"] == []
    assert text == (await client.call("GET", f"{ROSTER}/export?week=2026-03-06")).body.decode(
        "utf-8-sig"
    )


async def test_a_table_with_a_mistake_is_refused_whole_and_says_where(world: World) -> None:
    """Another hospital's people are nobody here; the line and the column are named."""
    client = world.client(KEEPER)
    good = TABLE.splitlines()[1]
    for line, column in (
        ("county-reader,,reading,,2026-03-06,08:00,18:00", "人员代码"),
        ("hub-reader,,sleeping,,2026-03-06,08:00,18:00", "值班类别"),
        ("hub-reader,,reading,dentistry,2026-03-06,08:00,18:00", "服务"),
        ("hub-reader,,reading,,2026-02-30,08:00,18:00", "日期"),
        ("hub-reader,,reading,,2026-03-06,25:00,18:00", "开始"),
        ("hub-reader,,reading,,2026-03-06,08:00,noon", "结束"),
        ("hub-reader", "日期"),
        ('"hub-reader', "CSV"),
    ):
        text = f"{TABLE.splitlines()[0]}\n{good}\n{line}\n"
        facts = await client.refused("roster-line", "POST", f"{ROSTER}/import", {"text": text})
        assert facts == {"line": 3, "column": column}
    for text in ("nothing", "person,person,kind,day,begins,ends\n"):
        await client.refused("roster-line", "POST", f"{ROSTER}/import", {"text": text})
    await client.refused("invalid", "POST", f"{ROSTER}/import", {"text": "x" * 200_001})
    many = TABLE.splitlines()[0] + "\n" + f"{good}\n" * 301
    await client.refused("too-many-shifts", "POST", f"{ROSTER}/import", {"text": many})
    overlapping = TABLE + "hub-reader,,reading,,2026-03-06,09:00,12:00\n"
    await client.refused("shift-overlap", "POST", f"{ROSTER}/import", {"text": overlapping})
    assert await world.rows(t.duty_shifts) == []


async def test_of_two_at_once_one_is_put_on_the_roster(world: World) -> None:
    """Writers of one roster take turns: the second sees what the first left."""
    client, body = world.client(KEEPER), {**DAY, "people": ["hub-reader"]}
    replies = await asyncio.gather(*(client.call("POST", ROSTER, body) for _ in range(5)))
    assert sorted(reply.code for reply in replies) == ["", *["shift-overlap"] * 4]
    assert len(await spans(world)) == 1
