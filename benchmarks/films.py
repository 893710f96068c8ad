"""Observers of a feature film at 25 frames a second, and a frame with its answers: drawn, and written."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from emocam.data.film_writer import FilmWriter
from emocam.data.observed import frame_shares
from emocam.functional.frame_drawing import FrameAnswer, draw_frame
from emocam.functional.statistics.observer_agreement import said_in_bins, split_halves
from emocam.records.observers import ObservedEvents

WORDS, OBSERVERS, EVENTS, SECONDS = 22, 9, 5_222, 7_085.28
RATE = 25
AGREED, DRAWN = 0.5, 3.0
"""Seconds for all shares, and milliseconds for a frame."""
ROUNDS = 5


def observed(rng: np.random.Generator) -> ObservedEvents:
    """Return as many events as the nine observers of StudyForrest have, anywhere in the film."""
    start = rng.uniform(0, SECONDS - 60, EVENTS)
    some = [f"{place}" for place in range(WORDS)]
    return ObservedEvents(
        start,
        start + rng.exponential(12, EVENTS),
        np.zeros(EVENTS, np.int64),
        rng.integers(0, OBSERVERS, EVENTS),
        rng.integers(0, WORDS, EVENTS),
        ["film"],
        [f"{place}" for place in range(OBSERVERS)],
        some,
    )


def least(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least processor seconds of some calls."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def check_shares(events: ObservedEvents) -> None:
    """Hold the shares of some frames to a loop over all events."""
    frames = np.arange(0, SECONDS, 97.0)
    shares = frame_shares(events, frames, 1 / RATE).share
    for place, frame in enumerate(frames.tolist()):
        said = {
            (word, observer)
            for start, end, word, observer in zip(
                events.start, events.end, events.word.tolist(), events.observer.tolist(), strict=True
            )
            if start < round(frame + 1 / RATE, 6) and end > frame
        }
        for word in range(WORDS):
            expected = sum(1 for known, _ in said if known == word) / OBSERVERS
            assert math.isclose(shares[place, word], expected, abs_tol=1e-12)


def face(rng: np.random.Generator, x: float) -> FrameAnswer:
    corners = np.array([[x, 0.3], [x + 0.2, 0.33], [x - 0.02, 0.65]])
    bars = [(name, 1 / 7) for name in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")]
    points = rng.random((468, 2)) * 0.2 + [x, 0.3]
    box = np.array([x, 0.3, x + 0.2, 0.65])
    return FrameAnswer("happy 0.87", bars, rng.random((8, 8)), corners, box, points)


def table(rounds: int = ROUNDS) -> str:
    """Return the rows, once the shares agree with a loop over events."""
    rng = np.random.default_rng(0)
    events = observed(rng)
    check_shares(events)
    frames = np.arange(0, SECONDS, 1 / RATE)
    seconds = np.arange(0, SECONDS - 1)
    took = least(lambda: frame_shares(events, frames, 1 / RATE), rounds)
    said = said_in_bins(events.start, events.end, events.observer, OBSERVERS, seconds, seconds + 1)
    halves = least(lambda: split_halves(said), rounds)
    frame = Image.fromarray(rng.integers(0, 255, (360, 640, 3), dtype=np.uint8).astype(np.uint8))
    answers = [face(rng, 0.1), face(rng, 0.6)]
    draw_frame(frame, answers)
    drawn = 1_000 * least(lambda: [draw_frame(frame, answers, "1.00 s") for _ in range(20)], rounds) / 20
    calm = [draw_frame(Image.new("RGB", (640, 360), (60 + i, 80, 90)), answers, f"{i} s") for i in range(50)]
    with TemporaryDirectory() as folder, FilmWriter(Path(folder) / "a.mp4") as film:
        start = time.process_time()
        for place, picture in enumerate(calm):
            film.add(picture, place / RATE)
        written = 1_000 * (time.process_time() - start) / len(calm)
    rows = [
        "| work | took | at most |",
        "|---|---|---|",
        f"| shares of {OBSERVERS} observers for {WORDS} words at {len(frames):,} frames, {EVENTS:,} events | "
        f"{took:.2f} s{missed(took, AGREED)} | {AGREED:g} s |",
        f"| all 126 split halves of a word, {len(seconds):,} seconds | {halves:.2f} s | |",
        f"| two faces with maps, points and bars drawn into a frame of 640 x 360 | {drawn:.1f} ms"
        f"{missed(drawn, DRAWN)} | {DRAWN:g} ms |",
        f"| such a frame written as H.264 | {written:.1f} ms | |",
    ]
    return "\n".join(rows)


def missed(took: float, goal: float) -> str:
    return " **missed**" if took > goal else ""


if __name__ == "__main__":
    print(table())
