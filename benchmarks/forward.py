"""The networks' passes as a share of what the core can do, and YOLO's post-processing beside lightnet's."""

from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import limits
import networks
import torch
from racing import Agreement, Contest, Way, farthest, race
from telling import table_of
from torch import Tensor, nn

from emocam.detector.postprocess import pack_regions
from emocam.functional.box.yolo import candidates
from emocam.network.precision import Bfloat16Copy
from emocam.records.base import WHOLE
from emocam.records.detections import Detections

LIMIT = "the best product of as many operations"
LIGHTNET, BARE = "lightnet, as written", "lightnet, its last layers not counted"


@torch.no_grad()
def emonet(images: int) -> Contest:
    net = networks.emonet()
    x = net.prepare(networks.pictures(images, (227, 227)).classifier_view)
    each = networks.flop(net, x[:1])
    written = networks.emonet_as_written()
    plain = x.contiguous()
    return Contest(
        f"EmoNet forward, batch {images}, {each / 1e9:.2f} GFLOP an image",
        Way(torch.no_grad()(lambda: net(x)), images),
        {LIMIT: limits.best(each), "as written": Way(torch.no_grad()(lambda: written(plain)), images)},
        lambda: Agreement(farthest(net(x).detach(), written(plain).detach()), 1e-4, "logits, as written"),
        {LIMIT: 0.85} if images > 1 else {},
        "percent",
    )


def told_apart(ours: Detections, theirs: Tensor, size: int) -> Agreement:
    """Boxes beside lightnet's rows, the best first."""
    middle, half = theirs[:, 1:3] / size, theirs[:, 3:5] / size / 2
    box = torch.cat([middle - half, middle + half], 1).clamp(0, 1)
    rows = torch.cat([box, theirs[:, 5:7]], 1)[(box[:, 2:] > box[:, :2]).all(1)]
    own = torch.cat([ours.boxes, ours.score[:, None], ours.object[:, None]], 1)
    if len(rows) != len(own):
        return Agreement(abs(len(rows) - len(own)), 0, "numbers of boxes")
    order = [(2 * r[:, 5].double() + r[:, 4]).argsort() for r in (own, rows)]
    return Agreement(float((own[order[0]] - rows[order[1]]).abs().max()), 1e-4, f"{len(own)} boxes kept")


def lightnets_steps(network: Any) -> tuple[Any, Any]:
    from lightnet.data.transform import NMS, GetMultiScaleAnchorBoxes

    return GetMultiScaleAnchorBoxes(networks.SCORE, network.stride, network.anchors), NMS(networks.IOU)


@torch.no_grad()
def detector(size: int) -> Contest:
    """From the view to the regions."""
    ours, network = networks.detector(size), networks.yolo(size)
    read, suppress = lightnets_steps(network)
    view = networks.pictures(1, (size, size), seed=1).classifier_view
    batch = replace(networks.pictures(1, (1, 1)), detector_view=view)
    x = view.float() / 255
    each = networks.flop(network, x)
    return Contest(
        f"YOLOv3-{size}, batch 1, {each / 1e9:.0f} GFLOP an image as written",
        Way(torch.no_grad()(lambda: ours(batch))),
        {
            LIMIT: limits.best(each),
            LIGHTNET: Way(torch.no_grad()(lambda: suppress(read(network(x))))),
        },
        lambda: told_apart(ours(batch), suppress(read(torch.no_grad()(network)(x))), size),
        {LIMIT: 0.97},
        "percent",
    )


@torch.no_grad()
def postprocessing(size: int, boxes: int) -> Contest:
    """From the maps before the last layers; both read a box as its best object."""
    network, window = networks.yolo(size), torch.tensor([WHOLE])
    read, suppress = lightnets_steps(network)
    scales = zip(network.anchors.split_scales(), network.stride, strict=True)
    anchors = [scale.as_output(stride) for scale, stride in scales]
    torch.manual_seed(5)
    sides = [(1024, size // 32), (512, size // 16), (256, size // 8)]
    maps = [torch.randn(1, n, side, side).contiguous(memory_format=torch.channels_last) for n, side in sides]
    layers = [nn.Conv2d(n, 3 * 606, 1).requires_grad_(False) for n, _ in sides]
    networks.make_rare(layers, [layer(x) for layer, x in zip(layers, maps, strict=True)], boxes)
    outputs = [layer(x) for layer, x in zip(layers, maps, strict=True)]
    mine: list[Tensor] = []

    def copy() -> None:  # lightnet writes into what it is given
        mine[:] = [output.clone() for output in outputs]

    @torch.no_grad()
    def ours() -> Detections:
        found = [
            candidates(*one, networks.SCORE, "softmax") for one in zip(maps, layers, anchors, strict=True)
        ]
        box, object, score, image = (torch.cat(part) for part in zip(*found, strict=True))
        return pack_regions(box, object, score, image, window, networks.IOU)

    @torch.no_grad()
    def theirs() -> Tensor:
        return suppress(read([layer(x) for layer, x in zip(layers, maps, strict=True)]))

    return Contest(
        f"YOLOv3-{size}, the last layers and post-processing, {len(ours())} boxes kept",
        Way(ours),
        {"lightnet": Way(theirs), BARE: Way(lambda: suppress(read(mine)), prepare=copy)},
        lambda: told_apart(ours(), theirs(), size),
        {"lightnet": 11} if boxes == 1000 else {},
    )


def contests(small: bool = False) -> Iterator[Contest]:
    for images in (2,) if small else (1, 8, 32, 64):
        yield emonet(images)
    yield detector(96 if small else 608)
    for boxes in (50,) if small else (100, 1000, 5000):
        yield postprocessing(96 if small else 608, boxes)


def halved(images: int) -> Iterator[str]:
    """What bfloat16 saves in a pass, and what it changes."""
    net, network = networks.emonet(), networks.detector(608).network
    x = net.prepare(networks.pictures(images, (227, 227)).classifier_view)
    y = torch.rand(1, 3, 608, 608).contiguous(memory_format=torch.channels_last)
    for name, whole, given in (("EmoNet", net, x), ("YOLOv3-608 but its last layers", network, y)):
        narrow = Bfloat16Copy(whole)
        with torch.no_grad():
            one, two = whole(given), narrow(given)
        if isinstance(one, list):
            told = f"maps by {farthest(two[0], one[0]):.1g} of the largest"
        else:
            told = f"{100 * (one.argmax(1) != two.argmax(1)).float().mean():.0f} % of {images} labels"
        ways = {
            kind: Way(torch.no_grad()(lambda part=part, given=given: part(given)), len(given))
            for kind, part in (("float32", whole), ("bfloat16", narrow))
        }
        times = race(ways)
        ratio = median(times["float32"].seconds) / median(times["bfloat16"].seconds)
        cells = f"{name}, batch {len(given)}", times["float32"], times["bfloat16"], f"{ratio:.2f}x", told
        yield f"| {' | '.join(map(str, cells))} |"


def table() -> str:
    lines = ["", "| pass, random weights | float32 | bfloat16 | faster | changes |", "|---|---|---|---|---|"]
    return table_of(contests()) + "\n" + "\n".join([*lines, *halved(32)])


if __name__ == "__main__":
    print(table())
