"""The recipes of docs/how-to-add.md, followed by a program: each block goes where it says.

The first line of a block is a comment that names a file and a place in it: `at the end`, `new`,
or `before`, `after`, `instead of` the first line with some text; `before the row with` means the
line above it, where a row begins. A place that is not there any more is an error.
"""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "how-to-add.md"
COPIED = ("telemed", "configs", "docs", "tests", "dicom_samples", "web/src")
BESIDE = ("pyproject.toml", "README.md", "Makefile", "web/openapi.json")

_FIRST = re.compile(r"(?:#|//) ([\w./-]+), (\w[\w ]*)(?:: (.+))?")


def copy_of_the_tree(target: Path) -> Path:
    """The sources without what is built, where a recipe may be tried."""
    skip = shutil.ignore_patterns("__pycache__", "node_modules", "img")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=skip)
    for name in BESIDE:
        shutil.copy(ROOT / name, target / name)
    return target


def blocks_of(title: str) -> list[str]:
    """The blocks of the recipe with this title."""
    page = PAGE.read_text("utf-8")
    section = page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    assert section, title
    return re.findall(r"```(?:toml|python|ts)\n(.*?)```", section, re.DOTALL)


def follow(title: str, tree: Path) -> None:
    """Do all that a recipe says to a copy of the tree."""
    for block in blocks_of(title):
        head, _, text = block.partition("\n")
        found = _FIRST.fullmatch(head)
        assert found is not None, head
        name, place, mark = found.groups()
        _put(tree / name, place, mark, text)


def _put(path: Path, place: str, mark: str | None, text: str) -> None:
    if place == "new":
        assert not path.exists(), path
        path.write_text(text, "utf-8")
        return
    lines = path.read_text("utf-8").splitlines(keepends=True)
    apart = "\n\n" if re.match(r"(async def|def|@)", text) else ""
    if mark is None:
        assert place == "at the end", place
        lines += [apart or "\n", text]
    else:
        at = next((n for n, line in enumerate(lines) if mark in line), None)
        assert at is not None, f"{path.name} has no line with {mark}"
        first, last = {
            "before": (at, at),
            "after": (at + 1, at + 1),
            "instead of": (at, at + 1),
            "before the row with": (at - 1, at - 1),
        }[place]
        lines[first:last] = [text + apart]
    path.write_text("".join(lines), "utf-8")
