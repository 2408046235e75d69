"""Rendered pictures and thumbnails (PS3.18 10.4.1.1.3 and .4), and documents as what they are.

A study or series is shown by the middle instance of its first series with pixels. Pictures are
made in the worker from a file's bytes and kept in memory by the file's hash, never by who asked;
the door was passed before. Words are written into them only where `annotation` asks for that.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from aiohttp import web

from telemed.actions.studies import find_instances
from telemed.core.errors import Problem
from telemed.dicom.media import FILM_OFFERS, RENDERED_OFFERS
from telemed.dicom.picture import PictureSpec, picture_spec, unsupported
from telemed.dicom.presentation import CLASSES, Reference, reference
from telemed.dicom.scan import opened
from telemed.dicom.syntaxes import TRANSFER_SYNTAXES, content_of
from telemed.documents.fonts import font_file
from telemed.server.frames import document, frame_numbers, video
from telemed.server.imaging import (
    BASE,
    asked_instances,
    fresh,
    in_problems,
    unchanged,
    warn,
    wish,
)
from telemed.server.rendered_text import report_text
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
    """A picture of what the path names; a report as text, a document or a video as itself."""
    row = _shown(call, await asked_instances(call))
    kind = content_of(row["sop_class"]).kind
    if kind == "document":
        return await document(call, row)
    if kind == "report":
        return await report_text(call, row)
    if TRANSFER_SYNTAXES[row["transfer_syntax"]].video:
        return await video(call, row)
    if row["sop_class"] in CLASSES:
        return await _presented(call, row)
    return await _picture(call, row, _spec(call, row))


@in_problems
async def thumbnail(call: Call) -> web.StreamResponse:
    """A small picture of what the path names; a sheet of paper where there is nothing to draw."""
    row = _shown(call, await asked_instances(call))
    media_type = wish(call, RENDERED_OFFERS).media_type
    query = call.request.query
    spec = picture_spec(query, media_type, frame=_frames(call, row)[0], thumbnail=True)
    return await _picture(call, row, spec)


def _spec(call: Call, row: Row) -> PictureSpec:
    """What is wanted of one image: a still, or a film where that is asked of several frames."""
    numbers = _frames(call, row)
    moving = len(numbers) > 1 or ("frames" not in call.request.match_info and row["frames"] > 1)
    stills = RENDERED_OFFERS if len(numbers) == 1 else ()
    offer = wish(call, (*stills, *(FILM_OFFERS if moving else ())))
    spec = picture_spec(call.request.query, offer.media_type, frame=numbers[0])
    if moving and offer in FILM_OFFERS:
        every = tuple(range(1, row["frames"] + 1))
        spec = replace(spec, film=tuple(numbers) if len(numbers) > 1 else every)
    return replace(spec, font=str(font_file())) if spec.annotation else spec


async def _presented(call: Call, row: Row) -> web.StreamResponse:
    """The image a presentation state refers to, if the caller sees it too, shown that way."""
    query = call.request.query
    if "window" in query or query.get("viewport", "").count(",") > 1:
        raise Problem("invalid", detail="window, viewport")  # the state says both (10.4.2)
    offer = wish(call, RENDERED_OFFERS)
    with await call.services.at_hand(row["blob"]) as path:
        told = await asyncio.to_thread(_reference, path)
        uids = (row["study__study_uid"], told.series_uid, told.sop_uid)
        (image,) = await call.ask(lambda act: find_instances(act, *uids))
        if told.frame > max(1, image["frames"]):
            raise Problem("not-found")
        spec = picture_spec(query, offer.media_type, frame=told.frame)
        spec = replace(spec, state=str(path), font=str(font_file()))
        return await _picture(call, image, spec, shown_by=row)


def _reference(path: Path) -> Reference:
    with opened(path) as file:
        return reference(file)


async def _picture(
    call: Call, row: Row, spec: PictureSpec, shown_by: Row | None = None
) -> web.StreamResponse:
    tag = tag_of([row, shown_by] if shown_by else [row], str(replace(spec, state="", font="")))
    same = unchanged(call, tag)
    if same is not None:
        return same
    picture = _KEPT.get(row["blob"], spec)
    if picture is None:
        with await call.services.at_hand(row["blob"]) as path:
            picture = await call.services.renderer.render(path, spec)
        _KEPT.put(row["blob"], spec, picture)
    media_type = "video/mp4" if spec.kind == "mp4" else f"image/{spec.kind}"
    response = web.Response(body=picture, headers={**fresh(tag), "Content-Type": media_type})
    warn(response, call.services.settings.origin + BASE, unsupported(call.request.query))
    return response


def _frames(call: Call, row: Row) -> list[int]:
    """The frames the path names, else the first of an instance and the middle one of more."""
    text = call.request.match_info.get("frames")
    if text is None:
        whole = "instance" in call.request.match_info
        return [1 if whole else max(1, (row["frames"] + 1) // 2)]
    numbers = frame_numbers(text)
    if max(numbers) > max(1, row["frames"]):
        raise Problem("not-found")
    return numbers


def _shown(call: Call, rows: Sequence[Row]) -> Row:
    """The instance that stands for all: the middle one of the first series with pixels."""
    drawable = [r for r in rows if r["frames"]] or [
        r for r in rows if content_of(r["sop_class"]).kind in ("waveform", "document")
    ]
    series = [r for r in drawable if r["series_id"] == drawable[0]["series_id"]] or list(rows)
    return series[len(series) // 2]
