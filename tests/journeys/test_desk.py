"""An expert's day: put aside for an urgent case, back in place, a filter, a hand-over."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from telemed.core.workdays import ZONE
from tests.journeys.stage import PASSWORD, Stage, demo, stage
from tests.journeys.test_flows import barriers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

FINDINGS = "左侧基底节区见斑片状异常信号。"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this module's own."""
    with demo(tmp_path_factory.mktemp("desk") / "data") as address:
        yield address


async def test_an_experts_day(base: str, chromium: Path) -> None:
    """Filter, order, claim, put aside, come back to the word and the picture, hand over."""
    async with stage(base, chromium, "desk") as play:
        expert = await play.sign_in("expert")
        await _keep_a_filter(play, expert)
        case = await _claim_and_put_aside(play, expert)
        await _come_back(play, expert, case)
        verifier = await play.sign_in("verifier")
        me = await (await verifier.request.get(f"{base}/api/session")).json()
        await _hand_over(play, expert, me["name"])
        await verifier.goto(f"{base}/handover")
        await play.picture(verifier, "sheets")
        await verifier.get_by_role("button", name="签名接班").first.click()
        dialog = verifier.get_by_role("dialog")
        await dialog.locator("input[type=password]").fill(PASSWORD)
        await dialog.get_by_role("button", name="签名接班").click()
        await verifier.get_by_text(re.compile("已接班")).wait_for()
        await verifier.goto(f"{base}/read/{case}")
        await expect(verifier.get_by_role("textbox", name="检查所见")).to_have_value(FINDINGS)


async def _keep_a_filter(play: Stage, expert: Page) -> None:
    """It is counted in the rail, asked in its order, deleted and put back."""
    await expert.get_by_role("option").first.wait_for()
    await expert.keyboard.press("f")
    dialog = expert.get_by_role("dialog")
    await dialog.get_by_label("名称").fill("加急")
    await dialog.get_by_label("紧急程度").click()
    await expert.locator(".ant-select-item-option", has_text="加急").click()
    await dialog.get_by_text("现在符合 1 例").wait_for()
    await dialog.get_by_label("名称").click()
    await dialog.get_by_role("button", name="保存筛选").click()
    await expect(expert.get_by_role("option")).to_have_count(1)
    await expert.get_by_role("button", name="紧急程度").click()
    await expert.get_by_role("button", name="申请时间").click(modifiers=["Shift"])
    await expect(expert.get_by_text("排序：紧急程度 升序，申请时间 升序")).to_be_attached()
    await play.picture(expert, "filtered")
    await expert.get_by_role("button", name="筛选“加急”的操作").click()
    await expert.get_by_role("menuitem", name="删除").click()
    await expert.get_by_role("button", name="撤销").click()
    await expect(expert.get_by_role("button", name="筛选“加急”的操作")).to_be_visible()
    assert await barriers(expert) == []


async def _claim_and_put_aside(play: Stage, expert: Page) -> str:
    """Claimed with Enter; Alt+A in the middle of a word leaves it."""
    await expert.get_by_role("option").first.click()
    await expert.get_by_role("button", name="领取并打开").click()
    viewer = expert.frame_locator("iframe")
    await viewer.locator("canvas").first.wait_for()
    words = expert.get_by_role("textbox", name="检查所见")
    await words.fill(FINDINGS)
    await expect(expert.get_by_text("已保存")).to_be_visible()
    await _scroll_to(expert, 9)
    await words.focus()
    await words.evaluate("text => text.setSelectionRange(5, 5)")
    case = expert.url.rsplit("/", 1)[1]
    await expert.keyboard.press("Alt+A")
    await expert.wait_for_url(re.compile(r"/work"))
    await expert.get_by_role("button", name=re.compile("暂放至")).wait_for()
    await play.picture(expert, "put-aside")
    return case


NOW = """() => {
  const w = document.querySelector('iframe[data-viewer]')?.contentWindow
  const s = w?.services
  try {
    const id = s?.viewportGridService?.getActiveViewportId()
    const v = id && s.cornerstoneViewportService.getCornerstoneViewport(id)
    return v?.getCurrentImageIdIndex?.() ?? -1
  } catch {
    return -1  // the service is there before what it is made of
  }
}"""


async def _stands_at(expert: Page, wanted: Sequence[int]) -> None:
    """Wait for the viewer to show one of these images."""
    async with asyncio.timeout(60):
        while await expert.evaluate(NOW) not in wanted:
            await expert.wait_for_timeout(100)


async def _scroll_to(expert: Page, index: int) -> None:
    """To an image of the series in the viewer, by the viewer's own means."""
    await _stands_at(expert, range(1000))
    await expert.evaluate(
        """index => {
          const w = document.querySelector('iframe[data-viewer]').contentWindow
          const id = w.services.viewportGridService.getActiveViewportId()
          w.services.cornerstoneViewportService.getCornerstoneViewport(id).setImageIdIndex(index)
        }""",
        index,
    )
    await _stands_at(expert, [index])


async def _come_back(play: Stage, expert: Page, case: str) -> None:
    """One click: the same picture, the cursor where it was."""
    await expert.get_by_role("button", name=re.compile("暂放至")).click()
    await expert.wait_for_url(re.compile(case))
    words = expert.get_by_role("textbox", name="检查所见")
    await expect(words).to_be_focused()
    await expect(words).to_have_value(FINDINGS)
    assert await words.evaluate("text => text.selectionStart") == 5
    await _stands_at(expert, [9])
    await play.picture(expert, "back-in-place")


async def _hand_over(play: Stage, expert: Page, to: str) -> None:
    """What is open is passed on with a note, signed with the password."""
    await expert.goto(f"{play.base}/handover")
    await expert.get_by_label(re.compile("备注")).first.fill("等既往片")
    await expert.get_by_role("combobox", name="接班者").click()
    await expert.get_by_role("combobox", name="接班者").press_sequentially(to)
    await play.picture(expert, "handover")
    await expert.locator(".ant-select-item-option").first.click()
    await expert.get_by_label("登录密码").fill(PASSWORD)
    await expert.get_by_role("button", name="签名交班").click()
    await expert.get_by_text("已签名，等待接班").wait_for()


async def test_a_coordinator_keeps_the_roster(base: str, chromium: Path) -> None:
    """Copied, taken back, added by keys, dragged, taken off, put back; a reader only looks."""
    monday = datetime.now(ZONE).date() + timedelta(days=21)
    monday -= timedelta(days=monday.weekday())
    address = f"{base}/roster?week={monday}"
    async with stage(base, chromium, "roster") as play:
        keeper = await play.sign_in("coordinator")
        await keeper.goto(f"{base}/roster")
        await play.picture(keeper, "roster")
        assert await barriers(keeper) == []
        await keeper.goto(address)
        await keeper.get_by_text("这一周还没有排班").wait_for()
        await keeper.get_by_role("button", name="上一周").click()
        await keeper.wait_for_url(f"**week={monday - timedelta(days=7)}")
        await keeper.get_by_role("button", name="复制上周").click()
        await keeper.get_by_text(re.compile("已从上周复制")).wait_for()
        await keeper.get_by_role("button", name="撤销").click()
        await keeper.get_by_text("已撤销").wait_for()
        await keeper.get_by_text("这一周还没有排班").wait_for()
        await keeper.goto(address)
        await _add_by_keys(keeper)
        await _drag(keeper)
        night = keeper.get_by_role("button", name="阅片值班 18–次日 08")
        await night.focus()
        await keeper.keyboard.press("Delete")
        await expect(night).to_have_count(0)
        await keeper.get_by_role("button", name="撤销").click()
        await expect(night).to_have_count(1)
        reader = await play.sign_in("expert", viewport={"width": 390, "height": 844})
        await reader.goto(address)
        await expect(reader.get_by_text("18:00–次日 08:00")).to_be_visible()
        await expect(reader.get_by_role("button", name="排班")).to_have_count(0)
        await play.picture(reader, "roster-phone")
        assert await barriers(reader) == []


async def _add_by_keys(keeper: Page) -> None:
    """From the first day of the first person one to the right, the night's hours, saved."""
    await keeper.locator('[data-cell="0:0"]').focus()
    await keeper.keyboard.press("ArrowRight")
    await expect(keeper.locator('[data-cell="0:1"]')).to_be_focused()
    await keeper.keyboard.press("Enter")
    dialog = keeper.get_by_role("dialog")
    await dialog.get_by_role("button", name=re.compile("^夜班")).click()
    await dialog.get_by_text("至次日 08:00，共 14 小时").wait_for()
    await dialog.get_by_role("button", name=re.compile("保\\s*存")).click()
    await keeper.get_by_text("已排 1 个班次").wait_for()


async def _drag(keeper: Page) -> None:
    """Along the second person's first day: the hours stand in the dialog."""
    box = await keeper.locator('[data-cell="1:0"]').bounding_box()
    assert box is not None
    hour, y = box["width"] / 24, box["y"] + box["height"] / 2
    await keeper.mouse.move(box["x"] + 8 * hour, y)
    await keeper.mouse.down()
    await keeper.mouse.move(box["x"] + 10 * hour, y)
    await keeper.mouse.move(box["x"] + 12 * hour, y)
    await keeper.mouse.up()
    dialog = keeper.get_by_role("dialog")
    await expect(dialog.get_by_text("共 4 小时")).to_be_visible()
    await expect(dialog.get_by_label("开始")).to_have_value("08:00")
    await dialog.get_by_role("button", name=re.compile("取\\s*消")).click()
