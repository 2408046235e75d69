"""WADO-RS: whole instances and metadata (PS3.18 10.4), as the caller may see them.

Stored files travel byte for byte where the caller takes them so. Those whose syntax the web forbids
are written anew, and those wanted in another syntax are transcoded (`transcoded.py`). Metadata is
what was stored on arrival, joined without being parsed again.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from telemed.actions.act import Act
from telemed.actions.intake import BULK_BASE
from telemed.actions.studies import find_instances, find_metadata, metadata_of
from telemed.core.errors import Problem
from telemed.dicom import multipart
from telemed.dicom.jsonmodel import rebased
from telemed.dicom.media import DICOM, RESULT_OFFERS, Offer, instance_offers
from telemed.dicom.part10 import wire
from telemed.dicom.scan import opened
from telemed.dicom.syntaxes import TRANSFER_SYNTAXES
from telemed.dicom.xmlmodel import native_xml
from telemed.server.coerced import as_served, identity_of, told_as_served
from telemed.server.imaging import (
    Pieces,
    asked_instances,
    gathered,
    in_problems,
    instance_url,
    one_piece,
    read_span,
    send,
    send_span,
    unchanged,
    wish,
    xml_parts,
)
from telemed.server.routing import Call
from telemed.server.transcoded import transcoded
from telemed.store.tx import Row

PAGE = 200


@in_problems
async def retrieve(call: Call) -> web.StreamResponse:
    """A study, a series or an instance as Part 10 files."""
    rows = await asked_instances(call)
    kinds = {row["transfer_syntax"]: row for row in rows}
    offers = {syntax: _offer(call, row, rows) for syntax, row in kinds.items()}
    shapes = {offer.multipart for offer in offers.values()}
    if len(shapes) > 1:
        raise Problem("not-acceptable", supported="multipart/related type=application/dicom")
    tag = tag_of(rows, f"{sorted(offers.values())}{identity_of(rows[0])}")
    same = unchanged(call, tag)
    if same is not None:
        return same
    if shapes == {False}:
        return await _single(call, rows[0], offers[rows[0]["transfer_syntax"]], tag)
    boundary = multipart.boundary_for(tag)
    kind = multipart.content_type(DICOM, boundary)
    return await send(call, kind, tag, _parts(call, rows, offers, boundary))


def _offer(call: Call, row: Row, rows: Sequence[Row]) -> Offer:
    syntax = TRANSFER_SYNTAXES[row["transfer_syntax"]]
    single = "instance" in call.request.match_info and len(rows) == 1
    return wish(call, instance_offers(syntax, single=single, decodes=row["frames"] > 0))


async def _single(call: Call, row: Row, offer: Offer, tag: str) -> web.StreamResponse:
    stored = TRANSFER_SYNTAXES[row["transfer_syntax"]]
    async with as_served(call, row) as (path, row):
        if offer.transfer_syntax == stored.uid:
            kind = f"{DICOM}; transfer-syntax={offer.transfer_syntax}"
            return await send_span(call, kind, tag, path, (0, row["size"]))
        async with _whole(call, row, path, offer) as (syntax, length, pieces):
            kind = f"{DICOM}; transfer-syntax={syntax}"
            return await send(call, kind, tag, pieces, length)


async def _parts(
    call: Call, rows: Sequence[Row], offers: dict[str, Offer], boundary: str
) -> Pieces:
    """Multipart pieces of instances, one file open at a time."""
    for number, row in enumerate(rows):
        offer = offers[row["transfer_syntax"]]
        async with (
            as_served(call, row) as (path, served),
            _whole(call, served, path, offer) as (syntax, length, pieces),
        ):
            yield multipart.part_head(
                boundary,
                DICOM,
                transfer_syntax=syntax,
                location=instance_url(row),
                length=length,
                first=not number,
            )
            async for piece in pieces:
                yield piece
    yield multipart.closing(boundary)


@asynccontextmanager
async def _whole(
    call: Call, row: Row, path: Path, offer: Offer
) -> AsyncIterator[tuple[str, int | None, Pieces]]:
    """The syntax in which an instance leaves, its length where that is known, and its pieces."""
    stored = TRANSFER_SYNTAXES[row["transfer_syntax"]]
    if offer.transfer_syntax == stored.wired:
        if stored.on_the_wire:
            yield stored.uid, row["size"], read_span(path, 0, row["size"])
            return
        with ExitStack() as held:
            file = await asyncio.to_thread(held.enter_context, opened(path))
            yield stored.wired, None, gathered(wire(file))
        return
    async with AsyncExitStack() as made:
        try:
            pieces = await made.enter_async_context(transcoded(call, path, offer.transfer_syntax))
        except Problem:
            # Too large uncompressed, or with no codec that reads it: as stored, if that will do.
            wish(call, [Offer(DICOM, stored.uid, offer.multipart)])
            yield stored.uid, row["size"], read_span(path, 0, row["size"])
            return
        yield offer.transfer_syntax, None, pieces


@in_problems
async def metadata(call: Call) -> web.StreamResponse:
    """The metadata of a study, a series or an instance as DICOM JSON."""
    offer = wish(call, RESULT_OFFERS)
    at_once = not (offer.multipart or "If-None-Match" in call.request.headers)
    body: bytes | None = None

    def look(act: Act, *uids: str) -> list[Row]:
        """Those of one page are put together where they are read: nothing waits in between."""
        nonlocal body
        rows = find_metadata(act, *uids, most=PAGE) if at_once else []
        if rows:
            stored = {row["id"]: row["metadata"] for row in rows}
            body = _array(_objects(rows, stored), b"[", b"]")
        return rows or find_instances(act, *uids)

    rows = await asked_instances(call, look)
    tag = _metadata_tag(rows, offer)
    same = unchanged(call, tag)
    if same is not None:
        return same
    if offer.multipart:
        boundary = multipart.boundary_for(tag)
        kind = multipart.content_type(offer.media_type, boundary)
        return await send(call, kind, tag, _documents(call, rows, boundary))
    if body is None:
        return await send(call, offer.media_type, tag, _arrays(call, rows))
    return await send(call, offer.media_type, tag, one_piece(body), len(body))


def _metadata_tag(rows: Sequence[Row], offer: Offer) -> str:
    # Whose a study is may be put right: its metadata changes then, its files do not.
    return tag_of(rows, f"{offer.media_type} {rows[0]['study__updated_at']}")


Pieced = list[bytes | memoryview]


def _objects(rows: Sequence[Row], stored: Mapping[str, bytes]) -> list[Pieced]:
    """Stored JSON objects as they are handed out, each in pieces."""
    return [
        rebased(told_as_served(row, stored[row["id"]]), BULK_BASE, f"{instance_url(row)}/bulkdata")
        for row in rows
    ]


def _array(objects: Iterable[Pieced], before: bytes, after: bytes) -> bytes:
    """Objects with commas between, joined without being parsed again."""
    pieces: Pieced = []
    for one in objects:
        pieces.append(before)
        pieces += one
        before = b","
    return b"".join([*pieces, after])


async def _pages(call: Call, rows: Sequence[Row]) -> AsyncGenerator[list[Pieced], None]:
    """The objects of many instances, a page at a time."""
    for start in range(0, len(rows), PAGE):
        some = rows[start : start + PAGE]
        ids = [row["id"] for row in some]
        stored = await call.ask(lambda act, ids=ids: metadata_of(act, ids))  # type: ignore[misc]
        yield _objects(some, stored)


async def _arrays(call: Call, rows: Sequence[Row]) -> Pieces:
    """A JSON array of many objects, a page of them a piece."""
    before = b"["
    async for some in _pages(call, rows):
        yield _array(some, before, b"")
        before = b","
    yield b"]"


async def _documents(call: Call, rows: Sequence[Row], boundary: str) -> Pieces:
    """Parts of XML, one per instance; a metadata part is no resource and has no location."""
    first = True
    async for some in _pages(call, rows):
        documents = await asyncio.to_thread(lambda some=some: [*map(_document, some)])  # type: ignore[misc]
        yield xml_parts(boundary, documents, first=first)
        first = False
    yield multipart.closing(boundary)


def _document(stored: Pieced) -> bytes:
    return native_xml(orjson.loads(b"".join(stored)))


_MAKING: Final = 2
"""Raised when other bytes are made of the same file, so that no browser keeps the old ones.
2: colour out of a JPEG is RGB."""


def tag_of(rows: Sequence[Row], shape: str) -> str:
    """A tag of the content of instances in a shape; the blob's own hash for a single one."""
    shape = f"{_MAKING} {shape}"
    if len(rows) == 1:
        return f"{rows[0]['blob']}-{hashlib.sha256(shape.encode()).hexdigest()[:8]}"
    digest = hashlib.sha256(shape.encode())
    for row in rows:
        digest.update(row["blob"].encode())
    return digest.hexdigest()
