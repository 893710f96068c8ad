"""What a command does, given the components that its settings name."""

from typing import Protocol

from emocam.data.base import Data
from emocam.predict.components import Components


class Task(Protocol):
    def perform(self, components: Components) -> Data | None:
        """Write the tables of a run into its folder, and return what can open its pictures."""
