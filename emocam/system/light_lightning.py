"""Lightning without what it imports and no command here uses.

Lightning needs two classes of torchmetrics and one of PyTorch's compiler. The packages around them import sympy,
triton, torchvision and transformers, two seconds of each command. Both are there in full as soon as anything else
is asked of them.
"""

import importlib
import importlib.metadata
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType

LIGHTNING = "pytorch_lightning"
METRICS = "torchmetrics"
CLASSES = {"Metric": "metric", "MetricCollection": "collections"}
"""What Lightning names of torchmetrics, and the part that it is in."""
COMPILER = "torch._dynamo"
COMPILED = f"{COMPILER}.eval_frame"
"""The part of the compiler with the class of compiled networks."""


def lighten_lightning() -> None:
    """Let the first import of Lightning, whenever it comes, leave out what is not needed."""
    if LIGHTNING not in sys.modules:
        sys.meta_path.insert(0, _LightFinder())


class _LightFinder(MetaPathFinder):
    """Finds Lightning where it is, once, and has it loaded by `_LightLoader`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != LIGHTNING:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _LightLoader(spec.loader)
        return spec


class _LightLoader(Loader):
    """Executes a module while torchmetrics and the compiler are light; in full where its version needs more."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        try:
            import_light_metrics()
            with light_compiler():
                self.loader.exec_module(module)
        except (ImportError, AttributeError, TypeError):
            _forget(METRICS, LIGHTNING, "lightning_fabric")
            sys.modules[LIGHTNING] = module
            self.loader.exec_module(module)


def import_light_metrics() -> None:
    """Import the classes that Lightning names; torchmetrics itself is executed when anything else is asked of it."""
    spec = None if METRICS in sys.modules else PathFinder.find_spec(METRICS)
    if spec is None or spec.loader is None:
        return
    loader = spec.loader
    front = sys.modules[METRICS] = module_from_spec(spec)
    names = vars(front)
    names["_logger"] = logging.getLogger(METRICS)
    names["__version__"] = importlib.metadata.version(METRICS)
    importlib.import_module(f"{METRICS}.utilities")  # the others import it, and it them
    names |= {
        name: getattr(importlib.import_module(f"{METRICS}.{part}"), name) for name, part in CLASSES.items()
    }

    def execute(name: str) -> object:
        names.pop("__getattr__", None)
        loader.exec_module(front)
        return getattr(front, name)

    names["__getattr__"] = execute


class _OfCompiled(type):
    """The type of `Compiled`: nothing is a compiled network before the compiler is loaded."""

    def __instancecheck__(cls, instance: object) -> bool:
        loaded = sys.modules.get(COMPILED)
        return loaded is not None and isinstance(instance, loaded.OptimizedModule)


class Compiled(metaclass=_OfCompiled):
    """What stands in Lightning for the class of compiled networks."""


@contextmanager
def light_compiler() -> Iterator[None]:
    """Put `Compiled` in the compiler's place while Lightning is imported, unless the compiler is loaded already."""
    if COMPILER in sys.modules:
        yield
        return
    front = sys.modules[COMPILER] = ModuleType(COMPILER)
    vars(front).update(OptimizedModule=Compiled, disable=_disable)
    try:
        yield
    finally:
        if sys.modules.get(COMPILER) is front:
            del sys.modules[COMPILER]


def _disable(function: Callable[..., object], recursive: bool = True, *, reason: str | None = None) -> object:
    """Mark a function of Lightning as the compiler does, which is to leave it alone."""
    vars(function)["_torchdynamo_disable"] = True
    return function


def _forget(*packages: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]
