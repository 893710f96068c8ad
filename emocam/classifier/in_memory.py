"""A classifier that was a model in a program's memory, as the settings of its run describe it."""

from typing import Any

from emocam.classifier.base import Classifier
from emocam.errors import SettingError


class InMemory(Classifier):
    """The record of a model that `emocam.study` was given: no file holds it, so it cannot be built again."""

    def __init__(self, model: str, **described: Any) -> None:
        super().__init__()
        raise SettingError(
            f"classifier: this run's was a {model} in the memory of a program, which no file holds; ask for what "
            "needs it, such as effect or paste, where the run is made: emocam.study(model, images, effect='erase')"
        )
