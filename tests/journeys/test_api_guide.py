"""The walk through the API, typed into a shell as the page shows it, against a demo of its own."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.journeys.stage import ROOT, demo
from tests.services import absent

GUIDE = ROOT / "docs" / "api-guide.md"
MARK = "----- end of a block -----"


def test_every_block_prints_what_the_page_says(tmp_path: Path) -> None:
    """Sign in, token, errors, STOW, tus, pages, a request sent, the socket: word for word."""
    blocks = re.findall(
        r"```sh\n(.*?)```\n(?:\n```text\n(.*?)```)?", GUIDE.read_text("utf-8"), re.DOTALL
    )
    assert len(blocks) > 8
    if shutil.which("curl") is None:
        absent("curl")
    with demo(tmp_path / "data") as base:
        printed = _typed([code for code, _ in blocks], base, tmp_path)
    for (code, expected), got in zip(blocks, printed, strict=True):
        assert re.fullmatch(re.escape(expected).replace("…", ".*"), got), f"{code}\n{got}"


def _typed(blocks: list[str], base: str, folder: Path) -> list[str]:
    """What each block printed, of a shell that starts in the repository's folder."""
    script = f"\necho '{MARK}'\n".join(blocks)
    for line, here in (
        ("BASE=http://127.0.0.1:8042", f"BASE={base}"),
        ("DATA=data", f"DATA={shlex.quote(str(folder / 'data'))}"),
        ("PATH=.venv/bin:$PATH", f"PATH={Path(sys.executable).parent}:$PATH"),
        ("rm jar me answer page head", ""),
    ):
        assert script.count(line) == 1, line
        script = script.replace(line, here)
    (folder / "build").symlink_to(ROOT / "build")
    done = subprocess.run(
        ["timeout", "90", "bash", "-eu", "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [part.removeprefix("\n") for part in done.stdout.split(MARK)]
