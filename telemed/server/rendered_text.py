"""Structured reports rendered as text (PS3.18 10.4.1.1.3): a page, plain lines or XML.

The file is read by the bounded scanner alone, in a thread. A page carries nothing active and is
forbidden to load anything, whatever the report says.
"""

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import web

from telemed.dicom.media import REPORT_OFFERS
from telemed.dicom.report_text import WRITERS, report
from telemed.dicom.scan import opened
from telemed.server.imaging import fresh, unchanged, wish
from telemed.server.routing import Call
from telemed.server.wado import tag_of
from telemed.store.tx import Row

_LOCKED: Final = "default-src 'none'; sandbox"


async def report_text(call: Call, row: Row) -> web.StreamResponse:
    """A structured report in the words of its content tree."""
    offer = wish(call, REPORT_OFFERS)
    tag = tag_of([row], f"text {offer.media_type}")
    same = unchanged(call, tag)
    if same is not None:
        return same
    with await call.services.at_hand(row["blob"]) as path:
        body = await asyncio.to_thread(_written, path, offer.media_type)
    kind = f"{offer.media_type}; charset=utf-8"
    headers = {**fresh(tag), "Content-Type": kind, "Content-Security-Policy": _LOCKED}
    return web.Response(body=body, headers=headers)


def _written(path: Path, media_type: str) -> bytes:
    with opened(path) as file:
        return WRITERS[media_type](report(file))
