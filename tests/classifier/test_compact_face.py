import torch

from emocam.classifier.compact_face import CompactFace, CompactFaceNetwork
from emocam.errors import SettingError
from emocam.network.weights import fit


def test_it_has_as_many_parameters_as_are_published():
    assert sum(p.numel() for p in CompactFaceNetwork(6).parameters()) == 670_966


def test_a_residual_step_adds_to_what_it_got():
    network = CompactFaceNetwork(6).eval()
    x = torch.rand(2, 16, 32, 32)
    before = network.block1[:3](x)
    with torch.no_grad():
        network.block1[3].step[4].weight.zero_()
    torch.testing.assert_close(network.block1[3](before), before)


def test_its_map_has_eight_by_eight_cells_of_a_grey_view(pictures):
    net = CompactFace(weights="random")
    view, _ = net.view(pictures[1])
    activation, _ = net.cut(net.prepare(view[None]))
    assert view.shape == (1, 64, 64) and activation.shape == (1, 160, 8, 8) and activation.min() >= 0


def test_weights_of_another_network_are_one_sentence(tmp_path):
    other = torch.nn.Linear(3, 2)
    torch.save(other.state_dict(), tmp_path / "other.pth")
    try:
        CompactFace(weights=str(tmp_path / "other.pth"))
    except SettingError as error:
        assert "does not fit CompactFaceNetwork: 68 missing (stem.0.weight, " in str(error)
        assert "2 unknown (weight, bias)" in str(error) and "\n" not in str(error)


def test_its_file_fits_the_network_as_it_was_before_the_cut():
    net = CompactFace(weights="random", seed=5)
    fit(CompactFaceNetwork(6), net.file_state(), "own.safetensors")
