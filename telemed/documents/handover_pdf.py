"""A hand-over sheet 交班单 as paper: one A4 document in Chinese, from plain values.

As the report's sheet it decides nothing and its text reaches the template as data, never as markup.
"""

from dataclasses import asdict, dataclass

from telemed.documents.report_pdf import NOT_A_LEGAL_SIGNATURE
from telemed.documents.typeset import typeset


@dataclass(frozen=True, slots=True)
class Line:
    """A case of the sheet, all in words."""

    number: str
    patient: str
    exam: str
    urgency: str
    due: str
    state: str
    deed: str
    note: str


@dataclass(frozen=True, slots=True)
class HandoverSheet:
    """Everything on the paper; times are in words. `figures`: waiting, pressing, overdue, held.

    `accepted_at` is empty while nobody has accepted; `genuine` says whether the signed bytes
    verify.
    """

    institution: str
    outgoing: str
    incoming: str
    signed_at: str
    accepted_at: str
    remark: str
    figures: tuple[str, ...]
    genuine: bool
    lines: tuple[Line, ...]


def render_handover(sheet: HandoverSheet) -> bytes:
    """The sheet as PDF bytes. FontMissing when the font is not installed."""
    told = {**asdict(sheet), "notice": NOT_A_LEGAL_SIGNATURE}
    return typeset("handover", told)
