"""Where a call came from, behind proxies and without."""

import pytest
from aiohttp.test_utils import make_mocked_request

from telemed.server.routing import SERVICES, client_address
from telemed.settings import Settings


class Named:
    """The part of the services that the rule reads."""

    settings = Settings(trusted_proxies=["10.0.0.1", "10.0.0.2"])


def asked(peer: str, forwarded: str | None) -> str:
    """The address of a call from `peer` with an X-Forwarded-For."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = make_mocked_request("GET", "/", headers=headers, app={SERVICES: Named()})
    return client_address(request.clone(remote=peer))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", None, "10.0.0.1"),
    ],
)
def test_only_our_proxies_are_believed(peer: str, forwarded: str | None, address: str) -> None:
    """A client cannot choose its own address (IN-07)."""
    assert asked(peer, forwarded) == address
