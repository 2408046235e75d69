"""From the click on a case to the first diagnostic picture in the viewer, in a real browser.

    PYTHONPATH=. .venv/bin/python bench/first_picture.py [--runs 5] [--trace]

Starts the demo on a data directory of its own. An expert opens an MR of 72 images from the desk:
the clock starts at the click that claims and opens the case, and stops when the largest canvas of
the viewer shows a picture. `first` is a browser that never saw the viewer, `again` the same browser
afterwards. Both on an open line and on one of 20 Mb/s with 20 ms of latency, Chromium's own
throttle. `--trace` lists what was asked until then, and what was asked twice.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from playwright.async_api import Frame, Page, Request

from tests.journeys.stage import Stage, demo, stage
from tests.services import find_chromium

PATIENT = "覃正华"
LOOK = 10.0
"""Seconds that somebody looks at the desk before they open a case."""
_BYTES = 20e6 / 8
LINES = {
    "open line": None,
    "20 Mb/s": {
        "offline": False,
        "latency": 20,
        "downloadThroughput": _BYTES,
        "uploadThroughput": _BYTES,
    },
}
_SHOWS = """() => {
  const area = (c) => c.clientWidth * c.clientHeight;
  const canvas = [...document.querySelectorAll('canvas')].sort((a, b) => area(b) - area(a))[0];
  if (!canvas || area(canvas) < 40000) return false;
  const small = document.createElement('canvas');
  small.width = small.height = 32;
  const pen = small.getContext('2d');
  pen.drawImage(canvas, 0, 0, 32, 32);
  const seen = pen.getImageData(0, 0, 32, 32).data;
  const greys = new Set();
  for (let i = 0; i < seen.length; i += 4) if (seen[i + 3] > 0) greys.add(seen[i]);
  return greys.size > 24;
}"""
_RELEASE = """async (id) => {
  const me = await (await fetch('/api/session')).json();
  const answer = await fetch(`/api/requests/${id}/release`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf},
    body: JSON.stringify({reason: 'by-mistake', note: ''}),
  });
  return answer.status === 200 ? '' : await answer.text();
}"""
_UID = re.compile(r"\d+(\.\d+){4,}")


class Asked:
    """The requests of a page since the click."""

    def __init__(self, page: Page) -> None:
        self.paths: Counter[str] = Counter()
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        path = request.url.split("/", 3)[-1]
        if not request.url.startswith(("data:", "blob:")):
            self.paths[f"{request.method} /{path}"] += 1

    def told(self) -> None:
        """Kinds of calls, then single ones that came twice."""
        kinds: Counter[str] = Counter()
        for path, times in self.paths.items():
            kinds[_UID.sub("{uid}", path).partition("?")[0]] += times
        for kind, times in kinds.most_common(60):
            print(f"    {times:4} {kind}")
        for path, times in self.paths.items():
            if times > 1:
                print(f"    {times} times: {path}")


async def opened(page: Page, asked: Asked) -> float:
    """Seconds from the click to the picture; the case is given back afterwards."""
    await page.get_by_text(PATIENT).first.click()
    button = page.get_by_role("button", name="领取并打开")
    await button.wait_for()
    await page.wait_for_timeout(LOOK * 1000)
    asked.paths.clear()
    began = time.perf_counter()
    await button.click()
    frame = await _viewer(page)
    await frame.wait_for_function(_SHOWS, polling=16, timeout=120_000)
    took = time.perf_counter() - began
    request_id = page.url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    refused = await page.evaluate(_RELEASE, request_id)
    if refused:
        raise SystemExit(f"the case was not given back: {refused}")
    return took


async def _viewer(page: Page) -> Frame:
    while True:
        for frame in page.frames:
            if "/viewer/" in frame.url:
                return frame
        await asyncio.sleep(0.005)


async def one_browser(play: Stage, line: dict[str, object] | None, trace: bool) -> list[float]:
    """A fresh browser: its first opening and its second."""
    page = await play.sign_in("expert")
    if line is not None:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.emulateNetworkConditions", line)
    asked = Asked(page)
    found = []
    for _ in range(2):
        await page.goto(f"{play.base}/work")
        found.append(await opened(page, asked))
        if trace:
            await page.screenshot(path=play.pictures / f"{len(found)}.png")
            asked.told()
    await page.context.close()
    return found


async def measure(base: str, chromium: Path, runs: int, trace: bool) -> None:
    """Every line, so many browsers each."""
    async with stage(base, chromium, "first-picture") as play:
        for name, line in LINES.items():
            browsers = [await one_browser(play, line, trace and not n) for n in range(runs)]
            for place, which in enumerate(("first", "again")):
                times = [found[place] * 1000 for found in browsers]
                print(
                    f"{name:10} {which:6} median {median(times):6.0f} ms"
                    f" ({min(times):.0f} to {max(times):.0f})",
                    flush=True,
                )


def main() -> None:
    """Start, measure, stop."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--trace", action="store_true")
    given = asked.parse_args()
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("Chromium is not installed (`make test` installs it)")
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder) / "data") as base:
        asyncio.run(measure(base, chromium, given.runs, given.trace))


if __name__ == "__main__":
    main()
