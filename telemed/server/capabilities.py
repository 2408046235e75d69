"""What the DICOMweb service can do, told by OPTIONS (PS3.18 8.9) from its own route table.

The service base answers with all of it, as WADL or as the same tree in JSON; any other path with
the methods it knows. Nothing here depends on who asks or on what is stored, so nobody is asked to
sign in, and a browser's preflight, which carries no token, is answered by the same routes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

import orjson
from aiohttp import web

from telemed.dicom.media import JSON, Offer
from telemed.server.imaging import BASE, in_problems, wish
from telemed.server.routing import Call, Route

WADL: Final = "application/vnd.sun.wadl+xml"
_OFFERS: Final = (Offer(WADL), Offer(JSON))
_NAMESPACE: Final = "http://wadl.dev.java.net/2009/02"
_NAME: Final = re.compile(r"{(\w+)(?::[^}]*)?}")

Tree = dict[str, Any]


def capabilities(routes: Sequence[Route]) -> Tree:
    """The resources under the base with their methods and media types, in the table's order."""
    found: dict[str, list[Route]] = {}
    for route in routes:
        found.setdefault(_NAME.sub(r"{\1}", route.path), []).append(route)
    return {
        "resources": [
            {
                "path": path.removeprefix(BASE).lstrip("/"),
                "params": _NAME.findall(path),
                "methods": [_method(route) for route in rows],
            }
            for path, rows in found.items()
        ]
    }


def _method(route: Route) -> Tree:
    return {
        "name": route.method,
        "summary": route.summary,
        "consumes": list(route.takes),
        "produces": list(dict.fromkeys((*route.gives, *filter(None, [route.media])))),
    }


def as_wadl(tree: Mapping[str, Any], base: str) -> bytes:
    """The tree as a WADL document (PS3.18 annex H names the form)."""
    root = ET.Element("application", xmlns=_NAMESPACE)
    resources = ET.SubElement(root, "resources", base=base)
    for row in tree["resources"]:
        resource = ET.SubElement(resources, "resource", path=row["path"])
        for name in row["params"]:
            ET.SubElement(resource, "param", name=name, style="template")
        for told in row["methods"]:
            method = ET.SubElement(resource, "method", name=told["name"])
            ET.SubElement(method, "doc", title=told["summary"])
            _representations(ET.SubElement(method, "request"), told["consumes"])
            _representations(ET.SubElement(method, "response"), told["produces"])
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _representations(parent: ET.Element, types: Iterable[str]) -> None:
    for media_type in types:
        ET.SubElement(parent, "representation", mediaType=media_type)


def teller(routes: Sequence[Route]) -> Any:
    """The handler of OPTIONS on the service base."""
    tree = capabilities(routes)

    async def tell(call: Call) -> web.StreamResponse:
        offer = wish(call, _OFFERS)
        base = call.services.settings.origin + BASE
        body = as_wadl(tree, base) if offer.media_type == WADL else orjson.dumps(tree)
        headers = {"Content-Type": offer.media_type, "Allow": "OPTIONS", "Vary": "Accept"}
        return web.Response(body=body, headers=headers)

    return in_problems(tell)


async def methods(call: Call) -> web.StreamResponse:
    """The methods that the path knows, as OPTIONS of RFC 9110 9.3.7 tells them."""
    asked = call.request.clone(method="TRACE")  # a method that no row has
    fault = (await call.request.app.router.resolve(asked)).http_exception
    allowed = fault.headers["Allow"] if isinstance(fault, web.HTTPMethodNotAllowed) else "OPTIONS"
    return web.Response(status=204, headers={"Allow": allowed})
