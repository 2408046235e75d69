"""A case discussed by four hospitals, from the county's draft to the count of who came.

Nobody but the county is told whose case it is: every page that the others look at, and every answer
of the server that reaches their browsers, is searched for the patient's name and numbers.
"""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Response, expect

from telemed.store import tables as t
from telemed.store.tally_tables import tally_entries
from tests.journeys.stage import DESK, Stage, leave_empty, stage
from tests.journeys.test_case_in_the_room import area, stands
from tests.journeys.test_conference import CAMERAS, SMALL
from tests.journeys.test_consultation import ask
from tests.journeys.test_flows import barriers
from tests.server.booking import KEEPER, always_there
from tests.server.guidance_house import opened
from tests.world import CONTENT, PASSWORD, START, World, agree, canary_of, consent, session_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHONE = {"width": 390, "height": 844}
CHAIR, SECOND, THIRD, ASKS = "hub-reader", "second-reader", "lapsed-reader", "county-requester"
TELEPHONE = "13807731234"
NAME = f"张{canary_of('county')}"
TELLING = (canary_of("county"), TELEPHONE)
"""What says whose case it is, in small letters: the name and the number hold the first."""


@dataclass
class Watch:
    """What reaches the browsers of those who are told no name."""

    found: list[str] = field(default_factory=list)
    answers: int = 0

    async def hear(self, response: Response) -> None:
        """Look through an answer's bytes."""
        if response.status in (204, 301, 302, 304) or "/assets/" in response.url:
            return
        try:
            body = (await response.body()).lower()
        except Exception:
            return
        self.answers += 1
        self.found += [f"{response.url}: {one}" for one in TELLING if one.encode() in body]

    async def look(self, page: Page) -> None:
        """Look at all that a page shows."""
        shown = (await page.content()).lower()
        self.found += [f"{page.url} shows {one}" for one in TELLING if one in shown]
        assert self.found == []


async def prepared(world: World) -> Any:
    """Agreements with all, hours of the experts, and an answered case of the patient."""
    await opened(world)
    world.clock.now = datetime.now(UTC)
    await world.stay_signed_in()

    def do(tx: Any) -> None:
        agree(tx, "hub-lapsed", START.replace(year=2028))
        covered = {"services": ["imaging", "case_discussion"]}
        tx.update(t.agreements, t.agreements.c.id == "hub-lapsed", covered)
        told = {"phone": TELEPHONE}
        tx.update(t.patients, t.patients.c.search.contains(canary_of("county")), told)

    await world.write(do)
    await always_there(world, CHAIR, SECOND, THIRD)
    earlier = await world.issued()
    world.told[canary_of("county")] = {"county", "region"}
    return await world.row(earlier)


async def test_a_case_is_discussed_by_four_hospitals(world: World, chromium: Path) -> None:
    """Proposed, de-identified, asked, booked, met, written down, signed, answered and counted."""
    earlier = await prepared(world)
    async with stage(world.base, chromium, "discussion", flags=CAMERAS) as play:
        watch = Watch()
        county = await at(play, ASKS, f"/requests/{earlier['id']}")
        case = await _proposed(play, world, county, earlier["number"])
        lead = await at(play, KEEPER, f"/requests/{case}", watch)
        await _asked(play, lead, watch)
        await _booked(play, lead)
        people = {who: await at(play, who, f"/requests/{case}", watch)
                  for who in (CHAIR, SECOND, THIRD)}  # fmt: skip
        await _written(play, people[SECOND], "先行支气管镜活检")
        await _written(play, people[THIRD], "同意活检，备气道支架")
        await play.picture(people[THIRD], "expert")
        people[ASKS] = county
        for who, page in people.items():
            thin = who in (THIRD, ASKS)
            if thin:
                await page.context.route(re.compile(r"/viewer/"), leave_empty)
            await _entered(page, play.base, case, thin)
        await _together(play, people, watch)
        await _signed(play, people)
        await _answered(play, world, people[CHAIR], case)
        number = (await world.row(case))["number"]
        await _read(play, county, earlier, number)
        await _counted(play, world, number)
        for who in (CHAIR, SECOND, THIRD):
            await watch.look(people[who])
        assert watch.answers > 100


async def at(play: Stage, who: str, path: str, watch: Watch | None = None) -> Page:
    """Somebody's browser at a page."""
    page = await play.open()
    await page.add_init_script(SMALL)
    if watch is not None:
        page.on("response", watch.hear)
    cookie = {"name": "telemed", "value": session_of(who), "url": play.base}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    await page.goto(f"{play.base}{path}")
    return page


async def _proposed(play: Stage, world: World, county: Page, earlier: str) -> str:
    """The county begins it from the answered case, has the material copied, and is told what still
    names the patient before it is sent; its id."""
    begin = county.get_by_role("button", name="发起病例讨论")
    await begin.wait_for()
    await play.picture(county, "case")
    assert await barriers(county) == []
    await begin.click()
    await county.get_by_role("link", name=earlier).wait_for()
    await county.get_by_text("已带入原病例的资料").wait_for()
    await expect(county.get_by_label("病历摘要").last).to_have_value(re.compile("咳嗽三天"))
    await play.picture(county, "begun")
    case = await _filled(world, county.url.split("/")[-2])
    await county.reload()
    await county.get_by_role("link", name=earlier).wait_for()
    await play.picture(county, "draft")
    await county.get_by_role("button", name=re.compile("去标识化$")).click()
    await county.get_by_text("已去标识化：讨论病例 0001").wait_for()
    await county.get_by_text("含患者姓名、证件号或电话").first.wait_for()
    await play.picture(county, "names-patient")
    await county.get_by_label("病历摘要").last.fill("咳嗽三月，抗炎无效")
    await county.get_by_role("button", name=re.compile("发送|提交")).first.click()
    await county.get_by_text("等待专家领取").wait_for()
    await play.picture(county, "sent")
    return case


async def _filled(world: World, case: str) -> str:
    """What the case does not say is written, with the patient's name in it."""
    path, one = f"/api/requests/{case}", world.client(ASKS)
    content = {**CONTENT["case_discussion"], "summary": f"{NAME}，咳嗽三月，抗炎无效"}
    agreed = consent("hub", onward=True)
    body = {"version": (await one.get(path))["version"], "provider_id": "hub"}
    await one.ok("PATCH", path, {**body, "content": content, "consent": agreed})
    return case


async def _asked(play: Stage, lead: Page, watch: Watch) -> None:
    """The coordinator sees a pseudonym and asks a chair and an expert each of two hospitals."""
    await lead.get_by_text("讨论病例 0001").first.wait_for()
    for place, person, chair in (
        ("hub人民医院", CHAIR, True),
        ("second人民医院", SECOND, False),
        ("lapsed人民医院", THIRD, False),
    ):
        await ask(lead, place, person, chair)
    await play.picture(lead, "asked")
    await watch.look(lead)


async def _written(play: Stage, page: Page, words: str) -> None:
    """An expert accepts, writes and signs on the case page."""
    block = page.get_by_role("region", name="专家意见")
    await block.get_by_role("button", name="接受", exact=True).click()
    await block.get_by_label("讨论意见").fill(words)
    await block.get_by_role("button", name="签名", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("input[type=password]").fill(PASSWORD)
    await dialog.get_by_role("button", name="签名").click()
    await dialog.wait_for(state="detached")


async def _booked(play: Stage, lead: Page) -> None:
    """The coordinator finds the first time that all three have, and confirms it."""
    await lead.get_by_role("button", name="约时间").click()
    dialog = lead.get_by_role("dialog")
    await dialog.get_by_label("紧急").check()
    await dialog.get_by_role("button", name="查找时间").click()
    await dialog.get_by_role("button", name=re.compile(r"^\d\d:\d\d")).first.click()
    await dialog.wait_for(state="detached")
    times = lead.get_by_role("region", name="讨论时间")
    await play.picture(lead, "proposed")
    await times.get_by_role("link", name="查看并确认").click()
    await lead.get_by_role("button", name="确认预约").click()
    await play.picture(lead, "confirmed")


async def _entered(page: Page, base: str, case: str, thin: bool) -> None:
    """From the case page through the lobby into the room; over a thin line by voice."""
    await page.goto(f"{base}/requests/{case}")
    await page.get_by_role("link", name="进入讨论室").click()
    if thin:
        await page.get_by_role("radio", name="语音", exact=True).check()
    await page.get_by_role("button", name="进入", exact=True).click()
    await page.get_by_role("toolbar", name="会议控制").wait_for()


async def _together(play: Stage, people: dict[str, Page], watch: Watch) -> None:
    """The same images, the record and the experts' opinions beside them; notes by all."""
    chair, second, third, county = (people[who] for who in (CHAIR, SECOND, THIRD, ASKS))
    await chair.get_by_role("button", name="讨论开始").click()
    await stands(second)
    await play.picture(second, "room")
    for page in (chair, second):
        await page.get_by_text("专家意见", exact=True).click()
        await page.get_by_text("先行支气管镜活检").first.wait_for()
    await chair.get_by_text("同意活检，备气道支架").first.wait_for()
    await second.get_by_text("病例答复前，只有受邀方可以阅读").wait_for()
    await play.picture(chair, "opinions-chair")
    await play.picture(second, "opinions-expert")
    told = area(county, "讨论经过")
    await told.fill(f"{NAME}，咳嗽三月")
    await county.get_by_text("未保存：文字中出现了患者身份").wait_for()
    await play.picture(county, "named")
    assert await barriers(county) == []
    await told.fill("患者咳嗽三月")
    await county.get_by_text("未保存：文字中出现了患者身份").wait_for(state="detached")
    await expect(area(chair, "讨论经过")).to_have_value("患者咳嗽三月")
    await area(second, f"医生{SECOND} 的意见").fill("先行支气管镜活检")
    await third.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await third.get_by_text("记录", exact=True).first.click()
    await area(third, f"医生{THIRD} 的意见").fill("备气道支架")
    await play.picture(third, "room-phone")
    await area(chair, "总结意见").fill("先行支气管镜活检，备气道支架。")
    await county.get_by_text("先行支气管镜活检，备气道支架。").first.wait_for()
    await play.picture(chair, "notes")
    for page in (chair, second, third):
        await watch.look(page)


async def _signed(play: Stage, people: dict[str, Page]) -> None:
    """The chair closes, all four sign, the session ends."""
    chair = people[CHAIR]
    await chair.get_by_role("button", name="定稿，开始签名").click()
    await chair.get_by_role("tooltip").get_by_role("button", name="定稿，开始签名").click()
    for page in people.values():
        await page.get_by_role("tab", name="请签名").click()
        await page.locator("input[type=password]").fill(PASSWORD)
        await page.get_by_role("button", name=re.compile(r"^签\s*名$")).click()
        await page.locator("input[type=password]").wait_for(state="detached")
    await chair.get_by_text("双方已各自归档").wait_for()
    await play.picture(chair, "archived")
    await play.picture(people[THIRD], "archived-phone")
    await chair.get_by_role("button", name="讨论结束").click()
    await chair.get_by_role("tooltip").get_by_role("button", name="讨论结束").click()
    for page in people.values():
        await expect(page.get_by_role("toolbar", name="会议控制")).to_have_count(0)


async def _answered(play: Stage, world: World, chair: Page, case: str) -> None:
    """The chair draws the opinions together and answers."""
    await chair.goto(f"{play.base}/read/{case}")
    await chair.get_by_role("button", name="领取").click()
    beside = chair.get_by_role("region", name="专家意见")
    await beside.get_by_text("同意活检，备气道支架").wait_for()
    await play.picture(chair, "summing-up")
    await world.write_report(case, CHAIR, findings="综合各家意见", positive=None)
    await world.sign(case, CHAIR)


async def _read(play: Stage, county: Page, earlier: Any, number: str) -> None:
    """The county finds the result from the case it came from, on a telephone and in English."""
    await county.goto(f"{play.base}/requests/{earlier['id']}")
    await county.get_by_text("本病例已讨论").wait_for()
    await play.picture(county, "linked")
    await county.get_by_role("link", name=number).click()
    await county.get_by_text("综合各家意见").wait_for()
    await county.get_by_role("region", name="专家意见").get_by_text("先行支气管镜活检").wait_for()
    await play.picture(county, "result")
    assert await barriers(county) == []
    await county.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await play.picture(county, "result-phone")
    await county.evaluate("localStorage.setItem('telemed.language', 'en')")
    await county.reload()
    await county.get_by_text("Summary of the discussion").first.wait_for()
    await play.picture(county, "result-phone-en")
    await county.set_viewport_size(DESK)  # type: ignore[arg-type]
    await county.get_by_role("link", name="Minutes").click()
    await county.get_by_text("患者咳嗽三月").first.wait_for()
    await play.picture(county, "minutes-en")


async def _counted(play: Stage, world: World, number: str) -> None:
    """Four institutions took part, and the number opens to the case."""
    came = tally_entries.c.indicator == "institutions_attended"
    async with asyncio.timeout(60):
        while len(await world.rows(tally_entries, came)) < 4:
            await asyncio.sleep(0.2)
    page = await at(play, "county-admin", "/tally?side=requester")
    await page.get_by_role("button", name="选列").click()
    await page.get_by_role("checkbox", name="参与机构数").check()
    await page.keyboard.press("Escape")
    head = page.get_by_role("button", name="按参与机构数排序")
    column = str(await head.get_attribute("data-cell")).rpartition(".")[2]
    cells = page.locator(f"td [data-cell$='.{column}']")
    await cells.filter(has_text=re.compile("^4$")).first.click()
    await page.get_by_text(number).first.wait_for()
    await play.picture(page, "tally")
