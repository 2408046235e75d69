"""The doctor finds each fault that was really made, and nothing on a healthy deployment."""

import hashlib
import os
import shutil
import socket
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from telemed.cli import app
from telemed.core.activity import Fact, Kind
from telemed.dicom.syntaxes import TRANSFER_SYNTAXES
from telemed.operations import product_checks
from telemed.operations.checkup import Deployment, Finding, Verdict, good
from telemed.operations.doctor import CHECKS, Check, examine, exit_status
from telemed.operations.file_checks import blob_columns
from telemed.operations.machine_checks import MACHINE, file_system
from telemed.store import log, uploads
from telemed.store.engine import Store
from telemed.store.migrate import migrate
from telemed.store.s3 import PREFIX
from telemed.store.signer import SoftwareSigner
from tests.operations.patient import Patient, finding, healthy
from tests.s3_server import S3
from tests.services import Postgres, Redis, free_port
from tests.world import world_at

OK, INFO, WARN, FAIL = Verdict
LONG_AGO = time.time() - 30 * 86400


@pytest.fixture(scope="module")
def model(world_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    """In good health, and not to be changed: `patient` is a copy."""
    return healthy(world_template, tmp_path_factory.mktemp("model"))


@pytest.fixture
def patient(model: Patient, tmp_path: Path) -> Patient:
    """In good health, to do anything to."""
    return Patient(shutil.copytree(model.data, tmp_path / "data"), model.settings)


def contents(folder: Path) -> dict[str, str]:
    """Every file's name and hash."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


# --- the whole ----------------------------------------------------------------------------------


def test_a_healthy_deployment_is_well_and_stays_untouched(patient: Patient) -> None:
    """No check but those of this very machine has anything to say; no file is made or changed."""
    before = contents(patient.data)
    for deep in (False, True):
        at = patient.deployment()
        at.deep = deep
        ill = {r.check.code: r.finding for r in examine(at) if r.finding.verdict > INFO}
        assert set(ill) <= set(MACHINE), ill
    assert contents(patient.data) == before


def test_a_check_that_breaks_is_its_own_failure(patient: Patient) -> None:
    """The others are still run, and the words name what broke."""

    def break_(at: Deployment) -> Finding:
        raise RuntimeError("no such thing")

    words = CHECKS[0].asks
    results = examine(
        patient.deployment(),
        [Check("broken", words, break_), Check("fine", words, lambda at: good("好", "well"))],
    )
    assert [r.finding.verdict for r in results] == [FAIL, OK]
    assert "RuntimeError: no such thing" in results[0].finding.fact.en
    assert exit_status(results) == 2


def test_the_exit_status_is_that_of_monitoring() -> None:
    """0 for ok and info, 1 for a warning, 2 for a failure."""
    assert [v.status for v in Verdict] == [0, 0, 1, 2]
    assert exit_status([]) == 0


def test_every_row_has_both_languages_and_its_own_code() -> None:
    """Operators read Chinese; monitoring matches codes."""
    codes = [check.code for check in CHECKS]
    assert len(codes) == len(set(codes))
    for check in CHECKS:
        assert any("\u4e00" <= c <= "\u9fff" for c in check.asks.zh) and check.asks.en.isascii()


def test_the_command_speaks_to_people_and_machines(patient: Patient, tmp_path: Path) -> None:
    """One JSON object with a verdict for each check; the exit status is the worst of them."""
    (patient.data / "signing.key").chmod(0o644)
    config = tmp_path / "telemed.toml"
    config.write_text(
        f'data_dir = "{patient.data}"\nport = {patient.settings["port"]}\n'
        f'web_dir = "{patient.settings["web_dir"]}"\n'
    )
    words = ["doctor", "--config", str(config)]
    shown = CliRunner().invoke(app, [*words, "--json"])
    told = orjson.loads(shown.stdout)
    assert shown.exit_code == told["status"] == 2
    verdicts = {row["code"]: row["verdict"] for row in told["checks"]}
    assert list(verdicts) == [check.code for check in CHECKS]
    assert verdicts["signing-key"] == "fail" and verdicts["codecs"] == "ok"
    config.write_text("prot = 1\n")
    read = CliRunner().invoke(app, words)
    assert read.exit_code == 2 and "prot" in read.stdout and "example.toml" in read.stdout


# --- settings -----------------------------------------------------------------------------------

PUBLIC = {"host": "0.0.0.0", "public_url": "https://telemed.example.cn", "secret": "k" * 12}


@pytest.mark.parametrize(
    ("code", "settings", "expected"),
    [
        ("public-url", {**PUBLIC, "public_url": ""}, FAIL),
        ("public-url", {**PUBLIC, "public_url": "http://telemed.example.cn"}, FAIL),
        ("public-url", {"public_url": "http://127.0.0.1:8042/telemed"}, FAIL),
        ("public-url", PUBLIC, OK),
        ("secret", PUBLIC, FAIL),
        ("secret", {}, OK),
        ("secret", {"redis_url": "redis://h"}, FAIL),
        ("secret", {**PUBLIC, "secret": "ab" * 20}, WARN),
        ("secret", {**PUBLIC, "secret": "0123456789abcdefghijklmnopqrstuvwxyz"}, OK),
        ("demo-accounts", {"demo": True}, INFO),
        ("demo-accounts", {**PUBLIC, "demo": True}, FAIL),
        ("proxies", {**PUBLIC, "trusted_proxies": ["proxy.local"]}, WARN),
        ("proxies", PUBLIC, WARN),
        ("proxies", {**PUBLIC, "trusted_proxies": ["10.0.0.1"]}, OK),
        ("processes", {"workers": 2}, INFO),
        ("processes", {"workers": 2, "redis_url": "redis://h"}, OK),
        ("processes", {"database_url": "postgresql+psycopg://h/d"}, INFO),
        ("web-client", {"web_dir": "/nowhere"}, FAIL),
        ("viewer", {"viewer_dir": "/nowhere"}, WARN),
        ("disk", {"free_space_reserve_bytes": 1 << 60}, FAIL),
        ("data-dir", {"data_dir": "/nowhere"}, FAIL),
        ("database", {"data_dir": "/nowhere"}, FAIL),
    ],
)
def test_settings_that_are_unsafe_together_are_named(
    model: Patient, code: str, settings: dict[str, Any], expected: Verdict
) -> None:
    """What the server would refuse is a failure; what harms later is a warning."""
    found = model.look(code, **settings)
    assert found.verdict is expected, found
    assert (found.do is None) == (expected < WARN)


def test_demo_accounts_in_the_database_count(patient: Patient) -> None:
    """Also without `demo`: their passwords are published all the same."""
    patient.sql("UPDATE accounts SET demo = 1 WHERE username = 'audit'")
    assert patient.look("demo-accounts", **PUBLIC).verdict is FAIL


# --- the data directory and the key -------------------------------------------------------------


@contextmanager
def nobody() -> Iterator[None]:
    """Without root's powers, for whom no directory is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_data_directory_is_found() -> None:
    """By writing to it, whatever its mode promises."""
    folder = Path(tempfile.mkdtemp(prefix="telemed-doctor-"))
    try:
        folder.chmod(0o555)
        with nobody():
            found = Patient(folder).look("data-dir")
        assert found.verdict is FAIL and "Permission denied" in found.fact.en
    finally:
        folder.chmod(0o755)
        folder.rmdir()


def test_a_data_directory_others_may_write_to_is_found(patient: Patient) -> None:
    """Whoever writes there can replace the key."""
    patient.data.chmod(0o777)
    assert patient.look("data-dir").verdict is FAIL


def test_a_readable_or_unfit_key_is_found(patient: Patient) -> None:
    """Mode 0644 lets others sign; a missing key before the first report is only a fresh start."""
    key = patient.data / "signing.key"
    key.chmod(0o640)
    assert patient.look("signing-key").verdict is FAIL
    key.unlink()
    assert patient.look("signing-key").verdict is INFO


async def test_another_key_than_the_reports_is_found(patient: Patient) -> None:
    """A lost key, and the new one that a start made instead."""
    async with world_at(patient.data) as world:
        await world.issued()
    key = patient.data / "signing.key"
    assert patient.look("signing-key").verdict is OK
    key.unlink()
    assert patient.look("signing-key").verdict is FAIL
    SoftwareSigner.load(key)
    found = patient.look("signing-key")
    assert found.verdict is FAIL and "newest report was signed" in found.fact.en


def test_a_data_directory_in_memory_is_a_warning(patient: Patient) -> None:
    """tmpfs says yes to every flush."""
    if not os.access("/dev/shm", os.W_OK) or file_system(Path("/dev/shm")) != "tmpfs":
        pytest.skip("no tmpfs here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        assert Patient(Path(folder)).look("flush").verdict is WARN


def test_a_clock_that_was_set_back_is_found(patient: Patient) -> None:
    """The log then ends in the future."""
    later = datetime.now(UTC) + timedelta(hours=1)
    fact = Fact(Kind.STUDY_RECEIVED, later, None, "county", parties=("county",))
    patient.write(lambda tx: log.append(tx, [fact]))
    found = patient.look("clock")
    assert found.verdict is FAIL and "set back" in found.fact.en


# --- the database -------------------------------------------------------------------------------


def test_a_newer_and_an_older_schema_are_told_apart(patient: Patient) -> None:
    """Newer stops a start; older is migrated by one."""
    assert patient.look("schema").verdict is OK
    patient.sql("UPDATE alembic_version SET version_num = '0001'")
    assert patient.look("schema").verdict is WARN
    patient.sql("UPDATE alembic_version SET version_num = '9999'")
    assert patient.look("schema").verdict is FAIL


def test_a_file_that_is_no_database_is_found(patient: Patient) -> None:
    """And everything that would ask it says that it was not looked at."""
    (patient.data / "telemed.sqlite3").write_bytes(b"not a database" * 1000)
    found = {r.check.code: r.finding.verdict for r in examine(patient.deployment())}
    assert found["database"] is FAIL
    assert {found[c] for c in ("schema", "followers", "audit-chain", "rows-have-files")} == {INFO}


def test_a_database_out_of_wal_mode_is_found(patient: Patient) -> None:
    """A rollback journal is not what the server promises on."""
    file = patient.data / "telemed.sqlite3"
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    assert patient.look("durability").verdict is FAIL


def test_damage_inside_the_file_is_found_by_the_deep_look(patient: Patient) -> None:
    """Zeros in a page that no first question reads, as a bad disk leaves them."""
    file = patient.data / "telemed.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_requests_created'"
        ).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = bytearray(file.read_bytes())
    raw[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(raw)
    assert patient.look("database-file").verdict is INFO
    found = patient.look("database-file", deep=True)
    assert found.verdict is FAIL and "damaged" in found.fact.en


def test_a_missing_trigger_is_found(patient: Patient) -> None:
    """Somebody who wanted to change the log had to remove it first."""
    patient.sql("DROP TRIGGER activities_no_update", "DROP TRIGGER activities_no_delete",
                "DROP TRIGGER activities_no_replace")  # fmt: skip
    assert patient.look("append-only").verdict is FAIL


def test_a_lagging_bookmark_and_one_of_the_future_are_found(patient: Patient) -> None:
    """The first is slow, the second is of another backup."""
    assert patient.look("followers").verdict is OK
    patient.sql("UPDATE bookmarks SET seq = 1")
    found = patient.look("followers")
    assert found.verdict is WARN and "tallies" in found.fact.en
    patient.sql("DELETE FROM bookmarks")
    assert patient.look("followers").verdict is WARN
    patient.sql("INSERT INTO bookmarks VALUES ('tallies', 1000000)")
    assert patient.look("followers").verdict is FAIL


async def test_a_changed_audit_row_is_found(patient: Patient) -> None:
    """With the trigger gone anybody can edit a row; the chain tells."""
    async with world_at(patient.data) as world:
        await world.client("county-requester").call("GET", "/api/accounts")  # denied, so audited
    assert patient.look("audit-chain").verdict is OK
    patient.sql("DROP TRIGGER audit_no_update", "UPDATE audit SET address = 'x' WHERE seq = 1")
    assert patient.look("audit-chain").verdict is FAIL


@pytest.mark.services
def test_postgresql_is_asked_for_what_only_it_has(postgres: Postgres, tmp_path: Path) -> None:
    """Lossy commits, a small encoding, too few connections, a server that is away."""
    name = postgres.fresh_database()
    url = postgres.sqlalchemy_url(name)

    def look(code: str, **more: Any) -> Finding:
        return Patient(tmp_path, {"database_url": url}).look(code, **more)

    try:
        assert look("database").verdict is OK
        assert look("schema").verdict is INFO  # empty
        store = Store(url)
        migrate(store)
        store.close()
        for code in ("schema", "durability", "encoding", "append-only", "followers",
                     "audit-chain", "database-clock", "connections"):  # fmt: skip
            assert look(code).verdict is OK, code
        assert look("connections", workers=64).verdict is FAIL
        with postgres_admin(postgres) as admin:
            admin(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
            assert look("durability").verdict is FAIL
            admin(f'ALTER DATABASE "{name}" RESET synchronous_commit')
            admin("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
            narrow = {"database_url": postgres.sqlalchemy_url("narrow")}
            assert look("encoding", **narrow).verdict is FAIL
            admin("DROP DATABASE narrow")
        away = {"database_url": url.replace(f":{postgres.port}/", f":{free_port()}/")}
        assert look("database", **away).verdict is FAIL
        assert look("followers", **away).verdict is INFO
    finally:
        postgres.drop_database(name)


@contextmanager
def postgres_admin(postgres: Postgres) -> Iterator[Callable[[str], None]]:
    """Statements outside any transaction."""
    engine = sa.create_engine(
        postgres.sqlalchemy_url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        yield lambda statement: connection.exec_driver_sql(statement) and None


# --- files --------------------------------------------------------------------------------------


def test_every_column_that_names_a_blob_is_known() -> None:
    """A file that only a conflict holds on to is no orphan."""
    named = {f"{c.table.name}.{c.name}" for c in blob_columns()}
    assert {"instances.blob", "conflicts.blob", "conflicts.kept_blob"} <= named


def test_a_removed_and_a_cut_blob_are_found(patient: Patient) -> None:
    """By the sample already: their size says so."""
    assert patient.look("rows-have-files").verdict is OK
    first, second, *_ = patient.blobs()
    first.write_bytes(first.read_bytes()[:-1])
    assert patient.look("rows-have-files").verdict is FAIL
    first.unlink()
    second.unlink()
    found = patient.look("rows-have-files", deep=True)
    assert found.verdict is FAIL and "2 have no file" in found.fact.en


def test_a_flipped_bit_is_found_by_the_deep_look(patient: Patient) -> None:
    """Same size, other content."""
    first = patient.blobs()[0]
    raw = bytearray(first.read_bytes())
    raw[200] ^= 1
    first.write_bytes(raw)
    assert patient.look("rows-have-files").verdict is OK
    assert patient.look("rows-have-files", deep=True).verdict is FAIL


def test_an_orphan_is_found_once_it_is_old_enough(patient: Patient) -> None:
    """A young file may be of an upload under way."""
    name = hashlib.sha256(b"orphan").hexdigest()
    place = patient.data / "blobs" / name[:2] / name[2:4]
    place.mkdir(parents=True)
    (place / name).write_bytes(b"orphan")
    assert patient.look("files-have-rows").verdict is OK
    os.utime(place / name, (LONG_AGO, LONG_AGO))
    for deep in (False, True):
        found = patient.look("files-have-rows", deep=deep)
        assert found.verdict is WARN and name[:16] in found.fact.en


def test_a_left_over_upload_is_found(patient: Patient) -> None:
    """Older than the server's own housekeeping would have left it."""
    spool = patient.data / "spool"
    spool.mkdir(exist_ok=True)
    (spool / "left").write_bytes(b"x")
    assert patient.look("spool").verdict is OK
    os.utime(spool / "left", (LONG_AGO, LONG_AGO))
    assert patient.look("spool").verdict is WARN
    assert uploads.UPLOADING == "uploading"


def test_a_bucket_is_looked_at_like_a_directory(patient: Patient, s3: S3) -> None:
    """Away, empty of what rows name, with an orphan, with other bytes."""
    here = dict(s3.settings)
    patient.settings = {**patient.settings, **here}
    assert patient.look("bucket").verdict is WARN
    s3.put("telemed-check", b"telemed")
    assert patient.look("bucket").verdict is OK
    assert patient.look("rows-have-files").verdict is FAIL
    files = patient.blobs()
    for path in files:
        s3.put(PREFIX + path.name, path.read_bytes())
    assert patient.look("rows-have-files", deep=True).verdict is OK
    assert patient.look("files-have-rows", deep=True).verdict is OK
    s3.put(PREFIX + files[0].name, bytes(files[0].stat().st_size))
    assert patient.look("rows-have-files").verdict is OK
    assert patient.look("rows-have-files", deep=True).verdict is FAIL
    at = patient.deployment()
    at.grace = -1.0  # the objects have only just been put
    assert finding(at, "files-have-rows").verdict is OK
    s3.put(PREFIX + hashlib.sha256(b"o").hexdigest(), b"o")
    at.deep = True
    assert finding(at, "files-have-rows").verdict is WARN
    s3.wire.fail("refuse")
    assert patient.look("bucket").verdict is FAIL
    assert patient.look("rows-have-files").verdict is INFO


# --- what is around -----------------------------------------------------------------------------


def test_a_stopped_redis_is_found(model: Patient, redis_server: Redis) -> None:
    """And a running one is measured."""
    assert model.look("redis", redis_url=redis_server.url).verdict is OK
    redis_server.kill()
    assert model.look("redis", redis_url=redis_server.url).verdict is FAIL


async def test_the_port_is_free_or_ours_or_taken(patient: Patient) -> None:
    """A stranger on it is a failure; a telemed that is not ready is one too."""
    import asyncio

    assert patient.look("port").verdict is INFO
    async with world_at(patient.data) as world:
        mine = {"port": int(world.base.rpartition(":")[2])}
        assert (await asyncio.to_thread(patient.look, "port", **mine)).verdict is OK
        world.services.settings.free_space_reserve_bytes = 1 << 60
        full = await asyncio.to_thread(patient.look, "port", **mine)
        assert full.verdict is FAIL and "not ready" in full.fact.en
    with stranger() as port:
        assert patient.look("port", port=port).verdict is FAIL


@contextmanager
def stranger() -> Iterator[int]:
    """Another web server."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("days", "name", "expected", "word"),
    [
        (-2, "localhost", FAIL, "ended"),
        (2, "localhost", FAIL, "days left"),
        (10, "localhost", WARN, "days left"),
        (90, "elsewhere.example", FAIL, "not localhost's"),
        (90, "*.example", FAIL, "not localhost's"),
        (90, "localhost", WARN, "not trusted here"),
    ],
)
def test_a_certificate_is_judged_as_people_see_it(
    model: Patient, tmp_path: Path, days: int, name: str, expected: Verdict, word: str
) -> None:
    """Days, name and trust, of one that is really served."""
    certificate = self_signed(tmp_path, name, days)
    with serving_tls(certificate) as port:
        found = model.look("certificate", public_url=f"https://localhost:{port}")
    assert found.verdict is expected and word in found.fact.en, found


def test_an_address_that_cannot_be_reached_is_a_warning(model: Patient) -> None:
    """This machine may simply not see the public address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"https://localhost:{held.getsockname()[1]}"
        assert model.look("certificate", public_url=url).verdict is WARN


def self_signed(folder: Path, name: str, days: int) -> Path:
    """A certificate and its key in one file, ending in so many days."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=100))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "tls.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + made.public_bytes(Encoding.PEM)
    )
    return path


@contextmanager
def serving_tls(certificate: Path) -> Iterator[int]:
    """A port that shakes hands with this certificate and says nothing more."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    door = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:
                return
            line.settimeout(5)
            try:
                context.wrap_socket(line, server_side=True).close()
            except OSError:
                line.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(door.getsockname()[1])
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join()


# --- what was installed -------------------------------------------------------------------------


def test_every_form_that_is_decoded_has_a_picture() -> None:
    """A codec that the table counts on is asked."""
    import tomllib

    pictures = tomllib.loads(product_checks.PICTURES.read_text("utf-8"))["picture"]
    assert {p["uid"] for p in pictures} == product_checks.decoded_forms()
    assert all(p["name"] == TRANSFER_SYNTAXES[p["uid"]].name for p in pictures)


def test_a_codec_that_fails_is_named(
    model: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture whose codestream is of another form decodes to nothing or to other pixels."""
    text = product_checks.PICTURES.read_text("utf-8")
    wrong = tmp_path / "codecs.toml"
    wrong.write_text(text.replace('uid = "1.2.840.10008.1.2.4.80"', 'uid = "1.2.840.10008.1.2.5"'))
    monkeypatch.setattr(product_checks, "PICTURES", wrong)
    found = model.look("codecs")
    assert found.verdict is FAIL and found.fact.en.endswith(": JPEG-LS Lossless")
