"""One bad file costs itself alone, and the batch names it."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from emocam.data.folder import Folder
from emocam.data.samples import Samples, collate, reason
from emocam.errors import SettingError
from emocam.records.picture import Batch
from emocam.view.crops import CentreCrop, Stretch, Unchanged

NAMES = {
    "newline\n.jpg": "newline\n.jpg",
    "quote'\".jpg": "quote'\".jpg",
    "emoji\U0001f600.jpg": "emoji\U0001f600.jpg",
    "tab\t.jpg": "tab\t.jpg",
    "\u202eright.jpg": "\u202eright.jpg",
    "<script>alert(1)<\\script>.jpg": "<script>alert(1)<\\\\script>.jpg",
    "=1+1.jpg": "=1+1.jpg",
    "n" * 251 + ".jpg": "n" * 251 + ".jpg",
    os.fsdecode(b"latin\xe9.jpg"): "latin\\xe9.jpg",
}


def hostile(root: Path) -> dict[str, str]:
    """Files that are no pictures, and what the ledger should say of them."""
    whole = (root / "good.jpg").read_bytes()
    (root / "zero.jpg").write_bytes(b"")
    (root / "text.jpg").write_text("no picture")
    (root / "page.jpg").write_text("<html><body>404</body></html>")
    (root / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "header.jpg").write_bytes(whole[:10])
    (root / "broken.jpg").symlink_to(root / "nothing")
    (root / "self.jpg").symlink_to(root / "self.jpg")
    (root / "out.jpg").symlink_to("/etc/hostname")
    (root / "directory.jpg").mkdir()
    os.mkfifo(root / "pipe.jpg")
    (root / "device.jpg").symlink_to("/dev/null")
    Image.new("1", (3000, 3000)).save(root / "bomb.png")
    return {
        "zero.jpg": "UnidentifiedImageError: cannot identify image file",
        "text.jpg": "UnidentifiedImageError: cannot identify image file",
        "page.jpg": "UnidentifiedImageError: cannot identify image file",
        "cut.jpg": "OSError: image file is truncated",
        "header.jpg": "",
        "broken.jpg": "FileNotFoundError: ",
        "self.jpg": "",
        "out.jpg": "lies outside data.root",
        "pipe.jpg": "is no regular file",
        "device.jpg": "lies outside data.root",
        "bomb.png": "has more than data.max_pixels=1,000,000 pixels",
    }


def read(data: Folder) -> Batch:
    listing = data.listing()
    view = Stretch((8, 8))
    samples = Samples(data, listing, np.arange(len(listing)), view, view)
    return collate([samples[i] for i in range(len(samples))])


def test_a_batch_of_bad_and_good_yields_the_good_and_names_the_bad(corpus) -> None:
    root = corpus("good.jpg", *NAMES)
    expected = hostile(root)
    batch = read(Folder(root=root, max_pixels=1_000_000))
    assert set(batch.paths) == {"good.jpg", *NAMES.values()}
    assert {refusal.path for refusal in batch.refusals} == set(expected)
    assert sorted([*batch.index.tolist(), *(r.index for r in batch.refusals)]) == list(range(len(batch) + 11))
    for refusal in batch.refusals:
        assert refusal.reason.startswith(expected[refusal.path]), refusal
        assert refusal.status == ("unreadable" if "Error" in refusal.reason else "refused")
        assert str(root) not in refusal.reason
        refusal.reason.encode("utf-8")


def test_a_batch_of_nothing_good_is_empty_and_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    batch = read(Folder(root=tmp_path))
    assert len(batch) == 0 and len(batch.annotated) == 0
    assert [refusal.path for refusal in batch.refusals] == ["a.jpg"]


def test_the_good_pictures_are_the_same_as_without_the_bad(corpus) -> None:
    root = corpus("good.jpg", "zz.jpg")
    alone = read(Folder(root=root))
    hostile(root)
    among = read(Folder(root=root, max_pixels=1_000_000))
    assert torch.equal(alone.classifier_view, among.classifier_view)


def test_a_view_that_fails_costs_one_picture(corpus) -> None:
    class Fails:
        def __call__(self, image: Image.Image):
            if image.size == (1, 1):
                raise MemoryError("too small")
            return Stretch((8, 8))(image)

    root = corpus("good.jpg")
    Image.new("RGB", (1, 1)).save(root / "one.png")
    data = Folder(root=root)
    samples = Samples(data, data.listing(), np.arange(2), Fails(), Stretch((8, 8)))
    batch = collate([samples[0], samples[1]])
    assert batch.paths == ["good.jpg"]
    assert batch.refusals[0].reason == "MemoryError: too small"


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_pictures_of_any_proportions_make_a_view(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size).save(tmp_path / "x.png")
    data = Folder(root=tmp_path)
    samples = Samples(data, ["x.png"], np.arange(1), CentreCrop(32, (28, 28)), Unchanged())
    batch = collate([samples[0]])
    assert batch.classifier_view.shape == (1, 3, 28, 28) and not batch.refusals


def test_a_line_of_one_pixel_does_not_ask_for_all_memory(tmp_path: Path) -> None:
    Image.new("1", (1, 65500)).save(tmp_path / "x.png")
    samples = Samples(
        Folder(root=tmp_path), ["x.png"], np.arange(1), CentreCrop(256, (224, 224)), Unchanged()
    )
    (refusal,) = collate([samples[0]]).refusals
    assert refusal.reason == "ValueError: 1 x 65500 pixels are too narrow for a view of 224 x 224"


def test_only_what_is_still_to_do_is_opened(corpus) -> None:
    data = Folder(root=corpus("a.jpg", "b.jpg", "c.jpg"))
    samples = Samples(data, data.listing(), np.array([2]), Stretch((4, 4)), Stretch((4, 4)))
    assert len(samples) == 1
    batch = collate([samples[0]])
    assert batch.paths == ["c.jpg"] and batch.index.tolist() == [2]


def test_annotated_regions_travel_with_their_picture(corpus, tmp_path: Path) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text("path,x0,y0,x1,y1,label\nb.jpg,0,0,1,1,cat\nb.jpg,0,0,.5,.5,dog\n")
    data = Folder(root=corpus("a.jpg", "b.jpg"), annotations=table, masks=True)
    batch = read(data)
    assert batch.annotated.image.tolist() == [1, 1]
    assert batch.annotated.object.tolist() == [0, 1]
    assert batch.annotated.score.tolist() == [1, 1]
    assert batch.annotated.masks is not None and batch.annotated.masks.shape == (2, 28, 28)


def test_fast_resizing_is_a_setting_of_the_data(corpus) -> None:
    root = corpus("good.jpg")
    exact, fast = (
        Samples(Folder(root=root, resize=resize), ["good.jpg"], np.arange(1), Stretch((5, 7)), Unchanged())[0]
        for resize in ("exact", "fast")
    )
    assert torch.equal(exact.detector_view, fast.detector_view)
    assert (exact.classifier_view.int() - fast.classifier_view.int()).abs().max() <= 1
    with pytest.raises(SettingError, match=r"data\.resize must be exact or fast, got 'quick'"):
        Folder(root=root, resize="quick")


@pytest.mark.parametrize(
    ("words", "root", "told"),
    [
        ("Truncated File Read", "F", "OSError: Truncated File Read"),
        ("cannot read F/a.jpg", "F", "OSError: cannot read data.root/a.jpg"),
        ("'/p/q/a.jpg' and /p/q", "/p/q", "OSError: 'data.root/a.jpg' and data.root"),
        ("/p/qs/a.jpg", "/p/q", "OSError: /p/qs/a.jpg"),
        ("x/F/a.jpg", "F", "OSError: x/F/a.jpg"),
        (
            "cannot identify image file <_io.BytesIO object at 0x7f16>",
            None,
            "OSError: cannot identify image file",
        ),
    ],
)
def test_a_reason_names_the_root_where_it_stands_as_a_path(words: str, root: str, told: str) -> None:
    assert reason(OSError(words), root) == told
