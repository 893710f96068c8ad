"""Several labels a picture: each is explained, counted and shown as one of its labels, and the picture stays one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from emocam.cam.gradcam import GradCAM
from emocam.cam.rise import RISE
from emocam.classifier.planted import PlantedClassifier
from emocam.cli.main import answer
from emocam.data.planted import Planted
from emocam.data.samples import Samples, collate
from emocam.detector.annotations import Annotations
from emocam.errors import SettingError
from emocam.importance.mean import Mean
from emocam.network.many_labels import label_thresholds
from emocam.predict.explain import Explain
from emocam.records.picture import Batch
from emocam.report.content import gather_content
from emocam.results.run import Run
from emocam.results.verify import folder_faults

QUICK = ["logger=null", "cache=null", "trainer=cpu", "data.workers=0", "quiet=true"]
THRESHOLDS = {"Joy": 0.3, "Awe": 0.2, "Fear": 0.2, "Sadness": 0.2, "Calm": 0.9999999}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("many")
    (folder / "t.csv").write_text("label,threshold\n" + "".join(f"{k},{v}\n" for k, v in THRESHOLDS.items()))
    words = [
        "cam=gradcam",
        "classifier.many=true",
        f"threshold.label={folder}/t.csv",
        "data.images=40",
        *QUICK,
    ]
    assert answer([*words, f"hydra.run.dir={folder}/run"]) == 0
    yield Run(folder / "run")


def labels_above(run: Run) -> list[tuple[str, str]]:
    """Picture and label, from the logits and the thresholds alone."""
    return [
        (str(image), label)
        for image, logits in zip(run.predictions["image"], run.predictions["logits"], strict=True)
        for label, z in zip(run.label_names, logits, strict=True)
        if 1 / (1 + np.exp(-z)) > THRESHOLDS[label]
    ]


def test_a_picture_is_one_row_and_names_all_its_labels(run: Run) -> None:
    expected = labels_above(run)
    assert len(run.predictions) == 40 and run.predictions["image"].is_unique
    told = [
        (str(i), label) for i, labels in run.predictions[["image", "labels"]].to_numpy() for label in labels
    ]
    assert told == expected and len({i for i, _ in expected}) < len(expected)
    counts = pd.Series([label for _, label in expected]).value_counts()
    assert dict(zip(run.labels["label"], run.labels["images"], strict=True)) == {
        label: int(counts.get(label, 0)) for label in run.label_names
    }
    assert run.labels.set_index("label")["images"]["Calm"] < 40 / 5, "a threshold of its own"


def test_evidence_has_each_region_for_each_label_and_cells_count_both(run: Run) -> None:
    rows = run.evidence.astype({"image": str, "label": str, "object": str})
    pairs = set(zip(rows["image"], rows["label"], strict=True))
    assert pairs <= set(labels_above(run))
    regions = rows.groupby("image").size()
    assert regions.to_dict() == {i: n for i, n in run.ledger.set_index("image")["regions"].items() if n}
    maps = pd.read_parquet(run.path / "maps.parquet")
    assert list(zip(maps["image"], maps["label"], strict=True)) == labels_above(run)
    counts = pd.DataFrame(0, run.object_names, run.label_names)
    seen = set()
    for row in rows.itertuples():
        if row.importance > 0.3 and row.score > 0.005 and (row.image, row.label, row.object) not in seen:
            seen.add((row.image, row.label, row.object))
            counts.loc[row.object, row.label] += 1
    assert (run.matrix.counts == counts.to_numpy()).all() and counts.to_numpy().any()
    cells = run.cells
    assert (cells["kept"].to_numpy().reshape(counts.shape) == counts.to_numpy()).all()
    assert set(cells["p_rule"]) == {"groups"}, "labels of one picture are not independent"
    share = rows.groupby("object")["image"].nunique() * 100 / len({i for i, _ in labels_above(run)})
    told = cells.drop_duplicates("object").set_index("object")["present_percent_of_all"]
    assert all(told[name] == pytest.approx(percent) for name, percent in share.items())


def test_the_folder_is_verified_and_the_page_shows_a_picture_under_each_label(
    run: Run, tmp_path: Path
) -> None:
    assert not list(folder_faults(run.path))
    content = gather_content(run, tmp_path, None)
    shown = {(example.path, run.label_names[example.label]) for example in content.examples.values()}
    assert shown <= set(labels_above(run)) and len({i for i, _ in shown}) < len(shown)
    assert all((run.path / "report" / e.thumbnail).is_file() for e in content.examples.values())
    assert "\x1f" not in "".join(f.read_text() for f in (run.path / "report/data").rglob("*.js"))
    assert "each label whose probability is above threshold.label" in json.dumps(run.summary["notes"])


def test_a_replay_counts_the_same_and_takes_no_other_labels(
    run: Run, emocam: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["task=replay", f"evidence={run.path}", "logger=null", "quiet=true", "hydra.run.dir=again"]
    assert emocam(*words, "threshold.label=0.1") == 1
    assert "threshold.label=0.1 cannot be applied by a replay" in capsys.readouterr().err
    assert emocam(*words, "threshold.importance=0.5") == 0
    assert (Run("again").matrix.images == run.matrix.images).all()
    assert (Run("again").matrix.counts <= run.matrix.counts).all()


def batch(images: int = 3) -> tuple[PlantedClassifier, Batch]:
    classifier, data = PlantedClassifier(many=True), Planted(images=images)
    data.prepare()
    listing = data.listing()
    detector = Annotations()
    detector.set_annotated_objects(data.objects)
    samples = Samples(data, listing, np.arange(images), classifier.view, detector.view)
    return classifier, collate([samples[i] for i in range(images)])


@pytest.mark.parametrize("method", [GradCAM(), RISE("logit", masks=20)], ids=["gradcam", "rise"])
def test_the_map_of_a_label_is_that_of_a_run_asked_for_it_alone(method: GradCAM | RISE) -> None:
    classifier, shown = batch()
    classifier.many = torch.tensor([0.1, 0.1, 0.1, 0.1, 1.0])
    model = Explain(classifier, Annotations(), [method], Mean())
    ((found, explanation),) = model.explain(shown, shown.annotated)
    image, label = found.pairs
    assert len(image) > 3 and explanation is not None
    plain = PlantedClassifier()
    for row, (i, k) in enumerate(zip(image.tolist(), label.tolist(), strict=True)):
        method.target = plain.labels[k]
        _, alone = method(plain.freeze(), shown)
        torch.testing.assert_close(explanation.maps[row], alone.maps[i], rtol=1e-4, atol=1e-5)


def test_a_picture_without_a_label_is_done_and_counts_for_none() -> None:
    classifier, shown = batch()
    classifier.many = torch.ones(5)
    model = Explain(classifier, Annotations(), [GradCAM()], Mean())
    (evidence,) = model.predict_step(shown)
    assert not len(evidence.detections) and evidence.explanation is not None
    assert len(evidence.explanation.maps) == 0


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (
            ["effect=erase"],
            "effect asks about one label a picture, and with classifier.many a picture may have",
        ),
        (
            ["cam=gradcam", "cam.target=Joy"],
            "cam.target=Joy asks for one label, and with classifier.many each",
        ),
        (
            ["threshold.label=1.5"],
            "threshold.label must be a number in [0, 1] or a file with label,threshold",
        ),
        (["threshold.label=none.csv"], "threshold.label"),
    ],
)
def test_what_knows_one_label_a_picture_is_refused(
    words: list[str], fault: str, emocam: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam("classifier.many=true", "data.images=4", *words, *QUICK) == 1
    assert fault in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("label,threshold\na,0.2\n", r"has no threshold for 1 of the 2 labels \(b\)"),
        ("a,0.2\nb,2\n", "needs a label and a number in .0, 1. a line, and row 2 is 'b,2'"),
        ("a,0.2\nc,0.2\n", "names 'c', which is no label"),
        ("a\n", "row 1 is 'a'"),
    ],
)
def test_a_file_of_thresholds_names_each_label_once(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(SettingError, match=fault):
        label_thresholds(str(tmp_path / "t.csv"), ["a", "b"])
