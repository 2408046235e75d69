"""How a place of backups is laid out, and what a manifest says of one of them.

    DEST/telemed-backup.json      whose backups these are
    DEST/blobs/ab/cd/abcd…        images by their hash, shared by all backups
    DEST/sets/2026-11-22T15-04-05Z/
        manifest.json             counts, heads, and the SHA-256 of the other files
        blobs.txt                 each image's hash and size
        database.sqlite3 or database.pgdump
        signing.key               unless it was left out

A set is built under a name that begins with a dot and renamed when all of it is on the disk, so
what a killed backup leaves is not a backup. How databases are copied is not known here.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from telemed.store.blobs import FileBlobs, hash_file, make_directory, sync_directory, sync_file

FORMAT = 1
MARK = "telemed-backup.json"
MANIFEST = "manifest.json"
LISTING = "blobs.txt"
KEY = "signing.key"


class BackupFault(Exception):
    """Why a backup cannot be made, believed or restored, in one sentence."""


class Part(NamedTuple):
    """A file of a set: its size in bytes and its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `audit_head` kept elsewhere proves later that nothing was rewritten."""

    made_by: str
    began_at: str
    ended_at: str
    database: str
    """sqlite or postgresql: it is restored into the same kind."""
    revision: str
    log_head: int
    audit_head: str
    bookmarks: Mapping[str, int]
    rows: Mapping[str, int]
    """Rows of each table."""
    blobs: int
    blob_bytes: int
    lost: Mapping[str, str]
    """Images that the database names and the server did not have: missing or damaged."""
    key_id: str | None
    files: Mapping[str, Part] = field(default_factory=dict)
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write the manifest durably."""
        path = folder / MANIFEST
        path.write_text(json.dumps(asdict(self) | {"files": _plain(self.files)}, indent=1) + "\n")
        path.chmod(0o600)
        sync_file(path)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a set; BackupFault when it cannot be understood."""
        try:
            told: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
            if told.get("format") != FORMAT:
                raise BackupFault(f"{folder} is of another format; restore it with its own telemed")
            files = {name: Part(**part) for name, part in told.pop("files").items()}
            return cls(**told, files=files)
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as fault:
            raise BackupFault(f"{folder / MANIFEST} cannot be read: {fault}") from fault


def _plain(files: Mapping[str, Part]) -> dict[str, dict[str, object]]:
    return {name: part._asdict() for name, part in files.items()}


def part_of(path: Path) -> Part:
    """A file as a manifest names it."""
    return Part(path.stat().st_size, hash_file(path))


class Listed(NamedTuple):
    """An image of a set."""

    key: str
    size: int


def listed(folder: Path) -> Iterator[Listed]:
    """The images of a set in the order of their hashes, one at a time."""
    with (folder / LISTING).open(encoding="ascii") as lines:
        for line in lines:
            key, _, size = line.rstrip("\n").partition(" ")
            yield Listed(key, int(size))


@dataclass
class Shelf:
    """A directory of backups."""

    root: Path

    @property
    def sets(self) -> list[Path]:
        """The finished backups, oldest first."""
        folder = self.root / "sets"
        found = folder.iterdir() if folder.is_dir() else ()
        return sorted(path for path in found if not path.name.startswith("."))

    def find(self, name: str | None) -> Path:
        """A set by its name, the newest without one."""
        sets = {path.name: path for path in self.sets}
        if not sets:
            raise BackupFault(f"there is no finished backup in {self.root}")
        if name is not None and name not in sets:
            raise BackupFault(f"there is no backup {name}; there are: {', '.join(sets)}")
        return sets[name or max(sets)]

    def blobs(self) -> FileBlobs:
        """The images of all sets."""
        return FileBlobs(self.root / "blobs")

    def open(self, key_id: str | None) -> None:
        """Begin or go on with a shelf of one server; BackupFault when it is another's."""
        mark = self.root / MARK
        if not mark.exists():
            self._begin(mark, key_id)
        try:
            theirs = json.loads(mark.read_text("utf-8"))["key_id"]
        except (ValueError, KeyError, TypeError) as fault:
            raise BackupFault(f"{mark} cannot be read: {fault}") from fault
        if theirs != key_id:
            raise BackupFault(f"{self.root} holds the backups of a server with another signing key")

    def _begin(self, mark: Path, key_id: str | None) -> None:
        beside = self.root / f".{MARK}"
        if self.root.is_dir() and set(self.root.iterdir()) - {beside}:
            raise BackupFault(f"{self.root} is not empty and no place of backups")
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.write_text(json.dumps({"format": FORMAT, "key_id": key_id}) + "\n")
        sync_file(beside)
        beside.replace(mark)
        sync_directory(self.root)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The only backup or cleaning at work here."""
        with (self.root / MARK).open("rb") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupFault(f"another backup to {self.root} is under way") from None
            yield

    @contextmanager
    def new_set(self, name: str) -> Iterator[Path]:
        """A folder that becomes the set `name` when the block ends well."""
        sets = self.root / "sets"
        make_directory(sets)
        for left_over in sets.glob(".*"):
            remove(left_over)
        folder = sets / f".{name}"
        folder.mkdir(mode=0o700)
        yield folder
        sync_directory(folder)
        folder.rename(sets / name)
        sync_directory(sets)


def remove(folder: Path) -> None:
    """Remove a set: its files, then the folder. Images stay."""
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
