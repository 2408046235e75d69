"""What a search answers of a study and of a series, written when they change and sent as it is.

DICOM JSON members without their braces, in ascending order, so that a page of results is their
bytes with commas between. URLs begin at the service: only a request knows its origin.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

Member = Mapping[str, Any]
_URL: Final = b'"00081190":{"vr":"UR","Value":["'


def study_json(row: Mapping[str, Any]) -> bytes:
    """The members of a study's row."""
    url = f"/studies/{row['study_uid']}"
    return _members(
        row["attributes"]
        | _common(url)
        | {
            "00080056": member("CS", "ONLINE"),
            "00080061": member("CS", *_parts(row["modalities"])),
            "00080062": member("UI", *_parts(row["sop_classes"])),
            "00100020": member("LO", row["patient_id"]),
            "00201206": member("IS", row["series_count"]),
            "00201208": member("IS", row["instance_count"]),
        }
    )


def series_json(row: Mapping[str, Any], study_uid: str) -> bytes:
    """The members of a series' row."""
    url = f"/studies/{study_uid}/series/{row['series_uid']}"
    return _members(
        row["attributes"]
        | _common(url)
        | {
            "0020000D": member("UI", study_uid),
            "00201209": member("IS", row["instance_count"]),
        }
    )


def instance_json(row: Mapping[str, Any], study_uid: str, series_uid: str) -> bytes:
    """The members of an instance's row; pixels' attributes only where there are pixels."""
    url = f"/studies/{study_uid}/series/{series_uid}/instances/{row['sop_uid']}"
    frames, rows, columns = row["frames"], row["rows"], row["columns"]
    number, bits = row["number"], row["bits_allocated"]
    # UIDs and numbers need no escaping, and this is written two hundred times a page.
    return (
        f'"00080005":{{"vr":"CS","Value":["ISO_IR 192"]}}'
        f',"00080016":{{"vr":"UI","Value":["{row["sop_class"]}"]}}'
        f',"00080018":{{"vr":"UI","Value":["{row["sop_uid"]}"]}}'
        f',"00080056":{{"vr":"CS","Value":["ONLINE"]}}'
        f',"00081190":{{"vr":"UR","Value":["{url}"]}}'
        f',"00083002":{{"vr":"UI","Value":["{row["transfer_syntax"]}"]}}'
        f',"0020000D":{{"vr":"UI","Value":["{study_uid}"]}}'
        f',"0020000E":{{"vr":"UI","Value":["{series_uid}"]}}'
        f',"00200013":{{"vr":"IS"{"" if number is None else _VALUE % number}}}'
        + (f',"00280008":{{"vr":"IS","Value":[{frames}]}}' if frames else "")
        + (f',"00280010":{{"vr":"US","Value":[{rows}]}}' if rows is not None else "")
        + (f',"00280011":{{"vr":"US","Value":[{columns}]}}' if columns is not None else "")
        + (f',"00280100":{{"vr":"US","Value":[{bits}]}}' if bits is not None else "")
    ).encode()


_VALUE: Final = ',"Value":[%d]'


def member(vr: str, *values: object) -> Member:
    """An element as DICOM JSON; without a value it has its VR only (PS3.18 F.2.5)."""
    told = [value for value in values if value not in (None, "")]
    return {"vr": vr, "Value": told} if told else {"vr": vr}


def with_origin(members: bytes, service: str) -> bytes:
    """Members with the service's URL before their own.

    A quote inside a JSON string is escaped, so the mark can only be a real key.
    """
    return members.replace(_URL + b"/", _URL + service.encode() + b"/")


def json_array(results: Iterable[bytes]) -> bytes:
    """Results of members as one array of objects."""
    joined = b"},{".join(results)
    return b"[{" + joined + b"}]" if joined else b"[]"


def json_object(members: bytes) -> bytes:
    """Members as one object."""
    return b"{" + members + b"}"


def _common(url: str) -> dict[str, Member]:
    return {"00080005": member("CS", "ISO_IR 192"), "00081190": member("UR", url)}


def _members(values: Mapping[str, Member]) -> bytes:
    # By tag only: sorted all the way down, `Value` would come before `vr` and hide the mark.
    return orjson.dumps(dict(sorted(values.items())))[1:-1]


def _parts(column: str) -> list[str]:
    return column.split("\\") if column else []
