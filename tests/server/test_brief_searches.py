"""Which searches are run in the event loop: those that surely have little to look at."""

import threading
from typing import Any

import pytest

from telemed.actions import image_search
from telemed.server import qido
from telemed.store import study_keys
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.world import World


@pytest.fixture
def ran_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that searches ran in."""
    found: list[str] = []

    def noting(*args: Any, **more: Any) -> Any:
        found.append(threading.current_thread().name.partition("_")[0])
        return image_search.search(*args, **more)

    monkeypatch.setattr(qido, "search", noting)
    return found


def _share(tx: Tx, study: Any, number: str, many: int) -> None:
    """A hospital where so many studies have one accession number."""
    for n in range(many):
        row = {**study, "id": f"{number}-{n}", "study_uid": f"2.25.{number}{n}",
               "accession_number": number}  # fmt: skip
        tx.insert(t.studies, row)
        study_keys.enter(tx, row, fresh=True)


async def test_a_number_that_many_share_is_searched_in_a_thread(
    world: World, ran_in: list[str]
) -> None:
    """At once up to so many, in a thread beyond; both find all that there is."""
    study = await world.study("county")
    few, many = image_search.FEW_STUDIES, image_search.FEW_STUDIES + 1
    await world.write(lambda tx: (_share(tx, study, "77", few), _share(tx, study, "88", many)))
    reader = world.client("county-reader")
    for number, count in (("77", few), ("88", many), ("99", 0)):
        reply = await reader.call("GET", f"/dicom-web/studies?AccessionNumber={number}&limit=1000")
        assert reply.status == 200 and len(reply.json) == count
    assert ran_in == ["MainThread", "store-reader", "MainThread"]


async def test_parts_are_searched_at_once_while_they_are_few(
    world: World, ran_in: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The series and instances of a study by its counts; whole data sets are always read aside."""
    study = await world.study("county")
    uid = f"/dicom-web/studies/{study['study_uid']}"
    reader = world.client("county-reader")
    series = (await reader.call("GET", f"{uid}/series")).json
    one = f"{uid}/series/{series[0]['0020000E']['Value'][0]}/instances"
    before = (await reader.call("GET", one)).json
    assert before
    assert (await reader.call("GET", f"{one}?includefield=PatientComments")).status == 200
    assert ran_in == ["MainThread", "MainThread", "store-reader"]
    ran_in.clear()
    monkeypatch.setattr(image_search, "FEW_PARTS", 0)
    for path in (f"{uid}/series", f"{uid}/instances", one):
        assert (await reader.call("GET", path)).status == 200
    assert (await reader.call("GET", one)).json == before
    assert ran_in == ["store-reader"] * 4
