"""A coordinator's desk beside a reader's: assigned, taken back, seen at once, signed, the next."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.journeys.stage import Stage, stage
from tests.journeys.test_flows import barriers
from tests.world import PASSWORD, World, session_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# Of the sounds only what is asked of the browser can be heard here: the notes of its oscillators.
LISTEN = """
window.notes = []
window.AudioContext = class {
  currentTime = 0
  destination = {}
  createOscillator() {
    const tone = { frequency: {}, connect: () => ({ connect() {} }), stop() {} }
    return { ...tone, start: () => window.notes.push(tone.frequency.value) }
  }
  createGain() {
    return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect() {} }
  }
  close() { return Promise.resolve() }
}
"""
STAT, URGENT = [660, 880, 1100], [520, 660]


async def test_a_case_is_assigned_read_and_signed(world: World, chromium: Path) -> None:
    """The reader sees and hears it at once, goes from one to the next; nothing jumps meanwhile."""
    first = await world.sent(service="consultation")
    await world.sent(service="consultation", of_patient=2)
    settings = {"auto_next": {"consultation": True}}
    await world.client("hub-ecg").ok("PUT", "/api/worklist/settings", settings)
    async with stage(world.base, chromium, "dispatch", viewer=False) as play:
        reader = await _at(play, "hub-ecg")
        await reader.wait_for_url(re.compile("/work"))
        await expect(reader).to_have_title("(2) 工作台")
        coordinator = await _at(play, "hub-coordinator")
        await coordinator.wait_for_url(re.compile("/dispatch"))
        await _assign_and_take_back(play, coordinator, reader)
        await _nothing_jumps(world, play, coordinator, reader)
        signed = await _read_and_go_on(world, reader, first)
        await _the_month_is_told(play, coordinator, signed)


async def _at(play: Stage, who: str) -> Page:
    """Somebody's page, signed in already."""
    page = await play.open()
    await page.add_init_script(LISTEN)
    cookie = {"name": "telemed", "value": session_of(who), "url": play.base}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    await page.goto(play.base)
    await page.get_by_role("option").first.wait_for()
    return page


async def _assign_and_take_back(play: Stage, coordinator: Page, reader: Page) -> None:
    """By keyboard: Enter chooses a reader, Enter assigns; the toast takes it back; then both."""
    mine = reader.get_by_role("tab", name=re.compile("指派给我"))
    await coordinator.get_by_label("可以指派").first.wait_for()
    assert await barriers(coordinator) == []
    await coordinator.keyboard.press("Enter")
    await play.picture(coordinator, "coordinator")
    await coordinator.keyboard.press("Enter")
    await expect(mine).to_contain_text("1")
    await expect(reader.get_by_text("新指派给您 1 例")).to_be_visible()
    await coordinator.get_by_role("button", name="撤销").click()
    await expect(mine).to_contain_text("0")
    await coordinator.get_by_role("option").first.click()
    await coordinator.keyboard.press("a")
    await coordinator.get_by_text("已选 2 例").wait_for()
    await coordinator.get_by_role("button", name="指派给 医生hub-ecg").click()
    await expect(mine).to_contain_text("2")
    await play.picture(coordinator, "both-assigned")


async def _nothing_jumps(world: World, play: Stage, coordinator: Page, reader: Page) -> None:
    """What arrives waits behind the pill, but stat; the urgent sound, unless muted."""
    shown = coordinator.get_by_role("listbox").first.get_by_role("option")
    await expect(shown).to_have_count(2)
    await world.sent(service="consultation", urgency="urgent")
    await coordinator.get_by_text("1 条新申请").wait_for()
    await expect(shown).to_have_count(2)
    await coordinator.keyboard.press("n")
    await expect(shown).to_have_count(3)
    await reader.keyboard.press("2")  # a page that was touched may sound
    await world.sent(service="consultation", urgency="stat")
    await expect(shown).to_have_count(4)
    await _heard(reader, lambda: expect(reader).to_have_title("◆(4) 工作台"), STAT)
    await reader.evaluate("localStorage.setItem('telemed.sound', 'off')")
    await world.sent(service="consultation", urgency="stat")
    await _heard(reader, lambda: expect(reader).to_have_title("◆(5) 工作台"), [])
    await play.picture(reader, "reader")


async def _heard(page: Page, until: Callable[[], Awaitable[None]], notes: list[int]) -> None:
    """Once something is seen the notes of this urgency were played, or none."""
    await until()
    if notes:
        await page.wait_for_function(
            "want => String(window.notes).endsWith(String(want))", arg=notes
        )
    else:
        assert await page.evaluate("window.notes") == []
    await page.evaluate("window.notes = []")


async def _read_and_go_on(world: World, reader: Page, first: str) -> str:
    """What is assigned is claimed with Enter; after the signature the next opens by itself."""
    await expect(reader.get_by_role("option")).to_have_count(2)
    await reader.get_by_role("option").first.click()
    assert await barriers(reader) == []
    await reader.keyboard.press("Enter")
    await reader.wait_for_url(re.compile(r"/read/"))
    case = reader.url.rsplit("/", 1)[1]
    await world.write_report(case, "hub-ecg")
    await reader.reload()
    await reader.get_by_role("button", name=re.compile("^签")).first.click()
    await reader.locator("input[type=password]").fill(PASSWORD)
    await reader.keyboard.press("Enter")
    await reader.wait_for_url(lambda url: "/read/" in url and not url.endswith(case))
    assert first in (case, reader.url.rsplit("/", 1)[1])
    assert (await world.log(case))[-1] == "report.issued"
    return case


async def _the_month_is_told(play: Stage, coordinator: Page, signed: str) -> None:
    """The ledger behind the desk: three were given, one is done, and it leads to that case."""
    await coordinator.get_by_role("button", name="派单公平").click()
    await coordinator.wait_for_url(re.compile("/fairness"))
    await coordinator.goto(f"{play.base}/fairness?month=2026-03")  # the world's, not the browser's
    await coordinator.get_by_role("grid").wait_for()
    assert await barriers(coordinator) == []
    await play.picture(coordinator, "fairness")
    given = coordinator.get_by_role("button", name=re.compile("医生hub-ecg，派给"))
    await expect(given).to_have_accessible_name(re.compile("3 例$"))
    await given.press("ArrowRight")
    await coordinator.keyboard.press("ArrowRight")
    await coordinator.keyboard.press("Enter")
    await coordinator.get_by_role("dialog").get_by_role("link").click()
    await coordinator.wait_for_url(re.compile(f"/requests/{signed}"))
