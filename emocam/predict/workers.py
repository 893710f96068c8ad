"""How many processes open pictures."""

from emocam.data.base import Data
from emocam.system.cores import cores

MOST_WORKERS = 8
FEW_IMAGES = 64
"""Up to here starting workers costs more than they bring."""


def workers_of(data: Data, left: int, accelerated: bool = False) -> int:
    """Count the processes that open the pictures that are left; with an accelerator every core has the time."""
    if data.workers != "auto":
        return data.workers
    most = cores() if accelerated else min(MOST_WORKERS, cores())
    return most if left > FEW_IMAGES else 0
