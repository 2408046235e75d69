"""docs/conformance-cases.md against the tests: what it says is played is, and the rest says why.

A test plays a case by naming it in its docstring, as in "MS Q4, Q5: …".
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from telemed.settings import ROOT

CASE = re.compile(r"\b[SQMRFBNEUA]\d{1,2}\b")
NOT_PLAYED = "not played: "


def rows() -> dict[str, str]:
    """What the page says of our side, by case."""
    page = (ROOT / "docs" / "conformance-cases.md").read_text("utf-8")
    lines = [line.strip("| ").split(" | ") for line in page.splitlines()]
    found = [(cells[0], cells[-1]) for cells in lines if CASE.fullmatch(cells[0])]
    assert len(found) == len(dict(found)), "a case stands there twice"
    return dict(found)


def played() -> dict[str, list[str]]:
    """The tests that name a case, by case."""
    found: dict[str, list[str]] = {}
    for folder in ("server", "conformance", "dicom"):
        for path in sorted((ROOT / "tests" / folder).glob("test_*.py")):
            for name, words in _docstrings(path):
                for case in set(CASE.findall(words)):
                    found.setdefault(case, []).append(f"{path.name}::{name}")
    return found


def _docstrings(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test"
        ):
            yield node.name, ast.get_docstring(node) or ""


def test_every_case_is_played_or_says_why_not() -> None:
    """No row without a test or a reason, and no reason beside a test."""
    tests = played()
    told = rows()
    assert len(told) == 102
    assert sorted(case for case, ours in told.items()
                  if (case in tests) == ours.startswith(NOT_PLAYED)) == []  # fmt: skip
