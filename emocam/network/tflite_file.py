"""The graph in a TensorFlow Lite file, a flatbuffer: numbers and names are read, nothing in it is run.

The format: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocam.errors import SettingError
from emocam.settings.read_files import noted

IDENTIFIER = b"TFL3"
LARGEST_FILE = 1 << 28
LARGEST_TENSOR = 1 << 26
"""Numbers in a tensor: a shape is a claim, for which a file pays nothing."""
KINDS: dict[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("<f2"),
    2: np.dtype("<i4"),
    4: np.dtype("<i8"),
}
"""TensorFlow Lite's numbers of the types that are read; others belong to quantised networks."""
NO_TENSOR = -1


class DamagedFile(ValueError):
    """What is wrong with a file, to be told with its name."""


@dataclass(frozen=True)
class TensorInfo:
    """A tensor's shape in the file's own order (a picture's is 1, height, width, channels), and its constant."""

    name: str
    shape: tuple[int, ...]
    constant: np.ndarray | None


@dataclass(frozen=True)
class FlatTable:
    """A table of a flatbuffer: fields by number, each with a default where it is absent."""

    data: bytes
    place: int

    def _number(self, kind: str, place: int) -> int:
        if not 0 <= place <= len(self.data) - struct.calcsize(kind):
            raise DamagedFile(f"it ends at byte {len(self.data):,}, and refers to byte {place:,}")
        return int(struct.unpack_from(kind, self.data, place)[0])

    def _field(self, field: int) -> int | None:
        """Return where a field lies; None where it is absent."""
        fields = self.place - self._number("<i", self.place)
        entry = 4 + 2 * field
        if entry + 2 > self._number("<H", fields):
            return None
        offset = self._number("<H", fields + entry)
        return self.place + offset if offset else None

    def number(self, field: int, kind: str = "<i", default: int = 0) -> int:
        """Return a number, of struct's `kind`."""
        place = self._field(field)
        return default if place is None else self._number(kind, place)

    def table(self, field: int) -> "FlatTable | None":
        """Return a table that a field refers to."""
        place = self._field(field)
        return None if place is None else FlatTable(self.data, place + self._number("<I", place))

    def _vector(self, field: int, size: int) -> tuple[int, int]:
        """Return where a vector begins, and how many entries of `size` bytes it has."""
        place = self._field(field)
        if place is None:
            return 0, 0
        place += self._number("<I", place)
        count = self._number("<I", place)
        if place + 4 + count * size > len(self.data):
            raise DamagedFile(f"it ends at byte {len(self.data):,}, within a list of {count:,} entries")
        return place + 4, count

    def tables(self, field: int) -> "list[FlatTable]":
        """Return the tables of a vector."""
        start, count = self._vector(field, 4)
        places = range(start, start + 4 * count, 4)
        return [FlatTable(self.data, place + self._number("<I", place)) for place in places]

    def array(self, field: int, kind: str = "<i4") -> np.ndarray:
        """Return the numbers of a vector."""
        start, count = self._vector(field, np.dtype(kind).itemsize)
        return np.frombuffer(self.data, kind, count, start)

    def text(self, field: int) -> str:
        return self.array(field, "<u1").tobytes().decode("utf-8", "replace")


@dataclass(frozen=True)
class Operation:
    """One step of a graph: TensorFlow Lite's number of the operator, its tensors and its options."""

    code: int
    inputs: list[int]
    outputs: list[int]
    options: FlatTable | None

    def option(self, field: int, kind: str = "<i", default: int = 0) -> int:
        """Return an option's number."""
        return default if self.options is None else self.options.number(field, kind, default)


@dataclass(frozen=True)
class Graph:
    """Tensors, and the operations on them, in an order in which each finds what it takes."""

    tensors: list[TensorInfo]
    operations: list[Operation]
    inputs: list[int]
    outputs: list[int]


def read_graph(file: Path, setting: str = "classifier.weights") -> Graph:
    """Read a file's first graph; a fault of the file is a sentence that names the setting."""
    if not file.is_file():
        raise SettingError(f"{setting}: there is no file {file}")
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise DamagedFile(f"it has more than {LARGEST_FILE:,} bytes")
        return parse_graph(noted(file).read_bytes())
    except DamagedFile as error:
        raise SettingError(
            f"{setting}: {file} is no TensorFlow Lite file that can be read: {error}"
        ) from None


def parse_graph(data: bytes) -> Graph:
    """Return the graph that bytes hold, once everything in it refers to something that is there."""
    if data[4:8] != IDENTIFIER:
        raise DamagedFile("its bytes 4 to 7 are not TFL3")
    root = FlatTable(data, 0)
    model = FlatTable(data, root._number("<I", 0))
    codes = [max(code.number(0, "<b"), code.number(3)) for code in model.tables(1)]
    graphs = model.tables(2)
    if not graphs:
        raise DamagedFile("it holds no graph")
    buffers = model.tables(4)
    tensors = [_tensor(table, buffers) for table in graphs[0].tables(0)]

    def numbers(table: FlatTable, field: int) -> list[int]:
        found = table.array(field).tolist()
        if any(not NO_TENSOR <= number < len(tensors) for number in found):
            raise DamagedFile(f"it refers to a tensor beyond its {len(tensors)}")
        return found

    operations = []
    for table in graphs[0].tables(3):
        index = table.number(0, "<I")
        if index >= len(codes):
            raise DamagedFile(f"it refers to operator {index} of {len(codes)}")
        operations.append(Operation(codes[index], numbers(table, 1), numbers(table, 2), table.table(4)))
    graph = Graph(tensors, operations, numbers(graphs[0], 1), numbers(graphs[0], 2))
    _check_order(graph)
    return graph


def _tensor(table: FlatTable, buffers: list[FlatTable]) -> TensorInfo:
    name, shape = table.text(3), tuple(table.array(0).tolist())
    if any(side < 0 for side in shape) or math.prod(shape) > LARGEST_TENSOR:
        raise DamagedFile(f"tensor {name[:60]!r} has the shape {shape}")
    buffer = table.number(2, "<I")
    if buffer >= len(buffers):
        raise DamagedFile(f"tensor {name[:60]!r} is in buffer {buffer} of {len(buffers)}")
    content = buffers[buffer].array(0, "<u1")
    kind = KINDS.get(table.number(1, "<b"))
    if kind is None:
        raise DamagedFile(f"tensor {name[:60]!r} is quantised, and only float networks are read")
    if not len(content):
        return TensorInfo(name, shape, None)
    if len(content) != math.prod(shape) * kind.itemsize:
        raise DamagedFile(f"tensor {name[:60]!r} of shape {shape} has {len(content):,} bytes")
    return TensorInfo(name, shape, content.view(kind).reshape(shape))


def _check_order(graph: Graph) -> None:
    """Refuse a graph in which something is taken before it is made, or made twice."""
    made = {*graph.inputs, *(i for i, tensor in enumerate(graph.tensors) if tensor.constant is not None)}
    for operation in graph.operations:
        if not {*operation.inputs} - {NO_TENSOR} <= made:
            raise DamagedFile("an operation takes what no operation before it made")
        if NO_TENSOR in operation.outputs or made & {*operation.outputs}:
            raise DamagedFile("two operations make the same tensor")
        made |= {*operation.outputs}
    if not graph.inputs or not graph.outputs or not {*graph.outputs} <= made:
        raise DamagedFile("its inputs or outputs are not those of its operations")
