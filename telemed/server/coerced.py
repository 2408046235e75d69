"""Instances that are told otherwise than their files say (docs/decisions/0014).

There are two cases: a study whose files name no patient, which gets a PatientID of the archive's
own; and one that was merged, moved or filed under another patient. What the archive answers in a
search must stand in what it hands out, with the trail of it. All other files leave as they came.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import orjson

from telemed.actions.studies import metadata_of
from telemed.dicom.coercion import ISSUER, PATIENT_ID, Coercion, coerced, coerced_json, retold
from telemed.dicom.elements import ScannedFile
from telemed.dicom.scan import opened
from telemed.server.routing import Call
from telemed.store.blobs import BlobWriter
from telemed.store.studies import is_synthetic
from telemed.store.tx import Row

_INFLATED: Final = 64 << 20
"""What the scanner lets a deflated file grow to."""

_TRAIL: Final = b'"04000561"'


def coercion_of(row: Row) -> Coercion | None:
    """What is told otherwise of an instance, None for nearly all."""
    patient_id = row["study__patient_id"]
    if not is_synthetic(patient_id, row["study__study_uid"]):
        return None
    values = {PATIENT_ID: patient_id, ISSUER: row["institution_id"]}
    return Coercion(values, row["stored_at"])


def identity_of(row: Row) -> str:
    """What the tag of a file must name beside its bytes: since when it is told otherwise."""
    at = row["study__identity_at"]
    return "" if at is None else f" {at.isoformat()}"


Changed = Callable[[ScannedFile], Iterator[bytes] | None]
"""A file with its new values in pieces, None when it is told as it is."""


@asynccontextmanager
async def as_served(call: Call, row: Row) -> AsyncIterator[tuple[Path, Row]]:
    """The file of an instance as it may be handed out, and its row with the size of that file.

    A changed one is written to a temporary file, so that ranges and transcoding find a file.
    """
    change = await _change_of(call, row)
    with await call.services.at_hand(row["blob"]) as path:
        if change is None:
            yield path, row
            return
        with call.services.blobs.writer(2 * row["size"] + _INFLATED) as writer:
            if await asyncio.to_thread(_written, path, change, writer):
                yield writer.path, {**row, "size": writer.size}
            else:
                yield path, row


async def _change_of(call: Call, row: Row) -> Changed | None:
    """How a file changes on its way out, None for nearly all."""
    if row["study__identity_at"] is not None:
        stored = (await call.ask(lambda act: metadata_of(act, [row["id"]]))).get(row["id"], b"")
        if _TRAIL in stored:
            return partial(retold, told=orjson.loads(stored))
    coercion = coercion_of(row)
    return None if coercion is None else partial(coerced, coercion=coercion)


def told_as_served(row: Row, stored: bytes) -> bytes:
    """The metadata of an instance as it may be handed out."""
    coercion = coercion_of(row)
    return stored if coercion is None else coerced_json(stored, coercion)


def _written(path: Path, change: Changed, writer: BlobWriter) -> bool:
    """Write the file with its new values; whether there was anything to change."""
    with opened(path) as file:
        pieces = change(file)
        for piece in pieces or ():
            writer.write(piece)
    writer.seal()
    return pieces is not None
