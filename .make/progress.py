"""What a person sees while long steps run, and the running of their commands.

On a terminal: one line per step with its number, a spinner, the time and the newest line of
output. Elsewhere: plain lines, so that a CI log stays readable. Everything a command prints goes
to a log file; when it fails, the person gets one sentence and the log's path. Knows nothing of
what the steps do.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from trouble import Stop, sentence_for

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
TAIL_BYTES = 16_384


def duration(seconds: float) -> str:
    """Seconds as a person says them: `4.2 s`, `1 min 05 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


class Step:
    """One long step, from its first line to its verdict. Use as a context manager.

    A `quiet` one runs beside another, which has the terminal's line; it shows its verdict only.
    """

    def __init__(
        self, title: str, number: int, total: int, log: Path, *, quiet: bool = False
    ) -> None:
        self.title, self.log = title, log
        self._label = f"[{number}/{total}] {title}"
        self._terminal = sys.stdout.isatty()
        self._live = self._terminal and not quiet
        self._news = ""
        self._ended = threading.Event()
        self._begun = time.monotonic()

    def __enter__(self) -> "Step":
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        if self._live:
            self._painter = threading.Thread(target=self._paint, daemon=True)
            self._painter.start()
        elif not self._terminal:
            print(f"{self._label} …", flush=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._live:
            self._painter.join()
        mark = "✓" if kind is None else "✗"
        elapsed = duration(time.monotonic() - self._begun)
        start = "\r\033[K" if self._terminal else ""
        print(f"{start}{mark} {self._label}  {elapsed}", flush=True)

    def say(self, news: str) -> None:
        """Show the newest line of what is happening."""
        self._news = news

    def run(
        self, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Run a command to its end, following its output. Raises Stop with a sentence."""
        words = [str(word) for word in command]
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(words)}\n".encode())
            log.flush()
            with self._start(words, cwd, env) as child:
                code = self._follow(child, log)
        if code != 0:
            raise Stop(self._why())

    def _follow(self, child: subprocess.Popen[bytes], log: BinaryIO) -> int:
        """Copy the output into the log, line by line; end the child if we are interrupted."""
        assert child.stdout is not None
        try:
            for line in child.stdout:
                log.write(line)
                log.flush()
                self.say(last_words(line))
            return child.wait()
        except BaseException:
            child.terminate()
            raise

    def _start(
        self, words: list[str], cwd: Path, env: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                words,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except FileNotFoundError as missing:
            raise Stop(f"{words[0]} is not installed on this machine.") from missing

    def _why(self) -> str:
        tail = self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
        return f"{sentence_for(tail, self.title)}\n  log: {self.log}"

    def _paint(self) -> None:
        for frame in itertools.cycle(SPINNER):
            width = shutil.get_terminal_size().columns
            elapsed = duration(time.monotonic() - self._begun)
            line = f"{frame} {self._label}  {elapsed}  {self._news}"
            print(f"\r\033[K{line[: width - 2]}", end="", flush=True)
            if self._ended.wait(0.1):
                return


def last_words(line: bytes) -> str:
    """A line of output without colours and carriage returns, for the terminal's one line."""
    text = line.decode(errors="replace").rstrip().rsplit("\r", 1)[-1]
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).strip()
