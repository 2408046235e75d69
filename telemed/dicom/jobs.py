"""What the worker is asked for, as it travels to it: a spec's name and its fields as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from telemed.dicom.copies import DeidentifySpec
from telemed.dicom.picture import PictureSpec, Region, Window
from telemed.dicom.raster import RasterSpec
from telemed.dicom.transcode import FrameSpec

Spec = PictureSpec | FrameSpec | RasterSpec | DeidentifySpec


def told(spec: Spec) -> dict[str, Any]:
    """A spec in words."""
    return {"name": type(spec).__name__, **asdict(spec)}


def spec_from(words: dict[str, Any]) -> Spec:
    """The spec that `told` wrote."""
    fields = dict(words)
    spec: Spec = _READERS[fields.pop("name")](fields)
    return spec


def _picture(fields: dict[str, Any]) -> PictureSpec:
    fit, region, window = (fields.pop(name) for name in ("fit", "region", "window"))
    fields.update({name: tuple(fields[name]) for name in ("film", "annotation")})
    return PictureSpec(
        **fields,
        fit=tuple(fit) if fit else None,
        region=Region(*region) if region else None,
        window=Window(*window) if window else None,
    )


_READERS: Final[Mapping[str, Any]] = {
    "PictureSpec": _picture,
    "FrameSpec": lambda fields: FrameSpec(**fields),
    "RasterSpec": lambda fields: RasterSpec(**fields),
    "DeidentifySpec": lambda fields: DeidentifySpec(**fields),
}
