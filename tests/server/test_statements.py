"""What is asked of the database for what people open all day: a few statements, however much.

A statement for each study, notice or row of a list is not seen in a world of one case; a network of
a thousand hospitals stands still by it. So the statements of one question are counted as SQLite
runs them, of a small case and list and of large ones.
"""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from telemed.server.services import Services
from telemed.store import tables as t
from telemed.store.removal_tables import image_changes, legal_holds
from telemed.store.tx import Row, Tx
from tests.world import World, world_at

ONE_CASE, ONE_PAGE = 11, 16
"""The most that opening a case, and the first page of a list, may ask."""


class Statements:
    """The statements that questions of the API ran; what else the server does is not counted."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self._asking = threading.local()

    def watch(self, connection: Any, _record: object) -> None:
        """Hear of every statement of a connection, whoever sends it."""
        connection.set_trace_callback(self._note)

    def _note(self, statement: str) -> None:
        if getattr(self._asking, "now", False):
            self.ran.append(statement)

    def counted(self, ask: Any) -> Any:
        """`Services.ask`, whose questions are counted."""

        def counting(services: Services, subject: Any, do: Any, address: str = "") -> Any:
            def asking(act: Any) -> Any:
                self._asking.now = True
                try:
                    return do(act)
                finally:
                    self._asking.now = False

            return ask(services, subject, asking, address)

        return counting

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Watch every connection that is made in the block."""
        sa.event.listen(sa.pool.Pool, "connect", self.watch)
        try:
            with patch.object(Services, "ask", self.counted(Services.ask)):
                yield
        finally:
            sa.event.remove(sa.pool.Pool, "connect", self.watch)

    async def of(self, world: World, who: str, path: str) -> list[str]:
        """The statements of one call, the second time: the first may look at the schema."""
        client = world.client(who)
        await client.get(path)
        self.ran.clear()
        await client.get(path)
        return list(self.ran)


@pytest.fixture
async def counted(world_folder: Path) -> AsyncIterator[tuple[World, Statements]]:
    """The world with its server, whose statements are counted."""
    statements = Statements()
    with statements.connected():
        async with world_at(world_folder) as world:
            yield world, statements


async def test_a_case_with_everything_in_plenty_asks_no_more_than_one_with_one_of_each(
    counted: tuple[World, Statements],
) -> None:
    """Twenty times the studies, holds, priors, versions, notices, changes and attempts."""
    world, statements = counted
    case = await world.issued(report={"critical": ["tension-pneumothorax"]})
    path = f"/api/requests/{case}"
    row = await world.row(case)
    await world.write(lambda tx: _more(tx, row, range(1)))
    people = ("hub-reader", "hub-verifier", "hub-coordinator", "county-requester", "region")
    few = {who: len(await statements.of(world, who, path)) for who in people}
    await world.write(lambda tx: _more(tx, row, range(1, 20)))
    for number in range(3):
        await _revised(world, case, number)
    shown = await world.client("hub-reader").get(path)
    assert len(shown["studies"]) == 21 and len(shown["priors"]) == 20
    assert len(shown["image_changes"]) == 20 and len(shown["critical_notices"]) == 21
    for who in people:
        ran = await statements.of(world, who, path)
        assert len(ran) == few[who] <= ONE_CASE, (who, ran)


def _more(tx: Tx, case: Row, numbers: range) -> None:
    """Copies of what hangs on a case: studies with holds and changes, priors, and notices."""
    study = tx.one(
        sa.select(t.studies)
        .join(t.request_studies, t.request_studies.c.study_id == t.studies.c.id)
        .where(t.request_studies.c.request_id == case["id"])
        .order_by(t.studies.c.id)
        .limit(1)
    )
    notice = tx.find(t.critical_notices, request_id=case["id"])
    assert study is not None and notice is not None
    for n in numbers:
        here, before = f"more-{n}", f"before-{n}"
        tx.insert(t.studies, {**study, "id": here, "study_uid": f"2.25.1{n}"})
        tx.insert(t.studies, {**study, "id": before, "study_uid": f"2.25.2{n}"})
        link = {"request_id": case["id"], "study_id": here, "role": "current"}
        tx.insert(t.request_studies, link)
        at = case["updated_at"]
        hold = {"institution_id": study["institution_id"], "reason": "court", "held_by": "county"}
        tx.insert(legal_holds, {"id": here, "study_id": here, "at": at, **hold})
        change = {"what": "arrived", "instances": 1, "author_id": notice["raised_by"], "note": ""}
        tx.insert(
            image_changes,
            {"id": here, "request_id": case["id"], "study_id": here, "at": at, **change},
        )
        tx.insert(t.critical_notices, {**notice, "id": here})


async def _revised(world: World, case: str, number: int) -> None:
    """An addendum to the report, by the reader and the verifier."""
    body = {"kind": "addendum", "reason": "supplement"}
    await world.client("hub-reader").ok("POST", f"/api/requests/{case}/report/revise", body)
    await world.write_report(case, findings=f"补充 {number}")
    after = await world.sign(case)
    if after["current"]["state"] == "preliminary":
        await world.sign(case, "hub-verifier", "verify")


async def test_a_list_of_many_asks_no_more_than_a_list_of_one(
    counted: tuple[World, Statements],
) -> None:
    """The first page of a reader's desk and of a requester's list, of one case and of thirty."""
    world, statements = counted
    pages = {
        ("hub-reader", "/api/worklist"): ONE_PAGE,
        ("hub-coordinator", "/api/worklist?tab=open&sort=patient"): ONE_PAGE,
        ("hub-reader", "/api/worklist?tab=mine"): ONE_PAGE,
        ("county-requester", "/api/requests"): ONE_PAGE,
    }
    await world.sent()
    await world.claimed()
    few = {asked: await statements.of(world, *asked) for asked in pages}
    for _ in range(15):
        await world.sent()
        await world.claimed()
    for asked, most in pages.items():
        ran = await statements.of(world, *asked)
        assert len(ran) == len(few[asked]) <= most, (asked, ran)
    shown = await world.client("hub-reader").get("/api/worklist")
    assert len(shown["items"]) == 16 and shown["counts"]["mine"] == 16
