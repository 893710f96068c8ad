"""Views of a picture and of its variants: one whole view, and the new pixels of each variant.

A variant differs from its picture in a few percent of the view. So only these pixels travel, and the device
that computes puts the views together, all of a batch in one operation for which nobody waits. The pixels
themselves are made before, by Pillow: its fills and filters round in ways that no device repeats.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from emocam.records.base import Record

Rectangle = tuple[int, int, int, int]
"""Top, left, bottom and right in pixels of a view, the last ones outside."""


@dataclass(frozen=True)
class ChangedViews(Record):
    """V views as S `whole` ones (S, C, h, w) and R rectangles of new pixels.

    `source` (V,) says which whole view each view is like, `place` (R, 5) names each rectangle's view, top,
    left, height and width, and `pixels` (P, C) are those of all rectangles, row by row. Where two rectangles
    of a view overlap, both hold the same.
    """

    whole: Tensor
    source: Tensor
    place: Tensor
    pixels: Tensor

    @classmethod
    def none(cls) -> "ChangedViews":
        """Return no view at all."""
        empty = torch.zeros(0, dtype=torch.int64)
        return cls(torch.zeros(0), empty, empty.view(0, 5), torch.zeros(0, 0))

    @classmethod
    def of(cls, views: Tensor) -> "ChangedViews":
        """Take views (V, C, h, w) as they are."""
        return replace(cls.none(), whole=views, source=torch.arange(len(views)), pixels=_no_pixel(views))

    @classmethod
    def gather(cls, variants: Iterable[tuple[Tensor, Sequence[Rectangle] | None]]) -> "ChangedViews":
        """Gather views (C, h, w), each with the rectangles in which it differs from the first.

        A view without rectangles, with None, is kept whole.
        """
        wholes: list[Tensor] = []
        source, places, pixels = [], [], []
        for number, (view, rectangles) in enumerate(variants):
            if rectangles is None or not wholes:
                wholes.append(view)
            source.append(0 if rectangles is not None else len(wholes) - 1)
            for top, left, bottom, right in rectangles or ():
                places.append((number, top, left, bottom - top, right - left))
                pixels.append(view[:, top:bottom, left:right].flatten(1).T)
        whole = torch.stack(wholes)
        return cls(
            whole,
            torch.tensor(source),
            torch.tensor(places, dtype=torch.int64).view(-1, 5),
            torch.cat(pixels) if pixels else _no_pixel(whole),
        )

    @classmethod
    def join(cls, parts: Sequence["ChangedViews"]) -> "ChangedViews":
        """Put the views of several pictures one after the other."""
        if len(parts) < 2:
            return parts[0] if parts else cls.none()
        sources, places, views, wholes = [], [], 0, 0
        for part in parts:
            sources.append(part.source + wholes)
            places.append(part.place + torch.tensor([views, 0, 0, 0, 0]))
            views, wholes = views + len(part), wholes + len(part.whole)
        return cls(
            torch.cat([part.whole for part in parts]),
            torch.cat(sources),
            torch.cat(places),
            torch.cat([part.pixels for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.source)

    def composed(self) -> Tensor:
        """Put all views together (V, C, h, w), on the device on which they are."""
        views = self.whole[self.source]
        if len(self.pixels):
            put = self.put_one_by_one if views.device.type == "cpu" else self.put_at_once
            put(views)
        return views

    def put_one_by_one(self, views: Tensor) -> None:
        """Put the new pixels into whole views (V, C, h, w), a rectangle at a time, which a processor does sooner."""
        first = 0
        for view, top, left, height, width in self.place.tolist():
            last = first + height * width
            pixels = self.pixels[first:last].unflatten(0, (height, width))
            views[view, :, top : top + height, left : left + width] = pixels.permute(2, 0, 1)
            first = last

    def put_at_once(self, views: Tensor) -> None:
        """Put the new pixels into whole views (V, C, h, w) in one operation, for which no accelerator waits."""
        view, top, left, height, width = self.place.unbind(1)
        end = (height * width).cumsum(0)
        number = torch.arange(len(self.pixels), device=end.device)
        rectangles = torch.arange(len(self.place), device=end.device)
        # the size is given, since the host would else wait to learn it
        mine = rectangles.repeat_interleave(height * width, output_size=len(self.pixels))
        within = number - (end - height * width)[mine]
        across = width[mine]
        row = top[mine] + within.div(across, rounding_mode="floor")
        place = row * views.shape[-1] + left[mine] + within % across
        views.view(*views.shape[:2], -1)[view[mine], :, place] = self.pixels


def _no_pixel(views: Tensor) -> Tensor:
    """Return an empty list of pixels for views (V, C, h, w), or of a shape that only a user's network knows."""
    return views.new_zeros(0, views.shape[1] if views.ndim == 4 else 0)
