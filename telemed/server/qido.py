"""QIDO-RS: six search resources over one function (PS3.18 10.6).

Everything the index holds of a level is returned whatever `includefield` says, and nothing of a
lower level. An empty result is 200 with an empty array, also under a study that is not there.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from telemed.actions.image_search import MOST_COUNTED, Found, search
from telemed.dicom.criteria import Criteria, Exact
from telemed.dicom.matching import RESOURCES, parse_query
from telemed.dicom.media import NEGOTIATION, RESULT_OFFERS, Offer
from telemed.dicom.multipart import boundary_for, closing, content_type
from telemed.dicom.xmlmodel import native_xml
from telemed.server.imaging import BASE, Handler, in_problems, squeeze, warn, wish, xml_parts
from telemed.server.routing import Call
from telemed.store.search_json import instance_json, json_array, json_object, with_origin
from telemed.store.tx import Row

Json = dict[str, Any]
_KEYS: Final = frozenset({(0x00100020,), (0x00080050,), (0x0020000D,)})
"""PatientID, AccessionNumber, StudyInstanceUID."""


def _resource(name: str) -> Handler:
    """The handler of one of `RESOURCES`."""
    level = RESOURCES[name][-1]

    async def handle(call: Call) -> web.StreamResponse:
        offer = wish(call, RESULT_OFFERS)
        asked = [pair for pair in call.request.query.items() if pair[0] not in NEGOTIATION]
        criteria = parse_query(asked, name)
        path = dict(call.request.match_info)
        look = call.glance if _is_quick(name, criteria) else call.ask
        found = await look(lambda act: search(act, level, criteria, path, BASE))
        service = call.services.settings.origin + BASE
        told = [with_origin(one, service) for one in _results(found.rows, RESOURCES[name])]
        response = _response(told, offer)
        warn(response, service, _warnings(criteria, found))
        squeeze(call, response)
        return response

    return in_problems(handle)


def _is_quick(name: str, criteria: Criteria) -> bool:
    """Whether few are found, by a key: the series of a study, the studies of a patient."""
    exact = {key.path for key in criteria.keys if isinstance(key.test, Exact)}
    return name == "study-series" or (name == "studies" and not exact.isdisjoint(_KEYS))


def _response(told: Sequence[bytes], offer: Offer) -> web.Response:
    """Results as one array, or as one part of XML each (8.6.1.2 and F.2.2)."""
    if not offer.multipart:
        return web.Response(body=json_array(told), headers={"Content-Type": offer.media_type})
    if not told:
        return web.Response(status=204)  # a multipart body has at least one part
    documents = [native_xml(orjson.loads(json_object(one))) for one in told]
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

_MEMBERS: Final[Mapping[str, Callable[[Row], bytes]]] = {
    "study": lambda row: bytes(row["study_json"]),
    "series": lambda row: bytes(row["series_json"]),
    "instance": lambda row: instance_json(row, row["study_uid"], row["series_uid"]),
}


def _results(rows: Sequence[Row], levels: Sequence[str]) -> Iterator[bytes]:
    """Each result's members: the attributes of all its levels in ascending order."""
    for row in rows:
        members = [_MEMBERS[level](row) for level in levels]
        fields = row.get("fields")
        if len(members) == 1 and not fields:
            yield members[0]
            continue
        merged: Json = dict(fields or {})
        for some in members:  # of what two levels have, the lower one's stands
            merged |= orjson.loads(json_object(some))
        yield orjson.dumps(dict(sorted(merged.items())))[1:-1]
