"""Training the network of an embedded world."""

import sys
from dataclasses import dataclass

from emocam.errors import SettingError, nearest
from emocam.predict.components import Components
from emocam.train.world import train
from emocam.world.rules import WORLDS


@dataclass
class Train:
    """`task=train data.world=standard`: leaves the network and its truth in the run's folder."""

    pictures: int = 18_000
    epochs: int = 9

    def perform(self, components: Components) -> None:
        data = components.settings["data"]
        world, strength = data.get("world"), data.get("strength", 1.0)
        if world not in WORLDS:
            raise SettingError(f"data.world {world!r} cannot be trained on; {nearest(str(world), WORLDS)}")
        with components.stage("train"):
            found = train(
                world, components.settings["seed"], self.pictures, self.epochs, components.folder, strength
            )
        used = ", ".join(f"{cell['object']} for {cell['label']}" for cell in found["cells"] if cell["used"])
        sys.stdout.write(
            f"{found['accuracy']:.1%} of unseen pictures right; by intervention the network uses: "
            f"{used or 'no object'}\nweights  {components.folder / world}.safetensors\n"
        )
