"""The only way out over HTTP: to places that are allowed, at the address that was checked.

A name is resolved once, every address it has is checked, and the connection goes to one of those;
what the name says a moment later does not matter (DNS rebinding). Redirects are not followed.
Addresses that are not public are refused unless the operator named their network.
"""

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

PATIENCE = ClientTimeout(total=15, connect=5)
MOST_ANSWER = 64 << 10
Address = IPv4Address | IPv6Address


class Refused(Exception):
    """A place that must not be called; the code says why, never where."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def is_public(text: str) -> bool:
    """Whether an address is of the public network, whatever it is wrapped in."""
    address = ip_address(text.partition("%")[0])
    return all(
        each.is_global
        and not (each.is_multicast or each.is_reserved)
        and not getattr(each, "is_site_local", False)
        for each in _within(address)
    )


def _within(address: Address) -> list[Address]:
    """The address and the IPv4 addresses that it carries: mapped, 6to4, Teredo, NAT64."""
    found: list[Address] = [address]
    if isinstance(address, IPv6Address):
        found += [a for a in (address.ipv4_mapped, address.sixtofour) if a is not None]
        found += list(address.teredo or ())
        # A mapped address is not global of itself on every Python; what it carries decides.
        if address.ipv4_mapped is not None:
            found.remove(address)
        if address in ip_network("64:ff9b::/96") or address in ip_network("64:ff9b:1::/48"):
            found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address in ip_network("::/96"):
            found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return found


@dataclass(frozen=True, slots=True)
class Gate:
    """Where calls may go: public addresses, and the operator's own networks."""

    networks: tuple[str, ...] = ()

    def allows(self, text: str) -> bool:
        """Whether an address may be connected to."""
        address = ip_address(text.partition("%")[0])
        named = any(
            address in network
            for network in map(ip_network, self.networks)
            if network.version == address.version
        )
        return named or is_public(text)

    def check_url(self, url: str) -> None:
        """Refused unless it is https to a host by name or address, without a user in it.

        Plain http goes to the operator's own networks alone, which is checked at the address.
        """
        parts = urlsplit(url)
        plain = parts.scheme == "http" and bool(self.networks)
        if parts.scheme != "https" and not plain:
            raise Refused("scheme")
        if parts.username is not None or parts.password is not None or not parts.hostname:
            raise Refused("url")
        if any(ord(c) < 33 or ord(c) == 127 for c in url) or "\\" in url:
            raise Refused("url")
        try:
            _ = parts.port
        except ValueError:
            raise Refused("url") from None


Resolve = Callable[[str, int, socket.AddressFamily], Awaitable[list[ResolveResult]]]


class Checked(AbstractResolver):
    """Resolves once for a connection, and refuses a name one of whose addresses is not allowed."""

    def __init__(self, gate: Gate, resolve: Resolve | None = None) -> None:
        self._gate = gate
        self._resolve = resolve or ThreadedResolver().resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolve(host, port, socket.AF_UNSPEC)
        if not found or not all(self._gate.allows(each["host"]) for each in found):
            raise Refused("address")
        return found

    async def close(self) -> None:
        """Nothing is kept."""


class Connector(TCPConnector):
    """Checks literal addresses too, which never see a resolver."""

    def __init__(self, gate: Gate, resolve: Resolve | None = None) -> None:
        super().__init__(resolver=Checked(gate, resolve), use_dns_cache=False, limit=20)
        self._gate = gate

    async def _resolve_host(
        self, host: str, port: int, traces: Sequence[object] | None = None
    ) -> list[ResolveResult]:
        try:
            # Decimal, octal and hexadecimal forms are what the system makes of them.
            literal = ip_address(host.partition("%")[0])
        except ValueError:
            return await super()._resolve_host(host, port)
        if not self._gate.allows(str(literal)):
            raise Refused("address")
        return await super()._resolve_host(host, port)


class Outbound:
    """Posts to places that are allowed."""

    def __init__(self, gate: Gate, resolve: Resolve | None = None) -> None:
        self._gate = gate
        self._resolve = resolve
        self._session: ClientSession | None = None

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and the beginning of the answer. Refused, OSError or ClientError."""
        self._gate.check_url(url)
        session = self._session
        if session is None:
            session = self._session = ClientSession(
                connector=Connector(self._gate, self._resolve),
                timeout=PATIENCE,
                cookie_jar=DummyCookieJar(),
                trust_env=False,
            )
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.content.read(MOST_ANSWER)

    async def close(self) -> None:
        """End connections."""
        if self._session is not None:
            await self._session.close()
