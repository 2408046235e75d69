"""A certificate of credit 学分证书 as paper: one landscape A4 page in Chinese, from plain values.

As the report's sheet it decides nothing, its text reaches the template as data, never as markup,
and the address on it says whether the paper is genuine.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import typst

from telemed.documents.fonts import FAMILY, chinese_fonts
from telemed.documents.report_pdf import TEMPLATES, printable, qr_svg

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Everything on the paper. `score` is None for a course without a quiz."""

    name: str
    institution: str
    offerer: str
    title: str
    number: str
    lecturers: tuple[str, ...]
    credit: str
    minutes: int
    score: int | None
    given_at: datetime
    code: str
    address: str


def render_certificate(sheet: Certificate) -> bytes:
    """The sheet as PDF bytes. FontMissing when the font is not installed."""
    day = sheet.given_at.astimezone(ZONE)
    told = {
        **asdict(sheet),
        "family": FAMILY,
        "lecturers": "、".join(sheet.lecturers),
        "given_at": f"{day.year} 年 {day.month} 月 {day.day} 日",
        "code": "-".join(sheet.code[i : i + 4] for i in range(0, len(sheet.code), 4)),
        "score": "" if sheet.score is None else str(sheet.score),
        "qr": qr_svg(sheet.address),
    }
    compiler = typst.Compiler(
        input=TEMPLATES / "certificate.typ",
        root=TEMPLATES,
        font_paths=chinese_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(printable(told), ensure_ascii=False)},
        package_path=TEMPLATES,
        package_cache_path=TEMPLATES,
    )
    made = compiler.compile(format="pdf", timestamp=int(sheet.given_at.timestamp()))
    assert isinstance(made, bytes), "one PDF is one string of bytes"
    return made
