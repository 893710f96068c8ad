"""Images a second of the networks alone by batch size and precision, their share of the limit, and Grad-CAM on top."""

from collections.abc import Callable, Iterator
from typing import Any

import gpu_clock as clock
import gpu_networks as networks
import torch
from torch.utils.flop_counter import FlopCounterMode

from emocam.cam.gradcam import GradCAM

MODES = {
    "fp32": ("fp32", torch.contiguous_format, False),
    "fp32, channels_last": ("fp32", torch.channels_last, False),
    "TF32": ("tf32", torch.contiguous_format, False),
    "TF32, channels_last": ("tf32", torch.channels_last, False),
    "bf16": ("bf16", torch.contiguous_format, False),
    "bf16, channels_last": ("bf16", torch.channels_last, False),
    "bf16, channels_last, compiled": ("bf16", torch.channels_last, True),
}
"""The limit that it is held against, the order in memory, and whether torch.compile is asked."""


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
            plain = tuple(mode for mode, (*_, compiled) in MODES.items() if not compiled)
            compiled = tuple(mode for mode in MODES if mode not in plain) if compiles(images) else ()
            for mode in clock.small(plain, ("fp32",)) + compiled:
                if clock.time_is_up():
                    return
                yield measured(name, network, side, images, mode, flop, most)
            batch = networks.batch(images, side).to(clock.DEVICE)
            bare = clock.seconds(no_grad(lambda n=network, b=batch: n(n.prepare(b.classifier_view))))
            cam = clock.seconds(lambda n=network, b=batch: GradCAM()(n, b))
            yield {
                "network": name,
                "batch": images,
                "Grad-CAM": f"{images / cam:.0f} images/s",
                "of the bare forward": f"{bare / cam:.2f}",
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


def compiles(images: int) -> bool:
    """One size only: compiling takes as long as all the rest."""
    return not clock.DRY and images == 128


def no_grad(call: Callable[[], Any]) -> Callable[[], Any]:
    return torch.no_grad()(call)


def measured(
    name: str, network: Any, side: int, images: int, mode: str, flop: float, most: dict[str, float]
) -> dict[str, Any]:
    limit, layout, compiled = MODES[mode]
    x = network.prepare(clock.pictures(images, side, side).to(clock.DEVICE)).to(memory_format=layout)
    network.to(memory_format=layout)
    ask: Any = torch.compile(network) if compiled else network
    clock.tf32(limit == "tf32")
    try:
        with torch.no_grad(), torch.autocast(clock.DEVICE.type, torch.bfloat16, enabled=limit == "bf16"):
            taken = clock.seconds(lambda: ask(x))
    finally:
        clock.tf32(False)
        network.to(memory_format=torch.contiguous_format)
    rate = images * flop / taken / 1e12
    return {
        "network": name,
        "batch": images,
        "mode": mode,
        "forward": f"{images / taken:.0f} images/s",
        "of the limit": f"{rate / most[limit]:.0%} of {most[limit]:.0f} TFLOP/s",
    }
