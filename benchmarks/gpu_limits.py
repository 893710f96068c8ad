"""Matrix products, copies of memory, and JPEG decoding on n cores."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import gpu_clock as clock
import torch
from PIL import Image


def rows() -> Iterator[dict[str, Any]]:
    for name, found in clock.limits().items():
        yield {"limit": f"product in {name}", "rate": f"{found:.1f} TFLOP/s"}
    size = clock.small(1 << 30, 1 << 20)
    there = torch.empty(size, dtype=torch.uint8, device=clock.DEVICE)
    host = torch.empty(size, dtype=torch.uint8, pin_memory=clock.DEVICE.type == "cuda")
    copies = {
        "on the device, read and written": (lambda: there.clone(), 2),
        "pinned memory to the device": (lambda: there.copy_(host, non_blocking=True), 1),
        "the device to pinned memory": (lambda: host.copy_(there, non_blocking=True), 1),
    }
    for name, (copy, factor) in copies.items():
        yield {"limit": name, "rate": f"{factor * size / clock.seconds(copy, 0.5) / 1e9:.1f} GB/s"}
    yield from decoding()


def decoding() -> Iterator[dict[str, Any]]:
    """Photographs of 1024 x 768 opened by Pillow on several threads, which decode without the lock."""
    height, width = clock.small((768, 1024), (48, 64))
    file = BytesIO()
    smooth = torch.nn.functional.interpolate(
        clock.pictures(1, 24, 32).float(), (height, width), mode="bicubic"
    )
    array = smooth[0].clamp(0, 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(array).save(file, "JPEG", quality=90)
    data, count = file.getvalue(), clock.small(256, 8)

    def decode(_: int) -> None:
        Image.open(BytesIO(data)).convert("RGB").load()

    for cores in sorted({1, 4, 8, os.cpu_count() or 1}):
        with ThreadPoolExecutor(cores) as threads:
            began = time.perf_counter()
            list(threads.map(decode, range(count)))
            yield {
                "limit": f"decode {width} x {height}, {cores} threads",
                "rate": f"{count / (time.perf_counter() - began):.0f} pictures/s",
            }
