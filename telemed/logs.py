"""Logging that can never hold up the server.

Records go through a bounded queue to a thread that writes; when the reader of the pipe is gone or
slow, records are dropped and counted, and the loop goes on. A logger that repeats itself is thinned
(one traceback a second), so that malformed requests cannot fill a disk.
"""

import copy
import logging
import logging.handlers
import os
import queue
import sys
import time
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.processors import CallsiteParameter

QUEUE = 10_000
FIELDS: Mapping[str, str] = {
    "timestamp": "UTC, ISO 8601 with microseconds and Z",
    "level": "info, warning, error",
    "logger": "the module that speaks, as telemed.followers.follow",
    "process": "the process's number: of several workers, which one",
    "event": "what happened, in words; no name, no text of a patient, no query parameter",
    "exception": "only of a fault: its traceback",
    "incident": "only of a fault that a user met: the number that stands on their screen",
}
"""Every key of a JSON line."""
NOISY = ("aiohttp.server", "asyncio")


class DroppingHandler(logging.handlers.QueueHandler):
    """A queue handler that drops when the queue is full."""

    dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record with its words made now; the fault is written out by the writing thread.

        The library's own would put the traceback into the words, where no field is left for it.
        """
        kept = copy.copy(record)
        kept.msg, kept.args = record.getMessage(), None
        return kept

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put the record if there is room."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            DroppingHandler.dropped += 1


class StandardError(logging.Handler):
    """Writes lines straight to standard error, from one thread, without a lock or a buffer.

    That thread may hang in a write for ever; at its end the process waits for locks and buffers of
    its handlers and streams, so there must be none to wait for.
    """

    def createLock(self) -> None:
        """None."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or count it as dropped when it cannot be."""
        try:
            rest = f"{self.format(record)}\n".encode(errors="backslashreplace")
            while rest:
                rest = rest[os.write(2, rest) :]
        except (OSError, TypeError, ValueError):
            DroppingHandler.dropped += 1


class OncePerSecond(logging.Filter):
    """At most one record a second from each of the noisy loggers."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let it through."""
        if record.name not in NOISY:
            return True
        now = time.monotonic()
        if now - self._last.get(record.name, 0.0) < 1.0:
            return False
        self._last[record.name] = now
        return True


def begin(format: str) -> logging.handlers.QueueListener:
    """Set logging up for a server process: JSON lines, or a console form for people."""
    lines: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=("incident",)),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.CallsiteParameterAdder((CallsiteParameter.PROCESS,)),
        structlog.processors.format_exc_info,
    ]
    writer = StandardError()
    writer.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, lines],
        )
    )
    pending: queue.Queue[logging.LogRecord] = queue.Queue(QUEUE)
    handler = DroppingHandler(pending)
    handler.addFilter(OncePerSecond())
    listener = logging.handlers.QueueListener(pending, writer)
    listener.start()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return listener
