"""Health and Prometheus metrics. Labels are route patterns and methods, never ids."""

import asyncio

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from telemed.server.live import LIVE
from telemed.server.routing import SERVICES
from telemed.store import log

REGISTRY = CollectorRegistry()
CALLS = Counter("telemed_calls", "Calls by route", ["route", "method", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "telemed_call_seconds",
    "Time to answer by route",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10, 30),
    registry=REGISTRY,
)
SOCKETS = Gauge("telemed_open_sockets", "Open live sockets", registry=REGISTRY)
LOG_SEQ = Gauge("telemed_log_seq", "Last sequence number of the activity log", registry=REGISTRY)
LAG = Gauge(
    "telemed_follower_lag", "Facts a follower has yet to see", ["follower"], registry=REGISTRY
)
READY_SECONDS = 3.0
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


def observe(route: str, method: str, status: int, seconds: float) -> None:
    """One call."""
    CALLS.labels(route, method, str(status)).inc()
    SECONDS.labels(route).observe(seconds)


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
    SOCKETS.set(request.app[LIVE].open)
    head, marks = await services.store.read(lambda tx: (log.head(tx), log.all_bookmarks(tx)))
    LOG_SEQ.set(head)
    for follower, seq in marks.items():
        LAG.labels(follower).set(head - seq)
    return web.Response(
        body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


def add(app: web.Application) -> None:
    """Attach the routes."""
    app.router.add_get("/health/live", alive)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/metrics", metrics)
