"""Sequences of points among pictures: who reads which of them, and what is made of neither."""

from emocam.errors import SettingError
from emocam.predict.components import Components

READER = "emocam.classifier.landmarks.Landmarks"
PICTURES_ALONE = ("cam", "paste", "effect")


def check_point_sequences(components: Components) -> None:
    """Refuse sequences of points where a picture is expected, before a network is built."""
    data, settings = components.data, components.settings
    if data.decoded:
        raise SettingError(
            "data=regions are series of brain regions, which no network of pictures reads; emocam decode TABLES "
            "--timeline FILE decodes them"
        )
    classifier = settings.get("classifier") or {}
    if not data.sequences_of_points:
        if classifier.get("_target_") == READER:
            raise SettingError(
                "classifier=landmarks reads sequences of points, and these data are pictures; take data=landmarks "
                "data.root=FILES_OR_FACES_RUN, or data=planted data.world=sequences"
            )
        return
    if str(classifier.get("_target_", "")).startswith("emocam.") and classifier.get("_target_") != READER:
        raise SettingError(
            "classifier: these data are sequences of points, which no network of pictures reads; add "
            "classifier=landmarks classifier.weights=FILE, where task=train with the same data, classifier=landmarks "
            "and classifier.weights=random leaves a file"
        )
    for name in PICTURES_ALONE:
        if settings.get(name):
            raise SettingError(
                f"{name} changes or looks at pictures, and these data are sequences of points; leave {name} out, and "
                "add attribution=ig to see which points matter"
            )
