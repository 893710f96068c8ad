"""Training the network of an embedded world."""

import sys
from dataclasses import dataclass

from emocam.data.planted import PHOTOGRAPHS, Planted
from emocam.errors import SettingError
from emocam.predict.components import Components
from emocam.results.files import PREDICTIONS, parquet
from emocam.train.world import train


@dataclass
class Train:
    """`task=train data.world=standard`: leaves the network and its truth in the run's folder.

    Of `photographs` it leaves the network alone: what that uses is measured picture by picture.
    """

    pictures: int = 18_000
    epochs: int = 9

    def perform(self, components: Components) -> None:
        data = components.data
        if not isinstance(data, Planted):
            raise SettingError("task=train draws the pictures that it trains on; it needs data=planted")
        world, folder = data.world, components.folder
        if (folder / parquet(PREDICTIONS)).is_file():
            raise SettingError(f"hydra.run.dir {folder} holds a run over pictures; name another folder")
        if world == PHOTOGRAPHS:
            self._train_photographs(components, data)
            return
        with components.stage("train"):
            found = train(world, components.seed, self.pictures, self.epochs, folder, data.strength)
        used = ", ".join(f"{cell['object']} for {cell['label']}" for cell in found["cells"] if cell["used"])
        sys.stdout.write(
            f"{found['accuracy']:.1%} of unseen pictures right; by intervention the network uses: "
            f"{used or 'no object'}\nweights  {components.folder / world}.safetensors\n"
        )

    def _train_photographs(self, components: Components, data: Planted) -> None:
        from emocam.train.photographs import train_photographs  # needs timm

        with components.stage("train"):
            found = train_photographs(data, self.pictures, self.epochs, components.folder)
        sys.stdout.write(
            f"{found['accuracy']:.1%} of unseen pictures right\n"
            f"weights  {components.folder / PHOTOGRAPHS}.safetensors\n"
        )
