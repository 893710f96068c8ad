"""Verdicts of one corpus on the processor, on the GPU, and there with TF32 and bfloat16: what a precision moves."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gpu_clock as clock

import emocam

IMAGES = clock.small(120, 24)
USUAL = (
    *("cam=gradcam", f"data.images={IMAGES}", "data.workers=0", "+effect=erase", "effect.fills=[grey]"),
    *("logger=null", "cache=null", "quiet=true", "~callback.report", "~callback.overlay"),
)
WAYS = {
    "processor": ("trainer=cpu",),
    "fp32": (f"trainer={clock.small('gpu', 'cpu')}",),
    "TF32": (f"trainer={clock.small('gpu', 'cpu')}",),
    "bf16": (f"trainer={clock.small('gpu', 'cpu')}", "precision=bf16"),
}


def rows() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as place:
        expected: Any = None
        for name, words in WAYS.items():
            if clock.time_is_up():
                return
            cells = explained(name, Path(place) / name, words)
            expected = cells if expected is None else expected
            yield {
                "way": name,
                "cells": len(cells),
                "used": int((cells["verdict"] == "used").sum()),
                "counts that differ": int((cells["kept"] != expected["kept"]).sum()),
                "verdicts that differ": int((cells["verdict"] != expected["verdict"]).sum()),
            }


def explained(name: str, folder: Path, words: tuple[str, ...]) -> Any:
    """Run the command, and return its cells."""
    clock.tf32(name == "TF32")
    home = Path.cwd()
    os.chdir(folder.parent)
    try:
        run = emocam.run(*USUAL, *words, f"hydra.run.dir={folder}")
    finally:
        os.chdir(home)
        clock.tf32(False)
    return run.cells.astype({"verdict": str})
