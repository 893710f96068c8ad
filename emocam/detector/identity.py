"""What decides a detector's regions beside the pictures, in words."""

import hashlib
from collections.abc import Sequence


def identify(kind: str, objects: Sequence[str], **settings: object) -> str:
    """The name under which detections are remembered: the same words, the same regions."""
    names = hashlib.sha256("\n".join(objects).encode()).hexdigest()
    words = [f"{key}={value}" for key, value in {**settings, "objects": names}.items()]
    return f"{kind}({', '.join(words)})"
