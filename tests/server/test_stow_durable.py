"""Nothing is acknowledged, and nobody sees it, before it is on the disk."""

import asyncio
import os
import stat
import threading
from pathlib import Path

import pytest

from tests.server.imaging_house import House, house_at
from tests.store.files import ct_bytes

OWNER = "tiandong-technician"
STUDY = "2.25.77"
STUDIES = "/dicom-web/studies"


def image(number: int) -> bytes:
    """The first is so large that it is written while it is looked into."""
    uids = {"study": STUDY, "series": f"{STUDY}.1", "sop": f"{STUDY}.1.{number}"}
    return ct_bytes(number=number, side=256 if number == 1 else 32, **uids)


def is_image(handle: int) -> bool:
    """Whether a file of the image store is being flushed, and not the database."""
    path = Path(f"/proc/self/fd/{handle}").readlink()
    return "/blobs/" in str(path) and stat.S_ISREG(os.fstat(handle).st_mode)


async def shown(house: House) -> int:
    reply = await house.get(OWNER, f"{STUDIES}/{STUDY}/instances")
    return len(reply.json) if reply.status == 200 else 0


@pytest.mark.asyncio
async def test_rows_are_committed_after_the_files_are_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a flush lasts there is no answer and no row; then there are both."""
    waits, may_go_on, real = threading.Event(), threading.Event(), os.fsync

    def slow(handle: int) -> None:
        if is_image(handle):
            waits.set()
            may_go_on.wait()
        real(handle)

    async with house_at(tmp_path) as house:
        monkeypatch.setattr(os, "fsync", slow)
        storing = asyncio.create_task(house.store(OWNER, image(1), image(2)))
        try:
            await asyncio.to_thread(waits.wait)
            await asyncio.sleep(0.2)  # the rows are entered meanwhile
            assert not storing.done()
            assert await shown(house) == 0
        finally:
            may_go_on.set()
        assert (await storing).status == 200
        assert await shown(house) == 2


@pytest.mark.asyncio
async def test_a_failed_flush_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender is told, no row and no file is left, and sending it again stores it."""

    def fail(handle: int) -> None:
        if is_image(handle):
            raise OSError(5, "Input/output error")

    async with house_at(tmp_path) as house:
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", fail)
            assert (await house.store(OWNER, image(1), image(2))).status == 500
            assert await shown(house) == 0
            assert not [path for path in tmp_path.rglob("blobs/**/*") if path.is_file()]
        assert (await house.store(OWNER, image(1), image(2))).status == 200
        assert await shown(house) == 2
