"""What people are told while the database is full or away, and that it passes without a restart."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemed.store.engine import Store, problem_of
from telemed.store.tx import Tx
from tests.services import free_port
from tests.world import World, database_away, lose_connections

DRAFT = {"service": "imaging", "urgency": "routine"}


async def test_a_full_disk_refuses_writes_in_words_and_reads_go_on(world: World) -> None:
    """SQLite's own limit of pages stands for the disk: the same error, from the same place."""

    def may_grow(tx: Tx, pages: int) -> None:
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await world.write(lambda tx: may_grow(tx, 1))  # SQLite takes the present size for the least
    page = world.client("county-requester")
    replies = [await page.call("POST", "/api/requests", DRAFT) for _ in range(60)]
    assert {r.status for r in replies} == {201, 507} and replies[-1].code == "no-space"
    await page.get("/api/session")
    await world.write(lambda tx: may_grow(tx, 1 << 30))
    await page.ok("POST", "/api/requests", DRAFT)


async def test_a_database_that_is_away_is_unavailable_and_comes_back(world: World) -> None:
    """503 with Retry-After, never an incident of ours; no restart is needed afterwards."""
    store, page = world.services.store, world.client("county-requester")
    with database_away(store):
        for path in ("/api/session", "/health/ready"):
            async with asyncio.timeout(10):
                while True:
                    lose_connections(store)  # somebody may have come in just before
                    reply = await page.call("GET", path)
                    if reply.status != 200:
                        break
            assert reply.status == 503
            if path == "/health/ready":
                assert reply.json["why"] == "OperationalError"
            else:
                assert reply.code == "unavailable" and reply.headers["Retry-After"]
    await page.get("/api/session")


def test_only_what_passes_by_itself_is_called_unavailable(tmp_path: Path) -> None:
    """A PostgreSQL nobody listens for; but a statement that is wrong is our own fault."""
    away = Store(f"postgresql+psycopg://telemed@127.0.0.1:{free_port()}/telemed")
    with pytest.raises(sa.exc.OperationalError) as refused:
        away.read_now(lambda tx: tx.scalar(sa.text("SELECT 1")))
    assert problem_of(refused.value) == "unavailable"
    away.close()
    here = Store(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with pytest.raises(sa.exc.OperationalError) as wrong:
        here.read_now(lambda tx: tx.scalar(sa.text("SELECT * FROM nowhere")))
    assert problem_of(wrong.value) is None
    here.close()
