"""Files and settings that carry code: none of it runs, no secret is read, and a sentence names the setting."""

import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from child import QUIET, run, start, warm_up
from PIL import Image
from steps import Part

SECRET = "the-secret-of-the-soak"
WORDS = (*QUIET, "logger=null", "cache=null", "data.images=6", "data.workers=0", "hydra.run.dir=run")
PICTURES = (*WORDS[:4], "data.workers=0", "data=folder", "data.root=pics", "classifier=planted", WORDS[-1])
REPLAY = (*WORDS[:4], "task=replay", "evidence=theirs", "hydra.run.dir=run")


@dataclass(frozen=True)
class Payload:
    """What a stranger's file or word is, the command that meets it, and what its sentence must name.

    With `harmless` the command may also end well, as nothing of the payload is used.
    """

    write: Callable[[Path, str], None]
    words: tuple[str, ...]
    names: str
    harmless: bool = False


class Touch:
    """An object that makes a file where it is unpickled."""

    def __init__(self, canary: str) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.canary}",)


def zipped(content: bytes) -> bytes:
    """Return a file as torch writes it, with other pickled content."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (("data.pkl", content), ("version", b"3\n"), ("byteorder", b"little")):
            archive.writestr(f"archive/{name}", data)
    return held.getvalue()


def tarred(content: bytes) -> bytes:
    """Return a file as torch wrote it before 2016."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return held.getvalue()


def checkpoint(folder: Path, canary: str) -> None:
    """Write a checkpoint of Lightning whose hyper-parameters name what builds them."""
    import torch

    from emocam.classifier.planted import PlantedClassifier

    state = PlantedClassifier(weights="random").state_dict()
    told = {"_instantiator": "os.system", "command": f"touch {canary}"}
    torch.save({"state_dict": state, "hyper_parameters": told}, folder / "w.pth")


def weights(made: Callable[[str], bytes], name: str = "w.pth") -> Callable[[Path, str], None]:
    """Return what writes a file of weights."""
    return lambda folder, canary: (folder / name).write_bytes(made(canary)) and None


def text(name: str, content: str) -> Callable[[Path, str], None]:
    """Return what writes a file whose CANARY is a path."""

    def write(folder: Path, canary: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content.replace("CANARY", canary))

    return write


def yolo(yaml: str) -> Callable[[Path, str], None]:
    """Return what writes boxes in YOLO's format with such a yaml."""

    def write(folder: Path, canary: str) -> None:
        text("yolo/data.yaml", yaml)(folder, canary)
        text("yolo/labels/a.txt", "0 .5 .5 .2 .2\n")(folder, canary)

    return write


def arrays(name: str) -> Callable[[Path, str], None]:
    """Return what writes maps that are objects."""

    def write(folder: Path, canary: str) -> None:
        (folder / "maps").mkdir()
        objects = np.array([Touch(canary)], object)
        (np.savez if name.endswith("z") else np.save)(folder / "maps" / name, objects, allow_pickle=True)
        if name.endswith("z"):  # under the name that is looked for
            (folder / "maps" / name).rename(folder / "maps" / "a.npy")

    return write


def recorded(content: str) -> Callable[[Path, str], None]:
    """Return what writes the settings of a stranger's run."""
    return text("theirs/.hydra/config.yaml", content)


def nothing(folder: Path, canary: str) -> None:
    """Write nothing: the words say it all."""


def header(content: bytes, length: int | None = None) -> Callable[[str], bytes]:
    """Return what makes a safetensors file with such a header."""
    return lambda canary: struct.pack("<Q", len(content) if length is None else length) + content + bytes(64)


PLANTED = (*WORDS, "classifier=planted")
TORCH, TENSORS = (*PLANTED, "classifier.weights=w.pth"), (*PLANTED, "classifier.weights=w.safetensors")
SHELL = "_target_: os.system, command: 'touch CANARY'"
OVERLAP = {"a": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]},
           "b": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}  # fmt: skip
MAPS = (*PICTURES, "detector=nothing", "cam=given", "cam.root=maps")
TAG = '!!python/object/apply:os.system ["touch CANARY"]'
STUDY = ("--config-dir", "study", "+experiment=x", *WORDS)
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
ENTITY = "<!DOCTYPE annotation [{}]><annotation><filename>a.png</filename><object><name>{}</name></object></annotation>"
PAYLOADS: dict[str, Payload] = {
    "a pickle": Payload(weights(lambda c: pickle.dumps(Touch(c))), TORCH, "classifier.weights"),
    "a pickle of protocol 0": Payload(weights(lambda c: pickle.dumps(Touch(c), 0)), TORCH, "classifier.weights"),
    "a pickle in a .pt": Payload(weights(lambda c: zipped(pickle.dumps(Touch(c), 2))), TORCH, "classifier.weights"),
    "a pickle in a tar": Payload(weights(lambda c: tarred(pickle.dumps(Touch(c), 2))), TORCH, "classifier.weights"),
    "a pickle named safetensors": Payload(
        weights(lambda c: pickle.dumps(Touch(c)), "w.safetensors"), TENSORS, "classifier.weights"
    ),
    "hyper-parameters of Lightning": Payload(checkpoint, TORCH, "classifier.weights", harmless=True),
    "os.system": Payload(nothing, (*WORDS, f"data={{{SHELL}}}"), "data"),
    "eval": Payload(
        nothing, (*WORDS, "importance={_target_: builtins.eval, _args_: [\"open('CANARY','w')\"]}"), "importance"
    ),
    "another name of it": Payload(nothing, (*WORDS, f"cam={{{SHELL.replace('os.', 'logging.os.')}}}"), "cam"),
    "a name of it in our package": Payload(
        nothing, (*WORDS, f"detector={{{SHELL.replace('os.', 'emocam.cli.main.os.')}}}"), "detector"
    ),
    "a process": Payload(
        nothing, (*WORDS, "classifier={_target_: subprocess.Popen, args: [touch, CANARY]}"), "classifier"
    ),
    "a part of a call": Payload(nothing, (*WORDS, f"importance={{{SHELL}, _partial_: true}}"), "importance"),
    "one within another": Payload(nothing, (*WORDS, f"+data.world={{{SHELL}}}"), "data"),
    "one in a callback": Payload(nothing, (*WORDS, f"+callback.x={{{SHELL}}}"), "callback.x"),
    "one in a study": Payload(
        text("study/experiment/x.yaml", f"# @package _global_\ndetector: {{{SHELL}}}\n"), STUDY, "detector"
    ),
    "one in a run": Payload(recorded(f"data: {{{SHELL}}}\n"), REPLAY, "data._target_"),
    "a tag of YAML in a run": Payload(
        recorded('data: !!python/object/apply:os.system ["touch CANARY"]\n'), REPLAY, "config.yaml"
    ),
    "a tag of YAML in a study": Payload(
        text("study/experiment/x.yaml", f"# @package _global_\nseed: {TAG}\n"),
        STUDY, "x.yaml",
    ),
    "a tag of YAML beside boxes": Payload(
        yolo('names: !!python/object/apply:os.system ["touch CANARY"]\n'),
        (*PICTURES, "data.annotations=yolo", "detector=annotations"), "data.yaml",
    ),
    "a new object of YAML beside boxes": Payload(
        yolo('names: !!python/object/new:os.system ["touch CANARY"]\n'),
        (*PICTURES, "data.annotations=yolo", "detector=annotations"), "data.yaml",
    ),
    "a file in XML": Payload(
        text("voc/a.xml", ENTITY.format('<!ENTITY x SYSTEM "file://CANARY-secret">', "&x;")),
        (*PICTURES, "data.annotations=voc", "detector=annotations"), "a.xml",
    ),
    "a bomb in XML": Payload(
        text("voc/a.xml", ENTITY.format(f'<!ENTITY e0 "lol">{ENTITIES}', "&e11;")),
        (*PICTURES, "data.annotations=voc", "detector=annotations"), "a.xml",
    ),
    "another document in XML": Payload(
        text("voc/a.xml", ENTITY.format('<!ENTITY % x SYSTEM "file://CANARY-secret"> %x;', "Ball")),
        (*PICTURES, "data.annotations=voc", "detector=annotations"), "a.xml",
    ),
    "a header of 4 EB": Payload(weights(header(b"{}", 1 << 62), "w.safetensors"), TENSORS, "classifier.weights"),
    "offsets beyond the file": Payload(
        weights(header(json.dumps(OVERLAP).encode()), "w.safetensors"), TENSORS, "classifier.weights"
    ),
    "a header that is no header": Payload(
        weights(header(b'{"a":' * 100_000), "w.safetensors"), TENSORS, "classifier.weights"
    ),
    "objects in an array": Payload(arrays("a.npy"), MAPS, "a.npy"),
    "objects in arrays": Payload(arrays("a.npz"), MAPS, "a.npy"),
    "a callback of Hydra": Payload(
        text("study/experiment/x.yaml", f"# @package _global_\nhydra: {{callbacks: {{e: {{{SHELL}}}}}}}\n"),
        STUDY, "hydra.callbacks",
    ),
    "a store with a secret in its address": Payload(
        recorded("data: {_target_: emocam.logger.mlflow.MLflow, uri: 'file:///CANARY/${oc.env:SOAK_SECRET}'}\n"),
        REPLAY, "data.uri",
    ),
}  # fmt: skip
"""Thirty of them, by what they are."""


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Let one command meet one payload."""
    warm_up()
    name = list(PAYLOADS)[number % len(PAYLOADS)]
    payload, canary = PAYLOADS[name], folder / "canary"
    (folder / "canary-secret").write_text(SECRET)
    os.environ["SOAK_SECRET"] = SECRET
    (folder / "pics").mkdir()
    Image.new("RGB", (32, 32), "teal").save(folder / "pics" / "a.png")
    if payload.words == REPLAY:
        run(
            folder, *WORDS[:-1], "~callback.report", "~callback.overlay", "hydra.run.dir=theirs", name="first"
        )
    payload.write(folder, str(canary))
    child = start(folder, *(word.replace("CANARY", str(canary)) for word in payload.words))
    status = child.end(60)
    told = child.errors
    lines = [line for line in told.splitlines() if "toy network" not in line and " annotates " not in line]
    faults = []
    if canary.exists():
        faults.append("its code ran")
    if SECRET in told or any(SECRET.encode() in file.read_bytes() for file in written(folder)):
        faults.append("the secret was read")
    if not (status == 0 and payload.harmless) and (
        status != 1 or len(lines) != 1 or payload.names not in told
    ):
        faults.append(f"ended with {status} and {told[-400:]!r}")
    return {
        "payloads": 1,
        "executed": int(canary.exists()),
        "faults": [f"{name}: {fault}" for fault in faults],
    }


def written(folder: Path) -> list[Path]:
    """Return the files that the command wrote."""
    return [file for place in ("run", "command.out") for file in [folder / place, *(folder / place).rglob("*")]
            if file.is_file()]  # fmt: skip


PART = Part(step, len(PAYLOADS))
