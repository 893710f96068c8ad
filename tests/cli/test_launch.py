"""What is left in a process between the runs of a sweep."""

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emocam.classifier.planted import PlantedClassifier

Command = Callable[..., int]
QUICK = (
    "logger=null",
    "cache=null",
    "data.workers=0",
    "data.images=4",
    "~callback.report",
    "~callback.overlay",
)


@pytest.fixture
def no_chance() -> Iterator[None]:
    """The collector comes when it wants to; here it comes only when it is called."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_chance")
@pytest.mark.parametrize(
    "words",
    [
        ("cam=gradcam", "seed=0,1,2"),
        (
            "cam=gradcam",
            "threshold.confidence=0.1,0.2,0.3",
            "cam.target=nothing",
        ),  # each fails with its network
    ],
)
def test_a_sweep_holds_one_network_at_a_time(
    emocam: Command, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, made, alive = PlantedClassifier.__init__, [], []

    def counted(self: PlantedClassifier, *given: Any, **more: Any) -> None:
        alive.append(sum(reference() is not None for reference in made))
        begin(self, *given, **more)
        made.append(weakref.ref(self))

    monkeypatch.setattr(PlantedClassifier, "__init__", counted)
    emocam("-m", *QUICK, *words)
    assert alive == [0, 0, 0]
