"""Minutes over the wire: written by several, closed, signed by each, archived by both sides."""

import asyncio
import hashlib
import io
import random
from typing import Any

import orjson
import pypdf
import pytest

from telemed.core.minutes import DISCUSSION, SUMMARY, Terms, opinion_of
from telemed.core.notes import applied, rebased, units
from telemed.followers.minutes import Archivist
from telemed.store import appointment_tables as a
from telemed.store import minutes_tables as m
from telemed.store import tables as t
from tests.server.booking import APPOINTMENTS, KEEPER, confirmed, has_hours, step
from tests.server.test_care_tally import month
from tests.world import PASSWORD, World, canary_of

CHAIR, EXPERT, THIRD, ASKS = "hub-verifier", "hub-reader", "second-reader", "county-requester"
TABLES = (
    m.minutes, m.minutes_sections, m.minutes_changes, m.minutes_closings, m.minutes_signers,
    m.minutes_signatures, m.minutes_archives, m.appointment_consents, a.appointments,
)  # fmt: skip


async def stored(world: World) -> list[Any]:
    """Everything there is of minutes, to see that nothing changed."""
    return [await world.rows(table) for table in TABLES]


async def met(world: World, *, third: bool = False, end: bool = True) -> str:
    """A case's appointment with a chair and an expert of hub, that was held; its id."""
    case = await world.sent()
    people = [("expert-chair", CHAIR), ("expert", EXPERT)]
    await has_hours(world, CHAIR, EXPERT)
    if third:
        people.append(("expert", THIRD))
        hours = {"rows": [{"weekdays": [0, 1, 2, 3, 4], "begins": "08:00", "ends": "12:00",
                           "first": "2026-01-01"}]}  # fmt: skip
        path = f"/api/calendars/people/{THIRD}/hours"
        await world.client("second-coordinator").ok("PUT", path, hours)
    seats = [{"role": role, "person_id": person} for role, person in people]
    one = await confirmed(world, "09:00", request_id=case, seats=seats)
    world.clock.advance(hours=17)
    one = await step(world, one, "begin", KEEPER)
    if end:
        world.clock.advance(minutes=30)
        await step(world, one, "end", KEEPER)
    return str(one["id"])


def at(key: str, rest: str = "") -> str:
    """The path of an appointment's minutes."""
    return f"{APPOINTMENTS}/{key}/minutes{rest}"


async def say(world: World, key: str, who: str, section: str, words: str) -> Any:
    """Write words at the end of a section."""
    seen = await world.client(who).get(at(key))
    text = next(s["text"] for s in seen["sections"] if s["section"] == section)
    change = [*([units(text)] if text else []), words]
    name = hashlib.sha256(f"{who} {words}".encode()).hexdigest()[:20]
    body = {"section": section, "base": seen["head"], "change": change, "key": name}
    return await world.client(who).ok("POST", at(key, "/changes"), body)


async def close(world: World, key: str, who: str = CHAIR) -> Any:
    """Write a summary if there is none, and close; the minutes after it."""
    seen = await world.client(who).get(at(key))
    if not next(s["text"] for s in seen["sections"] if s["section"] == SUMMARY):
        await say(world, key, who, SUMMARY, "考虑右下肺炎症，建议复查。")
        seen = await world.client(who).get(at(key))
    body = {"version": seen["version"], "head": seen["head"]}
    return await world.client(who).ok("POST", at(key, "/close"), body)


async def sign(world: World, key: str, who: str, stance: str = "agree", words: str = "") -> Any:
    """Sign what is closed; the minutes after it."""
    seen = await world.client(who).get(at(key))
    body = {"sha256": seen["closing"]["sha256"], "stance": stance, "words": words,
            "password": PASSWORD}  # fmt: skip
    return await world.client(who).ok("POST", at(key, "/sign"), body)


async def archived(world: World, key: str, who: str = ASKS) -> Any:
    """The minutes once they are archived, which a follower does."""
    for _ in range(200):
        seen = await world.client(who).get(at(key))
        if seen["state"] == "archived":
            return seen
        await asyncio.sleep(0.05)
    raise AssertionError(seen["state"])


async def test_minutes_from_the_first_word_to_both_archives(world: World) -> None:
    """Each side has a record of its own with the patient's name, and both are genuine."""
    key = await met(world)
    await say(world, key, EXPERT, opinion_of(EXPERT), "右下肺片状影。")
    await say(world, key, ASKS, DISCUSSION, "申请医师介绍病史。")
    world.clock.advance(minutes=1)
    shown = await close(world, key)
    assert shown["state"] == "closed" and [p["name"] for p in shown["people"]] == [
        f"医生{CHAIR}", f"医生{EXPERT}",
    ]  # fmt: skip
    assert [s["at"] for s in shown["closing"]["signatures"]] == [None, None]
    waits = (await world.client(EXPERT).get("/api/minutes/to-sign"))["items"]
    assert [one["appointment_id"] for one in waits] == [key]
    await sign(world, key, EXPERT, "reserve", "建议先行增强扫描")
    assert (await world.client(EXPERT).get("/api/minutes/to-sign"))["items"] == []
    await sign(world, key, CHAIR)
    seen = await archived(world, key)
    assert [x["own"] for x in seen["archives"]] == [True, False]
    texts = {}
    for who in (ASKS, KEEPER):
        reply = await world.client(who).call("GET", at(key, "/record.pdf"))
        mine = next(x for x in (await world.client(who).get(at(key)))["archives"] if x["own"])
        assert hashlib.sha256(reply.body).hexdigest() == mine["sha256"]
        pages = pypdf.PdfReader(io.BytesIO(reply.body)).pages
        texts[who] = "".join(page.extract_text() for page in pages)
        assert "建议先行增强扫描" in texts[who] and "右下肺片状影" in texts[who]
        assert canary_of("county").upper() in texts[who].upper()
        check = await world.client("nobody").get(f"/api/verify/{mine['verification_code']}")
        assert check["valid"] and check["kind"] == "minutes" and check["sha256"] == mine["sha256"]
        assert check["signers"] == [f"医生{EXPERT}", f"医生{CHAIR}"]
        assert canary_of("county") not in check["patient"].lower()
    assert "邀请方存档" in texts[ASKS] and "受邀方存档" in texts[KEEPER]
    kinds = [kind for kind in await world.log() if kind.startswith("minutes.")]
    assert kinds == [
        "minutes.closed", "minutes.signed", "minutes.signed", "minutes.completed",
        "minutes.archived",
    ]  # fmt: skip
    assert (await month(world, "provider"))["minutes_archived"] == 1
    facts = await world.rows(t.activities, t.activities.c.kind.like("minutes.%"))
    assert not any("医生" in str(f["data"]) or "增强" in str(f["data"]) for f in facts)


LETTERS = ("abcdefg", "hijklmn", "会诊讨论记录", "😀🫀🧠🦴")
TYPED = 30


async def test_several_write_at_once_and_no_keystroke_is_lost(world: World) -> None:
    """Four at one section, each sending what it typed before it saw what the others had; some
    answers get lost and are asked for again. Everybody's letters stand, each in their order."""
    key = await met(world, end=False)
    typists = [Typist(world, key, who, n) for n, who in enumerate((CHAIR, EXPERT, ASKS, KEEPER))]
    await asyncio.gather(*(typist.work() for typist in typists))
    texts = [await typist.rest() for typist in typists]
    assert len(set(texts)) == 1
    for typed in LETTERS:
        mine = "".join(c for c in texts[0] if c in typed)
        assert mine == (typed * TYPED)[:TYPED]
    (row,) = await world.rows(m.minutes_sections)
    assert row["text"] == texts[0]


class Typist:
    """A page at work: it sends a few letters at its caret, and hears what came before them."""

    def __init__(self, world: World, key: str, who: str, n: int) -> None:
        self.client, self.key, self.who = world.client(who), key, who
        self.chance, self.letters = random.Random(n), (LETTERS[n] * TYPED)[:TYPED]
        self.text, self.head, self.caret = "", 0, 0

    async def work(self) -> None:
        """Type it all."""
        left = list(self.letters)
        while left:
            words = "".join(left.pop(0) for _ in range(min(len(left), self.chance.randint(1, 3))))
            change = [self.caret, words] if self.caret else [words]
            name = f"{self.who}-{len(left)}"
            body = {"section": DISCUSSION, "base": self.head, "change": change, "key": name}
            answer = await self.client.ok("POST", at(self.key, "/changes"), body)
            if self.chance.random() < 0.3:
                answer = await self.client.ok("POST", at(self.key, "/changes"), body)
            self.hear(answer["changes"], name)

    async def rest(self) -> str:
        """The text after what the others wrote last."""
        self.hear((await self.client.get(at(self.key, f"/changes?after={self.head}")))["changes"])
        return self.text

    def hear(self, changes: list[Any], mine: str = "") -> None:
        """Make the changes; the caret stays where it is in the text."""
        for one in changes:
            change = tuple(one["change"])
            self.text, self.head = applied(self.text, change), one["n"]
            if one["key"] == mine:
                before = change[0] if isinstance(change[0], int) else 0
                self.caret = before + units(str(change[-1]))
            else:
                probe = (self.caret, "|") if self.caret else ("|",)
                moved = rebased(probe, change, first=False)
                self.caret = moved[0] if isinstance(moved[0], int) else 0


async def test_a_closed_text_is_nobody_s_to_change(world: World) -> None:
    """Not by writing, not by saying who was there, not by closing again."""
    key = await met(world)
    await close(world, key)
    before = await stored(world)
    note = {"section": DISCUSSION, "base": 0, "change": ["x"], "key": "late"}
    for who in (CHAIR, EXPERT, KEEPER, ASKS):
        client = world.client(who)
        seen = await client.get(at(key))
        assert not any(section["writable"] for section in seen["sections"])
        head = {"version": seen["version"], "head": seen["head"]}
        for path, method, body in (
            ("/changes", "POST", note),
            ("/head", "PUT", {"version": seen["version"], "place": "别处"}),
            ("/close", "POST", head),
        ):
            await client.refused("illegal-transition", method, at(key, path), body)
    assert await stored(world) == before


async def test_who_closes_closes_what_they_saw(world: World) -> None:
    """What somebody wrote meanwhile is seen first; nothing to sign is not closed."""
    key = await met(world)
    chair = world.client(CHAIR)
    seen = await chair.get(at(key))
    empty = {"version": seen["version"], "head": seen["head"]}
    await chair.refused("minutes-empty", "POST", at(key, "/close"), empty)
    await say(world, key, CHAIR, SUMMARY, "总结")
    seen = await chair.get(at(key))
    await say(world, key, EXPERT, DISCUSSION, "还有一句")
    body = {"version": seen["version"], "head": seen["head"]}
    facts = await chair.refused("stale", "POST", at(key, "/close"), body)
    assert facts["current"] == seen["head"] + 1
    for who in (EXPERT, ASKS):
        latest = await world.client(who).get(at(key))
        body = {"version": latest["version"], "head": latest["head"]}
        await world.client(who).refused("forbidden", "POST", at(key, "/close"), body)
    assert (await chair.get(at(key)))["state"] == "open"


async def test_signing_twice_is_once_and_only_what_was_seen_is_signed(world: World) -> None:
    """Another stance afterwards is refused; another text's hash, a stranger, no password too."""
    key = await met(world)
    shown = await close(world, key)
    good = {"sha256": shown["closing"]["sha256"], "stance": "agree", "password": PASSWORD}
    expert, path = world.client(EXPERT), at(key, "/sign")
    before = await stored(world)
    await expert.refused("stale", "POST", path, {**good, "sha256": "0" * 64})
    await expert.refused("wrong-password", "POST", path, {**good, "password": "falsch"})
    await expert.refused("invalid", "POST", path, {**good, "stance": "reserve"})
    await world.client(ASKS).refused("forbidden", "POST", path, good)
    await world.client(KEEPER).refused("forbidden", "POST", path, good)
    assert await stored(world) == before
    await asyncio.gather(*(expert.ok("POST", path, good) for _ in range(4)))
    assert len(await world.rows(m.minutes_signatures)) == 1
    other = {**good, "stance": "reserve", "words": "保留"}
    await expert.refused("signed-already", "POST", path, other)
    kinds = [kind for kind in await world.log() if kind == "minutes.signed"]
    assert len(kinds) == 1


async def test_reopened_every_signature_is_void_and_said_why(world: World) -> None:
    """The next text names the one before it, and is signed anew by all."""
    key = await met(world)
    first = await close(world, key)
    await sign(world, key, EXPERT)
    body = {"round": 1, "reason": "漏记一位专家的意见"}
    await world.client(EXPERT).refused("forbidden", "POST", at(key, "/reopen"), body)
    shown = await world.client(KEEPER).ok("POST", at(key, "/reopen"), body)
    assert shown["state"] == "open" and shown["closing"] is None
    assert shown["void"][0]["reason"] == "漏记一位专家的意见"
    old = {"sha256": first["closing"]["sha256"], "stance": "agree", "password": PASSWORD}
    for who in (CHAIR, EXPERT):
        await world.client(who).refused("illegal-transition", "POST", at(key, "/sign"), old)
    await say(world, key, CHAIR, opinion_of(EXPERT), "补记")
    again = await close(world, key)
    assert again["closing"]["round"] == 2
    assert all(s["at"] is None for s in again["closing"]["signatures"])
    rows = await world.rows(m.minutes_closings, m.minutes_closings.c.round == 2)
    assert orjson.loads(rows[0]["text"])["previous_sha256"] == first["closing"]["sha256"]
    await sign(world, key, EXPERT)
    await sign(world, key, CHAIR)
    seen = await archived(world, key)
    await world.client(KEEPER).refused(
        "illegal-transition", "POST", at(key, "/reopen"), {"round": 2, "reason": "x"}
    )
    assert len(seen["archives"]) == 2


async def test_who_was_not_there_neither_signs_nor_is_waited_for(world: World) -> None:
    """And whoever came without an invitation signs as well; only of the two institutions."""
    key = await met(world)
    expert = world.client(EXPERT)
    await expert.refused(
        "not-found", "PUT", at(key, "/head"), {"version": 0, "also": ["lapsed-reader"]}
    )
    await expert.refused("invalid", "PUT", at(key, "/head"), {"version": 0, "absent": [ASKS]})
    head = {"version": 0, "place": "三楼会诊室", "absent": [EXPERT], "also": [ASKS]}
    await expert.ok("PUT", at(key, "/head"), head)
    await expert.refused("stale", "PUT", at(key, "/head"), head)
    shown = await close(world, key)
    assert [s["person_id"] for s in shown["closing"]["signatures"]] == [CHAIR, ASKS]
    await sign(world, key, ASKS)
    await sign(world, key, CHAIR)
    await archived(world, key)
    (row,) = await world.rows(m.minutes_closings)
    said = orjson.loads(row["text"])
    assert said["place"] == "三楼会诊室" and [p["id"] for p in said["absent"]] == [EXPERT]
    assert said["begun"] == "2026-03-06T01:00:00Z" and said["ended"] == "2026-03-06T01:30:00Z"


async def test_whoever_was_in_the_conference_took_part_at_its_times(world: World) -> None:
    """Without an invitation too; they sign, unless they are said not to have taken part."""
    key = await met(world, end=False)
    phone = f"{APPOINTMENTS}/{key}/conference/phone"
    for who in (ASKS, EXPERT):
        await world.client(KEEPER).ok("POST", phone, {"person_id": who, "joined": True})
    world.clock.advance(minutes=7)
    await world.client(KEEPER).ok("POST", phone, {"person_id": ASKS, "joined": False})
    seen = await world.client(ASKS).get(at(key))
    times = {p["person_id"]: (p["role"], p["joined"], p["left"]) for p in seen["people"]}
    assert times == {
        CHAIR: ("expert-chair", None, None),
        EXPERT: ("expert", "2026-03-06T01:00:00Z", None),
        ASKS: ("requesting", "2026-03-06T01:00:00Z", "2026-03-06T01:07:00Z"),
    }
    shown = await close(world, key)
    assert [s["person_id"] for s in shown["closing"]["signatures"]] == [CHAIR, EXPERT, ASKS]


async def test_a_third_institution_s_expert_sees_what_they_sat_in_and_no_case(world: World) -> None:
    """They write, sign and read; colleagues of theirs learn nothing, and no patient is told."""
    key = await met(world, third=True)
    third = world.client(THIRD)
    seen = await third.get(at(key))
    assert seen["has_case"] and seen["request_id"] is None
    await say(world, key, THIRD, opinion_of(THIRD), "同意前述意见。")
    path = at(key, "/changes")
    note = {"section": opinion_of(CHAIR), "base": 1, "change": ["x"], "key": "k"}
    await third.refused("forbidden", "POST", path, note)
    await close(world, key)
    before = await stored(world)
    for who in ("second-coordinator", "second-requester", "lapsed-reader", "lapsed-coordinator"):
        client = world.client(who)
        for method, rest, body in (
            ("GET", "", None), ("GET", "/changes", None), ("GET", "/record.pdf", None),
            ("POST", "/changes", {**note, "section": DISCUSSION}),
            ("POST", "/close", {"version": 1, "head": 1}),
            ("POST", "/reopen", {"round": 1, "reason": "x"}),
        ):  # fmt: skip
            hidden = await client.call(method, at(key, rest), body)
            absent = await client.call(method, at("absent", rest), body)
            assert hidden.status == 404 and hidden.body == absent.body, (who, rest)
    assert await stored(world) == before
    for who in (THIRD, EXPERT, CHAIR):
        await sign(world, key, who)
    await archived(world, key)
    await third.refused("not-found", "GET", at(key, "/record.pdf"))
    seen = await third.get(at(key))
    assert [x["own"] for x in seen["archives"]] == [False, False]
    assert not any(x["verification_code"] for x in seen["archives"])


async def test_notes_are_bounded_and_what_is_no_text_is_refused(world: World) -> None:
    """Too long, of another text, of no section, from the future; nothing changed by any."""
    key = await met(world, end=False)
    client, path = world.client(EXPERT), at(key, "/changes")
    good = {"section": opinion_of(EXPERT), "base": 0, "change": ["x"], "key": "a"}
    await client.ok("POST", path, good)
    before = await stored(world)
    for code, more in (
        ("too-large", {"change": ["长" * 6000]}),
        ("invalid", {"change": [9, "x"]}),
        ("invalid", {"change": [True]}),
        ("invalid", {"change": ["\u0000"]}),
        ("invalid", {"section": opinion_of("nobody")}),
        ("invalid", {"section": "minutes"}),
        ("stale", {"base": 7}),
        ("forbidden", {"section": SUMMARY}),
    ):
        await client.refused(code, "POST", path, {**good, "base": 1, "key": "b", **more})
    assert await stored(world) == before
    again = await client.ok("POST", path, good)
    assert again["head"] == 1


async def test_before_it_is_confirmed_there_is_nothing_to_write(world: World) -> None:
    """And nothing is closed before it has begun."""
    case = await world.sent()
    await has_hours(world, CHAIR)
    one = await confirmed(world, "09:00", CHAIR, request_id=case)
    key = str(one["id"])
    await say(world, key, KEEPER, SUMMARY, "预先记录")
    seen = await world.client(KEEPER).get(at(key))
    assert "close" not in seen["allowed"]
    body = {"version": seen["version"], "head": seen["head"]}
    await world.client(KEEPER).refused("illegal-transition", "POST", at(key, "/close"), body)
    await step(world, one, "cancel", reason="other")
    note = {"section": DISCUSSION, "base": 1, "change": ["x"], "key": "k"}
    await world.client(KEEPER).refused("illegal-transition", "POST", at(key, "/changes"), note)


@pytest.mark.parametrize("purpose", ["recording", "teaching"])
async def test_consents_are_asked_separately_and_none_is_given_by_itself(
    world: World, purpose: str
) -> None:
    """The asking side enters who said what to which text; the answer before stays."""
    key = await met(world, end=False)
    asks, path = world.client(ASKS), at(key, "/consents")
    assert [c["answer"] for c in (await asks.get(at(key)))["consents"]] == [None, None]
    body = {"purpose": purpose, "answer": "given", "signer": "患者本人", "relation": "self",
            "version": "2026-1"}  # fmt: skip
    await asks.refused("stale", "POST", path, {**body, "version": "2025-1"})
    await asks.refused("invalid", "POST", path, {**body, "signer": " "})
    await world.client("hub-requester").refused("forbidden", "POST", path, body)
    await world.client("second-requester").refused("not-found", "POST", path, body)
    await asks.ok("POST", path, body)
    shown = await asks.ok("POST", path, {**body, "answer": "refused", "signer": "韦某"})
    found = {c["purpose"]: c["answer"] for c in shown["consents"]}
    assert found == {**dict.fromkeys(("recording", "teaching")), purpose: "refused"}
    rows = await world.rows(m.appointment_consents)
    assert sorted((r["n"], r["answer"], r["signer"]) for r in rows) == [
        (1, "given", "患者本人"), (2, "refused", "韦某"),
    ]  # fmt: skip
    (fact, _) = await world.rows(t.activities, t.activities.c.kind == "minutes.consent_set")
    assert "患者" not in str(fact["data"])


async def test_a_share_of_signatures_is_enough_where_the_service_says_so(world: World) -> None:
    """After its time, with the chair's; the record names who has not signed."""
    key = await met(world)
    terms = {"": Terms(0.5)}
    object.__setattr__(world.services.catalogue, "signing", terms)
    await close(world, key)
    await sign(world, key, CHAIR)
    world.clock.advance(hours=71)
    assert await settle_now(world) == 0
    world.clock.advance(hours=2)
    assert await settle_now(world) == 1
    await archived(world, key)
    reply = await world.client(ASKS).call("GET", at(key, "/record.pdf"))
    pages = pypdf.PdfReader(io.BytesIO(reply.body)).pages
    text = "".join("".join(page.extract_text() for page in pages).split())
    assert f"尚未签名：医生{EXPERT}" in text


async def settle_now(world: World) -> int:
    """The clock's look, now and not in a minute."""
    found = world.services
    archivist = Archivist(
        found.store, found.bell, found.clock, found.new_id, found.catalogue, found.signer, ""
    )
    done = await found.store.write(archivist.settle)
    found.bell.ring()
    return done


async def test_a_changed_row_is_not_archived_and_not_shown_as_genuine(world: World) -> None:
    """Whoever edits the database behind the server's back is found out."""
    key = await met(world)
    await close(world, key)
    await sign(world, key, EXPERT)
    words = {"signed_bytes": b"{}"}
    one = m.minutes_signatures.c.person_id == EXPERT
    await world.write(lambda tx: tx.update(m.minutes_signatures, one, words))
    seen = await world.client(ASKS).get(at(key))
    assert [s["genuine"] for s in seen["closing"]["signatures"]] == [False, False]
    await sign(world, key, CHAIR)
    await asyncio.sleep(0.5)
    assert (await world.client(ASKS).get(at(key)))["state"] == "signed"
    assert await world.rows(m.minutes_archives) == []
