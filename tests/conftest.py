"""Fixtures every room may use: real services, and the small world of `tests.world`."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import world as worlds
from tests.services import chromium, postgres, postgres_url, redis_server

__all__ = ["chromium", "postgres", "postgres_url", "redis_server"]


@pytest.fixture(scope="session")
def world_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's data directory, built once; copy it, never open it."""
    folder = tmp_path_factory.mktemp("world")
    worlds.build(folder)
    return folder


@pytest.fixture
def world_folder(world_template: Path, tmp_path: Path) -> Path:
    """A fresh copy of the world's data directory."""
    folder = tmp_path / "world"
    shutil.copytree(world_template, folder)
    return folder


@pytest.fixture
async def world(world_folder: Path) -> AsyncIterator[worlds.World]:
    """The world with its server running."""
    async with worlds.world_at(world_folder) as found:
        yield found
