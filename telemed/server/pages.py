"""Files for the browser: the web client at /, OHIF at /viewer/, the API's page at /api/docs.

An index of the files is made at start; a request is looked up in it and never becomes a path
(IN-04). Hashed names are cached for ever, the rest revalidated by content hash. Ready-made .br
and .gz siblings are sent where the browser takes them.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

import orjson
from aiohttp import web

from telemed.core.errors import Problem
from telemed.server.openapi import docs_page, document
from telemed.server.problems import problem_response
from telemed.server.routing import SERVICES

_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
_TEXT = ("text/", "application/json", "application/manifest+json")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

CSP_APP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; "
    "frame-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'; manifest-src 'self'; media-src 'self'"
)
CSP_VIEWER = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self' blob: data:; "
    "worker-src 'self' blob:; object-src 'self'; frame-src 'self'; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'self'; manifest-src 'self'; media-src 'self' blob:"
)
CSP_VIEWER_WORKER = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'; "
    "connect-src 'self' data: blob:"
)
CSP_DATA = "default-src 'none'; sandbox; frame-ancestors 'self'; style-src 'unsafe-inline'"
CSP_PDF = (
    "default-src 'none'; object-src 'self'; plugin-types application/pdf; frame-ancestors 'self'"
)


def csp_for(path: str) -> str:
    """The policy of a path; data answers get none of a page's powers."""
    if path.startswith("/viewer/"):
        return CSP_VIEWER
    if path.startswith("/api/docs"):
        return CSP_APP
    if path.endswith((".pdf", "/rendered")):
        return CSP_PDF
    if path.startswith(("/api/", "/dicom-web/")):
        return CSP_DATA
    return CSP_APP


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it may be sent: content by encoding, type, tag and how long to keep it."""

    files: dict[str, Path]
    media: str
    etag: str
    forever: bool
    csp: str


class Assets:
    """The files below a folder, by the path a browser asks for.

    A rebuild is noticed by its new index.html, so that a server need not be restarted for it.
    """

    def __init__(self, root: Path, forever_below: str, workers: frozenset[str], csp: str) -> None:
        self._root, self._forever_below = root, forever_below
        self._workers, self._csp = workers, csp
        self._stamp: int | None = None
        self._assets: dict[str, Asset] = {}

    def get(self, name: str) -> Asset | None:
        """The file of that name, or None."""
        stamp = self._built_at()
        if stamp != self._stamp:
            self._assets, self._stamp = self._index(), stamp
        return self._assets.get(name)

    def _built_at(self) -> int | None:
        try:
            return (self._root / "index.html").stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def _index(self) -> dict[str, Asset]:
        return {
            path.relative_to(self._root).as_posix(): _asset(
                self._root, path, self._forever_below, self._workers, self._csp
            )
            for path in sorted(self._root.rglob("*"))
            if path.is_file() and path.suffix not in (".br", ".gz", ".map")
        }


def _asset(root: Path, path: Path, forever_below: str, workers: frozenset[str], csp: str) -> Asset:
    name = path.relative_to(root).as_posix()
    media = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    files = {"identity": path}
    for encoding, suffix in _ENCODINGS:
        sibling = path.with_name(path.name + suffix)
        if sibling.is_file():
            files[encoding] = sibling
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:20]
    policy = CSP_VIEWER_WORKER if name in workers else csp
    return Asset(
        files, media, digest, bool(forever_below) and name.startswith(forever_below), policy
    )


def send(request: web.Request, asset: Asset) -> web.StreamResponse:
    """The file in the best encoding the browser takes, or 304."""
    accepted = request.headers.get("Accept-Encoding", "")
    encoding = next((e for e, _ in _ENCODINGS if e in accepted and e in asset.files), "identity")
    headers = {
        "Content-Type": f"{asset.media}; charset=utf-8"
        if asset.media.startswith(_TEXT)
        else asset.media,
        "Cache-Control": "public, max-age=31536000, immutable" if asset.forever else "no-cache",
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": asset.csp,
    }
    tag = f'"{asset.etag}-{encoding}"'
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={**headers, "ETag": tag})
    if encoding != "identity":
        headers["Content-Encoding"] = encoding
    # Read whole: the largest file is a few megabytes and this keeps FileResponse's own
    # negotiation of .gz siblings and its weak tags out of the way.
    return web.Response(body=asset.files[encoding].read_bytes(), headers={**headers, "ETag": tag})


CLIENT = web.AppKey("client", Assets)
VIEWER = web.AppKey("viewer", Assets)


async def client(request: web.Request) -> web.StreamResponse:
    """The web client; a path that is no file is a page of it."""
    name = request.match_info["name"]
    assets = request.app[CLIENT]
    found = assets.get(name) if name else None
    if found is None and (name.startswith("assets/") or name.startswith("api/")):
        return problem_response(Problem("not-found"))
    page = found or assets.get("index.html")
    if page is None:
        return web.Response(status=503, text="The web client is not built. Run: make web\n")
    return send(request, page)


async def viewer(request: web.Request) -> web.StreamResponse:
    """OHIF; a path that is no file is a page of it."""
    name = request.match_info["name"]
    assets = request.app[VIEWER]
    page = assets.get(name) or (
        None if "." in name.rsplit("/", 1)[-1] else assets.get("index.html")
    )
    if page is None:
        return problem_response(Problem("not-found"))
    return send(request, page)


async def openapi(request: web.Request) -> web.StreamResponse:
    """GET /api/openapi.json."""
    return web.Response(body=orjson.dumps(document()), content_type="application/json")


async def docs(request: web.Request) -> web.StreamResponse:
    """GET /api/docs: the document as a page, without any script."""
    return web.Response(body=docs_page().encode(), content_type="text/html", charset="utf-8")


def add(app: web.Application) -> None:
    """Index the files and attach the routes."""
    settings = app[SERVICES].settings
    app[CLIENT] = Assets(settings.web_dir, "assets/", frozenset(), CSP_APP)
    app[VIEWER] = Assets(settings.viewer_dir, "", _workers(settings.viewer_dir), CSP_VIEWER)
    app.router.add_get("/api/openapi.json", openapi)
    app.router.add_get("/api/docs", docs)
    app.router.add_get("/viewer/{name:.*}", viewer)
    app.router.add_get("/{name:.*}", client)


def _workers(root: Path) -> frozenset[str]:
    """Worker scripts that need the relaxed policy: the viewer's build lists them."""
    manifest = root / "manifest.json"
    if not manifest.is_file():
        return frozenset()
    return frozenset(orjson.loads(manifest.read_bytes()).get("workers", []))
