"""The `telemed` command with the end of each of its commits written down, for whoever measures from
a commit and stands outside: a float64 of the wall clock's seconds for each act of SQLite's writer,
appended to the file that `COMMITS` names.

    COMMITS=/tmp/commits PYTHONPATH=. .venv/bin/python -m bench.committed serve
"""

import os
import struct
import time
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

from telemed.cli import main
from telemed.store import engine

_NOTE = struct.Struct("<d")


def committed_after(notes: Path, times: Iterable[float]) -> list[float]:
    """For each time when the first commit after it was done. IndexError when there is none."""
    commits = sorted(at for (at,) in _NOTE.iter_unpack(notes.read_bytes()))
    return [commits[bisect_left(commits, at)] for at in times]


def _note_commits() -> None:
    told = engine._Waiting.tell  # what is called as soon as COMMIT has returned
    out = os.open(os.environ["COMMITS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def tell(self: engine._Waiting) -> None:
        os.write(out, _NOTE.pack(time.time()))
        told(self)

    engine._Waiting.tell = tell  # type: ignore[method-assign]


if __name__ == "__main__":
    _note_commits()
    main()
