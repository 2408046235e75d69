"""A corrected picture arrives after the report: compared, accepted, flagged, checked by its author.

The county's technician decides at the quarantine page; the county and the expert see the flag on
the case; the expert finds it among their tasks and says that the report stands.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from pydicom import dcmread

from tests.journeys.stage import ROOT, Stage, demo, stage
from tests.journeys.test_flows import barriers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SAMPLE = ROOT / "build" / "samples" / "dx_chest_pneumothorax"
FLAG = "签名后影像有变化，报告待核对"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this module's own."""
    with demo(tmp_path_factory.mktemp("care") / "data") as address:
        yield address


def corrected(folder: Path) -> Path:
    """The issued case's picture as the modality sends it again, corrected."""
    folder.mkdir()
    dataset = dcmread(next(iter(sorted(SAMPLE.glob("*.dcm")))))
    dataset.SeriesDescription = "胸部正位（左右标记已更正）"
    dataset.WindowCenter, dataset.WindowWidth = 1400, 1800
    dataset.save_as(folder / "corrected.dcm")
    return folder


async def test_a_corrected_picture_is_accepted_and_the_author_checks_the_report(
    base: str, chromium: Path, tmp_path: Path
) -> None:
    """Technician, county and expert each see their part of it."""
    async with stage(base, chromium, "care") as play:
        technician = await play.sign_in("technician")
        await technician.goto(f"{base}/care/quarantine")
        await technician.get_by_text("没有待处理的隔离影像").wait_for()
        await technician.goto(f"{base}/uploads")
        files = technician.locator("input[type=file][webkitdirectory]")
        await files.set_input_files(corrected(tmp_path / "disc"))
        await technician.get_by_text("1/1 个文件").wait_for()
        await technician.goto(f"{base}/studies")
        await technician.get_by_role("link", name="查看").click()
        row = technician.get_by_role("link").filter(has_text="内容不同")
        await row.wait_for()
        await play.picture(technician, "quarantine")
        await row.click()
        await technician.get_by_role("cell", name="SeriesDescription").wait_for()
        for side in ("现有的", "新收到的"):
            shown = technician.get_by_label(side).locator("img")
            await expect(shown).not_to_have_js_property("naturalWidth", 0, timeout=60_000)
        assert await barriers(technician) == []
        await play.picture(technician, "compare")
        await technician.get_by_role("radio", name="采用新的").check()
        await technician.get_by_role("radio", name="来源机构已更正").check()
        await technician.get_by_role("button", name="确定").click()
        await technician.get_by_text("撤销这个决定").wait_for()
        await _small(play, technician)
        county = await play.sign_in("county")
        await county.goto(await _issued_case(county, base))
        await expect(county.get_by_text(FLAG)).to_be_visible()
        await play.picture(county, "flagged")
        expert = await play.sign_in("expert")
        await expert.get_by_role("tab", name="待核对").click()
        await expert.get_by_role("option").first.dblclick()
        await expect(expert.get_by_text(FLAG)).to_be_visible()
        await play.picture(expert, "to-check")
        await expert.get_by_role("button", name="已核对，报告不变").click()
        await expect(county.get_by_text("签名后影像有变化，已核对")).to_be_visible()
        await play.picture(county, "checked")


async def _issued_case(page: Page, base: str) -> str:
    """The address of the county's issued case with the picture."""
    items = (await (await page.request.get(f"{base}/api/requests")).json())["items"]
    found = next(i for i in items if i["state"] == "answered" and i["modality"] == "DX")
    return f"{base}/requests/{found['id']}"


async def _small(play: Stage, page: Page) -> None:
    """The decided conflict on a phone, nothing beyond the right edge."""
    await page.set_viewport_size({"width": 390, "height": 844})
    await play.picture(page, "phone")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
