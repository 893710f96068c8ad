"""The layer a CAM takes in 39 families of timm: shown to be in place, or refused; none may be wrong.

    python benchmarks/layer_families.py [NAME ...]

Random weights. EmoCAM itself changes a patch in each quarter of a view and looks where the layer answers. Here
another view is changed at sixteen places, one at a time, and the middles of what changes in the features that
were cut are held against the places: *right* where they run along with them in both directions (r of at least
.5), *wrong* otherwise. Where timm has intermediates of its own with the same grid, the same is asked of those.
"""

import argparse
import time

import timm
import torch
from timm.data import resolve_model_data_config
from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.network.cut import cut
from emocam.network.layers import default_layer, spatial_layers

FAMILIES = (
    *("beit_base_patch16_224", "cait_xxs24_224", "coat_lite_tiny", "convit_tiny", "convmixer_768_32"),
    *("convnext_atto", "crossvit_tiny_240", "cspresnet50", "davit_tiny", "deit3_small_patch16_224"),
    *("densenet121", "edgenext_xx_small", "efficientformer_l1", "efficientnet_b0", "efficientvit_b0"),
    *("eva02_tiny_patch14_224", "fastvit_t8", "focalnet_tiny_srf", "gcvit_xxtiny", "gmixer_24_224"),
    *("hiera_tiny_224", "hrnet_w18_small", "levit_128s", "maxvit_rmlp_pico_rw_256", "mixer_s16_224"),
    *("mobilenetv3_small_100", "mobilevit_xxs", "mvitv2_tiny", "nest_tiny", "pit_ti_224", "poolformer_s12"),
    *("pvt_v2_b0", "resnet18", "swin_tiny_patch4_window7_224", "tnt_s_patch16_224", "twins_svt_small"),
    *("vit_tiny_patch16_224", "volo_d1_224", "xcit_nano_12_p16_224"),
)
SIDE = 4
"""Places on a side of the view."""
ALONG = 0.5


def changed_views(size: tuple[int, int, int]) -> Tensor:
    """Return a view, and sixteen like it with a patch turned round, one a place of a lattice."""
    views = torch.rand(1, *size, generator=torch.Generator().manual_seed(7)).repeat(1 + SIDE**2, 1, 1, 1)
    _, height, width = size
    tall, wide = height // 6, width // 6
    for place, view in enumerate(views[1:]):
        down, across = divmod(place, SIDE)
        top = round((down + 0.5) / SIDE * height - tall / 2)
        left = round((across + 0.5) / SIDE * width - wide / 2)
        part = view[:, top : top + tall, left : left + wide]
        part.copy_(3 - 2 * part)
    return views


def agreement(activation: Tensor) -> float:
    """Return the lower of the correlations, across and down, of where was changed and where is answered."""
    change = (activation[1:] - activation[:1]).abs().mean(1).double()
    change = change - change.amin((-2, -1), keepdim=True)
    total = change.sum((-2, -1)).clamp(min=1e-30)
    height, width = change.shape[-2:]
    down = (change.sum(-1) * torch.arange(height)).sum(-1) / total
    across = (change.sum(-2) * torch.arange(width)).sum(-1) / total
    place = torch.arange(SIDE**2)
    pairs = ((place // SIDE, down), (place % SIDE, across))
    return min(
        float(torch.corrcoef(torch.stack([asked.double(), found]))[0, 1].nan_to_num(0))
        for asked, found in pairs
    )


def own_intermediate(network: nn.Module, x: Tensor) -> Tensor | None:
    """Return timm's last intermediate (B, C, h, w), or None where it has none."""
    try:
        found = network.forward_intermediates(x, indices=1, intermediates_only=True)[-1]  # type: ignore[operator]
    except Exception:
        return None
    return found if isinstance(found, Tensor) and found.ndim == 4 else None


@torch.no_grad()
def verdict(name: str) -> tuple[str, str]:
    """Return right, wrong or refused, and what was seen."""
    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False).eval().requires_grad_(False)
    size = resolve_model_data_config(network)["input_size"]
    views = changed_views(size)
    try:
        layer = default_layer(spatial_layers(network, views[:2]))
    except SettingError as error:
        return "refused", str(error).removeprefix("classifier.layer: ")[:110]
    features, _ = cut(network, layer, views[:2])
    found = agreement(torch.cat([features(view[None])[0] for view in views]))
    theirs = own_intermediate(network, views[:2])
    grid = f"{layer.name}, {' x '.join(map(str, layer.map_shape))}, r {found:.2f}"
    if theirs is not None:
        grid += f"; timm's own {' x '.join(map(str, theirs.shape[1:]))}"
        if tuple(theirs.shape[-2:]) == layer.layout.grid:
            own = [own_intermediate(network, view[None]) for view in views]
            grid += f", r {agreement(torch.cat([part for part in own if part is not None])):.2f}"
    return "right" if found >= ALONG else "wrong", grid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=FAMILIES)
    torch.set_num_threads(1)
    counts: dict[str, int] = {}
    for name in parser.parse_args().names:
        begun = time.process_time()
        word, seen = verdict(name)
        counts[word] = counts.get(word, 0) + 1
        print(f"{word:8} {name:32} {seen}  ({time.process_time() - begun:.0f} s)", flush=True)
    print(
        f"{sum(counts.values())} families: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
    )


if __name__ == "__main__":
    main()
