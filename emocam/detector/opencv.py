"""The door to OpenCV: which is optional, and whose version 5 has lost what is used here."""

from types import ModuleType

from emocam.errors import SettingError


def load_opencv() -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise SettingError(f"this detector needs OpenCV 4 ({error}); pip install 'emocam[opencv]'") from None
    if not hasattr(cv2, "CascadeClassifier"):
        raise SettingError(
            f"this detector needs OpenCV 4, found {cv2.__version__}; pip install 'opencv-python-headless<5'"
        )
    return cv2
