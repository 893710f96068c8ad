"""The command line as a new user meets it: what is asked, and every mistake told in one sentence."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from emocam import __version__

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str


Ask = Callable[..., Answer]


@pytest.fixture
def ask(
    emocam: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Ask]:
    """What the command line answers within this process, in an empty folder."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def asked(*words: str) -> Answer:
        monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
        monkeypatch.setattr(sys, "argv", ["emocam"])
        capfd.readouterr()
        return Answer(emocam(*words), *capfd.readouterr())

    yield asked
    for number, handler in handlers.items():
        signal.signal(number, handler)


def by_shell(folder: Path, *words: str) -> Answer:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    environment.pop("HYDRA_FULL_ERROR", None)
    command = [sys.executable, "-m", "emocam", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four pictures, and what a person might have written about them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (4, 48, 64, 3), dtype=np.uint8)
    for number, pixels in enumerate(noise):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    images = [{"id": i, "file_name": f"{i}.png", "width": 64, "height": 48} for i in range(4)]
    boxes = [{"id": i, "image_id": i, "category_id": 1 + i % 2, "bbox": [4, 4, 20, 20]} for i in range(4)]
    names = [{"id": 1, "name": "Cat"}, {"id": 2, "name": "Dog"}]
    written = {"images": images, "annotations": boxes, "categories": names}
    (tmp_path / "coco.json").write_text(json.dumps(written))
    return folder


OWN = ("data=coco", "data.root=photos", "data.annotations=coco.json", "classifier=torchvision")
RANDOM = ("classifier.model=resnet18", "classifier.weights=random", "logger=null")


# ------------------------------------------------------------------------------- help


def test_help_names_every_group_and_option(ask: Ask) -> None:
    help = ask("--help")
    assert help.status == 0
    for file in (ROOT / "conf").glob("*/*.yaml"):
        assert file.stem in help.out
        assert f"\n  {file.parent.name}" in help.out


def test_version(ask: Ask) -> None:
    assert ask("--version") == Answer(0, f"emocam {__version__}\n", "")


LOADED = "import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"


def loaded_by(code: str, folder: Path) -> set[str]:
    command = [sys.executable, "-c", f"{code}\n{LOADED}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()) - sys.stdlib_module_names


@pytest.mark.parametrize("word", ["--help", "cam=gradcma", "threshold.importance=1.3"])
def test_help_and_mistakes_import_hydra_and_the_standard_library_only(tmp_path: Path, word: str) -> None:
    hydra = loaded_by("import hydra, hydra.main, hydra._internal.hydra", tmp_path)
    assert "hydra" in hydra
    ours = loaded_by(f"from emocam.cli.main import answer; answer([{word!r}])", tmp_path)
    assert ours - hydra <= {"emocam", "hydra_plugins", "platformdirs"}  # the last is a few lines


def cpu_seconds(words: list[str], folder: Path) -> float:
    """The least of three, of user and system together."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, *words]
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(spent)


def test_help_costs_at_most_three_imports_of_hydra(tmp_path: Path) -> None:
    help = cpu_seconds(["-m", "emocam", "--help"], tmp_path)
    assert help <= 3 * cpu_seconds(["-c", "import hydra"], tmp_path)


# ------------------------------------------------------------------------------- words


def test_a_mistake_ends_in_status_1_and_a_sentence_on_standard_error(tmp_path: Path) -> None:
    told = by_shell(tmp_path, "cam=gradcma")
    assert told.status == 1
    assert told.out == ""
    assert told.err.startswith("cam=gradcma is no option of the group cam; did you mean gradcam")
    assert told.err.count("\n") == 1


SENTENCES = {
    "cam=gradcma": "cam=gradcma is no option of the group cam; did you mean gradcam or ",
    "+cam=gradcma": "cam=gradcma is no option of the group cam; did you mean gradcam or ",
    "importance=men": "importance=men is no option of the group importance; did you mean mean",
    "experiment=xyz": "experiment=xyz is no option of the group experiment; ",
    "+experiment=xyz": "experiment=xyz is no option of the group experiment; ",
    "dta=folder": "dta is no setting; did you mean data",
    "+dta=folder": "dta is no setting; did you mean data",
    "sed=1": "sed is no setting; did you mean seed",
    "threshold.importnce=0.1": "threshold.importnce is no setting; did you mean threshold.importance",
    "cam.score=logit": "cam.score is no setting of the cam chosen here, but of cam=ablation, ",
    "data.follow_links=true": "data.follow_links is no setting of the data chosen here, but of ",
    "classifier.weights=gone.pth": "classifier.weights: there is no file gone.pth",
    "+detector.weights=no/such": "detector.weights: there is no file no/such",
    "data.root=photos": "data.root must be a folder, and there is none at photos",
    "threshold.importance=high": "threshold.importance must be a number in [0, 1] (default 0.3), got 'high'",
    "threshold.importance=1.3": "threshold.importance must be a number in [0, 1] (default 0.3), got 1.3",
    "threshold.score=-0.1": "threshold.score must be a number in [0, 1] (default 0.005), got -0.1",
    "threshold.confidence=nan": "threshold.confidence must be a number in [0, 1] (default 0), got nan",
    "data.limit=0": "data.limit must be a whole number of at least 1, got 0",
    "data.images=1.5": "data.images must be a whole number of at least 1, got 1.5",
    "data.workers=many": "data.workers must be auto or a whole number, got 'many'",
    "data.resize=quick": "data.resize must be exact or fast, got 'quick'",
    "data.batch_size=0": "data.batch_size must be auto or a whole number, got 0",
    "seed=9223372036854775808": "seed must be a whole number of at most 9223372036854775807, got 9223372036854775808",
    "seed=x": "seed must be a whole number, got 'x'",
    "precision=16": "precision must be 32 or bf16, got 16",
    "quiet=perhaps": "quiet must be true or false, got 'perhaps'",
    "features=[true]": "features must be true or false, got [True]",
    "seed=[1,2]": "seed must be a whole number, got [1, 2]",
    "cache=[one,two]": "cache must be a single name, got ['one', 'two']",
    "slices=[sex,age]": "slices must be a single name, got ['sex', 'age']",
    "classifier=null": "classifier must name an option of its group, got null",
    "treshold.importance=0.1": "treshold.importance is no setting; did you mean threshold.importance",
    "model=resnet50": "model is no setting; did you mean classifier.model or detector.model?",
    "limit=5": "limit is no setting; did you mean data.limit?",
    "importance.threshold=0.1": "importance.threshold is no setting; ",
    "cam = gradcam": "a setting is written without spaces around its =, as in cam=gradcam",
    "data.limit =5": "a setting is written without spaces around its =, as in data.limit=5",
    "verfy": "'verfy' is neither a verb nor SETTING=VALUE; did you mean emocam verify?",
    "cam=[": "the word 'cam=[' cannot be read as SETTING=VALUE",
    "nonsense": "the word 'nonsense' cannot be read as SETTING=VALUE",
    "--cam=gradcam": "--cam=gradcam is no option; settings have no dashes: cam=gradcam",
    "--nope": "--nope is no option; --help and --hydra-help list what there is",
    "--experimental-rerun=x.pickle": "--experimental-rerun would run what a pickle says",
}


@pytest.mark.parametrize("word", SENTENCES)
def test_a_wrong_word_is_told(ask: Ask, word: str) -> None:
    told = ask(word)
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith(SENTENCES[word])
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("words", [("evidence=[one,two]",), ("evidence={a: b}",)])
def test_evidence_is_the_folder_of_one_run(ask: Ask, words: tuple[str, ...]) -> None:
    told = ask("task=replay", *words)
    assert told.status == 1 and told.err.startswith("evidence must be a single name, got ")
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    "words", [("cam", "=", "gradcam"), ("cam", "=gradcam"), ("seed=1", "cam", "=", "gradcam")]
)
def test_spaces_around_the_equals_sign_are_told(ask: Ask, words: tuple[str, ...]) -> None:
    told = ask(*words)
    assert told.status == 1
    assert told.err == "a setting is written without spaces around its =, as in cam=gradcam\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize(
    "bare", [False, True], ids=["with a number", "in words"]
)  # pyarrow's have words only
def test_a_full_disk_names_the_folder(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, number: int, bare: bool
) -> None:
    words = os.strerror(number)
    error = (
        OSError(f"Error writing bytes to file. Detail: [errno {number}] {words}")
        if bare
        else OSError(number, words)
    )

    def full(*given: object) -> None:
        raise error

    monkeypatch.setattr("emocam.task.association.Association.perform", full)
    told = ask("data.images=2", "logger=null", "hydra.run.dir=run")
    assert told.status == 1
    assert told.err.startswith("hydra.run.dir ") and "run: no more can be written (" in told.err
    assert "make room" in told.err and told.err.count("\n") == 1


def test_another_fault_of_the_system_is_told_as_it_is(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("emocam.task.association.Association.perform", broken)
    assert "no more can be written" not in ask("data.images=2", "logger=null").err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_trainer_that_is_not_there_is_told(ask: Ask) -> None:
    told = ask("trainer=gpu", "data.images=2", "logger=null", "cache=null", "data.workers=0")
    assert told.status == 1
    assert told.err.startswith(
        "trainer: Lightning cannot use accelerator=gpu, devices=1 here (No supported gpu"
    )
    assert "trainer=cpu" in told.err and told.err.count("\n") == 1


def test_a_verb_that_fails_says_so_without_a_traceback(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("run/.hydra").mkdir(parents=True)
    Path("run/files.json").write_text("[" * 100_000)
    answer = ask("verify", "run")
    assert answer.status == 1 and "Traceback" not in answer.err
    for error, status in ((RecursionError("too deep"), 1), (KeyboardInterrupt(), 130)):

        def fail(words: list[str], error: BaseException = error) -> int:
            raise error

        monkeypatch.setattr("emocam.cli.verb.verify.main", fail)
        answer = ask("verify", "run")
        assert answer.status == status and answer.err.count("\n") == (status == 1)
    assert "RecursionError" not in answer.err


def test_all_faults_are_told_at_once(ask: Ask) -> None:
    told = ask("threshold.importance=2", "threshold.score=a", "data.limit=-1")
    assert told.status == 1
    assert told.err.splitlines() == [
        "threshold.score must be a number in [0, 1] (default 0.005), got 'a'",
        "threshold.importance must be a number in [0, 1] (default 0.3), got 2",
        "data.limit must be a whole number of at least 1, got -1",
    ]


@pytest.mark.parametrize("words", [["-m", "cam=gradcam"], ["cam=gradcam", "-m"]])
def test_options_may_stand_anywhere_and_each_run_of_a_sweep_is_told(ask: Ask, words: list[str]) -> None:
    told = ask(*words, "seed=1,2", "threshold.score=2", "logger=null")
    assert told.status == 1
    assert told.err.count("threshold.score must be a number in [0, 1] (default 0.005), got 2\n") == 2


def test_both_spellings_of_a_group_compose_the_same(ask: Ask) -> None:
    plain, plus = ask("cam=gradcam", "--cfg", "job"), ask("+cam=gradcam", "--cfg", "job")
    assert plain == plus
    assert "_target_: emocam.cam.gradcam.GradCAM" in plain.out
    assert plain.status == 0


@pytest.mark.parametrize("words", [["logger=null"], ["cam=gradcam", "logger=null"]])
def test_null_takes_a_group_away(ask: Ask, words: list[str]) -> None:
    told = ask(*words, "--cfg", "job")
    assert told.status == 0
    assert "mlflow" not in told.out


@pytest.mark.parametrize("word", ["classifier._target_=os.system", "classifier._target_=builtins.eval"])
def test_a_target_outside_the_package_is_refused(ask: Ask, word: str) -> None:
    told = ask(word, "logger=null")
    assert told.status == 1
    assert told.err.startswith(
        "classifier._target_ must name a class of emocam or of a module in allow=[...]"
    )
    assert word.split("=")[1] in told.err


# ------------------------------------------------------------------------------- folders


def test_a_missing_folder_is_told(ask: Ask) -> None:
    told = ask("data=folder", "data.root=nowhere")
    assert (told.status, told.err) == (1, "data.root must be a folder, and there is none at nowhere\n")


def test_a_run_s_folder_that_cannot_be_made_is_told(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = ask("hydra.run.dir=file/run")
    assert told.status == 1
    assert "file/run cannot be written to (Not a directory); name another with hydra.run.dir=" in told.err


def test_a_run_s_folder_without_permission_is_told(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and may(path, mode))
    told = ask("hydra.run.dir=closed")
    assert told.status == 1
    assert "closed cannot be written to (no permission to write); name another" in told.err


def test_a_folder_without_pictures_is_told(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    empty = ask("data=folder", "data.root=photos", "classifier=torchvision", *RANDOM)
    (tmp_path / "photos" / "notes.txt").touch()
    texts = ask("data=folder", "data.root=photos", "classifier=torchvision", *RANDOM)
    for told in (empty, texts):
        assert told.status == 1
        assert told.err.startswith("data.root photos holds no picture; expected files ending in ")
    assert "1 .txt" in texts.err


# ------------------------------------------------------------------------------- what takes torch


def test_a_data_set_without_objects_asks_for_a_detector(ask: Ask, photos: Path) -> None:
    told = ask("data=folder", "data.root=photos", "classifier=torchvision", *RANDOM)
    assert told.status == 1
    assert told.err.startswith(
        "detector=annotations needs a data set with annotated objects, and this one has none"
    )


def test_a_broken_picture_is_counted_and_the_rest_explained(ask: Ask, photos: Path, tmp_path: Path) -> None:
    (photos / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    told = ask(*OWN, *RANDOM, "+cam=gradcam", "hydra.run.dir=run")
    assert told.status == 2, told.err
    assert "4 images: 3 explained, 1 unreadable, 0 refused, 0 lost" in told.out
    assert json.loads((tmp_path / "run/summary.json").read_text())["unreadable"] == 1


def test_an_unknown_layer_gets_the_nearest_names(ask: Ask, photos: Path) -> None:
    told = ask(*OWN, *RANDOM, "classifier.layer=layr4")
    assert told.status == 1
    assert "classifier.layer 'layr4'" in told.err
    assert "did you mean layer4" in told.err


def test_weights_that_do_not_fit_are_named_by_their_keys(ask: Ask, photos: Path, tmp_path: Path) -> None:
    import torch

    torch.save({"conv1.weight": torch.zeros(2, 3), "extra": torch.zeros(1)}, tmp_path / "own.pth")
    told = ask(*OWN, "logger=null", "classifier.model=resnet18", "classifier.weights=own.pth")
    assert told.status == 1
    assert told.err.startswith("classifier.weights: own.pth does not fit ResNet: ")
    assert "1 unknown (extra)" in told.err
    assert "conv1.weight (2, 3) instead of (64, 3, 7, 7)" in told.err


def test_a_labels_file_of_another_length_is_told(ask: Ask, photos: Path, tmp_path: Path) -> None:
    import torch
    from torchvision.models import resnet18

    torch.save(resnet18(num_classes=3).state_dict(), tmp_path / "own.pth")
    (tmp_path / "labels.txt").write_text("joy\nfear\n")
    words = ("classifier.model=resnet18", "classifier.weights=own.pth", "classifier.labels=labels.txt")
    told = ask(*OWN, "logger=null", *words)
    assert told.status == 1
    assert told.err.startswith("classifier.labels has 2 labels, but own.pth answers with 3; ")


def test_a_store_that_cannot_be_reached_is_told(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    told = ask("data.images=1")
    assert told.status == 1
    assert told.err.startswith("logger.uri http://127.0.0.1:9 cannot be reached (")
    assert "logger=null" in told.err
    assert "Traceback" not in told.err


def test_a_store_in_a_file_is_told(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = ask("data.images=1", "logger.uri=sqlite:///file/mlflow.db")
    assert told.status == 1
    assert told.err.startswith(f"logger.uri sqlite:///{tmp_path}/file/mlflow.db cannot be ")
    assert told.err.count("\n") == 1


def test_replay_asks_for_a_finished_run(ask: Ask) -> None:
    unset = ask("task=replay", "logger=null")
    assert (unset.status, unset.err.split(";")[0]) == (1, "evidence is not set")
    wrong = ask("task=replay", "logger=null", "evidence=nowhere")
    assert wrong.status == 1
    assert wrong.err.startswith("evidence nowhere is no finished run's folder: it has no predictions.parquet")


def test_a_mistake_in_what_comes_after_the_pictures_is_told_before_them(ask: Ask, tmp_path: Path) -> None:
    told = ask(
        "+cam=gradcam", "logger=null", "callback.report._target_=emocam.nothing.Here", "hydra.run.dir=run"
    )
    assert told.status == 1 and "callback.report._target_ 'emocam.nothing.Here' cannot be loaded" in told.err
    assert not list((tmp_path / "run").glob("*.parquet")) and not (tmp_path / "run" / "shards").exists()
