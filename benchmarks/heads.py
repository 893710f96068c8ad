"""Methods that ask EmoNet's head alone, beside captum; the pass through the features is nobody's."""

from collections.abc import Iterator
from functools import partial

import libraries
import networks
import torch
from racing import Agreement, Contest, Way, farthest

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.lift import LIFTCAM
from emocam.cam.lime import LIMECAM
from emocam.cam.lrp import LRP
from emocam.cam.shapley import ShapleyCAM

ONE, BATCHED = "captum, one at a time", "captum, batched"
ALONE = "captum, one evaluation at a time"


def alike(cam: CAM, library: libraries.Weigh, forward: ForwardPass) -> Agreement:
    theirs = library(forward.activation, forward.target)
    return Agreement(farthest(cam.channel_weights(forward), theirs), 1e-4, "weights")


def forget(forward: ForwardPass) -> None:
    """A pass that no method has asked yet."""
    forward._gradients.clear()


def on_the_head(small: bool) -> Iterator[Contest]:
    """LIFT and LRP."""
    images = 2 if small else 32
    forward = libraries.pass_of(networks.emonet(), networks.pictures(images, (227, 227)))
    activation, target = forward.activation.detach(), forward.target
    for name, cam, library in (
        ("LIFT", LIFTCAM(), libraries.deeplift(forward)),
        ("LRP", LRP(), libraries.lrp(forward)),
    ):
        yield Contest(
            f"{name}, EmoNet's head, batch {images}",
            Way(partial(cam.channel_weights, forward), images, partial(forget, forward)),
            {
                ONE: Way(partial(library, activation[:1], target[:1])),
                BATCHED: Way(partial(library, activation, target), images),
            },
            partial(alike, cam, library, forward),
            {ONE: 4, BATCHED: 1.4},
        )


def limes(small: bool) -> Iterator[Contest]:
    forward = libraries.pass_of(networks.emonet(), networks.pictures(2 if small else 8, (227, 227)))
    activation, target = forward.activation.detach(), forward.target
    cam, few = LIMECAM(samples=256), LIMECAM(samples=16 if small else 64)

    def agree() -> Agreement:
        theirs = libraries.lime_of_our_coalitions(forward, few)
        return Agreement(farthest(few.channel_weights(forward)[0], theirs), 1e-2, "ridge, equal coalitions")

    others: dict[str, Way] = {}
    for batch in (1, 32, 256):
        name = f"captum, {batch} at once" if batch > 1 else ALONE
        library = libraries.lime(forward, 256, batch)
        others[name] = Way(partial(library, activation[:1], target[:1]))
    goals = dict.fromkeys(others, 5.0) | {ALONE: 25}
    yield Contest(
        "LIME, 256 samples, EmoNet's head, batch 8",
        Way(lambda: cam.channel_weights(forward), len(activation)),
        others,
        agree,
        goals,
    )


def shapleys(small: bool) -> Iterator[Contest]:
    forward = libraries.pass_of(networks.emonet(), networks.pictures(2 if small else 8, (227, 227)))
    cam = ShapleyCAM(pairs=1)
    order = torch.randperm(forward.activation.shape[1], generator=torch.Generator().manual_seed(cam.seed))

    def agree() -> Agreement:
        theirs = libraries.shapley(forward, 128, [order, order.flip(0)])()
        return Agreement(farthest(cam.channel_weights(forward)[0], theirs[0]), 1e-2, "weights, equal orders")

    yield Contest(
        "Shapley, one antithetic pair, EmoNet's head, batch 8",
        Way(lambda: cam.channel_weights(forward), len(forward.activation)),
        {
            f"captum, two orders, {batch} at once": Way(libraries.shapley(forward, batch))
            for batch in (32, 128)
        },
        agree,
        {f"captum, two orders, {batch} at once": 4.5 for batch in (32, 128)},
    )
