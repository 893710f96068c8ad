"""The regions that Ekman and Friesen's prototypes of emotions move (Ekman, Friesen and Hager 2002, EMFACS).

That is an expectation and no truth: whether people show these movements when they feel so is disputed, and a network
that looks elsewhere may be right about its pictures.
"""

EXPECTED: dict[str, tuple[str, ...]] = {
    "happiness": ("eyes", "under eyes", "cheeks", "mouth"),  # 6 12
    "surprise": ("forehead", "brows", "eyes", "mouth", "chin"),  # 1 2 5 26
    "sadness": ("brows", "glabella", "mouth"),  # 1 4 15
    "anger": ("brows", "glabella", "eyes", "mouth"),  # 4 5 7 23
    "disgust": ("nose", "folds", "mouth"),  # 9 15 16
    "fear": ("forehead", "brows", "glabella", "eyes", "mouth"),  # 1 2 4 5 20 26
    "contempt": ("mouth", "folds"),  # 12 14 of one side
}
SAME = {
    "happy": "happiness",
    "joy": "happiness",
    "surprised": "surprise",
    "sad": "sadness",
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
}
"""Other names of these labels."""


def expected_regions(label: str, regions: list[str]) -> list[str]:
    """Return which of a run's regions are expected under a label; none where nothing is said of it.

    Regions that are told from right to left count as the pair does.
    """
    name = label.strip().lower()
    expected = EXPECTED.get(SAME.get(name, name), ())

    def whole(region: str) -> set[str]:
        side, _, rest = region.partition(" ")
        pair = {rest, f"{rest}s"} if side in ("right", "left") else set()
        return {region, *pair}

    return [region for region in regions if whole(region) & set(expected)]
