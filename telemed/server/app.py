"""The application: routes from their tables, and what every answer has in common.

One door for all of /api and /dicom-web: who is it, may their role do that, is the body what the
route names. Headers that protect people are set here and nowhere else.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from telemed.core.access import Subject
from telemed.core.errors import Problem
from telemed.server import auth, cors, live, measures, metrics, pages, ups_channel
from telemed.server.deadlines import Limits, Porter, listen, room_for_files
from telemed.server.imaging import BASE
from telemed.server.problems import problems
from telemed.server.routes import ROUTES
from telemed.server.routing import SERVICES, Call, Route, read_body, read_query, to_json
from telemed.server.services import Services
from telemed.server.workitems import CHANNEL

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FINISH_SECONDS = 20.0
"""How long a server that was told to stop waits for the calls under way."""
CLEAN_UP_SECONDS = 5.0
"""How long it then waits for those it has to cancel."""
NOBODY = Subject(account_id="", roles=frozenset(), institution_id=None)
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def make_app(services: Services) -> web.Application:
    """An aiohttp application around assembled services."""
    app = web.Application(middlewares=[observe, problems], client_max_size=1 << 20)
    app[SERVICES] = services
    auth.begin(app)
    live.begin(app)
    ups_channel.begin(app)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, endpoint(route))
        if route.method == "GET" and route.path.startswith(BASE):
            app.router.add_route("HEAD", route.path, endpoint(route))
    app.router.add_get("/live", live.live)
    app.router.add_get(CHANNEL, ups_channel.channel)
    metrics.add(app)
    pages.add(app)
    app.on_response_prepare.append(protect)
    app.on_shutdown.append(_close_sockets)
    return app


def endpoint(route: Route) -> Handler:
    """The aiohttp handler of a row: authenticate, authorise, parse, run, encode."""
    adapter = TypeAdapter(route.returns) if route.returns is not None else None

    async def handle(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        subject = await _authorised(request, services, route)
        query = None if route.query is None else read_query(request, route.query)
        _check_coding(request)
        body = None if route.body is None else await read_body(request, route.body)
        result = await route.handler(Call(request, services, subject, body, query))
        if isinstance(result, web.StreamResponse):
            return result
        if adapter is None:
            raise TypeError(f"{route.path} returned no response")
        status = 201 if route.created else 200
        raw = _encoded(result, adapter, route.path)
        response = web.Response(body=raw, status=status, content_type="application/json")
        if len(raw) > 1024:
            response.enable_compression()
        return response

    return handle


def _check_coding(request: web.Request) -> None:
    """No compressed bodies: what a small body inflates to is known only too late (ST-07)."""
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if coding != "identity":
        raise Problem("not-supported-media", detail=f"Content-Encoding {coding[:40]}")


def _encoded(result: Any, adapter: TypeAdapter[Any], path: str) -> bytes:
    """The answer against its contract; what breaks it is our fault and never the caller's."""
    try:
        return to_json(result, adapter)
    except ValidationError as fault:
        where = [".".join(map(str, e["loc"])) for e in fault.errors(include_input=False)]
        # Without the values: they may be a patient's.
        raise RuntimeError(f"{path} answers outside its contract at {where[:5]}") from None


async def _authorised(request: web.Request, services: Services, route: Route) -> Subject:
    """The subject of the call, or Problem: signed in, from our own page, with the permission."""
    signed = await auth.authenticate(request, services)
    unsafe = request.method in UNSAFE
    if unsafe and (signed is None or signed.via == "cookie"):
        auth.check_origin(request, services)
    if route.permission is None:
        return signed.subject if signed else NOBODY
    if signed is None:
        raise Problem("not-signed-in")
    if unsafe and route.csrf:
        auth.check_csrf(request, signed)
    if route.permission not in signed.subject.permissions:
        await auth.note_denied(request, services, signed.subject, route.permission)
        raise Problem("forbidden", action=route.permission.value)
    return signed.subject


# --- what every answer has --------------------------------------------------------------------

_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), payment=(), usb=()",
}


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Headers for everything that leaves."""
    services = request.app[SERVICES]
    if request.path.startswith(f"{BASE}/"):
        cors.admit(request, response, services.settings.cors_origins)
    for name, value in _COMMON.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "telemed"  # not which library in which version
    response.headers.setdefault("Content-Security-Policy", pages.csp_for(request.path))
    response.headers.setdefault("Cache-Control", "private, no-store")
    if services.draining:
        response.force_close()  # a proxy that keeps connections looks for another server
    if services.settings.origin.startswith("https:"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and time each call by route, never by its ids."""
    began = time.perf_counter()
    resource = request.match_info.route.resource
    name = resource.canonical if resource is not None else "unmatched"
    status = 500
    try:
        with measures.in_flight(name, request.method):
            response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as fault:
        status = fault.status
        raise
    finally:
        measures.observe(name, request.method, status, time.perf_counter() - began)


async def _close_sockets(app: web.Application) -> None:
    await asyncio.gather(app[live.LIVE].close_all(), app[ups_channel.CHANNELS].close_all())


async def serve(
    app: web.Application,
    door: socket.socket | tuple[str, int],
    started: Callable[[], None],
    limits: Limits | None = None,
) -> None:
    """Listen until canceled, then drain: not ready, door shut, sockets sent away, calls finished.

    The order is the point: a balancer that asks looks elsewhere before the door shuts, and a socket
    that is sent away finds it shut and lands on another server. Calls have FINISH_SECONDS.
    """
    limits = limits or Limits(total=app[SERVICES].settings.most_connections)
    limits = replace(limits, total=room_for_files(limits.total))
    porter = Porter(limits, app[SERVICES].settings.trusted_proxies)
    porter.attach(app)
    runner = web.AppRunner(app, handler_cancellation=False, shutdown_timeout=CLEAN_UP_SECONDS)
    await runner.setup()
    try:
        listener = await listen(runner, porter, door, access_log=None, auto_decompress=False)
        try:
            started()
            await _until_told(app[SERVICES])
        finally:
            listener.close()
            await _close_sockets(app)
            await porter.finished(FINISH_SECONDS)
    finally:
        porter.end()
        await runner.cleanup()


async def _until_told(services: Services) -> None:
    """Until canceled; then say for `drain_seconds` that we are not ready. Told again, leave now."""
    try:
        await asyncio.Event().wait()
    finally:
        services.draining = True
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(services.settings.drain_seconds)
