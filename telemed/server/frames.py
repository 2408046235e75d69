"""WADO-RS frames and bulk data (PS3.18 10.4.1.1.6): the parts of an instance that are pixels.

A viewer asks for thousands of frames of one file, so where each frame lies is remembered by the
file's hash; a frame that lies in one piece is sent straight from the file. Frames are decoded only
in the worker, and only when a client will not take them as they are stored.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from telemed.core.errors import Problem
from telemed.dicom import multipart
from telemed.dicom.elements import PIXEL_TAGS
from telemed.dicom.frames import Bulk, bulk, frame, frame_span, joined
from telemed.dicom.jsonmodel import element_at, parse_bulk_path
from telemed.dicom.media import Offer, bulk_offers, document_offers, frame_offers
from telemed.dicom.scan import opened
from telemed.dicom.syntaxes import OCTETS, TRANSFER_SYNTAXES
from telemed.server.imaging import (
    Pieces,
    asked_instances,
    frame_url,
    fresh,
    in_problems,
    instance_url,
    one_piece,
    read_span,
    send,
    send_span,
    unchanged,
    wish,
)
from telemed.server.routing import Call
from telemed.server.transcoded import coded_frame, send_coded
from telemed.server.wado import tag_of
from telemed.store.tx import Row

MOST_FRAMES: Final = 500
_LIST: Final = re.compile(r"[1-9][0-9]{0,9}(,[1-9][0-9]{0,9})*\Z", re.ASCII)

_DOCUMENT: Final = (0x00420011,)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the frames of a file lie; a span is None when it does not lie in one piece."""

    spans: tuple[Span | None, ...]


class Layouts:
    """Layouts by file, so many frames in all; the least recently used goes first.

    A blob's path is its hash, so none goes stale.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Path, Layout] = OrderedDict()
        self._frames = 0
        self.misses = 0
        """How often a file had to be looked into."""

    def get(self, path: Path) -> Layout | None:
        """The layout of a file that was looked into lately."""
        layout = self._held.get(path)
        if layout is None:
            self.misses += 1
        else:
            self._held.move_to_end(path)
        return layout

    def put(self, path: Path, layout: Layout) -> None:
        """Remember a layout, however large: of a slide all tiles are asked for."""
        if path not in self._held:
            self._held[path] = layout
            self._frames += len(layout.spans)
        while self._frames > self._most and len(self._held) > 1:
            self._frames -= len(self._held.popitem(last=False)[1].spans)


LAYOUTS: Final = Layouts(most=100_000)


@in_problems
async def frames(call: Call) -> web.StreamResponse:
    """Frames by number, as stored or decoded."""
    numbers = frame_numbers(call.path("frames"))
    (row,) = await asked_instances(call)
    if not row["frames"] or max(numbers) > row["frames"]:
        raise Problem("not-found")
    stored = TRANSFER_SYNTAXES[row["transfer_syntax"]]
    offers = frame_offers(stored, single=len(numbers) == 1, decodes=not stored.video)
    return await send_frames(call, row, numbers, wish(call, offers))


async def send_frames(
    call: Call, row: Row, numbers: Sequence[int], offer: Offer
) -> web.StreamResponse:
    """Frames in the chosen representation, one part each."""
    tag = tag_of([row], f"{offer} {numbers}")
    same = unchanged(call, tag)
    if same is not None:
        return same
    with await call.services.at_hand(row["blob"]) as path:
        if offer.transfer_syntax != TRANSFER_SYNTAXES[row["transfer_syntax"]].wired:
            return await send_coded(call, path, row, numbers, offer, tag)
        return await _send_stored(call, path, row, numbers, offer, tag)


async def _send_stored(
    call: Call, path: Path, row: Row, numbers: Sequence[int], offer: Offer, tag: str
) -> web.StreamResponse:
    """Frames as they lie in the file."""
    layout = LAYOUTS.get(path)
    if layout is None:
        layout = await asyncio.to_thread(layout_of, path, row["frames"])
        LAYOUTS.put(path, layout)
    sizes = [span[1] if (span := layout.spans[n - 1]) else None for n in numbers]
    if not offer.multipart:
        span = layout.spans[numbers[0] - 1]
        kind = f"{offer.media_type}; transfer-syntax={offer.transfer_syntax}"
        if span is not None:
            return await send_span(call, kind, tag, path, span)
        data = await asyncio.to_thread(_cut, path, numbers[0])
        return await send(call, kind, tag, one_piece(data), len(data))
    boundary = multipart.boundary_for(tag)
    if len(numbers) > 1 and _ends_inside_a_byte(row):
        return await _send_bits(call, path, row, numbers, offer, tag)
    heads = [
        _head(row, n, offer, boundary, size, first=not k)
        for k, (n, size) in enumerate(zip(numbers, sizes, strict=True))
    ]
    length = None
    if None not in sizes:
        length = sum(size or 0 for size in sizes) + sum(map(len, heads))
        length += len(multipart.closing(boundary))
    kind = multipart.content_type(offer.media_type, boundary)
    spans = [layout.spans[n - 1] for n in numbers]
    pieces = _stored_parts(path, numbers, spans, heads, boundary)
    return await send(call, kind, tag, pieces, length)


def _ends_inside_a_byte(row: Row) -> bool:
    """Whether a frame is of single bits that do not fill its last byte."""
    bits = (row["rows"] or 0) * (row["columns"] or 0)
    native = not TRANSFER_SYNTAXES[row["transfer_syntax"]].encapsulated
    return native and row["bits_allocated"] == 1 and bits % 8 != 0


async def _send_bits(
    call: Call, path: Path, row: Row, numbers: Sequence[int], offer: Offer, tag: str
) -> web.StreamResponse:
    """Frames of single bits in one part, for their borders lie inside bytes."""
    data = await asyncio.to_thread(_joined, path, numbers)
    boundary = multipart.boundary_for(tag)
    head = multipart.part_head(
        boundary,
        offer.media_type,
        transfer_syntax=offer.transfer_syntax,
        location=f"{instance_url(row)}/frames/{','.join(map(str, numbers))}",
        length=len(data),
        first=True,
    )
    body = head + data + multipart.closing(boundary)
    kind = multipart.content_type(offer.media_type, boundary)
    return await send(call, kind, tag, one_piece(body), len(body))


def _joined(path: Path, numbers: Sequence[int]) -> bytes:
    with opened(path) as file:
        return joined(file, numbers)


async def frame_pieces(
    call: Call, path: Path, row: Row, number: int, syntax: str
) -> tuple[int, Pieces]:
    """One frame in a syntax, as stored or coded anew: its length and its bytes."""
    if syntax != TRANSFER_SYNTAXES[row["transfer_syntax"]].wired:
        data = bytes((await coded_frame(call, path, number, syntax)).data)
        return len(data), one_piece(data)
    layout = await asyncio.to_thread(layout_of, path, row["frames"])
    span = layout.spans[number - 1]
    if span is not None:
        return span[1], read_span(path, *span)
    data = await asyncio.to_thread(_cut, path, number)
    return len(data), one_piece(data)


def frame_numbers(text: str) -> list[int]:
    """A frame list as numbers; malformed, repeated or too many is Problem("invalid")."""
    if not _LIST.match(text):
        raise Problem("invalid", detail="frame list")
    numbers = [int(part) for part in text.split(",")]
    if len(numbers) > MOST_FRAMES or len(set(numbers)) != len(numbers):
        raise Problem("invalid", detail=f"frame list: at most {MOST_FRAMES}, each once")
    return numbers


def layout_of(path: Path, count: int) -> Layout:
    """Where the frames of a blob lie."""
    with opened(path) as file:
        video = file.syntax.video
        return Layout(tuple(frame_span(file, n + 1) for n in range(1 if video else count)))


def _cut(path: Path, number: int) -> bytes:
    with opened(path) as file:
        return frame(file, number)


def _head(
    row: Row, number: int, offer: Offer, boundary: str, size: int | None, *, first: bool
) -> bytes:
    return multipart.part_head(
        boundary,
        offer.media_type,
        transfer_syntax=offer.transfer_syntax,
        location=frame_url(row, number),
        length=size,
        first=first,
    )


async def _stored_parts(
    path: Path,
    numbers: Sequence[int],
    spans: Sequence[Span | None],
    heads: Sequence[bytes],
    boundary: str,
) -> Pieces:
    for number, span, head in zip(numbers, spans, heads, strict=True):
        yield head
        if span is None:
            yield await asyncio.to_thread(_cut, path, number)
            continue
        async for piece in read_span(path, *span):
            yield piece
    yield multipart.closing(boundary)


# --- bulk data --------------------------------------------------------------------------------


@in_problems
async def bulkdata(call: Call) -> web.StreamResponse:
    """A bulk value by the path its BulkDataURI has, at any depth."""
    path = parse_bulk_path(call.path("path"))
    (row,) = await asked_instances(call)
    stored = TRANSFER_SYNTAXES[row["transfer_syntax"]]
    if path[0] in PIXEL_TAGS and len(path) == 1 and stored.encapsulated and not stored.video:
        numbers = list(range(1, row["frames"] + 1))
        return await send_frames(
            call, row, numbers, wish(call, frame_offers(stored, single=False, decodes=False))
        )
    with await call.services.at_hand(row["blob"]) as blob:
        return await _send_bulk(call, row, blob, path)


async def _send_bulk(call: Call, row: Row, blob: Path, path: tuple[int, ...]) -> web.StreamResponse:
    span, media_type = await asyncio.to_thread(bulk_span, blob, path)
    offer = wish(call, bulk_offers(media_type))
    tag = tag_of([row], f"{offer} {path}")
    same = unchanged(call, tag)
    if same is not None:
        return same
    if not offer.multipart and span is not None:
        return await send_span(call, offer.media_type, tag, blob, span)
    pieces, length = await bulk_pieces(blob, path, span)
    if not offer.multipart:
        return await send(call, offer.media_type, tag, pieces, length)
    boundary = multipart.boundary_for(tag)
    location = f"{instance_url(row)}/bulkdata/{call.path('path')}"
    head = multipart.part_head(
        boundary, offer.media_type, location=location, length=length, first=True
    )
    close = multipart.closing(boundary)

    async def framed() -> Pieces:
        yield head
        async for piece in pieces:
            yield piece
        yield close

    kind = multipart.content_type(offer.media_type, boundary)
    return await send(call, kind, tag, framed(), len(head) + length + len(close))


async def bulk_pieces(blob: Path, path: tuple[int, ...], span: Span | None) -> tuple[Pieces, int]:
    """A bulk value's bytes and how many there are."""
    if span is not None:
        return read_span(blob, *span), span[1]
    data = (await asyncio.to_thread(_bulk_at, blob, path)).data
    return one_piece(data), len(data)


def bulk_span(blob: Path, path: tuple[int, ...]) -> tuple[Span | None, str]:
    """Where a bulk value lies if it may leave as it lies, and its media type."""
    with opened(blob) as file:
        element = element_at(file, path)
        plain = not (file.syntax.big_endian or file.syntax.deflated) and not element.fragments
        if plain and path != _DOCUMENT:  # a document may carry a padding byte
            return (element.offset, element.length), OCTETS
        return None, bulk(file, path).media_type


def _bulk_at(blob: Path, path: tuple[int, ...]) -> Bulk:
    with opened(blob) as file:
        return bulk(file, path)


# --- things that are shown as what they are ---------------------------------------------------


async def document(call: Call, row: Row) -> web.StreamResponse:
    """An encapsulated document; one whose bytes are not what it claims is only downloaded."""
    with await call.services.at_hand(row["blob"]) as blob:
        found = await asyncio.to_thread(_bulk_at, blob, _DOCUMENT)
    offer = wish(call, document_offers(found.media_type))
    tag = tag_of([row], str(offer))
    same = unchanged(call, tag)
    if same is not None:
        return same
    shown = "inline" if offer.media_type == "application/pdf" else "attachment"
    headers = {**fresh(tag), "Content-Disposition": shown, "Content-Type": offer.media_type}
    return web.Response(body=found.data, headers=headers)


async def video(call: Call, row: Row) -> web.StreamResponse:
    """The stream of a video object, with byte ranges for players."""
    stored = TRANSFER_SYNTAXES[row["transfer_syntax"]]
    offer = wish(call, document_offers(stored.media_type))
    return await send_frames(call, row, [1], offer._replace(transfer_syntax=stored.uid))
