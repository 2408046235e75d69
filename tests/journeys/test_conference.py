"""A real call between two browsers: a county and an expert see each other, one loses the line.

Everything goes over a real TURN server, and the expert's every byte over lines that a test can let
fall silent: what is sent then vanishes and nobody hangs up, as with a pulled cable.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from telemed.settings import CONFIGS
from tests.faults.wire import Wire
from tests.janus_server import SECRET as JANUS_SECRET
from tests.janus_server import running_janus
from tests.journeys.stage import Stage, demo, stage
from tests.journeys.test_calendar import call
from tests.journeys.test_flows import barriers
from tests.turn_server import SECRET, Turn, running_turn

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CAMERAS = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
SMALL = """
localStorage.setItem('telemed.conference.picture', 'low')
localStorage.getItem('telemed.conference.adapts') ||
  localStorage.setItem('telemed.conference.adapts', 'no')
"""
"""A small picture, and none that steps down by itself: a busy machine looks like a thin line."""
WATCHED = """
const Real = window.RTCPeerConnection
const by = (given) => given && {...given, iceServers: (given.iceServers ?? []).map((one) => ({
  ...one, urls: [one.urls].flat().map((url) => url.replace(':%d', ':%d'))}))}
window.lines = []
window.RTCPeerConnection = class extends Real {
  constructor(given) { super(by(given)); window.lines.push(this) }
  setConfiguration(given) { super.setConfiguration(by(given)) }
}
"""
"""A page whose connections can be asked, and whose TURN server is reached over another port: the
line that falls silent."""
WAYS = """async () => {
  const found = []
  for (const line of window.lines) {
    const stats = [...(await line.getStats()).values()]
    for (const pair of stats.filter((one) => one.type === 'candidate-pair' && one.nominated))
      found.push(stats.find((one) => one.id === pair.localCandidateId).candidateType)
  }
  return found
}"""
FRAMES = """(place) => {
  const video = document.querySelector(`${place} video`)
  return video ? video.getVideoPlaybackQuality().totalVideoFrames : 0
}"""
STATES = """async () => {
  const told = []
  for (const line of window.lines ?? []) {
    const stats = [...(await line.getStats()).values()]
    const pairs = stats.filter((one) => one.type === 'candidate-pair')
      .map((one) => `${one.state}${one.nominated ? '!' : ''}`)
    const frames = stats.filter((one) => one.type === 'inbound-rtp' && one.kind === 'video')
      .map((one) => [one.packetsReceived, one.framesDecoded])
    const sent = stats.filter((one) => one.type === 'outbound-rtp' && one.kind === 'video')
      .map((one) => [one.active, one.packetsSent, one.qualityLimitationReason])
    told.push({state: line.connectionState, ice: line.iceConnectionState,
      signaling: line.signalingState, pairs, frames, sent})
  }
  const tiles = [...document.querySelectorAll('[data-member]')].map((one) =>
    [one.dataset.member, one.dataset.state, one.querySelector('video')?.readyState])
  return JSON.stringify({told, tiles})
}"""
"""What a page's lines and tiles say of themselves, for whoever reads why a picture stood still."""
OUTAGE = 20.0


@dataclass
class Call:
    """An appointment under a conference, the server, and the lines of the expert."""

    base: str
    turn: Turn
    web: Wire
    media: Wire


@pytest.fixture(scope="module")
def call_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """A demo that sends everything over a TURN server, and from the third member on over Janus."""
    folder = tmp_path_factory.mktemp("conference")
    configs = shutil.copytree(CONFIGS, folder / "configs")
    file = configs / "conference.toml"
    text, changed = re.subn(r"peers_up_to = \d", "peers_up_to = 2", file.read_text("utf-8"))
    assert changed == 1
    file.write_text(text, "utf-8")
    with running_turn(folder / "turn") as turn, running_janus(folder / "janus") as janus:
        told = {
            "turn_urls": f"turn:127.0.0.1:{turn.port}?transport=tcp",
            "turn_secret": SECRET,
            "turn_only": "true",
            "janus_url": janus.url,
            "janus_secret": JANUS_SECRET,
            "configs": str(configs),
        }
        with demo(folder / "data", told) as base:
            web = Wire(int(base.rpartition(":")[2]))
            media = Wire(turn.port)
            for wire in (web, media):
                wire.start()
            try:
                yield Call(base, turn, web, media)
            finally:
                for wire in (web, media):
                    wire.stop()


@asynccontextmanager
async def browsers(at: Call, chromium: Path) -> AsyncIterator[tuple[Stage, Stage]]:
    """Two browsers with cameras; the second one's lines can fall silent."""
    port = at.base.rpartition(":")[2]
    mapped = f"--host-resolver-rules=MAP 127.0.0.1:{port} 127.0.0.1:{at.web.port}"
    async with (
        stage(at.base, chromium, "conference", viewer=False, flags=CAMERAS) as one,
        stage(
            at.base, chromium, "conference/expert", viewer=False, flags=(*CAMERAS, mapped)
        ) as two,
    ):
        yield one, two


async def appointment(keeper: Page, county: Page, experts: list[str]) -> Any:
    """An urgent appointment of the hub's experts that begins in a moment, confirmed."""
    hub = (await call(keeper, "GET", "/api/session"))["institution"]["id"]
    hours = {"weekdays": list(range(7)), "begins": "00:00", "ends": "24:00", "calendar": False,
             "first": "2026-01-01"}  # fmt: skip
    for expert in experts:
        await call(keeper, "PUT", f"/api/calendars/people/{expert}/hours", {"rows": [hours]})
    since = (datetime.now(UTC) + timedelta(minutes=2)).replace(second=0, microsecond=0)
    body = {"service": "imaging", "provider_id": hub, "since": since.isoformat(), "minutes": 30,
            "urgent": True,
            "seats": [{"role": "expert", "person_id": one} for one in experts]}  # fmt: skip
    one = await call(county, "POST", "/api/appointments", body)
    path = f"/api/appointments/{one['id']}"
    one = await call(county, "POST", f"{path}/propose", {"version": one["version"]})
    return await call(keeper, "POST", f"{path}/confirm", {"version": one["version"]})


async def enter(page: Page, base: str, key: str) -> str:
    """Through the lobby into the room; who the page is."""
    await page.goto(f"{base}/conference/{key}")
    await page.get_by_role("button", name="进入", exact=True).click()
    await page.get_by_role("toolbar", name="会议控制").wait_for()
    return str((await call(page, "GET", "/api/session"))["person_id"])


async def frames_grow(page: Page, person: str, where: str = "data-member") -> None:
    """The picture of somebody moves: more frames of it were decoded and shown than just now. A line
    that was begun anew counts from nothing."""
    place, first = f"[{where}='{person}']", 0
    for _ in range(720):
        now = await page.evaluate(FRAMES, place)
        if first and now >= first + 5:
            return
        first = min(first, now) or now
        await page.wait_for_timeout(250)
    raise AssertionError(await page.evaluate(STATES))


async def adapt(page: Page, name: str = "线路变窄时自动降低") -> None:
    """Let a page step down by itself, or no more."""
    await page.get_by_role("button", name="设置", exact=True).click()
    await page.get_by_role("checkbox", name=name).click()
    await page.get_by_role("button", name="设置", exact=True).click()


async def _advised(play: Stage, county: Page) -> None:
    """Over a thin line one is advised to begin by stills: whoever wants nothing lowered by itself
    begins as they chose, everybody else by that."""
    adapts = "localStorage.setItem('telemed.conference.adapts', '%s')"

    async def thin(route: Route) -> None:
        found = {**route.request.post_data_json, "round_trip_ms": 5000}
        await route.continue_(post_data=found)

    await county.route("**/conference/checks", thin)
    for wish, begins in (("no", "视频"), ("yes", "语音＋定时画面")):
        await county.evaluate(adapts % wish)
        await county.reload()
        await county.get_by_text(re.compile("建议方式：语音")).wait_for()
        await play.picture(county, f"conference-advised-{wish}")
        await expect(county.get_by_role("radio", name=begins, exact=True)).to_be_checked()
    await county.evaluate(adapts % "no")
    await county.unroute("**/conference/checks")


async def test_a_call_outlives_a_lost_line(call_at: Call, chromium: Path) -> None:
    """Both see each other; after 20 s of silence they see each other again, in the same page, and
    the log and the attendance say so."""
    at = call_at
    async with browsers(at, chromium) as (near, far):
        keeper = await near.sign_in("coordinator")
        county = await near.open()
        await county.add_init_script(SMALL)
        await county.add_init_script(WATCHED % (at.turn.port, at.turn.port))
        await near.sign_in_at(county, "county")
        expert = await far.open()
        await expert.add_init_script(SMALL)
        await expert.add_init_script(WATCHED % (at.turn.port, at.media.port))
        await far.sign_in_at(expert, "expert")
        who = (await call(expert, "GET", "/api/session"))["person_id"]
        key = (await appointment(keeper, county, [who]))["id"]
        path = f"/api/appointments/{key}/conference"
        await county.goto(f"{at.base}/conference/{key}")
        await county.get_by_text("建议方式").wait_for()
        await near.picture(county, "conference-lobby")
        assert await barriers(county) == []
        await _advised(near, county)
        asks = await enter(county, at.base, key)
        answers = await enter(expert, at.base, key)
        await asyncio.gather(frames_grow(county, answers), frames_grow(expert, asks))
        for page in (county, expert):
            assert set(await page.evaluate(WAYS)) == {"relay"}
        await near.picture(county, "conference-room")
        assert await barriers(county) == []
        await talk(county, expert)
        await county.locator("header").first.click()
        await county.keyboard.press("s")
        await frames_grow(expert, asks, "data-screen")
        await near.picture(expert, "conference-screen")
        await county.get_by_role("button", name="停止共享").click()
        await expect(expert.locator("[data-screen]")).to_have_count(0)
        await expert.evaluate("window.stayed = true")
        cut = datetime.now(UTC)
        for wire in (at.web, at.media):
            wire.silence()
        await county.locator(f"[data-member='{answers}'][data-state=dropped]").wait_for()
        await expert.get_by_text("线路中断，正在恢复").wait_for()
        await near.picture(county, "conference-dropped")
        await expert.wait_for_timeout(
            max(0.0, OUTAGE - (datetime.now(UTC) - cut).total_seconds()) * 1000
        )
        mended = datetime.now(UTC)
        for wire in (at.web, at.media):
            wire.mend()
        await county.locator(f"[data-member='{answers}'][data-state=present]").wait_for()
        await expect(expert.get_by_text("线路中断，正在恢复")).to_have_count(0)
        await asyncio.gather(frames_grow(county, answers), frames_grow(expert, asks))
        assert await expert.evaluate("window.stayed") is True
        _is_recorded(await call(county, "GET", path), answers, cut, mended)
        await _third(near, keeper, {asks: county, answers: expert}, at, key)
        await ends(near, keeper, county, expert)


async def talk(county: Page, expert: Page) -> None:
    """A raised hand and a few words reach the other side; all of it by keys."""
    await county.locator("body").press("h")
    await expert.get_by_text("举手").first.wait_for(state="attached")
    await county.locator("body").press("c")
    await county.get_by_role("textbox", name="输入文字").fill("请看第三层")
    await county.keyboard.press("Enter")
    await expert.get_by_role("button", name="文字").click()
    await expert.get_by_text("请看第三层").wait_for()


def _is_recorded(found: Any, who: str, cut: datetime, mended: datetime) -> None:
    """One drop and one return of the expert, at the times at which they happened."""
    lines = [line for line in found["log"] if line["person_id"] == who]
    assert [line["event"] for line in lines if line["event"] != "mode"] == [
        "enter", "drop", "return",
    ]  # fmt: skip
    dropped, returned = (datetime.fromisoformat(line["at"]) for line in lines[-2:])
    # It was heard last at a beat, every three seconds, before the cut.
    assert cut - timedelta(seconds=6) <= dropped <= cut + timedelta(seconds=2)
    assert mended - timedelta(seconds=1) <= returned
    (there,) = [one for one in found["people"] if one["person_id"] == who]
    lost = (returned - dropped).total_seconds()
    first = datetime.fromisoformat(there["first"])
    last = datetime.fromisoformat(there["last"])
    assert there["drops"] == 1 and lost >= OUTAGE
    assert abs((last - first).total_seconds() - lost - there["seconds"]) <= 1
    assert {side["people"] for side in found["sides"]} == {1} and len(found["sides"]) == 2


async def _third(near: Stage, keeper: Page, pages: dict[str, Page], at: Call, key: str) -> None:
    """With the third everything goes over the media server, and each sees both others."""
    before = {page: len(await page.evaluate("window.lines")) for page in pages.values()}
    await keeper.evaluate(SMALL)
    keeps = await enter(keeper, at.base, key)
    everybody = {**pages, keeps: keeper}
    for who, page in everybody.items():
        for other in everybody.keys() - {who}:
            await frames_grow(page, other)
    for page, lines in before.items():
        # One line for what is sent, one for each of the others; those to members are closed.
        states = (await page.evaluate("window.lines.map((one) => one.connectionState)"))[lines:]
        assert states.count("connected") == 3, states
    await near.picture(keeper, "conference-three")


async def ends(near: Stage, keeper: Page, county: Page, expert: Page) -> None:
    """The coordinator begins and ends it; everybody is shown out."""
    await keeper.get_by_role("button", name="会诊开始").click()
    await keeper.get_by_role("button", name="会诊结束").click()
    await keeper.get_by_role("tooltip").get_by_role("button", name="会诊结束").click()
    for page in (county, expert):
        await page.get_by_text("已结束，视频已关闭").wait_for()
    await near.picture(county, "conference-over")
