"""An agreement's own terms over HTTP: who sees them, who sets which part, what a change leaves."""

import asyncio
from datetime import date, timedelta
from typing import Any

from telemed.core.catalogue import Deadline
from telemed.core.network import Agreement, Network
from telemed.store import network
from telemed.store import tables as t
from tests.world import START, World

ONE = "/api/agreements/county-hub"
STAT = {"service": "imaging", "urgency": "stat", "minutes": 20, "clause": "§3.2"}


async def set_terms(world: World, revision: int, *terms: dict[str, Any]) -> Any:
    body = {"revision": revision, "terms": list(terms)}
    return await world.client("hub-admin").ok("PUT", ONE, body)


async def test_a_change_counts_for_new_cases_and_running_ones_keep_their_promise(
    world: World,
) -> None:
    """Previewed, saved, seen by both parties, told to both, audited; then taken back."""
    running = await world.sent(urgency="stat")
    due = (await world.row(running))["due_at"]
    hub, county = world.client("hub-admin"), world.client("county-admin")
    body = {"revision": 0, "terms": [STAT]}
    told = await hub.ok("POST", f"{ONE}/preview", body)
    (one,) = told["differences"]
    assert (one["before"]["by"], one["before"]["minutes"]) == ("network", 30)
    assert (one["after"]["by"], one["after"]["minutes"]) == ("agreement", 20)
    assert told["running"] == 1
    assert (await county.get(ONE))["revision"] == 0, "a preview changes nothing"
    await set_terms(world, 0, STAT)
    for client in (hub, county):
        page = await client.get(ONE)
        assert [term["minutes"] for term in page["agreement"]["terms"]] == [20]
        (change,) = page["changes"]
        assert (change["n"], change["part"], change["terms_before"]) == (1, "terms", None)
        assert change["institution"] == "hub医院" and change["may_undo"] is (client is hub)
    assert (await world.row(running))["due_at"] == due
    fresh = await world.sent(urgency="stat", of_patient=2)
    row = await world.row(fresh)
    assert row["due_at"] == START + timedelta(minutes=20)
    assert (row["promise"]["by"], row["promise"]["clause"]) == ("agreement", "§3.2")
    (fact,) = await world.rows(t.activities, t.activities.c.kind == "agreement.changed")
    assert fact["data"] == {"agreement": "county-hub", "part": "terms", "revision": 1}
    audit = await world.rows(t.audit, t.audit.c.object_kind == "agreement")
    assert [row["object_id"] for row in audit] == ["county-hub"]
    await hub.ok("POST", f"{ONE}/undo", {"revision": 1, "n": 1})
    page = await county.get(ONE)
    assert page["agreement"]["terms"] is None and page["revision"] == 2
    assert page["changes"][0]["undoes"] == 1
    await hub.ok("POST", f"{ONE}/undo", {"revision": 2, "n": 2})
    assert (await hub.get(ONE))["agreement"]["terms"][0]["minutes"] == 20


async def test_each_side_sets_its_own_part(world: World) -> None:
    """The responding side promises, the requesting side ranks; nobody else learns of it."""
    hub, county = world.client("hub-admin"), world.client("county-admin")
    assert (await hub.get(ONE))["may"] == ["terms"]
    assert (await county.get(ONE))["may"] == ["rank"]
    terms, rank = {"revision": 0, "terms": [STAT]}, {"revision": 0, "rank": 2}
    await county.refused("agreement-side", "PUT", ONE, terms)
    await hub.refused("agreement-side", "PUT", ONE, rank)
    page = await county.ok("PUT", ONE, rank)
    assert page["agreement"]["rank"] == 2 and page["changes"][0]["rank_before"] == 1
    await hub.refused("agreement-side", "POST", f"{ONE}/undo", {"revision": 1, "n": 1})
    await set_terms(world, 1, STAT)
    await county.ok("POST", f"{ONE}/undo", {"revision": 2, "n": 1})
    page = await hub.get(ONE)
    assert (page["agreement"]["rank"], len(page["agreement"]["terms"])) == (1, 1)
    stranger = world.client("second-admin")
    for method, path, body in (
        ("GET", ONE, None),
        ("PUT", ONE, rank),
        ("POST", f"{ONE}/undo", {"revision": 3, "n": 1}),
    ):
        await stranger.refused("not-found", method, path, body)
    await world.end_agreement("county-hub")
    await hub.refused("agreement-over", "PUT", ONE, {"revision": 3, "terms": []})
    assert (await hub.get(ONE))["may"] == []


async def test_who_was_first_is_not_overwritten(world: World) -> None:
    """Two saves of one revision: one is kept, the other is told, and nothing of it is written."""
    hub = world.client("hub-admin")
    tries = [{"revision": 0, "terms": [{**STAT, "minutes": m}]} for m in (15, 25)]
    replies = await asyncio.gather(*(hub.call("PUT", ONE, body) for body in tries))
    assert sorted(reply.status for reply in replies) == [200, 409]
    page = await hub.get(ONE)
    assert page["revision"] == 1 and len(page["changes"]) == 1
    await set_terms(world, 1, {**STAT, "minutes": page["agreement"]["terms"][0]["minutes"]})
    assert (await hub.get(ONE))["revision"] == 1, "the same again is no change"


async def test_impossible_values_are_refused_in_words(world: World) -> None:
    """Nothing is kept of a change that has one of them."""
    hub = world.client("hub-admin")
    for minutes in (0, -5, 525_600):
        body = {"revision": 0, "terms": [STAT, {**STAT, "urgency": "urgent", "minutes": minutes}]}
        for method, path in (("PUT", ONE), ("POST", f"{ONE}/preview")):
            await hub.refused("deadline-refused", method, path, body)
    for rank in (0, -1, 100):
        await world.client("county-admin").refused(
            "rank-refused", "PUT", ONE, {"revision": 0, "rank": rank}
        )
    mass: list[dict[str, Any]] = [
        {"revision": 0, "until": "2099-01-01T00:00:00Z"},
        {"revision": 0, "services": ["imaging"]},
        {"revision": 0, "provider_id": "second"},
        {"revision": 0, "terms": [{**STAT, "by": "network"}]},
        {"revision": 0, "terms": [{**STAT, "minutes": 1.5}]},
        {"revision": 0, "terms": [{**STAT, "minutes": 10**12}]},
        {"revision": 0, "terms": [{**STAT, "clause": "x" * 41}]},
        {"revision": 0, "terms": [STAT] * 61},
        {"terms": []},
    ]
    for wrong in mass:
        await hub.refused("invalid", "PUT", ONE, wrong)
    page = await hub.get(ONE)
    assert page["revision"] == 0 and page["agreement"]["terms"] is None


async def test_a_register_does_not_take_back_what_the_parties_set(world: World) -> None:
    """Of each part the latest of their own; the register keeps the rest."""
    await set_terms(world, 0, STAT)
    await world.client("county-admin").ok("PUT", ONE, {"revision": 1, "rank": 3})
    told = Agreement(
        "county-hub", "county", "hub", ("imaging",), date(2025, 1, 1), date(2027, 1, 1), 7,
        "several", "新文号", (Deadline("imaging", "stat", 55),),
    )  # fmt: skip
    register = Network({}, {}, {}, (), {"county-hub": told}, {}, {})
    await world.write(lambda tx: network.save_network(tx, register))
    page = await world.client("hub-admin").get(ONE)
    agreement = page["agreement"]
    assert (agreement["document_no"], agreement["services"]) == ("新文号", ["imaging"])
    assert (agreement["rank"], [term["minutes"] for term in agreement["terms"]]) == (3, [20])
