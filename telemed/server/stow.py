"""STOW-RS: instances come in over HTTP (PS3.18 10.5).

The body is written to temporary files with a count of every byte; nothing of a body that is
malformed or cut short is kept. Each whole file is then judged by itself: the good ones are entered,
the others are named with a reason (Annex I). A client that leaves in the middle leaves nothing.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from telemed.actions.intake import Incoming, Outcome, prepare, store_instances
from telemed.actions.studies import with_synthetic_patient
from telemed.core.errors import Problem
from telemed.dicom.media import DICOM, STORE_OFFERS
from telemed.dicom.multipart import (
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    media_type_of,
)
from telemed.dicom.refusal import Refused
from telemed.dicom.scan import claimed_identity, valid_uid
from telemed.server.imaging import BASE, Pieces, in_problems, wish
from telemed.server.routing import Call
from telemed.server.store_answer import (
    COERCED,
    NOT_UNDERSTOOD,
    WRONG_STUDY,
    Failure,
    Settled,
    answer,
    failure_of,
)
from telemed.server.stow_metadata import METADATA, receive_metadata
from telemed.store.blobs import BlobWriter, words_of_size

BATCH: Final = 200
PIECE: Final = 1 << 20
AT_ONCE: Final = 8
_PART_TYPES: Final = ("", DICOM, "application/octet-stream")
Received = list[BlobWriter | Failure]
Unwritten = Sequence[tuple[BlobWriter, bytes | None]]
"""Pieces in order that are not in their files yet; None ends a file."""


@in_problems
async def store(call: Call) -> web.StreamResponse:
    """Store the instances of the body under the caller's institution."""
    institution = call.subject.own_institution
    study_uid = call.request.match_info.get("study")
    if study_uid is not None and not valid_uid(study_uid):
        raise Problem("invalid", detail="StudyInstanceUID")
    offer = wish(call, STORE_OFFERS)
    with ExitStack() as files:
        parts, unwritten = await _receive(call, files)
        if not parts:
            raise Problem("invalid", detail="no parts")
        if len(parts) <= AT_ONCE:  # it holds little, and does not wait behind a CT
            settled, failures = await _entered(call, institution, parts, unwritten, study_uid)
        else:
            await call.services.in_far_thread(_write, unwritten)
            unwritten = ()
            async with call.services.large_stores:
                settled, failures = await _entered(call, institution, parts, (), study_uid)
    return answer(settled, failures, call.services.settings.origin + BASE, offer)


async def _entered(
    call: Call, institution: str, parts: Received, unwritten: Unwritten, study_uid: str | None
) -> tuple[list[Settled], list[Failure]]:
    """Judge the parts, keep and enter the good ones; what became of each."""
    judged = await _judge_all(call, parts, unwritten, study_uid)
    incoming = [one for one in judged if isinstance(one, Incoming)]
    outcomes: list[Outcome] = []
    for start in range(0, len(incoming), BATCH):
        batch = incoming[start : start + BATCH]
        outcomes += await call.act(
            lambda act, batch=batch: store_instances(act, institution, batch),  # type: ignore[misc]
            quiet=True,
        )
    failures = [one for one in judged if isinstance(one, Failure)]
    return await _settled(call, incoming, outcomes), failures


async def _settled(
    call: Call, incoming: Sequence[Incoming], outcomes: Sequence[Outcome]
) -> list[Settled]:
    """Outcomes with what is to be warned of; files that name no patient may have got one."""
    pairs = list(zip(incoming, outcomes, strict=True))
    named: set[str] = set()
    if nameless := {o.study_id for i, o in pairs if not i.summary.patient_id and o.study_id}:
        named = await call.ask(lambda act: with_synthetic_patient(act, nameless))
    return [
        Settled(o, (COERCED, *i.summary.notes))
        if not i.summary.patient_id and o.study_id in named
        else Settled(o, i.summary.notes)
        for i, o in pairs
    ]


# --- receiving --------------------------------------------------------------------------------


async def _receive(call: Call, files: ExitStack) -> tuple[Received, Unwritten]:
    """The parts of the body as temporary files that live as long as `files`, and what is still to
    be written to them: the last piece, and so all of a small body."""
    _check_headers(call)
    kind, parameters = media_type_of(call.request.headers.get("Content-Type", ""))
    desk = _Desk(call, files)
    if kind == DICOM:
        await desk.take(PartBegin(1, {}))
        async for piece in body_pieces(call):
            await desk.take(PartData(piece))
        await desk.take(PartEnd(1))
        return desk.parts, desk.held
    root = parameters.get("type", DICOM).lower()
    if kind != "multipart/related" or root not in (DICOM, *METADATA):
        raise Problem("not-supported-media", detail=kind[:80] or "-")
    reader = MultipartReader(parameters.get("boundary", ""))
    if root != DICOM:
        return await receive_metadata(call, files, root, reader, body_pieces(call)), ()
    async for piece in body_pieces(call):
        for event in reader.feed(piece):
            await desk.take(event)
    reader.finish()
    return desk.parts, desk.held


class _Desk:
    """Writes parts to temporary files as they come, so many bytes at once that a thread pays."""

    def __init__(self, call: Call, files: ExitStack) -> None:
        self.parts: Received = []
        self.held: list[tuple[BlobWriter, bytes | None]] = []
        self._blobs = call.services.blobs
        self._limit = call.services.settings.upload_max_bytes
        self._files = files
        self._writer: BlobWriter | None = None
        self._bytes = 0

    async def take(self, event: PartBegin | PartData | PartEnd) -> None:
        """Follow one event of the reader."""
        match event:
            case PartBegin():
                kind = media_type_of(event.headers.get("content-type", ""))[0]
                self._writer = None
                if kind in _PART_TYPES:
                    self._writer = self._files.enter_context(self._blobs.writer(self._limit))
                self.parts.append(self._writer or Failure(NOT_UNDERSTOOD))
            case PartData():
                if self._writer is not None:
                    self.held.append((self._writer, event.data))
                    self._bytes += len(event.data)
                    if self._bytes >= PIECE:
                        await self._flush()
            case PartEnd():
                if self._writer is not None:
                    self.held.append((self._writer, None))
                    if len(self.held) >= BATCH:
                        await self._flush()

    async def _flush(self) -> None:
        held, self.held, self._bytes = self.held, [], 0
        await asyncio.to_thread(_write, held)


def _write(held: Unwritten) -> None:
    for writer, piece in held:
        if piece is None:
            writer.seal()
        else:
            writer.write(piece)


def _check_headers(call: Call) -> None:
    """What can be said before a byte is read: coding, size, room on the disk."""
    encoding = call.request.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise Problem("not-supported-media", detail=f"Content-Encoding {encoding[:40]}")
    limit = call.services.settings.upload_max_bytes
    announced = call.request.content_length or 0
    if announced > limit:
        raise Problem("too-large", limit=words_of_size(limit))
    call.services.blobs.check_space(announced)


async def body_pieces(call: Call) -> Pieces:
    """The request body in pieces, counted; a body over the limit or cut short is a problem."""
    limit = call.services.settings.upload_max_bytes
    taken = checked = 0
    try:
        async for piece in call.request.content.iter_any():
            taken += len(piece)
            if taken > limit:
                raise Problem("too-large", limit=words_of_size(limit))
            if taken - checked > 64 * PIECE:
                call.services.blobs.check_space(0)
                checked = taken
            yield piece
    except (ClientPayloadError, web.RequestPayloadError, HttpProcessingError) as fault:
        raise Problem("invalid", detail="the body ended early") from fault


async def _judge_all(
    call: Call, parts: Received, unwritten: Unwritten, study_uid: str | None
) -> list[Incoming | Failure]:
    """The parts in order, some at a time: while some are being kept the next are looked into.

    What fits into one go is written, judged and kept in one: waking threads costs more than it.
    """
    services = call.services

    def judge(some: Received) -> list[Incoming | Failure]:
        return [_judge(part, study_uid) for part in some]

    def all_at_once(parts: Received) -> list[Incoming | Failure]:
        _write(unwritten)
        judged = judge(parts)
        services.blobs.put_files(_sound(parts, judged))
        return judged

    if len(parts) <= AT_ONCE:
        return await services.in_far_thread(all_at_once, parts)
    judged: list[Incoming | Failure] = []
    keeping: list[asyncio.Future[None]] = []
    try:
        for start in range(0, len(parts), AT_ONCE):
            some = parts[start : start + AT_ONCE]
            judged += (found := await services.in_thread(judge, some))
            keeping.append(asyncio.ensure_future(services.put_all(_sound(some, found))))
    finally:
        # All are waited for also when one fails: their files go when this returns.
        kept = await asyncio.gather(*keeping, return_exceptions=True)
    for fault in kept:
        if isinstance(fault, BaseException):
            raise fault
    return judged


def _sound(parts: Received, judged: Sequence[Incoming | Failure]) -> list[tuple[Path, str]]:
    """The files to keep and their hashes."""
    return [
        (part.path, part.key)
        for part, one in zip(parts, judged, strict=True)
        if isinstance(part, BlobWriter) and isinstance(one, Incoming)
    ]


def _judge(part: BlobWriter | Failure, study_uid: str | None) -> Incoming | Failure:
    """One part: what may be entered once it is durable, or why not. Blocks."""
    if isinstance(part, Failure):
        return part
    found = prepare(part.path, part.key)
    if isinstance(found, Refused):
        return failure_of(found, claimed_identity(part.path))
    summary = found.summary
    if study_uid is not None and summary.study_uid != study_uid:
        return Failure(WRONG_STUDY, summary.sop_class_uid, summary.sop_instance_uid)
    return found
