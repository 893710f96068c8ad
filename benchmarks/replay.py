"""A large run replayed with its page by the real command: seconds of each stage, the most memory, MB of the page.

    python benchmarks/replay.py FOLDER 26000
    python benchmarks/replay.py FOLDER 500000

writes so many photographs (hard links of a few pictures of 1,024 x 768) and the finished tables of a run over them,
twenty regions each, whose importance is the mean of a smooth map in the box, and replays it under other thresholds.
Pictures and tables that are there are taken as they are. Seconds are the processor's, since others may use the
machine; those of the wall clock stand beside.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from evidence import OBJECTS
from PIL import Image

from emocam.classifier.emonet import LABELS
from emocam.functional.map.maps import box_means
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.picture import Contents
from emocam.results.chunks import Chunks
from emocam.results.file_list import write_file_list
from emocam.results.files import METADATA
from emocam.results.tables import evidence_tables
from emocam.settings.digests import Digests

REGIONS, CELLS = 20, 13
STEP, CHUNK, EACH = 64, 512, 2_000
"""Pictures of a step, of what is written at once, and of a folder."""
SIZE = (1_024, 768)
KINDS = 33
"""Different pictures; all others are hard links of them."""


def name_of(place: int) -> str:
    """Return the path of a picture, as long as those of real corpora."""
    return f"Run_{place // EACH:03d}/Happy people on the street/{place:09d}.jpg"


def photograph(number: int, source: Path | None) -> Image.Image:
    """Return a picture as hard to decode as a photograph: one of a folder, or drawn."""
    if source is not None:
        files = sorted(source.glob("*.jpg"))
        return Image.open(files[number % len(files)]).convert("RGB").resize(SIZE)
    dice = np.random.default_rng(number)
    hills = Image.fromarray(dice.integers(0, 256, (24, 32, 3), np.uint8)).resize(
        SIZE, Image.Resampling.BICUBIC
    )
    grain = dice.normal(0, 8, (SIZE[1], SIZE[0], 3))
    return Image.fromarray(np.clip(np.asarray(hills) + grain, 0, 255).astype(np.uint8))


def write_pictures(root: Path, pictures: int, source: Path | None) -> list[str]:
    """Write the pictures, and return the digests of the different ones; remembered as those of a run's are."""
    kinds = root.parent / "kinds"
    kinds.mkdir(parents=True, exist_ok=True)
    for number in range(KINDS):
        if not (kinds / f"{number}.jpg").is_file():
            photograph(number, source).save(kinds / f"{number}.jpg", quality=85)
    for start in range(0, pictures, EACH):
        folder = (root / name_of(start)).parent
        if folder.is_dir():
            continue
        folder.mkdir(parents=True)
        for place in range(start, min(start + EACH, pictures)):
            os.link(kinds / f"{place % KINDS}.jpg", root / name_of(place))
    time.sleep(3)  # a file that was touched a moment ago is digested again
    own = [str(digest) for digest in Digests().of_all([kinds / f"{number}.jpg" for number in range(KINDS)])]
    remember(root, pictures, own)
    return own


def remember(root: Path, pictures: int, digests: list[str]) -> None:
    """Leave the digests of all links in the cache, where the run that explained them would have left them."""
    import sqlite3

    store = Digests(root.parent / "cache")
    store.of(root / name_of(0))
    store.write()
    states = [(root / name_of(kind)).stat() for kind in range(KINDS)]
    told = [" ".join(map(str, (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns))) for s in states]
    rows = [
        (os.fsencode(root / name_of(place)), told[place % KINDS], digests[place % KINDS])
        for place in range(pictures)
    ]
    with sqlite3.connect(str(store.file)) as opened:
        opened.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)


def drawn(start: int, images: int, digests: list[str]) -> Evidence:
    """Draw the evidence of a step: boxes anywhere, maps of a few smooth hills, importance their mean in the box."""
    dice = torch.Generator().manual_seed(start)
    count = images * REGIONS
    corners = torch.rand(2, count, 2, generator=dice).sort(0).values
    boxes = torch.cat([corners[0], corners[1]], 1)
    image = torch.arange(images).repeat_interleave(REGIONS)
    hills = torch.rand(images, 1, 4, 4, generator=dice) ** 3
    maps = torch.nn.functional.interpolate(hills, (CELLS, CELLS), mode="bilinear")[:, 0]
    maps = maps - maps.amin((1, 2), keepdim=True)
    maps = maps / maps.amax((1, 2), keepdim=True)
    window = torch.tensor(WHOLE).repeat(images, 1)
    return Evidence(
        [name_of(place) for place in range(start, start + images)],
        torch.arange(start, start + images),
        Prediction(torch.randn(images, len(LABELS), generator=dice)),
        Explanation(maps, window),
        Detections(
            boxes,
            torch.randint(0, len(OBJECTS), (count,), generator=dice),
            torch.rand(count, generator=dice) ** 3,
            image,
        ),
        box_means(maps, window, boxes, image),
        chance=torch.randint(1, 1024, (count,), generator=dice) / 1024,
        chance_centre=torch.randint(1, 128, (count,), generator=dice) / 128,
        contents=[Contents(digests[place % KINDS]) for place in range(start, start + images)],
    )


def write_run(folder: Path, root: Path, pictures: int, digests: list[str]) -> None:
    """Leave the tables of a finished run and the settings that made it."""
    chunks = Chunks(folder, "key")
    chunks.begin()
    for start in range(0, pictures, CHUNK):
        end = min(start + CHUNK, pictures)
        steps = [
            evidence_tables(drawn(at, min(STEP, end - at), digests), list(LABELS), OBJECTS)
            for at in range(start, end, STEP)
        ]
        chunks.write(f"000-{start:09d}", {name: [step[name] for step in steps] for name in steps[0]})
    made_of = {"data": "0", "source": str(root.absolute())}
    names = {"labels": list(LABELS), "objects": OBJECTS, "version": "", "key": "key", "made_of": made_of}
    chunks.merge(folder, {METADATA: json.dumps(names).encode()})
    settings = folder / ".hydra"
    settings.mkdir(exist_ok=True)
    data = {"_target_": "emocam.data.folder.Folder", "root": str(root.absolute())}
    (settings / "config.yaml").write_text(json.dumps({"seed": 0, "data": data}))  # which is YAML
    (settings / "overrides.yaml").write_text("[]")
    write_file_list(folder)


def replay(folder: Path, words: list[str]) -> tuple[dict[str, float], float, float, float]:
    """Return the processor's seconds of each stage and of all, those of the wall, and the most MB."""
    out = folder / "replay"
    shutil.rmtree(out, ignore_errors=True)
    command = [
        *("task=replay", f"evidence={folder / 'run'}", f"hydra.run.dir={out}"),
        *("threshold.importance=0.35", "threshold.score=0.1", f"cache={folder / 'cache'}"),
        *("logger=null", "quiet=true", *words),
    ]
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--command", *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"the replay ended with {status}")
    stages = json.loads((out / "summary.json").read_text())["seconds"]
    seconds = used.ru_utime + used.ru_stime
    return stages | {"all": seconds}, seconds, wall, used.ru_maxrss / 1024


def command(words: list[str]) -> None:
    """Run a command whose stages are told in the processor's seconds."""
    from emocam.cli import main

    main.STARTED = 0.0
    time.perf_counter = time.process_time
    sys.argv[1:] = words
    main.main()


def megabytes(folder: Path) -> float:
    """Return the MB of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    if sys.argv[1:2] == ["--command"]:
        command(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("pictures", type=int)
    parser.add_argument("--photographs", type=Path, help="a folder of .jpg, in place of drawn pictures")
    parser.add_argument("words", nargs="*", help="further words of the replay")
    given = parser.parse_args()
    folder = given.folder.absolute() / str(given.pictures)
    if not (folder / "run/files.json").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        root = folder / "pictures"
        write_run(
            folder / "run", root, given.pictures, write_pictures(root, given.pictures, given.photographs)
        )
    stages, seconds, wall, most = replay(folder, given.words)
    page = folder / "replay/report"
    thumbnails = sum(1 for _ in page.rglob("*.webp"))
    for name, value in sorted(stages.items(), key=lambda stage: -stage[1]):
        if value >= 0.05:
            print(f"| {given.pictures:,} | {name} | {value:.1f} |")
    print(
        f"{given.pictures:,} pictures, {given.pictures * REGIONS:,} regions: {seconds:.1f} s of processor, "
        f"{wall:.1f} s by the wall, {most:,.0f} MB, page {megabytes(page):.0f} MB with {thumbnails:,} pictures"
    )


if __name__ == "__main__":
    main()
