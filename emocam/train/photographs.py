"""Trains the network of the planted photographs: EfficientNet-Lite0, kept as it is up to stride 8.

What the kept blocks answer is computed once for all pictures; the blocks of stride 16 and the head
learn from that, and learn to count the objects along the way, as the network of the drawn worlds does.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from emocam.classifier.efficientnet_lite0 import FILE
from emocam.classifier.planted import (
    CHANNELS,
    PHOTOGRAPH_VIEW,
    PHOTOGRAPHS,
    FullyConnected,
    build_photograph_features,
    prepare_photograph,
)
from emocam.data.planted import Planted
from emocam.network.weights import read_weights
from emocam.train.drawn import learn_drawn
from emocam.train.loop import Recipe
from emocam.world.photographs import TRAINING

KEPT = 4
"""Blocks, the stem the first, that stay as they were trained on ImageNet."""
BATCH, RATE, HELD = 64, 2e-3, 500
"""Of the last ones of the pictures, so many are held back for the accuracy."""


class PhotographLesson(nn.Module):
    """The learning part with a second, linear head that counts objects and is not kept."""

    def __init__(self, features: nn.Sequential, labels: int, objects: int) -> None:
        super().__init__()
        self.features, self.head = features[KEPT:], FullyConnected(labels, 10)
        self.count = nn.Linear(CHANNELS, objects)

    def forward(self, kept: Tensor, label: Tensor, counts: Tensor) -> Tensor:
        """Return the loss of B pictures."""
        activation = self.features(kept.float())
        counted = self.count(10 * activation.relu().mean((-2, -1)))
        naming = nn.functional.mse_loss(counted, counts)
        labelling = nn.functional.cross_entropy(self.head(activation), label)
        return labelling + 2 * naming + 0.02 * activation.square().mean()


@torch.inference_mode()
def kept_answers(data: Planted, indices: range, kept: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the kept blocks' answers, half precision; labels (n,); how often each object is pasted (n, O)."""
    photographs, found, labels, counts = data.photographs, [], [], []
    for start in range(0, len(indices), BATCH):
        scenes = [photographs.scene(data.seed, index) for index in indices[start : start + BATCH]]
        views = torch.stack([PHOTOGRAPH_VIEW(photographs.draw(scene))[0] for scene in scenes])
        found.append(kept(prepare_photograph(views)).half())
        labels += [photographs.rules.labels.index(scene.label) for scene in scenes]
        shown = [[thing.object for thing in scene.things] for scene in scenes]
        counts += [[names.count(object) for object in data.objects] for names in shown]
    return torch.cat(found), torch.tensor(labels), torch.tensor(counts, dtype=torch.float32)


def imagenet_features() -> nn.Sequential:
    """Return the network's features with the weights of EfficientNet-Lite0's package."""
    features = build_photograph_features()
    own = [name for name in features.state_dict() if not name.startswith(f"{len(features) - 1}.")]
    # the file's names are another library's, its tensors and their order are timm's
    features.load_state_dict(dict(zip(own, read_weights(FILE.find()).values(), strict=False)), strict=False)
    return features


def train_photographs(data: Planted, pictures: int, epochs: int, out: Path) -> dict[str, Any]:
    """Train on composed pictures; write photographs.safetensors and photographs.json to `out`."""
    labels = data.photographs.rules.labels
    out.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(data.seed)
        features = imagenet_features()
        lesson = PhotographLesson(features, len(labels), len(data.objects))
        kept = features[:KEPT].eval().requires_grad_(False)
        views, label, counts = kept_answers(data, range(TRAINING, TRAINING + pictures + HELD), kept)
        taught = (views[:-HELD], label[:-HELD], counts[:-HELD])
        learn_drawn(lesson, taught, Recipe(epochs, RATE, 0.02), out, data.seed)
    lesson.eval()
    with torch.no_grad():
        parts = views[-HELD:].split(BATCH)
        answers = torch.cat([lesson.head(lesson.features(part.float())).argmax(-1) for part in parts])
    state = {f"features.{name}": value for name, value in features.state_dict().items()}
    state |= {f"head.{name}": value for name, value in lesson.head.state_dict().items()}
    save_file(state, out / f"{PHOTOGRAPHS}.safetensors", {"labels": "\n".join(labels)})
    found: dict[str, Any] = {
        "world": PHOTOGRAPHS,
        "trained": {"seed": data.seed, "pictures": pictures, "epochs": epochs},
        "accuracy": round((answers == label[-HELD:]).float().mean().item(), 4),
        "cells": [],
    }
    (out / f"{PHOTOGRAPHS}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found
