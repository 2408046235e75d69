"""Rendering: the windows of the standard, and workers that die without taking anyone along."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from telemed.dicom.picture import PictureSpec, Region, Window, picture_spec
from telemed.dicom.refusal import Refused
from telemed.dicom.transcode import FrameSpec
from telemed.dicom.worker import RenderPool, WorkerLimits
from tests.dicom.files import shipped
from tests.hostile_dicom import (
    JPEG,
    JPEG_FRAME,
    SC,
    Elements,
    compressed,
    encoded,
    even,
    hostile_files,
    image,
    part10,
    us,
    valid_files,
)

PNG = PictureSpec(kind="png")


@pytest.fixture
async def pool() -> object:
    """One worker, ended with the test."""
    made = RenderPool(1)
    yield made
    await made.aclose()


def stored(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "one.dcm"
    path.write_bytes(data)
    return path


def grey(picture: bytes) -> list[int]:
    return [int(v) for v in np.asarray(Image.open(io.BytesIO(picture))).ravel()]


def changed(**more: tuple[str, bytes]) -> bytes:
    elements: Elements = {**image(), **{int(t[1:], 16): e for t, e in more.items()}}
    return part10(encoded(elements))


# PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5) * 255 with c = 8, w = 16
LINEAR = [round(min(1, max(0, (x - 7.5) / 15 + 0.5)) * 255) for x in range(16)]


async def test_the_window_of_the_file(pool: RenderPool, tmp_path: Path) -> None:
    """The linear function of the standard, to the grey value."""
    assert grey(await pool.render(stored(tmp_path, changed()), PNG)) == LINEAR


async def test_a_window_asked_for(pool: RenderPool, tmp_path: Path) -> None:
    """Each function, compared with the formula."""
    path = stored(tmp_path, changed())
    exact = PictureSpec(kind="png", window=Window(8.0, 4.0, "linear-exact"))
    wanted = [int(min(1, max(0, (x - 8) / 4 + 0.5)) * 255 + 0.5) for x in range(16)]
    assert grey(await pool.render(path, exact)) == wanted
    sigmoid = PictureSpec(kind="png", window=Window(8.0, 4.0, "sigmoid"))
    wanted = [int(255 / (1 + np.exp(-4 * (x - 8) / 4)) + 0.5) for x in range(16)]
    assert grey(await pool.render(path, sigmoid)) == wanted


async def test_monochrome1_is_inverted(pool: RenderPool, tmp_path: Path) -> None:
    """Low values are white."""
    path = stored(tmp_path, changed(x00280004=("CS", b"MONOCHROME1 ")))
    assert grey(await pool.render(path, PNG)) == [255 - v for v in LINEAR]


async def test_rescale_comes_before_the_window(pool: RenderPool, tmp_path: Path) -> None:
    """Values are moved by slope and intercept first (C.11.1)."""
    data = changed(x00281052=("DS", b"-100"), x00281053=("DS", b"2 "), x00281050=("DS", b"-84 "),
                   x00281051=("DS", b"31"))  # fmt: skip
    wanted = [round(min(1, max(0, (2 * x - 100 + 84.5) / 30 + 0.5)) * 255) for x in range(16)]
    assert grey(await pool.render(stored(tmp_path, data), PNG)) == pytest.approx(wanted, abs=1)


@pytest.mark.parametrize(
    ("shape", "elements", "seen"),
    [
        ("RECTANGULAR", {0x1602: "2", 0x1604: "3", 0x1606: "1", 0x1608: "2"}, ".##..##........."),
        ("CIRCULAR", {0x1610: "2\\2", 0x1612: "1"}, ".#..###..#......"),
        ("POLYGONAL", {0x1620: "1\\1\\1\\4\\4\\1"}, "#######.##..#..."),
        (
            "RECTANGULAR\\CIRCULAR",
            {0x1602: "2", 0x1604: "4", 0x1606: "1", 0x1608: "4", 0x1610: "2\\2", 0x1612: "1"},
            ".#...##..#......",
        ),
        ("CIRCULAR", {0x1610: "2", 0x1612: "x"}, "#" * 16),
        ("BITMAP", {}, "#" * 16),
    ],
)
async def test_the_display_shutter(
    pool: RenderPool, tmp_path: Path, shape: str, elements: dict[int, str], seen: str
) -> None:
    """Outside is the gray that the shutter names; edges count as inside (PS3.3 C.7.6.11)."""
    told: Elements = {0x00181600: ("CS", even(shape))}
    told |= {0x00180000 | number: ("IS", even(value)) for number, value in elements.items()}
    path = stored(tmp_path, part10(encoded(dict(sorted({**image(), **told}.items())))))
    wanted = [value if mark == "#" else 0 for value, mark in zip(LINEAR, seen, strict=True)]
    assert grey(await pool.render(path, PNG)) == wanted
    told[0x00181622] = us(0x8000)
    path = stored(tmp_path, part10(encoded(dict(sorted({**image(), **told}.items())))))
    wanted = [value if mark == "#" else 128 for value, mark in zip(LINEAR, seen, strict=True)]
    assert grey(await pool.render(path, PNG)) == wanted


async def test_region_and_mirror(pool: RenderPool, tmp_path: Path) -> None:
    """A part of the image, mirrored by a negative width."""
    path = stored(tmp_path, changed())
    spec = PictureSpec(kind="png", fit=(2, 2), region=Region(1, 1, -2, 2))
    assert grey(await pool.render(path, spec)) == [LINEAR[k] for k in (6, 5, 10, 9)]


async def test_pictures_fit_and_keep_their_shape(pool: RenderPool) -> None:
    """JPEG by default, no larger than asked, in proportion."""
    made = await pool.render(shipped("CT_small.dcm"), PictureSpec(fit=(64, 100)))
    picture = Image.open(io.BytesIO(made))
    assert (picture.format, picture.size) == ("JPEG", (64, 64))


@pytest.mark.parametrize(
    "name", ["SC_rgb_rle.dcm", "SC_rgb_jpeg_dcmtk.dcm", "examples_palette.dcm"]
)
async def test_colour(pool: RenderPool, name: str) -> None:
    """RGB, YBR and palette images come out in colour."""
    picture = Image.open(io.BytesIO(await pool.render(shipped(name), PNG)))
    assert picture.mode == "RGB"
    assert np.ptp(np.asarray(picture).astype(int), axis=2).max() > 40


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_bigendian.dcm",
    ],
)
async def test_lossless_syntaxes_show_one_picture(pool: RenderPool, name: str) -> None:
    """However the same slice is stored, it looks the same and decodes to the same bytes."""
    wanted = await pool.render(shipped("MR_small.dcm"), PNG)
    assert await pool.render(shipped(name), PNG) == wanted
    native = FrameSpec()
    assert await pool.render(shipped(name), native) == await pool.render(
        shipped("MR_small.dcm"), native
    )


async def test_objects_without_pixels_get_a_stand_in(pool: RenderPool, tmp_path: Path) -> None:
    """An ECG is drawn, a document and a report are a sheet of paper."""
    for name in ("ecg", "pdf", "report"):
        path = stored(tmp_path, dict(valid_files())[name])
        picture = Image.open(io.BytesIO(await pool.render(path, PictureSpec(fit=(128, 128)))))
        assert max(picture.size) == 128
    real = await pool.render(shipped("waveform_ecg.dcm"), PNG)
    assert (np.asarray(Image.open(io.BytesIO(real)).convert("L")) < 100).sum() > 500


def jpeg_header(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xc0\0\x0b\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\1\1\x11\0"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (part10(compressed(JPEG_FRAME), JPEG, sop_class=SC), "cannot-render"),
        (part10(compressed(jpeg_header(65_535, 65_535) + b"\0"), JPEG, sop_class=SC),
         "cannot-render"),
        (part10(compressed(b"\0" * 64), JPEG, sop_class=SC), "cannot-render"),
        (part10(encoded({**image(), 0x00280010: us(65_535), 0x00280011: us(65_535)})),
         "short-pixel-data"),
        (b"not dicom", "not-part10"),
    ],
)  # fmt: skip
async def test_what_cannot_be_shown_is_refused(
    pool: RenderPool, tmp_path: Path, data: bytes, code: str
) -> None:
    """Broken codestreams and false sizes are refused before or by the decoder."""
    with pytest.raises(Refused) as refused:
        await pool.render(stored(tmp_path, data), PictureSpec())
    assert refused.value.code == code


async def test_odd_files_never_break_the_pool(pool: RenderPool, tmp_path: Path) -> None:
    """Every hostile file that may be stored is rendered or refused by one living pool."""
    for name, data in hostile_files():
        if name.startswith("odd-"):
            try:
                await pool.render(stored(tmp_path, data), PictureSpec(fit=(32, 32)))
            except Refused as refused:
                assert refused.code in ("cannot-render", "render-limit"), name
    assert await pool.render(shipped("CT_small.dcm"), PictureSpec())


async def test_a_frame_that_is_not_there(pool: RenderPool) -> None:
    """The refusal crosses the process border with its facts."""
    with pytest.raises(Refused) as refused:
        await pool.render(shipped("CT_small.dcm"), PictureSpec(frame=7))
    assert (refused.value.code, refused.value.facts) == ("no-such-frame", {"frame": 7, "frames": 1})


async def test_a_late_worker_is_replaced() -> None:
    """A picture that takes too long is refused and the next one is served."""
    limits = WorkerLimits(wall_seconds=0.001)
    pool = RenderPool(1, limits)
    with pytest.raises(Refused) as refused:
        await pool.render(shipped("CT_small.dcm"), PictureSpec())
    assert refused.value.code == "render-limit"
    pool._limits = WorkerLimits()
    assert await pool.render(shipped("CT_small.dcm"), PictureSpec())
    await pool.aclose()


async def test_a_killed_worker_is_replaced(pool: RenderPool) -> None:
    """A worker that dies costs one refusal at most."""
    await pool.render(shipped("CT_small.dcm"), PictureSpec())
    pool._idle[0]._process.kill()
    with pytest.raises(Refused) as refused:
        await pool.render(shipped("CT_small.dcm"), PictureSpec())
    assert refused.value.code == "render-limit"
    assert await pool.render(shipped("CT_small.dcm"), PictureSpec())


async def test_a_worker_cannot_take_all_memory(tmp_path: Path) -> None:
    """With too little memory for the decoder the worker refuses or dies; the pool lives on."""
    big = {**image(), 0x00280010: us(6_000), 0x00280011: us(6_000)}
    big[0x7FE00010] = ("OW", bytes(72_000_000))
    path = stored(tmp_path, part10(encoded(big)))
    pool = RenderPool(1, WorkerLimits(memory=700 << 20))
    with pytest.raises(Refused) as refused:
        await pool.render(path, PictureSpec())
    assert refused.value.code == "render-limit"
    await pool.aclose()


async def test_an_asker_who_leaves_leaves_no_half_answer(pool: RenderPool) -> None:
    """Cancellation ends that worker's job; the next asker gets its own picture."""
    first = asyncio.create_task(pool.render(shipped("CT_small.dcm"), PictureSpec(frame=1)))
    await asyncio.sleep(0.05)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    picture = Image.open(io.BytesIO(await pool.render(shipped("MR_small.dcm"), PNG)))
    assert picture.size == (64, 64)


def test_the_server_process_never_imports_pydicom() -> None:
    """Everything of this room but what the worker does loads without pydicom."""
    import subprocess

    rooms = Path(__file__).parents[2] / "telemed" / "dicom"
    worker = {"annotation", "codecs", "darkroom", "deidentify", "film", "grey", "render", "screen",
              "shutter"}  # fmt: skip
    names = sorted({path.stem for path in rooms.glob("*.py")} - worker)
    code = f"import sys\nfor n in {names}: __import__('telemed.dicom.' + n)\n"
    code += "assert not {'pydicom', 'numpy', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=rooms.parents[1])


@pytest.mark.parametrize(
    ("parameters", "spec"),
    [
        ({}, PictureSpec()),
        ({"viewport": "256,128"}, PictureSpec(fit=(256, 128))),
        ({"viewport": "512,512,,,512,-512"},
         PictureSpec(fit=(512, 512), region=Region(0, 0, 512, -512))),
        ({"window": "40,400,linear"}, PictureSpec(window=Window(40, 400, "linear"))),
        ({"quality": "50"}, PictureSpec(quality=50)),
    ],
)  # fmt: skip
def test_asking_for_pictures(parameters: dict[str, str], spec: PictureSpec) -> None:
    """The query parameters of PS3.18 10.4.2."""
    assert picture_spec(parameters, "image/jpeg") == spec


@pytest.mark.parametrize(
    "parameters",
    [{"viewport": v} for v in ("", "0,0", "99999,1", "1", "1,2,3", "a,b", "5,5,,,0,1", "1.5,2")]
    + [{"window": v} for v in ("", "40", "40,400", "40,0,linear", "40,400,cubic", "x,1,linear")]
    + [{"quality": v} for v in ("", "0", "101", "-1", "x")],
)
def test_malformed_wishes_are_refused(parameters: dict[str, str]) -> None:
    """400 with the parameter's name, never a guess."""
    with pytest.raises(Refused) as refused:
        picture_spec(parameters, "image/jpeg")
    assert refused.value.facts["name"] in parameters


def test_thumbnails_have_no_region() -> None:
    """Cropping a thumbnail is a client's error (10.4.2.6)."""
    assert picture_spec({}, "image/jpeg", thumbnail=True).fit == (256, 256)
    with pytest.raises(Refused):
        picture_spec({"viewport": "9,9,0,0,1,1"}, "image/jpeg", thumbnail=True)
