"""Image files by the hash of their content. A blob that was put survives a power cut.

`Blobs` is what every place of image files does; `FileBlobs` is a directory, `s3.S3Blobs` a bucket.
In a directory a file is written beside its place, flushed to the disk, given its name, and the
directory is flushed too; only then may a row point at it. Without the last step a power cut loses
files that were acknowledged. A failed flush means the kernel may have dropped the bytes and will
say yes the next time, so such a file is thrown away and never flushed again. This module knows
bytes and names; what is in them, and who may read them, it refuses to know.
"""

import contextlib
import errno
import hashlib
import io
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self, TypeVar

from telemed.core.errors import Problem

log = logging.getLogger(__name__)
T = TypeVar("T")

PIECE = 1 << 20
_LEFT_OVER_SECONDS = 24 * 3600
_FLUSHERS = 8
_WORTH_A_START = 1 << 16
"""Bytes of a content from which on it is written while it is still being looked into."""
_TOGETHER = 4
"""Files from which on a thread for each flush is worth waking."""
_KEY = re.compile(r"[0-9a-f]{64}\Z")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


class Blob(NamedTuple):
    """A stored file: its key (SHA-256, hex) and its size in bytes."""

    key: str
    size: int


class Held:
    """A blob's file on this machine, which stays until it is let go: use it as a context.

    `handle` is what keeps the file, a file descriptor that is closed in the end.
    """

    def __init__(self, path: Path, handle: int | None = None) -> None:
        self.path = path
        self._handle = handle

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_fault: object) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Blobs(Protocol):
    """Where image files are kept. All calls but `near` block; call them in a thread.

    A place that cannot be reached now is Problem("unavailable"), and nothing was kept.
    """

    prompt: bool
    """Whether keeping something small takes no longer than a flush of a disk."""

    def writer(self, limit: int) -> "BlobWriter":
        """A place to write at most `limit` bytes before they are put."""
        ...

    def put_file(self, path: Path, key: str | None = None) -> Blob:
        """Keep the content of a file durably; the file itself is left where it is.

        `key` is the hash of its content where the caller knows it. Once this has returned the
        blob is whole and stays; before that nobody can see any of it.
        """
        ...

    def put_files(self, files: Sequence[tuple[Path, str]]) -> None:
        """`put_file` for several files and their hashes: all are durable or an error is raised."""
        ...

    def draft(self, content: bytes) -> "Draft":
        """A content in memory that may be put once its hash is known; close it in the end."""
        ...

    def put_drafts(self, drafts: Mapping[str, "Draft"]) -> None:
        """`put_files` for contents in memory, by their hashes."""
        ...

    def discard(self, key: str, unused: float) -> bool:
        """Remove a blob that no row names and nobody has put for `unused` seconds; whether it is
        gone. A place that cannot tell when it was put last takes two calls that far apart."""
        ...

    def near(self, key: str) -> Held | None:
        """The blob's file when it needs no fetching, else None. Does not wait for anything."""
        ...

    def fetch(self, key: str) -> Held:
        """The blob's file, brought to this machine when it is far; FileNotFoundError."""
        ...

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """A stretch of the blob in pieces, to the end unless `length` is given."""
        ...

    def exists(self, key: str) -> bool:
        """Whether the blob is there."""
        ...

    def free_bytes(self) -> int:
        """How many bytes are left on this machine for files on their way."""
        ...

    def check_space(self, needed: int) -> None:
        """Problem("no-space") when `needed` bytes would eat into the reserve."""
        ...

    def check(self) -> str | None:
        """Why nothing could be kept here whatever happens, in one sentence, or None."""
        ...


class BlobWriter:
    """A temporary file that knows its hash and its limit. Leaving the block removes it.

    The first `write` or `seal` makes the file; only `write`, `seal` and `close` may block.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self.size = 0
        self._limit = limit
        self._hash = hashlib.sha256()
        self._file: io.FileIO | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append; Problem("too-large") past the limit, Problem("no-space") on a full disk."""
        if self.size + len(data) > self._limit:
            raise Problem("too-large", limit=words_of_size(self._limit))
        with full_disk_is_a_problem():
            file = self._opened()
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
        self._hash.update(data)
        self.size += len(data)

    @cached_property
    def path(self) -> Path:
        """Where the file is or will be."""
        return self._folder / secrets.token_hex(16)

    @property
    def key(self) -> str:
        """The hash of what has been written."""
        return self._hash.hexdigest()

    def seal(self) -> None:
        """Nothing more will be written; the file stays until `close`."""
        self._opened().close()

    def _opened(self) -> io.FileIO:
        if self._file is None:
            self._file = io.FileIO(self.path, "xb")
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close and remove the temporary file; a second time does nothing."""
        if self._file is not None:
            self._file.close()
            self.path.unlink(missing_ok=True)


class Draft:
    """A content in memory on its way into a file. Closing removes what was not put."""

    def __init__(self, content: bytes, path: Path) -> None:
        self.content = content
        self.path = path
        self.written: Future[None] | None = None
        """Set while somebody else writes it."""

    def write(self) -> None:
        """Write and flush the file; when that fails there is none."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            rest = memoryview(self.content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except OSError:
            log.error("writing or its flush failed, the file is given up")
            self.path.unlink()
            raise
        finally:
            os.close(handle)

    def close(self) -> None:
        """Wait for whoever writes it, and remove the file if it was not put; blocks."""
        if self.written is not None:
            wait([self.written])
        self.path.unlink(missing_ok=True)


class FileBlobs:
    """Blobs in a directory tree of two levels, on one file system with their temporary files."""

    prompt = True

    def __init__(self, root: Path, reserve: int = 0) -> None:
        self.root = root
        self._reserve = reserve
        self._temp = root / "tmp"
        make_directory(self._temp)
        sweep(self._temp)
        self._flushers = ThreadPoolExecutor(_FLUSHERS, "flush")

    def writer(self, limit: int) -> BlobWriter:
        """A temporary file of this tree, for at most `limit` bytes."""
        return BlobWriter(self._temp, limit)

    def put_file(self, path: Path, key: str | None = None) -> Blob:
        """Keep a file's content under its hash; an equal blob is left alone."""
        key = hash_file(path) if key is None else key
        self.put_files([(path, key)])
        return Blob(key, path.stat().st_size)

    def put_files(self, files: Sequence[tuple[Path, str]]) -> None:
        """Keep files under their hashes; equal blobs are left alone.

        Each file is flushed before it gets its name, and each directory that got a name before
        this returns. Flushes go together: the file system writes its journal once for many.
        """
        places = [(path, self.path(key)) for path, key in files]
        new = [(path, place) for path, place in places if not _is_kept(path.stat().st_size, place)]
        with full_disk_is_a_problem():
            # Also of a blob that is there: whoever put it may not have got that far yet.
            named = {place.parent for _, place in places}
            for folder in list(named):
                named |= _make_missing(folder)
            self._each(sync_file, [path for path, _ in new])
            for path, place in new:
                self._name(path, place)
            self._each(sync_directory, sorted(named))

    def draft(self, content: bytes) -> "Draft":
        """A content for `put_drafts`. A large one is on its way to the disk from now on."""
        draft = Draft(content, self._temp / secrets.token_hex(16))
        if len(content) >= _WORTH_A_START:
            draft.written = self._flushers.submit(draft.write)
        return draft

    def put_drafts(self, drafts: Mapping[str, "Draft"]) -> None:
        """Keep contents under their hashes; equal blobs are left alone.

        In the order of `put_files`, but a file is flushed as it is written, then moved.
        """
        places = {self.path(key): draft for key, draft in drafts.items()}
        new = {p: draft for p, draft in places.items() if not _is_kept(len(draft.content), p)}
        with full_disk_is_a_problem():
            named = {place.parent for place in places}
            for folder in list(named):
                named |= _make_missing(folder)
            self._each(Draft.write, [d for d in new.values() if d.written is None])
            for place, draft in new.items():
                if draft.written is not None:
                    draft.written.result()
                draft.path.rename(place)
            self._each(sync_directory, sorted(named))

    def _each(self, flush: Callable[[T], None], those: Sequence[T]) -> None:
        """Flush all, several at a time; the first error when all are through."""
        if len(those) < _TOGETHER:
            for one in those:
                flush(one)
            return
        wait(flushes := [self._flushers.submit(flush, one) for one in those])
        for done in flushes:
            done.result()

    def discard(self, key: str, unused: float) -> bool:
        """Remove a blob that nobody has put for `unused` seconds; whether it is gone."""
        place, aside = self.path(key), self._temp / secrets.token_hex(16)
        try:
            if time.time() - place.stat().st_mtime < unused:
                return False
            place.rename(aside)  # from now on whoever puts it writes it anew
        except FileNotFoundError:
            return True
        put_meanwhile = time.time() - aside.stat().st_mtime < unused
        if put_meanwhile:
            with contextlib.suppress(FileExistsError):
                os.link(aside, place)
        aside.unlink()
        sync_directory(place.parent)
        return not put_meanwhile

    def path(self, key: str) -> Path:
        """Where the blob is or would be; ValueError when `key` is not a hash."""
        require_key(key)
        return self.root / key[:2] / key[2:4] / key

    def near(self, key: str) -> Held | None:
        """The blob's file, whether it is there or not: opening it will tell."""
        return Held(self.path(key))

    def fetch(self, key: str) -> Held:
        """The blob's file; FileNotFoundError when it is not there."""
        place = self.path(key)
        place.stat()
        return Held(place)

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """A stretch of the blob in pieces; FileNotFoundError when it is not there."""
        with self.path(key).open("rb") as file:
            rest = os.fstat(file.fileno()).st_size - start if length is None else length
            file.seek(start)
            while rest > 0 and (piece := file.read(min(PIECE, rest))):
                rest -= len(piece)
                yield piece

    def exists(self, key: str) -> bool:
        """Whether the blob is there."""
        return self.path(key).is_file()

    def free_bytes(self) -> int:
        """Free bytes of the file system, as an ordinary user may use them."""
        return shutil.disk_usage(self.root).free

    def check_space(self, needed: int) -> None:
        """Problem("no-space") when `needed` more bytes would leave less than the reserve."""
        if self.free_bytes() - needed < self._reserve:
            raise Problem("no-space")

    def check(self) -> str | None:
        """Whether this process may write here."""
        if os.access(self._temp, os.W_OK | os.X_OK):
            return None
        return f"the directory {self.root} cannot be written to"

    def _name(self, path: Path, place: Path) -> None:
        """Give a flushed file its name: by a hard link, or by a flushed copy and a rename."""
        with contextlib.suppress(FileExistsError):
            try:
                os.link(path, place)
            except OSError as fault:
                if fault.errno not in _NO_LINKS:
                    raise
            else:
                return
        copy = self._temp / secrets.token_hex(16)
        try:
            shutil.copyfile(path, copy)
            sync_file(copy)
            copy.replace(place)  # over a damaged blob: the hash says which content is right
        finally:
            copy.unlink(missing_ok=True)


def require_key(key: str) -> None:
    """ValueError when `key` is not a hash."""
    if not _KEY.match(key):
        raise ValueError("not a blob key")


def sweep(folder: Path) -> None:
    """Remove what writers left that died; other processes may be writing just now."""
    now = time.time()
    for left_over in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if now - left_over.stat().st_mtime > _LEFT_OVER_SECONDS:
                left_over.unlink()


def hash_file(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Flush a file to the disk; when that fails the file is removed, for it may be hollow."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        log.error("flush failed, the file is given up")
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def sync_directory(path: Path) -> None:
    """Flush a directory, so that the names in it survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_directory(path: Path) -> None:
    """Make a directory and its parents, each name flushed in its parent."""
    for parent in sorted(_make_missing(path)):
        sync_directory(parent)


def _make_missing(path: Path) -> set[Path]:
    """Make a directory and its parents; the directories that must be flushed for their names."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
    return {new.parent for new in missing}


@contextlib.contextmanager
def full_disk_is_a_problem() -> Iterator[None]:
    """Turn a full disk or quota into Problem("no-space")."""
    try:
        yield
    except OSError as fault:
        if fault.errno in _FULL:
            raise Problem("no-space") from fault
        raise


def words_of_size(size: int) -> str:
    """A limit as people say it: '512 MB', '8 GB'."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} B"


def _is_kept(size: int, place: Path) -> bool:
    """Whether a blob is in its place already; if so it counts as put just now, so that nobody
    discards it."""
    try:
        if place.stat().st_size != size:
            return False
        os.utime(place)
    except FileNotFoundError:
        return False
    return True
