"""Dice of raw integers, beside NumPy's own way to make numbers of them."""

import numpy as np

from emocam.functional.dice import Dice


def raw(*seed: int) -> np.random.PCG64:
    return np.random.PCG64(np.random.SeedSequence(seed))


def test_numbers_are_those_that_numpy_makes_of_the_same_bits() -> None:
    dice, numpy = Dice(3, 4), np.random.Generator(raw(3, 4))
    assert [dice.number(2, 7) for _ in range(50)] == [2 + 5 * number for number in numpy.random(50)]


def test_whole_numbers_have_both_ends_and_each_as_often() -> None:
    dice = Dice(0)
    counts = np.bincount([dice.whole(2, 5) for _ in range(4000)])
    assert len(counts) == 6 and counts[:2].sum() == 0 and (abs(counts[2:] - 1000) < 120).all()


def test_chances_and_choices_are_as_often_as_they_should() -> None:
    dice = Dice(1)
    assert abs(sum(dice.chance(0.3) for _ in range(4000)) - 1200) < 120
    assert not any(dice.chance(0) for _ in range(50)) and all(dice.chance(1) for _ in range(50))
    assert {dice.one("abc") for _ in range(60)} == set("abc")


def test_some_are_different_ones_in_any_order() -> None:
    dice = Dice(2)
    drawn = [tuple(dice.some("abc", 2)) for _ in range(200)]
    assert set(drawn) == {(a, b) for a in "abc" for b in "abc" if a != b}
    assert sorted(dice.some("abcd", 4)) == list("abcd") and dice.some("ab", 0) == []


def test_bytes_are_those_of_the_raw_integers() -> None:
    bits = raw(9)
    slow = b"".join(int(bits.random_raw()).to_bytes(8, "little") for _ in range(2))
    made = Dice(9).bytes(3, 4)
    assert made.shape == (3, 4) and made.dtype == np.uint8 and made.tobytes() == slow[:12]
    whole = Dice(9)
    assert whole.bytes(8).tobytes() == slow[:8]
    assert whole.bits.random_raw() == int.from_bytes(slow[8:], "little")
