"""The promises of the two commands: steps are done once, pinned, explained and never hidden."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from types import ModuleType

import psycopg
import pytest

from tests.services import Postgres, Redis, postgres, redis_server  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [*(ROOT / ".make").glob("*.txt"), *ROOT.glob("[wt]e*/**/package-lock.json")]
LOCKS = sorted(path for path in LOCKS if "node_modules" not in path.parts)


@pytest.fixture(scope="module")
def scripts() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / ".make"))
    yield
    sys.path.remove(str(ROOT / ".make"))


@pytest.fixture
def setup(scripts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up script, working in a folder of its own."""
    import setup

    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "BUILD", tmp_path / "build")
    return setup


@pytest.fixture
def stage(setup: ModuleType, tmp_path: Path):
    """A stage that copies one input to one output."""
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("one")

    def work(step: object) -> None:
        target.write_text(source.read_text())

    return setup.Stage("copy", "Copying", lambda: [source], (target,), 1, work)


def make(*words: str) -> str:
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_a_stage_is_done_once_and_again_when_its_input_changes(stage, tmp_path):
    """A second run costs nothing; a changed source is never served from an old build."""
    assert not stage.is_done()
    stage.run(None)
    assert stage.is_done()
    (tmp_path / "in.txt").write_text("two")
    assert not stage.is_done()
    stage.run(None)
    assert (tmp_path / "out.txt").read_text() == "two"
    assert stage.is_done()


def test_a_stage_whose_result_was_deleted_is_done_again(stage, tmp_path):
    """A stamp alone proves nothing."""
    stage.run(None)
    (tmp_path / "out.txt").unlink()
    assert not stage.is_done()


def test_a_stage_that_failed_is_not_done(setup, stage):
    """An interruption leaves no stamp, not even the one of the run before."""

    def fail(step: object) -> None:
        raise setup.Stop("the disk is full")

    stage.run(None)
    broken = setup.Stage("copy", "Copying", stage.inputs, stage.outputs, 1, fail)
    with pytest.raises(setup.Stop):
        broken.run(None)
    assert not stage.is_done()


def test_sources_do_not_count_what_is_built_or_fetched(setup, tmp_path):
    """Building does not make the next run build again."""
    for name in ("src/a.ts", "node_modules/b.js", "dist/c.js", "src/__pycache__/d.pyc"):
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = setup.files_below(tmp_path / "web")
    assert [path.name for path in found] == ["a.ts"]


def test_goals_name_known_stages_in_an_order_that_works(setup):
    """No goal asks for a stage that does not exist, or before the environment it runs in."""
    order = [stage.name for stage in setup.STAGES]
    for goal, names in setup.GOALS.items():
        places = [order.index(name) for name in names]
        assert places == sorted(places), goal


def test_the_browser_is_made_beside_what_needs_none_of_it(setup, monkeypatch):
    """In order within each; whichever fails, the other one ends first and the failure is told."""
    done: list[str] = []
    both = threading.Barrier(2, timeout=30)

    def made(name: str, broken: str = ""):
        def work(step: object) -> None:
            if name in ("web", "samples"):
                both.wait()  # each waits for the other: one after the other would never end
            if name == broken:
                raise setup.Stop(name)
            done.append(name)

        return setup.Stage(name, name, list, (setup.BUILD / name,), 0, work)

    for broken in ("", "web", "samples"):
        done.clear()
        stages = [made(name, broken) for name in setup.GOALS["demo"] if name != "node"]
        monkeypatch.setattr(setup, "BY_NAME", {stage.name: stage for stage in stages})
        monkeypatch.setitem(setup.GOALS, "all", tuple(stage.name for stage in stages))
        monkeypatch.setattr(setup, "is_present", lambda stage: True)
        with pytest.raises(setup.Stop, match=broken) if broken else nullcontext():
            setup.reach("all")
        assert done[:3] == ["venv", "runtime", "telemed"]
        if not broken:
            assert done.index("web-packages") < done.index("web") < done.index("viewer")
            assert "samples" in done
        assert ("viewer" in done) == (broken != "web")


def test_little_disk_is_said_before_work_begins(scripts, tmp_path):
    """The sentence names what is free and what is needed."""
    import machine
    from trouble import Stop

    with pytest.raises(Stop, match=r"Not enough disk: \d+ MB are free"):
        machine.require_space(tmp_path, 10**9)


def test_a_busy_port_is_named_with_a_way_out():
    """`make demo` on a busy port ends at once, with a port to try instead."""
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = subprocess.run(
            [sys.executable, ".make/setup.py", "demo", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} is busy" in done.stderr
    assert f"PORT={port + 1}" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("npm error code ENOSPC", "disk is full"),
        ("error: Temporary failure in name resolution", "registry cannot be reached"),
        ("npm error code ETARGET", "does not carry a version"),
        ("npm error code EUSAGE\n`npm ci` can only install", "out of step"),
        ("error: command '/usr/bin/gcc' failed: No such file", "no compiler"),
        ("npm error code EINTEGRITY", "not the one that was pinned"),
        ("EACCES: permission denied", "cannot be written"),
        ("anything else", "“Web client” failed"),
    ],
)
def test_common_troubles_have_a_sentence(scripts, words, sentence):
    """What a tool prints is turned into what a person should do."""
    from trouble import sentence_for

    assert sentence in sentence_for(words, "Web client")


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("v18.20.4", False),
        ("v20.18.9", False),
        ("v20.19.0", True),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.19.0", True),
        ("", False),
    ],
)
def test_which_node_will_do(scripts, version, enough):
    """Exactly the versions the web build's own requirement names."""
    import machine

    assert machine.is_node_new_enough(version) is enough


def test_a_failing_command_is_one_sentence_and_a_log(scripts, tmp_path, capsys):
    """The person sees a sentence and where the rest is; the log has the tool's words."""
    from progress import Step
    from trouble import Stop

    log = tmp_path / "step.log"
    command = [sys.executable, "-c", "print('ENOSPC: no room'); raise SystemExit(3)"]
    with pytest.raises(Stop, match="disk is full") as stop, Step("Trying", 1, 1, log) as step:
        step.run(command, cwd=tmp_path)
    assert str(log) in str(stop.value)
    assert "ENOSPC: no room" in log.read_text()
    assert "✗ [1/1] Trying" in capsys.readouterr().out


def test_demo_reset_removes_only_a_demo(setup, tmp_path):
    """A mistyped DATA= never costs a folder that is something else."""
    demo, other = tmp_path / "data", tmp_path / "letters"
    for folder, name in ((demo, "telemed.sqlite3"), (other, "letter.txt")):
        folder.mkdir()
        (folder / name).touch()
    setup.forget(demo, 0)
    assert not demo.exists()
    with pytest.raises(setup.Stop):
        setup.forget(other, 0)
    assert (other / "letter.txt").exists()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_locks_hold_hashes_and_no_addresses(lock):
    """Any registry or mirror can serve an install, and none can change what is installed."""
    text = lock.read_text()
    if lock.suffix == ".txt":
        assert not re.search(r"https?://|^--", text, re.MULTILINE)
        assert all("sha256:" in pin for pin in re.split(r"^(?=\S+==)", text, flags=re.M)[1:])
    else:
        packages = [entry for name, entry in json.loads(text)["packages"].items() if name]
        assert not any("resolved" in package for package in packages)
        assert all(package["integrity"].startswith("sha512-") for package in packages)


def test_the_development_lock_extends_the_runtime_lock():
    """What is tested is what is shipped, version for version."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (ROOT / ".make" / name).read_text(), re.MULTILINE))

    assert pins("requirements.txt") < pins("requirements-dev.txt")


def test_make_alone_explains_every_command():
    """A newcomer who types `make` sees every target with a sentence."""
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    explained = re.findall(r"^  make (\S+) +\S", make(), re.MULTILINE)
    assert sorted(explained) == sorted(" ".join(targets).split())


def test_the_build_server_runs_what_everyone_runs():
    """`.ci/run` is `make test` and nothing more."""
    text = (ROOT / ".ci" / "run").read_text()
    commands = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert commands[-1] == "exec make test"
    assert [line.split()[0] for line in commands] == ["set", "cd", "exec"]


@pytest.mark.services
def test_a_killed_postgres_keeps_what_it_acknowledged(postgres: Postgres):  # noqa: F811
    """The cluster that other tests rely on is durable, as the real one would be."""
    name = postgres.fresh_database()
    with psycopg.connect(postgres.dsn(name)) as connection:
        connection.execute("create table fact (n int)")
        connection.execute("insert into fact values (42)")
    postgres.crash()
    postgres.start()
    with psycopg.connect(postgres.dsn(name)) as connection:
        assert connection.execute("select n from fact").fetchall() == [(42,)]
    postgres.drop_database(name)


@pytest.mark.services
def test_redis_can_be_killed_and_started_again(redis_server: Redis):  # noqa: F811
    """An outage of the bell can be played in a test."""
    assert redis_server.answers()
    redis_server.kill()
    assert not redis_server.answers()
    redis_server.start()
    assert redis_server.answers()
