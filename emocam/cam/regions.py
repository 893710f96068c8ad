"""Kernel SHAP, Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874, over the regions of a picture.

With `solver=ridge` it is LIME, Ribeiro et al. 2016, https://arxiv.org/abs/1602.04938, with these regions
in the place of superpixels.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.input_scores import ScoreOf, scores_of_inputs
from emocam.errors import SettingError
from emocam.functional.map.owners import owners_of_cells
from emocam.functional.statistics.log_odds import log_odds

Solver = Literal["shap", "ridge"]
GRID = (56, 56)
MOST = 24
"""Regions of a picture that are told apart, those with the highest scores; pixels of all others are the rest."""
HEAVY = 1e4
"""The weight of the picture with nothing and of the whole one, where every other has 1: the values sum to
what lies between them."""
PENALTY = 1.0
BLUR = 1 / 8
"""The deviation of the Gaussian that hides, in parts of the picture's side."""


@dataclass(frozen=True)
class Design:
    """Coalitions of K regions (S, K), 1 for shown, and what turns their scores (S,) into values: (K, S)."""

    shown: Tensor
    solution: Tensor


@lru_cache(maxsize=64)
def design(regions: int, samples: int, solver: Solver, seed: int) -> Design:
    """Return the coalitions for all pictures with that many regions; nothing and all are the last two."""
    ends = torch.tensor([[0.0], [1.0]], dtype=torch.float64).expand(2, regions)
    if solver == "ridge":
        shown = torch.cat([halves(regions, samples, seed), ends])
        centred = shown - shown.mean(0)
        gram = centred.T @ centred + PENALTY * torch.eye(regions, dtype=torch.float64)
        return Design(shown.float(), torch.linalg.solve(gram, centred.T).float())
    inner, weight = weighed(regions, samples, seed)
    shown = torch.cat([inner, ends])
    root = torch.cat([weight, torch.full((2,), HEAVY, dtype=torch.float64)]).sqrt()[:, None]
    known = root * torch.cat([torch.ones(len(shown), 1, dtype=torch.float64), shown], 1)
    # fewer coalitions than regions leave a choice: the smallest values are taken
    return Design(shown.float(), (torch.linalg.pinv(known) * root.T)[1:].float())


def halves(regions: int, samples: int, seed: int) -> Tensor:
    """Draw coalitions in which each region is shown with probability one half, each with its complement."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(0, 2, ((samples + 1) // 2, regions), generator=generator).double()
    return torch.cat([drawn, 1 - drawn])


def weighed(regions: int, samples: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return coalitions but for nothing and all (S, K), and their weights (S,), which are 1 in the mean.

    Where there are no more than `samples`, these are all, weighed by the Shapley kernel; else they are drawn
    by it, each with its complement, and weigh alike.
    """
    if regions == 1:
        return torch.zeros(0, 1, dtype=torch.float64), torch.zeros(0, dtype=torch.float64)
    size = torch.arange(1, regions, dtype=torch.float64)
    by_size = (regions - 1) / (size * (regions - size))
    if 2**regions - 2 <= samples:
        every = torch.tensor([*product((0.0, 1.0), repeat=regions)], dtype=torch.float64)[1:-1]
        sizes = every.sum(1).long()
        weight = by_size[sizes - 1] / torch.bincount(sizes)[sizes]
        return every, weight / weight.mean()
    generator = torch.Generator().manual_seed(seed)
    sizes = 1 + torch.multinomial(by_size, (samples + 1) // 2, replacement=True, generator=generator)
    order = torch.rand(len(sizes), regions, generator=generator).argsort(1)
    drawn = (order < sizes[:, None]).double()
    return torch.cat([drawn, 1 - drawn]), torch.ones(2 * len(sizes), dtype=torch.float64)


def blurred(x: Tensor) -> Tensor:
    """Blur pictures (B, C, H, W), each pixel by what the picture has around it."""

    def across(pixels: int) -> Tensor:
        place = torch.arange(pixels, device=x.device, dtype=x.dtype)
        weight = torch.exp(-((place - place[:, None]) / (BLUR * pixels)).square() / 2)
        return weight / weight.sum(1, keepdim=True)

    return across(x.shape[-2]) @ x @ across(x.shape[-1]).T


class RegionsCAM(CAM):
    """A region weighs what it adds to the label's log-odds, averaged over what else may be seen.

    Of regions that overlap, a pixel belongs to the smallest, and what no region covers is one more. What
    is hidden is blurred. `samples` pictures with some regions hidden are asked for each picture, the same
    for all pictures with as many regions. `score=probability` explains that in place of the log-odds.
    """

    looks_inside = False

    grid = GRID

    def __init__(
        self,
        score: Score = "logit",
        target: str = "predicted",
        samples: int = 64,
        solver: Solver = "shap",
        seed: int = 0,
    ) -> None:
        super().__init__(score, target)
        if solver not in get_args(Solver):
            raise SettingError(f"cam.solver must be shap or ridge, got {solver!r}")
        if isinstance(samples, bool) or not isinstance(samples, int) or samples < 2:
            raise SettingError(f"cam.samples must be a whole number of at least 2, got {samples!r}")
        self.samples, self.seed = samples, seed
        self.solver: Solver = solver

    def raw(self, forward: ForwardPass) -> Tensor:
        owner, regions = self.owners(forward)
        values = self.values(forward, owner, regions)
        shown = values.gather(1, owner.flatten(1)).view(owner.shape)
        return F.adaptive_avg_pool2d(shown[:, None], self.grid)[:, 0]

    def owners(self, forward: ForwardPass) -> tuple[Tensor, Tensor]:
        """Return the number of each pixel's region (B, H, W), and how many each picture has (B,)."""
        if forward.regions is None or forward.window is None:
            raise SettingError(
                "cam=regions explains the regions that a detector finds, and here there is none; "
                "run it with detector=... and data, or take another method"
            )
        return owners_of_cells(forward.regions, forward.window, forward.x.shape[-2:], MOST)

    def values(self, forward: ForwardPass, owner: Tensor, regions: Tensor) -> Tensor:
        """Return what each region adds (B, most regions of a picture), 0 behind a picture's last."""
        counts = regions.tolist()
        values = forward.x.new_zeros(len(owner), max(counts))
        hidden = blurred(forward.x)
        for count in sorted(set(counts)):
            drawn = design(count, self.samples, self.solver, self.seed)
            pictures = torch.tensor([picture for picture, own in enumerate(counts) if own == count])
            alike, shown, solution = (
                given.to(owner.device, non_blocking=True) for given in (pictures, drawn.shown, drawn.solution)
            )
            image = alike.repeat_interleave(len(shown))
            coalition = torch.arange(len(shown), device=owner.device).repeat(len(alike))

            def partly(
                x: Tensor, rows: Tensor, image: Tensor = image, of: Tensor = coalition, shown: Tensor = shown
            ) -> Tensor:
                numbers = owner[image[rows]]
                seen = shown[of[rows]].gather(1, numbers.flatten(1)).view(numbers.shape)[:, None]
                return torch.where(seen > 0, x, hidden[image[rows]])

            scores = scores_of_inputs(forward, image, partly, self.score_of(forward)).view(len(alike), -1)
            values[alike, :count] = scores.to(values) @ solution.T
        return values

    def score_of(self, forward: ForwardPass) -> ScoreOf:
        """Return what scores logits (M, L) of images (M,) of the pass."""
        if forward.score_kind == "probability" or forward.classifier.values is not None:
            return forward.score
        return lambda logits, image: log_odds(logits, forward.target[image])
