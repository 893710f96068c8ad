"""Damaged pictures opened through the one door: each is decoded or refused, none kills, none hangs."""

import io
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
from child import fork
from PIL import Image
from steps import Part

A_STEP = 2_000
SLOW = 2.0
KINDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("JPEG", "RGB", {}), ("JPEG", "RGB", {"progressive": True}), ("JPEG", "L", {"quality": 20}), ("JPEG", "CMYK", {}),
    ("PNG", "RGB", {}), ("PNG", "RGBA", {}), ("PNG", "P", {}), ("PNG", "I;16", {}), ("PNG", "1", {}),
    ("WEBP", "RGB", {}), ("WEBP", "RGBA", {"lossless": True}), ("BMP", "RGB", {}), ("BMP", "P", {}),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}), ("TIFF", "RGB", {"compression": "jpeg"}), ("TIFF", "I;16", {}),
    ("TIFF", "L", {"compression": "tiff_adobe_deflate"}), ("GIF", "P", {}), ("MPO", "RGB", {}), ("AVIF", "RGB", {}),
)  # fmt: skip
"""Formats, modes and options, each in two sizes: forty pictures to begin with."""


def seeds() -> list[bytes]:
    """Draw the pictures that are damaged afterwards."""
    dice = np.random.default_rng(0)
    found = []
    for kind, mode, options in KINDS:
        for side in (24, 61):
            pixels = Image.fromarray(dice.integers(256, size=(side, side + 9, 3), dtype=np.uint8))
            image = pixels.convert("L").convert("I;16") if mode == "I;16" else pixels.convert(mode)
            exif = Image.Exif()
            exif[0x0112] = 6
            more = {"exif": exif} if kind in ("JPEG", "WEBP", "MPO") else {}
            written = io.BytesIO()
            image.save(written, kind, **options, **more)
            found.append(written.getvalue())
    return found


def damaged(good: list[bytes], dice: random.Random) -> bytes:
    """Return a picture with bits turned, bytes replaced, a part of another one within, or its end cut off."""
    data = bytearray(dice.choice(good))
    way = dice.randrange(5)
    if way == 0:
        del data[dice.randrange(len(data)) :]
    elif way == 1:
        other = dice.choice(good)
        begin, end = sorted(dice.randrange(len(other) + 1) for _ in range(2))
        place = dice.randrange(len(data))
        data[place : place + end - begin] = other[begin:end]
    elif way == 2:  # the head, where sizes and tables are
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(min(len(data), 80))] = dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))
    elif way == 3:
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    else:
        begin = dice.randrange(len(data))
        data[begin : begin + dice.randint(1, 40)] = dice.randbytes(dice.randint(1, 40))
    return bytes(data)


def step(number: int, folder: Path, shared: Path, most: int = A_STEP) -> dict[str, Any]:
    """Open some damaged pictures in a process of their own, which says how far it came."""
    good = seeds()
    file, log = folder / "picture", folder / "log"

    def work() -> int:
        from emocam.data.image_file import open_upright

        dice = random.Random(f"pictures {number}")
        opened = refused = slow = 0
        longest = 0.0
        for place in range(most):
            file.write_bytes(damaged(good, dice))
            began = time.process_time()
            log.write_text(f"{place} {opened} {refused} {slow} {longest}")
            try:
                image, *_ = open_upright(file, 40_000_000)
                assert image.mode == "RGB"
                image.load()
                opened += 1
            except AssertionError:
                return 3
            except Exception:
                refused += 1
            taken = time.process_time() - began  # of the processor: others may use it, too
            longest, slow = max(longest, taken), slow + (taken > SLOW)
        log.write_text(f"{most} {opened} {refused} {slow} {longest}")
        return 0

    status = fork(folder, work).wait(3600)
    place, opened, refused, slow, longest = log.read_text().split()
    faults = []
    if status != 0:
        faults.append(f"picture {place} of the step ended its process with {status}; it is {file}")
    if int(slow):
        faults.append(f"{slow} pictures took more than {SLOW:g} s")
    return {
        "pictures": int(place), "decoded": int(opened), "refused": int(refused), "slower than 2 s": int(slow),
        "most milliseconds": round(1000 * float(longest)), "faults": faults,
    }  # fmt: skip


PART = Part(step, 100)
