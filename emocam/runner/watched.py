"""`emocam watch`: from composed settings to a finished folder."""

import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from emocam.data.faces import Faces, read_finder
from emocam.data.film_writer import FilmWriter, film_encoder
from emocam.detector.base import Detector
from emocam.errors import SettingError, nearest
from emocam.face.regions import DETAILS, region_names
from emocam.face.track import FaceTracker
from emocam.live.answers import LiveAnswers
from emocam.live.page import LivePage
from emocam.live.session import Ending, Session, kept_sentences, write_line
from emocam.live.settings import WatchSettings, without_secrets
from emocam.live.source import LiveSource, open_source
from emocam.live.timeline_rows import TimelineRows
from emocam.live.window import LiveWindow, open_window
from emocam.network.face_files import chosen_runtime, face_file
from emocam.predict.components import Components
from emocam.predict.explain import Explain, check_weights
from emocam.results.file_list import write_file_list
from emocam.results.files import TIMELINE
from emocam.results.summary import Summary, write_summary
from emocam.runner.command import Command, build_components
from emocam.runner.single import how_made
from emocam.runner.tracking import finish_tracking, note_tracking, tracked
from emocam.system.terminal import shown

FACES = "faces"
PLANTED = "emocam.classifier.planted.PlantedClassifier"
TOY = (
    "classifier=planted is a toy network of drawn pictures: what it answers about any others means nothing; "
    "classifier=gimefive classifier.weights=FILE is one for faces"
)


def run_watch(command: Command) -> int:
    """Watch a source until it ends or is stopped; return exit status 0, or 1 where no more could be recorded."""
    settings = watch_settings(command)
    if (command.folder / f"{TIMELINE}.csv").exists():
        raise SettingError(
            f"hydra.run.dir {command.folder} holds a watch already, which does not go on; name another folder"
        )
    source = open_source(str(settings.source))
    if settings.film is not None:
        film_encoder(settings.film, "watch.save")
    window = open_window(settings.window if settings.window is not None or not settings.page else False)
    command = as_recorded_words(command, str(settings.source))
    components = build_components(command, {"imports": time.perf_counter() - command.started})
    with components.stage("build"):
        answers = build_answers(command, components)
    command.record()
    with tracked(command, components) as tracking:
        ending = watch(command, settings, source, answers, window)
        summary = summary_of(command, components, settings, source, ending)
        write_summary(command.folder, summary)
        write_file_list(command.folder)
        sys.stdout.write(shown(watch_lines(command.folder, settings, ending)))
        sys.stdout.flush()
        if ending.fault is not None and not ending.frames:
            raise SettingError(ending.fault)
        if tracking and (sentence := finish_tracking(tracking, without=("description",))):
            note_tracking(command.folder, sentence)
            sys.stderr.write(f"{sentence}\n")
    if ending.fault is not None:
        sys.stderr.write(f"{ending.fault}\n")
    return 1 if ending.reason == "failed" else 0


def watch_settings(command: Command) -> WatchSettings:
    """Return the settings of a watch; its source is the first word, which may look like anything."""
    composed = OmegaConf.to_container(command.cfg.watch, resolve=True)
    assert isinstance(composed, dict)
    if composed.pop("source", None) is not None:
        raise SettingError("watch.source is what follows the verb; expected emocam watch SOURCE")
    try:
        return WatchSettings(
            source=command.typed[1], **{str(name): value for name, value in composed.items()}
        )
    except TypeError as error:
        raise SettingError(f"watch takes no such setting ({error}); emocam watch --help lists them") from None


def as_recorded_words(command: Command, source: str) -> Command:
    """Return the command as it may be recorded: its source is told, an address without user, password and query."""
    cfg = command.cfg.copy()
    told = without_secrets(source)
    cfg.watch.source = told.replace("${", r"\${")
    return replace(command, cfg=cfg, typed=[command.typed[0], told, *command.typed[2:]], hydra=None)


def watch(
    command: Command,
    settings: WatchSettings,
    source: LiveSource,
    answers: LiveAnswers,
    window: LiveWindow | str,
) -> Ending:
    """Open what is written and shown, say what is kept, and watch."""
    kept = kept_sentences(command.folder, settings.film)
    with ExitStack() as closing:
        rows = closing.enter_context(
            TimelineRows(command.folder / f"{TIMELINE}.csv", source.name, answers.labels, answers.objects)
        )
        film = None
        if settings.film is not None:
            film = FilmWriter(settings.film, fragments=True, setting="watch.save")
        session = Session(
            source, answers, rows, film, every=not settings.pace, limit=settings.seconds, tell=write_line
        )
        lines = [f"watching {source.name}; q or Ctrl-C ends it", *kept]
        if isinstance(window, LiveWindow):
            session.window = window
            closing.callback(window.close)
        if settings.page:
            session.page = LivePage(session.stop.set, settings.port)
            session.page.shown.state["kept"] = kept
            closing.callback(session.page.close)
            lines.append(f"page     {session.page.address}")
        elif isinstance(window, str) and window and film is None:
            lines.append(window)
        for line in lines:
            write_line(line)
        return session.run()


def build_answers(command: Command, components: Components) -> LiveAnswers:
    """Build the networks that the settings name, as a run does, and the step that asks them."""
    follows_faces = command.choices.get("data") == FACES
    classifier = components.classifier
    check_weights(classifier)
    cam = components.cam
    data: dict[str, Any] = components.settings["data"]
    detail = str(data.get("detail", "coarse"))
    if follows_faces and detail not in DETAILS:
        raise SettingError(f"data.detail {detail!r} is unknown; {nearest(detail, DETAILS)}")
    detector: Detector = components.build("vocabulary")(components.build("detector"))
    detector.set_annotated_objects(region_names(detail) if follows_faces else [])
    told = components.settings["classifier"] or {}
    if told.get("_target_") == PLANTED and told.get("weights") is None:
        write_line(TOY)
    explain = Explain(classifier, detector, [] if cam is None else [cam], components.importance)
    tracker = face_tracker(data) if follows_faces else None
    return LiveAnswers(explain, components.importance, components.thresholds, tracker, detail)


def face_tracker(data: dict[str, Any]) -> FaceTracker:
    """Return what follows faces, by the settings of data=faces."""
    defaults = Faces.__dataclass_fields__
    value = {
        name: data.get(name, defaults[name].default)
        for name in ("kind", "runtime", "least", "smallest", "redetect")
    }
    runtime = chosen_runtime(str(value["runtime"]), "data.runtime")
    kind = str(value["kind"])
    files = (
        face_file(kind, data.get("weights"), "data.weights"),
        face_file("landmarks", data.get("mesh"), "data.mesh"),
    )
    return FaceTracker(
        read_finder(files, kind, runtime, value["least"], value["smallest"]), value["redetect"]
    )


def summary_of(
    command: Command, components: Components, settings: WatchSettings, source: LiveSource, ending: Ending
) -> Summary:
    """Return what summary.json says of a watch."""
    watched: dict[str, Any] = {
        "source": source.name,
        "frames": ending.frames,
        "dropped": ending.dropped,
        "faces": ending.faces,
        "ended": ending.reason,
        "sizes": [list(size) for size in ending.sizes],
        "frames_per_second": round(ending.frames / ending.seconds, 2) if ending.seconds else None,
        "film": None if settings.film is None or not ending.film_frames else str(settings.film),
        "film_frames": ending.film_frames,
        **({"fault": ending.fault} if ending.fault else {}),
        **how_made(command, components),
    }
    spent = {name: round(value, 3) for name, value in components.seconds.items()}
    watched["seconds"] = spent | {
        "watch": round(ending.seconds, 3),
        "all": round(time.perf_counter() - command.started, 3),
    }
    return watched  # type: ignore[return-value]


def watch_lines(folder: Path, settings: WatchSettings, ending: Ending) -> list[str]:
    """Return what a watch says at its end."""
    rate = ending.frames / ending.seconds if ending.seconds else 0
    lines = [
        f"{ending.frames:,} frames in {ending.seconds:.1f} s ({rate:.1f} a second), {ending.dropped:,} dropped, "
        f"{ending.faces:,} answers"
    ]
    if settings.film is not None and ending.film_frames:
        lines.append(f"film     {settings.film}")
    return [*lines, f"report   {folder}"]
