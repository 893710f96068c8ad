"""Numbers by other ways: means in boxes on a finer grid, the matrix by loops, ranks by SciPy, CAMs by libraries.

Pictures, networks, maps, boxes and counts are drawn anew for each step.
"""

import math
import warnings
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from steps import Part

A_STEP = 25
"""Pictures of a step."""
FINER = 64
"""Parts into which each side of a map's cell is cut."""
CLOSE = 1e-6
OBJECTS, LABELS = 6, 4


def bilinear(cells: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Read a map (h, w) at places in [0, 1], constant beyond the outermost centres."""
    height, width = cells.shape
    rows = np.stack([np.interp(x, (np.arange(width) + 0.5) / width, row) for row in cells])
    return np.stack([np.interp(y, (np.arange(height) + 0.5) / height, column) for column in rows.T]).T


def fine_edges(start: float, end: float, cells: int) -> np.ndarray:
    """Cut a side of a box where the fine grid cuts it, and at both ends."""
    grid = np.arange(FINER * cells + 1) / (FINER * cells)
    return np.concatenate([[start], grid[(grid > start) & (grid < end)], [end]])


def mean_on_grid(cells: np.ndarray, window: np.ndarray, box: np.ndarray) -> float:
    """Average a map over the parts of a fine grid in a box of the picture, which its window shows a part of."""
    low, size = window[:2], window[2:] - window[:2]
    x0, y0, x1, y1 = ((box.reshape(2, 2) - low) / size).ravel()
    x, y = (fine_edges(*ends, n) for ends, n in (((x0, x1), cells.shape[1]), ((y0, y1), cells.shape[0])))
    inside_x, inside_y = ((edges[:-1] + edges[1:]) / 2 for edges in (x, y))
    value = bilinear(cells, inside_y, inside_x)
    seen = ((inside_y >= 0) & (inside_y <= 1))[:, None] & ((inside_x >= 0) & (inside_x <= 1))[None]
    return float((value * seen * np.diff(y)[:, None] * np.diff(x)[None]).sum() / ((x1 - x0) * (y1 - y0)))


def box_faults(dice: np.random.Generator, number: int) -> Iterator[str]:
    """Yield where the mean of a map in a box, and in a mask, is another than on the fine grid."""
    import torch

    from emocam.functional.map.maps import box_means

    height, width = dice.integers(1, 15, 2)
    cells = dice.random((height, width)).astype(np.float32)
    corner = dice.random((6, 2)) * 0.8
    boxes = np.concatenate([corner, corner + 0.02 + dice.random((6, 2)) * (0.98 - corner)], 1).astype(
        np.float32
    )
    low = dice.random(2) * 0.4
    window = np.concatenate([low, low + 0.3 + dice.random(2) * (0.7 - low)]).astype(np.float32)
    if dice.random() < 0.5:
        window = np.array([0, 0, 1, 1], np.float32)
    image = torch.zeros(len(boxes), dtype=torch.int64)
    given = torch.from_numpy(cells)[None], torch.from_numpy(window)[None], torch.from_numpy(boxes), image
    found = box_means(*given).numpy()
    right = [mean_on_grid(cells.astype(float), window.astype(float), box.astype(float)) for box in boxes]
    if (worst := float(np.abs(found - right).max())) > CLOSE:
        yield f"picture {number}: a mean in a box differs by {worst:.1e} from that on the grid"


def matrix_faults(dice: np.random.Generator) -> Iterator[str]:
    """Yield where counts differ from loops, or ranks and their correlation from SciPy's."""
    import torch
    from scipy.stats import spearmanr

    from emocam.functional.statistics.similarity import spearman, textbook_p
    from emocam.metric.association import AssociationMatrix
    from emocam.records.thresholds import Thresholds

    level = Thresholds(*(float(dice.choice([0, 0.25, 0.5])) for _ in range(3)))
    pictures, regions = A_STEP, int(dice.integers(1, 4 * A_STEP))
    steps = np.float32(dice.choice([4, 1000]))  # coarse numbers meet the thresholds
    draws = {
        name: (np.floor(dice.random(n).astype(np.float32) * (steps + 1)) / steps).astype(np.float32)
        for name, n in (("confidence", pictures), ("score", regions), ("importance", regions))
    }
    names = {
        name: dice.integers(0, most, n)
        for name, most, n in (
            ("label", LABELS, pictures),
            ("object", OBJECTS, regions),
            ("image", pictures, regions),
        )
    }
    matrix = AssociationMatrix(OBJECTS, LABELS, level)
    matrix.update(**{name: torch.from_numpy(column) for name, column in {**draws, **names}.items()})
    counts = np.zeros((OBJECTS, LABELS), int)
    for picture in range(pictures):
        for object in range(OBJECTS):
            counts[object, names["label"][picture]] += any(
                names["image"][n] == picture
                and names["object"][n] == object
                and draws["score"][n] > np.float32(level.score)
                and draws["importance"][n] > np.float32(level.importance)
                and draws["confidence"][picture] > np.float32(level.confidence)
                for n in range(regions)
            )
    found = matrix.compute().counts.numpy()
    if (found != counts).any():
        yield f"the matrix differs from loops in {int((found != counts).sum())} cells"
    several = np.stack([counts, *dice.poisson(1.0, (3, OBJECTS, LABELS))])
    ours = spearman(torch.from_numpy(several))
    p = textbook_p(ours, OBJECTS * LABELS)
    for one, other in combinations(range(len(several)), 2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a constant matrix, which has no correlation
            theirs = spearmanr(several[one].ravel(), several[other].ravel())
        if not np.isclose(ours[one, other], theirs.statistic, atol=1e-12, equal_nan=True):
            yield "a correlation of ranks differs from SciPy's"
        if not np.isclose(p[one, other], theirs.pvalue, rtol=1e-8, equal_nan=True):
            yield "its p differs from SciPy's"


def network(seed: int) -> Any:
    """Return a classifier of random weights and sizes."""
    import torch
    from torch import nn

    from emocam.classifier.base import Classifier
    from emocam.view.crops import Stretch

    dice = np.random.default_rng(seed)
    one, two = int(dice.integers(4, 9)), int(dice.integers(4, 13))

    class Net(Classifier):
        def __init__(self) -> None:
            super().__init__()
            self.labels, self.view, self.layer = ["a", "b", "c"], Stretch((40, 48)), "the second"
            self.features = nn.Sequential(
                nn.Conv2d(3, one, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(one, two, 3, padding=1)
            )
            rest = nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(), nn.Linear(two * 20, 3))
            pooled = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(two, 3))
            self.head = rest if dice.random() < 0.5 else pooled

        def prepare(self, view: torch.Tensor) -> torch.Tensor:
            return view.float() / 128 - 1

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        net = Net()
        for parameter in net.parameters():
            parameter.mul_(2)
    return net.freeze()


def library_map(method: Any, forward: Any) -> np.ndarray:
    """Return what pytorch-grad-cam draws, before it cuts, stretches and enlarges its map."""
    import torch
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    from torch import nn

    whole = nn.Sequential(nn.Identity(), forward.head.module)
    whole.register_parameter("device", nn.Parameter(torch.zeros(1)))  # the library looks for one
    library, found = method(whole, [whole[0]]), []
    draw = library.get_cam_image
    library.get_cam_image = lambda *given: found.append(draw(*given)) or found[0]
    activation = forward.activation.detach().clone().requires_grad_()
    library(activation, [ClassifierOutputTarget(int(label)) for label in forward.target])
    return np.asarray(found[0])


def cam_faults(dice: np.random.Generator, number: int, pictures: int) -> Iterator[str]:
    """Yield where the raw map of a method differs from a library's by more than a part of its range."""
    import captum.attr
    import pytorch_grad_cam as library
    import torch

    from emocam.cam import base, elementwise, fem, gradcam, gradcampp, hirescam, ig, xgradcam

    methods = (
        (gradcam.GradCAM(), library.GradCAM, 1e-5),
        (hirescam.HiResCAM(), library.HiResCAM, 1e-5),
        (gradcampp.GradCAMPlusPlus(), library.GradCAMPlusPlus, 1e-3),  # divisors near 0 magnify rounding
        (xgradcam.XGradCAM(), library.XGradCAM, 1e-3),  # a sum of both signs may be near 0
        (elementwise.ElementwiseCAM(), library.GradCAMElementWise, 1e-5),
        (fem.FEM(), library.FEM, 1e-5),
    )
    net = network(number)
    forward = base.CAM().forward_pass(net, batch_of(dice, pictures))
    for ours, theirs, close in methods:
        right, found = library_map(theirs, forward), ours.raw(forward).detach().numpy()
        span = np.ptp(right.reshape(len(right), -1), 1) + 1e-12
        worst = float((np.abs(found - right).reshape(len(right), -1).max(1) / span).max())
        if not worst <= close:
            yield f"network {number}: {type(ours).__name__} differs by {worst:.1e} of the range"
    weights = ig.IntegratedGradients(tolerance=math.inf).channel_weights(forward)
    captums = captum.attr.IntegratedGradients(forward.head.module).attribute(
        forward.activation.detach(), target=forward.target, n_steps=32, method="riemann_middle"
    )
    right = captums.sum((-2, -1)).float()
    if not torch.allclose(weights, right, atol=2e-5 * float(right.abs().max())):
        yield f"network {number}: integrated gradients differ from captum's"


def batch_of(dice: np.random.Generator, pictures: int) -> Any:
    """Return smooth random pictures."""
    import torch
    from torch.nn.functional import interpolate

    from emocam.records.base import WHOLE
    from emocam.records.detections import Detections
    from emocam.records.picture import Batch

    coarse = torch.from_numpy(dice.random((pictures, 3, 6, 6), np.float32))
    view = (interpolate(coarse, (40, 48), mode="bicubic").clamp(0, 1) * 255).to(torch.uint8)
    window = torch.tensor(WHOLE).repeat(pictures, 1)
    names, places = [f"{i}.jpg" for i in range(pictures)], torch.arange(pictures)
    return Batch(names, places, view, window, torch.zeros(pictures, 0), window, Detections.none(), {}, [])


def step(number: int, folder: Path, shared: Path, pictures: int = A_STEP) -> dict[str, Any]:
    """Draw pictures, and hold all numbers against those of another way."""
    warnings.filterwarnings("ignore", module="captum|torch")
    dice = np.random.default_rng([number, 11])
    faults = [fault for place in range(pictures) for fault in box_faults(dice, place)]
    faults += [*matrix_faults(dice), *cam_faults(dice, number, pictures)]
    return {
        "pictures": pictures,
        "boxes": 6 * pictures,
        "maps": 7 * pictures,
        "matrices": 1,
        "faults": faults,
    }


PART = Part(step, 20)
