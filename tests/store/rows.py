"""A small network in a real database: institutions, agreements, accounts, cases and images."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from telemed.core.access import Role, Subject
from telemed.store import tables as t
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.store.shapes import make_tables, sqlite_of

NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)

AREAS = {"tiandong": "451022", "tiane": "451222", "hub": "450103", "rival": "450300"}


def store_at(folder: Path) -> AbstractContextManager[Store]:
    """A new store with the schema and the network, on SQLite in a folder."""
    return store_on(sqlite_of(make_tables, folder))


@contextmanager
def store_on(url: str) -> Iterator[Store]:
    """A store with the network, on a database that has its tables and no rows."""
    store = Store(url)
    store.write_now(add_network)
    try:
        yield store
    finally:
        store.close()


def add_network(tx: Tx) -> None:
    """Four institutions; the first two have agreements with `hub`."""
    for number, (name, area) in enumerate(AREAS.items()):
        tx.insert(
            t.area_codes,
            {
                "code": area,
                "name": area,
                "kind": "county",
                "parent": area[:4],
                "former_poverty": False,
            },
        )
        tx.insert(
            t.institutions,
            {
                "id": name,
                "name": f"{name} 医院",
                "short_name": name,
                "search": name,
                "kind": "general",
                "level": "2",
                "grade": "甲",
                "uscc": f"uscc-{number}",
                "licence_no": str(number),
                "area_code": area,
                "scopes": [],
                "former_poverty_county": False,
                "connected": True,
            },
        )
        tx.insert(t.accounts, account_row(f"{name}-account", name))
    for requester in ("tiandong", "tiane"):
        add_agreement(tx, f"{requester}-hub", requester, "hub", NOW + timedelta(days=300))


def account_row(account_id: str, institution_id: str | None) -> dict[str, Any]:
    """An account; its roles do not matter where a `Subject` is made by hand."""
    return {
        "id": account_id,
        "username": account_id,
        "password_hash": "-",
        "display_name": account_id,
        "institution_id": institution_id,
        "roles": [],
        "demo": False,
        "disabled": False,
        "failures": 0,
        "created_at": NOW,
    }


def add_agreement(tx: Tx, key: str, requester: str, provider: str, until: datetime) -> None:
    """An agreement between two institutions up to a time."""
    tx.insert(
        t.agreements,
        {
            "id": key,
            "requester_id": requester,
            "provider_id": provider,
            "services": ["imaging"],
            "since": NOW - timedelta(days=60),
            "until": until,
            "rank": 1,
            "liability": "requester",
            "document_no": key,
        },
    )


def add_request(
    tx: Tx, key: str, requester: str, provider: str | None, state: str, agreement: str | None
) -> None:
    """A request in a state."""
    tx.insert(
        t.requests,
        {
            "id": key,
            "number": key,
            "service": "imaging",
            "urgency": "routine",
            "state": state,
            "version": 1,
            "requester_id": requester,
            "provider_id": provider,
            "agreement_id": agreement,
            "content": {},
            "body_part": "",
            "question": "",
            "created_by": f"{requester}-account",
            "created_at": NOW,
            "updated_at": NOW,
            "waited_seconds": 0,
            "final_diagnosis": "",
            "critical": False,
        },
    )


def subject(institution: str | None, *roles: Role, region: str | None = None) -> Subject:
    """Somebody of an institution with some roles."""
    return Subject(
        account_id=f"{institution}-account",
        roles=frozenset(roles),
        institution_id=institution,
        region=region,
    )
