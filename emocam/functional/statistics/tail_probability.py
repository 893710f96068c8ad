"""Upper tails of counts: the probability of so much, or more, by chance alone."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc, gammaln, ndtr, ndtri

Counts = NDArray[np.integer]
Shares = NDArray[np.float64]

NORMAL_95 = float(ndtri(0.975))
"""How many standard errors a 95 % interval reaches to either side."""
SLIGHT = 1e-3
"""A skew below this is none."""
NEGLIGIBLE = 1e-17
"""A further term this much smaller than the sum so far changes nothing."""


def binomial_tail(count: Counts, of: Counts, share: Shares) -> Shares:
    """Return P(at least `count`) when each of `of` is a hit with probability `share`; NaN where share is."""
    count, of, share = np.broadcast_arrays(count, of, np.clip(share, 0, 1))
    inside = (count > 0) & (count <= of) & ~np.isnan(share)
    tail = np.where(np.isnan(share), np.nan, np.where(count > of, 0.0, 1.0))
    k, n = count[inside].astype(float), of[inside].astype(float)
    tail[inside] = betainc(k, n - k + 1, share[inside])
    return np.asarray(tail)


def hypergeometric_tail(
    count: Counts | Shares, drawn: Counts | Shares, marked: Counts | Shares, of: Counts | Shares
) -> Shares:
    """Return P(at least `count` marked ones) among `drawn` of `of` ones, `marked` of which are marked.

    The shorter tail is summed: terms are added from `count` away from the distribution's middle, where each
    is smaller than the one before. Numbers need not be whole: factorials are gamma functions then.
    """
    k, n, m, total = (x.astype(float) for x in np.broadcast_arrays(count, drawn, marked, of))
    above = k > n * m / np.maximum(total, 1)
    # below the middle: one less what lies beneath; beneath, k - 1 and further down
    first = np.where(above, k, k - 1)
    inside = (first >= np.maximum(0, n + m - total)) & (first <= np.minimum(n, m))
    j = np.where(inside, first, np.maximum(0, n + m - total))
    term = np.where(inside, np.exp(_log_mass(j, n, m, total)), 0.0)
    tail = term.copy()
    while (term > NEGLIGIBLE * tail).any():
        up = (m - j).clip(min=0) * (n - j).clip(min=0)
        down = j.clip(min=0) * (total - m - n + j).clip(min=0)
        more = np.where(above, up, down)
        less = np.where(above, (j + 1) * (total - m - n + j + 1), (m - j + 1) * (n - j + 1))
        term = term * more / less.clip(min=1)
        j = j + np.where(above, 1, -1)
        tail = tail + term
    return np.where(above, tail, 1 - tail).clip(0, 1)


def _log_mass(j: Shares, n: Shares, m: Shares, total: Shares) -> Shares:
    def choose(a: Shares, b: Shares) -> Shares:
        return gammaln(a + 1) - gammaln(b + 1) - gammaln(a - b + 1)

    return choose(m, j) + choose(total - m, n - j) - choose(total, n)


def skewed_tail(z: Shares, skew: Shares) -> Shares:
    """Return P(at least z) of a variable with mean 0, deviation 1 and this skew, Pearson's type III.

    A negative skew makes the upper tail thinner than the normal one, which is taken then.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        shape = 4 / np.square(skew)
        gamma = gammaincc(shape, np.maximum(shape + 2 * z / skew, 0))
    return np.where(skew > SLIGHT, gamma, ndtr(-z))
