"""Small ONNX files that answer as exported detectors do: numbers of ours, moved by the picture's mean colour."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_onnx(
    file: Path,
    answers: Mapping[str, np.ndarray],
    moved: Mapping[str, np.ndarray] | None = None,
    size: int = 64,
    said: Mapping[str, str] | None = None,
    alone: bool = False,
) -> Path:
    """Write a file whose outputs are `answers` (C, N) each, plus `moved` (3, C, N) times the mean colours (3,)."""
    batch = 1 if alone else "batch"
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["colour"]),
    ]
    constants, outputs = [], []
    for name, answer in answers.items():
        weight = (moved or {}).get(name, np.zeros((3, *answer.shape), np.float32))
        constants += [
            numpy_helper.from_array(weight.reshape(3, -1).astype(np.float32), f"{name}_weight"),
            numpy_helper.from_array(answer.reshape(1, -1).astype(np.float32), f"{name}_bias"),
            numpy_helper.from_array(np.array([-1, *answer.shape], np.int64), f"{name}_shape"),
        ]
        nodes += [
            helper.make_node("MatMul", ["colour", f"{name}_weight"], [f"{name}_product"]),
            helper.make_node("Add", [f"{name}_product", f"{name}_bias"], [f"{name}_flat"]),
            helper.make_node("Reshape", [f"{name}_flat", f"{name}_shape"], [name]),
        ]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, *answer.shape]))
    given = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, size, size])
    graph = helper.make_graph(nodes, "detector", [given], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in (said or {}).items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, str(file))
    return file
