"""The key this deployment signs pushes with: made once, kept beside the signing key."""

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec


def load(path: Path) -> bytes:
    """The private key as PEM; made when there is none. Two processes at once keep one of them."""
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()
        )
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        mine.touch(mode=0o600)
        mine.write_bytes(made)
        try:
            os.link(mine, path)
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_bytes()


def public_of(pem: bytes) -> str:
    """What a browser subscribes with: the uncompressed point, base64url without padding."""
    key = s.load_pem_private_key(pem, None)
    point = key.public_key().public_bytes(s.Encoding.X962, s.PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()
