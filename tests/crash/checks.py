"""Whether every promise of the ledger was kept, asked of the server and of its disk.

`over_the_wire` asks a running server as its users would; `on_the_disk` reads a stopped one's
database and blobs. Both look at everything, every time: a promise is not kept by halves.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from telemed.core.request import MACHINE, State
from telemed.followers.tallies import rebuild
from telemed.operations.histories import STEPS
from telemed.store import tables as t
from telemed.store.blobs import FileBlobs, hash_file
from telemed.store.engine import Store
from telemed.store.signer import SoftwareSigner
from telemed.store.tx import Row
from tests.crash.rig import Ledger, Page, Victim


def over_the_wire(victim: Victim, ledger: Ledger) -> None:
    """Every acknowledged image comes back byte for byte; every issued report verifies."""
    technician = Page(victim, "county-technician")
    for path, sha256 in ledger.images.items():
        status, _, body = technician.call(
            "GET", path, Accept="application/dicom; transfer-syntax=*"
        )
        assert status == 200, f"{path} was acknowledged and is not served: {status} {body!r}"
        assert hashlib.sha256(body).hexdigest() == sha256, f"{path} came back with other bytes"
    for request, (sha256, code) in ledger.reports.items():
        shown = Page(victim, "hub-reader").ok("GET", f"/api/verify/{code}")
        assert shown["valid"] and shown["sha256"] == sha256, request


def on_the_disk(data: Path, ledger: Ledger) -> Counter[str]:
    """Everything that must hold of a stopped server's data; what was counted."""
    store = Store(f"sqlite:///{data / 'telemed.sqlite3'}")
    try:
        state = store.read_now(lambda tx: tx.scalar(sa.text("PRAGMA integrity_check")))
        assert state == "ok", state
        rows = {table.name: _all(store, table) for table in _READ}
        _blobs_are_whole(data, rows["instances"])
        _signatures_hold(data, rows["signed_reports"], ledger)
        _histories_are_legal(rows["requests"], rows["activities"])
        _authors_are_kept(rows, ledger)
        _nothing_is_counted_twice(store, rows)
        return Counter({name: len(found) for name, found in rows.items()})
    finally:
        store.close()


_READ = (t.instances, t.requests, t.activities, t.signed_reports, t.reports, t.report_versions)


def _all(store: Store, table: sa.Table) -> list[Row]:
    return store.read_now(lambda tx: tx.all(sa.select(table)))


def _blobs_are_whole(data: Path, instances: list[Row]) -> None:
    blobs = FileBlobs(data / "blobs")
    for row in instances:
        place = blobs.path(row["blob"])
        assert place.is_file(), f"{row['sop_uid']} has no blob"
        assert hash_file(place) == row["blob"], f"the blob of {row['sop_uid']} is damaged"
    twice = Counter((row["institution_id"], row["sop_uid"]) for row in instances)
    assert max(twice.values()) == 1


def _signatures_hold(data: Path, signed: list[Row], ledger: Ledger) -> None:
    signer = SoftwareSigner.load(data / "signing.key")
    for row in signed:
        assert signer.verify(row["signed_bytes"], row["signature"], row["key_id"])
        assert hashlib.sha256(row["signed_bytes"]).hexdigest() == row["sha256"]
    lost = {sha256 for sha256, _ in ledger.reports.values()} - {row["sha256"] for row in signed}
    assert not lost, f"{len(lost)} acknowledged reports are gone"


def _histories_are_legal(requests: list[Row], activities: list[Row]) -> None:
    activities.sort(key=lambda row: row["seq"])
    assert [row["seq"] for row in activities] == list(range(1, len(activities) + 1))
    for row in requests:
        state = State.DRAFT
        for fact in activities:
            if fact["request_id"] == row["id"] and fact["kind"] in STEPS:
                state = MACHINE.step(state, STEPS[fact["kind"]])  # raises on an illegal step
        assert state == row["state"], f"{row['number']}: log says {state}, row {row['state']}"


def _authors_are_kept(rows: Mapping[str, list[Row]], ledger: Ledger) -> None:
    """A request whose author's signature was acknowledged is signed still."""
    request_of = {row["id"]: row["request_id"] for row in rows["reports"]}
    kept = {
        request_of[row["report_id"]]
        for row in rows["report_versions"]
        if row["state"] in ("preliminary", "final")
    }
    assert ledger.signed <= kept


def _nothing_is_counted_twice(store: Store, rows: Mapping[str, list[Row]]) -> None:
    """Reports counted as issued are exactly the signed ones, and the log folds to the same."""
    assert rebuild(store).same
    entries = _all(store, t.tally_entries)
    counted = Counter(row["request_id"] for row in entries if row["indicator"] == "issued")
    request_of = {row["id"]: row["request_id"] for row in rows["reports"]}
    version_of = {row["id"]: row for row in rows["report_versions"]}
    signed = Counter(
        request_of[version_of[row["version_id"]]["report_id"]] for row in rows["signed_reports"]
    )
    assert counted == signed
    assert not signed or max(signed.values()) == 1
