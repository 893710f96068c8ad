import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from emocam.errors import SettingError
from emocam.network.values import Values, ask_both_directions, check_value_names, read_values, settle_values

CHEER_AND_AWE = Values(("cheer", "awe"), (1.0, -2.0), (0.5, 4.0))


def network(last: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)


@pytest.mark.parametrize("bias", [True, False])
def test_each_value_is_asked_both_ways_in_deviations_and_comes_back_in_its_own_units(bias):
    torch.manual_seed(0)
    plain, x = network(nn.Linear(4, 2, bias=bias)).eval(), torch.randn(2, 3, 8, 8)
    answer = plain(x).detach()
    ask_both_directions(plain, CHEER_AND_AWE, x)
    logits = plain(x)
    for picture in range(2):
        cheer, awe = (answer[picture, 0] - 1) / 0.5, (answer[picture, 1] + 2) / 4
        torch.testing.assert_close(logits[picture], torch.stack([cheer, -cheer, awe, -awe]))
    for place, (name, value) in enumerate(CHEER_AND_AWE.in_own_units(logits).items()):
        assert name == CHEER_AND_AWE.names[place]
        torch.testing.assert_close(value, answer[:, place], atol=1e-5, rtol=1e-5)


def test_answers_behind_a_bend_and_of_another_number_are_refused():
    x = torch.randn(2, 3, 8, 8)
    bent = nn.Sequential(network(nn.Linear(4, 2)), nn.ReLU())
    with pytest.raises(SettingError, match="last layer is linear"):
        ask_both_directions(bent, CHEER_AND_AWE, x)
    with pytest.raises(SettingError, match="names 2 values, but the network answers with 3"):
        ask_both_directions(network(nn.Linear(4, 3)), CHEER_AND_AWE, x)


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["cheer", "awe+"], "'awe\\+' holds a sign"),
        (["cheer -"], "holds a sign"),
        (["cheer", "cheer"], "'cheer' stands twice"),
        (["label"], "is a column"),
        (["truth_cheer"], "is a column"),
        (["cheer", 3], "3 is no name"),
        (["cheer", " "], "is no name"),
    ],
)
def test_a_name_that_cannot_be_a_column_and_a_label_is_refused(names, fault):
    with pytest.raises(SettingError, match=fault):
        check_value_names(names)


def test_names_centre_and_scale_travel_in_the_weights_file(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file({"w": torch.zeros(1)}, file, CHEER_AND_AWE.metadata())
    assert (
        read_values(file) == CHEER_AND_AWE == settle_values(None, str(file)) == settle_values(True, str(file))
    )
    with pytest.raises(SettingError, match=r"\['awe', 'cheer'\], but .* answers with \['cheer', 'awe'\]"):
        settle_values(["awe", "cheer"], str(file))
    save_file({"w": torch.zeros(1)}, file, {**CHEER_AND_AWE.metadata(), "scale": "[0.5, 0]"})
    with pytest.raises(SettingError, match="how its values vary"):
        read_values(file)


def test_a_network_of_which_only_names_are_known_says_that_its_units_are_its_own():
    found = settle_values(["cheer"], "random")
    assert found is not None and (found.centre, found.scale) == ((0.0,), (1.0,))
    assert "own units" in found.notes[0] and not CHEER_AND_AWE.notes
    with pytest.raises(SettingError, match="needs names"):
        settle_values(True, "random")
    with pytest.raises(SettingError, match="true or a list"):
        settle_values("cheer", "random")
