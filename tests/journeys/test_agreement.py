"""Both administrators at one agreement: each sets its part, and sees what the other does."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.journeys.stage import Stage, stage
from tests.journeys.test_flows import barriers
from tests.world import World, session_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PHONE = {"width": 390, "height": 844}


async def test_each_party_sets_its_part_of_an_agreement(world: World, chromium: Path) -> None:
    """A deadline is refused, previewed, saved, seen by the other side at once, and taken back;
    what was typed outlives a change by somebody else."""
    async with stage(world.base, chromium, "agreement") as play:
        admin, own = await _open_agreement(play, "hub-admin", "county")
        county, theirs = await _open_agreement(play, "county-admin", "hub")
        await own.get_by_role("button", name="添加时限").click()
        minutes = own.get_by_role("spinbutton", name="第 1 条：分钟")
        await minutes.fill("0")
        await own.get_by_text(re.compile("不能保存.*至少 1 分钟")).wait_for()
        await expect(own.get_by_role("button", name="保存")).to_be_disabled()
        await minutes.fill("45")
        preview = own.get_by_role("region", name="保存后")
        await preview.get_by_text("45 分钟").wait_for()
        assert await barriers(admin) == []
        await play.picture(admin, "preview")
        await theirs.get_by_role("spinbutton").fill("3")
        await theirs.get_by_role("button", name="保存").click()
        await own.get_by_text(re.compile("已先作更改（第 1 版）")).wait_for()
        await play.picture(admin, "somebody-was-first")
        await expect(minutes).to_have_value("45")
        await own.get_by_role("button", name="保存").click()
        history = "更改记录"
        await own.get_by_role("list", name=history).get_by_text("45 分钟").wait_for()
        await theirs.get_by_role("list", name=history).get_by_text("45 分钟").wait_for()
        await play.picture(county, "requester")
        await county.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await play.picture(county, "requester-phone")
        await own.get_by_role("button", name="撤销").click()
        await own.get_by_text("撤销第 2 次更改").wait_for()
        await own.get_by_role("button", name="添加时限").click()
        await admin.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await play.picture(admin, "phone")


async def _open_agreement(play: Stage, who: str, other: str) -> tuple[Page, Locator]:
    """Somebody at the drawer of the agreement between their own hospital and another."""
    page = await play.open()
    cookie = {"name": "telemed", "value": session_of(who), "url": play.base}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    await page.goto(f"{play.base}/network/{who.partition('-')[0]}")
    row = page.get_by_role("row").filter(has=page.locator(f'a[href="/network/{other}"]'))
    await row.first.get_by_role("button", name=re.compile("协议条款")).click()
    return page, page.get_by_role("dialog")
