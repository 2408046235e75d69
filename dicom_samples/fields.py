"""Arithmetic that every modality shares: seeded noise, soft edges, capsules, blurs.

Images are float32 arrays until the last step, where each modality rounds them to integers.
Nothing here knows DICOM. All randomness comes from generators seeded by a name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Point = tuple[float, float, float]


def rng_for(name: str) -> np.random.Generator:
    """A generator whose stream depends on the name alone (PCG64, stable across platforms)."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "big")))


def point(values: Iterable[float]) -> Point:
    """Three numbers as a point."""
    x, y, z = values
    return float(x), float(y), float(z)


def noise(
    rng: np.random.Generator, shape: tuple[int, ...], sigma: float | tuple[float, ...]
) -> Array:
    """Periodic Gaussian-filtered white noise, zero mean and unit variance, sigma in pixels."""
    sigmas = sigma if isinstance(sigma, tuple) else (sigma,) * len(shape)
    spectrum = np.fft.rfftn(rng.standard_normal(shape).astype(np.float32))
    for axis, (size, width) in enumerate(zip(shape, sigmas, strict=True)):
        last = axis == len(shape) - 1
        freq = np.fft.rfftfreq(size) if last else np.fft.fftfreq(size)
        gain = np.exp(-2 * (np.pi * freq * width) ** 2)
        spectrum *= gain.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    field = np.fft.irfftn(spectrum, shape, axes=range(len(shape)))
    return np.asarray(((field - field.mean()) / field.std()), np.float32)


def roll(field: Array, rng: np.random.Generator) -> Array:
    """The same periodic field at another random offset: a cheap fresh texture."""
    shift = tuple(int(rng.integers(0, size)) for size in field.shape)
    return np.roll(field, shift, axis=tuple(range(field.ndim)))


def blur(image: Array, side: float, axes: tuple[int, ...] = (-1, -2)) -> Array:
    """Three-tap blur with weight `side` on each neighbour, edges repeated."""
    for axis in axes:
        moved = np.moveaxis(image, axis, 0)
        padded = np.concatenate([moved[:1], moved, moved[-1:]])
        mixed = padded[1:-1] * (1 - 2 * side) + side * (padded[:-2] + padded[2:])
        image = np.moveaxis(mixed, 0, axis)
    return np.ascontiguousarray(image, dtype=np.float32)


def soft(distance: Array, width: float) -> Array:
    """Coverage 0..1 from a signed distance that is positive inside; `width` is the edge."""
    return np.asarray(np.clip(distance / width + 0.5, 0, 1), np.float32)


def mix(image: Array, alpha: Array, value: Array | float) -> None:
    """Paint `value` over `image` with coverage `alpha`, in place."""
    image += alpha * (value - image)


def smoothstep(edge0: float, edge1: float, value: Array) -> Array:
    """Hermite step from 0 at edge0 to 1 at edge1."""
    t = np.clip((value - edge0) / (edge1 - edge0), 0, 1)
    return np.asarray((t * t * (3 - 2 * t)), np.float32)


def capsule_distance(
    grid: tuple[Array, ...], a: tuple[float, ...], b: tuple[float, ...], r0: float, r1: float
) -> tuple[Array, Array]:
    """(distance from the axis, local radius) of a tapered capsule on an open grid."""
    axis = [q - p for p, q in zip(a, b, strict=True)]
    length2 = sum(c * c for c in axis) or 1e-6
    rel = [g - p for g, p in zip(grid, a, strict=True)]
    t = np.clip(sum(r * c for r, c in zip(rel, axis, strict=True)) / length2, 0, 1)
    d2 = sum((r - t * c) ** 2 for r, c in zip(rel, axis, strict=True))
    return np.sqrt(d2), r0 + t * (r1 - r0)
