"""Cells by rank and by chance, pictures by chance alone."""

import numpy as np
import pytest

from emocam.effect.base import Budget, Cell, Corpus
from emocam.effect.erase import Erase
from emocam.effect.insert import Insert
from emocam.effect.sampling import choose_cells
from emocam.errors import SettingError

OBJECTS, LABELS = [f"o{i}" for i in range(10)], ["a", "b"]
BOX = (0.1, 0.1, 0.3, 0.3)


def corpus(images: int = 100) -> Corpus:
    """Even ones are of label a; the object is in the first 60."""
    names = [f"{i:03d}" for i in range(images)]
    return Corpus(
        {name: "ab"[i % 2] for i, name in enumerate(names)}, {"ball": dict.fromkeys(names[:60], (BOX,))}
    )


def test_the_highest_come_by_rank_and_some_of_the_rest_by_chance() -> None:
    percent = np.arange(20.0).reshape(10, 2)
    present = np.full((10, 2), 7)
    present[9, 1] = 4
    cells = choose_cells(present, percent, OBJECTS, LABELS, Budget(cells=3, random=4), seed=0)
    ranked = [(cell.object, cell.label) for cell in cells if cell.chosen == "rank"]
    assert ranked == [("o9", "a"), ("o8", "b"), ("o8", "a")]
    drawn = {(cell.object, cell.label) for cell in cells if cell.chosen == "random"}
    assert len(drawn) == 4 and not drawn & {*ranked, ("o9", "b")}


def test_every_cell_of_the_rest_has_its_chance() -> None:
    percent, present = np.arange(20.0).reshape(10, 2), np.full((10, 2), 7)
    counts = dict.fromkeys(range(18), 0)
    for seed in range(600):
        for cell in choose_cells(present, percent, OBJECTS, LABELS, Budget(cells=2, random=6), seed)[2:]:
            counts[2 * OBJECTS.index(cell.object) + LABELS.index(cell.label)] += 1
    assert all(140 < count < 260 for count in counts.values())  # 200 each, five standard deviations


def test_all_cells_are_tried_where_there_are_few() -> None:
    present = np.full((10, 2), 5)
    cells = choose_cells(present, np.zeros((10, 2)), OBJECTS, LABELS, Budget(cells=15, random=15), 0)
    assert len({(cell.object, cell.label) for cell in cells}) == 20


def test_pictures_are_drawn_from_those_in_which_the_object_is_present() -> None:
    cell = Cell("ball", "a", "rank")
    counts: dict[str, int] = {}
    for seed in range(300):
        trials = Erase(images=10).trials([cell], corpus(), seed)
        assert len(trials) == len({trial.image for trial in trials}) == 10
        for trial in trials:
            counts[trial.image] = counts.get(trial.image, 0) + 1
    assert set(counts) == {f"{i:03d}" for i in range(0, 60, 2)}
    assert all(60 < count < 140 for count in counts.values())  # 100 each, favouring none


def test_cells_that_share_an_order_meet_in_the_same_pictures() -> None:
    regions = {name: dict.fromkeys((f"{i:03d}" for i in range(40)), ((0.0, 0.0, 1.0, 1.0),)) for name in "ab"}
    regions["b"] = {image: box for image, box in regions["b"].items() if int(image) % 4}
    whole = Corpus(dict.fromkeys(regions["a"], "x"), regions)
    cells = [Cell("a", "x", "rank"), Cell("b", "x", "rank")]

    def met(shared: bool, seed: int) -> int:
        trials = Erase(images=10, shared=shared).trials(cells, whole, seed)
        a, b = ({t.image for t in trials if t.cell.object == name} for name in "ab")
        assert len(a) == len(b) == 10
        return len(a & b)

    assert np.mean([met(True, seed) for seed in range(40)]) > 6.5
    assert np.mean([met(False, seed) for seed in range(40)]) < 3.5
    firsts = {Erase(images=1, shared=True).trials(cells[:1], whole, seed)[0].image for seed in range(200)}
    assert len(firsts) > 35  # any picture may come first


def test_the_same_seed_draws_the_same_pictures() -> None:
    cells = [Cell("ball", "a", "rank"), Cell("ball", "b", "random")]
    first = Erase(images=5).trials(cells, corpus(), 3)
    assert first == Erase(images=5).trials(cells, corpus(), 3) != Erase(images=5).trials(cells, corpus(), 4)
    assert [t for t in first if t.cell == cells[1]] == Erase(images=5).trials(cells[1:], corpus(), 3)


def test_an_object_is_put_where_it_is_not_and_where_the_label_is_another() -> None:
    trials = Insert(images=50).trials([Cell("ball", "a", "rank")], corpus(), 0)
    assert {trial.image for trial in trials} == {f"{i:03d}" for i in range(61, 100, 2)}
    assert all(int(trial.source) < 60 and int(trial.source) % 2 == 0 for trial in trials)
    assert len({trial.source for trial in trials}) > 5


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"images": 0}, "effect.images must be a whole number of at least 1, got 0"),
        ({"random": -1}, "effect.random must be a whole number of at least 0, got -1"),
        ({"least": 1.5}, "effect.least must be a whole number of at least 1, got 1.5"),
    ],
)
def test_a_budget_that_cannot_be_is_told(setting: dict[str, int], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        Erase(**setting)
