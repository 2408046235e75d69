"""Pixel data and bulk data of whole instances, series and studies (PS3.18 10.4.1.1.5 and .6).

A value that is not compressed is one part under the URI that the metadata has for it; compressed
pixels are a part for each frame. Which values there are is read from the stored metadata, so the
parts are exactly what that refers to.
"""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiohttp import web

from telemed.actions.intake import BULK_BASE
from telemed.actions.studies import metadata_of
from telemed.core.errors import Problem
from telemed.dicom import multipart
from telemed.dicom.elements import PIXEL_TAGS
from telemed.dicom.jsonmodel import parse_bulk_path
from telemed.dicom.media import Offer, bulk_offers, frame_offers
from telemed.dicom.syntaxes import EXPLICIT_LE, OCTETS, TRANSFER_SYNTAXES
from telemed.server.frames import bulk_pieces, bulk_span, frame_pieces
from telemed.server.imaging import (
    Pieces,
    asked_instances,
    frame_url,
    in_problems,
    instance_url,
    send,
    unchanged,
    wish,
)
from telemed.server.routing import Call
from telemed.server.transcoded import coded_frame
from telemed.server.wado import tag_of
from telemed.store.tx import Row

_PIXELS: Final = {f"{tag:08X}" for tag in PIXEL_TAGS}
_URI: Final = re.compile(rb'"BulkDataURI":"' + re.escape(BULK_BASE.encode()) + rb"/([0-9A-F/]+)\"")


@in_problems
async def pixeldata(call: Call) -> web.StreamResponse:
    """The pixel data of all that the path names."""
    rows = [row for row in await asked_instances(call) if row["frames"]]
    if not rows:
        raise Problem("not-found")
    return await _send(call, rows, pixels_only=True)


@in_problems
async def bulkdata(call: Call) -> web.StreamResponse:
    """Every bulk value of all that the path names, pixel data among them."""
    return await _send(call, await asked_instances(call), pixels_only=False)


async def _send(call: Call, rows: Sequence[Row], *, pixels_only: bool) -> web.StreamResponse:
    pictures = {row["transfer_syntax"] for row in rows if row["frames"]}
    offers = {uid: _offer(call, uid) for uid in sorted(pictures)}
    root = next(iter(offers.values()), None) or wish(call, bulk_offers(OCTETS)[:1])
    tag = tag_of(rows, f"{'pixels' if pixels_only else 'bulk'} {offers}")
    same = unchanged(call, tag)
    if same is not None:
        return same
    boundary = multipart.boundary_for(tag)
    parts = _all_parts(call, rows, offers, boundary, pixels_only=pixels_only)
    return await send(call, multipart.content_type(root.media_type, boundary), tag, parts)


def _offer(call: Call, uid: str) -> Offer:
    """How the pixels of instances of a stored syntax go out."""
    stored = TRANSFER_SYNTAXES[uid]
    return wish(call, frame_offers(stored, single=False, decodes=not stored.video))


async def _all_parts(
    call: Call,
    rows: Sequence[Row],
    offers: dict[str, Offer],
    boundary: str,
    *,
    pixels_only: bool,
) -> Pieces:
    first = True
    for row in rows:
        paths = await _paths(call, row)
        with await call.services.at_hand(row["blob"]) as blob:
            for path in paths:
                pixels = path in _PIXELS
                if pixels_only and not pixels:
                    continue
                parts = _value_part(row, blob, path, boundary, first)
                if pixels:
                    offer = offers[row["transfer_syntax"]]
                    parts = _pixel_parts(call, row, blob, path, offer, boundary, first)
                async for piece in parts:
                    yield piece
                first = False
    if first:
        raise Problem("not-found")
    yield multipart.closing(boundary)


async def _paths(call: Call, row: Row) -> list[str]:
    """The bulk values that an instance's metadata refers to, in their order."""
    stored = await call.ask(lambda act: metadata_of(act, [row["id"]]))
    return [found.decode() for found in _URI.findall(stored[row["id"]])]


async def _value_part(row: Row, blob: Path, path: str, boundary: str, first: bool) -> Pieces:
    """A value as it stands in little endian order."""
    parsed = parse_bulk_path(path)
    span, _ = await asyncio.to_thread(bulk_span, blob, parsed)
    pieces, length = await bulk_pieces(blob, parsed, span)
    location = f"{instance_url(row)}/bulkdata/{path}"
    yield multipart.part_head(boundary, OCTETS, location=location, length=length, first=first)
    async for piece in pieces:
        yield piece


async def _pixel_parts(
    call: Call, row: Row, blob: Path, path: str, offer: Offer, boundary: str, first: bool
) -> Pieces:
    """Pixels: a part a frame where they are compressed, else all in one."""
    stored = TRANSFER_SYNTAXES[row["transfer_syntax"]]
    syntax = offer.transfer_syntax
    if syntax == stored.wired and not stored.encapsulated:
        async for piece in _value_part(row, blob, path, boundary, first):
            yield piece
        return
    if syntax == EXPLICIT_LE:
        frame = await coded_frame(call, blob, 1, syntax)
        yield multipart.part_head(
            boundary,
            OCTETS,
            transfer_syntax=syntax,
            location=f"{instance_url(row)}/bulkdata/{path}",
            length=len(frame.data) * row["frames"],
            first=first,
        )
        yield bytes(frame.data)
        for number in range(2, row["frames"] + 1):
            yield bytes((await coded_frame(call, blob, number, syntax)).data)
        return
    for number in range(1, 2 if stored.video else row["frames"] + 1):
        length, pieces = await frame_pieces(call, blob, row, number, syntax)
        yield multipart.part_head(
            boundary,
            offer.media_type,
            transfer_syntax=syntax,
            location=frame_url(row, number),
            length=length,
            first=first and number == 1,
        )
        async for piece in pieces:
            yield piece
