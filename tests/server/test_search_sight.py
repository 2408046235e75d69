"""Searches of whoever must not see: nothing by word, count, page, field, order or effort."""

from typing import Any
from urllib.parse import quote

import pytest

from telemed.actions.image_search import search
from telemed.core.access import Role
from telemed.dicom.matching import parse_query
from telemed.store import study_keys
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.store.rows import subject
from tests.world import Client, Reply, World, canary_of

STUDIES = "/dicom-web/studies"
QUESTIONS = (
    f"{STUDIES}?limit=1000", f"{STUDIES}?PatientName=*", f"{STUDIES}?PatientName=*{quote('桂')}*",
    f"{STUDIES}?PatientName=*a*&fuzzymatching=true", f"{STUDIES}?PatientID=zq*",
    f"{STUDIES}?PatientID=*", f"{STUDIES}?includefield=all", f"{STUDIES}?StudyDate=1900-",
    f"{STUDIES}?limit=1&offset=0", f"{STUDIES}?limit=1&offset=1", f"{STUDIES}?StudyDescription=*",
    f"{STUDIES}?ModalitiesInStudy=CT&includefield=PatientComments", "/dicom-web/series?limit=1000",
    "/dicom-web/series?Modality=CT&includefield=all", "/dicom-web/instances?limit=1000",
    "/dicom-web/instances?includefield=all", "/dicom-web/instances?InstanceNumber=1",
)  # fmt: skip


def patients(reply: Reply) -> set[str]:
    """The canaries in an answer's patient IDs, in lower case."""
    return {r["00100020"]["Value"][0].lower() for r in reply.json}


async def ask(client: Client, path: str) -> Reply:
    """A search that must succeed; a foreign canary in it fails the test by itself."""
    reply = await client.call("GET", path)
    assert reply.status == 200, (path, reply.body)
    return reply


async def test_searches_show_what_one_was_told_and_nothing_else(world: World) -> None:
    """Each hospital's reader asks everything, before a case, during it and after its agreement."""
    both = {canary_of("county"), canary_of("county", 2)}
    for place in ("county", "hub", "second", "lapsed"):
        for path in QUESTIONS:
            await ask(world.client(f"{place}-reader"), path)
    hub = world.client("hub-reader")
    before = {path: (await ask(hub, path)).body for path in QUESTIONS}
    await world.sent()
    shown = patients(await ask(hub, f"{STUDIES}?limit=1000"))
    assert shown & both == {canary_of("county")}
    own = len(shown) - 1
    for path in QUESTIONS:
        await ask(hub, path)
        await ask(world.client("second-reader"), path)
    counted = await ask(hub, f"{STUDIES}?limit=1")
    assert f"There are {own} additional" in counted.headers["Warning"]
    await world.end_agreement("county-hub")
    assert {path: (await ask(hub, path)).body for path in QUESTIONS} == before


async def test_neither_a_region_nor_a_narrow_token_searches(world: World) -> None:
    """Supervision sees no images, and a token for cases none either."""
    for client in (world.client("region"), world.client("system"), world.bearer("county-reader")):
        assert (await client.call("GET", STUDIES)).status == 403


@pytest.mark.parametrize(
    "query",
    ["PatientID=P0001", "AccessionNumber=A1", "PatientName=wei*", "PatientName=*gui*", "limit=1",
     "ModalitiesInStudy=CT&StudyDate=20260101-", "StudyDescription=*CT*", "offset=3"],
)  # fmt: skip
async def test_what_others_hold_costs_nothing(world: World, query: str) -> None:
    """The database takes the same steps whether strangers have no such study or two hundred."""
    store = world.services.store
    criteria = parse_query([tuple(p.split("=", 1)) for p in query.split("&")], "studies")  # type: ignore[misc]
    one = await _steps(world, store, criteria)
    study = await world.study("lapsed")
    await world.write(lambda tx: _copies(tx, study))
    assert await _steps(world, store, criteria) == one > 0


def _copies(tx: Tx, study: Any) -> None:
    names = " weiguihua wei guihua "
    for n in range(200):
        row = {**study, "id": f"copy-{n}", "study_uid": f"2.25.9.{n}", "patient_id": "P0001",
               "accession_number": "A1", "name_keys": names, "study_date": "20260304",
               "modalities": "CT", "description": "CT"}  # fmt: skip
        tx.insert(t.studies, row)
        study_keys.enter(tx, row, fresh=True)


async def _steps(world: World, store: Store, criteria: Any) -> int:
    """The steps of SQLite's virtual machine that a county's search takes."""
    reader = subject("county", Role.READER)
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    def run(tx: Tx) -> None:
        driver: Any = tx.connection.connection.driver_connection
        act = world.services.make_act(tx, reader)
        search(act, criteria)  # whatever is made once is made now
        driver.set_progress_handler(count, 1)
        try:
            search(act, criteria)
        finally:
            driver.set_progress_handler(None, 0)

    await store.read(run)
    return counted
