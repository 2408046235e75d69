"""telemed for the benchmark: a server on a data directory of its own, an account and a token.

SQLite and one process, or PostgreSQL and so many processes when told. Only settings that an
operator has are used; nothing of what protects is turned off.
"""

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from bench.dicomweb.ports import Server, free_port, wait_for
from telemed import assemble
from telemed.actions import accounts
from telemed.actions.act import Act
from telemed.actions.worklist import SYSTEM
from telemed.core.access import Role
from telemed.settings import CONFIGS, Settings, load_catalogue
from telemed.store.accounts import by_username
from telemed.store.tx import Tx

INSTITUTION = "450300A01"
"""A hospital of the demonstration's register."""
_USER = "bench-modality"


@contextmanager
def telemed(
    folder: Path, database: str = "", workers: int = 1, more_pids: tuple[int, ...] = ()
) -> Iterator[Server]:
    """A server until the end of the block. What `folder` holds already is served on."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "telemed.toml"
    lines = [f"port = {port}", f'data_dir = "{folder}"', f'secret = "{secrets.token_hex(32)}"']
    if database:
        lines.append(f'database_url = "{database}"')
    config.write_text("\n".join(lines) + "\n", "utf-8")
    settings = Settings(port=port, data_dir=folder, database_url=database)
    token = _furnish(settings, config)
    command = [sys.executable, "-m", "telemed", "serve", f"--config={config}"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*command, f"--workers={workers}"], stdout=log, stderr=log)
        try:
            wait_for(port, process, folder / "log")
            header = {"Authorization": f"Bearer {token}"}
            base = f"http://127.0.0.1:{port}/dicom-web"
            yield Server("telemed", base, (process.pid, *more_pids), header)
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()


def _furnish(settings: Settings, config: Path) -> str:
    """The register, an account of a hospital that stores and reads, and a token for it."""
    store = assemble.open_store(settings)
    try:
        if store.read_now(lambda tx: by_username(tx, _USER)) is None:
            command = [sys.executable, "-m", "telemed", "network", "import"]
            words = [*command, str(CONFIGS / "network"), f"--config={config}"]
            subprocess.run(words, check=True, capture_output=True)
            store.write_now(lambda tx: accounts.add_account(_act(tx, settings), _account()))
        token = secrets.token_urlsafe(32)
        store.write_now(lambda tx: _add_token(_act(tx, settings), token))
        return token
    finally:
        store.close()


def _act(tx: Tx, settings: Settings) -> Act:
    return Act(tx, SYSTEM, assemble.clock(), assemble.new_id, load_catalogue(settings.configs))


def _account() -> accounts.NewAccount:
    return accounts.NewAccount(
        username=_USER,
        password_hash=accounts.hash_password(secrets.token_urlsafe(24)),
        name="Benchmark",
        roles=[Role.TECHNICIAN.value],
        institution_id=INSTITUTION,
    )


def _add_token(act: Act, token: str) -> None:
    account = by_username(act.tx, _USER)
    assert account is not None
    accounts.make_token(act, accounts.NewToken(token, account["id"], _USER, None, timedelta(1)))
