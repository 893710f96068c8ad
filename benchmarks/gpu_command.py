"""The whole command on 4,096 JPEG files: images a second, use of the GPU, seconds by stage, loaders and decoders."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from statistics import mean
from typing import Any

import gpu_clock as clock
import torch
from PIL import Image

PICTURES, KINDS = clock.small(4096, 24), clock.small(32, 4)
SIZE = clock.small((1024, 768), (128, 96))


def draw(folder: Path) -> None:
    """So many different files, and links to them for the rest: they decode like any other."""
    folder.mkdir()
    for kind in range(KINDS):
        coarse = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(kind))
        smooth = torch.nn.functional.interpolate(coarse, SIZE[::-1], mode="bicubic").clamp(0, 1)
        noise = 0.05 * torch.randn(smooth.shape, generator=torch.Generator().manual_seed(kind))
        array = ((smooth + noise).clamp(0, 1)[0] * 255).byte().permute(1, 2, 0).numpy()
        Image.fromarray(array).save(folder / f"{kind:05d}.jpg", quality=90)
    for number in range(KINDS, PICTURES):
        (folder / f"{number:05d}.jpg").hardlink_to(folder / f"{number % KINDS:05d}.jpg")


class Use:
    """The GPU's use in percent, asked four times a second, where NVML is there."""

    def __init__(self) -> None:
        self.found: list[int] = []
        self.left = threading.Event()

    def __enter__(self) -> "Use":
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()
        return self

    def look(self) -> None:
        try:
            import pynvml

            pynvml.nvmlInit()
            card = pynvml.nvmlDeviceGetHandleByIndex(0)
            while not self.left.wait(0.25):
                self.found.append(pynvml.nvmlDeviceGetUtilizationRates(card).gpu)
        except Exception:  # no NVML, or none that answers
            return

    def __exit__(self, *_: object) -> None:
        self.left.set()
        self.thread.join()

    def __str__(self) -> str:
        if not self.found:
            return "not known"
        tenths = [self.found[i * len(self.found) // 10 : (i + 1) * len(self.found) // 10] for i in range(10)]
        return f"{mean(self.found):.0f} % in the mean; over time " + " ".join(
            f"{mean(t):.0f}" for t in tenths if t
        )


LOADERS = {
    "processes": ("-m", "emocam"),
    "threads": (str(Path(__file__).with_name("gpu_threads.py")),),
}
"""Who opens the pictures, and how the command line is started for it."""
WAYS = (
    *(("processes", 16, "exact"), ("threads", 16, "exact"), ("processes", 16, "fast")),
    *(
        ("processes", 8, "exact"),
        ("processes", 4, "exact"),
        ("threads", 4, "exact"),
        ("processes", 1, "exact"),
    ),
)
"""What is asked, the most important first: the part may be stopped."""
FEW_WORKERS = 4
"""So many have an eighth of the pictures."""


def command(loader: str, folder: Path, out: Path, *words: str) -> dict[str, Any]:
    """Run the command line in a process of its own; its summary."""
    usual = (
        *(
            "+cam=gradcam",
            "data=folder",
            f"data.root={folder}",
            "classifier=emonet",
            "classifier.weights=random",
        ),
        *("logger=null", "cache=null", "detector=nothing", "quiet=true", f"hydra.run.dir={out}"),
        *("~callback.report", "~callback.stability", "~callback.overlay"),
        f"trainer={clock.small('gpu', 'cpu')}",
    )
    ended = subprocess.run(
        [sys.executable, *LOADERS[loader], *usual, *words], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{' '.join(words)}: {ended.stderr[-2000:]}")
    return json.loads((out / "summary.json").read_text())


def rows() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        draw(folder)
        yield from decoders(folder)
        for loader, workers, resize in clock.small(
            WAYS, (("processes", 0, "exact"), ("threads", 2, "exact"))
        ):
            if clock.time_is_up():
                return
            few = ("data.limit=512",) if workers <= FEW_WORKERS and not clock.DRY else ()
            words = (f"data.workers={workers}", f"data.resize={resize}", *few)
            with Use() as use:
                told = command(loader, folder, Path(place) / f"{loader}-{workers}-{resize}", *words)
            stages = {key: value for key, value in told["seconds"].items() if value >= 0.05}
            yield {
                "command": f"Grad-CAM on EmoNet, {workers} {loader}, resize={resize}",
                "pictures": told["images"],
                "images/s while predicting": told["images_per_second"],
                "GPU": str(use),
                "seconds": ", ".join(f"{key} {value:.1f}" for key, value in stages.items()),
            }


def by_pillow(data: bytes) -> None:
    Image.open(BytesIO(data)).convert("RGB").load()


def by_torchvision(data: bytes) -> None:
    from torchvision.io import ImageReadMode, decode_jpeg

    decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.RGB)


def decoders(folder: Path) -> Iterator[dict[str, Any]]:
    files = [path.read_bytes() for path in sorted(folder.iterdir())[:KINDS]] * clock.small(8, 1)
    for pool, kind in ((ThreadPoolExecutor, "threads"), (ProcessPoolExecutor, "processes")):
        for decode in (by_pillow, by_torchvision):
            for workers in clock.small((16,), (2,)):
                try:
                    with pool(workers) as makers:
                        list(makers.map(decode, files[:workers]))  # starting them does not count
                        began = time.perf_counter()
                        list(makers.map(decode, files, chunksize=8))
                    rate = len(files) / (time.perf_counter() - began)
                    yield {
                        "decoder": f"{decode.__name__}, {workers} {kind}",
                        "rate": f"{rate:.0f} pictures/s",
                    }
                except Exception as error:
                    yield {"without": f"{decode.__name__} ({error})"}
    if clock.DEVICE.type == "cuda":
        try:
            from torchvision.io import decode_jpeg

            data = [torch.frombuffer(bytearray(one), dtype=torch.uint8) for one in files[:64]]
            taken = clock.seconds(lambda: decode_jpeg(data, device="cuda"), 3)
            yield {"decoder": "torchvision on the GPU, 64 at once", "rate": f"{64 / taken:.0f} pictures/s"}
        except Exception as error:
            yield {"without": f"torchvision.io.decode_jpeg on the GPU ({error})"}
