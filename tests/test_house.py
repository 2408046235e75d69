"""The house rules that a machine can check: tables complete, contracts current, files small."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from telemed.core import (
    appointment,
    charge,
    conference,
    follow_up,
    minutes,
    report,
    request,
    sla,
    training,
    waiting,
    workitem,
)
from telemed.core.activity import WORDS, Kind
from telemed.core.assignment import WHY_NOT
from telemed.core.catalogue import Catalogue, Words
from telemed.core.errors import ERRORS, Problem
from telemed.core.indicators import INDICATORS
from telemed.core.tally import FOLDS
from telemed.server.openapi import document
from telemed.server.problems import STATUS
from telemed.server.routes import ROUTES
from telemed.settings import CONFIGS, ROOT, load_catalogue

SOURCES = sorted((ROOT / "telemed").rglob("*.py"))
HANZI = re.compile(r"[\u4e00-\u9fff]")

MINIMUM = {
    "aiohttp": "3.14.1",  # CVE-2026-34516, -34517, -50269, -54278: multipart limits, part headers
    "websockets": "15",  # earlier ones accept permessage-deflate bombs by default
    "pydicom": "3.0.2",  # CVE-2026-32711
    "redis": "5",  # CVE-2023-28858, -28859: a canceled read leaves its answer to the next caller
    "SQLAlchemy": "2.1",
}
"""Versions before these have known holes that reach us."""

LONG_FILES = {
    "telemed/store/migrations/versions/0001_the_first_schema.py": "a schema is one step",
}
LONG_FUNCTIONS = {
    ("telemed/store/migrations/versions/0001_the_first_schema.py", "upgrade"): "one step",
}
LINES, FUNCTION_LINES = 500, 60


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The catalogue of the configs."""
    return load_catalogue(CONFIGS)


def name_of(path: Path) -> str:
    """A source's path from the root."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a source."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


# --- tables ---------------------------------------------------------------------------------------


def test_every_error_has_a_status_and_both_languages() -> None:
    """No code without an HTTP status, no status without a code, no sentence left in one tongue."""
    assert set(STATUS) == set(ERRORS)
    for code, row in ERRORS.items():
        assert code == row.code and HANZI.search(row.zh) and not HANZI.search(row.en), code
        facts = {f"{{{name}}}" for name in re.findall(r"{(\w+)}", row.zh)}
        assert facts == {f"{{{name}}}" for name in re.findall(r"{(\w+)}", row.en)}, code
        assert "{" not in Problem(code).sentence("zh") + Problem(code).sentence("en")


def test_every_error_that_is_raised_is_in_the_table() -> None:
    """A code in the sources that the table does not know would be an incident."""
    used = {
        node.args[0].value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Problem"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert used <= set(ERRORS) and len(used) > 20


def test_every_kind_of_fact_has_words() -> None:
    """Facts are read by people: each kind in Chinese and English."""
    assert set(WORDS) == set(Kind)
    assert all(HANZI.search(zh) and not HANZI.search(en) for zh, en in WORDS.values())
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", kind) for kind in Kind)
    assert set(FOLDS) <= set(Kind)


def test_every_state_and_event_has_words() -> None:
    """Each of the tables speaks both languages about everything in it."""
    for machine, states, events in (
        (request.MACHINE, request.State, request.Event),
        (workitem.MACHINE, workitem.State, workitem.Event),
        (report.MACHINE, report.State, report.Event),
        (appointment.MACHINE, appointment.State, appointment.Event),
        (appointment.SEATS, appointment.SeatState, appointment.SeatEvent),
        (waiting.MACHINE, waiting.State, waiting.Event),
        (conference.MACHINE, conference.State, conference.Event),
        (minutes.MACHINE, minutes.State, minutes.Event),
        (follow_up.MACHINE, follow_up.State, follow_up.Event),
        (training.COURSES, training.CourseState, training.CourseEvent),
        (training.LECTURES, training.LectureState, training.LectureEvent),
        (training.ENROLMENTS, training.EnrolmentState, training.EnrolmentEvent),
        (charge.MACHINE, charge.State, charge.Event),
    ):
        assert set(machine.table) == set(states)
        assert set(machine.words) == {*states, *events}
        assert all(HANZI.search(zh) and en for zh, en in machine.words.values())


def test_every_indicator_is_defined_in_both_languages() -> None:
    """An assessor reads what a number counts; a share names two counts that exist."""
    for code, row in INDICATORS.items():
        assert code == row.code and HANZI.search(row.definition_zh) and row.definition_en
        for part in (row.numerator, row.denominator):
            assert part is None or part in INDICATORS, code


def test_whoever_may_not_take_a_case_is_told_why_in_both_languages() -> None:
    """Each refusal of the assignment rule has words."""
    assert all(HANZI.search(w.zh) and not HANZI.search(w.en) for w in WHY_NOT.values())


# --- the catalogue --------------------------------------------------------------------------------


def test_every_live_service_has_a_deadline_for_every_urgency(catalogue: Catalogue) -> None:
    """Also for each of its modalities, and for frozen sections."""
    live = [s for s in catalogue.services.values() if s.live]
    assert {s.code for s in live} >= {"imaging", "ecg", "pathology"}
    for service in live:
        for urgency in sla.URGENCIES:
            for modality in (None, *service.modalities):
                for frozen in (False, True):
                    assert sla.promised(
                        catalogue.deadlines, service.code, urgency, modality, frozen
                    )
        routine, stat = (
            sla.promised(catalogue.deadlines, service.code, u).allowance
            for u in ("routine", "stat")
        )
        assert stat <= routine


def test_every_step_that_needs_a_reason_has_some_for_every_service(catalogue: Catalogue) -> None:
    """Return, decline, withdraw, release, take over, redirect: nobody is left without a code."""
    for step in ("return", "decline", "withdraw", "release", "takeover", "redirect"):
        for service in (s.code for s in catalogue.services.values() if s.live):
            fitting = [
                r
                for r in catalogue.reasons
                if r.step == step and (not r.services or service in r.services)
            ]
            assert fitting, (step, service)


def test_codes_are_unique_and_point_at_services(catalogue: Catalogue) -> None:
    """A code names one thing; what names a service names one that exists."""
    keys = [
        *(("reason", r.step, r.code) for r in catalogue.reasons),
        *(("template", x.code) for x in catalogue.templates),
        *(("critical", x.service, x.code) for x in catalogue.critical_findings),
        *(("prefix", s.number_prefix) for s in catalogue.services.values()),
        *(("icd10", row[0]) for row in catalogue.icd10),
        *((d.service, d.urgency, d.modality, d.frozen) for d in catalogue.deadlines),
    ]
    assert [key for key, times in Counter(keys).items() if times > 1] == []
    named = {d.service for d in catalogue.deadlines}
    named |= {x.service for x in (*catalogue.templates, *catalogue.critical_findings)}
    named |= {code for r in catalogue.reasons for code in r.services}
    assert named <= set(catalogue.services)


def test_forms_are_in_both_languages_and_their_conditions_exist(catalogue: Catalogue) -> None:
    """Labels, options and helps; keys are unique; `required_when` names a field of the form."""

    def both(label: Words) -> bool:
        return bool(label.zh and label.en and not HANZI.search(label.en))

    for service in catalogue.services.values():
        assert both(service.label)
        for fields in (service.fields(), service.report_fields()):
            keys = [f.key for f in fields]
            assert len(keys) == len(set(keys)), service.code
            for field in fields:
                assert both(field.label), field.key
                assert all(both(words) for _, words in field.options), field.key
                assert field.required_when is None or field.required_when in keys, field.key


# --- the contract ---------------------------------------------------------------------------------


def test_the_openapi_document_is_valid_and_names_every_route() -> None:
    """OpenAPI 3.1, an operation for each route of the API, ids unique."""
    shown = orjson.loads(orjson.dumps(document()))
    assert shown["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(shown).validate()
    operations = {
        (method.upper(), path): operation
        for path, item in shown["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    }
    wanted = {
        (r.method, re.sub(r"{(\w+):[^}]*}", r"{\1}", r.path))
        for r in ROUTES
        if r.path.startswith("/api/")
    }
    assert wanted <= set(operations)
    # Of two models of one name the document would keep neither, and no client could be typed.
    refs = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', orjson.dumps(shown).decode()))
    assert refs <= set(shown["components"]["schemas"])
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(ids) == len(set(ids))


def test_the_clients_copy_of_the_contract_is_current() -> None:
    """`telemed openapi > web/openapi.json`, or the client is typed from another server."""
    kept = orjson.loads((ROOT / "web" / "openapi.json").read_bytes())
    assert kept == orjson.loads(orjson.dumps(document()))


# --- libraries and sources ------------------------------------------------------------------------


def numbers(text: str) -> tuple[int, ...]:
    """A version's leading numbers."""
    found = re.match(r"[\d.]+", text)
    return tuple(int(n) for n in found.group().strip(".").split(".")) if found else ()


@pytest.mark.parametrize("package", sorted(MINIMUM))
def test_no_library_is_older_than_its_known_holes(package: str) -> None:
    """What is installed here has the fixes that the threat model counts on."""
    assert numbers(version(package)) >= numbers(MINIMUM[package])


def test_only_the_command_line_prints() -> None:
    """A server speaks through its log."""
    printing = {
        name_of(path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    }
    assert printing <= {"telemed/cli.py"}


def test_files_and_functions_stay_small() -> None:
    """Five hundred lines a file and sixty a function, or a reason; a reason outlived is removed."""
    long_files = {name_of(p) for p in SOURCES if p.read_text("utf-8").count("\n") > LINES}
    assert long_files == set(LONG_FILES)
    long_functions = {
        (name_of(path), function.name)
        for path in SOURCES
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= FUNCTION_LINES
    }
    assert long_functions == set(LONG_FUNCTIONS)


def test_every_module_says_what_it_knows() -> None:
    """A docstring opens every source, and every public function has one."""
    silent = [name_of(p) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert silent == []
