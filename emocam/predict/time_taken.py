"""What explaining a corpus took, how much of it was for finding objects, and what would take less."""

LONG = 5
"""Minutes from which on a person is told."""
MOSTLY = 50
"""Percent for detection from which on a lighter detector is worth naming."""


def time_taken(seconds: float, detecting: float, advice: str = "") -> str:
    """Return the sentence of a long run, which its page shows; nothing of a short one.

    `advice` says what would detect in less time.
    """
    minutes = seconds / 60
    if minutes < LONG:
        return ""
    percent = 100 * min(1.0, detecting / seconds)
    words = f"{minutes:.0f} minutes" if minutes < 100 else f"{minutes / 60:.0f} hours"
    cure = f"; {advice}" if advice and percent >= MOSTLY else ""
    return f"explaining took {words}, {percent:.0f} % of them for finding objects{cure}"
