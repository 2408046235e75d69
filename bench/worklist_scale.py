"""The desk with thousands of open cases, beside the same cases as one plain table.

    PYTHONPATH=. .venv/bin/python -m bench.worklist_scale [--open 5000] [--closed 50000]

A hospital of the tests' world gets so many open cases and so many that were answered before. The
API is asked for a reader's first page, a page sorted by patient, a search, and the whole list page
by page, as a client that polls would take it; over HTTP, with the session and all rights. Then
headless Chromium opens the desk, moves the selection and scrolls: until the first rows can be used,
from a key to the row it selects, and the frames while scrolling. The yardstick, in the same run and
browser, is a bare page with the same cases as rows of an HTML table, without a framework, sign-in
or live line. It needs `make web`.
"""

import argparse
import asyncio
import html
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright

from telemed.store import tables as t
from telemed.store.tx import Tx
from tests import world as worlds
from tests.services import CHROMIUM_FLAGS, find_chromium
from tests.world import World

READER: Final = "hub-reader"
BATCH: Final = 1000
KEYS: Final = 20
SCROLL_MS: Final = 3000
SIZE: Final = {"width": 1366, "height": 768}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--open", type=int, default=5_000)
    asked.add_argument("--closed", type=int, default=50_000)
    asked.add_argument("--runs", type=int, default=200)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="telemed-desk-", dir="build") as folder:
        asyncio.run(_measure(Path(folder), given))


async def _measure(folder: Path, given: argparse.Namespace) -> None:
    worlds.build(folder)
    async with worlds.world_at(folder) as world:
        await _fill(world, given.open, given.closed)
        print(f"\n{given.open:,} open, {given.closed:,} answered\n")
        rows = await _api(world, given.runs)
        await _screens(world, rows)


# --- the rows -------------------------------------------------------------------------------------


async def _fill(world: World, waiting: int, closed: int) -> None:
    """Copies of one case that waits and of one that was answered, spread over time and urgency."""
    models = ((await world.sent(), waiting - 1), (await world.issued(), closed - 1))
    for case, many in models:
        whole = {
            table: await world.rows(table)
            for table in (t.requests, t.workitems, t.reports, t.report_versions)
        }
        copy = _Copy(case, whole)
        for first in range(0, many, BATCH):
            some = range(first, min(first + BATCH, many))
            await world.write(lambda tx, copy=copy, some=some: copy.write(tx, some))


class _Copy:
    """Writes a case again and again under other ids."""

    def __init__(self, case: str, whole: dict[Any, list[Any]]) -> None:
        of = {table: [r for r in rows if r.get("request_id") == case]
              for table, rows in whole.items()}  # fmt: skip
        of[t.requests] = [r for r in whole[t.requests] if r["id"] == case]
        known = {r["id"] for r in of[t.reports]}
        of[t.report_versions] = [r for r in whole[t.report_versions] if r["report_id"] in known]
        self._of = of

    def write(self, tx: Tx, numbers: Sequence[int]) -> None:
        """So many more."""
        for table, rows in self._of.items():
            if rows:
                tx.insert(table, [self._again(row, n) for n in numbers for row in rows])

    def _again(self, row: Any, number: int) -> dict[str, Any]:
        ids = ("id", "request_id", "report_id", "number")
        made = {**row, **{k: f"{row[k]}-{number}" for k in ids if k in row}}
        if "urgency" in row:
            made["urgency"] = ("routine", "routine", "urgent", "routine", "stat")[number % 5]
            for name in ("submitted_at", "due_at", "issued_at"):
                if row[name] is not None:
                    made[name] = row[name] + timedelta(seconds=37 * (number % 9000))
        return made


# --- the API --------------------------------------------------------------------------------------


async def _api(world: World, runs: int) -> list[Any]:
    """Times of one question each; the whole list at last."""
    client = world.client(READER)
    print("| question | ms p50 | ms p99 | kB |\n| --- | ---: | ---: | ---: |")
    questions = (
        ("the first page of 100", "GET", "/api/worklist", None),
        ("the same by patient, descending", "GET", "/api/worklist?sort=-patient", None),
        ("urgent first", "GET", "/api/worklist?sort=urgency,due", None),
        ("a search in it", "POST", "/api/worklist/search", {"conditions": {"text": "zqcounty1"}}),
        ("the archive's first page", "GET", "/api/worklist?tab=archive", None),
    )  # fmt: skip
    for name, method, path, body in questions:
        took = []
        for _ in range(runs):
            began = time.perf_counter()
            reply = await client.call(method, path, body)
            took.append((time.perf_counter() - began) * 1000)
            assert reply.status == 200, reply.body
        _row(name, took, len(reply.body))
    took, size = [], 0
    rows: list[Any] = []
    for _ in range(3):
        began = time.perf_counter()
        rows, size = await _everything(client)
        took.append((time.perf_counter() - began) * 1000)
    _row(f"all {len(rows):,} rows by pages of 500, as a poll would", took, size)
    return rows


async def _everything(client: worlds.Client) -> tuple[list[Any], int]:
    rows: list[Any] = []
    size, cursor = 0, ""
    while True:
        reply = await client.call("GET", f"/api/worklist?limit=500{cursor}")
        page = orjson.loads(reply.body)
        rows, size = rows + page["items"], size + len(reply.body)
        if page["next"] is None:
            return rows, size
        cursor = f"&cursor={page['next']}"


def _row(name: str, took: Sequence[float], size: int) -> None:
    print(
        f"| {name} | {statistics.median(took):,.1f} | {_share(took):,.1f} | {size / 1000:,.0f} |",
        flush=True,
    )


def _share(values: Sequence[float], share: float = 0.99) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


# --- the screen -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """What one page did: milliseconds, frames, and what it weighs."""

    ready: float
    keys: list[float]
    frames: list[float]
    nodes: int
    heap: float


async def _screens(world: World, rows: Sequence[Any]) -> None:
    table = await _table_server(rows)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(),
            args=[*CHROMIUM_FLAGS, "--enable-precise-memory-info"],
        )
        try:
            desk = await _look(browser, world.base, "[role=option]", "[role=listbox]", world.base)
            plain = await _look(browser, str(table.make_url("/")), "tr", "#list", None)
        finally:
            await browser.close()
            await table.close()
    print("\n| on the screen | the desk | a plain table |\n| --- | ---: | ---: |")
    lines: tuple[tuple[str, Callable[[Seen], str]], ...] = (
        ("from the address to rows that can be used, ms", lambda s: f"{s.ready:,.0f}"),
        ("from a key to the row it selects, ms p50", lambda s: f"{statistics.median(s.keys):.1f}"),
        ("the same, p95", lambda s: f"{_share(s.keys, 0.95):.1f}"),
        ("frames while scrolling, ms p50", lambda s: f"{statistics.median(s.frames):.1f}"),
        ("the same, p95", lambda s: f"{_share(s.frames, 0.95):.1f}"),
        ("the longest frame, ms", lambda s: f"{max(s.frames):.0f}"),
        ("elements on the page", lambda s: f"{s.nodes:,}"),
        ("memory of the page's script, MB", lambda s: f"{s.heap:.1f}"),
    )
    for name, of in lines:
        print(f"| {name} | {of(desk)} | {of(plain)} |")


async def _table_server(rows: Sequence[Any]) -> TestServer:
    """The same cases as one page: what a list without pages and without a framework costs."""
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(text or ''))}</td>" for text in (
            row["due_at"], row["urgency"], row["patient_name"], row["patient_sex"],
            row["modality"], row["requester"]["short_name"], row["number"], row["question"],
        )) + "</tr>" for row in rows
    )  # fmt: skip
    page = (
        "<!doctype html><meta charset=utf-8><style>#list{height:700px;overflow:auto}"
        "tr.here{background:#cde}td{padding:8px}</style><div id=list tabindex=0><table>"
        f"{cells}</table></div><script>let at=0;const all=document.querySelectorAll('tr');"
        "all[0].classList.add('here');addEventListener('keydown',e=>{"
        "if(e.key!=='ArrowDown')return;e.preventDefault();all[at++].classList.remove('here');"
        "all[at].classList.add('here');all[at].scrollIntoView({block:'nearest'})})</script>"
    )

    async def send(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", send)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    return server


async def _look(browser: Browser, url: str, row: str, place: str, signed: str | None) -> Seen:
    """Open it twice, the second time with the files it keeps, and use it."""
    context = await browser.new_context(viewport=SIZE, locale="zh-CN")  # type: ignore[arg-type]
    if signed:
        cookie = {"name": "telemed", "value": worlds.session_of(READER), "url": signed}
        await context.add_cookies([cookie])  # type: ignore[list-item]
    page = await context.new_page()
    ready = []
    for _ in range(4):
        await page.goto(url, wait_until="commit")
        await page.locator(row).first.wait_for()
        ready.append(await page.evaluate("performance.now()"))
    await page.locator(row).nth(1).click()
    keys = [await _key(page) for _ in range(KEYS)]
    frames = await page.evaluate(SCROLL, [place, SCROLL_MS])
    nodes = await page.evaluate("document.querySelectorAll('*').length")
    heap = await page.evaluate("performance.memory.usedJSHeapSize / 1e6")
    await context.close()
    return Seen(statistics.median(ready[1:]), keys, frames, nodes, heap)


async def _key(page: Page) -> float:
    """From the key until the row it selects is drawn."""
    await page.evaluate(KEY)
    await page.keyboard.press("ArrowDown")
    return float(await page.evaluate("window.drawn"))


KEY: Final = """() => { window.drawn = new Promise(done => {
  const here = () => document.querySelector('[role=option][aria-selected=true], tr.here')
  const before = here()
  addEventListener('keydown', () => {
    const began = performance.now()
    const look = () => requestAnimationFrame(() =>
      here() === before ? look() : done(performance.now() - began))
    look()
  }, { once: true, capture: true })
}) }"""
SCROLL: Final = """([place, span]) => new Promise(done => {
  const list = document.querySelector(place)
  const frames = []
  const begin = performance.now()
  let last = begin
  const step = now => {
    frames.push(now - last)
    last = now
    list.scrollTop += 120
    if (now - begin < span) requestAnimationFrame(step)
    else done(frames.slice(1))
  }
  requestAnimationFrame(step)
})"""


if __name__ == "__main__":
    main()
