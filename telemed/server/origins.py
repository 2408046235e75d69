"""The origins that are ours, and when a server must not listen. Knows settings only."""

import ipaddress
from urllib.parse import urlsplit

from telemed.settings import Settings


def own_origins(settings: Settings) -> frozenset[str]:
    """The origins our own pages have; on loopback its names are one."""
    own = {settings.origin}
    if is_loopback(settings.host):
        own |= {f"http://{name}:{settings.port}" for name in ("localhost", "127.0.0.1")}
    return frozenset(own)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_to_start(settings: Settings, has_demo_accounts: bool) -> str | None:
    """Why this server must not listen, or not beyond its own machine, in a sentence, or None.

    Others keep a Redis, or carry it away: without a secret whoever reads it tries out names and
    addresses until their hashes are there (AU-14).
    """
    public = urlsplit(settings.public_url)
    if settings.redis and len(settings.secret) < 32:
        return (
            "Refusing to start: with `redis_url`, set `secret` to at least 32 random characters,"
            " the same at every server; it keeps names and addresses in Redis unreadable."
        )
    if is_loopback(settings.host) and is_loopback(public.hostname or "127.0.0.1"):
        return None
    if has_demo_accounts or settings.demo:
        return (
            "Refusing to start: demo accounts have published passwords and may only be served on"
            " this machine; disable them or bind to 127.0.0.1."
        )
    if len(settings.secret) < 32:
        return "Refusing to start: set `secret` to at least 32 random characters."
    if public.scheme != "https" or not public.hostname:
        return "Refusing to start: set `public_url` to the https address people will use."
    return None
