"""Intervals of R, against images drawn one by one."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from emocam.cells.occurrences import Occurrences, read_occurrences
from emocam.compare.resampling import resample, same_images, similarity_interval
from emocam.records.thresholds import Thresholds


def occurrences(finished_run, many=2, images=60, thresholds=None):
    draw = np.random.default_rng(0)
    runs = [finished_run(f"run{i}", draw.random((images, 4)), images=images) for i in range(many)]
    return runs, [read_occurrences(run, thresholds or Thresholds()) for run in runs]


def test_every_resample_is_that_of_its_images_counted_one_by_one(finished_run) -> None:
    _, found = occurrences(finished_run, thresholds=Thresholds(confidence=0.5))
    resampled = resample(found, (6, 3), seed=5)
    generator = np.random.default_rng(5)
    drawn = generator.integers(60, size=(len(resampled.similarity), 60))
    for r in (0, 1, 17):
        kept, images = np.zeros((2, 6, 3)), np.zeros(3)
        for i in drawn[r]:
            label = found[0].label[i]
            if label >= 0:
                images[label] += 1
            for m, own in enumerate(found):
                for o in own.object[(own.image == i) & own.kept]:
                    if label >= 0:
                        kept[m, o, label] += 1
        percent = (100 * kept / images).reshape(2, -1)[:, resampled.active]
        assert resampled.percent[r] == pytest.approx(percent, rel=1e-5, nan_ok=True)
        expected = spearmanr(kept[0].ravel(), kept[1].ravel()).statistic
        assert resampled.similarity[r, 0, 1] == pytest.approx(expected)


def two_methods(draw: np.random.Generator, images: int) -> list[Occurrences]:
    """Eight objects of other rates under each of three labels; the second method sees most of what the first does."""
    rate = np.random.default_rng(7).uniform(0.05, 0.7, (8, 3))
    label = draw.integers(3, size=images)
    first = draw.random((images, 8)) < rate[:, label].T
    second = np.where(draw.random((images, 8)) < 0.5, first, draw.random((images, 8)) < 0.3)
    image, object = np.indices((images, 8)).reshape(2, -1)
    return [Occurrences(label, image, object, kept.ravel().astype(bool), 8) for kept in (first, second)]


@pytest.mark.parametrize("images", [100, 1000])
def test_the_interval_is_as_wide_as_r_spreads_over_corpora(images: int) -> None:
    draw = np.random.default_rng(2)
    z, widths = [], []
    for corpus in range(60):
        found = two_methods(draw, images)
        r = np.eye(2) + spearmanr(*(own.count(own.label, 3).kept.ravel() for own in found)).statistic * (
            1 - np.eye(2)
        )
        z.append(np.arctanh(r[0, 1]))
        if corpus < 5:
            low, high = similarity_interval(r, resample(found, (8, 3)).similarity)
            assert low[0, 1] < r[0, 1] < high[0, 1]
            assert low[0, 0] == pytest.approx(1) and high[0, 0] == pytest.approx(1)
            widths.append((np.arctanh(high[0, 1]) - np.arctanh(low[0, 1])) / (2 * 1.96))
    assert 0.7 < np.mean(widths) / np.std(z) < 1.5


def test_runs_over_other_pictures_are_not_paired(finished_run) -> None:
    runs, _ = occurrences(finished_run)
    assert same_images(runs)
    assert not same_images([runs[0], finished_run("fewer", 0.5, images=59)])


def test_a_resample_that_is_perfectly_alike_widens_no_interval_to_everything():
    r = np.array([[1, 0.95], [0.95, 1]])
    resampled = np.stack([np.array([[1, x], [x, 1]]) for x in (0.93, 0.96, 0.98, 1.0, 0.97, 0.95)])
    low, high = similarity_interval(r, resampled)
    assert 0.7 < low[0, 1] < 0.95 < high[0, 1] < 1


def test_copies_make_no_interval_of_r_narrower() -> None:
    """Each picture ten times over: by group R varies as it does over the pictures, by picture by far less."""
    draw = np.random.default_rng(5)
    label, kept = draw.integers(3, size=60), draw.random((2, 60, 6)) < draw.uniform(0.1, 0.6, 6)

    def runs(times: int) -> list[Occurrences]:
        found = []
        for one in kept:
            image, object = np.nonzero(np.repeat(one, times, 0))
            found.append(Occurrences(np.repeat(label, times), image, object, np.ones(len(image), bool), 6))
        return found

    def spread(times: int, unit: np.ndarray | None) -> float:
        return float(resample(runs(times), (6, 3), unit=unit).similarity[:, 0, 1].std())

    alone, grouped, apart = spread(1, None), spread(10, np.arange(600) // 10), spread(10, None)
    assert grouped == pytest.approx(alone, rel=0.15)
    assert apart < 0.6 * alone
