import numpy as np
import pytest
import torch
from captum.attr import LRP, DeepLift
from safetensors.torch import save_file

from emocam.classifier.planted import FullyConnected, PlantedClassifier, build_features
from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.world.draw import draw
from emocam.world.rules import WORLDS


def views(world: str, count: int) -> tuple[torch.Tensor, list[str]]:
    data, classifier = Planted(world=world, images=count), PlantedClassifier(world)
    pictures = [data.open(path) for path in data.paths()]
    x = classifier.prepare(torch.stack([classifier.view(picture.image)[0] for picture in pictures]))
    return x, [str(picture.known["truth"]) for picture in pictures]


def own_weights() -> dict[str, torch.Tensor]:
    return torch.nn.ModuleDict({"features": build_features(), "head": FullyConnected(2)}).state_dict()


@pytest.mark.parametrize("world", WORLDS)
def test_shipped_network_reads_its_world(world):
    classifier, (x, truth) = PlantedClassifier(world), views(world, 200)
    answer = [classifier.labels[i] for i in classifier(x).argmax(-1)]
    assert np.mean([a == t for a, t in zip(answer, truth, strict=True)]) > 0.9


def test_shipped_network_of_values_knows_four_and_no_luck():
    data, classifier = Planted(world="values", images=200), PlantedClassifier("values")
    seen = torch.stack([classifier.view(data.open(path).image)[0] for path in data.paths()])
    answers = classifier.derive(classifier(classifier.prepare(seen)))
    known = [data.known(path) for path in data.paths()]
    r = {n: np.corrcoef(a, [k[f"truth_{n}"] for k in known])[0, 1] for n, a in answers.items()}
    assert min(r[name] for name in ("cheer", "awe", "calm", "gloom")) > 0.9 and abs(r["luck"]) < 0.15


def test_cut_is_before_the_relu_and_leaves_the_logits_alone():
    classifier, (x, _) = PlantedClassifier(), views("standard", 3)
    activation, head = classifier.cut(x)
    assert activation.shape == (3, 32, 14, 14) and activation.min() < 0
    assert torch.equal(head(activation), classifier(x))


@pytest.mark.parametrize("method", [DeepLift, LRP])
def test_captum_walks_the_head(method):
    classifier, (x, _) = PlantedClassifier(), views("standard", 2)
    activation, _ = classifier.cut(x)
    assert method(classifier.head).attribute(activation.requires_grad_(), target=1).shape == activation.shape


def test_taking_both_balloons_away_takes_joy_away():
    data, classifier = Planted(images=100), PlantedClassifier()
    scene = next(
        scene
        for scene in map(data.scene, data.paths())
        if [thing.object for thing in scene.things].count("Balloon") == 2 and data.rules.label(scene) == "Joy"
    )

    def answer(shown):
        view, _ = classifier.view(draw(shown))
        return classifier.labels[classifier(classifier.prepare(view[None])).argmax()]

    assert answer(scene) == "Joy" and answer(scene.without("Balloon")) != "Joy"


def test_random_weights_follow_the_seed():
    one, same, other = (
        PlantedClassifier(weights="random", seed=seed).head.hidden.weight for seed in (1, 1, 2)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_own_weights_bring_their_labels(tmp_path):
    file = tmp_path / "own.safetensors"
    save_file(own_weights(), file, {"labels": "Yes\nNo"})
    assert PlantedClassifier(weights=str(file)).labels == ["Yes", "No"]


def test_faults_are_named(tmp_path):
    file = tmp_path / "own.safetensors"
    save_file(own_weights(), file)
    with pytest.raises(
        SettingError, match=r"own.safetensors does not name its labels; give classifier.labels="
    ):
        PlantedClassifier(weights=str(file))
    with pytest.raises(SettingError, match=r"null, random or a file \(.pth, .safetensors\), got 'imagenet'"):
        PlantedClassifier(weights="imagenet")
    with pytest.raises(SettingError, match=r"classifier\.weights: there is no file gone\.safetensors"):
        PlantedClassifier(weights="gone.safetensors")
    with pytest.raises(SettingError, match=r"classifier\.weights: there is no file gone/photographs"):
        PlantedClassifier("photographs", weights="gone/photographs.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\x00")
    with pytest.raises(
        SettingError, match=r"classifier\.weights: .*cut\.safetensors is no file of plain weights"
    ):
        PlantedClassifier(weights=str(tmp_path / "cut.safetensors"))
    with pytest.raises(SettingError, match="for the world 'nothin'; did you mean nothing"):
        PlantedClassifier("nothin")


def test_an_earlier_cut_answers_alike_and_its_file_is_the_whole_network_s() -> None:
    whole, earlier = PlantedClassifier(), PlantedClassifier(layer="8")
    x = whole.prepare(torch.randint(0, 256, (2, 3, 112, 112), generator=torch.Generator().manual_seed(0)))
    activation, _ = earlier.cut(x)
    assert tuple(activation.shape[-2:]) == (28, 28) and list(whole.finer_layers) == ["8"]
    assert torch.allclose(earlier(x), whole(x))
    assert set(earlier.file_state()) == set(whole.file_state())
    with pytest.raises(SettingError, match="'99' is no step"):
        PlantedClassifier(layer="99")
