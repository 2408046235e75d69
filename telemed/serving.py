"""How a server runs as a process: its port, its signals, its workers.

Between the command line, which knows words, and `assemble`, which knows parts. SIGTERM and SIGINT
drain; so does a leash that breaks, for a worker whose parent was killed.
"""

import asyncio
import gc
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from telemed import assemble
from telemed.assemble import RefuseToStart
from telemed.server.services import Services
from telemed.settings import Settings, variable_of
from telemed.workers import Workers, open_door

_ALLOCATIONS: Final = 20_000
"""New objects, less those that are gone, after which the youngest are looked through."""
WORKER_PATIENCE: Final = 30.0
"""Seconds a worker may take to drain after `drain_seconds`: longer than it waits for its calls."""


def require_free_port(settings: Settings) -> None:
    """RefuseToStart when something listens there already: said before anything is opened."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise RefuseToStart(
                f"Port {settings.port} on {settings.host} is in use. Stop what uses it or choose"
                " another with --port."
            ) from None


def run(
    services: Services,
    started: Callable[[], None],
    prepare: Callable[[web.Application], None] = lambda app: None,
    *,
    door: socket.socket | None = None,
    leash: int | None = None,
) -> None:
    """Serve until told to stop, at a door that is open already or at the settings' place."""

    def begun() -> None:
        _spare_the_collector()
        started()

    async def until_told() -> None:
        task = asyncio.ensure_future(assemble.run_server(services, begun, prepare, door))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        if leash is not None:
            loop.add_reader(leash, lambda: (loop.remove_reader(leash), task.cancel()))
        with suppress(asyncio.CancelledError):
            await task

    uvloop.run(until_told())


def _spare_the_collector() -> None:
    """Look for cycles less often, and never again among what stays for ever.

    Reading a file's elements makes thousands of tuples and no cycle; looking through them every 700
    was a fifth of the scan of a CT slice.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 20)


def run_workers(settings: Settings, config: Path | None, started: Callable[[], None]) -> int:
    """Migrate and check once, then keep the workers until told to stop; their exit status."""
    services = assemble.open_services(settings)
    assemble.check_start(services)
    services.threads.shutdown()
    services.store.close()

    def command(door: int, leash: int) -> list[str]:
        words = [sys.executable, "-m", "telemed", "serve", f"--data-dir={settings.data_dir}"]
        same = [f"--config={config}"] if config else []
        same.append(f"--workers={settings.workers}")  # it has others, and says so
        return [*words, *same, f"--door={door}", f"--leash={leash}"]

    if not settings.secret:  # one for all: a browser that one worker knows the others know too
        os.environ[variable_of("secret")] = secrets.token_hex()
    with open_door(settings.host, settings.port) as door:
        started()
        patience = settings.drain_seconds + WORKER_PATIENCE
        return asyncio.run(Workers(command, settings.workers, door, patience).run())
