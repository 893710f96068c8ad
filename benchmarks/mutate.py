"""Whether the tests notice a fault: small ones are planted in the formulas, one at a time.

    python benchmarks/mutate.py --sample 300             three hundred faults drawn by --seed
    python benchmarks/mutate.py --sample 0               every one
    python benchmarks/mutate.py functional/box           of some files
    python benchmarks/mutate.py --out FILE               goes on where FILE stops

Comparisons, operators, numbers, truth values, conditions and functions with a counterpart (min and max, any and
all) are changed; texts and annotations are not. Only the tests that belong to the changed file are run: its mirror
in tests/ and those that import it, and of these only those that come to the changed line, the quickest first.
All tests are imported once, and run once to see who comes where; each fault is then a forked child in which one
function has other code. What runs on import is asked in a session of its own.
A fault that they do not notice survives, and is printed.
"""

import argparse
import ast
import copy
import json
import os
import random
import resource
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType

sys.path.insert(0, str(Path(__file__).parent))

from swap_code import Session

ROOT = Path(__file__).parents[1]
PACKAGE, TESTS = ROOT / "emocam", ROOT / "tests"
ROOMS = ("functional", "metric", "cells")
TOGETHER = 20
"""Faults of one session, by file: what is given up loses the tracing of no other's tests."""
SECONDS = 120
"""Of the processor; a test that takes longer has noticed."""
LIBRARIES = (
    *("hydra", "hypothesis", "matplotlib", "mlflow.tracking", "pandas", "pyarrow.parquet", "pytest"),
    *("pytorch_lightning", "scipy.stats", "sklearn", "torch", "torchmetrics", "torchvision"),
)
"""What the tests import of others."""
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
COUNTERPARTS = dict(
    pair
    for one, other in (
        ("min", "max"), ("amin", "amax"), ("argmin", "argmax"), ("any", "all"), ("zeros", "ones"), ("floor", "ceil"),
        ("minimum", "maximum"), ("zeros_like", "ones_like"), ("cummin", "cummax"), ("isfinite", "isnan"),
        ("sum", "mean"), ("head", "tail"),
    )
    for pair in ((one, other), (other, one))
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One change: the file, the place of its node among all nodes, the line, and before and after in words."""

    file: str
    node: int
    line: int
    words: str

    @property
    def name(self) -> str:
        """What the fault is called in the file of results."""
        return f"{self.file}:{self.line} {self.words} #{self.node}"


def nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what may be changed: no annotations, decorators, raised sentences or imports for types alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        for_types = isinstance(node, ast.If) and getattr(node.test, "id", None) == "TYPE_CHECKING"
        if isinstance(node, ast.Raise) or for_types:
            continue
        yield node
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            waiting += [
                one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)
            ]


def changed(node: ast.AST) -> ast.AST | None:
    """Return the node with a fault in it, or None where there is none to plant."""
    new = copy.copy(node)
    if isinstance(new, ast.Compare) and type(new.ops[0]) in COMPARISONS:
        new.ops = [COMPARISONS[type(new.ops[0])](), *new.ops[1:]]
    elif isinstance(new, ast.BinOp | ast.AugAssign) and type(new.op) in OPERATORS:
        new.op = OPERATORS[type(new.op)]()
    elif isinstance(new, ast.UnaryOp) and not isinstance(new.op, ast.UAdd):
        return new.operand
    elif isinstance(new, ast.BoolOp):
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
    elif isinstance(new, ast.Constant) and isinstance(new.value, bool):
        new.value = not new.value
    elif isinstance(new, ast.Constant) and isinstance(new.value, int | float):
        new.value = new.value + 1 if isinstance(new.value, int) else new.value * 2 + 0.125
    elif isinstance(new, ast.IfExp):
        new.body, new.orelse = new.orelse, new.body
    elif isinstance(new, ast.Attribute) and new.attr in COUNTERPARTS:
        new.attr = COUNTERPARTS[new.attr]
    elif isinstance(new, ast.Name) and new.id in ("min", "max", "any", "all"):
        new.id = COUNTERPARTS[new.id]
    elif isinstance(new, ast.If | ast.While) and isinstance(new.test, ast.Name | ast.Call | ast.Attribute):
        new.test = ast.UnaryOp(ast.Not(), new.test)
    else:
        return None
    return new


def faults_of(file: Path) -> list[Fault]:
    """Return every fault that can be planted in a file."""
    found = []
    for place, node in enumerate(nodes(ast.parse(file.read_text(encoding="utf-8")))):
        if (new := changed(node)) is None:
            continue
        before, after = (
            ast.unparse(ast.fix_missing_locations(one)).splitlines()[0][:120] for one in (node, new)
        )
        found.append(Fault(file.relative_to(PACKAGE).as_posix(), place, node.lineno, f"{before} -> {after}"))
    return found


def lines_of(fault: Fault) -> range | None:
    """Return the lines of the statement in which a fault is, or None where it runs on import."""
    tree = ast.parse((PACKAGE / fault.file).read_text(encoding="utf-8"))
    holding = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= fault.line <= (node.end_lineno or node.lineno)
    ]
    inner = max(holding, key=lambda node: node.lineno)
    functions = [node for node in holding if isinstance(node, ast.FunctionDef) and node is not inner]
    body = getattr(inner, "body", None)
    last = body[0].lineno - 1 if body else inner.end_lineno or inner.lineno
    return range(inner.lineno, max(inner.lineno, last) + 1) if functions else None


def with_fault(fault: Fault) -> str:
    """Return the source of the file with the fault in it."""
    return ast.unparse(tree_with(fault))


def code_with(fault: Fault) -> CodeType:
    """Return the code of the file with the fault in it, its lines as they are."""
    return compile(tree_with(fault), str(PACKAGE / fault.file), "exec", dont_inherit=True)


def tree_with(fault: Fault) -> ast.Module:
    """Return the file's tree with the fault in it."""
    tree = ast.parse((PACKAGE / fault.file).read_text(encoding="utf-8"))
    old = next(node for place, node in enumerate(nodes(tree)) if place == fault.node)
    new = changed(old)
    assert new is not None

    class Plant(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return ast.copy_location(new, old) if node is old else self.generic_visit(node)

    planted: ast.Module = ast.fix_missing_locations(Plant().visit(tree))
    return planted


@cache
def imported(file: Path) -> frozenset[str]:
    """Return the modules of ours that a file imports, and its names as if they were modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(found)


@cache
def tests_of(file: str) -> tuple[str, ...]:
    """Return the tests that belong to a file: its mirror and those that import it, the near rooms' first."""
    module = f"emocam.{file.removesuffix('.py').replace('/', '.')}"
    importing = [test for test in sorted(TESTS.rglob("test_*.py")) if module in imported(test)]
    importing = [
        test for test in importing if test.relative_to(TESTS).parts[0] != "gpu"
    ]  # skipped without one
    near = [test for test in importing if test.relative_to(TESTS).parts[0] in (*ROOMS, "importance")]
    mirror = TESTS / Path(file).with_name(f"test_{Path(file).name}")
    found = {*near, *([mirror] if mirror.is_file() else [])} or set(importing)
    if not found:
        users = [user for user in sorted(PACKAGE.rglob("*.py")) if module in imported(user)]
        names = [user.relative_to(PACKAGE).as_posix() for user in users if user.name != "__init__.py"]
        return tuple(sorted({test for name in names for test in tests_of(name)}))
    return tuple(sorted(test.relative_to(ROOT).as_posix() for test in found))


@cache
def dependents(file: str) -> frozenset[str]:
    """Return the modules of ours in which a file's content is, its own among them: all that import it in the end."""
    names = {source: _module(source) for source in sorted(PACKAGE.rglob("*.py"))}
    imports = {name: imported(source) for source, name in names.items()}
    found, new = set(), {_module(PACKAGE / file)}
    while new:
        found |= new
        new = {name for name, needed in imports.items() if needed & new} - found
    return frozenset(found)


def _module(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def preload(tests: tuple[str, ...] = ()) -> None:
    """Import what tests import, once, so that a forked child need import again only what a fault is in."""
    for name in (*LIBRARIES, *(name for test in tests for name in sorted(imported(ROOT / test)))):
        if name in LIBRARIES or name.startswith("emocam"):
            with suppress(ImportError):  # a name of a module, and none itself
                import_module(name)


def forget(file: str) -> None:
    """Let a file, and all that imports it, be imported again; tests, too, which hold functions of it."""
    gone = dependents(file) & sys.modules.keys()
    for name in gone | {name for name, module in sys.modules.items() if is_test(name, module)}:
        package, _, own = name.rpartition(".")
        del sys.modules[name]
        if package in sys.modules:  # `from package import module` asks it first
            vars(sys.modules[package]).pop(own, None)


def is_test(name: str, module: object) -> bool:
    """Return whether a module is a test or its conftest."""
    file = getattr(module, "__file__", None)
    return name != __name__ and file is not None and Path(file).is_relative_to(ROOT / "tests")


def notice(
    tests: Sequence[str],
    fault: Fault | None,
    *options: str,
    plugins: Sequence[object] = (),
    seconds: int = SECONDS,
) -> bool:
    """Run tests in a child process with a fault planted, and return whether they fail or take too long."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status) != 0
    try:
        silent = os.open(os.devnull, os.O_RDWR)
        for number in (1, 2):
            os.dup2(silent, number)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        if fault is not None:
            forget(fault.file)
            plant(PACKAGE / fault.file, with_fault(fault))
        import pytest

        os.chdir(ROOT)
        usual = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        os._exit(int(pytest.main([*usual, *options, *tests], plugins)))
    finally:
        os._exit(9)


def plant(file: Path, source: str) -> None:
    """Let a file be imported with another source."""
    read = SourceFileLoader.get_data

    def get_data(self: SourceFileLoader, path: str) -> bytes:
        if path.endswith(".pyc") and Path(path).name.startswith(f"{file.stem}."):
            raise OSError  # it was compiled before
        return source.encode() if Path(path) == file else read(self, path)

    SourceFileLoader.get_data = get_data  # type: ignore[method-assign]


def drawn(only: list[str], sample: int, seed: int) -> list[Fault]:
    """Return the faults of the rooms, or of those files that are named; so many of them, at random."""
    files = [file for room in ROOMS for file in sorted((PACKAGE / room).rglob("*.py"))]
    names = [file.relative_to(PACKAGE).as_posix() for file in files]
    chosen = [
        file for file, name in zip(files, names, strict=True) if not only or name.startswith(tuple(only))
    ]
    every = [fault for file in chosen for fault in faults_of(file)]
    return random.Random(seed).sample(every, min(sample, len(every))) if sample else every


def note(out: Path | None, name: str, noticed: bool) -> None:
    """Write whether a fault was noticed to the file of results."""
    if out is not None:
        with out.open("a") as log:
            log.write(json.dumps({"fault": name, "noticed": noticed}) + "\n")


def asked_together(
    faults: list[Fault], known: dict[str, bool], out: Path | None
) -> list[tuple[Fault, list[str]]] | None:
    """Ask about faults in one session of pytest, and return those that it leaves, with their tests.

    None where tests fail without a fault.
    """
    if not faults:
        return []
    tests = sorted({test for fault in faults for test in tests_of(fault.file)})
    with TemporaryDirectory() as folder:
        told, reached = Path(folder) / "told.jsonl", Path(folder) / "reached.json"

        def answer(name: str, noticed: bool | None, coming: list[str]) -> None:
            with told.open("a") as log:
                log.write(json.dumps([name, noticed, coming]) + "\n")
            if noticed is not None:
                note(out, name, noticed)

        os.environ["EMOCAM_REACHED"] = str(reached)
        planned = [
            (fault.name, str(PACKAGE / fault.file), lines_of(fault), code_with(fault)) for fault in faults
        ]
        if notice(tests, None, "-m", "not slow", plugins=[Session(planned, answer)], seconds=100_000):
            print(f"tests fail without a fault, among {' '.join(tests)}", flush=True)
            return None
        lines = [json.loads(line) for line in told.read_text().splitlines()]
    known |= {name: noticed for name, noticed, _ in lines if noticed is not None}
    by_name = {fault.name: fault for fault in faults}
    return [(by_name[name], coming) for name, noticed, coming in lines if noticed is None]


def main() -> int:
    """Plant faults and return 1 where less than nine in ten are noticed."""
    parser = argparse.ArgumentParser(prog="python benchmarks/mutate.py", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="beginnings of paths within emocam/ (all of the formulas)")
    parser.add_argument("--sample", type=int, default=300, help="how many faults, 0 for all (300)")
    parser.add_argument("--seed", type=int, default=0, help="draws them (0)")
    parser.add_argument("--out", type=Path, help="a file of JSON lines that is read and added to")
    given = parser.parse_args()
    faults = drawn(given.files, given.sample, given.seed)
    known: dict[str, bool] = {}
    if given.out and given.out.is_file():
        known = {
            line["fault"]: line["noticed"] for line in map(json.loads, given.out.read_text().splitlines())
        }
    preload()
    waiting = sorted((fault for fault in faults if fault.name not in known), key=lambda fault: fault.file)
    for start in range(0, len(waiting), TOGETHER):
        if (left := asked_together(waiting[start : start + TOGETHER], known, given.out)) is None:
            return 2
        for fault, tests in left:
            known[fault.name] = bool(tests) and notice(tests, fault)
            note(given.out, fault.name, known[fault.name])
    counts = Counter(known[fault.name] for fault in faults)
    for fault in faults:
        if not known[fault.name]:
            print(f"survives  {fault.name}", flush=True)
    share = counts[True] / max(1, counts.total())
    print(f"{counts[True]} of {counts.total()} faults noticed ({share:.1%})")
    return 0 if share >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
