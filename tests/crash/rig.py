"""A server in a process of its own, people who use it, and a ledger of what they were promised.

The ledger is on the other side of the wire: a line is written only after an answer came. Knows
how to load and to kill; whether the promises were kept is judged in `checks`.
"""

import hashlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import sqlalchemy as sa

from dicom_samples.base import Person
from dicom_samples.tiny import make_tiny_ct
from telemed.store import tables as t
from telemed.store.engine import Store
from tests import world
from tests.crash.nursery import Forked
from tests.services import free_port, wait_until

TELEMED = Path(sys.executable).with_name("telemed")
GONE = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)
"""How a killed server looks from outside."""


def clean_environment() -> dict[str, str]:
    """The environment without this suite's own TELEMED_ variables: no server knows them."""
    return {k: v for k, v in os.environ.items() if not k.startswith("TELEMED_")}


@dataclass
class Victim:
    """A real `telemed serve` on a data directory, to be killed and started again."""

    data: Path
    scratch: Path
    """For the settings and the log; outside what a power cut may take."""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | Forked | None = None
    database_url: str = ""
    """Empty: SQLite in the data directory."""
    often: bool = False
    """It will be started again and again: forked rather than run."""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, stderr: int | None = None) -> None:
        """Start it and wait until it is ready; its log goes to a file or to `stderr`."""
        config = self.scratch / "server.toml"
        nowhere = self.scratch / "nothing"
        config.write_text(
            f'data_dir = "{self.data}"\nport = {self.port}\nfree_space_reserve_bytes = 0\n'
            f'web_dir = "{nowhere}"\nviewer_dir = "{nowhere}"\nrender_workers = 1\n'
            f'database_url = "{self.database_url}"\n'
        )
        words = ("serve", "--config", str(config))
        if self.often:
            self.process = Forked(words, str(self.scratch / "log"))
        else:
            self.process = self._run(words, stderr)
        wait_until(self.answers, "the server")

    def _run(self, words: Sequence[str], stderr: int | None) -> subprocess.Popen[bytes]:
        with (self.scratch / "log").open("ab") as log:
            return subprocess.Popen(
                [str(TELEMED), *words],
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log if stderr is None else stderr,
                start_new_session=True,
            )

    def answers(self) -> bool:
        """Ready for work? An ended process is an error of its own."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.said()[-2000:]}")
        try:
            return call(self.port, "GET", "/health/ready")[0] == 200
        except GONE:
            return False

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """SIGKILL to the whole group: nothing is flushed, nobody is told."""
        self.signal(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and wait for it to drain."""
        self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                with suppress(ProcessLookupError):  # it died meanwhile
                    os.killpg(self.process.pid, number)
            self.process.wait(60)
            self.process = None

    def said(self) -> str:
        """Its log so far."""
        return (self.scratch / "log").read_text(errors="replace")


def call(
    port: int, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    """One call on a connection of its own: status, headers, body."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path, body or None, dict(headers or {}))
        answer = line.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        line.close()


# --- promises ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Image:
    """An instance as its owner knows it."""

    path: str
    sha256: str


@dataclass
class Ledger:
    """What was acknowledged, one line each, on a disk the server does not have."""

    file: Path
    images: dict[str, str] = field(default_factory=dict)
    reports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By request: hash of the signed bytes and verification code."""
    signed: set[str] = field(default_factory=set)
    """Requests whose author's signature was acknowledged."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def image(self, image: Image) -> None:
        self._write("image", image.path, image.sha256)
        self.images[image.path] = image.sha256

    def author(self, request: str) -> None:
        self._write("signed", request)
        self.signed.add(request)

    def report(self, request: str, sha256: str, code: str) -> None:
        self._write("report", request, sha256, code)
        self.reports[request] = (sha256, code)

    def _write(self, *words: str) -> None:
        with self._lock, self.file.open("a") as file:
            file.write(" ".join(words) + "\n")
            file.flush()
            os.fsync(file.fileno())


# --- people -----------------------------------------------------------------------------------


class Refused(AssertionError):
    """The server answered, and not with what it should."""


@dataclass
class Page:
    """Somebody of the world at a page of the server."""

    victim: Victim
    who: str

    def call(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A call with the session of this person."""
        ours = {
            "Origin": self.victim.base,
            "Cookie": f"telemed={world.session_of(self.who)}",
            "X-CSRF-Token": world.csrf_of(self.who),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return call(self.victim.port, method, path, body, ours)

    def ok(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a call that must succeed."""
        raw = b"" if body is None else json.dumps(body).encode()
        status, _, answer = self.call(method, path, raw, Content_Type="application/json")
        if status >= 400:
            raise Refused(f"{self.who} {method} {path}: {status} {answer!r}")
        return json.loads(answer)


def studies() -> Iterator[list[bytes]]:
    """Small studies without end, each of another patient, the same on every run."""
    for number in itertools.count():
        person = Person(f"CRASH{number:05}", f"Bai^Nian{number}=白^念", "M", "19700101")
        yield make_tiny_ct(3, patient=person, key=f"crash-{number}", accession=f"A{number}")


def image_of(raw: bytes) -> Image:
    """Where DICOMweb must serve this file, and its hash."""
    ds = pydicom.dcmread(BytesIO(raw), stop_before_pixels=True)
    path = (
        f"/dicom-web/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
        f"/instances/{ds.SOPInstanceUID}"
    )
    return Image(path, hashlib.sha256(raw).hexdigest())


@dataclass
class Load:
    """Three people at work until the server is gone; they go on when it is back."""

    victim: Victim
    ledger: Ledger
    study: tuple[str, str]
    """County's study and its patient."""
    files: Iterator[list[bytes]] = field(default_factory=studies)
    unanswered: list[list[bytes]] = field(default_factory=list)
    """Studies whose STOW had no answer: to be sent again."""
    unfinished: dict[str, bytes] = field(default_factory=dict)
    """tus files that were announced, by address, and not acknowledged."""
    faults: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """People work while inside; leaving waits for them, so kill the server first."""
        jobs = (self._stow_for_ever, self._tus_for_ever, self._sign_for_ever)
        threads = [threading.Thread(target=self._until_gone, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        except BaseException:
            self.victim.kill()
            raise
        finally:
            for thread in threads:
                thread.join()
        if self.faults:
            raise self.faults[0]

    def until_promised(self) -> None:
        """Wait until an image and a report were acknowledged, however slow the machine is."""
        wait_until(
            lambda: bool(self.faults or (self.ledger.images and self.ledger.reports)),
            "a first image and a first report",
        )

    def go_on(self) -> None:
        """After a restart: send again what had no answer, go on with what was cut."""
        while self.unanswered:
            self.stow(self.unanswered[-1])
            self.unanswered.pop()
        for place in list(self.unfinished):
            self.resume(place)

    # --- uploads

    def stow(self, files: list[bytes]) -> None:
        """Store a study and note each of its images when the answer is a yes."""
        body = b"".join(
            b"--cut\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in files
        )
        status, _, answer = Page(self.victim, "county-technician").call(
            "POST",
            "/dicom-web/studies",
            body + b"--cut--\r\n",
            Content_Type='multipart/related; type="application/dicom"; boundary=cut',
            Accept="application/dicom+json",
        )
        if status != 200:
            raise Refused(f"STOW: {status} {answer!r}")
        for file in files:
            self.ledger.image(image_of(file))

    def tus(self, file: bytes) -> None:
        """Announce a file and send it in four pieces."""
        technician = Page(self.victim, "county-technician")
        upload = technician.ok("POST", "/api/uploads", {})["id"]
        status, headers, answer = technician.call(
            "POST",
            f"/api/uploads/{upload}/files",
            Tus_Resumable="1.0.0",
            Upload_Length=str(len(file)),
        )
        if status != 201:
            raise Refused(f"tus: {status} {answer!r}")
        self.unfinished[headers["location"]] = file
        self._send_rest(headers["location"], 0)

    def resume(self, place: str) -> None:
        """Ask how far a file has come, and send the rest."""
        status, headers, _ = Page(self.victim, "county-technician").call("HEAD", place)
        if status != 200:
            raise Refused(f"tus HEAD {place}: {status}")
        self._send_rest(place, int(headers["upload-offset"]))

    def _send_rest(self, place: str, offset: int) -> None:
        technician = Page(self.victim, "county-technician")
        file = self.unfinished[place]
        step = len(file) // 4 + 1
        while offset < len(file):
            status, headers, answer = technician.call(
                "PATCH",
                place,
                file[offset : offset + step],
                Tus_Resumable="1.0.0",
                Upload_Offset=str(offset),
                Content_Type="application/offset+octet-stream",
            )
            if status != 204:
                raise Refused(f"tus PATCH {place}: {status} {answer!r}")
            offset = int(headers["upload-offset"])
        self.ledger.image(image_of(file))
        del self.unfinished[place]

    # --- cases

    def case(self) -> str:
        """A case from the draft to the issued report; its id."""
        asker = Page(self.victim, "county-requester")
        made = asker.ok("POST", "/api/requests", {"service": "imaging", "urgency": "routine"})
        path = f"/api/requests/{made['id']}"
        study, patient = self.study
        asker.ok(
            "PATCH",
            path,
            {
                "version": made["version"],
                "provider_id": "hub",
                "patient_ref": patient,
                "content": world.CONTENT["imaging"],
                "consent": world.consent("hub"),
                "study_ids": [study],
            },
        )
        asker.ok("POST", f"{path}/submit", {})
        reader = Page(self.victim, "hub-reader")
        reader.ok("POST", f"{path}/claim")
        revision = reader.ok("GET", f"{path}/report")["current"]["revision"]
        text = {
            "findings": "右下肺见片状影",
            "impression": "右下肺炎症",
            "positive": True,
            "fields": world.REPORT_FIELDS["imaging"],
        }
        body = {"revision": revision, "content": text}
        saved = reader.ok("PUT", f"{path}/report/draft", body)
        shown = self._sign(reader, path, saved["revision"], "sign")
        self.ledger.author(made["id"])
        if shown["state"] == "preliminary":
            verifier = Page(self.victim, "hub-verifier")
            shown = self._sign(verifier, path, shown["revision"], "verify")
        self.ledger.report(made["id"], shown["sha256"], shown["verification_code"])
        return str(made["id"])

    def _sign(self, who: Page, path: str, revision: int, step: str) -> Any:
        body = {"revision": revision, "password": world.PASSWORD}
        return who.ok("POST", f"{path}/report/{step}", body)["current"]

    # --- without end

    def _stow_for_ever(self) -> None:
        while True:
            files = self._next()
            self.unanswered.append(files)
            self.stow(files)
            self.unanswered.remove(files)

    def _tus_for_ever(self) -> None:
        while True:
            for file in self._next():
                self.tus(file)

    def _sign_for_ever(self) -> None:
        while True:
            self.case()

    def _next(self) -> list[bytes]:
        with self._lock:
            return next(self.files)

    def _until_gone(self, job: Callable[[], None]) -> None:
        try:
            job()
        except GONE:
            return
        except BaseException as fault:
            self.faults.append(fault)


def own_study(data: Path) -> tuple[str, str]:
    """The id and the patient of county's first study."""
    mark = world.canary_of("county").upper()
    chosen = sa.select(t.studies.c.id, t.studies.c.patient_ref).where(
        t.studies.c.patient_id == mark
    )
    store = Store(f"sqlite:///{data / 'telemed.sqlite3'}")
    try:
        row = store.read_now(lambda tx: tx.one(chosen))
    finally:
        store.close()
    assert row is not None
    return row["id"], row["patient_ref"]
