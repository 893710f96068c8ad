"""Two objects at a time: neither, each alone and both taken away, so that what they do together is told apart."""

from collections.abc import Sequence

from emocam.effect.base import check_whole_number
from emocam.effect.erase import Erase
from emocam.effect.region import Control, Region


class Pairs(Erase):
    """What `erase` does, and then the objects of a picture in pairs.

    At most `most_pairs` pairs that stand together in `joint` pictures (or in `images`, where these are fewer) are
    tried, each in `images` of them. Of `sets` pictures of a label all but one or two objects are taken away.
    """

    def __init__(
        self,
        images: int = 40,
        cells: int = 60,
        random: int = 20,
        least: int = 5,
        fills: Sequence[str] = ("blur", "inpaint"),
        region: Region = "part",
        control: Control = "bare",
        composed: bool = False,
        shared: bool = True,
        exchange: bool = True,
        most_pairs: int = 120,
        joint: int = 20,
        sets: int = 40,
    ) -> None:
        super().__init__(images, cells, random, least, fills, region, control, composed, shared, exchange)
        for name, value, low in (("most_pairs", most_pairs, 1), ("joint", joint, 2), ("sets", sets, 0)):
            check_whole_number(name, value, low)
        self.most_pairs, self.joint, self.sets = most_pairs, min(joint, images), sets
