"""Branching vessels and airways that fill an organ.

A tree is grown by splitting a cloud of target points again and again: walk part of the way
to the cloud's centre, cut the cloud across its longest axis, walk on to both halves. Radii
follow the number of points served (a power law as in Murray), so the trunk is thick and the
twigs are fine wherever the points are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .fields import point

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Segment:
    """One straight piece: ends in mm, radii in mm, generation counted from the trunk."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    r0: float
    r1: float
    generation: int


def grow(
    rng: np.random.Generator,
    root: tuple[float, float, float],
    targets: Points,
    r_trunk: float,
    r_twig: float,
    reach: float = 0.42,
) -> list[Segment]:
    """Grow one tree from root to all targets (n x 3, mm)."""
    power = np.log(r_trunk / r_twig) / np.log(len(targets))
    segments: list[Segment] = []
    stack = [(np.array(root), targets, 0)]
    while stack:
        here, cloud, generation = stack.pop()
        radius = r_twig * len(cloud) ** power
        share = 1.0 if len(cloud) == 1 else reach
        there = here + share * (cloud.mean(axis=0) - here)
        segments += _bent(rng, here, there, radius, generation)
        if len(cloud) > 1:
            stack += [(there, half, generation + 1) for half in _halves(cloud)]
    return segments


def _halves(cloud: Points) -> tuple[Points, Points]:
    centred = cloud - cloud.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    # eigh leaves the sign open; fix it so every platform grows the same tree
    axis = axis * (1 if axis[np.argmax(np.abs(axis))] > 0 else -1)
    order = np.argsort(np.round(centred @ axis, 6), kind="stable")
    cut = len(cloud) // 2
    return cloud[order[:cut]], cloud[order[cut:]]


def _bent(
    rng: np.random.Generator, a: Points, b: Points, radius: float, generation: int
) -> list[Segment]:
    middle = (a + b) / 2 + rng.normal(0, 0.07, 3) * np.linalg.norm(b - a)
    pa, pm, pb = point(a), point(middle), point(b)
    return [
        Segment(pa, pm, radius, radius * 0.95, generation),
        Segment(pm, pb, radius * 0.95, radius * 0.88, generation),
    ]
