"""The only reader of weights: files are read as tensors and never executed."""

import hashlib
import pickle
from pathlib import Path

import platformdirs
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from emocam.errors import SettingError

SUFFIXES = (".pth", ".pt", ".bin", ".safetensors")


def is_file(weights: str) -> bool:
    """Check that the setting names a file rather than a library's weights."""
    return weights.endswith(SUFFIXES) or "/" in weights


def cached(name: str) -> Path:
    """Return the path where `emocam fetch` puts, and EmoCAM looks for, a file of known weights."""
    return platformdirs.user_cache_path("emocam") / "weights" / name


def file_sha256(path: str | Path) -> str:
    """Return the file's sha256."""
    with Path(path).expanduser().open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(network: nn.Module) -> str:
    """Return a sha256 over a network's tensors, whatever their names: cutting it makes no difference."""
    digests = []
    for tensor in network.state_dict().values():
        whole = tensor.detach().cpu().contiguous()
        digest = hashlib.sha256(f"{whole.dtype} {tuple(whole.shape)}".encode())
        digest.update(whole.flatten().view(torch.uint8).numpy().data)
        digests.append(digest.hexdigest())
    return hashlib.sha256(" ".join(sorted(digests)).encode()).hexdigest()


def read_weights(path: str | Path, setting: str = "classifier.weights") -> dict[str, Tensor]:
    """Read a plain state dict and remove DataParallel's `module.`; `setting` named the file."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise SettingError(f"{setting}: there is no file {path}")
    try:
        if path.suffix == ".safetensors":
            state: object = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (
        SafetensorError,
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        OSError,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SettingError(
            f"{setting}: {path} is no file of plain weights ({reason[:160]}); "
            "expected a state dict saved by torch.save or safetensors"
        ) from None
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise SettingError(f"{setting}: {path} holds a {type(state).__name__}, expected a plain state dict")
    return {name.removeprefix("module."): value for name, value in state.items()}


def fit(
    model: nn.Module, state: dict[str, Tensor], path: str | Path, setting: str = "classifier.weights"
) -> None:
    """Load every tensor; a state dict that does not fit is an error that names its keys."""
    expected = model.state_dict()
    faults = {
        "missing": [name for name in expected if name not in state],
        "unknown": [name for name in state if name not in expected],
        "of another shape": [
            f"{name} {tuple(state[name].shape)} instead of {tuple(expected[name].shape)}"
            for name in expected
            if name in state and state[name].shape != expected[name].shape
        ],
    }
    reasons = [
        f"{len(names)} {fault} ({', '.join(names[:3])}{', ...' * (len(names) > 3)})"
        for fault, names in faults.items()
        if names
    ]
    if reasons:
        raise SettingError(f"{setting}: {path} does not fit {type(model).__name__}: {'; '.join(reasons)}")
    model.load_state_dict(state)


def read_labels(path: str | Path, setting: str = "classifier.labels") -> list[str]:
    """Return the names of a file, one a line and as they stand there; empty lines at the end do not count."""
    path = Path(path).expanduser()
    try:
        # lines end as editors end them: other characters that Python parts lines at may be in a name
        labels = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{setting}: {path} cannot be read as text ({error})") from None
    while labels and not labels[-1].strip():
        labels.pop()
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice or not all(label.strip() for label in labels) or not labels:
        fault = f"{twice[0]!r} stands twice" if twice else "a line is empty" if labels else "it is empty"
        raise SettingError(f"{setting}: {path} needs one different name a line, but {fault}")
    return labels
