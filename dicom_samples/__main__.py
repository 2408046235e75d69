"""Command line: python -m dicom_samples --out DIR [--only KEY ...]."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from .make import KEYS, make


def main(argv: list[str] | None = None) -> int:
    """Generate the samples and say how each study went."""
    parser = argparse.ArgumentParser(prog="python -m dicom_samples", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--only", nargs="+", choices=KEYS, help="make these studies alone")
    options = parser.parse_args(argv)
    began = time.monotonic()

    def progress(key: str, done: int, total: int) -> None:
        sys.stdout.write(f"[{done}/{total}] {key} ({time.monotonic() - began:.1f} s)\n")
        sys.stdout.flush()

    manifest = make(options.out, set(options.only) if options.only else None, progress)
    total = sum(entry.size for entry in manifest.studies)
    sys.stdout.write(f"{len(manifest.studies)} studies, {total / 1e6:.1f} MB in {options.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
