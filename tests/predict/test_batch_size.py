"""Batches fit into memory."""

import pytest

from emocam.detector.joined import SideBySide
from emocam.errors import Refused
from emocam.predict.batch_size import MOST, fitting_batch, free_memory
from emocam.view.crops import Letterbox, NoView, Stretch, Unchanged

SMALL, YOLO = Stretch((227, 227)), Letterbox((608, 608))


def test_plenty_of_memory_gives_the_largest_batch_and_none_gives_one() -> None:
    assert fitting_batch([SMALL, YOLO], workers=8, free=1 << 40) == MOST
    assert fitting_batch([SMALL, YOLO], workers=8, free=0) == 1
    assert fitting_batch([NoView()], workers=0, free=1 << 20) == MOST


def test_a_batch_takes_its_share_of_what_is_free() -> None:
    # 608 x 608 pixels of 512 bytes are 189 MB; a quarter of 8 GB holds 11 of them
    assert fitting_batch([YOLO, NoView()], workers=0, free=8 << 30) == 11


def test_what_waits_in_workers_counts() -> None:
    alone = fitting_batch([Unchanged()], workers=0, free=16 << 30)
    assert fitting_batch([Unchanged()], workers=64, free=16 << 30) < alone < MOST


def test_detectors_side_by_side_see_as_much_as_one_after_the_other() -> None:
    free = 6 << 30
    beside = fitting_batch([SideBySide((SMALL, YOLO))], workers=2, free=free)
    assert beside == fitting_batch([SMALL, YOLO], workers=2, free=free)


@pytest.mark.parametrize("accelerator", ["cpu", "auto"])
def test_a_machine_has_some_memory_left(accelerator: str) -> None:
    assert 1 << 20 < free_memory(accelerator) <= 1 << 40


def test_a_view_that_refuses_the_black_picture_counts_as_all_of_it() -> None:
    def face(image):
        raise Refused("no face was found in it")

    assert fitting_batch([face], 2, free=6 << 30) == fitting_batch([Unchanged()], 2, free=6 << 30)
