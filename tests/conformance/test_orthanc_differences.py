"""The same requests to us and to Debian's Orthanc over the same files, every difference explained.

`differences.toml` says for each difference why it is there; one that it does not explain fails the
test, and so does an explanation that explains nothing any more. Who is right is not decided by
counting: Orthanc is a second opinion and its packaged version is old.
"""

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dicom_samples.make import Manifest
from tests.conformance.orthanc import Orthanc, orthanc
from tests.hostile_dicom import valid_files
from tests.server.imaging_house import House, token
from tests.store.files import ct_bytes

HERE = Path(__file__).resolve().parent
WHO = "tiandong-technician"

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(300)]


@dataclass
class Reply:
    """What is compared of an answer."""

    status: int
    type: str
    body: bytes = field(repr=False)


async def ours(house: House, path: str, accept: str) -> Reply:
    reply = await house.get(WHO, path, accept)
    return Reply(reply.status, reply.headers.get("Content-Type", ""), reply.body)


async def theirs(peer: Orthanc, path: str, accept: str) -> Reply:
    status, headers, body = await asyncio.to_thread(peer.ask, "GET", path, None, Accept=accept)
    return Reply(status, headers.get("content-type", ""), body)


# --- what is asked ----------------------------------------------------------------------------

_S, _X, _I = "2.25.1", "2.25.1.1", "2.25.1.1.1"
_CT = f"/dicom-web/studies/{_S}/series/{_X}/instances/{_I}"
_DICOM, _JSON = 'multipart/related; type="application/dicom"', "application/dicom+json"
_OCTETS = 'multipart/related; type="application/octet-stream"'
IMPLICIT = "/dicom-web/studies/2.25.2/series/2.25.2.1/instances/2.25.2.1.1"
FRAMES = "/dicom-web/studies/2.25.3/series/2.25.3.1/instances/2.25.3.1.1"

SEARCHES = {
    "studies": "/dicom-web/studies?StudyInstanceUID=2.25.1",
    "studies by name": "/dicom-web/studies?PatientName=Wei*",
    "studies by hanzi": "/dicom-web/studies?PatientName=*%E9%9F%A6*",
    "studies by name in small letters": "/dicom-web/studies?PatientName=wei*",
    "studies by date": "/dicom-web/studies?StudyDate=20260301-20260331&StudyInstanceUID=2.25.1",
    "studies by modality": "/dicom-web/studies?ModalitiesInStudy=CT&StudyInstanceUID=2.25.1",
    "studies by list": "/dicom-web/studies?StudyInstanceUID=2.25.1%5C2.25.2",
    "studies with a field": "/dicom-web/studies?StudyInstanceUID=2.25.1&includefield=StudyID",
    "no study": "/dicom-web/studies?PatientID=nobody",
    "unknown key": "/dicom-web/studies?NoSuchKey=1&StudyInstanceUID=2.25.1",
    "series": "/dicom-web/series?StudyInstanceUID=2.25.1",
    "series of a study": f"/dicom-web/studies/{_S}/series",
    "series of no study": "/dicom-web/studies/2.25.404/series",
    "instances of a study": f"/dicom-web/studies/{_S}/instances",
    "instances of a series": f"/dicom-web/studies/{_S}/series/{_X}/instances",
    "bad limit": "/dicom-web/studies?limit=x",
    "bad date": "/dicom-web/studies?StudyDate=soon",
}
RETRIEVALS = {
    "instance": (_CT, _DICOM),
    "instance of no study": (_CT.replace(_S, "2.25.404", 1), _DICOM),
    "series": (f"/dicom-web/studies/{_S}/series/{_X}", _DICOM),
    "study": (f"/dicom-web/studies/{_S}", _DICOM),
    "implicit instance": (IMPLICIT, _DICOM),
    "implicit instance as stored": (IMPLICIT, f"{_DICOM}; transfer-syntax=*"),
    "frame": (f"{_CT}/frames/1", _OCTETS),
    "frames": (f"{FRAMES}/frames/3,1", _OCTETS),
    "frame zero": (f"{_CT}/frames/0", _OCTETS),
    "frame beyond": (f"{_CT}/frames/9", _OCTETS),
    "pixels": (f"{_CT}/bulkdata/7FE00010", _OCTETS),
    "no such bulk": (f"{_CT}/bulkdata/00291010", _OCTETS),
    "picture": (f"{_CT}/rendered", "image/jpeg"),
    "picture as PNG": (f"{_CT}/rendered", "image/png"),
    "instance as nonsense": (_CT, "application/nope"),
    "study as a picture": (f"/dicom-web/studies/{_S}", "image/png"),
}


def metadata_paths(samples: Manifest) -> dict[str, str]:
    """A study of each kind of object."""
    return {
        "metadata of a CT": f"{_CT}/metadata",
        "metadata of a study": f"/dicom-web/studies/{_S}/metadata",
        "metadata of an implicit CT": f"{IMPLICIT}/metadata",
        "metadata of no study": "/dicom-web/studies/2.25.404/metadata",
        **{f"metadata of {key}": f"/dicom-web/studies/{samples[key].study_uid}/metadata"
           for key in SAMPLES},
    }  # fmt: skip


SAMPLES = ("ecg_sinus", "us_gallbladder", "dx_chest_pneumothorax", "cr_chest_normal")


def files(samples: Manifest) -> Iterator[bytes]:
    """What both hold."""
    for number in (1, 2, 3):
        yield ct_bytes(sop=f"{_X}.{number}", number=number, fill=number)
    yield ct_bytes(study="2.25.2", series="2.25.2.1", sop="2.25.2.1.1", implicit=True)
    yield ct_bytes(study="2.25.3", series="2.25.3.1", sop="2.25.3.1.1", frames=3)
    for key in SAMPLES:
        yield from (path.read_bytes() for path in samples.files(key))
    yield dict(valid_files())["report"]


# --- how answers are compared -----------------------------------------------------------------


def differences(one: Reply, other: Reply) -> Iterator[tuple[str, str, str]]:
    """(aspect, ours, theirs) for whatever is not the same."""
    if one.status != other.status:
        yield "status", str(one.status), str(other.status)
        return
    if one.status >= 400:
        return  # each has its own words for a refusal
    mine, others = (r.type.partition(";")[0] for r in (one, other))
    if mine != others:
        yield "type", mine, others
    elif mine.endswith("json"):
        yield from _of_json(json.loads(one.body or b"[]"), json.loads(other.body or b"[]"))
    elif mine == "multipart/related":
        yield from _of_parts(_parts(one), _parts(other))


def _of_json(one: list[Any], other: list[Any]) -> Iterator[tuple[str, str, str]]:
    if len(one) != len(other):
        yield "count", str(len(one)), str(len(other))
        return
    for mine, others in zip(_sorted(one), _sorted(other), strict=True):
        yield from _of_item(mine, others, "")


def _sorted(found: list[Any]) -> list[Any]:
    keys = ("0020000D", "0020000E", "00080018")
    return sorted(found, key=lambda item: [str(item.get(k, {}).get("Value")) for k in keys])


def _of_item(one: Any, other: Any, above: str) -> Iterator[tuple[str, str, str]]:
    for tag in sorted({*one, *other}):
        mine, others, name = one.get(tag), other.get(tag), f"{above}{tag}"
        if mine is None or others is None:
            yield name, _told(mine), _told(others)
        elif mine["vr"] == others["vr"] == "SQ":
            pairs = (mine.get("Value", []), others.get("Value", []))
            if len(pairs[0]) != len(pairs[1]):
                yield name, f"{len(pairs[0])} items", f"{len(pairs[1])} items"
            for inner in zip(*pairs, strict=False):
                yield from _of_item(*inner, f"{name}/")
        elif _plain(mine) != _plain(others):
            yield name, _told(mine), _told(others)


def _plain(told: dict[str, Any]) -> Any:
    """Values as they are meant: numbers as numbers, URLs without whose they are."""
    if "BulkDataURI" in told:
        return told["vr"], "bulk"
    values = told.get("Value", [])
    if told["vr"] == "UR":
        return "UR", [urlsplit(value).path for value in values]
    return told["vr"], [_number(v) for v in values], told.get("InlineBinary")


def _number(value: Any) -> Any:
    try:
        return round(float(value), 6) if not isinstance(value, dict) else value
    except (TypeError, ValueError):
        return value


def _told(value: Any) -> str:
    return "absent" if value is None else json.dumps(value, ensure_ascii=False)[:120]


def _parts(reply: Reply) -> list[tuple[str, bytes]]:
    """Media type and bytes of each part."""
    boundary = reply.type.partition("boundary=")[2].partition(";")[0].strip('"').encode()
    found = []
    for piece in reply.body.split(b"--" + boundary)[1:-1]:
        head, _, body = piece.partition(b"\r\n\r\n")
        lines = [
            line for line in head.decode().split("\r\n") if line.lower().startswith("content-type:")
        ]
        found.append(
            (lines[0].split(":", 1)[1].strip() if lines else "", body.removesuffix(b"\r\n"))
        )
    return found


def _of_parts(
    one: list[tuple[str, bytes]], other: list[tuple[str, bytes]]
) -> Iterator[tuple[str, str, str]]:
    if len(one) != len(other):
        yield "parts", str(len(one)), str(len(other))
        return
    kinds = [sorted({kind for kind, _ in parts}) for parts in (one, other)]
    if kinds[0] != kinds[1]:
        yield "part type", str(kinds[0]), str(kinds[1])
    if sorted(body for _, body in one) != sorted(body for _, body in other):
        sizes = [sum(len(body) for _, body in parts) for parts in (one, other)]
        yield "part bytes", f"{sizes[0]} bytes", f"{sizes[1]} bytes"


# --- the test ---------------------------------------------------------------------------------


@pytest.fixture
async def peer(house: House, samples: Manifest, tmp_path: Path) -> AsyncIterator[Orthanc]:
    """Orthanc and the house, both with all the files."""
    with orthanc(tmp_path / "orthanc", f"{house.base}/dicom-web/", token(WHO)) as found:
        for data in files(samples):
            assert (await house.store(WHO, data)).status == 200
            await asyncio.to_thread(found.keep, data)
        yield found


async def test_every_difference_is_explained(
    house: House, samples: Manifest, peer: Orthanc
) -> None:
    """Ours and theirs, request by request; the table has exactly the differences there are."""
    table = tomllib.loads((HERE / "differences.toml").read_text("utf-8"))["difference"]
    used: set[int] = set()
    unexplained = []
    asked = {
        **{f"search {name}": (path, _JSON) for name, path in SEARCHES.items()},
        **{name: (path, _JSON) for name, path in metadata_paths(samples).items()},
        **RETRIEVALS,
    }
    for name, (path, accept) in asked.items():
        one, other = await ours(house, path, accept), await theirs(peer, path, accept)
        for aspect, mine, others in dict.fromkeys(differences(one, other)):
            why = [n for n, row in enumerate(table) if fnmatchcase(name, row["request"])
                   and any(fnmatchcase(aspect, a) for a in row["aspects"])]  # fmt: skip
            used.update(why)
            if not why:
                unexplained.append(f"{name} | {aspect} | {mine} | {others}")
    assert not unexplained, "\n".join(unexplained)
    assert used == set(range(len(table))), [r for n, r in enumerate(table) if n not in used]
