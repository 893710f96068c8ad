"""The wheel in an environment of its own, in six unfriendly places: the first command works, or says one sentence.

What it needs of others is lent from the interpreter that runs this; EmoCAM itself is the wheel's alone.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps import Part

ROOT = Path(__file__).parents[2]
WORDS = ("+cam=gradcam", "data.images=12", "hydra.run.dir=run")
"""The README's first command, over a few pictures."""
APART = ("unshare", "--map-root-user")
"""Namespaces of its own, which anybody may have."""
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$2" && shift 2 && exec "$@"'
SECONDS = 900


@dataclass(frozen=True)
class Spot:
    """Where a command is given: without some variables or the network, and with a folder that cannot be written."""

    folder: str = "work"
    without: tuple[str, ...] = ()
    network: bool = True
    read_only: str = ""
    works: bool = True


SPOTS = {
    "another working directory": Spot("somewhere else"),
    "spaces and accents in the path": Spot("données à voir/日本 2"),
    "no home": Spot(without=("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")),
    "no network": Spot(network=False),
    "packages that cannot be written": Spot(read_only="packages"),
    "a folder that cannot be written": Spot(read_only="work", works=False),
}


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Give the command in one place."""
    name = list(SPOTS)[number % len(SPOTS)]
    spot, python = SPOTS[name], environment(shared)
    work = folder / spot.folder
    work.mkdir(parents=True)
    own = {"HOME": folder, "XDG_CACHE_HOME": folder / "cache", "MPLCONFIGDIR": folder / "plots"}
    variables = dict(os.environ) | {key: str(value) for key, value in own.items()}
    variables = {key: value for key, value in variables.items() if key not in ("PYTHONPATH", *spot.without)}
    command = [str(python), "-B", "-m", "emocam", *WORDS]
    if not spot.network:
        command = [*APART, "--net", *command]
    if spot.read_only:
        target = {"packages": python.parents[1], "work": work}[spot.read_only]
        command = [*APART, "--mount", "sh", "-c", READ_ONLY, "sh", str(target), str(work), *command]
    done = subprocess.run(command, cwd=work, env=variables, capture_output=True, text=True, timeout=SECONDS)
    faults = [f"{name}: {fault}" for fault in faults_of(done, work, spot.works)]
    return {
        "places": 1,
        "worked": done.returncode == 0,
        "one sentence": done.returncode == 1,
        "faults": faults,
    }


def faults_of(done: "subprocess.CompletedProcess[str]", work: Path, works: bool) -> list[str]:
    """Return what is neither a finished run nor a refusal in one sentence."""
    lines = done.stderr.strip().splitlines()
    if done.returncode == 0:
        page = work / "run" / "report" / "index.html"
        return (
            [] if page.is_file() and "12 images: 12 explained" in done.stdout else ["it ended without a page"]
        )
    if works:
        return [f"status {done.returncode} and {done.stderr[-300:]!r}"]
    if done.returncode != 1 or len(lines) != 1 or "failed with" in lines[0]:
        return [f"status {done.returncode} and {done.stderr[-300:]!r}, where one sentence was due"]
    return []


def environment(shared: Path) -> Path:
    """Return the interpreter of an environment that has the wheel, made once, in a path with spaces and accents."""
    home = shared / "où c'est installé"
    python = home / "bin" / "python"
    if (home / "complete").is_file():
        return python
    shutil.rmtree(home, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(shared), str(ROOT)], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (wheel,) = shared.glob("emocam-*.whl")
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    (packages,) = home.glob("lib/*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    asked = [str(python), "-c", "import emocam; print(emocam.__file__)"]
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    found = subprocess.run(asked, check=True, capture_output=True, text=True, env=clean, cwd=shared).stdout
    if not Path(found.strip()).is_relative_to(packages):
        raise RuntimeError(f"the wheel is not what is imported, but {found.strip()}")
    (home / "complete").touch()
    return python


PART = Part(step, len(SPOTS))
