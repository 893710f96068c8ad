import pytest
import torch
from PIL import Image

from emocam.detector.annotations import Annotations
from emocam.detector.base import Detector
from emocam.detector.joined import Joined
from emocam.errors import SettingError
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.base import View
from emocam.view.crops import Letterbox, Stretch, Unchanged


class Fake(Detector):
    """Finds in each picture one region over the left half, whose score is its view's mean colour."""

    def __init__(self, objects: list[str], view: View, masks: int | None = None, identity: str | None = None):
        super().__init__()
        self.objects, self.view, self.side, self.identity = objects, view, masks, identity

    def forward(self, batch: Batch) -> Detections:
        score = torch.stack([view.float().mean() / 255 for view in batch.detector_view])
        count = len(score)
        assert batch.detector_window.shape == (count, 4)
        box = torch.tensor([[0.0, 0.0, 0.5, 1.0]]).repeat(count, 1)
        masks = None if self.side is None else torch.eye(self.side).repeat(count, 1, 1)
        object = torch.full((count,), len(self.objects) - 1)
        return Detections(box, object, score, torch.arange(count), masks)


def fake(*args, **kwargs):
    return lambda: Fake(*args, **kwargs)


GREYS = [Image.new("RGB", size, (g, g, g)) for size, g in (((40, 20), 51), ((20, 60), 102), ((30, 30), 204))]
MEMBERS = {
    "one": fake(["person", "dog"], Stretch((8, 8))),
    "two": fake(["cat", "person"], Unchanged(), identity="two"),
    "three": fake(["tree"], Letterbox((16, 16), grey=0), masks=2, identity="three"),
}


def test_each_detector_sees_its_own_view(look) -> None:
    joined = Joined(["one", "two", "three"], **MEMBERS)
    found = look(joined, *GREYS)
    assert found.image.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [joined.objects[i] for i in found.object.tolist()] == ["dog", "person (two)", "tree"] * 3
    greys = torch.tensor([0.2, 0.4, 0.8])
    torch.testing.assert_close(found.score[0::3], greys)
    torch.testing.assert_close(found.score[1::3], greys)
    # half of a letterbox of 40 x 20 in 16 x 16 is black; of 20 x 60 it is 11 of 16 columns
    torch.testing.assert_close(found.score[2::3], greys * torch.tensor([8 / 16, 5 / 16, 1]))


def test_names_are_kept_apart_only_where_they_meet() -> None:
    assert Joined(["one", "three"], **MEMBERS).objects == ["person", "dog", "tree"]
    assert Joined(["one", "two"], **MEMBERS).objects == ["person (one)", "dog", "cat", "person (two)"]


def test_regions_without_masks_are_covered_as_a_whole(look) -> None:
    found = look(Joined(["two", "three"], **MEMBERS), GREYS[0])
    assert found.masks.tolist() == [[[1, 1], [1, 1]], [[1, 0], [0, 1]]]
    assert look(Joined(["one", "two"], **MEMBERS), GREYS[0]).masks is None


def test_masks_of_two_sizes_stand_side_by_side(look) -> None:
    members = {**MEMBERS, "four": fake(["bush"], Unchanged(), masks=4)}
    found = look(Joined(["three", "four"], **members), GREYS[0])
    assert found.masks.shape == (2, 4, 4)
    assert found.masks[0].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]


def test_annotations_join_too(look) -> None:
    joined = Joined(["annotations", "one"], annotations=Annotations, **MEMBERS)
    joined.set_annotated_objects(["cup", "dog"])
    assert joined.objects == ["cup", "dog (annotations)", "person", "dog (one)"]
    zero = torch.zeros(1, dtype=torch.int64)
    cup = Detections(torch.tensor([[0.1, 0.1, 0.2, 0.2]]), zero, torch.ones(1), zero)
    assert look(joined, GREYS[0], annotated=cup).object.tolist() == [0, 3]


def test_what_is_not_chosen_is_not_built() -> None:
    def never() -> Detector:
        raise AssertionError("this one needs weights that nobody has")

    assert Joined(["one"], **MEMBERS, absent=never).objects == ["person", "dog"]


def test_identity_needs_that_of_each() -> None:
    assert Joined(["two", "three"], **MEMBERS).identity == "joined(two: two; three: three)"
    assert Joined(["one", "three"], **MEMBERS).identity is None


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["oen"], "detector.detectors 'oen' is unknown; did you mean one?"),
        (["one", "one"], "detector.detectors must name different detectors, got ['one', 'one']"),
        ([], "detector.detectors must name different detectors, got []"),
    ],
)
def test_lists_that_cannot_be(names: list[str], sentence: str) -> None:
    with pytest.raises(SettingError) as error:
        Joined(names, **MEMBERS)
    assert str(error.value) == sentence


def test_each_of_the_joined_answers_in_bfloat16_and_the_identity_says_which() -> None:
    class Narrowed(Fake):
        def to_bf16(self) -> None:
            self.identity = f"{self.identity}, bf16"

    members = {**MEMBERS, "one": lambda: Narrowed(["person"], Stretch((8, 8)), identity="one")}
    joined = Joined(["one", "two"], **members)
    joined.to_bf16()
    assert joined.identity == "joined(one: one, bf16; two: two)"
