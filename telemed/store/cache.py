"""Files of blobs that live elsewhere, kept on this machine within a number of bytes.

The least recently used go first. Whoever uses a file holds a shared lock on it, and only an
unlocked file is removed; the kernel lets go of the locks of a killed process, so several
processes may share one cache. Nothing here is flushed: a file is believed only after this process
has written it or has compared it with its hash, so a power cut costs time and never a wrong byte.
What the blobs are and where they come from this module refuses to know.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from telemed.store.blobs import Held, hash_file

_SLACK = 20
"""A scan is due after a twentieth of the limit was added; that much the limit may be passed."""

_ATTEMPTS = 5


class _Entry(NamedTuple):
    used: int
    size: int
    place: Path


class BlobCache:
    """A directory of files by key, of at most about `limit` bytes."""

    def __init__(self, root: Path, limit: int) -> None:
        self._root = root
        self._limit = limit
        self._added = limit  # so that the first addition looks at what is here
        self._sound: set[str] = set()
        self._scanning = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)

    def near(self, key: str) -> Held | None:
        """A file that this process knows to be sound, held."""
        return self._hold(key) if key in self._sound else None

    def checked(self, key: str) -> Held | None:
        """A file another process or an earlier run left, held, after a look at every byte."""
        held = self._hold(key)
        if held is None:
            return None
        if hash_file(held.path) == key:
            self._sound.add(key)
            return held
        held.path.unlink(missing_ok=True)
        held.__exit__()
        return None

    def admit(self, key: str, source: Path) -> Held:
        """Keep a file whose content has the hash `key`, and hold it.

        `source` is linked, not copied, so it is on the same file system and nobody else's: a lock
        is on the file, not on the name. OSError when others remove it faster than it can be held.
        """
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(FileExistsError):
                self._link(key, source)
            held = self._hold(key)
            if held is not None:
                self._sound.add(key)
                self._count(source.stat().st_size)
                return held
        raise OSError("the cache cannot hold a file")

    def shrink(self, to: int) -> int:
        """Remove unused files, the longest unused first, until `to` bytes are left; what is."""
        with self._scanning:
            entries = sorted(self._entries())
            left = sum(entry.size for entry in entries)
            for entry in entries:
                if left <= to:
                    break
                if _remove(entry.place):
                    left -= entry.size
            self._sound &= {entry.place.name for entry in entries}
            self._added = 0
            return left

    def free(self, needed: int) -> None:
        """Remove unused files of `needed` bytes together."""
        self.shrink(max(0, sum(entry.size for entry in self._entries()) - needed))

    def drop(self, key: str) -> None:
        """Remove a file unless somebody is reading it."""
        self._sound.discard(key)
        _remove(self._place(key))

    def _place(self, key: str) -> Path:
        return self._root / key[:2] / key

    def _link(self, key: str, source: Path) -> None:
        place = self._place(key)
        place.parent.mkdir(exist_ok=True)
        place.hardlink_to(source)

    def _hold(self, key: str) -> Held | None:
        """Lock the file against removal and note its use; None when it is gone or going."""
        place = self._place(key)
        try:
            handle = os.open(place, os.O_RDONLY)
        except FileNotFoundError:
            self._sound.discard(key)
            return None
        held = Held(place, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if _is_at(place, handle):
                os.utime(handle)
                return held
        except (BlockingIOError, FileNotFoundError):
            pass  # somebody is removing it, or has
        except BaseException:
            held.__exit__()
            raise
        held.__exit__()
        return None

    def _count(self, added: int) -> None:
        self._added += added
        if self._added > self._limit // _SLACK:
            self.shrink(self._limit - self._limit // _SLACK)

    def _entries(self) -> Iterator[_Entry]:
        for folder in self._root.iterdir():
            for place in folder.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    known = place.stat()
                    yield _Entry(known.st_mtime_ns, known.st_size, place)


def _remove(place: Path) -> bool:
    """Remove a file that nobody holds; whether it is gone."""
    try:
        handle = os.open(place, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(place, handle):
            return False  # removed and brought again meanwhile: the new one is another file
        place.unlink()
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    finally:
        os.close(handle)
    return True


def _is_at(place: Path, handle: int) -> bool:
    """Whether the name still stands for the open file. FileNotFoundError when it is gone."""
    return place.stat().st_ino == os.fstat(handle).st_ino
