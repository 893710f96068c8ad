"""The training of an embedded world's network, and what it came to use, found by intervention.

Its convolutions learn to count the objects while they learn the labels, much as EmoNet's had learnt to name
objects before they saw an emotion. So they answer to every object, and the fully connected head alone
decides which ones matter. Worlds whose labels ask for objects together share the standard network's convolutions, and
their networks learn a head.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from emocam.classifier.planted import (
    CHANNELS,
    VIEW,
    FullyConnected,
    PlantedClassifier,
    build_features,
    prepare,
)
from emocam.train.drawn import learn_drawn
from emocam.train.loop import Recipe
from emocam.train.world_pictures import DrawnPictures, draw_pictures
from emocam.train.world_truth import measure
from emocam.world.rules import DRAWN_WORLDS

FIRST = 1_000_000_000
"""Pictures to train on are counted from here, where no corpus reaches."""
EPOCHS = 9
RATE = 3e-3
RATE_OF_HEADS = 1e-2
OF_A_PICTURE = 10.0
"""What a channel's mean over the picture is multiplied by, so that objects are numbers of about one."""
SHIFT = 8
SMOOTHED = 0.1
"""Share of the labels that a head learns as if dealt by lot: so that two objects do not make it surer than one that
suffices, nor none of them less sure than one that does not."""
MEASURED_OF_HEADS = 500, 16
"""Pictures, and of each cell, by which a network is measured that shares its convolutions with the standard one."""


def jitter(x: Tensor, shift: int = SHIFT) -> Tensor:
    """Mirror the batch or not, and move it by a few pixels: no label depends on that."""
    if torch.rand(()) < 0.5:
        x = x.flip(-1)
    left, top = torch.randint(0, 2 * shift + 1, (2,)).tolist()
    wide = nn.functional.pad(x, (shift,) * 4, mode="replicate")
    return wide[..., top : top + x.shape[-2], left : left + x.shape[-1]].contiguous()


class Lesson(nn.Module):
    """The network with a second, linear head that counts objects and is not kept."""

    def __init__(self, labels: int, objects: int, shift: int = SHIFT) -> None:
        super().__init__()
        self.shift = shift
        self.features = build_features()
        self.head = FullyConnected(labels)
        self.count = nn.Linear(CHANNELS, objects)

    def forward(self, views: Tensor, label: Tensor, counts: Tensor) -> Tensor:
        """Return the loss of B pictures; small activations are broad ones, and cover what they stand for.

        label (B,) is the one that is true, or (B, L) how true each is.
        """
        activation = self.features(jitter(prepare(views), self.shift))
        counted = self.count(OF_A_PICTURE * activation.relu().mean((-2, -1)))
        naming = nn.functional.mse_loss(counted, counts.float())
        return self.missed(self.head(activation), label) + 2 * naming + 0.05 * activation.square().mean()

    def missed(self, answers: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of answers (B, L) alone."""
        return nn.functional.cross_entropy(answers, truth)


class HeadLesson(nn.Module):
    """A head that learns from how much convolutions say that stay as they are, wherever in the picture they say it.

    No label depends on where an object stands, so a weight is one for all places: of so few weights a head learns
    from thousands of pictures what takes tens of thousands otherwise.
    """

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.spread = FullyConnected(labels)
        self.places = self.spread.hidden.in_features // CHANNELS
        self.hidden = nn.Linear(CHANNELS, self.spread.hidden.out_features)

    def forward(self, amount: Tensor, label: Tensor) -> Tensor:
        """Return the loss of the amounts (B, C) of B pictures."""
        answers = self.spread.output(self.hidden(amount).relu())
        return nn.functional.cross_entropy(answers, label, label_smoothing=SMOOTHED)

    @torch.no_grad()
    def head(self) -> FullyConnected:
        """Return the head with these weights at every place."""
        shared = self.hidden.weight * (OF_A_PICTURE / self.places)
        self.spread.hidden.weight.copy_(shared.repeat_interleave(self.places, 1))
        self.spread.hidden.bias.copy_(self.hidden.bias)
        return self.spread


@torch.no_grad()
def amounts(features: nn.Module, views: Tensor) -> Tensor:
    """Return how much each channel (n, C) says of n pictures."""
    said = [features(prepare(part)).relu().mean((-2, -1)) for part in views.split(64)]
    return OF_A_PICTURE * torch.cat(said)


def learn_head(drawn: DrawnPictures, labels: int, epochs: int, folder: Path, seed: int) -> dict[str, Tensor]:
    """Train a head on the standard network's convolutions, which count the same objects; return the weights."""
    standard = PlantedClassifier()
    lesson = HeadLesson(labels)
    told = amounts(standard.features, drawn.views), drawn.label
    learn_drawn(lesson, told, Recipe(epochs, RATE_OF_HEADS, 0.02), folder, seed)
    kept = {name: value for name, value in standard.file_state().items() if name.startswith("features.")}
    return kept | {f"head.{name}": value for name, value in lesson.head().state_dict().items()}


def learn(
    drawn: DrawnPictures, labels: int, epochs: int, folder: Path, seed: int = 0, shift: int = SHIFT
) -> Lesson:
    """Train the network on drawn pictures by the loop of all trainings; what was begun in the folder goes on."""
    lesson = Lesson(labels, drawn.counts.shape[1], shift)
    learn_drawn(lesson, (drawn.views, drawn.label, drawn.counts), Recipe(epochs, RATE), folder, seed)
    return lesson


def train(
    world: str,
    seed: int = 0,
    pictures: int = 18_000,
    epochs: int = EPOCHS,
    out: Path = Path(),
    strength: float = 1.0,
) -> dict[str, Any]:
    """Train a network; write WORLD.safetensors and WORLD.json, the truth by intervention, to `out`."""
    rules = DRAWN_WORLDS[world].at(strength)
    drawn = draw_pictures(rules.balanced(), seed, range(FIRST, FIRST + pictures), VIEW)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        out.mkdir(parents=True, exist_ok=True)
        if rules.combined:
            kept = learn_head(drawn, len(rules.labels), epochs, out, seed)
        else:
            learned = learn(drawn, len(rules.labels), epochs, out, seed).eval().state_dict()
            kept = {name: value for name, value in learned.items() if not name.startswith("count.")}
    weights = out / f"{world}.safetensors"
    save_file(kept, weights, {"labels": "\n".join(rules.labels)})
    trained = {"seed": seed, "pictures": pictures, "epochs": epochs}
    network = PlantedClassifier(weights=str(weights))
    measured = measure(network, rules, seed, *(MEASURED_OF_HEADS if rules.combined else ()))
    truth = {"world": world, "strength": strength, "trained": trained, **measured}
    (out / f"{world}.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return truth
