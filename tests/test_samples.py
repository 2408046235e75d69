"""The sample studies are valid DICOM, always the same, and show what their manifest says."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import JPEG2000Lossless

from dicom_samples.dx import at_point
from dicom_samples.make import KEYS, Manifest, make, read
from dicom_samples.slide import make_slide
from dicom_samples.tiny import make_tiny_ct

TINY_SHA256 = "db47bce9af5c0ab82adc86400bb2722838bf6348e9e4bb839778ed8fda2e7c2b"


@pytest.fixture(scope="session")
def samples() -> Manifest:
    """All studies, as the set-up of `make test` drew them from these very sources."""
    return read(Path(__file__).resolve().parents[1] / "build" / "samples")


def test_tiny_ct_bytes_never_change() -> None:
    """make_tiny_ct is integer arithmetic: its bytes are pinned on every platform."""
    files = make_tiny_ct(2, 16)
    assert hashlib.sha256(b"".join(files)).hexdigest() == TINY_SHA256


def test_same_call_gives_same_bytes(samples: Manifest, tmp_path: Path) -> None:
    """A second run writes the same files: no clock, no random UID, no hash order."""
    keys = {"ecg_sinus", "us_gallbladder"}
    again = make(tmp_path, keys)
    for key in keys:
        pairs = zip(samples.files(key), again.files(key), strict=True)
        assert all(a.name == b.name and a.read_bytes() == b.read_bytes() for a, b in pairs)


def test_unknown_study_is_refused(tmp_path: Path) -> None:
    """Asking for a study that does not exist says so instead of making nothing."""
    with pytest.raises(KeyError, match="nonsense"):
        make(tmp_path, {"nonsense"})


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools not installed")
def test_dciodvfy_finds_no_error(samples: Manifest, key: str) -> None:
    """Each kind of object in a study meets its IOD (one instance per series and image type)."""
    chosen: dict[tuple[str, ...], Path] = {}
    for path in samples.files(key):
        ds = dcmread(path, stop_before_pixels=True)
        chosen.setdefault((ds.SeriesInstanceUID, *ds.get("ImageType", [])), path)
    for path in chosen.values():
        done = subprocess.run(["dciodvfy", path], capture_output=True, check=False)
        report = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert not [line for line in report.splitlines() if line.startswith("Error")], path


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools not installed")
@pytest.mark.parametrize("sparse", [False, True])
def test_dciodvfy_finds_no_error_in_small_slides(tmp_path: Path, sparse: bool) -> None:
    """Both ways to order tiles meet the IOD at every level."""
    for number, data in enumerate(make_slide(6, 4, levels=2, sparse=sparse)):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(data)
        done = subprocess.run(["dciodvfy", path], capture_output=True, check=False)
        report = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert not [line for line in report.splitlines() if line.startswith("Error")], report


@pytest.mark.parametrize("key", KEYS)
def test_study_is_one_study(samples: Manifest, key: str) -> None:
    """One Study Instance UID, one patient, distinct SOP Instance UIDs, as the manifest counts."""
    heads = [dcmread(p, stop_before_pixels=True) for p in samples.files(key)]
    assert {ds.StudyInstanceUID for ds in heads} == {samples[key].study_uid}
    assert {ds.PatientID for ds in heads} == {samples[key].patient["id"]}
    assert len({ds.SOPInstanceUID for ds in heads}) == len(heads) == samples[key].instances


@pytest.mark.parametrize("key", [k for k in KEYS if k != "cr_chest_normal"])
def test_names_decode(samples: Manifest, key: str) -> None:
    """Names read back as written in every character set that is labelled truly."""
    ds = dcmread(samples.files(key)[0], stop_before_pixels=True)
    assert str(ds.PatientName) == samples[key].patient["name"]


def test_wrong_label_hides_a_chinese_name(samples: Manifest) -> None:
    """The CR's name is mojibake under its label and Chinese under GBK."""
    ds = dcmread(samples.files("cr_chest_normal")[0], stop_before_pixels=True)
    assert ds.SpecificCharacterSet == "ISO_IR 100"
    assert str(ds.PatientName) != "蓝秀英"
    assert str(ds.PatientName).encode("latin-1").decode("gbk") == "蓝秀英"


@pytest.mark.parametrize("key", ["ct_chest", "ct_chest_prior"])
def test_nodule_is_where_and_as_large_as_stated(samples: Manifest, key: str) -> None:
    """Soft tissue at the stated centre, air around it, and about the stated diameter."""
    nodule = samples[key].answer["nodule"]
    assert isinstance(nodule, dict)
    x, y, z = nodule["center_mm"]
    ds = min(
        (d for d in map(dcmread, samples.files(key)) if d.SeriesNumber == 2),
        key=lambda d: abs(float(d.ImagePositionPatient[2]) - z),
    )
    hu = _hounsfield(ds)
    origin, pixel = ds.ImagePositionPatient, float(ds.PixelSpacing[0])
    rows, columns = np.indices(hu.shape)
    distance = np.hypot(origin[0] + columns * pixel - x, origin[1] + rows * pixel - y)
    radius = nodule["diameter_mm"] / 2
    assert hu[distance < radius * 0.45].mean() > -150
    ring = (distance > radius + 5) & (distance < radius + 12)
    assert np.median(hu[ring]) < -700
    solid = (hu > -420) & (distance < radius + 1)
    assert 2 * np.sqrt(solid.sum() * pixel**2 / np.pi) == pytest.approx(2 * radius, rel=0.2)


def test_prior_is_compressed_and_current_is_not(samples: Manifest) -> None:
    """The two CTs exercise both a codec and plain pixels."""
    syntaxes = {
        key: dcmread(samples.files(key)[0], stop_before_pixels=True).file_meta.TransferSyntaxUID
        for key in ("ct_chest", "ct_chest_prior", "mr_head")
    }
    assert syntaxes["ct_chest_prior"] == JPEG2000Lossless
    assert not syntaxes["ct_chest"].is_encapsulated
    assert syntaxes["mr_head"].is_implicit_VR


def test_infarct_shines_on_dwi_and_flair_only_on_the_left(samples: Manifest) -> None:
    """The lesion is brighter than its mirror point on FLAIR and DWI, darker on T1."""
    lesion = samples["mr_head"].answer["lesion"]
    assert isinstance(lesion, dict)
    ratios = []
    for number in (1, 2, 3):
        series = [d for d in map(dcmread, samples.files("mr_head")) if d.SeriesNumber == number]
        ds = min(series, key=lambda d: abs(float(d.ImagePositionPatient[2]) - lesion["z_mm"]))
        here, there = (_mean_at(ds, side * lesion["x_mm"], lesion["y_mm"]) for side in (1, -1))
        ratios.append(here / there)
    assert ratios[0] < 0.9 and ratios[1] > 1.4 and ratios[2] > 2


def test_pneumothorax_is_dark_without_markings(samples: Manifest) -> None:
    """Free air on the right is darker and smoother than lung at the mirrored point."""
    image = dcmread(samples.files("dx_chest_pneumothorax")[0]).pixel_array.astype(float)
    free = samples["dx_chest_pneumothorax"].answer["free_air_mm"]
    assert isinstance(free, list)
    x, z = (float(v) for v in free)
    patches = []
    for side in (1, -1):
        row, column = at_point(side * x, z)
        patches.append(image[row - 30 : row + 30, column - 22 : column + 22])
    assert patches[0].mean() < patches[1].mean() - 40


@pytest.mark.parametrize("key", ["ecg_sinus", "ecg_stemi"])
def test_ecg_beats_and_st_segments(samples: Manifest, key: str) -> None:
    """R-R interval matches the manifest; ST is raised in V2-V4 in the infarct alone."""
    ds = dcmread(samples.files(key)[0])
    signal = ds.waveform_array(0).T / 1000
    names = [c.ChannelLabel for c in ds.WaveformSequence[0].ChannelDefinitionSequence]
    lead = dict(zip(names, signal, strict=True))
    peaks = _r_peaks(lead["II"])
    answer = samples[key].answer
    assert np.mean([b - a for a, b in pairwise(peaks)]) * 2 == pytest.approx(
        answer["rr_ms"], rel=0.02
    )
    raised = {
        n: np.median([lead[n][p + 40] - np.median(lead[n][p - 30 : p - 24]) for p in peaks[:-1]])
        for n in ("V2", "V3", "V4", "III")
    }
    if key == "ecg_stemi":
        assert min(raised[n] for n in ("V2", "V3", "V4")) >= 0.3
        assert raised["III"] < -0.05
    else:
        assert max(map(abs, raised.values())) < 0.1


def test_limb_leads_obey_einthoven(samples: Manifest) -> None:
    """II = I + III and aVR + aVL + aVF = 0 within one quantum per lead."""
    signal = dcmread(samples.files("ecg_sinus")[0]).waveform_array(0).T
    one, two, three, right, left, foot = signal[:6]
    assert np.abs(two - one - three).max() <= 5
    assert np.abs(right + left + foot).max() <= 5


def test_gallstone_is_bright_and_casts_a_shadow(samples: Manifest) -> None:
    """Cine calibration leads from the manifest's millimetres to a bright stone over a shadow."""
    ds = dcmread(samples.files("us_gallbladder")[0])
    stone = samples["us_gallbladder"].answer["stone"]
    assert isinstance(stone, dict)
    region = ds.SequenceOfUltrasoundRegions[0]
    column = (
        region.RegionLocationMinX0
        + region.ReferencePixelX0
        + round(stone["x_mm"] / 10 / region.PhysicalDeltaX)
    )
    row = (
        region.RegionLocationMinY0
        + region.ReferencePixelY0
        + round(stone["depth_mm"] / 10 / region.PhysicalDeltaY)
    )
    frame = ds.pixel_array[0][..., 0].astype(float)
    assert ds.NumberOfFrames == stone_frames(samples)
    assert frame[row - 8 : row + 2, column - 6 : column + 6].mean() > 180
    below = frame[row + 60 : row + 120]
    assert (
        below[:, column - 2 : column + 8].mean() < 0.6 * below[:, column - 90 : column - 60].mean()
    )


def stone_frames(samples: Manifest) -> object:
    """Frames of the cine as the manifest has them."""
    return samples["us_gallbladder"].answer["frames"]


def test_slide_focus_is_darkest_at_every_level(samples: Manifest) -> None:
    """The atypical focus holds more nuclear stain than the rest, at each pyramid level."""
    focus = samples["wsi_gastric"].answer["focus"]
    assert isinstance(focus, dict)
    levels = [
        ds for ds in map(dcmread, samples.files("wsi_gastric")) if ds.ImageType[2] != "OVERVIEW"
    ]
    assert len(levels) == 4
    for ds in levels:
        picture = _stitched(ds)
        scale = 4096 / ds.TotalPixelMatrixColumns
        row, column, reach = (round(focus[k] / scale) for k in ("row", "column", "radius_px"))
        inside = picture[
            row - reach // 2 : row + reach // 2, column - reach // 2 : column + reach // 2
        ]
        tissue = picture[picture.mean(axis=2) < 225]
        assert inside[..., 0].mean() < tissue[..., 0].mean() - 15


def _stitched(ds: FileDataset) -> np.ndarray:
    frames = ds.pixel_array if ds.NumberOfFrames > 1 else ds.pixel_array[None]
    across = -(-ds.TotalPixelMatrixColumns // ds.Columns)
    bands = [np.hstack(list(frames[i : i + across])) for i in range(0, len(frames), across)]
    return np.vstack(bands)[: ds.TotalPixelMatrixRows, : ds.TotalPixelMatrixColumns]


def _hounsfield(ds: FileDataset) -> np.ndarray:
    return ds.pixel_array.astype(float) * float(ds.RescaleSlope) + float(ds.RescaleIntercept)


def _mean_at(ds: FileDataset, x: float, y: float) -> float:
    pixel = float(ds.PixelSpacing[0])
    column, row = (
        round((v - float(o)) / pixel) for v, o in zip((x, y), ds.ImagePositionPatient, strict=False)
    )
    return float(ds.pixel_array[row - 2 : row + 3, column - 2 : column + 3].mean())


def _r_peaks(lead: np.ndarray) -> list[int]:
    above = lead > 0.5 * lead.max()
    starts = np.flatnonzero(above[1:] & ~above[:-1])
    return [int(s + np.argmax(lead[s : s + 40])) for s in starts]
