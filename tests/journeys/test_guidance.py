"""A guided operation whole: asked for with leave, booked, acknowledged, seen by two pictures,
advised, reported and counted."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from telemed.settings import CONFIGS
from tests.janus_server import SECRET as JANUS_SECRET
from tests.janus_server import running_janus
from tests.journeys.stage import DESK, Stage, stage
from tests.journeys.test_conference import SMALL, adapt, enter, frames_grow
from tests.journeys.test_consultation import page_at
from tests.journeys.test_flows import barriers
from tests.server.booking import ASKER, KEEPER, has_hours, proposed
from tests.server.guidance_house import opened, retitle
from tests.world import CONTENT, PASSWORD, World, world_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CAMERAS = (
    "--use-fake-device-for-media-stream=device-count=3",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
THIN = """
const told = RTCPeerConnection.prototype.getStats
RTCPeerConnection.prototype.getStats = async function (...given) {
  const stats = new Map(await told.apply(this, given))
  if (window.thin)
    stats.set('thin', {type: 'candidate-pair', nominated: true, availableOutgoingBitrate: 40000})
  return stats
}
"""
"""A page that can be told that its line carries no more than 40 kbit/s."""
LINES = """
const Real = window.RTCPeerConnection
window.lines = []
window.RTCPeerConnection = class extends Real {
  constructor(given) { super(given); window.lines.push(this) }
}
"""
"""A page whose connections can be asked."""
WAYS = """[...new Set(window.lines.filter((one) => one.connectionState === 'connected')
  .flatMap((one) => one.getTransceivers().map((line) => line.currentDirection)))].sort().join()"""
"""Which ways the page's connections go: to the media server or from it, or both to a member."""
PICTURES = ("field", "room")
PHONE = {"width": 390, "height": 844}
PEOPLE = {"surgeon": "county-reader", "guide": "hub-reader", "watcher": "hub-reader2"}


@pytest.fixture
async def world(world_folder: Path, tmp_path: Path) -> AsyncIterator[World]:
    """The world with a real Janus, over which two already meet."""
    configs = shutil.copytree(CONFIGS, tmp_path / "configs")
    file = configs / "conference.toml"
    text, changed = re.subn(r"peers_up_to = \d", "peers_up_to = 1", file.read_text("utf-8"))
    assert changed == 1
    file.write_text(text, "utf-8")
    with running_janus(tmp_path / "janus") as janus:
        told = {"configs": configs, "janus_url": janus.url, "janus_secret": JANUS_SECRET}
        async with world_at(world_folder, **told) as found:
            yield found


async def test_an_operation_is_asked_for_guided_and_reported(world: World, chromium: Path) -> None:
    """The county's surgeon is below the level; the hub's guide sees field and room, a listed
    resident watches, and the county reads the report."""
    await opened(world)
    await retitle(world, "county-reader", "233")
    given = ("operation", "surgeon", "operation_level", "filming", "filming_signer",
             "filming_wording")  # fmt: skip
    content = {k: v for k, v in CONTENT["surgery_guidance"].items() if k not in given}
    made = await world.draft(service="surgery_guidance", study_ids=[], content=content)
    world.tell("county", "hub")
    case = str(made["id"])
    async with stage(world.base, chromium, "guidance", viewer=False, flags=CAMERAS) as play:
        asker = await page_at(play, ASKER, f"/requests/{case}/edit")
        await _asks(play, asker)
        guide = await page_at(play, PEOPLE["guide"], f"/read/{case}")
        await guide.get_by_role("button", name="领取").click()
        key = await _booked(play, world, case)
        surgeon = await page_at(play, PEOPLE["surgeon"], f"/requests/{case}")
        await guide.goto(f"{play.base}/requests/{case}")
        for page in (surgeon, guide):
            note = page.get_by_role("region", name="责任提示")
            await note.get_by_role("button", name="本人已阅读并知悉").click()
            await note.get_by_role("button", name="本人已阅读并知悉").wait_for(state="detached")
        await play.picture(guide, "acknowledged")
        await _guided(play, world, key, guide, surgeon)
        await _ends(play, world, case, guide, asker)


async def _choose(page: Page, label: str, typed: str, option: str) -> None:
    """An entry of a list that answers to what is typed."""
    box = page.get_by_role("combobox", name=label)
    await box.click()
    await box.fill(typed)
    shown = page.locator(".ant-select-item-option:visible")
    await shown.filter(has_text=re.compile(option)).first.click()


async def _asks(play: Stage, asker: Page) -> None:
    """The operation from the list; a surgeon below its level with a reason and leave; a watcher;
    what the patient said to filming. Then it is sent."""
    await _choose(asker, "手术名称", "51.23", "51.2300")
    await asker.get_by_text("三级手术", exact=True).click()
    await _choose(asker, "主刀医师", "reader", r"医生county-reader\s")
    await asker.get_by_role("complementary").get_by_text("低于手术级别").first.wait_for()
    await play.picture(asker, "below-the-level")
    await asker.get_by_text("已取得本院该级别手术授权").click()
    await _choose(asker, "批准人", "coordinator", "医生county-coordinator")
    await _choose(asker, "允许观摩者", "hub-reader2", "医生hub-reader2")
    await asker.keyboard.press("Escape")
    await asker.get_by_role("checkbox", name=re.compile("签署此同意书")).check()
    await asker.get_by_text("同意实时传输，不录像").click()
    await asker.get_by_label("拍摄同意书签署人").fill("患者本人")
    await play.picture(asker, "asked")
    await asker.get_by_role("button", name="发送申请").click()
    await asker.get_by_text(re.compile("等待.*领取")).first.wait_for()


async def _booked(play: Stage, world: World, case: str) -> str:
    """A time that the county proposes and the hub's coordinator confirms; who goes along."""
    await has_hours(world, PEOPLE["guide"])
    one = await proposed(
        world, "09:00", PEOPLE["guide"], service="surgery_guidance", request_id=case
    )
    key = str(one["id"])
    keeper = await page_at(play, KEEPER, f"/appointments?open={key}")
    await keeper.get_by_role("button", name="确认预约").click()
    await keeper.get_by_role("dialog").get_by_text("已确认").first.wait_for()
    asker = await page_at(play, ASKER, f"/appointments?open={key}")
    along = asker.get_by_role("region", name="陪同医师")
    await _choose(asker, "选择本院医师", "county-reader2", "医生county-reader2")
    await along.get_by_role("button", name="指定", exact=True).click()
    await along.get_by_text("已指定，待确认在场").wait_for()
    await play.picture(asker, "booked")
    world.clock.now = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    await world.stay_signed_in()
    await along.get_by_role("button", name="医生county-reader2在场，确认").click()
    await along.get_by_text("已确认在场").wait_for()
    await keeper.close()
    return key


async def _guided(play: Stage, world: World, key: str, guide: Page, surgeon: Page) -> None:
    """Two pictures arrive over the media server, also at a watcher's who comes late; one is sent
    no more and again; either is put large, the second falls first; advice is taken."""
    for page in (guide, surgeon):
        await page.add_init_script(SMALL)
        await page.add_init_script(LINES)
    await surgeon.add_init_script(THIN)
    await enter(guide, play.base, key)
    await enter(surgeon, play.base, key)
    await guide.get_by_role("button", name="指导开始").click()
    for name, device in (("术野", "fake_device_0"), ("手术间全景", "fake_device_2")):
        await _sends(surgeon, name, device)
    for code in PICTURES:
        await frames_grow(guide, code, "data-stream")
    watcher = await page_at(play, PEOPLE["watcher"], f"/conference/{key}")
    await watcher.add_init_script(LINES)
    await watcher.evaluate("localStorage.setItem('telemed.language', 'en')")
    await watcher.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await watcher.reload()
    await watcher.get_by_text("You are listed to watch").wait_for()
    await play.picture(watcher, "watcher-lobby")
    await watcher.get_by_role("button", name="Enter", exact=True).click()
    for code in PICTURES:
        await frames_grow(watcher, code, "data-stream")
    await frames_grow(surgeon, PEOPLE["guide"])
    for page, ways in ((guide, "recvonly,sendonly"), (watcher, "recvonly")):
        assert await page.evaluate(WAYS) == ways
    await guide.get_by_text("观摩：医生hub-reader2").wait_for()
    await play.picture(guide, "two-pictures")
    await play.picture(watcher, "watcher-phone")
    assert await barriers(guide) == []
    await guide.keyboard.press("1")
    await guide.get_by_role("button", name="恢复并排").wait_for()
    await play.picture(guide, "field-large")
    await guide.keyboard.press("1")
    await _stops(guide, surgeon, watcher)
    await _falls(play, guide, surgeon)
    await _advises(play, guide, surgeon)


async def _sends(surgeon: Page, name: str, device: str) -> None:
    """A camera is chosen for one of the pictures."""
    await surgeon.get_by_role("combobox", name=f"{name}来源").click()
    await surgeon.locator(".ant-select-item-option:visible").filter(has_text=device).click()


async def _stops(guide: Page, surgeon: Page, watcher: Page) -> None:
    """The second picture is sent no more while the first goes on, and then again."""
    room = surgeon.locator("[data-stream=room]")
    await room.hover()
    await room.locator(".ant-select-clear").click()
    for page in (guide, watcher):
        await page.locator("[data-stream=room][data-state=none]").wait_for()
        await frames_grow(page, "field", "data-stream")
    await _sends(surgeon, "手术间全景", "fake_device_2")
    for page in (guide, watcher):
        await frames_grow(page, "room", "data-stream")


async def _falls(play: Stage, guide: Page, surgeon: Page) -> None:
    """On a thin line the second picture falls and the first goes on; both sides are told."""
    await adapt(surgeon)
    await surgeon.evaluate("window.thin = true")
    await surgeon.get_by_text("线路变窄，只发送第一路手术画面").wait_for()
    await guide.locator("[data-stream=room][data-state=thin]").wait_for()
    await frames_grow(guide, "field", "data-stream")
    await play.picture(guide, "second-fallen")
    await surgeon.evaluate("window.thin = false")
    await adapt(surgeon)
    await surgeon.get_by_role("button", name="重新发送").click()
    await frames_grow(guide, "room", "data-stream")


async def _advises(play: Stage, guide: Page, surgeon: Page) -> None:
    """The guide advises beside the pictures; the surgeon says there that it was taken."""
    line = guide.get_by_role("region", name="指导时间线")
    await line.get_by_role("textbox").fill("先游离胆囊三角，再夹闭胆囊管")
    await guide.keyboard.press("Enter")
    theirs = surgeon.get_by_role("region", name="指导时间线")
    await theirs.get_by_text("先游离胆囊三角").wait_for()
    await theirs.get_by_role("button", name="已采纳").click()
    await line.get_by_text("已采纳").wait_for()
    await play.picture(surgeon, "advice-taken")
    for page in (guide, surgeon):
        await page.locator("header").first.click()
        await page.keyboard.press("a")
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await play.picture(guide, "two-pictures-phone")
    await play.picture(surgeon, "surgeon-phone")


async def _ends(play: Stage, world: World, case: str, guide: Page, asker: Page) -> None:
    """The guide ends it; the county enters the outcome; the signed report is read and counted."""
    world.clock.advance(minutes=25)
    await guide.set_viewport_size(DESK)  # type: ignore[arg-type]
    await guide.get_by_role("button", name="指导结束").click()
    await guide.get_by_role("tooltip").get_by_role("button", name="指导结束").click()
    await guide.get_by_text("已结束，视频已关闭").wait_for()
    await asker.goto(f"{play.base}/requests/{case}")
    block = asker.get_by_role("region", name="手术结局")
    await block.get_by_role("button", name="登记手术结局").click()
    await block.get_by_text("按计划完成").click()
    await _choose(asker, "实际术式", "51.23", "51.2300")
    await asker.keyboard.press("Escape")
    await block.get_by_text("无", exact=True).click()
    await block.get_by_label("出血量").fill("30")
    await block.get_by_label("术后情况").fill("平稳返回病房")
    await block.get_by_role("button", name="保存").click()
    await block.get_by_text("登记于").wait_for()
    await play.picture(asker, "outcome")
    await guide.goto(f"{play.base}/read/{case}")
    # The claim of the day before has lapsed meanwhile.
    await guide.get_by_role("button", name="领取").click()
    for label in ("指导经过", "指导意见", "术后注意事项"):
        await guide.get_by_label(label).first.fill(f"{label}：按计划完成。")
    await guide.get_by_text(re.compile("已保存")).first.wait_for()
    await play.picture(guide, "report")
    await guide.get_by_role("button", name=re.compile("签发")).click()
    await guide.locator("input[type=password]").fill(PASSWORD)
    await guide.keyboard.press("Enter")
    await expect(guide.locator("input[type=password]")).to_have_count(0)
    await asker.reload()
    await asker.get_by_text("指导经过：按计划完成。").first.wait_for()
    await play.picture(asker, "answered")
    await _counts(play)


async def _counts(play: Stage) -> None:
    """One guided operation of the hub's stands in the table of its month."""
    page = await page_at(play, KEEPER, "/tally?month=2026-03&side=provider")
    url = f"{play.base}/api/tally?month=2026-03&by=institution&side=provider"
    async with asyncio.timeout(90):
        while (await (await page.request.get(url)).json())["total"]["values"].get(
            "operations_guided"
        ) != 1:
            await page.wait_for_timeout(250)
    columns = "localStorage.setItem('telemed.tally.columns.provider', '[\"operations_guided\"]')"
    await page.evaluate(columns)
    await page.reload()
    row = page.get_by_role("row", name=re.compile("合计")).first
    await expect(row.get_by_role("button", name=re.compile("1")).first).to_be_visible()
    await expect(page.get_by_text("手术指导例数").first).to_be_visible()
    await play.picture(page, "counted")
