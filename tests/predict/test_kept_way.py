"""What goes on with a run computes as the run did, whatever the clock says by then."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from torch import Tensor, nn

from emocam.classifier.library import LibraryClassifier, Preprocessing
from emocam.network import quick_features
from emocam.network.quick_features import PAYS, QuickForward
from emocam.predict.kept_way import WAY, KeptWay, go_the_same_way, way_in
from emocam.results.chunks import Chunks
from emocam.results.files import METADATA
from emocam.view.crops import CentreCrop


def small() -> LibraryClassifier:
    torch.manual_seed(1)
    layers = nn.Conv2d(3, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 4)).eval()
    seen = Preprocessing(CentreCrop(16, (16, 16)), (16, 16), [0.5] * 3, [0.25] * 3)
    classifier = LibraryClassifier(network, list("abcd"), seen, "4", "small")
    classifier.fast = True
    classifier.freeze()
    return classifier


@pytest.fixture
def views() -> Tensor:
    return torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8)


@pytest.fixture
def quickest(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Decides the trial of the process that begins."""

    def decide(best: str) -> None:
        monkeypatch.setattr(quick_features, "_chosen", {})
        monkeypatch.setattr(
            quick_features, "least_seconds", lambda runs: {w: 1 + 9 * (w != best) for w in runs}
        )

    return decide


def begun(folder: Path) -> Chunks:
    chunks = Chunks(folder, "key")
    chunks.begin()
    return chunks


def has_copy(classifier: LibraryClassifier) -> bool:
    forward = classifier.features.forward
    return isinstance(forward, QuickForward) and forward.twin is not None


@pytest.mark.parametrize("way", ["plain", "folded", "faster"])
def test_a_pass_that_goes_on_goes_the_way_of_its_rows(
    quickest: Callable[[str], None], views: Tensor, tmp_path: Path, way: str
) -> None:
    for left, now in (PAYS, way), (PAYS, "faster" if way == "plain" else "plain"), (1, "plain"):
        quickest(now)
        classifier = small()
        go_the_same_way(classifier, [begun(tmp_path)])
        classifier.settle(views, left)
        assert classifier.way == way and has_copy(classifier) == (way != "plain")
    assert classifier.way_note == ""


def test_of_processes_that_begin_together_all_go_the_way_of_the_first(
    quickest: Callable[[str], None], views: Tensor, tmp_path: Path
) -> None:
    one, other = small(), small()
    for classifier in (one, other):
        go_the_same_way(classifier, [begun(tmp_path)])
    for classifier, best in (one, "folded"), (other, "plain"):
        quickest(best)
        classifier.settle(views, PAYS)
    assert one.way == other.way == "folded" and has_copy(other)


def test_too_few_pictures_for_a_trial_stay_as_they_are_when_more_come(
    quickest: Callable[[str], None], views: Tensor, tmp_path: Path
) -> None:
    quickest("faster")
    for images in (PAYS - 1, PAYS):
        classifier = small()
        go_the_same_way(classifier, [begun(tmp_path)])
        classifier.settle(views, images)
        assert classifier.way == "untried" and not has_copy(classifier)


@pytest.mark.parametrize(
    ("of_evidence", "expected"), [("plain", "plain"), ("folded", "folded"), ("untried", "faster")]
)
def test_what_is_asked_of_finished_evidence_goes_its_way_where_a_trial_chose_it(
    quickest: Callable[[str], None], views: Tensor, tmp_path: Path, of_evidence: str, expected: str
) -> None:
    quickest("faster")
    table = tmp_path / "predictions.parquet"
    written = {METADATA: f'{{"{WAY}": "{of_evidence}"}}'.encode()}
    pa.parquet.write_table(pa.table({"image": ["a"]}).replace_schema_metadata(written), table)
    classifier, chunks = small(), begun(tmp_path)
    go_the_same_way(classifier, [chunks], table)
    classifier.settle(views, PAYS)
    assert way_in(table) == of_evidence
    assert classifier.way == expected == KeptWay((chunks.folder / WAY,)).read()


def test_a_way_that_does_not_agree_here_is_not_gone_and_told(
    views: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick_features, "_chosen", {})
    monkeypatch.setattr(quick_features, "agrees", lambda own, other: False)
    classifier = small()
    classifier.way = "faster"
    classifier.settle(views, PAYS)
    assert classifier.way == "plain" and not has_copy(classifier)
    assert "'faster'" in classifier.way_note and classifier.way_note in classifier.notes


def test_a_damaged_mark_is_none_and_rows_of_no_key_are_nobodys(tmp_path: Path) -> None:
    chunks = begun(tmp_path)
    file = chunks.folder / WAY
    file.write_bytes(b"\xff\xfe")
    assert KeptWay((file,)).read() is None
    (chunks.folder / "0").mkdir()
    assert begun(tmp_path).parts == [chunks.folder / "0"]
    (chunks.folder / "key").write_bytes(b"\xff\xfe")
    assert chunks.stored_key() != "key" and begun(tmp_path).parts == []
    (chunks.folder / "0").mkdir()
    (chunks.folder / "key").unlink()  # of which settings they are nobody knows
    assert begun(tmp_path).parts == []
