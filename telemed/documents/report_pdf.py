"""The report as a sheet of paper: one A4 document in Chinese, from plain values.

It prints what it is given and decides nothing: which versions exist, who may see them and what
was signed are settled before. All text reaches the template as JSON data, never as markup, and
the template can read nothing outside its own folder and reach no network. The same sheet gives the
same bytes, so a stored hash of a printed report means something.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import segno

from telemed.documents.typeset import typeset

ZONE = ZoneInfo("Asia/Shanghai")
DIGEST_SHOWN = 16
QUESTION_LABEL = "临床资料与检查目的"

NOT_A_LEGAL_SIGNATURE = "本平台签名为系统软件签名，不属于《电子签名法》意义上的可靠电子签名"

VersionKind = Literal["original", "addendum", "amendment"]

_HEADINGS: Mapping[VersionKind, str] = {
    "original": "原始报告",
    "addendum": "补充报告",
    "amendment": "修订报告",
}
_JUDGEMENTS: Mapping[bool | None, str] = {True: "阳性", False: "阴性", None: ""}


@dataclass(frozen=True, slots=True)
class Field:
    """A label and its value, as printed in a block; an empty value prints as a dash."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """A headed text of a version, such as 检查所见; line breaks are kept."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a version as what; `digest` is the signature's hash in hex, `at` is aware."""

    role: str
    name: str
    title: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Version:
    """One signed version. `reason` says why an addendum or amendment was made."""

    number: int
    kind: VersionKind
    sections: tuple[Section, ...]
    signatures: tuple[Signature, ...]
    reason: str = ""
    positive: bool | None = None
    critical: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one expert signed beside the report: as what, of which institution."""

    institution: str
    signature: Signature
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a critical finding's chain: who did what and when; `at` None while it is open.

    `done` is what was done, or what is still owed.
    """

    label: str
    done: str
    who: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class CriticalChain:
    """A critical finding from its notice to what was done about it."""

    finding: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient as every page names him; `number` is printed with its own label."""

    name: str
    sex: str
    age: str
    number_label: str
    number: str


@dataclass(frozen=True, slots=True)
class ReportSheet:
    """Everything on the paper. Times are aware; `title` is the service's, as 远程影像诊断报告单.

    `patient_fields` and `exam_fields` follow the patient's own line in their blocks. `versions`
    come in any order and are printed latest first. `preliminary` marks a sheet that lacks the
    verifier's signature.
    """

    provider: str
    alliance: str
    title: str
    number: str
    patient: Patient
    patient_fields: tuple[Field, ...]
    exam_fields: tuple[Field, ...]
    clinical_question: str
    versions: tuple[Version, ...]
    verify_code: str
    verify_url: str
    printed_at: datetime
    printed_by: str = ""
    preliminary: bool = False
    question_label: str = QUESTION_LABEL
    chains: tuple[CriticalChain, ...] = ()
    opinions: tuple[Opinion, ...] = ()


def render_report(report: ReportSheet) -> bytes:
    """The sheet as PDF bytes, always the same for it; PDF/A-2b if the font has every character.

    ValueError when a time is naive or there is no version; FontMissing when the font is not
    installed.
    """
    if not report.versions:
        raise ValueError("a report without a version cannot be printed")
    return typeset("report", _sheet(report), report.printed_at, archival=True)


def _sheet(report: ReportSheet) -> dict[str, object]:
    latest_first = sorted(report.versions, key=lambda version: version.number, reverse=True)
    return {
        "provider": report.provider,
        "alliance": report.alliance,
        "title": report.title,
        "number": report.number,
        "patient": [
            {"label": "姓　　名", "value": report.patient.name},
            {"label": "性　　别", "value": report.patient.sex},
            {"label": "年　　龄", "value": report.patient.age},
            {"label": report.patient.number_label, "value": report.patient.number},
        ],
        "patient_fields": [_field(field) for field in report.patient_fields],
        "exam_fields": [_field(field) for field in report.exam_fields],
        "clinical_question": report.clinical_question,
        "question_label": report.question_label,
        "versions": [_version(version, report.versions) for version in latest_first],
        "opinions": [_opinion(opinion) for opinion in report.opinions],
        "chains": [_chain(chain) for chain in report.chains],
        "preliminary": report.preliminary,
        "qr": qr_svg(report.verify_url),
        "verify_code": report.verify_code,
        "verify_url": report.verify_url,
        "notice": NOT_A_LEGAL_SIGNATURE,
        "printed_at": _local(report.printed_at),
        "printed_by": report.printed_by,
    }


def _field(field: Field) -> dict[str, object]:
    return {"label": field.label, "value": field.value}


def _version(version: Version, others: tuple[Version, ...]) -> dict[str, object]:
    amended_by = [v.number for v in others if v.kind == "amendment" and v.number > version.number]
    return {
        "heading": f"{_HEADINGS[version.kind]}（第 {version.number} 版）",
        "is_alone": len(others) == 1,
        "superseded": f"已由第 {max(amended_by)} 版修订" if amended_by else "",
        "reason": version.reason,
        "sections": [{"heading": s.heading, "text": s.text} for s in version.sections],
        "judgement": _JUDGEMENTS[version.positive],
        "critical": version.critical,
        "signatures": [_signature(signature) for signature in version.signatures],
    }


def _opinion(opinion: Opinion) -> dict[str, object]:
    return {
        "institution": opinion.institution,
        "sections": [{"heading": s.heading, "text": s.text} for s in opinion.sections],
        "signatures": [_signature(opinion.signature)],
    }


def _chain(chain: CriticalChain) -> dict[str, object]:
    links = [
        {
            "label": link.label,
            "done": link.done,
            "who": link.who,
            "at": "" if link.at is None else _local(link.at),
        }
        for link in chain.links
    ]
    return {"finding": chain.finding, "links": links}


def _signature(signature: Signature) -> dict[str, object]:
    shown = signature.digest[:DIGEST_SHOWN].upper()
    return {
        "role": signature.role,
        "name": signature.name,
        "title": signature.title,
        "at": _local(signature.at),
        "digest": " ".join(shown[i : i + 4] for i in range(0, len(shown), 4)),
    }


def _local(at: datetime) -> str:
    """The time in China to the second; ValueError when naive."""
    if at.tzinfo is None:
        raise ValueError("a printed time must be aware")
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


def qr_svg(text: str) -> str:
    """A QR code of `text` as an SVG document without a quiet zone; level M (15 % recoverable)."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", border=0, xmldecl=False)
    return drawn.getvalue().decode("ascii")
