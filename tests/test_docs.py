"""The pages and the code say the same: nothing is left out and nothing is made up."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from telemed import assemble
from telemed.cli import app
from telemed.core import report, request, workitem
from telemed.core.access import PERMISSIONS, Permission, Role
from telemed.core.activity import Kind
from telemed.core.errors import ERRORS
from telemed.core.indicators import INDICATORS
from telemed.core.network_sheets import SHEETS
from telemed.core.tally import month_of
from telemed.server.app import make_app
from telemed.server.problems import STATUS
from telemed.server.routes import ROUTES
from telemed.settings import CONFIGS, ROOT, Settings, load_catalogue, load_settings
from telemed.store import tables
from telemed.store.audit import Event
from tests.journeys import pictures

DOCS = ROOT / "docs"
EXAMPLE = ROOT / "configs" / "example.toml"
PATHS = {"configs", "web_dir", "viewer_dir"}
"""Settings whose default is a place in this tree; the example names them relative to it."""

HANZI = re.compile(r"[\u4e00-\u9fff]")
BUILT = {"web/dist"}
"""Places that a build makes."""


def _generator() -> ModuleType:
    sys.path.append(str(DOCS))  # the scripts of that folder stand beside each other
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _generator()
PAGES = [ROOT / "README.md", *generate.pages()]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def page(name: str) -> str:
    """A page's text."""
    return (ROOT / name).read_text("utf-8")


def table_rows(text: str, part: str) -> list[list[str]]:
    """The cells of a generated table, row by row."""
    body = re.search(rf"<!-- generated: {part} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert body is not None
    return [line.strip("| ").split(" | ") for line in body[1].splitlines()[2:]]


def first_column(text: str, part: str) -> list[str]:
    """The first cells of a generated table."""
    body = re.search(rf"<!-- generated: {part} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert body is not None
    return re.findall(r"^\| `([^`]+)` \|", body[1], re.MULTILINE)


# --- generated parts --------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_generated_parts_are_what_the_code_says(name: str) -> None:
    """A page whose tables are behind the code fails: run `make docs`."""
    assert generate.renewed(page(name)) == page(name)


def test_every_generated_part_stands_on_exactly_one_page() -> None:
    """No part is made in vain, none is shown twice, and no page asks for one that is not made."""
    asked = [part for name in NAMES for part in generate.parts_of(page(name))]
    assert sorted(asked) == sorted(generate.PARTS)


def test_tables_name_every_row_and_no_other() -> None:
    """Settings, errors, indicators, facts, permissions and audit events are complete."""
    told = {
        ("docs/operations.md", "settings"): set(Settings.model_fields),
        ("docs/api.md", "errors"): set(ERRORS),
        ("docs/tally.md", "indicators"): set(INDICATORS),
        ("docs/architecture.md", "facts"): {kind.value for kind in Kind},
        ("docs/security.md", "permissions"): {p.value for p in Permission},
        ("docs/security.md", "audit-events"): {event.value for event in Event},
    }
    for (name, part), rows in told.items():
        shown = first_column(page(name), part)
        assert len(shown) == len(set(shown)), part
        assert set(shown) == rows, part


def test_every_error_has_a_status_and_every_role_its_permissions() -> None:
    """The tables behind the tables fit together."""
    assert set(STATUS) == set(ERRORS)
    assert set(PERMISSIONS) == set(Role)


MACHINES = [part for part in generate.PARTS if part.startswith("machine-")]


@pytest.mark.parametrize("part", MACHINES)
def test_diagrams_name_states_that_mermaid_can_draw(part: str) -> None:
    """Every arrow of a diagram is one that the syntax knows: names without blanks."""
    arrows = [line.strip() for line in generate.PARTS[part]().splitlines() if "-->" in line]
    assert arrows
    for arrow in arrows:
        assert re.fullmatch(r"\w+ --> (\w+: \w+|\[\*\])", arrow), arrow


def test_every_route_is_on_a_page(tmp_path: Path) -> None:
    """What the server answers is documented, tables and the rest, and nothing else is."""
    services = assemble.open_services(Settings(data_dir=tmp_path, free_space_reserve_bytes=0))
    try:
        served = {
            (r.method, generate.plain(r.resource.canonical))
            for r in make_app(services).router.routes()
            if r.resource is not None and r.method != "HEAD"
        }
    finally:
        services.threads.shutdown()
        services.store.close()
    text = page("docs/api.md") + page("docs/conformance.md")
    in_tables = {(r.method, generate.plain(r.path)) for r in ROUTES}
    told = set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", text, re.MULTILINE))
    assert told == in_tables
    beside = {path.replace("{name}", "") for _, path in served - in_tables}
    assert beside == {
        "/", "/viewer/", "/live", "/api/docs", "/api/openapi.json",
        "/health/live", "/health/ready", "/metrics", "/dicom-web/subscribers/{aet}",
    }  # fmt: skip
    for path in beside:
        assert f"`{path}`" in text, path


# --- words that are checked against the code ---------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_words_in_code_type_that_look_like_facts_exist(name: str) -> None:
    """A fact, an error code or a permission that a page names is one of the code."""
    known = {k.value for k in Kind} | set(ERRORS) | {p.value for p in Permission}
    nouns = {kind.value.partition(".")[0] for kind in Kind}
    for word in re.findall(rf"`((?:{'|'.join(nouns)})\.[a-z_]+)`", page(name)):
        assert word in known, word


@pytest.mark.parametrize("name", NAMES)
def test_paths_in_code_type_exist(name: str) -> None:
    """A file or folder of this tree that a page names is there."""
    for word in re.findall(r"`((?:telemed|web|configs|docs|tests|dicom_samples)/[\w./-]*)`",
                           page(name)):  # fmt: skip
        assert word in BUILT or (ROOT / word).exists(), word


def test_the_register_s_problem_codes_are_the_code_s() -> None:
    """Every problem an import may list is explained, and no other."""
    text = page("docs/network-import.md").partition("## Problem codes")[2]
    told = set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\| (.*?) \|", text, re.M))))
    assert told == _problem_codes()


def _problem_codes() -> set[str]:
    """The literal codes of problems in the modules that read a register."""
    place = {"Flaw": 0, "problem": 2, "refuse": 1, "RowProblem": 3}
    found = set()
    rooms = ("core/network_rows.py", "core/network_sheets.py", "documents/network_file.py")
    for room in rooms:
        for name, args in _calls(ROOT / "telemed" / room):
            if name in place and len(args) > place[name]:
                found |= _literal(args[place[name]])
    for name, args in _calls(ROOT / "telemed" / "core" / "identifiers.py"):
        if name in ("_shape", "_check"):
            found |= {f"{kind}{_TAIL[name]}" for kind in _literal(args[0])}
        if name == "Flaw":
            found |= _literal(args[0])
    return {code for code in found if not code.startswith("resident-id")}  # no sheet holds one


_TAIL = {"_shape": "-shape", "_check": "-check-digit"}


def _calls(path: Path) -> list[tuple[str, list[ast.expr]]]:
    calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
    return [(getattr(c.func, "id", getattr(c.func, "attr", "")), c.args) for c in calls]


def _literal(node: ast.expr) -> set[str]:
    literal = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return {str(node.value)} if literal else set()  # type: ignore[attr-defined]


def test_the_register_s_sheets_are_all_there() -> None:
    """Each sheet has its heading, each column its row."""
    text = page("docs/network-import.md")
    for sheet, columns in SHEETS.items():
        section = text.partition(f"### `{sheet}`")[2].partition("###")[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.M)[: len(columns)] == list(columns)


def test_months_of_the_examples_are_the_rule_s() -> None:
    """The table of the month boundary is what `month_of` answers, one second to each side."""
    rows = re.findall(
        r"^\| (\S+Z) \| (\S+ \S+) \| (\d{4}-\d\d) \|$", page("docs/tally.md"), re.MULTILINE
    )
    assert len(rows) == 5
    for moment, local, month in rows:
        at = datetime.fromisoformat(moment)
        assert month_of(at) == month
        assert at.astimezone(assemble.ZONE).strftime("%Y-%m-%d %H:%M:%S") == local


def _uses(name: str) -> int:
    """How often a function of telemed is called by telemed."""
    paths = (ROOT / "telemed").rglob("*.py")
    return sum(called == name for path in paths for called, _ in _calls(path))


def test_what_the_pages_call_missing_is_missing() -> None:
    """A page that says 'not yet' is corrected in the commit that makes it untrue."""
    security = page("docs/security.md").partition("## Not done yet")[2]
    looks = "recording in the audit who looked at another institution's images" in security
    assert looks == (_uses("note_look") == 0)
    commands = get_command(app).commands  # type: ignore[attr-defined]
    operations = page("docs/operations.md").partition("## Not there yet")[2]
    missing = {"backup": "A backup", "restore": "a restore command", "doctor": "a doctor"}
    for command, words in missing.items():
        assert (words in operations) == (command not in commands), command


# --- words, rooms, tables, commands -----------------------------------------------------------


def test_the_glossary_has_what_the_screen_says_in_both_languages() -> None:
    """Every role, state, event, service, indicator, reason and critical finding, and no other."""
    known = load_catalogue(CONFIGS)
    machines = (request.MACHINE, workitem.MACHINE, report.MACHINE)
    told = {
        "roles": (0, [role.value for role in Role]),
        "states": (1, [key.value for machine in machines for key in machine.words]),
        "services": (0, list(known.services)),
        "indicator-names": (0, list(INDICATORS)),
        "reasons": (1, [reason.code for reason in known.reasons]),
        "critical-findings": (1, [finding.code for finding in known.critical_findings]),
    }
    text = page("docs/glossary.md")
    for part, (place, codes) in told.items():
        rows = table_rows(text, part)
        assert [row[place].strip("`") for row in rows] == codes, part
        for row in rows:
            words = [cell for cell in row if "`" not in cell]
            assert any(HANZI.search(cell) for cell in words), row
            assert any(re.search("[A-Za-z]{2}", cell) for cell in words), row


def test_steps_with_reasons_have_words() -> None:
    """The glossary's words of steps are those of the catalogue's steps."""
    steps = {reason.step for reason in load_catalogue(CONFIGS).reasons}
    assert set(generate.vocabulary.STEPS) == steps


def test_every_room_is_on_the_map() -> None:
    """What stands in telemed/ is named in the README and said what it knows."""
    rooms = {room for layer in generate.drawings.layers() for room in layer}
    here = {
        path.stem for path in (ROOT / "telemed").iterdir() if path.is_dir() or path.suffix == ".py"
    }
    assert rooms == {name for name in here if not name.startswith("__")}
    described = re.findall(r"^\| (`.+?) \|", page("docs/architecture.md"), re.MULTILINE)
    assert rooms <= set(re.findall(r"`(\w+)`", " ".join(described)))
    readme = page("README.md").partition("## The rooms")[2]
    assert {room for room in rooms if not re.search(rf"\b{room}(/|\.py)", readme)} == set()


def test_every_table_is_drawn() -> None:
    """A table under no heading of tables.py would be missing in the drawing."""
    drawn = [table.name for rows in generate.drawings.sections().values() for table in rows]
    assert sorted(drawn) == sorted(tables.metadata.tables)
    text = page("docs/data-model.md").partition("## Tables and columns")[2]
    assert set(re.findall(r"^    (\w+) {$", text, re.MULTILINE)) == set(drawn)


def _helps(words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """What every command prints when it is asked for help."""
    asked = CliRunner(env={"TERM": "dumb", "COLUMNS": "200"}).invoke(app, [*words, "--help"])
    assert asked.exit_code == 0
    yield words, asked.output
    command = get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    for word in getattr(command, "commands", {}):
        yield from _helps((*words, word))


def test_every_command_and_option_of_the_help_is_on_its_page() -> None:
    """What `--help` prints, command by command, is in docs/cli.md under that command."""
    sections = dict(
        re.findall(r"^## telemed ([\w -]+)\n(.*?)(?=^## |\Z)", page("docs/cli.md"), re.M | re.S)
    )
    leaves = {" ".join(words): text for words, text in _helps() if "COMMAND" not in text}
    assert set(leaves) == set(sections)
    for name, text in leaves.items():
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - {"--help"}
        shown = set(re.findall(r"--[a-z][a-z-]*", "".join(re.findall(r"`[^`]*`", sections[name]))))
        assert options - shown == set(), name


# --- pictures ---------------------------------------------------------------------------------


def test_every_picture_is_shown_and_every_shown_picture_is_there() -> None:
    """`make screenshots` takes them; what no page shows any more is removed."""
    assert {path.stem for path in pictures.IMAGES.iterdir()} == pictures.shown()


def test_pictures_are_one_desk_wide_and_small() -> None:
    """1366 by 768 pixels and at most 150 kB each: a page is read over thin lines too."""
    for path in pictures.IMAGES.iterdir():
        with Image.open(path) as image:
            assert (image.format, image.size) == ("PNG", (1366, 768)), path.name
        assert path.stat().st_size <= pictures.MOST_BYTES, path.name


def test_both_tutorials_show_the_same_pictures_in_the_same_order() -> None:
    """The Chinese page is the English one's twin."""
    first, second = (
        re.findall(r"img/([\w-]+)", page(f"docs/tutorial{tongue}.md")) for tongue in ("", ".zh")
    )
    assert first == second and len(first) > 8


# --- settings ---------------------------------------------------------------------------------


def test_the_example_s_settings_are_the_settings() -> None:
    """configs/example.toml names every setting once, with words above it, and no other."""
    text = EXAMPLE.read_text("utf-8")
    names = re.findall(r"^#?(\w+) = ", text, re.MULTILINE)
    assert sorted(names) == sorted(Settings.model_fields)
    assert all(generate.explained(text).values())


def test_the_example_s_values_are_the_defaults() -> None:
    """As it is the example changes nothing; with every line switched on it changes nothing."""
    assert load_settings(EXAMPLE) == Settings()
    switched_on = re.sub(r"^#(?=\w+ = )", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    values = tomllib.loads(switched_on)
    for name in PATHS:
        values[name] = ROOT / values[name]
    assert Settings(**values) == Settings()


# --- links and commands -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    """A relative link names a file of this tree, and a heading of it when it names one."""
    here = (ROOT / name).parent
    prose = re.sub(r"```.*?```", "", page(name), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        found = here / path if path else ROOT / name
        assert found.is_file(), target
        if heading:
            assert heading in _anchors(found.read_text("utf-8")), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    """No page is lost."""
    found, open_pages = set(), [ROOT / "README.md"]
    while open_pages:
        here = open_pages.pop()
        found.add(here)
        targets = re.findall(r"\]\(([^)\s#]+\.md)[^)]*\)", here.read_text("utf-8"))
        near = [(here.parent / target).resolve() for target in targets if "://" not in target]
        open_pages += [path for path in near if path not in found and path.is_file()]
    assert set(PAGES) - found == set()


def _anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as a forge makes them."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", t.strip().lower()).replace(" ", "-") for t in titles}


def _shown_commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", "\n".join(map(page, NAMES)), re.DOTALL)
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return sorted({line for line in lines if line})


@pytest.mark.parametrize("line", [c for c in _shown_commands() if c.startswith("telemed ")])
def test_shown_commands_parse(line: str) -> None:
    """A telemed command that a page shows has that name, those options and those arguments."""
    command = get_command(app)
    words = line.split()[1:]
    context = None
    while hasattr(command, "commands"):
        name = words.pop(0)
        assert name in command.commands, name
        command = command.commands[name]
    context = command.make_context(command.name, words)  # parses; nothing is run
    assert not context.args


def test_shown_make_targets_exist() -> None:
    """Each `make X` of the pages is one that `make help` lists."""
    made = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    listed = set(re.findall(r"^  make ([a-z-]+) ", made.stdout, re.MULTILINE))
    shown = {m for name in NAMES for m in re.findall(r"(?:`|^)make ([a-z-]+)", page(name), re.M)}
    assert {"demo", "test"} <= shown <= listed


def test_the_readme_names_the_demo_s_password_and_accounts() -> None:
    """Who follows the story can sign in."""
    told = tomllib.loads((ROOT / "configs" / "demo.toml").read_text("utf-8"))
    text = page("README.md")
    assert f"`{told['password']}`" in text
    accounts = {account["username"] for account in told["account"]}
    assert set(re.findall(r"\*\*`([\w-]+)`\*\*", text)) <= accounts
    assert f"build/samples/{told['upload_study']}" in text


def test_the_generator_says_which_page_is_behind(tmp_path: Path) -> None:
    """`python docs/generate.py --check` changes nothing and exits with 0 when all is well."""
    before = {path: path.stat().st_mtime_ns for path in PAGES}
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert before == {path: path.stat().st_mtime_ns for path in PAGES}
