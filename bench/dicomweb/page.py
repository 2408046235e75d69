"""The tables of docs/performance.md: the words around them are written by hand.

A table stands between two marks of its name, and only what stands there is made anew.
"""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.dicomweb.runner import Slice
from bench.dicomweb.stats import Figures, figures, ratios
from bench.dicomweb.targets import CPU_PER_CT_SLICE, MEMORY, TARGETS, Target

_HEAD = ("case", "telemed /s", "Orthanc /s", "ratio (range)", "must", "goal", "verdict",
         "p50 ms", "p95 ms", "CPU ms a unit", "RSS MB")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One case on both servers."""

    name: str
    ours: Figures
    theirs: Figures
    ratios: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median over the rounds."""
        return median(self.ratios)


def measured(name: str, slices: Mapping[str, Sequence[Slice]]) -> Measured:
    """A case from the slices of telemed and of the peer, in that order."""
    ours, theirs = slices.values()
    return Measured(name, figures(ours), figures(theirs), ratios(ours, theirs))


def verdict(ratio: float, target: Target | None) -> str:
    """How a ratio stands to its target, where more is better."""
    if target is None:
        return ""
    return "goal" if ratio >= target.goal else "must" if ratio >= target.must else "missed"


def row(case: Measured) -> list[str]:
    """A case as cells of the table."""
    target = TARGETS.get(case.name)
    a, b = case.ours, case.theirs
    return [
        case.name,
        _wrong(a) or _number(a.units),
        _wrong(b) or _number(b.units),
        f"{_number(case.ratio)} ({_number(case.ratios[0])} to {_number(case.ratios[-1])})",
        f"{target.must:g}" if target else "",
        f"{target.goal:g}" if target else "",
        "" if a.errors or b.errors else verdict(case.ratio, target),
        f"{_number(a.p50)} / {_number(b.p50)}",
        f"{_number(a.p95)} / {_number(b.p95)}",
        f"{_number(a.cpu)} / {_number(b.cpu)}",
        f"{a.rss:.0f} / {b.rss:.0f}",
    ]


def _wrong(figures: Figures) -> str:
    """A figure of wrong answers is none."""
    return "wrong answers" if figures.errors else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def beside_peer(cases: Sequence[Measured], versions: str, about: str) -> str:
    """The table of all cases with what was measured where, and the two sums over the run."""
    rows = [row(case) for case in cases]
    return f"{about}\n{versions}\n\n{table(_HEAD, rows)}\n\n{_sums(cases)}"


def _sums(cases: Sequence[Measured]) -> str:
    lines = []
    slices = [c for c in cases if c.name.startswith("stow_ct")]
    if slices:
        shares = [c.ours.cpu / c.theirs.cpu for c in slices]
        said = ", ".join(f"{c.name} {s:.2f}" for c, s in zip(slices, shares, strict=True))
        held = f"must {CPU_PER_CT_SLICE.must:g}, goal {CPU_PER_CT_SLICE.goal:g}"
        lines.append(f"Processor time of a stored CT slice over the peer's: {said} ({held}).")
    ours, theirs = max(c.ours.rss for c in cases), max(c.theirs.rss for c in cases)
    held = f"must {MEMORY.must:g}, goal {MEMORY.goal:g}"
    share = f"{ours:.0f} against {theirs:.0f} MB, {ours / theirs:.2f}"
    lines.append(f"Most memory over the run: {share} ({held}).")
    return "\n".join(lines)


def machine() -> str:
    """The machine, in a sentence; the load says how much else it was doing."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    load = " ".join(f"{x:.1f}" for x in os.getloadavg())
    return (
        f"{platform.machine()}, {cpu.group(1) if cpu else 'unknown processor'},"
        f" {os.cpu_count()} cores, Python {platform.python_version()}, load average {load}."
    )


def put(path: Path, name: str, text: str) -> None:
    """Write a part of the page between its marks; ValueError when the page has no such marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = path.read_text("utf-8")
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{path} has no marks for {name}")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")
