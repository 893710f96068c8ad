"""What comes through the door: upright, RGB, as a viewer shows it; or a named refusal."""

import fcntl
import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps, PngImagePlugin

from emocam.data.folder import Folder
from emocam.data.image_file import GATE, Refused, full_size, open_upright, within_root

MANY = 10**8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_turned_picture_comes_upright(tmp_path: Path, pictures, orientation: int, suffix: str) -> None:
    file = tmp_path / f"turned{suffix}"
    pictures.save_turned(file, orientation)
    image, told = open_upright(file, MANY)
    assert (image.size, image.mode, told) == (pictures.SIZE, "RGB", orientation)
    np.testing.assert_allclose(pictures.red_box(image), pictures.SQUARE, atol=1)
    with Image.open(file) as library:
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(library).convert("RGB")), np.asarray(image))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_is_upright(tmp_path: Path, pictures, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    pictures.upright_picture().save(tmp_path / "x.png", exif=exif)
    image, told = open_upright(tmp_path / "x.png", MANY)
    assert told == 1 and pictures.red_box(image) == pictures.SQUARE


def test_a_broken_exif_block_costs_the_turn_and_not_the_picture(tmp_path: Path, pictures) -> None:
    pictures.upright_picture().save(tmp_path / "x.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40)
    image, told = open_upright(tmp_path / "x.jpg", MANY)
    assert told == 1 and image.size == pictures.SIZE


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_are_scaled_and_not_clipped(tmp_path: Path, suffix: str) -> None:
    deep = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    Image.fromarray(deep).save(tmp_path / f"deep{suffix}")
    image, _ = open_upright(tmp_path / f"deep{suffix}", MANY)
    assert np.asarray(image)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_fractions_are_refused_because_their_white_is_not_known(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "x.tif")
    with pytest.raises(Refused, match="white is not known"):
        open_upright(tmp_path / "x.tif", MANY)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_clear_is_white(tmp_path: Path, mode: str) -> None:
    colours = {
        "RGBA": [(0, 0, 0, 0), (200, 100, 0, 255), (0, 0, 0, 128)],
        "LA": [(0, 0), (90, 255), (0, 128)],
    }
    image = Image.new(mode, (3, 1))
    for x, colour in enumerate(colours[mode]):
        image.putpixel((x, 0), colour)
    image.save(tmp_path / "x.png")
    clear, solid, half = np.asarray(open_upright(tmp_path / "x.png", MANY)[0])[0].tolist()
    assert clear == [255, 255, 255]
    assert solid == ([200, 100, 0] if mode == "RGBA" else [90, 90, 90])
    assert half == [127, 127, 127]


def test_a_palette_with_a_clear_colour_is_white_there(tmp_path: Path, pictures) -> None:
    pictures.clear_gif().save(tmp_path / "x.gif", transparency=0)
    image, _ = open_upright(tmp_path / "x.gif", MANY)
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert image.getpixel((61, 11)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr"])
def test_every_mode_of_a_photo_becomes_rgb(tmp_path: Path, pictures, mode: str) -> None:
    suffix = ".jpg" if mode in ("CMYK", "YCbCr") else ".png"
    pictures.upright_picture().convert(mode).save(tmp_path / f"x{suffix}")
    image, _ = open_upright(tmp_path / f"x{suffix}", MANY)
    assert (image.mode, image.size) == ("RGB", pictures.SIZE)
    if mode not in ("1", "L"):
        np.testing.assert_allclose(pictures.red_box(image), pictures.SQUARE, atol=1)


def test_of_a_moving_picture_the_first_frame_counts(tmp_path: Path, pictures) -> None:
    frames = [pictures.upright_picture(), Image.new("RGB", pictures.SIZE)]
    frames[0].save(tmp_path / "x.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert pictures.red_box(open_upright(tmp_path / "x.webp", MANY)[0]) == pictures.SQUARE


def test_a_picture_of_two_eyes_shows_the_first(tmp_path: Path, pictures) -> None:
    frames = [pictures.upright_picture(), Image.new("RGB", pictures.SIZE)]
    frames[0].save(tmp_path / "x.mpo", save_all=True, append_images=frames[1:])
    assert open_upright(tmp_path / "x.mpo", MANY)[0].size == pictures.SIZE


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp", ".tif", ".bmp"])
def test_a_truncated_file_is_never_a_picture(tmp_path: Path, pictures, share: float, suffix: str) -> None:
    whole = pictures.save_photo(tmp_path / f"whole{suffix}").read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(Exception):  # noqa: B017 - Pillow raises seven kinds
        open_upright(tmp_path / f"cut{suffix}", MANY)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    Image.new("1", (1000, 1000)).save(tmp_path / "x.png")
    for limit in (999_999, 400_000):  # from twice the limit on Pillow raises an error and no warning
        with pytest.raises(Refused, match=f"more than data.max_pixels={limit:,} pixels"):
            open_upright(tmp_path / "x.png", limit)
    assert open_upright(tmp_path / "x.png", 1_000_000)[0].size == (1000, 1000)


@pytest.mark.parametrize(
    ("size", "opened"),
    [((1000, 1000), (1000, 1000)), ((2000, 1998), (1000, 999)), ((3999, 4000), (1000, 1000))],
)
def test_a_photo_of_more_pixels_is_reduced_while_it_is_decoded(
    tmp_path: Path, size: tuple[int, int], opened: tuple[int, int]
) -> None:
    Image.linear_gradient("L").convert("RGB").resize(size).save(tmp_path / "x.jpg")
    image, _ = open_upright(tmp_path / "x.jpg", 1_000_000)
    assert (image.size, full_size(image)) == (opened, size)
    whole = np.asarray(Image.open(tmp_path / "x.jpg").resize(opened, Image.Resampling.BOX), float)
    assert np.abs(np.asarray(image, float) - whole).max() <= 3


def test_the_full_size_of_a_turned_photo_is_the_upright_one(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (2000, 1000)).save(tmp_path / "x.jpg", exif=exif)
    image, orientation = open_upright(tmp_path / "x.jpg", 1_000_000)
    assert (image.size, full_size(image), orientation) == ((500, 1000), (1000, 2000), 6)


def test_boxes_in_pixels_are_those_of_the_whole_photo(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1000)).save(tmp_path / "x.jpg")
    (tmp_path / "boxes.csv").write_text("path,object,x0,y0,x1,y1\nx.jpg,cat,500,250,1000,500\n")
    data = Folder(root=tmp_path, annotations=tmp_path / "boxes.csv", max_pixels=1_000_000)
    data.listing()
    picture = data.open("x.jpg")
    assert picture.image.size == (1000, 500)
    np.testing.assert_allclose(picture.boxes, [[0.25, 0.25, 0.5, 0.5]])


@pytest.mark.parametrize(
    "how", [{"format": "PNG"}, {"format": "WEBP"}, {"format": "JPEG", "progressive": True}]
)
def test_what_is_unpacked_whole_is_not_opened_above_the_limit(tmp_path: Path, how: dict[str, Any]) -> None:
    Image.new("RGB", (1001, 1000)).save(tmp_path / "x.jpg", **how)
    with pytest.raises(Refused, match="has more than "):
        open_upright(tmp_path / "x.jpg", 1_000_000)


def test_a_photo_above_sixteen_times_the_limit_is_refused(tmp_path: Path) -> None:
    Image.new("L", (4001, 4000)).save(tmp_path / "x.jpg")
    with pytest.raises(Refused, match="has more than "):
        open_upright(tmp_path / "x.jpg", 1_000_000)


PEAK = """
import sys
from pathlib import Path
from emocam.data.image_file import open_upright
def peak():  # of this program alone: getrusage knows the peak of the process that started it, too
    return int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])
before = peak()
open_upright(Path(sys.argv[1]), 40_000_000)
print((peak() - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak in /proc")
@pytest.mark.parametrize(("mode", "most"), [("LA", 340), ("I;16", 300), ("P", 225)])
def test_a_picture_just_below_the_limit_takes_little_more_than_its_pixels(
    tmp_path: Path, mode: str, most: int
) -> None:
    Image.new(mode, (6300, 6300)).save(tmp_path / "x.png", **({"transparency": 0} if mode == "P" else {}))
    command = [sys.executable, "-c", PEAK, str(tmp_path / "x.png")]
    grown = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert grown < most, "MB: Pillow holds four bytes a pixel of RGB and of LA, 151 MB each"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no such lock")
def test_large_pictures_are_opened_one_at_a_time_in_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emocam.data.image_file.LARGE", 50)
    Image.new("RGB", (10, 10)).save(tmp_path / "x.png")
    Image.new("RGB", (5, 5)).save(tmp_path / "small.png")
    fork = multiprocessing.get_context("fork")
    fcntl.lockf(GATE, fcntl.LOCK_EX)
    try:
        waiting = fork.Process(target=open_upright, args=(tmp_path / "x.png", MANY))
        passing = fork.Process(target=open_upright, args=(tmp_path / "small.png", MANY))
        waiting.start(), passing.start()
        passing.join(20)
        waiting.join(0.3)
        assert waiting.is_alive() and passing.exitcode == 0
    finally:
        fcntl.lockf(GATE, fcntl.LOCK_UN)
    waiting.join(20)
    assert waiting.exitcode == 0


def test_a_damaged_tiff_says_nothing_past_the_ledger(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Image.effect_noise((200, 200), 50).save(tmp_path / "x.tif", compression="tiff_lzw")
    damaged = bytearray((tmp_path / "x.tif").read_bytes())
    damaged[300:20_000] = bytes(255 - byte for byte in damaged[300:20_000])
    (tmp_path / "x.tif").write_bytes(damaged)
    with pytest.raises(Exception):  # noqa: B017 - Pillow's own
        open_upright(tmp_path / "x.tif", MANY)
    os.write(2, b"the terminal is back\n")
    assert capfd.readouterr().err == "the terminal is back\n"


def test_text_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path, pictures) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "a" * 50_000_000, zip=True)
    pictures.upright_picture().save(tmp_path / "x.png", pnginfo=notes)
    with pytest.raises(ValueError, match="too large"):
        open_upright(tmp_path / "x.png", MANY)


def test_a_format_that_runs_programs_is_not_tried(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(OSError, match="cannot identify"):
        open_upright(tmp_path / "x.jpg", MANY)


def test_a_pipe_a_socket_and_a_device_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    places = [tmp_path / "pipe.jpg", tmp_path / "device.jpg", tmp_path]
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket may be 108 bytes long
        listening.bind("socket.jpg")
        os.chdir(here)
        for place in [*places, tmp_path / "socket.jpg"]:
            with pytest.raises(Refused, match="is no regular file"):
                open_upright(place, MANY)


def test_a_path_stays_under_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.jpg").write_text("x")
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "in.jpg").symlink_to(root / "real.jpg")
    assert within_root(root, "in.jpg") == root / "in.jpg"
    assert within_root(root, "out.jpg", follow_links=True) == root / "out.jpg"
    for path in ("../secret.jpg", "a/../../secret.jpg", str(tmp_path / "secret.jpg"), "/etc/passwd"):
        for follow in (False, True):
            with pytest.raises(Refused, match=r"lies outside data\.root"):
                within_root(root, path, follow)
    with pytest.raises(Refused):
        within_root(root, "out.jpg")


@pytest.mark.parametrize("turned", [1, 6])
@pytest.mark.parametrize("quality", ["progressive", "baseline"])
def test_a_jpeg_that_is_shown_small_is_decoded_small_and_never_smaller_than_it_is_shown(
    tmp_path: Path, turned: int, quality: str
) -> None:
    hills = Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)).resize(
        (1024, 768)
    )
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turned
    file = tmp_path / "a.jpg"
    hills.save(file, quality=95, exif=exif, progressive=quality == "progressive")
    whole = open_upright(file, 1_000_000)[0]
    sizes = {side: max(open_upright(file, 1_000_000, side)[0].size) for side in (90, 160, 300, 700, 2_000)}
    assert sizes == {90: 256, 160: 256, 300: 512, 700: 1024, 2_000: 1024}
    small, orientation = open_upright(file, 1_000_000, 160)
    assert orientation == turned and full_size(small) == whole.size
    assert np.abs(np.asarray(small, float) - np.asarray(whole.resize(small.size), float)).mean() < 2
