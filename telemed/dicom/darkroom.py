"""What the worker does with what it is asked for. Runs only inside the worker process.

A file is scanned once for the frames that are asked of it in a row: a slide has thousands.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from telemed.dicom.codecs import coded
from telemed.dicom.copies import DeidentifySpec
from telemed.dicom.deidentify import copied
from telemed.dicom.elements import ScannedFile
from telemed.dicom.jobs import Spec
from telemed.dicom.raster import RasterSpec, rasterized
from telemed.dicom.render import picture
from telemed.dicom.scan import opened
from telemed.dicom.transcode import FrameSpec


class Darkroom:
    """Makes what specs ask for; the file looked at last stays open."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._file: ScannedFile | None = None
        self._key: tuple[object, ...] = ()

    def make(self, path: Path, spec: Spec) -> bytes:
        """The bytes a spec asks for from a file; raises `Refused` and OSError."""
        if isinstance(spec, RasterSpec):
            return rasterized(path)
        if isinstance(spec, DeidentifySpec):
            return copied(path, spec)
        file = self._opened(path)
        if isinstance(spec, FrameSpec):
            return coded(file, spec)
        return picture(file, spec)

    def _opened(self, path: Path) -> ScannedFile:
        state = path.stat()
        key = (path, state.st_ino, state.st_size, state.st_mtime_ns)
        if self._file is None or key != self._key:
            self._held.close()
            self._file, self._key = None, key
            self._file = self._held.enter_context(opened(path))
        return self._file
