"""What a command does, given the components that its settings name."""

from typing import Protocol

from emocam.data.base import Data
from emocam.predict.components import Components


class Task(Protocol):
    def perform(self, components: Components) -> Data | None:
        """Leaves the tables of a run in its folder, and says what can open its pictures."""
