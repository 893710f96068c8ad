"""All that a GPU is asked, in less than eight minutes: `python benchmarks gpu`, or `make gpu`.

Each part is a process of its own that is stopped when its time is up; it prints a row as soon as it has
one, and gpu.md and gpu.json are written after each row, in the folder that OUT names, else beside this
file. What is not installed is left out, and named. GPU_DRY=1 tries all of it on a processor, tiny.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DRY = bool(os.environ.get("GPU_DRY"))
PARTS = {
    "limits": ("What this GPU and its host can do at most", 15),
    "equality": ("Equal to the processor, and how far TF32 and bfloat16 move it", 50),
    "verdicts": ("What a precision moves: counts and verdicts of one corpus", 40),
    "forward": ("The networks alone, and a method on top", 70),
    "libraries": ("Beside pytorch-grad-cam and captum on the same GPU", 48),
    "command": ("The whole command on JPEG files", 90),
    "heavy": ("Effect, paste, five methods in one pass, detectors", 52),
    "batches": ("Batch sizes, and two processes on one GPU", 40),
    "tests": ("The tests of tests/gpu", 66),
}
"""A title, and the seconds after which the part is stopped: 471 in all."""
VERSIONS = ("torch", "torchvision", "pytorch-lightning", "timm", "captum", "grad-cam", "lightnet", "pillow")
UNMET = "**This code has not met a GPU yet.** "


def circumstances() -> dict[str, Any]:
    import torch

    told: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
        "card": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "dry": DRY,
    }
    for name in VERSIONS:
        try:
            told[name] = version(name)
        except PackageNotFoundError:
            told[name] = None
    return told


def run_part(name: str, seconds: float, keep: Callable[[dict[str, Any]], None]) -> None:
    """Run a part until it ends or its time is up; `keep` gets what there is of it after each row."""
    began, told = time.perf_counter(), []
    part: dict[str, Any] = {"rows": [], "left_out": [], "seconds": 0.0, "fault": "cut off"}
    command = [sys.executable, str(HERE / "gpu_part.py"), name]
    environment = {**os.environ, "GPU_SECONDS": str(seconds), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        timer = threading.Timer(seconds, stop, [process])
        timer.start()
        assert process.stdout
        try:
            for line in process.stdout:
                if not heard(line, part):
                    told.append(line)
                    continue
                part["seconds"] = round(time.perf_counter() - began, 1)
                keep(part)
        except BaseException:  # an interrupt: what the part started must not go on without us
            stop(process)
            raise
        finally:
            timer.cancel()
        status = process.wait()
    took = time.perf_counter() - began
    part["seconds"] = round(took, 1)
    part["fault"] = fault_of(status, took >= seconds, told)
    if part["fault"]:
        print(f"  {part['fault']}", flush=True)
    keep(part)


def heard(line: str, part: dict[str, Any]) -> bool:
    """Add a row, or what was left out, to the part; anything else is not for it."""
    if line.startswith("ROW "):
        row = json.loads(line[4:])
        part["rows"].append(row)
        print("  " + ", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    elif line.startswith("WITHOUT "):
        part["left_out"].append(line[8:].strip())
        print(f"  left out: {line[8:].strip()}", flush=True)
    else:
        return False
    return True


def fault_of(status: int, time_was_up: bool, told: list[str]) -> str:
    if status == 0:
        return ""
    return "stopped when its time was up" if time_was_up else "".join(told[-25:])


def stop(process: "subprocess.Popen[str]") -> None:
    """End the part and the processes that it started, which are a group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def table(rows: list[dict[str, Any]]) -> str:
    """Lay out rows of one kind after the other: a head for each set of columns."""
    lines: list[str] = []
    head: list[str] = []
    for row in rows:
        if list(row) != head:
            head = list(row)
            lines += ["", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        lines.append("| " + " | ".join(str(value).replace("|", "/") for value in row.values()) + " |")
    return "\n".join(lines)


def document(found: dict[str, Any]) -> str:
    about = found["circumstances"]
    on = about["card"] or "a processor"
    packages = ", ".join(f"{name} {about[name] or 'absent'}" for name in VERSIONS)
    said = (
        ""
        if about["card"]
        else f"{UNMET}What follows is a dry run of the script on a processor: no figure of it counts.\n\n"
    )
    parts = [
        f"# On a GPU\n\n{said}{about['date']}. {on}, {about['cores']} cores. Python {about['python']}, {packages}.\n"
    ]
    for name, part in found["parts"].items():
        parts.append(f"## {PARTS[name][0]}\n\n`benchmarks/gpu_{name}.py`, {part['seconds']} s")
        parts += [f"Left out: {what}" for what in part["left_out"]]
        if part["fault"]:
            parts.append(f"Ended early:\n\n```\n{part['fault'].strip()}\n```")
        parts.append(table(part["rows"]) if part["rows"] else "No row.")
    return "\n\n".join(parts) + "\n"


def write(found: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("gpu.json", json.dumps(found, indent=1)), ("gpu.md", document(found))):
        made = folder / f".{name}"
        made.write_text(text)
        made.replace(folder / name)  # whole or not at all: a run may be cut off anywhere


def main(names: list[str]) -> int:
    """Exit status 0 unless a part broke; one that was stopped has kept its rows."""
    folder = Path(os.environ.get("OUT") or HERE)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    began = time.perf_counter()
    found: dict[str, Any] = {"circumstances": circumstances(), "parts": {}}
    if not DRY and found["circumstances"]["card"] is None:
        print("there is no GPU here; GPU_DRY=1 tries the script on a processor")
        return 1
    for name in names or list(PARTS):
        print(f"{PARTS[name][0]} ({time.perf_counter() - began:.0f} s so far)", flush=True)

        def keep(part: dict[str, Any], name: str = name) -> None:
            found["parts"][name] = part
            write(found, folder)

        run_part(name, PARTS[name][1] * (10 if DRY else 1), keep)
    print(f"{folder / 'gpu.md'}   {time.perf_counter() - began:.0f} s")
    failed = [row for row in found["parts"].get("tests", {"rows": []})["rows"] if "result" in row]
    broken = [n for n, part in found["parts"].items() if part["fault"] and "time was up" not in part["fault"]]
    return 1 if broken or failed else 0
