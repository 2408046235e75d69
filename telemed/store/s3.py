"""Blobs in a bucket of an S3 service. What was put is acknowledged by the service.

An object appears whole or not at all: a small file is one PUT, a large one a multipart upload
that is completed only after the last byte had the right hash. Readers get a file, from a cache on
this machine, whose every byte was compared with its hash on the way here. A service that fails or
is slow is Problem("unavailable"): nothing was kept, and who asked asks again. What a failed
attempt left in the bucket is completed or overwritten by the next.

A bucket cannot remove an object only if nobody has put it meanwhile. So one that is discarded is
laid aside first, under another prefix, and is gone for good a day later. Whoever was told in
between that it is here, and names it, still finds it: reading brings it back.
"""

import contextlib
import hashlib
import logging
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from telemed.core.errors import Problem
from telemed.store.blobs import (
    PIECE,
    Blob,
    BlobWriter,
    Draft,
    Held,
    hash_file,
    make_directory,
    require_key,
    sweep,
)
from telemed.store.cache import BlobCache

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import S3Config

log = logging.getLogger(__name__)

PREFIX = "blobs/"
ASIDE = "leaving/"
PROBE = "telemed-check"
PART = 8 << 20
"""Bytes of a part; a file up to this size is one PUT. 10,000 parts are the most S3 takes."""

MOST_COPIED = 5 << 30
"""Bytes that S3 copies in one request."""

AT_ONCE = 2
"""Parts of one file that are under way at once: with `PART` what a large file costs in memory."""

RETRY_SECONDS = 15
_NO_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket is and who we are there."""

    endpoint: str
    """Address of the service; empty for Amazon's own."""
    name: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    path_style: bool = True
    """http://host/bucket/key rather than http://bucket.host/key."""
    patience: float = 20.0
    """Seconds without a byte from the service after which it counts as gone."""

    def open(self) -> S3Store:
        """A client; it does not connect yet."""
        silence = timedelta(seconds=self.patience)
        config: S3Config = {
            "region": self.region,
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
            "virtual_hosted_style_request": not self.path_style,
        }
        if self.endpoint:
            config["endpoint"] = self.endpoint
        return S3Store(
            self.name,
            config=config,
            client_options={
                "allow_http": self.endpoint.startswith("http://"),
                "connect_timeout": min(silence, timedelta(seconds=5)),
                "read_timeout": silence,
                "timeout": timedelta(hours=1),  # of a whole transfer, which may be gigabytes
            },
            retry_config={"max_retries": 2, "retry_timeout": silence / 2},
        )


class S3Blobs:
    """Blobs in a bucket, with a directory of this machine for files on their way and in use."""

    prompt = False

    def __init__(self, bucket: Bucket, root: Path, limit: int, reserve: int = 0) -> None:
        self._bucket = bucket
        self._store = bucket.open()
        self._root = root
        self._reserve = reserve
        self._temp = root / "tmp"
        make_directory(self._temp)
        sweep(self._temp)
        self._cache = BlobCache(root / "files", limit)
        self._turns = [threading.Lock() for _ in range(64)]

    def writer(self, limit: int) -> BlobWriter:
        """A temporary file beside the cache, for at most `limit` bytes."""
        return BlobWriter(self._temp, limit)

    def put_file(self, path: Path, key: str | None = None) -> Blob:
        """Keep a file's content under its hash; an equal object is left alone."""
        key = hash_file(path) if key is None else key
        size = path.stat().st_size
        if self._size(_name(key)) != size:
            self._send(path, key, size)
        self._keep_near(path, key)
        return Blob(key, size)

    def put_files(self, files: Sequence[tuple[Path, str]]) -> None:
        """Keep files under their hashes, one after the other."""
        for path, key in files:
            self.put_file(path, key)

    def draft(self, content: bytes) -> Draft:
        """A content for `put_drafts`, which nobody writes before that."""
        return Draft(content, self._temp / secrets.token_hex(16))

    def put_drafts(self, drafts: Mapping[str, Draft]) -> None:
        """Keep contents under their hashes, one after the other."""
        for key, draft in drafts.items():
            draft.write()
            self.put_file(draft.path, key)

    def discard(self, key: str, unused: float) -> bool:
        """Lay an object aside, and remove it when it has lain there for `unused` seconds; whether
        it is gone. An account that may not delete keeps it; the doctor names it."""
        size = self._size(_name(key))
        if size is not None and size > MOST_COPIED:
            log.warning("the bucket keeps a deleted image: it is too large to be laid aside")
            return False
        with _service_faults("delete", missing_is_ours=False):
            try:
                obstore.delete(self._store, ASIDE + PROBE)  # that nothing is copied in vain
                if size is not None and self._lay(_name(key), _aside(key)):
                    self._cache.drop(key)
                    return False
                return self._remove_aside(key, unused)
            except (PermissionDeniedError, UnauthenticatedError) as fault:
                log.warning("the bucket keeps a deleted image: %s", _first_line(fault))
                return False

    def _lay(self, source: str, target: str) -> bool:
        """Move an object within the bucket; False when it is not there."""
        try:
            obstore.copy(self._store, source, target)
        except FileNotFoundError:
            return False
        obstore.delete(self._store, source)
        return True

    def _remove_aside(self, key: str, unused: float) -> bool:
        try:
            laid = obstore.head(self._store, _aside(key))["last_modified"]
        except FileNotFoundError:
            return True
        if datetime.now(UTC) - laid < timedelta(seconds=unused):
            return False
        obstore.delete(self._store, _aside(key))
        return True

    def near(self, key: str) -> Held | None:
        """The blob's file when it is in the cache."""
        return self._cache.near(key)

    def fetch(self, key: str) -> Held:
        """The blob's file, downloaded unless it is in the cache; FileNotFoundError.

        OSError when the bucket holds other bytes than the key promises.
        """
        require_key(key)
        with self._turns[int(key[:2], 16) % len(self._turns)]:
            held = self._cache.near(key) or self._cache.checked(key)
            return held or self._download(key)

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """A stretch of the object in pieces, past the cache."""
        if length == 0:
            return  # HTTP has no range of nothing
        with _service_faults("get", missing_is_ours=False):
            for piece in self._get(key, start, length).stream(min_chunk_size=PIECE):
                yield bytes(piece)

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        return any(self._size(name) is not None for name in (_name(key), _aside(key)))

    def free_bytes(self) -> int:
        """Free bytes of this machine: files rest here on their way to the bucket."""
        return shutil.disk_usage(self._root).free

    def check_space(self, needed: int) -> None:
        """Problem("no-space") when there is no room here even with the cache emptied."""
        short = self._reserve + needed - self.free_bytes()
        if short > 0:
            self._cache.free(short)
            if self.free_bytes() - needed < self._reserve:
                raise Problem("no-space")

    def check(self) -> str | None:
        """Write and read an object. A service that is away now is no reason: it may come back."""
        where = f"the bucket {self._bucket.name} at {self._bucket.endpoint or 'Amazon S3'}"
        try:
            obstore.put(self._store, PROBE, b"telemed")
            obstore.get(self._store, PROBE).bytes()
        except FileNotFoundError:
            return f"{where} does not exist"
        except (PermissionDeniedError, UnauthenticatedError) as fault:
            return f"{where} refuses these keys ({_first_line(fault)})"
        except BaseError as fault:
            log.warning("%s does not answer: %s", where, _first_line(fault))
        return None

    def _size(self, name: str) -> int | None:
        """Bytes of an object, None without one."""
        with _service_faults("head", missing_is_ours=False):
            try:
                return obstore.head(self._store, name)["size"]
            except FileNotFoundError:
                return None

    def _send(self, path: Path, key: str, size: int) -> None:
        """Upload a file. An object comes into being only if its bytes have the right hash."""
        with path.open("rb") as file, _service_faults("put", missing_is_ours=True):
            pieces = _hashed(file, key)
            if size <= PART:
                obstore.put(self._store, _name(key), b"".join(pieces), use_multipart=False)
            else:
                obstore.put(
                    self._store,
                    _name(key),
                    pieces,
                    use_multipart=True,
                    chunk_size=PART,
                    max_concurrency=AT_ONCE,
                )

    def _get(self, key: str, start: int, length: int | None) -> "GetResult":
        if length is not None:
            options: GetOptions = {"range": (start, start + length)}
        elif start:
            options = {"range": {"offset": start}}
        else:
            options = {}
        try:
            return obstore.get(self._store, _name(key), options=options)
        except FileNotFoundError:
            # Named again just when it was laid aside.
            if not self._lay(_aside(key), _name(key)):
                raise
            return obstore.get(self._store, _name(key), options=options)

    def _keep_near(self, path: Path, key: str) -> None:
        """Copy what was put into the cache: who sent it, and who is asked, will want to see it.

        The bucket has it, so a cache that cannot take it is no reason to refuse it.
        """
        try:
            with self.writer(_NO_LIMIT) as writer, path.open("rb") as file:
                while piece := file.read(PIECE):
                    writer.write(piece)
                writer.seal()
                if writer.key == key:
                    self._cache.admit(key, writer.path).__exit__()
        except (OSError, Problem) as fault:
            log.warning("the cache did not take a file: %s", fault)

    def _download(self, key: str) -> Held:
        with self.writer(_NO_LIMIT) as writer:
            try:
                for piece in self.read(key):
                    writer.write(piece)
            except Problem as problem:
                if problem.code != "no-space":
                    raise
                self._cache.free(PART + 2 * writer.size)
                raise _unavailable() from problem
            writer.seal()
            if writer.key != key:
                raise OSError(f"the object {_name(key)} has other bytes than its name says")
            return self._cache.admit(key, writer.path)


def _name(key: str) -> str:
    require_key(key)
    return PREFIX + key


def _aside(key: str) -> str:
    require_key(key)
    return ASIDE + key


def _hashed(file: BinaryIO, key: str) -> Iterator[bytes]:
    """The pieces of a file; OSError after the last when they do not have the hash `key`."""
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != key:
        raise _Changed("a file changed while it was put")


class _Changed(OSError):
    """A file that does not hold what it was said to hold."""


@contextlib.contextmanager
def _service_faults(what: str, *, missing_is_ours: bool) -> Iterator[None]:
    """Turn a fault of the service into Problem("unavailable"), with the reason in the log.

    Nothing is missing for a PUT but the bucket itself, and that is a fault too.
    """
    try:
        yield
    except FileNotFoundError as fault:
        if not missing_is_ours:
            raise
        log.error("S3 %s: the bucket is gone: %s", what, _first_line(fault))
        raise _unavailable() from fault
    except BaseError as fault:
        log.error("S3 %s: %s", what, _first_line(fault))
        raise _unavailable() from fault


def _unavailable() -> Problem:
    return Problem("unavailable", seconds=RETRY_SECONDS)


def _first_line(fault: Exception) -> str:
    """What happened, without the client's own dump of the request."""
    return str(fault).partition("\n")[0][:300]
