"""A critical finding's loop: signed, told at once, acknowledged, acted on, seen closed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.journeys.stage import PASSWORD, Stage, demo, stage
from tests.journeys.test_flows import barriers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PHONE = {"width": 390, "height": 844}
FINDINGS = "左侧大脑中动脉供血区大片弥散受限，中线右移约 6 mm。"
IMPRESSION = "左侧大脑半球急性大面积脑梗死，脑疝形成可能。"
RECEIVED = "已电话告知神经内科值班医师，患者转入抢救室。"
DONE = "予脱水降颅压，联系上级医院神经外科。"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this module's own."""
    with demo(tmp_path_factory.mktemp("critical") / "data") as address:
        yield address


async def test_a_critical_finding_comes_full_circle(base: str, chromium: Path) -> None:
    """The county's page interrupts, without a reload; what it enters closes the expert's."""
    async with stage(base, chromium, "critical", viewer=False) as play:
        county = await play.sign_in("sanjiang")
        await county.get_by_text("等我处理").first.wait_for()
        expert = await play.sign_in("expert")
        case = await _sign_a_critical_finding(play, expert)
        await _acknowledge(play, county, case)
        await expect(expert.get_by_text(RECEIVED)).to_be_visible()
        await _act(play, county, case)
        await _seen_closed(play, expert)
        phone = await play.sign_in("sanjiang", viewport=PHONE)
        await phone.goto(f"{base}/requests/{case}")
        await phone.get_by_text("已闭环").wait_for()
        await play.picture(phone, "closed-phone")
        assert await barriers(phone) == []


async def _sign_a_critical_finding(play: Stage, expert: Page) -> str:
    """The first signature notifies: nobody waits for the second."""
    await expert.get_by_role("option").filter(has_text="基底节").first.click()
    await expert.get_by_role("button", name="领取并打开").click()
    await expert.get_by_role("textbox", name="检查所见").fill(FINDINGS)
    await expert.get_by_role("textbox", name="诊断意见").fill(IMPRESSION)
    await expert.get_by_text("甲", exact=True).first.click()
    await expert.get_by_label("危急值").click()
    await expert.locator(".ant-select-item-option").first.click()
    await expert.keyboard.press("Escape")
    await play.picture(expert, "critical-chosen")
    await expert.get_by_role("button", name="签名并提交审核").click()
    await expert.locator("input[type=password]").fill(PASSWORD)
    await expert.keyboard.press("Enter")
    await expect(expert.locator("input[type=password]")).to_have_count(0)
    await expert.get_by_role("button", name="留在此例").click()
    await expert.get_by_text(re.compile("等待 .* 确认")).wait_for()
    return expert.url.rsplit("/", 1)[1]


async def _acknowledge(play: Stage, county: Page, case: str) -> None:
    """The dialog stands over whatever the doctor was doing, and cannot be put off."""
    dialog = county.get_by_role("dialog")
    await dialog.get_by_text("危急值，请立即确认").wait_for()
    await play.picture(county, "interrupted")
    await county.keyboard.press("Escape")
    await dialog.get_by_role("button", name="确认收到").click()
    await dialog.get_by_text("请写明已采取的措施").wait_for()
    await dialog.get_by_label("已采取的措施").fill(RECEIVED)
    await dialog.get_by_role("button", name="确认收到").click()
    await expect(county.get_by_text("危急值，请立即确认")).to_have_count(0)
    await county.goto(f"{play.base}/requests/{case}")


async def _act(play: Stage, county: Page, case: str) -> None:
    """What was done, and when: now unless another time is chosen."""
    await county.get_by_role("button", name="登记处置").click()
    await county.get_by_text("请选择处置措施").wait_for()
    await county.get_by_label("处置措施").click()
    await county.locator(".ant-select-item-option", has_text="已安排转院").click()
    await county.get_by_label("说明").fill(DONE)
    await play.picture(county, "acting")
    await county.get_by_role("button", name="登记处置").click()
    await county.get_by_text("已闭环").wait_for()
    await expect(county.get_by_text(f"已安排转院；{DONE}")).to_be_visible()
    await expect(county.get_by_role("button", name="登记处置")).to_have_count(0)
    await play.picture(county, "acted")
    printed = await county.request.get(f"{play.base}/api/requests/{case}")
    assert [n["acted_at"] is None for n in (await printed.json())["critical_notices"]] == [False]


async def _seen_closed(play: Stage, expert: Page) -> None:
    """The expert's page closes without a reload, with what was done."""
    await expert.get_by_text("已闭环").wait_for()
    await expect(expert.get_by_text(f"已安排转院；{DONE}")).to_be_visible()
    await play.picture(expert, "closed")
    assert await barriers(expert) == []
