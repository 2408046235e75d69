"""A request from its draft to its end, as two hospitals play it over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from telemed.core.activity import Kind
from telemed.core.request import MACHINE, Event, State
from telemed.server.requests import TODO_SHOWN
from telemed.store import tables as t
from tests.server.guidance_house import opened
from tests.world import CONTENT, PASSWORD, World, add_account, consent

FOUR_HOURS = timedelta(hours=4)
"""configs/deadlines.toml: imaging, routine, CT."""


async def what_is_stored(world: World) -> list[Any]:
    """Everything a step could have moved; whom the ladder tells meanwhile is no step's doing."""
    tables = (t.requests, t.workitems, t.report_versions, t.signed_reports)
    facts = await world.rows(t.activities, t.activities.c.kind != Kind.NOTICE_TOLD)
    return [*[await world.rows(table) for table in tables], facts]


# --- drafts -----------------------------------------------------------------------------------


async def test_a_draft_saves_itself_and_two_tabs_cannot_overwrite_each_other(world: World) -> None:
    """Autosave keeps what is sent and leaves the rest; an older version is refused as stale."""
    one = world.client("county-requester")
    made = await one.ok("POST", "/api/requests", {"service": "imaging"})
    path = f"/api/requests/{made['id']}"
    first = await one.ok("PATCH", path, {"version": 1, "content": {"reason": "甲"}})
    second = await one.ok("PATCH", path, {"version": first["version"], "urgency": "stat"})
    assert (second["content"], second["urgency"]) == ({"reason": "甲"}, "stat")
    facts = await one.refused("stale", "PATCH", path, {"version": 1, "content": {"reason": "乙"}})
    assert facts["current"] == second["version"]
    assert (await one.get(path))["content"] == {"reason": "甲"}


async def test_a_draft_is_nobody_elses_business(world: World) -> None:
    """A draft tells its log entry to its hospital alone and is invisible to the one it names."""
    draft = await world.draft()
    for who in ("hub-coordinator", "second-reader", "region"):
        await world.client(who).refused("not-found", "GET", f"/api/requests/{draft['id']}")
        assert (await world.client(who).get("/api/requests"))["total"] == 0


async def test_unknown_fields_of_a_form_are_dropped_and_unknown_columns_refused(
    world: World,
) -> None:
    """Only the service's own fields are kept; nobody sets a column by naming it (UP-08)."""
    one = world.client("county-requester")
    made = await one.ok("POST", "/api/requests", {"service": "imaging"})
    path = f"/api/requests/{made['id']}"
    kept = await one.ok("PATCH", path, {"version": 1, "content": {"reason": "甲", "fee": 1}})
    assert kept["content"] == {"reason": "甲"}
    columns = {"state": "answered", "requester_id": "hub", "number": "1", "due_at": None,
               "created_by": "hub-reader", "agreement_id": "x", "critical": True}  # fmt: skip
    for column, value in columns.items():
        body = {"version": kept["version"], column: value}
        await one.refused("invalid", "PATCH", path, body)
    too_long = {"version": kept["version"], "content": {"reason": "长" * 501}}
    await one.refused("invalid", "PATCH", path, too_long)


async def test_an_empty_draft_lists_everything_that_is_missing(world: World) -> None:
    """The gate names each required field, the patient, the study, the receiver and the consent."""
    one = world.client("county-requester")
    made = await one.ok("POST", "/api/requests", {"service": "imaging"})
    facts = await one.refused("incomplete", "POST", f"/api/requests/{made['id']}/submit", {})
    names = {m["field"] for m in facts["missing"]}
    assert names == {*CONTENT["imaging"], "patient", "studies", "provider", "consent"}
    assert names == {m["field"] for m in made["missing"]}
    assert facts["count"] == len(facts["missing"])


@pytest.mark.parametrize("service", sorted(CONTENT))
async def test_every_required_field_is_asked_for_by_itself(world: World, service: str) -> None:
    """A form without one required field lacks exactly that field more and cannot be sent."""
    await opened(world)
    one = world.client("county-requester")
    draft = await world.draft(service=service)
    path = f"/api/requests/{draft['id']}"
    version = draft["version"]
    besides = {m["field"] for m in draft["missing"]}
    required = [f.key for f in world.services.catalogue.services[service].fields() if f.required]
    for key in required:
        content = {k: v for k, v in CONTENT[service].items() if k != key}
        saved = await one.ok("PATCH", path, {"version": version, "content": content})
        version = saved["version"]
        assert {m["field"] for m in saved["missing"]} - besides == {key}
    await one.refused("incomplete", "POST", f"{path}/submit", {})


async def test_studies_of_two_patients_never_meet_in_one_request(world: World) -> None:
    """A mix-up of patients stops when it is made."""
    one = world.client("county-requester")
    draft = await world.draft()
    ids = [(await world.study("county", n))["id"] for n in (1, 2)]
    body = {"version": draft["version"], "study_ids": ids}
    await one.refused("invalid", "PATCH", f"/api/requests/{draft['id']}", body)
    foreign = {"version": draft["version"], "study_ids": [(await world.study("second"))["id"]]}
    await one.refused("not-found", "PATCH", f"/api/requests/{draft['id']}", foreign)
    kept = await world.rows(t.request_studies)
    assert [row["study_id"] for row in kept] == [ids[0]]


# --- sending ----------------------------------------------------------------------------------


async def test_sending_starts_the_clock_and_schedules_the_work(world: World) -> None:
    """A sent request is due by its service's deadline, has one SCHEDULED attempt and one fact."""
    case = await world.sent()
    row = await world.row(case)
    assert row["state"] == "open" and row["agreement_id"] == "county-hub"
    assert row["due_at"] == world.clock() + FOUR_HOURS
    items = await world.rows(t.workitems)
    assert [(w["state"], w["attempt"]) for w in items] == [("SCHEDULED", 1)]
    assert await world.log(case) == ["request.drafted", "request.submitted"]


async def test_without_an_agreement_nothing_is_asked(world: World) -> None:
    """No agreement, or one that has ended: neither named as receiver nor sent (50号 三(一))."""
    one = world.client("county-requester")
    draft = await world.draft()
    path = f"/api/requests/{draft['id']}"
    body = {"version": draft["version"], "provider_id": "lapsed"}
    await one.refused("no-agreement", "PATCH", path, body)
    await world.end_agreement("county-hub")
    await one.refused("no-agreement", "POST", f"{path}/submit", {})
    assert (await world.row(draft["id"]))["state"] == "draft"
    other = world.client("lapsed-requester")
    mine = await other.ok("POST", "/api/requests", {"service": "imaging"})
    asked = {"version": 1, "provider_id": "hub"}
    await other.refused("no-agreement", "PATCH", f"/api/requests/{mine['id']}", asked)


async def test_an_agreement_does_not_cover_what_a_licence_does_not(world: World) -> None:
    """A hospital without the 诊疗科目 is refused although an agreement names the service."""
    one = world.client("county-requester")
    draft = await world.draft(service="pathology")
    body = {"version": draft["version"], "provider_id": "second"}
    await one.refused("out-of-scope", "PATCH", f"/api/requests/{draft['id']}", body)


async def test_services_that_are_coming_cannot_be_asked_for(world: World) -> None:
    """Each service that is not live is refused by name; an unknown one is not well formed."""
    one = world.client("county-requester")
    coming = [s.code for s in world.services.catalogue.services.values() if not s.live]
    for code in coming:
        await one.refused("service-not-live", "POST", "/api/requests", {"service": code})
    await one.refused("invalid", "POST", "/api/requests", {"service": "astrology"})
    assert coming and not await world.rows(t.requests)


@pytest.mark.parametrize(
    "given",
    [
        consent("second"),
        consent("hub", version="2019-1"),
        consent("hub", signer=""),
        {"kind": "waiver", "approver": "院长"},
        {"kind": "waiver", "reason": "unconscious"},
        {"kind": ""},
    ],
    ids=["other-receiver", "old-version", "unsigned", "no-reason", "no-approver", "none"],
)
async def test_consent_must_name_this_receiver_or_be_waived_in_full(
    world: World, given: dict[str, Any]
) -> None:
    """PIPL art. 23 and 医师法 art. 27: anything less cannot be sent."""
    draft = await world.draft(consent=given)
    path = f"/api/requests/{draft['id']}/submit"
    facts = await world.client("county-requester").refused("incomplete", "POST", path, {})
    assert [m["section"] for m in facts["missing"]] == ["consent"]


async def test_an_emergency_waiver_with_approver_and_reason_is_enough(world: World) -> None:
    """医师法 art. 27: approved emergencies need no signature."""
    waiver = {"kind": "waiver", "approver": "医务科主任", "reason": "unconscious"}
    case = await world.sent(consent=waiver, urgency="stat")
    assert (await world.row(case))["state"] == "open"


async def test_a_child_needs_a_guardian(world: World) -> None:
    """PIPL art. 31: under fourteen the patient's own signature is not enough."""
    child = {"name": "小明", "birth_date": "2015-06-01", "sex": "M"}
    draft = await world.draft(patient=child, study_ids=[])
    path = f"/api/requests/{draft['id']}"
    assert "guardian" in {m["field"] for m in draft["missing"]}
    body = {"version": draft["version"], "consent": consent("hub", relation="parent")}
    saved = await world.client("county-requester").ok("PATCH", path, body)
    assert "guardian" not in {m["field"] for m in saved["missing"]}


async def test_a_request_may_be_sent_while_its_images_are_still_arriving(world: World) -> None:
    """An upload under way stands for the study."""
    one = world.client("county-requester")
    draft = await world.draft(study_ids=[])
    submit = f"/api/requests/{draft['id']}/submit"
    facts = await one.refused("incomplete", "POST", submit, {})
    assert [m["field"] for m in facts["missing"]] == ["studies"]
    upload = await one.ok("POST", "/api/uploads", {"request_id": draft["id"]})
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "100000"}
    begun = await one.call("POST", f"/api/uploads/{upload['id']}/files", headers=headers)
    assert begun.status == 201
    world.tell("county", "hub")
    sent = await one.ok("POST", submit, {})
    assert (sent["state"], sent["uploads_running"]) == ("open", True)


# --- back and forth -----------------------------------------------------------------------------


async def test_a_return_stops_the_clock_and_sending_again_pushes_the_deadline(
    world: World,
) -> None:
    """Time spent waiting for the requester is added to the deadline; the attempt is a new one."""
    case = await world.sent()
    due = (await world.row(case))["due_at"]
    world.clock.advance(hours=1)
    hub = world.client("hub-coordinator")
    body = {"reason": "missing-history", "note": "请补充病史"}
    back = await hub.ok("POST", f"/api/requests/{case}/return", body)
    assert back["waiting_since"] is not None and back["step_reason"]["code"] == "missing-history"
    world.clock.advance(hours=5)
    one = world.client("county-requester")
    assert [r["id"] for r in (await one.get("/api/todo"))["returned"]] == [case]
    again = await one.ok("POST", f"/api/requests/{case}/resubmit", {})
    row = await world.row(case)
    assert (row["due_at"], row["waited_seconds"]) == (due + timedelta(hours=5), 5 * 3600)
    assert (again["state"], row["waiting_since"], row["step_reason"]) == ("open", None, None)
    items = sorted(await world.rows(t.workitems), key=lambda w: w["attempt"])
    assert [w["state"] for w in items] == ["CANCELED", "SCHEDULED"]
    kinds = ["request.returned", "request.resubmitted"]
    assert (await world.log(case))[2:] == kinds


async def test_a_step_needs_a_reason_of_its_own_list(world: World) -> None:
    """No code, a code of another step and a code of another service are all refused."""
    case = await world.sent()
    hub = world.client("hub-coordinator")
    for reason in (None, "no-capacity", "lead-reversal", "because"):
        body = {"reason": reason}
        await hub.refused("reason-required", "POST", f"/api/requests/{case}/return", body)
    one = world.client("county-requester")
    await one.refused("reason-required", "POST", f"/api/requests/{case}/withdraw", {})
    assert (await world.row(case))["state"] == "open"


async def test_a_withdrawn_request_leaves_the_providers_sight(world: World) -> None:
    """Withdrawing cancels the work and takes the case from the queue."""
    case = await world.sent()
    one = world.client("county-requester")
    await one.ok("POST", f"/api/requests/{case}/withdraw", {"reason": "referred"})
    assert [w["state"] for w in await world.rows(t.workitems)] == ["CANCELED"]
    hub = world.client("hub-reader")
    await hub.refused("not-found", "GET", f"/api/requests/{case}")
    assert (await hub.get("/api/worklist"))["items"] == []


async def test_a_declined_request_may_be_sent_elsewhere(world: World) -> None:
    """The one that declined sees it no more; the new one does, once the consent names it."""
    case = await world.sent()
    hub = world.client("hub-coordinator")
    body = {"reason": "no-capacity"}
    assert await hub.ok("POST", f"/api/requests/{case}/decline", body) == {"ok": True}
    await hub.refused("not-found", "GET", f"/api/requests/{case}")
    one = world.client("county-requester")
    path = f"/api/requests/{case}"
    version = (await one.get(path))["version"]
    moved = await one.ok("PATCH", path, {"version": version, "provider_id": "second"})
    assert [m["field"] for m in moved["missing"]] == ["consent"]
    new = world.client("second-coordinator")
    await new.refused("not-found", "GET", path)
    await one.ok("PATCH", path, {"version": moved["version"], "consent": consent("second")})
    world.tell("county", "second")
    await one.ok("POST", f"{path}/resubmit", {})
    assert (await new.get(path))["relation"] == "provider"
    await hub.refused("not-found", "GET", path)


async def test_naming_another_receiver_on_a_returned_request_shows_it_to_nobody_yet(
    world: World,
) -> None:
    """PIPL art. 23: until it is sent again with consent, the new receiver sees nothing."""
    case = await world.sent()
    path = f"/api/requests/{case}"
    hub = world.client("hub-coordinator")
    await hub.ok("POST", f"{path}/return", {"reason": "missing-history"})
    one = world.client("county-requester")
    version = (await one.get(path))["version"]
    await one.ok("PATCH", path, {"version": version, "provider_id": "second"})
    for who in ("second-coordinator", "second-reader"):
        await world.client(who).refused("not-found", "GET", path)
        assert (await world.client(who).get("/api/requests"))["total"] == 0


async def test_passing_on_needs_the_patients_word(world: World) -> None:
    """Without onward consent a redirect is refused and nothing moves."""
    case = await world.sent()
    before = await what_is_stored(world)
    body = {"reason": "expertise", "provider_id": "second"}
    hub = world.client("hub-coordinator")
    await hub.refused("consent-receiver", "POST", f"/api/requests/{case}/redirect", body)
    assert await what_is_stored(world) == before


async def test_a_redirect_moves_the_case_and_keeps_its_deadline(world: World) -> None:
    """With onward consent the next hospital gets it, the first loses sight, all three hear."""
    case = await world.sent(consent=consent("hub", onward=True))
    due = (await world.row(case))["due_at"]
    world.clock.advance(minutes=30)
    hub = world.client("hub-coordinator")
    path = f"/api/requests/{case}"
    to_lapsed = {"reason": "expertise", "provider_id": "lapsed"}
    await hub.refused("no-agreement", "POST", f"{path}/redirect", to_lapsed)
    body = {"reason": "expertise", "provider_id": "second"}
    world.tell("county", "second")
    assert await hub.ok("POST", f"{path}/redirect", body) == {"ok": True}
    await hub.refused("not-found", "GET", path)
    seen = await world.client("second-reader").get(path)
    assert seen["relation"] == "provider" and (await world.row(case))["due_at"] == due
    fact = (await world.rows(t.activities, t.activities.c.kind == "request.redirected"))[0]
    assert {fact["party_a"], fact["party_b"], fact["party_c"]} == {"county", "hub", "second"}


async def test_a_reader_cannot_push_away_what_a_colleague_is_reading(world: World) -> None:
    """The holder or a coordinator may return a claimed case; another reader may not."""
    case = await world.claimed()
    path = f"/api/requests/{case}/return"
    body = {"reason": "missing-history"}
    facts = await world.client("hub-reader2").refused("already-claimed", "POST", path, body)
    assert facts["holder"] == "医生hub-reader"
    await world.client("hub-coordinator").ok("POST", path, body)


# --- every cell ---------------------------------------------------------------------------------

OWN_STEPS: dict[str, tuple[Event, dict[str, Any]]] = {
    "submit": (Event.SUBMIT, {}),
    "recall": (Event.RECALL, {}),
    "resubmit": (Event.RESUBMIT, {}),
    "discard": (Event.DISCARD, {}),
    "withdraw": (Event.WITHDRAW, {"reason": "referred"}),
    "confirm": (Event.CONFIRM, {"adoption": "adopted"}),
}
HUB_STEPS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "return": ("hub-coordinator", {"reason": "missing-history"}),
    "decline": ("hub-coordinator", {"reason": "no-capacity"}),
    "redirect": ("hub-coordinator", {"reason": "expertise", "provider_id": "second"}),
    "claim": ("hub-reader2", None),
    "release": ("hub-coordinator", {"reason": "called-away"}),
    "takeover": ("hub-reader2", {"reason": "urgent"}),
    "report/sign": ("hub-reader2", {"revision": 1, "password": PASSWORD}),
    "report/verify": ("hub-verifier", {"revision": 1, "password": PASSWORD}),
    "report/send-back": ("hub-verifier", {"note": "请修改"}),
    "report/revise": ("hub-reader2", {"kind": "addendum", "reason": "补充"}),
    "report/discard-revision": ("hub-reader2", None),
}
HUB_MAY: dict[State, set[str]] = {
    State.OPEN: {"return", "decline", "redirect", "claim"},
    State.ANSWERED: {"report/revise"},
    State.CONFIRMED: {"report/revise"},
}
HUB_SEES = {State.OPEN, State.RETURNED, State.ANSWERED, State.CONFIRMED}


async def in_state(world: World, state: State) -> str:
    """A case in each state, reached by its own steps."""
    one, hub = world.client("county-requester"), world.client("hub-coordinator")
    if state is State.DRAFT or state is State.DISCARDED:
        case = (await world.draft())["id"]
        if state is State.DISCARDED:
            await one.ok("POST", f"/api/requests/{case}/discard", {})
        return str(case)
    if state is State.AWAITING:
        office = ("county-office", ["medical_office"], "county", None)
        await world.write(lambda tx: add_account(tx, *office))
        case = (await world.draft(service="consultation"))["id"]
        await one.ok("POST", f"/api/requests/{case}/submit", {})
        return str(case)
    if state in (State.ANSWERED, State.CONFIRMED):
        case = await world.issued()
        if state is State.CONFIRMED:
            await one.ok("POST", f"/api/requests/{case}/confirm", {"adoption": "adopted"})
        return case
    case = await world.sent(consent=consent("hub", onward=True))
    if state is State.RETURNED:
        await hub.ok("POST", f"/api/requests/{case}/return", {"reason": "missing-history"})
    if state is State.DECLINED:
        await hub.ok("POST", f"/api/requests/{case}/decline", {"reason": "no-capacity"})
    if state is State.WITHDRAWN:
        await one.ok("POST", f"/api/requests/{case}/withdraw", {"reason": "referred"})
    return case


@pytest.mark.parametrize("state", list(State), ids=lambda s: s.value)
async def test_every_illegal_step_is_refused_and_moves_nothing(world: World, state: State) -> None:
    """Each cell that the table does not have is 409 (or not found to whom it is hidden), and
    neither row, workitem, report nor log has changed."""
    case = await in_state(world, state)
    assert (await world.row(case))["state"] == state
    before = await what_is_stored(world)
    one = world.client("county-requester")
    for step, (event, body) in OWN_STEPS.items():
        if not MACHINE.allows(state, event):
            await one.refused("illegal-transition", "POST", f"/api/requests/{case}/{step}", body)
    for step, (who, given) in HUB_STEPS.items():
        if step in HUB_MAY.get(state, set()):
            continue
        reply = await world.client(who).call("POST", f"/api/requests/{case}/{step}", given)
        expected = 409 if state in HUB_SEES else 404
        assert reply.status == expected, f"{step}: {reply.status} {reply.body!r}"
    assert await what_is_stored(world) == before


async def test_what_is_offered_is_what_the_table_allows(world: World) -> None:
    """`allowed` of each state names exactly the requesting side's cells of the table."""
    offered = {event.value for event, _ in OWN_STEPS.values()}
    for state in State:
        case = await in_state(world, state)
        shown = await world.client("county-requester").get(f"/api/requests/{case}")
        table = {event.value for event in MACHINE.table[state]}
        assert set(shown["allowed"]) & offered == table & offered


async def test_numbers_are_one_row_a_day_without_gaps(world: World) -> None:
    """Requests of a day are numbered from one, by service, in Guangxi's days."""
    one = world.client("county-requester")
    made = [await one.ok("POST", "/api/requests", {"service": "imaging"}) for _ in range(3)]
    assert [m["number"][-3:] for m in made] == ["001", "002", "003"]
    assert all("20260305" in m["number"] for m in made)
    world.clock.advance(hours=8)
    later = await one.ok("POST", "/api/requests", {"service": "imaging"})
    assert "20260306" in later["number"] and later["number"].endswith("001")
    assert await world.services.store.read(lambda tx: tx.scalar(sa.func.count(t.numbers.c.day)))


# --- lists ----------------------------------------------------------------------------------------


async def test_a_list_is_narrowed_by_side_state_service_and_day(world: World) -> None:
    """Each filter keeps what it names and the total counts exactly that."""
    first = await world.sent()
    world.clock.advance(days=2)
    second = await world.sent(service="ecg")
    asked = await world.draft("second-requester", None)
    county, second_doctor = world.client("county-requester"), world.client("second-requester")
    found: dict[str, set[str]] = {}
    for query in ("service=ecg", "from=2026-03-07", "to=2026-03-06", "state=draft", "side=asking"):
        page = await county.get(f"/api/requests?{query}")
        found[query] = {row["id"] for row in page["items"]}
        assert page["total"] == len(page["items"]), query
    assert found == {
        "service=ecg": {second},
        "from=2026-03-07": {second},
        "to=2026-03-06": {first},
        "state=draft": set(),
        "side=asking": {first, second},
    }
    mine = await second_doctor.get("/api/requests?side=asking&state=draft")
    assert [row["id"] for row in mine["items"]] == [asked["id"]]
    hub = world.client("hub-coordinator")
    assert (await hub.get("/api/requests?side=answering"))["total"] == 2
    assert (await hub.get("/api/requests?side=asking"))["total"] == 0


async def test_what_waits_is_counted_in_full(world: World) -> None:
    """More than a group shows are still counted."""
    one = world.client("county-requester")
    for _ in range(TODO_SHOWN + 1):
        await one.ok("POST", "/api/requests", {"service": "ecg"})
    told = await one.get("/api/todo")
    assert (len(told["drafts"]), told["counts"]["drafts"]) == (TODO_SHOWN, TODO_SHOWN + 1)
    assert told["counts"]["to_read"] == 0


async def test_the_archive_finds_what_was_issued_before_today(world: World) -> None:
    """Yesterday's report has left today's tab and is found by the patient's name, newest first."""
    old = await world.issued()
    world.clock.advance(days=1)
    new = await world.issued()
    reader = world.client("hub-reader")
    today = await reader.get("/api/worklist?tab=done")
    assert [row["id"] for row in today["items"]] == [new]
    archive = await reader.get("/api/worklist?tab=archive")
    assert [row["id"] for row in archive["items"]] == [new, old]
    assert archive["counts"]["archive"] == 2
    found = await reader.ok(
        "POST", "/api/worklist/search", {"tab": "archive", "conditions": {"text": "zqcounty1"}}
    )
    assert {row["id"] for row in found["items"]} == {new, old}
    assert (
        await reader.ok(
            "POST", "/api/worklist/search", {"tab": "archive", "conditions": {"text": "nobody"}}
        )
    )["items"] == []
