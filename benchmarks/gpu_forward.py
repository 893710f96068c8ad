"""Images a second of the networks alone by batch size and precision, their share of the limit, and Grad-CAM on top."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import gpu_clock as clock
import gpu_networks as networks
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from emocam.cam.gradcam import GradCAM

Mode = tuple[str, torch.memory_format, str]
FIRST, LAST = torch.contiguous_format, torch.channels_last
MODES: dict[str, Mode] = {
    "as torch has it": ("tf32", FIRST, "plain"),
    "fp32": ("fp32", FIRST, "plain"),
    "fp32, channels_last": ("fp32", LAST, "plain"),
    "TF32": ("tf32", FIRST, "plain"),
    "TF32, channels_last": ("tf32", LAST, "plain"),
    "bf16": ("bf16", FIRST, "plain"),
    "bf16, channels_last": ("bf16", LAST, "plain"),
    "fp32, graph": ("fp32", FIRST, "graph"),
    "bf16, channels_last, graph": ("bf16", LAST, "graph"),
    "fp32, compiled": ("fp32", FIRST, "compiled"),
    "bf16, channels_last, compiled": ("bf16", LAST, "compiled"),
}
"""The limit that it is held against, the order in memory, and how the network is asked.

As torch has it, convolutions are in TF32 and products of matrices are not.
"""
USUAL = {"fp32": "fp32", "TF32": "TF32", "bf16": "bf16"}
"""The plain way of each precision, beside which the others stand."""
PAYS = 1.1
"""So many times as quick, to be worth a choice."""


def rows() -> Iterator[dict[str, Any]]:
    most = clock.limits()
    for name, (build, side) in networks.some().items():
        try:
            network = build().to(clock.DEVICE)
        except Exception as error:  # an extra that is not installed, or weights that were not carried
            yield {"without": f"{name}: {error}"}
            continue
        flop = operations(network, side)
        for images in clock.small((1, 32, 128), (2,)):
            rates: dict[str, float] = {}
            for mode in asked(images):
                if clock.time_is_up():
                    break
                try:
                    row = measured(name, network, side, images, mode, flop, most)
                except Exception as error:  # no compiler, a layer that cannot be recorded, too little memory
                    yield {"without": f"{name}, batch {images}, {mode}: {str(error)[:200]}"}
                    continue
                rates[mode] = float(row["forward"].split()[0])
                yield row
            yield from choices(name, images, rates)
            if clock.time_is_up():
                return
            batch = networks.batch(images, side).to(clock.DEVICE)
            bare = clock.seconds(no_grad(lambda n=network, b=batch: n(n.prepare(b.classifier_view))))
            cam = clock.seconds(lambda n=network, b=batch: GradCAM()(n, b))
            yield {
                "network": name,
                "batch": images,
                "Grad-CAM": f"{images / cam:.0f} images/s",
                "of the bare forward": f"{bare / cam:.2f}",
            }


def asked(images: int) -> list[str]:
    """Return the modes for this batch: compiling takes as long as all the rest, so it is asked for one size."""
    usual = [mode for mode, (*_, how) in MODES.items() if how != "compiled" or images == 128]
    return clock.small(usual, ["as torch has it", "fp32", "fp32, channels_last", "fp32, graph"])


def choices(name: str, images: int, rates: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Say for each precision which way would be chosen: another than the plain one only if it clearly pays."""
    for precision, usual in USUAL.items():
        ways = {mode: rate for mode, rate in rates.items() if mode.split(",")[0] == precision}
        if usual in ways and len(ways) > 1:
            best = max(ways, key=ways.__getitem__)
            gain = ways[best] / max(ways[usual], 1e-9)
            yield {
                "network": name,
                "batch": images,
                "precision": precision,
                "would choose": best if gain >= PAYS else usual,
                "best": f"{best}, {gain:.2f} times {usual}",
            }


def operations(network: Any, side: int) -> float:
    """Count the floating-point operations of one picture."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # torch counts no operations inside of it
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(network.prepare(clock.pictures(1, side, side).to(clock.DEVICE)))
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return counter.get_total_flops()


def no_grad(call: Callable[[], Any]) -> Callable[[], Any]:
    return torch.no_grad()(call)


def measured(
    name: str, network: Any, side: int, images: int, mode: str, flop: float, most: dict[str, float]
) -> dict[str, Any]:
    limit, layout, how = MODES[mode]
    x = network.prepare(clock.pictures(images, side, side).to(clock.DEVICE)).to(memory_format=layout)
    network.to(memory_format=layout)
    clock.tf32(limit == "tf32")
    if mode == "as torch has it":
        torch.backends.cuda.matmul.allow_tf32 = False
    began = time.perf_counter()
    try:
        with torch.no_grad(), torch.autocast(clock.DEVICE.type, torch.bfloat16, enabled=limit == "bf16"):
            ask = WAYS[how](network, x)
            ask()
            clock.wait()
            first = time.perf_counter() - began
            taken = clock.seconds(ask)
    finally:
        clock.tf32(False)
        network.to(memory_format=FIRST)
    rate = images * flop / taken / 1e12
    return {
        "network": name,
        "batch": images,
        "mode": mode,
        "forward": f"{images / taken:.1f} images/s",
        "of the limit": f"{rate / most[limit]:.0%} of {most[limit]:.0f} TFLOP/s",
        "until the first answer": f"{first:.1f} s",
    }


def plain(network: Any, x: Tensor) -> Callable[[], Any]:
    return lambda: network(x)


def compiled(network: Any, x: Tensor) -> Callable[[], Any]:
    faster = torch.compile(network)
    return lambda: faster(x)


def graphed(network: Any, x: Tensor) -> Callable[[], Any]:
    """Record the network's kernels once and start them all with one call; on a processor there is no graph."""
    if clock.DEVICE.type != "cuda":
        return plain(network, x)
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # kernels are chosen and memory is taken before the recording
        for _ in range(3):
            network(x)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        network(x)
    return graph.replay


WAYS = {"plain": plain, "compiled": compiled, "graph": graphed}
