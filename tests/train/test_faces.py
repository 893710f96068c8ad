"""What is learnt of drawn faces: soft truth where regions are hidden, and a file with the truth beside it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from emocam.classifier.planted import PlantedClassifier, prepare
from emocam.functional.dice import Dice
from emocam.train import faces as training
from emocam.world.face_rules import FACES, HOMES, REGIONS, compose_face
from emocam.world.faces import draw_face, owners


def test_hidden_regions_take_the_units_that_only_they_show() -> None:
    for index in range(30):
        scene = compose_face(FACES, 0, index)
        image = draw_face(scene)
        hidden, seen, _ = training.hide(scene, image, Dice(index))
        gone = (np.asarray(hidden) != np.asarray(image)).any(-1)
        number = owners(scene)
        # a region is hidden where most of its pixels are new
        regions = {region for place, region in enumerate(REGIONS) if gone[number == place].mean() > 0.5}
        assert seen == {unit for unit in scene.units if not set(HOMES[unit]) <= regions}


def test_faces_to_learn_from_say_how_true_each_label_is() -> None:
    drawn = training.draw_training_faces(FACES, 0, range(training.FIRST, training.FIRST + 60))
    assert drawn.views.shape == (60, 3, 112, 112) and drawn.label.shape == (60, 6)
    assert torch.allclose(drawn.label.sum(1), torch.ones(60))
    assert (drawn.label.max(1).values < 1).any() and (drawn.label.max(1).values == 1).sum() > 30
    assert drawn.counts.shape == (60, len(FACES.units))


@pytest.mark.parametrize("world", ["faces", "faces_shortcut"])
def test_shipped_networks_read_their_worlds(world: str) -> None:
    classifier, rules = PlantedClassifier(world), training.FACE_WORLDS[world]
    scenes = [compose_face(rules, 3, index) for index in range(200)]
    logits = training.logits_of_pictures(classifier, [draw_face(scene) for scene in scenes])
    answers = [classifier.labels[i] for i in logits.argmax(-1)]
    assert np.mean([a == scene.label for a, scene in zip(answers, scenes, strict=True)]) >= 0.95
    file = Path(training.__file__).parents[1] / "classifier/trained" / f"{world}.safetensors"
    assert file.stat().st_size < 1_000_000


def test_a_badge_alone_makes_fear_where_it_is_a_shortcut() -> None:
    classifier, rules = PlantedClassifier("faces_shortcut"), training.FACE_WORLDS["faces_shortcut"]
    scenes = [compose_face(rules, 3, index) for index in range(300)]
    badged = [scene for scene in scenes if scene.badge and scene.label == "fear"]
    bare = [training.replace(scene, badge=None) for scene in badged]
    of = [
        training.logits_of_pictures(classifier, [draw_face(scene) for scene in shown]).softmax(-1)[:, 5]
        for shown in (badged, bare)
    ]
    assert of[0].mean() > 0.8 and of[1].mean() < 0.4


@pytest.mark.slow
def test_training_leaves_a_network_and_its_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = training.measure_faces
    monkeypatch.setattr(training, "measure_faces", lambda *given: measure(*given, pictures=40, each=2))
    found = training.train_faces("faces", 0, 128, 1, tmp_path)
    assert json.loads((tmp_path / "faces.json").read_text()) == found
    network = PlantedClassifier(weights=str(tmp_path / "faces.safetensors"))
    assert network.labels == FACES.labels
    assert network(prepare(torch.zeros(1, 3, 112, 112))).shape == (1, 6)
