"""Fixtures every room may use: real services, and the small world of `tests.world`."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests import world as worlds
from tests.s3_server import s3, s3_service
from tests.services import chromium, postgres, postgres_url, redis_server

__all__ = ["chromium", "postgres", "postgres_url", "redis_server", "s3", "s3_service"]


@pytest.fixture(scope="session")
def world_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's data directory, built once; copy it, never open it."""
    folder = tmp_path_factory.mktemp("world")
    worlds.build(folder)
    return folder


@pytest.fixture
def world_folder(world_template: Path) -> Iterator[Path]:
    """A fresh copy of the world's data directory, in memory where the machine offers that:
    what a power cut keeps is tested elsewhere, on a disk."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with TemporaryDirectory(prefix="telemed-world-", dir=place) as folder:
        yield shutil.copytree(world_template, Path(folder) / "data")


@pytest.fixture
async def world(world_folder: Path) -> AsyncIterator[worlds.World]:
    """The world with its server running."""
    async with worlds.world_at(world_folder) as found:
        yield found


LONG = (
    "test_flows.py",
    "test_syscalls.py",
    "test_mutations.py",
    "test_auth.py",
    "test_morning.py",
    "test_kill.py",
    "test_story.py",
    "test_topology.py",
    "test_backup.py",
    "test_samples.py",
    "test_simulate.py",
    "test_bulletin.py",
    "test_defences.py",
)
"""Files of half a minute and more: begun first, no worker is left with one when the others are
done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; the others keep their order."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONG)))
