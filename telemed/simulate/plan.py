"""The plan: from a seed, the world and the rates to every step of every case, in order of time.

Each day is drawn from its own seed; readers carry their work from one day to the next. The plan
never looks at what was done with it, so the same seed gives the same steps whoever plays them.
"""

import heapq
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from telemed.core.catalogue import Catalogue, ServiceType
from telemed.simulate.life import Patient, Step
from telemed.simulate.rates import Flow, Kind, Rates
from telemed.simulate.story import Story, open_routes
from telemed.simulate.world import ZONE, Readers, Route, Site, World

STALE_DAYS = 3
"""How many days a reader may lie behind before the simulation sends a case on at all."""

_SURNAMES = "韦黄覃莫陆蒙农梁苏罗廖潘蓝岑凌卢唐周闭班侯甘玉石龙陈李王张刘"
_GIVEN = "建国志强秀英桂兰海燕文军小红玉珍永福春梅德胜丽华少芳金凤世荣彩云家宁立新若兰明远"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which part of the world plays, from when until when. `focus` weighs institutions."""

    seed: int
    start: datetime
    until: datetime
    rate: float
    focus: Mapping[str, float] = field(default_factory=dict)


class Plan:
    """The steps of one wish. Iterate once."""

    def __init__(self, world: World, rates: Rates, catalogue: Catalogue, wish: Wish) -> None:
        self._world, self._rates, self._catalogue, self._wish = world, rates, catalogue, wish
        self._readers = Readers(world)
        self._heap: list[Step] = []
        self._count = 0
        self._patients: dict[str, list[Patient]] = {}
        self._kinds = [k for k in rates.kind if self._playable(k)]
        self.cases = 0

    def __iter__(self) -> Iterator[Step]:
        for births in self._days():
            for at, key, rng, flow in births:
                yield from self._until(at)
                self._begin(at, key, rng, flow)
        yield from self._until(self._wish.until)

    def expected(self) -> float:
        """About how many cases there will be, for a progress bar."""
        if self._rates.flow:
            return float(sum(flow.cases for flow in self._rates.flow))
        days = self._dates()
        whole = sum(self._wish.rate * self._rates.weight_of(day) for day in days)
        return whole * ((self._wish.until - self._wish.start) / timedelta(days=len(days)))

    # --- when cases begin ---------------------------------------------------------------------

    def _dates(self) -> list[date]:
        first = self._wish.start.astimezone(ZONE).date().toordinal()
        last = self._wish.until.astimezone(ZONE).date().toordinal()
        return [date.fromordinal(day) for day in range(first, last + 1)]

    def _days(self) -> Iterator[list[tuple[datetime, str, random.Random, Flow | None]]]:
        flows = self._flow_days()
        for day in self._dates():
            rng = random.Random(f"{self._wish.seed}/{day}")
            wanted: list[Flow | None] = list(flows.get(day, ()))
            if not self._rates.flow:
                mean = self._wish.rate * self._rates.weight_of(day)
                wanted = [None] * max(0, round(mean * rng.gauss(1, 0.05)))
            moments = sorted(self._moment(day, rng) for _ in wanted)
            yield [
                (at, f"{day:%Y%m%d}-{n:05d}", random.Random(rng.random()), flow)
                for n, (at, flow) in enumerate(zip(moments, wanted, strict=True))
                if self._wish.start <= at < self._wish.until
            ]

    def _flow_days(self) -> dict[date, list[Flow]]:
        """Which of the exact flows begin on which day: all of them early enough to end."""
        days = self._dates()[1:-STALE_DAYS] if self._rates.flow else []
        weights = [self._rates.weight_of(day) for day in days]
        rng = random.Random(f"{self._wish.seed}/flows")
        found: dict[date, list[Flow]] = {}
        for flow in self._rates.flow:
            for day in rng.choices(days, weights, k=flow.cases):
                found.setdefault(day, []).append(flow)
        return found

    def _moment(self, day: date, rng: random.Random) -> datetime:
        hour = rng.choices(range(24), self._rates.hours)[0]
        local = datetime.combine(day, time(hour), ZONE)
        return _ms(local.astimezone(UTC) + timedelta(seconds=rng.uniform(0, 3600)))

    def _until(self, at: datetime) -> Iterator[Step]:
        while self._heap and self._heap[0].at < at:
            yield heapq.heappop(self._heap)

    # --- who is ill with what -----------------------------------------------------------------

    def _playable(self, kind: Kind) -> bool:
        service = self._catalogue.services.get(kind.service)
        desks = any(s == kind.service for _, s in self._world.desks)
        return service is not None and service.live and desks

    def _begin(self, at: datetime, key: str, rng: random.Random, flow: Flow | None) -> None:
        drawn = self._draw(at, rng, flow)
        if drawn is None:
            return
        site, route, kind = drawn
        self.cases += 1
        story = Story(self, rng, site, kind)
        for step in story.tell(at, key, route):
            self._count += 1
            heapq.heappush(self._heap, replace(step, at=_ms(step.at), n=self._count))

    def _draw(
        self, at: datetime, rng: random.Random, flow: Flow | None
    ) -> tuple[Site, Route, Kind] | None:
        """A site, its first route and a kind of case; None where nobody could be asked."""
        if flow is not None:
            site = self._world.sites[flow.requester]
            kind = next(k for k in self._kinds if k.service == flow.service and not k.frozen)
            routes = [r for r in open_routes(site, kind, at) if r.provider == flow.provider]
            return (site, routes[0], kind) if routes else None
        kind = rng.choices(self._kinds, [k.weight for k in self._kinds])[0]
        sites = [s for s in self._world.sites.values() if kind.service in s.routes]
        weights = [self._site_weight(s, kind) for s in sites]
        site = rng.choices(sites, weights)[0]
        routes = open_routes(site, kind, at)
        return (site, routes[0], kind) if routes else None

    def _site_weight(self, site: Site, kind: Kind) -> float:
        focus = self._wish.focus
        first = site.routes[kind.service][0].provider
        weight = self._rates.site_weight.get(site.level, 1.0)
        return weight * focus.get(site.institution, 1) * focus.get(first, 1)

    # --- what a story asks --------------------------------------------------------------------

    @property
    def rates(self) -> Rates:
        """The shares."""
        return self._rates

    @property
    def readers(self) -> Readers:
        """Who is free when."""
        return self._readers

    @property
    def world(self) -> World:
        """Who is there."""
        return self._world

    def service(self, kind: Kind) -> ServiceType:
        """The catalogue's entry."""
        return self._catalogue.services[kind.service]

    @property
    def lease(self) -> timedelta:
        """How long a claim lives without its holder."""
        return self._catalogue.timers.lease

    def reason(self, step: str, service: str, rng: random.Random) -> str:
        """A coded reason that fits."""
        fit = [
            r.code
            for r in self._catalogue.reasons
            if r.step == step and (not r.services or service in r.services)
        ]
        return rng.choice(fit)

    def patient(self, institution: str, at: datetime, rng: random.Random) -> Patient:
        """Somebody who was here before, or somebody new."""
        known = self._patients.setdefault(institution, [])
        if known and rng.random() < self._rates.people.known_patient:
            return rng.choice(known)
        minor = rng.random() < self._rates.people.minor
        years = rng.uniform(0.5, 13) if minor else rng.triangular(15, 92, 58)
        given = "".join(rng.sample(_GIVEN, rng.choice((1, 2, 2))))
        born = (at - timedelta(days=365.25 * years)).date()
        made = Patient(
            patient_id=f"S{rng.getrandbits(40):010X}",
            name=f"{rng.choice(_SURNAMES)}{given}",
            sex=rng.choice("MF"),
            birth_date=born.isoformat(),
            minor=minor,
        )
        known.append(made)
        return made


def _ms(at: datetime) -> datetime:
    """Whole milliseconds: what every database keeps and every clock shows."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
