"""A deployment to be looked over: the world's data directory on a disk, in good health.

Knows how to make one and how to ask a single check; what is wrong with it, the tests do.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from telemed.followers.follow import catch_up_fully
from telemed.followers.tallies import TALLIES
from telemed.operations.checkup import Deployment, Finding
from telemed.operations.doctor import CHECKS, examine
from telemed.settings import Settings
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.services import free_port

ROWS = {check.code: check for check in CHECKS}


def finding(at: Deployment, code: str) -> Finding:
    """What one check of the table finds; it must not break on the way."""
    [result] = examine(at, [ROWS[code]])
    assert "the check itself broke" not in result.finding.fact.en, result.finding
    return result.finding


@dataclass
class Patient:
    """A data directory and the settings that point at it."""

    data: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    def look(self, code: str, deep: bool = False, **more: Any) -> Finding:
        """What a check finds now, on a fresh look."""
        settings = Settings(**{**self.settings, "data_dir": self.data, **more})
        return finding(Deployment(settings, deep=deep), code)

    def deployment(self, **more: Any) -> Deployment:
        """To run the whole table on."""
        return Deployment(Settings(**{**self.settings, "data_dir": self.data, **more}))

    def write(self, do: Any) -> None:
        """Change the database as a program that is not telemed would."""
        store = Store(f"sqlite:///{self.data / 'telemed.sqlite3'}")
        try:
            store.write_now(do)
        finally:
            store.close()

    def sql(self, *statements: str) -> None:
        """Run statements on the database."""

        def run(tx: Tx) -> None:
            for statement in statements:
                tx.connection.exec_driver_sql(statement)

        self.write(run)

    def blobs(self) -> list[Path]:
        """Every image file."""
        return sorted(p for p in (self.data / "blobs").rglob("*") if p.is_file())


def healthy(template: Path, folder: Path) -> Patient:
    """A copy of the world that a server has just been stopped on, and files for browsers."""
    data = folder / "data"
    shutil.copytree(template, data)
    store = Store(f"sqlite:///{data / 'telemed.sqlite3'}")
    catch_up_fully(store, TALLIES)
    store.close()
    web, viewer = folder / "web", folder / "viewer"
    for place in (web, viewer):
        place.mkdir()
        (place / "index.html").write_text("<!doctype html>")
    (viewer / "manifest.json").write_text('{"workers": ["decode.js"]}')
    more = {"web_dir": web, "viewer_dir": viewer, "port": free_port(), "workers": 1}
    return Patient(data, {**more, "free_space_reserve_bytes": 0})
