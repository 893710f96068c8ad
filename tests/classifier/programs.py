"""Small networks written as programs: TorchScript by torch, ONNX by hand from the same weights."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

SIDE, LABELS = 32, ["cat", "dog", "cow"]


def small_network(answers: int = 3, last: nn.Module | None = None) -> nn.Module:
    torch.manual_seed(5)
    layers = [nn.Conv2d(3, 6, 5, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, answers)]
    layers[-1].weight.data.mul_(20)  # answers that differ by more than rounding
    return nn.Sequential(*layers, *([last] if last else [])).eval()


def write_labels(folder: Path, labels: list[str] = LABELS) -> str:
    (folder / "labels.txt").write_text("\n".join(labels))
    return str(folder / "labels.txt")


def write_torchscript(network: nn.Module, file: Path) -> str:
    torch.jit.trace(network, torch.rand(2, 3, SIDE, SIDE)).save(str(file))
    return str(file)


def write_onnx(
    network: nn.Module,
    file: Path,
    batch: int | str = "batch",
    names: str | None = None,
    last: str | None = None,
    second: bool = False,
) -> str:
    """Write Conv, Relu, GlobalAveragePool, Flatten, Gemm with the network's weights; `last` is an operator's name."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    values = {k: np.ascontiguousarray(v.detach().numpy()) for k, v in network.state_dict().items()}
    weights = {"w": values["0.weight"], "b": values["0.bias"], "v": values["4.weight"], "c": values["4.bias"]}
    end = "z" if last else "answers"
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["h"], strides=[4, 4]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "v", "c"], [end], transB=1),
        *([helper.make_node(last, [end], ["answers"])] if last else []),
    ]
    answers = len(values["4.bias"])
    outputs = [helper.make_tensor_value_info("answers", TensorProto.FLOAT, [batch, answers])]
    if second:
        outputs.append(helper.make_tensor_value_info("f", TensorProto.FLOAT, [batch, 6]))
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])]
    graph = helper.make_graph(
        nodes, "net", given, outputs, [numpy_helper.from_array(v, k) for k, v in weights.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if names is not None:
        helper.set_model_props(model, {"names": names})
    save_model(model, str(file))
    return str(file)


def write_program(kind: str, folder: Path) -> dict[str, str]:
    """Write a small program and its labels; return the settings that name them."""
    network = small_network()
    write = write_onnx if kind == "onnx" else write_torchscript
    return {"weights": write(network, folder / f"net.{kind}"), "labels": write_labels(folder)}
