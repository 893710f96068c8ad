"""Frames from a thread: the newest wins, the others are counted, and none is lost in between."""

import time

import pytest

from emocam.live.capture import Capture, LiveFrame
from tests.live.sources import Drawn


def taken(capture: Capture, work: float = 0.0) -> list[LiveFrame]:
    capture.start()
    found = []
    while (frame := capture.take(2)) is not None or not capture.ended:
        if frame is not None:
            found.append(frame)
            time.sleep(work)
    capture.close()
    return found


def numbers(frames: list[LiveFrame]) -> list[int]:
    return [frame.image.getpixel((0, 0))[0] for frame in frames]


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_is_counted() -> None:
    capture = Capture(Drawn(60, rate=300))
    found = taken(capture, work=0.03)
    assert 1 < len(found) < 40
    assert numbers(found) == sorted(set(numbers(found)))
    assert numbers(found)[-1] == 59  # the last one waits, and is the newest
    assert capture.read == 60 == len(found) + capture.dropped
    times = [frame.time for frame in found]
    assert times == sorted(times)


def test_every_frame_is_taken_where_all_are_asked_for() -> None:
    capture = Capture(Drawn(40, seconds=[n / 25 for n in range(40)]), every=True)
    began = time.monotonic()
    found = taken(capture)
    assert numbers(found) == list(range(40))
    assert [frame.time for frame in found] == [n / 25 for n in range(40)]
    assert capture.dropped == 0
    assert time.monotonic() - began < 1  # of 1.6 s of film


def test_a_film_is_shown_at_its_own_pace_and_a_jump_of_its_times_is_not_waited_for() -> None:
    seconds = [0.0, 0.05, 0.2, 100.0, 100.1, 3.0, 3.1]
    capture = Capture(Drawn(len(seconds), seconds=seconds))
    began = time.monotonic()
    found = taken(capture)
    spent = time.monotonic() - began
    assert 0.39 < spent < 2
    times = [frame.time for frame in found]
    assert times == [
        second for second in seconds if second in times
    ]  # one that is due at once may be dropped
    assert {0.0, 0.05, 100.0, 3.1} <= set(times)
    assert len(found) + capture.dropped == capture.read == len(seconds)


def test_what_waits_when_it_is_closed_is_dropped() -> None:
    capture = Capture(Drawn(1000))
    capture.start()
    assert capture.take(2) is not None
    capture.close()
    assert capture.read - capture.dropped == 1
    assert not capture._thread.is_alive()


@pytest.mark.parametrize("every", [False, True])
def test_a_source_that_dies_says_why_and_its_last_frame_is_given(every: bool) -> None:
    capture = Capture(Drawn(3, rate=200, end=OSError("unplugged")), every)
    assert numbers(taken(capture))[-1] == 2
    assert str(capture.fault) == "unplugged"
