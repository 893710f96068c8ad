"""What a command does, given the components that its settings name."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from emocam.data.base import Data
from emocam.predict.components import Components


@dataclass(frozen=True)
class TaskOutcome:
    """What a task says that leaves no matrix of objects and labels: entries of summary.json, and closing lines."""

    summary: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


class Task(Protocol):
    def perform(self, components: Components) -> Data | TaskOutcome | None:
        """Leave the tables of a run in its folder, and return what can open its pictures.

        A task with an outcome of its own says that instead: no callback follows.
        """
