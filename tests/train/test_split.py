import numpy as np
import pytest

from emocam.errors import SettingError
from emocam.train.split import split_pictures


def split(label, group=None, hold=0.1, seed=0, labels="ab"):
    label = np.array(label)
    group = np.arange(len(label)) if group is None else np.array(group)
    paths = [f"{i:03}.png" for i in range(len(label))]
    return split_pictures(paths, label, group, list(labels), hold, seed)


def test_of_each_label_about_a_share_is_held_back():
    label = np.array([0] * 200 + [1] * 40)
    held = split(label)
    assert [int(held[label == k].sum()) for k in (0, 1)] == [20, 4]
    assert not np.array_equal(held, split(label, seed=1)) and np.array_equal(held, split(label))


def test_a_rare_label_has_one_picture_held_back():
    label = np.array([0] * 95 + [1] * 5)
    assert split(label)[label == 1].sum() == 1


def test_groups_stay_whole():
    draw = np.random.default_rng(0)
    group = draw.integers(0, 30, 300)
    label = draw.integers(0, 2, 300)
    held = split(label, group, hold=0.2)
    assert not set(group[held]) & set(group[~held])
    assert 0.15 < held.mean() < 0.25 and abs(label[held].mean() - label.mean()) < 0.1


def test_a_picture_that_comes_later_moves_few_others():
    before = split([0] * 100 + [1] * 100)
    after = split([0] * 100 + [1] * 101)
    assert (before != after[:200]).sum() <= 2


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ([0] * 20 + [1] * 20, "no picture of the label 'a' would be in the"),
        ([0] * 40, "of the label 'a' would be in the"),
    ],
)
def test_a_label_of_one_group_alone_cannot_be_split(group, told):
    with pytest.raises(SettingError, match=f"{told} .* part, since its 20 pictures come in too few groups"):
        split([0] * 20 + [1] * 20, group)


def test_a_label_with_three_pictures_is_named():
    with pytest.raises(SettingError, match="the label 'b' has 3 pictures to train on, and needs at least 5"):
        split([0] * 20 + [1] * 3)
    with pytest.raises(SettingError, match="the label 'b' has 1 picture to"):
        split([0] * 20 + [1])


def test_nothing_is_held_back_where_that_is_asked():
    assert not split([0] * 10 + [1] * 10, hold=0).any()
