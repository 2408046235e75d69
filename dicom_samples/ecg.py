"""Twelve-lead ECGs from a moving heart dipole.

Each wave (P, q, r, s, ST, T) is a Gaussian in time times a vector in the Frank frame; the
eight independent leads are projections by the Dower matrix (Dower et al. 1980), the limb
leads follow from Einthoven and Goldberger, so the leads agree with one another exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import TwelveLeadECGWaveformStorage

from .base import Machine, Series, Study, code, items, of, save, start
from .fields import Array, rng_for

RATE = 500
SECONDS = 10
MICROVOLT_PER_BIT = 2.5
LEADS = (
    ("2:1", "I"),
    ("2:2", "II"),
    ("2:61", "III"),
    ("2:62", "aVR"),
    ("2:63", "aVL"),
    ("2:64", "aVF"),
    ("2:3", "V1"),
    ("2:4", "V2"),
    ("2:5", "V3"),
    ("2:6", "V4"),
    ("2:7", "V5"),
    ("2:8", "V6"),
)
# rows I, II, V1..V6; columns X (left), Y (down), Z (back)
DOWER = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
MACHINE = Machine("Lijiang Imaging (invented)", "LJ-ECG 12", "ECG03", "LJE-0415", "2.0")


@dataclass(frozen=True)
class Wave:
    """A Gaussian: centre (ms after QRS onset), sigma left and right (ms), vector (mV)."""

    centre: float
    left: float
    right: float
    vector: tuple[float, float, float]


@dataclass(frozen=True)
class Rhythm:
    """A beat and how it repeats; intervals in ms, axis in degrees."""

    rate: int
    waves: tuple[Wave, ...]
    pr: int
    qrs: int
    qt: int
    axis: int
    comment: str


P_WAVES = (Wave(-118, 16, 18, (0.045, 0.085, -0.035)), Wave(-92, 16, 18, (0.07, 0.075, 0.035)))
SINUS = Rhythm(
    72,
    (
        *P_WAVES,
        Wave(16, 7, 7, (-0.16, -0.02, -0.28)),
        Wave(38, 10, 10, (1.02, 0.98, 0.16)),
        Wave(58, 9, 9, (0.22, 0.10, 0.78)),
        Wave(74, 7, 8, (-0.14, -0.22, 0.26)),
        Wave(205, 45, 60, (0.03, 0.02, -0.02)),
        Wave(290, 52, 32, (0.27, 0.22, -0.17)),
    ),
    160,
    88,
    380,
    66,
    "窦性心律，正常心电图",
)
STEMI = Rhythm(
    96,
    (
        *P_WAVES,
        Wave(20, 9, 9, (-0.24, 0.10, 0.42)),
        Wave(42, 10, 11, (0.62, 0.66, 0.62)),
        Wave(60, 9, 10, (0.06, 0.05, 0.60)),
        Wave(78, 8, 9, (-0.10, -0.16, 0.08)),
        Wave(135, 36, 70, (0.11, -0.10, -0.235)),
        Wave(245, 70, 44, (0.24, -0.08, -0.36)),
    ),
    152,
    92,
    348,
    72,
    "窦性心律；急性前壁ST段抬高型心肌梗死，请结合临床",
)


def leads(rhythm: Rhythm, key: str) -> tuple[Array, list[int]]:
    """(12 x samples in mV, sample index of each QRS onset); drift and noise included."""
    rng = rng_for("ecg " + key)
    onsets = _onsets(rhythm, rng)
    t = np.arange(RATE * SECONDS) / RATE * 1000
    dipole = np.zeros((3, t.size))
    for onset in onsets:
        swing = 1 + 0.05 * np.sin(2 * np.pi * onset / 3700)
        for wave in rhythm.waves:
            x = t - onset - wave.centre
            sigma = np.where(x < 0, wave.left, wave.right)
            dipole += np.array(wave.vector)[:, None] * swing * np.exp(-0.5 * (x / sigma) ** 2)
    eight = DOWER @ dipole + _disturbance(rng, t)
    one, two = eight[0], eight[1]
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    return np.vstack([*limb, *eight[2:]]).astype(np.float32), [
        round(o * RATE / 1000) for o in onsets
    ]


def _onsets(rhythm: Rhythm, rng: np.random.Generator) -> list[float]:
    """QRS onsets in ms with respiratory sinus variation of about 2 percent."""
    step = 60000 / rhythm.rate
    onsets, now = [], 330.0
    while now < SECONDS * 1000 - 120:
        onsets.append(now)
        now += step * (1 + 0.018 * np.sin(2 * np.pi * now / 3700) + rng.normal(0, 0.003))
    return onsets


def _disturbance(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    """Breathing drift, a trace of muscle noise and a little 50 Hz, per independent lead."""
    phase = rng.uniform(0, 2 * np.pi, (8, 1))
    drift = rng.uniform(0.008, 0.025, (8, 1)) * np.sin(2 * np.pi * t / 3700 + phase)
    muscle = rng.normal(0, 0.009, (8, t.size))
    muscle = (muscle + np.roll(muscle, 1, 1) + np.roll(muscle, 2, 1)) / 2
    return drift + muscle + 0.002 * np.sin(2 * np.pi * 50 * t / 1000 + phase)


def build(study: Study, rhythm: Rhythm, folder: Path) -> Iterator[Path]:
    """Write one 12-Lead ECG object."""
    series = Series(1, "12导联心电图", study.time, "静息12导联")
    ds = start(study, series, MACHINE, TwelveLeadECGWaveformStorage, 1)
    ds.ContentDate, ds.ContentTime = study.date, study.time
    ds.AcquisitionDateTime = f"{study.date}{study.time}+0800"
    ds.AcquisitionContextSequence = items()
    signal, _ = leads(rhythm, study.key)
    ds.WaveformSequence = items(_multiplex(signal))
    ds.WaveformAnnotationSequence = items(*_annotations(rhythm))
    yield save(ds, folder, "s01_0001")


def _multiplex(signal: Array) -> Dataset:
    group = of(
        WaveformOriginality="ORIGINAL",
        NumberOfWaveformChannels=12,
        NumberOfWaveformSamples=signal.shape[1],
        SamplingFrequency=str(RATE),
        MultiplexGroupLabel="RHYTHM",
    )
    group.ChannelDefinitionSequence = items(*(_channel(i, *lead) for i, lead in enumerate(LEADS)))
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    counts = np.rint(signal * 1000 / MICROVOLT_PER_BIT).astype("<i2")
    group.add_new("WaveformData", "OW", counts.T.tobytes())
    return group


def _channel(index: int, value: str, name: str) -> Dataset:
    meaning = f"Lead {name}"
    source = code(value, "MDC", meaning)
    source.CodingSchemeVersion = "2016"
    return of(
        WaveformChannelNumber=index + 1,
        ChannelLabel=name,
        ChannelStatus="OK",
        ChannelSourceSequence=items(source),
        ChannelSensitivity=str(MICROVOLT_PER_BIT),
        ChannelSensitivityUnitsSequence=items(code("uV", "UCUM", "microvolt")),
        ChannelSensitivityCorrectionFactor="1",
        ChannelBaseline="0",
        ChannelTimeSkew="0",
        WaveformBitsStored=16,
        FilterLowFrequency="0.05",
        FilterHighFrequency="150",
        NotchFilterFrequency="50",
        NotchFilterBandwidth="0.5",
    )


def _annotations(rhythm: Rhythm) -> list[Dataset]:
    rr = 60000 / rhythm.rate
    qtc = round(rhythm.qt / (rr / 1000) ** 0.5)
    rows = (
        (code("8867-4", "LN", "Heart rate"), ("{H.B.}/min", "heart beats per minute"), rhythm.rate),
        (code("2:16168", "MDC", "RR interval global"), ("ms", "millisecond"), round(rr)),
        (code("2:15872", "MDC", "PR interval global"), ("ms", "millisecond"), rhythm.pr),
        (code("2:16156", "MDC", "QRS duration global"), ("ms", "millisecond"), rhythm.qrs),
        (code("2:16160", "MDC", "QT interval global"), ("ms", "millisecond"), rhythm.qt),
        (code("2:15880", "MDC", "QTc global using Bazett formula"), ("ms", "millisecond"), qtc),
        (code("2:16132", "MDC", "QRS axis"), ("deg", "degree"), rhythm.axis),
    )
    notes = [
        of(
            ReferencedWaveformChannels=[1, 0],
            AnnotationGroupNumber=0,
            ConceptNameCodeSequence=items(name),
            NumericValue=str(value),
            MeasurementUnitsCodeSequence=items(code(unit[0], "UCUM", unit[1])),
        )
        for name, unit, value in rows
    ]
    notes.append(
        of(
            ReferencedWaveformChannels=[1, 0],
            AnnotationGroupNumber=1,
            UnformattedTextValue=rhythm.comment,
        )
    )
    return notes
