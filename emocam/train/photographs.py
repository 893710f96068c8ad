"""Trains a network of the planted photographs: EfficientNet-Lite0 is kept as it is up to stride 16.

What the kept blocks answer is computed once for all pictures; the blocks behind them and the head
learn from that, and learn to count the objects along the way, as the network of the drawn worlds does.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from emocam.classifier.efficientnet_lite0 import FILE
from emocam.classifier.planted import (
    PHOTOGRAPH_VIEW,
    PHOTOGRAPHS,
    FullyConnected,
    prepare_photograph,
)
from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.functional.statistics.calibration import fit_temperature
from emocam.network.photographs import CHANNELS, KEPT, build_photograph_features
from emocam.network.weights import file_sha256, read_weights
from emocam.settings.read_files import noted
from emocam.train.drawn import learn_drawn
from emocam.train.loop import Recipe
from emocam.version import __version__
from emocam.world.photographs import TRAINING

BATCH, RATE, HELD = 64, 2e-3, 500
"""Of the last ones of the pictures, so many are held back for the accuracy; and as many are calibrated on."""
ELSEWHERE = 500_000_000
"""Pictures to calibrate on are counted from here: as a corpus shows them, on its photographs, and in none."""


class PhotographLesson(nn.Module):
    """The learning part with a second, linear head that counts objects and is not kept."""

    def __init__(self, features: nn.Sequential, labels: int, objects: int) -> None:
        super().__init__()
        self.features, self.head = features[KEPT:], FullyConnected(labels, 10)
        self.count = nn.Linear(CHANNELS, objects)

    def forward(self, kept: Tensor, label: Tensor, counts: Tensor) -> Tensor:
        """Return the loss of B pictures."""
        activation = self.features(kept.float().contiguous(memory_format=torch.channels_last))
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


def imagenet_features(kind: str = "lite0") -> nn.Sequential:
    """Return a network's features, the kept blocks with the weights of EfficientNet-Lite0's package."""
    features = build_photograph_features(kind)
    # the file's names are another library's, its tensors and their order are timm's
    first = build_photograph_features()
    own = [name for name in first.state_dict() if not name.startswith(f"{len(first) - 1}.")]
    file = dict(zip(own, read_weights(FILE.find()).values(), strict=False))
    learning = () if kind == "lite0" else tuple(f"{place}." for place in range(KEPT, len(first)))
    features.load_state_dict(
        {name: tensor for name, tensor in file.items() if not name.startswith(learning)}, strict=False
    )
    return features


@dataclass(frozen=True)
class PhotographTraining:
    """What a network of photographs is trained by: its kind, the number of composed pictures, the epochs."""

    kind: str
    pictures: int
    epochs: int


def train_photographs(data: Planted, asked: PhotographTraining, out: Path) -> dict[str, Any]:
    """Train on composed pictures; write photographs.safetensors and photographs.json to `out`.

    The same training is not done twice: what it left is taken.
    """
    key = training_digest(data, asked)
    kept = read_kept(out, key)
    if kept is not None:
        return kept
    out.mkdir(parents=True, exist_ok=True)
    labels = data.photographs.rules.labels
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(data.seed)
        features = imagenet_features(asked.kind)
        lesson = PhotographLesson(features, len(labels), len(data.objects)).to(
            memory_format=torch.channels_last
        )
        first = features[:KEPT].eval().requires_grad_(False)
        kept_views = kept_answers(data, range(TRAINING, TRAINING + asked.pictures + HELD), first)
        learn_drawn(
            lesson, [part[:-HELD] for part in kept_views], Recipe(asked.epochs, RATE, 0.02), out, data.seed
        )
    lesson.eval()
    elsewhere = kept_answers(data, range(ELSEWHERE, ELSEWHERE + HELD), first)[:2]
    temperature = make_as_sure_as_right(lesson, *elsewhere)
    state = {f"features.{name}": value.contiguous() for name, value in features.state_dict().items()}
    state |= {f"head.{name}": value.contiguous() for name, value in lesson.head.state_dict().items()}
    file = out / f"{PHOTOGRAPHS}.safetensors"
    save_file(state, file, {"labels": "\n".join(labels), "network": asked.kind})
    views, label = (part[-HELD:] for part in kept_views[:2])
    found: dict[str, Any] = {
        "world": PHOTOGRAPHS,
        "trained": {"seed": data.seed, **asdict(asked)},
        "accuracy": accuracy(lesson, views, label),
        "accuracy_elsewhere": accuracy(lesson, *elsewhere),
        "temperature": round(temperature, 4),
        "cells": [],
        "key": key,
        "sha256": file_sha256(file),
    }
    (out / f"{PHOTOGRAPHS}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


@torch.no_grad()
def answers_to(lesson: PhotographLesson, views: Tensor) -> Tensor:
    """Return the answers (n, L) to what the kept blocks say of pictures."""
    return torch.cat([lesson.head(lesson.features(part.float())) for part in views.split(BATCH)])


def accuracy(lesson: PhotographLesson, views: Tensor, label: Tensor) -> float:
    """Return the share of right answers to what the kept blocks say of pictures."""
    return round((answers_to(lesson, views).argmax(-1) == label).float().mean().item(), 4)


@torch.no_grad()
def make_as_sure_as_right(lesson: PhotographLesson, views: Tensor, label: Tensor) -> float:
    """Return the temperature that makes confidences right on these pictures; from now on it divides the answers.

    A network that has seen few photographs is far too sure of others, and a log-odd of it says little.
    """
    temperature = fit_temperature(answers_to(lesson, views).numpy(), label.numpy())
    lesson.head.output.weight.div_(temperature)
    lesson.head.output.bias.div_(temperature)
    return temperature


def training_digest(data: Planted, asked: PhotographTraining) -> str:
    """Name all that decides the weights: the pictures, the rules, the training and the version."""
    told = ["calibrated", __version__, data.seed, data.photographs.album.digest, asdict(asked)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def read_kept(out: Path, key: str) -> dict[str, Any] | None:
    """Return what a finished training of the same digest left; one of another digest is left alone."""
    weights, told = (out / f"{PHOTOGRAPHS}.{ending}" for ending in ("safetensors", "json"))
    if not (weights.is_file() and told.is_file()):
        return None
    found: dict[str, Any] = json.loads(noted(told).read_text(encoding="utf-8"))
    if found.get("key") != key or found.get("sha256") != file_sha256(weights):
        raise SettingError(
            f"hydra.run.dir {out} holds a network of other pictures or settings, or one that was changed; name "
            "another folder, or remove this one"
        )
    return found
