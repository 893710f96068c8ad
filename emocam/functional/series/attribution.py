"""What a linear decoder's answer is made of, asked in other ways than by exact Shapley values."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SAMPLES, WIDTH, PENALTY = 5_000, 0.25, 1.0
"""LIME's own choices: perturbed inputs, the kernel's width, and its ridge."""


def lime_matrix(regions: int, seed: int = 0) -> Numbers:
    """Return the matrix (R, R) that turns exact shares (R,) into the coefficients that LIME would find.

    LIME leaves regions out by lot, weighs each draw by how much is left, and fits a ridge to the answers. These are
    linear in the shares, and the draws are the same for all, so one matrix serves every volume. Ribeiro et al. 2016,
    https://arxiv.org/abs/1602.04938.
    """
    kept = np.random.default_rng(seed).integers(0, 2, (SAMPLES, regions)).astype(float)
    kept[0] = 1
    distance = 1 - np.sqrt(kept.mean(1))
    kernel = np.exp(-(distance**2) / WIDTH**2)
    centred = kept - np.average(kept, axis=0, weights=kernel)
    gram = centred.T @ (kernel[:, None] * centred)
    return np.asarray(np.linalg.solve(gram + PENALTY * np.eye(regions), gram))


def activation_pattern(series: Numbers, weights: Numbers) -> Numbers:
    """Return where the signal is that weights (R,) read off series (T, R), which weights alone do not tell.

    It is cov(X) w / var(Xw): Haufe et al. 2014, https://doi.org/10.1016/j.neuroimage.2013.10.067.
    """
    centred = series - series.mean(0)
    answer = centred @ weights
    power = float(answer @ answer)
    return np.asarray(centred.T @ answer / power if power > 0 else np.zeros(len(weights)))
