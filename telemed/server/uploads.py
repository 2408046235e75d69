"""Uploads from a browser over tus 1.0.0: interrupted anywhere, continued from the last byte.

A file grows in the spool; its size on disk is the offset, so a crash cannot make the two differ.
The last PATCH is answered only when the images are durable and entered. After a restart `recover`
judges what was complete, and what was not goes on from HEAD. See tus.io/protocols/resumable-upload
for core, creation, creation-with-upload, checksum and termination.
"""

import asyncio
import base64
import binascii
import hmac
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import timedelta
from functools import partial, wraps
from pathlib import Path
from typing import Final, TypeVar

from aiohttp import web

from telemed.actions import uploads as acts
from telemed.actions.act import Act
from telemed.actions.intake import Incoming
from telemed.actions.uploads import Closed, Verdict
from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.server import case_schemas as s
from telemed.server.cases import studies_out
from telemed.server.imaging import Handler
from telemed.server.routing import Call, Route
from telemed.server.services import Services
from telemed.server.spool import Dead, Turn, begin, left_alone, size_of, spool_of, write_body
from telemed.server.stow import body_pieces
from telemed.store import studies
from telemed.store import uploads as rows
from telemed.store.blobs import make_directory, words_of_size
from telemed.store.tx import Row, Tx

log = logging.getLogger(__name__)
T = TypeVar("T")

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,termination"
CHUNK_TYPE: Final = "application/offset+octet-stream"
ABANDONED: Final = timedelta(days=7)
LOOK_SECONDS: Final = 15.0
"""A file whose server was killed while it was judged waits for another at most so long."""
_MISMATCH: Final = 460


# --- the upload as a page sees it -------------------------------------------------------------


async def create(call: Call) -> dict[str, object]:
    """A new upload."""
    wanted = call.body(s.UploadIn).request_id
    upload_id = await call.act(lambda act: acts.begin(act, wanted))
    return await call.ask(lambda act: _shown(act, upload_id, spool_of(call.services)))


async def show(call: Call) -> dict[str, object]:
    """An upload with the verdict of each file."""
    upload_id = call.path("id")
    return await call.ask(lambda act: _shown(act, upload_id, spool_of(call.services)))


def _shown(act: Act, upload_id: str, spool: Path) -> dict[str, object]:
    upload = acts.find(act, upload_id)
    files = rows.files_of(act.tx, upload_id)
    found = (
        studies.own_study(act.tx, upload["institution_id"], study_id)
        for study_id in dict.fromkeys(f["study_id"] for f in files if f["study_id"])
    )
    return {
        "id": upload_id,
        "request_id": upload["request_id"],
        "files": [_file_out(f, spool) for f in files],
        "studies": studies_out(act, [study for study in found if study is not None]),
    }


def _file_out(row: Row, spool: Path) -> dict[str, object]:
    zh, en = acts.words(row["code"])
    offset, verdict = row["size"], row["verdict"]
    if verdict == rows.UPLOADING:
        offset = size_of(spool / row["id"])
        verdict = "checking" if offset == row["size"] else verdict
    same = {k: row[k] for k in ("id", "name", "size", "code", "study_id", "parent_id")}
    return {**same, "offset": offset, "verdict": verdict, "zh": zh, "en": en}


# --- tus --------------------------------------------------------------------------------------


def _tus(call: Call, status: int, **headers: str) -> web.Response:
    told = {k.replace("_", "-"): v for k, v in headers.items()}
    told |= {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
    return web.Response(status=status, headers=told)


def _versioned(handler: Handler) -> Handler:
    """Let only clients of our tus version pass; others are told it with 412."""

    @wraps(handler)
    async def handle(call: Call) -> web.StreamResponse:
        if call.request.headers.get("Tus-Resumable") != VERSION:
            return _tus(call, 412, Tus_Version=VERSION)
        return await handler(call)

    return handle


async def options(call: Call) -> web.Response:
    """What this server speaks."""
    limit = call.services.settings.upload_max_bytes
    return _tus(
        call, 204, Tus_Version=VERSION, Tus_Extension=EXTENSIONS, Tus_Max_Size=str(limit),
        Tus_Checksum_Algorithm="sha256",
    )  # fmt: skip


@_versioned
async def announce(call: Call) -> web.StreamResponse:
    """Creation: a file of `Upload-Length` bytes; a body is its first piece."""
    upload_id = call.path("id")
    size = _number(call, "Upload-Length")
    limit = call.services.settings.upload_max_bytes
    if size > limit:
        raise Problem("too-large", limit=words_of_size(limit))
    call.services.blobs.check_space(size)
    name = _metadata(call).get("filename", "")
    row = await call.act(lambda act: acts.announce(act, upload_id, name, size))
    await asyncio.to_thread(begin, spool_of(call.services) / row["id"])
    place = f"/api/uploads/{upload_id}/files/{row['id']}"
    offset: int | None = 0
    if call.request.headers.get("Content-Type") == CHUNK_TYPE or size == 0:
        offset = await _append(call, row, 0)
    if offset is None:
        return _tus(call, _MISMATCH)
    return _tus(call, 201, Location=place, Upload_Offset=str(offset))


async def head(call: Call) -> web.Response:
    """How far a file has come: the size of what is on the disk."""
    row = await _file(call)
    offset = row["size"]
    if row["verdict"] == rows.UPLOADING:
        offset = size_of(spool_of(call.services) / row["id"])
    return _tus(call, 200, Upload_Offset=str(offset), Upload_Length=str(row["size"]))


@_versioned
async def append(call: Call) -> web.StreamResponse:
    """The next piece of a file, from exactly where it stands."""
    if call.request.headers.get("Content-Type") != CHUNK_TYPE:
        raise Problem("not-supported-media", detail=call.request.content_type)
    row = await _file(call)
    offset = await _append(call, row, _number(call, "Upload-Offset"))
    if offset is None:
        return _tus(call, _MISMATCH)
    return _tus(call, 204, Upload_Offset=str(offset))


@_versioned
async def remove(call: Call) -> web.StreamResponse:
    """Termination: give up a file that was not finished."""
    row = await _file(call)
    if row["verdict"] == rows.UPLOADING:
        path = spool_of(call.services) / row["id"]
        async with Turn(call.request, path):
            await call.act(lambda act: rows.forget(act.tx, row["id"]))
            path.unlink(missing_ok=True)
    return _tus(call, 204)


async def _file(call: Call) -> Row:
    upload_id, file_id = call.path("id"), call.path("file_id")
    return await call.ask(lambda act: acts.find_file(act, upload_id, file_id))


def _number(call: Call, header: str) -> int:
    text = call.request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem("invalid", detail=header)
    return int(text)


def _metadata(call: Call) -> dict[str, str]:
    """Upload-Metadata: keys with base64 values; what cannot be read is left out."""
    found = {}
    for pair in call.request.headers.get("Upload-Metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        with suppress(binascii.Error, ValueError):
            found[key] = base64.b64decode(value, validate=True).decode("utf-8", "replace")
    return found


# --- bytes ------------------------------------------------------------------------------------


async def _append(call: Call, announced: Row, offset: int) -> int | None:
    """Append the body at `offset`; the new offset, or None when its checksum was wrong.

    When the file is whole it is judged and entered before this returns, in the same turn: a
    client that asks again meanwhile waits, and then meets the verdict.
    """
    if announced["verdict"] != rows.UPLOADING:
        return _same_offset(offset, announced["size"])
    path = spool_of(call.services) / announced["id"]
    async with Turn(call.request, path):
        upload_id, file_id = announced["upload_id"], announced["id"]
        row = await call.ask(lambda act: acts.find_file(act, upload_id, file_id))
        if row["verdict"] != rows.UPLOADING:
            path.unlink(missing_ok=True)  # judged while we waited; the turn has made it anew
            return _same_offset(offset, row["size"])
        _same_offset(offset, size_of(path))
        checksum = _checksum(call)
        try:
            digest = await write_body(body_pieces(call), path, row["size"] - offset)
        except Dead:
            await _judge_now(call.services, row, Verdict("refused", "write-failed"))
            raise Problem("unavailable") from None
        except Exception:
            # The line broke. A piece that was to be checked is not kept; but if it brought the
            # last byte, nobody will send another, and the file is judged for HEAD to be true.
            await (_take_back(path, offset) if checksum else _finish_if_whole(call, row, path))
            raise
        if checksum is not None and not hmac.compare_digest(digest, checksum):
            await _take_back(path, offset)
            return None
        reached = size_of(path)
        await _finish_if_whole(call, row, path)
        return reached


async def _take_back(path: Path, offset: int) -> None:
    await asyncio.to_thread(os.truncate, path, offset)


async def _finish_if_whole(call: Call, row: Row, path: Path) -> None:
    if size_of(path) == row["size"]:
        await finish(call.services, row)


def _same_offset(told: int, expected: int) -> int:
    if told != expected:
        raise Problem("upload-offset", expected=expected)
    return expected


def _checksum(call: Call) -> bytes | None:
    """The digest of an Upload-Checksum header, None without one."""
    header = call.request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm != "sha256":
        raise Problem("invalid", detail="Upload-Checksum: sha256")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Problem("invalid", detail="Upload-Checksum") from None


# --- a whole file -----------------------------------------------------------------------------


async def finish(services: Services, row: Row) -> Verdict:
    """Judge a whole spool file, enter what it holds, then let the spool file go."""
    path = spool_of(services) / row["id"]
    try:
        if await asyncio.to_thread(acts.is_archive, path):
            verdict = await _expand(services, row, path)
        else:
            found = await services.in_thread(lambda p: acts.judge(p, row["name"]), path)
            if isinstance(found, Incoming):
                await services.put(path, found.blob.key)
            verdict = await _act(services, row, lambda act: acts.enter(act, row, found))
    except OSError:
        # It could not be read, or its flush failed: the sender is asked for it again.
        log.exception("upload: a whole file was lost on the disk")
        verdict = await _judge_now(services, row, Verdict("refused", "write-failed"))
    path.unlink(missing_ok=True)
    return verdict


async def _expand(services: Services, row: Row, path: Path) -> Verdict:
    """Enter an archive's members batch by batch; beginning again after a crash is harmless."""
    await _act(services, row, lambda act: rows.forget_members(act.tx, row["id"]))
    limit = services.settings.upload_max_bytes
    code, listed = None, 0
    with closing(acts.members(services.blobs, path, limit)) as batches:  # type: ignore[type-var]
        try:
            while batch := await services.in_thread(partial(next, batches), None):
                listed = await _act(
                    services, row, partial(acts.enter_members, row=row, batch=batch, listed=listed)
                )
        except Closed as closed:
            code = closed.code
    return await _act(services, row, lambda act: acts.close_archive(act, row, code))


async def _judge_now(services: Services, row: Row, verdict: Verdict) -> Verdict:
    return await _act(services, row, lambda act: acts.enter(act, row, verdict))


async def _act(services: Services, row: Row, do: Callable[[Act], T]) -> T:
    return await services.act(acts.sender(row), do)


async def recover(services: Services) -> int:
    """Judge the files that were whole when a process ended; how many there were.

    A file that some process has its turn at is left to it.
    """
    spool = spool_of(services)
    await asyncio.to_thread(make_directory, spool)
    unfinished = await services.store.read(rows.unfinished)
    whole = await asyncio.to_thread(
        lambda: [row for row in unfinished if size_of(spool / row["id"]) == row["size"]]
    )
    judged = 0
    for row in whole:
        with left_alone(spool / row["id"]) as ours:
            if ours and await services.store.read(partial(_is_open, row)):
                judged += 1
                if not await _take_in(services, row):
                    break
    return judged


def _is_open(row: Row, tx: Tx) -> bool:
    return rows.known(tx, [row["id"]]).get(row["id"]) == rows.UPLOADING


async def _take_in(services: Services, row: Row) -> bool:
    """Finish a whole file; False when images cannot be kept now, so the next is not tried."""
    try:
        await finish(services, row)
    except Problem as problem:
        log.error("upload: a whole file was not taken in: %s", problem.code)
        return problem.code != "unavailable"
    return True


async def watch(services: Services) -> None:
    """Look now and then for whole files that nobody judged.

    Their server was killed, or the place of images was away when their last byte came.
    """
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await recover(services)
        except Exception:
            log.exception("the look at the spool stumbled")


async def sweep(services: Services) -> int:
    """Remove what nobody went on with for seven days, and spool files without a row.

    A whole file is not given up: it waits for us.
    """
    before = services.clock() - ABANDONED
    spool = spool_of(services)
    stale = await services.store.read(lambda tx: rows.unfinished(tx, before))
    gone = [
        row
        for row in stale
        if _untouched_since(spool / row["id"], before.timestamp())
        and size_of(spool / row["id"]) < row["size"]
    ]
    for row in gone:
        await _judge_now(services, row, Verdict("refused", "abandoned"))
        (spool / row["id"]).unlink(missing_ok=True)
    names = [p.name for p in spool.iterdir()] if spool.is_dir() else []
    known = await services.store.read(lambda tx: _open_files(tx, names))
    for name in set(names) - known:
        if _untouched_since(spool / name, before.timestamp()):
            (spool / name).unlink(missing_ok=True)
    return len(gone)


def _open_files(tx: Tx, names: list[str]) -> set[str]:
    found: Mapping[str, str] = rows.known(tx, names)
    return {name for name, verdict in found.items() if verdict == rows.UPLOADING}


def _untouched_since(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return True


_P = Permission.STORE_STUDIES
_ONE = "/api/uploads/{id}"
_FILES = f"{_ONE}/files"
_FILE = f"{_FILES}/{{file_id}}"

UPLOAD_ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/uploads", create, _P, "Begin an upload",
          body=s.UploadIn, returns=s.UploadOut, created=True),
    Route("GET", _ONE, show, _P, "Verdicts of an upload", returns=s.UploadOut),
    Route("OPTIONS", _FILES, options, _P, "What tus is spoken here", media=CHUNK_TYPE),
    Route("POST", _FILES, announce, _P, "Announce a file (tus creation)", media=CHUNK_TYPE),
    Route("HEAD", _FILE, head, _P, "How far a file has come (tus)", media=CHUNK_TYPE),
    Route("PATCH", _FILE, append, _P, "The next bytes of a file (tus)", media=CHUNK_TYPE),
    Route("DELETE", _FILE, remove, _P, "Give up a file (tus)", media=CHUNK_TYPE),
)  # fmt: skip
