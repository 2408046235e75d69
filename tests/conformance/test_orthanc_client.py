"""Debian's Orthanc as a client: its DICOMweb plugin stores to us, asks us and fetches from us."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from tests.conformance.orthanc import Orthanc, orthanc
from tests.server.imaging_house import House, token
from tests.store.files import ct_bytes

WHO = "tiandong-technician"

pytestmark = pytest.mark.conformance


@dataclass
class Pair:
    """Orthanc and the house it knows."""

    house: House
    orthanc: Orthanc

    async def remote(self, what: str, body: object) -> Any:
        """What Orthanc's client gets when it asks us."""
        return await asyncio.to_thread(self.orthanc.remote, what, body)

    async def keep(self, *files: bytes) -> list[dict[str, Any]]:
        return [await asyncio.to_thread(self.orthanc.keep, data) for data in files]


@pytest.fixture
async def pair(house: House, tmp_path: Path) -> AsyncIterator[Pair]:
    with orthanc(tmp_path / "orthanc", f"{house.base}/dicom-web/", token(WHO)) as found:
        yield Pair(house, found)


def slices(count: int = 3, **more: Any) -> list[bytes]:
    return [ct_bytes(sop=f"2.25.1.1.{n}", number=n, fill=n, **more) for n in range(1, count + 1)]


async def test_it_stores_to_us(pair: Pair) -> None:
    """OR S35: its client uploads in chunks: everything is really here, byte for byte."""
    files = slices()
    kept = await pair.keep(*files)
    told = await pair.remote("stow", {"Resources": [kept[0]["ParentStudy"]], "Synchronous": True})
    assert told["InstancesCount"] == "3"
    for number, data in enumerate(files, 1):
        path = f"/dicom-web/studies/2.25.1/series/2.25.1.1/instances/2.25.1.1.{number}"
        reply = await pair.house.get(WHO, path, "application/dicom; transfer-syntax=*")
        assert reply.body == data


async def test_it_finds_what_we_have(pair: Pair) -> None:
    """Studies, series and instances by key, names in Chinese, and nobody for nobody."""
    await pair.house.store(WHO, *slices())
    by_name = {"Uri": "/studies", "Arguments": {"00100010": "韦*"}}
    (study,) = await pair.remote("qido", by_name)
    assert study["0020000D"]["Value"] == "2.25.1"
    series = await pair.remote("qido", {"Uri": "/series", "Arguments": {"0020000D": "2.25.1"}})
    instances = await pair.remote("qido", {"Uri": "/studies/2.25.1/instances"})
    nobody = await pair.remote("qido", {"Uri": "/studies", "Arguments": {"00100020": "X"}})
    assert (len(series), len(instances), nobody) == (1, 3, [])


@pytest.mark.parametrize("resource", [
    {"Study": "2.25.1"},
    {"Study": "2.25.1", "Series": "2.25.1.1"},
    {"Study": "2.25.1", "Series": "2.25.1.1", "Instance": "2.25.1.1.2"},
])  # fmt: skip
async def test_it_fetches_from_us(pair: Pair, resource: dict[str, str]) -> None:
    """A study, a series, an instance: afterwards Orthanc has the same bytes."""
    files = slices()
    await pair.house.store(WHO, *files)
    await pair.remote("retrieve", {"Resources": [resource], "Synchronous": True})
    wanted = {2: files[1]} if "Instance" in resource else dict(enumerate(files, 1))
    got = {}
    for key in await asyncio.to_thread(pair.orthanc.ok, "GET", "/instances"):
        _, _, data = await asyncio.to_thread(pair.orthanc.ask, "GET", f"/instances/{key}/file")
        got[int(dcmread(BytesIO(data)).InstanceNumber)] = data
    assert got == wanted


async def test_it_gets_what_it_likes(pair: Pair) -> None:
    """`get` passes on metadata and a picture; an implicit file arrives explicit."""
    await pair.house.store(WHO, *slices(implicit=True))
    series = "/studies/2.25.1/series/2.25.1.1"
    metadata = await pair.remote("get", {"Uri": f"{series}/metadata"})
    assert [m["00080018"]["Value"] for m in metadata] == [[f"2.25.1.1.{n}"] for n in (1, 2, 3)]
    picture = {"Uri": f"{series}/instances/2.25.1.1.1/rendered",
               "HttpHeaders": {"Accept": "image/png"}}  # fmt: skip
    status, _, body = await asyncio.to_thread(
        pair.orthanc.ask, "POST", "/dicom-web/servers/telemed/get", json.dumps(picture).encode()
    )
    assert (status, body[:4]) == (200, b"\x89PNG")
    await pair.remote("retrieve", {"Resources": [{"Study": "2.25.1"}], "Synchronous": True})
    assert len(await asyncio.to_thread(pair.orthanc.ok, "GET", "/instances")) == 3
