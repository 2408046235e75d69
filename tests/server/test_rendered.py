"""Rendering as strangers ask for it: windows, words, films, reports, presentation states."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.dicom.files import shipped
from tests.server.imaging_house import House, Reply, house_at
from tests.store.files import ct_bytes

OWNER, OTHER = "tiandong-technician", "tiane-technician"
INSTANCE = "/dicom-web/studies/2.25.1/series/2.25.1.1/instances/2.25.1.1.1"
STATE = "/dicom-web/studies/2.25.1/series/2.25.1.9/instances/2.25.1.9.1"
GSPS = "1.2.840.10008.5.1.4.1.1.11.1"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_at(tmp_path) as found:
        yield found


def pixels(reply: Reply) -> Any:
    assert reply.status == 200, reply.body
    return np.asarray(Image.open(BytesIO(reply.body))).astype(int)


async def png(house: House, path: str, query: str = "") -> Any:
    return pixels(await house.get(OWNER, f"{path}/rendered?{query}", "image/png"))


def _window(x: Any, center: float, width: float, function: str) -> Any:
    """The functions as PS3.3 C.11.2.1.2 and C.11.2.1.3 print them, to 0 .. 255."""
    if function == "sigmoid":
        return 255 / (1 + np.exp(-4 * (x - center) / width))
    if function == "linear-exact":
        return np.clip((x - center) / width + 0.5, 0, 1) * 255
    return np.clip((x - (center - 0.5)) / (width - 1) + 0.5, 0, 1) * 255


# --- windows ----------------------------------------------------------------------------------


async def test_a_window_is_the_formula_of_the_standard(house: House) -> None:
    """Case N4: every pixel of every function, behind slope and intercept."""
    await house.store(OWNER, ct_bytes(RescaleSlope="2", RescaleIntercept="-100"))
    x = 2 * (100 + np.arange(32)) - 100
    for function in ("linear", "linear-exact", "sigmoid"):
        got = (await png(house, INSTANCE, f"window=130,40,{function}"))[0]
        assert np.abs(got - _window(x, 130, 40, function)).max() <= 0.51


async def test_a_frame_has_its_own_rescale_and_window(house: House) -> None:
    """Functional groups of a frame come before everything else (PS3.3 C.7.6.16.2.9, .10)."""
    groups = []
    for slope, center in ((1, 116), (3, 3330)):
        rescale, voi, group = Dataset(), Dataset(), Dataset()
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = slope, 0, "US"
        voi.WindowCenter, voi.WindowWidth = center, 30
        group.PixelValueTransformationSequence, group.FrameVOILUTSequence = [rescale], [voi]
        groups.append(group)
    await house.store(OWNER, ct_bytes(frames=2, PerFrameFunctionalGroupsSequence=groups))
    for number, slope, center in ((1, 1, 116), (2, 3, 3330)):
        x = slope * (100 + np.arange(32) + 1000 * (number - 1))
        got = (await png(house, f"{INSTANCE}/frames/{number}"))[0]
        assert np.abs(got - _window(x, center, 30, "linear")).max() <= 0.51


async def test_the_narrowest_window_is_a_threshold(house: House) -> None:
    """Width 1: up to the center less a half is black, the rest white (C.11.2.1.2.1)."""
    await house.store(OWNER, ct_bytes())
    got = (await png(house, INSTANCE, "window=110.5,1,linear"))[0]
    assert list(got) == [0] * 11 + [255] * 21


ILL_FORMED = (
    "window=1,2", "window=1,2,cubic", "window=1,0,linear", "window=a,2,linear", "quality=0",
    "quality=101", "quality=x", "quality=", "viewport=0,5", "viewport=5", "viewport=5,5,1,1",
    "viewport=a,b", "annotation=", "annotation=patient,,technique", "annotation=<b>",
)  # fmt: skip


async def test_ill_formed_parameters_are_refused(house: House) -> None:
    """400, each (PS3.18 8.3.5.1, cases N2 and N5)."""
    await house.store(OWNER, ct_bytes())
    for query in ILL_FORMED:
        assert (await house.get(OWNER, f"{INSTANCE}/rendered?{query}")).status == 400, query


async def test_viewport_and_quality(house: House) -> None:
    """Elided values, flips, proportions kept; a better quality is a longer file (N2, N5)."""
    await house.store(OWNER, ct_bytes(side=64))
    whole = await png(house, INSTANCE)
    part = await png(house, INSTANCE, "viewport=16,16,48,,16,16")
    assert np.array_equal(part, whole[:16, 48:])
    turned = await png(house, INSTANCE, "viewport=64,64,,,-64,64")
    assert np.array_equal(turned, whole[:, ::-1])
    assert (await png(house, INSTANCE, "viewport=100,20")).shape == (20, 20)
    assert (await png(house, INSTANCE, "viewport=128,500")).shape == (128, 128)
    sizes = [
        len((await house.get(OWNER, f"{INSTANCE}/rendered?quality={q}")).body) for q in (1, 100)
    ]
    assert sizes[0] < sizes[1]


# --- words and profiles -----------------------------------------------------------------------


async def test_words_are_drawn_where_they_are_asked_for(house: House) -> None:
    """The patient above, the technique below, and a warning about what is not known."""
    await house.store(OWNER, ct_bytes(side=256, fill=0, KVP="120"))
    plain = await png(house, INSTANCE, "window=128,256,linear")
    query = "window=128,256,linear&annotation="
    patient = await png(house, INSTANCE, f"{query}patient") - plain
    technique = await png(house, INSTANCE, f"{query}technique") - plain
    assert np.abs(patient[:128]).max() > 100 and not patient[128:].any()
    assert np.abs(technique[128:]).max() > 100 and not technique[:128].any()
    told = await house.get(OWNER, f"{INSTANCE}/rendered?annotation=patient,moon&iccprofile=rommrgb")
    assert told.status == 200
    warnings = told.headers.getall("Warning")
    service = f"299 {house.services.settings.origin}/dicom-web: "
    assert warnings[0] == f"{service}The following annotation values are not supported: moon"
    assert "iccprofile" in warnings[1]


async def test_a_thumbnail_never_names_the_patient(house: House) -> None:
    """Case N7: `annotation` means nothing to it, and it is small."""
    await house.store(OWNER, ct_bytes(side=512))
    plain = await house.get(OWNER, f"{INSTANCE}/thumbnail", "image/png")
    asked = await house.get(OWNER, f"{INSTANCE}/thumbnail?annotation=patient", "image/png")
    assert asked.body == plain.body
    assert max(Image.open(BytesIO(plain.body)).size) <= 256
    assert (await house.get(OWNER, f"{INSTANCE}/thumbnail?viewport=9,9,1,1,5,5")).status == 400


async def test_a_colour_picture_may_carry_its_profile(house: House) -> None:
    """`iccprofile=yes` and `srgb` give sRGB to what has none; without, there is none."""
    data = shipped("SC_rgb_small_odd.dcm").read_bytes()
    dataset = dcmread(BytesIO(data))
    await house.store(OWNER, data)
    path = (f"/dicom-web/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
            f"/instances/{dataset.SOPInstanceUID}/rendered")  # fmt: skip
    for value, held in (("no", False), ("yes", True), ("srgb", True)):
        for kind in ("image/jpeg", "image/png"):
            reply = await house.get(OWNER, f"{path}?iccprofile={value}", kind)
            assert ("icc_profile" in Image.open(BytesIO(reply.body)).info) is held


# --- films ------------------------------------------------------------------------------------


async def test_a_film_where_one_is_asked_for(house: House) -> None:
    """All frames as GIF or MP4 at the file's rate; a frame list chooses; one frame is a still."""
    await house.store(OWNER, ct_bytes(frames=4, side=33, FrameTime="100"))
    every = "window=1600,4000,linear"  # one window for all, or the frames would look alike
    gif = await house.get(OWNER, f"{INSTANCE}/rendered?{every}", "image/gif")
    film = Image.open(BytesIO(gif.body))
    assert (gif.headers["Content-Type"], film.n_frames, film.info["duration"]) == (
        "image/gif", 4, 100,
    )  # fmt: skip
    mp4 = await house.get(OWNER, f"{INSTANCE}/frames/4,1,2/rendered", "video/mp4")
    assert mp4.headers["Content-Type"] == "video/mp4"
    with av.open(BytesIO(mp4.body)) as played:
        stream = played.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", 10)
        frames = [f.to_ndarray(format="gray")[0] for f in played.decode(stream)]
    assert len(frames) == 3 and frames[0].shape == (32,)
    still = await house.get(OWNER, f"{INSTANCE}/frames/2/rendered", "image/gif")
    assert Image.open(BytesIO(still.body)).n_frames == 1
    assert (await house.get(OWNER, f"{INSTANCE}/frames/1,2/rendered", "image/png")).status == 406
    assert (await house.get(OWNER, f"{INSTANCE}/frames/5/rendered")).status == 404
    assert (await house.get(OWNER, f"{INSTANCE}/frames/1/rendered", "video/mp4")).status == 406


# --- reports ----------------------------------------------------------------------------------


async def test_a_report_is_text(house: House) -> None:
    """text/html by default, plain text and XML as asked; what the file says is escaped."""
    dataset = dcmread(shipped("test-SR.dcm"))
    dataset.PatientName = "<script>^x"
    out = BytesIO()
    dataset.save_as(out)
    assert (await house.store(OWNER, out.getvalue())).status in (200, 202)
    path = f"/dicom-web/studies/{dataset.StudyInstanceUID}/rendered"
    page = await house.get(OWNER, path)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert b"<script" not in page.body and b"&lt;script&gt;" in page.body
    assert page.body.count(b"<ul>") == page.body.count(b"</ul>") > 0
    title = dataset.ConceptNameCodeSequence[0].CodeMeaning.encode()
    plain = await house.get(OWNER, path, "text/plain")
    assert plain.body.startswith(title)
    first = dataset.ContentSequence[0].ConceptNameCodeSequence[0].CodeMeaning.encode()
    assert first in plain.body
    xml = ElementTree.fromstring((await house.get(OWNER, path, "text/xml")).body)
    assert len(xml.findall("item")) == len(dataset.ContentSequence)
    assert (await house.get(OWNER, path, "image/png")).status == 406
    icon = await house.get(OWNER, path.replace("rendered", "thumbnail"))
    assert icon.headers["Content-Type"] == "image/jpeg"


# --- presentation states ----------------------------------------------------------------------


def state_bytes(**more: object) -> bytes:
    """A presentation state of the image that `ct_bytes` makes."""
    image, series = Dataset(), Dataset()
    image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    image.ReferencedSOPInstanceUID = "2.25.1.1.1"
    series.SeriesInstanceUID, series.ReferencedImageSequence = "2.25.1.1", [image]
    pixels = dict.fromkeys(("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored"))
    return ct_bytes(
        series="2.25.1.9", sop="2.25.1.9.1", SOPClassUID=GSPS, Modality="PR",
        ReferencedSeriesSequence=[series], **pixels, **more,
    )  # fmt: skip


def softcopy(center: float, width: float) -> list[Dataset]:
    voi = Dataset()
    voi.WindowCenter, voi.WindowWidth = center, width
    return [voi]


async def test_a_presentation_state_shows_its_image(house: House) -> None:
    """Window, inversion, area, rotation and then flip are those of the state."""
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [3, 1], [10, 4]
    state = state_bytes(
        SoftcopyVOILUTSequence=softcopy(110, 21), PresentationLUTShape="INVERSE",
        DisplayedAreaSelectionSequence=[area], ImageRotation=90, ImageHorizontalFlip="Y",
    )  # fmt: skip
    assert (await house.store(OWNER, ct_bytes(), state)).status == 200
    got = await png(house, STATE)
    x = np.tile(100 + np.arange(32), (32, 1))[0:4, 2:10]
    wanted = 255 - _window(x, 110, 21, "linear")
    assert np.abs(got - np.rot90(wanted, -1)[:, ::-1]).max() <= 1
    for query in ("window=1,2,linear", "viewport=5,5,1,1,2,2"):
        assert (await house.get(OWNER, f"{STATE}/rendered?{query}")).status == 400
    assert (await png(house, STATE, "viewport=8,16")).shape == (16, 8)


async def test_graphics_follow_the_image(house: House) -> None:
    """A point of the image lies on its pixel when the image is turned and made larger."""
    drawn, note = Dataset(), Dataset()
    drawn.GraphicAnnotationUnits, drawn.GraphicDimensions = "PIXEL", 2
    drawn.NumberOfGraphicPoints, drawn.GraphicData = 1, [4.0, 20.0]
    drawn.GraphicType, drawn.GraphicFilled = "POINT", "N"
    note.GraphicLayer, note.GraphicObjectSequence = "1", [drawn]
    state = state_bytes(
        SoftcopyVOILUTSequence=softcopy(1000, 10), GraphicAnnotationSequence=[note],
        ImageRotation=90,
    )  # fmt: skip
    await house.store(OWNER, ct_bytes(), state)
    got = await png(house, STATE, "viewport=320,320")
    ys, xs = np.nonzero(got > 128)
    # (4, 20) of 32 turned clockwise: column 32 - 20, row 4, pixel centres at .5
    assert (xs.mean(), ys.mean()) == (pytest.approx(125, abs=2), pytest.approx(35, abs=2))


async def test_a_state_shows_nothing_the_caller_does_not_see(house: House) -> None:
    """404 for a state whose image is not there or is another institution's alone."""
    await house.store(OTHER, ct_bytes())
    await house.store(OWNER, state_bytes())
    assert (await house.get(OWNER, f"{STATE}/rendered")).status == 404
