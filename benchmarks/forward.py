"""The networks' passes as a share of what the core can do, and YOLO's post-processing beside lightnet's."""

import warnings
from collections.abc import Iterator
from functools import cache
from statistics import median
from typing import Any

import limits
import networks
import torch
from racing import Agreement, Contest, Way, farthest, race
from telling import table_of
from torch import Tensor, nn

from emocam.detector.regions import pack_regions
from emocam.functional.yolo import candidates
from emocam.precision import Narrow
from emocam.structures import WHOLE

SGEMM = "sgemm of as many operations"
SCORE = IOU = 0.005


@cache
def yolo() -> Any:
    """lightnet's network of 601 classes, random, in the memory order that our detector gives it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lightnet.models import YoloV3
    torch.manual_seed(0)
    return YoloV3(601).eval().requires_grad_(False).to(memory_format=torch.channels_last)


def as_usual(network: nn.Module, x: Tensor) -> Tensor:
    """The answer with memory in torch's usual order."""
    with torch.no_grad():
        network.to(memory_format=torch.contiguous_format)
        try:
            answer = network(x.contiguous())
        finally:
            network.to(memory_format=torch.channels_last)
    return answer[0] if isinstance(answer, list | tuple) else answer


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
        {SGEMM: limits.product(each), "as written": Way(torch.no_grad()(lambda: written(plain)), images)},
        lambda: Agreement(farthest(net(x).detach(), written(plain).detach()), 1e-4, "logits, as written"),
        {SGEMM: 0.85} if images == 32 else {},
        "percent",
    )


def detector(size: int) -> Contest:
    network = yolo()
    x = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    x = x.contiguous(memory_format=torch.channels_last)
    each = networks.flop(network, x)
    return Contest(
        f"YOLOv3-{size} forward, batch 1, {each / 1e9:.0f} GFLOP an image",
        Way(torch.no_grad()(lambda: network(x))),
        {SGEMM: limits.product(each)},
        lambda: Agreement(
            farthest(torch.no_grad()(network)(x)[0], as_usual(network, x)), 1e-3, "outputs, memory as usual"
        ),
        {SGEMM: 0.97},
        "percent",
    )


def raw(size: int, boxes: int) -> list[Tensor]:
    """Outputs of a network that is sure of about as many boxes, as trained ones are."""
    dice = torch.Generator().manual_seed(5)
    outputs = [torch.randn(1, 3 * 606, size // s, size // s, generator=dice) for s in (32, 16, 8)]
    anchors = sum(3 * o.shape[-1] ** 2 for o in outputs)
    for output in outputs:
        rows = output.view(1, 3, 606, -1)
        rows[:, :, 4] = torch.where(
            torch.rand(rows[:, :, 4].shape, generator=dice) < boxes / anchors, 4.0, -9.0
        )
        rows[:, :, 5:] *= 3
    return [output.contiguous(memory_format=torch.channels_last) for output in outputs]


def postprocessing(size: int, boxes: int) -> Contest:
    """Both read a box as its best object; lightnet writes into what it is given, so it gets a copy."""
    from lightnet.data.transform import NMS, GetMultiScaleAnchorBoxes

    network, outputs = yolo(), raw(size, boxes)
    scales = zip(network.anchors.split_scales(), network.stride, strict=True)
    anchors = [scale.as_output(stride) for scale, stride in scales]
    window = torch.tensor([WHOLE])
    mine: list[Tensor] = []
    read, suppress = GetMultiScaleAnchorBoxes(SCORE, network.stride, network.anchors), NMS(IOU)

    def copy() -> None:
        mine[:] = [output.clone() for output in outputs]

    def ours() -> Tensor:
        found = [candidates(o, a, SCORE, "softmax") for o, a in zip(outputs, anchors, strict=True)]
        box, object, score, image = (torch.cat(part) for part in zip(*found, strict=True))
        regions = pack_regions(box, object, score, image, window, IOU)
        return torch.cat([regions.boxes, regions.score[:, None], regions.object[:, None]], 1)

    def theirs() -> Tensor:
        return suppress(read(mine))

    def agree() -> Agreement:
        copy()
        rows, own = theirs(), ours()
        middle, half = rows[:, 1:3] / size, rows[:, 3:5] / size / 2
        box = torch.cat([middle - half, middle + half], 1).clamp(0, 1)
        rows = torch.cat([box, rows[:, 5:7]], 1)[(box[:, 2:] > box[:, :2]).all(1)]
        if len(rows) != len(own):
            return Agreement(abs(len(rows) - len(own)), 0, "numbers of boxes")
        order = [r[:, 4].argsort() for r in (own, rows)]
        return Agreement(float((own[order[0]] - rows[order[1]]).abs().max()), 1e-4, f"{len(own)} boxes kept")

    return Contest(
        f"YOLOv3-{size} post-processing, {boxes:,} boxes before suppression",
        Way(ours),
        {"lightnet": Way(theirs, prepare=copy)},
        agree,
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
    net, network = networks.emonet(), yolo()
    x = net.prepare(networks.pictures(images, (227, 227)).classifier_view)
    y = torch.rand(1, 3, 608, 608).contiguous(memory_format=torch.channels_last)
    for name, whole, given in (("EmoNet", net, x), ("YOLOv3-608", network, y)):
        narrow = Narrow(whole)
        with torch.no_grad():
            one, two = whole(given), narrow(given)
        if isinstance(one, list):
            told = f"outputs by {farthest(two[0], one[0]):.1g} of the largest"
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
