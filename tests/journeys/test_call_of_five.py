"""A real call: two see each other, then five do, one loses the line, and it gets thin.

Five cameras need a machine to themselves: `pytest -m alone tests/journeys/test_call_of_five.py`.

Everything goes over a real TURN server, and the expert's every byte over lines that a test can let
fall silent: what is sent then vanishes and nobody hangs up, as with a pulled cable. From the fifth
member on pictures and voices go over a real Janus.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.janus_server import SECRET as JANUS_SECRET
from tests.janus_server import running_janus
from tests.journeys.stage import Stage, demo
from tests.journeys.test_calendar import call
from tests.journeys.test_conference import (
    OUTAGE,
    SMALL,
    WATCHED,
    WAYS,
    adapt,
    appointment,
    browsers,
    ends,
    enter,
    frames_grow,
    talk,
)
from tests.journeys.test_flows import barriers
from tests.journeys.thin_line import ThinLine, Wire
from tests.turn_server import SECRET, Turn, running_turn

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.alone,
]

VOICES = """async () => {
  const found = {}
  for (const line of window.lines.filter((one) => one.connectionState === 'connected'))
    for (const row of (await line.getStats()).values())
      if (row.type === 'inbound-rtp' && row.kind === 'audio')
        found[window.lines.indexOf(line)] = [row.packetsReceived, row.totalAudioEnergy]
  return found
}"""
"""Of every line on which a voice comes: packets, and how loud it was in all."""
MOVING = """async () => {
  let packets = 0
  for (const line of window.lines.filter((one) => one.connectionState === 'connected'))
    for (const row of (await line.getStats()).values())
      if (row.type === 'inbound-rtp' && row.kind === 'video') packets += row.packetsReceived
  return packets
}"""
"""Packets of moving pictures that came."""
LINES = "window.lines.filter((one) => one.connectionState === 'connected').length"
VOICE_ALONE = 90
"""Kilobits a second that one voice has room in, and a moving picture beside it has not."""


@dataclass
class Call:
    """An appointment under a conference, the server, and the lines of the expert."""

    base: str
    turn: Turn
    web: Wire
    media: ThinLine


@pytest.fixture(scope="module")
def call_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """A demo that sends everything over a TURN server, and with many members over Janus."""
    folder = tmp_path_factory.mktemp("conference")
    with running_turn(folder / "turn") as turn, running_janus(folder / "janus") as janus:
        told = {
            "turn_urls": f"turn:127.0.0.1:{turn.port}?transport=tcp",
            "turn_secret": SECRET,
            "turn_only": "true",
            "janus_url": janus.url,
            "janus_secret": JANUS_SECRET,
        }
        with demo(folder / "data", told) as base:
            web = Wire(int(base.rpartition(":")[2]))
            media = ThinLine(turn.port)
            for wire in (web, media):
                wire.start()
            try:
                yield Call(base, turn, web, media)
            finally:
                for wire in (web, media):
                    wire.stop()


async def member(at: Stage, username: str, turn: int, goes_by: int) -> tuple[str, Page]:
    """Somebody with a small picture whose lines can be asked; who they are, and their page."""
    page = await at.open()
    await page.add_init_script(SMALL)
    await page.add_init_script(WATCHED % (turn, goes_by))
    await at.sign_in_at(page, username)
    return str((await call(page, "GET", "/api/session"))["person_id"]), page


async def everybody_is_seen(pages: Mapping[str, Page]) -> None:
    """On each page every other's picture moves."""
    await asyncio.gather(
        *(frames_grow(page, who) for one, page in pages.items() for who in pages if who != one)
    )


async def voices_come(page: Page, many: int) -> None:
    """So many voices are heard: packets of each come, and not of silence."""
    async with asyncio.timeout(180):
        first = await page.evaluate(VOICES)
        while True:
            now = await page.evaluate(VOICES)
            more = [
                line for line, (packets, energy) in now.items()
                if line in first and packets > first[line][0] + 20 and energy > first[line][1]
            ]  # fmt: skip
            if len(more) >= many:
                return
            if not first.keys() >= now.keys():
                first = {**now, **first}
            await page.wait_for_timeout(250)


async def test_a_call_from_two_to_five_and_back_on_a_lost_line(
    call_at: Call, chromium: Path
) -> None:
    """Two see each other and lose the line for a moment; with a fifth everything goes over the
    media server; after 20 s of silence everybody is seen again, in the same page, and the log and
    the attendance say so; a line that gets thin is stepped down to a voice and stills."""
    at = call_at
    async with browsers(at, chromium) as (near, far):
        keeper = await near.sign_in("coordinator")
        asks, county = await member(near, "county", at.turn.port, at.turn.port)
        answers, expert = await member(far, "expert", at.turn.port, at.media.port)
        others = [await member(near, one, at.turn.port, at.turn.port)
                  for one in ("physician", "verifier")]  # fmt: skip
        key = (await appointment(keeper, county, [answers, *(who for who, _ in others)]))["id"]
        path = f"/api/appointments/{key}/conference"
        await county.goto(f"{at.base}/conference/{key}")
        await county.get_by_text("建议方式").wait_for()
        await near.picture(county, "conference-lobby")
        assert await barriers(county) == []
        assert await enter(county, at.base, key) == asks
        await enter(expert, at.base, key)
        two = {asks: county, answers: expert}
        await everybody_is_seen(two)
        for page in two.values():
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
        await _is_cut(at, near, two, answers, 0)
        pages = await _five(at, near, keeper, {**two, **dict(others)}, key)
        cut, mended = await _is_cut(at, near, pages, answers, OUTAGE)
        await voices_come(expert, 4)
        assert await expert.evaluate("window.stayed") is True
        _is_recorded(await call(county, "GET", path), answers, cut, mended)
        await _gets_thin(at, near, pages, answers)
        await ends(near, keeper, county, expert)


async def _is_cut(
    at: Call, near: Stage, pages: Mapping[str, Page], who: str, seconds: float
) -> tuple[datetime, datetime]:
    """Somebody's lines fall silent until that is noticed, and for so long at least; then
    everybody is seen again. When they were cut and mended."""
    lost = pages[who]
    others = [page for one, page in pages.items() if one != who]
    cut = datetime.now(UTC)
    for wire in (at.web, at.media):
        wire.silence()
    for page in others:
        await page.locator(f"[data-member='{who}'][data-state=dropped]").wait_for()
    await lost.get_by_text("线路中断，正在恢复。").wait_for()
    await near.picture(others[0], f"conference-dropped-{len(pages)}")
    left = seconds - (datetime.now(UTC) - cut).total_seconds()
    await lost.wait_for_timeout(max(0.0, left) * 1000)
    mended = datetime.now(UTC)
    for wire in (at.web, at.media):
        wire.mend()
    for page in others:
        await page.locator(f"[data-member='{who}'][data-state=present]").wait_for()
    await expect(lost.get_by_text("线路中断，正在恢复。")).to_have_count(0)
    await everybody_is_seen(pages)
    return cut, mended


async def _five(
    at: Call, near: Stage, keeper: Page, four: Mapping[str, Page], key: str
) -> dict[str, Page]:
    """Up to the fourth each has a line to each; with the fifth, in the midst of it, one line for
    what is sent and one for each of the others."""
    for who, page in list(four.items())[2:]:
        assert await enter(page, at.base, key) == who
    await everybody_is_seen(four)
    for page in four.values():
        assert await page.evaluate(LINES) == 3
    await keeper.add_init_script(SMALL)
    await keeper.add_init_script(WATCHED % (at.turn.port, at.turn.port))
    keeps = await enter(keeper, at.base, key)
    pages = {**four, keeps: keeper}
    await everybody_is_seen(pages)
    for page in pages.values():
        await page.wait_for_function(f"{LINES} === 5", timeout=60_000)
        await voices_come(page, 4)
    await near.picture(keeper, "conference-five")
    return pages


async def _gets_thin(at: Call, near: Stage, pages: Mapping[str, Page], who: str) -> None:
    """Where there is room for a voice alone, the voice stays and stills take the pictures' place,
    both ways and by itself; against it one may decide."""
    thin = pages[who]
    others = {one: page for one, page in pages.items() if one != who}
    await adapt(thin)
    at.media.kbps = VOICE_ALONE
    await thin.get_by_text("已改为语音＋定时画面").wait_for()
    for one, page in others.items():
        await page.locator(f"[data-member='{who}'] img[src^='data:image/jpeg']").wait_for()
        await thin.locator(f"[data-member='{one}'] img[src^='data:image/jpeg']").wait_for()
    async with asyncio.timeout(60):
        before = -1
        while before != (before := await thin.evaluate(MOVING)):
            await thin.wait_for_timeout(1000)
    await voices_come(thin, 4)
    await near.picture(thin, "conference-thin")
    at.media.kbps = 0
    await thin.get_by_role("button", name="现在就用视频").click()
    await adapt(thin)
    await everybody_is_seen(pages)


def _is_recorded(found: Any, who: str, cut: datetime, mended: datetime) -> None:
    """The expert's drops and returns, that of the cut at the times at which it happened. A machine
    with too much to do may lose a beat besides."""
    lines = [line for line in found["log"] if line["person_id"] == who and line["event"] != "mode"]
    times = [datetime.fromisoformat(line["at"]) for line in lines]
    gone = list(zip(times[1::2], times[2::2], strict=True))
    assert [line["event"] for line in lines] == ["enter", *["drop", "return"] * len(gone)]
    assert len(gone) >= 2
    # It was heard last at a beat, every three seconds, before the cut.
    (lost,) = [(dropped, returned) for dropped, returned in gone if dropped < mended <= returned]
    assert lost[0] <= cut + timedelta(seconds=2)
    assert (lost[1] - lost[0]).total_seconds() >= OUTAGE
    (there,) = [one for one in found["people"] if one["person_id"] == who]
    away = sum((returned - dropped).total_seconds() for dropped, returned in gone)
    first = datetime.fromisoformat(there["first"])
    last = datetime.fromisoformat(there["last"])
    assert there["drops"] == len(gone)
    assert abs((last - first).total_seconds() - away - there["seconds"]) <= len(gone)
    assert sorted(side["people"] for side in found["sides"]) == [1, 4]
