"""A window of OpenCV's, where there is a display."""

import os
import sys
from types import ModuleType

import numpy as np
from PIL import Image

from emocam.errors import SettingError
from emocam.system.opencv import load_opencv

TITLE = "emocam watch"
QUIT = (ord("q"), ord("Q"), 27)


def has_display() -> bool:
    """Return whether there is a display that a window could be on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_window(asked: bool | None) -> "LiveWindow | str":
    """Return a window, or in a sentence why there is none; where one was asked for, that is an error.

    `asked` is null for one where it can be.
    """
    if asked is False:
        return ""
    why = None
    if not has_display():
        why = "watch.window: this machine has no display"
    else:
        try:
            return LiveWindow(load_opencv("a window"))
        except SettingError as error:
            why = str(error) if str(error).startswith("watch.window") else f"watch.window: {error}"
    cure = "watch.page=true shows it on a page on 127.0.0.1, watch.save=FILE.mp4 keeps a film"
    if asked:
        raise SettingError(f"{why}; {cure}")
    return f"{why}, so nothing is shown; {cure}"


class LiveWindow:
    """Shows frames, and says whether it was closed or q was pressed in it."""

    def __init__(self, opencv: ModuleType) -> None:
        self._cv2 = opencv
        try:
            opencv.namedWindow(TITLE, opencv.WINDOW_NORMAL | opencv.WINDOW_KEEPRATIO)
        except opencv.error:
            raise SettingError(
                "watch.window: the OpenCV that is installed has no windows (opencv-python-headless); "
                "`pip uninstall opencv-python-headless` and `pip install 'opencv-python<5'` put another in its place"
            ) from None
        self._sized = False

    def show(self, image: Image.Image) -> bool:
        """Show a frame; return whether the window is to be open any longer."""
        if not self._sized:
            self._cv2.resizeWindow(TITLE, image.width, image.height)
            self._sized = True
        self._cv2.imshow(TITLE, np.ascontiguousarray(np.asarray(image)[:, :, ::-1]))
        return self.is_open()

    def is_open(self) -> bool:
        """Return whether the window is open and nobody has pressed q in it."""
        key = self._cv2.waitKey(1) & 0xFF
        return key not in QUIT and self._cv2.getWindowProperty(TITLE, self._cv2.WND_PROP_VISIBLE) >= 1

    def close(self) -> None:
        """Close the window."""
        self._cv2.destroyAllWindows()
