"""Ours beside pytorch-grad-cam and captum on the same GPU: as their documents use them, and batched."""

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from functools import partial
from io import StringIO
from typing import Any

import gpu_clock as clock
import gpu_networks as networks
import torch

from emocam.cam.base import CAM

IMAGES = clock.small(32, 2)


def rows() -> Iterator[dict[str, Any]]:
    net = networks.emonet().to(clock.DEVICE)
    batch = networks.batch(IMAGES, 227).to(clock.DEVICE)
    one = networks.batch(1, 227).to(clock.DEVICE)
    contests = [*grad_cam(net, one, batch), *captum(net, one, batch)]
    for contest in contests:
        if isinstance(contest, dict):
            yield contest
            continue
        if clock.time_is_up():
            return
        name, alone, together = contest
        cam = networks.method(name)
        ours = clock.seconds(partial(cam, net, batch), 2) / IMAGES
        as_documented = clock.seconds(alone, 2, 3)
        row = {
            "method": name,
            "ours, batched": f"{ours * 1e3:.3g} ms",
            "theirs, one at a time": f"{as_documented * 1e3:.3g} ms",
            "ratio": f"{as_documented / ours:.1f}x",
        }
        if together is not None:
            batched = clock.seconds(together, 2, 3) / IMAGES
            row |= {"theirs, batched": f"{batched * 1e3:.3g} ms", "ratio batched": f"{batched / ours:.1f}x"}
        yield row


Contest = tuple[str, Callable[[], Any], Callable[[], Any] | None]


def grad_cam(net: Any, one: Any, batch: Any) -> Iterator[Contest | dict[str, Any]]:
    try:
        from pytorch_grad_cam import AblationCAM, GradCAM, ScoreCAM
    except ImportError as error:
        yield {"without": f"pytorch-grad-cam ({error})"}
        return
    whole = torch.nn.Sequential(net.features, net.head).requires_grad_(True)
    layer = net.features[-1]
    singles, many = net.prepare(one.classifier_view), net.prepare(batch.classifier_view)
    libraries = {"gradcam": GradCAM, "ablation": AblationCAM, "scorecam": ScoreCAM}
    for name, library in clock.small(libraries, {"gradcam": GradCAM}).items():
        made = library(whole, [layer])

        def ask(x: Any, made: Any = made) -> Any:
            with redirect_stderr(StringIO()):
                return made(x, None)

        yield name, lambda ask=ask: ask(singles), (lambda ask=ask: ask(many)) if name == "gradcam" else None


def captum(net: Any, one: Any, batch: Any) -> Iterator[Contest | dict[str, Any]]:
    try:
        from captum.attr import DeepLift, IntegratedGradients, Lime
    except ImportError as error:
        yield {"without": f"captum ({error})"}
        return
    head = CAM().forward_pass(net, one).head.module

    def asked(library: Any, given: Any, **settings: Any) -> Callable[[], Any]:
        def ask() -> Any:
            forward = CAM().forward_pass(net, given)  # ours begins with the picture, too
            leaf = forward.activation.detach().requires_grad_()
            return library.attribute(leaf, target=forward.target, **settings)

        return ask

    for name, library, settings in (
        ("lift", DeepLift(head), {}),
        ("ig", IntegratedGradients(head), {"n_steps": 32}),
    ):
        yield name, asked(library, one, **settings), asked(library, batch, **settings)
    activation = CAM().forward_pass(net, one).activation
    channels = torch.arange(activation.shape[1], device=clock.DEVICE)
    mask = channels.view(1, -1, 1, 1).expand_as(activation).contiguous()
    settings = {"feature_mask": mask, "n_samples": clock.small(256, 8)}
    yield "lime", asked(Lime(head), one, **settings), None
