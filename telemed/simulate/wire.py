"""Plays a plan over HTTP and sockets against running servers, as browsers do: the load generator.

Time runs `speed` times faster than planned. A server that is gone, restarts or says 503 is asked
again, or another one is; what an unanswered call has done is found out before it is repeated, so
the ledger holds each step once. The bus is watched: every coordinator's socket must hear each fact
of its institution once and in order, across reconnects.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, TypeVar

import orjson
from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    WSMsgType,
)

from telemed.core.access import Subject
from telemed.core.catalogue import Catalogue
from telemed.simulate.direct import ACTION, VERIFIER_NOTE, WHY_REVISED, consent_of, shot_of
from telemed.simulate.image import encode
from telemed.simulate.ledger import Ledger
from telemed.simulate.life import Do, Life, Step

T = TypeVar("T")

PATIENCE: Final = 180.0
"""Seconds after which a step that nobody answers ends the simulation."""
AT_ONCE: Final = 200
SIGN_INS: Final = 4
"""At once: a password is checked slowly on purpose, and not everybody comes in the same second."""
_BOUNDARY: Final = "telemed-simulation"
_TIMEOUT = ClientTimeout(total=60)
_AGAIN = frozenset({429, 502, 503, 504})


class Unanswered(Exception):
    """No server answered, or one answered that it cannot now: nobody knows what was done."""


class Refused(Exception):
    """A server said no."""

    def __init__(self, what: str, status: int, body: Any) -> None:
        self.status = status
        self.code = body.get("code", "") if isinstance(body, dict) else ""
        super().__init__(f"{what}: {status} {self.code}")


@dataclass(slots=True)
class Timings:
    """Seconds each kind of call took, when it was answered at once."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    retries: int = 0

    def note(self, name: str, took: float) -> None:
        """One more."""
        self.seconds.setdefault(name, []).append(took)


class Person:
    """Somebody at a browser: signs in when needed, and asks the next server when one is gone."""

    def __init__(self, wire: "Wire", username: str, subject: Subject) -> None:
        self._wire, self._username, self.subject = wire, username, subject
        self._turn = secrets.randbelow(len(wire.servers))
        self._headers: dict[str, str] = {}
        self._signing_in = asyncio.Lock()

    @property
    def server(self) -> str:
        """The server this person talks to now."""
        return self._wire.servers[self._turn % len(self._wire.servers)]

    def next_server(self) -> None:
        """Try another one."""
        self._turn += 1

    async def headers(self) -> Mapping[str, str]:
        """The session's headers; signs in first."""
        async with self._signing_in:
            if not self._headers:
                async with self._wire.door:
                    await self._sign_in()
        return self._headers

    async def _sign_in(self) -> None:
        body = {"username": self._username, "password": self._wire.password}
        origin = self._wire.origin or self.server
        async with self._wire.http.post(
            f"{self.server}/api/session", json=body, headers={"Origin": origin}
        ) as answer:
            if answer.status in _AGAIN:
                raise Unanswered
            told = await answer.json()
            if answer.status != 200:
                raise Refused("sign-in", answer.status, told)
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        self._headers = {"Origin": origin, "Cookie": cookie, "X-CSRF-Token": told["csrf"]}

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        kind: str = "application/json",
    ) -> Any:
        """One try. Unanswered, Refused, or the answer's JSON."""
        data = raw if raw is not None else None if body is None else orjson.dumps(body)
        began = monotonic()
        try:
            sent = {**await self.headers(), "Content-Type": kind}
            async with self._wire.http.request(
                method, self.server + path, data=data, headers=sent
            ) as answer:
                text = await answer.read()
                if answer.status in _AGAIN:
                    raise Unanswered(answer.status)
        except (ClientError, TimeoutError, ConnectionError) as fault:
            self._wire.timings.retries += 1
            self.next_server()
            raise Unanswered from fault
        told = orjson.loads(text) if text else {}
        if answer.status == 401:
            self._headers = {}
            raise Unanswered(401)
        if answer.status >= 400:
            raise Refused(f"{method} {_template(path)}", answer.status, told)
        self._wire.timings.note(f"{method} {_template(path)}", monotonic() - began)
        return told

    async def get(self, path: str) -> Any:
        """A question, asked until it is answered: it changes nothing."""
        return await insist(lambda: self.call("GET", path))


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again until somebody answers."""
    deadline, wait = monotonic() + PATIENCE, 0.1
    while True:
        try:
            return await ask()
        except Unanswered:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(wait)
            wait = min(wait * 1.7, 3.0)


def _template(path: str) -> str:
    """A path without ids: what a timing is kept under."""
    parts = path.partition("?")[0].split("/")
    return "/".join("{id}" if len(part) > 20 else part for part in parts)


class Wire:
    """All people at their browsers, and the clock that tells them when."""

    def __init__(
        self,
        servers: Sequence[str],
        origin: str,
        password: str,
        people: Mapping[str, Subject],
        catalogue: Catalogue,
        ledger: Ledger,
        clock: Callable[[], datetime],
    ) -> None:
        self.servers, self.origin, self.password = servers, origin, password
        self._catalogue, self._ledger, self._clock = catalogue, ledger, clock
        self._subjects = people
        self._people: dict[str, Person] = {}
        self._turns: dict[str, asyncio.Task[None]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)
        self.door = asyncio.Semaphore(SIGN_INS)
        self._adopting: dict[str, asyncio.Lock] = {}
        self._drafts: set[str] = set()
        self.timings = Timings()
        self.http: ClientSession

    async def play(
        self,
        steps: Iterable[Step],
        begin: datetime,
        speed: float,
        listeners: Sequence[str] = (),
        progress: Callable[[int], None] = lambda n: None,
    ) -> list["Listener"]:
        """Play all steps; the listeners (people) and what their sockets heard."""
        connector = TCPConnector(limit=0, force_close=False)
        async with ClientSession(
            connector=connector, timeout=_TIMEOUT, cookie_jar=DummyCookieJar()
        ) as self.http:
            ears = [Listener(self, self.person(who)) for who in listeners]
            tasks = [asyncio.create_task(ear.listen()) for ear in ears]
            for ear in ears:
                await ear.begun()
            await self._run(steps, begin, speed, progress)
            await self._hear_out(ears)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return ears

    async def _run(
        self,
        steps: Iterable[Step],
        begin: datetime,
        speed: float,
        progress: Callable[[int], None],
    ) -> None:
        """Each step at its moment; the first that fails ends everything."""
        started = monotonic()
        async with asyncio.TaskGroup() as tasks:
            for step in steps:
                due = started + (step.at - begin) / timedelta(seconds=speed)
                await asyncio.sleep(max(0, due - monotonic()))
                await self._free.acquire()
                before = self._turns.get(step.life.key)
                self._turns[step.life.key] = tasks.create_task(self._in_turn(before, step))
                if step.do is Do.DRAFT:
                    progress(1)

    async def _in_turn(self, before: "asyncio.Task[None] | None", step: Step) -> None:
        """A case's steps one after the other, whatever the clock says."""
        try:
            if before is not None:
                await asyncio.wait([before])
            await self._once(step)
        finally:
            self._free.release()

    async def _hear_out(self, ears: Sequence["Listener"]) -> None:
        """Give the sockets a moment to hear the last facts."""
        for _ in range(100):
            heads = [e.last for e in ears]
            await asyncio.sleep(0.3)
            if heads == [e.last for e in ears] and all(e.ready.is_set() for e in ears):
                return

    def person(self, person_id: str) -> Person:
        """Somebody, with their browser."""
        if person_id not in self._people:
            subject = self._subjects[person_id]
            self._people[person_id] = Person(self, f"sim-{person_id.lower()}", subject)
        return self._people[person_id]

    # --- a step, once -------------------------------------------------------------------------

    async def _once(self, step: Step) -> None:
        """Do a step so that it is done once, however often it must be asked."""
        person, begin = self.person(step.by), self._clock()
        tries = 0

        async def attempt() -> None:
            nonlocal tries
            tries += 1
            if tries > 1 and await self._is_done(person, step, begin):
                return
            await _DO[step.do](self, person, step)

        await insist(attempt)
        step.life.memory.setdefault("kinds", []).extend(self._ledger.expected(step))
        self._ledger.note(step, begin, self._clock())

    async def _is_done(self, person: Person, step: Step, begin: datetime) -> bool:
        """After a call without an answer: whether the case already shows what it was to do."""
        life = step.life
        if step.do is Do.DRAFT and not life.request_id:
            life.request_id = await self._lost_draft(person, life, begin) or ""
        if not life.request_id or step.do is Do.DRAFT:
            return False
        if step.do is Do.REVISE:
            told = await person.call("GET", f"/api/requests/{life.request_id}/report")
            return bool(told["current"]["state"] == "draft")
        wanted = Counter(self._ledger.expected(step))
        try:
            told = await person.call("GET", f"/api/requests/{life.request_id}/facts")
        except Refused as refusal:
            # Whoever passed a case on, or declined it, sees it no more.
            if refusal.status == 404 and step.do in (Do.REDIRECT, Do.DECLINE):
                return True
            raise
        seen = Counter(fact["kind"] for fact in told["items"])
        known = Counter(life.memory.get("kinds", []))
        return bool(wanted) and all(seen[kind] == known[kind] + n for kind, n in wanted.items())

    async def _lost_draft(self, person: Person, life: Life, begin: datetime) -> str | None:
        """The id of a draft that was made although nobody said so."""
        told = await person.call("GET", "/api/requests?state=draft&limit=100")
        for item in told["items"]:
            made = datetime.fromisoformat(item["created_at"])
            mine = item["service"]["code"] if isinstance(item["service"], dict) else item["service"]
            if made >= begin and mine == life.service and item["id"] not in self._drafts:
                self._drafts.add(item["id"])
                return str(item["id"])
        return None

    # --- the steps ----------------------------------------------------------------------------

    async def arrive(self, person: Person, step: Step) -> None:
        """A picture is stored by STOW-RS; storing it again changes nothing."""
        part = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = part + encode(shot_of(step)) + f"\r\n--{_BOUNDARY}--\r\n".encode()
        kind = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'
        await person.call("POST", "/dicom-web/studies", raw=body, kind=kind)

    async def draft(self, person: Person, step: Step) -> None:
        """A form is begun, with its study and patient."""
        life = step.life
        # One new draft of an account at a time: a lost answer must be told from another's draft.
        async with self._adopting.setdefault(step.by, asyncio.Lock()):
            if not life.request_id:
                body = {"service": life.service, "urgency": life.urgency}
                made = await person.call("POST", "/api/requests", body)
                life.request_id = made["id"]
                self._drafts.add(life.request_id)
        content = {k: v for k, v in life.content.items() if k != step.more["without"]}
        await self._patch(
            person,
            life,
            provider_id=life.provider,
            content=content,
            consent=consent_of(self._catalogue, life, life.provider, self._clock()),
            **await self._evidence(person, life),
        )

    async def _evidence(self, person: Person, life: Life) -> dict[str, Any]:
        patient = life.patient
        if life.study is None:
            who = {
                "patient_id": patient.patient_id,
                "name": patient.name,
                "sex": patient.sex,
                "birth_date": patient.birth_date,
            }
            return {"patient": who}
        found = await person.call("GET", f"/api/studies?q={patient.patient_id}")
        study = next(s for s in found["items"] if s["study_uid"] == life.study.study_uid)
        return {"patient_ref": study["patient"]["id"], "study_ids": [study["id"]]}

    async def _patch(self, person: Person, life: Life, **change: Any) -> None:
        path = f"/api/requests/{life.request_id}"
        now = await person.call("GET", path)
        await person.call("PATCH", path, {"version": now["version"], **change})

    async def refused(self, person: Person, step: Step) -> None:
        """Sending an incomplete form is refused."""
        try:
            await person.call("POST", f"/api/requests/{step.life.request_id}/submit", {})
        except Refused as refusal:
            if refusal.code != "incomplete":
                raise
            return
        raise ValueError(f"{step.life.key}: an incomplete request was accepted")

    async def complete(self, person: Person, step: Step) -> None:
        """The form is completed."""
        await self._patch(person, step.life, content=step.life.content)

    async def resubmit(self, person: Person, step: Step) -> None:
        """Sent again, perhaps to another hospital."""
        life, provider = step.life, step.more["provider"]
        consent = consent_of(self._catalogue, life, provider, self._clock())
        await self._patch(person, life, provider_id=provider, consent=consent)
        await self.step(person, step)

    async def step(self, person: Person, step: Step) -> None:
        """A step with a reason and perhaps a target."""
        body = {"reason": step.more.get("reason"), "provider_id": step.more.get("to")}
        path = f"/api/requests/{step.life.request_id}/{_PATHS.get(step.do, step.do.value)}"
        await person.call("POST", path, body)

    async def bare(self, person: Person, step: Step) -> None:
        """A step without a body."""
        path = f"/api/requests/{step.life.request_id}/{_PATHS.get(step.do, step.do.value)}"
        await person.call("POST", path)

    async def write(self, person: Person, step: Step) -> None:
        """A report is typed."""
        path, revision = await self._revision(person, step)
        body = {"revision": revision, "content": step.more["content"]}
        await person.call("PUT", f"{path}/draft", body)

    async def sign(self, person: Person, step: Step) -> None:
        """A signature, with the password again."""
        path, revision = await self._revision(person, step)
        body = {"revision": revision, "password": self.password}
        await person.call("POST", f"{path}/{step.do.value}", body)

    async def _revision(self, person: Person, step: Step) -> tuple[str, int]:
        path = f"/api/requests/{step.life.request_id}/report"
        told = await person.call("GET", path)
        return path, told["current"]["revision"] if told["current"] else 0

    async def send_back(self, person: Person, step: Step) -> None:
        """The verifier asks for more."""
        path = f"/api/requests/{step.life.request_id}/report/send-back"
        await person.call("POST", path, {"note": VERIFIER_NOTE})

    async def revise(self, person: Person, step: Step) -> None:
        """An issued report is taken up again."""
        path = f"/api/requests/{step.life.request_id}/report/revise"
        await person.call("POST", path, {"kind": step.more["kind"], "reason": WHY_REVISED})

    async def acknowledge(self, person: Person, step: Step) -> None:
        """The county confirms a critical finding."""
        path = f"/api/requests/{step.life.request_id}"
        notice = (await person.call("GET", path))["critical_notices"][0]["id"]
        await person.call("POST", f"{path}/critical/{notice}/acknowledge", {"action": ACTION})

    async def confirm(self, person: Person, step: Step) -> None:
        """The county has read it."""
        path = f"/api/requests/{step.life.request_id}/confirm"
        await person.call("POST", path, {"adoption": step.more["adoption"]})


_Doing = Callable[[Wire, Person, Step], Coroutine[Any, Any, None]]
_PATHS: Mapping[Do, str] = {Do.TAKE_OVER: "takeover", Do.KEEP: "heartbeat"}
_DO: Mapping[Do, _Doing] = {
    Do.STUDY: Wire.arrive,
    Do.LATE_IMAGES: Wire.arrive,
    Do.DRAFT: Wire.draft,
    Do.REFUSED: Wire.refused,
    Do.COMPLETE: Wire.complete,
    Do.SUBMIT: Wire.step,
    Do.RESUBMIT: Wire.resubmit,
    Do.WITHDRAW: Wire.step,
    Do.RETURN: Wire.step,
    Do.DECLINE: Wire.step,
    Do.REDIRECT: Wire.step,
    Do.CLAIM: Wire.bare,
    Do.KEEP: Wire.bare,
    Do.RELEASE: Wire.step,
    Do.TAKE_OVER: Wire.step,
    Do.WRITE: Wire.write,
    Do.SIGN: Wire.sign,
    Do.SEND_BACK: Wire.send_back,
    Do.VERIFY: Wire.sign,
    Do.ACKNOWLEDGE: Wire.acknowledge,
    Do.CONFIRM: Wire.confirm,
    Do.REVISE: Wire.revise,
}


class Listener:
    """One socket: hears, reconnects from where it was, and remembers every number it heard."""

    def __init__(self, wire: Wire, person: Person) -> None:
        self._wire, self.person = wire, person
        self.ready = asyncio.Event()
        self.first = 0
        self.last = 0
        self.heard: list[int] = []
        self.reconnects = -1
        self.trouble = ""

    async def listen(self) -> None:
        """Until canceled."""
        while True:
            try:
                await self._one_connection()
            except (ClientError, Unanswered, TimeoutError, ConnectionError) as fault:
                self.trouble = repr(fault)
            self.ready.clear()
            self.person.next_server()
            await asyncio.sleep(0.2)

    async def begun(self) -> None:
        """Once it is connected; ValueError with the last trouble when it never is."""
        try:
            await asyncio.wait_for(self.ready.wait(), PATIENCE)
        except TimeoutError:
            raise ValueError(f"a socket does not open: {self.trouble}") from None

    async def _one_connection(self) -> None:
        headers = await self.person.headers()
        async with self._wire.http.ws_connect(
            f"{self.person.server}/live", headers=headers, heartbeat=15
        ) as socket:
            hello = {"type": "hello", "since": self.last if self.ever else None}
            await socket.send_str(orjson.dumps(hello).decode())
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    return
                self._hear(orjson.loads(message.data))

    @property
    def ever(self) -> bool:
        """Whether it was ever connected."""
        return self.reconnects >= 0

    def _hear(self, body: Mapping[str, Any]) -> None:
        if body["type"] == "welcome":
            if body["answer"] in ("too-old", "ahead") and self.ever:
                raise ValueError(f"the socket lost its place: {body['answer']}")
            if not self.ever:
                self.first = self.last = body["seq"]
            self.reconnects += 1
            self.ready.set()
        elif body["type"] == "activities":
            for item in body["items"]:
                self.heard.append(item["seq"])
                self.last = item["seq"]
