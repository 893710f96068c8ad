"""The names of a face's regions, found or drawn, in their order."""

REST, OUTSIDE = "rest of face", "outside"
"""What of a face lies in no region, and what lies in no face: hair and background, where a shortcut shows."""
FACE_REGIONS = (
    *(
        "forehead",
        "brows",
        "glabella",
        "eyes",
        "under eyes",
        "nose",
        "cheeks",
        "folds",
        "mouth",
        "chin",
        "jaw",
    ),
    *(REST, OUTSIDE),
)
