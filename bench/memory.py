"""How much memory the server takes for what is large, many or slow.

    PYTHONPATH=. .venv/bin/python bench/memory.py [--gigabytes 4] [--uploaders 32]

Four things, one after another, on a server of its own: a multi-frame object goes up as one body
and comes back, uploaders each send a CT of 200 slices as one request at the same time, and a client
on a line of 20 Mb/s reads a CT of 200 slices. Every answer is checked, and the large object comes
back with the hash it went up with. The figure is the most resident memory of the server and its
workers together; pages of files that are mapped count as long as the kernel leaves them there.
"""

import argparse
import asyncio
import hashlib
import io
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import pydicom
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from bench.dicomweb import data
from bench.dicomweb.house import telemed
from bench.dicomweb.meter import Meter, idle_for, resident
from bench.dicomweb.ports import Server

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7.3"
_FRAME = 512 * 512 * 2
_SLICES = 200
_LINE = 20e6 / 8
_SIP = 1 << 16
_PART = b"--b\r\nContent-Type: application/dicom\r\n\r\n"
_END = b"\r\n--b--\r\n"
_STORE = {
    "Content-Type": 'multipart/related; type="application/dicom"; boundary=b',
    "Accept": "application/dicom+json",
}
_RETRIEVE = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
Job = Callable[[ClientSession, Server], Awaitable[str]]


def large_head(frames: int) -> bytes:
    """A multi-frame object up to its pixels, whose bytes follow."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = _SECONDARY_CAPTURE
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = data.uid(1, 3, 1)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = data.uid(1, 1, 1), data.uid(1, 2, 1)
    ds.PatientID, ds.PatientName, ds.Modality = "LARGE", "Large^Object", "OT"
    ds.Rows = ds.Columns = 512
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.NumberOfFrames = frames
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    length = (frames * _FRAME).to_bytes(4, "little")
    return out.getvalue() + b"\xe0\x7f\x10\x00OW\0\0" + length


class Large:
    """The object of so many frames, made as it is sent."""

    def __init__(self, gigabytes: float) -> None:
        self.frames = min(int(gigabytes * 1e9) // _FRAME, (1 << 32) // _FRAME - 2)
        self.head = large_head(self.frames)
        self.sent = hashlib.sha256()

    async def body(self) -> AsyncIterator[bytes]:
        """One part of a STOW-RS request."""
        yield _PART
        self.sent.update(self.head)
        yield self.head
        frame = bytearray(data.ct_picture().tobytes())
        for number in range(self.frames):
            frame[:4] = number.to_bytes(4, "little")
            self.sent.update(frame)
            yield bytes(frame)
        yield _END

    async def store(self, http: ClientSession, server: Server) -> str:
        """Send it."""
        await _stored(http, server, self.body(), 1)
        return f"{self.frames * _FRAME / 1e9:.2f} GB in one body"

    async def retrieve(self, http: ClientSession, server: Server) -> str:
        """Read it back and compare."""
        url = f"{server.base}/studies/{data.uid(1, 1, 1)}"
        got, size, held = hashlib.sha256(), 0, b""
        wanted = len(self.head) + self.frames * _FRAME
        async with http.get(url, headers=_RETRIEVE) as answer:
            assert answer.status == 200, answer.status
            begun = False
            async for piece in answer.content.iter_any():
                held += piece
                if not begun:
                    start = held.find(b"\r\n\r\n")
                    if start < 0:
                        continue
                    held, begun = held[start + 4 :], True
                take = held[: wanted - size]
                got.update(take)
                size, held = size + len(take), b""
        assert (size, got.digest()) == (wanted, self.sent.digest()), "it came back otherwise"
        return f"{size / 1e9:.2f} GB, the same hash"


def many(uploaders: int) -> Job:
    """Uploaders at once, each with one request of 200 slices."""

    async def body(number: int) -> AsyncIterator[bytes]:
        for raw in data.series(data.ct(), 2, number, _SLICES):
            yield _PART
            yield raw
            yield b"\r\n"
        yield b"--b--\r\n"

    async def job(http: ClientSession, server: Server) -> str:
        tasks = [_stored(http, server, body(n), _SLICES) for n in range(uploaders)]
        await asyncio.gather(*tasks)
        return f"{uploaders} x {_SLICES} slices"

    return job


async def slow(http: ClientSession, server: Server) -> str:
    """A CT of 200 slices, read at 20 Mb/s."""
    url, size = f"{server.base}/studies/{data.uid(2, 1, 0)}", 0
    began = time.monotonic()
    async with http.get(url, headers=_RETRIEVE) as answer:
        assert answer.status == 200, answer.status
        while piece := await answer.content.read(_SIP):
            size += len(piece)
            await asyncio.sleep(max(0.0, began + size / _LINE - time.monotonic()))
    assert size > _SLICES * _FRAME
    return f"{size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s"


async def _stored(
    http: ClientSession, server: Server, body: AsyncIterator[bytes], instances: int
) -> None:
    async with http.post(f"{server.base}/studies", data=body, headers=_STORE) as answer:
        told = await answer.json(content_type=None)
    assert answer.status == 200, (answer.status, str(told)[:300])
    assert len(told["00081199"]["Value"]) == instances


async def play(server: Server, jobs: dict[str, Job]) -> None:
    """Each job, with the memory of the server while it lasted."""
    idle_for(server.pids, 2, 20)
    print(f"{'before':24} {resident(server.pids) / 1e6:6.0f} MB")
    timeout = ClientTimeout(total=None)
    async with ClientSession(
        headers=server.headers, timeout=timeout, connector=TCPConnector(limit=0)
    ) as http:
        for name, job in jobs.items():
            began = time.monotonic()
            with Meter(server.pids) as meter:
                said = await job(http, server)
            took = time.monotonic() - began
            print(f"{name:24} {meter.rss / 1e6:6.0f} MB  {took:5.0f} s  {said}", flush=True)


def main() -> None:
    """Start a server in a folder of its own and play."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--uploaders", type=int, default=32)
    args = parser.parse_args()
    large = Large(args.gigabytes)
    jobs: dict[str, Job] = {
        "large object up": large.store,
        "large object down": large.retrieve,
        f"{args.uploaders} uploaders": many(args.uploaders),
        "reader at 20 Mb/s": slow,
    }
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="telemed-memory-"))
        server = stack.enter_context(telemed(Path(folder) / "data"))
        asyncio.run(play(server, jobs))


if __name__ == "__main__":
    main()
