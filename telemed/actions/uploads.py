"""Files people upload: announced, received piece by piece, judged, entered.

A file is judged when its last byte is here and again after a crash; judging twice changes nothing.
A ZIP is opened with every number bounded beforehand, its names are labels and never paths, and an
archive inside an archive stays closed. Every verdict has a sentence in both languages.
"""

import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telemed.actions import door
from telemed.actions.act import Act
from telemed.actions.intake import Incoming, Outcome, link, prepare, store_instances
from telemed.core import request
from telemed.core.access import Permission, Role, Subject
from telemed.core.errors import Problem
from telemed.dicom.refusal import SENTENCES, Refused
from telemed.store import tables as t
from telemed.store import uploads
from telemed.store.arrivals import Fate
from telemed.store.blobs import Blobs, hash_file
from telemed.store.tx import Row

MOST_FILES: Final = 20_000
MOST_MEMBERS: Final = 20_000
MOST_LISTED: Final = 500
BATCH: Final = 200
_DIRECTORY_BYTES: Final = 32 << 20
_RATIO: Final = 200
_RATIO_FLOOR: Final = 64 << 20
_ZIP: Final = b"PK\x03\x04"
_DIRECTORY_CLASS: Final = "1.2.840.10008.1.3.10"

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "not-dicom": ("不是 DICOM 影像，已跳过", "Not a DICOM image; skipped"),
    "dicomdir": ("光盘目录文件，无需上传，已跳过", "A disc directory; not needed, skipped"),
    "nested-archive": ("压缩包中的压缩包，已跳过", "An archive inside an archive; skipped"),
    "empty": ("空文件，已跳过", "An empty file; skipped"),
    "zip-damaged": ("压缩包损坏，无法打开", "The archive is damaged"),
    "zip-encrypted": ("压缩包已加密，无法打开", "The archive is encrypted"),
    "zip-too-many": (
        f"压缩包内文件超过 {MOST_MEMBERS} 个",
        f"More than {MOST_MEMBERS} files inside",
    ),
    "zip-too-large": ("压缩包解开后过大", "The archive inflates to too much"),
    "zip-method": ("不支持的压缩方式", "The compression method is not supported"),
    # The scanner's own sentences count bytes, which nobody kept; these say what to do.
    "truncated": (
        "文件不完整，可能没有拷贝完，请从设备或 PACS 重新导出后再传",
        "The file is cut short, perhaps half copied; export it again and upload it",
    ),
    "short-pixel-data": (
        "像素数据不完整，请从设备或 PACS 重新导出后再传",
        "Pixel data is cut short; export the image again and upload it",
    ),
    "other-content": (
        "同一影像编号已有不同内容，已隔离待处理",
        "The same UID already holds other content; this copy is quarantined",
    ),
    "other-patient": (
        "同一检查已属于另一患者编号，已隔离待处理",
        "The study already belongs to another PatientID; this copy is quarantined",
    ),
    "removed": (
        "该影像已被人工隐藏、更正或删除，重新发送不会恢复；如需恢复请在“隐藏的影像”中操作",
        "These images were hidden, corrected or deleted by a person; sending them again does not"
        " bring them back, somebody must put them back",
    ),
    "foreign-study": (
        "该检查属于其他机构，不能存入",
        "The study belongs to another institution and may not be added to",
    ),
    "other-person": (
        "影像已保存，但与申请单患者不一致，未关联到申请单",
        "Stored, but it is not the patient of the request, so it was not attached",
    ),
    "request-closed": (
        "影像已保存，但申请单已不能修改，未关联",
        "Stored, but the request can no longer be changed, so it was not attached",
    ),
    "request-not-found": (
        "影像已保存，但没有找到申请单，未关联",
        "Stored, but the request was not found, so it was not attached",
    ),
    "already-here": ("平台已有相同影像，无需重复上传", "The platform has this image already"),
    "write-failed": ("服务器写入失败，请重新上传", "Writing failed on the server; upload it again"),
    "abandoned": ("上传中断超过 7 天，已清除", "Left unfinished for 7 days; removed"),
}


def words(code: str | None) -> tuple[str | None, str | None]:
    """The Chinese and English sentence of a verdict's code."""
    if code is None:
        return None, None
    zh, en = WORDS.get(code) or SENTENCES.get(code) or (code, code)
    if "{" in zh:  # the scanner's facts were not kept; a person needs to know what to do
        return _UNSOUND[0].format(code=code), _UNSOUND[1].format(code=code)
    return zh, en


_UNSOUND = (
    "文件内容不符合 DICOM 规范（{code}），请从设备或 PACS 重新导出；仍不行请联系设备厂商",
    "The file breaks the DICOM standard ({code}); export it again, else ask the device's maker",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a file: one of the contract's verdicts, a code, the study it joined."""

    verdict: str
    code: str | None = None
    study_id: str | None = None


# --- announcing -------------------------------------------------------------------------------


def begin(act: Act, request_id: str | None) -> str:
    """A new upload, for an own case that may still be added to, or for none; its id."""
    act.subject.require(Permission.STORE_STUDIES)
    if request_id is not None:
        case = door.case(act, request_id)
        if not case.own:
            raise Problem("forbidden", action="store-studies")
        if case.state not in request.EDITABLE and case.state is not request.State.OPEN:
            raise Problem(
                "illegal-transition",
                state=request.MACHINE.word(case.state),
                event={"zh": "上传", "en": "upload"},
            )
    made = {
        "id": act.new_id(),
        "institution_id": act.subject.own_institution,
        "account_id": act.subject.account_id,
        "request_id": request_id,
        "created_at": act.now,
    }
    act.tx.insert(t.uploads, made)
    return str(made["id"])


def announce(act: Act, upload_id: str, name: str, size: int) -> Row:
    """A file of so many bytes is going to come; its row."""
    upload = find(act, upload_id)
    if uploads.count_files(act.tx, upload_id) >= MOST_FILES:
        raise Problem("too-large", limit=f"{MOST_FILES}")
    made = _file_row(act, upload_id, name, size, uploads.UPLOADING)
    act.tx.insert(t.upload_files, made)
    return {**made, **{k: upload[k] for k in ("institution_id", "account_id", "request_id")}}


def find(act: Act, upload_id: str) -> Row:
    """An upload of the caller's institution, or Problem("not-found")."""
    found = uploads.get(act.tx, upload_id, act.subject.own_institution)
    if found is None:
        raise Problem("not-found")
    return found


def find_file(act: Act, upload_id: str, file_id: str) -> Row:
    """A file of such an upload, or Problem("not-found")."""
    found = uploads.file(act.tx, upload_id, file_id, act.subject.own_institution)
    if found is None:
        raise Problem("not-found")
    return found


def sender(row: Row) -> Subject:
    """Who announced a file, for finishing it after a restart."""
    return Subject(row["account_id"], frozenset({Role.TECHNICIAN}), row["institution_id"])


def _file_row(
    act: Act, upload_id: str, name: str, size: int, verdict: str, **more: object
) -> dict[str, object]:
    return {
        "id": act.new_id(),
        "upload_id": upload_id,
        "name": label(name),
        "size": size,
        "verdict": verdict,
        "code": None,
        "study_id": None,
        "instance_count": 0,
        "parent_id": None,
        "created_at": act.now,
        **more,
    }


def label(name: str) -> str:
    """A foreign file name as a label: its last part, printable, at most 120 characters."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[:120] or "?"


# --- judging a file ---------------------------------------------------------------------------


def is_archive(path: Path) -> bool:
    """Whether the file begins like a ZIP."""
    with path.open("rb") as file:
        return file.read(4) == _ZIP


def judge(path: Path, name: str) -> Incoming | Verdict:
    """Judge one file on disk; what is `Incoming` is to be put before it is entered. Blocks."""
    if path.stat().st_size == 0:
        return Verdict("skipped", "empty")
    if label(name).upper() == "DICOMDIR":
        return Verdict("skipped", "dicomdir")
    found = prepare(path, hash_file(path))
    if isinstance(found, Incoming):
        return found
    return _refusal(path, found)


def _refusal(path: Path, found: Refused) -> Verdict:
    if found.code == "not-part10":
        nested = is_archive(path)
        return Verdict("skipped", "nested-archive" if nested else "not-dicom")
    with path.open("rb") as file:
        if _DIRECTORY_CLASS.encode() + b"\0" in file.read(1024):
            return Verdict("skipped", "dicomdir")
    return Verdict("refused", found.code)


def enter(act: Act, row: Row, found: Incoming | Verdict) -> Verdict:
    """Write a single file's verdict, with its instance entered and attached if it is one."""
    verdict = found
    if isinstance(verdict, Incoming):
        (verdict,) = _entered(act, row, [verdict])
    count = 1 if verdict.verdict in ("stored", "duplicate") else 0
    uploads.judge(act.tx, row["id"], verdict.verdict, verdict.code, verdict.study_id)
    act.tx.update(t.upload_files, t.upload_files.c.id == row["id"], {"instance_count": count})
    return verdict


def _entered(act: Act, row: Row, batch: list[Incoming]) -> list[Verdict]:
    outcomes = store_instances(act, row["institution_id"], batch)
    notes = {
        study_id: link(act, row["request_id"], study_id) if row["request_id"] else None
        for study_id in dict.fromkeys(o.study_id for o in outcomes if _kept(o))
        if study_id is not None
    }
    return [_verdict(o, notes) for o in outcomes]


def _kept(outcome: Outcome) -> bool:
    return outcome.fate in (Fate.STORED, Fate.DUPLICATE)


def _verdict(outcome: Outcome, notes: Mapping[str, str | None]) -> Verdict:
    study_id = outcome.study_id
    note = notes.get(study_id or "")
    if outcome.fate is Fate.STORED:
        return Verdict("stored", note, study_id)
    if outcome.fate is Fate.DUPLICATE:
        return Verdict("duplicate", note or "already-here", study_id)
    if outcome.fate is Fate.CONFLICT:
        return Verdict("conflict", outcome.reason, study_id)
    return Verdict("refused", outcome.reason)


# --- archives ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive, judged."""

    name: str
    size: int
    found: Incoming | Verdict


def members(blobs: Blobs, path: Path, limit: int) -> Iterator[list[Member]]:
    """The members of a ZIP in batches; an archive not to be opened raises `Closed`. Blocks."""
    batch: list[Member] = []
    try:
        with zipfile.ZipFile(_bounded(path)) as archive:
            for info in _checked(archive, path.stat().st_size, limit):
                batch.append(Member(info.filename, info.file_size, _member(blobs, archive, info)))
                if len(batch) == BATCH:
                    yield batch
                    batch = []
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, UnicodeError) as fault:
        raise Closed("zip-damaged") from fault
    if batch:
        yield batch


class Closed(Exception):
    """An archive that is not opened (further), by the code of the verdict."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _bounded(path: Path) -> Path:
    """The archive itself, after its own account of how large its directory is.

    `zipfile` reads the whole directory at once, so a directory of millions is refused before.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (22 + 0xFFFF)))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise Closed("zip-damaged")
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    if entries > MOST_MEMBERS or (directory > _DIRECTORY_BYTES and directory != 0xFFFFFFFF):
        raise Closed("zip-too-many")
    return path


def _checked(archive: zipfile.ZipFile, size: int, limit: int) -> list[zipfile.ZipInfo]:
    """The files of an archive after its stated sizes were found bearable."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise Closed("zip-too-many")
    total = sum(info.file_size for info in infos)
    if total > limit or total > max(_RATIO_FLOOR, size * _RATIO):
        raise Closed("zip-too-large")
    return [i for i in infos if not i.is_dir() and not i.filename.startswith("__MACOSX/")]


def _member(blobs: Blobs, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Incoming | Verdict:
    """One member written to a temporary file, never longer than it says, and judged."""
    if info.flag_bits & 1:
        return Verdict("refused", "zip-encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Verdict("refused", "zip-method")
    try:
        with blobs.writer(info.file_size) as writer, archive.open(info) as source:
            while piece := source.read(1 << 20):
                writer.write(piece)
            writer.seal()
            found = judge(writer.path, info.filename)
            if isinstance(found, Incoming):
                blobs.put_file(writer.path, writer.key)
            return found
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        # RuntimeError is how zipfile says that it lacks a feature an entry claims.
        return Verdict("refused", "zip-damaged")
    except Problem as problem:
        if problem.code != "too-large":
            raise
        return Verdict("refused", "zip-too-large")


def enter_members(act: Act, row: Row, batch: list[Member], listed: int) -> int:
    """Enter a batch of members; those that were not kept are listed by name, `listed` so far."""
    incoming = [m.found for m in batch if isinstance(m.found, Incoming)]
    entered = iter(_entered(act, row, incoming) if incoming else [])
    kept: Counter[Verdict] = Counter()
    for member in batch:
        verdict = member.found if isinstance(member.found, Verdict) else next(entered)
        if verdict.verdict in ("stored", "duplicate"):
            kept[verdict] += 1
        elif listed < MOST_LISTED:
            listed += 1
            _list(act, row, member.name, member.size, verdict, 0)
    for verdict, count in kept.items():
        _list(act, row, f"{row['name']} ({count})", 0, verdict, count)
    return listed


def _list(act: Act, row: Row, name: str, size: int, verdict: Verdict, count: int) -> None:
    made = _file_row(
        act,
        row["upload_id"],
        name,
        size,
        verdict.verdict,
        code=verdict.code,
        study_id=verdict.study_id,
        instance_count=count,
        parent_id=row["id"],
    )
    act.tx.insert(t.upload_files, made)


def close_archive(act: Act, row: Row, code: str | None) -> Verdict:
    """The archive's own verdict: expanded, or refused with the code that stopped it."""
    verdict = Verdict("refused" if code else "expanded", code)
    uploads.judge(act.tx, row["id"], verdict.verdict, verdict.code, None)
    return verdict
