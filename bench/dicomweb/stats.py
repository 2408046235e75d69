"""Medians over rounds, percentiles over replies, and ratios within a round."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

from bench.dicomweb.runner import Slice


@dataclass(frozen=True, slots=True)
class Figures:
    """One server in one case: per second, milliseconds, milliseconds of processor a unit, MB."""

    units: float
    megabytes: float
    p50: float
    p95: float
    cpu: float
    rss: float
    errors: tuple[str, ...]


def figures(slices: Sequence[Slice]) -> Figures:
    """Medians of the rates of all rounds, percentiles over all their replies."""
    latencies = sorted(x for s in slices for x in s.latencies)
    return Figures(
        units=median(s.rate for s in slices),
        megabytes=median(s.sent / s.wall for s in slices) / 1e6,
        p50=percentile(latencies, 50) * 1e3,
        p95=percentile(latencies, 95) * 1e3,
        cpu=sum(s.cpu for s in slices) / sum(s.units for s in slices) * 1e3,
        rss=max(s.rss for s in slices) / 1e6,
        errors=tuple(e for s in slices for e in s.errors)[:5],
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile of values in ascending order; 0 when there are none."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


def ratios(ours: Sequence[Slice], theirs: Sequence[Slice]) -> list[float]:
    """Our rate over theirs, round by round, in ascending order."""
    return sorted(a.rate / b.rate for a, b in zip(ours, theirs, strict=True))
