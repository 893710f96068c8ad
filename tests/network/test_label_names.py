"""Other names of labels: what pictures are called, how sure, and which names are refused."""

import numpy as np
import pytest
import torch

from emocam.errors import SettingError
from emocam.network.label_names import LabelNames

OWN = ["beagle", "tabby", "wolf", "whippet", "lynx"]
MERGED = {"merge": {"dog": ["beagle", "whippet"], "lynx": ["tabby"]}}


def probabilities(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


@pytest.mark.parametrize("scale", [1, 30, 300])
def test_a_merged_label_has_the_sum_of_probabilities_and_the_pictures_of_its_children(scale: float) -> None:
    logits = scale * np.random.default_rng(scale).normal(size=(200, 5))
    names = LabelNames(OWN, **MERGED)
    assert names.labels == names.names == ["dog", "lynx", "wolf"]
    found = names.named(torch.from_numpy(logits))
    own, parent = probabilities(logits), ["dog", "lynx", "wolf", "dog", "lynx"]
    sums = np.stack([sum(own[:, i] for i in range(5) if parent[i] == name) for name in names.names], 1)
    np.testing.assert_allclose(probabilities(found.logits.numpy()), sums, rtol=1e-12, atol=1e-300)
    called = [parent[i] for i in logits.argmax(1)]
    assert [names.names[i] for i in found.called.tolist()] == called
    expected = [row[names.names.index(name)] for row, name in zip(sums, called, strict=True)]
    np.testing.assert_allclose(found.confidence.numpy(), expected, rtol=1e-12)


def test_a_picture_stays_what_it_was_called_where_a_merged_label_is_likelier() -> None:
    names = LabelNames(OWN, **MERGED)
    found = names.named(torch.tensor([[0.9, -9, 1.0, 0.9, -9]]))  # two dogs, each less likely than the wolf
    assert found.called.tolist() == [names.names.index("wolf")] and found.logits.argmax().item() == 0


def test_a_label_that_is_not_merged_keeps_its_logit_to_the_last_bit() -> None:
    logits = torch.randn(50, 5, generator=torch.Generator().manual_seed(2))
    kept = LabelNames(OWN, rename={"wolf": "Wolf"}, only=["lynx", "Wolf"]).named(logits).logits
    assert torch.equal(kept, logits[:, [2, 4]])


def test_only_leaves_out_what_is_called_otherwise_and_not_its_probability() -> None:
    names = LabelNames(OWN, **MERGED, only=["dog"])
    assert names.labels == ["dog"] and names.names == ["dog", "lynx", "wolf"]
    found = names.named(torch.tensor([[2.0, 0, 0, 0, 0], [0, 0, 3.0, 0, 0]]))
    assert names.places_kept(found.called).tolist() == [0, -1]
    share = (np.exp(2) + 1) / (np.exp(2) + 4)
    assert found.confidence[0].item() == pytest.approx(share) and found.logits.shape == (2, 1)


def test_true_labels_are_renamed_and_others_stay() -> None:
    names = LabelNames(OWN, **MERGED)
    known = {"truth": ["whippet", "wolf", "", "horse"], "place": ["a", "b", "c", "d"]}
    assert names.known(known) == known | {"truth": ["dog", "wolf", "", "horse"]}


def test_a_label_is_asked_about_by_its_new_name_unless_it_was_merged() -> None:
    assert LabelNames(OWN, rename={"wolf": "Wolf"}, merge={"dog": ["beagle", "whippet"]}).asked(OWN) == [
        *("beagle", "tabby", "Wolf", "whippet", "lynx")
    ]


@pytest.mark.parametrize(
    "words, told",
    [
        ({"only": ["tabbi"]}, "labels.only: the classifier has no label 'tabbi'; did you mean tabby?"),
        ({"only": []}, "labels.only must name at least one label, or be null for all"),
        (
            {"merge": {"dog": ["beagel"]}},
            "labels.merge.dog: the classifier has no label 'beagel'; did you mean",
        ),
        ({"merge": {"a": ["wolf"], "b": ["wolf"]}}, "labels.merge: 'wolf' goes to both 'a' and 'b'"),
        (
            {"rename": {"wolf": "lynx"}},
            "labels.rename: 'lynx' is already a label of the classifier; to count 'wolf'",
        ),
        ({"rename": {"wolf": "x", "lynx": "x"}}, "that is what labels.merge is for"),
    ],
)
def test_names_that_cannot_be_are_refused_with_the_nearest(words: dict, told: str) -> None:
    with pytest.raises(SettingError) as fault:
        LabelNames(OWN, **words)
    assert told in str(fault.value)
