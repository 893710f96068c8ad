"""CAM methods: EmoCAM beside pytorch-grad-cam and captum, as their documents use them.

Weights are random: they change no time and make agreement harder. Ours begins with uint8 pictures and
ends with the maps at the layer's resolution (regions need no larger ones); pytorch-grad-cam begins
with its input ready and ends with its enlarged maps, as it does for every user.
"""

from collections.abc import Iterator

from drawing import ablations, gradcams
from heads import limes, on_the_head, shapleys
from joint import joined
from racing import Contest
from telling import table_of


def contests(small: bool = False) -> Iterator[Contest]:
    for part in (gradcams, ablations, on_the_head, limes, shapleys, joined):
        yield from part(small)


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
