"""The minutes as a sheet of paper, one for each institution that archives them.

It prints the text that was closed and who signed it; what that is was settled before. As with the
report's sheet, text reaches the template as data, and the same sheet gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from telemed.core.session_roles import role_words
from telemed.documents.report_pdf import (
    DIGEST_SHOWN,
    NOT_A_LEGAL_SIGNATURE,
    ZONE,
    qr_svg,
)
from telemed.documents.typeset import typeset

HEADINGS: Final[Mapping[str, str]] = {"discussion": "讨论经过", "summary": "总结意见"}
_ORDER: Final = ("discussion", "opinion", "summary")


@dataclass(frozen=True, slots=True)
class MinutesSheet:
    """Everything on the paper. `said` is the closed text, as it was signed; `signatures` are what
    was signed with `who` and the `digest` of each."""

    institution: str
    alliance: str
    title: str
    copy_of: str
    number: str
    case: str
    patient: Sequence[tuple[str, str]]
    said: Mapping[str, Any]
    signatures: Sequence[Mapping[str, Any]]
    unsigned: Sequence[str]
    consents: Sequence[tuple[str, str]]
    text_sha256: str
    verify_code: str
    verify_url: str
    printed_at: datetime


def render_minutes(sheet: MinutesSheet) -> bytes:
    """The sheet as PDF bytes, PDF/A-2b if the font has every character."""
    return typeset("minutes", _sheet(sheet), sheet.printed_at, archival=True)


def _sheet(sheet: MinutesSheet) -> dict[str, object]:
    said = sheet.said
    return {
        "institution": sheet.institution,
        "alliance": sheet.alliance,
        "title": sheet.title,
        "copy": f"{sheet.copy_of}存档",
        "number": sheet.number,
        "patient": [{"label": label, "value": value} for label, value in sheet.patient],
        "head": [{"label": label, "value": value} for label, value in _head(sheet)],
        "people": [_person(person) for person in said["people"]],
        "absent": "、".join(person["name"] for person in said["absent"]),
        "sections": [_section(one) for one in sorted(said["sections"], key=_place)],
        "signatures": [_signature(one) for one in sheet.signatures],
        "unsigned": "、".join(sheet.unsigned),
        "consents": [{"label": label, "value": value} for label, value in sheet.consents],
        "text_sha256": sheet.text_sha256,
        "qr": qr_svg(sheet.verify_url),
        "verify_code": sheet.verify_code,
        "verify_url": sheet.verify_url,
        "notice": NOT_A_LEGAL_SIGNATURE,
        "printed_at": _when(sheet.printed_at.isoformat()),
    }


def _head(sheet: MinutesSheet) -> list[tuple[str, str]]:
    said = sheet.said
    booked = said["appointment"]
    chair = said["chair"]
    return [
        ("预约编号", booked["number"]),
        ("申请单号", sheet.case),
        ("邀请方", said["requester"]["name"]),
        ("受邀方", said["provider"]["name"]),
        ("预约时间", _stretch(booked["since"], booked["until"])),
        ("实际时间", _stretch(said["begun"], said["ended"])),
        ("地点", said["place"]),
        ("主持人", "" if chair is None else f"{chair['name']} {chair['title']}".strip()),
    ]


def _person(person: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": person["name"],
        "title": person["title"],
        "institution": person["institution"]["name"],
        "role": role_words(person["role"])[0],
        "time": _stretch(person["joined"], person["left"], dated=False),
    }


def _place(section: Mapping[str, Any]) -> tuple[int, str]:
    kind = str(section["section"]).partition(":")[0]
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), str(section["section"])


def _section(section: Mapping[str, Any]) -> dict[str, str]:
    of = section["of"]
    named = HEADINGS.get(section["section"], section["section"])
    heading = named if of is None else f"{of['name']} {of['title']} 意见".replace("  ", " ")
    return {"heading": heading, "text": section["text"]}


def _signature(one: Mapping[str, Any]) -> dict[str, str]:
    shown = str(one["digest"])[:DIGEST_SHOWN].upper()
    return {
        "name": one["person"]["name"],
        "title": one["who"]["title"],
        "institution": one["who"]["institution"]["name"],
        "stance": "保留意见" if one["stance"] == "reserve" else "同意",
        "words": one["words"],
        "at": _when(one["at"]),
        "digest": " ".join(shown[i : i + 4] for i in range(0, len(shown), 4)),
    }


def _stretch(since: str | None, until: str | None, dated: bool = True) -> str:
    """From when until when, by the clock of China; open ends are said."""
    if since is None:
        return ""
    first = _when(since)[:16] if dated else _when(since)[11:16]
    return f"{first} 至 {'—' if until is None else _when(until)[11:16]}"


def _when(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
