"""Backups: what was acknowledged before one began comes back from it, and a bad one is refused."""

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from telemed import assemble
from telemed.assemble import RESTORING, RefuseToStart, open_store
from telemed.cli import app
from telemed.core.errors import Problem
from telemed.operations import backup
from telemed.operations.histories import unlike_their_history
from telemed.operations.manifest import KEY, LISTING, BackupFault, Manifest, Shelf
from telemed.operations.restore import restore
from telemed.settings import Settings
from telemed.store import tables as t
from telemed.store.blobs import FileBlobs
from telemed.store.engine import Store
from telemed.store.migrate import TooNew, migrate
from telemed.store.signer import SoftwareSigner
from telemed.store.tx import Row
from tests.crash import checks
from tests.crash.rig import TELEMED, Ledger, Load, Page, Victim, own_study
from tests.s3_server import S3
from tests.services import Postgres, wait_until
from tests.world import World

_SECONDS = count()


def clock() -> datetime:
    """A second later each time, so that backups have different names."""
    return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=next(_SECONDS))


def settings_of(data: Path, **more: object) -> Settings:
    return Settings(data_dir=data, free_space_reserve_bytes=0, **more)  # type: ignore[arg-type]


@pytest.fixture
def live(world_folder: Path) -> Settings:
    """A server's settings; it is not running."""
    return settings_of(world_folder)


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# --- the rehearsal ----------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def two_places(
    request: pytest.FixtureRequest, world_template: Path, tmp_path: Path
) -> Iterator[tuple[Settings, Settings]]:
    """A server full of people's work, and an empty place of the same kind."""
    old, new = tmp_path / "old" / "data", tmp_path / "new" / "data"
    shutil.copytree(world_template, old)
    if request.param == "sqlite":
        yield settings_of(old), settings_of(new)
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    names = [cluster.fresh_database() for _ in range(2)]
    urls = [cluster.sqlalchemy_url(name) for name in names]
    move(old / "telemed.sqlite3", urls[0])
    yield settings_of(old, database_url=urls[0]), settings_of(new, database_url=urls[1])
    for name in names:
        cluster.drop_database(name)


def move(file: Path, url: str) -> None:
    """The rows of a SQLite database in another, and the file gone."""
    source, target = Store(f"sqlite:///{file}"), Store(url)
    migrate(target)
    for table in t.metadata.sorted_tables:
        rows = source.read_now(lambda tx, table=table: tx.all(sa.select(table)))  # type: ignore[misc]
        target.write_now(lambda tx, table=table, rows=rows: tx.insert(table, rows))  # type: ignore[misc]
    source.close()
    target.close()
    for left in file.parent.glob(f"{file.name}*"):
        left.unlink()


def rows_of(settings: Settings, table: sa.Table) -> list[Row]:
    store = Store(settings.database)
    try:
        return store.read_now(lambda tx: tx.all(sa.select(table).order_by(*table.primary_key)))
    finally:
        store.close()


@pytest.mark.services
@pytest.mark.timeout(240)
def test_a_backup_under_load_brings_back_all_that_was_acknowledged(
    two_places: tuple[Settings, Settings],
    world_template: Path,
    tmp_path: Path,
    dest: Path,
) -> None:
    """Uploads and reports go on while it is made. Restored elsewhere, the server gives back every
    image byte for byte and every signed report; log, audit and tally are those of the moment."""
    old, new = two_places
    victim = Victim(old.data_dir, tmp_path / "old", database_url=old.database_url)
    load = Load(victim, Ledger(tmp_path / "ledger"), own_study(world_template))
    victim.start()
    who = Page(victim, "hub-reader")
    who.call("POST", "/api/session", b'{"username":"nobody","password":"guessed"}',
             Content_Type="application/json")  # fmt: skip
    try:
        with load.at_work():
            try:
                wait_until(lambda: bool(load.faults) or len(load.ledger.reports) > 1, "a report")
                promised = replace(
                    load.ledger,
                    images=dict(load.ledger.images),
                    reports=dict(load.ledger.reports),
                    signed=set(load.ledger.signed),
                )
                made = backup.make(old, dest, lambda: datetime.now(UTC))
                wait_until(
                    lambda: bool(load.faults) or len(load.ledger.images) > len(promised.images),
                    "more images",
                )
            finally:
                victim.kill()
    finally:
        victim.kill()
    assert not made.manifest.lost and made.copied == made.manifest.blobs
    done = restore(dest, new)
    assert done.wrong == ()
    _serves_what_was_promised(new, tmp_path / "new", promised)
    _is_the_same_moment(old, new, made.manifest)


def _serves_what_was_promised(new: Settings, scratch: Path, promised: Ledger) -> None:
    """A server on the restored place answers as the old one had promised."""
    again = Victim(new.data_dir, scratch, database_url=new.database_url)
    again.start()
    try:
        checks.over_the_wire(again, promised)
    finally:
        again.kill()


def _is_the_same_moment(old: Settings, new: Settings, said: Manifest) -> None:
    """Each growing table is what the old server's was when the backup was made."""
    heads = {
        t.activities: said.log_head,
        t.audit: int(said.audit_head.partition(":")[0]),
        t.tally_entries: said.bookmarks["tallies"],
    }
    for table, head in heads.items():
        before = [row for row in rows_of(old, table) if row["seq"] <= head]
        assert before == [row for row in rows_of(new, table) if row["seq"] <= head]
        assert before, table.name
    signed = {row["version_id"]: row for row in rows_of(old, t.signed_reports)}
    back = rows_of(new, t.signed_reports)
    assert len(back) == said.rows["signed_reports"]
    assert all(signed[row["version_id"]] == row for row in back)


# --- one after another ------------------------------------------------------------------------


def test_the_second_backup_copies_only_what_is_new(live: Settings, dest: Path) -> None:
    """Images that are there stay untouched; each set can be restored for itself."""
    first = backup.make(live, dest, clock)
    assert first.copied == first.manifest.blobs > 0
    kept = {path: path.stat().st_mtime_ns for path in (dest / "blobs").rglob("*")}
    blob = FileBlobs(live.data_dir / "blobs").put_file(Path(__file__))
    _name_blob(live, blob.key)
    second = backup.make(live, dest, clock)
    assert second.copied == 1
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items() if path.is_file())
    assert [list(backup.verify(folder)) for folder in Shelf(dest).sets] == [[], []]


def _name_blob(live: Settings, key: str) -> None:
    """A conflict row that names an image, by its second column."""
    row = {"id": key, "institution_id": "county", "study_uid": "2.25.1", "sop_uid": "2.25.2",
           "blob": key, "size": 1, "kept_blob": key, "reason": "other-content", "at": clock(),
           "resolved_at": None}  # fmt: skip
    store = Store(live.database)
    store.write_now(lambda tx: tx.insert(t.conflicts, row))
    store.close()


def test_only_as_many_sets_are_kept_as_asked_for(live: Settings, dest: Path) -> None:
    """The oldest go; the images stay."""
    names = [backup.make(live, dest, clock, keep=2).folder.name for _ in range(4)]
    assert [folder.name for folder in Shelf(dest).sets] == names[2:]
    assert list(backup.verify(Shelf(dest).find(None))) == []


def test_a_backup_changes_nothing_of_the_server(live: Settings, dest: Path) -> None:
    """Not a byte of a server at rest."""
    before = everything(live.data_dir)
    backup.make(live, dest, clock)
    assert everything(live.data_dir) == before


def test_secrets_are_the_owner_s_alone(live: Settings, dest: Path) -> None:
    """Key, database and list can be read by nobody else, and no folder of sets can be entered."""
    folder = backup.make(live, dest, clock).folder
    assert {path.stat().st_mode & 0o077 for path in (dest, folder, *folder.iterdir())} == {0}


# --- what is no backup ------------------------------------------------------------------------


def test_an_unfinished_backup_is_none(live: Settings, dest: Path) -> None:
    """What a killed one left is neither listed nor restored, and the next one clears it away."""
    backup.make(live, dest, clock)
    (finished,) = Shelf(dest).sets
    shutil.copytree(finished, dest / "sets" / ".2030-01-01T00-00-00Z")
    assert Shelf(dest).find(None) == finished
    backup.make(live, dest, clock)
    assert len(list((dest / "sets").iterdir())) == 2


def test_a_backup_killed_at_any_moment_leaves_good_ones_or_none(live: Settings, dest: Path) -> None:
    """kill -9 while it works: every set that is there can be relied on."""
    command = ["backup", str(dest), "--data-dir", str(live.data_dir)]
    for wait in (0.9, 1.1, 1.3):
        process = subprocess.Popen(
            [str(TELEMED), *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(wait)
        process.kill()
        process.wait()
        for folder in Shelf(dest).sets:
            assert list(backup.verify(folder)) == []
    assert list(backup.verify(backup.make(live, dest, clock).folder)) == []


def flip(path: Path) -> None:
    """Another byte in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def some_image(folder: Path) -> Path:
    key = (folder / LISTING).read_text().split(" ")[0]
    return folder.parent.parent / "blobs" / key[:2] / key[2:4] / key


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a flipped bit in the database": lambda folder: flip(folder / "database.sqlite3"),
    "a database cut short": lambda folder: shorten(folder / "database.sqlite3"),
    "no database": lambda folder: (folder / "database.sqlite3").unlink(),
    "another key": lambda folder: flip(folder / KEY),
    "a list cut short": lambda folder: shorten(folder / LISTING),
    "no list": lambda folder: (folder / LISTING).unlink(),
    "a flipped bit in an image": lambda folder: flip(some_image(folder)),
    "an image cut short": lambda folder: shorten(some_image(folder)),
    "an image lost": lambda folder: some_image(folder).unlink(),
    "a manifest cut short": lambda folder: shorten(folder / "manifest.json"),
    "a manifest of something else": lambda folder: (folder / "manifest.json").write_text("[]"),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_backup_is_refused_and_nothing_is_written(
    live: Settings, dest: Path, tmp_path: Path, how: str
) -> None:
    """Verifying names it, restoring refuses it, and the new place stays empty."""
    folder = backup.make(live, dest, clock).folder
    DAMAGE[how](folder)
    new = settings_of(tmp_path / "new")
    with pytest.raises(BackupFault):
        restore(dest, new)
    assert not new.data_dir.exists()
    assert CliRunner().invoke(app, ["backup", str(dest), "--verify"]).exit_code != 0


def test_a_rewritten_audit_is_found_though_every_hash_is_right(
    live: Settings, dest: Path, tmp_path: Path
) -> None:
    """Who rewrites the log in the database before the backup is found by the proofs after it."""
    with closing(sqlite3.connect(live.data_dir / "telemed.sqlite3")) as connection:
        connection.execute("DROP TRIGGER IF EXISTS audit_no_delete")
        connection.execute(
            "INSERT INTO audit VALUES (1, '2026-01-01 00:00:00.000000', 'query', 'ok', NULL, NULL,"
            " '', '', '', '{}', '', 'forged')"
        )
        connection.commit()
    backup.make(live, dest, clock)
    done = restore(dest, settings_of(tmp_path / "new"))
    assert any("audit chain" in sentence for sentence in done.wrong)


# --- where it is restored ---------------------------------------------------------------------


def test_a_place_that_holds_something_is_left_alone(
    live: Settings, dest: Path, tmp_path: Path
) -> None:
    """A restore over a server would be a loss: it is refused, whatever is there."""
    backup.make(live, dest, clock)
    for number, name in enumerate(("telemed.sqlite3", "blobs/ab", "spool/x", KEY, RESTORING)):
        new = settings_of(tmp_path / f"new{number}")
        (new.data_dir / name).parent.mkdir(parents=True)
        (new.data_dir / name).write_bytes(b"mine")
        with pytest.raises(BackupFault, match="empty place"):
            restore(dest, new)
        assert everything(new.data_dir) == {name: b"mine"}


@pytest.mark.services
def test_the_kinds_do_not_mix_and_postgresql_must_be_empty(
    live: Settings, dest: Path, tmp_path: Path, postgres_url: str
) -> None:
    """A SQLite backup is not restored into PostgreSQL, nor a PostgreSQL one over tables."""
    backup.make(live, dest, clock)
    other = settings_of(tmp_path / "new", database_url=postgres_url)
    with pytest.raises(BackupFault, match="sqlite"):
        restore(dest, other)
    open_store(other).close()
    (tmp_path / "pg").mkdir()
    backup.make(other, tmp_path / "pg", clock)
    with pytest.raises(BackupFault, match="not empty"):
        restore(tmp_path / "pg", settings_of(tmp_path / "new2", database_url=postgres_url))


def test_a_backup_of_a_newer_telemed_is_refused(live: Settings, dest: Path, tmp_path: Path) -> None:
    """Its schema is not known here."""
    with closing(sqlite3.connect(live.data_dir / "telemed.sqlite3")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    backup.make(live, dest, clock)
    with pytest.raises(TooNew):
        restore(dest, settings_of(tmp_path / "new"))


def test_half_a_restore_is_not_served(live: Settings) -> None:
    """While the mark is there no server opens the place."""
    (live.data_dir / RESTORING).write_text("")
    with pytest.raises(RefuseToStart, match="restore"):
        open_store(live)


# --- the key ----------------------------------------------------------------------------------


def test_a_key_kept_elsewhere_is_asked_for(live: Settings, dest: Path, tmp_path: Path) -> None:
    """Without the key no report is valid, so a restore wants it, and the right one."""
    folder = backup.make(live, dest, clock, with_key=False).folder
    assert not (folder / KEY).exists()
    SoftwareSigner.load(tmp_path / "wrong.key")
    for key, words in ((None, "--key"), (tmp_path / "wrong.key", "is not the key")):
        with pytest.raises(BackupFault, match=words):
            restore(dest, settings_of(tmp_path / "new"), key=key)
    new = settings_of(tmp_path / "new")
    assert restore(dest, new, key=live.data_dir / KEY).wrong == ()
    assert (new.data_dir / KEY).read_bytes() == (live.data_dir / KEY).read_bytes()


def test_a_shelf_is_of_one_server(live: Settings, dest: Path) -> None:
    """Another server's backups, a full folder, and the data directory itself are refused."""
    backup.make(live, dest, clock)
    (live.data_dir / KEY).unlink()
    SoftwareSigner.load(live.data_dir / KEY)
    with pytest.raises(BackupFault, match="another signing key"):
        backup.make(live, dest, clock)
    with pytest.raises(BackupFault, match="not empty"):
        backup.make(live, Path(__file__).parent, clock)
    with pytest.raises(BackupFault, match="data directory"):
        backup.make(live, live.data_dir / "backups", clock)


def test_two_backups_at_once_are_one(live: Settings, dest: Path) -> None:
    """The second says so and touches nothing."""
    backup.make(live, dest, clock)
    with Shelf(dest).locked(), pytest.raises(BackupFault, match="under way"):
        backup.make(live, dest, clock)


# --- what the server lost, and what is missing here -------------------------------------------


def test_images_the_server_lost_do_not_stop_the_rest(
    live: Settings, dest: Path, tmp_path: Path
) -> None:
    """They are named, the status is not good, and the others can be restored."""
    keys = sorted(row["blob"] for row in rows_of(live, t.instances))
    blobs = FileBlobs(live.data_dir / "blobs")
    blobs.path(keys[0]).unlink()
    shorten(blobs.path(keys[1]))
    told = CliRunner().invoke(app, ["backup", str(dest), "--data-dir", str(live.data_dir)])
    assert told.exit_code != 0
    folder = Shelf(dest).find(None)
    assert Manifest.read(folder).lost == {keys[0]: "missing", keys[1]: "damaged"}
    new = settings_of(tmp_path / "new")
    assert restore(dest, new).manifest.blobs == len(set(keys)) - 2
    assert FileBlobs(new.data_dir / "blobs").path(keys[2]).is_file()


@pytest.mark.services
def test_a_missing_tool_is_named(
    postgres_url: str, tmp_path: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without PostgreSQL's programs the sentence says which and where from; no set is left."""
    settings = settings_of(tmp_path / "data", database_url=postgres_url)
    open_store(settings).close()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFault, match=r"pg_dump is not installed.*postgresql-client"):
        backup.make(settings, dest, clock)
    assert Shelf(dest).sets == []


def test_a_server_on_a_bucket_is_backed_up_and_moves_to_a_disk(
    live: Settings, dest: Path, tmp_path: Path, s3: S3
) -> None:
    """Images come from the bucket; while it is away there is no backup and nothing is lost."""
    stored = settings_of(live.data_dir, **s3.settings)
    old, bucket = FileBlobs(live.data_dir / "blobs"), assemble.open_blobs(stored)
    keys = sorted({row["blob"] for row in rows_of(live, t.instances)})
    for key in keys:
        bucket.put_file(old.path(key), key)
    shutil.rmtree(live.data_dir / "blobs")
    s3.wire.fail("error")
    with pytest.raises(Problem, match="unavailable"):
        backup.make(stored, dest, clock)
    assert Shelf(dest).sets == []
    s3.wire.mend()
    assert backup.make(stored, dest, clock).manifest.blobs == len(keys)
    new = settings_of(tmp_path / "new")
    assert restore(dest, new).wrong == ()
    back = FileBlobs(new.data_dir / "blobs")
    assert all(back.path(key).read_bytes() == s3.get(f"blobs/{key}") for key in keys)


# --- the proofs and the command ---------------------------------------------------------------


async def test_a_state_that_the_log_does_not_tell_is_found(world: World) -> None:
    """Every request's row is the fold of its facts; a hand in the database shows."""
    case = await world.issued()
    await world.sent()
    await world.draft()
    assert await world.services.store.read(unlike_their_history) == []
    number = (await world.row(case))["number"]
    await world.write(lambda tx: tx.update(t.requests, t.requests.c.id == case, {"state": "open"}))
    assert await world.services.store.read(unlike_their_history) == [number]


def test_the_commands_say_what_they_did(live: Settings, dest: Path, tmp_path: Path) -> None:
    """Backup, verify and restore by hand: each ends well and names heads and counts."""
    run = CliRunner().invoke
    made = run(app, ["backup", str(dest), "--data-dir", str(live.data_dir), "--keep", "3"])
    assert made.exit_code == 0 and "audit head" in made.output
    checked = run(app, ["backup", str(dest), "--verify"])
    assert checked.exit_code == 0 and "is whole" in checked.output
    name = Shelf(dest).find(None).name
    new = str(tmp_path / "new")
    back = run(app, ["restore", str(dest), "--data-dir", new, "--set", name])
    assert back.exit_code == 0 and "signatures hold" in back.output
    with pytest.raises(BackupFault, match="no backup 1999"):
        restore(dest, settings_of(tmp_path / "newer"), name="1999")
