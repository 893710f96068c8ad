import os
import subprocess
import sys

import pytest

from emocam.system.cores import SPIN, cores

TOLD = (
    "import os; from emocam.system.cores import cores, limit_spinning; limit_spinning(); "
    "print(cores(), os.environ['GOMP_SPINCOUNT'])"
)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are shared out on Linux only")
@pytest.mark.parametrize(("given", "spin"), [(None, SPIN), ("7", "7")])
def test_only_what_this_process_was_given(given: str | None, spin: str) -> None:
    environment = {**os.environ} | ({"GOMP_SPINCOUNT": given} if given else {})
    if not given:
        environment.pop("GOMP_SPINCOUNT", None)
    one = min(os.sched_getaffinity(0))
    said = subprocess.run(
        [sys.executable, "-c", f"import os; os.sched_setaffinity(0, [{one}]); {TOLD}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.split() == ["1", spin]
    assert 1 <= cores() <= (os.cpu_count() or 1)
