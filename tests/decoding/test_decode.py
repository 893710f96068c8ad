"""Films decoded from planted brains: what is planted is found, and nothing where nothing is."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from emocam.data.regions import Regions
from emocam.decoding.decode import DecodedFilm, decode_film, region_table, run_interval
from emocam.decoding.tables import importance_and_chance
from emocam.errors import SettingError


def decoded(seed: int, world: str, draws: int = 199) -> tuple[Regions, DecodedFilm]:
    data = Regions(seed=seed, world=world)
    return data, decode_film(data.observed.words, data.clean, data.on, (draws, 999), 0)[0]


@pytest.fixture(scope="module")
def planted() -> tuple[Regions, DecodedFilm]:
    return decoded(0, "brain")


def test_planted_regions_tell_their_emotions(planted: tuple[Regions, DecodedFilm]) -> None:
    data, film = planted
    told = {(cell["object"], cell["label"]) for cell in data.truth}
    table = region_table(film, data.objects, 0)
    true = [pair in told for pair in zip(table["region"], table["label"], strict=True)]
    assert sum(true) == 22
    assert roc_auc_score(true, table["share"]) >= 0.95
    assert roc_auc_score(true, table["lime"]) >= 0.95
    assert (film.table()["auc"] > 0.8).all() and (film.p == 1 / 200).all()


def test_a_brain_without_weights_tells_nothing() -> None:
    films = [decoded(seed, "brain_null", 99)[1] for seed in range(2)]
    aucs = np.concatenate([film.table()["auc"] for film in films])
    assert len(aucs) == 10 and abs(aucs.mean() - 0.5) < 0.05 and np.abs(aucs - 0.5).max() < 0.15
    assert (np.concatenate([film.p for film in films]) < 0.05).sum() <= 2
    assert (np.concatenate([film.region_p.ravel() for film in films]) < 0.05).mean() < 0.09


def test_words_that_too_few_runs_say_are_left_out_and_told() -> None:
    dice = np.random.default_rng(0)
    series = [dice.normal(size=(60, 3)) for _ in range(3)]
    on = [dice.random((60, 3)) < 0.4 for _ in range(3)]
    for run in (1, 2):
        on[run][:, 1] = False  # on in one run alone
    on[2][:, 2] = True  # throughout: two runs are left
    film, notes = decode_film(["often", "once", "twice"], series, on, (19, 19), 0)
    assert film.labels == ["often", "twice"]
    assert "once" in notes[0] and "fewer than 2 runs" in notes[0]
    assert film.table()["runs"].tolist() == [3, 2]
    with pytest.raises(SettingError, match=r"none of 1 words is on and off in 2 runs or more"):
        decode_film(["once"], series, [each[:, 1:2] for each in on], (19, 19), 0)


def test_importance_and_chance_are_ranks_within_a_volume() -> None:
    importance, chance = importance_and_chance(np.array([[0.5, -1.0, 0.25, 0.5], [-1.0, -2.0, -3.0, -4.0]]))
    assert importance.tolist() == [[1, 0, 0.5, 1], [0, 0, 0, 0]]
    assert chance.tolist() == [[0.5, 1.0, 0.75, 0.5], [0.25, 0.5, 0.75, 1.0]]


def test_the_interval_is_students_over_runs() -> None:
    low, high = run_interval(np.array([0.6, 0.7, 0.8]))
    assert (low, high) == pytest.approx((0.7 - 4.3027 * 0.1 / 3**0.5, 0.7 + 4.3027 * 0.1 / 3**0.5), abs=1e-4)
    assert np.isnan(run_interval(np.array([0.6]))).all()
