"""A route is a row: method, path, handler, the permission it asks for, its bodies.

The table feeds the server, the OpenAPI document, the access matrix test and the docs. What is not
in the table does not exist.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import orjson
from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from telemed.actions.act import Act
from telemed.core.access import Permission, Subject
from telemed.core.errors import Problem
from telemed.server.services import Begun, Services

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
MAX_JSON = 1 << 20

SERVICES = web.AppKey("services", Services)


class Call:
    """One call of one route: who asks, with what, and the way to act on it."""

    def __init__(
        self, request: web.Request, services: Services, subject: Subject, body: Any, query: Any
    ) -> None:
        self.request = request
        self.services = services
        self.subject = subject
        self._body = body
        self._query = query

    def path(self, name: str) -> str:
        """A path parameter."""
        return self.request.match_info[name]

    def body(self, model: type[M]) -> M:
        """The body, already parsed to the model the route names."""
        return cast(M, self._body)

    def query(self, model: type[M]) -> M:
        """The query, already parsed to the model the route names."""
        return cast(M, self._query)

    @property
    def address(self) -> str:
        """The caller's address for the audit."""
        return client_address(self.request)

    async def act(self, do: Callable[[Act], T], *, quiet: bool = False) -> T:
        """Run an action in a durable transaction, then ring the bell; see `Services.act`."""
        return await self.services.act(self.subject, do, self.address, quiet=quiet)

    async def step(self, do: Callable[[Act, str], object], show: Callable[[Act, str], T]) -> T:
        """Take a step on the object of the path, then show it.

        It is read after the commit: making up an answer takes longer than most steps, and whoever
        writes next, or is told of the step, waits for none of it. Not for an autosave, whose answer
        must carry the version that this very call made.
        """
        key = self.path("id")
        await self.act(lambda act: do(act, key))
        return await self.ask(lambda act: show(act, key))

    def begin(self, do: Callable[[Act], T]) -> Begun[T]:
        """Begin an action from any thread; see `Services.begin`."""
        return self.services.begin(self.subject, do, self.address)

    async def ask(self, do: Callable[[Act], T]) -> T:
        """Run a question in a read transaction."""
        return await self.services.ask(self.subject, do, self.address)

    async def glance(self, do: Callable[[Act], T]) -> T:
        """`ask` for a few look-ups by key."""
        make = self.services.make_act
        return await self.services.store.glance(lambda tx: do(make(tx, self.subject, self.address)))


def client_address(request: web.Request) -> str:
    """Where a call came from: the peer, or what a trusted proxy says is behind it.

    X-Forwarded-For counts from the right and only as far as proxies of ours wrote it; from
    anybody else it is ignored (IN-07).
    """
    trusted = request.app[SERVICES].settings.trusted_proxies
    hops = [h.strip() for h in request.headers.get("X-Forwarded-For", "").split(",") if h.strip()]
    address = request.remote or ""
    while address in trusted and hops:
        address = hops.pop()
    return address[:64]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the API.

    `permission` None is public. `body`/`query` are parsed and forbidden to carry more; `returns`
    None means the handler makes its own response (files, streams).
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Any]]
    permission: Permission | None
    summary: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    returns: Any = None
    media: str | None = None
    """Content type of a file answer, for the document."""
    takes: tuple[str, ...] = ()
    """Media types of a body that is no model, for the capabilities."""
    gives: tuple[str, ...] = ()
    """Media types an answer may have besides `media`, for the capabilities."""
    created: bool = False
    """Whether success is 201."""
    csrf: bool = True
    """Whether an unsafe call with a cookie must carry the CSRF header."""


def to_json(value: Any, adapter: TypeAdapter[Any]) -> bytes:
    """Validate what goes out against the contract and encode it."""
    return orjson.dumps(
        adapter.dump_python(adapter.validate_python(value), mode="python"),
        option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS,
    )


async def read_body(request: web.Request, model: type[BaseModel]) -> BaseModel:
    """The JSON body as the model; bounded, JSON content type only (AU-06)."""
    if request.content_type != "application/json":
        raise Problem("not-supported-media", detail=request.content_type)
    if (request.content_length or 0) > MAX_JSON:
        raise Problem("too-large", limit="1 MB")
    raw = await request.content.read(MAX_JSON + 1)
    while len(raw) <= MAX_JSON and not request.content.at_eof():
        raw += await request.content.read(MAX_JSON + 1 - len(raw))
    if len(raw) > MAX_JSON:
        raise Problem("too-large", limit="1 MB")
    if _NUL.search(raw):
        raise Problem("invalid", detail="\\u0000")
    return model.model_validate_json(raw)


_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped NUL, which PostgreSQL keeps in no text; bare it is no JSON."""


def read_query(request: web.Request, model: type[BaseModel]) -> BaseModel:
    """The query string as the model; a repeated key is refused."""
    keys = list(request.query.keys())
    if len(keys) != len(set(keys)):
        raise Problem("invalid", detail="repeated query key")
    return model.model_validate(dict(request.query))
