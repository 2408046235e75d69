"""Generate the studies and the manifest that says what is in them.

Studies are drawn in two worker processes, because drawing is pure arithmetic and the two
CTs take most of the time. Output depends on the code alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from .base import Measure, Study
from .catalogue import STUDIES

KEYS = tuple(study.key for study, _ in STUDIES)
# the slowest first, so that the two workers end together
ORDER = (
    "ct_chest",
    "wsi_gastric",
    "ct_chest_prior",
    "mr_head",
    "dx_chest_pneumothorax",
    "us_gallbladder",
    "cr_chest_normal",
    "ecg_sinus",
    "ecg_stemi",
)


@dataclass(frozen=True)
class Entry:
    """One study of the manifest."""

    key: str
    title_zh: str
    title_en: str
    modality: str
    patient: dict[str, str]
    study_uid: str
    accession: str
    date: str
    institution: str
    instances: int
    size: int
    answer_zh: str
    answer_en: str
    answer: dict[str, Measure]
    findings_zh: str
    impression_zh: str


@dataclass(frozen=True)
class Manifest:
    """All studies made, in catalogue order, and the folder that holds them."""

    root: Path
    studies: tuple[Entry, ...]

    def __getitem__(self, key: str) -> Entry:
        return next(e for e in self.studies if e.key == key)

    def files(self, key: str) -> list[Path]:
        """The DICOM files of one study, in name order."""
        return sorted((self.root / key).glob("*.dcm"))


def read(root: Path) -> Manifest:
    """The studies that `make` wrote below `root`. Raises FileNotFoundError before it did."""
    told = json.loads((root / "manifest.json").read_text("utf-8"))
    return Manifest(root, tuple(Entry(**entry) for entry in told["studies"]))


def make(
    out: Path, only: set[str] | None = None, progress: Callable[[str, int, int], None] | None = None
) -> Manifest:
    """Write the studies (or those named in `only`) below `out`, and out/manifest.json.

    `progress(key, done, total)` is called as each study ends. Raises KeyError for an
    unknown key. An existing folder of the same study is replaced.
    """
    wanted = set(KEYS) if only is None else set(only)
    if unknown := wanted - set(KEYS):
        raise KeyError(", ".join(sorted(unknown)))
    order = [key for key in ORDER if key in wanted]
    entries: dict[str, Entry] = {}

    def note(entry: Entry) -> None:
        entries[entry.key] = entry
        if progress is not None:
            progress(entry.key, len(entries), len(order))

    if len(order) == 1:
        note(make_one(out, order[0]))
    elif order:
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            for done in as_completed([pool.submit(make_one, out, key) for key in order]):
                note(done.result())
    manifest = Manifest(out, tuple(entries[key] for key in KEYS if key in entries))
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {"studies": [asdict(e) for e in manifest.studies]}, ensure_ascii=False, indent=1
    )
    (out / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def make_one(out: Path, key: str) -> Entry:
    """Draw one study into out/key in this process."""
    study, builder = next(pair for pair in STUDIES if pair[0].key == key)
    folder = out / key
    if folder.exists():
        shutil.rmtree(folder)
    paths = list(builder(study, folder))
    return _entry(study, len(paths), sum(path.stat().st_size for path in paths))


def _entry(study: Study, instances: int, size: int) -> Entry:
    person = study.person
    return Entry(
        study.key,
        study.title_zh,
        study.title_en,
        study.modality,
        {
            "id": person.patient_id,
            "name": person.name,
            "sex": person.sex,
            "birth": person.birth,
            "age": study.age,
        },
        study.study_uid,
        study.accession,
        study.date,
        study.institution,
        instances,
        size,
        study.answer_zh,
        study.answer_en,
        study.answer,
        study.findings,
        study.impression,
    )
