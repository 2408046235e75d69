"""npm's dicomweb-client, the library that OHIF and Slim speak through, run by Node."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from tests.server.imaging_house import House, token
from tests.services import absent
from tests.store.files import ct_bytes, write

HERE = Path(__file__).resolve().parent
WHO = "tiandong-technician"

pytestmark = pytest.mark.conformance


def hashes(*files: bytes) -> list[str]:
    return [hashlib.sha256(file).hexdigest() for file in files]


async def stranger(house: House, files: list[Path]) -> dict[str, Any]:
    """What the client got from every call it knows."""
    node = shutil.which("node") or absent("node")
    told = {
        "url": f"{house.base}/dicom-web",
        "token": token(WHO),
        "files": [str(path) for path in files],
        "uids": ["2.25.1", "2.25.1.1", "2.25.1.1.1"],
    }

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(node), "stranger.mjs"], cwd=HERE, input=json.dumps(told), env=os.environ,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("count", [1, 3])
async def test_every_round_trip(house: House, tmp_path: Path, count: int) -> None:
    """DJ S37: stored, found at each level, and every byte back by every way the client knows."""
    files = [ct_bytes(sop=f"2.25.1.1.{n}", number=n, fill=n) for n in range(1, count + 1)]
    paths = [write(tmp_path, f"{n}.dcm", data) for n, data in enumerate(files)]
    found = await stranger(house, paths)
    pixels = hashes(dcmread(BytesIO(files[0])).PixelData)
    assert found == {
        "stored": count,
        "failed": None,
        "studies": 1,
        "nobody": 0,
        "series": 1,
        "instances": count,
        "study_metadata": count,
        "series_metadata": count,
        "instance": hashes(files[0])[0],
        "series_files": hashes(*files),
        "study_files": hashes(*files),
        "frames": pixels,
        "bulk": pixels,
        "rendered": "ffd8ff",
        "thumbnail": "ffd8ff",
    }
