"""Blobs: content keeps its name, is never half there, and is never replaced.

The first part is a contract that a directory and a bucket both keep; then what is only true of
one of them.
"""

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from obstore.exceptions import PermissionDeniedError

from telemed.core.errors import Problem
from telemed.store.blobs import Blobs, FileBlobs, sync_file
from telemed.store.cache import BlobCache
from telemed.store.s3 import PART, PREFIX, Bucket, S3Blobs
from tests.s3_server import S3

Place = Callable[..., Blobs]


def blobs_at(folder: Path, reserve: int = 0) -> FileBlobs:
    return FileBlobs(folder / "blobs", reserve)


def bucket_of(s3: S3, **changes: object) -> Bucket:
    """A test's bucket."""
    told = {"endpoint": s3.endpoint, "name": s3.bucket, **changes}
    return Bucket(region="cn-south-1", access_key="nobody", secret_key="nothing", **told)  # type: ignore[arg-type]


def s3_blobs(
    s3: S3, folder: Path, *, limit: int = 1 << 30, reserve: int = 0, **changes: object
) -> S3Blobs:
    return S3Blobs(bucket_of(s3, **changes), folder / "cache", limit, reserve)


def key_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def source(folder: Path, data: bytes, name: str = "source") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def put(blobs: Blobs, *contents: bytes) -> None:
    """Put contents in memory."""
    drafts = {key_of(content): blobs.draft(content) for content in contents}
    blobs.put_drafts(drafts)
    for draft in drafts.values():
        draft.close()


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Makes blobs; a second call makes what another process would see."""
    if request.param == "directory":
        return lambda **options: blobs_at(tmp_path, **options)
    s3 = request.getfixturevalue("s3")
    machines = iter(range(100))
    return lambda **options: s3_blobs(s3, tmp_path / str(next(machines)), **options)


# --- what both keep ---------------------------------------------------------------------------


def test_contents_in_memory_are_kept_like_files(place: Place) -> None:
    """All of several contents are there for everybody, each whole."""
    contents = {key_of(data): data for data in (b"", b"image", b"x" * 70_000, b"1", b"2")}
    put(place(), *contents.values())
    other = place()
    assert {key: b"".join(other.read(key)) for key in contents} == contents


def test_content_is_found_under_its_hash_by_everybody(place: Place, tmp_path: Path) -> None:
    """What was put can be read back under the SHA-256 of its bytes, also by another process."""
    path = source(tmp_path, b"image")
    blob = place().put_file(path)
    assert blob == (key_of(b"image"), 5)
    assert path.exists()
    other = place()
    assert other.exists(blob.key)
    with other.fetch(blob.key) as file:
        assert file.read_bytes() == b"image"
    assert b"".join(other.read(blob.key)) == b"image"


def test_a_fetched_file_is_near(place: Place, tmp_path: Path) -> None:
    """After a fetch the file is at hand without waiting, and it is the same."""
    key = place().put_file(source(tmp_path, b"image")).key
    blobs = place()
    with blobs.fetch(key):
        pass
    near = blobs.near(key)
    assert near is not None
    with near as file:
        assert file.read_bytes() == b"image"


@pytest.mark.parametrize("size", [0, 1, PART, 2 * PART + 7])
def test_any_size_comes_back_whole(place: Place, tmp_path: Path, size: int) -> None:
    """Nothing, one byte, exactly a part, several parts."""
    data = os.urandom(size)
    blob = place().put_file(source(tmp_path, data))
    assert blob == (key_of(data), size)
    with place().fetch(blob.key) as file:
        assert file.read_bytes() == data


@pytest.mark.parametrize(
    ("start", "length"), [(0, None), (0, 5), (3, 4), (7, None), (0, 0), (9, 1)]
)
def test_a_stretch_can_be_read(
    place: Place, tmp_path: Path, start: int, length: int | None
) -> None:
    """A stretch is exactly those bytes."""
    key = place().put_file(source(tmp_path, b"0123456789")).key
    end = None if length is None else start + length
    assert b"".join(place().read(key, start, length)) == b"0123456789"[start:end]


def test_what_is_not_there_is_a_missing_file(place: Place) -> None:
    """Reading and fetching what nobody put is FileNotFoundError, and it does not exist."""
    blobs, key = place(), key_of(b"nobody put this")
    assert not blobs.exists(key)
    with pytest.raises(FileNotFoundError):
        blobs.fetch(key)
    with pytest.raises(FileNotFoundError):
        list(blobs.read(key))


def test_a_full_disk_is_told_in_words(place: Place) -> None:
    """Short of the reserve nothing is begun, and the error is the one people are shown."""
    blobs = place(reserve=1 << 62)
    with pytest.raises(Problem, match="no-space"):
        blobs.check_space(1)
    place().check_space(1)


def test_a_writer_knows_its_hash_and_its_limit(place: Place) -> None:
    """The hash is that of the bytes; one byte too many is refused; the temporary file goes."""
    blobs = place()
    with blobs.writer(limit=6) as writer:
        writer.write(b"ima")
        writer.write(b"ge")
        assert writer.key == key_of(b"image")
        assert blobs.put_file(writer.path, writer.key).size == 5
        with pytest.raises(Problem, match="too-large"):
            writer.write(b"!!")
    assert not writer.path.exists()
    assert blobs.exists(key_of(b"image"))


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_hash_is_a_key(place: Place, key: str) -> None:
    """No other string ever becomes a path or the name of an object."""
    blobs = place()
    for use in (blobs.fetch, blobs.exists, lambda k: list(blobs.read(k))):
        with pytest.raises(ValueError, match="blob key"):
            use(key)


def test_many_at_once_are_one_blob(place: Place, tmp_path: Path) -> None:
    """The same file put and fetched by several threads at a time is one blob, and sound."""
    data = os.urandom(200_000)
    path, blobs = source(tmp_path, data), place()
    seen: list[bytes] = []

    def work() -> None:
        with blobs.fetch(blobs.put_file(path).key) as file:
            seen.append(file.read_bytes())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [data] * 8


def test_a_place_that_can_be_used_says_nothing(place: Place) -> None:
    """No reason not to start."""
    assert place().check() is None


# --- a directory ------------------------------------------------------------------------------


def test_files_lie_two_levels_deep(tmp_path: Path) -> None:
    """By the first bytes of the hash, so that no directory grows without end."""
    blobs = blobs_at(tmp_path)
    key = blobs.put_file(source(tmp_path, b"image")).key
    assert blobs.path(key).parts[-3:-1] == (key[:2], key[2:4])


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
    path = source(tmp_path, b"image")
    place = blobs.path(blobs.put_file(path).key)
    assert flushed == [
        str(path), str(blobs.root), str(place.parent.parent), str(place.parent)
    ]  # fmt: skip

    flushed.clear()
    place = blobs.path(key_of(b"in memory"))
    put(blobs, b"in memory")
    assert place.read_bytes() == b"in memory"
    assert Path(flushed[0]).parent == blobs.root / "tmp"
    assert flushed[1:] == [str(blobs.root), str(place.parent.parent), str(place.parent)]


def test_an_equal_blob_is_not_written_again(tmp_path: Path) -> None:
    """The second arrival of the same bytes leaves the first file where it is."""
    blobs = blobs_at(tmp_path)
    known = []
    for name in ("a", "b"):
        known.append(blobs.path(blobs.put_file(source(tmp_path, b"image", name)).key).stat())
    put(blobs, b"image")
    known.append(blobs.path(key_of(b"image")).stat())
    assert len({stat.st_ino for stat in known}) == 1


def test_a_blob_that_was_put_again_is_not_discarded(tmp_path: Path) -> None:
    """Only one that nobody has put for the time given goes, and going twice is no fault."""
    blobs = blobs_at(tmp_path)
    key = blobs.put_file(source(tmp_path, b"image", "a")).key
    os.utime(blobs.path(key), (0, 0))
    blobs.put_file(source(tmp_path, b"image", "b"))
    assert not blobs.discard(key, unused=3600) and blobs.exists(key)
    os.utime(blobs.path(key), (0, 0))
    assert blobs.discard(key, unused=3600) and not blobs.exists(key)
    assert blobs.discard(key, unused=3600)
    assert list((tmp_path / "blobs" / "tmp").iterdir()) == []


def test_a_damaged_blob_is_healed(tmp_path: Path) -> None:
    """A blob of the wrong size is replaced by the content its name promises."""
    blobs = blobs_at(tmp_path)
    key = blobs.put_file(source(tmp_path, b"image")).key
    blobs.path(key).unlink()
    blobs.path(key).write_bytes(b"im")
    blobs.put_file(tmp_path / "source")
    assert blobs.path(key).read_bytes() == b"image"
    blobs.path(key).write_bytes(b"im")
    put(blobs, b"image")
    assert blobs.path(key).read_bytes() == b"image"


def test_a_file_that_cannot_be_flushed_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed flush the file does not exist, so nobody can flush it again and believe it."""
    path = source(tmp_path, b"image")

    def fail(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        sync_file(path)
    assert not path.exists()


# --- a bucket ---------------------------------------------------------------------------------


def test_an_equal_object_is_not_sent_again_and_a_damaged_one_is(s3: S3, tmp_path: Path) -> None:
    """The second arrival asks and sends nothing; an object of another size is replaced."""
    path = source(tmp_path, b"image" * 1000)
    key = s3_blobs(s3, tmp_path / "a").put_file(path).key
    name = PREFIX + key
    s3.put(name, b"other" * 1000)  # of the same size: a second PUT would heal it
    s3_blobs(s3, tmp_path / "b").put_file(path)
    assert s3.get(name) == b"other" * 1000
    s3.put(name, b"oth")
    s3_blobs(s3, tmp_path / "c").put_file(path)
    assert s3.get(name) == path.read_bytes()


def test_a_discarded_object_is_laid_aside_and_then_gone(s3: S3, tmp_path: Path) -> None:
    """Who names it in between still reads it; a day's rest is asked for before it goes."""
    blobs = s3_blobs(s3, tmp_path / "one")
    key = blobs.put_file(source(tmp_path, b"x" * 1000)).key
    assert not blobs.discard(key, unused=3600)
    assert s3.names() == [f"leaving/{key}"] and blobs.exists(key)
    assert not blobs.discard(key, unused=3600)  # it has not lain there long enough
    assert b"".join(blobs.read(key)) == b"x" * 1000  # a row named it just before
    assert s3.names() == [f"blobs/{key}"]
    assert not blobs.discard(key, unused=0) and blobs.discard(key, unused=0)
    assert s3.names() == [] and not blobs.exists(key)
    assert not list((tmp_path / "one").rglob(key))  # nor does the cache keep it
    assert blobs.discard(key, unused=0)
    assert blobs.put_file(source(tmp_path, b"x" * 1000)).key == key
    assert s3.names() == [f"blobs/{key}"]


def test_an_account_that_may_not_delete_keeps_what_is_discarded(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The object stays where it is, no copy is made, and the log says why."""

    def refused(*_: object) -> None:
        raise PermissionDeniedError("Access Denied")

    blobs = s3_blobs(s3, tmp_path / "one")
    key = blobs.put_file(source(tmp_path, b"x" * 1000)).key
    monkeypatch.setattr("obstore.delete", refused)
    assert not blobs.discard(key, unused=0)
    assert s3.names() == [f"blobs/{key}"]
    assert "keeps a deleted image" in caplog.text


@pytest.mark.parametrize("size", [1000, 2 * PART + 1])
def test_other_bytes_than_promised_never_become_an_object(
    s3: S3, tmp_path: Path, size: int
) -> None:
    """A file that does not have the hash it is put under leaves nothing in the bucket."""
    blobs = s3_blobs(s3, tmp_path)
    with pytest.raises(OSError, match="changed"):
        blobs.put_file(source(tmp_path, b"x" * size), key_of(b"y" * size))
    assert s3.names() == []


def test_a_damaged_object_is_never_shown(s3: S3, tmp_path: Path) -> None:
    """What comes from the bucket is compared with its hash; nothing of it stays here."""
    key = s3_blobs(s3, tmp_path / "a").put_file(source(tmp_path, b"image")).key
    s3.put(PREFIX + key, b"imagf")
    blobs = s3_blobs(s3, tmp_path / "b")
    with pytest.raises(OSError, match="other bytes"):
        blobs.fetch(key)
    assert blobs.near(key) is None
    assert list((tmp_path / "b" / "cache" / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "size"),
    [(mode, 300_000) for mode in ("refuse", "silent", "error", "cut")] + [("cut", 2 * PART)],
)
def test_a_failing_service_keeps_nothing_and_says_so(
    s3: S3, tmp_path: Path, mode: str, size: int
) -> None:
    """Away, silent, broken or cut off in the middle: the caller is told to come again, nothing is
    seen of the blob, and the next attempt is whole."""
    data = os.urandom(size)
    path, blobs = source(tmp_path, data), s3_blobs(s3, tmp_path, patience=0.3)
    s3.wire.fail(mode)
    with pytest.raises(Problem, match="unavailable") as told:
        blobs.put_file(path)
    assert told.value.facts["seconds"] > 0
    assert s3.names() == [] and blobs.near(key_of(data)) is None
    s3.wire.mend()
    key = s3_blobs(s3, tmp_path, patience=20.0).put_file(path).key
    assert s3.get(PREFIX + key) == data


@pytest.mark.parametrize("mode", ["refuse", "silent", "error"])
def test_a_service_away_cannot_be_read_but_the_cache_can(s3: S3, tmp_path: Path, mode: str) -> None:
    """What is here is shown; what is not is unavailable now, which is not the same as missing."""
    here, far = source(tmp_path, b"here", "here"), source(tmp_path, b"far", "far")
    blobs = s3_blobs(s3, tmp_path / "b", patience=0.3)
    blobs.put_file(here)
    s3_blobs(s3, tmp_path / "a").put_file(far)
    s3.wire.fail(mode)
    with blobs.fetch(key_of(b"here")) as file:
        assert file.read_bytes() == b"here"
    for ask in (blobs.fetch, blobs.exists, lambda k: list(blobs.read(k))):
        with pytest.raises(Problem, match="unavailable"):
            ask(key_of(b"far"))


def test_a_transfer_that_is_cut_is_no_file(s3: S3, tmp_path: Path) -> None:
    """A download that breaks again and again is given up; after that it comes whole."""
    data = os.urandom(2_000_000)
    key = s3_blobs(s3, tmp_path / "a").put_file(source(tmp_path, data)).key
    blobs = s3_blobs(s3, tmp_path / "b", patience=0.3)
    s3.wire.fail("cut")
    with pytest.raises(Problem, match="unavailable"):
        blobs.fetch(key)
    s3.wire.mend()
    with s3_blobs(s3, tmp_path / "b", patience=20.0).fetch(key) as file:
        assert file.read_bytes() == data


def test_a_bucket_that_is_not_there_stops_the_start_and_keeps_nothing(
    s3: S3, tmp_path: Path
) -> None:
    """A wrong name is told before anybody uploads; a bucket that vanishes is no missing image."""
    blobs = s3_blobs(s3, tmp_path, name="nowhere")
    assert "nowhere" in (blobs.check() or "")
    with pytest.raises(Problem, match="unavailable"):
        blobs.put_file(source(tmp_path, b"image"))


def test_a_service_that_is_away_does_not_stop_the_start(s3: S3, tmp_path: Path) -> None:
    """It may come back, and everything but images works meanwhile."""
    s3.wire.fail("refuse")
    assert s3_blobs(s3, tmp_path).check() is None


def test_the_secret_key_is_never_shown(s3: S3) -> None:
    """A bucket in a log or a traceback names no secret."""
    assert "nothing" not in repr(bucket_of(s3))


# --- the cache --------------------------------------------------------------------------------


def bytes_in(folder: Path) -> int:
    return sum(p.stat().st_size for p in (folder / "cache" / "files").rglob("*") if p.is_file())


def test_the_cache_stays_within_its_limit_and_forgets_the_longest_unused(
    s3: S3, tmp_path: Path
) -> None:
    """Twice the limit goes through; what was used all the time is still at hand."""
    blobs = s3_blobs(s3, tmp_path, limit=1_000_000)
    favourite = blobs.put_file(source(tmp_path, b"favourite")).key
    for number in range(20):
        blobs.put_file(source(tmp_path, bytes([number]) * 100_000))
        with blobs.near(favourite) or pytest.fail("the favourite is gone"):
            pass
        assert bytes_in(tmp_path) <= 1_000_000
    assert blobs.near(key_of(bytes([0]) * 100_000)) is None
    with blobs.fetch(key_of(bytes([0]) * 100_000)) as file:
        assert file.stat().st_size == 100_000


def test_a_file_in_use_is_not_removed_under_its_reader(s3: S3, tmp_path: Path) -> None:
    """Even when everything else had to go, and by another process's doing."""
    blobs = s3_blobs(s3, tmp_path, limit=100)
    key = blobs.put_file(source(tmp_path, b"image")).key
    others = BlobCache(tmp_path / "cache" / "files", 100)
    with blobs.fetch(key) as file:
        others.shrink(0)
        blobs.check_space(0)
        assert file.read_bytes() == b"image"
    others.shrink(0)
    assert not file.exists()
    assert blobs.near(key) is None


def test_a_restarted_process_believes_no_file_before_it_looked(s3: S3, tmp_path: Path) -> None:
    """A cached file may be hollow after a power cut: it is compared with its hash once, and
    fetched again when it is not what its name says."""
    key = s3_blobs(s3, tmp_path).put_file(source(tmp_path, b"image")).key
    (hollow,) = (tmp_path / "cache" / "files").glob(f"*/{key}")
    hollow.write_bytes(b"\0" * 5)
    blobs = s3_blobs(s3, tmp_path)
    assert blobs.near(key) is None
    with blobs.fetch(key) as file:
        assert file.read_bytes() == b"image"


def test_an_object_larger_than_the_cache_can_be_read(s3: S3, tmp_path: Path) -> None:
    """The limit bounds what is kept, not what can be shown."""
    key = s3_blobs(s3, tmp_path / "a").put_file(source(tmp_path, b"x" * 5000)).key
    with s3_blobs(s3, tmp_path / "b", limit=100).fetch(key) as file:
        assert file.read_bytes() == b"x" * 5000
