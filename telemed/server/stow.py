"""STOW-RS: instances come in over HTTP (PS3.18 10.5).

Every byte of the body is counted; a small one stays in memory, a larger one goes to temporary
files, and nothing of one that is malformed or cut short is kept. Each whole file is then judged by
itself: the good ones are entered, the others are named with a reason (Annex I). A client that
leaves in the middle leaves nothing.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from telemed.actions.act import Act
from telemed.actions.intake import (
    Incoming,
    Outcome,
    prepare,
    prepare_content,
    store_instances,
)
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
from telemed.dicom.scan import claimed_identity, identity_claimed_by, valid_uid
from telemed.server.imaging import BASE, Pieces, in_problems, wish
from telemed.server.routing import Call
from telemed.server.services import Begun
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
from telemed.store.blobs import Blobs, BlobWriter, Draft, words_of_size

BATCH: Final = 200
PIECE: Final = 1 << 20
AT_ONCE: Final = 8
_PART_TYPES: Final = ("", DICOM, "application/octet-stream")
Received = list[BlobWriter | Failure]
Contents = list[bytes | Failure]
Judged = Incoming | Failure


@in_problems
async def store(call: Call) -> web.StreamResponse:
    """Store the instances of the body under the caller's institution."""
    institution = call.subject.own_institution
    study_uid = call.request.match_info.get("study")
    if study_uid is not None and not valid_uid(study_uid):
        raise Problem("invalid", detail="StudyInstanceUID")
    offer = wish(call, STORE_OFFERS)
    with ExitStack() as files:
        parts = await _receive(call, files)
        if isinstance(parts, _Small):
            judged, outcomes = await _entered_at_once(call, institution, parts.contents, study_uid)
        else:
            judged, outcomes = await _entered(call, institution, parts, study_uid)
    settled = await _settled(call, _good(judged), outcomes)
    failures = [one for one in judged if isinstance(one, Failure)]
    return answer(settled, failures, call.services.settings.origin + BASE, offer)


def _good(judged: Sequence[Judged]) -> list[Incoming]:
    return [one for one in judged if isinstance(one, Incoming)]


async def _entered(
    call: Call, institution: str, parts: Received, study_uid: str | None
) -> tuple[Sequence[Judged], list[Outcome]]:
    """Judge files, keep and enter the good ones; what became of each."""
    # What holds few files does not wait behind whole CTs.
    async with call.services.large_stores if len(parts) > AT_ONCE else nullcontext():
        judged = await _judge_all(call, parts, study_uid)
        incoming = _good(judged)
        outcomes: list[Outcome] = []
        for start in range(0, len(incoming), BATCH):
            batch = incoming[start : start + BATCH]
            outcomes += await call.act(
                lambda act, batch=batch: store_instances(act, institution, batch),  # type: ignore[misc]
                quiet=True,
            )
    return judged, outcomes


async def _entered_at_once(
    call: Call, institution: str, contents: Contents, study_uid: str | None
) -> tuple[Sequence[Judged], list[Outcome]]:
    """`_entered` for what fits into memory, in one job of one thread.

    Where a flush is prompt, rows are entered while the files are being flushed: their transaction
    waits for that before it commits, and keeps nothing when it fails.
    """
    services = call.services
    kept: Future[None] = Future()

    def enter(act: Act, incoming: Sequence[Incoming]) -> list[Outcome]:
        outcomes = store_instances(act, institution, incoming)
        kept.result()
        return outcomes

    def keep(found: Mapping[str, Draft]) -> None:
        try:
            services.blobs.put_drafts(found)
        except BaseException as fault:
            kept.set_exception(fault)
            raise
        kept.set_result(None)

    def work(contents: Contents) -> tuple[list[Judged], Begun[list[Outcome]] | None]:
        with ExitStack() as drafts:
            drafted = [
                one if isinstance(one, Failure) else _draft(services.blobs, one, drafts)
                for one in contents
            ]
            judged = [_judge_draft(one, study_uid) for one in drafted]
            found = {
                one.blob.key: draft
                for one, draft in zip(judged, drafted, strict=True)
                if isinstance(one, Incoming) and isinstance(draft, Draft)
            }
            if not found:
                return judged, None
            if not services.blobs.prompt:
                keep(found)
            begun = call.begin(lambda act: enter(act, _good(judged)))
            if services.blobs.prompt:
                keep(found)
            return judged, begun

    judged, begun = await services.in_far_thread(work, contents)
    return judged, await services.acted(begun, quiet=True) if begun else []


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


@dataclass(frozen=True, slots=True)
class _Small:
    """The parts of a body that fitted into memory."""

    contents: Contents


async def _receive(call: Call, files: ExitStack) -> Received | _Small:
    """The parts of the body, those of a large one as temporary files that live as long as `files`.
    Problem("invalid") when it has none."""
    _check_headers(call)
    kind, parameters = media_type_of(call.request.headers.get("Content-Type", ""))
    desk = _Desk(call, files)
    if kind == DICOM:
        await desk.take(PartBegin(1, {}))
        async for piece in body_pieces(call):
            await desk.take(PartData(piece))
        await desk.take(PartEnd(1))
        return await desk.finish()
    root = parameters.get("type", DICOM).lower()
    if kind != "multipart/related" or root not in (DICOM, *METADATA):
        raise Problem("not-supported-media", detail=kind[:80] or "-")
    reader = MultipartReader(parameters.get("boundary", ""))
    if root != DICOM:
        return await receive_metadata(call, files, root, reader, body_pieces(call))
    async for piece in body_pieces(call):
        for event in reader.feed(piece):
            await desk.take(event)
    reader.finish()
    return await desk.finish()


class _Desk:
    """Takes parts as they come: into memory, and into files once they are more than a piece."""

    def __init__(self, call: Call, files: ExitStack) -> None:
        self._blobs = call.services.blobs
        self._limit = call.services.settings.upload_max_bytes
        self._files = files
        self._parts: Received = []
        self._held: list[tuple[BlobWriter, bytes | None]] = []
        self._writer: BlobWriter | None = None
        self._bytes = 0
        self._spilled = False

    async def take(self, event: PartBegin | PartData | PartEnd) -> None:
        """Follow one event of the reader."""
        match event:
            case PartBegin():
                kind = media_type_of(event.headers.get("content-type", ""))[0]
                self._writer = None
                if kind in _PART_TYPES:
                    self._writer = self._files.enter_context(self._blobs.writer(self._limit))
                self._parts.append(self._writer or Failure(NOT_UNDERSTOOD))
            case PartData():
                if self._writer is not None:
                    self._held.append((self._writer, event.data))
                    self._bytes += len(event.data)
                    if self._bytes >= PIECE:
                        await self._spill()
            case PartEnd():
                if self._writer is not None:
                    self._held.append((self._writer, None))

    async def finish(self) -> Received | _Small:
        """All parts, whole."""
        if not self._parts:
            raise Problem("invalid", detail="no parts")
        if self._spilled:
            await self._spill()
            return self._parts
        pieces: dict[BlobWriter, list[bytes]] = {}
        for writer, piece in self._held:
            pieces.setdefault(writer, []).extend([piece] if piece else ())
        return _Small(
            [one if isinstance(one, Failure) else b"".join(pieces[one]) for one in self._parts]
        )

    async def _spill(self) -> None:
        self._spilled = True
        held, self._held, self._bytes = self._held, [], 0
        await asyncio.to_thread(_write, held)


def _write(held: Iterable[tuple[BlobWriter, bytes | None]]) -> None:
    """Write pieces in order to their files; None ends a file. Blocks."""
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


async def _judge_all(call: Call, parts: Received, study_uid: str | None) -> list[Judged]:
    """The files in order, some at a time: while some are being kept the next are looked into."""
    services = call.services

    def judge(some: Received) -> list[Judged]:
        return [_judge(part, study_uid) for part in some]

    judged: list[Judged] = []
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


def _sound(parts: Received, judged: Sequence[Judged]) -> list[tuple[Path, str]]:
    """The files to keep and their hashes."""
    return [
        (part.path, part.key)
        for part, one in zip(parts, judged, strict=True)
        if isinstance(part, BlobWriter) and isinstance(one, Incoming)
    ]


def _judge(part: BlobWriter | Failure, study_uid: str | None) -> Judged:
    """One file: what may be entered once it is durable, or why not. Blocks."""
    if isinstance(part, Failure):
        return part
    found = prepare(part.path, part.key)
    if isinstance(found, Refused):
        return failure_of(found, claimed_identity(part.path))
    return _of_study(found, study_uid)


def _draft(blobs: Blobs, content: bytes, drafts: ExitStack) -> Draft:
    draft = blobs.draft(content)
    drafts.callback(draft.close)
    return draft


def _judge_draft(draft: Draft | Failure, study_uid: str | None) -> Judged:
    """`_judge` for a content in memory."""
    if isinstance(draft, Failure):
        return draft
    found = prepare_content(draft.content)
    if isinstance(found, Refused):
        return failure_of(found, identity_claimed_by(draft.content))
    return _of_study(found, study_uid)


def _of_study(found: Incoming, study_uid: str | None) -> Judged:
    summary = found.summary
    if study_uid is not None and summary.study_uid != study_uid:
        return Failure(WRONG_STUDY, summary.sop_class_uid, summary.sop_instance_uid)
    return found
