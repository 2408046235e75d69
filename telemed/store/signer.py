"""The server's signature over signed content, behind an interface.

`SoftwareSigner` is Ed25519 with a key in the data directory. It proves that this server signed
these bytes at this time; it is NOT a reliable electronic signature in the sense of 电子签名法
art. 13, and every page that shows it says so. A CA or SM2 device is another `Signer`.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from telemed.store.blobs import sync_directory, sync_file


class Signer(Protocol):
    """Signs bytes and checks signatures by key id."""

    @property
    def key_id(self) -> str: ...

    def sign(self, content: bytes) -> bytes: ...

    def verify(self, content: bytes, signature: bytes, key_id: str) -> bool: ...


class SoftwareSigner:
    """An Ed25519 key of the server's own. Not a legal e-signature."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._key_id = "ed25519:" + hashlib.sha256(public).hexdigest()[:16]

    @classmethod
    def load(cls, path: Path) -> "SoftwareSigner":
        """The key at `path`, made on first use, readable by its owner alone."""
        if not path.exists():
            raw = Ed25519PrivateKey.generate().private_bytes(
                Encoding.Raw, PrivateFormat.Raw, NoEncryption()
            )
            _keep(path, raw)
        return cls(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))

    @property
    def key_id(self) -> str:
        """Names the key; stored with each signature."""
        return self._key_id

    def sign(self, content: bytes) -> bytes:
        """64 bytes of Ed25519."""
        return self._key.sign(content)

    def verify(self, content: bytes, signature: bytes, key_id: str) -> bool:
        """Whether this key signed exactly these bytes."""
        if key_id != self._key_id:
            return False
        try:
            self._key.public_key().verify(signature, content)
        except InvalidSignature:
            return False
        return True


def _keep(path: Path, raw: bytes) -> None:
    """Write the key so that it is there whole or not at all, also after a power cut.

    Everything signed is worthless without it, and half of it would keep the server from starting.
    Of several servers that start at once one is first; the others use its key.
    """
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
    sync_file(beside)
    with suppress(FileExistsError):
        os.link(beside, path)
    beside.unlink()
    sync_directory(path.parent)
