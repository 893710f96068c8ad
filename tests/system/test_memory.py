import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from emocam.system.memory import keep_memory

if "kept" in sys.argv:
    keep_memory()
np.ones(2_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(2_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep what they like")
def test_memory_that_comes_again_is_not_filled_with_zeros_again() -> None:
    said = [
        subprocess.run([sys.executable, "-c", FAULTS, *words], capture_output=True, text=True, check=True)
        for words in ([], ["kept"])
    ]
    returned, kept = (int(one.stdout) for one in said)
    assert kept < returned / 10
