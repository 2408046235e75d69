"""A page misses nothing: neither while its line is being made, nor after its session lapsed."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.journeys.stage import Stage, stage
from tests.world import PASSWORD, World, session_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

WHO = "hub-ecg"


async def test_a_case_sent_while_the_line_is_made_is_seen(world: World, chromium: Path) -> None:
    """The list was fetched before the case was there, the line comes after it."""
    async with stage(world.base, chromium, "live-line", viewer=False) as play:
        page = await _page(play)
        sent = asyncio.Event()

        async def late(line: WebSocketRoute) -> None:
            await sent.wait()
            line.connect_to_server()

        await page.route_web_socket("**/live", late)
        async with page.expect_response(lambda answer: "/api/worklist?" in answer.url) as listed:
            await page.goto(play.base)
        await (await listed.value).finished()
        await world.sent(service="consultation")
        sent.set()
        await expect(page).to_have_title("(1) 工作台")


async def test_a_page_signed_in_again_hears_again(world: World, chromium: Path) -> None:
    """The session ends under the page; who signs in above it goes on: what was refused meanwhile is
    asked again, and what comes is seen."""
    async with stage(world.base, chromium, "live-line-again", viewer=False) as play:
        page = await _page(play)
        await page.goto(play.base)
        await page.get_by_text("实时").first.wait_for()
        await world.client(WHO).ok("DELETE", "/api/session")
        dialog = page.get_by_role("dialog")
        await dialog.wait_for()
        await page.locator("[role=tab]", has_text="历史").dispatch_event("click")
        refused = page.get_by_role("alert").get_by_text("请先登录")
        await refused.first.wait_for()
        await dialog.locator("input[type=password]").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await dialog.wait_for(state="detached")
        await expect(refused).to_have_count(0)
        await world.sent(service="consultation")
        await expect(page).to_have_title("(1) 工作台")


async def _page(play: Stage) -> Page:
    page = await play.open()
    cookie = {"name": "telemed", "value": session_of(WHO), "url": play.base}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    return page
