"""`emocam doctor`: what is installed, on which machine, which weights are there, and whether a small run works."""

import argparse
import importlib.metadata
import io
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from emocam.settings.experiments import user_cache
from emocam.version import __version__

CORE = ("torch", "torchvision", "pytorch-lightning", "hydra-core", "mlflow", "numpy", "pandas", "pyarrow")
SMALL = ("+cam=gradcam", "data.images=12", "data.workers=0", "logger=null", "cache=null", "quiet=true")
"""A run that meets every part once: pictures, detector, network, CAM, tables and page."""


def main(words: list[str]) -> int:
    """Print what there is, run a small corpus, and return 0 where it ends well."""
    parser = argparse.ArgumentParser(
        prog="emocam doctor", description="Looks at the installation, and tries it on twelve drawn pictures."
    )
    parser.parse_args(words)
    for line in (*version_lines(), *extra_lines(), *machine_lines(), *storage_lines()):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    status, sentence = try_run()
    sys.stdout.write(f"{_row('a small run', sentence)}\n")
    return status


def _row(name: str, value: str) -> str:
    return f"{name:28}{value}"


def version_lines() -> Iterator[str]:
    """Yield the versions of emocam, Python and the packages that every run uses."""
    yield _row("emocam", f"{__version__} in {Path(__file__).parents[2]}")
    yield _row("Python", f"{platform.python_version()} in {sys.prefix}")
    for name in CORE:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = "is missing; installing emocam again brings it"
        yield _row(name, version)


def extra_lines() -> Iterator[str]:
    """Yield for each extra whether all its packages are there, or how to get them."""
    from packaging.requirements import Requirement

    listed: dict[str, list[Requirement]] = {}
    for text in importlib.metadata.requires("emocam") or []:
        requirement = Requirement(text)
        for extra in importlib.metadata.metadata("emocam").get_all("Provides-Extra") or []:
            marker = requirement.marker
            if marker and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
                listed.setdefault(extra, []).append(requirement)
    for extra, wanted in listed.items():
        if extra in ("all", "dev", "docs"):
            continue
        missing = [each.name for each in wanted if each.name != "emocam" and not _present(each.name)]
        lacks = f"lacks {', '.join(missing)}; pip install 'emocam[{extra}]'"
        yield _row(f"extra {extra}", lacks if missing else "there")


def _present(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def machine_lines() -> Iterator[str]:
    """Yield the cores, the memory and the device that `trainer=auto` takes."""
    import torch

    from emocam.network.precision import computes_bf16

    yield _row(
        "cores", f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}"
    )
    if hasattr(os, "sysconf"):  # of POSIX systems
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        yield _row("memory", f"{total / 2**30:.0f} GiB")
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        device = ", ".join(names)
    else:
        device = (
            "Apple's GPU (mps)" if torch.backends.mps.is_available() else "the processor; torch sees no GPU"
        )
    yield _row("device", device)
    narrow = "yes" if computes_bf16("auto") else "no: precision=bf16 runs in 32 here"
    yield _row("bfloat16", narrow)


def storage_lines() -> Iterator[str]:
    """Yield where things are kept: the cache, published weights, the tracking store, and the space left."""
    from emocam.network.published import KNOWN

    cache = Path(user_cache())
    held = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file()) if cache.is_dir() else 0
    yield _row("cache", f"{cache}, {held / 1e6:,.0f} MB")
    for name, files in KNOWN.items():
        there = all((cache / file.name).is_file() for file in files)
        yield _row(f"weights {name}", "there" if there else f"not there; emocam fetch {name}")
    store = os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    yield _row("tracking store", store)
    yield _row("space here", f"{shutil.disk_usage(Path.cwd()).free / 1e9:,.0f} GB free")


def try_run() -> tuple[int, str]:
    """Run twelve drawn pictures in a folder that is removed, and return the status and a sentence."""
    from emocam.cli.main import run_words
    from emocam.results.verify import folder_faults

    began = time.perf_counter()
    output = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        with redirect_stdout(output), redirect_stderr(output):
            status = run_words([*SMALL, f"hydra.run.dir={run}"], began)
        faults = list(folder_faults(run)) if status == 0 else [output.getvalue().strip()]
    seconds = time.perf_counter() - began
    if faults:
        return 1, f"failed after {seconds:.1f} s: {' '.join(faults)}"
    return 0, f"12 pictures explained, checked and drawn in {seconds:.1f} s: all is well"
