"""The one type family the house prints with, shipped as a dependency.

Noto Sans CJK (SIL Open Font License 1.1) comes in the `manimgx-fonts-cjk` wheel, so a hospital's
server without a single Chinese font prints the same page as every other. The system's own fonts
are never used: a page must not depend on the machine that made it.
"""

import importlib.util
from functools import cache
from pathlib import Path

import typst

FAMILY = "Noto Sans CJK SC"
PACKAGE = "manimgx_fonts_cjk"


class FontMissing(RuntimeError):
    """The Chinese font the documents are set in is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"the font {FAMILY!r} was not found: install the Python package "
            f"{package.replace('_', '-')!r}, which carries it"
        )


def font_file(package: str = PACKAGE) -> Path:
    """The file that holds the family, for whoever draws with another engine; else FontMissing."""
    spec = importlib.util.find_spec(package)
    found = sorted(Path(spec.origin).parent.glob("*.ttc")) if spec and spec.origin else []
    if not found:
        raise FontMissing(package)
    return found[0]


@cache
def chinese_fonts(package: str = PACKAGE) -> typst.Fonts:
    """The installed fonts, read once; FontMissing when the family is not among them."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FontMissing(package)
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[Path(spec.origin).parent])
    if FAMILY not in fonts.families():
        raise FontMissing(package)
    return fonts
