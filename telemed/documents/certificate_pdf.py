"""A certificate of credit 学分证书 as paper: one landscape A4 page in Chinese, from plain values.

As the report's sheet it decides nothing, its text reaches the template as data, never as markup,
and the address on it says whether the paper is genuine.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from telemed.documents.report_pdf import qr_svg
from telemed.documents.typeset import typeset

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
        "lecturers": "、".join(sheet.lecturers),
        "given_at": f"{day.year} 年 {day.month} 月 {day.day} 日",
        "code": "-".join(sheet.code[i : i + 4] for i in range(0, len(sheet.code), 4)),
        "score": "" if sheet.score is None else str(sheet.score),
        "qr": qr_svg(sheet.address),
    }
    return typeset("certificate", told, sheet.given_at)
