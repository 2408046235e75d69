"""What this machine offers: disk, ports, Node, Debian packages, the right to install them.

Answers questions and names what is missing; only `install_packages` changes anything, and only
through apt as root or with a sudo that asks for no password. Knows nothing of the project's own
steps.
"""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from progress import Step
from trouble import Stop

_WITH_SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
"""Where Debian keeps servers; an ordinary user's PATH leaves it out."""

CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser")
# What the whole test suite needs beside Python: Debian package, and how to see that it is there.
TEST_PACKAGES: tuple[tuple[str, Callable[[], bool]], ...] = (
    ("redis-server", lambda: shutil.which("redis-server") is not None),
    ("nginx-light", lambda: shutil.which("nginx", path=_WITH_SBIN) is not None),
    ("postgresql", lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
    ("chromium-headless-shell", lambda: any(map(shutil.which, CHROMIUMS))),
    ("dcmtk", lambda: shutil.which("dcmdump") is not None),
    ("curl", lambda: shutil.which("curl") is not None),
    ("strace", lambda: shutil.which("strace") is not None),
    ("libfaketime", lambda: any(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))),
    ("coturn", lambda: shutil.which("turnserver") is not None),
    ("janus", lambda: shutil.which("janus") is not None),
    ("calcurse", lambda: shutil.which("calcurse") is not None),
    ("dicom3tools", lambda: shutil.which("dciodvfy") is not None),
    ("fonts-noto-cjk", lambda: any(Path("/usr/share/fonts").rglob("Noto*CJK*"))),
)
# What the judges of `make conformance` need beside these.
JUDGE_PACKAGES: tuple[tuple[str, Callable[[], bool]], ...] = (
    ("orthanc", lambda: shutil.which("Orthanc", path=_WITH_SBIN) is not None),
    ("orthanc-dicomweb", lambda: any(Path("/usr/share/orthanc").rglob("libOrthancDicomWeb.so*"))),
)


def require_space(folder: Path, megabytes: int) -> None:
    """Raise Stop unless the disk under `folder` has that much free."""
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise Stop(
            f"Not enough disk: {free} MB are free under {folder} and the next step needs "
            f"about {megabytes} MB. Free some space and run it again."
        )


def require_port(port: int) -> None:
    """Raise Stop when something on this machine already listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Stop(
                f"Port {port} is busy: stop the program that uses it (is a demo already running?) "
                f"or choose another one with `make demo PORT={port + 1}`."
            ) from error


def is_node_new_enough(version: str) -> bool:
    """Does Vite run on this Node: 20.19 and later of the 20 line, or 22.12 and later?"""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def system_node() -> Path | None:
    """The folder of this machine's own node and npm, when both are there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return Path(node).parent if is_node_new_enough(asked.stdout) else None


def missing_packages(needed: tuple[tuple[str, Callable[[], bool]], ...]) -> list[str]:
    """Debian packages of a table that this machine lacks."""
    return [package for package, is_there in needed if not is_there()]


def right_to_install() -> list[str] | None:
    """The words before apt-get: none as root, sudo that asks nothing; None without the right."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    may = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    return [sudo, "-n"] if may else None


def install_packages(step: Step, packages: list[str], why: str) -> None:
    """Install Debian packages. Raises Stop with one list when there is no right to."""
    right = right_to_install()
    if right is None:
        raise Stop(f"{why} needs these packages: sudo apt install {' '.join(packages)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    step.run([*right, "apt-get", "update", "-q"], cwd=Path("/"), env=env)
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    step.run([*right, *install], cwd=Path("/"), env=env)
