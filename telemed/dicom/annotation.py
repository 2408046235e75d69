"""Words drawn into pictures (PS3.18 10.4.2.2). Runs only inside the worker process.

Who the patient is goes to the upper left corner, how the image was taken to the lower left. The
font comes with the project and is named by the server; no font of the machine is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from telemed.dicom.charset import shown
from telemed.dicom.elements import ScannedFile
from telemed.dicom.text import charset_for, first_text, person_name, readable_name

FAMILY: Final = "Noto Sans CJK SC"
_MOST: Final = 60  # characters of a line

# What is said of a technique: before the value, its tag, behind it.
_TECHNIQUE: Final = (
    ("", 0x00080060, ""), ("", 0x00180015, ""), ("", 0x00181030, ""), ("", 0x00180060, " kV"),
    ("", 0x00181151, " mA"), ("", 0x00181152, " mAs"), ("", 0x00180050, " mm"),
    ("TR ", 0x00180080, " ms"), ("TE ", 0x00180081, " ms"), ("", 0x00080070, ""),
)  # fmt: skip


def _patient(file: ScannedFile) -> list[str]:
    charset = charset_for(file)
    name = person_name(first_text(file, charset, file.elements.get(0x00100010)))
    told = [readable_name(name.ideographic or name.alphabetic)]
    told += [first_text(file, charset, file.elements.get(t)) for t in (0x00100020, 0x00100040)]
    birth = first_text(file, charset, file.elements.get(0x00100030))
    return [*told, birth]


def _technique(file: ScannedFile) -> list[str]:
    charset = charset_for(file)
    texts = [(a, first_text(file, charset, file.elements.get(t)), z) for a, t, z in _TECHNIQUE]
    return [f"{before}{text}{behind}" for before, text, behind in texts if text]


_WORDS: Final[Mapping[str, Callable[[ScannedFile], list[str]]]] = {
    "patient": _patient,
    "technique": _technique,
}


def annotated(
    image: Image.Image, file: ScannedFile, kinds: tuple[str, ...], font: str
) -> Image.Image:
    """The picture with the asked words, white with a dark edge."""
    if not kinds:
        return image
    size = max(10, min(image.size) // 32)
    draw = ImageDraw.Draw(image)
    for kind in kinds:
        lines = [shown(line).text[:_MOST] for line in _WORDS[kind](file) if line]
        top = size // 2 if kind == "patient" else image.height - int(size * (1.3 * len(lines) + 1))
        write(draw, (size // 2, top), "\n".join(lines), font, size)
    return image


def write(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, font: str, size: int
) -> None:
    """Lines of text at their upper left corner."""
    white, black = ((255, 255, 255), (0, 0, 0)) if draw.mode == "RGB" else (255, 0)
    draw.multiline_text(
        at, text, white, typeface(font, size), stroke_width=max(1, size // 12), stroke_fill=black
    )


@lru_cache(maxsize=8)
def typeface(font: str, size: int) -> ImageFont.FreeTypeFont:
    """The family of the house within a collection of fonts."""
    for index in range(16):
        found = ImageFont.truetype(font, size, index=index)
        if found.getname()[0] == FAMILY:
            found.set_variation_by_name("Regular")
            return found
    raise OSError(f"{FAMILY} is not in the font file")
