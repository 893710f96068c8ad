"""`data.shard`: each image is in one shard, and a mistake is told in a sentence."""

import pytest

from emocam.data.planted import Planted
from emocam.errors import SettingError


@pytest.mark.parametrize("images", [1, 2, 7, 16, 33])
@pytest.mark.parametrize("of", [1, 2, 5, 16])
def test_each_image_is_in_one_shard_and_none_is_larger_by_two(images: int, of: int) -> None:
    whole = Planted(images=images).listing()
    shards = [Planted(images=images, shard=f"{number}/{of}").listing() for number in range(1, of + 1)]
    assert sorted(path for shard in shards for path in shard) == whole
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_the_limit_is_that_of_the_whole_corpus() -> None:
    assert Planted(images=40, limit=9, shard="3/4").listing() == ["00002.png", "00006.png"]


@pytest.mark.parametrize("wrong", ["0/4", "5/4", "3", "3 of 4", "1/0", "a/b", 0.75])
def test_what_is_no_shard_is_told(wrong: object, emocam, capsys) -> None:
    told = f"data.shard must be K/N with K from 1 to N, such as 3/16, or null, or with -m all/N, got {str(wrong)!r}"
    with pytest.raises(SettingError, match=told):
        Planted(shard=wrong)  # type: ignore[arg-type]
    assert emocam(f"data.shard='{wrong}'", "logger=null") == 1
    assert capsys.readouterr().err == f"{told}\n"
