"""A run over sequences of points with an attribution: points are weighed, and their regions are evidence."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import IntegratedGradients as Captum
from hydra.core.global_hydra import GlobalHydra

from emocam.api.run import run as run_words
from emocam.classifier.landmarks import Landmarks
from emocam.cli.main import answer
from emocam.data.planted import Planted
from emocam.data.point_picture import NEAR, cell_points, member_mask
from emocam.errors import SettingError
from emocam.predict.point_corpus import PointCorpus
from emocam.results.run import Run
from emocam.results.verify import folder_faults
from emocam.view.points import NormalisedPoints

WORDS = (
    "data.world=sequences",
    "classifier=landmarks",
    "classifier.kind=random",
    "logger=null",
    "cache=null",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 40 sequences of a network that learnt 300."""
    root = tmp_path_factory.mktemp("points")
    GlobalHydra.instance().clear()
    train = ("task=train", "data.images=300", "classifier.weights=random", f"hydra.run.dir={root / 'train'}")
    assert answer([*WORDS, *train]) == 0
    GlobalHydra.instance().clear()
    weights = f"classifier.weights={root / 'train/weights.safetensors'}"
    run = ("data.images=40", "seed=1", weights, "attribution=ig", f"hydra.run.dir={root / 'run'}")
    assert answer([*WORDS, *run]) == 0
    return root / "run"


def test_points_are_weighed_as_captum_weighs_them(folder: Path) -> None:
    table = pd.read_parquet(folder / "points.parquet")
    assert list(table) == ["point", "region", "label", "weight", "low", "high"] and len(table) == 6 * 68
    data, view = Planted(world="sequences", images=40, seed=1), NormalisedPoints(68, 16)
    network = Landmarks("random", weights=str(folder.parent / "train/weights.safetensors"))
    pictures = [data.open(path) for path in data.paths()]
    x = np.stack([view(picture.image)[0].numpy() for picture in pictures])
    own = np.array([picture.known["truth"] == "surprise" for picture in pictures])
    theirs = Captum(network).attribute(
        torch.from_numpy(x[own]),
        torch.from_numpy(x[~own].mean(0, keepdims=True)),
        target=network.labels.index("surprise"),
        n_steps=256,
        method="riemann_middle",
    )
    found = table[table["label"] == "surprise"]["weight"].to_numpy()
    scale = np.abs(found).max()
    assert np.allclose(found, theirs.sum((1, 2)).mean(0).numpy(), atol=0.05 * scale)
    assert (
        pd.read_csv(folder / "points.csv", dtype={"point": str})["point"].tolist() == table["point"].tolist()
    )
    assert 0 <= json.loads((folder / "summary.json").read_text())["completeness_error"] < 0.01


def test_regions_are_evidence_with_a_level_of_chance_and_the_run_verifies(folder: Path) -> None:
    run = Run(folder)
    rows = run.evidence
    assert len(rows) == 40 * 6 and rows["importance"].between(0, 1).all() and rows["importance"].max() > 0.1
    assert rows["chance"].between(0, 1).all() and run.explained
    assert list(folder_faults(folder)) == [] and (folder / "points.png").is_file()


def test_a_region_s_mask_is_what_lies_nearest_to_its_points() -> None:
    peak = np.array([[0.3, 0.5], [0.34, 0.5], [0.8, 0.8]])
    owner, middle = cell_points(peak, 100), (np.arange(100) + 0.5) / 100
    far = np.linalg.norm(np.stack(np.meshgrid(middle, middle), -1)[:, :, None] - peak, axis=-1)
    slowly = np.where(far.min(-1) <= NEAR, far.argmin(-1), -1)
    tie = np.abs(far[..., 0] - far[..., 1]) < 1e-9
    assert (owner[~tie] == slowly[~tie]).all() and set(np.unique(owner)) == {-1, 0, 1, 2}
    box = np.array([0.25, 0.45, 0.4, 0.55])
    assert (
        member_mask(owner, [0], box) + member_mask(owner, [1], box) == member_mask(owner, [0, 1], box)
    ).all()
    assert member_mask(owner, [0], box)[14, 9] == 1 and member_mask(owner, [2], box).sum() == 0


def test_points_and_a_cam_s_pictures_are_not_mixed_up(tmp_path: Path) -> None:
    words = ("data.images=4", "logger=null", "attribution=ig", f"hydra.run.dir={tmp_path / 'run'}")
    with pytest.raises(
        SettingError, match="attribution weighs points of sequences, and these data are pictures"
    ):
        run_words(*words)


def test_people_without_a_name_are_one_each() -> None:
    corpus = PointCorpus(torch.zeros(4, 2, 8, 3), np.arange(4), ["a", "b", "a", ""], ["p", "", "p", "q"], [])
    part = corpus.labelled(["a", "b"], corpus.truth)
    assert part.person.tolist() == [0, 1, 0] and part.label.tolist() == [0, 1, 0]
