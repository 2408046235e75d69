"""Health and Prometheus metrics: what this process measures, and what the database knows.

The deployment's own numbers (queues, breaches, followers) are asked of the database at a scrape,
kept for a few seconds, and the same whichever process answers. A database that is away costs those
numbers only, for it is then that the others are wanted.
"""

import asyncio
import logging
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

import telemed
from telemed.core.conference_rules import Mode
from telemed.server import measures
from telemed.server.measures import SAMPLER, Sampler
from telemed.server.routing import SERVICES
from telemed.server.services import Services
from telemed.server.spool import spool_of
from telemed.store import log, pulse, tallies
from telemed.store.pulse import Pulse
from telemed.store.tx import Row

logger = logging.getLogger(__name__)
READY_SECONDS = 3.0
PULSE_SECONDS = 5.0
"""How long an answer of the database is shown again: two scrapers cost no more than one."""
HOLDINGS_SECONDS = 300.0
FOLLOWERS: Final = (tallies.FOLLOWER,)
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


async def alive(request: web.Request) -> web.Response:
    """GET /health/live: the loop turns."""
    return web.json_response({"ok": True})


async def ready(request: web.Request) -> web.Response:
    """GET /health/ready: the database answers, its answers can be kept, and we are not leaving."""
    services = request.app[SERVICES]
    if services.draining:
        return web.json_response({"ok": False, "why": "draining"}, status=503)
    try:
        await asyncio.wait_for(services.store.read(log.head), READY_SECONDS)
        free = await asyncio.to_thread(services.blobs.free_bytes)
    except Exception as fault:
        return web.json_response({"ok": False, "why": type(fault).__name__}, status=503)
    short = free < services.settings.free_space_reserve_bytes
    return web.json_response({"ok": not short, "free_bytes": free}, status=503 if short else 200)


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics, for this machine and trusted proxies themselves, never forwarded (IN-08)."""
    services = request.app[SERVICES]
    here = request.remote in ("127.0.0.1", "::1", *services.settings.trusted_proxies)
    # A proxy on this machine speaks for strangers.
    if not here or any(name in request.headers for name in _FORWARDED):
        raise web.HTTPNotFound
    request.app[SAMPLER].take()
    shown = CollectorRegistry()
    for collector in measures.collectors():
        shown.register(collector)
    shown.register(Deployment(*await request.app[ASKED].look()))
    body = await asyncio.to_thread(generate_latest, shown)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


# --- what the database knows ------------------------------------------------------------------


class Asked:
    """The last answers and when they were given; one scrape at a time asks again."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = asyncio.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}

    async def look(self) -> tuple[Pulse | None, Row | None, Row]:
        """The pulse and the holdings, None while the database is away, and the disk."""
        services = self._services
        async with self._turn:
            found = await self._again("pulse", PULSE_SECONDS, _pulse(services))
            held = await self._again("holdings", HOLDINGS_SECONDS, pulse.holdings)
        return found, held, await asyncio.to_thread(_disk, services)

    async def _again(self, name: str, seconds: float, ask: Callable[..., Any]) -> Any:
        now = time.monotonic()
        at, found = self._kept.get(name, (-seconds, None))
        if now - at < seconds:
            return found
        try:
            found = await asyncio.wait_for(self._services.store.read(ask), READY_SECONDS)
        except (TimeoutError, sa.exc.SQLAlchemyError) as fault:
            logger.warning("metrics: the database does not answer: %s", type(fault).__name__)
            return None
        self._kept[name] = (now, found)
        return found


def _pulse(services: Services) -> Callable[..., Pulse]:
    return lambda tx: pulse.look(tx, services.clock(), FOLLOWERS)


def _disk(services: Services) -> Row:
    files = _sizes(spool_of(services))
    free, reserve = services.blobs.free_bytes(), services.settings.free_space_reserve_bytes
    return dict(zip(_DISK, (free, reserve, len(files), sum(files)), strict=True))


def _sizes(folder: Path) -> list[int]:
    """Sizes of the files of a folder; one that goes away meanwhile is not counted."""
    sizes = []
    for path in folder.glob("*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return sizes


class Deployment(Collector):
    """One look at the deployment as metrics."""

    def __init__(self, found: Pulse | None, held: Row | None, disk: Row) -> None:
        self._found, self._held, self._disk = found, held, disk

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family, also those without a sample just now."""
        yield _build()
        yield _one("telemed_database_up", "Whether the database answered", self._found is not None)
        for name, value in self._disk.items():
            yield _one(name, _WORDS[name], value)
        if self._held is not None:
            for name, value in self._held.items():
                yield _one(f"telemed_stored_{name}", _WORDS[f"telemed_stored_{name}"], value)
        if self._found is not None:
            yield from _pulsed(self._found)


_DISK = (
    "telemed_free_bytes",
    "telemed_free_reserve_bytes",
    "telemed_spool_files",
    "telemed_spool_bytes",
)
_HELD = ("studies", "instances", "bytes")
_WORDS = {
    "telemed_free_bytes": "Bytes left where images are kept",
    "telemed_free_reserve_bytes": "Bytes below which nothing is stored",
    "telemed_spool_files": "Files of which not every byte has come, or which wait to be judged",
    "telemed_spool_bytes": "Bytes of those files",
    "telemed_stored_studies": "Studies kept",
    "telemed_stored_instances": "Images and other objects kept",
    "telemed_stored_bytes": "Bytes of them",
}


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, float(value))


def _build() -> GaugeMetricFamily:
    family = GaugeMetricFamily("telemed_build_info", "Always 1", labels=["version", "python"])
    family.add_metric([telemed.__version__, platform.python_version()], 1)
    return family


def _pulsed(found: Pulse) -> Iterator[GaugeMetricFamily]:
    yield _one("telemed_log_seq", "Last sequence number of the activity log", found.head)
    lags = {name: (lag.facts, lag.seconds) for name, lag in found.lags.items()}
    for at, name, words in (
        (0, "telemed_follower_lag", "Facts a follower has yet to see"),
        (1, "telemed_follower_lag_seconds", "Seconds since the first of them was written"),
    ):
        family = GaugeMetricFamily(name, words, labels=["follower"])
        for follower, lag in lags.items():
            family.add_metric([follower], lag[at])
        yield family
    for field, words in _QUEUE.items():
        name = f"telemed_requests_{field}" + "_seconds" * (field == "oldest")
        family = GaugeMetricFamily(name, words, labels=["service", "urgency"])
        for queue in found.queues:
            family.add_metric([queue.service, queue.urgency], getattr(queue, field))
        yield family
    yield _one("telemed_critical_open", "Critical findings not yet acknowledged",
               found.critical_open)  # fmt: skip
    yield _one("telemed_critical_overdue", "Those whose time to acknowledge is over",
               found.critical_overdue)  # fmt: skip
    for field, words in _WAYS.items():
        name = f"telemed_notices_{field}" + "_seconds" * (field == "oldest")
        family = GaugeMetricFamily(name, words, labels=["channel"])
        for way in found.ways:
            family.add_metric([way.channel], getattr(way, field))
        yield family
    for field, words in _CLIMBS.items():
        family = GaugeMetricFamily(f"telemed_escalations_{field}", words, labels=["occasion"])
        for climb in found.climbs:
            family.add_metric([climb.occasion], getattr(climb, field))
        yield family
    yield _one("telemed_conferences", "Conferences that somebody is in", found.conferences)
    family = GaugeMetricFamily(
        "telemed_conference_members", "Members of conferences whose line stands", labels=["mode"]
    )
    for mode in Mode:
        family.add_metric([mode.value], found.members.get(mode.value, 0))
    yield family


_QUEUE = {
    "waiting": "Open requests that nobody has claimed",
    "claimed": "Open requests that somebody is reading",
    "overdue": "Open requests past their due time",
    "oldest": "Seconds since the oldest open request was sent",
}

_WAYS = {
    "waiting": "Notices that are to go out by a channel and have not",
    "held": "Notices held back until later, for quiet hours, or being sent just now",
    "oldest": "Seconds that the oldest waiting notice has been due to go out",
}
_CLIMBS = {
    "open": "Ladders of notices that are being climbed, somebody having been told",
    "exhausted": "Ladders whose last rung was told and that nobody has answered",
}

# --- for the documentation, the alerts and the dashboard --------------------------------------


class Family(NamedTuple):
    """A metric as it is shown: its kind (counter, gauge, histogram), its labels, what it is."""

    name: str
    kind: str
    labels: tuple[str, ...]
    words: str


def families() -> list[Family]:
    """Every metric there is."""
    # The library has no public name for the labels of a metric without samples.
    own = [(m._name, m._type, m._labelnames, m._documentation) for m in measures.OWN]
    nothing = Deployment(Pulse(0, {}, (), 0, 0), dict.fromkeys(_HELD, 0), dict.fromkeys(_DISK, 0))
    asked = [(m.name, m.type, m._labelnames, m.documentation) for m in nothing.collect()]
    return [
        Family(name + "_total" * (kind == "counter"), kind, tuple(labels), words)
        for name, kind, labels, words in (*own, *asked)
    ]


ASKED: Final = web.AppKey("asked", Asked)


def add(app: web.Application) -> None:
    """Attach the routes, and begin to measure when the application starts."""
    services = app[SERVICES]
    app[SAMPLER], app[ASKED] = Sampler(app), Asked(services)
    services.store.watch = measures.transaction
    app.cleanup_ctx.append(measures.watch)
    app.router.add_get("/health/live", alive)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/metrics", metrics)
