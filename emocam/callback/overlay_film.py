"""The films of a run with what the classifier looks at and answers, drawn into their frames."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby, repeat
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from emocam.callback.base import Finished
from emocam.callback.film_frames import FilmFrames, film_frames
from emocam.callback.overlay import MOST_BOXES
from emocam.data.address import Address, read_address
from emocam.data.film_writer import FilmWriter
from emocam.data.printed import unprinted
from emocam.errors import SettingError
from emocam.face.align import aligned_square
from emocam.face.blur import check_faces_setting, without_faces
from emocam.functional.frame_drawing import MOST_BARS, FrameAnswer, draw_frame
from emocam.records.base import WHOLE
from emocam.results.files import BOX, COUNTED, FACES, OVERLAY_FILM
from emocam.results.run import Run, read_boxes
from emocam.results.timeline import is_over_films, read_logits

LONGEST, LEAST = 1280, 480
"""Pixels along a frame's longer side: a larger one is made smaller, a smaller one larger by a whole factor."""
STEADY = 0.5
"""Seconds over which the answers are averaged for the line below a label that changes from frame to frame."""
FRAMED = tuple[str, float, FrameAnswer]
"""A film, a second of it, and an answer about it."""


class OverlayFilm:
    """A callback that writes overlay.mp4 of a run over films, which browsers play.

    Frames stand at the films' own times, one film after another. `faces` are blurred or left out as in the report.
    """

    def __init__(self, longest: int = LONGEST, faces: str | None = None) -> None:
        if longest < 16:
            raise SettingError(f"callback.overlay_film.longest must be at least 16 pixels, got {longest}")
        self.longest = longest
        self.faces = faces
        if faces is not None:
            check_faces_setting(faces)

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        if finished.data is None or not is_over_films(finished.run):
            return {}
        places = [read_address(unprinted(image)) for image in _images(finished)]
        framed = [address for address in places if address.time is not None]
        times = np.array([address.time for address in framed], float)
        films = film_frames(finished.data, [address.file for address in framed], times)
        file = finished.folder / OVERLAY_FILM
        half = file.with_suffix(".tmp")
        try:
            with FilmWriter(half) as writer:
                self._write(writer, films, answers_of(finished))
            if writer.frames:
                half.replace(file)
        except SettingError as error:  # no encoder: the rest of the run is there all the same
            sys.stderr.write(f"{error}\n")
            return {"overlay_frames": 0}
        finally:
            half.unlink(missing_ok=True)
        return {"overlay_frames": writer.frames}

    def _write(self, writer: FilmWriter, films: list[FilmFrames], answers: Iterator[FRAMED]) -> None:
        """Draw every frame of the films with its answers, which come in the films' order."""
        grouped = groupby(answers, key=lambda answer: answer[:2])
        ahead = next(grouped, None)
        several = len(films) > 1
        for film in films:
            shown = film.open if self.faces is None else _blurred(film, self.faces)
            for time, at in zip(film.times.tolist(), film.shown.tolist(), strict=True):
                while ahead is not None and (ahead[0][0] != film.source or ahead[0][1] < time - 1e-7):
                    ahead = next(grouped, None)  # of a film that is gone
                drawn: list[FrameAnswer] = []
                if ahead is not None and ahead[0][1] < time + 1e-7:
                    drawn = [answer for *_, answer in ahead[1]]
                    ahead = next(grouped, None)
                try:
                    frame = shown(time)
                except Exception:  # gone since the run, or it shows a face; the others are there
                    continue
                drawn = [in_frame(answer, frame.size) for answer in drawn]
                frame = self._sized(frame)
                note = f"{film.source}  {time:.2f} s" if several else f"{time:.2f} s"
                writer.add(draw_frame(frame, drawn, note), at)

    def _sized(self, frame: Image.Image) -> Image.Image:
        """Return the frame made smaller, or a very small one larger, in which no letter would have room."""
        side = max(frame.size)
        factor = min(self.longest / side, max(1, -(-min(LEAST, self.longest) // side)))
        if factor == 1:
            return frame
        size = (max(1, round(frame.width * factor)), max(1, round(frame.height * factor)))
        return frame.resize(size, Image.Resampling.BICUBIC, reducing_gap=2)


def _blurred(film: FilmFrames, faces: str) -> Callable[[float], Image.Image]:
    """Return what opens a frame with its faces blurred, or refuses one that has any."""
    shown = without_faces(lambda second: film.open(float(second)), faces)
    return lambda time: shown(repr(time))


def _images(finished: Finished) -> Iterator[str]:
    for rows in finished.run.rows("predictions", ["image"]):
        yield from rows["image"].to_pylist()


def answers_of(finished: Finished) -> Iterator[FRAMED]:
    """Yield what is drawn of each frame, and each face in it, in the run's order, a block in memory at a time."""
    run = finished.run
    maps = run.explanations() if run.explained else repeat(None)
    faces, steady = FacePoints(run), SteadyAnswers(run.label_names)
    columns = ["image", "label", "confidence", "logits"]
    for (images, regions), explained in zip(run.blocks(columns, [*COUNTED, *BOX]), maps, strict=False):
        logits = read_logits(images, len(run.label_names))
        odds = np.exp(logits - logits.max(1, keepdims=True))
        odds /= odds.sum(1, keepdims=True)
        names = images["image"].to_pylist()
        addresses = [read_address(unprinted(name)) for name in names]
        points = faces.take([n for n, a in zip(names, addresses, strict=True) if a.face is not None])
        boxes = strongest_regions(finished, images, regions) if not points else []
        for place, address in enumerate(addresses):
            if address.time is None:
                continue
            window = WHOLE if explained is None else explained[1][place].tolist()
            answer = FrameAnswer(
                f"{images['label'][place].as_py()} {images['confidence'][place].as_py():.2f}",
                bars_of(odds[place], run.label_names),
                None if explained is None else explained[0][place].numpy(),
                np.array([[window[0], window[1]], [window[2], window[1]], [window[0], window[3]]], float),
                points=points.get(names[place]),
                regions=boxes[place] if boxes else (),
                line=steady.line(address, odds[place]),
                number=address.face or 0,
            )
            yield address.file, address.time, answer


def bars_of(odds: NDArray[np.float64], names: list[str]) -> list[tuple[str, float]]:
    """Return the likeliest labels with their probabilities; all of a few, in the classifier's own order."""
    chosen = np.argsort(-odds, kind="stable")[:MOST_BARS]
    if len(names) <= MOST_BARS:
        chosen = np.sort(chosen)
    return [(names[label], float(odds[label])) for label in chosen]


def in_frame(answer: FrameAnswer, size: tuple[int, int]) -> FrameAnswer:
    """Return a face's answer with its map over the square that the classifier saw of a frame (width, height)."""
    if answer.points is None:
        return answer
    square = aligned_square(answer.points * size)
    box = np.concatenate([answer.points.min(0), answer.points.max(0)])
    return replace(answer, corners=square.to_picture(answer.corners) / size, box=box)


class FacePoints:
    """The points of a run's faces, read as far as they are asked for: they are the larger part of a long film."""

    def __init__(self, run: Run) -> None:
        self._rows = run.rows(FACES, ["image", "landmarks"]) if run.file(FACES).exists() else iter(())
        self._read: dict[str, NDArray[np.float64]] = {}

    def take(self, images: list[str]) -> dict[str, NDArray[np.float64]]:
        """Return the points (P, 2) of these faces, in [0, 1] of their frames; each face's once."""
        while (
            not all(image in self._read for image in images) and (rows := next(self._rows, None)) is not None
        ):
            flat = rows["landmarks"].combine_chunks().flatten().to_numpy().astype(float)
            points = flat.reshape(len(rows), -1, 2)
            self._read |= dict(zip(rows["image"].to_pylist(), points, strict=True))
        return {image: self._read.pop(image) for image in images if image in self._read}


def strongest_regions(
    finished: Finished, images: pa.Table, regions: pa.Table
) -> list[list[tuple[NDArray[np.floating], str]]]:
    """Return the strongest boxes that count of each image, each with its name and importance."""
    run = finished.run
    numbers = run.tensors_of(images, regions)
    image = numbers["image"]
    counts = finished.thresholds.kept(
        numbers["score"],
        numbers["confidence"][image],
        numbers["importance"],
        numbers.get("chance"),
        run.explained,
    )
    strength = numbers["importance" if run.explained else "score"]
    found: list[list[tuple[NDArray[np.floating], str]]] = [[] for _ in range(len(images))]
    boxes = read_boxes(regions)
    for row in strength.argsort(descending=True, stable=True).tolist():
        mine = found[int(image[row])]
        if counts[row] and len(mine) < MOST_BOXES:
            name = run.object_names[int(numbers["object"][row])]
            mine.append((boxes[row], f"{name} {float(strength[row]):.2f}"))
    return found


class SteadyAnswers:
    """The mean answers over the last half second of each film, or face."""

    def __init__(self, labels: list[str]) -> None:
        self.labels = labels
        self._last: dict[tuple[str, int | None], list[tuple[float, NDArray[np.float64]]]] = {}

    def line(self, address: Address, odds: NDArray[np.float64]) -> str:
        """Return the sentence on the last half second where it has three frames or more; else nothing."""
        time, key = address.time or 0.0, (address.file, address.face)
        last = [(t, o) for t, o in self._last.get(key, []) if time - STEADY < t <= time]
        last.append((time, odds))
        self._last[key] = last
        if len(last) < 3:
            return ""
        mean = np.mean([odds for _, odds in last], 0)
        label = int(mean.argmax())
        return f"last {STEADY:g} s: {self.labels[label]} {mean[label]:.2f}"
