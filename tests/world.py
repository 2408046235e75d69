"""A small world for server tests: four hospitals, everybody's role, real server, real database.

`build` makes it once in a folder; each test runs on a copy of it. County asks, hub answers; second
is of the same alliance and may be asked too; lapsed is a stranger whose agreement with hub ended.
Every patient carries a canary, and a `Client` fails its test when an answer shows a canary to
somebody it was never told to. Time stands still unless a test moves the clock.
"""

import hashlib
import shutil
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import argon2
import orjson
import sqlalchemy as sa
from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestServer

from dicom_samples.base import Person
from dicom_samples.tiny import make_tiny_ct
from telemed.assemble import open_services, running
from telemed.core.access import Role, Subject
from telemed.demo import import_files
from telemed.dicom.worker import RenderPool
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Row, Tx
from tests.services import free_port

START = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
"""16:00 of 5 March 2026 in Guangxi."""
FOR_EVER = datetime(2100, 1, 1, tzinfo=UTC)
PASSWORD = "li-jiang-yan-yu-2026"

PLACES: Mapping[str, tuple[str, list[str]]] = {
    "county": ("450328", ["32"]),
    "hub": ("450302", ["31", "32"]),
    "second": ("450102", ["32"]),
    "lapsed": ("450226", ["32"]),
}
"""Area code and 诊疗科目 of each hospital."""

CLINICAL: Mapping[str, list[str]] = {
    "requester": ["requester"],
    "technician": ["technician"],
    "coordinator": ["coordinator"],
    "reader": ["reader"],
    "reader2": ["reader"],
    "verifier": ["reader", "verifier"],
    "admin": ["institution_admin"],
}
OFFICES: Mapping[str, tuple[str, str | None]] = {
    "region": ("regulator", "45"),
    "guilin": ("regulator", "4503"),
    "liuzhou": ("regulator", "4502"),
    "system": ("system_admin", None),
    "security": ("security_admin", None),
    "audit": ("audit_admin", None),
}
SPECIAL: Mapping[str, tuple[list[str], list[str], date]] = {
    "hub-ecg": (["reader", "verifier"], ["32.06"], date(2010, 7, 1)),
    "hub-pathologist": (["reader", "verifier"], ["31"], date(2010, 7, 1)),
    "hub-junior": (["reader"], ["32"], date(2024, 7, 1)),
    # Where nothing is asked for: elsewhere requests would wait for their approval.
    "lapsed-head": (["department_head"], ["32"], date(2010, 7, 1)),
    "lapsed-office": (["medical_office"], ["32"], date(2010, 7, 1)),
}
"""Roles, licence scopes and practice since, where they differ from everybody's."""

CONTENT: Mapping[str, Mapping[str, Any]] = {
    "imaging": {
        "reason": "本院无专科医师",
        "question": "是否为急性病变",
        "chief_complaint": "咳嗽三天",
        "history": "三天前受凉后咳嗽",
        "diagnosis": {"code": "R05.x00", "name": "咳嗽"},
        "body_part": "chest",
        "method": "plain",
        "exam_at": "2026-03-05T06:00:00Z",
        "contact_phone": "0773-7510000",
    },
    "ecg": {
        "reason": "心电医师外出",
        "diagnosis": {"code": "I10.x00", "name": "高血压病"},
        "drugs": "无",
        "pacemaker": "no",
        "exam_at": "2026-03-05T06:00:00Z",
        "leads": "12",
        "contact_phone": "0773-7510000",
    },
    "pathology": {
        "reason": "意见不一致",
        "question": "有无浸润",
        "history": "胃窦糜烂",
        "diagnosis": {"code": "K29.500", "name": "慢性胃炎"},
        "specimens": [
            {"part": "胃窦", "pieces": 1, "fixative": "福尔马林",
             "removed_at": "2026-03-04T02:00:00Z", "fixed_at": "2026-03-04T02:05:00Z"}
        ],
        "pathology_no": "LS2026-1",
        "stain": ["he"],
        "slides": 1,
        "contact_phone": "0773-7510000",
    },
    "consultation": {
        "reason": "本院无心血管专科",
        "question": "如何调整用药",
        "specialty": "03.04",
        "kind": "single",
        "chief_complaint": "活动后气促三月",
        "history": "三月前活动后气促",
        "physical_exam": "双肺底湿啰音",
        "results": "NT-proBNP 6820 pg/ml",
        "diagnosis": [{"code": "I50.000", "name": "充血性心力衰竭"}],
        "treatment": "呋塞米 40 mg bid",
        "department": "内一科",
        "attending": "韦医师",
        "contact_phone": "0773-7510000",
    },
    "case_discussion": {
        "kind": "difficult",
        "reason": "诊断不明",
        "question": "下一步如何检查",
        "specialties": ["03.01", "04.05"],
        "agenda": ["病情汇报", "影像读片", "讨论"],
        "proposed_at": "2026-03-06T06:00:00Z",
        "summary": "咳嗽三月，抗炎无效",
        "results": "血沉 68 mm/h",
        "diagnosis": [{"code": "R05.x00", "name": "咳嗽"}],
        "treatment": "左氧氟沙星两周",
        "presenter": {"id": "county-reader", "name": "医生county-reader"},
        "contact_phone": "0773-7510000",
    },
    "surgery_guidance": {
        "reason": "本院首例",
        "question": "胆囊三角的解剖",
        "operation": [{"code": "51.2300", "name": "腹腔镜下胆囊切除术"}],
        "operation_level": "3",
        "planned_at": "2026-03-06T01:00:00Z",
        "anaesthesia": "general",
        "surgeon": {"id": "county-reader", "name": "医生county-reader"},
        "specialty": "04",
        "summary": "右上腹痛一周",
        "diagnosis": [{"code": "K80.100", "name": "胆囊结石伴慢性胆囊炎"}],
        "results": "超声：胆囊多发结石",
        "risks": "粘连重，必要时中转开腹",
        "filming_wording": "2026-1",
        "filming": "live",
        "filming_signer": "患者本人",
        "department": "普外科",
        "contact_phone": "0773-7510000",
    },
}  # fmt: skip
REPORT_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "imaging": {"quality": "a"},
    "ecg": {"heart_rate": 72, "danger_grade": "1"},
    "pathology": {"slide_quality": "a"},
    "consultation": {
        "diagnosis": [{"code": "I50.000", "name": "充血性心力衰竭"}],
        "treatment": "加用比索洛尔",
        "transfer": "planned",
    },
    "case_discussion": {"next_steps": "支气管镜活检"},
    "surgery_guidance": {"after_care": "观察引流"},
}


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        """Let time go by."""
        self.now += timedelta(**span)


@dataclass
class Reply:
    """An answer with its body already read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the problem; empty for a success."""
        return str(self.json["code"]) if self.status >= 400 else ""


class Leak(AssertionError):
    """An answer carried another hospital's data to somebody who must not see it."""


@dataclass
class Client:
    """One person's page: the session's cookie, its CSRF value, and an eye for foreign canaries."""

    world: "World"
    who: str

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Reply:
        """A call as the platform's page makes it."""
        raw = {} if body is None else {"data": orjson.dumps(body)}
        kind = {} if body is None else {"Content-Type": "application/json"}
        sent = {**self.identity(), **kind, **(headers or {})}
        url = self.world.base + path
        async with self.world.http.request(method, url, headers=sent, **raw, **more) as response:
            reply = Reply(response.status, dict(response.headers), await response.read())
        self.world.look_for_canaries(self.who, f"{method} {path}", reply)
        return reply

    def identity(self) -> dict[str, str]:
        """The headers that say who is calling, and from which page."""
        if self.who == "nobody":
            return {"Origin": self.world.base}
        return {
            "Origin": self.world.base,
            "Cookie": f"telemed={session_of(self.who)}",
            "X-CSRF-Token": csrf_of(self.who),
        }

    async def get(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        return await self.ok("GET", path)

    async def ok(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a call that must succeed."""
        reply = await self.call(method, path, body)
        assert reply.status < 400, f"{self.who} {method} {path}: {reply.status} {reply.body!r}"
        return reply.json

    async def refused(self, code: str, method: str, path: str, body: object = None) -> Any:
        """The facts of a call that must be refused with this code."""
        reply = await self.call(method, path, body)
        assert reply.code == code, f"{self.who} {method} {path}: {reply.status} {reply.body!r}"
        return reply.json["facts"]


@dataclass
class Bearer(Client):
    """A machine with a token instead of a session."""

    def identity(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {token_of(self.who)}"}


@dataclass
class World:
    """The running server and what a test may look at behind it."""

    services: Services
    clock: Clock
    base: str
    http: ClientSession
    app: web.Application
    told: dict[str, set[str]]
    """By canary, the places and offices that may see it."""

    def client(self, who: str) -> Client:
        """Somebody signed in, e.g. 'hub-reader'; 'nobody' is not."""
        return Client(self, who)

    def bearer(self, who: str) -> Bearer:
        """A machine with somebody's token, narrowed to see-cases."""
        return Bearer(self, who)

    def look_for_canaries(self, who: str, what: str, reply: Reply) -> None:
        """Leak when the answer holds a canary that this caller was never told."""
        body = reply.body.lower()
        place = who.partition("-")[0]
        for canary, places in self.told.items():
            if place not in places and canary.encode() in body:
                raise Leak(f"{what} shows {canary} to {who} ({reply.status})")

    # --- the database behind the server ---------------------------------------------------------

    async def rows(self, table: sa.Table, where: Any = None) -> list[Row]:
        """Rows of a table."""
        chosen = sa.select(table) if where is None else sa.select(table).where(where)
        return await self.services.store.read(lambda tx: tx.all(chosen))

    async def row(self, request_id: str) -> Row:
        """A request as it is stored."""
        return (await self.rows(t.requests, t.requests.c.id == request_id))[0]

    async def study(self, place: str, patient: int = 1) -> Row:
        """The study of a hospital's patient; the second patient's is never told to anybody."""
        mark = canary_of(place, patient).upper()
        return (await self.rows(t.studies, t.studies.c.patient_id == mark))[0]

    async def log(self, request_id: str | None = None) -> list[str]:
        """The kinds of the facts in the log, of one request or of all, in order; without those of
        notices, which the server's own clock tells whenever it comes to it."""
        found = await self.rows(t.activities)
        found.sort(key=lambda row: row["seq"])
        kinds = [r["kind"] for r in found if request_id in (None, r["request_id"])]
        return [kind for kind in kinds if kind != "notice.told"]

    async def write(self, do: Any) -> Any:
        """Change the database behind the server's back."""
        return await self.services.store.write(do)

    async def decades_pass(self) -> None:
        """The years that images are kept; nobody is signed out by it."""
        self.clock.advance(days=31 * 366)
        await self.stay_signed_in()

    async def stay_signed_in(self) -> None:
        """Sessions end long before decades have passed; in a test they may go on."""
        for_ever = {"expires_at": self.clock() + timedelta(days=31 * 366), "seen_at": self.clock()}
        await self.write(lambda tx: tx.update(t.sessions, t.sessions.c.id.is_not(None), for_ever))

    async def end_agreement(self, key: str) -> None:
        """An agreement ends a minute ago."""
        until = {"until": self.clock() - timedelta(minutes=1)}
        await self.write(lambda tx: tx.update(t.agreements, t.agreements.c.id == key, until))

    # --- a case, step by step, as people do it ---------------------------------------------------

    async def draft(
        self,
        who: str = "county-requester",
        provider: str | None = "hub",
        service: str = "imaging",
        urgency: str = "routine",
        of_patient: int = 1,
        **patch: Any,
    ) -> Any:
        """A complete draft, ready to be sent; `patch` replaces parts of it."""
        client = self.client(who)
        place = who.partition("-")[0]
        made = await client.ok("POST", "/api/requests", {"service": service, "urgency": urgency})
        study = await self.study(place, of_patient)
        content = dict(CONTENT[service])
        if "question" in content:
            content["question"] += f"（{canary_of(place, of_patient)}）"
        body = {
            "version": made["version"],
            "provider_id": provider,
            "patient_ref": study["patient_ref"],
            "content": content,
            "consent": consent(provider),
            "study_ids": [study["id"]],
            **patch,
        }
        return await client.ok("PATCH", f"/api/requests/{made['id']}", body)

    async def sent(self, who: str = "county-requester", provider: str = "hub", **more: Any) -> str:
        """A request that was sent; its id."""
        made = await self.draft(who, provider, **more)
        self.tell(who.partition("-")[0], provider, more.get("of_patient", 1))
        await self.client(who).ok("POST", f"/api/requests/{made['id']}/submit", {})
        return str(made["id"])

    def tell(self, whose: str, provider: str, patient: int = 1) -> None:
        """From now on this provider may see the data of the hospital's patient."""
        self.told[canary_of(whose, patient)].add(provider)

    async def claimed(
        self, who: str = "hub-reader", asker: str = "county-requester", **more: Any
    ) -> str:
        """A request that somebody has claimed; its id."""
        case = await self.sent(asker, **more)
        await self.client(who).ok("POST", f"/api/requests/{case}/claim")
        return case

    async def write_report(self, case: str, who: str = "hub-reader", **content: Any) -> int:
        """Save the whole report text; the draft's new revision."""
        path = f"/api/requests/{case}/report"
        client = self.client(who)
        revision = (await client.get(path))["current"]["revision"]
        service = (await self.row(case))["service"]
        body = {
            "findings": "右下肺见片状影",
            "impression": "右下肺炎症",
            "positive": True,
            "fields": REPORT_FIELDS[service],
            **content,
        }
        saved = await client.ok("PUT", f"{path}/draft", {"revision": revision, "content": body})
        return int(saved["revision"])

    async def sign(self, case: str, who: str = "hub-reader", step: str = "sign") -> Any:
        """Sign (or verify) what is there now; the report after it."""
        path = f"/api/requests/{case}/report"
        client = self.client(who)
        revision = (await client.get(path))["current"]["revision"]
        body = {"revision": revision, "password": PASSWORD}
        return await client.ok("POST", f"{path}/{step}", body)

    async def issued(self, *, report: Mapping[str, Any] | None = None, **more: Any) -> str:
        """A request with an issued report, by a reader and a verifier of hub; its id."""
        case = await self.claimed(**more)
        await self.write_report(case, **(report or {}))
        after = await self.sign(case)
        if after["current"]["state"] == "preliminary":
            await self.sign(case, "hub-verifier", "verify")
        return case


def consent(receiver: str | None, **more: Any) -> dict[str, Any]:
    """A signed consent that names the receiver."""
    return {
        "kind": "signed",
        "version": "2026-1",
        "receiver": receiver or "",
        "signer": "患者本人",
        "relation": "self",
        "signed_at": "2026-03-05T07:00:00Z",
        **more,
    }


def session_of(who: str) -> str:
    """The cookie's value of somebody's session."""
    return f"session-of-{who}"


def csrf_of(who: str) -> str:
    """The CSRF value of somebody's session."""
    return f"csrf-of-{who}"


def token_of(who: str) -> str:
    """The machine token of somebody, narrowed to see-cases."""
    return f"token-of-{who}"


def canary_of(place: str, patient: int = 1) -> str:
    """What only those who may see this hospital's patient may ever read."""
    return f"zq{place}{patient}"


def everybody() -> dict[str, list[str]]:
    """Every account's roles by name."""
    clinical = {f"{p}-{who}": roles for p in PLACES for who, roles in CLINICAL.items()}
    special = {who: roles for who, (roles, _, _) in SPECIAL.items()}
    return clinical | special | {who: [role] for who, (role, _) in OFFICES.items()}


# --- building ---------------------------------------------------------------------------------


def build(folder: Path, **settings: Any) -> None:
    """Make the world's data directory: network, accounts, sessions, images."""
    given = {"data_dir": folder, "free_space_reserve_bytes": 0, **settings}
    services = open_services(Settings(**given))
    services.clock = Clock()
    try:
        services.store.write_now(add_network)
        services.store.write_now(add_people)
        for place in PLACES:
            _add_images(services, folder, place)
    finally:
        services.threads.shutdown()
        services.store.close()


def add_network(tx: Tx) -> None:
    """Four hospitals, one alliance, their agreements."""
    for number, (place, (area, scopes)) in enumerate(PLACES.items()):
        for code in (area[:4] + "00", area):
            kind = "city" if code.endswith("00") else "county"
            row = {"code": code, "name": f"地区{code}", "kind": kind, "parent": code[:4],
                   "former_poverty": False}  # fmt: skip
            tx.insert_missing(t.area_codes, [row])
        add_place(tx, place, number, area, scopes)
    tx.insert(
        t.alliances,
        {"id": "union", "name": "漓江医联体", "form": "medical-group", "lead_id": "hub"},
    )
    since = {"alliance_id": "union", "since": date(2024, 1, 1), "role": "member"}
    tx.insert(t.memberships, [{**since, "institution_id": p} for p in ("hub", "county", "second")])
    agree(tx, "county-hub", START + timedelta(days=900))
    agree(tx, "county-second", START + timedelta(days=900))
    agree(tx, "second-hub", START + timedelta(days=900))
    agree(tx, "lapsed-hub", START - timedelta(days=1))


def add_place(tx: Tx, place: str, number: int, area: str, scopes: list[str]) -> None:
    """A hospital."""
    tx.insert(
        t.institutions,
        {"id": place, "name": f"{place}人民医院", "short_name": f"{place}医院", "search": place,
         "kind": "general", "level": "2", "grade": "甲", "uscc": f"uscc-{number}",
         "licence_no": str(number), "area_code": area, "scopes": scopes,
         "former_poverty_county": False, "connected": True},
    )  # fmt: skip


def agree(tx: Tx, key: str, until: datetime) -> None:
    """An agreement between two hospitals, "requester-provider"."""
    requester, provider = key.split("-")
    tx.insert(
        t.agreements,
        {"id": key, "requester_id": requester, "provider_id": provider,
         "services": ["imaging", "ecg", "pathology", "consultation"],
         "since": START - timedelta(days=900), "until": until, "rank": 1,
         "liability": "joint", "document_no": key},
    )  # fmt: skip


def add_people(tx: Tx) -> None:
    """An account with a session and a narrowed token for everybody."""
    # The same algorithm as in service at a small cost: these passwords guard nothing.
    hashed = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for who, roles in everybody().items():
        place, _, post = who.partition("-")
        home = place if place in PLACES else None
        _, scopes, since = SPECIAL.get(who, (roles, ["32"], date(2010, 7, 1)))
        if home and post != "admin":
            add_person(tx, who, home, scopes, since)
        region = OFFICES[who][1] if who in OFFICES else None
        person = who if home and post != "admin" else None
        add_account(tx, who, roles, home, person, region, hashed)


def add_person(tx: Tx, who: str, place: str, scopes: list[str], since: date) -> None:
    """A doctor."""
    tx.insert(
        t.people,
        {"id": who, "institution_id": place, "department": "", "name": f"医生{who}", "sex": "F",
         "title": "231", "licence_no": who, "practice_since": since, "specialty": "",
         "scopes": scopes, "active": True},
    )  # fmt: skip


def add_account(
    tx: Tx,
    who: str,
    roles: list[str],
    place: str | None,
    person: str | None,
    region: str | None = None,
    hashed: str = "!",
) -> None:
    """An account that is signed in for ever, and its token."""
    tx.insert(
        t.accounts,
        {"id": who, "username": who, "password_hash": hashed, "display_name": f"医生{who}",
         "person_id": person, "institution_id": place, "region": region, "roles": roles,
         "demo": False, "disabled": False, "failures": 0, "created_at": START},
    )  # fmt: skip
    tx.insert(
        t.sessions,
        {"token_hash": _hash(session_of(who)), "id": f"session-{who}", "account_id": who,
         "created_at": START, "seen_at": FOR_EVER, "expires_at": FOR_EVER, "csrf": csrf_of(who),
         "address": "", "agent": ""},
    )  # fmt: skip
    tx.insert(
        t.tokens,
        {"token_hash": _hash(token_of(who)), "id": f"token-{who}", "account_id": who,
         "label": "narrow", "scopes": ["see-cases"], "created_at": START, "expires_at": FOR_EVER},
    )  # fmt: skip


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _add_images(services: Services, folder: Path, place: str) -> None:
    """A study each of the hospital's two patients; the second is never told to anybody."""
    for number in (1, 2):
        mark = canary_of(place, number)
        person = Person(mark.upper(), f"Zhang^{mark}=张^{mark}", "F", "19800101")
        loose = folder / "loose"
        loose.mkdir(exist_ok=True)
        for at, raw in enumerate(make_tiny_ct(2, patient=person, key=mark, accession=mark[:16])):
            (loose / f"{at}.dcm").write_bytes(raw)
        assert import_files(services, place, sorted(loose.iterdir()))["stored"] == 2
        shutil.rmtree(loose)


# --- running ----------------------------------------------------------------------------------


class ColdPool(RenderPool):
    """Starts a worker for the first picture, not before it: few tests ask for one, and an
    interpreter with the codecs takes longer than most tests."""

    async def warm(self) -> None:
        pass


def lose_connections(store: Store) -> None:
    """As if the database had hung up: whoever asks next must find it again."""
    store._reader.dispose()
    store._kept = threading.local()  # closing another thread's connection would crash SQLite


@contextmanager
def database_away(store: Store) -> Iterator[None]:
    """While it lasts nobody finds the database of an embedded server. At no moment is nothing of
    its name: whoever looks would make an empty one there."""
    file = Path(str(store.url.database))
    away, astray = file.with_name("away"), file.with_name("astray")
    away.hardlink_to(file)
    astray.symlink_to(file.with_name("nowhere") / file.name)
    astray.rename(file)
    try:
        yield
    finally:
        away.rename(file)
        lose_connections(store)


@asynccontextmanager
async def world_at(folder: Path, **settings: Any) -> AsyncIterator[World]:
    """The server on a world's folder, with its followers and clocks."""
    port = free_port()
    given = {"data_dir": folder, "port": port, "free_space_reserve_bytes": 0, **settings}
    services = open_services(Settings(**given))
    clock = Clock()
    services.clock = clock
    services.renderer = ColdPool(services.settings.render_workers)
    try:
        async with running(services) as app, ClientSession(cookie_jar=DummyCookieJar()) as http:
            server = TestServer(app, host="127.0.0.1", port=port)
            await server.start_server(shutdown_timeout=1)
            try:
                yield World(services, clock, f"http://127.0.0.1:{port}", http, app, _told())
            finally:
                await http.close()
                await server.close()
    finally:
        await services.renderer.aclose()
        services.threads.shutdown()
        services.store.close()


def _told() -> dict[str, set[str]]:
    return {canary_of(place, number): {place} for place in PLACES for number in (1, 2)}


def subject(who: str) -> Subject:
    """Somebody of the world as the actions know them."""
    place, _, post = who.partition("-")
    home = place if place in PLACES else None
    return Subject(
        account_id=who,
        roles=frozenset(Role(role) for role in everybody()[who]),
        institution_id=home,
        person_id=who if home and post != "admin" else None,
        region=OFFICES[who][1] if who in OFFICES else None,
    )
