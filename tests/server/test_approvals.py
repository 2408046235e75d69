"""In-house approval at the public face: county's department head and medical office agree before a
consultation leaves, or afterwards where it could not wait."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from telemed.catalogue.approvals import load_approvals
from telemed.operations.histories import unlike_their_history
from telemed.store import tables as t
from tests.server.test_care_tally import month
from tests.server.test_escalations import climb
from tests.world import World, add_account


async def office(world: World, *roles: str) -> None:
    """Accounts at county that hold these roles, one each: county-department_head and so on."""
    for role in roles:
        who = f"county-{role}"
        await world.write(lambda tx, w=who, r=role: add_account(tx, w, [r], "county", None))


async def sent(world: World, urgency: str = "routine", **more: Any) -> Any:
    """A consultation that county's doctor sends; the case after it."""
    made = await world.draft(service="consultation", urgency=urgency)
    world.tell("county", "hub")
    return await world.client("county-requester").ok(
        "POST", f"/api/requests/{made['id']}/submit", more
    )


async def step(world: World, who: str) -> Any:
    """The one step that somebody is to decide."""
    (task,) = (await world.client(who).get("/api/approvals"))["items"]
    return task["approval"]


async def approve(world: World, who: str) -> Any:
    """Agree to the one step that somebody is to decide."""
    one = await step(world, who)
    path = f"/api/approvals/{one['id']}/approve"
    return await world.client(who).ok("POST", path, {"version": one["version"], "note": "同意"})


async def steps(world: World, case: str, who: str = "county-requester") -> list[tuple[str, str]]:
    """Key's label and state of each step of a case."""
    found = await world.client(who).get(f"/api/requests/{case}/approvals")
    return [(one["label"]["zh"], one["state"]) for one in found["items"]]


async def test_a_consultation_is_sent_when_both_have_agreed(world: World) -> None:
    """Waiting it is nobody's but county's and cannot be edited; the clocks start with the last
    approval, and both names stand on the case."""
    await office(world, "department_head", "medical_office")
    case = await sent(world)
    assert (case["state"], case["due_at"]) == ("awaiting", None)
    assert set(case["allowed"]) == {"recall"}
    for who in ("hub-coordinator", "region"):
        await world.client(who).refused("not-found", "GET", f"/api/requests/{case['id']}")
    assert (await world.client("hub-reader").get("/api/worklist"))["items"] == []
    patch = {"version": case["version"], "urgency": "stat"}
    await world.client("county-requester").refused(
        "illegal-transition", "PATCH", f"/api/requests/{case['id']}", patch
    )
    assert (await world.client("county-medical_office").get("/api/approvals"))["items"] == []
    world.clock.advance(hours=2)
    await climb(world)
    await approve(world, "county-department_head")
    assert (await world.row(case["id"]))["state"] == "awaiting"
    await approve(world, "county-medical_office")
    row = await world.row(case["id"])
    assert (row["state"], row["submitted_at"]) == ("open", world.clock())
    assert await steps(world, case["id"]) == [
        ("科主任审批", "approved"),
        ("医务科审批", "approved"),
    ]
    (listed,) = (await world.client("hub-reader").get("/api/worklist"))["items"]
    assert listed["id"] == case["id"]
    assert await world.log(case["id"]) == [
        "request.drafted", "approval.asked", "approval.given", "approval.passed_on",
        "approval.given", "request.submitted",
    ]  # fmt: skip
    told = f"/api/requests/{case['id']}/facts"
    heard = (await world.client("hub-reader").get(told))["items"]
    own = [fact for fact in (await world.client("county-requester").get(told))["items"]
           if fact not in heard]  # fmt: skip
    assert {fact["kind"] for fact in own if fact["kind"] != "notice.told"} == {
        "approval.asked", "approval.given", "approval.passed_on",
    }  # fmt: skip
    assert [fact["data"]["occasion"] for fact in own if fact["kind"] == "notice.told"] == [
        "approval-waiting"
    ], "who was told in house is the house's own story"
    told = await world.client("hub-reader").get(f"/api/requests/{case['id']}/approvals")
    assert [one["reason"] for one in told["items"]] == [None, None]


async def test_who_does_not_agree_gives_a_reason_and_the_draft_goes_round_again(
    world: World,
) -> None:
    """Back to a draft that says why; sent again every step is asked anew. Taken back likewise."""
    await office(world, "department_head", "medical_office")
    case = await sent(world)
    await approve(world, "county-department_head")
    one = await step(world, "county-medical_office")
    path, office_ = f"/api/approvals/{one['id']}/reject", world.client("county-medical_office")
    for reason in ("because", "other"):
        body = {"version": one["version"], "reason": reason}
        await office_.refused("reason-required", "POST", path, body)
    body = {"version": one["version"], "reason": "incomplete", "note": "缺心脏彩超"}
    await office_.ok("POST", path, body)
    doctor, here = world.client("county-requester"), f"/api/requests/{case['id']}"
    back = await doctor.get(here)
    assert (back["state"], back["step_reason"]["note"]) == ("draft", "缺心脏彩超")
    again = await doctor.ok("POST", f"{here}/submit", {})
    assert (again["state"], again["step_reason"]) == ("awaiting", None)
    taken = await doctor.ok("POST", f"{here}/recall", {})
    assert taken["state"] == "draft" and "submit" in taken["allowed"]
    await doctor.refused("illegal-transition", "POST", f"{here}/recall", {})
    assert [state for _, state in await steps(world, case["id"])] == [
        "approved", "rejected", "canceled", "canceled",
    ]  # fmt: skip
    assert (await world.client("county-department_head").get("/api/approvals"))["items"] == []
    assert await world.write(unlike_their_history) == []


async def test_what_cannot_wait_is_sent_at_once_and_the_approval_is_owed(world: World) -> None:
    """The bypass leaves a fact and stays on the approvers' lists until it is given; no answer to it
    calls the case back, and what is routine cannot take this way."""
    await office(world, "department_head", "medical_office")
    made = await world.draft(service="consultation")
    doctor = world.client("county-requester")
    path = f"/api/requests/{made['id']}/submit"
    await doctor.refused("approval-needed", "POST", path, {"bypass": True})
    case = await sent(world, "stat", bypass=True)
    assert case["state"] == "open"
    assert "approval.bypassed" in await world.log(case["id"])
    found = await doctor.get(f"/api/requests/{case['id']}/approvals")
    assert [(one["state"], one["owed"]) for one in found["items"]] == [("waiting", True)] * 2
    await approve(world, "county-department_head")
    one = await step(world, "county-medical_office")
    body = {"version": one["version"], "reason": "not-indicated"}
    await world.client("county-medical_office").ok(
        "POST", f"/api/approvals/{one['id']}/reject", body
    )
    assert (await world.row(case["id"]))["state"] == "open"
    assert (await world.client("county-medical_office").get("/api/approvals"))["items"] == []
    assert await world.write(unlike_their_history) == []
    values = await month(world)
    assert (values["approvals_bypassed"], values["approvals_denied"]) == (1, 1)
    assert values["approvals_rejected"] == 0
    # Urgent and not in a hurry: it may wait for them all the same.
    assert (await sent(world, "stat"))["state"] == "awaiting"


@pytest.mark.parametrize("there", [(), ("medical_office",), ("department_head",)])
async def test_a_step_that_nobody_can_decide_is_passed_over_and_recorded(
    world: World, there: tuple[str, ...]
) -> None:
    """A township hospital without such offices sends at once, as ever; one of the two is enough to
    be asked alone."""
    await office(world, *there)
    case = await sent(world)
    assert case["state"] == ("awaiting" if there else "open")
    if there:
        await approve(world, f"county-{there[0]}")
    assert (await world.row(case["id"]))["state"] == "open"
    names = {"department_head": "科主任审批", "medical_office": "医务科审批"}
    wanted = [(word, "approved" if role in there else "passed over")
              for role, word in names.items()]  # fmt: skip
    assert await steps(world, case["id"]) == wanted


async def test_nobody_approves_their_own_nor_what_is_not_theirs(world: World) -> None:
    """Whoever sends it is passed over even as the head; another step's holder, another hospital's
    and a clinician are refused."""
    await world.write(lambda tx: add_account(
        tx, "county-both", ["requester", "department_head"], "county", None))  # fmt: skip
    await office(world, "medical_office")
    made = await world.draft("county-both", service="consultation")
    world.tell("county", "hub")
    await world.client("county-both").ok("POST", f"/api/requests/{made['id']}/submit", {})
    assert await steps(world, made["id"]) == [
        ("科主任审批", "passed over"), ("医务科审批", "waiting"),
    ]  # fmt: skip
    one = await step(world, "county-medical_office")
    path, body = f"/api/approvals/{one['id']}/approve", {"version": one["version"]}
    await world.client("county-both").refused("forbidden", "POST", path, body)
    await world.client("lapsed-office").refused("not-found", "POST", path, body)
    await world.client("county-reader").refused("forbidden", "POST", path, body)
    # The head was given the office's role meanwhile: it is still their own.
    both = {"roles": ["requester", "department_head", "medical_office"]}
    await world.write(lambda tx: tx.update(t.accounts, t.accounts.c.id == "county-both", both))
    assert (await world.client("county-both").get("/api/approvals"))["items"] == []
    reply = await world.client("county-both").call("POST", path, body)
    assert reply.code == "own-approval"


async def test_of_two_approvers_at_once_one_decides(world: World) -> None:
    """The other is told that it changed; and a step is not taken before its turn."""
    await office(world, "department_head", "medical_office")
    await world.write(
        lambda tx: add_account(tx, "county-deputy", ["department_head"], "county", None)
    )
    case = await sent(world)
    one = await step(world, "county-department_head")
    path, body = f"/api/approvals/{one['id']}", {"version": one["version"]}
    later = (await world.client("county-requester").get(
        f"/api/requests/{case['id']}/approvals"))["items"][1]  # fmt: skip
    early = {"version": later["version"]}
    await world.client("county-medical_office").refused(
        "illegal-transition", "POST", f"/api/approvals/{later['id']}/approve", early
    )
    replies = await asyncio.gather(
        world.client("county-department_head").call("POST", f"{path}/approve", body),
        world.client("county-deputy").call(
            "POST", f"{path}/reject", {**body, "reason": "in-house"}
        ),
    )
    assert sorted(r.status for r in replies) == [200, 409]
    assert {r.code for r in replies} == {"", "stale"}


def test_a_chain_that_makes_no_sense_stops_the_start(tmp_path: Path) -> None:
    """An unknown service, a role that may not approve, two steps of one key, no step."""
    good = '[[chain]]\nservice = "x"\nsteps = [{ key = "a", label = { zh = "甲", en = "A" }, role = "department_head" }]\n'  # noqa: E501
    file = tmp_path / "approvals.toml"
    file.write_text(good, "utf-8")
    assert load_approvals(tmp_path, {"x"})["x"].steps[0].role == "department_head"
    step_ = good[good.index("{ key") : good.index("]\n", 12)]
    for bad in (
        good.replace('"x"', '"y"'),
        good + good,
        good.replace("department_head", "reader"),
        good.replace(step_, f"{step_}, {step_}"),
        good.replace(step_, ""),
        good.replace("steps", 'bypass = ["soon"]\nsteps'),
    ):
        file.write_text(bad, "utf-8")
        with pytest.raises(ValueError):
            load_approvals(tmp_path, {"x"})
