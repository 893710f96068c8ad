"""The pictures that are shown with their maps are the same for every method over one classifier."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emocam.callback.base import Finished
from emocam.callback.overlay import Overlay, look_up, surest
from emocam.records.picture import Picture
from emocam.records.thresholds import Thresholds


class Album:
    """Grey pictures; one of them is gone."""

    def open(self, path: str) -> Picture:
        if path == self.gone:
            raise OSError("gone")
        return Picture(Image.new("RGB", (60, 40), "grey"))

    def open_again(self, path: str) -> Picture:
        return self.open(path)

    gone = ""


def test_each_label_in_turn_and_the_surest_first(finished_run):
    run = finished_run("gradcam", np.random.default_rng(1).random((60, 4)))
    told = run.predictions.astype({"label": str})
    slowly = []
    ranked = {
        label: told[told["label"] == label].sort_values("confidence", ascending=False)["image"].tolist()
        for label in run.label_names
    }
    for turn in range(2):
        slowly += [ranked[label][turn] for label in run.label_names]
    assert surest(run, 5) == slowly[:5]


def test_another_method_shows_the_same_pictures(finished_run):
    one = finished_run("gradcam", np.random.default_rng(1).random((60, 4)))
    other = finished_run("lift", np.random.default_rng(2).random((60, 4)))
    assert surest(one, 8) == surest(other, 8)


@pytest.mark.parametrize("explained", [True, False])
def test_boxes_are_those_that_count(finished_run, explained):
    run = finished_run("run", np.tile([0.2, 0.9, 0.4, 0.3], (60, 1)) if explained else None)
    ((path, seen),) = look_up(run, ["007.png"], Thresholds(0.005, 0.3, 0))
    rows = run.evidence[run.evidence["image"] == "007.png"]
    expected = rows.iloc[[1, 2]] if explained else rows
    assert path == "007.png"
    assert sorted(seen.names) == sorted(expected["object"].astype(str))
    assert np.allclose(np.sort(seen.boxes, 0), np.sort(expected[["x0", "y0", "x1", "y1"]].to_numpy(), 0))
    assert seen.says.startswith(str(rows["label"].iloc[0]))
    assert (seen.map is not None) == explained


def test_a_picture_that_is_gone_leaves_the_numbers_of_the_others(finished_run):
    run, album = finished_run("gradcam", np.full((60, 4), 0.5)), Album()
    album.gone = surest(run, 3)[1]
    Overlay(3).on_run_end(Finished(run, album, Thresholds(0.005, 0.3, 0), {}))
    assert {file.name for file in (run.path / "overlays").iterdir()} == {"1.png", "3.png"}


def test_pictures_with_faces_are_left_out(finished_run, monkeypatch):
    pytest.importorskip("cv2")
    run, seen = finished_run("gradcam", np.full((60, 4), 0.5)), []
    found = [[(0, 0, 9, 9)], [], []]
    monkeypatch.setattr("emocam.face.blur.find_faces", lambda picture: found[len(seen) - 1])

    class Counting(Album):
        def open(self, path: str) -> Picture:
            seen.append(path)
            return super().open(path)

    Overlay(3, "drop").on_run_end(Finished(run, Counting(), Thresholds(0.005, 0.3, 0), {}))
    left = surest(run, 3).index(seen[0]) + 1
    assert {int(file.stem) for file in (run.path / "overlays").iterdir()} == {1, 2, 3} - {left}


def test_without_pictures_nothing_is_left(finished_run, tmp_path: Path):
    run = finished_run("gradcam", np.full((60, 4), 0.5))
    assert Overlay().on_run_end(Finished(run, None, Thresholds(), {})) == {}
    assert not (run.path / "overlays").exists()
