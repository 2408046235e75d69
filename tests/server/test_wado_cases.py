"""Other suites' cases of retrieval, in our words, each marked with its source.

MS is Microsoft's dicom-server, OR orthanc-tests, WS wsidicom, OH OHIF, ST PS3.18 itself. Where the
sources differ the standard's side is taken and the other is named.
"""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEGBaseline8Bit, JPEGLSLossless

from dicom_samples.slide import make_slide, places, tile
from telemed.server.frames import LAYOUTS
from tests.dicom.files import shipped
from tests.server.imaging_house import House, Reply, house_at
from tests.store.files import ct_bytes

OWNER = "tiandong-technician"
STUDY = "/dicom-web/studies/2.25.1"
SERIES = f"{STUDY}/series/2.25.1.1"
INSTANCE = f"{SERIES}/instances/2.25.1.1.1"
LEVELS = (STUDY, SERIES, INSTANCE)
EXPLICIT, RLE, J2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"
DICOM = "multipart/related; type=application/dicom"
OCTETS = "multipart/related; type=application/octet-stream"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_at(tmp_path) as found:
        yield found


def parts(reply: Reply) -> list[tuple[dict[str, str], bytes]]:
    """The headers and the body of each part, after checking the frame around them."""
    assert reply.status == 200, reply.body
    boundary = reply.headers["Content-Type"].rpartition("boundary=")[2].encode()
    assert reply.body.startswith(b"--" + boundary + b"\r\n")
    assert reply.body.endswith(b"\r\n--" + boundary + b"--\r\n")
    found = []
    for piece in reply.body.split(b"--" + boundary)[1:-1]:
        head, _, body = piece[2:].partition(b"\r\n\r\n")
        headers = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n") if line)
        body = body[:-2]
        assert "Content-Length" not in headers or int(headers["Content-Length"]) == len(body)
        found.append((headers, body))
    return found


def syntaxes(reply: Reply) -> list[str]:
    return [head["Content-Type"].rpartition("transfer-syntax=")[2] for head, _ in parts(reply)]


def path_of(data: bytes) -> str:
    d = dcmread(BytesIO(data), stop_before_pixels=True)
    return (f"/dicom-web/studies/{d.StudyInstanceUID}/series/{d.SeriesInstanceUID}"
            f"/instances/{d.SOPInstanceUID}")  # fmt: skip


# --- metadata ---------------------------------------------------------------------------------


async def test_m1_m2_metadata_that_cannot_be(house: House) -> None:
    """MS M1, M2, OR 143: 406 for another type, 404 (never 500) for what is not there."""
    await house.store(OWNER, ct_bytes())
    for level in LEVELS:
        assert (await house.get(OWNER, f"{level}/metadata", "application/data")).status == 406
        assert (await house.get(OWNER, f"{level}.9/metadata")).status == 404


async def test_m4_m5_tags_of_metadata(house: House) -> None:
    """MS M4, M5: a known tag is 304, another 200; the tag changes with the set of instances."""
    await house.store(OWNER, ct_bytes())
    tags = {}
    for level in LEVELS:
        first = await house.get(OWNER, f"{level}/metadata")
        tags[level] = first.headers["ETag"]
        for told, status in ((tags[level], 304), ('"other"', 200)):
            again = await house.call(OWNER, "GET", f"{level}/metadata", {"If-None-Match": told})
            # Weak once the answer was squeezed on its way, and still the same one.
            assert again.headers["ETag"].removeprefix("W/") == tags[level].removeprefix("W/")
            assert again.status == status
    await house.store(OWNER, ct_bytes(sop="2.25.1.1.2", number=2))
    for level in (STUDY, SERIES):
        now = await house.get(OWNER, f"{level}/metadata")
        assert now.headers["ETag"] != tags[level]


# --- instances --------------------------------------------------------------------------------


async def test_m10_instances_as_they_are_asked_for(house: House) -> None:
    """OR M10, R6: every spelling gets multipart DICOM in a concrete syntax."""
    await house.store(OWNER, ct_bytes())
    quoted = 'multipart/related; type="application/dicom"'
    for accept in (None, "multipart/related", DICOM, quoted, f"{DICOM}; transfer-syntax=*",
                   f"{DICOM}; transfer-syntax={EXPLICIT}"):  # fmt: skip
        for level in LEVELS:
            reply = await house.get(OWNER, level, accept)
            assert syntaxes(reply) == [EXPLICIT], (accept, level)
            assert parts(reply)[0][0]["Content-Location"] == INSTANCE


async def test_r2_what_an_instance_is_not(house: House) -> None:
    """MS R2: opaque bytes in one part and a film are 406."""
    await house.store(OWNER, ct_bytes())
    for accept in ("application/octet-stream", "video/mpeg"):
        assert (await house.get(OWNER, INSTANCE, accept)).status == 406


async def test_r3_a_study_of_several_syntaxes(house: House) -> None:
    """MS R3, R5, R6: `*` gives the originals. A named syntax is 406 there; here it is made."""
    plain = ct_bytes(sop="2.25.1.1.2")
    dataset = dcmread(BytesIO(ct_bytes()))
    dataset.compress(RLE, generate_instance_uid=False)
    out = BytesIO()
    dataset.save_as(out)
    await house.store(OWNER, out.getvalue(), plain)
    originals = await house.get(OWNER, STUDY, f"{DICOM}; transfer-syntax=*")
    assert syntaxes(originals) == [RLE, EXPLICIT]
    assert [body for _, body in parts(originals)] == [out.getvalue(), plain]
    for wanted in (EXPLICIT, J2K):
        reply = await house.get(OWNER, STUDY, f"{DICOM}; transfer-syntax={wanted}")
        assert syntaxes(reply) == [wanted, wanted]
        for _, body in parts(reply):
            back = dcmread(BytesIO(body))
            assert back.file_meta.TransferSyntaxUID == wanted
            assert np.array_equal(back.pixel_array, dataset.pixel_array)
    assert syntaxes(await house.get(OWNER, STUDY)) == [EXPLICIT, EXPLICIT]


async def test_an_instance_alone_in_another_syntax(house: House) -> None:
    """ST 8.7.3: a single part too; the tag differs from that of the original."""
    await house.store(OWNER, ct_bytes(frames=3))
    made = await house.get(OWNER, INSTANCE, f"application/dicom; transfer-syntax={J2K}")
    assert made.headers["Content-Type"] == f"application/dicom; transfer-syntax={J2K}"
    dataset = dcmread(BytesIO(made.body))
    assert dataset.NumberOfFrames == 3
    assert np.array_equal(dataset.pixel_array, dcmread(BytesIO(ct_bytes(frames=3))).pixel_array)
    assert made.headers["ETag"] != (await house.get(OWNER, INSTANCE)).headers["ETag"]


async def test_what_cannot_be_transcoded_says_so(house: House) -> None:
    """WS E1, MS F3: 406 for a syntax that cannot be had, at once, whatever the reason."""
    wide = shipped("rtdose_rle_1frame.dcm").read_bytes()  # 32 bits
    await house.store(OWNER, wide, ct_bytes())
    for path, uid in ((path_of(wide), J2K), (INSTANCE, "1.2.840.10008.1.2.4.51"), (INSTANCE, "x")):
        for what, kind in (("", "application/dicom"), ("/frames/1", "application/octet-stream")):
            reply = await house.get(OWNER, path + what, f"{kind}; transfer-syntax={uid}")
            assert reply.status == 406, (path, uid, what)


async def test_losses_stay_and_are_not_made_worse(house: House) -> None:
    """ST 8.7.3.5.2: only lossy pixels are held, so an instance leaves so; a name decodes it."""
    data = shipped("SC_rgb_small_odd_jpeg.dcm").read_bytes()
    await house.store(OWNER, data)
    assert syntaxes(await house.get(OWNER, path_of(data))) == [JPEGBaseline8Bit]
    named = await house.get(OWNER, path_of(data), f"{DICOM}; transfer-syntax={EXPLICIT}")
    back = dcmread(BytesIO(parts(named)[0][1]))
    assert back.LossyImageCompression == "01"
    assert (back.PhotometricInterpretation, back.PlanarConfiguration) == ("RGB", 0)
    (frame,) = parts(await house.get(OWNER, f"{path_of(data)}/frames/1", OCTETS))
    assert frame[1] == back.PixelData[: back.Rows * back.Columns * 3]


# --- frames -----------------------------------------------------------------------------------


async def test_f1_f4_frames(house: House) -> None:
    """MS F1, F4: two parts for two frames, one alone if wanted, each with its place."""
    await house.store(OWNER, ct_bytes(frames=2))
    pixels = dcmread(BytesIO(ct_bytes(frames=2))).PixelData
    half = len(pixels) // 2
    for ending in ("", f"; transfer-syntax={EXPLICIT}", "; transfer-syntax=*"):
        both = parts(await house.get(OWNER, f"{INSTANCE}/frames/1,2", OCTETS + ending))
        assert [body for _, body in both] == [pixels[:half], pixels[half:]]
        places = [head["Content-Location"] for head, _ in both]
        assert places == [f"{INSTANCE}/frames/{n}" for n in (1, 2)]
        alone = await house.get(OWNER, f"{INSTANCE}/frames/2", f"application/octet-stream{ending}")
        assert alone.body == pixels[half:]


async def test_f6_frames_that_are_not_there(house: House) -> None:
    """OR F6, ST: 0, negative and letters are 400, one beyond the last is 404."""
    await house.store(OWNER, ct_bytes())
    for frames, status in (("0", 400), ("-1", 400), ("a", 400), ("2", 404), ("1,2", 404)):
        assert (await house.get(OWNER, f"{INSTANCE}/frames/{frames}")).status == status


async def test_f7_fragments_are_joined(house: House) -> None:
    """OR F7, B4: frames of several fragments, with and without an offset table."""
    dataset = dcmread(shipped("SC_rgb_small_odd_jpeg.dcm"))
    (stream,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.NumberOfFrames = 2
    for number, table in enumerate((True, False)):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.7.{number}"
        dataset.PixelData = encapsulate([stream, stream], fragments_per_frame=3, has_bot=table)
        out = BytesIO()
        dataset.save_as(out)
        assert (await house.store(OWNER, out.getvalue())).status == 200
        path = path_of(out.getvalue())
        found = parts(await house.get(OWNER, f"{path}/frames/1,2", f"{OCTETS}; transfer-syntax=*"))
        assert [body.rstrip(b"\0") for _, body in found] == [stream.rstrip(b"\0")] * 2
        pixels = parts(await house.get(OWNER, f"{path}/pixeldata", f"{OCTETS}; transfer-syntax=*"))
        assert [head["Content-Location"] for head, _ in pixels] == [
            f"{path}/frames/{n}" for n in (1, 2)
        ]


async def test_frames_of_single_bits_are_joined(house: House) -> None:
    """ST 8.7.3: frames that end inside a byte follow each other without padding, in one part."""
    bits = np.random.default_rng(1).integers(0, 2, (3, 5, 7), np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    await house.store(
        OWNER,
        ct_bytes(Rows=5, Columns=7, NumberOfFrames=3, BitsAllocated=1, BitsStored=1, HighBit=0,
                 PixelData=packed + bytes(len(packed) % 2)),
    )  # fmt: skip
    for numbers in ([1, 2, 3], [3, 1], [2]):
        path = f"{INSTANCE}/frames/{','.join(map(str, numbers))}"
        ((head, body),) = parts(await house.get(OWNER, path))
        assert head["Content-Location"] == path
        wanted = bits[[n - 1 for n in numbers]].ravel()
        assert body == np.packbits(wanted, bitorder="little").tobytes()


async def test_image_types_name_their_syntax(house: House) -> None:
    """ST table 8.7.3-5: each type has a default syntax; JPEG 2000 comes without a box."""
    await house.store(OWNER, ct_bytes())
    plain = dcmread(BytesIO(ct_bytes())).pixel_array
    for kind, uid, start in (
        ("image/jpeg", "1.2.840.10008.1.2.4.70", b"\xff\xd8"),
        ("image/jls", JPEGLSLossless, b"\xff\xd8"),
        ("image/jp2", J2K, b"\xff\x4f\xff\x51"), ("image/dicom-rle", RLE, b""),
        ("image/jphc", "1.2.840.10008.1.2.4.201", b"\xff\x4f\xff\x51"),
    ):  # fmt: skip
        ((head, body),) = parts(
            await house.get(OWNER, f"{INSTANCE}/frames/1", f"multipart/related; type={kind}")
        )
        assert head["Content-Type"] == f"{kind}; transfer-syntax={uid}"
        assert body.startswith(start)
        whole = await house.get(OWNER, INSTANCE, f"application/dicom; transfer-syntax={uid}")
        assert np.array_equal(dcmread(BytesIO(whole.body)).pixel_array, plain)


async def test_e3_a_stretch_of_a_coded_frame(house: House) -> None:
    """OH E3: 206 with its place on what is stored; what is made anew comes whole."""
    await house.store(OWNER, ct_bytes())
    for syntax, status in (("*", 206), (J2K, 200)):
        accept = f"application/octet-stream; transfer-syntax={syntax}"
        headers = {"Accept": accept, "Range": "bytes=0-99"}
        reply = await house.call(OWNER, "GET", f"{INSTANCE}/frames/1", headers)
        assert reply.status == status
        assert ("Content-Range" in reply.headers) is (status == 206)
        assert status == 200 or len(reply.body) == 100


async def test_tiles_of_a_slide_by_number(house: House) -> None:
    """WS: tiles of both ways to order them, in batches, each the right one, from one look."""
    for sparse in (False, True):
        (data,) = make_slide(24, 18, sparse=sparse, key=f"slide-{sparse}")
        where = places(24, 18, sparse=sparse)
        assert (await house.store(OWNER, data)).status == 200
        before = LAYOUTS.misses
        for start in range(0, len(where), 60):
            numbers = range(start + 1, min(start + 60, len(where)) + 1, 3)
            path = f"{path_of(data)}/frames/{','.join(map(str, numbers))}"
            found = parts(await house.get(OWNER, path, f"{OCTETS}; transfer-syntax=*"))
            for number, (head, body) in zip(numbers, found, strict=True):
                assert body.removesuffix(b"\0") == tile(*where[number - 1])
                assert head["Content-Type"].endswith(JPEGBaseline8Bit)
        assert LAYOUTS.misses == before + 1  # the file was scanned once


# --- bulk data and pixel data -----------------------------------------------------------------


async def test_b1_b4_bulk_data_at_every_level(house: House) -> None:
    """OR B1, B4: each part lies where the metadata says, and the same bytes are there."""
    ecg = shipped("test-SR.dcm").read_bytes()
    two = ct_bytes(sop="2.25.1.1.2", number=2, fill=7, frames=2)
    await house.store(OWNER, ct_bytes(), two, ecg)
    for level, count in ((STUDY, 2), (SERIES, 2), (INSTANCE, 1)):
        metadata = (await house.get(OWNER, f"{level}/metadata")).json
        uris = [found["7FE00010"]["BulkDataURI"] for found in metadata]
        for what in ("bulkdata", "pixeldata"):
            found = parts(await house.get(OWNER, f"{level}/{what}"))
            assert [head["Content-Location"] for head, _ in found] == uris
            assert len(found) == count
            for uri, (_, body) in zip(uris, found, strict=True):
                alone = await house.get(OWNER, uri, "application/octet-stream")
                assert alone.body == body
        assert (await house.get(OWNER, f"{level}/pixeldata", "image/png")).status == 406
    report = path_of(ecg)
    assert (await house.get(OWNER, f"{report}/pixeldata")).status == 404
    assert (await house.get(OWNER, f"{report}/bulkdata")).status == 404


async def test_pixel_data_of_a_compressed_image(house: House) -> None:
    """ST 8.7.3: decoded it is one part under its URI, compressed a part for each frame."""
    data = shipped("SC_rgb_rle_2frame.dcm").read_bytes()
    await house.store(OWNER, data)
    path = path_of(data)
    ((head, body),) = parts(await house.get(OWNER, f"{path}/pixeldata"))
    assert head["Content-Location"] == f"{path}/bulkdata/7FE00010"
    assert len(body) == 2 * 100 * 100 * 3
    both = parts(await house.get(OWNER, f"{path}/pixeldata", "multipart/related; type=image/jls"))
    assert len(both) == 2
    assert {head["Content-Type"] for head, _ in both} == {
        f"image/jls; transfer-syntax={JPEGLSLossless}"
    }


# --- rendered ---------------------------------------------------------------------------------


async def test_n1_f9_rendered(house: House) -> None:
    """MS N1, OR F9: JPEG by default, PNG as asked; a frame beyond the last is 404."""
    await house.store(OWNER, ct_bytes(frames=3))
    for accept, kind in ((None, "image/jpeg"), ("image/jpeg", "image/jpeg"), ("image/png",) * 2):
        assert (await house.get(OWNER, f"{INSTANCE}/rendered", accept)).headers[
            "Content-Type"
        ] == kind
    first = await house.get(OWNER, f"{INSTANCE}/frames/1/rendered", "image/png")
    assert (await house.get(OWNER, f"{INSTANCE}/rendered", "image/png")).body == first.body
    assert (await house.get(OWNER, f"{INSTANCE}/frames/5/rendered")).status == 404


async def test_head_says_what_get_would(house: House) -> None:
    """RFC 9110 9.3.2: several frames asked with HEAD have their type and length, and no body."""
    await house.store(OWNER, ct_bytes(frames=2))
    for path in (f"{INSTANCE}/frames/1,2", f"{INSTANCE}/rendered", INSTANCE):
        whole = await house.get(OWNER, path)
        head = await house.call(OWNER, "HEAD", path, skip_auto_headers={"Accept"})
        assert (head.status, head.body) == (200, b"")
        assert whole.headers["ETag"].startswith('"')  # strong: images are not squeezed
        for name in ("Content-Type", "ETag"):
            assert head.headers[name] == whole.headers[name]
