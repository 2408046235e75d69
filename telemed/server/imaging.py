"""What the DICOMweb handlers share: refusals as problems, wishes as offers, bytes on their way.

Image bytes may be kept by the browser that fetched them but are revalidated on every use, and a
tag is compared only after the caller was let in: a stranger with a right tag gets the stranger's
answer. Files leave in pieces read in threads, so a slow reader costs one piece of memory.
"""

import asyncio
import os
import re
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from functools import lru_cache, wraps
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web

from telemed.actions.studies import find_instances
from telemed.core.errors import Problem
from telemed.dicom.media import DICOM_JSON, DICOM_XML, JSON, Offer, choose
from telemed.dicom.multipart import part_head
from telemed.dicom.refusal import Refused
from telemed.server.auth import note_look
from telemed.server.routing import Call
from telemed.store.tx import Row

BASE: Final = "/dicom-web"
CHUNK: Final = 1 << 20
REVALIDATE: Final = "private, no-cache"

Handler = Callable[[Call], Awaitable[web.StreamResponse]]
Pieces = AsyncGenerator[bytes, None]

_TEXTS: Final = frozenset({DICOM_JSON, JSON})
_GZIP: Final = re.compile(r"(^|[ ,])gzip\s*(,|$|;\s*q=(1|0?\.0*[1-9]))")
_WORTH_IT: Final = 1024
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z", re.ASCII)

# What a refusal of the encodings room means to a client; every other code is a bad wish (400).
_PROBLEMS: Final[Mapping[str, str]] = {
    "not-acceptable": "not-acceptable",
    "cannot-transcode": "not-acceptable",
    "no-such-frame": "not-found",
    "no-such-element": "not-found",
    "bad-bulk-path": "not-found",
    "no-pixel-data": "not-found",
    "cannot-render": "cannot-render",
    "render-limit": "cannot-render",
    "too-many-parts": "too-large",
}


def in_problems(handler: Handler) -> Handler:
    """Say a refusal of the encodings room in the one error shape."""

    @wraps(handler)
    async def handle(call: Call) -> web.StreamResponse:
        try:
            return await handler(call)
        except Refused as refusal:
            raise problem_of(refusal) from refusal

    return handle


def problem_of(refusal: Refused) -> Problem:
    """A refusal as a problem with its sentence in both languages."""
    words = {"zh": refusal.sentence("zh"), "en": refusal.sentence("en")}
    code = _PROBLEMS.get(refusal.code, "invalid")
    return Problem(code, detail=words, supported=words, limit=refusal.facts.get("limit", ""))


def wish(call: Call, offers: Sequence[Offer]) -> Offer:
    """The offer that answers the Accept headers and the `accept` parameter best."""
    header = ",".join(call.request.headers.getall("Accept", []))
    try:
        return _chosen(header or None, tuple(offers), call.request.query.get("accept"))
    except Refused as refusal:
        if refusal.code != "not-acceptable":
            raise
        raise Problem("not-acceptable", supported=_told(offers)) from None


_chosen: Final = lru_cache(256)(choose)
"""A client asks for the same of each of a thousand instances."""


def _told(offers: Iterable[Offer]) -> str:
    """Offers as media types, for a client that asked for something else."""
    return "; ".join(
        dict.fromkeys(
            f"{'multipart/related type=' if o.multipart else ''}{o.media_type}"
            f"{' transfer-syntax=' + o.transfer_syntax if o.transfer_syntax else ''}"
            for o in offers
        )
    )


async def asked_instances(call: Call, find: Callable[..., list[Row]] = find_instances) -> list[Row]:
    """The instances that the path names, or Problem("not-found"). A look is audited here.

    `find` is asked as `find_instances` is.
    """
    uids = [call.request.match_info.get(name) for name in ("series", "instance")]
    look = call.ask if uids[1] is None else call.glance
    rows = await look(lambda act: find(act, call.path("study"), *uids))
    study, owner = rows[0]["study_id"], rows[0]["institution_id"]
    await note_look(call.request, call.services, call.subject, study, owner)
    return rows


def instance_url(row: Row) -> str:
    """The path of an instance's resource."""
    study, series = row["study__study_uid"], row["series__series_uid"]
    return f"{BASE}/studies/{study}/series/{series}/instances/{row['sop_uid']}"


def frame_url(row: Row, number: int) -> str:
    """The path of a frame's resource."""
    return f"{instance_url(row)}/frames/{number}"


# --- tags -------------------------------------------------------------------------------------


def unchanged(call: Call, tag: str) -> web.Response | None:
    """304 when the client already holds what `tag` stands for. Ask only after the door."""
    told = call.request.headers.get("If-None-Match", "")
    known = {part.strip().removeprefix("W/") for part in told.split(",")}
    if told.strip() != "*" and f'"{tag}"' not in known:
        return None
    return web.Response(status=304, headers=fresh(tag))


def fresh(tag: str) -> dict[str, str]:
    """Headers of content that never changes under its tag."""
    return {"ETag": f'"{tag}"', "Cache-Control": REVALIDATE, "Vary": "Accept"}


# --- bytes on their way -----------------------------------------------------------------------


async def send(
    call: Call, content_type: str, tag: str, pieces: Pieces, length: int | None = None
) -> web.StreamResponse:
    """Stream pieces with exact headers; chunked when the length is not known."""
    response = web.StreamResponse(headers={**fresh(tag), "Content-Type": content_type})
    response.content_length = length
    if content_type in _TEXTS:
        squeeze(call, response)
    return await _pour(call, response, pieces)


def squeeze(call: Call, response: web.StreamResponse) -> None:
    """Compress text on its way if the client takes that; pixels would only cost time."""
    response.headers["Vary"] = "Accept, Accept-Encoding"
    taken = _GZIP.search(call.request.headers.get("Accept-Encoding", "").lower())
    if not taken or call.request.method == "HEAD" or _is_short(response):
        return
    response.enable_compression(web.ContentCoding.gzip)
    tag = response.headers.get("ETag")
    if tag is not None:  # the same content in other bytes (RFC 9110 8.8.1)
        response.headers["ETag"] = f"W/{tag}"


def _is_short(response: web.StreamResponse) -> bool:
    if not isinstance(response, web.Response):
        return False
    return not isinstance(response.body, bytes) or len(response.body) < _WORTH_IT


def warn(response: web.StreamResponse, base: str, texts: Iterable[str]) -> None:
    """What the client should know of how it was understood, as `Warning: 299 <service>: …`."""
    for text in texts:
        response.headers.add("Warning", f"299 {base}: {text}")


def xml_parts(boundary: str, documents: Iterable[bytes], *, first: bool = True) -> bytes:
    """Native DICOM Model documents as parts, without the closing delimiter."""
    out = bytearray()
    for document in documents:
        out += part_head(boundary, DICOM_XML, length=len(document), first=first) + document
        first = False
    return bytes(out)


async def send_span(
    call: Call,
    content_type: str,
    tag: str,
    path: Path,
    span: tuple[int, int],
    more: Mapping[str, str] = MappingProxyType({}),
) -> web.StreamResponse:
    """Stream a stretch of a file, or the part of it that a Range header asks for."""
    start, length = span
    headers = {**fresh(tag), "Content-Type": content_type, "Accept-Ranges": "bytes", **more}
    wanted = _wanted(call.request.headers.get("Range"), length)
    if wanted is None:
        response = web.StreamResponse(headers=headers)
    elif wanted[0] >= length:
        headers["Content-Range"] = f"bytes */{length}"
        return web.Response(status=416, headers=headers)
    else:
        headers["Content-Range"] = f"bytes {wanted[0]}-{wanted[1] - 1}/{length}"
        response = web.StreamResponse(status=206, headers=headers)
        start, length = start + wanted[0], wanted[1] - wanted[0]
    response.content_length = length
    return await _pour(call, response, read_span(path, start, length))


def _wanted(header: str | None, length: int) -> tuple[int, int] | None:
    """The stretch of a single byte range, None for the whole; several ranges get the whole."""
    match = _RANGE.match(header.strip()) if header else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if not first:
        return max(0, length - int(last)), length
    if last and int(last) < int(first):
        return None
    return int(first), min(length, int(last) + 1) if last else length


async def _pour(call: Call, response: web.StreamResponse, pieces: Pieces) -> web.StreamResponse:
    """Write all pieces; a client that leaves closes the file behind them."""
    async with aclosing(pieces):
        # A file that cannot be read shows before the status is sent.
        piece = await anext(pieces, None)
        await response.prepare(call.request)
        while piece is not None and call.request.method != "HEAD":
            await response.write(piece)
            piece = await anext(pieces, None)
    await response.write_eof()
    return response


async def read_span(path: Path, start: int, length: int) -> Pieces:
    """A stretch of a file in pieces."""
    if length <= CHUNK:  # opened, read and closed in one go: most slices and frames
        yield await asyncio.to_thread(_read_once, path, start, length)
        return
    with await asyncio.to_thread(path.open, "rb", buffering=0) as file:
        while length > 0:
            piece = await asyncio.to_thread(_read, file.fileno(), start, min(CHUNK, length))
            start, length = start + len(piece), length - len(piece)
            yield piece


def _read_once(path: Path, start: int, length: int) -> bytes:
    handle = os.open(path, os.O_RDONLY)
    try:
        return _read(handle, start, length)
    finally:
        os.close(handle)


def _read(handle: int, start: int, length: int) -> bytes:
    piece = os.pread(handle, length, start)
    if len(piece) < length:
        raise OSError("a blob is shorter than its row says")
    return piece


async def one_piece(data: bytes) -> Pieces:
    """Bytes that are already at hand."""
    yield data


async def gathered(pieces: Iterator[bytes]) -> Pieces:
    """Pieces made in threads, joined to about a mebibyte so that no thread is asked for each."""
    while piece := await asyncio.to_thread(_some, pieces):
        yield piece


def _some(pieces: Iterator[bytes]) -> bytes:
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= CHUNK:
            break
    return bytes(held)
