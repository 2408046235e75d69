"""UPS-RS on the wire: bodies of both forms, searches, and channels that break."""

import asyncio
import re
import socket as sockets
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from telemed.actions import ups_subscriptions
from telemed.actions.worklist import SYSTEM
from telemed.core import ups as rules
from telemed.dicom.multipart import boundary_for, closing, content_type
from telemed.dicom.xmlmodel import native_xml, read_native_xml
from telemed.server.imaging import xml_parts
from telemed.store import tables as t
from telemed.store.prepared import Prepared
from telemed.store.ups import uid_of
from telemed.store.ups_tables import ups_items, ups_subscribers
from tests.server.ups_client import (
    GLOBAL,
    ITEMS,
    Json,
    Ups,
    channel,
    code,
    one,
    performed,
    seq,
    to_state,
    uids,
    value,
    workitem,
)
from tests.world import World, build, world_at

UID, TUID = "2.25.7001", "2.25.9001"
XML = "application/dicom+xml"


@pytest.fixture
def ups(world: World) -> Ups:
    """A workstation of the hub."""
    return Ups(world.client("hub-reader"))


# --- bodies -------------------------------------------------------------------------------------


def multipart(told: Json) -> tuple[bytes, str]:
    """A data set as one part of a multipart message, and its Content-Type."""
    document = native_xml(told)
    boundary = boundary_for("one")
    return xml_parts(boundary, [document]) + closing(boundary), content_type(XML, boundary)


async def test_xml_both_ways(ups: Ups) -> None:
    """A workitem created, claimed, completed in XML reads the same in JSON, numbers and all."""
    made = workitem(x00741002=one("SQ"), x00400400=one("LT", "标注 <1> & 2"))
    body, kind = multipart(made)
    sent = {"Content-Type": kind}
    call = ups.client.call
    assert (await call("POST", f"{ITEMS}?{UID}", headers=sent, data=body)).status == 201
    assert value(await ups.get(UID), "00400400") == "标注 <1> & 2"
    body, kind = multipart(to_state("IN PROGRESS", TUID))
    path = f"{ITEMS}/{UID}"
    reply = await call("PUT", f"{path}/state", headers={"Content-Type": kind}, data=body)
    assert reply.status == 200
    told = {**performed(), "00741002": seq({"00741004": one("DS", "12.5")})}
    alone = {"Content-Type": XML}
    query = f"{path}?transaction-uid={TUID}"
    assert (await call("POST", query, headers=alone, data=native_xml(told))).status == 200
    assert value(value(await ups.get(UID), "00741002"), "00741004") == 12.5
    asked = {"Accept": f'multipart/related; type="{XML}"'}
    reply = await call("GET", path, headers=asked)
    assert reply.headers["Content-Type"].startswith("multipart/related")
    document = reply.body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
    in_xml = read_native_xml(document)
    assert value(in_xml, "00080018") == UID and "00081195" not in in_xml
    assert set(in_xml) == set(await ups.get(UID))


async def test_what_is_no_data_set_is_refused(ups: Ups) -> None:
    """Malformed, deep, oversized, of another type, compressed: a clear error, and nothing made."""
    deep = b'{"00741210":{"vr":"SQ","Value":[' * 400 + b"{}" + b"]}}" * 400
    bodies: list[tuple[bytes, str, int]] = [
        (b"", "application/dicom+json", 400),
        (b"[]", "application/dicom+json", 400),
        (b"[{},{}]", "application/dicom+json", 400),
        (b"[1]", "application/dicom+json", 400),
        (b"{", "application/dicom+json", 400),
        (b'[{"00741204":{"vr":"LO","Value":[{"a":1}]}}]', "application/dicom+json", 400),
        (b'[{"00741204":{"vr":"QQ","Value":["x"]}}]', "application/dicom+json", 400),
        (b'[{"not a tag":{"vr":"LO"}}]', "application/dicom+json", 400),
        (deep, "application/dicom+json", 400),
        (b"[" * 100_000, "application/dicom+json", 400),
        (b" " * (1 << 20) + b"{}", "application/dicom+json", 413),
        (b"label=x", "application/x-www-form-urlencoded", 415),
        (b"<!DOCTYPE x><NativeDicomModel/>", XML, 400),
        (b"--b\r\n\r\n<NativeDicomModel/>", f'multipart/related; type="{XML}"; boundary=b', 400),
    ]
    for raw, kind, status in bodies:
        for method, path in (("POST", f"?{UID}"), ("PUT", f"/{UID}/state")):
            headers, body = {"Content-Type": kind}, BytesIO(raw)
            reply = await ups.client.call(method, ITEMS + path, headers=headers, data=body)
            # What is not there is not found before its body is looked into, if it can be read.
            expected = {status, 404} if method == "PUT" else {status}
            assert reply.status in expected, (raw[:60], kind, reply.body)
            assert (status == 415) <= ("Accept" in reply.headers)
    nul = workitem(x00741204=one("LO", "a\u0000b"))
    assert (await ups.create(UID, nul)).status in (201, 400)
    reply = await ups.client.call("GET", f"{ITEMS}/2.25.404", headers={"Accept": "image/png"})
    assert reply.status == 406


async def test_bulk_data_and_secrets_are_not_kept(ups: Ups, world: World) -> None:
    """A BulkDataURI leads nowhere here; a Transaction UID hidden in a sequence stays out."""
    told = workitem(x00741210={"vr": "OB", "BulkDataURI": "http://169.254.169.254/"})
    assert (await ups.create(UID, told)).status == 400
    await ups.create(UID)
    await ups.state(UID, "IN PROGRESS", TUID)
    for text in (
        (await ups.call("GET", f"/{UID}")).body,
        (await ups.call("GET", "?includefield=all")).body,
        (await ups.call("GET", "?includefield=00081195")).body,
        (await ups.call("GET", f"?00080018={UID}&includefield=TransactionUID")).body,
    ):
        assert TUID.encode() not in text and b"00081195" not in text
    assert (await ups.call("GET", f"?TransactionUID={TUID}")).status == 400
    facts = orjson.dumps([row["data"] for row in await world.rows(t.activities)])
    assert TUID.encode() not in facts


async def test_capabilities_name_the_workitems(ups: Ups) -> None:
    """OPTIONS tells every resource with its methods, and each path its own."""
    tree = await ups.client.call("OPTIONS", "/dicom-web/", headers={"Accept": "application/json"})
    methods = {r["path"]: [m["name"] for m in r["methods"]] for r in tree.json["resources"]}
    assert methods["workitems"] == ["POST", "GET"]
    assert methods["workitems/{workitem}/subscribers/{aet}"] == ["POST", "DELETE"]
    allowed = (await ups.client.call("OPTIONS", f"{ITEMS}/{UID}/state")).headers["Allow"]
    assert "PUT" in allowed
    assert (await ups.client.call("DELETE", f"{ITEMS}/{UID}")).status == 405


# --- searching ----------------------------------------------------------------------------------

QUERIES = {
    "SOPInstanceUID": ("{uid}", "2.25.1"),
    "ProcedureStepState": ("SCHEDULED", "COMPLETED"),
    "00741000": ("SCHEDULED,IN PROGRESS", "CANCELED"),
    "ScheduledProcedureStepStartDateTime": ("20260305", "20260306-"),
    "ExpectedCompletionDateTime": ("20260305-", "-20260304"),
    "ScheduledProcedureStepPriority": ("MEDIUM", "LOW"),
    "ProcedureStepLabel": ("远程*", "nothing*"),
    "WorklistLabel": ("hub人民医院", "county*"),
    "InputReadinessState": ("READY", "UNAVAILABLE"),
    "PatientName": ("zhang*", "li*"),
    "PatientID": ("ZQCOUNTY1", "ZQCOUNTY2"),
    "PatientBirthDate": ("19800101", "19800102"),
    "PatientSex": ("F", "M"),
    "ScheduledStationNameCodeSequence.CodeValue": ("hub", "county"),
    "ScheduledStationClassCodeSequence.CodeValue": ("imaging", "ecg"),
    "ScheduledWorkitemCodeSequence.CodeValue": ("imag*", "pathology"),
    "ScheduledHumanPerformersSequence.HumanPerformerCodeSequence.CodeValue": ("", "hub-reader"),
    "ReferencedRequestSequence.AccessionNumber": ("zqcounty1", "zqhub1"),
    "ReferencedRequestSequence.RequestedProcedureID": ("{number}", "YX1"),
    "ReferencedRequestSequence.StudyInstanceUID": ("{study}", "2.25.1"),
    "InputInformationSequence.StudyInstanceUID": ("{study}", "2.25.1"),
    "ReplacedProcedureStepSequence.ReferencedSOPInstanceUID": ("", "2.25.1"),
    "ScheduledStationGeographicLocationCodeSequence.CodeValue": ("", "room-1"),
}
OWN = {
    "SOPInstanceUID": (UID, "2.25.1"),
    "ProcedureStepState": ("SCHEDULED", "COMPLETED"),
    "ScheduledProcedureStepStartDateTime": ("202603051600", "-20260304"),
    "ExpectedCompletionDateTime": ("20260306", "20260307-"),
    "ScheduledProcedureStepPriority": ("MEDIUM", "LOW"),
    "ProcedureStepLabel": ("render*volume", "read*"),
    "WorklistLabel": ("W?rk", "Other"),
    "InputReadinessState": ("READY", "INCOMPLETE"),
    "PatientName": ("meng^lan", "meng^an"),
    "PatientID": ("UPS-1", "UPS-2"),
    "ScheduledStationNameCodeSequence.CodeValue": ("WORKSTATION1", "WORKSTATION2"),
    "ScheduledWorkitemCodeSequence.CodeValue": ("RENDER", "REND"),
    "ScheduledStationGeographicLocationCodeSequence.CodeValue": ("ROOM1", "ROOM2"),
    "ScheduledHumanPerformersSequence.HumanPerformerCodeSequence.CodeValue": ("D1", "D2"),
}


async def test_every_key_finds_and_leaves_out(world: World, ups: Ups) -> None:
    """Of attempts and of own workitems: a value that is so finds it, one that is not does not."""
    case = await world.sent()
    (row,) = await world.rows(t.workitems)
    names = {
        "{uid}": uid_of(row["id"]),
        "{number}": (await world.row(case))["number"],
        "{study}": (await world.study("county"))["study_uid"],
    }
    for key, (right, wrong) in QUERIES.items():
        if right:
            assert uids(await ups.find(f"{key}={names.get(right, right)}")) == {names["{uid}"]}, key
        assert await ups.find(f"{key}={wrong}") == [], key
    performer = {"00404009": seq(code("D1"))}
    await ups.create(UID, workitem(x00404034=seq(performer), x00404027=seq(code("ROOM1")),
                                   x00404011=one("DT", "20260306120000+0800")))  # fmt: skip
    for key, (right, wrong) in OWN.items():
        assert UID in uids(await ups.find(f"{key}={right}")), key
        assert UID not in uids(await ups.find(f"{key}={wrong}")), key


@pytest.mark.services
async def test_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """With several writers at once: searches, two claims, a withdrawal beside a claim, events in
    the order of the commits."""
    settings = {"database_url": postgres_url}
    build(tmp_path / "data", **settings)
    async with world_at(tmp_path / "data", **settings) as world:
        reader = Ups(world.client("hub-reader"))
        url = (await reader.subscribe(GLOBAL, "AE1")).headers["Content-Location"]
        await test_every_key_finds_and_leaves_out(world, reader)
        rivals = [Ups(world.client(who)) for who in ("hub-reader", "hub-reader2")] * 4
        (attempt,) = uids(await reader.find("ScheduledWorkitemCodeSequence.CodeValue=imaging"))
        for uid in (UID, attempt):
            claims = (one.state(uid, "IN PROGRESS", f"2.25.{n}") for n, one in enumerate(rivals, 1))
            replies = await asyncio.gather(*claims)
            assert sorted(reply.status for reply in replies) == [200] + [409] * 7
        label = {"00741204": one("LO", "second look")}
        (held,) = (row for row in await world.rows(t.workitems) if row["state"] == "IN PROGRESS")
        path = f"/{attempt}?transaction-uid={held['transaction_uid']}"
        holder = next(one for one in rivals if one.client.who == held["performer_id"])
        assert (await holder.call("POST", path, label)).status == 200
        assert uids(await reader.find("ProcedureStepLabel=second*")) == {attempt}
        async with channel(world, "hub-reader", url) as events:
            told = [await events.next() for _ in range(5)]
        states = [value(e, "00741000") for e in told if value(e, "00001002") == 1]
        assert states == ["SCHEDULED", "SCHEDULED", "IN PROGRESS", "IN PROGRESS"]


async def test_pages_and_fields(world: World, ups: Ups) -> None:
    """The latest to begin first, with how many are left; more attributes for who asks for them."""
    for n in range(1, 6):
        start = one("DT", f"2026030{n}080000")
        await ups.create(f"2.25.70{n}", workitem(x00404005=start, x00400400=one("LT", "Quiet")))
    reply = await ups.call("GET", "?limit=2&offset=1")
    assert [value(item, "00080018") for item in reply.json] == ["2.25.704", "2.25.703"]
    assert "There are 2 additional results" in reply.headers["Warning"]
    assert "00400400" not in reply.json[0]
    (one_item,) = await ups.find("limit=1&includefield=CommentsOnTheScheduledProcedureStep")
    assert value(one_item, "00400400") == "Quiet"
    for bad in ("limit=0", "limit=x", "offset=-1", "fuzzymatching=perhaps",
                "ScheduledProcedureStepStartDateTime=yesterday", "PatientName=a%00b"):  # fmt: skip
        assert (await ups.call("GET", f"?{bad}")).status == 400, bad


# --- channels that break ------------------------------------------------------------------------


async def test_nothing_is_lost_without_a_pong(world: World, ups: Ups) -> None:
    """A client that hears and never confirms hears the same again; what it confirmed is done."""
    from websockets.asyncio.client import connect

    url = (await ups.subscribe(GLOBAL, "AE1")).headers["Content-Location"]
    for n in range(3):
        await ups.create(f"2.25.70{n}")
    headers = world.client("hub-reader").identity()
    origin = headers.pop("Origin")
    for _ in range(2):
        async with connect(url, additional_headers=headers, origin=origin) as socket:  # type: ignore[arg-type]
            socket.protocol.recv_ping = lambda frame: None  # type: ignore[attr-defined]
            _deafen(socket)
            told = [orjson.loads(await asyncio.wait_for(socket.recv(), 20)) for _ in range(3)]
        assert [value(e, "00001000") for e in told] == ["2.25.700", "2.25.701", "2.25.702"]
        assert [value(e, "00000110") for e in told] == [1, 2, 3]
    async with channel(world, "hub-reader", url) as events:
        await events.states(3)
        await events.confirmed(world)
    await ups.create("2.25.703")
    async with channel(world, "hub-reader", url) as events:
        assert await events.states(1) == [("2.25.703", "SCHEDULED")]


def _deafen(socket: Any) -> None:
    """From now on the library's pongs are not sent."""
    send = socket.protocol.send_pong
    assert send is not None
    socket.protocol.send_pong = lambda data: None


async def test_who_never_reads_is_cut_and_resumes(
    world: World, ups: Ups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full line costs its own client only: others hear meanwhile, and it comes back to all."""
    monkeypatch.setattr("telemed.server.ups_channel.SEND_SECONDS", 0.3)
    monkeypatch.setattr("telemed.server.ups_channel.PING_SECONDS", 0.3)
    monkeypatch.setattr("telemed.server.ups_channel.RECHECK_SECONDS", 0.1)
    slow = (await ups.subscribe(GLOBAL, "SLOW")).headers["Content-Location"]
    quick = (await ups.subscribe(GLOBAL, "QUICK")).headers["Content-Location"]
    host, port = world.base.removeprefix("http://").split(":")
    raw = sockets.create_connection((host, int(port)))
    identity = "".join(f"{k}: {v}\r\n" for k, v in world.client("hub-reader").identity().items())
    raw.sendall(
        f"GET {slow.partition(host + ':' + port)[2]} HTTP/1.1\r\nHost: {host}\r\n{identity}"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    async with channel(world, "hub-reader", quick) as events:
        for n in range(5):
            await ups.create(f"2.25.70{n}")
        assert len(await events.states(5)) == 5
        while (await _reader_of(world)).open > 1:
            await asyncio.sleep(0.02)
    raw.close()
    async with channel(world, "hub-reader", slow) as events:
        assert [uid for uid, _ in await events.states(5)] == [f"2.25.70{n}" for n in range(5)]


async def _reader_of(world: World) -> Any:
    from telemed.server.ups_channel import CHANNELS

    return world.app[CHANNELS]


async def test_a_restart_is_told_and_loses_nothing(world_folder: Path) -> None:
    """GOING DOWN and 1012 when the server stops; RESTARTED, warm, and what was missed after it."""
    async with world_at(world_folder) as world:
        ups = Ups(world.client("hub-reader"))
        url = (await ups.subscribe(GLOBAL, "AE1")).headers["Content-Location"]
        async with channel(world, "hub-reader", url) as events:
            await ups.create(UID)
            await events.states(1)
            await events.confirmed(world)
            from telemed.server.ups_channel import CHANNELS

            leaving = asyncio.create_task(world.app[CHANNELS].close_all())
            down = await events.next()
            assert value(down, "00001002") == 4 and value(down, "00741242") == "GOING DOWN"
            await asyncio.wait_for(events.socket.wait_closed(), 10)
            assert events.socket.close_code == 1012
            await leaving
        await ups.state(UID, "IN PROGRESS", TUID)
    async with world_at(world_folder) as world:
        from telemed.server.ups_channel import CHANNELS

        world.app[CHANNELS]._began += timedelta(seconds=1)
        here = f"ws{world.base[4:]}/dicom-web/subscribers/AE1"
        async with channel(world, "hub-reader", here) as events:
            back = await events.next()
            assert (
                value(back, "00741242") == "RESTARTED" and value(back, "00741246") == "WARM START"
            )
            assert await events.states(1) == [(UID, "IN PROGRESS")]


async def test_many_channels_share_one_look_of_the_log(world: World, ups: Ups) -> None:
    """What none of them hears costs them no statement; what they hear is read from the log once."""
    urls = [(await ups.subscribe(GLOBAL, f"AE{n}")).headers["Content-Location"] for n in range(8)]
    other = Ups(world.client("second-reader"))
    async with AsyncExitStack() as open_now:
        events = [
            await open_now.enter_async_context(channel(world, "hub-reader", url)) for url in urls
        ]
        await ups.create("2.25.700")
        for each in events:
            await each.states(1)
        with statements() as run:
            for n in range(3):
                await other.create(f"2.25.71{n}")
                await _looked(world)
        assert not [s for s in run if "ups_subscri" in s or _READS.search(s)], run
        with statements() as run:
            await ups.create("2.25.701")
            for each in events:
                assert await each.states(1) == [("2.25.701", "SCHEDULED")]
        assert not [s for s in run if _READS.search(s)], run
        assert len([s for s in run if s.startswith("SELECT ups_subscribers.")]) == len(events)


_READS = re.compile(r"FROM activities\s+WHERE.*party_a")
"""A channel's own look at the log."""


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of any database meanwhile."""
    told: list[str] = []

    def tell(line: Any, cursor: Any, statement: str, *rest: Any) -> None:
        told.append(" ".join(statement.split()))

    def run(kept: Prepared, execute: Any, sent: Any) -> Any:
        told.append(" ".join(kept.sql.split()))
        return done(kept, execute, sent)

    done = Prepared._do  # those that are kept go past SQLAlchemy's events
    sa.event.listen(sa.Engine, "before_cursor_execute", tell)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Prepared, "_do", run)
        yield told
    sa.event.remove(sa.Engine, "before_cursor_execute", tell)


async def _looked(world: World) -> None:
    """Until the channels' lookout has seen all there is."""
    head = max(row["seq"] for row in await world.rows(t.activities))
    while (await _reader_of(world)).seen < head:
        await asyncio.sleep(0.02)


async def test_a_flood_of_frames_is_cut(world: World, ups: Ups) -> None:
    """A client has nothing to say: a word is passed over, a flood ends the channel (WS-05)."""
    url = (await ups.subscribe(GLOBAL, "AE1")).headers["Content-Location"]
    async with channel(world, "hub-reader", url) as events:
        await events.socket.send("hello")
        await ups.create(UID)
        assert await events.states(1) == [(UID, "SCHEDULED")]
        for _ in range(80):
            await events.socket.send("x")
        await asyncio.wait_for(events.socket.wait_closed(), 10)
        assert events.socket.close_code == 1008


# --- what is left behind ------------------------------------------------------------------------


async def test_ended_workitems_go_unless_they_are_locked(world: World, ups: Ups) -> None:
    """A month after the end; a lock keeps one, a month at most, and an administrator ends it."""
    for uid in (UID, "2.25.7002"):
        await ups.create(uid)
        await ups.call("POST", f"/{uid}/cancelrequest")
    world.clock.advance(days=29)
    assert (await ups.subscribe("2.25.7002", "AE1", "?deletionlock=true")).status == 201
    world.clock.advance(days=2)

    async def left() -> set[str]:
        sweep = ups_subscriptions.sweep
        await world.write(lambda tx: sweep(world.services.make_act(tx, SYSTEM)))
        return {row["uid"] for row in await world.rows(ups_items)}

    assert await left() == {"2.25.7002"}
    assert timedelta(days=30) == rules.LOCK_LASTS
    admin = Ups(world.client("hub-admin"))
    ended = await admin.call("DELETE", "/2.25.7002/subscribers/AE1")
    assert ended.status == 200
    assert await left() == set()
    world.clock.advance(days=91)
    assert await left() == set() and await world.rows(ups_subscribers) == []


async def test_an_account_binds_few_ae_titles(ups: Ups) -> None:
    """Eight, and the ninth is refused."""
    replies = [await ups.subscribe(GLOBAL, f"AE{n}") for n in range(9)]
    assert [reply.status for reply in replies] == [201] * 8 + [400]
