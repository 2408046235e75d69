"""wsidicom opens a slide over the wire: search, metadata, tiles in batches, codecs it must find."""

import asyncio
from typing import Any

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session

from dicom_samples.make import Manifest
from tests.conformance.conftest import store_study
from tests.server.imaging_house import House, token

WHO = "tiandong-technician"
CORNERS = [((0, 0), 0), ((1500, 900), 0), ((700, 300), 1), ((100, 50), 2)]
"""Places and levels at which the slide is looked at."""

# wsidicom reads metadata without its pixels, and pydicom tells it so.
pytestmark = [
    pytest.mark.conformance,
    pytest.mark.filterwarnings("ignore:No bulk data URI handler"),
]


def _regions(slide: Any) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(slide.read_region(place, level, (300, 300))) for place, level in CORNERS]


def _over_the_wire(base: str, study: str, series: str) -> tuple[list[Any], tuple[int, int], int]:
    from wsidicom import WsiDicom, WsiDicomWebClient

    session = create_session()
    session.headers["Authorization"] = f"Bearer {token(WHO)}"
    client = WsiDicomWebClient(DICOMwebClient(f"{base}/dicom-web", session=session))
    with WsiDicom.open_web(client, study, series) as slide:
        overview = slide.read_overview().size
        return _regions(slide), overview, len(slide.levels)


async def test_the_slide_over_the_wire_is_the_slide_on_the_disk(
    house: House, samples: Manifest
) -> None:
    """WS Q31, E1: levels and overview are found; regions across tiles have the same pixels."""
    from wsidicom import WsiDicom

    uid = await store_study(house, samples, "wsi_gastric")
    (found,) = (await house.get(WHO, f"/dicom-web/studies/{uid}/series")).json
    series = found["0020000E"]["Value"][0]
    regions, overview, levels = await asyncio.to_thread(_over_the_wire, house.base, uid, series)
    with WsiDicom.open(samples.files("wsi_gastric")) as slide:
        wanted = _regions(slide)
        assert (overview, levels) == (slide.read_overview().size, len(slide.levels))
    for got, want in zip(regions, wanted, strict=True):
        assert np.array_equal(got, want)
        assert got.std() > 1  # tissue, not an empty field
