"""Sets the project up in steps, each done once: `python3 .make/setup.py demo|test|check|web|setup`.

Runs on the machine's own Python (3.11 or newer) with nothing installed. A step is done again only
when what it is made from has changed: the hash of its inputs is kept in build/stamps/ and written
after the step has ended well, so an interrupted run simply goes on where it was. Knows the order
of the steps and what each is made from; `progress` knows how they look, `machine` what the
computer offers, `trouble` what to say when one fails.
"""

import argparse
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import machine
from progress import Step
from trouble import Stop

ROOT = Path(__file__).resolve().parent.parent
MAKE = ROOT / ".make"
BUILD = ROOT / "build"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
NOT_SOURCES = {"node_modules", "dist", "viewer", "__pycache__", "test-results", ".vite", "out"}


def files_below(folder: Path, suffix: str = "") -> list[Path]:
    """Every source file below a folder, sorted; what is built or fetched does not count."""
    if folder.is_file():
        return [folder]
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_SOURCES]
        found += [Path(place, name) for name in names if name.endswith(suffix)]
    return sorted(found)


def fingerprint(paths: Iterable[Path], *extra: str) -> str:
    """A hash over names and contents of files, and over words that matter beside them."""
    digest = hashlib.sha256("\0".join(extra).encode())
    for path in paths:
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        digest.update(f"\0{name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True)
class Stage:
    """One step: what it is made from, what it leaves behind, how much room it takes, how."""

    name: str
    title: str
    inputs: Callable[[], list[Path]]
    outputs: tuple[Path, ...]
    megabytes: int
    work: Callable[[Step], None]
    covered_by: str = ""

    @property
    def stamp(self) -> Path:
        return BUILD / "stamps" / self.name

    def mark(self) -> str:
        """What the stamp must say for this stage to be done."""
        return fingerprint(self.inputs(), platform.python_version(), platform.machine())

    def is_done(self) -> bool:
        """Nothing it is made from has changed since it last ended well."""
        if self.covered_by and BY_NAME[self.covered_by].is_done():
            return True
        if not all(path.exists() for path in self.outputs):
            return False
        return self.stamp.exists() and self.stamp.read_text() == self.mark()

    def run(self, step: Step) -> None:
        """Do it, and remember that it is done. Raises Stop."""
        machine.require_space(ROOT, self.megabytes)
        self.stamp.unlink(missing_ok=True)
        mark = self.mark()
        self.work(step)
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(mark)


# --- how each step is done ------------------------------------------------------------------


def has_ensurepip() -> bool:
    asked = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def make_venv(step: Step) -> None:
    """A virtual environment with uv in it; Debian keeps venv's other half in a package."""
    if not has_ensurepip():
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        machine.install_packages(step, [package], "The virtual environment")
    if not is_sound(PYTHON):
        step.run([sys.executable, "-m", "venv", "--clear", VENV], cwd=ROOT)
    quietly = ("install", "--disable-pip-version-check", "--require-hashes")
    step.run([PYTHON, "-m", "pip", *quietly, "-r", MAKE / "uv.txt"], cwd=ROOT)


def is_sound(python: Path) -> bool:
    """Is this an interpreter that starts (a half-made or moved environment does not)?"""
    if not python.exists():
        return False
    asked = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    return asked.returncode == 0


def install_locked(step: Step, lock: str) -> None:
    """Install exactly what a lock names. Libraries a developer added by hand are left alone."""
    here = (UV, "pip", "install", "--python", PYTHON)
    # Compiled now: where Python may not write bytecode, every start would compile it all again.
    step.run([*here, "--compile-bytecode", "--require-hashes", "-r", MAKE / lock], cwd=ROOT)


def install_telemed(step: Step) -> None:
    here = (UV, "pip", "install", "--python", PYTHON)
    step.run([*here, "--no-deps", "--editable", "."], cwd=ROOT)
    step.run([PYTHON, "-m", "compileall", "-q", "telemed", "dicom_samples"], cwd=ROOT)


def node_env() -> dict[str, str]:
    """The environment in which npm and node are found, whichever Node it is."""
    folder = machine.system_node() or VENV / "bin"
    return {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def provide_node(step: Step) -> None:
    """The machine's Node if it will do; else the one that comes as a Python package."""
    if machine.system_node() is None:
        step.say("no Node 20.19 or newer here: fetching one as a Python package")
        install_locked(step, "node.txt")
        step.run(["npm", "--version"], cwd=ROOT, env=node_env())


def npm_install(folder: Path) -> Callable[[Step], None]:
    def work(step: Step) -> None:
        step.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, env=node_env())

    return work


def build_web(step: Step) -> None:
    step.run(["npm", "run", "build"], cwd=ROOT / "web", env=node_env())


def build_viewer(step: Step) -> None:
    npm_install(ROOT / "web" / "viewer")(step)
    step.run(["npm", "run", "build"], cwd=ROOT / "web" / "viewer", env=node_env())


def make_samples(step: Step) -> None:
    """Into a folder aside first, so that a half-made set is never mistaken for the whole."""
    aside, target = BUILD / "samples.part", BUILD / "samples"
    shutil.rmtree(aside, ignore_errors=True)
    step.run([PYTHON, "-m", "dicom_samples", "--out", aside], cwd=ROOT)
    shutil.rmtree(target, ignore_errors=True)
    aside.rename(target)


def install_missing(name: str, why: str) -> Callable[[Step], None]:
    def work(step: Step) -> None:
        missing = machine.missing_packages(PACKAGES[name])
        if missing:
            machine.install_packages(step, missing, why)

    return work


# --- the steps and the goals ----------------------------------------------------------------


def sources(*places: str, suffix: str = "") -> Callable[[], list[Path]]:
    """The source files of several places below the root, asked for when needed."""
    return lambda: [path for place in places for path in files_below(ROOT / place, suffix)]


WEB_PARTS = ("web/package.json", "web/package-lock.json")
STAGES: tuple[Stage, ...] = (
    Stage("venv", "Python environment", sources(".make/uv.txt"), (UV,), 150, make_venv),
    Stage(
        "runtime",
        "Python libraries",
        sources(".make/requirements.txt"),
        (PYTHON,),
        500,
        lambda step: install_locked(step, "requirements.txt"),
        covered_by="dev",
    ),
    Stage(
        "dev",
        "Python libraries and test tools",
        sources(".make/requirements-dev.txt"),
        (PYTHON,),
        900,
        lambda step: install_locked(step, "requirements-dev.txt"),
    ),
    Stage(
        "telemed",
        "The telemed command",
        sources("pyproject.toml"),
        (VENV / "bin" / "telemed",),
        10,
        install_telemed,
    ),
    Stage("node", "Node", sources(".make/node.txt"), (), 350, provide_node),
    Stage(
        "web-packages",
        "Web libraries",
        sources(*WEB_PARTS),
        (ROOT / "web/node_modules",),
        500,
        npm_install(ROOT / "web"),
    ),
    Stage(
        "web",
        "Web client",
        sources("web"),
        (ROOT / "web/dist/index.html",),
        50,
        build_web,
    ),
    Stage(
        "viewer",
        "OHIF viewer",
        sources("web/viewer"),
        (BUILD / "viewer/manifest.json",),
        350,
        build_viewer,
    ),
    Stage(
        "samples",
        "Sample studies",
        sources("dicom_samples", suffix=".py"),
        (BUILD / "samples",),
        400,
        make_samples,
    ),
    Stage(
        "system",
        "Debian packages for the tests",
        list,
        (),
        1500,
        install_missing("system", "The whole test suite"),
    ),
    Stage(
        "judges",
        "Judges in Python",
        sources(".make/requirements-conformance.txt"),
        (PYTHON,),
        50,
        lambda step: install_locked(step, "requirements-conformance.txt"),
    ),
    Stage(
        "judges-node",
        "Judges in Node",
        sources("tests/conformance/package.json", "tests/conformance/package-lock.json"),
        (ROOT / "tests/conformance/node_modules",),
        10,
        npm_install(ROOT / "tests" / "conformance"),
    ),
    Stage(
        "judges-system",
        "Debian packages that judge",
        list,
        (),
        300,
        install_missing("judges-system", "The conformance suite"),
    ),
)
PACKAGES = {"system": machine.TEST_PACKAGES, "judges-system": machine.JUDGE_PACKAGES}
"""The stages that look for Debian packages, and which."""
BY_NAME = {stage.name: stage for stage in STAGES}
BROWSER = ("node", "web-packages", "web", "viewer")
TEST = ("venv", "dev", "telemed", *BROWSER, "samples", "system")
GOALS: dict[str, tuple[str, ...]] = {
    "check": ("venv", "dev", "telemed"),
    "libraries": ("venv", "runtime"),
    "server": ("venv", "runtime", "telemed"),
    "web": ("venv", *BROWSER),
    "setup": ("venv", "runtime", "telemed", *BROWSER, "samples"),
    "demo": ("venv", "runtime", "telemed", *BROWSER, "samples"),
    "test": TEST,
    "conformance": (*TEST, "judges", "judges-node", "judges-system"),
}


def is_present(stage: Stage) -> bool:
    """Stages whose sources are not in this tree (a checkout of a part) are left out."""
    needed = {
        "web-packages": ROOT / "web/package.json",
        "web": ROOT / "web/package.json",
        "samples": ROOT / "dicom_samples/__main__.py",
    }
    return stage.name not in needed or needed[stage.name].exists()


def is_wanted(stage: Stage) -> bool:
    """Is there work to do? Debian packages are looked at every time, not remembered."""
    if stage.name in PACKAGES:
        return bool(machine.missing_packages(PACKAGES[stage.name]))
    if stage.name == "node" and machine.system_node() is None:
        return not (VENV / "bin" / "node").exists() or not stage.is_done()
    return not stage.is_done()


@contextmanager
def only_one() -> Iterator[None]:
    """Let one set-up run at a time in this tree; a second one waits."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running here; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def reach(goal: str) -> None:
    """Do every step of a goal that is not done yet. Raises Stop.

    What the browser needs is made beside the steps behind it, which need none of it.
    """
    stages = [BY_NAME[name] for name in GOALS[goal] if is_present(BY_NAME[name])]
    numbered = [(number, len(stages), stage) for number, stage in enumerate(stages, start=1)]
    at = [number for number, stage in enumerate(stages) if stage.name in BROWSER]
    if not at or at[-1] == len(stages) - 1:
        take(numbered)
        return
    take(numbered[: at[0]])
    with ThreadPoolExecutor(1) as beside:
        browser = beside.submit(take, numbered[at[0] : at[-1] + 1], quiet=True)
        take(numbered[at[-1] + 1 :])
        browser.result()


def take(numbered: Iterable[tuple[int, int, Stage]], *, quiet: bool = False) -> None:
    """Do steps in order. Whether one has work is asked just before it, as an earlier one may have
    changed its inputs."""
    for number, total, stage in numbered:
        if is_wanted(stage):
            log = BUILD / "logs" / f"{stage.name}.log"
            with Step(stage.title, number, total, log, quiet=quiet) as step:
                stage.run(step)


def forget(data: Path, port: int) -> None:
    """Remove the demo's data folder, and only a folder that is one. Raises Stop."""
    machine.require_port(port)
    if not data.exists():
        print(f"There is nothing to forget: {data} does not exist.")
        return
    if ROOT.is_relative_to(data.resolve()) or not any(data.glob("*.sqlite3")):
        raise Stop(f"{data} does not look like a demo's data folder; remove it yourself if it is.")
    shutil.rmtree(data)
    print(f"Forgotten: {data}. `make demo` starts afresh.")


def run_web(scripts: dict[Path, str]) -> int:
    """Run npm scripts in their folders, their output as it comes; the first failure's code."""
    env = {**os.environ, **node_env()}
    for folder, script in scripts.items():
        if (folder / "package.json").exists():
            code = subprocess.run(
                ["npm", "run", script], cwd=folder, env=env, check=False
            ).returncode
            if code != 0:
                return code
    return 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Set telemed up; each step is done once.")
    others = ("forget", "web-check", "web-test")
    parser.add_argument("goal", choices=[*sorted(GOALS), *others])
    parser.add_argument("--port", type=int, default=0, help="refuse at once when it is busy")
    parser.add_argument("--data-dir", type=Path, default=ROOT / "data")
    return parser.parse_args()


def perform(asked: argparse.Namespace) -> int:
    """Do what was asked; the exit code. Raises Stop."""
    web, viewer = ROOT / "web", ROOT / "web" / "viewer"
    match asked.goal:
        case "forget":
            forget(asked.data_dir, asked.port)
        case "web-check":
            return run_web({web: "check"})
        case "web-test":
            return run_web({web: "check", viewer: "test"}) or run_web({web: "test"})
        case goal:
            machine.require_port(asked.port)
            with only_one():
                reach(goal)
    return 0


def main() -> int:
    try:
        return perform(parsed())
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n{error.strerror}: {error.filename or ROOT}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is lost: run it again and it goes on here.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
