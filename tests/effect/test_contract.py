"""What every effect owes: parametrised by conf/effect."""

import inspect
import pickle
from pathlib import Path

import hydra
import numpy as np
import pytest
import torch
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from emocam.effect.base import Cell, Corpus, Effect, Pair, Trial
from emocam.effect.parts import PictureRegions
from emocam.effect.picture import TriedPicture
from emocam.functional.dice import Dice
from emocam.paste.base import Box
from emocam.paste.patch import Patch, patched
from emocam.records.base import WHOLE
from emocam.runner.kinds import KINDS
from emocam.settings.build import build

CONF = Path(__file__).parents[2] / "conf"
pytestmark = pytest.mark.parametrize("name", sorted(file.stem for file in (CONF / "effect").glob("*.yaml")))
CELLS = [Cell("ball", "a", "rank"), Cell("hat", "b", "random"), Cell("ball", "b", "rank")]
BALL, HAT = (0.1, 0.15, 0.35, 0.5), (0.6, 0.5, 0.8, 0.9)
SIZE = 90, 60


def composed(name: str, *words: str) -> DictConfig:
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        return hydra.compose(f"effect/{name}", overrides=["+seed=0", *words]).effect


def made(name: str, *words: str) -> Effect:
    effect: Effect = build(composed(name, *words), "effect", [], KINDS["effect"])
    return effect


def corpus(backwards: bool = False) -> Corpus:
    """Sixty pictures: even ones are of label a, the first 40 have a ball, every third a hat."""
    images = [f"{number:02}.png" for number in range(60)]
    balls = dict.fromkeys(images[:40], (BALL,))
    hats = dict.fromkeys(images[::3], (HAT,))
    return Corpus(
        {image: "ab"[int(image[:2]) % 2] for image in images},
        {"hat": hats, "ball": balls} if backwards else {"ball": balls, "hat": hats},
    )


def picture(number: int, ball: Box = BALL) -> TriedPicture:
    """Noise with a ball and a hat: any other pixels differ from it."""
    noise = np.random.default_rng(number).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    return TriedPicture(
        Image.fromarray(noise), PictureRegions(["ball", "hat"], np.array([ball, HAT], np.float32))
    )


def pairs(effect: Effect, seed: int = 0, seen: Box = WHOLE, box: Box = BALL) -> list[Pair]:
    trial = Trial("00.png", CELLS[0], "02.png", (box,))
    return list(effect.pairs(trial, picture(0, box), picture(2, box), seen, Dice(seed)))


def pixels_of(patches: tuple[Patch, ...]) -> np.ndarray:
    return np.asarray(patched(picture(0).image, patches))


def changed(patches: tuple[Patch, ...]) -> np.ndarray:
    return (pixels_of(patches) != np.asarray(picture(0).image)).any(-1)


def test_the_yaml_names_every_setting_of_the_class(name: str) -> None:
    settings = OmegaConf.to_container(composed(name), resolve=False)
    assert isinstance(settings, dict)
    taken = set(inspect.signature(get_class(str(settings.pop("_target_")))).parameters)
    assert set(settings) == taken


def test_it_says_what_it_is(name: str) -> None:
    effect = made(name, "effect.images=7")
    assert effect.budget.images == 7
    assert isinstance(effect.rule, str) and effect.rule and isinstance(effect.composed, bool)
    assert all(isinstance(note, str) for note in effect.notes)
    assert type(pickle.loads(pickle.dumps(effect))) is type(effect)  # it goes to the workers


def test_pictures_of_a_cell_are_of_the_corpus_and_within_the_budget(name: str) -> None:
    known = corpus()
    trials = made(name, "effect.images=7").trials(CELLS, known, seed=0)
    for cell in CELLS:
        own = [trial for trial in trials if trial.cell == cell]
        assert 0 < len(own) <= 7 and len({trial.image for trial in own}) == len(own)
        for trial in own:
            assert trial.image in known.label
            assert trial.regions == known.regions[cell.object][trial.source]
    assert {trial.cell for trial in trials} == set(CELLS)


def test_pictures_are_drawn_by_the_seed_alone(name: str) -> None:
    effect = made(name, "effect.images=7")
    first = effect.trials(CELLS, corpus(), seed=0)
    assert effect.trials(CELLS, corpus(backwards=True), seed=0) == first
    alone = [trial for cell in CELLS for trial in effect.trials([cell], corpus(), seed=0)]
    assert sorted(alone, key=repr) == sorted(first, key=repr), "a cell's company changed its pictures"
    drawn = {tuple(trial.image for trial in effect.trials(CELLS, corpus(), seed)) for seed in range(20)}
    assert len(drawn) > 15


def test_a_cell_without_pictures_has_no_trial(name: str) -> None:
    nowhere = [Cell("shoe", "a", "rank"), Cell("ball", "c", "rank")]
    assert list(made(name).trials(nowhere, corpus(), seed=0)) == []


def test_the_same_dice_give_the_same_pairs_and_others_other_places(name: str) -> None:
    effect = made(name)
    places = set()
    for seed in range(12):
        first, again = pairs(effect, seed), pairs(effect, seed)
        assert first and [pair.fill for pair in first] == [pair.fill for pair in again]
        for one, other in zip(first, again, strict=True):
            assert np.array_equal(pixels_of(one.changed), pixels_of(other.changed))
            assert np.array_equal(pixels_of(one.control), pixels_of(other.control))
        places.add(changed(first[0].control).tobytes())
    assert len(places) > 6


def test_pairs_are_told_apart_by_their_fill(name: str) -> None:
    fills = [pair.fill for pair in pairs(made(name))]
    assert len(set(fills)) == len(fills) and all(fill.strip() for fill in fills)


def test_as_much_is_changed_in_the_control(name: str) -> None:
    for seed in range(8):
        for pair in pairs(made(name), seed):
            areas = changed(pair.changed).sum(), changed(pair.control).sum()
            assert min(areas) > 0
            assert (pair.kind == "none") == (pair.control == ())
            assert min(areas) >= 0.93 * max(areas)


def test_only_what_the_classifier_sees_is_changed(name: str) -> None:
    half = (0.0, 0.0, 0.5, 1.0)
    for seed in range(8):
        for pair in pairs(made(name), seed, seen=half, box=(0.3, 0.15, 0.7, 0.5)):
            for patches in (pair.changed, pair.control):
                assert not changed(patches)[:, SIZE[0] // 2 :].any()


def test_a_picture_is_left_as_it_was(name: str) -> None:
    target, source = picture(0), picture(2)
    before = [one.image.tobytes() for one in (target, source)]
    trial = Trial("00.png", CELLS[0], "02.png", (BALL,))
    for pair in made(name).pairs(trial, target, source, WHOLE, Dice(0)):
        patched(target.image, pair.changed)
    assert [one.image.tobytes() for one in (target, source)] == before


@pytest.mark.parametrize("box", [(0.0, 0.0, 1.0, 1.0), (0.5, 0.5, 0.5, 0.5), (0.99, 0.99, 1.0, 1.0)])
def test_objects_of_all_sizes_are_no_accident(name: str, box: Box) -> None:
    regions = PictureRegions(["ball"], np.array([box], np.float32))
    trial = Trial("00.png", CELLS[0], "02.png", (box,))
    target, source = (TriedPicture(picture(number).image, regions) for number in (0, 2))
    for pair in made(name).pairs(trial, target, source, WHOLE, Dice(0)):
        assert pixels_of(pair.changed).shape == pixels_of(pair.control).shape


def test_an_answer_that_stays_is_no_effect_and_one_that_moves_has_a_sign(name: str) -> None:
    effect = made(name)
    before = torch.tensor([-2.0, 0.0, 1.5], dtype=torch.float64)
    after = torch.tensor([1.0, 0.5, -1.0], dtype=torch.float64)
    assert torch.equal(effect.effect(before, before), torch.zeros(3, dtype=torch.float64))
    moved, back = effect.effect(before, after), effect.effect(after, before)
    assert moved.shape == (3,) and moved.dtype == torch.float64 and (moved != 0).all()
    torch.testing.assert_close(moved, -back)


def test_a_flip_is_to_or_from_the_label_of_the_direction_that_speaks_for_use(name: str) -> None:
    effect = made(name)
    label = torch.tensor([1, 1])
    flipped = effect.flipped(torch.tensor([1, 0]), label)
    assert flipped.dtype == torch.bool and flipped[0] != flipped[1]
    # use is shown by the label gained, or by the label lost: never by both
    gained = effect.effect(torch.tensor([0.0]), torch.tensor([1.0])) > 0
    assert bool(flipped[0]) == bool(gained)
