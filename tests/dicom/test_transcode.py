"""Transcoding: what is lossless ends at the same samples, and the file around them is right."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.pixels import pixel_array

from telemed.dicom.codecs import ENCODERS
from telemed.dicom.darkroom import Darkroom
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import opened
from telemed.dicom.syntaxes import EXPLICIT_LE, TRANSFER_SYNTAXES
from telemed.dicom.transcode import (
    DERIVING,
    CodedFrame,
    FrameSpec,
    PixelDescription,
    Transcoding,
    packed,
    unpacked,
)
from telemed.dicom.worker import RenderPool
from tests.dicom.files import shipped, shipped_files
from tests.hostile_dicom import hostile_files
from tests.services import absent

LOSSLESS = [uid for uid in ENCODERS if uid not in DERIVING]
EACH = list({encode: uid for uid, encode in ENCODERS.items() if uid not in DERIVING}.values())
"""One syntax of each encoder."""
BROKEN = {
    "JPEG-lossy.dcm",  # a marker out of place
    "JPEG2000-embedded-sequence-delimiter.dcm",  # the codestream has another size than the image
}
BASELINE = "1.2.840.10008.1.2.4.50"
RLE = "1.2.840.10008.1.2.5"


def frame_of(room: Darkroom, path: Path, number: int, uid: str) -> CodedFrame:
    return unpacked(room.make(path, FrameSpec(number, uid)))


def transcoded(room: Darkroom, path: Path, uid: str, target: Path) -> FileDataset:
    """A file in another syntax, as pydicom reads it."""
    with opened(path) as file:
        first = frame_of(room, path, 1, uid)
        job = Transcoding(file, uid, first)
        frames = [frame_of(room, path, n + 1, uid) for n in range(job.frames)]
        framed = b"".join(bytes(part) for frame in frames for part in job.framed(frame))
        target.write_bytes(b"".join(job.head()) + framed + b"".join(job.tail()))
    return dcmread(target)


def small_images() -> list[Path]:
    """The shipped images of every encoding that are quick to code."""
    found = []
    for path in shipped_files():
        if path.stat().st_size > 120_000 or path.suffix != ".dcm" or path.name in BROKEN:
            continue
        try:
            with opened(path) as file:
                if file.pixels is not None:
                    found.append(path)
        except Refused:
            continue
    return found


def test_lossless_is_lossless_over_every_shipped_image(tmp_path: Path) -> None:
    """There and back through each lossless syntax: equal samples and the same description."""
    room, target, made = Darkroom(), tmp_path / "made.dcm", set()
    for path in small_images():
        plain = frame_of(room, path, 1, EXPLICIT_LE)
        for uid in (EXPLICIT_LE, *EACH):
            try:
                dataset = transcoded(room, path, uid, target)
            except Refused as refusal:
                assert refusal.code == "cannot-transcode", (path.name, uid)
                continue
            back = frame_of(room, target, 1, EXPLICIT_LE)
            assert back.data == plain.data, (path.name, uid)
            assert back.description[:2] == plain.description[:2], (path.name, uid)
            assert dataset.file_meta.TransferSyntaxUID == uid
            assert dataset.SOPInstanceUID == dcmread(path, stop_before_pixels=True).SOPInstanceUID
            made.add((path.name, uid))
    assert {uid for _, uid in made} == {EXPLICIT_LE, *EACH}
    assert len(made) > 200


@pytest.mark.parametrize(
    ("bits", "signed"), [(8, False), (7, False), (10, False), (12, True), (16, True), (16, False)]
)
def test_every_depth(tmp_path: Path, bits: int, signed: bool) -> None:
    """The whole range of a depth survives, and the codestream's precision is told truly."""
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    values = np.random.default_rng(bits).integers(low, high, (2, 33, 47))
    values[:, 0, :2] = low, high - 1
    dtype = f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}"
    path = tmp_path / "made.dcm"
    dataset = dcmread(shipped("CT_small.dcm"))
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 33, 47, 2
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = int(dtype[1]) * 8, bits, bits - 1
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = values.astype(dtype).tobytes()
    dataset["PixelData"].VR = "OB" if bits <= 8 else "OW"
    dataset.save_as(path)
    room = Darkroom()
    for uid in LOSSLESS:
        made = transcoded(room, path, uid, tmp_path / "coded.dcm")
        assert made.BitsStored >= bits
        assert made.HighBit == made.BitsStored - 1
        for number in (1, 2):
            back = frame_of(room, tmp_path / "coded.dcm", number, EXPLICIT_LE)
            got = np.frombuffer(back.data, dtype).reshape(33, 47)
            assert np.array_equal(got, values[number - 1]), uid


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"])
def test_colour_says_which_transform_it_took(tmp_path: Path, uid: str) -> None:
    """RGB in JPEG 2000 goes through the reversible transform and is named for it (PS3.5 8.2.4)."""
    path = shipped("SC_rgb_small_odd.dcm")
    made = transcoded(Darkroom(), path, uid, tmp_path / "made.dcm")
    assert (made.PhotometricInterpretation, made.PlanarConfiguration) == ("YBR_RCT", 0)
    made.decompress()
    assert made.PixelData[:27] == dcmread(path).PixelData[:27]


def test_losses_make_another_image(tmp_path: Path) -> None:
    """JPEG Baseline: a new UID that is always the same, where from, how, and for how much."""
    path, room = shipped("SC_rgb_small_odd.dcm"), Darkroom()
    source = dcmread(path)
    made = transcoded(room, path, BASELINE, tmp_path / "made.dcm")
    assert made.SOPInstanceUID != source.SOPInstanceUID
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    again = transcoded(room, path, BASELINE, tmp_path / "again.dcm")
    assert again.SOPInstanceUID == made.SOPInstanceUID
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert made.ImageType[0] == "DERIVED"
    assert made.LossyImageCompression == "01"
    assert made.LossyImageCompressionMethod == "ISO_10918_1"
    assert made.LossyImageCompressionRatio > 0
    assert made.PhotometricInterpretation == "YBR_FULL_422"
    made.decompress()
    assert np.abs(made.pixel_array.astype(int) - source.pixel_array).mean() < 60


def test_losses_of_twelve_bits(tmp_path: Path) -> None:
    """JPEG Extended holds what the baseline cannot, and only that."""
    path, room, extended = shipped("examples_overlay.dcm"), Darkroom(), "1.2.840.10008.1.2.4.51"
    source = dcmread(path)
    assert source.BitsStored == 12
    made = transcoded(room, path, extended, tmp_path / "made.dcm")
    assert made.SOPInstanceUID != source.SOPInstanceUID
    assert (made.BitsAllocated, made.BitsStored, made.HighBit) == (16, 12, 11)
    ratio = len(source.PixelData) / len(made.PixelData)
    assert made.LossyImageCompressionRatio == pytest.approx(ratio, rel=0.05)
    values = source.pixel_array.astype(int)
    made.decompress()
    assert np.abs(made.pixel_array.astype(int) - values).max() < np.ptp(values) / 20
    with pytest.raises(Refused, match="cannot-transcode"):
        transcoded(room, shipped("SC_rgb_small_odd.dcm"), extended, tmp_path / "made.dcm")


@pytest.mark.parametrize(("width", "halvings"), [(47, 5), (2048, 5), (2049, 6)])
def test_resolutions_come_in_order(tmp_path: Path, width: int, halvings: int) -> None:
    """RPCL: each resolution in a tile-part of its own, their lengths in front, the last small."""
    path = tmp_path / "wide.dcm"
    dataset = dcmread(shipped("CT_small.dcm"))
    dataset.Rows, dataset.Columns = 33, width
    dataset.PixelData = np.arange(33 * width, dtype="<u2").tobytes()
    dataset.save_as(path)
    data = bytes(frame_of(Darkroom(), path, 1, "1.2.840.10008.1.2.4.202").data)
    style = data.index(b"\xff\x52")
    assert (data[style + 5], data[style + 9]) == (2, halvings)
    assert data.index(b"\xff\x55") < data.index(b"\xff\x90")
    assert data.count(b"\xff\x90\x00\x0a") == halvings + 1


COLOUR_JPEGS = (
    "examples_ybr_color.dcm",
    "SC_jpeg_no_color_transform.dcm",
    "SC_jpeg_no_color_transform_2.dcm",
    "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jpeg_lossy_gdcm.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
)


@pytest.mark.parametrize("name", COLOUR_JPEGS)
def test_decoded_jpeg_is_rgb_and_stays_lossy(tmp_path: Path, name: str) -> None:
    """PS3.5 8.2.1, PS3.3 C.7.6.3.1.2: colour leaves a JPEG as RGB, pixel by pixel what dcmtk makes
    of the same file; the mark of losses stays."""
    path, plain, theirs = shipped(name), tmp_path / "plain.dcm", tmp_path / "theirs.dcm"
    made = transcoded(Darkroom(), path, EXPLICIT_LE, plain)
    assert (made.PhotometricInterpretation, made.PlanarConfiguration) == ("RGB", 0)
    assert made.LossyImageCompression == "01"
    judge = shutil.which("dcmdjpeg") or absent("dcmdjpeg")
    subprocess.run([judge, "+cp", "+px", str(path), str(theirs)], check=True)
    peer = dcmread(theirs)
    assert peer.PhotometricInterpretation == "RGB"
    apart = np.abs(made.pixel_array.astype(int) - peer.pixel_array.astype(int))
    assert apart.max() <= 3  # two roundings instead of one, and other interpolation of chroma
    assert apart.mean() < 0.05


def test_exact_luminance_and_chroma_are_left_alone(tmp_path: Path) -> None:
    """What was kept without losses as YBR_FULL keeps its samples: RGB would round them."""
    path = shipped("SC_ybr_full_422_uncompressed.dcm")
    made = transcoded(Darkroom(), path, RLE, tmp_path / "made.dcm")
    assert made.PhotometricInterpretation == "YBR_FULL"
    assert np.array_equal(pixel_array(made, raw=True), pixel_array(dcmread(path), raw=True))


def test_unused_bits_with_a_meaning_are_not_thrown_away(tmp_path: Path) -> None:
    """An overlay in the bits above those stored cannot be compressed (PS3.3 C.9.2)."""
    dataset = dcmread(shipped("MR_small.dcm"))
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 15)
    dataset.save_as(tmp_path / "overlay.dcm")
    with pytest.raises(Refused, match="overlay"):
        Darkroom().make(tmp_path / "overlay.dcm", FrameSpec(1, "1.2.840.10008.1.2.4.90"))


def test_a_file_changed_on_disk_is_read_anew(tmp_path: Path) -> None:
    """The file that stays open is known by more than its name."""
    room, path = Darkroom(), tmp_path / "one.dcm"
    seen = []
    for name in ("MR_small.dcm", "CT_small.dcm"):
        path.unlink(missing_ok=True)
        path.write_bytes(shipped(name).read_bytes())
        seen.append(len(frame_of(room, path, 1, EXPLICIT_LE).data))
    assert seen == [64 * 64 * 2, 128 * 128 * 2]


@pytest.mark.parametrize(
    "answer",
    [b"", b"\xff\xff", b"\2\0{}", b"\3\0[1]", packed(PixelDescription("<b>", 8, 8), b""),
     packed(PixelDescription("RGB", 8, 9), b""), packed(PixelDescription("RGB", 800, 8), b"")],
)  # fmt: skip
def test_what_a_worker_says_is_checked(answer: bytes) -> None:
    """A worker that was taken over cannot write into the file that is sent."""
    with pytest.raises(Refused, match="render-limit"):
        unpacked(answer)


def test_every_target_is_a_known_syntax() -> None:
    """What is made is also read here, so that a copy can come back."""
    assert all(TRANSFER_SYNTAXES[uid].decodable for uid in ENCODERS)


async def test_hostile_files_are_refused_and_nothing_worse(tmp_path: Path) -> None:
    """Every hostile file that may be stored is coded or refused in words; the pool goes on."""
    pool = RenderPool(1)
    try:
        stored = [(name, data) for name, data in hostile_files() if name.startswith("odd-")]
        for name, data in stored:
            path = tmp_path / f"{name}.dcm"
            path.write_bytes(data)
            for uid in (EXPLICIT_LE, "1.2.840.10008.1.2.4.80"):
                try:
                    frame = unpacked(await pool.render(path, FrameSpec(1, uid)))
                except Refused as refusal:
                    assert refusal.sentence("zh"), name
                else:
                    assert frame.data, name
        good = shipped("CT_small.dcm")
        assert len(unpacked(await pool.render(good, FrameSpec())).data) == 128 * 128 * 2
    finally:
        await pool.aclose()
