"""What the judges meet: a running server, and the sample studies that the set-up drew."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dicom_samples.make import Manifest, read
from tests.server.imaging_house import House, house_at

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STORER = "tiandong-technician"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Four institutions' server in this process, on a database of its own."""
    async with house_at(tmp_path / "house") as found:
        yield found


@pytest.fixture(scope="session")
def samples() -> Manifest:
    """All sample studies, as `make conformance` drew them from these very sources."""
    return read(ROOT / "build" / "samples")


async def store_study(house: House, samples: Manifest, key: str, who: str = STORER) -> str:
    """Store a sample study in batches of twenty; its UID."""
    files = [path.read_bytes() for path in samples.files(key)]
    for start in range(0, len(files), 20):
        reply = await house.store(who, *files[start : start + 20])
        assert reply.status == 200, reply.body[:300]
    return samples[key].study_uid
