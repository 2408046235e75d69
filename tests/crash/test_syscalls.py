"""Killed at the n-th durable step, n = 1, 2, 3 … until the work is done without dying.

Chance rarely hits the gap between a rename and its directory's flush; counting hits every one.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.crash import checks
from tests.crash.rig import GONE, Load, Victim

pytestmark = pytest.mark.crash
STEPS = "fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat"
MOST = 60
"""No piece of work takes more steps than this in one thread."""


def _upload(load: Load) -> None:
    load.tus(next(load.files)[0])


def _store(load: Load) -> None:
    files = next(load.files)[:1]
    load.unanswered.append(files)
    load.stow(files)
    load.unanswered.clear()


def _report(load: Load) -> None:
    load.case()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("work", [_upload, _store, _report])
def test_killed_at_every_durable_step(load: Load, work: Callable[[Load], None]) -> None:
    """Whichever fsync, link, rename or unlink is the last one, every promise is kept."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    for step in range(1, MOST):
        load.victim.start()
        load.go_on()
        try:
            with _dying_at(load.victim, step):
                work(load)
        except GONE:
            pass
        else:
            break
        finally:
            load.victim.kill()
    else:
        pytest.fail(f"still killed at step {MOST}")
    load.victim.start()
    load.go_on()
    checks.over_the_wire(load.victim, load.ledger)
    load.victim.stop()
    checks.on_the_disk(load.victim.data, load.ledger)
    assert step > 1, "no step was ever counted"
    print(f"{work.__name__}: killed at each of {step - 1} steps")


@contextmanager
def _dying_at(victim: Victim, step: int) -> Iterator[None]:
    """Inside, the server dies when one of its threads comes to its n-th durable step."""
    assert victim.process is not None
    said = victim.scratch / "strace"
    inject = f"inject={STEPS}:signal=SIGKILL:when={step}"
    command = ["strace", "-f", "-e", f"trace={STEPS}", "-e", inject, "-p", str(victim.process.pid)]
    with said.open("wb") as file:
        tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=file)
    try:
        while b"attached" not in said.read_bytes():
            if tracer.poll() is not None:
                pytest.skip(f"strace may not trace here: {said.read_text()[:200]}")
            time.sleep(0.02)
        yield
    finally:
        tracer.kill()  # it may wait for ever for the last word of one it killed
        tracer.wait()
