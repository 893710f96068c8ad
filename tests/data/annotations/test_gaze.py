"""Tables of eye movements: formats by their content, what is left out, and which picture a look is at."""

import gzip

import numpy as np
import pytest

from emocam.data.annotations.gaze.join import by_time, check_films, looks_of
from emocam.data.annotations.gaze.read import read_fixations
from emocam.data.annotations.gaze.settings import GazeSettings
from emocam.errors import SettingError

EVENTS = "onset\tduration\tlabel\tstart_x\tstart_y\tend_x\tend_y\n"


def read(path, **settings):
    return read_fixations(path, GazeSettings(**settings), "cam.file")


def test_events_are_fixations_and_pursuit_in_the_middle_of_start_and_end(tmp_path):
    file = tmp_path / "sub-01.tsv"
    file.write_text(
        f"{EVENTS}1\t.3\tFIXA\t100\t50\t120\t70\n2\t.02\tSACC\t0\t0\t9\t9\n3\t.5\tPURS\t640\t273\t640\t273\n"
    )
    found = read(file, frame=[0, 0, 1280, 546])
    assert found.place == pytest.approx(np.array([[110 / 1280, 60 / 546], [0.5, 0.5]]))
    assert found.onset.tolist() == [1, 3] and found.seconds.tolist() == [0.3, 0.5]
    assert found.observers == ["sub-01"] and found.aspect[0] == pytest.approx(1280 / 546)


def test_raw_samples_last_a_thousandth_and_blinks_are_counted(tmp_path):
    file = tmp_path / "sub-02_recording-eyegaze_physio.tsv.gz"
    file.write_bytes(gzip.compress(b"640\t273\t900\t1\nNaN\tNaN\t0\t1\n1300\t10\t900\t2\n0\t546\t900\t2\n"))
    found = read(file, frame=[0, 0, 1280, 546])
    assert found.onset.tolist() == [0, 0.003] and found.seconds.tolist() == [0.001, 0.001]
    assert found.notes == [
        "cam.file: 1 of 4 looks are without an eye, and left out",
        "cam.file: 1 of 4 looks are outside of the picture, and left out",
    ]


def test_a_folder_holds_a_file_for_each_observer_and_a_table_says_how_large_its_pictures_are(tmp_path):
    for name in ("anna", "bert"):
        (tmp_path / f"{name}.csv").write_text(
            "image,x,y,width,height\na/1.jpg,50,25,100,50\n2.jpg,10,10,20,40\n"
        )
    found = read(tmp_path)
    assert found.observers == ["anna", "bert"] and found.observer.tolist() == [0, 0, 1, 1]
    assert found.place.tolist() == [[0.5, 0.5], [0.5, 0.25]] * 2
    assert found.aspect.tolist() == [2, 0.5] * 2
    image, look, lasted = looks_of(found, ["b/2.jpg", "a/1.jpg", "a/3.jpg"], 1, "cam.file")
    assert list(zip(image.tolist(), look.tolist(), strict=True)) == [(1, 0), (0, 1), (1, 2), (0, 3)]
    assert lasted.tolist() == [1, 1, 1, 1]


def test_a_name_that_two_pictures_have_is_nobody_s(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("image,x,y\n1.jpg,.5,.5\n")
    assert len(looks_of(read(file), ["a/1.jpg", "b/1.jpg"], 1, "cam.file")[0]) == 0


def test_a_look_belongs_to_each_frame_for_as_long_as_it_lasts_there():
    draws = np.random.default_rng(0)
    onset, lasting = draws.uniform(0, 20, 50), draws.uniform(0.05, 3, 50)
    times = draws.permutation(np.arange(0, 20, 1.5))
    found = {(int(f), int(n)): t for f, n, t in zip(*by_time(onset, lasting, times, 1.0), strict=True)}
    for frame, time in enumerate(times):
        for look in range(50):
            shared = min(onset[look] + lasting[look], time + 0.5) - max(onset[look], time - 0.5)
            assert found.get((frame, look), 0) == pytest.approx(max(shared, 0))


def test_times_belong_to_the_film_that_the_table_names(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("image,onset,duration,x,y\nb.mp4,1.0,.2,.5,.5\na.mp4,1.0,.2,.1,.1\n")
    found = read(file)
    frames = ["a.mp4#t=0.000000", "a.mp4#t=1.000000", "b.mp4#t=1.000000"]
    image, look, _ = looks_of(found, frames, 1, "cam.file")
    assert sorted(zip(image.tolist(), look.tolist(), strict=True)) == [(1, 1), (2, 0)]


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        ("image,x,y\na.jpg,300,20\n", {}, r"x goes to 300 .* gaze.frame=\[x0,y0,x1,y1\]"),
        (
            "image,x,y\na.jpg,300,20\n",
            {"frame": [0, 0, 10, 10]},
            "no look lies within the picture; .*1 of 1 looks",
        ),
        ("image,x\na.jpg,3\n", {}, "one with a column y"),
        ("x,y\n.3,.3\n", {}, "one with a column onset or time"),
        ("image,x,y\na.jpg,left,.2\n", {}, "line 2, x must be a number, got 'left'"),
        ("image,duration,x,y\na.jpg,,.2,.2\n", {}, "line 2, duration must be a number"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_sentence(tmp_path, text, settings, said):
    file = tmp_path / "t.csv"
    file.write_text(text)
    with pytest.raises(SettingError, match=said):
        read(file, **settings)


def test_other_mistakes_are_one_sentence(tmp_path):
    for settings, said in (
        ({"degrees": 3, "sigma": 0.1}, "give one of them"),
        ({"sigma": -1}, "gaze.sigma must be above 0"),
        ({"frame": [0, 0, 0, 4]}, "gaze.frame must be"),
    ):
        with pytest.raises(SettingError, match=said):
            GazeSettings(**settings)
    with pytest.raises(SettingError, match="there is none at"):
        read(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("image,x,y\na.jpg,.3,.2\n")
    (tmp_path / "b.csv").write_text("onset,x,y\n3,.3,.2\n")
    with pytest.raises(SettingError, match="some files name images and others times"):
        read(tmp_path)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(SettingError, match="names times, and pictures of this run have none, such as a"):
        looks_of(read(tmp_path), ["a.jpg"], 1, "cam.file")
    with pytest.raises(SettingError, match="of which film"):
        check_films(read(tmp_path), {"a.mp4", "b.mp4"}, "cam.file")
    (tmp_path / "c.gz").write_bytes(b"no gzip")
    with pytest.raises(SettingError, match="cannot be read as samples"):
        read(tmp_path / "c.gz")
