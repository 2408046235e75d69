"""dcmtk's dcm2json as an independent writer of DICOM JSON, over every instance of every sample.

What pydicom ships is compared in tests/dicom/test_jsonmodel.py, with the same eyes. Here it is the
metadata as it is served that is compared.
"""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dicom_samples.make import KEYS, Manifest
from telemed.dicom.scan import scan
from tests.conformance.conftest import store_study
from tests.dicom.test_jsonmodel import differences
from tests.server.imaging_house import House
from tests.services import absent

WHO = "tiandong-technician"
MISLABELED = "cr_chest_normal"
"""GBK under a Latin label: dcm2json believes the label, we the bytes (see its row in
differences.toml). Text is left out of the comparison of this one."""
TEXTS = ("LO", "PN", "SH", "ST", "LT", "UT", "UC")

pytestmark = pytest.mark.conformance


def theirs(path: Path, folder: Path) -> dict[str, Any]:
    """What dcm2json writes of a file without its pixels, which it cannot when compressed."""
    program = shutil.which("dcm2json") or absent("dcm2json")
    data = path.read_bytes()
    file = scan(data)
    if file.pixels is not None:
        data = data[: file.pixels.element.offset - (8 if file.syntax.implicit else 12)]
    cut = folder / "cut.dcm"
    cut.write_bytes(data)
    done = subprocess.run([str(program), cut], capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, (path, done.stderr[-300:])
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _without(told: dict[str, Any], vrs: tuple[str, ...]) -> dict[str, Any]:
    """A data set and its items without elements of these VRs."""
    return {
        tag: {**element, "Value": [_without(item, vrs) for item in element.get("Value", [])]}
        if element["vr"] == "SQ"
        else element
        for tag, element in told.items()
        if element["vr"] not in vrs
    }


@pytest.mark.parametrize("key", KEYS)
async def test_metadata_is_what_dcmtk_writes(
    house: House, samples: Manifest, key: str, tmp_path: Path
) -> None:
    """The same elements, VRs and values in every instance, apart from pixels and bulk."""
    study = await store_study(house, samples, key)
    served = (await house.get(WHO, f"/dicom-web/studies/{study}/metadata")).json
    ours = {one["00080018"]["Value"][0]: one for one in served}
    assert len(ours) == samples[key].instances
    left_out = TEXTS if key == MISLABELED else ()
    for path in samples.files(key):
        wanted = await asyncio.to_thread(theirs, path, tmp_path)
        mine = dict(ours[wanted["00080018"]["Value"][0]])
        mine.pop("7FE00010", None)
        found = differences(_without(mine, left_out), _without(wanted, left_out))
        assert found == [], path
