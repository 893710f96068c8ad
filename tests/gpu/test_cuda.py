"""What a GPU leaves is what a processor leaves, but for the last places of its sums."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from emocam.detector.torchvision import TorchvisionDetector
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.results.verify import folder_faults

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "~callback.stability", "data.images=40", "cache=null")
CAMS = ("gradcam", "ablation", "lime", "lift", "lrp", "shapley", "scorecam", "occlusion", "ig", "layercam")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that CUDA knows"),
]


@pytest.fixture(autouse=True)
def exact() -> None:
    """Convolutions in float32 as a processor has it, not in TF32."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False


def tables(folder: str) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(f"{folder}/{name}.parquet") for name in ("predictions", "evidence", "maps")}


@pytest.mark.parametrize("cam", CAMS)
def test_evidence_of_the_gpu_is_that_of_the_cpu(emocam: Command, cam: str) -> None:
    for trainer in ("cpu", "gpu"):
        assert emocam(*QUICK, f"+cam={cam}", f"trainer={trainer}", f"hydra.run.dir={trainer}") == 0
    one, other = tables("cpu"), tables("gpu")
    assert one["predictions"]["label"].astype(str).equals(other["predictions"]["label"].astype(str))
    logits = [np.stack(run["predictions"]["logits"]) for run in (one, other)]
    assert np.abs(logits[0] - logits[1]).max() < 1e-3 * np.abs(logits[0]).max()
    maps = [np.stack(run["maps"]["map"]) for run in (one, other)]
    assert np.median(np.abs(maps[0] - maps[1]).max(1)) < 1e-3
    for column in ("image", "object"):
        assert one["evidence"][column].astype(str).equals(other["evidence"][column].astype(str))
    for column in ("importance", "chance"):
        assert (one["evidence"][column] - other["evidence"][column]).abs().median() < 1e-3
    assert list(folder_faults(Path("gpu"))) == []


def test_bfloat16_keeps_the_predictions_of_the_gpu(emocam: Command) -> None:
    for name in ("32", "bf16"):
        words = (*QUICK, "+cam=ablation", "trainer=gpu", f"precision={name}", f"hydra.run.dir={name}")
        assert emocam(*words) == 0
    if json.loads(Path("bf16/summary.json").read_text())["precision"] == "32":
        pytest.skip("this GPU computes no bfloat16")
    one, other = tables("32"), tables("bf16")
    pd.testing.assert_frame_equal(one["predictions"], other["predictions"], check_exact=True)
    maps = [np.stack(run["maps"]["map"]) for run in (one, other)]
    assert np.median(np.abs(maps[0] - maps[1]).max(1)) < 0.05


def test_a_detector_finds_on_the_gpu_what_it_finds_on_the_cpu() -> None:
    detector = TorchvisionDetector("ssdlite320_mobilenet_v3_large", "random", score=0.01, iou=0.4).eval()
    view = torch.randint(0, 256, (2, 3, 200, 300), dtype=torch.uint8)
    nothing, window = torch.zeros(2, 0), torch.tensor([[0.0, 0.0, 1.0, 1.0]] * 2)
    batch = Batch(["a", "b"], torch.arange(2), nothing, window, list(view), window, Detections.none(), {}, [])
    with torch.no_grad():
        one, other = detector(batch), detector.cuda()(batch.to("cuda")).to("cpu")
    assert len(one) == len(other)
    torch.testing.assert_close(one.score, other.score, rtol=1e-3, atol=1e-4)


def test_a_step_never_waits_for_the_gpu(emocam: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from emocam.predict.explain import Explain

    step = Explain.predict_step

    def listen(self: Explain, batch: Batch, batch_idx: int = 0):
        if batch_idx:  # the first batch tries the head as a sum, and chooses kernels
            torch.cuda.set_sync_debug_mode("error")
        try:
            return step(self, batch, batch_idx)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(Explain, "predict_step", listen)
    assert emocam(*QUICK, "+cam=gradcam", "data.batch_size=10", "trainer=gpu", "hydra.run.dir=run") == 0


def test_batches_are_fetched_from_pinned_memory(emocam: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned: list[bool] = []
    move = Batch.to

    def listen(self: Batch, device: torch.device | str) -> Batch:
        if self.classifier_view.device.type == "cpu":  # Lightning moves again what is there already
            pinned.append(self.classifier_view.is_pinned())
        return move(self, device)

    monkeypatch.setattr(Batch, "to", listen)
    assert emocam(*QUICK, "+cam=gradcam", "trainer=gpu", "hydra.run.dir=run") == 0
    assert pinned and all(pinned)
