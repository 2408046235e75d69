"""Accounts, sessions and machine tokens as rows.

Of a session or token only the SHA-256 is kept: a stolen copy of the database signs nobody in.
Knows no password, no cookie and no rule about who may do what.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from telemed.store.tables import accounts, sessions, tokens
from telemed.store.tx import Row, Tx


def token_hash(token: str) -> str:
    """What is stored of a session or machine token."""
    return hashlib.sha256(token.encode()).hexdigest()


# --- accounts ---------------------------------------------------------------------------------


def create(tx: Tx, row: Row) -> bool:
    """Add an account; False when the user name is taken."""
    tx.insert_missing(accounts, [row])
    return by_id(tx, row["id"]) is not None


def by_id(tx: Tx, account_id: str) -> Row | None:
    """An account, or None."""
    return tx.find(accounts, id=account_id)


def by_username(tx: Tx, username: str) -> Row | None:
    """An account by its exact user name, or None."""
    return tx.find(accounts, username=username)


def by_ids(tx: Tx, ids: Iterable[str | None]) -> dict[str, Row]:
    """Accounts by id; unknown ids are left out."""
    wanted = {i for i in ids if i is not None}
    rows = tx.all(sa.select(accounts).where(accounts.c.id.in_(wanted))) if wanted else []
    return {row["id"]: row for row in rows}


def of_people(tx: Tx, people: Iterable[str]) -> list[Row]:
    """The accounts of people, disabled ones too."""
    return tx.all(sa.select(accounts).where(accounts.c.person_id.in_(sorted(people))))


def page(tx: Tx, q: str, offset: int, limit: int) -> tuple[list[Row], int]:
    """A page of accounts whose user name or name contains `q`, and how many there are."""
    found = sa.or_(
        accounts.c.username.contains(q, autoescape=True),
        sa.func.lower(accounts.c.display_name).contains(q, autoescape=True),
    )
    total = tx.scalar(sa.select(sa.func.count()).select_from(accounts).where(found))
    query = sa.select(accounts).where(found).order_by(accounts.c.username)
    return tx.all(query.offset(offset).limit(limit)), int(total)


def change(tx: Tx, account_id: str, **values: object) -> bool:
    """Change an account; False when there is none."""
    return tx.update(accounts, accounts.c.id == account_id, values) == 1


def any_demo(tx: Tx) -> bool:
    """Whether some account with a published password can still sign in."""
    usable = sa.and_(accounts.c.demo, sa.not_(accounts.c.disabled))
    return tx.one(sa.select(accounts.c.id).where(usable).limit(1)) is not None


# --- sessions ---------------------------------------------------------------------------------


def add_session(tx: Tx, row: Row) -> None:
    """Open a session."""
    tx.insert(sessions, row)


def session(tx: Tx, token: str) -> Row | None:
    """The session of a token, or None; whether it is still good is the caller's question."""
    return tx.find(sessions, token_hash=token_hash(token))


def session_by_id(tx: Tx, session_id: str) -> Row | None:
    """A session by its public id, or None."""
    return tx.one(sa.select(sessions).where(sessions.c.id == session_id))


def open_sessions(tx: Tx, seen_after: datetime, now: datetime, account_id: str | None) -> list[Row]:
    """Live sessions with their account's username and display_name, last seen first.

    `account_id` None is everybody's.
    """
    query = (
        sa.select(sessions, accounts.c.username, accounts.c.display_name)
        .join(accounts, accounts.c.id == sessions.c.account_id)
        .where(sessions.c.seen_at > seen_after, sessions.c.expires_at > now)
        .order_by(sessions.c.seen_at.desc(), sessions.c.id)
    )
    return tx.all(query if account_id is None else query.where(sessions.c.account_id == account_id))


def touch_session(tx: Tx, session_id: str, now: datetime) -> None:
    """Note that a session was used."""
    tx.update(sessions, sessions.c.id == session_id, {"seen_at": now})


def end_session(tx: Tx, session_id: str) -> bool:
    """End a session at once; False when it was over already."""
    return tx.execute(sa.delete(sessions).where(sessions.c.id == session_id)).rowcount == 1


def end_sessions_of(tx: Tx, account_id: str, but: str | None = None) -> int:
    """End an account's sessions, all but one; how many."""
    where = sessions.c.account_id == account_id
    if but is not None:
        where = sa.and_(where, sessions.c.id != but)
    return tx.execute(sa.delete(sessions).where(where)).rowcount


def end_oldest_sessions(tx: Tx, account_id: str, keep: int) -> int:
    """End an account's sessions beyond the newest `keep`; how many."""
    newest = (
        sa.select(sessions.c.id)
        .where(sessions.c.account_id == account_id)
        .order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
        .limit(keep)
    )
    ids = [row["id"] for row in tx.all(newest)]
    older = sa.and_(sessions.c.account_id == account_id, sessions.c.id.not_in(ids))
    return tx.execute(sa.delete(sessions).where(older)).rowcount


def end_dead_sessions(tx: Tx, seen_before: datetime, now: datetime) -> int:
    """Remove sessions that ran out; how many."""
    dead = sa.or_(sessions.c.seen_at <= seen_before, sessions.c.expires_at <= now)
    return tx.execute(sa.delete(sessions).where(dead)).rowcount


# --- machine tokens ---------------------------------------------------------------------------


def add_token(tx: Tx, row: Row) -> None:
    """Keep a machine token's row."""
    tx.insert(tokens, row)


def live_token(tx: Tx, token: str, now: datetime) -> Row | None:
    """The row of a machine token that is neither expired nor revoked, or None."""
    row = tx.find(tokens, token_hash=token_hash(token))
    return row if row and row["expires_at"] > now and row["revoked_at"] is None else None


def revoke_token(tx: Tx, token_id: str, now: datetime) -> bool:
    """Revoke a machine token; False when it was revoked already or never was."""
    open_token = sa.and_(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
    return tx.update(tokens, open_token, {"revoked_at": now}) == 1


def tokens_of(tx: Tx, account_id: str) -> list[Row]:
    """An account's machine tokens, newest first."""
    query = sa.select(tokens).where(tokens.c.account_id == account_id)
    return tx.all(query.order_by(tokens.c.created_at.desc(), tokens.c.id))
