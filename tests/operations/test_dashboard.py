"""The dashboard and the alert rules ask for numbers that there are, by labels that they have.

Names and labels are checked against a server's own /metrics; that an expression parses is checked
by Prometheus itself when the rules are loaded (`promtool check rules`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from telemed.server.metrics import families
from telemed.settings import ROOT
from tests.world import World

ALERTS = ROOT / "configs" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "configs" / "grafana" / "telemed.json"
HANZI = re.compile(r"[\u4e00-\u9fff]")
OF_PROMETHEUS = {"job", "instance", "le"}
"""Labels that the scrape and the histograms add."""
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


def rules() -> list[Mapping[str, Any]]:
    """Every alert."""
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[Mapping[str, Any]]:
    """Every panel that is no heading."""
    return [p for p in orjson.loads(DASHBOARD.read_bytes())["panels"] if p["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and the expression."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def samples() -> dict[str, set[str]]:
    """Every sample's name with its labels."""
    return {f.name + part: set(f.labels) for f in families() for part in PARTS[f.kind]}


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_expressions_ask_for_what_there_is(where: str, expression: str) -> None:
    """Each metric is one of ours; each label is one of a metric of the same expression."""
    known = samples()
    named = set(re.findall(r"\btelemed_\w+", re.sub(r'"[^"]*"', '""', expression)))
    assert named <= set(known), named - set(known)
    assert named or "up{" in expression
    labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
    labels |= {w.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for w in by.split(",")}
    assert labels <= OF_PROMETHEUS.union(*(known[name] for name in named)), where


async def test_the_list_of_metrics_is_what_a_server_shows(world: World) -> None:
    """No metric is told of that is not there, and none is there untold."""
    case = await world.issued()
    assert case
    reply = await world.client("nobody").call("GET", "/metrics")
    shown = {
        family.name + "_total" * (family.type == "counter"): family
        for family in text_string_to_metric_families(reply.body.decode())
        if not family.name.endswith("_created")  # the library's own, beside each counter
    }
    told = {family.name: family for family in families()}
    assert set(shown) == set(told)
    for name, family in shown.items():
        assert family.type == told[name].kind
        assert family.documentation == told[name].words
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(told[name].labels), name


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    """Chinese first, English beside it, and a heading of our pages that is there."""
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        told = rule["annotations"]
        assert HANZI.search(told["summary"]) and not HANZI.search(told["description"])
        assert rule["labels"]["severity"] in ("page", "ticket")
        page, _, heading = told["runbook"].partition("#")
        titles = re.findall(r"^#+ (.*)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w\s-]", "", t.strip().lower()).replace(" ", "-") for t in titles}
        assert heading in anchors, told["runbook"]


def test_the_dashboard_can_be_imported_and_read() -> None:
    """Ids unique, panels that do not overlap, units, titles in Chinese, words in English."""
    board = orjson.loads(DASHBOARD.read_bytes())
    assert board["schemaVersion"] >= 36 and board["uid"] == "telemed"
    assert [v["type"] for v in board["templating"]["list"]] == ["datasource"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    for panel in panels():
        assert HANZI.search(panel["title"]) and panel["description"].isascii()
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
