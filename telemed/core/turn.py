"""Passwords of a TURN server that end by themselves (draft-uberti-behave-turn-rest-00).

The user name says until when it is good and names nobody; the password is its HMAC-SHA1 by the
secret that telemed and the TURN server (coturn's `use-auth-secret`) share. The server's own record
therefore shows no person.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class TurnPass:
    """What a browser signs in to a TURN server with."""

    username: str
    credential: str


def turn_pass(secret: str, label: str, now: datetime, lasts: timedelta) -> TurnPass:
    """A pass for a label that names nobody, good from now for so long."""
    username = f"{int((now + lasts).timestamp())}:{label}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return TurnPass(username, base64.b64encode(digest).decode())
