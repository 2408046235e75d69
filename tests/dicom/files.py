"""Real files for the tests of this room: those that come with pydicom, without downloads."""

from __future__ import annotations

from pathlib import Path

import pydicom

DATA = Path(pydicom.__file__).parent / "data"


def shipped_files() -> list[Path]:
    """Every file of pydicom's test data that begins as a Part 10 file does."""
    found = [path for path in sorted(DATA.rglob("*")) if path.is_file()]
    return [path for path in found if path.read_bytes()[128:132] == b"DICM"]


def shipped(name: str) -> Path:
    """One of pydicom's files by name."""
    return next(DATA.rglob(name))
