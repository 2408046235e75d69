"""The rule in a running server: off, suggest, auto; every decision kept; one winner in any race."""

import asyncio
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemed.actions.ranking import Online
from telemed.bus.presence import Here
from telemed.followers import assigning
from telemed.store import assignment_tables as a
from telemed.store import notice_tables as n
from telemed.store import rulings
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.server.test_escalations import climb, told
from tests.world import World, build, consent, world_at

COORDINATOR = "hub-coordinator"
READERS = ("hub-reader", "hub-reader2", "hub-verifier")
SETTINGS = "/api/assignment"
MINUTE = timedelta(minutes=1)


def here(world: World, *people: str) -> None:
    """Exactly these of hub are connected."""
    for person in READERS:
        there = Here(person, "hub") if person in people else None
        world.services.presence.set(person, there)


async def set_mode(world: World, mode: str, service: str = "imaging", **more: Any) -> Any:
    body = {"mode": mode, **more}
    return await world.client(COORDINATOR).ok("PUT", f"{SETTINGS}/modes/{service}", body)


async def rule(world: World, store: Store | None = None, **span: float) -> None:
    """Let time go by; then all that the rule has to do is done, by the server's clock or this."""
    world.clock.advance(**span)
    await world.stay_signed_in()
    known = world.services
    work = partial(
        assigning.work,
        store or known.store,
        known.clock,
        known.new_id,
        known.catalogue,
        lambda place: Online(known.presence.people_at(place), whole=True),
    )
    while await work():
        pass


async def owner(world: World, case: str) -> tuple[str | None, str | None]:
    """Whose the newest attempt of a case is to be, and by whom."""
    rows = await world.rows(t.workitems, t.workitems.c.request_id == case)
    last = max(rows, key=lambda row: row["attempt"])
    return last["scheduled_performer_id"], last["scheduled_by"]


async def decisions(world: World, case: str) -> list[dict[str, Any]]:
    found = await world.client(COORDINATOR).get(f"/api/requests/{case}/assignment")
    return list(found["items"])


async def put_on_duty(world: World, person: str, hours: float, begins: float = 0) -> None:
    """A shift on the roster that begins in so many hours."""
    since = world.clock() + timedelta(hours=begins)
    row = {
        "id": f"{person}-{begins}", "institution_id": "hub", "person_id": person, "kind": "reading",
        "services": [], "since": since, "until": since + timedelta(hours=hours),
        "made_by": COORDINATOR, "made_at": world.clock(),
    }  # fmt: skip
    await world.write(lambda tx: tx.insert(t.duty_shifts, row))


# --- modes ----------------------------------------------------------------------------------------


async def test_the_rule_acts_only_where_it_is_switched_on(world: World) -> None:
    """Off by default; `suggest` names somebody and gives nothing; `auto` gives also what waited."""
    here(world, *READERS)
    waited = await world.sent()
    await rule(world)
    menu = f"/api/requests/{waited}/candidates"
    found = await world.client(COORDINATOR).get(menu)
    assert (found["mode"], found["suggested"]) == ("off", None)
    await set_mode(world, "suggest")
    await rule(world)
    found = await world.client(COORDINATOR).get(menu)
    assert found["suggested"] == found["items"][0]["person_id"] == "hub-reader"
    assert await owner(world, waited) == (None, None) and await decisions(world, waited) == []
    await set_mode(world, "auto")
    await rule(world)
    assert await owner(world, waited) == ("hub-reader", "rule")
    ecg = await world.sent(service="ecg")
    await rule(world)
    assert await owner(world, ecg) == (None, None), "another service has its own mode"
    shown = await world.client("hub-reader").get(f"/api/requests/{waited}")
    assert shown["scheduled_performer"]["by"] == "rule" and "claim" in shown["allowed"]
    facts = await world.rows(t.activities, t.activities.c.kind == "workitem.assigned")
    assert [(f["actor_id"], f["institution_id"], f["data"]["by"]) for f in facts] == [
        (None, "hub", "rule")
    ]


async def test_a_new_case_is_given_without_anybody_asking(world: World) -> None:
    """By the server itself, some moments after it came."""
    here(world, *READERS)
    await set_mode(world, "auto")
    case = await world.sent(urgency="stat")
    async with asyncio.timeout(20):
        while (await owner(world, case))[0] is None:
            await asyncio.sleep(0.05)
    (one,) = await decisions(world, case)
    assert (one["outcome"], one["decided_by"], one["attempt"]) == ("given", "rule", 1)


async def test_a_mode_is_set_by_the_own_coordinator_and_its_history_stays(world: World) -> None:
    """Others' modes are theirs; the same twice is one; what was set before can be read."""
    await set_mode(world, "auto")
    await set_mode(world, "auto")
    shown = await set_mode(world, "suggest", overflow=True)
    imaging = next(s for s in shown["services"] if s["service"] == "imaging")
    assert (imaging["mode"], imaging["overflow"], imaging["changed_by"]) == (
        "suggest", True, "医生hub-coordinator",
    )  # fmt: skip
    past = await world.client(COORDINATOR).get(f"{SETTINGS}/history")
    assert [m["mode"] for m in past["modes"]] == ["suggest", "auto"]
    other = await world.client("second-coordinator").get(SETTINGS)
    assert {s["mode"] for s in other["services"]} == {"off"}
    assert (await world.client("second-coordinator").get(f"{SETTINGS}/history"))["modes"] == []
    wrong = f"{SETTINGS}/modes/training"
    await world.client(COORDINATOR).refused("not-found", "PUT", wrong, {"mode": "auto"})
    body = {"mode": "auto", "institution_id": "second"}
    await world.client(COORDINATOR).refused("invalid", "PUT", f"{SETTINGS}/modes/ecg", body)
    assert (await world.log()).count("assignment.mode_set") == 2


async def test_a_reader_s_terms_are_of_the_own_readers_only(world: World) -> None:
    """A cap of two points and half a share; strangers and people who do not read are not found."""
    client = world.client(COORDINATOR)
    for stranger in ("second-reader", "hub-coordinator", "nobody"):
        await client.refused("not-found", "PUT", f"{SETTINGS}/terms/{stranger}", {"share": 0.5})
    for wrong in ({"share": 0}, {"in_hand": -1}, {"share": 2}, {"in_hand": 1e9}):
        await client.refused("invalid", "PUT", f"{SETTINGS}/terms/hub-reader", wrong)
    body = {"in_hand": 2, "share": 0.5}
    shown = await client.ok("PUT", f"{SETTINGS}/terms/hub-reader", body)
    mine = next(r for r in shown["readers"] if r["person_id"] == "hub-reader")
    assert (mine["set"], mine["in_hand"], mine["in_shift"], mine["share"]) == (True, 2, None, 0.5)
    await world.claimed("hub-reader")
    case = await world.sent()
    refused = await world.client("hub-reader").call("POST", f"/api/requests/{case}/claim")
    assert refused.json["facts"]["why"] == "load-cap"
    past = await client.get(f"{SETTINGS}/history")
    assert [(x["person_id"], x["share"]) for x in past["terms"]] == [("hub-reader", 0.5)]


# --- who gets it ----------------------------------------------------------------------------------


async def test_cases_are_shared_out_evenly_and_each_is_given_once(world: World) -> None:
    """Six CTs to three readers: two each. Nobody who may not read them gets one."""
    here(world, *READERS)
    await set_mode(world, "auto")
    cases = [await world.sent(of_patient=1 + n % 2) for n in range(6)]
    await rule(world)
    owners = Counter([(await owner(world, case))[0] for case in cases])
    assert owners == dict.fromkeys(READERS, 2)
    for case in cases:
        assert (await world.log(case)).count("workitem.assigned") == 1


async def test_what_is_not_begun_in_time_goes_to_the_next(world: World) -> None:
    """Three minutes for a stat case; whoever let it lie is asked again only after the others."""
    here(world, "hub-reader", "hub-reader2")
    await set_mode(world, "auto")
    case = await world.sent(urgency="stat")
    await rule(world)
    assert (await owner(world, case))[0] == "hub-reader"
    await rule(world, minutes=2)
    assert (await owner(world, case))[0] == "hub-reader"
    await rule(world, minutes=1)
    assert (await owner(world, case))[0] == "hub-reader2"
    await rule(world, minutes=3)
    assert (await owner(world, case))[0] == "hub-reader"
    found = await decisions(world, case)
    assert [one["person_id"] for one in found] == ["hub-reader", "hub-reader2", "hub-reader"]
    assert found[1]["ranking"][1]["reasons"][0]["code"] == "let-lie"
    freed = await world.rows(t.activities, t.activities.c.kind == "workitem.unassigned")
    assert [(f["data"]["person"], f["data"]["why"]) for f in freed] == [
        ("hub-reader", "lapsed"), ("hub-reader2", "lapsed"),
    ]  # fmt: skip


async def test_nobody_is_there_until_somebody_comes_on_duty(world: World) -> None:
    """It waits, with one decision that says so; whoever comes on duty gets it, and loses what
    they did not begin when they go off."""
    await put_on_duty(world, "hub-verifier", hours=8, begins=1)
    await put_on_duty(world, "hub-reader2", hours=8, begins=30)
    here(world, "hub-reader")
    await set_mode(world, "auto")
    case = await world.sent()
    await rule(world)
    await rule(world, minutes=5)
    (waits,) = await decisions(world, case)
    reader = next(one for one in waits["ranking"] if one["person_id"] == "hub-reader")
    assert waits["outcome"] == "nobody" and reader["reasons"][0]["code"] == "off-duty"
    shown = await world.client(COORDINATOR).get(SETTINGS)
    assert next(s for s in shown["services"] if s["service"] == "imaging")["waiting"] == 1
    await rule(world, minutes=56)
    assert await owner(world, case) == ("hub-verifier", "rule")
    await rule(world, hours=3)
    assert await owner(world, case) == ("hub-verifier", "rule")
    await rule(world, hours=5)
    assert await owner(world, case) == (None, None)
    assert [d["outcome"] for d in await decisions(world, case)][-1] == "nobody"


async def test_what_somebody_gives_back_is_not_given_to_them_again(world: World) -> None:
    """Neither what a reader opened again nor what a coordinator took from them."""
    here(world, *READERS)
    await set_mode(world, "auto")
    case = await world.sent()
    for who, by in (("hub-reader", "hub-reader"), ("hub-reader2", COORDINATOR)):
        await rule(world)
        assert await owner(world, case) == (who, "rule")
        await world.client(by).ok("POST", f"/api/requests/{case}/unassign")
    await rule(world)
    assert await owner(world, case) == ("hub-verifier", "rule")


async def test_what_a_person_decided_is_left_alone(world: World) -> None:
    """Claimed, reserved or assigned by hand, the rule does not touch it; a reservation that lapsed
    it gives out."""
    here(world, *READERS)
    taken, reserved, given = [await world.sent() for _ in range(3)]
    await world.client("hub-verifier").ok("POST", f"/api/requests/{taken}/claim")
    body = {"requests": [reserved]}
    await world.client("hub-verifier").ok("POST", "/api/worklist/reserve", body)
    body = {"person_id": "hub-verifier"}  # type: ignore[dict-item]
    await world.client(COORDINATOR).ok("POST", f"/api/requests/{given}/assign", body)
    await set_mode(world, "auto")
    await rule(world, minutes=50)
    assert await owner(world, reserved) == ("hub-verifier", "self")
    assert await owner(world, given) == ("hub-verifier", "coordinator")
    assert [d["decided_by"] for d in await decisions(world, given)] == ["coordinator"]
    await rule(world, minutes=20)
    async with asyncio.timeout(20):
        while (await owner(world, reserved))[1] == "self":  # the clock of leases opens it
            await asyncio.sleep(0.05)
    await rule(world)
    assert (await owner(world, reserved))[1] == "rule"
    assert await owner(world, given) == ("hub-verifier", "coordinator")


async def test_switched_off_the_rule_gives_nothing_more_and_frees_what_lapses(
    world: World,
) -> None:
    """What it gave is its reader's until the time to begin is over; then it is the pool's."""
    here(world, *READERS)
    await set_mode(world, "auto")
    case = await world.sent()
    await rule(world)
    await set_mode(world, "off")
    assert (await owner(world, case))[1] == "rule"
    await rule(world, hours=4)
    assert await owner(world, case) == (None, None)
    assert await world.rows(a.assignment_queue) == []


async def test_cases_that_nobody_can_take_keep_none_from_its_turn(world: World) -> None:
    """A new case is looked at first, then what waited longest for a look, however pressing."""
    await set_mode(world, "auto")
    pressing, waits, new = [await world.sent(urgency=u) for u in ("stat", "routine", "routine")]
    await rule(world)
    c = a.assignment_queue.c

    def play(tx: Tx) -> list[str]:
        for case, found, minutes in ((pressing, "nobody", 1), (waits, "nobody", 2), (new, "", 0)):
            values = {"found": found, "next_at": world.clock() - timedelta(minutes=minutes)}
            tx.update(a.assignment_queue, c.request_id == case, values)
        cases = {
            row["workitem_id"]: row["request_id"] for row in tx.all(sa.select(a.assignment_queue))
        }
        return [cases[row["workitem_id"]] for row in rulings.due(tx, world.clock(), 9)]

    assert await world.write(play) == [new, waits, pressing]


# --- overflow -------------------------------------------------------------------------------------


async def owed_facts(world: World, kind: str) -> list[tuple[str, datetime]]:
    """What facts of a kind say the requester owed, and since when."""
    found = await world.rows(t.activities, t.activities.c.kind == kind)
    said = [row["data"] for row in sorted(found, key=lambda row: row["seq"])]
    return [(data["owed"], datetime.fromisoformat(data["asked_at"])) for data in said]


async def waiting_at_hub(world: World, **more: Any) -> str:
    """An urgent case (60 minutes) at hub, where nobody is and overflow is on."""
    here(world)
    await set_mode(world, "auto", overflow=True)
    case = await world.sent(urgency="urgent", **more)
    await rule(world, minutes=35)
    assert (await world.row(case))["provider_id"] == "hub"
    return case


async def test_what_nobody_can_take_goes_on_while_there_is_time(world: World) -> None:
    """With 40 % of the time left, to the next by agreement, where the consent lets it; once there,
    it does not come back."""
    case = await waiting_at_hub(world, consent=consent("hub", onward=True))
    world.tell("county", "second")
    await rule(world, minutes=2)
    row = await world.row(case)
    assert (row["provider_id"], row["agreement_id"], row["state"]) == (
        "second", "county-second", "open",
    )  # fmt: skip
    assert row["step_reason"]["code"] == "overflow"
    moved = await world.rows(t.activities, t.activities.c.kind == "request.redirected")
    assert [(f["actor_id"], f["institution_id"], f["data"]["to"]) for f in moved] == [
        (None, "hub", "second")
    ]
    kept = await world.rows(a.assignment_decisions)
    assert [(d["outcome"], d["provider_id"]) for d in sorted(kept, key=lambda d: d["at"])] == [
        ("nobody", None), ("passed-on", "second"),
    ]  # fmt: skip
    body = {"mode": "auto", "overflow": True}
    await world.client("second-coordinator").ok("PUT", f"{SETTINGS}/modes/imaging", body)
    await rule(world, minutes=10)
    assert (await world.row(case))["provider_id"] == "second"
    seen = await world.client("second-coordinator").get(f"/api/requests/{case}/assignment")
    assert {d["outcome"] for d in seen["items"]} == {"nobody"}, "hub's decisions are hub's"


async def test_an_unclaimed_case_is_told_to_whom_the_rule_gives_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to everybody while the rule has yet to look; to everybody when it does not within five
    seconds."""

    async def stands_still(*args: object) -> int:
        return 0

    work = assigning.work
    monkeypatch.setattr(assigning, "work", stands_still)
    here(world, "hub-reader2")
    await set_mode(world, "auto")
    case = await world.sent(urgency="stat")
    await climb(world)
    for who in ("hub-reader", "hub-reader2"):
        assert await told(world, who) == []
    monkeypatch.setattr(assigning, "work", work)
    await rule(world)
    assert await owner(world, case) == ("hub-reader2", "rule")
    await climb(world, 0.05)
    assert ("unclaimed", 0) in await told(world, "hub-reader2")
    assert await told(world, "hub-reader") == []
    monkeypatch.setattr(assigning, "work", stands_still)
    await world.sent(urgency="stat")
    await climb(world, 0.1)
    assert await told(world, "hub-reader") == [("unclaimed", 0)]


async def test_who_passed_a_case_on_reads_why_afterwards_and_nothing_later(world: World) -> None:
    """Its own decisions, as they were, and a list to find them by; the next one's stay theirs, the
    case itself is not to be seen any more, and whoever decided nothing is told it is not there."""
    case = await waiting_at_hub(world, consent=consent("hub", onward=True))
    coordinator, path = world.client(COORDINATOR), f"/api/requests/{case}/assignment"
    gone = f"{SETTINGS}/gone"
    assert (await coordinator.get(gone))["items"] == []
    before = (await coordinator.get(path))["items"]
    world.tell("county", "second")
    await rule(world, minutes=2)
    second = world.client("second-coordinator")
    await second.ok("POST", f"/api/requests/{case}/assign", {"person_id": "second-reader"})
    theirs = (await second.get(path))["items"]
    assert [d["person_id"] for d in theirs] == ["second-reader"]
    await coordinator.refused("not-found", "GET", f"/api/requests/{case}")
    shown = (await coordinator.get(path))["items"]
    assert shown[: len(before)] == before
    assert [d["outcome"] for d in shown] == ["nobody", "passed-on"]
    assert "second-reader" not in str(shown), "their readers and decisions are theirs"
    (one,) = (await coordinator.get(gone))["items"]
    assert (one["request_id"], one["outcome"], one["urgency"]) == (case, "passed-on", "urgent")
    assert one["provider"]["id"] == "second" and one["number"] == (await world.row(case))["number"]
    assert (await second.get(gone))["items"] == []
    assert {d["id"] for d in theirs}.isdisjoint(d["id"] for d in shown)
    await world.client("lapsed-coordinator").refused("not-found", "GET", path)
    await world.client("hub-reader").refused("forbidden", "GET", path)
    await world.client("hub-reader").refused("forbidden", "GET", gone)


async def test_without_consent_to_it_the_requester_is_asked(world: World) -> None:
    """Once; they agree with a consent that names the next one. Nobody else can say so for them."""
    case = await waiting_at_hub(world)
    path, client = f"/api/requests/{case}/pass-on", world.client("county-requester")
    body = {"provider_id": "second", "consent": consent("second")}
    await client.refused("not-asked", "POST", path, body)
    await rule(world, minutes=2)
    await rule(world, minutes=1)
    assert (await world.log(case)).count("request.overflow_asked") == 1
    assert (await world.row(case))["provider_id"] == "hub"
    assert [d["outcome"] for d in await decisions(world, case)] == ["nobody", "asked"]
    assert (await client.get(path))["provider"]["id"] == "second"
    clock = (await client.get(f"/api/requests/{case}"))["clock"]
    assert (clock["whose"], clock["provider"]["running"]) == ("provider", "running")
    assert (clock["requester"]["running"], clock["requester"]["spent"]) == ("running", 0)
    await climb(world)
    assert ("overflow-asked", 0) in await told(world, "county-requester")
    assert "overflow-asked" not in [what for what, _ in await told(world, COORDINATOR)]
    await world.client(COORDINATOR).refused("forbidden", "POST", path, body)
    wrong = {"provider_id": "second", "consent": consent("hub")}
    await client.refused("incomplete", "POST", path, wrong)
    back = {"provider_id": "hub", "consent": consent("hub")}
    await client.refused("invalid", "POST", path, back)
    await client.refused(
        "no-agreement", "POST", path, {"provider_id": "lapsed", "consent": consent("lapsed")}
    )
    world.tell("county", "second")
    shown = await client.ok("POST", path, body)
    assert shown["provider"]["id"] == "second" and shown["consent"]["receiver"] == "second"
    await client.refused("not-asked", "POST", path, body)
    assert (await client.get(path))["provider"] is None
    settled = await owed_facts(world, "request.overflow_settled")
    assert settled == [("passing", world.clock() - MINUTE)]
    assert shown["clock"]["requester"] == {
        "running": "stopped", "spent": 60, "since": None, "due": None, "late": None,
        "resumes": None,
    }  # fmt: skip
    await climb(world)
    ended = await world.rows(n.escalations, n.escalations.c.occasion == "overflow-asked")
    assert [row["end_reason"] for row in ended] == ["condition"]


async def test_whoever_takes_it_there_ends_the_question(world: World) -> None:
    """Given to somebody who let it lie, the requester is asked anew: two turns of its clock."""
    case = await waiting_at_hub(world)
    await rule(world, minutes=2)
    path, client = f"/api/requests/{case}/pass-on", world.client("county-requester")
    await rule(world, minutes=3)
    body = {"person_id": "hub-reader"}
    coordinator = world.client(COORDINATOR)
    await coordinator.ok("POST", f"/api/requests/{case}/assign", body)
    assert (await client.get(path))["provider"] is None
    await rule(world, minutes=1)
    await coordinator.ok("POST", f"/api/requests/{case}/unassign")
    await rule(world, minutes=1)
    assert (await client.get(path))["provider"]["id"] == "second"
    world.clock.advance(minutes=4)
    await client.ok("POST", f"/api/requests/{case}/withdraw", {"reason": "no-longer-needed"})
    assert await owed_facts(world, "request.overflow_settled") == [
        ("passing", world.clock() - 9 * MINUTE), ("passing", world.clock() - 4 * MINUTE),
    ]  # fmt: skip
    assert (await world.row(case))["asked_seconds"] == (3 + 4) * 60


async def test_it_waits_where_there_is_nowhere_to_go_or_somebody_came(world: World) -> None:
    """No agreement, no overflow; whoever connects before that gets it although it was asked."""
    case = await waiting_at_hub(world)
    await world.end_agreement("county-second")
    await rule(world, minutes=5)
    assert [d["outcome"] for d in await decisions(world, case)] == ["nobody"]
    here(world, "hub-reader")
    await rule(world, minutes=1)
    assert await owner(world, case) == ("hub-reader", "rule")


# --- why ------------------------------------------------------------------------------------------


async def test_a_decision_tells_everything_that_was_known(world: World) -> None:
    """By codes and numbers, with names only when it is shown; to the own coordinator alone."""
    here(world, "hub-reader", "hub-reader2")
    await world.claimed("hub-reader", of_patient=2)
    await set_mode(world, "auto")
    case = await world.sent()
    await rule(world)
    (one,) = await decisions(world, case)
    assert (one["person"], one["points"], one["mode"]) == ("医生hub-reader2", 2, "auto")
    assert one["rule"] == world.services.catalogue.assignment.version and one["account"] is None
    first, second = one["ranking"][:2]
    assert (first["person_id"], first["measure"], first["online"]) == ("hub-reader2", 0, True)
    assert (second["person_id"], second["measure"], second["in_hand"]) == ("hub-reader", 2, 2)
    assert {r["code"] for r in first["reasons"]} == {"online", "least-loaded"}
    (kept,) = await world.rows(a.assignment_decisions)
    assert "医生" not in str(kept), "ids only"
    for who in ("county-requester", "county-coordinator", "hub-reader", "second-coordinator"):
        answer = await world.client(who).call("GET", f"/api/requests/{case}/assignment")
        assert answer.code in {"forbidden", "not-found"}
    facts = (await world.client("county-requester").get(f"/api/requests/{case}/facts"))["items"]
    told = next(f for f in facts if f["kind"] == "workitem.assigned")
    assert not {"ranking", "in_hand", "measure"} & set(told["data"])


async def test_a_decision_is_never_changed(world: World) -> None:
    """The database itself refuses."""
    case = await world.sent()
    body = {"person_id": "hub-reader"}
    await world.client(COORDINATOR).ok("POST", f"/api/requests/{case}/assign", body)
    (one,) = await decisions(world, case)
    assert (one["decided_by"], one["account"], one["person_id"]) == (
        "coordinator", "医生hub-coordinator", "hub-reader",
    )  # fmt: skip
    c = a.assignment_decisions.c
    with pytest.raises(Exception, match="append-only"):
        await world.write(
            lambda tx: tx.update(a.assignment_decisions, c.id == one["id"], {"rule": "none"})
        )


# --- races ----------------------------------------------------------------------------------------


async def race(world: World, url: str, rounds: int) -> None:
    """Several servers' clocks and a reader's claim at once: each case is given or taken once."""
    here(world, *READERS)
    await set_mode(world, "auto")
    with closing(Store(url)) as one, closing(Store(url)) as two:
        for _ in range(rounds):
            case = await world.sent()
            claim = world.client("hub-verifier").call("POST", f"/api/requests/{case}/claim")
            claimed, *_ = await asyncio.gather(claim, rule(world, one), rule(world, two))
            kinds = Counter(await world.log(case))
            assert kinds["workitem.assigned"] <= 1 and kinds["workitem.claimed"] <= 1
            if claimed.status != 200:
                assert claimed.code == "set-aside" and kinds["workitem.assigned"] == 1
            given = [d for d in await decisions(world, case) if d["outcome"] == "given"]
            assert len(given) == kinds["workitem.assigned"]


async def test_two_processes_give_a_case_once(world: World) -> None:
    """On one SQLite file."""
    await race(world, world.services.settings.database, 5)


@pytest.mark.services
async def test_two_processes_give_a_case_once_on_postgresql(
    tmp_path: Path, postgres_url: str
) -> None:
    """With real concurrency."""
    settings = {"database_url": postgres_url}
    build(tmp_path / "data", **settings)
    async with world_at(tmp_path / "data", **settings) as world:
        await race(world, postgres_url, 8)
        here(world, *READERS)
        cases = [await world.sent() for _ in range(6)]
        with closing(Store(postgres_url)) as one, closing(Store(postgres_url)) as two:
            await asyncio.gather(rule(world, one), rule(world, two), rule(world))
        assert all([(await owner(world, case))[1] == "rule" for case in cases])
        assert all([(await world.log(c)).count("workitem.assigned") == 1 for c in cases])
