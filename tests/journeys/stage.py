"""The stage of a journey: a demo server of its own, and people at their browsers.

A journey is played by headless Chromium against the running demo, and every step leaves a picture
in `artifacts/story/`. Anything a page logs as an error, any answer of 500 and above, and any call
to another host fails the journey.
"""

import asyncio
import fcntl
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    Response,
    Route,
    async_playwright,
    expect,
)

from telemed.assemble import open_services
from telemed.demo import prepare
from telemed.settings import Settings
from tests.journeys.pictures import keep, wanted
from tests.services import CHROMIUM_FLAGS, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Yilian-2026"
_HISTORY = re.compile(r"^days = .*\nrate = .*\nfocus = .*$", re.MULTILINE)
DESK = {"width": 1366, "height": 768}
PATIENCE = 60_000
"""Milliseconds for one step: two viewers that draw without a graphics card, beside other tests, may
keep the only two cores for long."""
expect.set_options(timeout=PATIENCE)


@contextmanager
def demo(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """A demo server in a data directory; its address.

    With settings of its own it is `serve`, for `demo` reads none: the sign-in page then offers no
    accounts.
    """
    samples = ROOT / "build" / "samples"
    for needed, how in ((samples / "manifest.json", "samples"), (ROOT / "web/dist", "web")):
        assert needed.exists(), f"{needed} is missing; `make test` makes it ({how})"
    shutil.copytree(_prepared(data_dir), data_dir)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with (data_dir.parent / "demo.log").open("wb") as log:
        command = ["demo", "--port", str(port), "--samples", str(samples)]
        told = {f"TELEMED_{key.upper()}": value for key, value in (settings or {}).items()}
        if settings is not None:
            command, told["TELEMED_PORT"] = ["serve"], str(port)
        server = subprocess.Popen(
            [sys.executable, "-m", "telemed", *command, "--data-dir", str(data_dir)],
            cwd=ROOT,
            env={**os.environ, **told},
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: _ready(base, server), "the demo")
            yield base
        finally:
            server.terminate()
            server.wait(30)


def _prepared(data_dir: Path) -> Path:
    """A filled data directory to copy from, made by the first worker of the suite that needs it."""
    started = (p for p in data_dir.parents if p.parent.name.startswith("pytest-of-"))
    shared = next(started, data_dir.parent) / "demo"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            _prepare(shared / "data")
            (shared / "done").touch()
    return shared / "data"


def _prepare(data_dir: Path) -> None:
    """Fill the data directory; the weeks of history, which take long, for pictures only."""
    configs = shutil.copytree(ROOT / "configs", data_dir.parent / "configs")
    if not wanted():
        told = configs / "demo.toml"
        text, changed = _HISTORY.subn("days = 1\nrate = 0.01\nfocus = {}", told.read_text("utf-8"))
        assert changed == 1
        told.write_text(text, "utf-8")
    settings = Settings(data_dir=data_dir, configs=configs, free_space_reserve_bytes=0)
    services = open_services(settings)
    prepare(services, ROOT / "build" / "samples", lambda words: None)
    services.threads.shutdown()
    services.store.close()


def _ready(base: str, server: "subprocess.Popen[bytes]") -> bool:
    assert server.poll() is None, "the demo stopped; see demo.log"
    try:
        with urllib.request.urlopen(f"{base}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError):
        return False


@dataclass
class Stage:
    """The browser, the pictures, and what went wrong."""

    base: str
    browser: Browser
    pictures: Path
    viewer: bool = True
    faults: list[str] = field(default_factory=list)
    taken: int = 0

    async def sign_in(self, username: str, **context: object) -> Page:
        """A person at a browser of their own, signed in by typing."""
        page = await self.open(**context)
        await self.sign_in_at(page, username)
        return page

    async def sign_in_at(self, page: Page, username: str) -> None:
        """Sign in by typing at a browser that is already open."""
        await page.goto(self.base)
        await page.get_by_role("textbox", name="用户名").fill(username)
        await page.locator("input[type=password]").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.locator("header nav").first.wait_for()

    async def open(self, **context: object) -> Page:
        """A browser of its own, nobody signed in."""
        options = {"viewport": DESK, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **context}
        # Dialogs open and close at once: a busy machine may take seconds for their movement.
        options.setdefault("reduced_motion", "reduce")
        made: BrowserContext = await self.browser.new_context(**options)  # type: ignore[arg-type]
        if not self.viewer:
            await made.route(re.compile(r"/viewer/"), leave_empty)
        page = await made.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda fault: self.faults.append(f"page error: {fault}"))
        page.on("response", self._watch)
        return page

    async def picture(self, page: Page, name: str) -> None:
        """What this person sees when the page has come to rest."""
        self.taken += 1
        await expect(page.locator(".ant-skeleton:visible")).to_have_count(0)
        await page.wait_for_timeout(400)
        path = self.pictures / f"{self.taken:02d}-{name}.png"
        await page.screenshot(path=path, animations="disabled")
        keep(path, name)

    def _watch(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status} {response.url}")
        if not response.url.startswith((self.base, "data:", "blob:")):
            self.faults.append(f"another host: {response.url}")


async def leave_empty(route: Route) -> None:
    """A viewer that shows nothing."""
    await route.fulfill(content_type="text/html", body="<!doctype html>")


@asynccontextmanager
async def stage(
    base: str, chromium: Path, name: str, *, viewer: bool = True, flags: Sequence[str] = ()
) -> AsyncIterator[Stage]:
    """A stage for one journey; its faults are looked at when it ends well.

    Without the viewer its frame stays empty: half of what a case costs to open, for journeys that
    look at no image.
    """
    pictures = ROOT / "artifacts" / name
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("*.png"):
        old.unlink()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=[*CHROMIUM_FLAGS, *flags]
        )
        found = Stage(base, browser, pictures, viewer)
        try:
            yield found
        except BaseException:
            await _testify(browser, pictures)
            raise
        finally:
            await browser.close()
        assert found.faults == []


async def _testify(browser: Browser, pictures: Path) -> None:
    """Print, for whoever reads a failed journey, which pages still answer and how busy it was; what
    they show is kept beside the pictures."""
    print("load average", *(f"{load:.1f}" for load in os.getloadavg()))
    pages = (page for context in browser.contexts for page in context.pages)
    for number, page in enumerate(pages, 1):
        try:
            async with asyncio.timeout(10):
                shown = await page.evaluate("[document.visibilityState, document.readyState]")
                await page.screenshot(path=pictures / f"failed-{number}.png")
        except TimeoutError:
            shown = ["does not answer within ten seconds"]
        print(page.url, *shown)
