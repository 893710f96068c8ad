"""What pasting costs: 51 changed pictures (three objects at 17 places) of 1024 x 768, seen by EmoNet.

One by one is the plain way: each object is pasted into a copy of the picture, the copy is resized to
the view, and the view goes through the network by itself. Ours resizes only what a change touches, the
first layers see only that, and the rest goes through together. Weights are random, which makes answers
close and labels hard to keep.
"""

from collections.abc import Iterator

import torch
from decode import photograph
from PIL import Image
from racing import Agreement, Contest, Way
from telling import table_of
from torch import Tensor

from emocam.classifier.emonet import EmoNet
from emocam.intervention.paste import with_changed_windows
from emocam.paste.base import Variant
from emocam.paste.grid import Grid
from emocam.paste.patch import patched
from emocam.paste.patched_view import PatchedView
from emocam.view.crops import Stretch

PLAIN = "one by one"
SIZE = (1024, 768)


class Pasting:
    """The same picture changed in the same ways, by both."""

    def __init__(self, variants: int | None = None) -> None:
        self.image = photograph().resize(SIZE, Image.Resampling.LANCZOS)
        self.view, self.change, self.count = Stretch((227, 227)), Grid(), variants
        self.network = EmoNet(weights="random").freeze()
        self.alike = with_changed_windows(self.network)

    def variants(self) -> list[Variant]:
        return list(self.change(self.image, []))[: self.count]

    def views(self) -> Tensor:
        """The picture's own comes first: the others are like it but for a window each."""
        seen = PatchedView.by(self.view, self.image)
        return torch.stack([seen.shown, *(seen.after(variant.patches)[0] for variant in self.variants())])

    def plain_views(self) -> Tensor:
        images = [self.image, *(patched(self.image, variant.patches) for variant in self.variants())]
        return torch.stack([self.view(image)[0] for image in images])

    @torch.inference_mode()
    def together(self) -> Tensor:
        return self.alike(self.network.prepare(self.views()))

    @torch.inference_mode()
    def one_by_one(self) -> Tensor:
        answers = []
        for patches in ((), *(variant.patches for variant in self.variants())):
            view, _ = self.view(patched(self.image, patches))
            answers.append(self.network(self.network.prepare(view[None])))
        return torch.cat(answers)

    def levels(self) -> Agreement:
        apart = (self.views().int() - self.plain_views().int()).abs()
        return Agreement(int(apart.max()), 1, "grey levels")

    def labels(self) -> Agreement:
        same = self.together().argmax(-1) == self.one_by_one().argmax(-1)
        return Agreement(int((~same).sum()), 0, f"labels that differ, of {len(same)}")


def contests(small: bool = False) -> Iterator[Contest]:
    pasting = Pasting(5 if small else None)
    count = len(pasting.variants())
    yield Contest(
        f"{count} pasted pictures as views",
        Way(pasting.views, count),
        {PLAIN: Way(pasting.plain_views, count)},
        pasting.levels,
    )
    yield Contest(
        f"{count} pasted pictures as answers",
        Way(pasting.together, count),
        {PLAIN: Way(pasting.one_by_one, count)},
        pasting.labels,
        {PLAIN: 3.8},
    )


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
