"""The command line with pictures opened by threads of its own process, where EmoCAM has worker processes."""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from emocam.predict import stream

AHEAD = 2
"""Batches that each thread has ready, as a worker process has."""


class ThreadLoader:
    """Takes the arguments of torch's DataLoader that EmoCAM gives, and makes batches in threads."""

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        num_workers: int,
        collate_fn: Callable[[list[Any]], Any],
        worker_init_fn: object = None,
        pin_memory: bool = False,
    ) -> None:
        self.dataset, self.size, self.collate, self.pinned = dataset, batch_size, collate_fn, pin_memory
        self.threads = max(1, num_workers)

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.size)

    def _made(self, number: int) -> Any:
        rows = range(number * self.size, min((number + 1) * self.size, len(self.dataset)))
        batch = self.collate([self.dataset[row] for row in rows])
        return batch.pin_memory() if self.pinned else batch

    def __iter__(self) -> Iterator[Any]:
        waiting: deque[Future[Any]] = deque()
        with ThreadPoolExecutor(self.threads) as pool:
            for number in range(len(self)):
                waiting.append(pool.submit(self._made, number))
                if len(waiting) > AHEAD * self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


if __name__ == "__main__":
    from emocam.cli.main import main

    stream.DataLoader = ThreadLoader  # type: ignore[assignment, misc]
    main()
