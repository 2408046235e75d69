"""Fixtures every room may use: real services, and the small world of `tests.world`."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from telemed import assemble
from telemed.core.catalogue import Catalogue
from telemed.settings import CONFIGS, load_catalogue
from tests import world as worlds
from tests.s3_server import s3, s3_service
from tests.services import chromium, postgres, postgres_url, redis_server

__all__ = ["chromium", "postgres", "postgres_url", "redis_server", "s3", "s3_service"]

# A full machine is slow now and then, which is no fault of what is tested.
settings.register_profile("telemed", deadline=None)
settings.load_profile("telemed")

_MEMORY = Path("/dev/shm")
_ROOM = 8 << 30


def pytest_configure() -> None:
    """Put what tests write into memory where there is room. What a power cut keeps is tested
    with a file system of its own (`tests/crash/test_power_cut.py`)."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(scope="session", autouse=True)
def shipped_catalogue() -> Iterator[None]:
    """The shipped catalogue is read once: a server for a test does little else when it starts.
    Nothing can change it; a folder of another configuration is read each time."""
    shipped = cache(lambda: load_catalogue(CONFIGS))

    def known(configs: Path) -> Catalogue:
        return shipped() if configs == CONFIGS else load_catalogue(configs)

    with patch.object(assemble, "load_catalogue", known):
        yield


@pytest.fixture(scope="session")
def world_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's data directory, built once; copy it, never open it."""
    folder = tmp_path_factory.mktemp("world")
    worlds.build(folder)
    return folder


@pytest.fixture
def world_folder(world_template: Path, tmp_path: Path) -> Path:
    """A fresh copy of the world's data directory."""
    return shutil.copytree(world_template, tmp_path / "world" / "data")


@pytest.fixture
async def world(world_folder: Path) -> AsyncIterator[worlds.World]:
    """The world with its server running."""
    async with worlds.world_at(world_folder) as found:
        yield found


CALLS = (
    "test_conference.py",
    "test_discussion.py",
    "test_guidance.py",
    "test_case_in_the_room.py",
)
"""Calls of several cameras: each fills the two cores for a while, and a page beside another call
may come to no picture within a minute."""
LONG = (
    *CALLS,
    "test_nodes.py",
    "test_services.py",
    "test_flows.py",
    "test_morning.py",
    "test_story.py",
    "test_simulate.py",
    "test_bulletin.py",
    "test_care.py",
    "test_topology.py",
    "test_calendar.py",
    "test_desk.py",
    "test_access_matrix.py",
    "test_syscalls.py",
    "test_backup.py",
    "test_sockets.py",
    "test_races.py",
    "test_tally.py",
    "test_consultation.py",
    "test_training.py",
    "test_critical.py",
    "test_dispatch.py",
    "test_render.py",
    "test_kill.py",
    "test_workers.py",
    "test_auth.py",
    "test_power_cut.py",
    "test_api_guide.py",
    "test_agreement.py",
    "test_samples.py",
    "test_mutations.py",
    "test_doctor.py",
    "test_defences.py",
)
"""Files of half a minute and more, the longest first: no worker is left with one when the others
are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; the others keep their order."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONG)))


class _OneCallAtATime(LoadFileScheduling):
    """A file to a worker, and all calls to one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "calls" if file.startswith("tests/journeys/") and file.endswith(CALLS) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Where files are given to workers whole, calls follow one another."""
    chosen = config.getoption("dist") == "loadfile"
    return _OneCallAtATime(config, log) if chosen else None
