"""Searches at any size: keys of studies by who finds them, and results as they are sent."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from telemed.dicom.names import search_keys
from telemed.store import study_keys
from telemed.store.columns import Bytewise, Json
from telemed.store.search_json import series_json, study_json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ADDED: dict[str, dict[str, str | bytes]] = {
    "studies": {"name_keys": "", "referring_keys": "", "sop_classes": "", "search_json": b""},
    "series": {"search_json": b""},
}
_BATCH = 500

_studies = sa.table(
    "studies",
    *(
        sa.column(name)
        for name in (
        "id", "institution_id", "study_uid", "patient_id", "accession_number", "study_date",
        "modalities", "series_count", "instance_count", "name_keys", "referring_keys",
        "sop_classes",
    )),
    sa.column("attributes", Json),
    sa.column("search_json", sa.LargeBinary),
)  # fmt: skip
_series = sa.table(
    "series",
    *(sa.column(name) for name in ("id", "study_id", "series_uid", "instance_count")),
    sa.column("attributes", Json),
    sa.column("search_json", sa.LargeBinary),
)
_keys = sa.table(
    "study_keys",
    *(sa.column(name) for name in ("viewer_id", "key", "study_date", "study_id", "own")),
)
_instances = sa.table("instances", sa.column("study_id"), sa.column("sop_class"))


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for name, empty in columns.items():
            kind = sa.LargeBinary() if isinstance(empty, bytes) else sa.Text()
            default = sa.text("''")
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))
    op.create_table(
        "study_keys",
        sa.Column("viewer_id", sa.Text(), nullable=False),
        sa.Column("key", Bytewise, nullable=False),
        sa.Column("study_date", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "viewer_id", "key", "study_date", "study_id", "own", name=op.f("pk_study_keys")
        ),
        sqlite_with_rowid=False,
    )
    for found in _in_batches(sa.select(_studies).order_by(_studies.c.id)):
        _fill(found)
    op.create_index("ix_study_keys_study", "study_keys", ["study_id"])
    op.execute(study_keys.COPY.format(which="TRUE"))
    for statement in study_keys.triggers(op.get_bind().dialect.name):
        op.execute(statement)
    _drop_defaults()


def _in_batches(query: sa.Select[Any]) -> Iterable[list[dict[str, Any]]]:
    """Studies a few hundred at a time, by their ids."""
    last = ""
    while True:
        page = query.where(_studies.c.id > last).limit(_BATCH)
        found = [dict(row) for row in op.get_bind().execute(page).mappings()]
        if not found:
            return
        yield found
        last = found[-1]["id"]


def _fill(found: list[dict[str, Any]]) -> None:
    ids = [row["id"] for row in found]
    classes = _classes_of(ids)
    changed = []
    for row in found:
        words = {
            "name_keys": search_keys(_name_of(row["attributes"], "00100010")),
            "referring_keys": search_keys(_name_of(row["attributes"], "00080090")),
            "sop_classes": "\\".join(sorted(classes.get(row["id"], ()))),
        }
        changed.append({**row, **words})
    _save(_studies, [
        {"key": row["id"], "name_keys": row["name_keys"], "referring_keys": row["referring_keys"],
         "sop_classes": row["sop_classes"], "search_json": study_json(row)}
        for row in changed
    ])  # fmt: skip
    keys = [key for row in changed for key in study_keys.rows_of(row)]
    op.get_bind().execute(sa.insert(_keys), keys)
    uids = {row["id"]: row["study_uid"] for row in found}
    parts = op.get_bind().execute(sa.select(_series).where(_series.c.study_id.in_(ids))).mappings()
    _save(_series, [
        {"key": row["id"], "search_json": series_json(dict(row), uids[row["study_id"]])}
        for row in parts.all()
    ])  # fmt: skip


def _classes_of(study_ids: list[str]) -> dict[str, set[str]]:
    query = sa.select(_instances).where(_instances.c.study_id.in_(study_ids)).distinct()
    found: dict[str, set[str]] = {}
    for study_id, sop_class in op.get_bind().execute(query):
        found.setdefault(study_id, set()).add(sop_class)
    return found


def _name_of(attributes: Mapping[str, Any], tag: str) -> str:
    """A person name as DICOM text, with '=' between its groups."""
    names = attributes.get(tag, {}).get("Value") or [{}]
    return "=".join((names[0] or {}).values())


def _save(table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    values: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name != "key"}
    statement = sa.update(table).where(table.c.id == sa.bindparam("key")).values(values)
    op.get_bind().execute(statement, rows)


def _drop_defaults() -> None:
    """The tables of the code have no defaults; SQLite keeps them, where they do no harm."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for table, columns in _ADDED.items():
        for name in columns:
            op.alter_column(table, name, server_default=None)
