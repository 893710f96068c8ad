"""The tensors within a training framework's checkpoint: where they lie, and by which names."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from emocam.errors import SettingError
from emocam.settings.read_files import noted

NESTS = (
    *("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights"),
    *("params", "state_dict_ema", "model_ema", "ema_state_dict", "ema", "params_ema"),
)
"""Entries that hold a network's tensors, in the order in which they are looked for: averaged ones come last."""
DEEPEST = 4
"""The most entries within entries that are opened."""
WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile and FSDP put between the parts of a name."""
PREFIXES = ("model.", "net.", "network.", "module.", "classifier.", "backbone.", "encoder.")
"""Of several networks in one file, the one with the first of these names is taken."""
EXTRA = "_extra_state"
"""Entries of a state dict that are no tensors of the network."""
INDEX = ".index.json"
WITHIN = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Files of weights in a folder that Hugging Face's `save_pretrained` left."""
SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.")
ENOUGH = 0.5
"""The share of a network's names that must be found for a prefix to be taken off."""


class Unread:
    """The place of an object in a file that is no tensor: its class is not imported and nothing of it is kept."""

    def __new__(cls, *_: object, **__: object) -> "Unread":
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass

    def __setitem__(self, _: object, __: object) -> None:
        pass


def stand_ins(path: Path) -> list[tuple[type, str]]:
    """Return an `Unread` for each class that a file of torch.save names and that is none of torch's own.

    With these in their place nothing of theirs is imported or run: Lightning's hyper-parameters, say.
    """
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(noted(path))
    except Exception:  # of a file that torch cannot look into; whoever loads it says what it is
        return []
    # a class of its own a name, since torch looks allowed ones up by their name
    return [(type(name.rpartition(".")[2], (Unread,), {}), name) for name in sorted(names)]


def unnested(value: object) -> object:
    """Return the dictionary of tensors within a checkpoint; the checkpoint itself where there is none."""
    for _ in range(DEEPEST):
        if not isinstance(value, Mapping) or _is_flat(value):
            break
        inner = next((value[name] for name in NESTS if _holds_tensors(value.get(name))), None)
        if inner is None:
            others = [entry for entry in value.values() if _holds_tensors(entry)]
            if len(others) != 1:
                break
            inner = others[0]
        value = inner
    if isinstance(value, Mapping) and _is_flat(value):
        return {name: entry for name, entry in value.items() if not str(name).endswith(EXTRA)}
    return value


def _is_flat(entries: Mapping[object, object]) -> bool:
    """Return whether all entries are tensors, but for what a module keeps beside them."""
    return all(isinstance(entry, Tensor) or str(name).endswith(EXTRA) for name, entry in entries.items())


def _holds_tensors(entry: object, depth: int = DEEPEST) -> bool:
    if not isinstance(entry, Mapping) or not depth:
        return False
    # an optimiser's state has tensors by number
    named = [value for name, value in entry.items() if isinstance(name, str)]
    return any(isinstance(value, Tensor) for value in named) or any(
        _holds_tensors(entry.get(name), depth - 1) for name in NESTS
    )


def without_wrappers(name: str) -> str:
    """Return a tensor's name without what parallel and compiled networks add to it."""
    for wrapper in WRAPPERS:
        name = name.replace(wrapper, "")
    return name.removeprefix("module.")


def file_within(folder: Path) -> Path | None:
    """Return the file of weights in a folder of Hugging Face, or None."""
    return next((folder / name for name in WITHIN if (folder / name).is_file()), None)


def shards_of(index: Path, setting: str) -> list[Path]:
    """Return the files that an index of shards names; one that is missing is an error."""
    try:
        names = sorted(set(json.loads(noted(index).read_text(encoding="utf-8"))["weight_map"].values()))
        if not all(isinstance(name, str) and Path(name).name == name for name in names):
            raise ValueError("its shards must lie beside it")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(
            f"{setting}: {index} is no index of shards ({str(error)[:120] or type(error).__name__}); expected "
            "JSON with a weight_map from each tensor's name to its file"
        ) from None
    files = [index.parent / name for name in names]
    if missing := [file.name for file in files if not file.is_file()]:
        raise SettingError(
            f"{setting}: {len(missing)} of the {len(files)} shards that {index} names are missing "
            f"({', '.join(missing[:3])}{', ...' * (len(missing) > 3)}); put them beside it"
        )
    return files


def check_whole(path: Path, setting: str) -> None:
    """Refuse a file that by its name is one of several shards."""
    if (found := SHARD.search(path.name)) and int(found[2]) > 1:
        index = f"{path.name[: found.start()]}{path.suffix}{INDEX}"
        raise SettingError(
            f"{setting}: {path} is shard {int(found[1])} of {int(found[2])}; give {setting}={path.parent / index}, "
            "which names all of them, with the shards beside it"
        )


def named_as_in(expected: Mapping[str, Tensor], state: dict[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """Return a state by a network's own names, and the prefix that was taken off; none where it fits as it is.

    Tensors without the prefix are left out: those of a loss, say.
    """
    if not expected or any(name in state for name in expected):
        return state, ""
    shares = {prefix: _share(expected, state, prefix) for prefix in _prefixes(expected, state)}
    best = max(shares.values(), default=0.0)
    if best < ENOUGH:
        return state, ""
    fitting = [prefix for prefix, share in shares.items() if share == best]
    prefix = next((known for known in PREFIXES if known in fitting), fitting[0])
    return {name.removeprefix(prefix): t for name, t in state.items() if name.startswith(prefix)}, prefix


def _prefixes(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    """Return what stands before a name of the network, of those that lie deepest, in the file's order."""
    longest = sorted(expected, key=lambda name: (-name.count("."), -len(name)))[:3]
    return list(
        dict.fromkeys(name.removesuffix(own) for name in state for own in longest if name.endswith(f".{own}"))
    )


def _share(expected: Mapping[str, Tensor], state: Mapping[str, Tensor], prefix: str) -> float:
    return sum(f"{prefix}{name}" in state for name in expected) / len(expected)


def told_of_prefix(path: str | Path, prefix: str, left: list[str]) -> str:
    """Return the sentence on a prefix that was taken off, and on the tensors without it."""
    if not prefix:
        return ""
    beside = f"; {len(left)} other tensors ({', '.join(left[:3])}{', ...' * (len(left) > 3)}) are not used"
    return (
        f"classifier.weights: the names in {Path(path).name} begin with {prefix!r}, which was taken off"
        + (beside if left else "")
    )
