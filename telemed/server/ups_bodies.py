"""Data sets as bodies of UPS-RS, both ways: DICOM JSON and Native DICOM Model (PS3.18 8.6, 8.7).

A body is small and read whole under one limit. JSON is an array of one data set, or that data set
by itself, as clients of older editions send it; XML is one part of a multipart message, or alone.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from telemed.core.errors import Problem
from telemed.dicom.media import DICOM_JSON, DICOM_XML, JSON, Offer
from telemed.dicom.multipart import (
    MultipartReader,
    PartBegin,
    PartData,
    boundary_for,
    closing,
    content_type,
    media_type_of,
)
from telemed.dicom.refusal import Refused
from telemed.dicom.xmlmodel import native_xml, read_native_xml
from telemed.server.imaging import BASE, squeeze, xml_parts
from telemed.server.routing import MAX_JSON, Call
from telemed.server.stow import body_pieces

Json = dict[str, Any]
TAKES: Final = (DICOM_JSON, JSON, f'multipart/related; type="{DICOM_XML}"', DICOM_XML)
"""Media types that a workitem may come as."""


async def read(call: Call, *, empty: bool = False) -> Json:
    """The data set of the body; `empty` lets there be none. Problem or `Refused` otherwise."""
    raw = await _whole(call)
    if empty and not raw.strip():
        return {}
    kind, parameters = media_type_of(call.request.headers.get("Content-Type", ""))
    if kind in (DICOM_JSON, JSON):
        return _from_json(raw)
    if kind == DICOM_XML:
        return read_native_xml(raw)
    if kind == "multipart/related" and parameters.get("type", DICOM_XML).lower() == DICOM_XML:
        return read_native_xml(_only_part(raw, parameters.get("boundary", "")))
    raise Problem("not-supported-media", detail=kind[:80] or "-")


async def _whole(call: Call) -> bytes:
    if (call.request.content_length or 0) > MAX_JSON:
        raise Problem("too-large", limit="1 MB")
    held = bytearray()
    async for piece in body_pieces(call):
        held += piece
        if len(held) > MAX_JSON:
            raise Problem("too-large", limit="1 MB")
    return bytes(held)


def _from_json(raw: bytes) -> Json:
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused("bad-metadata", why="JSON") from None
    if isinstance(told, list) and len(told) == 1:
        told = told[0]
    if not isinstance(told, dict):
        raise Refused("bad-metadata", why="JSON, no array of one object")
    return told


def _only_part(raw: bytes, boundary: str) -> bytes:
    reader = MultipartReader(boundary)
    events = reader.feed(raw)
    reader.finish()
    if sum(isinstance(event, PartBegin) for event in events) != 1:
        raise Refused("bad-metadata", why="several parts")
    return b"".join(event.data for event in events if isinstance(event, PartData))


def answer(call: Call, data_sets: Sequence[Json], offer: Offer) -> web.Response:
    """Data sets as one array, or as one part of XML each."""
    origin = call.services.settings.origin
    raw = _absolute(orjson.dumps(data_sets), origin)
    if not offer.multipart:
        response = web.Response(body=raw, headers={"Content-Type": offer.media_type})
    elif not data_sets:
        response = web.Response(status=204)  # a multipart body has at least one part
    else:
        documents = [native_xml(one) for one in orjson.loads(raw)]
        boundary = boundary_for(*(hashlib.sha256(one).hexdigest() for one in documents))
        headers = {"Content-Type": content_type(offer.media_type, boundary)}
        body = xml_parts(boundary, documents) + closing(boundary)
        response = web.Response(body=body, headers=headers)
    response.headers["Cache-Control"] = "private, no-cache"
    squeeze(call, response)
    return response


def _absolute(raw: bytes, origin: str) -> bytes:
    """Addresses of ours, which the actions give without an origin, as a client can use them."""
    for begin in (BASE, "/api"):
        raw = raw.replace(f'"Value":["{begin}/'.encode(), f'"Value":["{origin}{begin}/'.encode())
    return raw
