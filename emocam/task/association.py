"""The way of every image: predict, explain, detect, weigh."""

from emocam.data.base import Data
from emocam.effect.pairs import Pairs
from emocam.intervention.effect import measure_effect
from emocam.intervention.pairs import check_pairs, measure_pairs
from emocam.intervention.paste import paste_all
from emocam.predict.components import Components
from emocam.predict.evidence import find_evidence, prepare_data
from emocam.predict.groups import write_groups
from emocam.predict.keys import evidence_key
from emocam.predict.point_weights import weigh_points


class Association:
    """Explains every image that the data set lists, and goes on where it was interrupted.

    With a `paste`, the pictures are then changed and classified again; with an `effect`, objects are
    taken away or put in.
    """

    def perform(self, components: Components) -> Data:
        with components.stage("build"):
            prepare_data(components)
            effect = components.effect  # a mistake in its settings is told before the work
            if isinstance(effect, Pairs):
                check_pairs(components.classifier)
            key = evidence_key(components)
        find_evidence([components], [key])
        if components.attribution is not None:
            with components.stage("attribution"):
                weigh_points(components)
        with components.stage("groups"):
            write_groups(components.folder, components.data)
        if components.paste is not None:
            paste_all(components, components.listing, key)
        if effect is not None:
            measure_effect(components, key)
        if isinstance(components.effect, Pairs):
            measure_pairs(components, key)
        return components.data
