"""The way of every image: predict, explain, detect, weigh."""

from emocam.data.base import Data
from emocam.intervention.effect import measure_effect
from emocam.intervention.paste import paste_all
from emocam.predict.components import Parts
from emocam.predict.evidence import begin, find
from emocam.predict.keys import digest


class Association:
    """Explains every image that the data set lists, and goes on where it was interrupted.

    With a `paste`, the pictures are then changed and classified again; with an `effect`, objects are
    taken away or put in.
    """

    def perform(self, parts: Parts) -> Data:
        with parts.stage("build"):
            begin(parts)
            effect = parts.effect  # a mistake in its settings is told before the work
            key = digest(parts.settings, parts.listing)
        find([parts], [key])
        if parts.paste is not None:
            paste_all(parts, parts.listing, key)
        if effect is not None:
            measure_effect(parts, key)
        return parts.data
