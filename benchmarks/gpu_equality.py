"""Maps, detections, effects and pastes of the GPU beside the processor's; then TF32 and bfloat16 beside float32."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gpu_clock as clock
import gpu_networks as networks
import torch

from emocam.cam.completeness import read_checks
from emocam.detector.torchvision import TorchvisionDetector
from emocam.errors import SettingError
from emocam.importance.mean import Mean
from emocam.intervention.effect import Answer
from emocam.intervention.paste import Reclassify
from emocam.intervention.trials import TriedBatch
from emocam.predict.explain import Explain
from emocam.records.picture import Batch

SCORE = 0.3
"""Importance above which a region counts, as in the paper."""


def far(one: torch.Tensor, other: torch.Tensor) -> str:
    worst = (one - other).abs().flatten(1).amax(1)
    return f"{worst.median():.1e} (worst {worst.max():.1e})"


def explained(classifier: Any, batch: Batch, cam: Any, device: torch.device) -> Any:
    step = Explain(classifier, networks.Boxes(), [cam], Mean())
    (found,) = step.predict_step(batch.to(device))
    read_checks()
    return found.to("cpu")


def rows() -> Iterator[dict[str, Any]]:
    clock.tf32(False)
    batch = networks.batch(clock.small(8, 2), 227, regions=True)
    on_host = networks.emonet()
    there = copy.deepcopy(on_host).to(clock.DEVICE)
    for name in clock.small(networks.METHODS, ["gradcam", "lift", "lime"]):
        if clock.time_is_up():
            return
        cam = networks.method(name)
        try:
            expected = explained(on_host, batch, cam, torch.device("cpu"))
            yield {
                "method": name,
                "mode": "fp32",
                **compared(expected, explained(there, batch, cam, clock.DEVICE)),
            }
            clock.tf32(True)
            yield {
                "method": name,
                "mode": "TF32",
                **compared(expected, explained(there, batch, cam, clock.DEVICE)),
            }
            clock.tf32(False)
            there.bf16 = True
            yield {
                "method": name,
                "mode": "bf16",
                **compared(expected, explained(there, batch, cam, clock.DEVICE)),
            }
        except SettingError as error:
            yield {"without": f"{name}: {error}"}
        finally:
            clock.tf32(False)
            there.bf16 = False
    yield from others(on_host, there)


def compared(expected: Any, found: Any) -> dict[str, Any]:
    counts = [(one.importance > SCORE) for one in (expected, found)]
    return {
        "maps differ by": far(found.explanation.maps, expected.explanation.maps),
        "labels that stay": f"{(found.prediction.label == expected.prediction.label).float().mean():.0%}",
        "regions counted by one alone": f"{int((counts[0] != counts[1]).sum())} of {len(counts[0])}",
    }


def others(on_host: Any, there: Any) -> Iterator[dict[str, Any]]:
    """Detectors, then what paste and effect ask of the classifier."""
    for model in clock.small(networks.DETECTORS, networks.DETECTORS[:1]):
        if clock.time_is_up():
            return
        detector = TorchvisionDetector(model, "random", score=0.01, iou=0.4).eval()
        views = clock.pictures(2, *clock.small((400, 600), (64, 96)))
        batch = replace(networks.batch(2, 32), detector_view=list(views))
        with torch.no_grad():
            one = detector(batch)
            other = detector.to(clock.DEVICE)(batch.to(clock.DEVICE)).to("cpu")
        same = len(one) == len(other)
        yield {
            "detector": model,
            "regions": f"{len(one)}, {len(other)}",
            "scores differ by": f"{(one.score - other.score).abs().max():.1e}" if same and len(one) else "",
        }
    changed = networks.pasted(clock.small(2, 1))
    moved = changed.to(clock.DEVICE)
    same = torch.equal(moved.views.composed().cpu(), changed.views.composed())
    yield {"views put together there": len(changed.views), "equal to the processor's": same}
    answers = [
        Reclassify(net, None).predict_step(batch).logits.cpu()
        for net, batch in ((on_host, changed), (there, moved))
    ]
    yield {"asked by": "paste", "logits differ by": far(*answers)}
    answers = [
        Answer(net).predict_step(TriedBatch(batch.views, [], [])).cpu()
        for net, batch in ((on_host, changed), (there, moved))
    ]
    yield {"asked by": "effect", "logits differ by": far(*answers)}
