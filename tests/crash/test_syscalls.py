"""Killed at the n-th durable step, n = 1, 2, 3 … until the work is done without dying.

Chance rarely hits the gap between a rename and its directory's flush; counting hits every one.
"""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash import checks
from tests.crash.rig import GONE, Load, Victim

pytestmark = pytest.mark.crash
STEPS = "fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat"
MOST = 60
"""No piece of work takes more steps than this."""
PAUSE_MICROSECONDS = 50_000
_DONE = re.compile(r"(?m)= -?[0-9]+.*$")


def _upload(load: Load) -> None:
    load.tus(next(load.files)[0])


def _report(load: Load) -> None:
    load.case()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("work", [_upload, _report])
def test_killed_at_every_durable_step(load: Load, work: Callable[[Load], None]) -> None:
    """Whichever fsync, link, rename or unlink is the last one, every promise is kept."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    load.victim.often = True
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
    """Inside, the server dies right after its n-th durable step, whichever thread takes it."""
    assert victim.process is not None
    pid, said = victim.process.pid, victim.scratch / "strace"
    slow = f"inject={STEPS}:delay_exit={PAUSE_MICROSECONDS}"
    command = ["strace", "-f", "-e", f"trace={STEPS}", "-e", slow, "-o", str(said), "-p", str(pid)]
    said.unlink(missing_ok=True)
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    if b"attached" not in (first := tracer.stderr.readline()):
        tracer.wait()
        pytest.skip(f"strace may not trace here: {first!r}")
    over = threading.Event()
    watcher = threading.Thread(target=_kill_at, args=(pid, said, step, over))
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        tracer.kill()  # it may wait for ever for the last word of one that was killed
        tracer.wait()
        tracer.stderr.close()


def _kill_at(pid: int, said: Path, step: int, over: threading.Event) -> None:
    """SIGKILL once so many steps are done; each thread pauses after its own."""
    while not over.wait(PAUSE_MICROSECONDS / 10e6):
        if said.exists() and len(_DONE.findall(said.read_text())) >= step:
            os.killpg(pid, signal.SIGKILL)
            return
