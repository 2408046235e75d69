"""QIDO-RS: six search resources over one function (PS3.18 10.6).

Everything the index holds of a level is returned whatever `includefield` says, and nothing of a
lower level. An empty result is 200 with an empty array, also under a study that is not there.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web

from telemed.actions.image_search import Found, search
from telemed.dicom.dictionary import keyword_of
from telemed.dicom.jsonmodel import row as dicom_row
from telemed.dicom.matching import RESOURCES, Criteria, parse_query
from telemed.dicom.media import NEGOTIATION, RESULT_OFFERS, Offer
from telemed.dicom.multipart import boundary_for, closing, content_type
from telemed.dicom.xmlmodel import native_xml
from telemed.server.imaging import (
    BASE,
    Handler,
    in_problems,
    instance_url,
    squeeze,
    warn,
    wish,
    xml_parts,
)
from telemed.server.routing import Call
from telemed.store.studies import split_modalities
from telemed.store.tx import Row

Json = dict[str, Any]


def _resource(name: str) -> Handler:
    """The handler of one of `RESOURCES`."""
    level = RESOURCES[name][-1]

    async def handle(call: Call) -> web.StreamResponse:
        offer = wish(call, RESULT_OFFERS)
        asked = [pair for pair in call.request.query.items() if pair[0] not in NEGOTIATION]
        criteria = parse_query(asked, name)
        path = dict(call.request.match_info)
        found = await call.ask(lambda act: search(act, level, criteria, path))
        origin = call.services.settings.origin + BASE
        shown = [_shown(row, RESOURCES[name], origin) for row in found.rows]
        response = results(shown, offer)
        warn(response, origin, _warnings(criteria, found))
        squeeze(call, response)
        return response

    return in_problems(handle)


def results(shown: Sequence[Json], offer: Offer) -> web.Response:
    """Results as one array, or as one part of XML each (8.6.1.2 and F.2.2)."""
    if not offer.multipart:
        headers = {"Content-Type": offer.media_type}
        return web.Response(body=orjson.dumps(shown), headers=headers)
    if not shown:
        return web.Response(status=204)  # a multipart body has at least one part
    documents = [native_xml(row) for row in shown]
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
        told.append(f"There are {found.remaining} additional results that can be requested")
    if found.ambiguous:
        told.append(
            "The PatientID is used by several institutions: add IssuerOfPatientID to say whose"
        )
    passed = [*criteria.ignored, *(keyword_of(tag) for tag in found.unmatched)]
    names = [name for name in passed if name.isascii() and name.isprintable()][:8]
    if names:
        told.append(f"These parameters were not used for matching: {', '.join(names)}")
    return told


def _shown(row: Row, levels: Sequence[str], origin: str) -> Json:
    """One result: the attributes of all its levels in ascending order."""
    lowest = levels[-1]
    found: Json = {}
    if "study" in levels:
        found |= _study(_level(row, "study", lowest), origin)
    if "series" in levels:
        found |= _series(_level(row, "series", lowest), origin, _uid_above(row, lowest))
    if lowest == "instance":
        found |= _instance(row, origin)
    return dict(sorted(found.items()))


def _level(row: Row, level: str, lowest: str) -> Row:
    """The columns of a level above the lowest, under their own names."""
    if level == lowest:
        return row
    mark = f"{level}__"
    return {k.removeprefix(mark): v for k, v in row.items() if k.startswith(mark)}


def _uid_above(row: Row, lowest: str) -> str:
    return str(row["study_uid"] if lowest == "study" else row["study__study_uid"])


def _study(row: Row, origin: str) -> Json:
    computed: Mapping[int, object] = {
        0x00080056: "ONLINE",
        0x00080061: split_modalities(row["modalities"]),
        0x00081190: f"{origin}/studies/{row['study_uid']}",
        0x00100020: row["patient_id"],
        0x00201206: row["series_count"],
        0x00201208: row["instance_count"],
    }
    return {**row["attributes"], **dicom_row(computed)}


def _series(row: Row, origin: str, study_uid: str) -> Json:
    computed: Mapping[int, object] = {
        0x00081190: f"{origin}/studies/{study_uid}/series/{row['series_uid']}",
        0x0020000D: study_uid,
        0x00201209: row["instance_count"],
    }
    return {**row["attributes"], **dicom_row(computed)}


def _instance(row: Row, origin: str) -> Json:
    values: dict[int, object] = {
        0x00080016: row["sop_class"],
        0x00080018: row["sop_uid"],
        0x00080056: "ONLINE",
        0x00081190: origin + instance_url(row).removeprefix(BASE),
        0x00083002: row["transfer_syntax"],
        0x0020000D: row["study__study_uid"],
        0x0020000E: row["series__series_uid"],
        0x00200013: row["number"],
    }
    pixels = {
        0x00280008: row["frames"] or None,
        0x00280010: row["rows"],
        0x00280011: row["columns"],
        0x00280100: row["bits_allocated"],
    }
    return dicom_row({**values, **{k: v for k, v in pixels.items() if v is not None}})
