"""What a picture request asks for (PS3.18 10.4.2): format, frame, viewport, window, quality.

This is the plain description that travels to the render worker; it knows the rules of the
query parameters and no image library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from telemed.dicom.refusal import Refused

MAX_SIDE: Final = 8_192
_NUMBER: Final = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,6})?\Z", re.ASCII)
_WORD: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z", re.ASCII)
FUNCTIONS: Final = frozenset({"linear", "linear-exact", "sigmoid"})


class Window(NamedTuple):
    """A window asked for: centre, width and the function between them."""

    center: float
    width: float
    function: str = "linear"


class Region(NamedTuple):
    """The part of the image to show; a negative width or height mirrors it (10.4.2.6)."""

    x: float = 0.0
    y: float = 0.0
    width: float | None = None
    height: float | None = None


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """One picture of one frame (counted from 1); `fit` bounds its size, kept in proportion.

    `kind` is 'jpeg', 'png', 'gif' or 'mp4'; `film` are the frames of a moving one, in order.
    `state` is the file of a presentation state to apply and `font` that of the words drawn.
    """

    kind: str = "jpeg"
    frame: int = 1
    fit: tuple[int, int] | None = None
    region: Region | None = None
    window: Window | None = None
    quality: int = 90
    film: tuple[int, ...] = ()
    annotation: tuple[str, ...] = ()
    profile: str = "no"
    state: str = ""
    font: str = ""


KINDS: Final = {
    "image/jpeg": "jpeg", "image/png": "png", "image/gif": "gif", "video/mp4": "mp4",
}  # fmt: skip
ANNOTATIONS: Final = frozenset({"patient", "technique"})
PROFILES: Final = frozenset({"no", "yes", "srgb"})


def picture_spec(
    parameters: Mapping[str, str], media_type: str, *, frame: int = 1, thumbnail: bool = False
) -> PictureSpec:
    """A spec from decoded query parameters; raises `Refused` bad-query on malformed ones."""
    fit, region = None, None
    if "viewport" in parameters:
        fit, region = _viewport(parameters["viewport"], thumbnail)
    elif thumbnail:
        fit = (256, 256)
    return PictureSpec(
        kind=KINDS[media_type],
        frame=frame,
        fit=fit,
        region=region,
        window=_window(parameters["window"]) if "window" in parameters else None,
        quality=_quality(parameters["quality"]) if "quality" in parameters else 90,
        # A thumbnail tells nothing about the patient (10.4.1.1.4), whatever is asked.
        annotation=() if thumbnail else _known(parameters, "annotation", ANNOTATIONS),
        profile=next(iter(_known(parameters, "iccprofile", PROFILES)), "no"),
    )


def _known(parameters: Mapping[str, str], name: str, values: frozenset[str]) -> tuple[str, ...]:
    """The values of a list that are supported, each once; an ill-formed list is refused."""
    return tuple(dict.fromkeys(v for v in _listed(parameters, name) if v in values))


def unsupported(parameters: Mapping[str, str]) -> list[str]:
    """What is ignored of a request for a picture, in the words of PS3.18 8.3.5.1."""
    told = []
    for name, values in (("annotation", ANNOTATIONS), ("iccprofile", PROFILES)):
        ignored = [v for v in _listed(parameters, name) if v not in values]
        if ignored:
            told.append(f"The following {name} values are not supported: {', '.join(ignored)}")
    return told


def _listed(parameters: Mapping[str, str], name: str) -> list[str]:
    if name not in parameters:
        return []
    values = [value.strip().lower() for value in parameters[name].split(",")]
    if not all(_WORD.match(value) for value in values):
        raise Refused("bad-query", name=name, value=parameters[name][:64])
    return values


def _viewport(text: str, thumbnail: bool) -> tuple[tuple[int, int], Region | None]:
    parts = text.split(",")
    if len(parts) not in ((2,) if thumbnail else (2, 6)):
        raise Refused("bad-query", name="viewport", value=text[:64])
    sides = [_number("viewport", part) for part in parts[:2]]
    if any(side is None or side != int(side) or not 1 <= side <= MAX_SIDE for side in sides):
        raise Refused("bad-query", name="viewport", value=text[:64])
    fit = (int(sides[0] or 0), int(sides[1] or 0))
    if len(parts) == 2:
        return fit, None
    x, y, width, height = (_number("viewport", part) if part else None for part in parts[2:])
    if width == 0 or height == 0:
        raise Refused("bad-query", name="viewport", value=text[:64])
    return fit, Region(x or 0.0, y or 0.0, width, height)


def _window(text: str) -> Window:
    parts = text.split(",")
    if len(parts) != 3 or parts[2].lower() not in FUNCTIONS:
        raise Refused("bad-query", name="window", value=text[:64])
    center, width = _number("window", parts[0]), _number("window", parts[1])
    function = parts[2].lower()
    least = 1.0 if function == "linear" else 1e-6  # PS3.3 C.11.2.1.2.1
    if center is None or width is None or width < least:
        raise Refused("bad-query", name="window", value=text[:64])
    return Window(center, width, function)


def _quality(text: str) -> int:
    if not re.match(r"[0-9]{1,3}\Z", text, re.ASCII) or not 1 <= int(text) <= 100:
        raise Refused("bad-query", name="quality", value=text[:64])
    return int(text)


def _number(name: str, text: str) -> float | None:
    if not _NUMBER.match(text.strip()):
        raise Refused("bad-query", name=name, value=text[:64])
    return float(text)
