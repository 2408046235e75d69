"""The report sheet's promises: complete, ordered, inert to what is typed, the same every time."""

import io
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DictionaryObject

from telemed.documents.fonts import FAMILY, FontMissing, chinese_fonts
from telemed.documents.report_pdf import (
    NOT_A_LEGAL_SIGNATURE,
    CriticalChain,
    Field,
    Link,
    Patient,
    ReportSheet,
    Section,
    Signature,
    Version,
    qr_svg,
    render_report,
)

SIGNED = datetime(2026, 3, 10, 16, 30, 5, tzinfo=UTC)
READER = Signature("报告医师", "韦明远", "主治医师", SIGNED, "1a2b3c4d5e6f7a8b" + "0" * 48)
VERIFIER = Signature(
    "审核医师", "黄静怡", "副主任医师", SIGNED + timedelta(minutes=9), "ffeeddccbbaa9988" + "0" * 48
)
ORIGINAL = Version(
    number=1,
    kind="original",
    sections=(
        Section("检查所见", "右肺上叶见一结节，约 12 mm。\n余肺野清晰。"),
        Section("诊断意见", "右肺上叶结节，建议增强扫描。"),
    ),
    signatures=(READER, VERIFIER),
    positive=True,
)
SHEET = ReportSheet(
    provider="漓江区人民医院",
    alliance="桂北远程医疗协作网",
    title="远程影像诊断报告单",
    number="YX20260310-000127",
    patient=Patient("李秀英", "女", "67 岁", "门诊号", "M20260310088"),
    patient_fields=(Field("申请机构", "龙脊县中医医院"), Field("申请医师", "")),
    exam_fields=(Field("检查项目", "胸部平扫"),),
    clinical_question="咳嗽两周，请明确阴影性质。",
    versions=(ORIGINAL,),
    verify_code="8F3K-22QP",
    verify_url="https://telemed.example.org/verify/8F3K22QP",
    printed_at=datetime(2026, 3, 11, 1, 0, tzinfo=UTC),
    printed_by="蒙志强",
)


def pages_of(sheet: ReportSheet) -> list[str]:
    """The text of each page, without the spaces the layout puts in."""
    reader = pypdf.PdfReader(io.BytesIO(render_report(sheet)))
    return ["".join((page.extract_text() or "").split()) for page in reader.pages]


def text_of(sheet: ReportSheet) -> str:
    return "".join(pages_of(sheet))


def with_findings(text: str) -> ReportSheet:
    return replace(SHEET, versions=(replace(ORIGINAL, sections=(Section("检查所见", text),)),))


def test_everything_a_reader_of_the_paper_needs_is_on_it() -> None:
    """Institution, patient, exam, question, findings, impression, signers and proof are printed."""
    text = text_of(SHEET)
    for expected in (
        "漓江区人民医院", "桂北远程医疗协作网", "远程影像诊断报告单", "报告编号：YX20260310-000127",
        "李秀英", "67岁", "门诊号：M20260310088", "申请机构：龙脊县中医医院", "检查项目：胸部平扫",
        "咳嗽两周", "检查所见：", "约12mm", "余肺野清晰", "诊断意见：", "建议增强扫描",
        "结果判定：阳性",
        "报告医师：韦明远（主治医师）", "审核医师：黄静怡（副主任医师）", "8F3K-22QP",
        "https://telemed.example.org/verify/8F3K22QP", NOT_A_LEGAL_SIGNATURE, "打印人蒙志强",
        "第1页/共1页",
    ):  # fmt: skip
        assert expected in text, expected


def test_times_are_printed_in_china() -> None:
    """A signature at 16:30 UTC was made after midnight of the next day in Nanning."""
    text = text_of(SHEET)
    assert "签名时间：2026-03-1100:30:05" in text
    assert "签名时间：2026-03-1100:39:05" in text
    assert "打印时间2026-03-1109:00:00" in text


def test_the_signature_is_abbreviated_to_its_first_sixteen_digits() -> None:
    """Enough of the digest to compare by eye, no more."""
    text = text_of(SHEET)
    assert "1A2B3C4D5E6F7A8B" in text
    assert "1A2B3C4D5E6F7A8B0" not in text.replace("签名摘要", "|")


def test_an_empty_field_is_a_dash() -> None:
    """Nothing entered is shown as nothing entered, not as a gap somebody may fill in."""
    assert "申请医师：—" in text_of(SHEET)


def test_later_versions_stand_above_the_original_with_their_own_signatures() -> None:
    """Latest first whatever order they come in; the amended one says which version replaced it."""
    amended = Version(
        2, "amendment", (Section("诊断意见", "更正为十四毫米"),),
        (replace(READER, name="覃晓峰"),), reason="复核测量", critical="已电话通知",
    )  # fmt: skip
    added = Version(
        3, "addendum", (Section("补充意见", "旧片可比"),), (replace(READER, name="蓝一凡"),)
    )
    text = text_of(replace(SHEET, versions=(ORIGINAL, added, amended)))
    order = [
        "补充报告（第3版）", "旧片可比", "蓝一凡", "修订报告（第2版）", "复核测量",
        "【危急值】已电话通知", "更正为十四毫米", "覃晓峰",
        "原始报告（第1版）已由第2版修订", "约12mm", "韦明远",
    ]  # fmt: skip
    places = [text.index(expected) for expected in order]
    assert places == sorted(places)
    assert text.count("已由第2版修订") == 1


def test_an_addendum_does_not_replace_what_it_adds_to() -> None:
    """Only an amendment marks an older version as replaced."""
    added = Version(2, "addendum", (Section("补充意见", "旧片可比"),), (READER,))
    assert "已由第" not in text_of(replace(SHEET, versions=(ORIGINAL, added)))


def test_a_single_version_carries_no_version_heading() -> None:
    """A report nobody changed looks like a plain report."""
    assert "第1版" not in text_of(SHEET)


@pytest.mark.parametrize(("positive", "shown"), [(True, "阳性"), (False, "阴性"), (None, "")])
def test_the_judgement_is_printed_only_when_made(positive: bool | None, shown: str) -> None:
    """An unmarked report says neither."""
    text = text_of(replace(SHEET, versions=(replace(ORIGINAL, positive=positive),)))
    assert ("结果判定" in text) is bool(shown)
    assert shown in text


def test_a_preliminary_sheet_says_so() -> None:
    """A sheet without the verifier's signature cannot pass for a final one."""
    assert "尚未审核" in text_of(replace(SHEET, preliminary=True))
    assert "尚未审核" not in text_of(SHEET)


def test_a_long_text_flows_on_and_every_page_names_the_patient() -> None:
    """Nothing is cut off; each further page repeats patient, number and its place."""
    lines = [f"第{n:03d}段所见，肺野清晰，纵隔居中，未见异常密度影。" for n in range(160)]
    pages = pages_of(with_findings("\n".join(lines)))
    assert len(pages) >= 3
    assert all(line in "".join(pages) for line in lines)
    for number, page in enumerate(pages, 1):
        assert "李秀英" in page
        assert "YX20260310-000127" in page
        assert f"第{number}页/共{len(pages)}页" in page
        assert NOT_A_LEGAL_SIGNATURE in page


HOSTILE = [
    '#import "@preview/tablex:0.0.8": *',
    '#read("/etc/passwd")',
    '#image("../fonts.py")',
    "#panic()",
    "#set page(fill: red)",
    "#{while true {}}",
    "$ x^2 $ and $",
    "]] } ) [ { (",
    "*bold* _emph_ `raw` ```block```",
    "= heading\n- list\n+ enum\n/ term: x",
    "@ref <label> https://a.example ~ -- --- ...",
    "// comment /* block",
    "\\ \\u{41} \\#",
    '"}, {"a": "',
    "<script>alert(1)</script>",
    "%PDF-1.7 endobj >> stream",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_typed_text_is_printed_and_never_run(text: str) -> None:
    """Markup, code and JSON typed by a person appear letter for letter, wherever they are."""
    everywhere = replace(
        with_findings(text),
        provider=text,
        alliance=text,
        number=text,
        patient=Patient(text, text, text, text, text),
        clinical_question=text,
        verify_code=text,
        printed_by=text,
    )
    assert text_of(everywhere).count("".join(text.split())) >= 8


@pytest.mark.parametrize(
    ("text", "on_a_line"),
    [("W" * 500, 56), ("w3" * 300, 75), ("/" * 300, 130), ("0" * 640, 85), ("。" * 300, 50)],
)
def test_a_word_without_breaks_stays_on_the_paper(text: str, on_a_line: int) -> None:
    """A run longer than a line is broken into lines that fit; no character is lost."""
    reader = pypdf.PdfReader(io.BytesIO(render_report(with_findings(text))))
    lines = "\n".join(page.extract_text() for page in reader.pages).splitlines()
    runs = [line.strip() for line in lines if line.strip() and set(line.strip()) <= set(text)]
    assert "".join(runs) == text
    assert max(map(len, runs)) <= on_a_line


def test_what_cannot_be_seen_is_not_printed() -> None:
    """Direction overrides, zero-width marks and control characters cannot change a reading."""
    hidden = (
        "阴\u200b性\u202e\u2066abc\u2069\u202c\ufeff\x00\x07\x1b[31m\u2028结\u200d束\ue000\ud800"
    )
    assert "阴性abc[31m结束" in text_of(with_findings(hidden))


def test_a_character_the_font_lacks_does_not_stop_the_sheet() -> None:
    """An emoji leaves a box; rare surnames of the extension planes are printed."""
    text = text_of(with_findings("甲😀乙𠮷䶮㼆丙"))
    assert "乙𠮷䶮㼆丙" in text
    assert "甲" in text


def test_the_same_sheet_is_the_same_bytes() -> None:
    """A stored hash of a printed sheet can be checked later; another time is another sheet."""
    assert render_report(SHEET) == render_report(replace(SHEET))
    later = replace(SHEET, printed_at=SHEET.printed_at + timedelta(seconds=1))
    assert render_report(later) != render_report(SHEET)


def test_another_process_makes_the_same_bytes(tmp_path: Path) -> None:
    """The bytes hold nothing of the process that made them."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:2]\n"
        "from tests.documents.test_report_pdf import SHEET, render_report\n"
        "sys.stdout.buffer.write(render_report(SHEET))"
    )
    root = str(Path(__file__).parents[2])
    made = subprocess.run(
        [sys.executable, "-c", code, root], cwd=tmp_path, capture_output=True, check=True
    )
    assert made.stdout == render_report(SHEET)


def test_the_font_is_embedded_and_the_file_is_for_archives() -> None:
    """The paper looks the same where no Chinese font is installed, decades from now."""
    made = render_report(SHEET)
    resources = pypdf.PdfReader(io.BytesIO(made)).pages[0]["/Resources"]
    assert isinstance(resources, DictionaryObject)
    fonts = [font.get_object() for font in resources["/Font"].get_object().values()]  # type: ignore[union-attr]
    names = {str(font["/BaseFont"]) for font in fonts}
    assert names
    assert all("NotoSansCJKsc" in name for name in names)
    assert b"pdfaid" in made


def test_the_template_reaches_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet is made with every socket refused."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a document reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    assert render_report(SHEET).startswith(b"%PDF")
    template = Path(__file__).parents[2] / "telemed/documents/templates/report.typ"
    source = template.read_text()
    for reach in ("@preview", "#import", "#include", "read(", "plugin(", "http"):
        assert reach not in source


def test_the_verification_address_is_in_the_code() -> None:
    """The code's size grows with its text, and it is drawn, not linked."""
    drawn = qr_svg("https://telemed.example.org/verify/8F3K22QP")
    assert drawn.startswith("<svg")
    assert "href" not in drawn
    assert qr_svg("a") != drawn


@pytest.mark.parametrize("field", ["printed_at", "signed"])
def test_a_naive_time_is_refused(field: str) -> None:
    """A time whose zone is unknown is never printed beside a signature."""
    naive = SIGNED.replace(tzinfo=None)
    if field == "printed_at":
        sheet = replace(SHEET, printed_at=naive)
    else:
        signed = (replace(READER, at=naive),)
        sheet = replace(SHEET, versions=(replace(ORIGINAL, signatures=signed),))
    with pytest.raises(ValueError, match="aware"):
        render_report(sheet)


def test_a_report_without_a_version_is_refused() -> None:
    """There is no blank form to be filled in by hand."""
    with pytest.raises(ValueError, match="version"):
        render_report(replace(SHEET, versions=()))


def test_a_missing_font_is_named() -> None:
    """Whoever installs the platform reads what to install, not a page of boxes."""
    with pytest.raises(FontMissing, match=r"Noto Sans CJK SC.*no-such-fonts"):
        chinese_fonts("no_such_fonts")
    with pytest.raises(FontMissing, match=FAMILY):
        chinese_fonts("segno")


# --- critical findings ----------------------------------------------------------------------------

NOTIFIED = Link("通知", "已通知龙脊县中医医院", "韦明远", SIGNED)
ACKNOWLEDGED = Link("确认", "已通知急诊科", "唐秀兰", SIGNED + timedelta(minutes=4))
ACTED = Link("处置", "已转院；救护车送市医院", "唐秀兰", SIGNED + timedelta(minutes=35))


def test_the_paper_tells_a_critical_finding_s_whole_way() -> None:
    """Who notified, acknowledged and acted, what and when, in that order; without one, nothing."""
    assert "危急值处置记录" not in text_of(SHEET)
    chain = CriticalChain("张力性气胸", (NOTIFIED, ACKNOWLEDGED, ACTED))
    told = text_of(replace(SHEET, chains=(chain,)))
    parts = (
        "危急值处置记录", "不在报告签名之内", "【危急值】张力性气胸",
        "通知已通知龙脊县中医医院韦明远2026-03-1100:30:05",
        "确认已通知急诊科唐秀兰2026-03-1100:34:05",
        "处置已转院；救护车送市医院唐秀兰2026-03-1101:05:05",
    )  # fmt: skip
    places = [told.find(part) for part in parts]
    assert -1 not in places and places == sorted(places), told


def test_an_open_link_says_what_is_owed_and_by_whom() -> None:
    """Nothing on the paper looks done that is not."""
    owed = Link("处置", "尚未登记处置", "龙脊县中医医院", None)
    told = text_of(replace(SHEET, chains=(CriticalChain("主动脉夹层", (NOTIFIED, owed)),)))
    assert "处置尚未登记处置龙脊县中医医院" in told
