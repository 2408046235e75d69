"""Which other origins' pages may call the DICOMweb service from a browser (the Fetch standard).

None, unless the setting `cors_origins` names them. Such a page brings a bearer token of its own:
credentials are never allowed, so a browser neither sends our cookie along nor shows an answer to
it, and what our own page may do stays with our own page.
"""

from collections.abc import Collection
from typing import Final

from aiohttp import web

_METHODS: Final = "GET, HEAD, POST, OPTIONS"
_ASKED: Final = "Accept, Authorization, Content-Type, If-None-Match, If-Range, Range"
_EXPOSED: Final = (
    "Accept-Ranges, Content-Encoding, Content-Length, Content-Location, Content-Range, ETag, "
    "Location, Retry-After, Warning"
)
_MAX_AGE: Final = "7200"


def admit(request: web.Request, response: web.StreamResponse, origins: Collection[str]) -> None:
    """Let the page that asks see the answer when its origin is one of `origins`."""
    if not origins:
        return
    headers = response.headers
    headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Origin")))
    origin = request.headers.get("Origin", "")
    if origin not in origins:
        return
    headers["Access-Control-Allow-Origin"] = origin
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        headers["Access-Control-Allow-Methods"] = _METHODS
        headers["Access-Control-Allow-Headers"] = _ASKED
        headers["Access-Control-Max-Age"] = _MAX_AGE
    else:
        headers["Access-Control-Expose-Headers"] = _EXPOSED
