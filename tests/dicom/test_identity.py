"""Whose an instance is, changed with the old values kept, and how two copies are compared."""

from datetime import UTC, datetime

import orjson

from telemed.dicom.differences import differences
from telemed.dicom.identity import with_identity

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)


def told(patient_id: str, **more: object) -> bytes:
    return orjson.dumps({"00100020": {"vr": "LO", "Value": [patient_id]}, **more})


def test_what_was_said_before_is_kept_newest_last() -> None:
    """Two corrections leave two items; one that changes nothing leaves the bytes."""
    first = told("A")
    second = with_identity(first, {"00100020": {"vr": "LO", "Value": ["B"]}}, NOW, "县医院")
    third = with_identity(second, {"00100020": {"vr": "LO", "Value": ["C"]}}, NOW, "县医院")
    assert with_identity(third, {"00100020": {"vr": "LO", "Value": ["C"]}}, NOW, "") is third
    found = orjson.loads(third)
    assert found["00100020"]["Value"] == ["C"]
    items = found["04000561"]["Value"]
    before = [item["04000550"]["Value"][0]["00100020"]["Value"] for item in items]
    assert before == [["A"], ["B"]]
    assert items[0]["04000562"]["Value"] == ["20260305080000.000000+0000"]
    assert items[0]["04000564"]["Value"] == ["县医院"]


def test_differences_name_what_differs_and_nothing_else() -> None:
    """Empty equals absent; pixels are not told; names show their groups; long text is cut."""
    kept = told("A", **{"00081030": {"vr": "LO"}, "7FE00010": {"vr": "OW", "BulkDataURI": "a"}})
    new = told(
        "B",
        **{
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Lu", "Ideographic": "陆"}]},
            "00204000": {"vr": "LT", "Value": ["x" * 999]},
            "7FE00010": {"vr": "OW", "BulkDataURI": "b"},
        },
    )
    found = differences(kept, new)
    assert [d.keyword for d in found] == ["PatientName", "PatientID", "ImageComments"]
    assert (found[0].kept, found[0].new) == ("", "Lu=陆")
    assert (found[1].kept, found[1].new) == ("A", "B")
    assert len(found[2].new) == 200
    assert len(differences(kept, new, most=1)) == 1
