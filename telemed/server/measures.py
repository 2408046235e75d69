"""What this process measures of itself, for Prometheus: calls, sockets, transactions, the loop.

Labels are route patterns, methods, reasons: never an id, an address or an institution. Of several
workers behind one door any may be scraped, so each keeps its numbers in files of a folder that all
share (PROMETHEUS_MULTIPROC_DIR, which their parent sets) and any of them answers for all: counters
and gauges are sums, and those of a worker that ended stay counted. What the database knows is not
measured here but asked at each scrape, by `metrics`.
"""

import asyncio
import os
from collections import Counter as Tally
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache, lru_cache
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from telemed.logs import DroppingHandler
from telemed.server.auth import GUARD
from telemed.server.deadlines import PORTER
from telemed.server.live import LIVE
from telemed.server.routing import SERVICES
from telemed.server.ups_channel import CHANNELS as OPEN_CHANNELS

SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
REGISTRY: Final = CollectorRegistry()
_WAITS = (0.001, 0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30)

CALLS = Counter("telemed_calls", "Calls answered", ["route", "method", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "telemed_call_seconds",
    "Time to answer; the life of a live socket is not one",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10, 30),
    registry=REGISTRY,
)
DATABASE_WAIT = Histogram(
    "telemed_database_wait_seconds",
    "Time a transaction waited for a thread",
    ["kind"],
    buckets=_WAITS,
    registry=REGISTRY,
)
DATABASE_SECONDS = Histogram(
    "telemed_database_seconds", "Time a transaction took", ["kind"], buckets=_WAITS,
    registry=REGISTRY,
)  # fmt: skip
PUSH_SECONDS = Histogram(
    "telemed_push_seconds",
    "Time from a fact until every live socket that hears it had been written to",
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10, 30),
    registry=REGISTRY,
)
LOOP_LAG = Histogram(
    "telemed_loop_lag_seconds",
    "How late the event loop was, looked at once a second",
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.3, 1, 3),
    registry=REGISTRY,
)


def _gauge(name: str, words: str) -> Gauge:
    return Gauge(name, words, registry=REGISTRY, multiprocess_mode="livesum")


def _counter(name: str, words: str, *labels: str) -> Counter:
    return Counter(name, words, labels, registry=REGISTRY)


SOCKETS = _gauge("telemed_open_sockets", "Open live sockets")
CHANNELS = _gauge("telemed_open_channels", "Open notification channels of UPS-RS")
SOCKETS_CUT = _counter(
    "telemed_sockets_dismissed", "Live sockets that the server closed, by close code", "code"
)
CONNECTIONS = _gauge("telemed_open_connections", "Open connections, live sockets included")
UPLOADING = _gauge("telemed_uploads_in_flight", "Uploads whose bytes are coming in just now")
RENDER_BUSY = _gauge("telemed_render_busy", "Pictures that are being made")
RENDER_WAITING = _gauge("telemed_render_waiting", "Pictures that wait for a render worker")
RENDER_WORKERS = _gauge("telemed_render_workers", "Render workers there may be")
RENDER_GIVEN_UP = _counter("telemed_render_given_up", "Pictures whose worker was late or died")
RECEIVED = _counter("telemed_received_bytes", "Bytes that came in")
REFUSED = _counter("telemed_limit_refusals", "Refusals by a limit", "limit")
CUT_OFF = Gauge(
    "telemed_limits_counted_alone",
    "Whether Redis does not answer, so that each server counts for its limits alone",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
ENDED = _counter("telemed_connections_ended", "Connections ended or refused by a limit", "why")
DROPPED = _counter("telemed_log_lines_dropped", "Log lines nobody could take")

NOTICES = _counter(
    "telemed_notice_attempts",
    "Attempts to send a notice: taken by the receiver, to be tried again, or given up",
    "channel",
    "outcome",
)
RECEIPTS = _counter(
    "telemed_notice_receipts", "What gateways said became of notices", "channel", "state"
)

LINES_LOST = _counter(
    "telemed_conference_lines_lost", "Lines of members of conferences that were lost"
)
RELAYS = _counter(
    "telemed_conference_checks",
    "Checks before a conference, by what became of asking a TURN server: works, fails, none",
    "relay",
)
MEDIA_AWAY = Gauge(
    "telemed_media_server_away",
    "Whether a media server is set up and does not answer",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
MEDIA_FAILED = _counter(
    "telemed_media_server_failures", "What members asked of the media server in vain"
)
RELAY_OUTCOMES: Final = ("works", "fails", "none")

CONNECTION_LIMITS: Final = {
    "source": "connections-of-address",
    "total": "connections-of-everybody",
}
LIMITS: Final = (
    "wrong-passwords-of-address", "wrong-passwords-of-everybody", "wrong-passwords-of-account",
    "password-checks-at-once", "sockets-of-account", "messages-of-socket",
    "messages-of-conference",
    *CONNECTION_LIMITS.values(),
)  # fmt: skip
"""Each has a sample from the beginning: a rate of what was never there is not nothing."""
LONG_ROUTES: Final = frozenset({"/live"})
"""Routes whose calls last as long as somebody looks at a page."""
UPLOAD_ROUTES: Final = frozenset(
    {
        ("POST", "/api/uploads/{id}/files"),
        ("PATCH", "/api/uploads/{id}/files/{file_id}"),
        ("POST", "/dicom-web/studies"),
        ("POST", "/dicom-web/studies/{study}"),
    }
)
LOOK_SECONDS: Final = 1.0


def observe(route: str, method: str, status: int, seconds: float) -> None:
    """One call."""
    calls, lasts = _of_route(route, method, status)
    calls.inc()
    if lasts is not None:
        lasts.observe(seconds)


@lru_cache(maxsize=4096)  # looking series up costs more than counting
def _of_route(route: str, method: str, status: int) -> tuple[Counter, Histogram | None]:
    lasts = None if route in LONG_ROUTES else SECONDS.labels(route)
    return CALLS.labels(route, method, str(status)), lasts


def in_flight(route: str, method: str) -> AbstractContextManager[object]:
    """Around a call: counts it while it lasts when it brings images."""
    return UPLOADING.track_inprogress() if (method, route) in UPLOAD_ROUTES else nullcontext()


def transaction(kind: str, waited: float, took: float) -> None:
    """One transaction; called from the database's threads."""
    waits, lasts = _of_kind(kind)
    waits.observe(waited)
    lasts.observe(took)


def attempt(channel: str, outcome: str) -> None:
    """One attempt to send a notice."""
    NOTICES.labels(channel, outcome).inc()


@cache
def _of_kind(kind: str) -> tuple[Histogram, Histogram]:
    return DATABASE_WAIT.labels(kind), DATABASE_SECONDS.labels(kind)


class Sampler:
    """Copies what other parts count for themselves into the numbers above."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._seen: Tally[str] = Tally()

    def take(self) -> None:
        """Now."""
        services, porter = self._app[SERVICES], self._app.get(PORTER)
        SOCKETS.set(self._app[LIVE].open)
        CHANNELS.set(self._app[OPEN_CHANNELS].open)
        for code, count in self._app[LIVE].readers.dismissed.items():
            SOCKETS_CUT.labels(str(code)).inc(self._since(f"dismissed {code}", count))
        pool = services.renderer
        RENDER_BUSY.set(pool.busy)
        RENDER_WAITING.set(pool.waiting)
        RENDER_WORKERS.set(services.settings.render_workers)
        RENDER_GIVEN_UP.inc(self._since("given-up", pool.given_up))
        DROPPED.inc(self._since("dropped", DroppingHandler.dropped))
        CUT_OFF.set(services.counts.cut_off)
        refused = self._app[GUARD].refused + self._app[LIVE].refused
        if porter is not None:
            refused += Tally({name: porter.ended[why] for why, name in CONNECTION_LIMITS.items()})
            CONNECTIONS.set(porter.open)
            RECEIVED.inc(self._since("received", porter.received))
            for why, count in porter.ended.items():
                ENDED.labels(why).inc(self._since(f"ended {why}", count))
        self._conferences()
        for limit in LIMITS:
            REFUSED.labels(limit).inc(self._since(f"refused {limit}", refused[limit]))

    def _conferences(self) -> None:
        counted, media = self._app[LIVE].rooms.counted, self._app[SERVICES].media
        LINES_LOST.inc(self._since("lines lost", counted["dropped"]))
        MEDIA_FAILED.inc(self._since("media failed", counted["media-failed"]))
        for outcome in RELAY_OUTCOMES:
            more = self._since(f"relay {outcome}", counted[f"relay-{outcome}"])
            RELAYS.labels(outcome).inc(more)
        MEDIA_AWAY.set(media is not None and media.away)

    def _since(self, name: str, count: int) -> int:
        """How many more than at the last look."""
        more = count - self._seen[name]
        self._seen[name] = count
        return more


async def watch(app: web.Application) -> AsyncIterator[None]:
    """A cleanup context: while the application runs, look once a second."""
    app[LIVE].fanout.pushed = PUSH_SECONDS.observe
    task = asyncio.create_task(_look(app[SAMPLER]))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _look(sampler: Sampler) -> None:
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        await asyncio.sleep(LOOK_SECONDS)
        LOOP_LAG.observe(max(0.0, loop.time() - began - LOOK_SECONDS))
        sampler.take()


OWN: Final = (
    CALLS, SECONDS, DATABASE_SECONDS, DATABASE_WAIT, LOOP_LAG, PUSH_SECONDS, SOCKETS, CHANNELS,
    SOCKETS_CUT, CONNECTIONS, ENDED, REFUSED, CUT_OFF, RECEIVED, UPLOADING, RENDER_WORKERS,
    RENDER_BUSY, RENDER_WAITING, RENDER_GIVEN_UP, NOTICES, RECEIPTS, DROPPED,
    LINES_LOST, RELAYS, MEDIA_AWAY, MEDIA_FAILED,
)  # fmt: skip
"""Everything above, in the order of the documentation."""


def collectors() -> Iterator[Collector]:
    """Where the numbers of this process, or of all that share a folder, are read from."""
    if SHARED in os.environ:
        yield MultiProcessCollector(None)  # type: ignore[no-untyped-call]
    else:
        yield REGISTRY


SAMPLER: Final = web.AppKey("sampler", Sampler)
