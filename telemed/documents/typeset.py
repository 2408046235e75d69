"""A sheet set in a template of the house: its values in, the bytes of a PDF out.

Values are made printable first. The same values and time give the same bytes.
"""

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import typst

from telemed.documents.fonts import FAMILY, chinese_fonts

TEMPLATES = Path(__file__).parent / "templates"


def typeset(
    template: str, sheet: Mapping[str, object], at: datetime | None = None, archival: bool = False
) -> bytes:
    """The sheet as PDF bytes, `at` as its time; archival: PDF/A-2b if the font has every
    character. FontMissing when the font is not installed."""
    plain = json.loads(json.dumps({**sheet, "family": FAMILY}))
    compiler = typst.Compiler(
        input=TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=chinese_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(printable(plain), ensure_ascii=False)},
        package_path=TEMPLATES,
        package_cache_path=TEMPLATES,
    )
    seconds = None if at is None else int(at.timestamp())
    try:
        made = compiler.compile(
            format="pdf", pdf_standards="a-2b" if archival else None, timestamp=seconds
        )
    except typst.TypstError:
        # PDF/A forbids a glyph the font lacks (ISO 19005-2, 6.2.11.8). A sheet with an empty box
        # for an odd character is better than no sheet; any other error comes up again here.
        made = compiler.compile(format="pdf", timestamp=seconds)
    assert isinstance(made, bytes), "one PDF is one string of bytes"
    return made


def printable(value: object) -> object:
    """`value` with every string freed of what cannot be seen.

    Control characters have no shape, and format characters (bidirectional overrides, zero-width
    marks) make a line read otherwise than it was signed; text is printed in the order it is stored.
    """
    if isinstance(value, str):
        lines = value.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
        return "".join(c for c in lines if c == "\n" or unicodedata.category(c) not in _UNSEEN)
    if isinstance(value, dict):
        return {name: printable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [printable(part) for part in value]
    return value


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
