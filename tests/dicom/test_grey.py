"""Lookup tables on the way to the screen, compared with what PS3.3 C.11 says of each value."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, pixel_array

from telemed.dicom.darkroom import Darkroom
from telemed.dicom.picture import PictureSpec
from tests.dicom.files import shipped
from tests.store.files import ct_bytes

PNG = PictureSpec(kind="png")


def drawn(tmp_path: Path, data: bytes, spec: PictureSpec = PNG) -> np.ndarray:
    path = tmp_path / "one.dcm"
    path.write_bytes(data)
    return np.asarray(Image.open(io.BytesIO(Darkroom().make(path, spec)))).astype(int)


def table(values: np.ndarray, first: int, bits: int) -> Dataset:
    made = Dataset()
    made.LUTDescriptor, made.ModalityLUTType = [len(values), first, bits], "US"
    made["LUTDescriptor"].VR = "US"
    made.add_new("LUTData", "OW", values.astype("<u2").tobytes())
    return made


def looked_up(values: np.ndarray, first: int, x: np.ndarray) -> np.ndarray:
    """C.11.1.1.1: values before the first entry are the first, behind the last the last."""
    return values[np.clip(x - first, 0, len(values) - 1)]


@pytest.mark.parametrize(("bits", "first"), [(8, 0), (12, 105), (16, 90)])
def test_a_voi_table(tmp_path: Path, bits: int, first: int) -> None:
    """The whole range of the entries is the whole range of grey."""
    top = (1 << bits) - 1
    values = (np.linspace(0, 1, 40) ** 2 * top).round().astype(int)
    got = drawn(tmp_path, ct_bytes(VOILUTSequence=[table(values, first, bits)]))[0]
    wanted = looked_up(values, first, 100 + np.arange(32)) / top * 255
    assert np.abs(got - wanted).max() <= 0.51


def test_a_modality_table_comes_before_the_window(tmp_path: Path) -> None:
    """C.11.1: its output is what the window is about."""
    values = np.arange(60) * 65535 // 59
    data = ct_bytes(ModalityLUTSequence=[table(values, 100, 16)], WindowCenter="20000",
                    WindowWidth="30000")  # fmt: skip
    x = looked_up(values, 100, 100 + np.arange(32))
    wanted = np.clip((x - 19999.5) / 29999 + 0.5, 0, 1) * 255
    assert np.abs(drawn(tmp_path, data)[0] - wanted).max() <= 0.51


def test_monochrome1_and_the_window_of_the_file(tmp_path: Path) -> None:
    """White is what MONOCHROME2 has black, value by value (C.7.6.3.1.2)."""
    stated = {"WindowCenter": "115", "WindowWidth": "20"}
    plain = drawn(tmp_path, ct_bytes(**stated))
    turned = drawn(tmp_path, ct_bytes(PhotometricInterpretation="MONOCHROME1", **stated))
    assert np.array_equal(turned, 255 - plain)


def test_a_palette(tmp_path: Path) -> None:
    """Each index has the colour of the file's three tables, the upper 8 of 16 bits."""
    path = shipped("examples_palette.dcm")
    dataset = dcmread(path)
    wanted = apply_color_lut(dataset.pixel_array, dataset) >> 8
    assert np.array_equal(drawn(tmp_path, path.read_bytes()), wanted)


@pytest.mark.parametrize("name", ["SC_ybr_full_422_uncompressed.dcm", "SC_rgb_jpeg_dcmtk.dcm"])
def test_luminance_and_chroma_become_colour(tmp_path: Path, name: str) -> None:
    """C.7.6.3.1.2: the equations of YBR_FULL, to the rounding of their inverse."""
    path = shipped(name)
    ybr = dcmread(path)
    y, b, r = np.moveaxis(pixel_array(ybr, raw=True).astype(float), -1, 0)
    rgb = np.stack([y + 1.402 * (r - 128), y - 0.344136 * (b - 128) - 0.714136 * (r - 128),
                    y + 1.772 * (b - 128)], axis=-1)  # fmt: skip
    got = drawn(tmp_path, path.read_bytes())
    assert np.abs(got - rgb.clip(0, 255)).max() <= 1.5
