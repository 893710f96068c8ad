"""Every reader of a file beside the pictures tells what it read, so that no key goes by its name, size or time."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emocam.classifier.emonet import SIZE, read_mean
from emocam.data.point_tracks import read_tracks
from emocam.face.point_layouts import read_layout
from emocam.network.labels_file import read_labels
from emocam.network.tfjs_shards import read_shards
from emocam.settings.digests import Digests
from emocam.settings.read_files import recorded_files

Sides = tuple[str, Callable[[Path], object], Callable[[Path], object]]


def write_shards(folder: Path) -> None:
    values = np.array([1.0, 2.0], "<f4")
    (folder / "net-shard1.bin").write_bytes(values.tobytes())
    entry = {"name": "a", "shape": [2], "dtype": "float32"}
    (folder / "net-manifest.json").write_text(json.dumps([{"paths": ["net-shard1.bin"], "weights": [entry]}]))


def write_tracks(folder: Path) -> None:
    rows = [f"{t},p{p},{p + t},{p}" for t in range(3) for p in range(3)]
    (folder / "t.csv").write_text("\n".join(["frame,point,x,y", *rows]))


LAYOUT = "\n".join(["name,region", "a,right eye", "b,left eye", "c,mouth"])
SIDES: dict[str, Sides] = {
    "img_mean.txt": (
        "img_mean.txt",
        lambda folder: (folder / "img_mean.txt").write_text(f"{','.join(['100.5'] * (3 * SIZE))}\n" * SIZE),
        lambda folder: read_mean(folder / "img_mean.txt"),
    ),
    "labels": (
        "labels.txt",
        lambda folder: (folder / "labels.txt").write_text("joy\nfear\n"),
        lambda folder: read_labels(folder / "labels.txt"),
    ),
    "a shard of weights beside its list": (
        "net-shard1.bin",
        write_shards,
        lambda folder: read_shards(folder / "net-manifest.json"),
    ),
    "the list of shards": (
        "net-manifest.json",
        write_shards,
        lambda folder: read_shards(folder / "net-manifest.json"),
    ),
    "names of points": (
        "points.txt",
        lambda folder: (folder / "points.txt").write_text(LAYOUT),
        lambda folder: read_layout(folder / "points.txt"),
    ),
}


@pytest.mark.parametrize("name", SIDES)
def test_a_reader_tells_the_content_that_it_read(tmp_path: Path, name: str) -> None:
    file, write, read = SIDES[name]

    def record() -> dict[str, str]:
        with recorded_files(Digests()) as read_files:
            read(tmp_path)
        return dict(read_files)

    write(tmp_path)
    side = tmp_path / file
    before, state = record(), side.stat()
    assert record() == before and str(side) in before
    content = side.read_bytes()
    # as `cp -p` would bring another: of one size and one time
    new = (
        content.replace(b"1", b"2", 1)
        if b"1" in content
        else content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
    )
    if file.endswith(".json"):
        new = content.replace(b'"a"', b'"b"', 1)
    if file == "points.txt":
        new = content.replace(b"c,mouth", b"d,mouth", 1)
    assert new != content and len(new) == state.st_size
    side.write_bytes(new)
    os.utime(side, ns=(state.st_atime_ns, state.st_mtime_ns))
    after = record()
    assert {read for read in before if after[read] != before[read]} == {str(side)}


def test_tracks_of_points_are_read_through_the_door(tmp_path: Path) -> None:
    write_tracks(tmp_path)
    (tmp_path / "points.txt").write_text(LAYOUT)
    layout = read_layout(tmp_path / "points.txt")
    with recorded_files(Digests()) as read:
        list(read_tracks(tmp_path, "t.csv", layout))
    assert str(tmp_path / "t.csv") in read
