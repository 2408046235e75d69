"""Plays a plan over HTTP and sockets against running servers, as browsers do: the load generator.

Time runs `speed` times faster than planned. A server that is gone, restarts or says 503 is asked
again, or another one is; what an unanswered call has done is found out before it is repeated, so
the ledger holds each step once. The bus is watched: every coordinator's socket must hear each fact
of its institution once and in order, across reconnects.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from types import MappingProxyType
from typing import Any, Final

from aiohttp import (
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)

from telemed.core.access import Subject
from telemed.core.catalogue import Catalogue
from telemed.simulate.direct import ACTED, ACTION, VERIFIER_NOTE, WHY_REVISED, consent_of, shot_of
from telemed.simulate.image import encode
from telemed.simulate.ledger import Ledger
from telemed.simulate.life import Do, Life, Step
from telemed.simulate.person import Listener, Person, Refused, Timings, insist

AT_ONCE: Final = 200
SIGN_INS: Final = 4
"""At once: a password is checked slowly on purpose, and not everybody comes in the same second."""
LAST_WORDS: Final = 60.0
"""Seconds that sockets have at the end to hear what they missed."""
_BOUNDARY: Final = "telemed-simulation"
_TIMEOUT = ClientTimeout(total=60)


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
        sessions: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self.servers, self.origin, self.password = servers, origin, password
        self._catalogue, self._ledger, self._clock = catalogue, ledger, clock
        self._subjects, self._sessions = people, sessions
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
        complete: Callable[[Listener], bool] = lambda ear: True,
        ear_of: type[Listener] = Listener,
    ) -> list[Listener]:
        """Play all steps; the listeners (people) and what their sockets heard.

        `complete` says whether a socket has heard everything; it is asked from a thread.
        """
        connector = TCPConnector(limit=0, force_close=False)
        async with ClientSession(
            connector=connector, timeout=_TIMEOUT, cookie_jar=DummyCookieJar()
        ) as self.http:
            ears = [ear_of(self, self.person(who)) for who in listeners]
            tasks = [asyncio.create_task(ear.listen()) for ear in ears]
            for ear in ears:
                await ear.begun()
            await self._run(steps, begin, speed, progress)
            await _hear_out(ears, complete)
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception):  # a socket that gave up, and not by us
                    raise ended
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
                self.timings.late.append(monotonic() - due)
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

    def person(self, person_id: str) -> Person:
        """Somebody, with their browser."""
        if person_id not in self._people:
            subject = self._subjects[person_id]
            session = self._sessions.get(person_id, {})
            self._people[person_id] = Person(self, f"sim-{person_id.lower()}", subject, session)
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

    async def act_on(self, person: Person, step: Step) -> None:
        """The county enters what it did when it acknowledged."""
        path = f"/api/requests/{step.life.request_id}"
        notice = (await person.call("GET", path))["critical_notices"][0]
        body = {"code": ACTED, "note": "", "at": notice["acknowledged_at"]}
        await person.call("POST", f"{path}/critical/{notice['id']}/acted-on", body)

    async def confirm(self, person: Person, step: Step) -> None:
        """The county has read it."""
        path = f"/api/requests/{step.life.request_id}/confirm"
        await person.call("POST", path, {"adoption": step.more["adoption"], "reason": "course"})


async def _hear_out(ears: Sequence[Listener], complete: Callable[[Listener], bool]) -> None:
    """Let sockets that just came back hear the last facts; one that never does is told later."""
    deadline = monotonic() + LAST_WORDS
    for ear in ears:
        while not await asyncio.to_thread(complete, ear) and monotonic() < deadline:
            await asyncio.sleep(0.3)
    await asyncio.sleep(0.3)  # for what would come twice


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
    Do.ACT: Wire.act_on,
    Do.CONFIRM: Wire.confirm,
    Do.REVISE: Wire.revise,
}
