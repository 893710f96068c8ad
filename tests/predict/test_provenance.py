"""Two corpora or two networks that differ have other digests, and the same ones have the same."""

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from torch import nn

from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.contents import all_contents
from emocam.data.planted import Planted
from emocam.network.weights import fingerprint
from emocam.predict.provenance import Columns, corpus_digest, source
from emocam.settings.digests import Digests

LISTING = ["a.jpg", "deep/b.jpg"]


@pytest.fixture
def corpus(tmp_path: Path) -> Data:
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for path in LISTING:
        (folder / path).write_bytes(b"12345")
    return Data(root=folder)


def in_pieces(columns: dict[str, list[Any]], size: int = 1) -> Columns:
    """A ledger of a file, read so many rows at a time."""

    def read(values: list[Any]) -> list[pa.Array]:
        return [pa.array(values[start : start + size], pa.string()) for start in range(0, len(values), size)]

    return {name: partial(read, values) for name, values in columns.items()}


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_digest_is_of_one_text_however_it_is_read(size: int) -> None:
    columns = {"image": ['a"\\.jpg', "b/\u00e4.jpg", "c"], "digest": ["0", None, "f"], "facts": [None] * 3}
    told = [{"world": "w"}, ["sha"], columns]
    expected = hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:32]
    assert corpus_digest({"world": "w", "workers": 3}, {"f": "sha"}, in_pieces(columns, size)) == expected
    none = {name: [] for name in columns}
    empty = hashlib.sha256(json.dumps([{}, [], none]).encode()).hexdigest()[:32]
    assert corpus_digest({}, {}, in_pieces(none)) == empty


def digest(data: Data, listing: list[str] = LISTING, **settings: object) -> str:
    contents = all_contents(data, listing, Digests())
    ledger = in_pieces({"image": listing, "digest": [one.digest for one in contents]})
    given = {"root": str(data.root), **settings}
    read = {str(file): "sha" for file in data.root.parent.glob("*.json")}
    return corpus_digest(given, read, ledger)


def test_where_the_folder_lies_makes_no_difference(corpus: Data, tmp_path: Path) -> None:
    annotations = tmp_path / "a.json"
    annotations.touch()
    before = digest(corpus, annotations=str(annotations))
    (tmp_path / "other").mkdir()
    moved = Data(root=shutil.copytree(corpus.root, tmp_path / "other" / "elsewhere"))
    elsewhere = annotations.rename(tmp_path / "other" / "b.json")
    assert digest(moved, annotations=str(elsewhere)) == before
    assert len(before) == 32


def test_another_picture_makes_another_corpus(corpus: Data) -> None:
    before = digest(corpus)
    assert digest(corpus, LISTING[:1]) != before
    assert digest(corpus, world="nothing") != before
    assert digest(corpus, batch_size=3) == before
    (corpus.root / "a.jpg").write_bytes(b"12346")
    assert digest(corpus) != before


def test_drawn_pictures_come_from_what_draws_them(corpus: Data) -> None:
    drawn = {"_target_": "emocam.data.planted.Planted", "images": 4, "seed": 1, "root": None, "workers": 0}
    assert json.loads(source(drawn, Planted(images=4))) == {
        "target": drawn["_target_"],
        "images": 4,
        "seed": 1,
    }
    assert source({"root": "photos"}, corpus) == str(corpus.root)


class Cut(Classifier):
    """Three layers, cut after so many."""

    def __init__(self, layers: list[nn.Module], after: int) -> None:
        super().__init__()
        self.features, self.head = nn.Sequential(*layers[:after]), nn.Sequential(*layers[after:])


def test_the_same_weights_have_the_same_fingerprint_wherever_the_cut_is() -> None:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.Conv2d(2, 4, 1)]
    known = fingerprint(Cut(layers, 1))
    assert fingerprint(Cut(layers, 2)) == known
    layers[2].weight.data[0, 0, 0, 0] += 1e-6
    assert fingerprint(Cut(layers, 1)) != known
