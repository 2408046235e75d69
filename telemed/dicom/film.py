"""Frames in motion: an animated GIF or an H.264 film. Runs only inside the worker process.

Frames are drawn one after the other and handed to the encoder as they come. How fast they follow
each other is what the file says (PS3.3 C.7.6.5), within what a browser can show.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import numpy as np
from PIL import Image

from telemed.dicom.elements import ScannedFile
from telemed.dicom.refusal import Refused

MOST_PIXELS: Final = 400_000_000
"""Columns x rows x frames of a film; a GIF keeps its frames until the last."""

_CINE_RATE, _FRAME_TIME, _DISPLAY_RATE = 0x00180040, 0x00181063, 0x00082144
_SLOWEST, _FASTEST, _USUAL = Fraction(1), Fraction(60), Fraction(10)


def frame_rate(file: ScannedFile) -> Fraction:
    """Frames a second: the rate recommended, that of acquisition, or from Frame Time."""
    for tag in (_DISPLAY_RATE, _CINE_RATE):
        rate = _number(file, tag)
        if rate:
            return min(_FASTEST, max(_SLOWEST, rate))
    time = _number(file, _FRAME_TIME)
    return min(_FASTEST, max(_SLOWEST, 1000 / time)) if time else _USUAL


def _number(file: ScannedFile, tag: int) -> Fraction | None:
    try:
        number = Fraction(file.ascii(tag).split("\\")[0]).limit_denominator(1000)
    except (ValueError, ZeroDivisionError):
        return None
    return number if number > 0 else None


def check_length(size: tuple[int, int], frames: int) -> None:
    """Refuse a film that a worker could not finish."""
    if size[0] * size[1] * frames > MOST_PIXELS:
        raise Refused("cannot-render", why="too long for a film")


def gif(pictures: Iterator[Image.Image], rate: Fraction) -> bytes:
    """An animation that repeats for ever; GIF counts in hundredths of a second."""
    out = io.BytesIO()
    first = next(pictures)
    duration = max(2, round(100 / rate)) * 10
    first.save(out, "GIF", save_all=True, append_images=pictures, duration=duration, loop=0)
    return out.getvalue()


def mp4(pictures: Iterator[Image.Image], rate: Fraction, quality: int) -> bytes:
    """H.264 in fragments, so that a player may begin before it has the whole."""
    import av  # a film is rare, and its libraries are large

    out = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(out, "w", format="mp4", options=options) as film:
        stream = None
        for picture in pictures:
            even = np.asarray(picture.convert("RGB"))[: picture.height // 2 * 2]
            even = np.ascontiguousarray(even[:, : picture.width // 2 * 2])
            if stream is None:
                stream = film.add_stream("libx264", rate=rate)
                stream.height, stream.width = even.shape[:2]
                stream.pix_fmt = "yuv420p"
                # Quality 1 to 100 along the encoder's 51 (worst) to 0.
                stream.options = {"crf": str(round(51 - quality * 0.36)), "preset": "veryfast"}
                stream.codec_context.thread_count = 1
            film.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        if stream is not None:
            film.mux(stream.encode())
    return out.getvalue()
