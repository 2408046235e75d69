"""OHIF in Chromium opens a study of each kind: the picture is there, and every answer was a 2xx.

The viewer is the one that is shipped, at its own address; the reader's page around it is played in
tests/journeys.
"""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, Response, async_playwright
from pydicom import dcmread

from dicom_samples.make import Manifest
from telemed.settings import ROOT
from tests.conformance import kinds
from tests.conformance.conftest import store_study
from tests.dicom.files import shipped
from tests.server.documents import pdf_bytes
from tests.server.imaging_house import House, house_at, token
from tests.services import CHROMIUM_FLAGS

WHO = "tiandong-technician"
KINDS = ("ct_chest", "mr_head", "dx_chest_pneumothorax", "cr_chest_normal", "us_gallbladder",
         "wsi_gastric")  # fmt: skip
PATIENCE = 90_000
FINE = (200, 201, 204, 206, 304)

pytestmark = [pytest.mark.conformance, pytest.mark.browser, pytest.mark.timeout(240)]


async def opened(house: House, page: Page, study: str) -> list[str]:
    """The viewer at a study; the list fills with what goes wrong."""
    wrong: list[str] = []

    def look(response: Response) -> None:
        if response.status not in FINE:
            wrong.append(f"{response.status} {response.request.method} {response.url}")

    page.on("response", look)
    page.on("pageerror", lambda fault: wrong.append(f"page error: {fault}"))
    await page.goto(f"{house.base}/viewer/viewer?StudyInstanceUIDs={study}")
    return wrong


async def picture(page: Page, where: str, name: str) -> float:
    """How much there is to see at a place: the spread of its grey values, looked at until it is
    enough. The last look stays in artifacts/viewer."""
    place = page.locator(where).first
    await place.wait_for(timeout=PATIENCE)
    spread = 0.0
    for _ in range(60):
        shot = await place.screenshot()
        grey = np.asarray(Image.open(io.BytesIO(shot)).convert("L"), dtype=float)
        rows, columns = (size // 4 for size in grey.shape)
        spread = float(grey[rows:-rows, columns:-columns].std())  # inside, away from the words
        if spread > 8:
            break
        await page.wait_for_timeout(500)
    folder = ROOT / "artifacts" / "viewer"
    folder.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=folder / f"{name}.png")
    return spread


@pytest.mark.parametrize("key", KINDS)
async def test_a_picture_of_each_kind(
    samples: Manifest, key: str, tmp_path: Path, chromium: Path
) -> None:
    """OH C.1: the viewport is not blank, the page has no error, the log no refusal."""
    async with (
        house_at(tmp_path, viewer_dir=ROOT / "build" / "viewer") as house,
        async_playwright() as playwright,
    ):
        study = await store_study(house, samples, key)
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_FLAGS)
        )
        headers = {"Authorization": f"Bearer {token(WHO)}"}
        page = await browser.new_page(extra_http_headers=headers)
        wrong = await opened(house, page, study)
        assert await picture(page, "canvas", key) > 8
        await browser.close()
        assert wrong == []


async def test_a_document(tmp_path: Path, chromium: Path) -> None:
    """An encapsulated PDF is asked for as rendered and arrives as what it is."""
    pdf = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]"
           b"/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
           b"trailer<</Root 1 0 R>>\n%%EOF\n%" + b"x" * 2000 + b"\n")  # fmt: skip
    async with (
        house_at(tmp_path, viewer_dir=ROOT / "build" / "viewer") as house,
        async_playwright() as playwright,
    ):
        sent = pdf_bytes("2.25.7.1", "1.2.840.10008.5.1.4.1.1.104.1", pdf)
        assert (await house.store(WHO, sent)).status == 200
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_FLAGS)
        )
        headers = {"Authorization": f"Bearer {token(WHO)}"}
        page = await browser.new_page(extra_http_headers=headers)
        asked: list[tuple[str, int, str]] = []
        page.on("response", lambda r: asked.append(
            (r.url, r.status, r.headers.get("content-type", ""))))  # fmt: skip
        wrong = await opened(house, page, "2.25.7")
        await page.locator("object, iframe, embed").first.wait_for(
            timeout=PATIENCE, state="attached"
        )
        await page.wait_for_timeout(2000)
        await browser.close()
        assert wrong == []
        documents = [kind for url, _, kind in asked if "/rendered" in url or "/bulkdata" in url]
        assert "application/pdf" in documents, [a for a in asked if "dicom-web" in a[0]]


# -- kinds beside pictures ------------------------------------------------------------------


@asynccontextmanager
async def shown(tmp_path: Path, chromium: Path, files: list[bytes]) -> AsyncIterator[Page]:
    """The viewer at the study of some files; at the end nothing may have gone wrong."""
    async with (
        house_at(tmp_path, viewer_dir=ROOT / "build" / "viewer") as house,
        async_playwright() as playwright,
    ):
        assert (await house.store(WHO, *files)).status in (200, 202)
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_FLAGS)
        )
        headers = {"Authorization": f"Bearer {token(WHO)}"}
        page = await browser.new_page(extra_http_headers=headers)
        study = dcmread(io.BytesIO(files[0]), stop_before_pixels=True).StudyInstanceUID
        wrong = await opened(house, page, study)
        yield page
        await browser.close()
        assert wrong == []


def slices(samples: Manifest) -> list[Path]:
    """Six images of the CT's lung series."""
    paths = [(dcmread(path, stop_before_pixels=True), path) for path in samples.files("ct_chest")]
    lung = [(head.InstanceNumber, path) for head, path in paths if head.SeriesNumber == 2]
    return [path for _, path in sorted(lung)][20:26]


PICTURES: dict[str, Callable[[Manifest], list[bytes]]] = {
    "mg": lambda samples: [kinds.mammogram(samples.files("cr_chest_normal")[0])],
    "pt": lambda samples: kinds.positrons(slices(samples)),
    "nm": lambda samples: [kinds.scintigram(slices(samples)[0])],
    "us_color": lambda samples: [shipped("examples_rgb_color.dcm").read_bytes()],
}
STRIPS: dict[str, Callable[[Manifest], bytes]] = {
    "ecg_12_lead": lambda samples: samples.files("ecg_stemi")[0].read_bytes(),
    "ecg_general": lambda samples: kinds.general_ecg(samples.files("ecg_stemi")[0]),
}
REPORTS = {"reportsi.dcm": "Recording Observer's Name: Enter text", "test-SR.dcm": "Diameter: 3 cm"}


@pytest.mark.parametrize("key", PICTURES)
async def test_pictures_that_no_sample_has(
    samples: Manifest, key: str, tmp_path: Path, chromium: Path
) -> None:
    """MG, PT with uptake values, NM with two detectors, and colour Doppler are drawn."""
    async with shown(tmp_path, chromium, PICTURES[key](samples)) as page:
        assert await picture(page, "canvas", key) > 8


@pytest.mark.parametrize("key", STRIPS)
async def test_an_ecg(samples: Manifest, key: str, tmp_path: Path, chromium: Path) -> None:
    """The strip is drawn from the waveform's bulk data: a trace and its beats in every lead."""
    async with shown(tmp_path, chromium, [STRIPS[key](samples)]) as page:
        assert await picture(page, "canvas", key) > 8
        shot = await page.locator("canvas").first.screenshot()
        colours = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int)
        bright = colours.min(axis=-1) > 120  # the traces; grid and names are not white
        assert bright.any(axis=0).mean() > 0.8, "a trace over the width"
        assert bright.any(axis=1).sum() > 100, "twelve leads, each with a height"


@pytest.mark.parametrize("name", REPORTS)
async def test_a_report(name: str, tmp_path: Path, chromium: Path) -> None:
    """The words of a Basic Text and of a Comprehensive SR, some of whose items have no name."""
    async with shown(tmp_path, chromium, [shipped(name).read_bytes()]) as page:
        await page.get_by_text(REPORTS[name].partition(": ")[0]).first.wait_for(timeout=PATIENCE)
        assert REPORTS[name] in " ".join((await page.inner_text("body")).split())


async def test_a_measurement(samples: Manifest, tmp_path: Path, chromium: Path) -> None:
    """A TID 1500 report opens on its image, with the line, the label and the number."""
    images = slices(samples)
    files = [*(path.read_bytes() for path in images), kinds.measurements(images[3])]
    async with shown(tmp_path, chromium, files) as page:
        assert await picture(page, "canvas", "sr_1500") > 8
        await page.locator('[data-cy="study-browser-thumbnail-no-image"]').first.dblclick()
        drawn = page.locator("svg text", has_text=f"{kinds.LENGTH_MM} mm").first
        await drawn.wait_for(timeout=PATIENCE)
        assert await page.get_by_text("(4/6)").count() > 0


async def test_a_segmentation(samples: Manifest, tmp_path: Path, chromium: Path) -> None:
    """A SEG is loaded from its bits and laid over its images in colour."""
    images = slices(samples)
    files = [*(path.read_bytes() for path in images), kinds.segmentation(images)]
    async with shown(tmp_path, chromium, files) as page:
        assert await picture(page, "canvas", "seg") > 8
        assert await coloured(page) < 0.001
        await page.locator('[data-cy="study-browser-thumbnail-no-image"]').first.dblclick()
        for _ in range(60):
            if await coloured(page) > 0.005:
                break
            await page.wait_for_timeout(500)
        await picture(page, "canvas", "seg")
        assert 0.005 < await coloured(page) < 0.2, "a square of a hundred pixels"


async def coloured(page: Page) -> float:
    """How much of the picture is not gray."""
    shot = await page.locator("canvas").first.screenshot()
    colours = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int)
    rows, columns = (size // 5 for size in colours.shape[:2])
    inside = colours[rows:-rows, columns:-columns]
    return float((np.ptp(inside, axis=-1) > 40).mean())


async def test_a_cine_moves(samples: Manifest, tmp_path: Path, chromium: Path) -> None:
    """The frames of a multi-frame US differ, and the wheel walks through them."""
    files = [path.read_bytes() for path in samples.files("us_gallbladder")]
    async with shown(tmp_path, chromium, files) as page:
        assert await picture(page, "canvas", "us_cine") > 8
        canvas = page.locator("canvas").first
        before = await canvas.screenshot()
        await canvas.hover()
        for _ in range(5):
            await page.mouse.wheel(0, 120)
        await page.get_by_text("(6/30)").first.wait_for(timeout=PATIENCE)
        await page.wait_for_timeout(500)
        assert await canvas.screenshot() != before
