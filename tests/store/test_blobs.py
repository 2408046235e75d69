"""Blobs: content keeps its name, is never half there, and is never replaced."""

import hashlib
import os
from pathlib import Path

import pytest

from telemed.core.errors import Problem
from telemed.store.blobs import FileBlobs, sync_file


def blobs_at(folder: Path, reserve: int = 0) -> FileBlobs:
    return FileBlobs(folder / "blobs", reserve)


def test_content_is_found_under_its_hash(tmp_path: Path) -> None:
    """What was put can be read back under the SHA-256 of its bytes; the source stays."""
    blobs = blobs_at(tmp_path)
    source = tmp_path / "a"
    source.write_bytes(b"image")
    blob = blobs.put_file(source)
    assert blob == (hashlib.sha256(b"image").hexdigest(), 5)
    assert source.exists()
    with blobs.open(blob.key) as file:
        assert file.read() == b"image"
    assert blobs.path(blob.key).parts[-3:-1] == (blob.key[:2], blob.key[2:4])


def test_every_step_reaches_the_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, each new directory in its parent, and the name in its directory are flushed."""
    blobs = blobs_at(tmp_path)
    flushed: list[str] = []
    real = os.fsync

    def watch(handle: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(os, "fsync", watch)
    source = tmp_path / "a"
    source.write_bytes(b"image")
    place = blobs.path(blobs.put_file(source).key)
    assert flushed == [
        str(source), str(blobs.root), str(place.parent.parent), str(place.parent)
    ]  # fmt: skip


def test_an_equal_blob_is_not_written_again(tmp_path: Path) -> None:
    """The second arrival of the same bytes leaves the first file untouched."""
    blobs = blobs_at(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"image")
    first = blobs.path(blobs.put_file(tmp_path / "a").key).stat()
    second = blobs.path(blobs.put_file(tmp_path / "b").key).stat()
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)


def test_a_damaged_blob_is_healed(tmp_path: Path) -> None:
    """A blob of the wrong size is replaced by the content its name promises."""
    blobs = blobs_at(tmp_path)
    (tmp_path / "a").write_bytes(b"image")
    key = blobs.put_file(tmp_path / "a").key
    blobs.path(key).unlink()
    blobs.path(key).write_bytes(b"im")
    blobs.put_file(tmp_path / "a")
    assert blobs.path(key).read_bytes() == b"image"


def test_a_file_that_cannot_be_flushed_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed flush the file does not exist, so nobody can flush it again and believe it."""
    source = tmp_path / "a"
    source.write_bytes(b"image")

    def fail(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        sync_file(source)
    assert not source.exists()


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    """Short of the reserve nothing is begun, and the error is the one people are shown."""
    blobs = blobs_at(tmp_path, reserve=1 << 62)
    with pytest.raises(Problem, match="no-space"):
        blobs.check_space(1)


def test_a_writer_knows_its_hash_and_its_limit(tmp_path: Path) -> None:
    """The hash is that of the bytes; one byte too many is refused; the temporary file goes."""
    blobs = blobs_at(tmp_path)
    with blobs.writer(limit=6) as writer:
        writer.write(b"ima")
        writer.write(b"ge")
        assert writer.key == hashlib.sha256(b"image").hexdigest()
        assert blobs.put_file(writer.path, writer.key).size == 5
        with pytest.raises(Problem, match="too-large"):
            writer.write(b"!!")
    assert not writer.path.exists()
    assert blobs.exists(hashlib.sha256(b"image").hexdigest())


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_hash_is_a_key(tmp_path: Path, key: str) -> None:
    """No other string ever becomes a path."""
    with pytest.raises(ValueError, match="blob key"):
        blobs_at(tmp_path).path(key)
