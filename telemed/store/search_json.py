"""What a search answers of a study and of a series, written when they change and sent as it is.

DICOM JSON members without their braces, in ascending order, so that a page of results is their
bytes with commas between. URLs begin at the service: only a request knows its origin.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
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


def instance_json(
    study_uid: str,
    series_uid: str,
    sop_uid: str,
    sop_class: str,
    transfer_syntax: str,
    number: int | None,
    frames: int,
    rows: int | None,
    columns: int | None,
    bits_allocated: int | None,
) -> bytes:
    """The members of an instance's row with its study's and series' UIDs.

    UIDs and numbers need no escaping, and this is written two hundred times a page: what all of a
    series say alike is made once.
    """
    url, above = _of_series(study_uid, series_uid)
    told = "" if number is None else f',"Value":[{number}]'
    return (
        f'{_START}{sop_class}"]}},"00080018":{{"vr":"UI","Value":["{sop_uid}{url}{sop_uid}'
        f'"]}},"00083002":{{"vr":"UI","Value":["{transfer_syntax}{above}{told}}}'
        f"{_pixels(frames, rows, columns, bits_allocated)}"
    ).encode()


_START: Final = '"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080016":{"vr":"UI","Value":["'


@lru_cache(maxsize=64)
def _of_series(study_uid: str, series_uid: str) -> tuple[str, str]:
    return (
        '"]},"00080056":{"vr":"CS","Value":["ONLINE"]},"00081190":{"vr":"UR","Value":'
        f'["/studies/{study_uid}/series/{series_uid}/instances/',
        f'"]}},"0020000D":{{"vr":"UI","Value":["{study_uid}"]}}'
        f',"0020000E":{{"vr":"UI","Value":["{series_uid}"]}},"00200013":{{"vr":"IS"',
    )


@lru_cache(maxsize=64)
def _pixels(frames: int, rows: int | None, columns: int | None, bits: int | None) -> str:
    """What is said of pixels, where there are any."""
    return (
        (f',"00280008":{{"vr":"IS","Value":[{frames}]}}' if frames else "")
        + (f',"00280010":{{"vr":"US","Value":[{rows}]}}' if rows is not None else "")
        + (f',"00280011":{{"vr":"US","Value":[{columns}]}}' if columns is not None else "")
        + (f',"00280100":{{"vr":"US","Value":[{bits}]}}' if bits is not None else "")
    )


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
