"""Instances and frames in another transfer syntax than the stored one (PS3.18 8.7.3).

Frames are coded in the workers one at a time and leave as they are made, so an instance of any
length costs the memory of a frame. The first frame is made before the answer begins: what cannot
be had in a syntax is refused in words, never by a body that breaks off.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from telemed.core.errors import Problem
from telemed.dicom import multipart
from telemed.dicom.media import Offer
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import opened
from telemed.dicom.transcode import CodedFrame, FrameSpec, Transcoding, unpacked
from telemed.server.imaging import Pieces, frame_url, gathered, send
from telemed.server.routing import Call
from telemed.store.tx import Row

_UNABLE = frozenset({"cannot-render", "cannot-transcode", "no-pixel-data", "render-limit"})


async def coded_frame(call: Call, path: Path, number: int, syntax: str) -> CodedFrame:
    """A frame of a stored file in a syntax; Problem("not-acceptable") when it cannot be made."""
    try:
        answer = await call.services.renderer.render(path, FrameSpec(number, syntax))
        return unpacked(answer)
    except Refused as refusal:
        if refusal.code not in _UNABLE:
            raise
        raise Problem("not-acceptable", supported="transfer-syntax=*") from refusal


@asynccontextmanager
async def transcoded(call: Call, path: Path, syntax: str) -> AsyncIterator[Pieces]:
    """The pieces of a whole stored file in another syntax; whether it can be is known at once."""
    with ExitStack() as held:
        file = await asyncio.to_thread(held.enter_context, opened(path))
        if file.pixels is None:
            raise Problem("not-acceptable", supported="transfer-syntax=*")
        first = await coded_frame(call, path, 1, syntax)
        try:
            job = Transcoding(file, syntax, first)
        except Refused as refusal:
            raise Problem("not-acceptable", supported="transfer-syntax=*") from refusal
        yield _around(call, path, syntax, job, first)


async def _around(
    call: Call, path: Path, syntax: str, job: Transcoding, first: CodedFrame
) -> Pieces:
    async for piece in gathered(job.head()):
        yield piece
    for number in range(1, job.frames + 1):
        frame = first if number == 1 else await coded_frame(call, path, number, syntax)
        for part in job.framed(frame):
            yield bytes(part)
    async for piece in gathered(job.tail()):
        yield piece


async def send_coded(
    call: Call, path: Path, row: Row, numbers: Sequence[int], offer: Offer, tag: str
) -> web.StreamResponse:
    """Frames by number in the syntax of an offer, each in a part of its own."""
    first = await coded_frame(call, path, numbers[0], offer.transfer_syntax)
    if not offer.multipart:
        kind = f"{offer.media_type}; transfer-syntax={offer.transfer_syntax}"
        return await send(call, kind, tag, _one(first.data), len(first.data))
    boundary = multipart.boundary_for(tag)

    async def parts() -> Pieces:
        for k, number in enumerate(numbers):
            frame = first
            if k:
                frame = await coded_frame(call, path, number, offer.transfer_syntax)
            yield multipart.part_head(
                boundary,
                offer.media_type,
                transfer_syntax=offer.transfer_syntax,
                location=frame_url(row, number),
                length=len(frame.data),
                first=not k,
            )
            yield bytes(frame.data)
        yield multipart.closing(boundary)

    return await send(call, multipart.content_type(offer.media_type, boundary), tag, parts())


async def _one(data: memoryview) -> Pieces:
    yield bytes(data)
