"""The benchmark cases.  A case yields jobs; the runner sends the same jobs to each target."""

import bisect
import io
import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pydicom
from PIL import Image

from bench.dicomweb import data
from bench.dicomweb.http import STOW_HEADERS, Reply, multipart, parts

JSON = {"Accept": "application/dicom+json"}
FIXTURE_SALT = 44  # the studies that the read cases fetch


@dataclass
class Job:
    method: str
    path: str
    body: list[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    check: Callable[[Reply], str | None] | None = (
        None  # on a sample of replies, after the clock has stopped
    )
    units: int = 1  # instances stored, or replies
    keep: bool = True  # keep the reply's body
    read_back: str | None = None  # must be there once the slice is over


@dataclass
class Case:
    """`jobs(salt)`: fixed work (fixed=True) or an endless stream cut off after --seconds."""

    jobs: Callable[[int], Iterator[Job]]
    workers: int = 1
    fixed: bool = False
    about: str = ""


# --- STOW-RS -------------------------------------------------------------------
def stow_job(instances: list[bytes], read_back: str | None = None) -> Job:
    def check(r: Reply):
        got = json.loads(r.body)
        if got.get("00081198", {}).get("Value"):
            return f"FailedSOPSequence: {str(got['00081198'])[:200]}"
        n = len(got.get("00081199", {}).get("Value", []))
        return (
            None
            if n == len(instances)
            else f"ReferencedSOPSequence has {n} items, not {len(instances)}"
        )

    return Job(
        "POST",
        "/studies",
        multipart(instances),
        STOW_HEADERS,
        check,
        len(instances),
        True,
        read_back,
    )


def stow(template: str, count: int, per: int = 1, workers: int = 1) -> Case:
    def jobs(salt: int):
        t = getattr(data, template)()
        for j in range(count // per):
            study, nth = j % workers, j // workers
            last = data.uid(salt, 3, study, nth * per + per - 1)
            yield stow_job(
                list(data.series(t, salt, study, per, first=nth * per)),
                f"/studies/{data.uid(salt, 1, study)}/series/{data.uid(salt, 2, study)}"
                f"/instances/{last}/metadata",
            )

    return Case(
        jobs, workers, True, f"{count} x {template}, {per} per request, {workers} uploader(s)"
    )


# --- QIDO-RS -------------------------------------------------------------------
# What PS3.18 tables 10.6.3-3 to -5 require of a result, where the archive's instances have it.
STUDY_KEYS = [
    "00080005", "00080020", "00080030", "00080050", "00080061", "00080090", "00081190", "00100010",
    "00100020", "00100030", "00100040", "0020000D", "00200010", "00201206", "00201208",
]  # fmt: skip
SERIES_KEYS = [
    "00080005", "00080060", "0008103E", "00081190", "0020000E", "00200011", "00201209",
]  # fmt: skip
INSTANCE_KEYS = [
    "00080005", "00080016", "00080018", "00081190", "00200013", "00280010", "00280011", "00280100",
]  # fmt: skip


def lacking(results: list[dict], keys: list[str]) -> str | None:
    missing = sorted({k for r in results for k in keys if k not in r})
    return f"results lack {' '.join(missing)}" if missing else None


class Queries:
    """Random questions to data.Archive; what each must bring is worked out off the clock."""

    def __init__(self, count: int):
        self.archive = data.Archive(count)
        self.days = sorted({s["study_date"] for s in self.archive.studies})

    def _job(self, query: str, match: Callable[[dict], bool], limit: int | None = None) -> Job:
        def check(r: Reply):
            got = json.loads(r.body) if r.body else []
            uids = {x["0020000D"]["Value"][0] for x in got}
            want = {s["study"] for s in self.archive.studies if match(s)}
            if (
                len(got) != min(len(want), limit or len(want))
                or not uids <= want
                or len(uids) != len(got)
            ):
                return (
                    f"{query}: {len(got)} results, {len(uids & want)} of the {len(want)} that match"
                )
            return lacking(got, STUDY_KEYS)

        return Job("GET", "/studies?" + query, None, JSON, check)

    def _random(self, seed: int, make: Callable[[dict, random.Random], Job]) -> Iterator[Job]:
        rnd = random.Random(seed)
        while True:
            yield make(rnd.choice(self.archive.studies), rnd)

    def patient(self, seed):
        return self._random(
            seed,
            lambda s, _: self._job(
                f"PatientID={s['patient_id']}", lambda x: x["patient_id"] == s["patient_id"]
            ),
        )

    def accession(self, seed):
        return self._random(
            seed,
            lambda s, _: self._job(
                f"AccessionNumber={s['accession']}", lambda x: x["accession"] == s["accession"]
            ),
        )

    def name(self, seed, limit=50):
        def make(s, _):
            prefix = s["name"].split("=")[
                0
            ]  # the ^ goes unescaped: Orthanc does not decode the query
            return self._job(
                f"PatientName={prefix}*&limit={limit}",
                lambda x: x["name"].startswith(prefix),
                limit,
            )

        return self._random(seed, make)

    def date(self, seed, limit=100):
        def make(s, _):
            at = bisect.bisect_left(self.days, s["study_date"])
            first, last = s["study_date"], self.days[min(at + 6, len(self.days) - 1)]
            return self._job(
                f"StudyDate={first}-{last}&limit={limit}",
                lambda x: first <= x["study_date"] <= last,
                limit,
            )

        return self._random(seed, make)

    def modality(self, seed, limit=100):
        return self._random(
            seed,
            lambda s, _: self._job(
                f"ModalitiesInStudy={s['modality']}&StudyDate={s['study_date']}&limit={limit}",
                lambda x: x["modality"] == s["modality"] and x["study_date"] == s["study_date"],
                limit,
            ),
        )

    def page(self, seed, limit=50):
        """Pages of all studies there are; cases before may have stored some more."""
        last = max(1, len(self.archive.studies) - limit)

        def check(r: Reply):
            got = json.loads(r.body)
            uids = {x["0020000D"]["Value"][0] for x in got}
            return (
                lacking(got, STUDY_KEYS)
                if len(uids) == len(got) == limit
                else f"a page of {len(uids)} studies"
            )

        return self._random(
            seed,
            lambda _, rnd: Job(
                "GET", f"/studies?limit={limit}&offset={rnd.randrange(last)}", None, JSON, check
            ),
        )


# --- WADO-RS -------------------------------------------------------------------
FIXTURES = {
    "ct": (1, 200),
    "dx": (2, 4),
    "us": (3, 4),
    "ecg": (4, 20),
}  # template: study number, instances


def fixture_path(template: str, level: str, n: int = 0) -> str:
    study = FIXTURES[template][0]
    path = "/studies/" + data.uid(FIXTURE_SALT, 1, study)
    if level != "study":
        path += "/series/" + data.uid(FIXTURE_SALT, 2, study)
    return (
        path
        if level in ("study", "series")
        else path + "/instances/" + data.uid(FIXTURE_SALT, 3, study, n)
    )


def get(
    path: Callable[[random.Random], str] | str,
    accept: str,
    check=None,
    workers=1,
    keep=True,
    about="",
) -> Case:
    def jobs(salt: int):
        rnd = random.Random(salt)
        while True:
            yield Job(
                "GET",
                path if isinstance(path, str) else path(rnd),
                None,
                {"Accept": accept},
                check,
                1,
                keep,
            )

    return Case(jobs, workers, False, about)


def an(template: str, suffix: str = ""):
    return lambda rnd: (
        fixture_path(template, "instance", rnd.randrange(FIXTURES[template][1])) + suffix
    )


def has_results(n: int, keys: list[str]):
    def check(r: Reply):
        got = json.loads(r.body)
        return lacking(got, keys) if len(got) == n else f"{len(got)} results, not {n}"

    return check


def full_metadata(n: int):
    """n instances with every attribute of the template, private ones too, and the name."""

    def check(r: Reply):
        got = json.loads(r.body)
        keys = [
            f"{e.tag:08X}"
            for e in pydicom.dcmread(io.BytesIO(data.ct().raw))
            if e.keyword != "PixelData"
        ]
        if len(got) != n:
            return f"{len(got)} instances, not {n}"
        if got[0]["00100010"]["Value"][0].get("Ideographic") != "测试^甲":
            return f"the name came out as {got[0]['00100010']}"
        return lacking(got, keys)

    return check


def has_part(size: int):
    def check(r: Reply):
        got = [len(p) for p in parts(r)]
        return (
            None
            if len(got) == 1 and abs(got[0] - size) <= 1
            else f"parts of {got}, not one of {size}"
        )

    return check


def at_least(size: int):
    return lambda r: None if r.size >= size else f"{r.size} bytes, not {size} or more"


def shows(kind: str, picture: Callable[[], np.ndarray] | None = None):
    """An image of the type asked for that looks like `picture`: a blank one is quick to encode."""

    def check(r: Reply):
        if not r.headers.get("content-type", "").startswith(kind):
            return f"not {kind}: {r.headers.get('content-type')}"
        got = np.asarray(Image.open(io.BytesIO(r.body)).convert("L"), dtype=float)
        if picture is None:
            return None if got.std() > 10 else "a blank image"
        want = picture().astype(float)
        if got.shape != want.shape:
            return f"{got.shape}, not {want.shape}"
        alike = np.corrcoef(got.ravel(), want.ravel())[0, 1]
        return (
            None
            if alike > 0.98 and got.std() > 20
            else f"not the picture: correlation {alike:.2f}, spread {got.std():.0f}"
        )

    return check


DICOM = 'multipart/related; type="application/dicom"'
RAW = 'multipart/related; type="application/octet-stream"'
JPEG = 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50'


def all_cases(archive: int) -> dict[str, Case]:
    q = Queries(archive)

    def qido(stream, workers=1):
        return Case(stream, workers, False, f"against {archive} studies")

    def mixed(seed):
        streams = [f(seed) for f in (q.patient, q.accession, q.name, q.date, q.modality, q.page)]
        return (next(s) for s in itertools.cycle(streams))

    return {
        "stow_small": stow("tiny", 200),
        "stow_small_50": stow("tiny", 1000, 50),
        "stow_small_c8": stow("tiny", 400, 1, 8),
        "stow_small_c32": stow("tiny", 640, 1, 32),
        "stow_ct": stow("ct", 100, 1),
        "stow_ct_20": stow("ct", 200, 20),
        "stow_ct_c8": stow("ct", 160, 4, 8),
        "stow_dx": stow("dx", 10),
        "stow_us": stow("us", 40),
        "stow_ecg": stow("ecg", 60),
        "qido_patient": qido(q.patient),
        "qido_accession": qido(q.accession),
        "qido_name": qido(q.name),
        "qido_date": qido(q.date),
        "qido_modality": qido(q.modality),
        "qido_page": qido(q.page),
        "qido_mixed_c16": qido(mixed, 16),
        "qido_series": get(
            fixture_path("ct", "study") + "/series", JSON["Accept"], has_results(1, SERIES_KEYS)
        ),
        "qido_instances": get(
            fixture_path("ct", "series") + "/instances",
            JSON["Accept"],
            has_results(200, INSTANCE_KEYS),
        ),
        "wado_metadata": get(
            fixture_path("ct", "series") + "/metadata", JSON["Accept"], full_metadata(200)
        ),
        "wado_metadata_1": get(an("ct", "/metadata"), JSON["Accept"], full_metadata(1)),
        "wado_study": get(fixture_path("ct", "study"), DICOM, at_least(200 * 529000), keep=False),
        "wado_instance": get(an("ct"), DICOM, at_least(529000), keep=False),
        "wado_ecg": get(an("ecg"), DICOM, at_least(139000), keep=False),
        "wado_frames": get(an("ct", "/frames/1"), RAW, has_part(512 * 512 * 2)),
        "wado_frames_c8": get(an("ct", "/frames/1"), RAW, has_part(512 * 512 * 2), 8),
        "wado_frames_dx": get(an("dx", "/frames/1"), RAW, has_part(2048 * 2500 * 2)),
        "wado_frames_us": get(
            lambda r: an("us", f"/frames/{r.randrange(data.US_FRAMES) + 1}")(r),
            JPEG,
            at_least(5000),
        ),
        "rendered_ct": get(
            an("ct", "/rendered"), "image/jpeg", shows("image/jpeg", data.ct_picture)
        ),
        "rendered_ct_png": get(
            an("ct", "/rendered"), "image/png", shows("image/png", data.ct_picture)
        ),
        "rendered_dx": get(
            an("dx", "/rendered"), "image/jpeg", shows("image/jpeg", data.dx_picture)
        ),
        "rendered_us": get(
            lambda r: an("us", f"/frames/{r.randrange(data.US_FRAMES) + 1}/rendered")(r),
            "image/jpeg",
            shows("image/jpeg"),
        ),
    }
