"""Corpora of hostile pictures through the whole command: Pillow's own crafted files, and some sixty of ours.

Pillow's folder is in its source, which comes from the package registry; what is already in `soak/hostile/pillow`
is taken from there.
"""

import io
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from child import QUIET, fork, start, warm_up
from PIL import Image
from steps import Part

MOST_MB, SLOW = 1_500, 2.0
WORDS = (
    *(
        *QUIET,
        "logger=null",
        "cache=null",
        "data=folder",
        "detector=nothing",
        "cam=gradcam",
        "classifier=planted",
    ),
    *("data.max_unreadable=1", "data.batch_size=1", "data.workers=0", "callback={}"),
)
TURNS = range(1, 9)
CUTS = (1, 2, 3, 8, 16, 33, 64, 120, 200, 300, 500, 700)
"""Bytes of a JPEG that are left."""


def pillow_files(shared: Path) -> Path:
    """Return the folder of Pillow's test pictures, fetched once."""
    from PIL import __version__

    folder = shared / "pillow"
    if not folder.is_dir():
        words = ["download", "--no-binary", ":all:", "--no-deps", f"pillow=={__version__}", "-d", str(shared)]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True)
        with tarfile.open(next(shared.glob("pillow-*.tar.gz"))) as archive:
            archive.extractall(shared / "source", filter="data")
        next((shared / "source").glob("*/Tests/images")).rename(folder)
    return folder


def copy_pillow(shared: Path, folder: Path) -> None:
    """Copy each of Pillow's files under an ending that is looked at."""
    from emocam.data.image_file import SUFFIXES

    source = pillow_files(shared)
    for place, file in enumerate(sorted(file for file in source.rglob("*") if file.is_file())):
        ending = file.suffix.lower() if file.suffix.lower() in SUFFIXES else ".png"
        shutil.copyfile(file, folder / f"{place:04d}-{file.stem[:60]}{ending}")


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30), seed: int = 0) -> Image.Image:
    """Draw a picture of a mode."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(pixels)
    return image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return a file's bytes."""
    held = io.BytesIO()
    image.save(held, kind, **options)
    return held.getvalue()


def png_bomb(side: int) -> bytes:
    """Return a PNG whose head says that it has so many pixels along each side, and which holds few."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(10_000)))
        + chunk(b"IEND", b"")
    )


def our_contents() -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of crafted and odd files; those that begin with `good` must be read."""
    jpeg = encoded(picture(), "JPEG")
    yield from (
        ("zero.jpg", b""),
        ("text.jpg", b"this is a text\n" * 50),
        ("html.png", b"<html><script></script></html>"),
    )
    yield from ((f"cut-{cut:03d}.jpg", jpeg[:cut]) for cut in CUTS)
    for turn in TURNS:
        exif = Image.Exif()
        exif[0x0112] = turn
        yield f"good-turn-{turn}.jpg", encoded(picture(), "JPEG", exif=exif)
    broken = Image.Exif()
    broken[0x0112] = 6
    yield "good-exif-cut.jpg", encoded(picture(), "JPEG", exif=broken.tobytes()[:20])
    yield "good-cmyk.jpg", encoded(picture("CMYK"), "JPEG")
    yield "good-deep.png", encoded(picture("I;16"), "PNG")
    yield "good-deep.tiff", encoded(picture("I;16"), "TIFF")
    yield "fractions.tiff", encoded(picture("F"), "TIFF")
    clear = picture("P")
    yield "good-clear.png", encoded(clear, "PNG", transparency=3)
    yield "good-alpha.webp", encoded(picture("RGBA"), "WEBP")
    frames = [picture(seed=seed) for seed in range(3)]
    yield "good-moving.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    yield "good-moving.png", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    yield "good-several.jpg", encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    yield "good-one.bmp", encoded(picture("1"), "BMP")
    yield "good-wide.png", encoded(picture("L", (65_500, 1)), "PNG")
    yield "good-high.png", encoded(picture("L", (1, 20_000)), "PNG")
    yield "good-pixel.png", encoded(picture(size=(1, 1)), "PNG")
    yield "good-flat.png", encoded(Image.new("RGB", (50, 50)), "PNG")
    yield "bomb.png", png_bomb(50_000)
    yield "bomb-below.png", png_bomb(6_000)
    yield (
        "bomb.gif",
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\x80\x00\x00" + bytes(6) + b"," + bytes(20),
    )
    yield (
        "bomb.bmp",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 99, 0, 0, 54, 40, 1 << 30, 1 << 30, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    yield (
        "eps.jpg",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(%pipe%touch canary) (w) file\n",
    )
    yield "svg.png", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    yield "name.png", encoded(picture(), "BMP")[:30]
    good = encoded(picture(), "PNG")
    for number, name in enumerate(
        ("a\nb", "a\"b'c", "a\tb", "\u202egnp.exe", "\U0001f600", "e" * 240, "=1+1", "<b>", "${seed}", "..")
    ):
        yield f"{name}.png" if number != 9 else "good..png", good
    yield "percent%20.png", good
    dice = random.Random(3)
    yield "noise.webp", b"RIFF" + struct.pack("<I", 400) + b"WEBPVP8L" + dice.randbytes(400)
    yield "noise.avif", b"\x00\x00\x00 ftypavif" + dice.randbytes(400)
    yield "noise.tif", b"II*\x00" + struct.pack("<I", 8) + dice.randbytes(500)


def write_ours(folder: Path) -> None:
    """Write our files, and what is no file at all."""
    for name, content in our_contents():
        (folder / name).write_bytes(content)
    good = encoded(picture(), "PNG")
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff\xfe.png")).write_bytes(good)
    (folder / "a-folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "device.png").symlink_to("/dev/zero")
    (folder / "broken.png").symlink_to("nowhere.png")
    (folder / "itself.png").symlink_to("itself.png")
    (folder.parent / "outside.png").write_bytes(good)
    (folder / "out.png").symlink_to("../outside.png")
    (folder / "locked.png").write_bytes(b"")
    here = Path.cwd()
    os.chdir(folder)  # its path may be too long for a socket
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket.png")
    os.chdir(here)


def slow_files(folder: Path, log: Path) -> list[str]:
    """Open each file in a process of its own, and return those that took too long, or ended it."""

    def work() -> int:
        from emocam.data.image_file import open_upright

        for file in sorted(folder.iterdir()):
            log.write_text(repr(file.name))
            began = time.process_time()
            with suppress(Exception):
                open_upright(file, 40_000_000)
            if time.process_time() - began > SLOW:
                with log.with_suffix(".slow").open("a") as told:
                    told.write(f"{file.name!r}\n")
        return 0

    status = fork(log.parent, work, "opened").wait(900)
    slow = log.with_suffix(".slow")
    found = [
        f"{name} took more than {SLOW:g} s"
        for name in (slow.read_text().splitlines() if slow.exists() else [])
    ]
    return found + ([] if status == 0 else [f"{log.read_text()} ended its process with {status}"])


def compared(folder: Path, listed: int) -> tuple[int, list[str]]:
    """Return how many pictures were explained, and what is wrong beside a run over these alone."""
    import pandas as pd

    faults = []
    ledger = pd.read_parquet(folder / "run/ledger.parquet")
    if len(ledger) != listed or ledger["image"].nunique() != listed:
        faults.append(f"the ledger names {ledger['image'].nunique()} of {listed} files")
    told = ledger.loc[ledger["status"] != "done", "reason"]
    if told.isna().any() or (told == "").any():
        faults.append("the ledger has no reason for a file")
    done = ledger.loc[ledger["status"] == "done", "image"]
    bad = [name for name in ledger.loc[ledger["status"] != "done", "image"] if str(name).startswith("good")]
    faults += [f"{name} was not read" for name in bad]
    alone = folder / "alone"
    alone.mkdir()
    kept = {entry.name for entry in (folder / "pics").iterdir()}
    from emocam.data.printed import unprinted

    for name in done:
        if unprinted(name) in kept:
            os.link(folder / "pics" / unprinted(name), alone / unprinted(name))
    child = start(folder, *WORDS, "data.root=alone", "hydra.run.dir=run-alone", name="alone")
    if (status := child.wait(900)) != 0:
        return len(done), [*faults, f"the good ones alone ended with {status}: {child.errors[-300:]!r}"]
    tables = [pd.read_parquet(folder / run / "predictions.parquet") for run in ("run", "run-alone")]
    tables = [table.drop(columns=[c for c in ("group", "time") if c in table]) for table in tables]
    if not tables[0].astype(str).equals(tables[1].astype(str)):
        faults.append("the good ones are answered otherwise than alone")
    return len(done), faults


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Run over one of the two corpora, and over what could be read of it alone."""
    warm_up()
    pics = folder / "pics"
    pics.mkdir()
    name = ("ours", "Pillow's")[number % 2]
    write_ours(pics) if name == "ours" else copy_pillow(shared, pics)
    listed = sum(not entry.is_dir() or entry.is_symlink() for entry in pics.iterdir())
    faults = slow_files(pics, folder / "log")
    child = start(folder, *WORDS, "data.root=pics", "hydra.run.dir=run")
    status = child.end(1800)
    peak = child.most_kilobytes // 1000
    if status not in (0, 2) or "Traceback" in child.errors:
        faults.append(f"ended with {status}: {child.errors[-400:]!r}")
    if peak > MOST_MB:
        faults.append(f"took {peak:,} MB")
    if (folder / "canary").exists() or (pics / "canary").exists():
        faults.append("code of a file ran")
    done = 0
    if status in (0, 2):
        done, more = compared(folder, listed)
        faults += more
    return {
        "files": listed,
        "explained": done,
        "most MB": peak,
        "faults": [f"{name}: {fault}" for fault in faults],
    }


PART = Part(step, 2)
