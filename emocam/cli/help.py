"""The help text: the purpose, five commands, the groups with their options."""

from pathlib import Path

ABOUT = """\
EmoCAM: what in the pictures drives an image classifier's decisions, over a whole corpus?

usage: python -m emocam [GROUP=OPTION] [SETTING=VALUE]        (or: emocam ...)

  python -m emocam +cam=gradcam                    Grad-CAM over the embedded world
  python -m emocam -m cam=gradcam,ablation,lift    a sweep: one run for each, compared at the end
  python -m emocam +cam=gradcam data=folder data.root=PHOTOS classifier=torchvision classifier.model=resnet50
  python -m emocam task=replay evidence=RUN threshold.importance=0.1     other thresholds, no network
  python -m emocam +experiment=NAME                a study from experiments/
"""
AFTER = """
settings of an option      python -m emocam data=coco --cfg job
where a setting comes from python -m emocam --info defaults
tab completion             eval "$(emocam -sc install=bash)"
"""
VERBS = {
    "audit": "emocam audit FOLDER ...         pictures that are the same, nearly so or mirrored, as a page",
    "compare": "emocam compare RUN RUN ...      similarity and differences of finished runs",
    "cross": "emocam cross MODEL GAZE BRAIN   what a model uses, people look at and brain regions tell, side by side",
    "decode": "emocam decode TABLES            a film's emotions from series of brain regions, region by region",
    "doctor": "emocam doctor                   what is installed and found here, and whether a small run works",
    "export": "emocam export RUN --to FORMAT   COCO, FiftyOne, Label Studio, CSV, or the page as a zip",
    "fetch": "emocam fetch NAME               known weights into the cache; needs a network",
    "gaze": "emocam gaze RUN FIXATIONS      how near a run's maps come to where people look",
    "layers": "emocam layers MODEL             the layers a CAM can look at, and the one taken by default",
    "list": "emocam list KIND                cams, detectors, classifiers, data, experiments: a line on each",
    "manifold": "emocam manifold RUN            pictures as points, alike ones side by side, as a page",
    "merge": "emocam merge RUN RUN ...        one run from the shards of a corpus",
    "open": "emocam open [RUN]               opens the report of a run, or of the newest one",
    "upload": "emocam upload RUN               completes tracking that failed when the run ended",
    "verify": "emocam verify RUN               checks a run's ledger and files: every image exactly once",
    "watch": "emocam watch SOURCE             what a network answers about a camera or a film, live",
}
"""The verbs, each a file of cli/verb/ that runs without Hydra, and what it does."""


def text(conf: Path, experiments: Path) -> str:
    """Return the help text, with the options read from the folders, so that a new one is listed by itself."""
    groups = {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(conf.iterdir())
        if folder.is_dir() and folder.name != "hydra"
    }
    groups["experiment"] = sorted(file.stem for file in experiments.glob("*.yaml"))
    lines = [ABOUT]
    lines += ["verbs", *(f"  {line}" for line in VERBS.values()), ""]
    lines += ["groups and their options"]
    lines += [_wrapped(name, options) for name, options in groups.items() if options]
    return "\n".join([*lines, AFTER])


def _wrapped(name: str, options: list[str], width: int = 100) -> str:
    lines, line = [], f"  {name:12}"
    for option in options:
        if len(line) + len(option) + 1 > width:
            lines.append(line)
            line = " " * 14
        line += f" {option}"
    return "\n".join([*lines, line])
