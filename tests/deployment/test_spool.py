"""The spool that servers share: a lock of another process is waited for, a killed one's work is
taken over, and nobody's turn is taken away."""

import asyncio
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telemed.server import uploads
from tests.server.imaging_house import House, house_at
from tests.server.test_uploads import announce, begin, files, patch


@contextmanager
def another_process(path: Path) -> Iterator[None]:
    """Holds the file's lock, as a server elsewhere does while it has the turn."""
    with path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def spool_file(house: House, place: str) -> Path:
    """The partial file of an upload's file."""
    return house.services.settings.data_dir / "spool" / place.rpartition("/")[2]


async def test_a_piece_waits_and_is_measured_when_its_turn_comes(tmp_path: Path) -> None:
    """What another server appended meanwhile is seen: the offset is compared inside the turn."""
    async with house_at(tmp_path) as house:
        place = (await announce(house, await begin(house), 3000)).headers["Location"]
        path = spool_file(house, place)
        with another_process(path):
            waiting = asyncio.create_task(patch(house, place, 0, b"x" * 1000))
            done, _ = await asyncio.wait({waiting}, timeout=0.3)
            assert not done
            path.write_bytes(b"y" * 1000)
        reply = await waiting
        assert (reply.status, reply.json["facts"]["expected"]) == (409, 1000)
        assert path.read_bytes() == b"y" * 1000


async def test_a_whole_file_is_judged_by_whoever_finds_nobody_at_it(tmp_path: Path) -> None:
    """Left alone while another server judges it; judged once that server is gone, and only once."""
    async with house_at(tmp_path) as house:
        upload = await begin(house)
        place = (await announce(house, upload, 4)).headers["Location"]
        path = spool_file(house, place)
        path.write_bytes(b"none")
        with another_process(path):
            assert await uploads.recover(house.services) == 0
            assert (await files(house, upload))[0]["verdict"] == "checking"
        both = await asyncio.gather(*(uploads.recover(house.services) for _ in range(2)))
        assert sorted(both) == [0, 1]
        assert (await files(house, upload))[0]["verdict"] == "skipped"
        assert not path.exists()


async def test_who_waited_for_a_judgement_leaves_nothing_behind(tmp_path: Path) -> None:
    """The file went with its verdict; a late piece is told the end and makes no new file."""
    async with house_at(tmp_path) as house:
        upload = await begin(house)
        place = (await announce(house, upload, 4)).headers["Location"]
        path = spool_file(house, place)
        path.write_bytes(b"none")
        with another_process(path):
            late = asyncio.create_task(patch(house, place, 4, b""))
            done, _ = await asyncio.wait({late}, timeout=0.3)
            assert not done
            row = (await files(house, upload))[0]
            await house.services.store.write(
                lambda tx: uploads.rows.judge(tx, row["id"], "refused", "write-failed", None)
            )
            path.unlink()
        assert (await late).status == 204
        assert not path.exists()
