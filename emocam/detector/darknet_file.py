"""Darknet's files: weights as a header and floats in the order of the layers, layers as text."""

import re
from pathlib import Path

import numpy as np

from emocam.errors import SettingError
from emocam.settings.read_files import noted
from emocam.settings.text_file import read_text_file

LAYER = re.compile(r"^\[(yolo|region)\][^\n]*$", re.MULTILINE)


def header_bytes(path: str | Path) -> int:
    """Return the header's size: three integers for the version, then the images seen, wider since 0.2."""
    start = np.fromfile(noted(path), np.int32, 3)
    if len(start) < 3:
        raise SettingError(f"detector.weights: {path} is too short to be a file of darknet's")
    return 20 if start[0] * 10 + start[1] >= 2 else 16


def count_floats(path: str | Path) -> int:
    """Count the weights in the file."""
    return max(0, Path(path).stat().st_size - header_bytes(path)) // 4


def check_size(path: str | Path, expected: int, setting: str) -> None:
    """Check the number of weights, because readers of the format take whatever is there."""
    stored = count_floats(path)
    if stored != expected:
        fault = "cut short" if stored < expected else "of another network"
        raise SettingError(
            f"{setting}: {path} is {fault}: it holds {stored:,} weights, the network has {expected:,}"
        )


def read_cfg(path: str | Path) -> str:
    """Read the text of a network with at least one layer that gives boxes."""
    path = Path(path).expanduser()
    text = read_text_file(path, "detector.cfg", errors="replace")
    if not LAYER.search(text):
        raise SettingError(
            f"detector.cfg: {path} has no [yolo] or [region] layer; expected the cfg of a darknet detector"
        )
    return text


def value(text: str, key: str, path: str | Path) -> int:
    """Return the first number given to a key."""
    match = re.search(rf"^\s*{key}\s*=\s*(\d+)", text, re.MULTILINE)
    if not match:
        raise SettingError(f"detector.cfg: {path} has no line {key}=NUMBER")
    return int(match[1])


def with_value(text: str, key: str, number: float) -> str:
    """Replace the number of a key at each of its lines."""
    return re.sub(rf"^(\s*{key}\s*=)[^\n]*$", rf"\g<1>{number}", text, flags=re.MULTILINE)


def with_threshold(text: str, score: float) -> str:
    """Make every layer of boxes use this score; OpenCV drops all up to .2 where none is given."""
    bare = re.sub(r"^\s*thresh\s*=[^\n]*\n", "", text, flags=re.MULTILINE)
    return LAYER.sub(lambda layer: f"{layer[0]}\nthresh={score:.9f}", bare)
