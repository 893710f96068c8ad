"""What in the pictures drives an image classifier's decisions, over a whole corpus."""

__version__ = "0.1.0"
__all__ = ["Run"]


def __getattr__(name: str) -> object:
    """Loads pandas and the rest only when it is asked for."""
    if name == "Run":
        from emocam.runs import Run

        return Run
    raise AttributeError(f"module 'emocam' has no attribute {name!r}")
