"""One case from the examination to the last word: every wait, detour and slip of its people.

It asks a `Stage` (the plan) who is free, which reasons there are and who works where; it draws
everything else from its own seed.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

from telemed.core.catalogue import ServiceType
from telemed.simulate.life import Do, Life, Patient, Step, Study
from telemed.simulate.papers import report_content, request_content
from telemed.simulate.rates import Kind, Picture, Rates, Span
from telemed.simulate.world import ZONE, Desk, Readers, Route, Site, World

KEEP_EVERY = timedelta(minutes=9)
PRESSING = ("urgent", "stat")


class Stage(Protocol):
    """What a story asks of the plan."""

    @property
    def rates(self) -> Rates:
        """The shares."""
        ...

    @property
    def readers(self) -> Readers:
        """Who is free when."""
        ...

    @property
    def world(self) -> World:
        """Who is there."""
        ...

    @property
    def lease(self) -> timedelta:
        """How long a claim lives without its holder."""
        ...

    def service(self, kind: Kind) -> ServiceType:
        """The catalogue's entry."""
        ...

    def reason(self, step: str, service: str, rng: random.Random) -> str:
        """A coded reason that fits."""
        ...

    def patient(self, institution: str, at: datetime, rng: random.Random) -> Patient:
        """Somebody who was here before, or somebody new."""
        ...


class Story:
    """One case from the examination to the last word. A cursor of time and what follows."""

    def __init__(self, plan: Stage, rng: random.Random, site: Site, kind: Kind) -> None:
        self._plan, self._rng, self._site, self._kind = plan, rng, site, kind
        self._people = plan.rates.people
        self._service = plan.service(kind)
        self._steps: list[Step] = []
        self._critical = False

    def tell(self, at: datetime, key: str, route: Route) -> list[Step]:
        """All steps of the case that begins at `at`."""
        life = self._life(at, key, route)
        self._at = at
        if life.study is not None:
            self._step(life, Do.STUDY, life.asker, image=0)
        self._apply(life)
        self._serve(life)
        return self._steps

    # --- drawing ------------------------------------------------------------------------------

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    def _minutes(self, low: float, high: float) -> timedelta:
        """A waiting time: most are short, some are long."""
        return timedelta(minutes=low + (high - low) * self._rng.betavariate(1.1, 3.2))

    def _after(self, low: float, high: float) -> None:
        self._at += self._minutes(low, high)

    def _step(self, life: Life, do: Do, by: str, **more: Any) -> None:
        self._steps.append(Step(self._at, 0, life, do, by, more))

    def _life(self, at: datetime, key: str, route: Route) -> Life:
        rng, kind, plan = self._rng, self._kind, self._plan
        modality = _pick(rng, kind.modality) if kind.modality else ""
        urgency = _pick(rng, kind.urgency)
        picture = self._picture(modality)
        patient = plan.patient(self._site.institution, at, rng)
        accession = f"{at:%y%m%d}{rng.getrandbits(24):08d}"
        study = _study(rng, modality, accession, at) if modality else None
        waived = urgency in PRESSING and self._chance(self._people.waiver)
        consent = "waiver" if waived else "guardian" if patient.minor else "self"
        return Life(
            key=key,
            service=kind.service,
            urgency=urgency,
            frozen=kind.frozen,
            requester=self._site.institution,
            asker=rng.choice(self._site.askers),
            provider=route.provider,
            picture=picture,
            patient=patient,
            study=study,
            content=request_content(
                self._service, picture, at, frozen=kind.frozen, number=accession
            ),
            consent=consent,
        )

    def _picture(self, modality: str) -> Picture:
        fit = self._plan.rates.pictures(self._kind, modality)
        grave = [p for p in fit if p.critical]
        self._critical = bool(grave) and self._chance(self._kind.critical)
        pool = grave if self._critical else [p for p in fit if not p.critical]
        return self._rng.choices(pool, [p.weight for p in pool])[0]

    # --- asking -------------------------------------------------------------------------------

    def _apply(self, life: Life) -> None:
        """The form is filled in and sent, sometimes too early."""
        self._after(*((0.5, 3) if life.urgency == "stat" else (2, 12)))
        careless = self._chance(self._people.incomplete)
        self._step(life, Do.DRAFT, life.asker, without=self._needed() if careless else None)
        if careless:
            self._at += timedelta(seconds=20)
            self._step(life, Do.REFUSED, life.asker)
            self._after(1, 6)
            self._step(life, Do.COMPLETE, life.asker)
        self._at += timedelta(seconds=self._rng.uniform(2, 20))
        self._step(life, Do.SUBMIT, life.asker)

    def _needed(self) -> str:
        """A field that people forget: the last one that the form asks for."""
        return [f.key for f in self._service.fields() if f.required][-1]

    # --- answering ----------------------------------------------------------------------------

    def _serve(self, life: Life) -> None:
        """From the queue to the answer, over every detour; ends early when the case does."""
        rng, people = self._rng, self._people
        provider, but = life.provider, None
        detours = _Detours(people, rng)
        # A study that two cases share would tell both of its late images.
        if life.study is not None and detours.late and "first" not in life.memory:
            self._late_images(life)
        while True:
            desk = self._plan.readers.desk(provider, life.service)
            minutes = rng.uniform(*self._kind.reading_minutes)
            reader, start = self._reader(life, desk, minutes, but)
            if detours.take("withdrawn"):
                self._at += (start - self._at) * rng.random()
                self._withdraw(life)
                return
            self._at = start
            other = self._other_route(provider)
            if detours.take("declined"):
                self._turn_away(life, Do.DECLINE, provider, reader)
                if other is None or not self._ask_again(life, other):
                    return
                provider, but = other, None
            elif detours.take("redirected") and other and self._coordinator(provider):
                self._turn_away(life, Do.REDIRECT, provider, reader, to=other)
                provider, but = other, None
            elif detours.take("returned"):
                self._turn_away(life, Do.RETURN, provider, reader)
                if not self._come_back(life, provider):
                    return
            elif detours.take("released"):
                self._claim(life, reader)
                self._after(1, 4)
                self._step(
                    life, Do.RELEASE, reader, reason=self._plan.reason("release", life.service, rng)
                )
                but = reader
            elif detours.take("lapsed"):
                self._claim(life, reader)
                self._at += self._plan.lease  # to the moment: another's may end a second later
                self._step(life, Do.LAPSE, reader)
                but = reader
            else:
                self._read(life, desk, reader, minutes, detours)
                self._after_answer(life, provider, desk)
                return

    def _reader(
        self, life: Life, desk: Desk, minutes: float, but: str | None
    ) -> tuple[str, datetime]:
        ready = self._at + self._minutes(*_span(self._kind.reaction_minutes, life.urgency))
        pressing = life.urgency in PRESSING or life.frozen
        if not pressing and life.service not in self._plan.rates.night_services:
            ready = self._in_shift(ready)
        return self._plan.readers.take(desk.readers, ready, minutes, pressing, but)

    def _in_shift(self, at: datetime) -> datetime:
        """The next moment at which routine work is read."""
        begin, end = self._plan.rates.shift
        local = at.astimezone(ZONE)
        if begin <= local.hour < end:
            return at
        day = local.date() if local.hour < begin else local.date() + timedelta(days=1)
        opens = datetime.combine(day, time(begin), ZONE).astimezone(UTC)
        return opens + self._minutes(2, 90)

    def _other_route(self, provider: str) -> str | None:
        """The next hospital that the requester has an agreement with."""
        for route in open_routes(self._site, self._kind, self._at):
            if route.provider != provider:
                return route.provider
        return None

    def _coordinator(self, provider: str) -> str | None:
        return self._plan.world.coordinators.get(provider)

    def _late_images(self, life: Life) -> None:
        """A second picture a while after sending: the reader hears of it."""
        now = self._at
        self._after(5, 40)
        self._step(life, Do.LATE_IMAGES, life.asker, image=1)
        self._at = now

    def _withdraw(self, life: Life) -> None:
        reason = self._plan.reason("withdraw", life.service, self._rng)
        self._step(life, Do.WITHDRAW, life.asker, reason=reason)

    def _turn_away(self, life: Life, do: Do, provider: str, reader: str, **more: Any) -> None:
        """Return, decline or redirect: by the coordinator where there is one."""
        reason = self._plan.reason(do.value, life.service, self._rng)
        by = self._coordinator(provider) or reader
        self._step(life, do, by, reason=reason, **more)

    def _ask_again(self, life: Life, other: str) -> bool:
        """After a refusal: send it to another hospital, or give up."""
        self._after(10, 240)
        if self._chance(0.25):
            self._withdraw(life)
            return False
        self._step(life, Do.RESUBMIT, life.asker, provider=other)
        return True

    def _come_back(self, life: Life, provider: str) -> bool:
        """After a return: complete and send again, give up, or never answer."""
        if self._chance(self._people.never_resubmitted):
            return False
        self._after(10, 1200)
        if self._chance(self._people.withdrawn_after_return):
            self._withdraw(life)
            return False
        self._step(life, Do.RESUBMIT, life.asker, provider=provider)
        return True

    def _claim(self, life: Life, reader: str) -> None:
        self._step(life, Do.CLAIM, reader)

    def _read(
        self, life: Life, desk: Desk, reader: str, minutes: float, detours: "_Detours"
    ) -> None:
        """Claim, read, write, sign, and what the verifier says."""
        self._claim(life, reader)
        others = [p for p in desk.readers if p != reader]
        if others and detours.take("taken_over"):
            self._after(3, 9)
            reason = self._plan.reason("takeover", life.service, self._rng)
            reader = self._rng.choice(others)
            self._step(life, Do.TAKE_OVER, reader, reason=reason)
        end = self._at + timedelta(minutes=minutes)
        while self._at + KEEP_EVERY < end:
            self._at += KEEP_EVERY
            self._step(life, Do.KEEP, reader)
        self._at = end
        self._reader_of = reader
        dull = bool(self._service.four_eyes) and detours.take("sent_back")
        self._write(life, reader, dull=dull)
        if self._critical:
            self._acknowledge(life)
        if self._service.four_eyes:
            self._verify(life, desk, reader, dull)

    def _write(self, life: Life, reader: str, *, dull: bool = False) -> None:
        content = report_content(self._service, life.picture, critical=self._critical, dull=dull)
        self._step(life, Do.WRITE, reader, content=content)
        self._at += timedelta(seconds=self._rng.uniform(3, 20))
        self._step(life, Do.SIGN, reader)

    def _verify(self, life: Life, desk: Desk, reader: str, dull: bool) -> None:
        verifier = self._rng.choice([p for p in desk.verifiers if p != reader])
        pressing = life.urgency in PRESSING or life.frozen
        self._after(*((1, 8) if pressing else (2, 60)))
        if not pressing:
            self._at = self._in_shift(self._at)
        if dull:
            self._step(life, Do.SEND_BACK, verifier)
            self._after(3, 30)
            self._write(life, reader)
            self._after(2, 30)
        self._step(life, Do.VERIFY, verifier)

    def _acknowledge(self, life: Life) -> None:
        """The county confirms a critical finding while the verifier still looks at it, and enters
        what was done when it has come to it."""
        now = self._at
        late = self._chance(self._people.acknowledged_late)
        self._after(*((31, 80) if late else (1, 22)))
        self._step(life, Do.ACKNOWLEDGE, life.asker)
        self._at += (self._at - now) / 2
        self._step(life, Do.ACT, life.asker)
        self._at = now

    # --- afterwards ---------------------------------------------------------------------------

    def _after_answer(self, life: Life, provider: str, desk: Desk) -> None:
        """The county reads and decides; now and then something is added, or somebody else asked."""
        issued = self._at
        self._confirm(life)
        if self._chance(self._people.addended):
            self._revise(life, desk, "addendum", issued)
        elif self._chance(self._people.amended):
            self._revise(life, desk, "amendment", issued)
        second = self._other_route(provider)
        if life.study is not None and second and self._chance(self._people.second_opinion):
            self._second_opinion(life, second)

    def _confirm(self, life: Life) -> None:
        if not self._chance(self._people.confirmed):
            return
        self._after(*((2, 40) if life.urgency in PRESSING else (10, 1500)))
        draw, people = self._rng.random(), self._people
        adoption = (
            "adopted"
            if draw < people.adopted
            else "partly"
            if draw < people.adopted + people.partly_adopted
            else "not_adopted"
        )
        self._step(life, Do.CONFIRM, life.asker, adoption=adoption)

    def _revise(self, life: Life, desk: Desk, kind: str, issued: datetime) -> None:
        self._at = max(self._at, issued) + self._minutes(60, 2000)
        reader = self._reader_of
        self._step(life, Do.REVISE, reader, kind=kind)
        self._after(2, 12)
        self._write(life, reader)
        if self._service.four_eyes:
            self._verify(life, desk, reader, False)
        self._confirm(life)

    def _second_opinion(self, life: Life, second: str) -> None:
        """The same study to another hospital; what was critical is known by now."""
        self._after(30, 1500)
        self._critical = False
        again = replace(
            life,
            key=f"{life.key}-2",
            provider=second,
            memory={"first": life},
            content={**life.content, "reason": "对诊断意见有疑问，请另一医院会诊。"},
        )
        self._step(again, Do.DRAFT, again.asker, without=None)
        self._at += timedelta(seconds=15)
        self._step(again, Do.SUBMIT, again.asker)
        self._serve(again)


class _Detours:
    """Which detours a case takes; each at most once."""

    def __init__(self, people: Any, rng: random.Random) -> None:
        names = (
            "withdrawn", "declined", "redirected", "returned", "released", "lapsed",
            "taken_over", "sent_back",
        )  # fmt: skip
        self._ahead = {name for name in names if rng.random() < getattr(people, name)}
        self.late = rng.random() < people.late_images and not (
            self._ahead & {"withdrawn", "declined", "returned"}
        )

    def take(self, name: str) -> bool:
        """Whether the case takes this one now."""
        ahead = name in self._ahead
        self._ahead.discard(name)
        return ahead


def open_routes(site: Site, kind: Kind, at: datetime) -> list[Route]:
    """A site's agreements in force for a kind of case, first choice first."""
    return [r for r in site.routes.get(kind.service, ()) if r.open_at(at)]


def _study(rng: random.Random, modality: str, accession: str, at: datetime) -> Study:
    numbers = [f"2.25.{rng.getrandbits(122)}" for _ in range(4)]
    return Study(numbers[0], numbers[1], (numbers[2], numbers[3]), modality, accession, at)


def _pick(rng: random.Random, weights: Mapping[str, float]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _span(spans: Mapping[str, Span], urgency: str) -> Span:
    return spans[urgency]
