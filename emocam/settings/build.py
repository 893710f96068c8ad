"""The one door through which a configuration names code."""

import importlib
from typing import Any

import hydra
from omegaconf import DictConfig, ListConfig, OmegaConf

from emocam.errors import SettingError


def _targets(node: Any, place: str) -> list[tuple[str, Any]]:
    """Every `_target_` below a node, with its place in the settings."""
    if isinstance(node, dict):
        own = [(f"{place}._target_", node["_target_"])] if "_target_" in node else []
        return own + [found for key, value in node.items() for found in _targets(value, f"{place}.{key}")]
    if isinstance(node, list):
        return [found for i, value in enumerate(node) for found in _targets(value, f"{place}[{i}]")]
    return []


def _resolve(target: str) -> Any:
    """The object of a dotted path: the longest importable module, then attributes."""
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError as error:
            if error.name and not target.startswith(error.name):
                raise  # a part is there, but something it needs is not
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(f"there is no module {target}")


def check_target(place: str, target: object, allowed: list[str]) -> None:
    """Refuses whatever is no class of ours, or of a module named in `allow`: before it is imported,
    by its name, and after, by where it really comes from.
    """
    open_to = ["emocam", *allowed]

    def within(name: str) -> bool:
        return any(name == module or name.startswith(f"{module}.") for module in open_to)

    refusal = SettingError(
        f"{place} must name a class of emocam or of a module in allow=[...] on the command line, "
        f"got {str(target)[:120]!r}"
    )
    if not isinstance(target, str) or not within(target):
        raise refusal
    try:
        found = _resolve(target)
    except AttributeError as error:
        raise SettingError(f"{place} {target!r} cannot be loaded ({error})") from None
    except ImportError as error:
        extra = EXTRAS.get((error.name or "").split(".")[0])
        cure = f"; install it with: pip install 'emocam[{extra}]'" if extra else ""
        raise SettingError(f"{place} {target!r} cannot be loaded ({error}){cure}") from None
    if not isinstance(found, type) or not within(found.__module__):
        raise refusal


EXTRAS = {
    "timm": "timm",
    "cv2": "opencv",
    "lightnet": "lightnet",
    "brambox": "lightnet",
    "h5py": "demo",
}


def build(node: DictConfig | ListConfig | None, place: str, allowed: list[str], **given: Any) -> Any:
    """The object that a node of the settings describes; None for none."""
    if node is None:
        return None
    plain = OmegaConf.to_container(node, resolve=True)
    targets = _targets(plain, place)
    if not targets:
        raise SettingError(f"{place} must name a class by {place}._target_, got {str(plain)[:120]}")
    for where, target in targets:
        check_target(where, target, allowed)
    try:
        return hydra.utils.instantiate(OmegaConf.create(plain), _convert_="all", **given)
    except hydra.errors.InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, SettingError):
            raise cause from None
        if isinstance(cause, TypeError):
            raise SettingError(f"{place} does not fit {plain.get('_target_')}: {cause}") from None  # type: ignore[union-attr]
        raise
