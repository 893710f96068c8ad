"""pytest tests/gpu: what a GPU leaves is what a processor leaves, and no step waits for it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULT = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED)\s+(\S.*)$")


def rows() -> Iterator[dict[str, Any]]:
    words = (
        "-q",
        "-rA",
        "-p",
        "no:cacheprovider",
        "--tb=line",
        "-o",
        "addopts=--import-mode=importlib",
        "tests/gpu",
    )
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        assert process.stdout
        last, counts = "", dict.fromkeys(("PASSED", "FAILED", "ERROR", "SKIPPED"), 0)
        for line in process.stdout:
            found = RESULT.match(line.strip())
            if found:
                counts[found[1]] += 1
                if found[1] in ("FAILED", "ERROR"):
                    yield {"test": found[2][:200], "result": found[1].lower()}
            last = line.strip() or last
    if "No module named pytest" in last:
        yield {"without": f"tests/gpu ({last})"}
        return
    yield {"tests": last[:200], "passed": counts["PASSED"]}
