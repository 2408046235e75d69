"""The life of images at the pages: corrected, hidden, held, moved, and kept from deletion.

A corrected picture arrives after the report: the county's technician decides at the quarantine
page, county and expert see the flag on the case, the expert says that the report stands. Then the
coordinator holds a study, the technician hides an image and moves a study, and each of it is
taken back.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    async with stage(base, chromium, "care", viewer=False) as play:
        technician = await play.sign_in("technician")
        await technician.goto(f"{base}/care/quarantine")
        await technician.get_by_text("没有待处理的隔离影像").wait_for()
        await technician.goto(f"{base}/uploads")
        files = technician.locator("input[type=file][webkitdirectory]")
        await files.set_input_files(corrected(tmp_path / "disc"))
        await technician.get_by_text("1/1 个文件").wait_for()
        await technician.goto(f"{base}/studies")
        # By key: the list comes while a mouse is on its way, and moves the link from under it.
        await technician.get_by_role("link", name="查看").press("Enter")
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


async def test_images_are_hidden_held_and_kept_from_deletion(base: str, chromium: Path) -> None:
    """The coordinator holds a study by keyboard; the technician hides an image of it; why it
    cannot be deleted stands in the dialog; it comes back, and the hold is lifted."""
    async with stage(base, chromium, "care-held") as play:
        keeper = await play.sign_in("county-coordinator")
        study = await _free_study(keeper, base)
        await keeper.goto(f"{base}/studies?study={study['id']}")
        drawer = keeper.get_by_role("dialog")
        await drawer.get_by_text("自检查日期").wait_for()
        await drawer.get_by_role("button", name="封存…").focus()
        await keeper.keyboard.press("Enter")
        await expect(keeper.get_by_label("封存原因")).to_be_focused()
        await keeper.keyboard.type("医疗纠纷，等待鉴定")
        await keeper.keyboard.press("Tab")
        await keeper.keyboard.type("县人民法院")
        await play.picture(keeper, "hold")
        assert await barriers(keeper) == []
        await keeper.keyboard.press("Enter")
        await drawer.get_by_text("县人民法院 提出").wait_for()
        await play.picture(keeper, "held")
        technician = await play.sign_in("technician")
        await technician.goto(f"{base}/studies?study={study['id']}")
        await technician.get_by_role("button", name="的图像").first.click()
        image = technician.get_by_role("button", name="第").first
        await image.press("Enter")
        await play.picture(technician, "images")
        assert await barriers(technician) == []
        await technician.get_by_role("button", name="隐藏这一幅…").click()
        await technician.get_by_role("radio").first.check()
        await play.picture(technician, "hide-image")
        await technician.get_by_role("button", name="隐藏", exact=True).click()
        await technician.get_by_text("已隐藏").wait_for()
        await keeper.goto(f"{base}/care/removals")
        row = keeper.get_by_role("listitem").filter(has_text="已封存")
        await expect(row).to_contain_text("一幅图像")
        await row.get_by_role("button", name="删除…").click()
        await keeper.get_by_role("radio", name="门（急）诊 15 年").check()
        for why in ("检查已封存，须先解除封存", "当天起才能删除"):
            await keeper.get_by_text(why).wait_for()
        await expect(keeper.get_by_role("button", name="删除", exact=True)).to_be_disabled()
        await play.picture(keeper, "why-not")
        assert await barriers(keeper) == []
        await keeper.keyboard.press("Escape")
        await technician.goto(f"{base}/care/removals")
        hidden = technician.get_by_role("listitem").filter(has_text="已封存")
        await hidden.get_by_role("button", name="恢复").click()
        await expect(hidden).to_have_count(0)
        await keeper.goto(f"{base}/care/holds")
        await keeper.get_by_text("医疗纠纷，等待鉴定").wait_for()
        await play.picture(keeper, "holds")
        await keeper.get_by_role("button", name="解除封存…").click()
        await keeper.get_by_label("解除原因").fill("鉴定已完成")
        await keeper.get_by_role("button", name="解除封存", exact=True).click()
        await keeper.get_by_text("没有封存的检查").wait_for()
        await keeper.get_by_text("已解除", exact=True).click()
        await keeper.get_by_text("鉴定已完成").wait_for()
        await _small(play, keeper)


async def test_a_study_of_the_wrong_patient_is_moved_and_taken_back(
    base: str, chromium: Path
) -> None:
    """Found by number, both identities side by side; a case that is read stands in the way; the
    patient's history takes it back. In English, on a phone too."""
    async with stage(base, chromium, "care-moved") as play:
        technician = await play.sign_in("technician")
        study = await _free_study(technician, base)
        busy = await _free_study(technician, base, blocked=True)
        await technician.goto(f"{base}/studies?study={busy['id']}")
        await technician.get_by_role("button", name="改归患者…").click()
        await technician.get_by_text("现在不能改归").wait_for()
        await play.picture(technician, "blocked")
        await technician.goto(f"{base}/studies?study={study['id']}")
        await technician.get_by_role("button", name="改归患者…").click()
        finder = technician.get_by_role("combobox", name="找正确的患者")
        await finder.fill(busy["patient"]["patient_id"])
        await technician.locator(".ant-select-item-option").first.wait_for()
        await technician.keyboard.press("Enter")
        right = technician.get_by_label("改归", exact=True).get_by_text(busy["patient"]["name"])
        await right.wait_for()
        await technician.get_by_label("原因").fill("技师选错了患者")
        await play.picture(technician, "both")
        assert await barriers(technician) == []
        await technician.keyboard.press("Enter")
        await technician.get_by_text("已改归").wait_for()
        await technician.goto(f"{base}/care/patients/{busy['patient']['id']}")
        await technician.get_by_text(f"从 {study['patient']['patient_id']} 改归").wait_for()
        await technician.evaluate("localStorage.setItem('telemed.language', 'en')")
        await technician.reload()
        await technician.get_by_text(f"moved from {study['patient']['patient_id']}").wait_for()
        await play.picture(technician, "history")
        assert await barriers(technician) == []
        await technician.get_by_role("button", name="Take back").click()
        await technician.get_by_text("taken back").wait_for()
        await _small(play, technician)


async def _free_study(page: Page, base: str, *, blocked: bool = False) -> dict[str, Any]:
    """A study of the county that no open case uses; or one that such a case uses."""
    found = (await (await page.request.get(f"{base}/api/studies")).json())["items"]
    for study in sorted(found, key=lambda each: -int(each["instance_count"])):
        ahead = await (await page.request.get(f"{base}/api/studies/{study['id']}/move")).json()
        if ahead["blocked"] == blocked and study["patient"]["patient_id"]:
            return dict(study)
    raise AssertionError("the demo has no such study")


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
