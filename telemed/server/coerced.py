"""Instances that are told otherwise than their files say (docs/decisions/0014).

The one case is a study whose files name no patient: the archive gives it a PatientID of its own,
and what it answers in a search must stand in what it hands out, with the trail of it. All other
files leave as they came.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from telemed.dicom.coercion import ISSUER, PATIENT_ID, Coercion, coerced, coerced_json
from telemed.dicom.scan import opened
from telemed.server.routing import Call
from telemed.store.blobs import BlobWriter
from telemed.store.studies import is_synthetic
from telemed.store.tx import Row

_INFLATED: Final = 64 << 20
"""What the scanner lets a deflated file grow to."""


def coercion_of(row: Row) -> Coercion | None:
    """What is told otherwise of an instance, None for nearly all."""
    patient_id = row["study__patient_id"]
    if not is_synthetic(patient_id, row["study__study_uid"]):
        return None
    values = {PATIENT_ID: patient_id, ISSUER: row["institution_id"]}
    return Coercion(values, row["stored_at"])


@asynccontextmanager
async def as_served(call: Call, row: Row) -> AsyncIterator[tuple[Path, Row]]:
    """The file of an instance as it may be handed out, and its row with the size of that file.

    A coerced one is written to a temporary file, so that ranges and transcoding find a file.
    """
    with await call.services.at_hand(row["blob"]) as path:
        coercion = coercion_of(row)
        if coercion is None:
            yield path, row
            return
        with call.services.blobs.writer(2 * row["size"] + _INFLATED) as writer:
            if await asyncio.to_thread(_written, path, coercion, writer):
                yield writer.path, {**row, "size": writer.size}
            else:
                yield path, row


def told_as_served(row: Row, stored: bytes) -> bytes:
    """The metadata of an instance as it may be handed out."""
    coercion = coercion_of(row)
    return stored if coercion is None else coerced_json(stored, coercion)


def _written(path: Path, coercion: Coercion, writer: BlobWriter) -> bool:
    """Write the file with its new values; whether there was anything to change."""
    with opened(path) as file:
        pieces = coerced(file, coercion)
        for piece in pieces or ():
            writer.write(piece)
    writer.seal()
    return pieces is not None
