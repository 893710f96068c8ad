"""Landmarks from the files of others: the same points, whatever the file; what cannot be used says why."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emocam.data.landmarks import Landmarks
from emocam.errors import Refused, SettingError
from emocam.face.point_layouts import mesh_layout
from emocam.view.points import KEY
from tests.data.points import sequences, write_facts, write_long, write_npz, write_openface

POINTS, LABELS, PERSONS = sequences()


def shown(data: Landmarks, path: str) -> np.ndarray:
    return data.open(path).image.info[KEY].points.numpy()


def test_an_npz_gives_its_points_labels_and_persons(tmp_path: Path) -> None:
    data = Landmarks(root=write_npz(tmp_path / "a.npz"))
    assert data.paths() == [f"a.npz#{n:05}" for n in range(6)]
    for n, path in enumerate(data.paths()):
        assert np.allclose(shown(data, path), POINTS[n], atol=1e-3)
        assert data.known(path) == {"truth": LABELS[n], "person": PERSONS[n]}
    assert data.labels == sorted(set(LABELS)) and data.objects[:2] == ["jaw", "chin"]


def test_a_long_table_gives_the_same_as_the_npz(tmp_path: Path) -> None:
    data = Landmarks(root=write_long(tmp_path / "long.csv"))
    assert data.paths() == [f"long.csv#s{n}" for n in range(6)]
    for n, path in enumerate(data.paths()):
        assert np.allclose(shown(data, path), POINTS[n], atol=1e-3) and data.known(path)["truth"] == LABELS[n]


def test_openface_s_tables_give_the_same_but_for_the_frame_that_it_gave_up(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    table = write_facts(tmp_path / "facts.csv", [f"film{n}.csv" for n in range(6)])
    data = Landmarks(root=write_openface(folder), annotations=table)
    assert data.paths() == [f"film{n}.csv" for n in range(6)]
    found, there = shown(data, "film2.csv"), [t for t in range(16) if t != 5]
    assert np.allclose(found[there], POINTS[2][there], atol=1e-3)
    assert np.allclose(found[5], (POINTS[2][4] + POINTS[2][6]) / 2, atol=1e-3)
    assert data.known("film2.csv") == {"truth": LABELS[2], "person": PERSONS[2]}


def test_py_feat_s_frames_without_seconds_are_taken_as_even_and_it_is_told(tmp_path: Path) -> None:
    columns = {"frame": np.arange(16), "input": ["clip.mp4"] * 16}
    columns |= {f"{axis}_{p}": POINTS[0, :, p, i] for i, axis in enumerate("xy") for p in range(68)}
    pd.DataFrame(columns).to_csv(tmp_path / "fex.csv")
    data = Landmarks(root=tmp_path / "fex.csv")
    data.prepare()
    assert np.allclose(shown(data, "fex.csv"), POINTS[0], atol=1e-3)
    assert data.notes == ["1 sequences: frames are taken as evenly spaced where a file tells no seconds"]


def test_the_tracks_of_a_faces_run_come_in_their_films_shape(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    landmarks = dice.random((20, 468, 2))
    rows = {
        "image": [f"b.mp4#t={t / 10:.6f}&face={f}" for t in range(10) for f in range(2)],
        "source": ["b.mp4"] * 20,
        "time": np.repeat(np.arange(10) / 10, 2),
        "track": np.tile([0, 1], 10),
        "width": [640] * 20,
        "height": [360] * 20,
        "landmarks": [one.astype(np.float32).ravel() for one in landmarks],
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "faces.parquet")
    known = {"image": rows["image"], "truth": ["fear", "anger"] * 10, "person": ["a", "b"] * 10}
    pd.DataFrame(known).to_parquet(tmp_path / "predictions.parquet")
    data = Landmarks(root=tmp_path, points=468, length=10)
    assert data.paths() == ["b.mp4#track=0", "b.mp4#track=1"]
    assert np.allclose(shown(data, "b.mp4#track=1"), landmarks[1::2] * (640, 360), atol=1e-2)
    assert data.known("b.mp4#track=1") == {"truth": "anger", "person": "b"}


def test_a_table_may_name_the_films_of_a_faces_run(tmp_path: Path) -> None:
    frames = [("a.mp4", 0), ("b.mp4", 0), ("b.mp4", 1)]
    rows = [
        {"image": f"{film}#t={t / 10}&face={track}", "source": film, "time": t / 10, "track": track}
        for film, track in frames
        for t in range(8)
    ]
    points = np.random.default_rng(0).random((len(rows), 2 * 468), np.float32)
    pd.DataFrame(rows).assign(landmarks=list(points)).to_parquet(tmp_path / "faces.parquet")
    table = tmp_path.parent / "said.csv"
    table.write_text("path,truth,person\na.mp4,joy,anna\nb.mp4,fear,ben\n")
    data = Landmarks(root=tmp_path, points=468, length=8, annotations=table)
    assert data.known("a.mp4#track=0") == {"truth": "joy", "person": "anna"}
    assert data.known("b.mp4#track=1") == {"truth": "fear", "person": "ben"}
    (note,) = [line for line in data.notes if "several faces" in line]
    assert note.startswith("1 film has several faces") and "b.mp4#track=0 names one alone" in note
    table.write_text("path,truth,person\na.mp4,joy,anna\nb.mp4#track=0,fear,ben\nb.mp4#track=1,joy,cid\n")
    apart = Landmarks(root=tmp_path, points=468, length=8, annotations=table)
    assert apart.known("b.mp4#track=1")["person"] == "cid" and not apart.notes


def test_a_long_gap_cuts_a_sequence_and_it_is_told(tmp_path: Path) -> None:
    points = POINTS[:2].copy()
    points[0, 10:15] = np.nan
    np.savez(tmp_path / "a.npz", points=points, times=np.arange(16) / 25)
    data = Landmarks(root=tmp_path / "a.npz")
    data.prepare()
    assert data.notes == [
        "1 sequences have more than data.gap=3 missing frames in a row; the longest piece of each is kept"
    ]
    assert np.allclose(data.open("a.npz#00000").image.info[KEY].times, np.linspace(0, 9 / 25, 16))


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (np.full((1, 16, 68, 2), np.nan), "has no frame in which a face was found"),
        (
            POINTS[:1, :1],
            "has one frame, and movement needs two or more",
        ),
        (POINTS[:1, :, :51], "has 51 points, and data.points=68 names 68"),
    ],
)
def test_a_sequence_that_cannot_be_used_says_why(tmp_path: Path, points: np.ndarray, reason: str) -> None:
    np.savez(tmp_path / "a.npz", points=points, times=np.arange(points.shape[1]) / 25)
    data = Landmarks(root=tmp_path / "a.npz")
    with pytest.raises(Refused, match=reason):
        data.open("a.npz")


@pytest.mark.parametrize("times", [np.zeros(16), np.full(16, np.nan)])
def test_frames_at_one_time_or_none_are_no_movement(tmp_path: Path, times: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", points=POINTS[:1], times=times)
    with pytest.raises(
        Refused, match="has 16 frames at one time or none, and movement needs two or more times"
    ):
        Landmarks(root=tmp_path / "a.npz").open("a.npz")
    late = np.arange(16) / 25
    late[3] = np.nan  # a frame without a time is missing, and filled up
    np.savez(tmp_path / "a.npz", points=POINTS[:1], times=late)
    assert shown(Landmarks(root=tmp_path / "a.npz"), "a.npz").shape == (16, 68, 2)


def test_points_that_are_renamed_or_missing_are_named(tmp_path: Path) -> None:
    table = pd.read_csv(write_long(tmp_path / "long.csv", 2), dtype=str)
    table.loc[(table["image"] == "s1") & (table["point"] == "36"), "point"] = "eye corner"
    table.to_csv(tmp_path / "long.csv", index=False)
    data = Landmarks(root=tmp_path / "long.csv")
    with pytest.raises(Refused, match=r"has no point '36', which data\.points=68 names"):
        data.open("long.csv#s1")
    assert shown(data, "long.csv#s0").shape == (16, 68, 2)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"root": None}, "data.root is not set; give a file of landmarks"),
        ({"root": "nowhere"}, "data.root: there is nothing at nowhere"),
        ({"gap": -1}, "data.gap must be a whole number of at least 0, got -1"),
        ({"length": 4}, "data.length must be a whole number of at least 8, got 4"),
        ({"points": 67}, "data.points must be 68, 468 or a file of lines `name,region`"),
    ],
)
def test_a_setting_that_means_nothing_is_named(tmp_path: Path, settings: dict, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        Landmarks(**{"root": write_npz(tmp_path / "a.npz", 2), **settings})


def test_a_table_without_times_is_told_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,point,x,y\ns,0,1,2\n")
    with pytest.raises(SettingError, match="the header must be one with a column time or timestamp"):
        Landmarks(root=tmp_path)


def test_points_of_one_s_own_have_the_regions_that_their_file_says(tmp_path: Path) -> None:
    (tmp_path / "points.txt").write_text("name,region\na,right eye\nb,left eye\nc,mouth\n")
    rows = [("s", t, p, *({"a": (0, 0), "b": (1, 0), "c": (0.5, t)}[p])) for t in (0, 1) for p in "abc"]
    pd.DataFrame(rows, columns=["image", "time", "point", "x", "y"]).to_csv(tmp_path / "own.csv", index=False)
    data = Landmarks(root=tmp_path / "own.csv", points=str(tmp_path / "points.txt"))
    assert data.objects == ["eyes", "mouth"] and data.layout.right_eye == (0,)
    assert np.allclose(shown(data, "own.csv#s")[:, 2, 1], np.linspace(0, 1, 16))
    (tmp_path / "points.txt").write_text("a,right eye\nc,mouth\n")
    with pytest.raises(SettingError, match="names no point of the regions 'right eye' and 'left eye'"):
        Landmarks(root=tmp_path / "own.csv", points=str(tmp_path / "points.txt"))


def test_the_mesh_s_points_lie_in_the_regions_on_whose_outlines_they_are() -> None:
    layout = mesh_layout()
    region = dict(enumerate(layout.regions))
    assert (region[61], region[33], region[1], region[152]) == (
        "mouth",
        "rest of face",
        "rest of face",
        "chin",
    )
    assert set(layout.right_eye) <= set(layout.members("eyes")) and len(layout) == 468


def test_a_run_in_which_no_face_was_found_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "ledger.parquet").touch()
    (tmp_path / "association.csv").write_text("object,joy\neyes,1\n")
    with pytest.raises(SettingError, match=r"run that found no face, .* it holds no faces\.parquet; give"):
        Landmarks(root=tmp_path).listing()
