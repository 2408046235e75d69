"""The signature of calls between telemed and a gateway of notices: HMAC-SHA256, both directions.

The signed text is `v1.<timestamp>.<body>`; the header is `t=<timestamp>,k=<key id>,v1=<hex>`.
What was signed longer ago than the window is refused, so a call that was overheard is worth
nothing a few minutes later; within it the id in the body makes a repetition harmless.
"""

import hashlib
import hmac

HEADER = "X-Telemed-Signature"
WINDOW_SECONDS = 300


def sign(secret: str, key_id: str, timestamp: int, body: bytes) -> str:
    """The header's value. `timestamp` in seconds since 1970."""
    return f"t={timestamp},k={key_id},v1={_digest(secret, timestamp, body)}"


def is_signed(secret: str, key_id: str, header: str, body: bytes, now: float) -> bool:
    """Whether the header is by this key, of this body and fresh."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    stamp = parts.get("t", "")
    if not secret or parts.get("k") != key_id or not (stamp.isascii() and stamp.isdigit()):
        return False
    if len(stamp) > 12 or abs(now - int(stamp)) > WINDOW_SECONDS:
        return False
    told = parts.get("v1", "").encode("utf-8", "replace")
    return hmac.compare_digest(told, _digest(secret, int(stamp), body).encode())


def _digest(secret: str, timestamp: int, body: bytes) -> str:
    signed = b"v1." + str(timestamp).encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
