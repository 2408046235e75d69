"""Where image files are, as the doctor looks at it: a directory or a bucket, read and never made.

The server's own `Blobs` make their directories and clean them up when they are opened; here
nothing is made. A key's size, its content's hash, and the keys there are is all that is asked.
"""

import hashlib
import secrets
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from telemed.operations.checkup import NotLooked
from telemed.settings import Settings
from telemed.store.blobs import hash_file

SAMPLE = 200


class Found(NamedTuple):
    """A file: its key, its size in bytes, and seconds since it was put."""

    key: str
    size: int
    age: float


class Place(Protocol):
    """Where blobs are; NotLooked when it does not answer."""

    def size(self, key: str) -> int | None:
        """Bytes of a blob; None when it is not there."""
        ...

    def digest(self, key: str) -> str:
        """SHA-256 of a blob's content, hex."""
        ...

    def listed(self, whole: bool) -> Iterator[Found]:
        """Blobs in the order of their keys: all, or a sample from a random place."""
        ...


def place_of(settings: Settings) -> Place:
    """The directory of the data directory, or the bucket when there is one."""
    if settings.s3_bucket:
        return Bucketed(settings)
    return Folder(settings.data_dir / "blobs")


class Folder:
    """Blobs in a directory tree of two levels."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def size(self, key: str) -> int | None:
        """Bytes of the file."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def digest(self, key: str) -> str:
        """SHA-256 of the file."""
        return hash_file(self._path(key))

    def listed(self, whole: bool) -> Iterator[Found]:
        """The files; a sample begins at a random directory."""
        first = sorted(p for p in self._root.glob("??") if p.is_dir())
        if whole:
            yield from _below(first)
            return
        start = secrets.randbelow(len(first)) if first else 0
        yield from islice(_below(first[start:] + first[:start]), SAMPLE)

    def _path(self, key: str) -> Path:
        return self._root / key[:2] / key[2:4] / key


def _below(folders: Iterable[Path]) -> Iterator[Found]:
    for folder in folders:
        for second in sorted(folder.iterdir()):
            for path in sorted(second.iterdir()):
                found = path.stat()
                yield Found(path.name, found.st_size, time.time() - found.st_mtime)


class Bucketed:
    """Blobs in a bucket, asked over a client of its own."""

    def __init__(self, settings: Settings) -> None:
        import obstore

        from telemed.store.s3 import PREFIX, Bucket

        self._obstore, self._prefix = obstore, PREFIX
        self._store = Bucket(
            endpoint=settings.s3_endpoint,
            name=settings.s3_bucket,
            region=settings.s3_region,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
            path_style=settings.s3_path_style,
            patience=5.0,
        ).open()

    def reach(self) -> bool:
        """Whether the object that a server writes at its start is there; raises what is wrong."""
        from telemed.store.s3 import PROBE

        try:
            self._obstore.get(self._store, PROBE).bytes()
        except FileNotFoundError:
            return False
        return True

    def size(self, key: str) -> int | None:
        """Bytes of the object."""
        try:
            return int(self._obstore.head(self._store, self._prefix + key)["size"])
        except FileNotFoundError:
            return None
        except self._obstore.exceptions.BaseError as fault:
            raise _away(fault) from fault

    def digest(self, key: str) -> str:
        """SHA-256 of the object, which is read whole."""
        digest = hashlib.sha256()
        try:
            for piece in self._obstore.get(self._store, self._prefix + key).stream():
                digest.update(piece)
        except self._obstore.exceptions.BaseError as fault:
            raise _away(fault) from fault
        return digest.hexdigest()

    def listed(self, whole: bool) -> Iterator[Found]:
        """The objects; a sample begins behind a random key, or at the first if none follows."""
        start = None if whole else self._prefix + secrets.token_hex(32)
        found = self._from(start) if whole else islice(self._from(start), SAMPLE)
        some = False
        for item in found:
            some = True
            yield item
        if not some and not whole:
            yield from islice(self._from(None), SAMPLE)

    def _from(self, offset: str | None) -> Iterator[Found]:
        try:
            for page in self._obstore.list(self._store, self._prefix, offset=offset):
                for item in page:
                    age = (datetime.now(UTC) - item["last_modified"]).total_seconds()
                    yield Found(item["path"].removeprefix(self._prefix), item["size"], age)
        except self._obstore.exceptions.BaseError as fault:
            raise _away(fault) from fault


def _away(fault: Exception) -> NotLooked:
    kind = type(fault).__name__
    return NotLooked(f"存储桶未应答（{kind}），未检查", f"not looked at: the bucket says {kind}")
