"""The words for what decides a detector's regions, apart from the pictures."""

import hashlib
from collections.abc import Sequence


def identify(kind: str, objects: Sequence[str], **settings: object) -> str:
    """Return the name under which detections are cached: the same words mean the same regions."""
    names = hashlib.sha256("\n".join(objects).encode()).hexdigest()
    words = [f"{key}={value}" for key, value in {**settings, "objects": names}.items()]
    return f"{kind}({', '.join(words)})"
