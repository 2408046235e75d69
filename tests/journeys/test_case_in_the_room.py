"""The case in the room: one presents a CT and the other follows; both write the minutes and sign.

Both browsers look at the same study in the viewer. What is read back is the viewer's own slice and
window, not what our page says of them.
"""

import asyncio
import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from pydicom import dcmread

from tests.journeys.stage import DESK, PASSWORD, ROOT, Stage, demo, stage
from tests.journeys.test_calendar import call
from tests.journeys.test_conference import CAMERAS, SMALL, enter
from tests.journeys.test_flows import barriers
from tests.server.documents import as_pdf
from tests.server.imaging_house import multipart_body

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

STANDS = """() => { try {
  const services = document.querySelector('iframe[data-viewer]')?.contentWindow?.services
  const id = services?.viewportGridService?.getActiveViewportId()
  const viewport = id && services.cornerstoneViewportService.getCornerstoneViewport(id)
  if (!viewport?.getCurrentImageId?.()) return null
  const {voiRange} = viewport.getProperties()
  return [viewport.getCurrentImageIdIndex(), voiRange && [voiRange.lower, voiRange.upper]
    .map((one) => Math.round(one))]
} catch { return null } }"""
"""The slice and the window of the page's viewer; nothing while it is loading."""
CAMERAS_OF = """() => { try {
  const services = document.querySelector('iframe[data-viewer]')?.contentWindow?.services
  const ids = [...services.viewportGridService.getState().viewports.keys()]
  return ids.map((id) => {
    const viewport = services.cornerstoneViewportService.getCornerstoneViewport(id)
    const {focalPoint, parallelScale} = viewport.getCamera()
    const wide = viewport.canvas.clientWidth / viewport.canvas.clientHeight
    return [viewport.type, ...focalPoint, parallelScale * Math.min(1, wide)]
  })
} catch { return null } }"""
"""Of each place of the page's viewer what it shows and where: its middle, and how much of it."""
MOVED = """([place, by, zoom]) => {
  const {services} = document.querySelector('iframe[data-viewer]').contentWindow
  const id = [...services.viewportGridService.getState().viewports.keys()][place]
  const viewport = services.cornerstoneViewportService.getCornerstoneViewport(id)
  const camera = viewport.getCamera()
  const moved = (point) => point.map((one, axis) => one + by[axis])
  viewport.setCamera({...camera, focalPoint: moved(camera.focalPoint),
    position: moved(camera.position), parallelScale: camera.parallelScale / zoom})
  viewport.render()
}"""
"""Moves a place of the presenter's viewer by millimetres, and goes nearer."""
PLANES = """() => document.querySelector('iframe[data-viewer]').contentWindow.commandsManager
  .runCommand('toggleHangingProtocol', {protocolId: 'mpr'})"""
"""What the choice of the layout in the viewer's bar runs: planes through the volume, and back."""
SERIES = """() => { try {
  const {services} = document.querySelector('iframe[data-viewer]').contentWindow
  const id = services.viewportGridService.getActiveViewportId()
  const [uid] = services.viewportGridService.getState().viewports.get(id).displaySetInstanceUIDs
  return services.displaySetService.getDisplaySetByUID(uid).SeriesInstanceUID
} catch { return null } }"""
"""The series that the page's viewer shows."""
OPEN = """(series) => {
  const {services} = document.querySelector('iframe[data-viewer]').contentWindow
  const set = services.displaySetService.getActiveDisplaySets()
    .find((one) => one.SeriesInstanceUID === series)
  services.viewportGridService.setDisplaySetsForViewports([{
    viewportId: services.viewportGridService.getActiveViewportId(),
    displaySetInstanceUIDs: [set.displaySetInstanceUID]}])
}"""
"""What a click on a series in the viewer's list does."""
STORE = """async (files) => {
  const me = await (await fetch('/api/session')).json()
  const kind = 'multipart/related; type="application/dicom"; boundary=stowed'
  const headers = {'Content-Type': kind, 'X-CSRF-Token': me.csrf}
  const body = Uint8Array.from(atob(files), (one) => one.charCodeAt(0))
  return (await fetch('/dicom-web/studies', {method: 'POST', headers, body})).status
}"""
PDF = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]"
       b"/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
       b"trailer<</Root 1 0 R>>\n%%EOF\n")  # fmt: skip
ROWS = """() => {
  const page = document.querySelector('article').parentElement
  const top = page.getBoundingClientRect().top
  const row = [...page.querySelectorAll('dt, dd')]
    .find((one) => one.getBoundingClientRect().bottom > top)
  return page.scrollTop > 0 ? row.textContent : null
}"""
"""The row of the records at the top of the page, once it was scrolled."""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this module's own."""
    with demo(tmp_path_factory.mktemp("minutes") / "data") as address:
        yield address


async def held(keeper: Page, county: Page, expert: str, of: str = "CT", wait: int = 2) -> str:
    """An appointment about the county's CT, or another case, with the expert in the chair, in some
    minutes; begun where it is the next one."""
    hub = (await call(keeper, "GET", "/api/session"))["institution"]["id"]
    cases = (await call(county, "GET", "/api/requests"))["items"]
    case = next(x for x in cases if x["modality"] == of and x["provider"]["id"] == hub)
    hours = {"weekdays": list(range(7)), "begins": "00:00", "ends": "24:00", "calendar": False,
             "first": "2026-01-01"}  # fmt: skip
    await call(keeper, "PUT", f"/api/calendars/people/{expert}/hours", {"rows": [hours]})
    since = (datetime.now(UTC) + timedelta(minutes=wait)).replace(second=0, microsecond=0)
    body = {"service": case["service"], "provider_id": hub, "request_id": case["id"],
            "since": since.isoformat(), "minutes": 15, "urgent": True,
            "seats": [{"role": "expert-chair", "person_id": expert}]}  # fmt: skip
    one = await call(county, "POST", "/api/appointments", body)
    path = f"/api/appointments/{one['id']}"
    steps = [(county, "propose"), (keeper, "confirm"), (keeper, "begin")]
    for page, step in steps[: 3 if of == "CT" else 2]:
        one = await call(page, "POST", f"{path}/{step}", {"version": one["version"]})
    return str(one["id"])


async def sheet(county: Page) -> str:
    """A laboratory sheet, stored with the county's CT; its series."""
    cases = (await call(county, "GET", "/api/requests"))["items"]
    case = next(one for one in cases if one["modality"] == "CT")
    study = (await call(county, "GET", f"/api/requests/{case['id']}"))["studies"][0]["study_uid"]
    files = (dcmread(one) for one in (ROOT / "build" / "samples").glob("ct_*/s02_0001.dcm"))
    dataset = next(one for one in files if one.StudyInstanceUID == study)
    dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "2.25.77", "2.25.77.1"
    sent = as_pdf(dataset, "1.2.840.10008.5.1.4.1.1.104.1", PDF)
    body = base64.b64encode(multipart_body(sent)).decode()
    assert await county.evaluate(STORE, body) == 200
    return "2.25.77"


async def stands(page: Page) -> Any:
    """Where the page's viewer stands, once it shows an image."""
    async with asyncio.timeout(120):
        while (found := await page.evaluate(STANDS)) is None:
            await page.wait_for_timeout(300)
    return found


async def same(one: Page, other: Page) -> Any:
    """Both viewers stand at the same slice and window; which."""
    async with asyncio.timeout(60):
        while True:
            here, there = await stands(one), await stands(other)
            if here == there:
                return here
            await one.wait_for_timeout(200)


async def middle(page: Page) -> tuple[float, float]:
    """The middle of the page's viewer."""
    box = await page.locator("iframe[data-viewer]").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6


async def scroll(page: Page, slices: int) -> None:
    """Turn the wheel over the images."""
    await page.mouse.move(*await middle(page))
    for _ in range(slices):
        await page.mouse.wheel(0, 100)
        await page.wait_for_timeout(150)


async def test_the_case_is_shown_followed_written_down_and_signed(
    base: str, chromium: Path
) -> None:
    """From the first slice to the archived record that is checked."""
    async with stage(base, chromium, "minutes", flags=CAMERAS) as play:
        keeper = await play.sign_in("coordinator")
        county, expert = await play.open(), await play.open()
        for page, who in ((county, "county"), (expert, "expert")):
            await page.add_init_script(SMALL)
            await play.sign_in_at(page, who)
        who = (await call(expert, "GET", "/api/session"))["person_id"]
        paper = await sheet(county)
        key = await held(keeper, county, who)
        await asyncio.gather(*(enter(page, base, key) for page in (county, expert)))
        await asyncio.gather(stands(county), stands(expert))
        await _follows(play, county, expert)
        await _follows_elsewhere(play, county, expert, paper)
        await _both_write(play, county, expert)
        await _both_sign(play, county, expert, base, key)
        await expert.set_viewport_size(DESK)
        await _follows_a_slide(play, keeper, county, expert)


async def _follows(play: Stage, county: Page, expert: Page) -> None:
    """Slice and window of the presenter, free look and back, and who comes late."""
    first = await stands(county)
    await expert.get_by_role("button", name="我来演示").click()
    await county.get_by_text("正在演示").wait_for()
    await scroll(expert, 6)
    there = await same(expert, county)
    assert there[0] != first[0]
    x, y = await middle(expert)
    await expert.mouse.move(x, y)
    await expert.mouse.down()
    await expert.mouse.move(x + 60, y + 40, steps=6)
    await expert.mouse.up()
    windowed = await same(expert, county)
    assert windowed[1] != there[1] and windowed[0] == there[0]
    await county.locator("[data-pointer]").wait_for()
    await play.picture(expert, "minutes-presenter")
    await play.picture(county, "minutes-follower")
    assert await barriers(county) == []
    await scroll(county, 3)
    await county.get_by_role("button", name="回到跟随").wait_for()
    await scroll(expert, 2)
    await _apart(expert, county, windowed[0])
    await county.get_by_role("button", name="回到跟随").click()
    await same(expert, county)
    await county.reload()
    await county.get_by_role("button", name="进入", exact=True).click()
    await county.get_by_text("正在演示").wait_for()
    await same(expert, county)


async def _apart(presenter: Page, other: Page, before: Any) -> None:
    """The presenter has gone on, and who looks about freely stands elsewhere."""
    async with asyncio.timeout(60):
        while True:
            here, there = (await stands(presenter))[0], (await stands(other))[0]
            if before not in (here, there) and here != there:
                return
            await presenter.wait_for_timeout(200)


async def alike(one: Page, other: Page, kind: str, but: Any = None, most: float = 0.5) -> Any:
    """Where both viewers stand: the same part of the same kind of places, and no more where they
    were."""
    async with asyncio.timeout(120):
        while True:
            here, there = await one.evaluate(CAMERAS_OF), await other.evaluate(CAMERAS_OF)
            of_kind = here and there and {place[0] for place in here} == {kind}
            if of_kind and near(here, there, most) and not (but and near(here, but, most)):
                return here
            await one.wait_for_timeout(200)


def near(here: Any, there: Any, most: float = 0.5) -> bool:
    """To so many millimetres."""
    flat = ([one for place in each for one in place[1:]] for each in (here, there))
    return next(flat) == pytest.approx(next(flat), abs=most)


async def _follows_elsewhere(play: Stage, county: Page, expert: Page, paper: str) -> None:
    """Planes through the volume and back, a document, then the records and back."""
    await expert.evaluate(PLANES)
    first = await alike(expert, county, "orthographic")
    assert len(first) == 3
    await expert.evaluate(MOVED, [0, [0, 0, 15], 2])
    there = await alike(expert, county, "orthographic", but=first)
    assert there[0] != first[0] and near(there[1:], first[1:])
    await play.picture(county, "minutes-planes")
    await expert.evaluate(PLANES)
    await same(expert, county)
    images = await expert.evaluate(SERIES)
    await expert.evaluate(OPEN, paper)
    await county.wait_for_function(f"(series) => ({SERIES})() === series", arg=paper)
    await county.locator("[data-apart=pages]").wait_for()
    await expert.evaluate(OPEN, images)
    await same(expert, county)
    await expert.get_by_text("病历资料", exact=True).click()
    await county.locator("article").get_by_role("heading").first.wait_for()
    await expect(county.locator("iframe[data-viewer]")).to_be_hidden()
    await _follows_rows(county, expert)
    await play.picture(county, "minutes-records")
    await expert.get_by_text("影像", exact=True).click()
    await expect(county.locator("iframe[data-viewer]")).to_be_visible()
    await same(expert, county)


async def _follows_rows(county: Page, expert: Page) -> None:
    """The records stand at the same row on a page of another width, and a hand ends that."""
    await expert.set_viewport_size({"width": 1366, "height": 420})
    await county.set_viewport_size({"width": 1024, "height": 480})
    await expert.locator("article").hover()
    await expert.mouse.wheel(0, 150)
    await expert.wait_for_function(ROWS)
    async with asyncio.timeout(60):
        while await county.evaluate(ROWS) != await expert.evaluate(ROWS):
            await county.wait_for_timeout(200)
    await county.locator("article").hover()
    await county.mouse.wheel(0, -50)
    await county.get_by_role("button", name="回到跟随").click()
    for page in (county, expert):
        await page.set_viewport_size(DESK)


async def _follows_a_slide(play: Stage, keeper: Page, county: Page, expert: Page) -> None:
    """Another case, whose whole slide both see at the same place and as near."""
    who = (await call(expert, "GET", "/api/session"))["person_id"]
    key = await held(keeper, county, who, of="SM", wait=20)
    await asyncio.gather(*(enter(page, play.base, key) for page in (county, expert)))
    await expert.get_by_role("button", name="我来演示").click()
    await county.get_by_text("正在演示").wait_for()
    first = await alike(expert, county, "wholeSlide", most=0.01)
    await expert.evaluate(MOVED, [0, [0.1, 0.1, 0], 4])
    there = await alike(expert, county, "wholeSlide", but=first, most=0.01)
    assert there[0][-1] < first[0][-1]
    await play.picture(county, "minutes-slide")


def area(page: Page, name: str) -> Locator:
    """A section of the notes."""
    return page.get_by_role("textbox", name=name)


async def _both_write(play: Stage, county: Page, expert: Page) -> None:
    """At once in one section, one of them without a line for a while."""
    told, asked = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    one, other = area(expert, "讨论经过"), area(county, "讨论经过")
    await asyncio.gather(
        one.press_sequentially(told, delay=60), other.press_sequentially(asked[:13], delay=60)
    )
    await county.context.set_offline(True)
    await other.press_sequentially(asked[13:], delay=60)
    await county.get_by_text("网络中断，您写的内容都在本页").wait_for()
    await one.press_sequentially("会诊", delay=60)
    await play.picture(county, "minutes-offline")
    await county.context.set_offline(False)
    async with asyncio.timeout(60):
        while True:
            texts = {await one.input_value(), await other.input_value()}
            (text, *more) = texts
            mine = "".join(c for c in text if c in told), "".join(c for c in text if c in asked)
            if not more and mine == (told, asked) and "会诊" in text:
                break
            await county.wait_for_timeout(300)
    await area(expert, "总结意见").fill("右肺上叶结节，建议三个月后复查。")
    await county.get_by_text("右肺上叶结节，建议三个月后复查。").wait_for()


async def _sign(page: Page, reserve: str = "") -> None:
    await page.get_by_role("tab", name="请签名").click()
    if reserve:
        await page.get_by_role("radio", name="保留意见").check()
        await page.get_by_role("textbox", name="保留意见内容").fill(reserve)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.get_by_role("button", name=re.compile(r"^签\s*名$")).click()


async def _both_sign(play: Stage, county: Page, expert: Page, base: str, key: str) -> None:
    """The chair closes; both sign, one with a reservation; each side's record is genuine."""
    await expert.get_by_role("button", name="定稿，开始签名").click()
    await expert.get_by_role("tooltip").get_by_role("button", name="定稿，开始签名").click()
    await county.get_by_role("tab", name="请签名").wait_for()
    await _sign(county, "建议先行增强扫描")
    await county.locator("li[data-signed=true]").wait_for()
    await play.picture(county, "minutes-signatures")
    await _sign(expert)
    await expert.get_by_text("双方已各自归档").wait_for()
    await expert.goto(f"{base}/appointments/{key}/minutes")
    await expert.get_by_role("tab", name="签名与存档").click()
    await expert.get_by_text("双方已各自归档").wait_for()
    assert await barriers(expert) == []
    await play.picture(expert, "minutes-archived")
    pdf = await expert.request.get(f"{base}/api/appointments/{key}/minutes/record.pdf")
    assert (await pdf.body()).startswith(b"%PDF")
    check = await expert.get_by_role("link", name="查验").get_attribute("href")
    await expert.goto(f"{base}{check}")
    await expert.get_by_text("记录真实有效").wait_for()
    await expert.set_viewport_size(PHONE)
    await expert.goto(f"{base}/appointments/{key}/minutes")
    await expert.get_by_text("右肺上叶结节，建议三个月后复查。").wait_for()
    await play.picture(expert, "minutes-phone")
    await expect(expert.get_by_text("网络中断")).to_have_count(0)
