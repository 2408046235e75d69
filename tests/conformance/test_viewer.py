"""OHIF in Chromium opens a study of each kind: the picture is there, and every answer was a 2xx.

The viewer is the one that is shipped, at its own address; the reader's page around it is played in
tests/journeys.
"""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, Response, async_playwright

from dicom_samples.make import Manifest
from telemed.settings import ROOT
from tests.conformance.conftest import store_study
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
