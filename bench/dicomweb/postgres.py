"""A PostgreSQL cluster of its own for the benchmark, with everything that keeps commits left on."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.dicomweb.ports import free_port


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: SQLAlchemy's address of its database, and its first process."""

    url: str
    pid: int


@contextmanager
def postgres() -> Iterator[Cluster]:
    """A cluster until the end of the block; the newest PostgreSQL that Debian installed."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    programs = max(found, key=lambda path: int(path.parts[-3])).parent
    folder = Path(tempfile.mkdtemp(prefix="telemed-bench-postgres-"))
    port, password = free_port(), secrets.token_hex(16)
    secret = folder / "password"
    secret.write_text(password)
    if os.geteuid() == 0:  # the server refuses root
        for path in (folder, secret):
            shutil.chown(path, "postgres")
    try:
        options = ["--auth=scram-sha-256", "--username=telemed", "--encoding=UTF8", "--locale=C"]
        _run(programs, folder, "initdb", *options, f"--pwfile={secret}")
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        _run(programs, folder, "pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", settings)
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        url = f"postgresql+psycopg://telemed:{password}@127.0.0.1:{port}/postgres"
        yield Cluster(url, pid)
    finally:
        _run(programs, folder, "pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _run(programs: Path, folder: Path, program: str, *words: str) -> None:
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*as_postgres, str(programs / program), "-D", str(folder / "data"), *words]
    # pg_ctl's child keeps a pipe open, so nothing is captured.
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
