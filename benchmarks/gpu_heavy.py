"""Effect, paste, five methods in one pass, YOLOv3 and Mask R-CNN: images a second, memory, and waits in a step."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gpu_clock as clock
import gpu_networks as networks
import torch

from emocam.detector.torchvision import TorchvisionDetector
from emocam.importance.mean import Mean
from emocam.intervention.effect import Answer
from emocam.intervention.paste import Reclassify
from emocam.intervention.trials import TriedBatch
from emocam.paste.changed_views import ChangedViews
from emocam.predict.explain import Explain

FIVE = ("gradcam", "ablation", "lime", "lift", "lrp")


def waits(step: Callable[[], Any]) -> int | str:
    """How often one step makes the host wait, as CUDA tells."""
    if clock.DEVICE.type != "cuda":
        return "not known"
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(one.message) for one in told)


def measured(name: str, step: Callable[[], Any], images: float) -> dict[str, Any]:
    if clock.DEVICE.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    taken = clock.seconds(step, 3)
    peak = torch.cuda.max_memory_allocated() / 1e9 if clock.DEVICE.type == "cuda" else 0
    return {
        "work": name,
        "rate": f"{images / taken:.1f} images/s",
        "peak": f"{peak:.2f} GB",
        "waits in a step": waits(step),
    }


def rows() -> Iterator[dict[str, Any]]:
    net = networks.emonet().to(clock.DEVICE)
    images = clock.small(64, 2)
    batch = networks.batch(images, 227, regions=True).to(clock.DEVICE)
    for names in (("gradcam",), FIVE):
        step = Explain(net, networks.Boxes(), [networks.method(name) for name in names], Mean())
        yield measured(
            f"{', '.join(names)} in one pass, batch {images}",
            lambda step=step: step.predict_step(batch),
            images,
        )
    changed, paste, effect = networks.pasted(4), Reclassify(net, None), Answer(net)
    views = len(changed.views)
    there = changed.to(clock.DEVICE)
    size = sum(part.nbytes for part in vars(changed.views).values())
    yield {"travels for a picture's variants": f"{size / 4e6:.2f} MB", "views": views}
    yield measured(f"paste, 4 pictures, {views} views", lambda: paste.predict_step(there), 4)
    several = ChangedViews.join([changed.views] * clock.small(4, 1))
    tried = TriedBatch(several, [], []).to(clock.DEVICE)
    yield measured(f"effect, {len(tried.views)} views", lambda: effect.predict_step(tried), len(tried.views))
    yield from detectors()


def detectors() -> Iterator[dict[str, Any]]:
    images = clock.small(8, 1)
    try:
        import networks as usual

        yolo = usual.detector(clock.small(608, 64)).to(clock.DEVICE)
        view = clock.pictures(images, *clock.small((608, 608), (64, 64)))
        batch = replace(networks.batch(images, 32), detector_view=view).to(clock.DEVICE)
        with torch.no_grad():
            yield measured(f"YOLOv3-608, batch {images}", lambda: yolo(batch), images)
    except ImportError as error:
        yield {"without": f"YOLOv3 ({error})"}
    if clock.time_is_up():
        return
    model = clock.small("maskrcnn_resnet50_fpn_v2", "ssdlite320_mobilenet_v3_large")
    detector = TorchvisionDetector(model, "random", score=0.05).eval().to(clock.DEVICE)
    views = clock.pictures(clock.small(4, 1), *clock.small((768, 1024), (64, 96)))
    photographs = replace(networks.batch(len(views), 32), detector_view=list(views)).to(clock.DEVICE)
    with torch.no_grad():
        yield measured(f"{model}, {len(views)} photographs", lambda: detector(photographs), len(views))
