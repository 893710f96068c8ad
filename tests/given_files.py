"""What the commands of the documents need of a user's own, as small as it can be, under the names they use."""

import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from safetensors.torch import save_file

from emocam.data.planted import Planted
from tests.classifier.programs import small_network, write_onnx, write_torchscript
from tests.data.points import write_facts, write_npz
from tests.detector.onnx_files import write_onnx as write_detector

SHARED = Path(__file__).parents[2] / "shared" / "data"
DETECTOR = SHARED / "detector"
LABELS = ["cat", "dog", "cow"]
EMOTIONS = ["happiness", "surprise", "sadness", "anger", "disgust", "fear"]
IMAGES, SEQUENCES = 36, 90


def write_given(folder: Path) -> None:
    """Write all of them into a folder: pictures, tables, weights, programs."""
    Planted(images=IMAGES).write(folder / "PHOTOS")
    paths = sorted(path.name for path in (folder / "PHOTOS").glob("*.png"))
    _pictures(folder, paths)
    _tables(folder, paths)
    _weights(folder)
    _landmarks(folder)
    if DETECTOR.is_dir():
        for name in ("yolo", "yolo-fastest-1.1-xl"):
            for ending in ("cfg", "weights"):
                shutil.copy(DETECTOR / f"yolo-fastest-1.1-xl.{ending}", folder / f"{name}.{ending}")
        for name in ("yolo.names", "coco.names"):
            shutil.copy(DETECTOR / "coco.names", folder / name)


def _pictures(folder: Path, paths: list[str]) -> None:
    """Fill folders with one folder a label: FACES of six emotions, two test sets, and parts of an audit."""
    for root in ("FACES", "TEST_A", "TEST_B", "train", "test"):
        for number, path in enumerate(paths):
            label = folder / root / EMOTIONS[number % len(EMOTIONS)]
            label.mkdir(parents=True, exist_ok=True)
            with Image.open(folder / "PHOTOS" / path) as picture:
                picture.convert("L").resize((64, 64)).save(label / path)


def _tables(folder: Path, paths: list[str]) -> None:
    dice = np.random.default_rng(0)
    (folder / "labels.txt").write_text("\n".join(LABELS))
    files = [f"PHOTOS/{path}" for path in paths]
    ratings = pd.DataFrame({"path": files, "truth_calm": dice.normal(4, 1, len(files))})
    ratings["truth_cheerful"] = dice.normal(3, 1, len(files))
    for name in ("ratings.csv", "test.csv"):
        ratings.to_csv(folder / name, index=False)
    truth = [LABELS[place % len(LABELS)] for place in range(len(files))]
    pd.DataFrame({"path": files, "truth": truth}).to_csv(folder / "labels.csv", index=False)
    people = ["Ann" if place % 2 else "Bob" for place in range(len(paths))]
    pd.DataFrame({"path": paths, "person": people}).to_csv(folder / "people.csv", index=False)
    looks = {"image": np.repeat(paths, 3), "x": dice.random(3 * len(paths)), "y": dice.random(3 * len(paths))}
    pd.DataFrame(looks).to_csv(folder / "EYE_MOVEMENTS", index=False)
    faces = sorted(str(path.relative_to(folder / "FACES")) for path in (folder / "FACES").rglob("*.png"))
    scores = pd.DataFrame(dice.dirichlet(np.ones(len(EMOTIONS)), len(faces)).round(2), columns=EMOTIONS)
    scores.insert(0, "filepath", faces)
    scores.to_csv(folder / "scores.csv", index=False)
    for path in paths:
        (folder / "MAPS").mkdir(exist_ok=True)
        np.save(folder / "MAPS" / Path(path).with_suffix(".npy"), dice.random((7, 7)).astype(np.float32))


def _weights(folder: Path) -> None:
    """Save a ResNet-18 in the ways of several programs, and programs of other kinds."""
    from torchvision import models

    torch.manual_seed(0)
    of_labels = models.resnet18(num_classes=len(LABELS)).state_dict()
    torch.save(of_labels, folder / "mine.pth")
    torch.save(
        {"state_dict": {f"model.{key}": value for key, value in of_labels.items()}}, folder / "lightning.ckpt"
    )
    save_file(models.resnet18(num_classes=2).state_dict(), folder / "ratings.safetensors")
    for kind, name in (("gimefive", "GiMeFive"), ("compact_face", "CompactFace")):
        network = getattr(import_module(f"emocam.classifier.{kind}"), f"{name}Network")(len(EMOTIONS))
        torch.save(network.state_dict(), folder / f"{kind}.pth")
    write_torchscript(small_network(len(LABELS)), folder / "net.pt")
    write_onnx(small_network(len(LABELS)), folder / "net.onnx")
    dice = np.random.default_rng(2)
    rows = np.concatenate([dice.uniform(50, 600, (4, 30)), dice.uniform(0, 0.9, (3, 30))])
    said = {"names": "{0: 'cup', 1: 'hat', 2: 'kite'}"}
    write_detector(folder / "yolo11n.onnx", {"output0": rows}, None, 640, said)


def _landmarks(folder: Path) -> None:
    (folder / "LANDMARKS").mkdir()
    write_npz(folder / "LANDMARKS" / "a.npz", SEQUENCES)
    write_facts(folder / "TABLE", [f"a.npz#{place:05d}" for place in range(SEQUENCES)], SEQUENCES)
