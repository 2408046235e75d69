"""The minutes on paper: as what everybody was there, in words and not in codes."""

import io
from datetime import UTC, datetime
from typing import Any

import pypdf

from telemed.core.session_roles import SessionRole, role_words
from telemed.documents.minutes_pdf import MinutesSheet, render_minutes

AT = "2026-03-06T01:00:00Z"


def person(role: str) -> dict[str, Any]:
    """Somebody as a signed text names them."""
    house = {"id": "hub", "name": "某医院"}
    return {"id": role, "name": "某人", "title": "主任医师", "institution": house, "role": role,
            "joined": AT, "left": AT}  # fmt: skip


def printed(*roles: str) -> str:
    """The words of a sheet with these people on it."""
    said = {
        "appointment": {"number": "YY20260306-0001", "since": AT, "until": AT},
        "requester": {"name": "某县医院"}, "provider": {"name": "某医院"}, "begun": AT, "ended": AT,
        "place": "", "chair": None, "people": [person(role) for role in roles], "absent": [],
        "sections": [],
    }  # fmt: skip
    sheet = MinutesSheet(
        "某医院", "联合体", "会诊记录", "受邀方", "YY20260306-0001", "", (), said, (), (), (),
        "0" * 64, "AAAA-BBBB", "https://t/verify/AAAABBBB", datetime(2026, 3, 6, 3, tzinfo=UTC),
    )  # fmt: skip
    pages = pypdf.PdfReader(io.BytesIO(render_minutes(sheet))).pages
    return "".join(page.extract_text() for page in pages)


def test_every_role_is_named_and_no_code_is_printed() -> None:
    """Those of the table by its words; a chair of any kind is one; another's own word stays."""
    text = printed(*SessionRole, "expert-chair", "surgery-chair", "perfusionist")
    for role in SessionRole:
        zh, en = role_words(role)
        assert zh in text and role.value not in text and zh != en and en.isascii()
    assert text.count("主持人") >= 3 and "-chair" not in text
    assert "perfusionist" in text and role_words("perfusionist") == ("perfusionist",) * 2
