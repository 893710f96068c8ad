"""Agreement of observers: every published figure of StudyForrest, and slow twins of the formulas."""

import csv
import time
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from emocam.functional.statistics.observer_agreement import (
    _ways,
    alpha_interval,
    krippendorff_alpha,
    said_in_bins,
    share_correlation,
    split_halves,
)

STUDYFORREST = Path(__file__).parents[4] / "shared/data/studyforrest"
END = 7085.28
SCALES = {"Arousal": ("HIGH", "LOW"), "Valence": ("POS", "NEG"), "Direction": ("SELF", "OTHER")}
KINDS = {"Character": "Char", "Emotion": "Emotions", "Oncue": "Oncue", "Offcue": "Offcue"}


def test_a_bin_and_an_event_share_some_time() -> None:
    first = np.arange(0, 6, 1.0)
    events = [
        (0.0, 1.0, 0),
        (1.5, 3.0, 0),
        (2.0, 2.2, 0),
        (4.0, 4.0, 1),
        (4.5, 4.5, 1),
        (5.9, 99.0, 1),
        (8.0, 9.0, 0),
    ]
    start, end, row = (np.array(column) for column in zip(*events, strict=True))
    said = said_in_bins(start, end, row, 2, first, first + 1)
    slowly = [
        [any(r == which and b + 1 > s and b < e for s, e, r in events) for b in first.tolist()]
        for which in (0, 1)
    ]
    assert said.tolist() == slowly
    assert said[0].tolist() == [True, True, True, False, False, False]


def alpha_slowly(said: np.ndarray) -> float:
    """Krippendorff's coincidences, pair by pair."""
    observers, bins = said.shape
    matrix = np.zeros((2, 2))
    for unit in range(bins):
        for one, other in permutations(range(observers), 2):
            matrix[int(said[one, unit]), int(said[other, unit])] += 1 / (observers - 1)
    values = matrix.sum(1)
    expected = values[0] * values[1] * 2 / (values.sum() - 1)
    return 1 - (matrix[0, 1] + matrix[1, 0]) / expected


@pytest.mark.parametrize("observers", [2, 3, 9])
def test_alpha_is_krippendorff_s(observers: int) -> None:
    rng = np.random.default_rng(observers)
    said = rng.random((observers, 80)) < rng.random(80)
    assert krippendorff_alpha(said.sum(0), observers) == pytest.approx(alpha_slowly(said), abs=1e-12)
    assert np.isnan(krippendorff_alpha(np.zeros(5, int), observers))
    assert krippendorff_alpha(np.array([0, observers, 0]), observers) == 1


def test_minutes_are_resampled_and_not_seconds() -> None:
    rng = np.random.default_rng(0)
    scene = np.repeat(rng.random(40) < 0.3, 60)  # observers agree on whole minutes, or not at all
    said = np.stack([scene ^ np.repeat(rng.random(40) < 0.15, 60) for _ in range(4)])
    low, high = alpha_interval(said.sum(0), 4, 1.0, 400, 0)
    assert low < krippendorff_alpha(said.sum(0), 4) < high
    fine = alpha_interval(said.sum(0), 4, 60.0, 400, 0)  # as if seconds were independent
    assert high - low > 3 * (fine[1] - fine[0])
    mixed = np.resize([1, 0, 4, 2, 3], 120)
    assert all(np.isfinite(alpha_interval(mixed, 4, 1.0, 400, 0)))  # two minutes
    assert all(np.isfinite(alpha_interval(mixed[:60], 4, 2.0, 400, 0)))
    assert all(np.isnan(alpha_interval(mixed[:119], 4, 1.0, 400, 0)))


def test_halves_are_all_halves() -> None:
    rng = np.random.default_rng(1)
    said = rng.random((5, 200)) < rng.random(200)
    found = []
    for way in combinations(range(5), 2):
        rest = [observer for observer in range(5) if observer not in way]
        found.append(spearmanr(said[list(way)].mean(0), said[rest].mean(0)).statistic)
    mean, half = split_halves(said)
    assert mean == pytest.approx(np.mean(found), abs=1e-12)
    assert half == pytest.approx(1.96 * np.std(found) / np.sqrt(10), abs=1e-12)
    said[:, :] = False
    assert all(np.isnan(split_halves(said)))
    assert all(np.isnan(split_halves(said[:1])))


class Study:
    """The events of one group of observers, said in seconds."""

    def __init__(self, group: str) -> None:
        self.events = []
        for observer, file in enumerate(sorted((STUDYFORREST / "emotions").glob(f"{group}*.csv"))):
            with file.open(newline="") as opened:
                self.events += [row | {"observer": observer} for row in csv.DictReader(opened)]
        self.observers = 1 + max(event["observer"] for event in self.events)
        self.first = np.arange(0, END - 1, 1.0)
        self.known: dict[tuple[str, str], np.ndarray] = {}

    def words(self, column: str) -> list[str]:
        return sorted({word for event in self.events for word in event[column].split()})

    def said(self, column: str, word: str) -> np.ndarray:
        if (column, word) not in self.known:
            rows = [event for event in self.events if word in event[column].split()]
            start, end = (np.array([float(row[side]) for row in rows]) for side in ("start", "end"))
            observer = np.array([row["observer"] for row in rows], int)
            said = said_in_bins(start, end, observer, self.observers, self.first, self.first + 1)
            self.known[column, word] = said
        return self.known[column, word]

    def scale(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        return tuple(self.said(name.lower(), word) for word in SCALES[name])

    def level(self, name: str) -> np.ndarray:
        """Of a scale or a word of emotions and cues, what all observers together say."""
        if name in SCALES:
            high, low = self.scale(name)
            return high.mean(0) - low.mean(0)
        column = "emotion" if name in self.words("emotion") else "oncue"
        said = self.said(column, name)
        return said.mean(0) if said.size else np.zeros(len(self.first))


def interval(r: float, many: int) -> float:
    """The upper part of Fisher's interval, as the article prints it for both sides."""
    return float(np.tanh(np.arctanh(r) + 1.96 / np.sqrt(many - 3)) - r)


def printed(value: float, half: float) -> tuple[str, str]:
    return ("n/a", "") if np.isnan(value) else (f"{value:.3f}", f"{half:.3f}")


def runs(said: np.ndarray) -> int:
    return int((np.diff(np.append(False, said).astype(int)) > 0).sum())


def figures() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    studies = {"AV": Study("av1"), "AO": Study("ao1")}
    for group, study in studies.items():
        found[f"{group}TotalRaters"] = str(study.observers), ""
        found[f"{group}TotalCharLabels"] = str(len(study.words("character"))), ""
        for kind, short in KINDS.items():
            column = kind.lower()
            share = np.mean([bool(event[column].strip()) for event in study.events])
            found[f"{group}FracWithLabeled{short}"] = f"{100 * share:.1f}%", ""
            agreed = {word: study.said(column, word).mean(0) > 0.5 for word in study.words(column)}
            least = 5 if kind == "Character" else 0
            kept = {word: said for word, said in agreed.items() if runs(said) > least}
            found[f"{group}Thresh{'Emo' if kind == 'Emotion' else short}Labels"] = str(len(kept)), ""
            for word, said in kept.items():
                found[f"{group}Seconds{kind}{word}"] = str(int(said.sum())), ""
                found[f"{group}Episodes{kind}{word}"] = str(runs(said)), ""
        for name in SCALES:
            found[f"{group}InterRaterConsist{name}AllChar"] = printed(*split_halves(*study.scale(name)))
        for one, other in combinations(SCALES, 2):
            r = share_correlation(study.level(one), study.level(other))
            pair = f"{one}{other}"
            found[f"{group}Corr{pair}AllChar"] = printed(r, interval(r, len(study.first)))
    words = {(c, w) for s in studies.values() for c in ("emotion", "oncue") for w in s.words(c)}
    for column, word in sorted(words):
        for group, study in studies.items():
            found[f"{group}InterRaterConsist{word}AllChar"] = printed(*split_halves(study.said(column, word)))
    for name in [*SCALES, *(word for _, word in sorted(words))]:
        levels = [s.level(name) for s in studies.values()]
        r = share_correlation(*levels)
        found[f"InterModCorr{name}AllChar"] = printed(r, interval(r, len(levels[0])))
    return found


@pytest.mark.skipif(not STUDYFORREST.is_dir(), reason="needs the annotations of StudyForrest")
def test_every_published_figure_of_studyforrest_is_as_printed() -> None:
    with (STUDYFORREST / "published.csv").open(newline="") as opened:
        rows = [(row["figure"], (row["value"], row["half_interval"])) for row in csv.DictReader(opened)]
    found = figures()
    assert len(rows) == 255
    assert {name: (found.get(name), value) for name, value in rows if found.get(name) != value} == {}


@pytest.mark.skipif(not STUDYFORREST.is_dir(), reason="needs the annotations of StudyForrest")
def test_alphas_of_studyforrest() -> None:
    study = Study("av1")
    known = {
        "ANGERRAGE": 0.57,
        "SADNESS": 0.57,
        "FEAR": 0.54,
        "HAPPINESS": 0.37,
        "LOVE": 0.29,
        "GRATIFICATION": 0.04,
    }
    for word, alpha in known.items():
        assert round(krippendorff_alpha(study.said("emotion", word).sum(0), 9), 2) == alpha
    low, high = alpha_interval(study.said("emotion", "FEAR").sum(0), 9, 1.0, 1_000, 0)
    assert (round(low, 1), round(high, 1)) == (0.4, 0.6)  # .44 to .62 by blocks, .52 to .55 as if independent


def test_a_feature_film_of_frames_takes_less_than_half_a_second() -> None:
    rng = np.random.default_rng(0)
    frames = np.arange(177_132) / 25
    start = rng.uniform(0, 7_000, 5_222)
    end, row = start + rng.exponential(15, 5_222), rng.integers(0, 9, 5_222)
    word = rng.integers(0, 22, 5_222)
    began = time.process_time()
    for which in range(22):
        mine = word == which
        said_in_bins(start[mine], end[mine], row[mine], 9, frames, frames + 0.04)
    assert time.process_time() - began < 2  # .2 s by itself; a busy machine is given more


def test_intervals_of_alpha_are_those_of_minutes_drawn_one_by_one() -> None:
    rng = np.random.default_rng(5)
    count = rng.binomial(3, np.repeat(rng.random(21), 5) * 0.5)  # 105 bins of 7.4 s: eight a minute
    for seconds, length in ((7.4, 8), (25.0, 2), (90.0, 1), (200.0, 1)):
        blocks = [count[i : i + length] for i in range(0, 105 - length + 1, length)]
        times = np.random.default_rng(2).multinomial(len(blocks), [1 / len(blocks)] * len(blocks), 30)
        alphas = []
        for row in times:
            drawn = np.concatenate([np.tile(block, n) for block, n in zip(blocks, row, strict=True)])
            values, yes = 3 * len(drawn), drawn.sum()
            apart = (
                sum(k * (3 - k) for k in drawn.tolist()) / 2 * 2 / values
            )  # pairs of each bin, either way round
            alphas.append(1 - apart / (2 * yes * (values - yes) / (values * (values - 1))))
        expected = np.percentile(alphas, [2.5, 97.5])
        assert alpha_interval(count, 3, seconds, 30, 2) == pytest.approx(expected, abs=1e-12)
    # most draws have nothing but no
    rare = np.r_[np.full(4, 2), np.zeros(36, int)]
    low, high = alpha_interval(rare, 3, 15.0, 50, 0)
    assert np.isfinite([low, high]).all() and low < high < 1
    assert np.isnan(alpha_interval(np.zeros(40, int), 3, 15.0, 50, 0)).all()


def test_of_two_observers_in_two_bins_alpha_is_counted_in_the_head() -> None:
    assert krippendorff_alpha(np.array([2, 0]), 2) == 1
    assert krippendorff_alpha(np.array([1, 0]), 2) == 0  # half apart, and so is the half of all pairs
    assert np.isnan(krippendorff_alpha(np.array([2, 2]), 2)) and np.isnan(
        krippendorff_alpha(np.array([1, 0]), 1)
    )


def test_opposites_are_subtracted_before_halves_are_held_against_each_other() -> None:
    rng = np.random.default_rng(6)
    yes, no = rng.random((2, 6, 50)) < rng.random((2, 1, 50))
    found = []
    for way in combinations(range(6), 3):
        rest = [observer for observer in range(6) if observer not in way]
        shares = [yes[list(part)].mean(0) - no[list(part)].mean(0) for part in (way, rest)]
        found.append(spearmanr(*shares).statistic)
    expected = np.mean(found), 1.96 * np.std(found) / np.sqrt(20)
    assert split_halves(yes, no) == pytest.approx(expected, abs=1e-12)
    assert split_halves(yes[:2]) == pytest.approx((spearmanr(*yes[:2]).statistic, 0))
    assert np.isnan(split_halves(yes[:1])).all() and np.isnan(split_halves(yes[:0])).all()


def test_of_very_many_halves_two_thousand_are_always_the_same() -> None:
    assert _ways(13, 6) == [*combinations(range(13), 6)] and len(_ways(13, 6)) == 1716
    dice = np.random.default_rng(0)
    expected = [tuple(dice.choice(15, 7, replace=False).tolist()) for _ in range(2000)]
    assert _ways(15, 7) == expected and all(len(set(way)) == 7 for way in expected)


def test_a_constant_share_has_no_correlation_and_ties_have_their_mean_rank() -> None:
    one, other = np.array([1.0, 1, 2, 3, 3]), np.array([2.0, 1, 1, 5, 4])
    assert share_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert share_correlation(one[1:3], other[:2]) == pytest.approx(-1)  # of two bins
    assert np.isnan(share_correlation(one, np.ones(5))) and np.isnan(share_correlation(np.ones(5), other))
