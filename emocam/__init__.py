"""What in the pictures drives an image classifier's decisions, over a whole corpus."""

from typing import TYPE_CHECKING

from emocam.version import __version__ as __version__

if TYPE_CHECKING:
    from emocam.api.explain import explain
    from emocam.api.run import run
    from emocam.api.study import study
    from emocam.results.run import Run

__all__ = ["Run", "explain", "run", "study"]

_HOMES = {
    "Run": "emocam.results.run",
    "explain": "emocam.api.explain",
    "run": "emocam.api.run",
    "study": "emocam.api.study",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import emocam` loads no torch or pandas."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'emocam' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
