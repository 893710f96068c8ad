"""The import of OpenCV, which is optional, and whose version 5 has lost what detectors use."""

from types import ModuleType

from emocam.errors import SettingError


def load_opencv(needed_by: str = "this detector") -> ModuleType:
    """Import OpenCV of any version, or say what needs it and how to install it."""
    try:
        import cv2
    except ImportError as error:
        raise SettingError(f"{needed_by} needs OpenCV 4 ({error}); pip install 'emocam[opencv]'") from None
    return cv2


def load_opencv_4(needed_by: str = "this detector") -> ModuleType:
    """Import an OpenCV that has cascades and reads darknet's files."""
    cv2 = load_opencv(needed_by)
    if not hasattr(cv2, "CascadeClassifier"):
        raise SettingError(
            f"{needed_by} needs OpenCV 4, found {cv2.__version__}; pip install 'opencv-python-headless<5'"
        )
    return cv2
