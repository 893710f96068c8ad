"""What in the pictures drives an image classifier's decisions, over a whole corpus."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emocam.interactive.explaining import explain
    from emocam.interactive.running import run
    from emocam.runs import Run

__version__ = "0.1.0"
__all__ = ["Run", "explain", "run"]

_HOMES = {
    "Run": "emocam.runs",
    "explain": "emocam.interactive.explaining",
    "run": "emocam.interactive.running",
}


def __getattr__(name: str) -> object:
    """Loads torch, pandas and the rest only when it is asked for."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'emocam' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
