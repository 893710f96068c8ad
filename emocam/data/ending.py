"""The ending of a file's name, without making a path of it: a corpus has millions."""


def ending_of(name: str) -> str:
    """Return what `Path(name).suffix.lower()` does; empty for .jpg, which is a hidden file's whole name."""
    stem, _, last = name.rpartition(".")
    return f".{last.lower()}" if stem and last else ""
