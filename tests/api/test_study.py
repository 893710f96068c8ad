"""`emocam.study`: the command line's tables for a model in memory, whatever the pictures come as."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import datasets, models, transforms

import emocam
from emocam.api.study_images import study_images
from emocam.cam.layercam import LayerCAM
from emocam.detector.nothing import Nothing
from emocam.errors import SettingError
from emocam.view.measured import measure_window

LABELS = ["calm", "dim", "loud"]
COLUMNS = ["image", "object", "x0", "y0", "x1", "y1"]
WORDS = ("logger=null", "quiet=true", "~callback.report", "~callback.stability", "cache=null")
QUICK: dict[str, Any] = {
    "logger": None,
    "quiet": True,
    "cache": None,
    "callback": {"report": None, "stability": None},
}
BARE = QUICK | {"callback": None}


@pytest.fixture(autouse=True)
def apart(emocam: Callable[..., int]) -> None:
    """An empty working folder, and a store and a cache of its own."""


def network() -> nn.Module:
    """A small network in training mode, with weights drawn once and for all."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return models.get_model("shufflenet_v2_x0_5", weights=None, num_classes=3).train()


def painted(number: int) -> Image.Image:
    """A noisy picture with a size of its own."""
    noise = np.random.default_rng(number).integers(0, 255, (9, 7, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((280 + 40 * number, 240), Image.Resampling.BICUBIC)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Five pictures in two folders, with annotations beside them."""
    rows = []
    for number in range(5):
        file = tmp_path / "photos" / ("calm" if number < 3 else "loud") / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        painted(number).save(file)
        for name, left in (("hat", 0.1 * number), ("boat", 0.5)):
            rows.append([f"{file.parent.name}/{file.name}", name, left, 0.2, left + 0.4, 0.9])
    pd.DataFrame(rows, columns=COLUMNS).to_csv(tmp_path / "boxes.csv", index=False)
    return tmp_path / "photos"


def equal_tables(one: Path, other: Path) -> None:
    """Check that two runs left the same tables: CSV byte for byte, Parquet in every value and type."""
    names = {file.name for file in one.glob("*.csv")}
    assert names == {file.name for file in other.glob("*.csv")} and "cells.csv" in names
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    for name in ("predictions", "evidence", "ledger", "cells", "maps"):
        first, second = (pq.read_table(run / f"{name}.parquet") for run in (one, other))
        assert first.num_rows > 0 and first.replace_schema_metadata() == second.replace_schema_metadata(), (
            name
        )


@pytest.mark.slow
def test_a_model_in_memory_leaves_the_tables_of_the_command_line(photos: Path) -> None:
    model = network()
    torch.save(model.state_dict(), "weights.pth")
    Path("labels.txt").write_text("\n".join(LABELS))
    theirs = emocam.run(
        *("data=folder", "data.root=photos", "data.annotations=boxes.csv", "cam=gradcam"),
        *("classifier=torchvision", "classifier.model=shufflenet_v2_x0_5"),
        *("classifier.weights=weights.pth", "classifier.labels=labels.txt", *WORDS, "hydra.run.dir=theirs"),
    )
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    ours = emocam.study(
        model, "photos", LABELS, method="Grad-CAM", out="ours", **{"data.annotations": "boxes.csv"}, **QUICK
    )
    assert isinstance(theirs, emocam.Run)
    equal_tables(theirs.path, ours.path)
    assert model.training and all(
        torch.equal(before[name], tensor) for name, tensor in model.state_dict().items()
    )
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert ours.command.startswith("emocam.study(ShuffleNetV2, 'photos', method='Grad-CAM'")
    assert ours.choices["classifier"] == "ShuffleNetV2"


class Yields(Dataset[Any]):
    """A data set of these items."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place: int) -> Any:
        return self.items[place]


TO_TENSOR = transforms.PILToTensor()
FORMS: dict[str, Callable[[list[Image.Image]], Any]] = {
    "PIL pictures": list,
    "tensors of bytes": lambda pictures: Yields([TO_TENSOR(picture) for picture in pictures]),
    "tensors in [0, 1]": lambda pictures: Yields([TO_TENSOR(picture) / 255 for picture in pictures]),
    "dictionaries": lambda pictures: Yields([{"img": picture, "label": 2} for picture in pictures]),
    "pairs": lambda pictures: Yields([(picture, "loud") for picture in pictures]),
    "a loader": lambda pictures: DataLoader(Yields(pictures), batch_size=2),
    "a stream": lambda pictures: iter(pictures),
}


@pytest.mark.parametrize("form", FORMS)
def test_pictures_come_as(form: str) -> None:
    pictures = [painted(number) for number in range(2)]
    found = study_images(FORMS[form](pictures), Path("beside"))
    table = pd.read_csv(found.settings["file"], dtype=str)
    written = [np.asarray(Image.open(Path(found.settings["root"]) / name)) for name in table.image]
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(written, pictures, strict=True))
    truth = {"dictionaries": "2", "pairs": "loud"}.get(form)
    assert truth is None or list(table.truth) == [truth, truth]


def test_a_folder_of_labels_is_read_from_its_files(photos: Path) -> None:
    shown = transforms.Compose(
        [
            transforms.Resize((224, 224)),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    data = Subset(datasets.ImageFolder("photos", shown), [4, 1])
    run = emocam.study(network(), data, LABELS, Nothing(), LayerCAM(target="dim"), "ours", **BARE)
    assert list(run.predictions.image) == ["loud/4.png", "calm/1.png"]
    assert list(run.predictions.truth) == ["loud", "calm"]
    assert [file.name for file in Path("ours-pictures").iterdir()] == ["pictures.csv"]
    found = emocam.explain(
        network(), [data[0][0], data[1][0]], "layer_cam", labels=LABELS, target="dim"
    )  # the very inputs that the data set makes
    assert np.allclose(np.stack(run.predictions.logits.to_numpy()), found.logits.numpy(), atol=1e-5)
    maps, windows = next(iter(run.explanations()))
    assert torch.allclose(maps.float(), found.maps, atol=5e-3)
    assert np.allclose(windows, [[0, 0, 1, 1]] * 2, atol=0.004)
    assert run.choices["cam"] == "LayerCAM"
    # what needs the model again says where it was
    with pytest.raises(SettingError, match="this run's was a ShuffleNetV2 in the memory of a program"):
        emocam.run("task=replay", "evidence=ours", "effect=erase", *WORDS)


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "normalised tensors": (
        Yields([torch.full((3, 8, 8), -2.0)]),
        {},
        "has numbers from -2 to -2, so it is normalised and no picture any more",
    ),
    "dictionaries without a picture": (
        Yields([{"text": "a", "id": 3}]),
        {},
        "yields dictionaries with 'text', 'id', none of which is a picture",
    ),
    "a batch": (Yields([torch.zeros(2, 3, 8, 8)]), {}, r"one picture \(3, H, W\), got \(2, 3, 8, 8\)"),
    "nothing": ([], {}, "at least one picture, got none"),
    "no file": (["nowhere.png"], {}, "there is no file nowhere.png"),
    "few labels": ([painted(0)], {"labels": ["a", "b"]}, "each of the model's 3 logits, got 2 names"),
    "equal labels": ([painted(0)], {"labels": ["a", "b", "a"]}, "but 'a' stands twice"),
    "a method": ([painted(0)], {"method": "gradcma"}, "no CAM method; did you mean gradcam"),
    "a setting": ([painted(0)], {"threshold": {"importence": 1}}, "did you mean threshold.importance"),
    "a detector": ([painted(0)], {"detector": "harr"}, "did you mean haar"),
    "chance": (
        [painted(0)],
        {"transform": transforms.Compose([transforms.RandomCrop(200), transforms.ToTensor()])},
        "draws at random; give the one for testing",
    ),
    "a mirror": (
        [painted(0)],
        {"transform": transforms.Compose([transforms.RandomHorizontalFlip(1), transforms.ToTensor()])},
        "turns, mirrors or bends it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_told_in_a_sentence(name: str) -> None:
    images, arguments, sentence = REFUSED[name]
    arguments = {"labels": LABELS, "detector": "nothing"} | arguments
    with pytest.raises(SettingError, match=sentence):
        emocam.study(network(), images, out="ours", **arguments, **BARE)
    assert not (Path("ours") / "predictions.parquet").exists()


def test_a_model_without_numbers_or_on_two_devices_is_told() -> None:
    with pytest.raises(SettingError, match="weights are on the meta device, so they hold no numbers"):
        emocam.study(network().to("meta"), [painted(0)], LABELS, "nothing", **BARE)
    model = network()
    model.fc.to("meta")
    with pytest.raises(SettingError, match="meta device"):
        emocam.explain(model, [painted(0)], "centre", labels=LABELS)


@pytest.mark.parametrize(
    ("transform", "window"),
    [
        (transforms.Resize((96, 128)), (0, 0, 1, 1)),
        (transforms.Compose([transforms.Resize(120), transforms.CenterCrop(96)]), (0.2, 0.1, 0.8, 0.9)),
        (transforms.Compose([transforms.Resize((60, 80)), transforms.Pad(20)]), (-0.25, -1 / 3, 1.25, 4 / 3)),
    ],
)
def test_the_part_that_a_transform_shows_is_measured(
    transform: Callable[[Image.Image], Image.Image], window: tuple[float, ...]
) -> None:
    def prepared(picture: Image.Image) -> Tensor:
        return (TO_TENSOR(transform(picture)) / 255 - 0.4) / 0.3

    assert measure_window(prepared, (160, 120)).numpy() == pytest.approx(window, abs=0.004)


def test_a_program_of_torchscript_is_told_how_it_can_be_explained() -> None:
    program = torch.jit.trace(torch.nn.Conv2d(3, 2, 3), torch.rand(1, 3, 8, 8))
    with pytest.raises(SettingError, match=r"program of TorchScript.*classifier=torchscript"):
        emocam.explain(program, torch.rand(1, 3, 8, 8))
