"""The only reader of weights: files are read as tensors and never executed."""

import codecs
import hashlib
import pickle
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path

import platformdirs
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.network.checkpoint import (
    INDEX,
    check_whole,
    file_within,
    named_as_in,
    shards_of,
    stand_ins,
    told_of_prefix,
    unnested,
    without_wrappers,
)
from emocam.settings.read_files import noted

GLANCE = 512
"""Bytes of a file that tell what it is."""
MARKS = {
    "a picture": (b"\x89PNG", b"\xff\xd8\xff", b"GIF8"),
    "an HDF5 file, as of Keras": (b"\x89HDF",),
    "a PDF": (b"%PDF",),
    "compressed; unpack it first": (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf"),
}
"""Kinds of files by their first bytes."""
SUFFIXES = (".pth", ".pt", ".bin", ".safetensors", ".ckpt", ".tar", ".index.json")


def is_file(weights: str) -> bool:
    """Check that the setting names a file rather than a library's weights."""
    return weights.endswith(SUFFIXES) or "/" in weights


def cached(name: str) -> Path:
    """Return the path where `emocam fetch` puts, and EmoCAM looks for, a file of known weights."""
    return platformdirs.user_cache_path("emocam") / "weights" / name


def file_sha256(path: str | Path) -> str:
    """Return the file's sha256."""
    with noted(Path(path).expanduser()).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(network: nn.Module) -> str:
    """Return a sha256 over a network's tensors, whatever their names: cutting it makes no difference."""
    return tensors_digest(network.state_dict().values())


def tensors_digest(tensors: Iterable[Tensor]) -> str:
    """Return a sha256 over tensors in any order."""
    digests = []
    for tensor in tensors:
        whole = tensor.detach().cpu().contiguous()
        digest = hashlib.sha256(f"{whole.dtype} {tuple(whole.shape)}".encode())
        digest.update(whole.flatten().view(torch.uint8).numpy().data)
        digests.append(digest.hexdigest())
    return hashlib.sha256(" ".join(sorted(digests)).encode()).hexdigest()


def read_weights(path: str | Path, setting: str = "classifier.weights") -> dict[str, Tensor]:
    """Read a checkpoint's tensors by name, wherever they lie in it; `setting` named the file.

    What parallel and compiled networks add to the names is removed. A folder is one of Hugging Face.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        within = file_within(path)
        if within is None:
            raise _unlike_weights(path, setting, "it is a folder")
        path = within
    if not path.is_file():
        raise SettingError(f"{setting}: there is no file {path}")
    if path.name.endswith(INDEX):
        parts = [_read_file(shard, setting) for shard in shards_of(path, setting)]
        return _each_once((pair for part in parts for pair in part.items()), path, setting)
    check_whole(path, setting)
    return _read_file(path, setting)


def _read_file(path: Path, setting: str) -> dict[str, Tensor]:
    """Return the tensors of one file by name."""
    unread: list[tuple[type, str]] = []
    try:
        if path.suffix == ".safetensors":
            state: object = load_file(noted(path))
        else:
            check_archive(path)
            unread = stand_ins(path)
            with warnings.catch_warnings(), torch.serialization.safe_globals(list(unread)):
                warnings.simplefilter("ignore")  # of sparse and quantized tensors, which are refused below
                state = torch.load(noted(path), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # torch's own words recommend to read it without the check
        reason = _known_kind(path) or "it holds something else than tensors"
        raise _unlike_weights(path, setting, reason) from None
    except Exception as error:  # whatever its bytes lead to, MemoryError among it
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise _unlike_weights(path, setting, _known_kind(path) or reason[:160]) from None
    state = unnested(state)
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        if unread:
            kinds = ", ".join(name for _, name in unread[:3])
            whole = f"it holds something else than tensors: objects of {kinds}"
            raise _unlike_weights(path, setting, f"{whole}, whose code is not run")
        raise SettingError(f"{setting}: {path} holds a {type(state).__name__}, expected a plain state dict")
    for name, value in state.items():
        if fault := _tensor_fault(name, value):
            raise SettingError(f"{setting}: {path} must hold plain tensors by name, and {fault}")
    return _each_once(((without_wrappers(name), value) for name, value in state.items()), path, setting)


def _each_once(pairs: Iterable[tuple[str, Tensor]], path: Path, setting: str) -> dict[str, Tensor]:
    """Return tensors by their names; of two that are called alike nobody knows which is meant."""
    found: dict[str, Tensor] = {}
    for name, value in pairs:
        if name in found and not torch.equal(found[name], value):
            raise SettingError(
                f"{setting}: {path} holds two tensors that are {name} without what parallel networks add to names; "
                "save one of the two networks alone"
            )
        found[name] = value
    return found


def read_metadata(path: Path) -> dict[str, str]:
    """Return what a safetensors file says beside its tensors; nothing where it cannot be read."""
    try:
        with safe_open(noted(path), "pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError):  # whoever reads the tensors says what is wrong with the file
        return {}


def _unlike_weights(path: Path, setting: str, reason: str) -> SettingError:
    return SettingError(
        f"{setting}: {path} is no file of plain weights ({reason}); "
        "expected a state dict saved by torch.save or safetensors"
    )


def _known_kind(path: Path) -> str | None:
    """Return what a file is that was given for one of weights, where its first bytes say it."""
    try:
        with noted(path).open("rb") as file:
            start = file.read(GLANCE)
    except OSError:
        return None
    if not start:
        return "it is empty"
    for kind, mark in MARKS.items():
        if start.startswith(mark):
            return f"it is {kind}"
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)  # the last letter may be cut
    except UnicodeDecodeError:
        return None
    plain = all(letter.isprintable() or letter in "\r\n\t\f\ufeff" for letter in text)
    return f"it is text that begins with {text.strip()[:40]!r}" if plain else None


def check_archive(path: Path) -> None:
    """Refuse an archive that would unfold to more than the file holds; torch stores, and never packs.

    The records' sizes are read from the archive's table alone: nothing is unpacked.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(noted(path)) as archive:
        records = archive.infolist()
    if len({record.filename for record in records}) < len(records):
        raise ValueError("two of its records have one name")
    packed = next((record.filename for record in records if record.compress_type != zipfile.ZIP_STORED), None)
    if packed is not None:
        raise ValueError(f"its record {packed[:60]} is compressed")
    if sum(record.file_size for record in records) > path.stat().st_size:
        raise ValueError("its records are larger than the file")


def _tensor_fault(name: object, value: Tensor) -> str | None:
    """Return what makes an entry of a state dict unlike the numbers of a network, if anything does."""
    if not isinstance(name, str):
        return f"{name!r} is no name"
    if value.device.type == "meta":
        return f"{name} has a shape and no numbers (meta)"
    if value.layout != torch.strided:
        return f"{name} is {str(value.layout).removeprefix('torch.')}"
    if value.is_quantized or value.is_complex():
        return f"{name} holds {str(value.dtype).removeprefix('torch.')}"
    return None


def fit(
    model: nn.Module, state: dict[str, Tensor], path: str | Path, setting: str = "classifier.weights"
) -> str:
    """Load every tensor; a state dict that does not fit is an error that names its keys.

    Return what a person should be told: that the names had a prefix of their own, or nothing.
    """
    state, note = by_own_names(model.state_dict(), state, path)
    check_fit(model.state_dict(), type(model).__name__, state, path, setting)
    model.load_state_dict(state)
    return note


def by_own_names(
    expected: dict[str, Tensor], state: dict[str, Tensor], path: str | Path
) -> tuple[dict[str, Tensor], str]:
    """Return a state by a network's own names, and what a person should be told of the change."""
    named, prefix = named_as_in(expected, state)
    return named, told_of_prefix(path, prefix, [name for name in state if not name.startswith(prefix)])


def check_fit(
    expected: dict[str, Tensor],
    network: str,
    state: dict[str, Tensor],
    path: str | Path,
    setting: str = "classifier.weights",
) -> None:
    """Refuse a state dict whose names, shapes or kinds of numbers are not those of a network."""
    faults = {
        "missing": [name for name in expected if name not in state],
        "unknown": [name for name in state if name not in expected],
        "of another shape": [
            f"{name} {tuple(state[name].shape)} instead of {tuple(expected[name].shape)}"
            for name in expected
            if name in state and state[name].shape != expected[name].shape
        ],
        # a cast would make weights of what are perhaps labels or quantized steps
        "of another kind of number": [
            f"{name} {_kind(state[name])} instead of {_kind(expected[name])}"
            for name in expected
            if name in state and state[name].is_floating_point() != expected[name].is_floating_point()
        ],
    }
    reasons = [
        f"{len(names)} {fault} ({', '.join(names[:3])}{', ...' * (len(names) > 3)})"
        for fault, names in faults.items()
        if names
    ]
    if reasons:
        raise SettingError(f"{setting}: {path} does not fit {network}: {'; '.join(reasons)}")


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
