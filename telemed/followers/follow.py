"""The loop of a follower: bookmark, batch, handle, move the bookmark, all in one transaction.

At least once, idempotent, replayable. A fact that cannot be handled stops its follower loudly and
only it: skipping one would make its numbers a lie. A database that is away stops everybody, and
for no longer than it is away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from telemed.bus import POLL_SECONDS, Bell
from telemed.core.activity import Activity
from telemed.store import log as store_log
from telemed.store.engine import Store, problem_of
from telemed.store.tx import Tx

log = logging.getLogger(__name__)
BATCH = 500
"""Facts of one transaction while people work: nobody's writing waits long for it."""
LONG_BATCH = 10_000
"""Facts of one transaction when a backlog is worked off, where fewer commits are quicker."""
MOST_WAIT = 60.0
SCREENS_FIRST = 0.1
"""Seconds that followers hold back at each ring: whoever looks at a screen is told first, and what
is written in a burst is followed together."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A name for the bookmark, and what to do with the facts of a batch.

    `kinds` are those it wants to see, None for all; it passes the others by.
    """

    name: str
    handle: Callable[[Tx, Sequence[Activity]], None]
    kinds: Collection[str] | None = None


def catch_up(tx: Tx, follower: Follower, batch: int = BATCH) -> int:
    """Handle one batch in this transaction; how many facts it had.

    Every server process follows; the bookmark is read in turn, so a batch is handled by one.
    """
    at = store_log.take_bookmark(tx, follower.name)
    last = min(store_log.head(tx), at + batch)  # the log has no gaps
    if last <= at:
        return 0
    follower.handle(tx, store_log.between(tx, at, last, follower.kinds))
    store_log.move_bookmark(tx, follower.name, last)
    return last - at


def catch_up_fully(store: Store, follower: Follower) -> int:
    """Handle everything there is, for the command line and tests; how many facts."""
    total = 0
    while done := store.write_now(lambda tx: catch_up(tx, follower, LONG_BATCH)):
        total += done
    return total


async def follow(store: Store, bell: Bell, follower: Follower) -> None:
    """Follow until canceled; after a fault of ours wait longer each time, and say so."""
    wait = 1.0
    while True:
        try:
            upcoming = bell.upcoming()
            behind = await store.read(
                lambda tx: store_log.head(tx) > store_log.bookmark(tx, follower.name)
            )
            if behind:
                await store.write(lambda tx: catch_up(tx, follower))
            else:
                await bell.wait(upcoming, POLL_SECONDS)
                await asyncio.sleep(SCREENS_FIRST)
            wait = 1.0
        except Exception as fault:
            if isinstance(fault, SQLAlchemyError) and problem_of(fault) is not None:
                log.warning("follower %s waits: the database is away or full", follower.name)
                await asyncio.sleep(POLL_SECONDS)
                continue
            log.exception("follower %s stumbled, again in %.0f s", follower.name, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, MOST_WAIT)


async def at_each_ring(
    bell: Bell, seconds: float, work: Callable[[], Awaitable[bool]], name: str
) -> None:
    """Work when something happened and every so many seconds, until canceled; at once again when
    `work` says that there is more. A fault of ours is said and does not end it."""
    while True:
        upcoming = bell.upcoming()
        try:
            if await work():
                continue
        except Exception as fault:
            _say(fault, name)
        await bell.wait(upcoming, seconds)
        await asyncio.sleep(SCREENS_FIRST)


async def sweep(
    store: Store,
    bell: Bell,
    is_due: Callable[[Tx], bool],
    do: Callable[[Tx], int],
    seconds: float,
    name: str,
) -> None:
    """Look every so many seconds until canceled; write only when something is due, and ring when
    `do` says that it did something. A fault of ours is said and does not end it."""
    while True:
        try:
            done = await store.write(do) if await store.read(is_due) else 0
            if done:
                bell.ring()
        except Exception as fault:
            _say(fault, name)
        await asyncio.sleep(seconds)


def _say(fault: Exception, name: str) -> None:
    if isinstance(fault, SQLAlchemyError) and problem_of(fault) is not None:
        log.warning("%s waits: the database is away or full", name)
    else:
        log.error("%s stumbled", name, exc_info=fault)
