"""The page about workitems, typed into a shell as it stands there, against a real server."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

from telemed.settings import ROOT
from telemed.store import tables as t
from tests.services import absent
from tests.world import World, token_of

GUIDE = ROOT / "docs" / "ups.md"
MARK = "----- end of a block -----"


async def test_every_block_prints_what_the_page_says(world: World, tmp_path: Path) -> None:
    """Find, claim, lose a race, tell the progress, give back, subscribe: word for word."""
    blocks = re.findall(
        r"```sh\n(.*?)```\n(?:\n```text\n(.*?)```)?", GUIDE.read_text("utf-8"), re.DOTALL
    )
    assert len(blocks) > 4
    if shutil.which("curl") is None:
        absent("curl")
    scopes = ["see-cases", "work-items", "write-reports", "read-queue"]
    reader = t.tokens.c.account_id == "hub-reader"
    await world.write(lambda tx: tx.update(t.tokens, reader, {"scopes": scopes}))
    await world.sent()
    script = f"\necho '{MARK}'\n".join(code for code, _ in blocks)
    shell = await asyncio.create_subprocess_exec(
        "timeout", "60", "bash", "-eu", "-c", script,
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONUTF8": "1",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "BASE": world.base,
            "TOKEN": token_of("hub-reader"),
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await shell.communicate()
    assert shell.returncode == 0, (out + err).decode()
    printed = [part.removeprefix("\n") for part in out.decode().split(MARK)]
    for (code, expected), got in zip(blocks, printed, strict=True):
        got = got.replace("\r", "")
        assert re.fullmatch(re.escape(expected).replace("…", ".*"), got), f"{code}\n{got}"
