"""What the system page shows of the database: sizes and how far each follower is."""

import sqlalchemy as sa

from telemed.store import log
from telemed.store.tables import instances, studies
from telemed.store.tx import Row, Tx


def overview(tx: Tx) -> Row:
    """revision of the schema, log_seq, bookmarks by follower, studies, instances and blob_bytes.

    A blob that several instances share is counted once.
    """
    blobs = sa.select(instances.c.blob, sa.func.max(instances.c.size).label("size"))
    distinct = blobs.group_by(instances.c.blob).subquery()
    stored = tx.scalar(sa.select(sa.func.coalesce(sa.func.sum(distinct.c.size), 0)))
    return {
        "revision": tx.scalar(sa.text("SELECT version_num FROM alembic_version")),
        "log_seq": log.head(tx),
        "bookmarks": log.all_bookmarks(tx),
        "studies": int(tx.scalar(sa.select(sa.func.count()).select_from(studies))),
        "instances": int(tx.scalar(sa.select(sa.func.count()).select_from(instances))),
        "blob_bytes": int(stored),
    }
