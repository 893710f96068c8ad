"""What is dangerous to do with a stranger's file is done in one place each."""

import ast
import builtins
import dataclasses
import pickle
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import pytest
import yaml
from hydra.conf import HydraConf

from emocam.settings.foreign import COMMAND_LINE_ONLY, leaves

PACKAGE = Path(__file__).parents[1] / "emocam"
DOORS = {
    "torch.load": {"network/weights.py"},
    "instantiate": {"settings/build.py"},
    "to_csv": {"results/spreadsheet.py"},
}
SHUT = {
    *("eval", "exec", "compile", "__import__"),
    *("os.system", "os.popen", "subprocess.run", "subprocess.Popen", "subprocess.check_output"),
    *("pickle.load", "pickle.loads", "joblib.load", "torch.hub.load", "read_pickle", "to_pickle"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load", "extractall"),
}
PARSERS = {"xml", "lxml", "pickle", "dill", "cloudpickle", "marshal", "shelve", "html5lib"}


@cache
def calls(package: Path) -> list[tuple[str, str, ast.Call]]:
    """(file, dotted name, call) for each call in the package."""
    return [
        (file.relative_to(package).as_posix(), ast.unparse(node.func), node)
        for file in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def named(dotted: str, name: str) -> bool:
    """Built-ins are meant by themselves: `model.eval()` is torch's."""
    return dotted == name or (not hasattr(builtins, name) and dotted.endswith(f".{name}"))


def users(package: Path, names: Iterable[str]) -> dict[str, set[str]]:
    found = defaultdict(set)
    for file, dotted, _ in calls(package):
        for name in names:
            if named(dotted, name):
                found[name].add(file)
    return dict(found)


def test_each_door_is_in_its_one_place() -> None:
    assert users(PACKAGE, DOORS) == DOORS


def test_doors_that_run_code_are_shut() -> None:
    assert not users(PACKAGE, SHUT)


def test_weights_are_read_as_tensors_only() -> None:
    (load,) = [call for _, dotted, call in calls(PACKAGE) if dotted == "torch.load"]
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in load.keywords}
    assert given["weights_only"] == "True"


def test_no_array_file_may_hold_objects() -> None:
    loads = [call for _, dotted, call in calls(PACKAGE) if dotted in ("np.load", "numpy.load")]
    assert not [call for call in loads if "allow_pickle=True" in ast.unparse(call)]


def test_yaml_is_read_without_its_tags() -> None:
    readers = {dotted for _, dotted, _ in calls(PACKAGE) if dotted.startswith("yaml.")}
    assert readers == {"yaml.safe_load"}


def test_a_parser_that_may_run_or_expand_has_one_door() -> None:
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            found |= {(file.name, name) for name in names if name.split(".")[0] in PARSERS}
    # the one reader of XML, and the name of the error that torch.load raises
    assert found <= {("xml_tree.py", "xml.parsers"), ("weights.py", "pickle")}


def test_the_page_never_makes_markup_out_of_text() -> None:
    markup = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\|\s*safe\b"
    )
    pages = [file for file in PACKAGE.rglob("*") if file.suffix in (".js", ".html", ".j2", ".jinja")]
    assert pages
    found = {file.name: markup.findall(file.read_text(encoding="utf-8")) for file in pages}
    assert not {name: words for name, words in found.items() if words}


OPENERS = {
    "Image.open": {
        "cam/given.py": "a map that the command names, which is no picture of a run",
        "data/image_file.py": "the door of pictures",
        "logger/mlflow.py": "a figure of the run, which no link leads to",
        "paste/sticker.py": "an object that the command names",
        "report/figures.py": "figures that the run drew just before",
        "report/manifold.py": "bytes that the page made itself",
        "report/thumbnails.py": "a page's own picture, which no link leads to",
    },
    "open_image": {
        "report/focus_shift.py": "under the recorded root, which is told before",
        "report/paste.py": "under the folder of the run's own figures",
    },
    "open_upright": {
        **dict.fromkeys(
            ("data/files.py", "data/folder.py", "data/faces.py", "data/film.py"), "a data set's own"
        ),
        "data/face_scan.py": "of a data set that the command names",
        "data/region_pictures.py": "under the folder of frames, which a replay tells as it tells roots",
        "data/annotations/album.py": "under the root of the data set",
        "api/inputs.py": "a file that the caller names",
    },
    "data.open": {
        **dict.fromkeys(
            (
                "callback/film_frames.py",
                "callback/points.py",
            ),
            "the run's own data set, whose recorded root a replay and a merge tell",
        ),
        **dict.fromkeys(
            (
                *("predict/point_maps.py", "predict/point_weights.py", "train/classifier.py"),
                *("train/pictures.py", "train/ratings.py"),
            ),
            "a data set that the command names",
        ),
        **dict.fromkeys(("data/samples.py", "data/audit.py"), "likewise"),
    },
    "data.open_again": {
        **dict.fromkeys(
            (
                *(
                    "callback/overlay.py",
                    "callback/report.py",
                    "intervention/flips.py",
                    "intervention/pairs.py",
                ),
                *("intervention/prescription.py", "intervention/paste.py", "intervention/trials.py"),
            ),
            "the run's own data set, whose recorded root a replay and a merge tell",
        ),
    },
    "recorded_settings": {
        "report/focus_shift.py": "foreign paths are told",
        "runner/replayed.py": "the replay itself tells foreign paths",
        "task/replay.py": "likewise",
    },
}
"""Who opens a picture, or takes the settings of a finished run, and why it brings along no other file."""


def test_whoever_opens_a_picture_of_a_finished_run_is_known() -> None:
    found = users(PACKAGE, OPENERS)
    assert {name: sorted(files) for name, files in found.items()} == {
        name: sorted(files) for name, files in OPENERS.items()
    }


def test_a_second_door_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(
        "import torch\ntable.to_csv(file)\ntorch.load(file)\nhydra.utils.instantiate(x)"
    )
    found = users(tmp_path, DOORS)
    assert found == {name: {"page.py"} for name in ("torch.load", "to_csv", "instantiate")}


# ------------------------------------------------------------------------------- Hydra's doors


class Mark:
    """What leaves a file behind when a pickle of it is read."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (Path("mark"),))


READS = "{_target_: pandas.read_pickle, _args_: [mark.pickle]}"
EMPTIES = "{class: logging.FileHandler, filename: victim, mode: w}"
HEAD = "# @package _global_\n"
FOREIGN = {
    # what a study says, as experiment/x.yaml of a folder that --config-dir names: what the refusal names
    f"hydra: {{callbacks: {{e: {READS}}}}}": "hydra.callbacks.e._target_",
    "hydra: {callbacks: {e: {_target_: joblib.load, filename: mark.pickle}}}": "hydra.callbacks",
    "hydra: {callbacks: {e: {_target_: emocam.logger.mlflow.MLflow, uri: 'sqlite:///made'}}}": "hydra.callbacks",
    "hydra: {job_logging: {version: 1, handlers: {h: {(): pandas.read_pickle, filepath_or_buffer: mark.pickle}},"
    " root: {handlers: [h]}}}": "hydra.job_logging",
    f"hydra: {{job_logging: {{version: 1, handlers: {{h: {EMPTIES}}}, root: {{handlers: [h]}}}}}}": (
        "hydra.job_logging"
    ),
    f"hydra: {{hydra_logging: {{version: 1, handlers: {{h: {EMPTIES}}}, root: {{handlers: [h]}}}}}}": (
        "hydra.hydra_logging"
    ),
    "hydra: {job: {env_set: {PYTHONPATH: evil}}}": "hydra.job.env_set.PYTHONPATH",
    "hydra: {job: {env_copy: [HOME]}}": "hydra.job.env_copy",
    "hydra: {job: {chdir: true}}": "hydra.job.chdir",
    "hydra: {searchpath: ['pkg://evil']}": "hydra.searchpath",
    "hydra: {run: {dir: victims}}": "hydra.run.dir",
    "hydra: {sweep: {dir: victims, subdir: x}}": "hydra.sweep",
    "hydra: {output_subdir: ../victims}": "hydra.output_subdir",
    "hydra: {launcher: {_target_: hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher}}": (
        "hydra.launcher"
    ),
    "hydra: {sweeper: {params: {allow: '[evil]'}}}": "hydra.sweeper.params",
    "hydra: {mode: MULTIRUN}": "hydra.mode",
    "hydra: ${mine}\nmine: {verbose: true}": "hydra",
    "data: {export: victims}": "data.export",
    "mine: {export: victims}\ndata: ${mine}": "data",
    "cache: victims": "cache",
    "cache: ${mine}\nmine: victims": "cache",
    "logger: {uri: 'sqlite:///made.db'}": "logger.uri",
    "logger: {uri: 'http://127.0.0.1:9'}": "logger.uri",
    "logger: {experiment: theirs}": "logger.experiment",
    "allow: [evil]": "allow",
    "trainer: {default_root_dir: victims}": "trainer.default_root_dir",
    "trainer: {plugins: [x], profiler: simple}": "trainer.plugins",
    "classifier: {model: 'hf-hub:them/theirs'}": "classifier.model",
    "classifier: {weights: 'https://127.0.0.1:9/w.pth'}": "classifier.weights",
    "data: {root: 's3://theirs/photos'}": "data.root",
    "data: {root: 'simplecache::https://127.0.0.1:9/x.tar'}": "data.root",
    "data: {world: '${oc.env:SECRET}'}": "data.world",
    "data: {world: '${oc.decode:${oc.env:SECRET}}'}": "data.world",
    "data: {world: '${oc.create:${seed}}'}": "data.world",
    "data: {world: '${oc.${mine}:SECRET}'}\nmine: env": "data.world",
    "data: {world: '${oc.select:nothing,${oc.env:SECRET}}'}": "data.world",
    "data: {world: '${hydra:runtime.cwd}'}": "data.world",
    "data: {world: '${hydra.job.env_set.SECRET}'}": "data.world",
    "data: {world: '${..hydra.job.env_set}'}": "data.world",
    "defaults: [override /hydra/launcher: joblib]": "/hydra/launcher",
    "defaults: [override hydra/job_logging: default]": "hydra/job_logging",
    "defaults: [/logger@hydra.callbacks.e: mlflow]": "/logger@hydra.callbacks.e",
    "defaults: [/logger@_global_.hydra.callbacks.e: mlflow]": "_global_.hydra",
    "defaults: [/cam/gradcam@hydra.callbacks.e]": "/cam/gradcam@hydra.callbacks.e",
    "defaults: ['/../outside/evil']": "/../outside/evil",
    "defaults: [/cam: ../../outside/evil]": "../outside/evil",
    "defaults: ['${mine}']\nmine: /hydra/launcher/basic": "defaults",
    "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c]": "aliases",
}
FOLDERS = {
    # files of such a folder, and the words that lead to them: what the refusal names
    ("hydra/callbacks/x.yaml", f"e: {READS}", "+hydra/callbacks=x"): "hydra/callbacks/x.yaml",
    ("hydra/launcher/basic.yaml", READS, "-m"): "hydra/launcher/basic.yaml",
    ("hydra/config.yaml", f"callbacks: {{e: {READS}}}", "seed=1"): "hydra/config.yaml",
    ("cam/x.yaml", f"# @package hydra\ncallbacks: {{e: {READS}}}", "cam=x"): "hydra.callbacks.e",
    (
        "cam/x.yaml",
        f"# @package hydra.callbacks.e\n{READS[1:-1]}".replace(", ", "\n"),
        "cam=x",
    ): "hydra.callbacks.e",
    ("cam/x.yaml", "# @package _global_\ncache: victims", "cam=x"): "cache",
    ("cam/x.yaml", "# @package data\nexport: victims", "cam=x"): "data.export",
    ("cam/x.yaml", f"callbacks: {{e: {READS}}}", "+cam@hydra=x"): "hydra.callbacks.e",
    ("data/x.yaml", "defaults: [planted]\nexport: victims", "data=x"): "data.export",
    ("logger/x.yaml", "_target_: emocam.logger.mlflow.MLflow\nuri: sqlite:///made.db", "logger=x"): "logger",
    ("config.yaml", f"hydra: {{callbacks: {{e: {READS}}}}}", "--config-path"): "hydra.callbacks.e",
    ("config.yaml", "hydra: {searchpath: ['pkg://evil']}", "--config-path"): "hydra.searchpath",
    ("mine.yaml", f"hydra: {{callbacks: {{e: {READS}}}}}\ndefaults: [config]", "--config-name=mine"): (
        "hydra.callbacks.e"
    ),
    ("mine.yaml", "hydra: {searchpath: ['pkg://evil']}\ndefaults: [config]", "-cn=mine"): "hydra.searchpath",
    ("experiment/x.yaml", f"{HEAD}hydra: {{callbacks: {{e: {READS}}}}}", "searchpath"): "hydra.callbacks.e",
}
Ask = Callable[..., int]


def plant(folder: Path) -> set[Path]:
    """What a stranger could bring along: a pickle, a module, and a file to be harmed."""
    (folder / "mark.pickle").write_bytes(pickle.dumps(Mark()))
    (folder / "victim").write_text("precious")
    for file in ("evil/__init__.py", "evil/sitecustomize.py"):
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text("import pathlib; pathlib.Path('mark').touch()")
    for file in ("outside/evil.yaml", "theirs/evil.yaml"):
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(f"{HEAD}hydra: {{callbacks: {{e: {READS}}}}}")
    return set(folder.rglob("*"))


def check_refused(folder: Path, planted: set[Path], told: str, file: str, key: str) -> None:
    assert file in told and key in told
    assert told.count("\n") == 1 and "Traceback" not in told
    assert set(folder.rglob("*")) == planted
    assert (folder / "victim").read_text() == "precious"


@pytest.mark.parametrize("study", FOREIGN)
def test_a_study_from_elsewhere_opens_none_of_hydra_s_doors(
    emocam: Ask, tmp_path: Path, study: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SECRET", "s3cr3t")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "theirs/experiment").mkdir(parents=True)
    (tmp_path / "theirs/experiment/x.yaml").write_text(f"{HEAD}{study}\n")
    (tmp_path / "theirs/experiment/y.yaml").write_text(HEAD)
    planted = plant(tmp_path)
    swept = list(FOREIGN).index(study) % 4 == 0
    words = ("-m", "+experiment=y,x") if swept else ("+experiment=x",)
    assert emocam("--config-dir", "theirs", *words, "data.images=2", "logger=null", "cache=null") == 1
    told = capsys.readouterr().err
    check_refused(tmp_path, planted, told, "theirs/experiment/x.yaml", FOREIGN[study])
    assert "evil" not in sys.modules and "s3cr3t" not in told


@pytest.mark.parametrize("door", FOLDERS, ids=lambda door: " ".join([door[0], door[2]]))
def test_a_folder_from_elsewhere_opens_none_of_hydra_s_doors(
    emocam: Ask, tmp_path: Path, door: tuple[str, str, str], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)
    file, text, word = door
    (tmp_path / "theirs" / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "theirs" / file).write_text(text)
    planted = plant(tmp_path)
    words = ("--config-dir", "theirs", *word.split("="))
    if word == "--config-path":
        words = ("--config-path", str(tmp_path / "theirs"))
    elif word == "searchpath":
        words = (f"hydra.searchpath=[{tmp_path / 'theirs'}]", "+experiment=x")
    elif not word.startswith("-c") and not word.startswith("--"):
        words = ("--config-dir", "theirs", word)
    assert emocam(*words) == 1
    check_refused(tmp_path, planted, capsys.readouterr().err, f"theirs/{file}", FOLDERS[door])
    assert "evil" not in sys.modules


@pytest.mark.parametrize("node", [field.name for field in dataclasses.fields(HydraConf)])
def test_no_node_of_hydra_s_is_taken_from_a_file(
    emocam: Ask, tmp_path: Path, node: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "theirs/experiment").mkdir(parents=True)
    (tmp_path / "theirs/experiment/x.yaml").write_text(f"{HEAD}hydra: {{{node}: {{a: theirs}}}}\n")
    assert emocam("--config-dir", "theirs", "+experiment=x") == 1
    told = capsys.readouterr().err
    assert told.startswith(str(tmp_path / "theirs/experiment/x.yaml")) and f"hydra.{node}" in told
    assert not (tmp_path / "outputs").exists()


@pytest.mark.filterwarnings("ignore:Callback NoneType")  # what the pickle was is no callback
def test_the_doors_are_real_where_nobody_looks(
    emocam: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emocam.settings.loader.guarded", nullcontext)
    (tmp_path / "theirs/experiment").mkdir(parents=True)
    (tmp_path / "theirs/experiment/x.yaml").write_text(f"{HEAD}{next(iter(FOREIGN))}\n")
    plant(tmp_path)
    emocam("--config-dir", "theirs", "+experiment=x", "data.images=0", "logger=null", "cache=null")
    assert (tmp_path / "mark").exists()


def test_a_study_from_elsewhere_chooses_parts_and_sets_numbers(
    emocam: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "theirs/experiment").mkdir(parents=True)
    (tmp_path / "theirs/experiment/x.yaml").write_text(
        f"{HEAD}defaults: [override /cam: gradcam, override /logger: null]\n"
        "mine: 3\ncache: null\ndata: {images: '${mine}', export: null}\nthreshold: {importance: 0.2}\n"
        "classifier: {world: '${oc.select:data.world,standard}'}\ntrainer: {devices: 1}\n"
    )
    assert emocam("--config-dir", "theirs", "+experiment=x", "--cfg", "job", "--resolve") == 0
    settings = yaml.safe_load(capsys.readouterr().out)
    assert (settings["data"]["images"], settings["threshold"]["importance"]) == (3, 0.2)
    assert settings["cam"]["_target_"] == "emocam.cam.gradcam.GradCAM"


NEITHER_WRITTEN_NOR_ADDRESSED = {
    *("data.root", "data.annotations", "data.file", "data.files", "data.follow_links", "evidence"),
    *("paste.objects", "effect.objects", "classifier.model", "detector.model"),
    "classifier.output",
    *("evaluate.roots", "task.roots", "cam.file", "cam.root"),
}
WRITES = re.compile(
    r"export|^out|save|write|store|^ur[il]|addr|host|server|dir$|folder|path|file|root|cache|log"
)


def test_every_setting_that_may_write_or_connect_is_decided_about() -> None:
    conf = PACKAGE.parent / "conf"
    keys = {key for key, _ in leaves(yaml.safe_load((conf / "config.yaml").read_text()))}
    for file in conf.glob("*/*.yaml"):
        keys |= {f"{file.parent.name}.{key}" for key, _ in leaves(yaml.safe_load(file.read_text()))}
    keys = {key for key in keys if not key.startswith(("hydra.", "defaults")) and "_target_" not in key}
    named = {key for key in keys if WRITES.search(key.rpartition(".")[2])}
    undecided = {
        key
        for key in named - NEITHER_WRITTEN_NOR_ADDRESSED
        if not any(key == only or key.startswith(f"{only}.") for only in COMMAND_LINE_ONLY)
    }
    assert not undecided, "written to or connected to? settings/foreign.py, or the list above"
