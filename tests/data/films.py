"""Films made for tests: each frame tells its number by two grey fields, at times that vary."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SIZE = (64, 48)
OPTIONS = {
    "libx264": {"g": "12", "bf": "2"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx": {"deadline": "realtime", "lag-in-frames": "16", "auto-alt-ref": "1"},
}


def numbered(number: int) -> np.ndarray:
    pixels = np.full((SIZE[1], SIZE[0], 3), number % 16 * 16, np.uint8)
    pixels[:24, :32] = number // 16 * 16
    return pixels


def number_of(image: Image.Image) -> int:
    pixels = np.asarray(image.convert("L")).astype(int)
    return round(pixels[40:, 50:].mean() / 16) + 16 * round(pixels[4:20, 4:28].mean() / 16)


def write_film(file: Path, codec: str, times: list[int], pictures: list[np.ndarray] | None = None) -> Path:
    """Write a film with a frame at each of these milliseconds."""
    av = pytest.importorskip("av")
    pictures = [numbered(i) for i in range(len(times))] if pictures is None else pictures
    try:
        with av.open(str(file), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            stream.options = OPTIONS.get(codec, {})
            stream.codec_context.time_base = Fraction(1, 1000)
            for time, pixels in zip(times, pictures, strict=True):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = time, Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    except av.error.EncoderNotFoundError:
        pytest.skip(f"this FFmpeg has no {codec}")
    return file


def varying(frames: int = 90, start: int = 0) -> list[int]:
    """Milliseconds whose steps vary from 10 to 80."""
    steps = np.random.default_rng(1).integers(10, 80, frames)
    return (start + np.cumsum(steps) - steps[0]).tolist()
