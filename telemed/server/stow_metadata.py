"""STOW-RS of metadata and bulk data (PS3.18 10.5.2): parts become files, and files are judged.

The parts are written to temporary files as they come; those of the root type hold metadata, the
others are bulk data and named by their Content-Location. Each data set is composed with its bulk
data into a Part 10 file in a thread, piece by piece, and from there it is like any file that was
sent whole.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from telemed.dicom.codestream import Described
from telemed.dicom.composed import Bulk, Parts, compose, identity_of
from telemed.dicom.media import DICOM_JSON, DICOM_XML
from telemed.dicom.multipart import MultipartReader, PartBegin, PartData, PartEnd, media_type_of
from telemed.dicom.raster import RASTERS, RasterSpec, unpacked
from telemed.dicom.refusal import Refused
from telemed.dicom.syntaxes import EXPLICIT_LE, OCTETS
from telemed.dicom.xmlmodel import read_native_xml
from telemed.server.imaging import Pieces
from telemed.server.routing import Call
from telemed.server.store_answer import Failure, failure_of
from telemed.store.blobs import PIECE, BlobWriter

METADATA: Final = (DICOM_JSON, DICOM_XML)
MOST_METADATA: Final = 8 << 20
"""Bytes of one metadata part; as objects in memory they are some twenty times as many."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that is whole."""

    writer: BlobWriter
    media_type: str
    transfer_syntax: str
    location: str


async def receive_metadata(
    call: Call, files: ExitStack, root: str, reader: MultipartReader, pieces: Pieces
) -> list[BlobWriter | Failure]:
    """The instances of a message as temporary files that live as long as `files`.

    `root` is the type of the metadata parts. Raises `Refused` when the message or its metadata
    cannot be read at all.
    """
    parts = await _received(call, files, root, reader, pieces)
    sources = [part.writer.path for part in parts if part.media_type == root]
    data_sets = await call.services.in_thread(lambda paths: _data_sets(root, paths), sources)
    if not data_sets:
        raise Refused("bad-metadata", why="no instance")
    bulk = _by_location(part for part in parts if part.media_type != root)
    limit = call.services.settings.upload_max_bytes
    found: list[BlobWriter | Failure] = []
    for data_set in data_sets:
        try:
            await _made_native(call, files, data_set, bulk)
        except Refused as refusal:
            found.append(failure_of(refusal, identity_of(data_set)))
            continue
        writer = files.enter_context(call.services.blobs.writer(limit))
        found.append(await asyncio.to_thread(_composed, data_set, bulk, writer))
    return found


async def _received(
    call: Call, files: ExitStack, root: str, reader: MultipartReader, pieces: Pieces
) -> list[_Part]:
    desk = _Desk(call, files, root)
    async for piece in pieces:
        for event in reader.feed(piece):
            await desk.take(event)
    reader.finish()
    return desk.parts


class _Desk:
    """Writes parts to temporary files, in pieces large enough for a thread."""

    def __init__(self, call: Call, files: ExitStack, root: str) -> None:
        self.parts: list[_Part] = []
        self._blobs = call.services.blobs
        self._limit = call.services.settings.upload_max_bytes
        self._files = files
        self._root = root
        self._held = bytearray()

    async def take(self, event: PartBegin | PartData | PartEnd) -> None:
        """Follow one event of the reader."""
        match event:
            case PartBegin():
                self.parts.append(self._part(event.headers))
            case PartData():
                self._held += event.data
                if len(self._held) >= PIECE:
                    await self._flush()
            case PartEnd():
                await self._flush()
                self.parts[-1].writer.seal()

    def _part(self, headers: Mapping[str, str]) -> _Part:
        kind, parameters = media_type_of(headers.get("content-type", ""))
        kind = kind or (OCTETS if self.parts else self._root)
        limit = MOST_METADATA if kind == self._root else self._limit
        writer = self._files.enter_context(self._blobs.writer(limit))
        syntax = parameters.get("transfer-syntax", "")
        return _Part(writer, kind, syntax, headers.get("content-location", ""))

    async def _flush(self) -> None:
        piece, self._held = self._held, bytearray()
        await asyncio.to_thread(self.parts[-1].writer.write, piece)


async def _made_native(call: Call, files: ExitStack, data_set: Json, bulk: Parts) -> None:
    """Have the worker turn GIF or PNG pixels into native ones: no transfer syntax holds them."""
    told = data_set.get("7FE00010")
    uri = told.get("BulkDataURI") if isinstance(told, dict) else None
    parts = bulk.get(uri, []) if isinstance(uri, str) else []
    if not parts or parts[0].media_type not in RASTERS:
        return
    if len(parts) > 1:
        raise Refused("bad-metadata", why="several picture files")
    picture = unpacked(await call.services.renderer.render(parts[0].path, RasterSpec()))
    writer = files.enter_context(call.services.blobs.writer(len(picture.data)))
    await asyncio.to_thread(writer.write, picture.data)
    writer.seal()
    described = Described(
        EXPLICIT_LE, picture.rows, picture.columns, picture.samples, picture.bits,
        photometric="RGB" if picture.samples == 3 else "MONOCHROME2",
        lossy=False, frames=picture.frames,
    )  # fmt: skip
    bulk[str(uri)] = [Bulk(writer.path, writer.size, described=described)]


def _data_sets(root: str, paths: Sequence[Path]) -> list[Json]:
    """The data sets of the metadata parts: one per document of XML, an array of them in JSON."""
    found: list[Json] = []
    for path in paths:
        text = path.read_bytes()
        found += [read_native_xml(text)] if root == DICOM_XML else _json_array(text)
    return found


def _json_array(text: bytes) -> list[Json]:
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused("bad-metadata", why="JSON") from None
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise Refused("bad-metadata", why="JSON, no array of objects")
    return told


def _by_location(parts: Any) -> Parts:
    """Bulk parts by Content-Location; those of the same one are frames in the order they came."""
    found: Parts = {}
    for part in parts:
        bulk = Bulk(part.writer.path, part.writer.size, part.media_type, part.transfer_syntax)
        found.setdefault(part.location, []).append(bulk)
    return found


def _composed(data_set: Json, bulk: Parts, writer: BlobWriter) -> BlobWriter | Failure:
    """Write one file, or say why there is none; blocks."""
    try:
        for piece in compose(data_set, bulk):
            if isinstance(piece, bytes):
                writer.write(piece)
            else:
                _copy(piece, writer)
    except Refused as refusal:
        return failure_of(refusal, identity_of(data_set))
    writer.seal()
    return writer


def _copy(bulk: Bulk, writer: BlobWriter) -> None:
    with bulk.path.open("rb") as file:
        file.seek(bulk.offset)
        left = bulk.length
        while left and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            writer.write(piece)
