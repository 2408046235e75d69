"""Debian's Orthanc with its DICOMweb plugin, on loopback and a folder of its own.

It has one DICOMweb server configured, called `telemed`, with somebody's token. Knows how to start
it and how to ask it; what its answers mean is for the tests.
"""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services import absent, free_port, wait_until

_WITH_SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass
class Orthanc:
    """A running one."""

    port: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (in lower case) and body of a call."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        made = urllib.request.Request(self.base + path, body, told, method=method)
        try:
            with urllib.request.urlopen(made, timeout=60) as answer:
                return answer.status, _lower(answer.headers), answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, _lower(refused.headers), refused.read()

    def ok(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a call of its own REST API that must succeed."""
        raw = None if body is None else json.dumps(body).encode()
        status, _, answer = self.ask(method, path, raw)
        assert status == 200, f"Orthanc {method} {path}: {status} {answer[:500]!r}"
        return json.loads(answer) if answer else None

    def keep(self, data: bytes) -> dict[str, Any]:
        """Store one file; what it says about it."""
        status, _, answer = self.ask("POST", "/instances", data)
        assert status == 200, answer
        found: dict[str, Any] = json.loads(answer)
        return found

    def forget(self) -> None:
        """Drop all its studies."""
        for study in self.ok("GET", "/studies"):
            self.ok("DELETE", f"/studies/{study}")

    def remote(self, what: str, body: object) -> Any:
        """Let its client do something with `telemed`."""
        return self.ok("POST", f"/dicom-web/servers/telemed/{what}", body)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def orthanc(folder: Path, telemed: str, token: str) -> Iterator[Orthanc]:
    """One in `folder` whose client knows the server at `telemed`."""
    program = shutil.which("Orthanc", path=_WITH_SBIN)
    if program is None or not _PLUGIN.exists():
        absent("Orthanc with its DICOMweb plugin")
    found = Orthanc(free_port())
    folder.mkdir()
    config = folder / "orthanc.json"
    config.write_text(json.dumps(_config(folder, found.port, telemed, token)))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(program), str(config)], stdout=log, stderr=log)
    try:
        wait_until(lambda: _is_up(found, process), "Orthanc")
        yield found
    finally:
        process.terminate()
        process.wait(30)


def _config(folder: Path, port: int, telemed: str, token: str) -> dict[str, Any]:
    client = {"Url": telemed, "HttpHeaders": {"Authorization": f"Bearer {token}"}}
    return {
        "StorageDirectory": str(folder / "data"), "IndexDirectory": str(folder / "data"),
        "Plugins": [str(_PLUGIN)], "HttpPort": port, "DicomServerEnabled": False,
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "OverwriteInstances": False,
        "UnknownSopClassAccepted": True, "SaveJobs": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full",
                     "SeriesMetadata": "Full", "Servers": {"telemed": client}},
    }  # fmt: skip


def _is_up(found: Orthanc, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "Orthanc stopped; see its log"
    try:
        return found.ask("GET", "/system")[0] == 200
    except urllib.error.URLError:
        return False
