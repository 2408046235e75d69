"""The pictures of docs/ are what the journeys saw: `make screenshots` puts them there.

A page shows `img/NAME.png`; the step of the story with that name leaves it. Knows how a picture is
made small, not which there are: that is what the pages say.
"""

import os
import re
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "img"
COLOURS = (256, 128, 64, 32, 16)
MOST_BYTES = 150_000


def wanted() -> bool:
    """Whether this run is to leave pictures in docs/img."""
    return bool(os.environ.get("TELEMED_SCREENSHOTS"))


def shown() -> set[str]:
    """The names of all pictures that the pages show."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return {
        name for page in pages for name in re.findall(r"img/([\w-]+)\.png", page.read_text("utf-8"))
    }


def keep(picture: Path, name: str) -> None:
    """Put a picture into docs/img when it was asked for and a page shows it."""
    if wanted() and name in shown():
        IMAGES.mkdir(exist_ok=True)
        _shrink(picture, IMAGES / f"{name}.png")


def _shrink(source: Path, target: Path) -> None:
    """A picture with a palette, of as many colours as fit."""
    with Image.open(source) as image:
        flat = image.convert("RGB")
    for colours in COLOURS:
        flat.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size <= MOST_BYTES:
            return
    raise AssertionError(f"{target.name} is larger than {MOST_BYTES} bytes")
