"""A time for two experts: why there is none, found and proposed, confirmed, moved, and seen."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from telemed.core.workdays import ZONE
from tests.journeys.stage import Stage, demo, stage
from tests.journeys.test_flows import barriers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

_CALL = """async ([method, path, body]) => {
  const me = await (await fetch('/api/session')).json()
  const headers = {'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf}
  const answer = await fetch(path, {method, headers, body: body && JSON.stringify(body)})
  return [answer.status, await answer.json()]
}"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this module's own."""
    with demo(tmp_path_factory.mktemp("calendar") / "data") as address:
        yield address


def monday() -> date:
    """The next Monday: nothing there is too near, and a search begins with two weeks."""
    day = datetime.now(ZONE).date() + timedelta(days=7)
    return day - timedelta(days=day.weekday())


async def call(page: Page, method: str, path: str, body: object = None) -> Any:
    """A call of the page's own session; what has no form yet."""
    status, told = await page.evaluate(_CALL, [method, path, body])
    assert status < 400, (status, told)
    return told


async def test_a_time_is_found_confirmed_and_moved(base: str, chromium: Path) -> None:
    """By both coordinators, by mouse, by keys and by touch; what one does shows on the other's
    screen. What finds no time waits for one, a seat is given to somebody else, a notice opens the
    appointment, a calendar link is shown once, and a phone shows the week as a list. A lecture
    stands beside them, and opens by the keys."""
    async with stage(base, chromium, "calendar") as play:
        keeper, county, verifier = await asyncio.gather(
            play.sign_in("coordinator"), play.sign_in("county-coordinator"),
            play.sign_in("verifier"),
        )  # fmt: skip
        hub = await call(keeper, "GET", "/api/session")
        roster = await call(keeper, "GET", "/api/roster")
        there = await call(
            keeper, "GET", f"/api/availability/institutions/{hub['institution']['id']}"
        )
        known = {person["id"] for person in there["people"]}
        *experts, third = [p for p in roster["people"] if p["id"] not in known][:3]
        await keeper.goto(f"{base}/appointments")
        await keeper.get_by_role("button", name="出诊与会诊室").click()
        for person in (*experts, third):
            await _set_hours(keeper, person["name"])
        await play.picture(keeper, "calendar-hours")
        assert await barriers(keeper) == []
        await _enter_room(keeper)
        await _link(play, keeper)
        await keeper.goto(f"{base}/appointments?day={monday()}")
        await keeper.locator("[data-column]").first.wait_for()
        names = [person["name"] for person in experts]
        one = await _book(play, county, base, hub["institution"]["name"], names)
        event = keeper.locator(f"{one}[data-state=proposed]")
        await event.wait_for()  # nobody reloaded the coordinator's page
        await keeper.goto(f"{base}/notices")
        await keeper.locator(f"a[href$='{one[10:-2]}']").first.click()
        await keeper.wait_for_url(re.compile(f"day={monday()}"))
        drawer = keeper.get_by_role("dialog")
        await _swap(play, keeper, third["name"])
        await drawer.get_by_role("button", name="确认预约").click()
        await drawer.get_by_text("确认", exact=False).first.wait_for()
        await keeper.locator(f"{one}[data-state=confirmed]").wait_for()
        await county.locator(f"{one}[data-state=confirmed]").wait_for()
        await play.picture(keeper, "calendar-drawer")
        assert await barriers(keeper) == []
        await keeper.keyboard.press("Escape")
        await _move(play, keeper, one)
        lecture = await _teach(verifier, keeper, experts[0]["id"])
        await keeper.locator(f"{lecture}[data-state=enrolling]").wait_for()  # nobody reloaded
        await play.picture(keeper, "calendar-lecture")
        await keeper.goto(f"{base}/appointments?day={monday()}&view=people")
        await keeper.locator(f"[data-column='{experts[0]['id']}'] {lecture}").focus()
        await play.picture(keeper, "calendar-lecturer")
        assert await barriers(keeper) == []
        await keeper.keyboard.press("Enter")
        await keeper.wait_for_url(re.compile("/training/lectures/"))
        await keeper.go_back()
        for view, words in (("人员", experts[0]["name"]), ("会诊室与设备", "第一会诊室")):
            await keeper.get_by_text(view, exact=True).first.click()
            await keeper.get_by_text(words).first.wait_for()
        await play.picture(keeper, "calendar-rooms")
        await county.set_viewport_size({"width": 390, "height": 844})
        await county.goto(f"{base}/appointments?day={monday()}")
        await county.locator(f"li {one}").click()
        await county.get_by_role("dialog").get_by_role("button", name="改约").click()
        await county.get_by_label("新的时间").wait_for()
        assert await barriers(county) == []
        await play.picture(county, "calendar-phone")


async def test_an_urgent_call_rings_and_both_meet(base: str, chromium: Path) -> None:
    """Who is on duty hears it on whatever page they are; the answer opens the room for both."""
    async with stage(base, chromium, "urgent-call", viewer=False) as play:
        keeper, expert, county = await asyncio.gather(
            play.sign_in("coordinator"), play.sign_in("physician"),
            play.sign_in("county-coordinator"),
        )  # fmt: skip
        me = await call(expert, "GET", "/api/session")
        now = datetime.now(ZONE).replace(second=0, microsecond=0)
        extra = {"kind": "extra", "since": now.isoformat(),
                 "until": (now + timedelta(hours=1)).isoformat()}  # fmt: skip
        path = f"/api/calendars/people/{me['person_id']}/exceptions"
        await call(keeper, "POST", path, extra)
        await county.goto(f"{base}/appointments")
        await county.get_by_role("button", name="立即会诊").click()
        dialog = county.get_by_role("dialog")
        await _choose(county, "服务", "远程会诊")
        await _choose(county, "呼叫哪家机构", me["institution"]["name"])
        await dialog.get_by_role("button", name="开始呼叫").click()
        await dialog.get_by_text("正在呼叫").wait_for()
        await play.picture(county, "calling")
        await expert.get_by_text("急会诊：").wait_for()
        await play.picture(expert, "ringing")
        assert await barriers(expert) == []
        await expert.get_by_role("button", name="接听", exact=True).click()
        await expert.wait_for_url(re.compile("/conference/"))
        await dialog.get_by_role("button", name="进入会诊室").click()
        await county.wait_for_url(re.compile("/conference/"))
        assert county.url == expert.url
        await play.picture(county, "room")


async def _set_hours(keeper: Page, name: str) -> None:
    """Mornings from Monday to Friday; on holidays too, or the test would fail in some weeks."""
    drawer = keeper.get_by_role("dialog")
    await drawer.get_by_label("人员", exact=True).fill(name)
    await keeper.locator(".ant-select-item-option:visible", has_text=name).first.click()
    await drawer.get_by_text("没有出诊时间，不能预约。").wait_for()
    await drawer.get_by_role("button", name="增加一段").click()
    await drawer.get_by_label("节假日停诊、调休照常").uncheck()
    await drawer.get_by_role("button", name="保存出诊时间").click()
    await keeper.get_by_text("已完成").last.wait_for()


async def _enter_room(keeper: Page) -> None:
    """A room on the third floor."""
    drawer = keeper.get_by_role("dialog")
    await drawer.get_by_role("tab", name="会诊室与设备").click()
    await drawer.get_by_label("名称").fill("第一会诊室")
    await drawer.get_by_label("位置").fill("三楼")
    await drawer.get_by_role("button", name=re.compile("登\\s*记")).click()
    await drawer.get_by_text("会诊室 三楼 第一会诊室 同时 1 场").wait_for()


async def _link(play: Stage, keeper: Page) -> None:
    """A calendar link of the coordinator's own, shown once and revoked."""
    drawer = keeper.get_by_role("dialog")
    await drawer.get_by_role("tab", name="手机日历订阅").click()
    await drawer.get_by_label("用在哪里").fill("手机")
    await drawer.get_by_role("button", name="生成链接").click()
    address = drawer.get_by_label("订阅地址")
    await expect(address).to_have_value(re.compile(r"^http.+/calendar\.ics$"))
    await drawer.get_by_text("还没有被读取过").wait_for()
    await play.picture(keeper, "calendar-link")
    await drawer.get_by_role("button", name="停用 手机").click()
    await keeper.locator(".ant-popconfirm").get_by_role("button").last.click()
    await expect(address).to_have_count(0)


async def _wait(play: Stage, county: Page) -> None:
    """The search that found nothing waits, is on the list, and waits no longer."""
    await county.get_by_role("dialog").get_by_role("button", name="加入候补").click()
    await county.get_by_role("button", name="候补 1").click()
    drawer = county.get_by_role("dialog")
    await drawer.get_by_text("300 分钟").wait_for()
    assert await barriers(county) == []
    await play.picture(county, "calendar-waiting")
    await drawer.get_by_role("button", name="退出候补").click()
    await drawer.get_by_text("没有候补").wait_for()
    await county.keyboard.press("Escape")


async def _swap(play: Stage, keeper: Page, name: str) -> None:
    """The second seat is given to somebody who is free."""
    await keeper.get_by_role("button", name=re.compile("^替换 ")).last.click()
    choose = keeper.get_by_role("button", name=f"选择 {name}")
    await choose.wait_for()
    assert await barriers(keeper) == []
    await play.picture(keeper, "calendar-swap")
    await choose.click()
    await expect(choose).to_have_count(0)
    await keeper.get_by_role("dialog").get_by_text("已替换", exact=True).wait_for()


async def _book(play: Stage, county: Page, base: str, hub: str, experts: list[str]) -> str:
    """First a length that nobody's morning has, then half an hour with both and a room; where the
    appointment is on a page."""
    await county.goto(f"{base}/appointments?day={monday()}")
    dialog = county.get_by_role("dialog")
    await _look(county, hub, experts, "300")
    await dialog.get_by_text(re.compile("出诊时间放不下这么长的预约")).first.wait_for()
    await play.picture(county, "calendar-why")
    await _wait(play, county)
    await _look(county, hub, experts, "30")
    await dialog.get_by_text(re.compile("个时间可选")).wait_for()
    assert await barriers(county) == []
    await play.picture(county, "calendar-slots")
    day = dialog.locator("section > div", has_text=f"{monday().month}月{monday().day}日")
    await day.get_by_role("button", name=re.compile("^09:00")).click()
    await county.get_by_text(re.compile("已提交预约 YY")).wait_for()
    await county.wait_for_url(re.compile("open="))
    one = f"[data-id='{county.url.partition('open=')[2]}']"
    await county.keyboard.press("Escape")
    await county.locator(f"{one}[data-state=proposed]").wait_for()
    return one


async def _look(county: Page, hub: str, experts: list[str], minutes: str) -> None:
    """Look for so many minutes with both, with a room if it is not for long."""
    await county.get_by_role("button", name=re.compile("预\\s*约$")).click()
    dialog = county.get_by_role("dialog")
    await _choose(county, "服务", "远程影像诊断")
    await _choose(county, "受邀机构", hub)
    for name in experts:
        await _choose(county, "专家", name)
    await county.keyboard.press("Escape")
    await dialog.get_by_label("需要几位").fill("2")
    await dialog.get_by_label("时长（分钟）").fill(minutes)
    if minutes == "30":
        await dialog.get_by_label("同时预约受邀机构的会诊室").check()
    await dialog.get_by_role("button", name="查找时间").click()


async def _choose(page: Page, label: str, words: str) -> None:
    await page.get_by_role("dialog").get_by_label(label, exact=True).click()
    await page.locator(".ant-select-item-option:visible", has_text=words).first.click()


async def _move(play: Stage, keeper: Page, one: str) -> None:
    """Dragged half an hour down and a day aside, then a quarter up by keys; with a reason each."""
    event = keeper.locator(f"{one}[data-state=confirmed]")
    box = await event.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 8
    column = await keeper.locator("[data-column]").first.bounding_box()
    assert column is not None
    await keeper.mouse.move(x, y)
    await keeper.mouse.down()
    await keeper.mouse.move(x + 20, y + 10)
    await keeper.mouse.move(x + column["width"], y + 26)
    await keeper.mouse.up()
    dialog = keeper.get_by_role("dialog")
    tuesday = monday() + timedelta(days=1)
    await expect(dialog.get_by_label("新的时间")).to_have_value(f"{tuesday} 09:30")
    await dialog.get_by_text("专家时间冲突").click()
    await dialog.get_by_role("button", name=re.compile("改\\s*约")).click()
    moved = keeper.locator(f"{one}[data-state=proposed]")
    await expect(moved).to_have_attribute("aria-label", re.compile("^09:30"))
    await moved.focus()
    await keeper.keyboard.press("Shift+ArrowUp")
    await expect(dialog.get_by_label("新的时间")).to_have_value(f"{tuesday} 09:15")
    await play.picture(keeper, "calendar-move")
    await keeper.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await _touch(play, keeper, moved)


async def _teach(verifier: Page, reviewer: Page, person: str) -> str:
    """A lecture on Monday afternoon, published; where it is on a page."""
    session = await call(verifier, "GET", "/api/session")
    courses = "/api/courses"
    made = await call(verifier, "POST", courses, {
        "kind": "practical", "title": "卒中影像判读", "target_group": "县级医院放射科医师",
        "lecturers": [{"person_id": person}],
        "offers": [{"kind": "institution", "id": session["institution"]["id"]}],
    })  # fmt: skip
    times = {"since": f"{monday()}T15:00:00+08:00", "until": f"{monday()}T16:30:00+08:00"}
    body = {**times, "minutes": 90, "place": "住院楼九层示教室"}
    course = f"{courses}/{made['id']}"
    await call(verifier, "POST", f"{course}/lectures", body)
    for version, (who, step) in enumerate(
        ((verifier, "apply"), (reviewer, "approve"), (verifier, "publish")), 1
    ):
        shown = await call(who, "POST", f"{course}/{step}", {"version": version})
    return f"[data-lecture='{shown['lectures'][0]['id']}']"


async def _touch(play: Stage, keeper: Page, block: Locator) -> None:
    """By touch a stroke scrolls and moves nothing; a finger that rests lifts the block, half an
    hour down. Nothing is changed before its reason is given, so giving none undoes it."""
    was = await block.get_attribute("aria-label")
    await keeper.set_viewport_size({"width": 1024, "height": 600})
    cdp = await keeper.context.new_cdp_session(keeper)
    await cdp.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    grid = keeper.get_by_role("region", name="预约日程")

    async def finger(kind: str, *at: dict[str, float]) -> None:
        await cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(at)})

    async def rests() -> dict[str, float]:
        box = await block.bounding_box()
        assert box is not None
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 6}
        await finger("touchStart", at)
        return at

    before = await grid.evaluate("grid => grid.scrollTop")
    at = await rests()
    for down in (15, 30, 45, 60, 60, 60):
        await finger("touchMove", {**at, "y": at["y"] - down})
    await finger("touchEnd")
    await keeper.wait_for_function(
        "([grid, was]) => grid.scrollTop > was", arg=[await grid.element_handle(), before]
    )
    await expect(keeper.get_by_role("dialog")).to_have_count(0)
    await grid.evaluate("grid => grid.scrollTo(0, 0)")
    dialog = keeper.get_by_role("dialog")
    # A page that is slow to say that the finger is its own loses it to scrolling; one that still
    # scrolls has no block where the finger rests.
    for _ in range(8):
        at = await rests()
        try:
            await expect(block).to_have_class(re.compile("lifted"))
        except AssertionError:
            await finger("touchCancel")
            continue
        for down in (10, 20, 26):
            await finger("touchMove", {**at, "y": at["y"] + down})
        await play.picture(keeper, "calendar-touch")
        await finger("touchEnd")
        with suppress(PlaywrightTimeout):
            await dialog.wait_for(timeout=5_000)
            break
        await grid.evaluate("grid => grid.scrollTo(0, 0)")
    tuesday = monday() + timedelta(days=1)
    await expect(dialog.get_by_label("新的时间")).to_have_value(f"{tuesday} 10:00")
    await keeper.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(block).to_have_attribute("aria-label", was or "")
    await cdp.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    await keeper.set_viewport_size({"width": 1366, "height": 768})
