"""`telemed serve` in a process forked from one that has imported it, for tests that start it often.

The imports of a server and of the process it readies for pictures are most of a start, and there
are a hundred of them. A child runs the same command with the same words, in a session of its own.
Tests that start a server once or twice run the command itself.
"""

import multiprocessing
import os
import sys
from collections.abc import Sequence

_NURSERY = multiprocessing.get_context("forkserver")
_NURSERY.set_forkserver_preload(["telemed.cli"])


class Forked:
    """What a test asks of a `subprocess.Popen`."""

    def __init__(self, words: Sequence[str], log: str) -> None:
        self._process = _NURSERY.Process(target=_run, args=(list(words), log), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float) -> None:
        """AssertionError when it is still there after so many seconds."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, "the server does not end"


def _run(words: list[str], log: str) -> None:
    os.setsid()
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(said, stream)
    from telemed.cli import main
    from telemed.dicom.worker import RenderPool

    RenderPool.warm = _nothing  # type: ignore[method-assign]
    sys.argv = ["telemed", *words]
    main()


async def _nothing(pool: object) -> None:
    """The first picture starts its worker, should there be one."""
