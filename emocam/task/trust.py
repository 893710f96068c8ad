"""Which CAM method, at which layer, to believe: each is held against what taking objects away does."""

from collections.abc import Sequence

from emocam.data.base import Data
from emocam.errors import SettingError, nearest
from emocam.intervention.trust import CONTROLS, TrustPlan, classifiers, measure_trust
from emocam.predict.components import Components
from emocam.predict.keys import evidence_key
from emocam.results.files import TRUST, TRUST_STATE, parquet
from emocam.task.association import Association


class Trust(Association):
    """An association whose effects are measured once, and compared with what all of `trust.methods` weigh."""

    leaves = (parquet(TRUST), TRUST_STATE)
    """What is taken over from the same command's earlier attempt."""

    def __init__(
        self,
        only: Sequence[str] | None = None,
        layers: Sequence[str] | None = None,
        images: int = 200,
        again: int = 40,
        noise: float = 0.02,
    ) -> None:
        for name, value in (("images", images), ("again", again)):
            if isinstance(value, bool) or not isinstance(value, int) or value < (name == "images"):
                raise SettingError(
                    f"trust.{name} must be a whole number of at least {int(name == 'images')}, got {value!r}"
                )
        if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 < noise < 1:
            raise SettingError(f"trust.noise must be a share of white above 0 and below 1, got {noise!r}")
        self.only, self.layers = only, None if layers is None else [str(layer) for layer in layers]
        self.images, self.again, self.noise = images, again, float(noise)

    def perform(self, components: Components) -> Data:
        asked = self._plan(components)
        data = super().perform(components)
        measure_trust(components, evidence_key(components), asked)
        return data

    def _plan(self, components: Components) -> TrustPlan:
        """Return what is asked of which methods; refuse what cannot be asked, before the work."""
        methods = components.settings["trust"]["methods"] or {}
        if not methods:
            raise SettingError(
                "trust.methods names no CAM method; +experiment=trust names the usual ones, and "
                "+cam@trust.methods.NAME=OPTION adds one"
            )
        if components.settings.get("effect") is None:
            raise SettingError(
                "task=trust holds methods against what taking objects away does, and effect is null; give effect=erase"
            )
        if components.data.sequences_of_points:
            raise SettingError("task=trust compares maps of pictures, and data=landmarks has none")
        if len(components.classifier.labels) < 2:
            raise SettingError(
                f"task=trust needs a classifier with two labels or more, since what an object does is measured in "
                f"log-odds; here is one, {components.classifier.labels[0]!r}"
            )
        chosen = list(methods) if self.only is None else [*map(str, self.only)]
        for name in chosen:
            if name not in methods:
                raise SettingError(f"trust.only: {name!r} is none of trust.methods; {nearest(name, methods)}")
        chosen += [name for name in CONTROLS if name in methods]
        asked = {name: methods[name] for name in dict.fromkeys(chosen)}
        if self.layers:
            classifiers(components, self.layers)  # an unknown layer is told before the work
        return TrustPlan(asked, self.layers, self.images, self.again, self.noise)
