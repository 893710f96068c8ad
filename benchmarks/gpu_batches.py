"""The batch size that a run takes by itself, the best one, whether any runs out of memory; two processes at once."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gpu_clock as clock
import gpu_networks as networks
import torch

from emocam.cam.gradcam import GradCAM
from emocam.predict.batch_size import fitting_batch, free_memory
from emocam.system.cores import cores

ALONE = """
import sys, time
sys.path[:0] = {paths!r}
import gpu_clock as clock, gpu_networks as networks
from emocam.cam.gradcam import GradCAM
net, batch = networks.emonet().to(clock.DEVICE), networks.batch({images}, 227).to(clock.DEVICE)
GradCAM()(net, batch); clock.wait()
began = time.perf_counter(); done = 0
while time.perf_counter() - began < {seconds}:
    GradCAM()(net, batch); clock.wait(); done += {images}
print(done / (time.perf_counter() - began))
"""


def rows() -> Iterator[dict[str, Any]]:
    accelerator = "gpu" if clock.DEVICE.type == "cuda" else "cpu"
    for name, (build, side) in networks.some().items():
        if clock.time_is_up():
            return
        try:
            network = build().to(clock.DEVICE)
        except Exception as error:
            yield {"without": f"{name}: {error}"}
            continue
        elsewhere = free_memory(accelerator) if accelerator == "gpu" else None
        taken = fitting_batch([network.view], cores(), free_memory("cpu"), elsewhere)
        rates: dict[int, float] = {}
        fault = ""
        for images in sorted({*clock.small((8, 32, 64, 128, 256), (1, 2)), clock.small(taken, 2)}):
            try:
                batch = networks.batch(images, side).to(clock.DEVICE)
                rates[images] = images / clock.seconds(lambda n=network, b=batch: GradCAM()(n, b), 0.5)
            except torch.OutOfMemoryError:
                fault = f"{images} ran out of memory"
        best = max(rates, key=rates.__getitem__)
        yield {
            "network": name,
            "taken": taken,
            "best": best,
            "rate of the best": f"{rates[best]:.0f} images/s",
            "memory": fault or "enough",
        }
    yield from two_at_once()


def two_at_once() -> Iterator[dict[str, Any]]:
    here = Path(__file__).parent
    images, seconds = clock.small((64, 4), (1, 0.2))
    code = ALONE.format(paths=[str(here), str(here.parent)], images=images, seconds=seconds)
    for count in (1, 2):
        if clock.time_is_up():
            return
        began = time.perf_counter()
        processes = [
            subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        rates = [float((process.communicate()[0] or "0").split()[-1]) for process in processes]
        yield {
            "processes": count,
            "together": f"{sum(rates):.0f} images/s",
            "took": f"{time.perf_counter() - began:.1f} s",
        }
