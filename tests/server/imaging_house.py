"""A running server with images: four institutions, their people's tokens, real HTTP."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import sqlalchemy as sa
from aiohttp import ClientResponse, ClientSession, web

from telemed.assemble import clock, open_services, open_store
from telemed.server import uploads
from telemed.server.app import make_app
from telemed.server.services import Services
from telemed.settings import Settings
from telemed.store import tables as t
from telemed.store.tx import Tx
from tests.services import free_port
from tests.store.rows import AREAS, account_row, add_agreement, add_network, add_request

ROLES = {
    "technician": ["technician", "requester"],
    "reader": ["reader"],
    "regulator": ["regulator"],
    "system": ["system_admin"],
}
FAR = 400 * 24 * 3600


@dataclass
class Reply:
    """An answer with its body already read."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class House:
    """The server and what a test may look at behind it."""

    services: Services
    base: str
    http: ClientSession

    async def call(
        self, who: str, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> Reply:
        """A call with the token of somebody, e.g. 'tiandong-technician'."""
        ours = {"Authorization": f"Bearer {token(who)}", **(headers or {})}
        response: ClientResponse
        async with self.http.request(method, self.base + path, headers=ours, **more) as response:
            return Reply(response.status, response.headers, await response.read())

    async def get(self, who: str, path: str, accept: str | None = None, **more: Any) -> Reply:
        """GET with an Accept header, or with none at all."""
        headers = {"Accept": accept} if accept else {}
        skip = None if accept else {"Accept"}
        return await self.call(who, "GET", path, headers, skip_auto_headers=skip, **more)

    async def store(self, who: str, *files: bytes, study: str = "", cut: int = 0) -> Reply:
        """STOW-RS with a multipart body, optionally cut short by some bytes."""
        body = multipart_body(*files)
        kind = 'multipart/related; type="application/dicom"; boundary=stowed'
        path = "/dicom-web/studies" + (f"/{study}" if study else "")
        data = BytesIO(body[: len(body) - cut] if cut else body)
        return await self.call(who, "POST", path, {"Content-Type": kind}, data=data)

    async def rows(self, table: sa.Table) -> list[Any]:
        """All rows of a table."""
        return await self.services.store.read(lambda tx: tx.all(sa.select(table)))

    async def write(self, do: Any) -> Any:
        """Change the database behind the server's back."""
        return await self.services.store.write(do)

    def temporary(self) -> list[Path]:
        """What writers have not cleaned up."""
        return list((self.services.settings.data_dir / "blobs" / "tmp").iterdir())

    async def open_case(self, study_uid: str = "2.25.1", state: str = "open") -> str:
        """A case of tiandong for hub that shows a study; its id."""

        def link(tx: Tx) -> str:
            query = sa.select(t.studies.c.id).where(
                t.studies.c.study_uid == study_uid, t.studies.c.institution_id == "tiandong"
            )
            key = f"case-{study_uid}"
            add_request(tx, key, "tiandong", "hub", state, "tiandong-hub-now")
            link = {"request_id": key, "study_id": tx.scalar(query), "role": "current"}
            tx.insert(t.request_studies, link)
            return key

        return str(await self.write(link))


def token(who: str) -> str:
    """The machine token of somebody."""
    return f"token-of-{who}"


def multipart_body(*files: bytes) -> bytes:
    """A multipart/related body of files with the boundary `stowed`."""
    head = b"--stowed\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + file + b"\r\n" for file in files) + b"--stowed--\r\n"


@cache
def _furnished() -> bytes:
    """A migrated SQLite database with everybody in it, made once: a house begins with a copy."""
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        store = open_store(settings)
        store.write_now(_people)
        store.close()
        return (settings.data_dir / "telemed.sqlite3").read_bytes()


def _people(tx: Tx) -> None:
    add_network(tx)
    now = clock()
    for requester in ("tiandong", "tiane"):
        add_agreement(tx, f"{requester}-hub-now", requester, "hub", now + timedelta(days=30))
    for home in AREAS:
        for name, roles in ROLES.items():
            who = f"{home}-{name}"
            region = {"region": "45"} if name == "regulator" else {}
            place = None if name in ("regulator", "system") else home
            tx.insert(t.accounts, {**account_row(who, place), "roles": roles, **region})
            tx.insert(
                t.tokens,
                {"token_hash": hashlib.sha256(token(who).encode()).hexdigest(), "id": who,
                 "account_id": who, "label": who, "created_at": now,
                 "expires_at": now + timedelta(seconds=FAR)},
            )  # fmt: skip


@asynccontextmanager
async def house_at(folder: Path, **settings: Any) -> AsyncIterator[House]:
    """A house in a folder; a second one in the same folder is the same server restarted."""
    port = free_port()
    told = Settings(data_dir=folder, port=port, free_space_reserve_bytes=0, **settings)
    file = folder / "telemed.sqlite3"
    if not told.database_url and not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_furnished())
    services = open_services(told)
    known = await services.store.read(lambda tx: tx.scalar(sa.select(t.tokens.c.id)))
    if known is None:
        await services.store.write(_people)
    await uploads.recover(services)
    # As `server.app.serve` does: a handler whose client leaves runs to its end.
    server = web.AppRunner(
        make_app(services), handler_cancellation=False, auto_decompress=False, shutdown_timeout=1
    )
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", port).start()
    async with ClientSession() as http:
        try:
            yield House(services, f"http://127.0.0.1:{port}", http)
        finally:
            await http.close()
            await server.cleanup()
            await services.renderer.aclose()
            services.threads.shutdown()
            services.store.close()
