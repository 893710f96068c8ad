import pytest
import torch
from torch import Tensor

from emocam.detector.annotations import Annotations
from emocam.detector.base import Detector
from emocam.detector.vocabulary import Vocabulary
from emocam.errors import SettingError
from emocam.records.detections import Detections
from emocam.records.picture import Batch

NAMES = ["Man", "Person", "Dog", "Woman", "Cat"]


class Known(Detector):
    """One region of each class, side by side, each with a mask of its own."""

    identity = "known"

    def __init__(self) -> None:
        super().__init__()
        self.objects = NAMES

    def forward(self, batch: Batch | None) -> Detections:
        x = torch.arange(5) / 5
        masks = torch.arange(5.0)[:, None, None].expand(5, 2, 2)
        return Detections(
            torch.stack([x, x, x + 0.1, x + 0.1], -1), torch.arange(5), x, torch.arange(5), masks
        )


def found(**words) -> list[tuple[str, float]]:
    vocabulary = Vocabulary(Known(), **words)
    regions: Detections = vocabulary(None)
    left: Tensor = regions.boxes[:, 0]
    return [
        (vocabulary.objects[o], round(x, 1))
        for o, x in zip(regions.object.tolist(), left.tolist(), strict=True)
    ]


def test_without_words_nothing_changes() -> None:
    assert found() == [("Man", 0.0), ("Person", 0.2), ("Dog", 0.4), ("Woman", 0.6), ("Cat", 0.8)]


def test_children_become_their_parent_and_keep_their_regions() -> None:
    merge = {"Person": ["Man", "Woman"]}
    assert Vocabulary(Known(), merge=merge).objects == ["Person", "Dog", "Cat"]
    assert found(merge=merge) == [
        ("Person", 0.0),
        ("Person", 0.2),
        ("Dog", 0.4),
        ("Person", 0.6),
        ("Cat", 0.8),
    ]


def test_a_parent_may_be_new() -> None:
    assert found(merge={"Pet": ["Dog", "Cat"]}, only=["Pet"]) == [("Pet", 0.4), ("Pet", 0.8)]


def test_names_are_changed_before_they_are_merged_and_selected() -> None:
    words = {
        "rename": {"Man": "man", "Dog": "Hound"},
        "merge": {"Person": ["man"]},
        "only": ["Person", "Hound"],
    }
    assert found(**words) == [("Person", 0.0), ("Person", 0.2), ("Hound", 0.4)]


def test_two_names_may_be_exchanged() -> None:
    assert found(rename={"Dog": "Cat", "Cat": "Dog"}, only=["Dog"]) == [("Dog", 0.8)]


def test_masks_stay_with_their_regions() -> None:
    regions = Vocabulary(Known(), only=["Dog", "Cat"])(None)
    assert regions.masks[:, 0, 0].tolist() == [2, 4]
    assert regions.image.tolist() == [2, 4]


def test_what_a_detector_learns_from_the_data_is_translated() -> None:
    vocabulary = Vocabulary(Annotations(), rename={"cup": "mug"})
    vocabulary.set_annotated_objects(["hat", "cup"])
    assert vocabulary.objects == ["hat", "mug"]


def test_other_words_are_remembered_apart() -> None:
    plain, other = Vocabulary(Known()), Vocabulary(Known(), only=["Dog"])
    assert plain.identity != other.identity
    assert "known" in other.identity
    assert Vocabulary(Annotations()).identity is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"only": ["Doog"]}, "vocabulary.only: the detector has no object 'Doog'; did you mean Dog?"),
        (
            {"only": ["Womman"]},
            "vocabulary.only: the detector has no object 'Womman'; did you mean Woman?",
        ),
        (
            {"only": ["Zebra"]},
            "vocabulary.only: the detector has no object 'Zebra'; expected one of: Man, Person, Dog, Woman, Cat",
        ),
        ({"only": []}, "vocabulary.only must name at least one object, or be null for all"),
        (
            {"merge": {"Person": ["Boys"]}},
            "vocabulary.merge.Person: the detector has no object 'Boys'; "
            "expected one of: Man, Person, Dog, Woman, Cat",
        ),
        (
            {"merge": {"Person": ["Man"], "Pet": ["Man"]}},
            "vocabulary.merge: 'Man' goes to both 'Person' and 'Pet'",
        ),
        (
            {"rename": {"Man": "Person"}},
            "vocabulary.rename: 'Person' is already an object of the detector; to count 'Man' as one of it, "
            "say vocabulary.merge={Person: [Man]}",
        ),
        (
            {"rename": {"Man": "Being", "Dog": "Being"}},
            "vocabulary.rename gives one name to several objects; that is what vocabulary.merge is for",
        ),
    ],
)
def test_words_that_cannot_be(words: dict, sentence: str) -> None:
    with pytest.raises(SettingError) as error:
        Vocabulary(Known(), **words)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("step", "given"),
    [
        ("rename", "Man Person"),
        ("rename", ["Man"]),
        ("rename", {"Man": 1}),
        ("merge", {"Person": "Man"}),
        ("merge", "Man"),
        ("only", "Man"),
        ("only", {"Man": "Dog"}),
        ("only", [1]),
    ],
)
def test_what_is_no_list_or_table_of_names_is_told(step: str, given: object) -> None:
    with pytest.raises(SettingError, match=rf"^vocabulary\.{step} must be .*, or null, got "):
        Vocabulary(Known(), **{step: given})
