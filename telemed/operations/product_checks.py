"""Checks of what was installed: the Chinese font, the codecs, the web client, the viewer.

Codecs are asked the way the server asks them: in a render worker with its limits, on a small
picture whose pixels are known. So a library that is missing, broken, or too large for the worker's
memory is found before a doctor opens such a study.
"""

import asyncio
import base64
import struct
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import OCTETS, TRANSFER_SYNTAXES
from telemed.dicom.transcode import FrameSpec, unpacked
from telemed.dicom.worker import RenderPool
from telemed.documents.fonts import FAMILY, FontMissing, chinese_fonts
from telemed.operations.checkup import Deployment, Finding, fail, good, warn

PICTURES = Path(__file__).with_name("codecs.toml")
SIDE = 32
_CT, _UID = b"1.2.840.10008.5.1.4.1.1.2", b"2.25.1"


def font(at: Deployment) -> Finding:
    """The font that reports are set in is installed."""
    try:
        chinese_fonts()
    except FontMissing as fault:
        return fail(
            f"缺少中文字体 {FAMILY}，无法生成报告 PDF",
            f"the font {FAMILY} is missing: no report can be printed",
            "重新运行 make setup",
            str(fault),
        )
    return good(FAMILY, FAMILY)


# --- codecs -----------------------------------------------------------------------------------


def codecs(at: Deployment) -> Finding:
    """Every compressed form decodes to the pixels it was made from."""
    pictures = tomllib.loads(PICTURES.read_text("utf-8"))["picture"]
    with tempfile.TemporaryDirectory(prefix="telemed-doctor-") as folder:
        broken = asyncio.run(_decode_all(Path(folder), pictures))
    if broken:
        return fail(
            f"解不开：{', '.join(broken)}",
            f"cannot be decoded: {', '.join(broken)}",
            "重新运行 make setup；这些编码的影像只能在浏览器阅片器中解码",
            "run make setup again; until then images of these forms have no pictures here",
        )
    return good(f"{len(pictures)} 种编码都能解", f"{len(pictures)} forms decode")


async def _decode_all(folder: Path, pictures: list[dict[str, Any]]) -> list[str]:
    pool = RenderPool(1)
    try:
        return [p["name"] for p in pictures if not await _decodes(pool, folder, p)]
    finally:
        await pool.aclose()


async def _decodes(pool: RenderPool, folder: Path, picture: dict[str, Any]) -> bool:
    file = folder / picture["uid"]
    file.write_bytes(part10(picture))
    try:
        raw = unpacked(await pool.render(file, FrameSpec())).data
    except Refused:
        return False
    decoded = np.frombuffer(raw, np.uint8 if picture["bits"] == 8 else np.uint16)
    return decoded.size == SIDE * SIDE and bool(
        np.abs(decoded.reshape(SIDE, SIDE).astype(int) - expected(picture)).max()
        <= picture["apart"]
    )


def expected(picture: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The pixels a picture was made from."""
    row, column = np.indices((SIDE, SIDE))
    return 4 * row + 3 * column if picture["bits"] == 8 else 64 * row + 60 * column


def part10(picture: dict[str, Any]) -> bytes:
    """The smallest DICOM file around a picture's codestream (PS3.10 7.1, PS3.5 A.4)."""
    meta = b"".join(
        (
            _element(0x00020001, b"OB", b"\0\1"),
            _element(0x00020002, b"UI", _CT),
            _element(0x00020003, b"UI", _UID),
            _element(0x00020010, b"UI", picture["uid"].encode()),
            _element(0x00020012, b"UI", _UID),
        )
    )
    length = _element(0x00020000, b"UL", struct.pack("<I", len(meta)))
    return bytes(128) + b"DICM" + length + meta + b"".join(_dataset(picture))


def _dataset(picture: dict[str, Any]) -> Iterator[bytes]:
    bits = picture["bits"]
    allocated = 8 if bits == 8 else 16
    for tag in (0x00080016, 0x00080018, 0x0020000D, 0x0020000E):
        yield _element(tag, b"UI", _CT if tag == 0x00080016 else _UID)
    for tag, number in (
        (0x00280002, 1),
        (0x00280010, SIDE),
        (0x00280011, SIDE),
        (0x00280100, allocated),
        (0x00280101, bits),
        (0x00280102, bits - 1),
        (0x00280103, 0),
    ):
        if tag == 0x00280010:
            yield _element(0x00280004, b"CS", b"MONOCHROME2 ")
        yield _element(tag, b"US", struct.pack("<H", number))
    codestream = base64.b64decode(picture["codestream"])
    codestream += b"\0" * (len(codestream) % 2)
    undefined = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    table = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    fragment = struct.pack("<HHI", 0xFFFE, 0xE000, len(codestream)) + codestream
    yield undefined + table + fragment + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    if vr == b"OB":
        return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def decoded_forms() -> set[str]:
    """The transfer syntaxes that the render worker has a codec for and that are compressed."""
    return {
        row.uid
        for row in TRANSFER_SYNTAXES.values()
        if row.encapsulated and row.decodable and row.media_type != OCTETS
    }


# --- files for browsers -----------------------------------------------------------------------


def web_client(at: Deployment) -> Finding:
    """The web client is built."""
    index = at.settings.web_dir / "index.html"
    if not index.is_file():
        return fail(
            f"网页没有构建：缺少 {index}",
            f"the web client is not built: {index} is missing",
            "运行 make web，或检查 web_dir",
            "run make web, or see web_dir",
        )
    return good(f"{at.settings.web_dir} 已构建", f"{at.settings.web_dir} is built")


def viewer(at: Deployment) -> Finding:
    """The viewer is built, with the list of its workers."""
    folder = at.settings.viewer_dir
    if not (folder / "index.html").is_file():
        return warn(
            f"阅片器没有构建：缺少 {folder / 'index.html'}，只能看缩略图",
            f"the viewer is not built: {folder / 'index.html'} is missing",
            "运行 make web，或检查 viewer_dir",
            "run make web, or see viewer_dir",
        )
    if not orjson.loads((folder / "manifest.json").read_bytes()).get("workers"):
        return warn(
            "阅片器的 manifest.json 没有列出解码脚本，浏览器会拒绝运行它们",
            "the viewer's manifest.json lists no workers: browsers will refuse to run them",
            "重新运行 make web",
            "run make web again",
        )
    return good(f"{folder} 已构建", f"{folder} is built")
