"""A UPS client of another house: data sets as it sends them, and a channel that reads events."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydicom.dataset import Dataset
from websockets.asyncio.client import ClientConnection, connect

from tests.world import Client, Reply, World, canary_of

ITEMS = "/dicom-web/workitems"
GLOBAL = "1.2.840.10008.5.1.4.34.5"
FILTERED = "1.2.840.10008.5.1.4.34.5.1"
JSON = {"Content-Type": "application/dicom+json"}
Json = dict[str, Any]


def code(value: str, scheme: str = "99LOCAL", meaning: str = "meaning") -> Json:
    """A code item."""
    return {
        "00080100": {"vr": "SH", "Value": [value]},
        "00080102": {"vr": "SH", "Value": [scheme]},
        "00080104": {"vr": "LO", "Value": [meaning]},
    }


def seq(*items: Json) -> Json:
    """A sequence."""
    return {"vr": "SQ", "Value": list(items)}


def one(vr: str, *values: Any) -> Json:
    """An attribute."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def workitem(**more: Json) -> Json:
    """What a client creates: a workitem with all that must be there; `more` by tag with an x."""
    made = {
        "00081195": one("UI"),
        "00100010": one("PN", {"Alphabetic": "Meng^Lan"}),
        "00100020": one("LO", "UPS-1"),
        "00404005": one("DT", "20260305160000"),
        "00404018": seq(code("RENDER")),
        "00404025": seq(code("WORKSTATION1")),
        "00404041": one("CS", "READY"),
        "00741000": one("CS", "SCHEDULED"),
        "00741002": one("SQ"),
        "00741200": one("CS", "MEDIUM"),
        "00741202": one("LO", "Work"),
        "00741204": one("LO", "Render a volume"),
        "00741216": one("SQ"),
    }
    return {**made, **{tag.lstrip("x"): value for tag, value in more.items()}}


def performed() -> Json:
    """What an update says before the workitem may be completed."""
    item = {
        "00404028": seq(code("WORKSTATION1")),
        "00404019": seq(code("RENDER")),
        "00404050": one("DT", "20260305160000"),
        "00404051": one("DT", "20260305161000"),
        "00404033": one("SQ"),
    }
    return {"00741216": seq(item)}


def to_state(state: str, transaction: str | None) -> Json:
    """The body of a Change Workitem State."""
    told = {"00741000": one("CS", state)} if state else {}
    return {**told, **({"00081195": one("UI", transaction)} if transaction else {})}


def parameter(key: str, value: str | Json, kind: str = "TEXT") -> Json:
    """A content item of our coding scheme."""
    tag = {"TEXT": "0040A160", "CODE": "0040A168", "DATETIME": "0040A120"}[kind]
    told = seq(value) if isinstance(value, dict) else one("UT" if kind == "TEXT" else "DT", value)
    return {"0040A040": one("CS", kind), "0040A043": seq(code(key, "99TELEMED")), tag: told}


def report_requested(study: Any, **more: Json) -> Json:
    """What an RRR-WF Task Requester of county sends to have a study read by hub."""
    asked = {
        "0020000D": one("UI", study["study_uid"]),
        "00401002": one("LO", "本院无专科医师"),
        "00401400": one("LT", f"是否为急性病变（{canary_of('county')}）"),
    }
    parameters = seq(
        parameter("chief_complaint", "咳嗽三天"),
        parameter("history", "三天前受凉后咳嗽"),
        parameter("body_part", code("chest", "99TELEMED"), "CODE"),
        parameter("method", code("plain", "99TELEMED"), "CODE"),
        parameter("exam_at", "20260305140000", "DATETIME"),
        parameter("contact_phone", "0773-7510000"),
        parameter("consent.kind", "signed"),
        parameter("consent.signer", "患者本人"),
        parameter("consent.relation", "self"),
    )
    return workitem(
        x00100020=one("LO", study["patient_id"]),
        x00081084=seq(code("R05.x00", "I10", "咳嗽")),
        x00404018=seq(code("RRR000", "99IHE", "Report Requested")),
        x00404021=seq({"0020000D": one("UI", study["study_uid"])}),
        x00404025=seq(code("hub", "99TELEMED", "hub")),
        x0040A370=seq(asked),
        x00741210=parameters,
        x00741200=one("CS", "HIGH"),
        **more,
    )


@dataclass
class Ups:
    """One account's UPS client."""

    client: Client

    async def call(self, method: str, path: str, told: Any = None, **more: Any) -> Reply:
        """A call with a data set in an array, as the standard has it."""
        headers = {**JSON, **more.pop("headers", {})} if told is not None else {}
        body = None if told is None else [told]
        return await self.client.call(method, ITEMS + path, body, headers=headers, **more)

    async def create(self, uid: str, told: Json | None = None) -> Reply:
        """Create under a UID."""
        return await self.call("POST", f"?{uid}", told if told is not None else workitem())

    async def get(self, uid: str) -> Json:
        """The data set of a workitem, read by pydicom too: what it cannot read is no DICOM."""
        reply = await self.call("GET", f"/{uid}")
        assert reply.status == 200, reply.body
        (found,) = reply.json
        Dataset.from_json(found)
        assert "00081195" not in found
        return dict(found)

    async def find(self, query: str) -> list[Json]:
        """The results of a search."""
        reply = await self.call("GET", f"?{query}")
        assert reply.status == 200, (query, reply.body)
        for found in reply.json:
            Dataset.from_json(found)
        return list(reply.json)

    async def state(self, uid: str, state: str, transaction: str | None) -> Reply:
        """Change its state."""
        return await self.call("PUT", f"/{uid}/state", to_state(state, transaction))

    async def subscribe(self, uid: str, aet: str, query: str = "") -> Reply:
        """Subscribe."""
        return await self.call("POST", f"/{uid}/subscribers/{aet}{query}")


def value(found: Mapping[str, Any], tag: str) -> Any:
    """The first value of an attribute, None without."""
    return (found.get(tag, {}).get("Value") or [None])[0]


def uids(found: list[Json]) -> set[str]:
    """The UIDs of what was found."""
    return {value(item, "00080018") for item in found}


@dataclass
class Channel:
    """An open notification channel."""

    socket: ClientConnection
    heard: list[Json] = field(default_factory=list)

    async def next(self) -> Json:
        """The next report; pydicom reads it too."""
        raw = await asyncio.wait_for(self.socket.recv(), 20)
        assert isinstance(raw, str)
        event: Json = orjson.loads(raw)
        Dataset.from_json(event)
        self.heard.append(event)
        assert value(event, "00000110") == len(self.heard)
        assert value(event, "00000002") == "1.2.840.10008.5.1.4.34.6.1"
        assert "00081195" not in raw
        return event

    async def states(self, count: int) -> list[tuple[str, str]]:
        """The workitem and state of the next state reports; nothing else may come."""
        told = [await self.next() for _ in range(count)]
        assert {value(event, "00001002") for event in told} <= {1}, told
        return [(value(event, "00001000"), value(event, "00741000")) for event in told]

    async def confirmed(self, world: World, seq: int | None = None) -> None:
        """Wait until the server knows that all that was sent arrived: the bookmark is at the
        log's end, or at `seq`."""
        from telemed.store.ups_tables import ups_subscribers

        while True:
            rows = await world.rows(ups_subscribers)
            head = max([row["seq"] for row in await world.rows(_activities())], default=0)
            if any(row["seq"] >= (seq or head) for row in rows):
                return
            await asyncio.sleep(0.02)


def _activities() -> Any:
    from telemed.store.tables import activities

    return activities


@asynccontextmanager
async def channel(world: World, who: str, url: str | None) -> AsyncIterator[Channel]:
    """A channel as a stranger's WebSocket library opens it; `url` is what Subscribe told."""
    assert url is not None
    headers = world.client(who).identity()
    origin = headers.pop("Origin")
    async with connect(url, additional_headers=headers, origin=origin) as socket:  # type: ignore[arg-type]
        yield Channel(socket)
