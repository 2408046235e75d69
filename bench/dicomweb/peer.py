"""The peer: Debian's Orthanc with its DICOMweb plugin, in a folder of its own.

Installing it takes root and two minutes: this machine may run an older Debian, so it lives in a
chroot. Its settings are the kindest that keep what was stored: a flush for each file, its caches
on, no deferred work that would be charged to the next case (docs/performance.md says more).
"""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.dicomweb.ports import Server, free_port, wait_for

ROOT = Path(os.environ.get("ORTHANC_ROOT", "/var/tmp/telemed-orthanc"))
_RELEASE = "trixie"
_MIRROR = "http://deb.debian.org/debian"


def install() -> str:
    """Install it unless it is there; its version."""
    if not (ROOT / "usr/sbin/Orthanc").exists():
        if os.geteuid() != 0:
            raise PermissionError("installing Orthanc in a chroot takes root")
        if shutil.which("debootstrap") is None:
            subprocess.run(["apt-get", "install", "-y", "-qq", "debootstrap"], check=True)
        ROOT.parent.mkdir(parents=True, exist_ok=True)
        packages = "--include=ca-certificates"
        base = ["debootstrap", "--variant=minbase", packages, _RELEASE, str(ROOT), _mirror()]
        subprocess.run(base, check=True)
        policy = ROOT / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")  # nothing is started by being installed
        policy.chmod(0o755)
        wanted = ["orthanc", "orthanc-dicomweb"]
        _inside("apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted)
    shown = "${Package} ${Version}, "
    return _inside("dpkg-query", "-W", "-f", shown, "orthanc", "orthanc-dicomweb").rstrip(", ")


def _mirror() -> str:
    """The mirror this machine already uses."""
    folder = Path("/etc/apt")
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]:
        for word in path.read_text().split() if path.is_file() else ():
            if word.startswith(("http://", "https://")) and word.rstrip("/").endswith("/debian"):
                return word
    return _MIRROR


def _inside(*words: str) -> str:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(
        ["chroot", str(ROOT), *words], check=True, env=env, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


@contextmanager
def orthanc(name: str, more: dict[str, object] | None = None) -> Iterator[Server]:
    """Orthanc until the end of the block, on fresh data that is dropped afterwards."""
    port, folder = free_port(), ROOT / "data" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = folder.with_suffix(".json")
    config.write_text(json.dumps({**_settings(name, port), **(more or {})}, indent=1))
    _prepare()
    log = folder.with_suffix(".log")
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["chroot", str(ROOT), "/usr/sbin/Orthanc", f"/data/{config.name}"],
            stdout=said,
            stderr=said,
        )
        try:
            wait_for(port, process, log)
            base = f"http://127.0.0.1:{port}/dicom-web"
            yield Server("Orthanc", base, (process.pid,), {})
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            shutil.rmtree(folder, ignore_errors=True)


def _prepare() -> None:
    """What a bare chroot lacks; without the two files each new thread waits seconds for DNS."""
    if not (ROOT / "proc/self").exists():
        subprocess.run(["mount", "-t", "proc", "proc", str(ROOT / "proc")], check=True)
    random = ROOT / "dev/urandom"
    if not random.exists():
        os.mknod(random, 0o20666, os.makedev(1, 9))
    (ROOT / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
    (ROOT / "etc/hostid").write_bytes(bytes((127, 0, 0, 1)))


def _settings(name: str, port: int) -> dict[str, object]:
    return {
        "Name": name,
        "StorageDirectory": f"/data/{name}",
        "IndexDirectory": f"/data/{name}",
        "StorageCompression": False,
        "MaximumStorageCacheSize": 512,
        "OverwriteInstances": True,
        "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
        "ConcurrentJobs": 4,
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "HttpCompressionEnabled": False,
        "KeepAlive": True,
        "KeepAliveTimeout": 30,
        "TcpNoDelay": True,
        "HttpThreadsCount": 50,
        "UnknownSopClassAccepted": True,
        "OrthancExplorerEnabled": False,
        "WebDavEnabled": False,
        "SyncStorageArea": True,
        "SaveJobs": False,
        "StableAge": 1_000_000,
        "DicomWeb": {
            "Enable": True,
            "Root": "/dicom-web/",
            "EnableWado": True,
            "StudiesMetadata": "Full",
            "SeriesMetadata": "Full",
            "EnableMetadataCache": True,
            "MetadataWorkerThreadsCount": 4,
        },
    }
