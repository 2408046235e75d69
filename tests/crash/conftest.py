"""A victim on a copy of the small world, and its users."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.rig import Ledger, Load, Victim, own_study


@pytest.fixture
def load(world_template: Path, tmp_path: Path) -> Iterator[Load]:
    """People with a server that is not running yet; it is killed at the end of the test."""
    data = tmp_path / "data"
    shutil.copytree(world_template, data)
    victim = Victim(data, tmp_path)
    yield Load(victim, Ledger(tmp_path / "ledger"), own_study(data))
    victim.kill()
