"""A handout 讲义 of a course as paper: a title, and headings with their text, from plain values.

As the report's sheet it decides nothing, and its text reaches the template as data, never as
markup.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from telemed.documents.typeset import typeset


@dataclass(frozen=True, slots=True)
class Handout:
    """Everything on the paper; a part has a heading and a text."""

    title: str
    offerer: str
    lecturers: str
    parts: Sequence[Mapping[str, str]]


def render_handout(sheet: Handout, made_at: datetime) -> bytes:
    """The sheet as PDF bytes. FontMissing when the font is not installed."""
    return typeset("handout", asdict(sheet), made_at)
