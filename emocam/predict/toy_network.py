"""The small network of the drawn pictures, and pictures that are others."""

from emocam.data.base import Data
from emocam.errors import SettingError
from emocam.predict.components import Components
from emocam.settings.paths import resource_folder

TARGET = "emocam.classifier.planted.PlantedClassifier"
TOY = (
    "classifier=planted is a toy network that was trained on drawn pictures alone: what it says of these "
    "pictures, which are others, means nothing"
)


def check_toy_network(components: Components) -> None:
    """Refuse the toy network on pictures that are not its own, unless the command line named it; then say so.

    It is the default classifier, so a command that forgets to name one would take it for every corpus.
    """
    data, settings = components.data, components.settings.get("classifier") or {}
    if settings.get("_target_") != TARGET or settings.get("weights") is not None:
        return
    if data.drawn_world is not None and knows(str(settings.get("world")), data):
        return
    if components.classifier_named:
        data.notes = [TOY, *data.notes]
        return
    options = sorted(file.stem for file in (resource_folder("conf") / "classifier").glob("*.yaml"))
    others = ", ".join(f"classifier={name}" for name in options if name != "planted")
    cure = f"; classifier.world={data.drawn_world} is the one of these" if data.drawn_world else ""
    raise SettingError(
        "classifier is not set, and the default, planted, is a toy network that knows drawn pictures of its world "
        f"alone{cure}; name one for these pictures: {others}, or classifier=planted to look at it all the same"
    )


def knows(world: str, data: Data) -> bool:
    """Return whether the network of a world reads these drawn pictures, too."""
    from emocam.classifier.planted import PHOTOGRAPHS, READ_BY  # torch comes with it

    drawn = str(data.drawn_world)
    if drawn == PHOTOGRAPHS and data.root is None:
        return world in (
            PHOTOGRAPHS,
            "standard",
        )  # without photographs, the standard world's objects are pasted
    return READ_BY.get(world, world) == READ_BY.get(drawn, drawn)
