"""From a frame to what the network answers about it, or about each face in it: the way of a run, frame by frame."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from emocam.data.faces import FACE_SIDE, region_masks
from emocam.data.samples import annotated, collate
from emocam.errors import SettingError
from emocam.face.align import FaceSquare, cut_square
from emocam.face.landmarks import MeshedFace
from emocam.face.track import FaceTracker
from emocam.functional.frame_drawing import MOST_BARS, FrameAnswer
from emocam.importance.base import Importance
from emocam.predict.explain import Explain
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation
from emocam.records.picture import Batch, Picture, Sample
from emocam.records.thresholds import Thresholds

STEADY = 0.5
"""Seconds of which the mean answer stands below a frame's own, which flickers."""
MOST_BOXES = 6
MOST_FACES = 64
"""Faces of a frame that are answered for, the longest followed first."""


@dataclass(frozen=True)
class LiveAnswer:
    """What the network answers about a frame, or the face in it of this number, and how it is drawn.

    `probability` (L,) is that of each label; `importance` that of the strongest region of each object there is.
    """

    face: int | None
    label: int
    probability: NDArray[np.float64]
    importance: dict[int, float]
    drawn: FrameAnswer


@dataclass
class SteadyMean:
    """The mean probabilities of the last half second, of each face by its number."""

    last: dict[int | None, deque[tuple[float, NDArray[np.float64]]]] = field(default_factory=dict)

    def add(
        self, face: int | None, time: float, probability: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Add an answer and return the mean (L,), where there are three or more in the last half second."""
        kept = self.last.setdefault(face, deque())
        kept.append((time, probability))
        for one in list(self.last):
            # a film's times may jump back: what lies ahead is old, too
            self.last[one] = deque((at, odds) for at, odds in self.last[one] if time - STEADY < at <= time)
            if not self.last[one]:
                del self.last[one]
        mine = self.last.get(face, deque())
        return np.mean([odds for _, odds in mine], 0) if len(mine) > 2 else None


class LiveAnswers:
    """Answers for frames; with a `tracker` for the faces in them, else for the whole.

    `explain` is the step of a run, so that the answers are those of a run over the same frames.
    """

    def __init__(
        self,
        explain: Explain,
        importance: Importance,
        thresholds: Thresholds,
        tracker: FaceTracker | None = None,
        detail: str = "coarse",
    ) -> None:
        self.explain, self.importance, self.thresholds = explain, importance, thresholds
        # one picture at a time: on a processor convolutions are a fifth quicker with channels last
        explain.classifier.to(memory_format=torch.channels_last)
        self.tracker, self.detail = tracker, detail
        renamed = explain.classifier.renamed
        if renamed is not None and renamed.labels != renamed.names:
            raise SettingError(
                "labels.only leaves pictures out, and every frame is called something; leave it away, or put the other "
                "labels together by labels.merge"
            )
        self.labels, self.objects = explain.classifier.label_names, explain.detector.objects
        self.steady = SteadyMean()
        self._size: tuple[int, int] | None = None

    def __call__(self, image: Image.Image, time: float) -> list[LiveAnswer]:
        """Return the answers about a frame; none where no face was found."""
        if self.tracker is None:
            return self._answers([Picture(image)], [None], time)
        if image.size != self._size:
            self.tracker.following, self._size = [], image.size  # where faces were is known in other pixels
        try:
            faces = self.tracker.step(image)[:MOST_FACES]
        except ValueError:  # a face that ran off the frame leads nowhere: they are looked for again
            self.tracker.following, faces = [], []
        return self._faces(image, faces, time) if faces else []

    def _faces(
        self, image: Image.Image, faces: list[tuple[int, MeshedFace]], time: float
    ) -> list[LiveAnswer]:
        pictures, squares = [], []
        for _, face in faces:
            square = face.square
            squares.append(square)
            pictures.append(
                Picture(
                    cut_square(image, square, FACE_SIDE),
                    *region_masks(square.to_square(face.points), self.detail),
                )
            )
        found = self._answers(pictures, [track for track, _ in faces], time)
        return [
            _on_frame(answer, square, face.points, image.size)
            for answer, square, (_, face) in zip(found, squares, faces, strict=True)
        ]

    def _answers(
        self, pictures: Sequence[Picture], numbers: Sequence[int | None], time: float
    ) -> list[LiveAnswer]:
        batch = self._batch(pictures)
        with torch.no_grad():
            detections = self.explain.detector(batch)
        ((prediction, explanation),) = self.explain.explain(batch, detections)
        values = detections.score
        if explanation is not None:
            with torch.no_grad():
                values = self.importance(explanation, detections)
        probability = prediction.logits.double().softmax(-1).numpy()
        label = prediction.label.tolist()
        there = self.thresholds.present(detections.score, prediction.confidence[detections.image])
        answers = []
        for place, number in enumerate(numbers):
            mine = there & (detections.image == place) & values.isfinite()
            rows = mine.nonzero()[:, 0]
            rows = rows[values[rows].argsort(descending=True, stable=True)]
            strongest: dict[int, float] = {}
            for object, value in zip(detections.object[rows].tolist(), values[rows].tolist(), strict=True):
                strongest.setdefault(object, value)
            window = WHOLE if explanation is None else explanation.window[place].tolist()
            drawn = FrameAnswer(
                f"{self.labels[label[place]]} {probability[place].max():.2f}",
                likeliest(probability[place], self.labels),
                None if explanation is None else explanation.maps[place].numpy(),
                corners_of(window),
                regions=() if self.tracker else self._drawn_regions(detections, values, rows, explanation),
                line=self._steady_line(number, time, probability[place]),
                number=number or 0,
            )
            answers.append(LiveAnswer(number, label[place], probability[place], strongest, drawn))
        return answers

    def _drawn_regions(
        self, detections: Detections, values: Tensor, rows: Tensor, explanation: Explanation | None
    ) -> list[tuple[NDArray[np.float64], str]]:
        """Return the strongest regions of a whole frame that count, each with its name; `rows` are in order."""
        if explanation is not None:
            rows = rows[values[rows] > self.thresholds.importance]
        return [
            (
                detections.boxes[row].double().numpy(),
                f"{self.objects[int(detections.object[row])]} {values[row]:.2f}",
            )
            for row in rows[:MOST_BOXES].tolist()
        ]

    def _batch(self, pictures: Sequence[Picture]) -> Batch:
        samples = []
        for index, picture in enumerate(pictures):
            classifier_view, classifier_window = self.explain.classifier.view(picture.image)
            detector_view, detector_window = self.explain.detector.view(picture.image)
            samples.append(
                Sample(
                    path=f"{index}",
                    index=index,
                    classifier_view=classifier_view,
                    classifier_window=classifier_window,
                    detector_view=detector_view,
                    detector_window=detector_window,
                    annotated=annotated(picture),
                    known={},
                )
            )
        return collate(samples)

    def _steady_line(self, number: int | None, time: float, probability: NDArray[np.float64]) -> str:
        mean = self.steady.add(number, time, probability)
        return (
            "" if mean is None else f"last {STEADY:g} s: {self.labels[int(mean.argmax())]} {mean.max():.2f}"
        )


def likeliest(probability: NDArray[np.float64], labels: Sequence[str]) -> list[tuple[str, float]]:
    """Return the likeliest labels with their probabilities; all of a few, in the classifier's own order."""
    chosen = np.argsort(-probability, kind="stable")[:MOST_BARS]
    if len(labels) <= MOST_BARS:
        chosen = np.sort(chosen)
    return [(labels[label], float(probability[label])) for label in chosen]


def corners_of(window: Sequence[float]) -> NDArray[np.float64]:
    """Return the upper left, upper right and lower left corners (3, 2) of a window (4,)."""
    x0, y0, x1, y1 = window
    return np.array([[x0, y0], [x1, y0], [x0, y1]])


def _on_frame(
    answer: LiveAnswer, square: FaceSquare, points: NDArray[np.float64], size: tuple[int, int]
) -> LiveAnswer:
    """Return a face's answer with what is drawn of it in [0, 1] of the frame (width, height)."""
    drawn = answer.drawn
    places = points / size
    on_frame = FrameAnswer(
        drawn.label,
        drawn.bars,
        drawn.map,
        square.to_picture(np.asarray(drawn.corners)) / size,
        np.concatenate([places.min(0), places.max(0)]),
        places,
        line=drawn.line,
        number=drawn.number,
    )
    return LiveAnswer(answer.face, answer.label, answer.probability, answer.importance, on_frame)
