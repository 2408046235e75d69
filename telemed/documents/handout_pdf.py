"""A handout 讲义 of a course as paper: a title, and headings with their text, from plain values.

As the report's sheet it decides nothing, and its text reaches the template as data, never as
markup.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import typst

from telemed.documents.fonts import FAMILY, chinese_fonts
from telemed.documents.report_pdf import TEMPLATES, printable


@dataclass(frozen=True, slots=True)
class Handout:
    """Everything on the paper; a part has a heading and a text."""

    title: str
    offerer: str
    lecturers: str
    parts: Sequence[Mapping[str, str]]


def render_handout(sheet: Handout, made_at: datetime) -> bytes:
    """The sheet as PDF bytes. FontMissing when the font is not installed."""
    told = {**asdict(sheet), "family": FAMILY}
    compiler = typst.Compiler(
        input=TEMPLATES / "handout.typ",
        root=TEMPLATES,
        font_paths=chinese_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(printable(told), ensure_ascii=False)},
        package_path=TEMPLATES,
        package_cache_path=TEMPLATES,
    )
    made = compiler.compile(format="pdf", timestamp=int(made_at.timestamp()))
    assert isinstance(made, bytes), "one PDF is one string of bytes"
    return made
