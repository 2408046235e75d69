"""Character sets: labelled, mislabelled and unlabelled text comes out right and flagged."""

from __future__ import annotations

import pytest

from telemed.dicom.charset import charset_of, shown
from telemed.dicom.scan import scan
from telemed.dicom.summary import summarize
from telemed.dicom.text import PersonName, person_name, texts
from tests.dicom.files import shipped
from tests.hostile_dicom import Elements, encoded, even, image, part10

NAME = "王^小明"
IR58 = b"Wang^XiaoDong=\x1b$)A\xcd\xf5^\x1b$)A\xd0\xa1\xb6\xab"


@pytest.mark.parametrize(
    ("label", "raw", "text", "guessed"),
    [
        ("ISO_IR 192", NAME.encode(), NAME, False),
        ("GB18030", NAME.encode("gb18030"), NAME, False),
        ("GB18030", "𠮷^野".encode("gb18030"), "𠮷^野", False),
        ("GBK", "朱^镕基".encode("gbk"), "朱^镕基", False),
        ("ISO_IR 100", "Müller^José".encode("latin-1"), "Müller^José", False),
        ("", b"Wang^Xiaoming", "Wang^Xiaoming", False),
        ("ISO 2022 IR 6\\ISO 2022 IR 58", IR58, "Wang^XiaoDong=王^小东", False),
        # wrong labels
        ("", NAME.encode("gbk"), NAME, True),
        ("", NAME.encode(), NAME, True),
        ("ISO_IR 6", NAME.encode("gbk"), NAME, True),
        ("ISO_IR 100", NAME.encode("gbk"), NAME, True),
        ("ISO_IR 100", NAME.encode(), NAME, True),
        ("ISO_IR 192", NAME.encode("gbk"), NAME, True),
        ("GB18030", "王小明的检查".encode(), "王小明的检查", True),
        ("ISO 2022 IR 6\\ISO 2022 IR 58", NAME.encode("gbk"), NAME, True),
        ("NONSENSE", NAME.encode("gbk"), NAME, True),
        # spellings that are seen
        ("iso-ir 192", NAME.encode(), NAME, False),
        ("ISO-IR 100", "Müller".encode("latin-1"), "Müller", False),
        ("gb18030", NAME.encode("gb18030"), NAME, False),
        # evidence that is too weak changes nothing
        ("ISO_IR 100", "Größe".encode("latin-1"), "Größe", False),
        ("ISO_IR 100", "Ñuñez".encode("latin-1"), "Ñuñez", False),
        ("ISO_IR 100", b"\xff", "ÿ", False),
    ],
)
def test_decoding(label: str, raw: bytes, text: str, guessed: bool) -> None:
    """The declared set is used when it fits, a better one when the evidence is there."""
    charset = charset_of(label.split("\\"), [raw])
    assert (charset.text(raw), charset.guessed) == (text, guessed)


def test_other_values_of_the_file_are_evidence() -> None:
    """One rare character alone proves nothing; the rest of the file settles it."""
    lonely, rest = "喆".encode("gbk"), "胸部正位片".encode("gbk")
    assert charset_of([""], [lonely, rest]).text(lonely) == "喆"


def test_a_file_of_two_encodings_is_read_value_by_value() -> None:
    """A name typed at the device in GBK beside a worklist's UTF-8: both come out right."""
    values = [NAME.encode("gbk"), "胸部平扫".encode()]
    charset = charset_of([""], values)
    assert charset.guessed
    assert [charset.text(value) for value in values] == [NAME, "胸部平扫"]


def test_bytes_without_meaning_are_kept_visible() -> None:
    """Undecodable text is flagged and shows every byte instead of question marks."""
    told = charset_of([""], [b"\xff\xfe"]).decode(b"\xff\xfe")
    assert told == ("ÿþ", False)


def test_marks_inside_double_bytes_do_not_split() -> None:
    """0x5C, 0x5E and 0x3D as second bytes are parts of characters (PS3.5 6.1.2.3)."""
    hidden = [c for c in map(chr, range(0x4E00, 0x9FFF)) if _second(c) in (0x5C, 0x5E)]
    assert len(hidden) > 100
    charset = charset_of(["GB18030"], [])
    for char in hidden[:200]:
        raw = f"{char}^{char}".encode("gb18030")
        assert texts(raw, "PN", charset) == [f"{char}^{char}"]
        assert person_name(charset.text(raw)) == PersonName(f"{char}^{char}")


def _second(char: str) -> int:
    raw = char.encode("gb18030")
    return raw[1] if len(raw) == 2 else 0


@pytest.mark.parametrize(
    ("text", "clean", "marked"),
    [
        ("王小明", "王小明", False),
        ("王\u202e小明", "王小明", True),
        ("王\u200b小\u2060明", "王小明", True),
        ("\ufeff王小明", "王小明", True),
        ("A\0B\x07", "AB", True),
        ("Jose\u0301", "José", False),
        ("  two words ", "two words", False),
        ("王\U000e0041", "王", True),
    ],
)
def test_shown_text(text: str, clean: str, marked: bool) -> None:
    """What is displayed holds nothing that cannot be seen, and says if it did."""
    assert shown(text) == (clean, marked)


def test_a_summary_flags_what_it_had_to_guess_and_to_hide() -> None:
    """The raw name keeps the override, the shown one does not, and the note tells."""
    raw = "王\u202e^小明".encode()
    changed: Elements = {0x00080005: ("CS", b""), 0x00100010: ("PN", even(raw))}
    summary = summarize(scan(part10(encoded({**image(), **changed}))))
    assert summary.patient_name == "王\u202e^小明"
    assert summary.patient_name_shown == "王小明"
    assert set(summary.notes) == {"charset-guessed", "hidden-characters"}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("chrX1.dcm", "Wang^XiaoDong=王^小東"),
        ("chrX2.dcm", "Wang^XiaoDong=王^小东"),
        ("chrH31.dcm", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("chrH32.dcm", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("chrI2.dcm", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("chrGerm.dcm", "Äneas^Rüdiger"),
        ("chrRuss.dcm", "Люкceмбypг"),
        ("chrGreek.dcm", "Διονυσιος"),
        ("chrArab.dcm", "قباني^لنزار"),
        ("chrHbrw.dcm", "שרון^דבורה"),
    ],
)
def test_the_standards_own_examples(file: str, name: str) -> None:
    """The examples of PS3.5 annexes H to J, and of ISO 2022 in Latin neighbours."""
    assert summarize(scan(shipped(file).read_bytes())).patient_name.rstrip("=") == name
