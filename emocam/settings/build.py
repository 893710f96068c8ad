"""The one door through which a configuration names code."""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import hydra
from omegaconf import DictConfig, ListConfig, OmegaConf

from emocam.errors import ForeignSetting, SettingError


@dataclass(frozen=True)
class Kind:
    """What may stand at a place of the settings, and which of its parameters may be objects, too.

    `of` is a class or a protocol; `parts` gives a parameter's kind by its name, `*` that of any.
    """

    of: type
    parts: Mapping[str, "Kind"] = field(default_factory=dict)

    def admits(self, found: type) -> bool:
        """Return whether a class is of the kind: a subclass, or for a protocol one with its methods.

        Of our own classes a protocol admits those of its room, since others may have a method of that name.
        """
        if self.of in found.__mro__:
            return True
        if not getattr(self.of, "_is_protocol", False):
            return False
        methods = [name for name, value in vars(self.of).items() if _is_method(name, value)]
        ours, room = _room(found), _room(self.of)
        return ours in (None, room) and all(
            any(name in vars(base) for base in found.__mro__) for name in methods
        )


def _is_method(name: str, value: object) -> bool:
    return inspect.isfunction(value) and (name == "__call__" or not name.startswith("_"))


def _room(found: type) -> str | None:
    """Return the package of ours that holds a class; None where it is not ours."""
    first, _, rest = found.__module__.partition(".")
    return rest.partition(".")[0] if first == "emocam" else None


def _resolve(target: str) -> Any:
    """Return the object of a dotted path: the longest importable module, then attributes."""
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


def check_target(place: str, target: object, allowed: list[str]) -> type:
    """Return the class that a target names. Refuses whatever is no class of ours, or of a module named in
    `allow`: before it is imported, by its name, and after, by where it really comes from.
    """
    open_to = ["emocam", *allowed]

    def within(name: str) -> bool:
        return any(name == module or name.startswith(f"{module}.") for module in open_to)

    refusal = ForeignSetting(
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
    return found


def _check_kinds(node: Any, place: str, kind: Kind | None, allowed: list[str]) -> None:
    """Check each `_target_` of a node against the kind of its place, whatever it lies below."""
    if isinstance(node, dict):
        parts: Mapping[str, Kind] = kind.parts if kind else {}
        if "_target_" in node:
            found = check_target(f"{place}._target_", node["_target_"], allowed)
            if kind is None:
                raise ForeignSetting(f"{place} takes no object, got {place}._target_={node['_target_']}")
            if not kind.admits(found):
                raise ForeignSetting(
                    f"{place}._target_ must name a class of the kind {kind.of.__module__}.{kind.of.__name__}, "
                    f"got {node['_target_']!r}"
                )
        for key, value in node.items():
            _check_kinds(value, f"{place}.{key}", parts.get(key, parts.get("*")), allowed)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            _check_kinds(value, f"{place}[{number}]", kind, allowed)


EXTRAS = {
    "timm": "timm",
    "cv2": "opencv",
    "lightnet": "lightnet",
    "brambox": "lightnet",
    "h5py": "demo",
}


def build(
    node: DictConfig | ListConfig | None, place: str, allowed: list[str], kind: Kind, **given: Any
) -> Any:
    """Return the object that a node of the settings describes, which must be of a kind; None for none."""
    if node is None:
        return None
    plain = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    if not isinstance(plain, dict) or "_target_" not in plain:
        raise SettingError(f"{place} must name a class by {place}._target_, got {str(plain)[:120]}")
    _check_kinds(plain, place, kind, allowed)
    try:
        return hydra.utils.instantiate(OmegaConf.create(plain), _convert_="all", **given)
    except hydra.errors.InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, SettingError):
            raise cause from None
        if isinstance(cause, TypeError):
            raise SettingError(f"{place} does not fit {plain['_target_']}: {cause}") from None
        raise
