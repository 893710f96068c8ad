"""Whether maps look at what was learnt, or at edges: their rank correlation with those of networks that know nothing.

Prints, for each method, the mean over pictures of Spearman's correlation between the sizes of the trained network's
map and of four others: after the head was drawn anew, after the whole network was, of another label, and the
picture's edges.

    python benchmarks/map_sanity.py [PICTURES]
"""

import sys
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.edges import Edges
from emocam.cam.gradcam import GradCAM
from emocam.cam.guidedgradcam import GuidedGradCAM
from emocam.cam.hirescam import HiResCAM
from emocam.classifier.planted import FullyConnected, PlantedClassifier
from emocam.data.planted import Planted
from emocam.functional.statistics.similarity import average_ranks, pearson

SIDE = 56
METHODS: Mapping[str, CAM] = {
    "gradcam": GradCAM(),
    "hirescam": HiResCAM(),
    "guided backpropagation": GuidedGradCAM(gradcam=False),
    "guidedgradcam": GuidedGradCAM(),
}


def sizes(cam: CAM, classifier: PlantedClassifier, x: Tensor, target: Tensor) -> Tensor:
    """Return the maps' sizes without sign on one grid (B, SIDE * SIDE)."""
    forward = ForwardPass(classifier, x)
    forward.target = target
    raw = cam.raw(forward).detach().abs()
    return F.interpolate(raw[:, None], (SIDE, SIDE), mode="bilinear")[:, 0].flatten(1)


def mean_correlation(one: Tensor, other: Tensor) -> float:
    """Return the mean of Spearman's correlation over pictures; of flat maps there is none."""
    found = [pearson(average_ranks(torch.stack(pair)))[0, 1] for pair in zip(one, other, strict=True)]
    return torch.stack(found).nanmean().item()


def main(pictures: int) -> None:
    data, trained = Planted(images=pictures), PlantedClassifier()
    views = torch.stack([trained.view(data.open(path).image)[0] for path in data.paths()])
    x = trained.prepare(views)
    target = trained(x).argmax(-1)
    torch.manual_seed(1)
    random_head, random_network = PlantedClassifier(), PlantedClassifier(weights="random", seed=1)
    random_head.head = FullyConnected(len(trained.labels)).eval().requires_grad_(False)
    forward = ForwardPass(trained, x)
    edges = F.interpolate(Edges().raw(forward)[:, None], (SIDE, SIDE), mode="bilinear")[:, 0].flatten(1)
    other_label = (target + 1) % len(trained.labels)
    print("| method | random head | random network | other label | edges |")
    for name, cam in METHODS.items():
        ours = sizes(cam, trained, x, target)
        others = (
            sizes(cam, random_head, x, target),
            sizes(cam, random_network, x, target),
            sizes(cam, trained, x, other_label),
            edges,
        )
        cells = " | ".join(f"{mean_correlation(ours, other):.2f}" for other in others)
        print(f"| {name} | {cells} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
