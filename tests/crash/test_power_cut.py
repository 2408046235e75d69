"""A power cut: only what was flushed is still there.

kill -9 proves nothing about flushing, for the kernel keeps what a dead process wrote. Here the
data lives in a file system inside a file, whose journal is written only when somebody asks for it;
a copy of that file, taken while the server is frozen, is the disk as the cut leaves it.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash import checks
from tests.crash.rig import Ledger, Load, Victim, own_study

pytestmark = pytest.mark.crash
CUTS = int(os.environ.get("TELEMED_POWER_CUTS", "3"))
IMAGE_BYTES = 512 << 20


@pytest.mark.timeout(600)
def test_the_power_goes_off(world_template: Path, tmp_path: Path) -> None:
    """Whatever was acknowledged before the cut is on the disk after it, whole."""
    seed = int(os.environ.get("TELEMED_CRASH_SEED", random.randrange(10**6)))
    print(f"TELEMED_CRASH_SEED={seed}")
    moments = random.Random(seed)
    disk, place = tmp_path / "disk", tmp_path / "place"
    place.mkdir()
    _make(disk)
    with _mounted(disk, place):
        shutil.copytree(world_template, place / "data")
        os.sync()
    data = place / "data"
    ledger = Ledger(tmp_path / "ledger")
    load: Load | None = None
    for _ in range(CUTS):
        with _mounted(disk, place):
            load = load or Load(Victim(data, tmp_path), ledger, own_study(data))
            load.victim.start()
            load.go_on()
            with load.at_work():
                load.until_promised()
                time.sleep(moments.uniform(0.5, 2.0))
                _cut(load.victim, disk, tmp_path / "after")
        (tmp_path / "after").replace(disk)
    assert load is not None
    with _mounted(disk, place):
        try:
            load.victim.start()
            load.go_on()
            checks.over_the_wire(load.victim, ledger)
        finally:
            load.victim.stop()
        counts = checks.on_the_disk(data, ledger)
    print(f"{CUTS} cuts, {len(ledger.images)} images, {len(ledger.reports)} reports")
    assert counts["instances"] >= len(ledger.images) > 0
    assert counts["signed_reports"] >= len(ledger.reports) > 0


def _cut(victim: Victim, disk: Path, after: Path) -> None:
    """Freeze the server, keep the disk as it is now, then let the server die."""
    assert victim.process is not None
    os.killpg(victim.process.pid, signal.SIGSTOP)
    _run("cp", "--sparse=always", str(disk), str(after))
    victim.kill()


def _make(disk: Path) -> None:
    """An empty file system in a file, or a skipped test where that is not possible."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("a file system in a file needs root and mkfs.ext4")
    with disk.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1", str(disk))


@contextmanager
def _mounted(disk: Path, place: Path) -> Iterator[None]:
    """The file system at its place; it writes its journal only when told to."""
    command = ["mount", "-o", "loop,commit=600", str(disk), str(place)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"mounting is not possible here: {done.stderr.strip()}")
    try:
        yield
    finally:
        _run("umount", str(place))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
