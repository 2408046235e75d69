"""Rendered pictures and thumbnails (PS3.18 10.4.1.1.3 and .4), and documents as what they are.

A study or series is shown by the middle instance of its first series with pixels. Pictures are
made in the worker from a file's bytes and kept in memory by the file's hash, never by who asked;
the door was passed before. No text is written into them.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from telemed.core.errors import Problem
from telemed.dicom.media import RENDERED_OFFERS
from telemed.dicom.picture import PictureSpec, picture_spec
from telemed.dicom.syntaxes import TRANSFER_SYNTAXES, content_of
from telemed.server.frames import document, frame_numbers, video
from telemed.server.imaging import (
    asked_instances,
    in_problems,
    one_piece,
    send,
    unchanged,
    wish,
)
from telemed.server.routing import Call
from telemed.server.wado import tag_of
from telemed.store.tx import Row

KEPT_BYTES: Final = 32 << 20


class PictureCache:
    """Pictures by file hash and spec, the least recently used going first."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._held: OrderedDict[tuple[str, PictureSpec], bytes] = OrderedDict()
        self._bytes = 0

    def get(self, blob: str, spec: PictureSpec) -> bytes | None:
        """A picture that was kept."""
        picture = self._held.get((blob, spec))
        if picture is not None:
            self._held.move_to_end((blob, spec))
        return picture

    def put(self, blob: str, spec: PictureSpec, picture: bytes) -> None:
        """Keep a picture unless it is large."""
        if len(picture) > self._most // 16 or (blob, spec) in self._held:
            return
        self._held[blob, spec] = picture
        self._bytes += len(picture)
        while self._bytes > self._most:
            self._bytes -= len(self._held.popitem(last=False)[1])


_KEPT: Final = PictureCache()


@in_problems
async def rendered(call: Call) -> web.StreamResponse:
    """A picture of what the path names; a document or a video as itself."""
    row = _shown(call, await asked_instances(call))
    kind = content_of(row["sop_class"]).kind
    if kind == "document":
        return await document(call, row)
    if TRANSFER_SYNTAXES[row["transfer_syntax"]].video:
        return await video(call, row)
    return await _picture(call, row, thumbnail=False)


@in_problems
async def thumbnail(call: Call) -> web.StreamResponse:
    """A small picture of what the path names; a sheet of paper where there is nothing to draw."""
    return await _picture(call, _shown(call, await asked_instances(call)), thumbnail=True)


async def _picture(call: Call, row: Row, *, thumbnail: bool) -> web.StreamResponse:
    offer = wish(call, RENDERED_OFFERS)
    number = _frame(call, row)
    spec = picture_spec(call.request.query, offer.media_type, frame=number, thumbnail=thumbnail)
    tag = tag_of([row], str(spec))
    same = unchanged(call, tag)
    if same is not None:
        return same
    picture = _KEPT.get(row["blob"], spec)
    if picture is None:
        with await call.services.at_hand(row["blob"]) as path:
            picture = await call.services.renderer.render(path, spec)
        _KEPT.put(row["blob"], spec, picture)
    return await send(call, offer.media_type, tag, one_piece(picture), len(picture))


def _frame(call: Call, row: Row) -> int:
    """The frame the path names, else the middle one."""
    text = call.request.match_info.get("frames")
    if text is None:
        return max(1, (row["frames"] + 1) // 2) if "instance" not in call.request.match_info else 1
    numbers = frame_numbers(text)
    if len(numbers) > 1:
        raise Problem("not-acceptable", supported="one frame at a time")
    if numbers[0] > max(1, row["frames"]):
        raise Problem("not-found")
    return numbers[0]


def _shown(call: Call, rows: Sequence[Row]) -> Row:
    """The instance that stands for all: the middle one of the first series with pixels."""
    drawable = [r for r in rows if r["frames"]] or [
        r for r in rows if content_of(r["sop_class"]).kind in ("waveform", "document")
    ]
    series = [r for r in drawable if r["series_id"] == drawable[0]["series_id"]] or list(rows)
    return series[len(series) // 2]
