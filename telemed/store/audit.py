"""The audit: a hash chain that is only ever appended to.

Each row's `chain` is SHA-256 over the row before it and its own canonical JSON, so an edit, a
removal or a new order breaks the chain at a row that can be named. The head (last number and
chain) is kept beside the table and new rows follow the head, not the table's end: a chain that was
cut stays broken for ever. Whoever can rewrite the whole database can rewrite both; against that
`head` is shipped to a second place and given back to `verify_chain` as an anchor.

Events are the DICOM PS3.15 A.5 messages where there is one, and our own words where there is none.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

import sqlalchemy as sa

from telemed.store.log import LOCK
from telemed.store.tables import audit, settings_kv
from telemed.store.tx import Row, Tx, once

HEAD = "audit-head"
_CHUNK = 1000


class Event(StrEnum):
    """What is audited."""

    USER_AUTHENTICATION = "user-authentication"
    """Sign-in, sign-out, lock-out, password change: `detail.what` says which."""
    QUERY = "query"
    INSTANCES_ACCESSED = "instances-accessed"
    STUDY_DELETED = "study-deleted"
    IMAGES_CORRECTED = "images-corrected"
    """Quarantined copies resolved, images hidden, put back or held: `detail.what` says which."""
    PATIENT_RECORD = "patient-record"
    EXPORT = "export"
    SECURITY_ALERT = "security-alert"
    AUDIT_LOG_USED = "audit-log-used"
    SECURITY_ROLES = "security-roles-changed"
    USER_ATTRIBUTES = "user-attributes-changed"
    ACCESS_DENIED = "access-denied"
    CONFIGURATION = "configuration-changed"


DICOM_CODES: Mapping[Event, str] = MappingProxyType(
    {
        Event.USER_AUTHENTICATION: "110114",
        Event.QUERY: "110112",
        Event.INSTANCES_ACCESSED: "110103",
        Event.STUDY_DELETED: "110105",
        Event.IMAGES_CORRECTED: "110103",
        Event.PATIENT_RECORD: "110110",
        Event.EXPORT: "110106",
        Event.SECURITY_ALERT: "110113",
        Event.AUDIT_LOG_USED: "110101",
        Event.SECURITY_ROLES: "110113",
        Event.USER_ATTRIBUTES: "110113",
        Event.ACCESS_DENIED: "110113",
    }
)
"""DCM event identifiers of PS3.15 A.5.3; what changes rights is a Security Alert there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One audited event. `detail` holds ids, codes and numbers; never a name or a secret."""

    at: datetime
    event: Event
    outcome: str
    account_id: str | None
    institution_id: str | None
    address: str
    object_kind: str
    object_id: str
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the last number and its hash; (0, "") while it is empty."""

    seq: int
    chain: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.chain}"


def append(tx: Tx, entry: Entry) -> int:
    """Add an event to the chain in this transaction; its number."""
    if not tx.sqlite:
        # The activity log's lock, not one of our own: two locks taken in either order deadlock.
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    last = head(tx)
    row = {
        "seq": last.seq + 1,
        "at": entry.at,
        "event": entry.event.value,
        "outcome": entry.outcome,
        "account_id": entry.account_id,
        "institution_id": entry.institution_id,
        "address": _clean(entry.address),
        "object_kind": entry.object_kind,
        "object_id": _clean(entry.object_id),
        "detail": _plain(entry.detail),
        "previous": last.chain,
    }
    now_last = Head(last.seq + 1, link(row))
    tx.insert(audit, {**row, "chain": now_last.chain})
    _move_head(tx, now_last)
    return now_last.seq


def head(tx: Tx) -> Head:
    """Where the chain ends, as it was last written."""
    value = tx.scalar(sa.select(settings_kv.c.value).where(settings_kv.c.key == HEAD))
    if value is None:
        return Head(0, "")
    seq, _, chain = str(value).partition(":")
    return Head(int(seq), chain)


def last(tx: Tx) -> int:
    """The number of the newest row, 0 without one."""
    return int(tx.scalar(_LAST))


def rights_after(tx: Tx, seq: int, limit: int = 1000) -> list[Row]:
    """What was audited after `seq` that may have changed somebody's rights, oldest first.

    Columns seq, event, account_id (who did it), object_kind and object_id (to whom or what). Rows
    are numbered in the order of their commits, as the log's are, and each is of the transaction
    that made the change: who has read up to a number knows of every change before it.
    """
    return tx.all(_RIGHTS_AFTER, after=seq, most=limit)


_LAST = once(sa.select(sa.func.coalesce(sa.func.max(audit.c.seq), 0)))
_RIGHTS = (
    Event.USER_AUTHENTICATION,
    Event.USER_ATTRIBUTES,
    Event.SECURITY_ROLES,
    Event.CONFIGURATION,
)
_RIGHTS_AFTER = (
    sa.select(*(audit.c[n] for n in ("seq", "event", "account_id", "object_kind", "object_id")))
    .where(
        audit.c.seq > sa.bindparam("after"),
        audit.c.event.in_([sa.literal(event.value) for event in _RIGHTS]),
        audit.c.outcome == sa.literal("success"),
    )
    .order_by(audit.c.seq)
    .limit(sa.bindparam("most"))
)


def link(row: Row) -> str:
    """The hash of a row: SHA-256 in hex over the previous link and the row's canonical JSON."""
    body = {key: row[key] for key in _HASHED} | {"at": _moment(row["at"])}
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256((row["previous"] + canonical).encode()).hexdigest()


_HASHED = (
    "seq",
    "event",
    "outcome",
    "account_id",
    "institution_id",
    "address",
    "object_kind",
    "object_id",
    "detail",
)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _clean(text: str) -> str:
    """Without NUL, which PostgreSQL cannot hold in text or JSON."""
    return text.replace("\x00", "")


def _plain(value: object) -> object:
    """A value as both databases give it back from JSON, so that its hash can be made again."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {_clean(str(key)): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    return _clean(str(value))


def _move_head(tx: Tx, to: Head) -> None:
    if not tx.update(settings_kv, settings_kv.c.key == HEAD, {"value": str(to)}):
        tx.insert(settings_kv, {"key": HEAD, "value": str(to)})


def verify_chain(tx: Tx, anchors: Collection[Head] = (), newest: int | None = None) -> int | None:
    """The number of the first row that is wrong or missing, or None when the chain holds.

    `anchors` are heads kept elsewhere; each must still be a link of this chain. `newest` checks
    only that many of the last rows, for who cannot wait for all of them.
    """
    top = tx.scalar(sa.select(sa.func.coalesce(sa.func.max(audit.c.seq), 0)))
    last = head(tx)  # read after `top`: rows that others append meanwhile move both together
    if top > last.seq:
        return last.seq + 1
    previous = Head(0, "") if newest is None else _link_at(tx, last.seq - newest)
    expected: dict[int, set[str]] = {}
    for anchor in (*anchors, last):
        if anchor.seq > previous.seq:
            expected.setdefault(anchor.seq, set()).add(anchor.chain)
    for row in _rows_between(tx, previous.seq, last.seq):
        if row["seq"] != previous.seq + 1:
            return previous.seq + 1
        if row["previous"] != previous.chain or row["chain"] != link(row):
            return int(row["seq"])
        if expected.pop(row["seq"], {row["chain"]}) != {row["chain"]}:
            return int(row["seq"])
        previous = Head(row["seq"], row["chain"])
    return previous.seq + 1 if expected or previous != last else None


def _link_at(tx: Tx, seq: int) -> Head:
    """The chain at a row; where there is none, nothing can follow it rightly."""
    if seq <= 0:
        return Head(0, "")
    return Head(seq, str(tx.scalar(sa.select(audit.c.chain).where(audit.c.seq == seq))))


def _rows_between(tx: Tx, after: int, last: int) -> Iterator[Row]:
    """The rows in order, a chunk at a time."""
    seen = after
    while True:
        wanted = sa.select(audit).where(audit.c.seq > seen, audit.c.seq <= last)
        rows = tx.all(wanted.order_by(audit.c.seq).limit(_CHUNK))
        yield from rows
        if len(rows) < _CHUNK:
            return
        seen = rows[-1]["seq"]


def page(tx: Tx, before: int | None, limit: int) -> list[Row]:
    """Rows numbered below `before`, newest first."""
    query = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
    return tx.all(query if before is None else query.where(audit.c.seq < before))


def last_time(tx: Tx, account_id: str, event: Event, object_id: str) -> datetime | None:
    """When an account last did this to this object, or None."""
    found = tx.one(
        sa.select(audit.c.at)
        .where(
            audit.c.account_id == account_id,
            audit.c.event == event.value,
            audit.c.object_id == object_id,
        )
        .order_by(audit.c.seq.desc())
        .limit(1)
    )
    return None if found is None else found["at"]


_Keys = tuple[tuple[str, str], ...]
_APPEND_ONLY: _Keys = (("audit", "seq"), ("activities", "seq"), ("signed_reports", "version_id"))
"""Tables that only grow since the first schema, and their keys."""


def append_only_triggers(dialect: str, tables: _Keys = _APPEND_ONLY) -> list[str]:
    """Statements that make the database itself refuse to change what was recorded.

    `dialect` is "sqlite" or "postgresql". Running them again does no harm.
    """
    if dialect == "sqlite":
        return [s for table, key in tables for s in _sqlite_triggers(table, key)]
    return [_POSTGRESQL_REFUSAL, *(s for t, _ in tables for s in _postgresql_triggers(t))]


def _sqlite_triggers(table: str, key: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    # INSERT OR REPLACE removes the old row without firing a delete trigger
    # (sqlite.org/lang_conflict.html), hence the third.
    taken = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"
    moments = {"update": "UPDATE", "delete": "DELETE", "replace": "INSERT"}
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{name} BEFORE {verb} ON {table}"
        f" {taken if verb == 'INSERT' else ''} {refuse}"
        for name, verb in moments.items()
    ]


_POSTGRESQL_REFUSAL = """\
CREATE OR REPLACE FUNCTION telemed_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$"""
"""Without a percent sign, which database drivers take for a placeholder."""


def _postgresql_triggers(table: str) -> list[str]:
    return [
        f"CREATE OR REPLACE TRIGGER {table}_append_only"
        f" BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION telemed_append_only()"
    ]
