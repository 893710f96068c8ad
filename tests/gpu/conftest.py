"""An accelerator that is only pretended: tensors that say they are on one, and a list of all that waits for it.

Nobody can wait for a GPU that is not there, but everybody can be watched asking. Tensors of `Pretended`
compute on the processor and say `cuda` of themselves, so that code takes the way it takes on a GPU;
`Watch` notes each call for which CUDA would make the host wait (what `torch.cuda.set_sync_debug_mode`
tells on a real one, and what cuSOLVER and torchvision do inside), also where one of torch's functions makes
it in its own code, and refuses what a real one refuses:
tensors of both sides in one operation.
"""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from emocam.records.base import Record

CUDA = torch.device("cuda", 0)
ASKS = frozenset(
    (
        *("item", "tolist", "numpy", "__array__", "__bool__", "__int__", "__float__", "__index__", "__contains__"),
        *("cpu", "nonzero", "argwhere", "masked_select", "masked_scatter", "unique", "_return_inverse"),
        *("_return_output", "_unique2", "unique_consecutive", "bincount", "equal", "allclose", "is_nonzero"),
        *("eigh", "eigvalsh", "solve", "inv", "cholesky", "svd", "svdvals", "lstsq", "qr", "nms"),
    )
)  # fmt: skip
"""Names of functions for whose answer, or its size, the host waits."""
INSIDE = frozenset(
    (
        *("aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal", "aten::bincount"),
        *("aten::_unique2", "aten::unique_consecutive", "aten::unique_dim", "torchvision::nms"),
        *("aten::_linalg_eigh", "aten::linalg_lstsq", "aten::_linalg_check_errors"),
    )
)  # fmt: skip
"""Operations for which the host waits, whoever asks for them: torch's own functions consist of others."""
HERE_ALONE = frozenset(("one_hot",))
"""Functions that look at their numbers on a processor, and on CUDA leave that to the kernel."""
EITHER = frozenset(("__getitem__", "__setitem__", "to", "copy_", "index_put_", "type_as", "__set__"))
"""Functions that take tensors of both sides."""


class Pretended(Tensor):
    """A tensor that says it is on an accelerator, while a Watch looks."""


def here(value: Any) -> Any:
    """The same on the pretended accelerator: tensors, records, and networks in place."""
    if isinstance(value, nn.Module):
        for module in value.modules():
            for own in (module._parameters, module._buffers):
                own.update({name: here(held) for name, held in own.items() if held is not None})
        return value
    if isinstance(value, Record):
        return value._with_each(here)
    return value if isinstance(value, Pretended) else value.detach().as_subclass(Pretended)


def back(value: Any) -> Any:
    """The same as usual tensors."""
    if isinstance(value, Record):
        return value._with_each(back)
    with torch._C.DisableTorchFunctionSubclass():
        return value.detach().as_subclass(Tensor)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _on_host(value: Any) -> Any:
    """Arguments whose devices are those that there are."""
    if isinstance(value, torch.device | str) and str(value).startswith("cuda"):
        return torch.device("cpu")
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(map(_on_host, value))
    return value


def _moved(result: Any) -> Any:
    if isinstance(result, Tensor):
        return result if isinstance(result, Pretended) else result.as_subclass(Pretended)
    if isinstance(result, list | tuple):
        moved = [_moved(item) for item in result]
        return type(result)(moved) if type(result) in (list, tuple) else type(result)(tuple(moved))
    return result


@dataclass
class Wait:
    """A call that makes the host wait, and the line of ours that it stands in."""

    name: str
    line: str


class Inside(TorchDispatchMode):
    """What the functions that are called consist of, while one of the accelerator's is."""

    def __init__(self) -> None:
        super().__init__()
        self.listening, self.asked = False, list[str]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().split(".")[0]
        kwargs = kwargs or {}
        waits = (
            name in INSIDE,
            name == "aten::index" and _is_masked(args[1]),
            name == "aten::repeat_interleave" and kwargs.get("output_size") is None,
        )
        if self.listening and any(waits):
            self.asked.append(name)
        return func(*args, **kwargs)


def _is_masked(index: Any) -> bool:
    return any(part is not None and part.dtype in (torch.bool, torch.uint8) for part in index)


@dataclass
class Watch(TorchFunctionMode):
    """All that waits while it looks."""

    waits: list[Wait] = field(default_factory=list)
    inside: Inside = field(default_factory=Inside)

    def __post_init__(self) -> None:
        super().__init__()

    def _note(self, name: str) -> None:
        frames = [frame for frame in traceback.extract_stack() if "/emocam/" in frame.filename]
        last = frames[-1] if frames else traceback.extract_stack()[0]
        self.waits.append(Wait(name, f"{last.filename.split('/emocam/')[-1]}:{last.lineno} {last.line}"))

    def __torch_function__(self, func: Callable, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.device:  # a word, not a place
            return func(*args, **kwargs)
        name = getattr(func, "__name__", str(func)).removeprefix("linalg_")
        tensors = list(_tensors([*args, *kwargs.values()]))
        among = any(isinstance(tensor, Pretended) for tensor in tensors)
        if func in (Tensor.device.__get__, Tensor.is_cuda.__get__, Tensor.get_device):
            return _whereabouts(func, args[0])
        target = _target(func, name, args, kwargs, among)
        noted = len(self.waits)
        if among or target:
            self._judge(name, args, kwargs, tensors, target)
        rewritten = [_on_host(arg) for arg in args], {key: _on_host(arg) for key, arg in kwargs.items()}
        with torch._C.DisableTorchFunctionSubclass():
            self.inside.listening, self.inside.asked = among or target, []
            result = func(*rewritten[0], **rewritten[1])
            self.inside.listening = False
            if (
                len(self.waits) == noted and name not in HERE_ALONE
            ):  # the function by itself was thought not to wait
                for asked in self.inside.asked:
                    self._note(f"{name}, by {asked}")
            if name == "__set__" or not target:
                return back_from(result)
            return _moved(result)

    def _judge(self, name: str, args: Any, kwargs: Any, tensors: list[Tensor], target: bool) -> None:
        on_device = [isinstance(tensor, Pretended) for tensor in tensors]
        large = [t for t, there in zip(tensors, on_device, strict=True) if not there and t.ndim]
        if any(on_device) and large and name not in EITHER:
            raise AssertionError(f"{name} meets tensors of the host and of the accelerator")
        ahead = kwargs.get("non_blocking", False) or (name == "to" and any(arg is True for arg in args[1:]))
        source = bool(tensors) and isinstance(tensors[0], Pretended)
        if name in ("to", "copy_") and source != target and not ahead:
            self._note(f"{name}, to {'the accelerator' if target else 'the host'}")
        waits = (
            name in ASKS and any(on_device),
            name in ("tensor", "as_tensor", "new_tensor") and target and on_device.count(True) < 2,
            name == "repeat_interleave" and len(tensors) == 2 and "output_size" not in kwargs,
            name in ("__getitem__", "__setitem__") and source and _index_waits(name, args),
            name == "matrix_norm" and args[1:2] in ((2,), ("nuc",)),
        )
        if any(waits):
            self._note(name)


def back_from(result: Any) -> Any:
    """Results on the host are plain tensors, whatever they were made of."""
    return result.as_subclass(Tensor) if isinstance(result, Pretended) else result


def _whereabouts(func: Callable, tensor: Tensor) -> Any:
    there = isinstance(tensor, Pretended)
    if func == Tensor.device.__get__:
        return CUDA if there else torch.device("cpu")
    return there if func == Tensor.is_cuda.__get__ else 0 if there else -1


def _target(func: Callable, name: str, args: Any, kwargs: Any, among: bool) -> bool:
    """Whether the result is on the accelerator."""
    if name in ("cpu", "numpy", "__array__"):
        return False
    named = kwargs.get("device")
    if name == "to":
        named = named or next((a for a in args[1:] if isinstance(a, torch.device | str)), None)
        others = [a for a in args[1:] if isinstance(a, Tensor)]
        if named is None and others:
            return isinstance(others[0], Pretended)
        if named is None:
            return isinstance(args[0], Pretended)
    if name == "copy_" or name == "__setitem__":
        return isinstance(args[0], Pretended)
    return among if named is None else str(named).startswith("cuda")


def _index_waits(name: str, args: Any) -> bool:
    """By a mask, whose count decides the size; by a list or by numbers of the host, which are copied first."""
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    if name == "__setitem__":
        value = args[2]
        if isinstance(value, Tensor) and value.ndim and not isinstance(value, Pretended):
            return True
        mask = len(index) == 1 and isinstance(index[0], Tensor) and index[0].dtype == torch.bool
        if mask and not (isinstance(value, Tensor) and value.numel() > 1):
            return not isinstance(index[0], Pretended)  # filled in place, without a count
    for part in index:
        if isinstance(part, list):
            return True
        if isinstance(part, Tensor) and (
            part.dtype == torch.bool or (part.ndim and not isinstance(part, Pretended))
        ):
            return True
    return False


@contextmanager
def watching() -> Iterator[list[Wait]]:
    watch = Watch()
    with watch, watch.inside:
        yield watch.waits


@pytest.fixture
def pretended() -> Callable[[Any], Any]:
    """`pretended(record or network)` on the accelerator that is not there."""
    return here


@pytest.fixture
def host() -> Callable[[Any], Any]:
    """`host(record or tensor)` as usual tensors again, whoever watches."""
    return back


@pytest.fixture
def watch() -> Callable[[], Any]:
    """`with watch() as waits:` lists what would have waited for the accelerator."""
    return watching
