"""Names found by a hash of each: as a dictionary finds them, also where two names have one hash."""

from collections import Counter

import numpy as np
import pytest

from emocam.data.printed import printable
from emocam.results import name_places
from emocam.results.name_places import NamePlaces, count_repeated, name_marks

NAMES = ["ä\\" * (n % 3) + f"deep/{n * 7919 % 1000:03d}.jpg" for n in range(1000)]


def few_marks(names: list[str]) -> np.ndarray:
    """Hashes of which many names share one."""
    return np.array([sum(name.encode()) % 5 for name in names], np.uint64)


@pytest.mark.parametrize("hashed", [name_marks, few_marks])
def test_places_are_those_of_a_dictionary(monkeypatch: pytest.MonkeyPatch, hashed: object) -> None:
    monkeypatch.setattr(name_places, "name_marks", hashed)
    expected = {printable(name): place for place, name in enumerate(NAMES)}
    places = NamePlaces(NAMES, printable)
    asked = [*expected, "elsewhere.jpg", NAMES[1] + "x", ""][::-3]
    assert places.of(asked).tolist() == [expected.get(name, -1) for name in asked]
    assert NamePlaces([]).of(["a"]).tolist() == [-1]


def test_a_name_costs_twelve_bytes_however_long_it_is() -> None:
    for length in (1, 300):
        places = NamePlaces([f"{'x' * length}{n}" for n in range(500)])
        assert places.held == 12 * 500


@pytest.mark.parametrize("hashed", [name_marks, few_marks])
def test_repeated_names_are_counted_and_equal_hashes_are_not(hashed: object) -> None:
    def names_of(marks: np.ndarray) -> list[str]:
        return [name for name in names if hashed([name])[0] in marks]  # type: ignore[operator]

    for names in (NAMES[:90], [*NAMES[:90], *NAMES[20:25], NAMES[20]], []):
        expected = sum(count - 1 for count in Counter(names).values())
        assert count_repeated(hashed(names), names_of) == expected  # type: ignore[operator]
