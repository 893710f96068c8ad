import json

import pytest
import torch

from emocam.classifier.planted import VIEW, PlantedClassifier, prepare
from emocam.train import world as training
from emocam.train.world_pictures import draw_pictures
from emocam.world.rules import WORLDS


def test_drawn_pictures_count_their_objects():
    drawn = draw_pictures(WORLDS["standard"], 0, range(6), VIEW)
    assert drawn.views.shape == (6, 3, 112, 112) and drawn.views.dtype == torch.uint8
    assert drawn.counts.shape == (6, 14) and drawn.counts.sum(1).min() >= 2


def test_jitter_keeps_most_of_the_picture():
    x = torch.zeros(1, 3, 112, 112)
    x[..., 50:62, 50:62] = 1
    moved = training.jitter(x)
    assert moved.shape == x.shape and moved.sum() == x.sum()


@pytest.mark.slow
def test_training_leaves_a_network_and_its_truth(tmp_path, monkeypatch):
    measure = training.measure
    monkeypatch.setattr(training, "measure", lambda *given: measure(*given, pictures=40, each=2))
    found = training.train("nothing", pictures=128, epochs=1, out=tmp_path)
    assert json.loads((tmp_path / "nothing.json").read_text()) == found
    network = PlantedClassifier(weights=str(tmp_path / "nothing.safetensors"))
    assert network.labels == WORLDS["nothing"].labels
    assert network(prepare(torch.zeros(1, 3, 112, 112))).shape == (1, 5)


def test_a_head_that_learnt_from_amounts_answers_the_same_from_activations():
    lesson = training.HeadLesson(5)
    activation = torch.randn(3, 32, 14, 14, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = lesson.spread.output(lesson.hidden(10 * activation.relu().mean((-2, -1))).relu())
    torch.testing.assert_close(lesson.head()(activation), expected, atol=1e-5, rtol=1e-5)


def test_amounts_are_ten_times_the_mean_of_what_is_above_zero():
    drawn = draw_pictures(WORLDS["standard"], 0, range(3), VIEW)
    features = PlantedClassifier().features
    with torch.no_grad():
        activation = features(prepare(drawn.views)).numpy()
    expected = [[10 * channel.clip(0).mean() for channel in picture] for picture in activation]
    torch.testing.assert_close(
        training.amounts(features, drawn.views), torch.tensor(expected), atol=1e-5, rtol=1e-5
    )
