"""Weights that others publish: where their files are, and how to recognise them."""

from dataclasses import dataclass

GITLAB = "https://gitlab.com/api/v4/projects/39472331/repository/files/emonet_py%2Fdata%2F{}/raw?ref=master"


@dataclass(frozen=True)
class KnownFile:
    """A published file, of `least` to `most` bytes; `sha256` is null where no one has published it."""

    name: str
    url: str
    least: int
    most: int
    sha256: str | None = None


KNOWN: dict[str, tuple[KnownFile, ...]] = {
    "emonet": (
        # 56,950,164 numbers of four bytes, and the names around them
        KnownFile("emonet.pth", GITLAB.format("emonet.pth"), 227_800_656, 228_000_000),
        # 227 x 681 numbers as text
        KnownFile("img_mean.txt", GITLAB.format("img_mean.txt"), 309_174, 4_500_000),
    ),
    "yolov3-openimages": (
        # darknet's header, and the 64,807,342 numbers of YOLOv3 for 601 classes; its author gives no
        # hash, this one is what programs of others check
        KnownFile(
            "yolov3-openimages.weights",
            "https://pjreddie.com/media/files/yolov3-openimages.weights",
            259_229_388,
            259_229_388,
            "be129d792d8c7cc19b17bcb9d40ced71cdf079bfd246cbd1cfca40568ac74ee1",
        ),
    ),
}
