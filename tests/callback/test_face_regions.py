"""The report on regions of the face, and the page that has groups and regions, of one small run."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from PIL import Image

from emocam.callback.base import Finished
from emocam.callback.face_regions import FaceRegions
from emocam.cli.main import answer
from emocam.records.face_regions import FACE_REGIONS
from emocam.report.slices import find_groups
from emocam.results.run import Run


@pytest.fixture(scope="module")
def sliced(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Forty drawn faces, sliced by fringe."""
    folder = tmp_path_factory.mktemp("faces") / "run"
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    words = ["data.world=faces", "data.images=40", "cam=hirescam", "data.group=person", "slices=fringe"]
    words += [
        "logger=null",
        "cache=null",
        "~callback.overlay",
        "~callback.stability",
        "~callback.unexplained",
    ]
    words += ["callback.cells.resamples=50", "callback.slices.resamples=50", "data.workers=0"]
    assert answer([*words, f"hydra.run.dir={folder}"]) == 0
    return Run(folder)


def test_each_region_has_its_mean_over_persons_by_group_and_label(sliced: Run) -> None:
    table = pd.read_csv(sliced.path / "face_regions.csv")
    assert list(dict.fromkeys(table["region"])) == list(FACE_REGIONS)
    known = sliced.predictions.set_index("image")
    rows = sliced.evidence.assign(
        person=sliced.evidence["image"].astype(str).map(known["person"]),
        fringe=sliced.evidence["image"].astype(str).map(known["fringe"]),
    ).astype({"object": str, "label": str})
    expected = (
        rows.groupby(["fringe", "label", "object", "person"])["importance"].mean()
        .groupby(["fringe", "label", "object"]).mean()
    )  # fmt: skip
    found = table.set_index(["slice", "label", "region"])["importance"]
    assert len(found) == len(expected)
    pd.testing.assert_series_equal(found.sort_index(), expected.sort_index(), check_names=False)
    mouth, eyes = (found.loc[:, "happiness", region].mean() for region in ("mouth", "eyes"))
    assert mouth > 5 * eyes


def test_overlap_stands_beside_the_centre_and_chance(sliced: Run) -> None:
    table = pd.read_csv(sliced.path / "face_overlap.csv").pivot_table("value", ["slice", "label"], "measure")
    assert (table["iou"] <= table["f1"]).all() and table.to_numpy().min() >= 0 and table.to_numpy().max() <= 1
    assert table["f1"].mean() > table["random_f1"].mean()
    assert sliced.summary["face_overlap"].keys() == {"long", "short"}


def test_figures_and_the_page_have_groups_side_by_side(sliced: Run) -> None:
    for name in ("face_map", "face_regions"):
        with Image.open(sliced.path / f"{name}.png") as picture:
            assert picture.width > 500
        assert (sliced.path / "report" / f"{name}.webp").is_file()
    page = (sliced.path / "report/index.html").read_text()
    assert '<h2 id="groups">By fringe</h2>' in page and "it says nothing of anybody in them" in page
    assert page.index("right answers") < page.index("Hedges g") < page.index("an expectation, and no truth")
    assert not {"deficit", "impaired", "worse"} & set(page.lower().split())


def test_a_run_whose_pictures_are_no_faces_has_neither(
    finish: Callable[..., Finished], tmp_path: Path
) -> None:
    finished = finish([0, 0, 1, 1], [[0], [0, 1], [1], [1]])
    assert FaceRegions().on_run_end(finished) == {}
    assert not list(finished.folder.glob("face_*"))
    (finished.folder / "summary.json").write_text("{}")
    assert find_groups(Run(finished.folder), tmp_path) is None
