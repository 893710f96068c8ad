"""The command `emocam watch SOURCE`: what a network answers about a camera or a film, live."""

import sys
import time
from typing import TYPE_CHECKING

from emocam.errors import SettingError

if TYPE_CHECKING:
    from emocam.runner.command import Command

HELP = """\
usage: emocam watch SOURCE [GROUP=OPTION] [SETTING=VALUE]

What a network answers about a camera, a film, a pipe or an address, while it is watched.

SOURCE is a camera's number (0 is the first), a film, a pipe (- is standard input), or an address
such as rtsp://... or http://...

  emocam watch 0 classifier=gimefive classifier.weights=FILE      faces before the camera
  emocam watch a.mp4 watch.save=watched.mp4                       a film, at its own pace, and a film of it
  emocam watch 0 watch.page=true                                  on a page on 127.0.0.1, without a display
  emocam watch 0 data=video classifier=torchvision classifier.model=resnet50 detector=faces     whole scenes

Classifier, CAM and detector are chosen as for a run. With data=faces (the default) each face is followed
and answered for; data=video, or a detector, answers for the whole picture.

What is kept: in the run's folder timeline.csv, a row of numbers a frame or a face, and summary.json with
the frames that were seen and dropped. What is never kept: sound, names, who anybody is; and no picture
unless watch.save=FILE.mp4 asks for a film. The answers are a network's about pixels, not what anybody
feels; at work and in education the EU's AI Act forbids to infer emotions (article 5).

q, Ctrl-C, SIGTERM and the end of the source end it; what was recorded is whole.

  watch.save=FILE.mp4   a film of what is shown
  watch.page=true       a page on 127.0.0.1, whose address is printed
  watch.port=N          the page's port; 0 takes one that is free
  watch.window=false    no window, although there is a display
  watch.pace=false      of a film's file: every frame, however long that takes
  watch.seconds=N       ends by itself
"""


def main(words: list[str]) -> int:
    """Watch a source and return the exit status."""
    if not words or {"--help", "-h"} & set(words):
        sys.stdout.write(HELP)
        return 0 if words else 1
    source, *rest = words
    if "=" in source and "://" not in source and "/" not in source.partition("=")[0]:
        raise SettingError(
            f"SOURCE must come first, a camera's number such as 0, a film, a pipe or an address, got {source}"
        )
    if swept := {"-m", "--multirun"} & set(rest):
        raise SettingError(f"a watch is one run, and {swept.pop()} would be a sweep; leave it out")
    from emocam.cli.job import Verb
    from emocam.cli.main import run_words

    composed = [*usual_words(rest), *rest]
    return run_words(composed, time.perf_counter(), Verb(_run, ["watch", *words]))


def _run(command: "Command") -> int:
    from emocam.runner.watched import run_watch  # torch comes with it

    return run_watch(command)


def usual_words(words: list[str]) -> list[str]:
    """Return what is chosen where the words choose nothing: faces, or scenes where a detector is named."""
    named = {word.lstrip("+~").partition("=")[0]: word.partition("=")[2] for word in words}
    data = named.get("data") or (
        "faces" if named.get("detector", "annotations") == "annotations" else "video"
    )
    usual = [f"data={data}"] * ("data" not in named)
    if "classifier" not in named and "classifier._target_" not in named:
        usual.append("classifier=planted")
        usual += [f"classifier.world={'faces' if data == 'faces' else 'standard'}"] * (
            "classifier.world" not in named
        )
    usual += ["cam=gradcam"] * ("cam" not in named and "cam._target_" not in named)
    usual += ["detector=faces"] * (
        data != "faces" and "detector" not in named and "detector._target_" not in named
    )
    return usual
