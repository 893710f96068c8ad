"""What it costs to know files by their content: python benchmarks/digests.py [PICTURES]."""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from emocam.classifier.planted import PlantedClassifier
from emocam.data.contents import all_contents
from emocam.data.folder import Folder
from emocam.data.samples import Samples
from emocam.network.weights import fingerprint
from emocam.predict.keys import code_digest
from emocam.settings import digests as module
from emocam.settings.digests import Digests
from emocam.view.crops import Letterbox, Stretch


class Unasked(Digests):
    """Digests of nothing, for the time that the rest takes."""

    def of_all(self, files):
        return [None for _ in files]


def seconds(work: Callable[[], object]) -> float:
    """Return the processor's seconds, which other processes do not make longer."""
    start = time.process_time()
    work()
    return time.process_time() - start


def photographs(folder: Path, count: int) -> None:
    """Write JPEG files of 1024 x 768 that are about as large as photographs are."""
    noise = np.random.default_rng(0)
    for number in range(count):
        coarse = noise.integers(0, 256, (96, 128, 3), np.uint8)
        picture = Image.fromarray(coarse).resize((1024, 768), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:05}.jpg", quality=90)


def main(count: int) -> None:
    """Print each figure on a line."""
    module.SETTLED = 0
    with tempfile.TemporaryDirectory() as place:
        root, cache = Path(place, "pics"), Path(place, "cache")
        root.mkdir()
        photographs(root, count)
        data = Folder(root=root)
        listing = data.listing()
        size = sum((root / path).stat().st_size for path in listing) / count / 1000
        print(f"{count} JPEG files of {size:.0f} kB")

        def opened(digests: Digests) -> Callable[[], object]:
            samples = Samples(
                data, listing, np.arange(count), Stretch((227, 227)), Letterbox((608, 608)), None, digests
            )
            return lambda: [samples[i] for i in range(count)]

        opened(Unasked())()
        plain = seconds(opened(Unasked()))
        asked = seconds(opened(Digests(cache)))
        print(
            f"opened, upright and resized: {1000 * plain / count:.2f} ms a picture; digested, too: "
            f"{1000 * asked / count:.2f} ms (+{100 * (asked / plain - 1):.1f} %)"
        )
        for name, digests in (("nothing is known", Digests()), ("all are known", Digests(cache))):
            spent = seconds(lambda digests=digests: all_contents(data, listing, digests))
            print(f"held to a ledger, where {name}: {1e6 * spent / count:.0f} us a picture")
    print(f"our code: {1000 * seconds(code_digest):.0f} ms")
    print(f"the planted network's weights: {1000 * seconds(lambda: fingerprint(PlantedClassifier())):.0f} ms")
    array = np.random.default_rng(0).bytes(100_000_000)
    import hashlib

    print(f"sha256: {0.1 / seconds(lambda: hashlib.sha256(array)):.2f} GB/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 400)
