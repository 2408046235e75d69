"""A consultation with several experts, from the county's form to the county's reading."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from telemed.core.workdays import ZONE
from tests.journeys.stage import DESK, Stage, stage
from tests.server.booking import always_there
from tests.world import CONTENT, PASSWORD, World, add_account, consent, session_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PHONE = {"width": 390, "height": 844}


async def test_approved_asked_of_several_drawn_together_and_read(
    world: World, chromium: Path
) -> None:
    """County's doctor sends; head and office approve; hub's coordinator asks a chair and two
    experts, one of another hospital, and proposes the time that the county wished for; both sign;
    the chair draws them together; county reads."""
    world.clock.now = datetime.now(UTC)
    await world.stay_signed_in()
    await always_there(world, "hub-verifier", "hub-reader2", "second-reader")
    for post in ("department_head", "medical_office"):
        await world.write(lambda tx, p=post: add_account(tx, f"county-{p}", [p], "county", None))
    day = f"{datetime.now(ZONE) + timedelta(days=2):%Y-%m-%d}"
    content = {
        **CONTENT["consultation"],
        "wanted_at": f"{day}T14:30:00+08:00",
        "wanted_minutes": 40,
    }
    made = await world.draft(
        service="consultation", content=content, consent=consent("hub", onward=True)
    )
    for place in ("hub", "second"):
        world.tell("county", place)
    case = made["id"]
    async with stage(world.base, chromium, "consultation", viewer=False) as play:
        doctor = await page_at(play, "county-requester", f"/requests/{case}/edit")
        await doctor.get_by_role("button", name="送院内审批").click()
        await doctor.get_by_text("等待院内审批，同意后发送").wait_for()
        await play.picture(doctor, "awaiting")
        for post in ("department_head", "medical_office"):
            page = await page_at(play, f"county-{post}", "/approvals")
            await page.get_by_role("button", name="同意", exact=True).click()
            await page.get_by_text("没有待审批的申请").wait_for()
            if post == "department_head":
                await play.picture(page, "approved")
        await doctor.get_by_text("等待专家领取").wait_for()

        lead = await page_at(play, "hub-coordinator", f"/requests/{case}")
        material = lead.get_by_role("region", name="资料核对")
        for thing in ("病历摘要完整", "影像可阅、序列齐全"):
            await material.get_by_label(thing).get_by_text("有", exact=True).click()
            await expect(material.get_by_text("医生hub-coordinator").first).to_be_visible()
        await ask(lead, "hub人民医院", "hub-verifier", chair=True)
        await ask(lead, "hub人民医院", "hub-reader2")
        await ask(lead, "second人民医院", "second-reader")
        await play.picture(lead, "asked")
        await lead.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await play.picture(lead, "asked-phone")
        await _wished(play, lead)

        for who, words in (("hub-reader2", "先利尿"), ("second-reader", "同意利尿，加用比索洛尔")):
            expert = await page_at(play, who, "/work")
            await expert.get_by_role("navigation", name="专家邀请").get_by_role("button").click()
            block = expert.get_by_role("region", name="专家意见")
            await block.get_by_role("button", name="接受", exact=True).click()
            await block.get_by_label("会诊意见").fill(words)
            if who == "second-reader":
                await expert.get_by_text(re.compile("已保存")).wait_for()
                await play.picture(expert, "writing")
            await block.get_by_role("button", name="签名", exact=True).click()
            await _sign(expert)
            await block.get_by_text("已签名").first.wait_for()

        chair = await page_at(play, "hub-verifier", f"/read/{case}")
        await chair.get_by_role("button", name="领取").click()
        beside = chair.get_by_role("region", name="专家意见")
        for name in ("医生hub-reader2", "医生second-reader"):
            row = beside.locator(".ant-collapse-item").filter(has_text=name)
            await row.get_by_role("button", name="插入到报告").click()
        await expect(chair.get_by_label("病情分析").first).to_have_value(re.compile("加用比索洛尔"))
        await play.picture(chair, "drawn-together")
        await world.write_report(case, "hub-verifier", findings="综合两位专家", positive=None)
        await world.sign(case, "hub-verifier")

        await doctor.reload()
        story = doctor.get_by_role("region", name="专家意见")
        await story.get_by_text("同意利尿，加用比索洛尔").wait_for()
        await expect(story.get_by_text("已综合")).to_be_visible()
        await play.picture(doctor, "read")
    assert (await world.row(case))["state"] == "answered"


async def _wished(play: Stage, lead: Page) -> None:
    """The dialog looks for the wished time first, and all three have it."""
    await lead.set_viewport_size(DESK)  # type: ignore[arg-type]
    await lead.get_by_role("button", name="约时间").click()
    dialog = lead.get_by_role("dialog")
    await dialog.get_by_text(re.compile("希望的时间.*14:30.*有空")).wait_for()
    await play.picture(lead, "wished")
    await dialog.get_by_role("button", name="预约这个时间").click()
    await dialog.wait_for(state="detached")
    await lead.get_by_role("region", name="会诊时间").get_by_text("14:30").first.wait_for()


async def page_at(play: Stage, who: str, path: str) -> Page:
    page = await play.open()
    cookie = {"name": "telemed", "value": session_of(who), "url": play.base}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    await page.goto(f"{play.base}{path}")
    return page


async def ask(page: Page, institution: str, person: str, chair: bool = False) -> None:
    """Ask somebody by the dialog."""
    block = page.get_by_role("region", name="专家意见")
    await block.get_by_role("button", name="邀请专家").click()
    dialog = page.get_by_role("dialog")
    await _choose(page, dialog, "机构", institution)
    await _choose(page, dialog, "专家", person)
    if chair:
        await dialog.get_by_role("radio", name=re.compile("主持")).check()
    await dialog.get_by_role("button", name="邀请专家").click()
    await dialog.wait_for(state="detached")
    await block.get_by_text(f"医生{person}").wait_for()


async def _choose(page: Page, dialog: Locator, label: str, option: str) -> None:
    box = dialog.get_by_role("combobox", name=label)
    await box.click()
    await box.fill(option)
    await page.locator(".ant-select-item-option").filter(has_text=option).first.click()


async def _sign(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    await dialog.locator("input[type=password]").fill(PASSWORD)
    await dialog.get_by_role("button", name="签名").click()
    await dialog.wait_for(state="detached")
