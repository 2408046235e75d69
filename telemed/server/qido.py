"""QIDO-RS: six search resources over one function (PS3.18 10.6).

Everything the index holds of a level is returned whatever `includefield` says, and nothing of a
lower level. An empty result is 200 with an empty array, also under a study that is not there.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from telemed.actions.image_search import MOST_COUNTED, Found, is_brief, search
from telemed.dicom.criteria import Criteria, Exact
from telemed.dicom.matching import parse_query
from telemed.dicom.media import NEGOTIATION, RESULT_OFFERS, Offer
from telemed.dicom.multipart import boundary_for, closing, content_type
from telemed.dicom.xmlmodel import native_xml
from telemed.server.imaging import BASE, Handler, in_problems, squeeze, warn, wish, xml_parts
from telemed.server.routing import Call
from telemed.store.search_json import json_array, json_object, with_origin
from telemed.store.tx import Row

Json = dict[str, Any]
_KEYS: Final = frozenset({(0x00100020,), (0x00080050,), (0x0020000D,)})
"""PatientID, AccessionNumber, StudyInstanceUID."""
_PARTS: Final = frozenset({"study-series", "study-instances", "series-instances"})


def _resource(name: str) -> Handler:
    """The handler of one of `RESOURCES`."""

    async def handle(call: Call) -> web.StreamResponse:
        offer = wish(call, RESULT_OFFERS)
        asked = [pair for pair in call.request.query.items() if pair[0] not in NEGOTIATION]
        criteria = parse_query(asked, name)
        found = await _found(call, name, criteria)
        service = call.services.settings.origin + BASE
        response = _response(_results(found.rows, criteria.levels), service, offer)
        warn(response, service, _warnings(criteria, found))
        squeeze(call, response)
        return response

    return in_problems(handle)


async def _found(call: Call, name: str, criteria: Criteria) -> Found:
    """What a search finds. One that may be brief is tried at once, where that is worth it."""
    path = call.request.match_info
    if call.services.store.sqlite and _may_be_brief(name, criteria):
        found = await call.glance(
            lambda act: search(act, criteria, path) if is_brief(act, criteria, path) else None
        )
        if found is not None:
            return found
    return await call.ask(lambda act: search(act, criteria, path, BASE))


def _may_be_brief(name: str, criteria: Criteria) -> bool:
    """Whether it is by a key: the parts of a study or of a series, the studies of a patient."""
    exact = {key.path for key in criteria.keys if isinstance(key.test, Exact)}
    return name in _PARTS or (name == "studies" and not exact.isdisjoint(_KEYS))


def _response(results: Iterable[bytes], service: str, offer: Offer) -> web.Response:
    """Results as one array, or as one part of XML each (8.6.1.2 and F.2.2)."""
    if not offer.multipart:
        body = with_origin(json_array(results), service)
        return web.Response(body=body, headers={"Content-Type": offer.media_type})
    objects = [json_object(with_origin(one, service)) for one in results]
    if not objects:
        return web.Response(status=204)  # a multipart body has at least one part
    documents = [native_xml(orjson.loads(one)) for one in objects]
    boundary = boundary_for(*(hashlib.sha256(one).hexdigest() for one in documents))
    headers = {"Content-Type": content_type(offer.media_type, boundary)}
    return web.Response(body=xml_parts(boundary, documents) + closing(boundary), headers=headers)


studies = _resource("studies")
all_series = _resource("series")
all_instances = _resource("instances")
series = _resource("study-series")
study_instances = _resource("study-instances")
instances = _resource("series-instances")


def _warnings(criteria: Criteria, found: Found) -> list[str]:
    """What the client should know of how it was understood (8.3.4)."""
    told = []
    if found.remaining:
        least = "at least " if found.remaining > MOST_COUNTED else ""
        count = min(found.remaining, MOST_COUNTED)
        told.append(f"There are {least}{count} additional results that can be requested")
    if found.ambiguous:
        told.append(
            "The PatientID is used by several institutions: add IssuerOfPatientID to say whose"
        )
    names = [name for name in criteria.ignored if name.isascii() and name.isprintable()][:8]
    if names:
        told.append(f"These parameters were not used: {', '.join(names)}")
    return told


# --- results ----------------------------------------------------------------------------------


def _results(rows: Sequence[Row], levels: Sequence[str]) -> Iterator[bytes]:
    """Each result's members: the attributes of all its levels in ascending order."""
    names = [f"{level}_json" for level in levels]
    if len(names) == 1 and rows and "fields" not in rows[0]:
        yield from (row[names[0]] for row in rows)
        return
    for row in rows:
        merged: Json = dict(row.get("fields") or {})
        for name in names:  # of what two levels have, the lower one's stands
            merged |= orjson.loads(json_object(row[name]))
        yield orjson.dumps(dict(sorted(merged.items())))[1:-1]
