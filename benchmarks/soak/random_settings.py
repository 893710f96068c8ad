"""Random settings: each is told in one sentence, or makes a run's parts; of those that do, some run to their end.

All in one process: words are read, composed and checked as those of a command, and each part is built.
"""

import random
import time
from pathlib import Path
from typing import Any

from child import QUIET, in_child, warm_up
from steps import Part

A_STEP, RUNS = 10, 1
"""Commands of a step, and how many that can be built are run."""
SLOW = 20.0
USUAL = (*QUIET, "logger=null", "cache=null", "data.images=6", "data.workers=0", "~callback.report")
CHOSEN = (
    "cam",
    "importance",
    "threshold",
    "paste",
    "effect",
    "verdict",
    "vocabulary",
    "callback",
    "task",
    "trainer",
)
"""Groups of which another option may be chosen; the others' options need files that are elsewhere."""
LEFT_OUT = (
    "hydra",
    "logger",
    "cache",
    "allow",
    "data.export",
    "watch",
    "defaults",
    "trainer.default_root_dir",
)
"""What writes elsewhere or connects."""
VALUES = (
    *(
        "null",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "2",
        "0.5",
        "-0.1",
        "1.5",
        "1e9",
        "1e309",
        ".nan",
        ".inf",
        "-.inf",
    ),
    *(
        "1" + "0" * 22,
        "''",
        "x",
        "'a b'",
        "é",
        "'\"'",
        '"\'"',
        "[]",
        "{}",
        "[1,2]",
        "[a]",
        "[[0.5,0.5]]",
        "{a: 1}",
    ),
    *(
        "{_target_: x}",
        "${seed}",
        "${oc.env:HOME}",
        "${nothing}",
        "no/such/file.csv",
        "../..",
        "/",
        "/dev/null",
    ),
    *(
        "auto",
        "mean",
        "predicted",
        "[null]",
        "'1'",
        "=",
        "a=b",
        "'*'",
        "%",
        "\\n",
        "'<b>'",
        "-",
        "--",
        "~",
        "1_000",
    ),
    *("0x10", "1e-3", "[0,1,2,3]", "random"),
)
CLIPPED = 300


def settings() -> tuple[list[str], dict[str, list[str]]]:
    """Return all settings by their names, and the options of the groups that may be chosen."""
    from omegaconf import OmegaConf

    from emocam.settings.paths import resource_folder

    conf = resource_folder("conf")
    found = [str(key) for key in OmegaConf.load(conf / "config.yaml")]
    for file in sorted(conf.glob("*/*.yaml")):
        found += [f"{file.parent.name}.{key}" for key in OmegaConf.load(file) if key != "_target_"]
    options = {group: [file.stem for file in sorted((conf / group).glob("*.yaml"))] for group in CHOSEN}
    kept = [name for name in dict.fromkeys(found) if not name.startswith(LEFT_OUT)]
    return kept, options


def words_of(dice: random.Random, names: list[str], options: dict[str, list[str]]) -> list[str]:
    """Draw one to three words, some of a kind that Hydra cannot read."""
    words = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        kind = dice.random()
        if kind < 0.25:
            group = dice.choice(list(options))
            words.append(
                f"{dice.choice(('', '', '', '+'))}{group}={dice.choice([*options[group], 'null', 'x'])}"
            )
        elif kind < 0.9:
            name = dice.choice(names)
            words.append(f"{dice.choice(('', '', '', '', '+', '++'))}{name}={dice.choice(VALUES)}")
        elif kind < 0.95:
            words.append(f"~{dice.choice(names)}")
        else:
            name = dice.choice(names)
            words.append(
                dice.choice((name, f"{name}={name}", f"={name}", f"{name}:1", f"{name}=[", name[::-1] + "=1"))
            )
    return words


def build_all(command: Any) -> int:
    """Build each part that the settings of a command name, as a run does before it opens a picture."""
    from emocam.runner.command import build_components
    from emocam.runner.replayed import as_recorded
    from emocam.runner.single import built

    command = as_recorded(command)
    components = build_components(command, {})
    components.build("task")
    built(command, components)
    _ = (
        components.data,
        components.classifier,
        components.detector,
        components.importance,
        components.attribution,
    )
    components.cam_for(components.classifier)
    return 0


def ask(words: list[str], build: Any) -> tuple[int, list[Exception]]:
    """Compose and check a command's words, and build its parts; return the status and the mistakes that were told."""
    from emocam.cli.job import Verb
    from emocam.cli.launch import launch

    found = launch(words, lambda error: None, time.perf_counter(), Verb(build, words))
    return found.status, found.mistakes


def try_words(number: int, folder: Path, most: int, runs: int) -> dict[str, Any]:
    """Ask some commands, in this process."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig

    from emocam.cli.main import answer
    from emocam.cli.messages import error_sentence
    from emocam.settings.paths import resource_folder

    names, options = settings()
    dice = random.Random(f"settings {number}")
    counts: dict[str, Any] = {"commands": 0, "told in a sentence": 0, "built": 0, "run": 0, "faults": []}
    for place in range(most):
        words = [*USUAL, *words_of(dice, names, options), f"hydra.run.dir=run-{place}"]
        told, began = " ".join(words[len(USUAL) : -1]), time.process_time()
        GlobalHydra.instance().clear()
        HydraConfig.instance().cfg = None
        counts["commands"] += 1
        try:
            status, mistakes = ask(words, build_all)
        except Exception as error:
            counts["faults"].append(f"{told}: raised {type(error).__name__}: {str(error)[:CLIPPED]}")
            continue
        sentences = [error_sentence(error, resource_folder("conf")) for error in mistakes]
        counts["told in a sentence"] += status == 1
        counts["built"] += status == 0
        if status not in (0, 1) or status != len(sentences):
            counts["faults"].append(f"{told}: status {status}, {sentences}")
        for sentence in sentences:
            if "emocam failed with" in sentence or not all(sentence.splitlines()):  # a line each
                counts["faults"].append(f"{told}: {sentence[:CLIPPED]!r}")
        if time.process_time() - began > SLOW:
            counts["faults"].append(f"{told}: took more than {SLOW:g} s")
        if status == 0 and counts["run"] < runs and "task" not in told:  # a training takes minutes
            counts["run"] += 1
            GlobalHydra.instance().clear()
            HydraConfig.instance().cfg = None
            if (ended := answer(words)) not in (0, 1, 2):
                counts["faults"].append(f"{told}: the run ended with {ended}")
    return counts


def step(number: int, folder: Path, shared: Path, most: int = A_STEP, runs: int = RUNS) -> dict[str, Any]:
    """Ask some commands in a process of their own."""

    warm_up()
    answer, ended = in_child(folder, lambda: try_words(number, folder, most, runs), 1200)
    counts: dict[str, Any] = answer or {"commands": 0, "faults": ended}
    said = (folder / "command.err").read_text(errors="replace")
    if "Traceback" in said or "emocam failed with" in said:
        counts["faults"].append(f"a run said {said[-CLIPPED:]!r}")
    return counts


PART = Part(step, 30)
