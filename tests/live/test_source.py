"""A camera and a window, held to an OpenCV that is made for the test."""

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emocam.errors import SettingError
from emocam.live import source, window
from emocam.live.source import Camera, open_source
from emocam.live.window import LiveWindow, open_window


def opencv(frames: list[np.ndarray | None], opens: bool = True, windows: bool = True) -> Any:
    """What a camera and a window ask of OpenCV; `released` and `shown` tell what was done."""
    told = SimpleNamespace(released=0, shown=[], key=-1, visible=1.0, error=RuntimeError)

    class VideoCapture:
        def __init__(self, number: int) -> None:
            self.left = list(frames)

        def isOpened(self) -> bool:  # noqa: N802
            return opens

        def read(self) -> tuple[bool, np.ndarray | None]:
            found = self.left.pop(0) if self.left else None
            return found is not None, found

        def set(self, *_: object) -> None: ...

        def release(self) -> None:
            told.released += 1

    def named(*_: object) -> None:
        if not windows:
            raise RuntimeError("The function is not implemented")

    told.VideoCapture, told.namedWindow = VideoCapture, named
    told.CAP_PROP_BUFFERSIZE = told.WINDOW_NORMAL = told.WINDOW_KEEPRATIO = told.WND_PROP_VISIBLE = 0
    told.resizeWindow = lambda *_: None
    told.destroyAllWindows = lambda: None
    told.imshow = lambda _, pixels: told.shown.append(pixels)
    told.waitKey = lambda _: told.key
    told.getWindowProperty = lambda *_: told.visible
    return told


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "WAIT", 0.0)


def test_a_camera_s_frames_are_red_green_blue_and_it_is_let_go() -> None:
    blue_first = np.zeros((4, 6, 3), np.uint8)
    blue_first[..., 0], blue_first[..., 2] = 10, 200
    cv2 = opencv([blue_first, None, None, np.full((4, 6), 7, np.uint8)])
    frames = [image for image, second in Camera(0, cv2).frames(threading.Event()) if second is None]
    assert [image.getpixel((2, 2)) for image in frames] == [(200, 0, 10), (7, 7, 7)]
    assert cv2.released == 1


@pytest.mark.parametrize(("opens", "told"), [(False, "does not open"), (True, "opens, but gives no picture")])
def test_a_busy_camera_is_one_sentence(opens: bool, told: str) -> None:
    cv2 = opencv([], opens)
    with pytest.raises(SettingError, match=rf"^SOURCE 2: camera 2 {told}; another program may use it"):
        list(Camera(2, cv2).frames(threading.Event()))
    assert cv2.released == 1


def test_a_camera_that_is_not_there_is_told_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source.sys, "platform", "linux")
    with pytest.raises(
        SettingError, match=r"^SOURCE 97: there is no camera 97, (this machine has none|those of)"
    ):
        open_source("97")


def test_a_window_shows_blue_first_and_closes_by_q_or_its_cross() -> None:
    cv2 = opencv([])
    shown = LiveWindow(cv2)
    assert shown.show(Image.new("RGB", (6, 4), (200, 0, 10)))
    assert cv2.shown[0][0, 0].tolist() == [10, 0, 200]
    cv2.key = ord("q")
    assert not shown.show(Image.new("RGB", (6, 4)))
    cv2.key, cv2.visible = -1, 0.0
    assert not shown.is_open()


def test_without_a_display_or_windows_it_says_how_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window.sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert open_window(False) == ""
    assert "this machine has no display, so nothing is shown; watch.page=true" in str(open_window(None))
    with pytest.raises(SettingError, match=r"no display; watch\.page=true"):
        open_window(True)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(window, "load_opencv", lambda _: opencv([], windows=False))
    assert "has no windows (opencv-python-headless)" in str(open_window(None))
    monkeypatch.setattr(window, "load_opencv", lambda _: opencv([]))
    assert isinstance(open_window(None), LiveWindow)
