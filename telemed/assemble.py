"""The composition root: the only file that names the concrete parts."""

import asyncio
import logging
import random
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial

import uuid_utils
from aiohttp import web

from telemed.actions import ups_subscriptions
from telemed.actions.ranking import online_at
from telemed.actions.requests import ZONE
from telemed.actions.worklist import SYSTEM
from telemed.bus import POLL_SECONDS, Bell, InProcessBell
from telemed.bus.counts import Counts
from telemed.bus.presence import Presence
from telemed.bus.relay import Relay
from telemed.core.escalation import Channel
from telemed.dicom.worker import RenderPool
from telemed.followers import (
    assigning,
    charges,
    conferences,
    escalations,
    follow_ups,
    leases,
    opinions,
    urgent_calls,
    waiting,
)
from telemed.followers.channels.set_up import key_file, set_up
from telemed.followers.expected import EXPECTED
from telemed.followers.follow import follow
from telemed.followers.minutes import Archivist
from telemed.followers.sender import Sender
from telemed.followers.tallies import TALLIES
from telemed.server import measures, uploads
from telemed.server.app import make_app, serve
from telemed.server.janus import Janus
from telemed.server.media import MediaServer
from telemed.server.origins import refuse_to_start
from telemed.server.services import Services
from telemed.settings import Settings, load_catalogue
from telemed.store import accounts, push_key, removals
from telemed.store import log as store_log
from telemed.store.blobs import Blobs, FileBlobs
from telemed.store.engine import Store
from telemed.store.migrate import migrate
from telemed.store.moments import DatabaseClock
from telemed.store.signer import SoftwareSigner
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
HOUSEKEEPING_SECONDS = 3600.0
LEFT_SECONDS = 24 * 3600.0
LEFT_AT_ONCE = 1000
RESTORING = "restore-unfinished"
"""A file of the data directory while a restore is at work, and after one that did not end."""


class RefuseToStart(Exception):
    """Why this server must not listen, in one sentence."""


def clock() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


def clock_of(store: Store) -> DatabaseClock:
    """The clock that all who use this database share, set."""
    shared = DatabaseClock()
    store.read_now(shared.ask)
    return shared


def today() -> date:
    """The business day now."""
    return clock().astimezone(ZONE).date()


def new_id() -> str:
    """A time-ordered UUID (RFC 9562 version 7)."""
    return str(uuid_utils.uuid7())


def open_store(settings: Settings) -> Store:
    """The database, migrated. RefuseToStart on what a restore left unfinished."""
    if (settings.data_dir / RESTORING).exists():
        raise RefuseToStart(
            f"Refusing to open {settings.data_dir}: a restore into it did not end. Empty it and"
            " restore again."
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database)
    migrate(store)
    return store


def open_services(settings: Settings) -> Services:
    """All parts, not yet running."""
    store = open_store(settings)
    bell = _bell(settings)
    return Services(
        settings=settings,
        store=store,
        bell=bell,
        blobs=open_blobs(settings),
        catalogue=load_catalogue(settings.configs),
        signer=SoftwareSigner.load(settings.data_dir / "signing.key"),
        renderer=RenderPool(settings.render_workers),
        clock=clock_of(store),
        new_id=new_id,
        push_key=_push_key(settings),
        presence=_presence(settings),
        counts=_counts(settings),
        relay=_relay(settings),
        media=_media(settings),
    )


def _push_key(settings: Settings) -> str:
    """What browsers subscribe with; empty where there is no push."""
    if "push" not in settings.notice_ways:
        return ""
    return push_key.public_of(push_key.load(key_file(settings)))


def open_blobs(settings: Settings) -> Blobs:
    """The images: in a bucket when there is one, else in the data directory.

    RefuseToStart without keys: the client would look for some on the network, for a long time.
    """
    reserve = settings.free_space_reserve_bytes
    if not settings.s3_bucket:
        return FileBlobs(settings.data_dir / "blobs", reserve)
    if not (settings.s3_access_key and settings.s3_secret_key):
        raise RefuseToStart("Set s3_access_key and s3_secret_key for the bucket s3_bucket.")
    if not settings.s3_endpoint.startswith(("https://", "http://")) and settings.s3_endpoint:
        raise RefuseToStart("s3_endpoint begins with https:// or http://.")
    from telemed.store.s3 import Bucket, S3Blobs

    bucket = Bucket(
        endpoint=settings.s3_endpoint,
        name=settings.s3_bucket,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        path_style=settings.s3_path_style,
    )
    return S3Blobs(bucket, settings.data_dir / "s3-cache", settings.s3_cache_bytes, reserve)


def _bell(settings: Settings) -> Bell:
    """The bell of one process, or of several through Redis."""
    if not settings.redis:
        return InProcessBell()
    from telemed.bus.redis import RedisBell

    return RedisBell(settings.redis)


def _presence(settings: Settings) -> Presence:
    """Of one process, of several through Redis, or of one that has others and cannot hear them."""
    if not settings.redis:
        return Presence(alone=settings.workers == 1)
    from telemed.bus.gossip import Gossip

    return Gossip(settings.redis, new_id())


def _counts(settings: Settings) -> Counts:
    """What is counted over all servers, where there is a Redis to do it."""
    if not settings.redis:
        return Counts()
    from telemed.bus.redis_counts import RedisCounts

    return RedisCounts(settings.redis, new_id(), settings.secret)


def _relay(settings: Settings) -> Relay:
    """What members of a conference say to those at other servers, where there is a Redis for it."""
    if not settings.redis:
        return Relay()
    from telemed.bus.redis_relay import RedisRelay

    return RedisRelay(settings.redis, new_id())


def _media(settings: Settings) -> MediaServer | None:
    """The media server, where one is set up."""
    if not settings.janus_url:
        return None
    if not settings.janus_secret:
        raise RefuseToStart("Set janus_secret: without one whoever reaches janus_url may use it.")
    return Janus(settings.janus_url, settings.janus_secret)


def check_start(services: Services) -> None:
    """RefuseToStart when listening would be unsafe or an acknowledgement would be a lie."""
    why = refuse_to_start(services.settings, services.store.read_now(accounts.any_demo))
    if why is not None:
        raise RefuseToStart(why)
    lossy = services.store.check_durable()
    if lossy is not None:
        raise RefuseToStart(f"Refusing to start: the database may lose commits ({lossy}).")
    unfit = services.blobs.check()
    if unfit is not None:
        raise RefuseToStart(f"Refusing to start: {unfit}.")


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[web.Application]:
    """The application with its followers and clocks; everything is stopped at the end."""
    app = make_app(services)
    for line in _lines(services):
        await line.start()
    await uploads.recover(services)
    known, new = services.catalogue, services.new_id
    await services.store.write(lambda tx: escalations.begin(tx, known, new, services.clock()))
    climbs = escalations.follower(known, new)
    await services.store.write(assigning.begin)
    await services.store.write(charges.begin)
    ways = [Channel(way) for way in services.settings.notice_ways]
    channels, outbound = set_up(services.settings, lambda: services.clock().timestamp())
    sender = Sender(
        services.store,
        services.bell,
        services.clock,
        new,
        known,
        channels,
        random.random,
        services.settings.origin,
        measures.attempt,
    )
    tasks = [
        asyncio.create_task(follow(services.store, services.bell, climbs)),
        asyncio.create_task(
            escalations.watch(
                services.store, services.bell, services.clock, new, known, lambda: ways
            )
        ),
        asyncio.create_task(follow(services.store, services.bell, TALLIES)),
        asyncio.create_task(follow(services.store, services.bell, EXPECTED)),
        asyncio.create_task(
            leases.watch(
                services.store,
                services.bell,
                services.clock,
                services.new_id,
                services.catalogue,
            )
        ),
    ]
    clocks = (
        _wait_list, _ring, _conferences, _experts, _archive, _follow_ups, _assign, uploads.watch,
        keep_house, notice_others,
    )  # fmt: skip
    tasks += [asyncio.create_task(clock(services)) for clock in clocks]
    tasks.append(asyncio.create_task(sender.watch()))
    try:
        yield app
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for line in _lines(services)[1:]:
            await line.stop()
        await outbound.close()
        await services.bell.stop()


def _lines(services: Services) -> Sequence[Bell | Presence | Counts | Relay | MediaServer]:
    """What holds a line to others, the bell first: it is the last to stop."""
    more = () if services.media is None else (services.media,)
    return (services.bell, services.presence, services.counts, services.relay, *more)


async def _assign(services: Services) -> None:
    """The rule of assignment, until canceled."""
    await assigning.watch(
        services.store,
        services.bell,
        services.clock,
        services.new_id,
        services.catalogue,
        partial(online_at, services.presence),
    )


async def _wait_list(services: Services) -> None:
    """What is given back goes to whoever waits, until canceled."""
    await waiting.fill_and_lapse(
        services.store, services.bell, services.clock, services.new_id, services.catalogue
    )


async def _ring(services: Services) -> None:
    """Who does not answer an urgent call is followed by the next, and who is rung is told wherever
    they are, until canceled."""
    clock, new, known = services.clock, services.new_id, services.catalogue
    ways = [Channel(way) for way in services.settings.notice_ways]
    tells = urgent_calls.tells_the_rung(clock, new, known, ways)
    await asyncio.gather(
        urgent_calls.watch(services.store, services.bell, clock, new, known),
        follow(services.store, services.bell, tells),
    )


async def _conferences(services: Services) -> None:
    """Lost lines are noted, and what is over is left, until canceled."""
    await conferences.close_and_drop(
        services.store, services.bell, services.clock, services.new_id, services.catalogue
    )


async def _experts(services: Services) -> None:
    """Who does not answer in time is asked no longer, until canceled."""
    await opinions.watch(
        services.store, services.bell, services.clock, services.new_id, services.catalogue
    )


async def _follow_ups(services: Services) -> None:
    """What becomes of patients is asked, and what cases cost is counted, until canceled."""
    parts = (services.store, services.bell, services.clock, services.new_id, services.catalogue)
    bill = charges.counts(services.clock, services.new_id, services.catalogue)
    await asyncio.gather(
        follow_ups.plan_and_remind(*parts), follow(services.store, services.bell, bill)
    )


async def _archive(services: Services) -> None:
    """Signed minutes are archived, until canceled."""
    archivist = Archivist(
        services.store,
        services.bell,
        services.clock,
        services.new_id,
        services.catalogue,
        services.signer,
        services.settings.origin,
    )
    await archivist.watch()


async def notice_others(services: Services) -> None:
    """Ring for what another process wrote, or for a ring that was lost: look every second.

    The same look sets this process's clock by the database's.
    """
    seen, now = -1, services.clock

    def look(tx: Tx) -> int:
        if isinstance(now, DatabaseClock):
            now.ask(tx)
        return store_log.head(tx)

    while True:
        try:
            head = await services.store.read(look)
            if head != seen:
                seen = head
                services.bell.ring_here()
        except Exception:
            log.exception("the look at the log's head stumbled")
        await asyncio.sleep(POLL_SECONDS)


async def keep_house(services: Services) -> None:
    """Ready the first picture, then once an hour clear away what nobody will come back for."""
    await services.renderer.warm()
    while True:
        try:
            await uploads.sweep(services)
            await services.store.write(partial(_end_dead_sessions, services))
            await drop_left_blobs(services)
            await services.store.write(
                lambda tx: ups_subscriptions.sweep(services.make_act(tx, SYSTEM))
            )
        except Exception:
            log.exception("housekeeping stumbled")
        await asyncio.sleep(HOUSEKEEPING_SECONDS)


async def drop_left_blobs(services: Services) -> int:
    """Remove the files of deleted images that no row names any more; how many.

    A day after they were left, and never one that somebody has put since: an upload puts its file
    before its row is there.
    """
    before = services.clock() - timedelta(seconds=LEFT_SECONDS)
    keys = await services.store.read(lambda tx: removals.unnamed(tx, before, LEFT_AT_ONCE))
    gone = [
        key for key in keys if await asyncio.to_thread(services.blobs.discard, key, LEFT_SECONDS)
    ]
    if gone:
        await services.store.write(lambda tx: removals.forget_left(tx, gone))
    return len(gone)


def _end_dead_sessions(services: Services, tx: Tx) -> int:
    now = services.clock()
    idle = timedelta(minutes=services.settings.idle_minutes)
    return accounts.end_dead_sessions(tx, now - idle, now)


async def run_server(
    services: Services,
    started: Callable[[], None],
    prepare: Callable[[web.Application], None] = lambda app: None,
    door: socket.socket | None = None,
) -> None:
    """Serve until canceled, at a door that is open or at the settings'; close all in order."""
    check_start(services)
    place = door or (services.settings.host, services.settings.port)
    try:
        async with running(services) as app:
            prepare(app)
            await serve(app, place, started)
    finally:
        await services.renderer.aclose()
        services.threads.shutdown()
        services.far.shutdown()
        services.store.close()
