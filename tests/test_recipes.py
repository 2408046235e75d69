"""Who follows docs/how-to-add.md to the letter gets what it promises."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from telemed.followers.follow import catch_up
from telemed.followers.tallies import TALLIES
from telemed.settings import CONFIGS
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests import recipes
from tests.world import PASSWORD, Client, consent, world_at

SERVICE, INDICATOR = "A service type 服务类型", "An indicator 指标"
TITLES = re.findall(r"^## (.+)$", recipes.PAGE.read_text("utf-8"), re.MULTILINE)
WITH_BLOCKS = [title for title in TITLES if recipes.blocks_of(title)]
MONTH = "2026-03"
"""The month in which the world's clock stands."""

CHECKS = (
    "tests/test_configs.py::test_codes_are_unique",
    "tests/test_configs.py::test_every_live_service_has_a_deadline_for_every_urgency",
    "tests/test_configs.py::test_every_step_that_needs_a_reason_has_some_for_every_service",
    "tests/test_configs.py::test_live_services_can_be_asked_and_answered",
    "tests/test_configs.py::test_the_example_names_every_setting_s_variable",
    "tests/core/test_access.py",
    "tests/core/test_tally.py::test_only_a_stat_request_gives_a_stat_report",
    "tests/core/test_tally.py::test_every_count_and_duration_can_come_about",
    "tests/core/test_tally.py::test_each_kind_of_fact_counts_what_the_table_says",
    "tests/test_house.py::test_every_error_has_a_status_and_both_languages",
    "tests/server/test_access_matrix.py::test_every_route_has_a_row_and_asks_for_what_the_row_says",
    "tests/server/test_access_matrix.py::test_every_role_walks",
)
"""The tests the recipes end with, the quick ones of them."""

FOLLOWED = """
import logging
from datetime import UTC, datetime
from telemed import assemble
from telemed.core.activity import Activity, Kind
fact = Activity(1, Kind.CRITICAL_RAISED, datetime.now(UTC), None, None, "case-1", None, None, {})
logging.basicConfig()
assemble.ALARMS.handle(None, [fact])
"""


def _run(tree: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(
        [sys.executable, *command], cwd=tree, env=env, capture_output=True, text=True, check=False
    )


def test_all_recipes_followed_on_one_copy_pass_the_tests_they_name(tmp_path: Path) -> None:
    """Each block finds its place, the pages are made anew, and nothing is left to add."""
    assert {SERVICE, INDICATOR} < set(WITH_BLOCKS)
    tree = recipes.copy_of_the_tree(tmp_path)
    for title in WITH_BLOCKS:
        recipes.follow(title, tree)
    pages = _run(tree, "docs/generate.py")
    assert pages.returncode == 0, pages.stderr
    written = {"api.md": "pixeldata", "security.md": "print-labels", "tally.md": "stat_issued"}
    written |= {"operations.md": "thumbnail_pixels", "glossary.md": "护士"}
    for page, word in written.items():
        where = "conformance.md" if word == "pixeldata" else page
        assert word in (tree / "docs" / where).read_text("utf-8"), word
    tested = _run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CHECKS)
    assert tested.returncode == 0, tested.stdout[-3000:]
    followed = _run(tree, "-c", FOLLOWED)
    assert "a critical finding was raised in case-1" in followed.stderr, followed.stderr


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """The configs with the recipe's service type."""
    shutil.copytree(CONFIGS, tmp_path / "configs")
    recipes.follow(SERVICE, tmp_path)
    return tmp_path / "configs"


async def test_a_new_service_type_is_asked_answered_and_counted(
    world_folder: Path, configs: Path
) -> None:
    """Draft, queue, claim, report, PDF and tally, with rows of the configs alone."""
    async with world_at(world_folder, configs=configs) as world:
        await world.write(_license)
        county, reader = world.client("county-requester"), world.client("hub-reader")
        world.tell("county", "hub")
        patient = (await world.study("county"))["patient_ref"]
        case = await _asked(county, patient)
        assert case in [row["id"] for row in (await reader.get("/api/worklist"))["items"]]
        await reader.ok("POST", f"/api/requests/{case}/claim")
        await _written(reader, case)
        printed = await county.call("GET", f"/api/requests/{case}/report.pdf")
        assert (printed.status, printed.body[:5]) == (200, b"%PDF-")
        await world.services.store.write(lambda tx: catch_up(tx, TALLIES))
        tally = await world.client("hub-admin").get(
            f"/api/tally?month={MONTH}&by=service&side=provider"
        )
        (row,) = (row for row in tally["rows"] if row["key"] == "dermatology")
        assert row["values"]["issued"] == 1


def _license(tx: Tx) -> None:
    """What the register must say: a scope of the hospital and its reader, an agreement."""
    tx.update(t.institutions, t.institutions.c.id == "hub", {"scopes": ["13"]})
    tx.update(t.people, t.people.c.id == "hub-reader", {"scopes": ["13"]})
    tx.update(t.agreements, t.agreements.c.id == "county-hub", {"services": ["dermatology"]})


async def _asked(county: Client, patient: str) -> str:
    """A request of the new service that was sent; its id."""
    made = await county.ok("POST", "/api/requests", {"service": "dermatology"})
    content = {"question": "是否为湿疹", "diagnosis": {"code": "L30.900", "name": "皮炎"}}
    body = {"version": made["version"], "provider_id": "hub", "patient_ref": patient}
    body |= {"content": content, "consent": consent("hub")}
    await county.ok("PATCH", f"/api/requests/{made['id']}", body)
    sent = await county.ok("POST", f"/api/requests/{made['id']}/submit", {})
    assert sent["number"].startswith("PF") and sent["due_at"] == "2026-03-06T08:00:00Z"
    return str(made["id"])


async def _written(reader: Client, case: str) -> None:
    """A report, signed by the one doctor this service asks for."""
    path = f"/api/requests/{case}/report"
    revision = (await reader.get(path))["current"]["revision"]
    content = {"findings": "红斑", "impression": "湿疹", "positive": True, "fields": {}}
    body = {"revision": revision, "content": content}
    saved = await reader.ok("PUT", f"{path}/draft", body)
    await reader.ok("POST", f"{path}/sign", {"revision": saved["revision"], "password": PASSWORD})
