"""The bulletins' own figures, played and read back where an administrator reads them.

From mid-2017 to June 2018 龙胜 sent 510 pathology cases to 南溪山 and asked for 2 consultations.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from telemed.assemble import open_services, running
from telemed.server.services import Services
from telemed.settings import CONFIGS, Settings
from telemed.simulate import run
from telemed.simulate.run import Order
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.services import free_port
from tests.world import FOR_EVER, START

SCENARIO = CONFIGS / "scenarios" / "longsheng_2018.toml"
MONTHS = [f"2017-{m:02d}" for m in range(7, 13)] + [f"2018-{m:02d}" for m in range(1, 7)]
LONGSHENG, NANXISHAN = "450328A01", "450300A01"
TOKEN = "regulator-of-the-bulletin"


def _add_regulator(tx: Tx) -> None:
    account = {
        "id": "regulator", "username": "regulator", "password_hash": "!", "display_name": "监管",
        "roles": ["regulator"], "region": "45", "demo": False, "disabled": False, "failures": 0,
        "created_at": START,
    }  # fmt: skip
    session = {
        "token_hash": hashlib.sha256(TOKEN.encode()).hexdigest(), "id": "s", "agent": "",
        "account_id": "regulator", "created_at": START, "seen_at": FOR_EVER, "csrf": "c",
        "expires_at": FOR_EVER, "address": "",
    }  # fmt: skip
    tx.insert(t.accounts, account)
    tx.insert(t.sessions, session)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The scenario in a database of its own."""
    folder: Path = tmp_path_factory.mktemp("bulletin")
    services = open_services(Settings(data_dir=folder, port=free_port()))
    run.ensure_network(services)
    run.play(services, Order(seed=1, scenario=SCENARIO))
    services.store.write_now(_add_regulator)
    yield services
    services.store.close()


@pytest.fixture
async def page(played: Services) -> AsyncIterator[ClientSession]:
    """A regulator's browser at the running server."""
    async with running(played) as app:
        server = TestServer(app, port=played.settings.port)
        await server.start_server()
        headers = {"Cookie": f"telemed={TOKEN}", "Origin": played.settings.origin}
        async with ClientSession(server.make_url("/"), headers=headers) as http:
            yield http
        await server.close()


async def _get(page: ClientSession, path: str) -> bytes:
    async with page.get(path) as answer:
        body = await answer.read()
        assert answer.status == 200, body
        return body


async def test_the_tally_page_shows_the_bulletins_figures(page: ClientSession) -> None:
    """510 pathology cases and 2 consultations, by service and by hospital, on both sides."""
    by_service: Counter[str] = Counter()
    by_hospital: Counter[tuple[str, str]] = Counter()
    for month in MONTHS:
        for row in await _rows(page, month, "service", "provider"):
            by_service[row["key"]] += row["values"]["issued"]
        for side in ("provider", "requester"):
            for row in await _rows(page, month, "institution", side):
                by_hospital[side, row["key"]] += row["values"]["submitted"]
    assert {k: n for k, n in by_service.items() if n} == {"pathology": 510, "consultation": 2}
    assert {k: n for k, n in by_hospital.items() if n} == {
        ("provider", NANXISHAN): 512,
        ("requester", LONGSHENG): 512,
    }


async def _rows(page: ClientSession, month: str, by: str, side: str) -> list[dict[str, Any]]:
    path = f"/api/tally?month={month}&by={by}&side={side}"
    return list(orjson.loads(await _get(page, path))["rows"])


async def test_the_workbooks_add_up_to_the_bulletins_figures(page: ClientSession) -> None:
    """Twelve months' XLSX as they are handed in: the case sheets list each case by its number."""
    cases: Counter[str] = Counter()
    seen: set[str] = set()
    for month in MONTHS:
        body = await _get(page, f"/api/tally/export?month={month}&format=xlsx")
        book = await asyncio.to_thread(openpyxl.load_workbook, BytesIO(body), read_only=True)
        for number, service in _case_lines(book):
            if number not in seen:
                seen.add(number)
                cases[service] += 1
        book.close()
    assert cases == {"远程病理诊断": 510, "远程会诊": 2}


def _case_lines(book: Any) -> list[tuple[str, str]]:
    """Number and service of every line of the case sheet."""
    found = []
    for row in book["申请明细"].iter_rows(values_only=True):
        texts = [str(value) for value in row if value is not None]
        if texts and texts[0][:2] in ("BL", "HZ"):
            found.append((texts[0], texts[1]))
    return found
