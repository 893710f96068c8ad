"""The steps of a run on an accelerator that is only pretended: nobody waits, and the tables are a processor's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

from emocam.cam import completeness
from emocam.cam.gradcam import GradCAM
from emocam.cam.lift import LIFTCAM
from emocam.classifier.base import Classifier
from emocam.detector.base import Detector
from emocam.detector.cached import CachedDetector
from emocam.detector.vocabulary import Vocabulary
from emocam.errors import SettingError
from emocam.functional.box.nms import suppress
from emocam.functional.box.yolo import candidates
from emocam.functional.box.yolo_dense import dense_candidates
from emocam.importance.contrast import Contrast
from emocam.importance.density import Density
from emocam.importance.mass import Mass
from emocam.importance.mean import Mean
from emocam.importance.peak import Peak
from emocam.intervention.effect import Answer
from emocam.intervention.paste import Changed, Reclassify, paste_rows, stack_pictures
from emocam.intervention.trials import Tried
from emocam.intervention.trials import together as tried_together
from emocam.paste.base import Variant
from emocam.paste.changed_views import ChangedViews
from emocam.predict.chunk_writer import WriteChunks
from emocam.predict.device_ahead import DeviceAhead
from emocam.predict.explain import Explain, rows_of
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.results.chunks import Chunks
from emocam.view.crops import Stretch


class Known(Detector):
    """Finds what is annotated, and looks at the pictures."""

    view = Stretch((8, 8))

    def __init__(self) -> None:
        super().__init__()
        self.objects, self.identity, self.asked = ["ball", "tree", "kite"], "known", 0

    def forward(self, batch: Batch) -> Detections:
        self.asked += len(batch)
        return batch.annotated


@pytest.fixture
def network() -> Classifier:
    classifier = Classifier()
    classifier.labels, classifier.view, classifier.layer = (
        ["awe", "fear", "joy"],
        Stretch((24, 32)),
        "the last",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        classifier.features = nn.Sequential(nn.Conv2d(3, 6, 5, 2), nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1))
        classifier.head = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    return classifier.freeze()


def pictures(images: int = 4, masks: bool = False) -> Batch:
    dice = torch.Generator().manual_seed(0)
    view = torch.randint(0, 256, (images, 3, 24, 32), generator=dice).to(torch.uint8)
    window = torch.tensor(WHOLE).repeat(images, 1)
    corner = torch.rand(3 * images, 2, generator=dice) / 2
    image = torch.arange(images).repeat_interleave(3)
    regions = Detections(
        boxes=torch.cat([corner, corner + 0.4], 1),
        object=torch.arange(3).repeat(images),
        score=torch.rand(3 * images, generator=dice),
        image=image,
        masks=(torch.rand(3 * images, 5, 5, generator=dice) > 0.5).float() if masks else None,
    )
    paths, looks = [f"{i}.jpg" for i in range(images)], view[..., :8, :8].contiguous()
    digests = [bytes([i]) for i in range(images)]
    return Batch(paths, torch.arange(images), view, window, looks, window, regions, {}, [], digests)


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize(
    "importance",
    [Mean(), Contrast(), Peak(), Mass(), Density()],
    ids=["mean", "contrast", "peak", "mass", "density"],
)
def test_a_step_never_waits_and_leaves_the_rows_of_a_processor(
    network: Classifier,
    importance: Any,
    masks: bool,
    tmp_path: Path,
    pretended: Callable,
    host: Callable,
    watch: Any,
) -> None:
    batch, cams = pictures(masks=masks), [GradCAM(), LIFTCAM()]
    detector = Vocabulary(CachedDetector(Known(), tmp_path), rename={"ball": "Ball"})
    expected = Explain(network, Known(), cams, importance).predict_step(batch)
    step = Explain(pretended(network), detector, cams, importance)
    pretended(detector)
    with watch() as waits:
        there = pretended(batch)
        step.predict_step(replace(there, digests=[b"first" + key for key in batch.digests]))
        waits.clear()
        found = step.predict_step(there)
        assert not [wait for wait in waits if "_write_found" not in wait.line], waits
        detector.finish()
    for method in (0, 1):
        ours = rows_of([host(one) for one in found], batch, method, network.labels, detector.objects)
        theirs = rows_of(expected, batch, method, network.labels, detector.objects)
        for name, table in theirs.items():
            for column in table.column_names:
                one, other = ours[name][column].to_pylist(), table[column].to_pylist()
                if isinstance(other[0], float | list):
                    np.testing.assert_allclose(np.array(one, float), np.array(other, float), atol=1e-4)
                else:
                    assert one == other
    completeness.read_checks()


def test_what_an_accelerator_found_is_remembered(
    tmp_path: Path, pretended: Callable, watch: Callable
) -> None:
    batch, first, second = pictures(), Known(), Known()
    detector = CachedDetector(first, tmp_path)
    with watch():
        detector(pretended(batch))
        detector.finish()
    again = CachedDetector(second, tmp_path)(batch)
    assert (first.asked, second.asked) == (4, 0)
    torch.testing.assert_close(again.boxes, batch.annotated.boxes)
    assert again.object.equal(batch.annotated.object) and again.image.equal(batch.annotated.image)


def changed(index: int, variants: int) -> Changed:
    dice = torch.Generator().manual_seed(index)
    views = (
        torch.randint(0, 256, (1, 3, 24, 32), generator=dice).to(torch.uint8).repeat(1 + variants, 1, 1, 1)
    )
    views[1:, :, 4:15, 3:17] = torch.randint(0, 256, (variants, 3, 11, 14), generator=dice).to(torch.uint8)
    gathered = ChangedViews.gather((view, [(4, 3, 15, 17)] if n else ()) for n, view in enumerate(views))
    box = (0.1, 0.2, 0.5, 0.6)
    made = [Variant("ball", f"{i}", (), box) for i in range(variants)]
    return Changed(f"{index}.jpg", index, gathered, torch.tensor(WHOLE).repeat(1 + variants, 1), made)


@pytest.mark.parametrize("cam", [None, GradCAM()])
def test_pictures_pasted_together_are_those_of_one_at_a_time(
    network: Classifier, cam: Any, pretended: Callable, host: Callable, watch: Callable
) -> None:
    items = [changed(0, 3), changed(1, 0), changed(2, 5)]
    usual = Reclassify(network, cam)
    singles = [stack_pictures([item]) for item in items]
    expected = [paste_rows(usual.predict_step(batch), batch, network.labels)["paste"] for batch in singles]
    batch = stack_pictures(items)
    assert batch.images == 3 and len(batch.views) == 11
    answers = usual.predict_step(batch)
    step = Reclassify(pretended(network), cam)
    with watch() as waits:
        there = pretended(batch)
        step.predict_step(there)
        waits.clear()
        found = step.predict_step(there)
        assert not waits, waits
    for got in (answers, host(found)):
        rows = paste_rows(got, batch, network.labels)
        assert rows["ledger"]["image"].to_pylist() == ["0.jpg", "1.jpg", "2.jpg"]
        for name in ("image", "position", "label_after", "confidence_after", "focus"):
            other = [value for table in expected for value in table[name].to_pylist()]
            if isinstance(other[0], float):
                np.testing.assert_allclose(rows["paste"][name].to_numpy(), other, atol=1e-5)
            else:
                assert rows["paste"][name].to_pylist() == other


def test_an_effect_never_waits(
    network: Classifier, pretended: Callable, host: Callable, watch: Callable
) -> None:
    two: Any = [None, None]  # pairs, each with an object and a control taken away
    batch = tried_together([Tried(f"{i}.jpg", i, changed(i, 4).views, two) for i in range(3)])
    expected = Answer(network).predict_step(batch)
    assert len(expected) == 15
    with watch() as waits:
        there = pretended(batch)
        waits.clear()
        found = Answer(pretended(network)).predict_step(there)
        assert not waits
    torch.testing.assert_close(host(found), expected, atol=1e-5, rtol=1e-4)


def slowly(boxes: Tensor, score: Tensor, group: Tensor, iou: float) -> list[int]:
    """Greedy, box by box."""
    kept: list[int] = []
    for row in score.argsort(descending=True, stable=True).tolist():
        rivals = [k for k in kept if group[k] == group[row]]
        if not rivals or box_iou(boxes[rivals], boxes[[row]]).max() <= iou:
            kept.append(row)
    return sorted(kept)


def test_overlaps_go_in_one_call(pretended: Callable, host: Callable, watch: Callable) -> None:
    dice = torch.Generator().manual_seed(3)
    corner = torch.rand(400, 2, generator=dice, dtype=torch.float64) * 1.5 - 0.3
    boxes = torch.cat([corner, corner + torch.rand(400, 2, generator=dice, dtype=torch.float64) / 2], 1)
    score = torch.rand(400, generator=dice)
    group = (torch.arange(400) % 3 << 32) + torch.randint(0, 4, (400,), generator=dice)
    expected = slowly(boxes, score, group, 0.3)
    assert suppress(boxes, score, group, 0.3).tolist() == expected
    with watch() as waits:
        given = pretended(boxes), pretended(score), pretended(group)
        waits.clear()
        kept = suppress(*given, 0.3)
        assert [wait.name for wait in waits] == ["nms"]
    assert host(kept).tolist() == expected


@pytest.mark.parametrize("classes", ["sigmoid", "softmax"])
def test_all_scales_at_once_give_what_each_gives(
    classes: str, pretended: Callable, host: Callable, watch: Callable
) -> None:
    torch.manual_seed(0)
    scales = []
    for channels, side in ((16, 3), (8, 6)):
        last = nn.Conv2d(channels, 3 * (5 + 7), 1).requires_grad_(False)
        scales.append((torch.randn(2, channels, side, side + 1), last, torch.rand(3, 2) * 3))
    each = [candidates(*scale, 0.2, classes) for scale in scales]
    expected = [torch.cat(part) for part in zip(*each, strict=True)]
    with watch() as waits:
        given = [(pretended(maps), pretended(last), anchors) for maps, last, anchors in scales]
        waits.clear()
        found = dense_candidates(given, 0.2, classes)
        assert [wait.name for wait in waits] == ["nonzero", "nonzero"]
    found = [host(part) for part in found]

    def rows(parts: Any) -> np.ndarray:
        table = np.concatenate([part.double().numpy().reshape(len(part), -1) for part in parts], 1).round(4)
        return table[np.lexsort(table.T)]

    assert len(expected[0]) > 20
    np.testing.assert_allclose(rows(found), rows(expected), atol=2e-4)


class Told(Exception):
    pass


@pytest.fixture
def trainer() -> Any:
    return SimpleNamespace(global_rank=0)


def steps(network: Classifier, batches: list[Batch], writer: WriteChunks, trainer: Any, device: str) -> None:
    step = Explain(network, Known(), [GradCAM()], Mean())
    module = SimpleNamespace(device=torch.device(device))
    writer.on_predict_start(trainer, module)
    for number, batch in enumerate(batches):
        writer.on_predict_batch_end(trainer, module, step.predict_step(batch), batch, number)


def test_a_thread_leaves_the_rows_that_the_step_itself_leaves(
    network: Classifier, tmp_path: Path, trainer: Any
) -> None:
    from functools import partial

    rows = partial(rows_of, method=0, labels=network.labels, objects=["ball", "tree", "kite"])
    batches = [replace(pictures(), index=torch.arange(4) + 4 * i) for i in range(9)]
    for device in ("cpu", "cuda"):
        chunks = Chunks(tmp_path / device, "key")
        chunks.begin()
        writer = WriteChunks(chunks, rows)
        steps(network, batches, writer, trainer, device)
        writer.on_predict_end(trainer, None)
        chunks.merge(tmp_path / device, {})
    for file in ("predictions", "evidence", "maps", "ledger"):
        one, other = (tmp_path / device / f"{file}.parquet" for device in ("cpu", "cuda"))
        assert one.read_bytes() == other.read_bytes()


def test_rows_whose_sums_are_wrong_are_never_kept(network: Classifier, tmp_path: Path, trainer: Any) -> None:
    def rows(outputs: Any, batch: Batch) -> Any:
        return rows_of(outputs, batch, 0, network.labels, ["ball", "tree", "kite"])

    chunks = Chunks(tmp_path, "key")
    chunks.begin()
    writer = WriteChunks(chunks, rows)
    steps(network, [pictures()], writer, trainer, "cuda")
    one, two = torch.ones(1), torch.full((1,), 2.0)
    completeness._unread.append(completeness.SumCheck("ig", "take more", one, two, torch.tensor([True])))
    steps_ = Explain(network, Known(), [GradCAM()], Mean())
    module = SimpleNamespace(device=torch.device("cuda"))
    later = replace(pictures(), index=torch.arange(4) + 4)
    writer.on_predict_batch_end(trainer, module, steps_.predict_step(later), later, 1)
    with pytest.raises(SettingError, match="do not add up; expected 2, found 1; take more"):
        writer.on_predict_end(trainer, None)
    writer.on_exception(trainer, None, Told())
    assert chunks.done().tolist() == [0, 1, 2, 3]


class Streams:
    """What CUDA's streams are asked, without one."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def Stream(self, device: Any) -> "Streams":  # noqa: N802
        return self

    def current_stream(self) -> "Streams":
        return self

    def record_event(self) -> str:
        self.asked.append("sent")
        return "event"

    def wait_event(self, event: str) -> None:
        self.asked.append("waits")

    @contextmanager
    def stream(self, other: "Streams") -> Iterator[None]:
        with nullcontext():
            yield


def test_the_next_batch_is_sent_before_this_one_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = Streams()
    for name in ("Stream", "current_stream", "stream"):
        monkeypatch.setattr(torch.cuda, name, getattr(streams, name))
    batches = [pictures(images) for images in (1, 2, 3)]
    seen = []
    for batch in DeviceAhead(batches, torch.device("cpu")):
        streams.asked.append("works")
        seen.append(len(batch))
    assert seen == [1, 2, 3]
    assert streams.asked == ["sent", "sent", "waits", "works", "sent", "waits", "works", "waits", "works"]
